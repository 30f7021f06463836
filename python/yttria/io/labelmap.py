"""Structures as integer labels: one value per structure, and a new layer wherever two would overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..affine import Affine, check_same_frame, same_grid
from ..errors import DTypeError, FileFormatError, GeometryError, UndefinedError, UnknownNameError
from ..structure import Structure
from ._common import positions


def from_labelmap(
    path: Path,
    labelmap: npt.NDArray[Any],
    affine: Affine,
    names: Sequence[str] | None,
    labels: Mapping[int, str] | None,
    stated: Mapping[int, str],
) -> list[Structure]:
    """One structure for each of `labels`, or for each value n > 0: named as the file states, else "label n"."""
    # Most voxels hold none, and to sort those would take most of the time.
    values = np.unique(labelmap[labelmap != 0])
    if not (np.isfinite(values).all() and (values >= 0).all() and (values == np.floor(values)).all()):
        raise FileFormatError(f"{path}: a labelmap must hold whole numbers >= 0, got {values[0]} to {values[-1]}")
    present = [int(value) for value in values]
    if labels is None:
        labels = {**stated, **{value: f"label {value}" for value in present if value not in stated}}
    for label in labels:
        if label not in present and label not in stated:
            raise UnknownNameError(f"{path}: label must be one of {', '.join(map(str, present))}, got {label}")
    entries = list(labels.items())
    wanted = positions(path, [name for _, name in entries], names)
    return [Structure(name, labelmap == label, affine, label=label) for label, name in (entries[n] for n in wanted)]


def check_writable(structures: Sequence[Structure]) -> None:
    """Whether these structures can stand in one file of labels."""
    if not structures:
        raise UndefinedError("a file of structures is undefined: there is no structure to write")
    first = structures[0]
    for structure in structures:
        if structure.mask.dtype.kind != "b":
            raise DTypeError(
                f"mask of '{structure.name}' must be bool to be written, got fractions; write its occupancy as an image"
            )
        check_same_frame(
            structure.frame_of_reference_uid,
            f"'{structure.name}'",
            first.frame_of_reference_uid,
            f"'{first.name}'",
        )
        if not same_grid(structure.mask.shape, structure.affine_lps, first.mask.shape, first.affine_lps):
            raise GeometryError(f"'{structure.name}' must lie on the grid of '{first.name}' to be in one file with it")


def to_layers(structures: Sequence[Structure]) -> tuple[list[npt.NDArray[Any]], list[tuple[int, int]]]:
    """The fewest layers found by putting each structure into the first with room, and each one's (layer, value)."""
    wanted = {s.label for s in structures}
    largest = max(s.label or 0 for s in structures) + len(structures)
    dtype = next(t for t in (np.uint8, np.uint16, np.uint32) if largest <= np.iinfo(t).max)
    layers: list[npt.NDArray[Any]] = []
    places: list[tuple[int, int]] = []
    for structure in structures:
        index = next((n for n, layer in enumerate(layers) if not layer[structure.mask].any()), len(layers))
        if index == len(layers):
            layers.append(np.zeros(structure.mask.shape, dtype))
        used = {value for layer, value in places if layer == index}
        free = (value for value in range(1, largest + 1) if value not in used | wanted)
        value = structure.label if structure.label and structure.label not in used else next(free)
        layers[index][structure.mask] = value
        places.append((index, value))
    return layers, places
