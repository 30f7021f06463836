"""Doses of a structure as functions of the activities of several injections, with their bounds.

If doses are not negative, every function here increases with every activity. There are four kinds, because each has its
own linear bound (docs/voxel_plan.md). They are "linear" (means), "concave" and "convex" (equivalent uniform doses), and
"rank" (the dose at a volume).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, log
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FunctionKind = Literal["linear", "concave", "convex", "rank"]

#: Share of a structure's volume below which two volumes count as equal, as in the core's histograms.
VOLUME_ROUNDING = 1e-12
#: Relative distance of doses below the limit on a volume at a dose, which float32 still resolves.
STRICT = 1e-6
#: Largest number of voxels that are sorted directly. With more, a sample first selects those that can have the rank.
_SORTED = 4096
#: Number of sample voxels on either side of the rank between which it is searched, three standard deviations of its
#: position.
_AROUND = 48


class DoseFunction(Protocol):
    """A dose in Gy as a function of the activities in GBq, which grows with each of them."""

    @property
    def kind(self) -> FunctionKind:
        """Kind of bound that the function has."""

    def value(self, activities: Array) -> float:
        """Dose in Gy."""

    def scale_to(self, activities: Array, level_gy: float) -> float:
        """Factor of the activities at which the dose is `level_gy`; infinite if it is never reached."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StructureVoxels:
    """Voxels of one structure: dose per GBq of each injection, shape (injections, voxels), and the fractions inside."""

    gy_per_gbq: Array
    fractions: Array

    @cached_property
    def total(self) -> float:
        """Sum of the fractions inside."""
        return float(self.fractions.sum())

    @cached_property
    def shares(self) -> Array:
        """Share of the structure's volume in each voxel."""
        shares: Array = self.fractions / self.total
        return shares

    def doses(self, activities: Array) -> Array:
        """Compute the dose of each voxel in Gy. Several rows of activities give one row each."""
        doses: Array = np.asarray(activities, dtype=np.float64) @ self.gy_per_gbq
        return doses


@dataclass(frozen=True, eq=False, kw_only=True)
class MeanDose:
    """Mean dose, with one coefficient in Gy per GBq for each injection."""

    gy_per_gbq: Array
    kind: FunctionKind = "linear"

    def value(self, activities: Array) -> float:
        """Dose in Gy."""
        return float(self.gy_per_gbq @ activities)

    def scale_to(self, activities: Array, level_gy: float) -> float:
        """Factor of the activities at which the dose is `level_gy`."""
        return _ratio(level_gy, self.value(activities))


@dataclass(frozen=True, eq=False, kw_only=True)
class RankDose:
    """The highest dose that at least a share of the volume receives; if `strict`, that more than the share receives."""

    voxels: StructureVoxels
    volume_fraction: float
    strict: bool = False
    kind: FunctionKind = "rank"

    def value(self, activities: Array) -> float:
        """Dose in Gy."""
        return self._rank(self.voxels.doses(activities))

    def scale_to(self, activities: Array, level_gy: float) -> float:
        """Factor of the activities at which the dose is `level_gy`, or just below it if `strict`."""
        return _ratio(level_gy * (1.0 - STRICT) if self.strict else level_gy, self.value(activities))

    def is_at_most(self, activities: Array, level_gy: float) -> bool:
        """Whether `scale_to` the level is at least 1, by a sum instead of a rank."""
        level = level_gy * (1.0 - STRICT) if self.strict else level_gy
        fractions = self.voxels.fractions
        above = float(fractions[self.voxels.doses(activities) > level].sum())
        total = self.voxels.total
        volume = self.volume_fraction * total
        return above <= volume + VOLUME_ROUNDING * total if self.strict else above < volume - VOLUME_ROUNDING * total

    def linear_bounds(self, corners: Array, at_corners: Array) -> tuple[Array, Array]:
        """Coefficients of a lower and an upper bound between several mixtures of activities.

        Parameters
        ----------
        corners : array (corners, injections)
            Activities of each corner in GBq.
        at_corners : array (corners)
            `value` of each corner.

        Returns
        -------
        lower, upper : array (corners)
            For weights `w >= 0`: `lower @ w <= value(w @ corners) <= upper @ w`.

        Notes
        -----
        With `r_v = min_j D_v(corner_j) / s_j` for any `s > 0`, a voxel has at least `r_v (s @ w)`, and a rank of
        greater doses is greater. The same with the maximum bounds it from above. Both are exact for one corner.
        """
        doses = self.voxels.doses(corners)
        scales = np.maximum(at_corners, 1e-3 * float(at_corners.max()) or float(doses.max()) or 1.0)
        ratios = doses / scales[:, None]
        return self._rank(ratios.min(axis=0)) * scales, self._rank(ratios.max(axis=0)) * scales

    def _rank(self, doses: Array) -> float:
        return rank_dose(doses, self.voxels.fractions, self.volume_fraction, strict=self.strict)


