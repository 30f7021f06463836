"""Tumors, territories and treatments in few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yttria.planning import PartitionModel, Territory, Tumor


def tumor(mass_kg: float, ratio: float | None, name: str = "") -> Tumor:
    return Tumor(mass_kg=mass_kg, tumor_to_normal_ratio=ratio, name=name)


def portion(name: str, mass_kg: float, ratio: float) -> Tumor:
    return tumor(mass_kg, ratio, name)


def territory(name: str, shunt: float, normal_kg: float, tumors: Sequence[Tumor] = ()) -> Territory:
    return Territory(name=name, lung_shunt_fraction=shunt, normal_perfused_mass_kg=normal_kg, tumors=tumors)


def treatment(territories: Sequence[Territory], **rest: Any) -> PartitionModel:
    return PartitionModel(territories=territories, **rest)


def one_territory(
    tumors: Sequence[Tumor],
    normal_kg: float,
    shunt: float,
    normal_total_mass_kg: float | None = None,
    lung_mass_kg: float = 1.0,
    residual_fraction: float = 0.0,
    **rest: Any,
) -> PartitionModel:
    return treatment(
        [territory("", shunt, normal_kg, tumors)],
        normal_total_mass_kg=normal_total_mass_kg,
        lung_mass_kg=lung_mass_kg,
        residual_fraction=residual_fraction,
        **rest,
    )
