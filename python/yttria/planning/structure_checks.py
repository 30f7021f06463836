"""Checks of a plan's structures against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from ..advisory import Advisory, advise_if
from ..geometry.structure import Structure
from ..geometry.structure_algebra import shared_volume_ml, union
from .structure_roles import StructureRoles, plain_name


def check_structures(roles: StructureRoles, structures: Sequence[Structure] = ()) -> tuple[Advisory, ...]:
    """Check overlaps of a plan's structures, and parts of them outside others.

    Parameters
    ----------
    roles : StructureRoles
        From `structure_roles`.
    structures : sequence of Structure, default ()
        Structures of the segmentation. One that is named normal liver is compared with the tumors.

    Returns
    -------
    tuple of Advisory
        Empty if nothing is doubtful.

    Raises
    ------
    GeometryError
        If two structures have different known frames of reference, or are of different patients.

    Warns
    -----
    tumors_overlap, territories_overlap
        Two of them share more than 1 % of the smaller one.
    tumor_outside_liver, tumor_outside_territories, territory_outside_liver
        More than 5 % of it lies outside.
    normal_liver_includes_tumor
        A structure named normal liver includes more than 1 % of a tumor.

    Notes
    -----
    Volumes of `intersection` and `difference` over the volume of the structure. Empty structures are passed over.

    Examples
    --------
    >>> from yttria.phantom import planning_phantom
    >>> from yttria.planning import structure_roles
    >>> check_structures(structure_roles(planning_phantom((8.0, 8.0, 8.0)).structures))
    ()
    """
    return tuple(_found(roles, structures))


def _found(roles: StructureRoles, structures: Sequence[Structure]) -> Iterator[Advisory]:
    liver = roles.liver
    tumors = [each for each in roles.tumors if each.volume_ml > 0.0]
    territories = {name: each for name, each in roles.territories.items() if each.volume_ml > 0.0}
    for first, second in combinations(tumors, 2):
        shared = shared_volume_ml(first, second)
        yield from advise_if(
            "tumors_overlap",
            first=first.name,
            second=second.name,
            overlap_ml=shared,
            overlap_fraction=shared / min(first.volume_ml, second.volume_ml),
        )
    for (name, volume), (other, second) in combinations(territories.items(), 2):
        shared = shared_volume_ml(volume, second)
        yield from advise_if(
            "territories_overlap",
            first=name,
            second=other,
            overlap_ml=shared,
            overlap_fraction=shared / min(volume.volume_ml, second.volume_ml),
        )
    for tumor in tumors:
        yield from advise_if(
            "tumor_outside_liver", tumor=tumor.name, liver=liver.name, outside_fraction=_outside(tumor, liver)
        )
    if territories:
        perfused = union(list(territories.values()), name="perfused")
        for tumor in tumors:
            outside = _outside(tumor, perfused)
            yield from advise_if("tumor_outside_territories", tumor=tumor.name, outside_fraction=outside)
    for name, volume in territories.items():
        outside = _outside(volume, liver)
        yield from advise_if("territory_outside_liver", territory=name, liver=liver.name, outside_fraction=outside)
    normal = [each for each in structures if "normal" in plain_name(each).split() and each.volume_ml > 0.0]
    for each in normal:
        for tumor in tumors:
            yield from advise_if(
                "normal_liver_includes_tumor",
                structure=each.name,
                tumor=tumor.name,
                included_fraction=1.0 - _outside(tumor, each),
            )


def _outside(structure: Structure, other: Structure) -> float:
    """Compute the share of a structure's volume outside another."""
    return 1.0 - shared_volume_ml(structure, other) / structure.volume_ml
