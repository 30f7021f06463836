"""Maps of single injections with tracer image, reference and shunt, and the split of one image by territories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

import yttria._core as _core

from .._foundation.numbers import number
from ..advisory import Advisory, advise_if
from ..errors import ArgumentError, GeometryError, OutOfRangeError, UndefinedError
from ..geometry.image import Image
from ..geometry.structure import Structure

#: Share of a territory that may lie in another one, because borders that share voxels are not an overlap.
_OVERLAP = 0.02


@dataclass(frozen=True, eq=False, kw_only=True)
class InjectionMap:
    """Expected distribution of one injection.

    Parameters
    ----------
    name : str
        Name of the injection, unique in a plan.
    image : Image
        Counts or activity of the tracer, shape (k, j, i). Only its proportions matter.
    reference : Structure
        Region whose counts represent the activity outside the lungs, which is the territory or the liver.
    lung_shunt_fraction : float
        Share of the delivered activity that goes to the lungs, within [0, 1).
    advisories : tuple of Advisory, default ()
        Advisories on the map.

    Raises
    ------
    ArgumentError
        If the name is empty.
    OutOfRangeError
        If the shunt is outside [0, 1).

    Notes
    -----
    A voxel with counts `c` receives `A (1 - L) c / sum_reference(c)` of a delivered activity `A`. Counts outside of the
    reference are dosed too, by the same rule; `split_by_territories` leaves them out.
    """

    name: str
    image: Image
    reference: Structure
    lung_shunt_fraction: float
    advisories: tuple[Advisory, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ArgumentError(f"name of an injection must be a text, got {self.name!r:.80}")
        shunt = number(f"lung shunt fraction of '{self.name}'", self.lung_shunt_fraction)
        object.__setattr__(self, "lung_shunt_fraction", shunt)
        _core.fraction_below_one(f"lung shunt fraction of '{self.name}'", shunt)


def split_by_territories(
    image: Image,
    territories: Sequence[Structure],
    *,
    lung_shunt_fraction: float | Mapping[str, float],
    threads: int | None = None,
) -> list[InjectionMap]:
    """Split one tracer image of a treatment into one map for each territory.

    Parameters
    ----------
    image : Image
        Counts of the tracer, which was given to all territories, shape (k, j, i).
    territories : sequence of Structure
        Regions that the injections reach. They must not overlap.
    lung_shunt_fraction : float or mapping of str to float
        One shunt for all, or one by the name of each territory, within [0, 1).
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    list of InjectionMap
        One map for each territory, with its name. The territory is the reference.

    Raises
    ------
    GeometryError
        If more than 2 % of a territory lie in another one.
    UndefinedError
        If there is no territory, or one of them lies outside of the image.
    ArgumentError
        If a territory has no shunt, or a shunt no territory.
    OutOfRangeError
        If a shunt is outside [0, 1), or a voxel is not finite.

    Warns
    -----
    counts_outside_territories
        If more than 5 % of the counts lie in no territory. They are left out.

    Notes
    -----
    A voxel on a border belongs to both sides by its fractions. The sum of the territories' maps is the image within
    them.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image, Structure
    >>> from yttria.planning import split_by_territories
    >>> counts = Image(np.ones((2, 2, 4)), np.diag([4.0, 4.0, 4.0, 1.0]), "counts")
    >>> left = np.zeros((2, 2, 4)); left[:, :, :2] = 1
    >>> halves = [Structure("left", left, counts.affine_lps), Structure("right", 1 - left, counts.affine_lps)]
    >>> maps = split_by_territories(counts, halves, lung_shunt_fraction={"left": 0.05, "right": 0.08})
    >>> [(each.name, float(each.image.array.sum())) for each in maps]
    [('left', 8.0), ('right', 8.0)]
    """
    names = [territory.name for territory in territories]
    if not names:
        raise UndefinedError("a map split by territories is undefined without a territory")
    if len(set(names)) < len(names):
        raise ArgumentError(f"names of territories must be unique, got {', '.join(names)}")
    if isinstance(lung_shunt_fraction, Mapping):
        if set(lung_shunt_fraction) != set(names):
            raise ArgumentError(
                f"lung shunt fractions must be those of {', '.join(names)}, got "
                f"{', '.join(map(str, lung_shunt_fraction))}"
            )
        shunts = dict(lung_shunt_fraction)
    else:
        shunts = dict.fromkeys(names, lung_shunt_fraction)
    counts = np.asarray(image.array, dtype=np.float64)
    if not np.isfinite(counts).all():
        raise OutOfRangeError("counts must be finite, got voxels that are not")
    taken = np.zeros(image.shape)
    maps: list[InjectionMap] = []
    for territory in territories:
        inside = territory.voxel_fractions_on(image, threads=threads).to_array().astype(np.float64)
        volume = float(inside.sum())
        if not volume > 0.0:
            raise UndefinedError(f"the territory '{territory.name}' lies outside of the image")
        free = np.minimum(inside, 1.0 - taken)
        if float((inside - free).sum()) > _OVERLAP * volume:
            raise GeometryError(
                f"territories must not overlap, got {1.0 - float(free.sum()) / volume:.1%} of '{territory.name}' in "
                "others: an injection would be counted twice there"
            )
        taken += free
        part = image.with_array(
            (counts * free).astype(image.array.dtype if image.array.dtype.kind == "f" else np.float64), image.unit
        )
        maps.append(
            InjectionMap(
                name=territory.name,
                image=part,
                reference=territory,
                lung_shunt_fraction=shunts[territory.name],
            )
        )
    total = float(counts.sum())
    outside = 1.0 - float((counts * taken).sum()) / total if total > 0.0 and isfinite(total) else 1.0
    found = advise_if("counts_outside_territories", outside_fraction=outside)
    if found:
        first = maps[0]
        maps[0] = InjectionMap(
            name=first.name,
            image=first.image,
            reference=first.reference,
            lung_shunt_fraction=first.lung_shunt_fraction,
            advisories=found,
        )
    return maps
