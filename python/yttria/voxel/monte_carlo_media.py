"""Inputs of a Monte Carlo run: medium of each voxel, arrays of one shape, whole numbers."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.arrays import real
from .._foundation.choices import MONTE_CARLO_MEDIA, SUBSTANCES, MonteCarloMedium
from .._foundation.numbers import one_of
from ..errors import ArgumentError, OutOfRangeError, ShapeError

#: Upper densities in g/mL of air, lung and liver if the medium follows the density; above is bone (yttria-choice).
MEDIUM_BOUNDS_G_PER_ML = (0.02, 0.65, 1.2)
_BY_DENSITY: tuple[MonteCarloMedium, ...] = ("air", "lung", "liver", "bone")


def of_shape(quantity: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array of real numbers with the shape of the activity; `ShapeError` or `DTypeError` for any other."""
    array = real(quantity, values, dimensions=3)
    if array.shape != shape:
        raise ShapeError(f"{quantity} must be of the activity's shape {list(shape)}, got {list(array.shape)}")
    return array


def whole_within(quantity: str, value: object, most: int, *, least: int = 0) -> int:
    """Return a whole number within limits."""
    try:
        whole = index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ArgumentError(f"{quantity} must be a whole number, got {value!r:.80}") from None
    if not least <= whole <= most:
        raise OutOfRangeError(f"{quantity} must be within [{least}, {most}], got {whole}")
    return whole


def media_of(medium: MonteCarloMedium | ArrayLike, density: NDArray[Any]) -> tuple[list[str], NDArray[np.uint8]]:
    """Return the media in use, and the index of each voxel's medium among them."""
    if isinstance(medium, str):
        name = one_of("medium", medium, MONTE_CARLO_MEDIA)
        if name != "by_density":
            return [name], np.zeros(density.shape, np.uint8)
        chosen = np.digitize(density, MEDIUM_BOUNDS_G_PER_ML)
        order = np.array([SUBSTANCES.index(name) for name in _BY_DENSITY])
        chosen = order[chosen]
    else:
        chosen = of_shape("medium", medium, density.shape)
        if chosen.dtype.kind not in "iu":
            raise ArgumentError(f"medium must be a name or whole numbers, got an array of {chosen.dtype}")
        if chosen.size and not 0 <= int(chosen.min()) <= int(chosen.max()) < len(SUBSTANCES):
            raise OutOfRangeError(f"medium must be within [0, {len(SUBSTANCES) - 1}]")
    used, indices = np.unique(chosen, return_inverse=True)
    names: list[str] = [SUBSTANCES[n] for n in used]
    return names, np.ascontiguousarray(indices.reshape(density.shape), np.uint8)
