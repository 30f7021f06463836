# SPDX-License-Identifier: MIT
"""Action of the module's button, which makes a dose volume and a table from an activity volume and a segmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yttria

from .nodes import image_of_volume, show_image, show_table, structures_of_segmentation


@dataclass(frozen=True)
class Settings:
    """Inputs of one dose calculation, as the panel has them.

    `relative_to` turns relative scaling on: the name of the segment that holds the delivered activity, less the lung
    shunt. The volume may be in any counts then. Without it the volume is in `unit`, and `scan_delay_h` leads back to
    the administration.
    """

    unit: str = "Bq/mL"
    scan_delay_h: float = 0.0
    method: str = "voxel_s_values"
    medium: str = "liver"
    density_g_per_ml: float = 1.05
    relative_to: str | None = None
    delivered_activity_gbq: float | None = None
    lung_shunt_fraction: float = 0.0


def dose_of_nodes(activity: Any, segmentation: Any, settings: Settings, util: Any) -> tuple[Any, list[dict[str, Any]]]:
    """Dose a volume.

    Returns the `yttria.DoseResult`, and a row for each segment. Raises the errors of yttria, whose messages are meant
    to be shown.
    """
    unit = settings.unit if settings.relative_to is None else "counts"
    image = image_of_volume(activity, unit, util)
    structures = [] if segmentation is None else structures_of_segmentation(segmentation, activity, util)
    options: dict[str, Any] = {"method": settings.method, "density_g_per_ml": settings.density_g_per_ml}
    if settings.method == "voxel_s_values":
        options["medium"] = settings.medium
    result = yttria.dose_image(image, scaling=scaling_of(settings, structures), **options)
    rows = [row.as_dict() for row in result.table(structures)] if structures else []
    return result, rows


def scaling_of(settings: Settings, structures: list[yttria.Structure]) -> Any:
    """Make the scaling that the settings state."""
    if settings.relative_to is None:
        return yttria.AbsoluteScaling(scan_delay_h=settings.scan_delay_h)
    named = [structure for structure in structures if structure.name == settings.relative_to]
    if len(named) != 1:
        names = ", ".join(structure.name for structure in structures) or "none with a voxel"
        raise yttria.errors.ArgumentError(
            f"relative scaling needs one segment named '{settings.relative_to}'; the segments are {names}"
        )
    if settings.delivered_activity_gbq is None:
        raise yttria.errors.ArgumentError("relative scaling needs the delivered activity in GBq")
    return yttria.RelativeScaling(
        named[0],
        delivered_activity_gbq=settings.delivered_activity_gbq,
        lung_shunt_fraction=settings.lung_shunt_fraction,
    )


def show_result(result: Any, rows: list[dict[str, Any]], volume: Any, table: Any, util: Any, string_array: Any) -> str:
    """Write the result into a volume and a table, and return the advisories, one per line."""
    show_image(result.image, volume, util)
    if table is not None:
        show_table(rows, table, string_array)
    return "\n".join(f"{advisory.severity}: {advisory.message}" for advisory in result.advisories)
