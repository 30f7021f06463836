"""The partition model of one patient: tumors that take up more per mass than the perfused normal liver, and the lungs.

`partition_doses` and `partition_activities` are the same model over arrays, for many patients or many assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import _core
from .._core import Nuclide
from .._foundation.numbers import number, optional_number
from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError, OutOfRangeError
from .tumor_to_normal import ratio_advisories
from .vial_content import vial_content

#: What earlier treatments may have given a dose to, by the kind of the limit that counts it.
_TISSUES = {
    "normal_perfused": "perfused normal liver",
    "normal_whole": "whole normal liver",
    "lung_cumulative": "lungs",
}


@dataclass(frozen=True)
class Tumor:
    """A tumor, or the part of one that lies in the territory.

    `tumor_to_normal_ratio` is a ratio of activity concentrations per mass, tumor to perfused normal liver (not Kao's
    ratio of activities: `tumor_to_normal_ratio_from_activity_ratio`). `None` is for the only tumor of a territory
    without perfused normal liver, where it cancels.
    """

    mass_kg: float
    tumor_to_normal_ratio: float | None
    name: str = ""


@dataclass(frozen=True)
class PartitionDoses:
    """Mean doses of one delivered activity. `None` where there is no such tissue, or its mass is not given."""

    delivered_activity_gbq: float
    vial_activity_gbq: float
    tumor_doses_gy: tuple[float, ...]
    normal_perfused_dose_gy: float | None
    normal_whole_dose_gy: float | None
    perfused_mean_dose_gy: float
    lung_dose_gy: float
    liver_energy_j: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True)
class PartitionLimits:
    """What may bind the activity; `None` is no limit. A prior dose counts against its limit.

    Nothing here has a default value: `yttria.planning.dose_limits` is the table of what guidelines say, for which
    device and which tissue. `normal_perfused_gy` and `normal_whole_gy` are different tissues with different limits.
    `lung_cumulative_gy` alone counts `prior_lung_dose_gy`. `delivered_activity_gbq` is what a product can deliver.
    """

    normal_perfused_gy: float | None = None
    normal_whole_gy: float | None = None
    lung_gy: float | None = None
    lung_cumulative_gy: float | None = None
    delivered_activity_gbq: float | None = None
    prior_normal_perfused_dose_gy: float = 0.0
    prior_normal_whole_dose_gy: float = 0.0
    prior_lung_dose_gy: float = 0.0


@dataclass(frozen=True)
class ActivityAtLimit:
    """The delivered activity at which one limit is reached: `None` if never, 0 if it already is."""

    kind: str
    limit: float
    prior_gy: float
    delivered_activity_gbq: float | None
    binding: bool


@dataclass(frozen=True)
class MaximumActivity:
    """The largest delivered activity under all limits, and what stands in its way.

    `binding` names the limits within 1e-9 of the least. `delivered_activity_gbq` is `None` where nothing limits. With a
    target, `target_reachable` says whether its activity is at most the largest one.
    """

    delivered_activity_gbq: float | None
    binding: tuple[str, ...]
    at_limits: tuple[ActivityAtLimit, ...]
    doses: PartitionDoses | None
    target: PartitionDoses | None = None
    target_reachable: bool | None = None
    advisories: tuple[Advisory, ...] = ()

    def activity_at(self, kind: str) -> float | None:
        """The activity at the limit of that kind; `None` where it was not given or is never reached."""
        return next((at.delivered_activity_gbq for at in self.at_limits if at.kind == kind), None)


@dataclass(frozen=True)
class PartitionModel:
    """One territory: its tumors, the normal liver that is perfused with them, the shunt and the lungs.

    `W = m_N + sum_i r_i m_i`, `D_N = C A (1 - L) / W`, `D_i = r_i D_N`, `D_lung = C A L / m_lung`, with the delivered
    activity `A`. Sources: ho1996, vanroekel.
    `normal_total_mass_kg` includes the unperfused normal liver; whole-normal doses need it. The activities that the
    model returns are `A` and, before the residual, what must be in the vial.

    Raises `OutOfRangeError` for a mass or ratio that is not positive, a perfused normal mass below 0 or above the
    total, a shunt or residual outside [0, 1), lungs outside 0.3-2.5 kg; `UndefinedError` without a tumor, or
    without a ratio if it does not cancel. Results warn with `ratio_below_1`, `ratio_above_20`,
    `lung_shunt_above_20_percent`, `activity_above_vial`.
    """

    tumors: tuple[Tumor, ...]
    normal_perfused_mass_kg: float
    lung_shunt_fraction: float
    normal_total_mass_kg: float | None = None
    lung_mass_kg: float = 1.0
    residual_fraction: float = 0.0
    nuclide: Nuclide = field(default_factory=Nuclide)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tumors", tuple(self.tumors))
        _core.fraction_below_one("residual fraction", number("residual fraction", self.residual_fraction))
        self._model()

    def doses(self, delivered_activity_gbq: float) -> PartitionDoses:
        """The doses of a delivered activity; `OutOfRangeError` outside 0-100 GBq."""
        activity = number("delivered activity in GBq", delivered_activity_gbq)
        return self._doses(activity, self._model().doses(activity))

    def activity_for_tumor_dose(self, target_dose_gy: float, *, tumor: int = 0) -> PartitionDoses:
        """The activity for a mean dose to one tumor, `A = D W / (r C (1 - L))`, and all doses it gives.

        `OutOfRangeError` for a target outside (0, 2000] Gy or an index that names no tumor.
        """
        target = number("target tumor dose in Gy", target_dose_gy)
        return self._doses(*self._model().activity_for_tumor_dose(target, self._index(tumor)))

    def maximum_activity(
        self, limits: PartitionLimits, *, target_tumor_dose_gy: float | None = None, tumor: int = 0
    ) -> MaximumActivity:
        """The largest activity under all limits, every limit's own activity, and whether a target is reachable.

        Perfused normal: `A = (D - D_prior) W / (C (1 - L))`; whole normal: that times `m_N,total / m_N`; lungs:
        `(D - D_prior) m_lung / (C L)`. Raises `OutOfRangeError` for a limit that is not positive or a negative prior
        dose, `UndefinedError` for a whole-normal limit without the total normal mass. A prior dose at or beyond its
        limit leaves 0 GBq and warns with `lung_cumulative_limit_already_exceeded` (or `normal_perfused_`,
        `normal_whole_`); one without its limit warns with `prior_dose_not_counted`.
        """
        given = _given(limits)
        at, least, row = self._model().maximum_activity(
            (
                (given["lung"][0], *given["lung_cumulative"]),
                [given["normal_perfused"]],
                given["normal_whole"],
                [given["activity"][0]],
            )
        )
        at_limits = tuple(
            ActivityAtLimit(kind, limit, prior, activity, binds)
            for kind, activity, binds in at
            for limit, prior in [given[kind]]
            if limit is not None
        )
        doses = None if least is None or row is None else self._doses(least, row)
        found = [
            advise(f"{a.kind}_limit_already_exceeded", tissue=_TISSUES[a.kind], prior_gy=a.prior_gy, limit_gy=a.limit)
            for a in at_limits
            if a.delivered_activity_gbq == 0.0
        ]
        found += [
            advise("prior_dose_not_counted", tissue=_TISSUES[kind], prior_gy=prior)
            for kind, limit, prior in _every(limits)
            if limit is None and kind in _TISSUES and number(f"{kind} prior dose", prior) > 0.0
        ]
        target, reachable = None, None
        if target_tumor_dose_gy is not None:
            target = self.activity_for_tumor_dose(target_tumor_dose_gy, tumor=tumor)
            reachable = least is None or target.delivered_activity_gbq <= least
        names = tuple(a.kind for a in at_limits if a.binding)
        return MaximumActivity(least, names, at_limits, doses, target, reachable, (*found, *self._advisories()))

    def _model(self) -> _core.Treatment:
        tumors = [
            (
                i,
                number("tumor mass in kg", t.mass_kg),
                optional_number("tumor-to-normal ratio", t.tumor_to_normal_ratio),
            )
            for i, t in enumerate(self.tumors)
        ]
        normal = number("perfused normal liver mass in kg", self.normal_perfused_mass_kg)
        total = optional_number("total normal liver mass in kg", self.normal_total_mass_kg)
        shunt = number("lung shunt fraction", self.lung_shunt_fraction)
        lung = number("lung mass in kg", self.lung_mass_kg)
        lesions = [(str(i), "disjoint", 0.0) for i, *_ in tumors]
        return _core.Treatment([("", shunt, normal, tumors)], lesions, total, lung, self.nuclide)

    def _doses(self, activity: float, row: _core._PartitionDoses) -> PartitionDoses:
        normal, whole, tumors, mean, lung, energy = row
        in_vial = activity / (1.0 - self.residual_fraction)
        advisories = (*self._advisories(), *vial_content(in_vial))
        return PartitionDoses(activity, in_vial, tuple(tumors), normal, whole, mean, lung, energy, advisories)

    def _index(self, tumor: int) -> int:
        needed = f"tumor must be an index from 0 to {len(self.tumors) - 1}, got {tumor!r}"
        if isinstance(tumor, bool) or not isinstance(tumor, int):
            raise ArgumentError(needed)
        if not 0 <= tumor < len(self.tumors):
            raise OutOfRangeError(needed)
        return tumor

    def _advisories(self) -> tuple[Advisory, ...]:
        found = list(advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=self.lung_shunt_fraction))
        for i, tumor in enumerate(self.tumors):
            if tumor.tumor_to_normal_ratio is not None:
                found += ratio_advisories(tumor.tumor_to_normal_ratio, f" of {tumor.name or f'tumor {i}'}")
        return tuple(found)


def _given(limits: PartitionLimits) -> dict[str, tuple[float | None, float]]:
    """Each limit and its prior dose, by its kind."""
    return {
        kind: (None if limit is None else number(f"{kind} limit", limit), number(f"{kind} prior dose", prior))
        for kind, limit, prior in _every(limits)
    }


def _every(limits: PartitionLimits) -> tuple[tuple[str, float | None, float], ...]:
    return (
        ("normal_perfused", limits.normal_perfused_gy, limits.prior_normal_perfused_dose_gy),
        ("normal_whole", limits.normal_whole_gy, limits.prior_normal_whole_dose_gy),
        ("lung", limits.lung_gy, 0.0),
        ("lung_cumulative", limits.lung_cumulative_gy, limits.prior_lung_dose_gy),
        ("activity", limits.delivered_activity_gbq, 0.0),
    )
