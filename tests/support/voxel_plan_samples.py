"""Small voxel plans, problems for them, and an evaluation of many activities at once that shares no code."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from yttria import Image, Structure
from yttria.planning import DoseLimit, DoseQuantity, InjectionMap, VoxelPlan, voxel_plan

Array = NDArray[np.float64]
AFFINE = np.diag([4.0, 4.0, 4.0, 1.0])
MEASURES = (
    "mean",
    "D70",
    "D95",
    "D50",
    "EUD(alpha_per_gy=0.01)",
    "gEUD(a=0.5)",
    "TCP(alpha_per_gy=0.005, clonogens=30)",
    "TCP(d50_gy=120, gamma50=1.2)",
)


def two_territories(shape: tuple[int, int, int] = (16, 16, 16), seed: int = 1) -> VoxelPlan:
    """A liver of two halves with a tumor in each, and a map of each half."""
    rng = np.random.default_rng(seed)
    counts = rng.gamma(2.0, 0.5, shape) + 0.2
    tumors = np.zeros((2, *shape), bool)
    third, half = shape[2] // 4, shape[2] // 2
    tumors[0, 2:7, 2:7, 1:third] = True
    tumors[1, 8:13, 6:12, half + 2 : half + 2 + third] = True
    counts[tumors[0]] += 6.0
    counts[tumors[1]] += 4.0
    image = Image(counts, AFFINE, "counts")
    left = np.zeros(shape, bool)
    left[:, :, :half] = True
    structures = [
        Structure("Tumor A", tumors[0], AFFINE),
        Structure("Tumor B", tumors[1], AFFINE),
        Structure("Normal", ~(tumors[0] | tumors[1]), AFFINE),
        Structure("Liver", np.ones(shape, bool), AFFINE),
    ]
    halves = [Structure("left", left, AFFINE), Structure("right", ~left, AFFINE)]
    maps = [
        InjectionMap(name=half.name, image=image.with_array(counts * half.mask, "counts"), reference=half,
                     lung_shunt_fraction=shunt)
        for half, shunt in zip(halves, (0.1, 0.04), strict=True)
    ]  # fmt: skip
    return voxel_plan(maps, structures)


def random_plan(rng: np.random.Generator) -> VoxelPlan:
    """Noise of one to three injections in two tumors and a normal liver, with whole or partial voxels."""
    shape = (3, 4, 6)
    labels = rng.integers(0, 3, shape)
    structures = []
    for value, name in enumerate(("Tumor A", "Tumor B", "Normal")):
        inside = labels == value
        mask = np.where(inside, rng.integers(20, 65, shape) / 64.0, 0.0) if rng.random() < 0.5 else inside
        structures.append(Structure(name, mask, AFFINE))
    structures.append(Structure("Liver", np.ones(shape, bool), AFFINE))
    maps = []
    for at in range(int(rng.choice([1, 2, 2, 2, 2, 2, 3]))):
        counts = rng.gamma(0.7, 1.0, shape) * np.exp((labels == at % 2) * rng.uniform(0.0, 2.5))
        if rng.random() < 0.5:
            counts *= rng.random(shape) < rng.uniform(0.6, 1.0)
        image = Image(counts, AFFINE, "counts")
        shunt = float(rng.uniform(0.0, 0.2))
        maps.append(InjectionMap(name=f"i{at}", image=image, reference=structures[3], lung_shunt_fraction=shunt))
    return voxel_plan(maps, structures, lung_mass_kg=float(rng.uniform(0.6, 1.2)))


def random_question(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Goals, and limits of every kind."""
    measure = rng.choice(MEASURES)
    goals = [f"Tumor A: {measure}"] + [f"Tumor B: {measure}"] * (rng.random() < 0.5)
    pool = [
        f"Normal: mean <= {rng.uniform(20.0, 60.0)!r} Gy",
        f"Normal: D{rng.integers(5, 60)} <= {rng.uniform(30.0, 90.0)!r} Gy",
        f"Liver: V{rng.integers(20, 60)} <= {rng.uniform(20.0, 80.0)!r} %",
        f"Normal: NTCP(strigari-2010-resin-hcc) <= {rng.uniform(2.0, 40.0)!r} %",
        f"Liver: gEUD(a={rng.uniform(1.5, 6.0)!r}) <= {rng.uniform(40.0, 120.0)!r} Gy",
        f"Normal: EUD(alpha_per_gy=0.03) <= {rng.uniform(5.0, 30.0)!r} Gy",
    ]
    chosen = rng.choice(len(pool), int(rng.integers(1, 4)), replace=False)
    limits = [pool[at] for at in chosen]
    if rng.random() < 0.3:
        limits.append(f"Tumor B: {rng.choice(['mean', 'D90'])} >= {rng.uniform(1.0, 15.0)!r} Gy")
    return goals, limits


