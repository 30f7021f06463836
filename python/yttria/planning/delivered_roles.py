"""Roles of structures in a treatment that was given. Only drawn structures have roles, and no role is required."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from .._foundation.choices import STRUCTURE_ROLES, StructureRole, Tissue
from .._foundation.numbers import one_of
from ..advisory import Advisory
from ..errors import ArgumentError, DuplicateNameError
from ..geometry.structure import Structure
from ..geometry.structure_selection import Patterns, select_structures
from .structure_roles import (
    LIVER_NAMES,
    LUNG_PARTS,
    LUNGS_NAMES,
    NOT_LUNG,
    NOT_TERRITORY,
    NOT_TUMOR,
    TERRITORIES_NAMES,
    TUMORS_NAMES,
    first_named,
    matching,
    without_sums,
)

#: Names of normal liver that has a structure of its own, perfused or all of it.
_NORMAL_PERFUSED = ("*perfused normal*", "*normal perfused*")
_NORMAL_WHOLE = ("normal", "normal tissue", "normal liver*", "* normal liver", "healthy liver*", "normal parenchyma")


@dataclass(frozen=True, kw_only=True)
class DeliveredRoles:
    """Names of structures by their role in a treatment that was given.

    Parameters
    ----------
    liver : tuple of str, default ()
        The whole liver, tumors included; several structures are taken together.
    territories : tuple of str, default ()
        The perfused volumes, tumors included.
    tumors : tuple of str, default ()
        The tumors.
    normal_perfused, normal_whole : tuple of str, default ()
        The perfused normal liver, and all normal liver. By default they are the territories and the liver without the
        tumors.
    lungs : tuple of str, default ()
        The lungs.

    Raises
    ------
    ArgumentError
        If a role is not a tuple of texts.
    DuplicateNameError
        If a structure has one role twice.

    Examples
    --------
    >>> from yttria.planning import DeliveredRoles
    >>> DeliveredRoles(tumors=("A", "B"), liver=("Liver",)).named
    ('Liver', 'A', 'B')
    """

    liver: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    tumors: tuple[str, ...] = ()
    normal_perfused: tuple[str, ...] = ()
    normal_whole: tuple[str, ...] = ()
    lungs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for each in fields(self):
            names = getattr(self, each.name)
            if isinstance(names, str) or not all(isinstance(name, str) for name in names):
                raise ArgumentError(f"role {each.name} must hold names of structures, got {names!r:.80}")
            if len(set(names)) < len(names):
                raise DuplicateNameError(f"role {each.name} must hold each structure once, got {', '.join(names)}")
            object.__setattr__(self, each.name, tuple(names))

    @property
    def named(self) -> tuple[str, ...]:
        """Names of all structures that have a role, each once."""
        return tuple(dict.fromkeys(name for each in fields(self) for name in getattr(self, each.name)))

    def of_tissue(self, tissue: Tissue) -> tuple[str, ...]:
        """Name the structures that take the radiobiological parameters of a tissue.

        Parameters
        ----------
        tissue : {"tumor", "normal_liver", "lung"}
            The tissue. Liver, perfused volumes and normal liver are normal liver.

        Returns
        -------
        tuple of str
            Names of structures, each once.

        Examples
        --------
        >>> DeliveredRoles(liver=("Liver",), tumors=("A",)).of_tissue("normal_liver")
        ('Liver',)
        """
        if tissue == "tumor":
            return self.tumors
        if tissue == "lung":
            return self.lungs
        names = (*self.normal_perfused, *self.normal_whole, *self.liver, *self.territories)
        return tuple(dict.fromkeys(name for name in names if name not in (*self.tumors, *self.lungs)))

    def as_dict(self) -> dict[str, list[str]]:
        """The names by role as plain lists, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> DeliveredRoles(liver=("Liver",), tumors=("A",)).as_dict()["tumors"]
        ['A']
        """
        return {each.name: list(getattr(self, each.name)) for each in fields(self)}


def delivered_roles(
    structures: Sequence[Structure], roles: Mapping[StructureRole, Patterns] | None = None
) -> DeliveredRoles:
    """Find the roles of structures from their names, or as stated.

    Parameters
    ----------
    structures : sequence of Structure
        All structures.
    roles : mapping of str to str or sequence of str, optional
        Patterns of the names that have a role, as in `yttria.select_structures`. An empty sequence states that no
        structure has it. A role that is not stated goes by name, by the names of `structure_roles`, to which "Normal
        liver" and "Perfused normal liver" are added.

    Returns
    -------
    DeliveredRoles
        The roles. A role that no structure has is empty. Unlike in a plan, only drawn volumes count as perfused.

    Raises
    ------
    UnknownNameError
        If a role is not one of those of `DeliveredRoles`, or if a pattern matches no structure.
    ArgumentError
        If a pattern is not a text.

    Notes
    -----
    A structure may have several stated roles: a liver that is perfused as a whole is `liver` and `territories`.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Structure
    >>> names = ["Liver", "Tumor 1", "Tumor 2", "Left lung", "BODY"]
    >>> structures = [Structure(name, np.ones((1, 1, 1), bool), np.eye(4)) for name in names]
    >>> roles = delivered_roles(structures, {"territories": "Liver"})
    >>> roles.tumors, roles.lungs, roles.territories, roles.normal_whole
    (('Tumor 1', 'Tumor 2'), ('Left lung',), ('Liver',), ())
    """
    known = list(structures)
    stated = {one_of("role of a structure", role, STRUCTURE_ROLES): given for role, given in (roles or {}).items()}
    told: list[Advisory] = []
    found: dict[StructureRole, list[Structure]] = {
        "liver": first_named(known, LIVER_NAMES),
        "territories": matching(known, TERRITORIES_NAMES, NOT_TERRITORY),
        "tumors": without_sums(matching(known, TUMORS_NAMES, NOT_TUMOR), told),
        "normal_perfused": matching(known, _NORMAL_PERFUSED, ()),
        "normal_whole": matching(known, _NORMAL_WHOLE, ("perfused",)),
        "lungs": first_named(known, LUNGS_NAMES) or matching(known, LUNG_PARTS, NOT_LUNG),
    }
    for role, given in stated.items():
        found[role] = select_structures(known, only=given) if given else []
    return DeliveredRoles(**{role: tuple(each.name for each in of) for role, of in found.items()})