@dataclass(frozen=True, eq=False, kw_only=True)
class GeneralizedEud:
    """Generalized equivalent uniform dose `(sum v D^a)^(1/a)`, which is convex for `a >= 1` and else concave."""

    voxels: StructureVoxels
    a: float

    @property
    def kind(self) -> FunctionKind:
        """Curvature."""
        return "convex" if self.a >= 1.0 else "concave"

    def value(self, activities: Array) -> float:
        """Dose in Gy."""
        return self._parts(activities)[0]

    def gradient(self, activities: Array) -> Array:
        """Gradient in Gy per GBq of each injection. With `a` below 1, a voxel without dose has none and counts as 0."""
        value, powers, top = self._parts(activities)
        if value == 0.0:
            return np.zeros(len(activities))
        doses = self.voxels.doses(activities) / top
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.where(doses > 0.0, powers / doses, 0.0)
        gradient: Array = (value / top) ** (1.0 - self.a) * (self.voxels.gy_per_gbq @ slopes)
        return gradient

    def scale_to(self, activities: Array, level_gy: float) -> float:
        """Factor of the activities at which the dose is `level_gy`."""
        return _ratio(level_gy, self.value(activities))

    def _parts(self, activities: Array) -> tuple[float, Array, float]:
        """Value, share times power of each voxel, and the largest dose, to which the powers are relative."""
        doses, shares = self.voxels.doses(activities), self.voxels.shares
        top = float(doses.max())
        if top <= 0.0 or (self.a < 0.0 and float(doses.min()) <= 0.0):
            return 0.0, np.zeros_like(doses), max(top, 1.0)
        powers = shares * (doses / top) ** self.a
        return top * float(powers.sum()) ** (1.0 / self.a), powers, top


@dataclass(frozen=True, eq=False, kw_only=True)
class SurvivalEud:
    """Equivalent uniform dose `-ln(sum v e^(-alpha D)) / alpha`, which is concave."""

    voxels: StructureVoxels
    alpha_per_gy: float
    kind: FunctionKind = "concave"

    def value(self, activities: Array) -> float:
        """Dose in Gy."""
        return self._value(self.voxels.doses(activities))[0]

    def gradient(self, activities: Array) -> Array:
        """Gradient in Gy per GBq of each injection."""
        survival = self._value(self.voxels.doses(activities))[1]
        gradient: Array = self.voxels.gy_per_gbq @ survival
        return gradient

    def scale_to(self, activities: Array, level_gy: float) -> float:
        """Factor of the activities at which the dose is `level_gy`; infinite if voxels without dose prevent it."""
        if level_gy <= 0.0:
            return 0.0
        unit = self.voxels.doses(activities)
        mean = float(self.voxels.shares @ unit)
        if mean <= 0.0:
            return inf
        unfed = float(self.voxels.shares[unit <= 0.0].sum())
        if unfed > 0.0 and level_gy >= -log(unfed) / self.alpha_per_gy:
            return inf
        # Newton's method starts at the left. Because the function is concave, no step passes the root.
        scale = level_gy / mean
        for _ in range(200):
            value, survival = self._value(scale * unit)
            step = (level_gy - value) / float(survival @ unit)
            scale += step
            if step <= 1e-14 * scale:
                break
        return scale

    def _value(self, doses: Array) -> tuple[float, Array]:
        """EUD, and each voxel's share of the survival."""
        coldest = float(doses.min())
        survival = self.voxels.shares * np.exp(-self.alpha_per_gy * (doses - coldest))
        total = float(survival.sum())
        return coldest - log(total) / self.alpha_per_gy, survival / total


def rank_dose(doses: Array, fractions: Array, volume_fraction: float, *, strict: bool = False) -> float:
    """The highest dose that at least a share of the volume receives; if `strict`, that more than the share receives.

    Parameters
    ----------
    doses, fractions : array (voxels)
        Doses of voxels, and the fraction of each one inside the structure.
    volume_fraction : float
        Share of the volume, within [0, 1].
    strict : bool
        Whether more than the share has to receive it.

    Returns
    -------
    float
        The dose, or 0 if no dose is received by more than the share.

    Notes
    -----
    Fractions are multiples of 2^-24, so that their sums have no rounding error and do not depend on their order.
    """
    total = float(fractions.sum())
    slack = VOLUME_ROUNDING * total
    volume = volume_fraction * total + (slack if strict else -slack)
    before = len(doses) + 1
    while _SORTED < len(doses) < before:
        before = len(doses)
        doses, fractions, volume = _narrowed(doses, fractions, volume)
    order = np.argsort(-doses)
    above = np.cumsum(fractions[order])
    at = int(np.searchsorted(above, volume, side="right" if strict else "left"))
    if at == len(order):
        return 0.0 if strict else float(doses[order[-1]])
    return float(doses[order[at]])


def _narrowed(doses: Array, fractions: Array, volume: float) -> tuple[Array, Array, float]:
    """Select the voxels near the rank and the remaining volume among them, or all voxels if a sample misses the
    rank."""
    sample = slice(None, None, max(len(doses) // 1024, 1))
    order = np.argsort(-doses[sample])
    sampled, above = doses[sample][order], np.cumsum(fractions[sample][order])
    at = int(np.searchsorted(above, volume / float(fractions.sum()) * above[-1]))
    high = sampled[at - _AROUND] if at >= _AROUND else inf
    low = sampled[at + _AROUND] if at + _AROUND < len(sampled) else -inf
    hotter, inside = doses > high, (doses <= high) & (doses >= low)
    beyond = float(fractions[hotter].sum())
    found = fractions[inside]
    if not beyond < volume < beyond + float(found.sum()):
        return doses, fractions, volume
    return doses[inside], found, volume - beyond


def _ratio(level: float, value: float) -> float:
    return level / value if value > 0.0 else (inf if level > 0.0 else 0.0)


def tangent(function: Any, activities: Array) -> tuple[Array, float]:
    """Gradient and constant of the tangent plane: at least a concave function, at most a convex one."""
    gradient = function.gradient(activities)
    return gradient, function.value(activities) - float(gradient @ activities)
