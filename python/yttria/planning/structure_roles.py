"""Roles of structures in a plan by their names, which are liver, tumors, perfused volumes and lungs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from .._foundation.brief import brief
from ..advisory import Advisory, advise
from ..errors import ArgumentError, UndefinedError
from ..geometry.structure import Structure
from ..geometry.structure_algebra import difference, intersection, union
from ..geometry.structure_selection import Patterns, select_structures

#: Default names, in lower case and with blanks instead of other separators. The first match decides.
LIVER_NAMES = ("liver", "whole liver", "liver whole", "total liver", "liver total", "entire liver", "liver incl* tumo*")
LUNGS_NAMES = ("lungs", "lung", "both lungs", "total lungs", "whole lungs", "lungs total")
LUNG_PARTS = ("lung *", "* lung", "lungs *", "* lungs")
TUMORS_NAMES = ("tumor*", "tumour*", "* tumor", "* tumour", "lesion*", "* lesion", "gtv*", "hcc*", "metasta*")
ALL_TUMORS = ("tumors", "tumours", "lesions", "metastases", "all tumors", "all tumours", "all lesions", "tumor all")
TERRITORIES_NAMES = ("perfused*", "* perfused", "territory*", "* territory", "treated volume*", "* treated volume")
#: Words that exclude a name from a role.
NOT_TUMOR = ("normal", "perfused", "territory", "without", "minus", "background")
NOT_TERRITORY = ("normal", "tumor", "tumour", "without", "minus", "unperfused")
NOT_LUNG = ("nodule", "tumor", "tumour", "vessel", "vessels", "lesion", "metastasis")


@dataclass(frozen=True, eq=False, kw_only=True)
class StructureRoles:
    """Structures of a plan by their roles.

    Parameters
    ----------
    liver : Structure
        The whole liver, tumors included.
    tumors : tuple of Structure
        Each tumor by itself; empty if there is none.
    territories : mapping of str to Structure
        Perfused volume of each injection, tumors included, by the name of the territory. Empty if the whole liver is
        perfused.
    lungs : Structure or None
        Both lungs as one; None if there are none.
    unused : tuple of str
        Names of structures without a role.
    advisories : tuple of Advisory
        Which roles were recognized by the names alone.
    """

    liver: Structure
    tumors: tuple[Structure, ...]
    territories: Mapping[str, Structure]
    lungs: Structure | None
    unused: tuple[str, ...]
    advisories: tuple[Advisory, ...] = ()

    __repr__ = brief


def structure_roles(
    structures: Sequence[Structure],
    *,
    liver: str | None = None,
    tumors: Patterns = None,
    territories: Patterns | Mapping[str, str | Sequence[str]] = None,
    lungs: Patterns = None,
) -> StructureRoles:
    """Find the liver, the tumors, the perfused volumes and the lungs among structures.

    Parameters
    ----------
    structures : sequence of Structure
        Structures of one patient.
    liver : str, optional
        Name or pattern of the whole liver; it must match one structure.
    tumors : str or sequence of str, optional
        Patterns of the tumors. An empty sequence states that there is none.
    territories : str, sequence of str or mapping of str, optional
        Patterns of the perfused volumes, or for each territory's own name the patterns of its volume. An empty
        sequence states that the whole liver is perfused.
    lungs : str or sequence of str, optional
        Patterns of the lungs or their parts. An empty sequence states that there are none.

    Returns
    -------
    StructureRoles
        Several parts of the lungs, or of a territory of a mapping, become one structure.

    Raises
    ------
    UndefinedError
        If there is no liver, or more than one structure may be it.
    UnknownNameError
        If a pattern matches no structure.
    ArgumentError
        If two structures have one name, or one is given two roles that exclude each other.

    Warns
    -----
    roles_recognized
        A note for each role that was recognized by a name.
    whole_liver_perfused
        A note if there is no perfused volume and none was asked for.
    tumors_left_out
        A note if a structure of all tumors was left out because each tumor is there by itself.

    Notes
    -----
    Names are compared without regard to case, and `_`, `-` and `.` count as blanks. By default the liver is "Liver" or
    "Whole liver". Tumors begin with "Tumor", "Tumour", "Lesion", "GTV", "HCC" or "Metasta", or end in "tumor" or
    "lesion". Perfused volumes begin or end with "Perfused", "Territory" or "Treated volume". The lungs are "Lungs" or
    "Lung", or else all names that begin or end with "lung". A name with "normal" in it is neither tumor nor territory.

    Examples
    --------
    >>> import numpy as np
    >>> names = ["Liver", "Tumor 1", "Perfused right", "Lung left", "Lung right", "Spleen"]
    >>> voxel = np.ones((1, 1, 1), bool)
    >>> roles = structure_roles([Structure(name, voxel, np.eye(4)) for name in names])
    >>> roles.liver.name, [each.name for each in roles.tumors], list(roles.territories), roles.unused
    ('Liver', ['Tumor 1'], ['Perfused right'], ('Spleen',))
    """
    known = list(structures)
    _check_names(known)
    found: list[Advisory] = []
    the_liver = _liver(known, liver, found)
    of_lungs = first_named(known, LUNGS_NAMES) or matching(known, LUNG_PARTS, NOT_LUNG)
    lung_parts = _given_or_recognized(known, "lungs", lungs, of_lungs, found)
    mapped = territories if isinstance(territories, Mapping) else None
    if mapped is not None:
        volumes = {name: select_structures(known, only=patterns) for name, patterns in mapped.items()}
    else:
        recognized = matching(known, TERRITORIES_NAMES, NOT_TERRITORY)
        assert not isinstance(territories, Mapping)
        chosen = _given_or_recognized(known, "perfused volumes", territories, recognized, found)
        volumes = {each.name: [each] for each in chosen}
        if not chosen and territories is None:
            found.append(advise("whole_liver_perfused", liver=the_liver.name))
    others = {id(each) for each in (the_liver, *lung_parts, *(v for parts in volumes.values() for v in parts))}
    candidates = [each for each in matching(known, TUMORS_NAMES, NOT_TUMOR) if id(each) not in others]
    if tumors is None:
        candidates = without_sums(candidates, found)
    the_tumors = _given_or_recognized(known, "tumors", tumors, candidates, found)
    for role, members in (
        ("the liver", [the_liver]),
        ("lungs", lung_parts),
        *((f"the territory '{n}'", v) for n, v in volumes.items()),
    ):
        for tumor in the_tumors:
            if any(tumor is member for member in members):
                raise ArgumentError(f"'{tumor.name}' cannot be a tumor and {role}: name other structures")
    used = others | {id(each) for each in the_tumors}
    return StructureRoles(
        liver=the_liver,
        tumors=tuple(the_tumors),
        territories={name: _one(parts, name) for name, parts in volumes.items()},
        lungs=_one(lung_parts, "Lungs") if lung_parts else None,
        unused=tuple(each.name for each in known if id(each) not in used),
        advisories=tuple(found),
    )


def derived_structures(roles: StructureRoles) -> tuple[Structure, ...]:
    """Derive the tumors together, all normal liver, and the perfused normal liver of each territory.

    Parameters
    ----------
    roles : StructureRoles
        From `structure_roles`.

    Returns
    -------
    tuple of Structure
        "Tumors" if there are any, "Normal liver", and "Perfused normal liver" or, of several territories, "Perfused
        normal liver, NAME". Without territories the whole liver is perfused.

    Raises
    ------
    GeometryError
        If known frames of reference or patients differ.

    Notes
    -----
    Tumors: their union. Normal liver: the liver without the tumors. Perfused normal liver: the intersection of that
    with the perfused volume.

    Examples
    --------
    >>> from yttria.phantom import planning_phantom
    >>> roles = structure_roles(planning_phantom((8.0, 8.0, 8.0)).structures)
    >>> [structure.name for structure in derived_structures(roles)][:3]
    ['Tumors', 'Normal liver', 'Perfused normal liver, Perfused right']
    """
    tumors = list(roles.tumors)
    made = [union(tumors, name="Tumors")] if tumors else []
    normal = difference(roles.liver, made, name="Normal liver")
    volumes = roles.territories or {"": roles.liver}
    several = len(volumes) > 1
    perfused = [
        intersection([normal, volume], name=f"Perfused normal liver, {name}" if several else "Perfused normal liver")
        for name, volume in volumes.items()
    ]
    return (*made, normal, *perfused)


def _check_names(known: list[Structure]) -> None:
    seen: set[str] = set()
    for each in known:
        if not isinstance(each, Structure):
            raise ArgumentError(f"structures must hold Structure, got {type(each).__name__}")
        if each.name in seen:
            raise ArgumentError(f"structure names must be unique, got '{each.name}' twice")
        seen.add(each.name)


def _liver(known: list[Structure], pattern: str | None, found: list[Advisory]) -> Structure:
    if pattern is not None:
        chosen = select_structures(known, only=pattern)
        if len(chosen) > 1:
            names = ", ".join(each.name for each in chosen)
            raise UndefinedError(f"the liver must be one structure, liver={pattern!r} matches {names}")
        return chosen[0]
    chosen = first_named(known, LIVER_NAMES)
    if not chosen:
        names = ", ".join(each.name for each in known) or "none"
        raise UndefinedError(
            f"the liver is undefined: no structure has its name; state it (liver=NAME); the structures are {names}"
        )
    found.append(advise("roles_recognized", role="liver", names=f"'{chosen[0].name}'"))
    return chosen[0]


def _given_or_recognized(
    known: list[Structure], role: str, patterns: Patterns, recognized: list[Structure], found: list[Advisory]
) -> list[Structure]:
    if patterns is not None:
        return select_structures(known, only=patterns) if patterns else []
    if recognized:
        names = ", ".join(f"'{each.name}'" for each in recognized)
        found.append(advise("roles_recognized", role=role, names=names))
    return recognized


def without_sums(candidates: list[Structure], found: list[Advisory]) -> list[Structure]:
    """The tumors without a structure of all of them, if each is there by itself."""
    sums = [each for each in candidates if plain_name(each) in ALL_TUMORS]
    single = [each for each in candidates if each not in sums]
    if not sums or not single:
        return candidates
    left_out, kept = (", ".join(f"'{each.name}'" for each in group) for group in (sums, single))
    found.append(advise("tumors_left_out", left_out=left_out, kept=kept))
    return single


def matching(known: list[Structure], patterns: Sequence[str], excluded: Sequence[str]) -> list[Structure]:
    """The structures whose names match one of the patterns and hold none of the excluded words."""
    names = {id(each): plain_name(each) for each in known}
    kept = [each for each in known if not set(names[id(each)].split()) & set(excluded)]
    return [each for each in kept if any(fnmatchcase(names[id(each)], pattern) for pattern in patterns)]


def first_named(known: list[Structure], patterns: Sequence[str]) -> list[Structure]:
    """The structure whose name is the earliest of the patterns; none if no name matches."""
    return next((found[:1] for pattern in patterns if (found := matching(known, (pattern,), ()))), [])


def plain_name(structure: Structure) -> str:
    """Return the name in lower case, with blanks for other separators."""
    return " ".join(re.sub(r"[_.\-]", " ", structure.name.casefold()).split())


def _one(parts: list[Structure], name: str) -> Structure:
    if len(parts) == 1:
        return parts[0]
    return replace(union(parts, name=name), color=None)
