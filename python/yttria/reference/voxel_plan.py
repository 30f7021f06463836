"""Voxel-based plan by its definition: doses of injections summed, and the best plan among a grid of splits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .radiobiology import generalized_eud, ntcp_logistic, ntcp_lyman, survival_eud, tcp_logistic, tcp_poisson

Limit = tuple[str, str, Mapping[str, float], str, float]
"""Structure, measure, parameters, "<=" or ">=", value in Gy or as a fraction."""


def voxel_plan(
    counts: Sequence[ArrayLike],
    references: Sequence[ArrayLike],
    lung_shunt_fractions: Sequence[float],
    voxel_volume_ml: float,
    density_g_per_ml: float,
    dose_factor_gy_kg_per_gbq: float,
) -> NDArray[np.float64]:
    """Dose of 1 GBq of each injection in Gy by local deposition, (injection, k, j, i).

    The reference of an injection, a mask or fractions, holds 1 GBq less the part that goes to the lungs.
    """
    doses = []
    for image, inside, shunt in zip(counts, references, lung_shunt_fractions, strict=True):
        shown = np.asarray(image, dtype=np.float64)
        activity_gbq = (1.0 - shunt) * shown / np.sum(shown * np.asarray(inside, dtype=np.float64))
        doses.append(dose_factor_gy_kg_per_gbq * activity_gbq / (voxel_volume_ml * density_g_per_ml * 1e-3))
    return np.array(doses)


def split_by_territories(counts: ArrayLike, territories: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """The counts of each territory, (territory, k, j, i); a border voxel belongs to the first one before the others."""
    shown, maps = np.asarray(counts, dtype=np.float64), []
    taken = np.zeros(shown.shape)
    for inside in territories:
        free = np.minimum(np.asarray(inside, dtype=np.float64), 1.0 - taken)
        taken = taken + free
        maps.append(shown * free)
    return np.array(maps)


def dose_measure(doses_gy: ArrayLike, fractions: ArrayLike, measure: str, parameters: Mapping[str, float]) -> float:
    """One quantity of a structure from the doses of its voxels and the fraction of each one inside."""
    doses, inside = np.ravel(np.asarray(doses_gy, float)), np.ravel(np.asarray(fractions, float))
    doses, inside = doses[inside > 0], inside[inside > 0]
    share = inside / inside.sum()
    if measure == "mean":
        return float(np.sum(share * doses))
    if measure == "V":
        return float(share[doses >= parameters["dose_gy"]].sum())
    if measure == "D":
        order = np.argsort(-doses)
        received = np.cumsum(share[order]) >= parameters["volume_percent"] / 100.0 - 1e-12
        return float(doses[order][np.argmax(received)])
    if measure == "gEUD":
        return float(generalized_eud(doses, inside, a=parameters["a"]))
    if measure == "EUD":
        return float(survival_eud(doses, inside, alpha_per_gy=parameters["alpha_per_gy"]))
    logistic = "d50_gy" in parameters
    if measure == "TCP":
        return float((tcp_logistic if logistic else tcp_poisson)(doses, inside, **parameters))
    return float((ntcp_logistic if logistic else ntcp_lyman)(doses, inside, **parameters))


def optimize_voxel_activities(
    gy_per_gbq: Mapping[str, ArrayLike],
    fractions: Mapping[str, ArrayLike],
    goal: tuple[str, str, Mapping[str, float]],
    limits: Sequence[Limit],
    activity_limit_gbq: float,
    steps: int,
) -> tuple[float, NDArray[np.float64]] | None:
    """The best goal and its activities among the splits of a grid; None if no split has a plan.

    `gy_per_gbq` has for each structure the dose of 1 GBq of each injection, (injection, voxel). All doses grow with the
    activities, so that the best factor of a split is the largest that meets every maximum, found by bisection.
    """
    count = len(next(iter(map(np.asarray, gy_per_gbq.values()))))

    def value(activities: NDArray[np.float64], structure: str, measure: str, parameters: Mapping[str, float]) -> float:
        return dose_measure(activities @ np.asarray(gy_per_gbq[structure]), fractions[structure], measure, parameters)

    def meets(activities: NDArray[np.float64], sign: str) -> bool:
        found = [(value(activities, *each[:3]), each[4]) for each in limits if each[3] == sign]
        return all(got <= level * (1 + 1e-12) if sign == "<=" else got >= level for got, level in found)

    best: tuple[float, NDArray[np.float64]] | None = None
    for parts in product(range(steps + 1), repeat=count):
        if sum(parts) != steps:
            continue
        split = np.array(parts, dtype=np.float64) / steps
        low, high = 0.0, activity_limit_gbq / float(split.max())
        if not meets(split * high, "<="):
            while high - low > 1e-12 * high:
                middle = 0.5 * (low + high)
                low, high = (middle, high) if meets(split * middle, "<=") else (low, middle)
            high = low
        reached = value(split * high, *goal)
        if meets(split * high, ">=") and math.isfinite(reached) and (best is None or reached > best[0]):
            best = reached, split * high
    return best
