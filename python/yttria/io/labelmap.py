"""Structures as integer labels, with one value per structure and a further layer if two overlap."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._foundation.units import UNITS, stated_unit
from ..advisory import Advisory, advise
from ..errors import ArgumentError, DTypeError, FileFormatError, GeometryError, UnknownNameError
from ..geometry.affine import Affine, check_same_frame, checked_affine, same_grid
from ..geometry.image import Image
from ..geometry.structure import Structure
from ._common import positions

#: Largest number of structures of one file. Anatomical labelmaps have about 120, an image has thousands of values.
MAX_STRUCTURES = 512
#: Largest number of structures of a labelmap without any name. An image of 8 bits has up to 255 values.
MAX_UNNAMED = 200
#: Quantities whose units no labelmap has.
_MEASURED = ("activity concentration", "absorbed dose", "CT number", "mass density")


class SharedMask(Structure):
    """Structure whose mask is computed at every access, from values that several structures share.

    A separate mask for every label would take the memory of the file as many times as there are labels.
    """

    def __post_init__(self) -> None:
        given: Any = self.__dict__["mask"]
        if not callable(given):
            super().__post_init__()
            return
        del self.__dict__["mask"]
        object.__setattr__(self, "_make", given)
        self._check_identity()
        object.__setattr__(self, "affine_lps", checked_affine(self.affine_lps))

    def __getattr__(self, name: str) -> Any:
        if name != "mask" or "_make" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no attribute '{name}'")
        mask = self.__dict__["_make"]()
        mask.flags.writeable = False
        return mask


@dataclass(frozen=True, eq=False, kw_only=True)
class Labelmap:
    """Values of a labelmap within the box that holds all values other than 0.

    Structures occupy a few percent of a patient's image. A copy of the box is faster to make, to count and to compare
    than the whole.

    Parameters
    ----------
    shape : tuple of int
        Shape (k, j, i) of the whole labelmap.
    box : tuple of slice
        Position of `values` in it, along each axis.
    values : ndarray
        Values within the box, in C order.
    """

    shape: tuple[int, ...]
    box: tuple[slice, slice, slice]
    values: npt.NDArray[Any]

    @classmethod
    def layers_of(cls, layers: npt.NDArray[Any]) -> list[Labelmap]:
        """Make labelmaps from layers (n, k, j, i), stored one after the other or interleaved; all have one box."""
        box = nonzero_box(layers)
        return [cls(shape=layer.shape, box=box, values=layer[box].copy()) for layer in layers]

    def mask(self, label: int) -> npt.NDArray[np.bool_]:
        """Make the mask (k, j, i) of one value."""
        mask = np.zeros(self.shape, np.bool_)
        np.equal(self.values, label, out=mask[self.box])
        return mask

    def count_within(self, label: int, box: Sequence[slice]) -> int:
        """Count the voxels of one value within a box of the whole labelmap."""
        inside = tuple(
            slice(max(wanted.start, own.start) - own.start, max(min(wanted.stop, own.stop) - own.start, 0))
            for wanted, own in zip(box, self.box, strict=True)
        )
        return int(np.count_nonzero(self.values[inside] == label))


def nonzero_box(layers: npt.NDArray[Any]) -> tuple[slice, slice, slice]:
    """Find the smallest box along (k, j, i) that holds every value other than 0 of layers (n, k, j, i).

    Values are combined by a bitwise or along j, which reads memory in order, also for interleaved layers.
    """
    bits = layers if layers.dtype.kind in "bui" else layers != 0
    over_j = np.bitwise_or.reduce(bits, axis=2).any(axis=0)
    k, i = (_span(over_j.any(axis=axis)) for axis in (1, 0))
    j = _span(np.bitwise_or.reduce(bits[:, k, :, i], axis=1).any(axis=(0, 2)))
    return k, j, i


def _span(held: npt.NDArray[np.bool_]) -> slice:
    """Return the part of an axis from the first true value to the last; empty if there is none."""
    places = np.flatnonzero(held)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)


def structure_of_label(
    path: Path, name: str, labelmap: Labelmap, affine: Affine, label: int, **known: Any
) -> Structure:
    """Make a structure of one label that shares the labelmap, with its name in the file without blank ends."""
    name, advisories = checked_name(path, name)
    found = (*known.pop("advisories", ()), *advisories)
    return SharedMask(name, partial(labelmap.mask, label), affine, label=label, advisories=found, **known)  # type: ignore[arg-type]


def checked_name(path: Path, name: str) -> tuple[str, tuple[Advisory, ...]]:
    """Return a structure's name without blank ends, and an advisory if it has invisible characters.

    Raises
    ------
    FileFormatError
        If it is empty or holds a NUL.
    """
    plain = name.strip()
    if not plain or "\0" in plain:
        raise FileFormatError(f"{path}: a structure's name must be a text without NUL, got {name!r:.80}")
    if not any(unicodedata.category(letter) in ("Cc", "Cf") for letter in plain):
        return plain, ()
    return plain, (advise("control_characters_in_name", file=path.name, name=plain),)


def label_counts(path: Path, labelmap: npt.NDArray[Any]) -> dict[int, int]:
    """Count the voxels of each value of a labelmap other than 0, in the order of the values.

    Raises
    ------
    FileFormatError
        If one is not a whole number >= 0, or if there are more than `MAX_STRUCTURES` and the file therefore is an
        image.
    """
    found: Counter[float] = Counter()
    for slab in labelmap:
        if slab.dtype.kind == "u" and slab.dtype.itemsize <= 2:
            counts = np.bincount(slab.ravel())
            held = np.flatnonzero(counts)
            found.update(dict(zip(held.tolist(), counts[held].tolist(), strict=True)))
        else:
            # Most voxels hold 0, and sorting them would take most of the time.
            values, times = np.unique(slab[slab != 0], return_counts=True)
            found.update(dict(zip(values.tolist(), times.tolist(), strict=True)))
        if not all(0 <= value < float("inf") and value == int(value) for value in found):
            raise FileFormatError(
                f"{path}: a labelmap must hold whole numbers >= 0, got {min(found)} to {max(found)}: is this an image, "
                "or are these fractions?"
            )
        if len(found) - (0 in found) > MAX_STRUCTURES:
            raise FileFormatError(
                f"{path}: a labelmap must have at most {MAX_STRUCTURES} different values, one for each structure: "
                "is this an image?"
            )
    return {int(value): found[value] for value in sorted(found) if value}


def from_labelmap(
    path: Path,
    image: Image,
    names: Sequence[str] | None,
    labels: Mapping[int, str] | None,
    stated: Mapping[int, str],
    known: Mapping[int, str] | None = None,
    unit: str | None = None,
) -> list[Structure]:
    """Make one structure for each of `labels`, or for each value n > 0, named as in the file or else "label n".

    `stated` names structures that the file has even if no voxel holds them. `known` names values that it may have.
    `unit` is the file's text for its unit.
    """
    meant = None if unit is None else stated_unit(unit)
    if meant is not None and UNITS[meant.unit][0] in _MEASURED:
        raise FileFormatError(f"{path}: a labelmap must have no unit, got {unit!r}: is this an image?")
    (labelmap,) = Labelmap.layers_of(image.array[np.newaxis])
    present = list(label_counts(path, labelmap.values))
    if labels is None:
        named = {**(known or {}), **stated}
        if len(present) > MAX_UNNAMED and not named:
            raise FileFormatError(
                f"{path}: holds {len(present)} different values and names none of them: is this an image? If it is a "
                "labelmap, name the structures that are wanted by labels= of yttria.read_structures"
            )
        labels = {**stated, **{n: named.get(n) or f"label {n}" for n in present}}
    for label in labels:
        if label not in present and label not in stated:
            raise UnknownNameError(f"{path}: label must be one of {', '.join(map(str, present))}, got {label}")
    entries = list(labels.items())
    wanted = positions(path, [name for _, name in entries], names)
    return [
        structure_of_label(path, entries[n][1], labelmap, image.affine_lps, entries[n][0], advisories=image.advisories)
        for n in wanted
    ]


def check_writable(structures: Sequence[Structure]) -> None:
    """Check that these structures can be written to one file of labels."""
    if not structures:
        raise ArgumentError("structures must hold at least one structure to write, got none")
    first = structures[0]
    for structure in structures:
        if structure.mask.dtype.kind != "b":
            raise DTypeError(
                f"mask of '{structure.name}' must be bool to be written, got fractions; write those as an image"
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
    """Put each structure into the first layer with room; return the layers, and (layer, value) of each."""
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


def extent(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and last index along each axis with a voxel in the mask; (0, -1) if there is no such voxel."""
    return [(along.start, along.stop - 1) for along in nonzero_box(mask[np.newaxis])]
