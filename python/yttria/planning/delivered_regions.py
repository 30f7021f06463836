"""Regions of a treatment in a dose image, which are structures by role, and normal liver derived from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._core import DoseVolumeHistogram, VoxelFractions
from .._foundation.choices import StructureRole
from ..errors import UndefinedError, UnknownNameError
from ..evaluation import dose_volume_histograms
from ..geometry.structure import Structure
from ..geometry.structure_algebra import difference, union
from ..voxel import DoseResult
from .delivered_roles import DeliveredRoles

#: Share of a region that may lie outside the dose image before its dose counts as unknown.
OUTSIDE_FRACTION = 0.01
_RESERVE: tuple[StructureRole, StructureRole] = ("territories", "liver")


@dataclass(frozen=True, eq=False, kw_only=True)
class DeliveredRegion:
    """One region of a treatment in a dose image.

    Parameters
    ----------
    origin : str
        The structures of the region in words, such as "Liver without Tumor 1, Tumor 2".
    volume_ml, mean_gy : float
        Volume inside the image in mL, and mean dose in Gy.
    mass_kg, activity_mbq : float or None
        Mass in kg, and activity at administration in MBq, None if the result does not give them.
    outside_fraction : float
        Share of the region outside the image.
    histogram : DoseVolumeHistogram
        Histogram of the region.
    """

    origin: str
    volume_ml: float
    mean_gy: float
    mass_kg: float | None
    activity_mbq: float | None
    outside_fraction: float
    histogram: DoseVolumeHistogram

    @property
    def activity_per_mass(self) -> float | None:
        """Activity per mass in MBq/kg, None if activity or mass is not known."""
        return None if self.activity_mbq is None or not self.mass_kg else self.activity_mbq / self.mass_kg

    @property
    def whole(self) -> bool:
        """Whether the region lies inside the image but for `OUTSIDE_FRACTION`."""
        return self.outside_fraction <= OUTSIDE_FRACTION


@dataclass(frozen=True, eq=False, kw_only=True)
class DeliveredRegions:
    """Regions of a treatment, one for each role except the tumors, and one for each tumor by its name."""

    by_role: dict[StructureRole, DeliveredRegion]
    tumors: dict[str, DeliveredRegion]

    @property
    def tumor_to_normal_ratios(self) -> dict[str, float]:
        """Activity per mass of each tumor, over that of the perfused normal liver or else of all normal liver."""
        normal = self.by_role.get("normal_perfused") or self.by_role.get("normal_whole")
        below = None if normal is None else normal.activity_per_mass
        if below is None or below <= 0.0:
            return {}
        found = {name: tumor.activity_per_mass for name, tumor in self.tumors.items()}
        return {name: above / below for name, above in found.items() if above is not None}

    @property
    def hepatic_reserve_fraction(self) -> float | None:
        """Hepatic reserve, 1 - perfused mass / mass of the liver.

        None if one is not known or not wholly inside the image.
        """
        perfused, liver = (self.by_role.get(role) for role in _RESERVE)
        if perfused is None or liver is None or not (perfused.whole and liver.whole):
            return None
        if perfused.mass_kg is None or not liver.mass_kg:
            return None
        # A perfused volume that is drawn beyond the liver leaves no reserve.
        return max(1.0 - perfused.mass_kg / liver.mass_kg, 0.0)


def delivered_regions(
    result: DoseResult, structures: Sequence[Structure], roles: DeliveredRoles, *, threads: int | None = None
) -> DeliveredRegions:
    """Find the regions of a treatment. A role without a structure, or wholly outside the image, is left out.

    Raises `UnknownNameError` if a role names a structure that is not given.
    """
    found, tumors = role_structures(structures, roles)
    by_role = {role: region for role, of in found.items() if (region := _region(result, of, threads)) is not None}
    of_tumors = {each.name: region for each in tumors if (region := _region(result, each, threads)) is not None}
    return DeliveredRegions(by_role=by_role, tumors=of_tumors)


def role_structures(
    structures: Sequence[Structure], roles: DeliveredRoles
) -> tuple[dict[StructureRole, Structure], list[Structure]]:
    """Make one structure for each role and each tumor. Normal liver is derived if it has no structure.

    Raises `UnknownNameError` if a role names a structure that is not given.
    """
    named = {structure.name: structure for structure in structures}
    absent = [name for name in roles.named if name not in named]
    if absent:
        raise UnknownNameError(f"roles must name structures that are given, got {', '.join(absent)}")
    parts = {name: named[name] for name in roles.named}
    found: dict[StructureRole, Structure] = {}
    for role in ("liver", "territories", "lungs", "normal_whole", "normal_perfused"):
        names = getattr(roles, role)
        if names:
            found[role] = _one([parts[name] for name in names])
    beside: tuple[tuple[StructureRole, StructureRole], ...] = (
        ("normal_whole", "liver"),
        ("normal_perfused", "territories"),
    )
    tumors = [parts[name] for name in roles.tumors]
    for normal, whole in beside:
        if normal not in found and whole in found and tumors:
            origin = f"{found[whole].name} without {', '.join(roles.tumors)}"
            found[normal] = difference(found[whole], tumors, name=origin)
    return found, tumors


def _one(parts: Sequence[Structure]) -> Structure:
    return parts[0] if len(parts) == 1 else union(parts, name=", ".join(part.name for part in parts))


def _region(result: DoseResult, structure: Structure, threads: int | None) -> DeliveredRegion | None:
    origin, inside = structure.name, result.voxel_fractions([structure], threads=threads)[structure.name]
    voxel_ml = result.image.voxel_volume_ml
    volume_ml = inside.volume_ml(voxel_ml)
    if not volume_ml > 0.0:
        return None
    histogram = dose_volume_histograms(result.image.array, {origin: inside}, voxel_volume_ml=voxel_ml, threads=threads)[
        origin
    ]
    return DeliveredRegion(
        origin=origin,
        volume_ml=volume_ml,
        mean_gy=histogram.mean_gy,
        mass_kg=known_mass_kg(result, inside),
        activity_mbq=None if result.activity is None else result.activity_mbq(inside),
        outside_fraction=inside.outside_fraction,
        histogram=histogram,
    )


def known_mass_kg(result: DoseResult, inside: VoxelFractions) -> float | None:
    """Compute the mass inside a structure in kg, None if the result does not give it."""
    try:
        return result.mass_kg(inside)
    except UndefinedError:
        return None
