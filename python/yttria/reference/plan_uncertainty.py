"""Uncertainty of planned doses as its definition: `u^2(D) = sum (dD/dx u(x))^2`, with derivatives taken numerically."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .partition import partition_doses
from .uncertainty import propagated, relative_sensitivities

Tissue = tuple[Sequence[float], Sequence[float], float, float]
"""Tumor masses, their ratios, perfused normal mass and lung shunt of a territory."""


def plan_uncertainty(
    delivered_activities_gbq: Sequence[float],
    territories: Sequence[Tissue],
    lung_mass_kg: float,
    residual_fraction: float,
    inputs: Mapping[str, Any],
    dose_factor_gy_kg_per_gbq: float,
) -> list[float]:
    """Standard uncertainties in Gy of the doses to tumors and normal liver by territory, and to the lungs.

    `inputs` holds relative uncertainties by their names, and whether ratios were found from counts and the normal liver
    from a difference of masses. The stated ratio is then that of the counts times `m_N / m_T`, and the stated mass of
    the normal liver is replaced by that of everything perfused.
    """
    difference, from_counts = (bool(inputs.get(n)) for n in ("normal_mass_from_difference", "ratio_from_counts"))
    start: list[float] = [1.0, 1.0, lung_mass_kg]  # activity meter, what masses have in common, lungs
    names = ["administered_activity", "common_mass", "lung_mass"]
    for masses, ratios, normal, shunt in territories:
        start += [residual_fraction, shunt, normal + sum(masses) if difference else normal, *masses, *ratios]
        names += ["residual", "lung_shunt", "perfused_mass" if difference else "normal_mass"]
        names += ["tumor_mass"] * len(masses) + ["tumor_to_normal_ratio"] * len(masses)

    def doses(*x: float) -> list[float]:
        meter, common, lungs = x[:3]
        rest, found, to_lungs = list(x[3:]), [], 0.0
        for activity, (before, _, normal_before, _) in zip(delivered_activities_gbq, territories, strict=True):
            count = len(before)
            residual, shunt, normal = rest[:3]
            masses, ratios, rest = rest[3 : 3 + count], rest[3 + count : 3 + 2 * count], rest[3 + 2 * count :]
            if difference:
                normal -= sum(masses)
            if from_counts:
                ratios = [
                    r * (normal / normal_before) / (m / m0) for r, m, m0 in zip(ratios, masses, before, strict=True)
                ]
            delivered = activity * meter * (1 - residual) / (1 - residual_fraction)
            of = partition_doses(
                delivered,
                [m * common for m in masses],
                ratios,
                normal * common,
                shunt,
                lungs,
                dose_factor_gy_kg_per_gbq=dose_factor_gy_kg_per_gbq,
            )
            found += [*np.ravel(of["tumor_doses_gy"]).tolist(), float(of["normal_perfused_dose_gy"])]
            to_lungs += float(of["lung_dose_gy"])
        return [*found, to_lungs]

    relative = [float(inputs.get(f"{name}_uncertainty") or 0.0) for name in names]
    return [
        value * propagated(relative_sensitivities(lambda *x, n=n: doses(*x)[n], start), relative)
        for n, value in enumerate(doses(*start))
    ]
