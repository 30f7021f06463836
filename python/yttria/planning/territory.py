"""Injection with the tumors and the normal liver that it reaches, and its lung shunt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._foundation.numbers import number, optional_number
from ..advisory import Advisory, advise_if
from ..errors import ArgumentError
from .tumor_to_normal import ratio_advisories


@dataclass(frozen=True, kw_only=True)
class Tumor:
    """Tumor, or the part of one that lies in a territory.

    Parameters
    ----------
    mass_kg : float
        Mass in kg.
    tumor_to_normal_ratio : float or None
        Ratio of activities per mass, tumor to perfused normal liver. It is not the ratio of activities of Kao, which
        `tumor_to_normal_ratio_from_activity_ratio` converts. None is allowed for the only tumor of a territory without
        perfused normal liver, because it cancels there.
    name : str
        Name. Parts of one tumor in several territories share it.
    """

    mass_kg: float
    tumor_to_normal_ratio: float | None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Territory:
    """Tissue that one injection reaches.

    Parameters
    ----------
    normal_perfused_mass_kg : float
        Perfused normal liver in kg.
    lung_shunt_fraction : float
        Lung shunt, within [0, 1).
    tumors : sequence of Tumor
        Its tumors.
    name : str
        Name; the only territory of a treatment needs none.
    """

    normal_perfused_mass_kg: float
    lung_shunt_fraction: float
    tumors: Sequence[Tumor] = ()
    name: str = ""

    def tumor_name(self, index: int) -> str:
        """Return the name of a tumor.

        Parameters
        ----------
        index : int
            Index of the tumor.

        Returns
        -------
        str
            Its name, or its number if it has none.

        Examples
        --------
        >>> lobe = Territory(
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> lobe.tumor_name(0)
        'tumor 0'
        """
        return self.tumors[index].name or f"tumor {index}"

    def checked(self) -> Territory:
        """Return the same territory with every number checked and as a float.

        Returns
        -------
        Territory
            Nothing in it can change.

        Raises
        ------
        ArgumentError, DTypeError
            If a name is not text, or a value is not a number.

        Examples
        --------
        >>> tumor = Tumor(mass_kg=1, tumor_to_normal_ratio=4)
        >>> lobe = Territory(tumors=[tumor], normal_perfused_mass_kg=2, lung_shunt_fraction=0)
        >>> lobe.checked().normal_perfused_mass_kg
        2.0
        """
        for text in (self.name, *(tumor.name for tumor in self.tumors)):
            if not isinstance(text, str):
                raise ArgumentError(f"names of territories and tumors must be text, got {text!r:.80}")
        of, within = (f" {word} territory '{self.name}'" if self.name else "" for word in ("of", "in"))
        mass, ratio = f"tumor mass in kg{within}", f"tumor-to-normal ratio{within}"
        return Territory(
            name=self.name,
            lung_shunt_fraction=number(f"lung shunt fraction{of}", self.lung_shunt_fraction),
            normal_perfused_mass_kg=number(f"perfused normal liver mass in kg{of}", self.normal_perfused_mass_kg),
            tumors=tuple(
                Tumor(
                    name=tumor.name,
                    mass_kg=number(mass, tumor.mass_kg),
                    tumor_to_normal_ratio=optional_number(ratio, tumor.tumor_to_normal_ratio),
                )
                for tumor in self.tumors
            ),
        )

    def advisories(self) -> tuple[Advisory, ...]:
        """Return advisories on shunt and ratios, which do not depend on the activity.

        Returns
        -------
        tuple of Advisory
            Warnings of an unusual shunt or tumor-to-normal ratio.

        Examples
        --------
        >>> tumor = Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)
        >>> Territory(tumors=[tumor], normal_perfused_mass_kg=1.2, lung_shunt_fraction=0.05).advisories()
        ()
        """
        shunt = self.lung_shunt_fraction
        if self.name:
            found = [
                *advise_if("lung_shunt_above_20_percent", "territory", lung_shunt_fraction=shunt, territory=self.name)
            ]
        else:
            found = [*advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=shunt)]
        for index, tumor in enumerate(self.tumors):
            if tumor.tumor_to_normal_ratio is not None:
                name = self.tumor_name(index)
                of = f" of '{name}' in '{self.name}'" if self.name else f" of {name}"
                found += ratio_advisories(tumor.tumor_to_normal_ratio, of)
        return tuple(found)
