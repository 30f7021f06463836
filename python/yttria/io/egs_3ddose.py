"""Reader of 3ddose, the text format of DOSXYZnrc and egs_brachy (NRCC report PIRS-794, chapter 12).

A file holds three numbers of voxels, the voxel boundaries along x, y and z in cm, a dose for each voxel, and its
relative uncertainty. Doses are in Gy per history unless they were multiplied afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._foundation.arrays import MAX_VOXELS
from .._foundation.choices import Unit
from ..advisory import advise
from ..errors import GeometryError
from ..geometry.image import Image
from ._common import ReadOptions, agreed_unit, decoding, in_unit
from .stored_values import numbers, open_regular
from .text_header import oriented

#: Boundaries are written with about six digits. A grid that is less even than this is not an image.
_UNEVEN = 1e-3


@dataclass(frozen=True, eq=False, kw_only=True)
class MonteCarloDose:
    """Dose of a Monte Carlo calculation and its uncertainty.

    Parameters
    ----------
    dose : Image
        Dose of each voxel.
    relative_uncertainty : Image
        Standard deviation of each voxel's dose divided by that dose, as a fraction, on the same grid.
    """

    dose: Image
    relative_uncertainty: Image


def read_3ddose(path: str | os.PathLike[str], *, unit: Unit, orientation: str | None = None) -> MonteCarloDose:
    """Read dose and statistical uncertainty from a 3ddose file.

    Parameters
    ----------
    path : str or path
        The file.
    unit : str
        One of `yttria.geometry.UNITS`: "Gy", or "1" for a dose that is only compared relatively. The file states none.
    orientation : str, optional
        Directions of x, y and z in the patient, as in `yttria.read_image`; "LPS" by default, with an advisory.

    Returns
    -------
    MonteCarloDose

    Raises
    ------
    GeometryError
        If the voxels along an axis are not of one size within 0.1 %.
    FileFormatError
        If the file is damaged or has no uncertainties.

    Examples
    --------
    >>> text = "2 1 1\\n0 1 2\\n0 1\\n0 1\\n3.0 5.0\\n0.1 0.2\\n"
    >>> _ = Path("run.3ddose").write_text(text)
    >>> found = read_3ddose("run.3ddose", unit="Gy")
    >>> found.dose.array.ravel().tolist()
    [3.0, 5.0]
    """
    path = Path(path)
    with decoding(path, "3ddose"):
        dose, uncertainty = _read(path, ReadOptions(unit=unit, orientation=orientation))
        if uncertainty is None:
            raise ValueError("it holds no uncertainties")
        return MonteCarloDose(dose=dose, relative_uncertainty=dose.with_array(uncertainty, "fraction"))


def read_image(path: Path, options: ReadOptions) -> Image:
    """Read the dose as an image; see `yttria.io.read_image`."""
    return _read(path, options)[0]


def _read(path: Path, options: ReadOptions) -> tuple[Image, npt.NDArray[Any] | None]:
    agreed = agreed_unit(path, None, options.unit)
    with open_regular(path) as file:
        available = os.fstat(file.fileno()).st_size
        words = _Numbers(numbers(file))
        sizes = [int(word) for word in words.take(3)]
        if min(sizes) < 1 or np.prod([float(n) for n in sizes]) > MAX_VOXELS:
            raise ValueError(f"it must begin with three numbers of voxels >= 1, got {sizes}")
        count = int(np.prod(sizes))
        # A number and the blank after it take at least two bytes.
        if 2 * (count + sum(sizes) + 3) > available + 1:
            raise ValueError(f"{available} bytes of text cannot hold {count} doses")
        edges = [np.array(words.take(n + 1), dtype=float) for n in sizes]
        shape = tuple(reversed(sizes))
        dose = words.fill(count).reshape(shape)
        uncertainty = words.fill(count, optional=True)
        if words.more():
            raise ValueError("the file has more values than voxels")
    place = np.eye(4)
    for axis, edge in enumerate(edges):
        steps = np.diff(edge)
        mean = (edge[-1] - edge[0]) / len(steps)
        if not (np.isfinite(edge).all() and mean > 0 and np.abs(steps / mean - 1).max() <= _UNEVEN):
            raise GeometryError(
                f"the voxels along {'xyz'[axis]} must be of one size, got {steps.min() * 10:g} to "
                f"{steps.max() * 10:g} mm"
            )
        place[axis, axis], place[axis, 3] = mean * 10, (edge[0] + mean / 2) * 10
    found = [advise("dose_per_history", file=path.name)]
    if options.orientation is None:
        found.append(advise("orientation_assumed", "3ddose", file=path.name))
    image = Image(dose, oriented(options.orientation or "LPS") @ place, "1", advisories=tuple(found))
    return in_unit(image, agreed), None if uncertainty is None else uncertainty.reshape(shape)


class _Numbers:
    """Numbers of a text, read in pieces."""

    def __init__(self, pieces: Iterator[list[bytes]]) -> None:
        self._pieces, self._words = pieces, list[bytes]()

    def more(self) -> bool:
        while not self._words:
            found = next(self._pieces, None)
            if found is None:
                return False
            self._words = found
        return True

    def take(self, count: int) -> list[float]:
        """Return the next numbers as a list, if they are few."""
        return [float(value) for value in self.fill(count)]

    def fill(self, count: int, *, optional: bool = False) -> Any:
        """Return the next numbers as an array; None if `optional` and there are none at all."""
        if optional and not self.more():
            return None
        array, filled = np.empty(count), 0
        while filled < count:
            if not self.more():
                raise ValueError(f"{count} numbers must follow, but there are {filled}")
            taken = self._words[: count - filled]
            self._words = self._words[len(taken) :]
            array[filled : filled + len(taken)] = [float(word) for word in taken]
            filled += len(taken)
        return array
