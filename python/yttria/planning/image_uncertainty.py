"""Uncertainties of a plan from a tracer scan: the Poisson spread of its counts, which is a lower bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from ..geometry.image import Image
from .image_measurements import MeasuredTerritory
from .plan_uncertainty_inputs import PlanUncertaintyInputs

COUNTS_ALONE = "lower bound: Poisson spread of the counts, without reconstruction, corrections and outlines"


def stated_of_images(
    territories: Sequence[MeasuredTerritory], stated: PlanUncertaintyInputs | None, *, one_scan: bool
) -> PlanUncertaintyInputs:
    """Stated uncertainties and relations of inputs. Ratios are counts over the masses, and one scan has one shunt.

    The spread of the counts is not used as the uncertainty of shunt and ratios, because it is only a small part of it.
    """
    given = stated or PlanUncertaintyInputs()
    measured = [each for each in territories if each.shunt is not None]
    return given.updated(
        {
            "ratio_from_counts": True,
            "shunts_from_one_scan": one_scan and len(territories) > 1 and len(measured) == len(territories),
        },
        basis="images",
    )


def counts_spread(territories: Sequence[MeasuredTerritory], scans: Mapping[str, Image]) -> PlanUncertaintyInputs:
    """Find `(1 - L) sqrt(1/c_lungs + 1/c_liver)` of each shunt and `sqrt(1/c_T + 1/c_N)` of each ratio.

    A scan in another unit than counts has no such spread.
    """
    shunts: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for territory in territories:
        if scans[territory.name].unit != "counts":
            continue
        shunt = territory.shunt
        if shunt is not None and shunt.method == "SPECT" and min(shunt.lung_counts, shunt.liver_counts) >= 1.0:
            spread = sqrt(1.0 / shunt.lung_counts + 1.0 / shunt.liver_counts)
            shunts[territory.name] = (1.0 - territory.lung_shunt_fraction) * spread
        for tumor in territory.tumors:
            if tumor.tumor_to_normal_ratio is not None and min(tumor.counts, territory.normal_counts) >= 1.0:
                spread = sqrt(1.0 / tumor.counts + 1.0 / territory.normal_counts)
                # Parts of one tumor share its name: the larger spread is kept.
                ratios[tumor.name] = max(spread, ratios.get(tumor.name, 0.0))
    found = {"lung_shunt_uncertainty": shunts or None, "tumor_to_normal_ratio_uncertainty": ratios or None}
    return PlanUncertaintyInputs(
        **found,  # type: ignore[arg-type]
        basis={name: COUNTS_ALONE for name, value in found.items() if value},
    )
