"""Disjoint parts of a liver by territory, whose counts and masses a plan needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from ..advisory import Advisory
from ..errors import OutOfRangeError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_algebra import difference, intersection
from ..voxel.ct_density import DensityImage
from ..voxel.mass import structure_mass
from .mass import mass_from_volume_kg
from .structure_roles import StructureRoles

#: Share of the whole below which a part of a tumor or of the normal liver is due to the rounding of outlines.
CRUMB = 0.005


@dataclass(frozen=True, eq=False, kw_only=True)
class PlanParts:
    """Disjoint parts: normal liver and tumors by territory, untreated tumor, the rest of the liver, and lungs."""

    volumes: Mapping[str, Structure]
    normal: Mapping[str, Structure]
    tumors: Mapping[str, Mapping[str, Structure]]
    outside: Mapping[str, Structure]
    normal_total: Structure
    rest: Structure
    lungs: Structure | None

    @classmethod
    def of(cls, roles: StructureRoles, volumes: Mapping[str, Structure], *, disjoint: bool) -> PlanParts:
        """Divide the structures into parts. An overlap of tumors counts for the first of them.

        If the territories are `disjoint` except for the rounding of outlines, a voxel on a common border is not counted
        twice. Otherwise an overlap belongs to both.
        """
        single: list[Structure] = []
        for tumor in roles.tumors:
            single.append(difference(tumor, single, name=tumor.name) if single else tumor)
        normal_total = difference(roles.liver, single, name="Normal liver") if single else roles.liver
        normal = _shares(normal_total, volumes, disjoint=disjoint, name="Normal liver of {}")
        parts: dict[str, dict[str, Structure]] = {name: {} for name in volumes}
        outside: dict[str, Structure] = {}
        for tumor in single:
            if not roles.territories:
                # Structures beyond the liver's outline are also perfused with the whole liver.
                parts[next(iter(volumes))][tumor.name] = tumor
                continue
            shares = _shares(tumor, volumes, disjoint=disjoint, name=tumor.name)
            for name, part in shares.items():
                if part.volume_ml > CRUMB * tumor.volume_ml:
                    parts[name][tumor.name] = part
            left = difference(tumor, list(shares.values()), name=tumor.name)
            if left.volume_ml > CRUMB * tumor.volume_ml:
                outside[tumor.name] = left
        everything = [*normal.values(), *single]
        return cls(
            volumes=volumes,
            normal=normal,
            tumors=parts,
            outside=outside,
            normal_total=normal_total,
            rest=difference(normal_total, list(normal.values()), name="Liver that is not perfused"),
            lungs=None if roles.lungs is None else difference(roles.lungs, [roles.liver, *everything], name="Lungs"),
        )

    def counted(self) -> dict[str, Structure]:
        """Every part to count in, by a key."""
        found = {f"normal/{name}": part for name, part in self.normal.items()}
        found |= {f"tumor/{name}/{t}": part for name, of in self.tumors.items() for t, part in of.items()}
        found |= {f"outside/{name}": part for name, part in self.outside.items()}
        found |= {"rest": self.rest}
        return {key: part for key, part in found.items() if part.volume_ml > 0.0}


def _shares(
    structure: Structure, volumes: Mapping[str, Structure], *, disjoint: bool, name: str
) -> dict[str, Structure]:
    """Share of a structure in each volume; shares of disjoint volumes add up."""
    found: dict[str, Structure] = {}
    for territory, volume in volumes.items():
        taken = list(found.values()) if disjoint else []
        left = difference(structure, taken, name=structure.name) if taken else structure
        found[territory] = intersection([left, volume], name=name.format(territory))
    return found


class PlanMasses:
    """Masses by a density, with each structure computed once, and the advisories of the density."""

    density: float | DensityImage | Image
    density_g_per_ml: float
    origin: str

    def __init__(self, *, density: DensityImage | Image | float | None, threads: int | None) -> None:  # noqa: D107 (see the class)
        self.density = LIVER_DENSITY_G_PER_ML if density is None else density
        self.threads = threads
        self.advisories: list[Advisory] = []
        self.known: dict[int, float] = {}
        if isinstance(self.density, int | float):
            if not 0.9 <= self.density <= 1.2:
                raise OutOfRangeError(f"liver density in g/mL must be within [0.9, 1.2], got {self.density:g}")
            self.density_g_per_ml = float(self.density)
            self.origin = f"volume times {self.density:g} g/mL"
        else:
            self.density_g_per_ml = LIVER_DENSITY_G_PER_ML
            curve = self.density.curve.name if isinstance(self.density, DensityImage) else "as given"
            self.origin = f"density from CT ({curve})"

    def of(self, structure: Structure) -> float:
        """Mass in kg; 0 of an empty structure."""
        if structure.volume_ml == 0.0:
            return 0.0
        if id(structure) not in self.known:
            if isinstance(self.density, int | float):
                mass = mass_from_volume_kg(structure.volume_ml, density_g_per_ml=float(self.density))
            else:
                found = structure_mass(self.density, structure, threads=self.threads)
                self.advisories += found.advisories
                mass = found.mass_kg
            self.known[id(structure)] = mass
        return self.known[id(structure)]
