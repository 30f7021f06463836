"""Treatments of two territories, and limits, for the tests of the optimum."""

from __future__ import annotations

from typing import Any

from planning_samples import portion, territory, treatment

from yttria.planning import PartitionModel

OBJECTIVES = ("max_min_tumor_dose", "max_tumor_energy", "min_lung_energy")
LIMITS = {"normal_perfused_limit_gy": 70.0, "normal_whole_limit_gy": 40.0}


def two_territories(**extra: Any) -> PartitionModel:
    """Two territories with a tumor each."""
    return treatment(
        [
            territory("right", 0.15, 0.4, [portion("a", 0.6, 6)]),
            territory("left", 0.05, 0.3, [portion("b", 0.3, 8)]),
        ],
        overlap="disjoint",
        normal_total_mass_kg=1.5,
        **extra,
    )


def fed_twice(**priors: Any) -> PartitionModel:
    """A tumor that two territories feed."""
    return treatment(
        [
            territory("right", 0.10, 0.2, [portion("t", 1.590, 4.0)]),
            territory("left", 0.15, 0.1, [portion("t", 0.530, 4.0)]),
        ],
        overlap="disjoint",
        **priors,
    )