class ManyActivities:
    """Quantities of a plan for many rows of activities at once, from its dose images and masks alone."""

    def __init__(self, plan: VoxelPlan) -> None:
        images = np.array([result.image.array for result in plan.dose_per_gbq], dtype=np.float64)
        self.lungs = plan.lung_gy_per_gbq
        self.structures = {}
        for structure in plan.structures:
            mask = np.asarray(structure.mask, dtype=np.float64)
            inside = mask > 0
            self.structures[structure.name] = images[:, inside], mask[inside] / mask[inside].sum()

    def values(self, activities: Array, quantity: DoseQuantity) -> Array:
        """The quantity for each row of activities; of a probability, that of its model."""
        if quantity.of_lungs:
            return activities @ self.lungs
        gy_per_gbq, share = self.structures[quantity.structure]
        doses, given = activities @ gy_per_gbq, quantity.parameters
        if quantity.measure == "mean" or "d50_gy" in given:
            mean = doses @ share
            if quantity.measure == "mean":
                return mean
            return 1.0 / (1.0 + (given["d50_gy"] / np.maximum(mean, 1e-300)) ** (4.0 * given["gamma50"]))
        if quantity.measure == "V":
            return (doses >= given["dose_gy"]) @ share
        if quantity.measure == "D":
            return self.ranks(doses, share, given["volume_percent"] / 100.0 - 1e-12)
        if quantity.measure in ("gEUD", "NTCP"):
            a = given["a"] if quantity.measure == "gEUD" else 1.0 / given["n"]
            eud = (doses**a @ share) ** (1.0 / a)
            if quantity.measure == "gEUD":
                return eud
            normal = NormalDist(given["td50_gy"], given["m"] * given["td50_gy"])
            return np.array([normal.cdf(value) for value in eud])
        alpha = given["alpha_per_gy"]
        coldest = doses.min(axis=1)
        survival = np.exp(-alpha * (doses - coldest[:, None])) @ share
        eud = coldest - np.log(survival) / alpha
        return eud if quantity.measure == "EUD" else np.exp(-given["clonogens"] * np.exp(-alpha * eud))

    @staticmethod
    def ranks(doses: Array, share: Array, volume: float) -> Array:
        """The first of the sorted doses that at least the volume receives."""
        order = np.argsort(-doses, axis=1)
        above = np.cumsum(share[order], axis=1)
        at = (above < volume).sum(axis=1).clip(max=doses.shape[1] - 1)
        return np.take_along_axis(doses, np.take_along_axis(order, at[:, None], 1), 1)[:, 0]

    def factors(self, splits: Array, limit: DoseLimit) -> Array:
        """Factor of each split up to which a maximum is met."""
        quantity, level = limit.quantity, limit.value - limit.prior_gy
        given = quantity.parameters
        if quantity.measure == "EUD":
            return self._eud_factors(splits, quantity, level)
        if quantity.measure == "V":
            gy_per_gbq, share = self.structures[quantity.structure]
            above = self.ranks(splits @ gy_per_gbq, share, level + 1e-12)
            return given["dose_gy"] * (1.0 - 1e-6) / np.maximum(above, 1e-300)
        if quantity.measure == "NTCP":
            level = given["td50_gy"] * (1.0 + given["m"] * NormalDist().inv_cdf(level))
            quantity = DoseQuantity(structure=quantity.structure, measure="gEUD", parameters={"a": 1.0 / given["n"]})
        return level / np.maximum(self.values(splits, quantity), 1e-300)

    def _eud_factors(self, splits: Array, quantity: DoseQuantity, level: float) -> Array:
        """By Newton's method from below, which never passes the level."""
        gy_per_gbq, share = self.structures[quantity.structure]
        alpha = quantity.parameters["alpha_per_gy"]
        unit = splits @ gy_per_gbq
        unfed = (unit <= 0.0) @ share
        factors = level / np.maximum(unit @ share, 1e-300)
        for _ in range(60):
            survival = np.exp(-alpha * unit * factors[:, None])
            total = survival @ share
            slope = (survival * unit) @ share / total
            factors = np.minimum(factors + (level + np.log(total) / alpha) / np.maximum(slope, 1e-300), 1e6)
        return np.where((unfed > 0.0) & (level >= -np.log(np.maximum(unfed, 1e-300)) / alpha), 1e6, factors)


def best_of_random(
    plan: VoxelPlan,
    goals: Sequence[str],
    limits: Sequence[str | DoseLimit],
    best: Sequence[float],
    rng: np.random.Generator,
    *,
    count: int,
    activity_limit_gbq: float,
) -> tuple[float, int]:
    """The best goal among random feasible plans at their largest factor, half of them near `best`; and their number."""
    size = len(plan.names)
    wide = rng.dirichlet(np.ones(size), count // 2)
    near = np.maximum(np.asarray(best) * (1.0 + rng.normal(0.0, 0.02, (count - len(wide), size))), 1e-9)
    splits = np.vstack([wide, near / near.sum(axis=1, keepdims=True)])
    many, asked = (
        ManyActivities(plan),
        [each if isinstance(each, DoseLimit) else DoseLimit.from_text(each) for each in limits],
    )
    asked += [DoseLimit.from_text("lungs: mean <= 30 Gy")]
    factors = activity_limit_gbq / splits.max(axis=1)
    for limit in asked:
        if limit.sign == "<=":
            factors = np.minimum(factors, many.factors(splits, limit))
    plans = splits * factors[:, None]
    kept = np.ones(count, bool)
    for limit in asked:
        if limit.sign == ">=":
            kept &= many.values(plans, limit.quantity) >= limit.value
    plans = plans[kept]
    if not len(plans):
        return -np.inf, 0
    values = [many.values(plans, DoseQuantity.from_text(goal)) for goal in goals]
    return float(np.min(values, axis=0).max()), len(plans)
