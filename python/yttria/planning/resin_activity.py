"""Activity of resin microspheres by body surface area or involvement, and the factors that reduce it.

Every liver or treated volume includes the tumor in it. The lung-shunt table belongs to these models alone: a partition
calculation already contains the lungs, and `ResinActivity` is the only thing here that the table can be applied to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import yttria._core as _core

from .._foundation.choices import ShuntBoundary
from .._foundation.numbers import number
from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError, ContraindicatedError
from .vial_content import VIAL_CODES, vial_content


@dataclass(frozen=True, kw_only=True)
class ActivityFactor:
    """One reduction that was applied, and why."""

    factor: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class ResinActivity:
    """An activity to be delivered, by which model, and the factors applied to it so far."""

    delivered_activity_gbq: float
    model: str
    tumor_involvement_fraction: float
    factors: tuple[ActivityFactor, ...] = ()
    advisories: tuple[Advisory, ...] = ()

    def reduced_for_lung_shunt(
        self,
        lung_shunt_fraction: float,
        *,
        boundary: ShuntBoundary = "lower_inclusive",
        override_factor: float | None = None,
    ) -> ResinActivity:
        """The activity after the lung-shunt table; see `lung_shunt_reduction` for arguments and errors."""
        reduction = lung_shunt_reduction(lung_shunt_fraction, boundary=boundary, override_factor=override_factor)
        reason = f"lung shunt fraction {reduction.lung_shunt_fraction:g}, table read {boundary}"
        return self._times(ActivityFactor(factor=reduction.factor, reason=reason), reduction.advisories)

    def adjusted_by_physician(self, factor: float, *, reason: str) -> ResinActivity:
        """The activity times an explicit factor in (0, 1], with the reason for it.

        Reductions for a small liver, chemotherapy, raised bilirubin or cirrhosis are a decision, usually of 10 to 30 %
        (kennedy2007); none is ever implied. Raises `ArgumentError` for an empty reason, `OutOfRangeError` for a factor
        outside (0, 1].
        """
        factor = _core.physician_factor(number("physician factor", factor))
        if not isinstance(reason, str) or not reason.strip():
            raise ArgumentError("reason of the physician factor must be given")
        return self._times(ActivityFactor(factor=factor, reason=reason.strip()), ())

    def _times(self, factor: ActivityFactor, advisories: tuple[Advisory, ...]) -> ResinActivity:
        activity = self.delivered_activity_gbq * factor.factor
        kept = tuple(a for a in self.advisories if a.code not in VIAL_CODES)
        return replace(
            self,
            delivered_activity_gbq=activity,
            factors=(*self.factors, factor),
            advisories=(*kept, *advisories, *vial_content(activity, "resin")),
        )


@dataclass(frozen=True, kw_only=True)
class LungShuntReduction:
    """The factor that the lung-shunt table gives.

    `on_boundary` says that the unrounded fraction sits on 0.10, 0.15 or 0.20, which the printed table puts in two rows;
    the advisory `on_boundary` also comes where only the rounded percentage does.
    """

    factor: float
    lung_shunt_fraction: float
    boundary: ShuntBoundary
    on_boundary: bool
    advisories: tuple[Advisory, ...] = ()

    def unreduced_activity_gbq(self, reduced_activity_gbq: float) -> float:
        """The activity that this reduction would have turned into the given one."""
        return number("reduced activity in GBq", reduced_activity_gbq) / self.factor


def bsa_activity(
    body_surface_area_m2: float, *, tumor_volume_ml: float, liver_volume_incl_tumor_ml: float
) -> ResinActivity:
    """`A [GBq] = (BSA - 0.2) + V_tumor / V_liver` for the whole liver.

    Source: sirspheres-ifu; the two-term form stands in the thesis of van Roekel (vanroekel).
    `V_liver` includes the tumor; another reading adds it once more (`bsa_liver_counts_tumor_twice` of
    `yttria.conformance.known_errors`).
    Raises `OutOfRangeError` for a body surface area of at most 0.2 m^2, a volume that is not positive, a tumor larger
    than the liver. Advises for an activity outside 0.3-3 GBq (`activity_below_usual`, `activity_above_vial`) and an
    involvement above 70 % (`involvement_above_70_percent`).
    """
    bsa, tumor, liver = _volumes(body_surface_area_m2, tumor_volume_ml, liver_volume_incl_tumor_ml)
    return _result(_core.resin_bsa_gbq(bsa, tumor, liver), "bsa", tumor / liver)


def modified_bsa_activity(
    body_surface_area_m2: float,
    *,
    tumor_volume_in_treated_ml: float,
    treated_volume_incl_tumor_ml: float,
    liver_volume_incl_tumor_ml: float,
) -> ResinActivity:
    """`A = (BSA - 0.2 + V_tumor,treated / V_treated) V_treated / V_liver` for a lobe or a segment.

    Source: kao2011. Errors and advisories as `bsa_activity`, and
    `OutOfRangeError` for a treated volume larger than the liver.
    """
    bsa, tumor, liver = _volumes(body_surface_area_m2, tumor_volume_in_treated_ml, liver_volume_incl_tumor_ml)
    treated = number("treated volume in mL", treated_volume_incl_tumor_ml)
    return _result(_core.resin_modified_bsa_gbq(bsa, tumor, treated, liver), "modified_bsa", tumor / treated)


def simple_lobar_bsa_activity(
    body_surface_area_m2: float,
    *,
    tumor_volume_ml: float,
    treated_volume_incl_tumor_ml: float,
    liver_volume_incl_tumor_ml: float,
) -> ResinActivity:
    """The whole-liver activity of `bsa_activity` times `V_treated / V_liver`.

    A rule met in practice; not the modified BSA, from which it differs unless the tumor is spread evenly. Errors and
    advisories as `modified_bsa_activity`.
    """
    bsa, tumor, liver = _volumes(body_surface_area_m2, tumor_volume_ml, liver_volume_incl_tumor_ml)
    treated = number("treated volume in mL", treated_volume_incl_tumor_ml)
    return _result(_core.resin_simple_lobar_bsa_gbq(bsa, tumor, treated, liver), "simple_lobar_bsa", tumor / liver)


def empirical_activity(tumor_involvement_fraction: float, *, treated_fraction_of_liver: float = 1.0) -> ResinActivity:
    """2.0 GBq up to 25 % involvement, 2.5 up to 50 %, 3.0 above, times the treated fraction of the liver.

    Sources: sirspheres-ifu, kennedy2007. Always advises `obsolete`. Raises
    `OutOfRangeError` for a fraction outside [0, 1] (a percentage is named as such).
    """
    involvement = number("tumor involvement fraction", tumor_involvement_fraction)
    treated = number("treated fraction of the liver", treated_fraction_of_liver)
    activity = _core.resin_empirical_gbq(involvement, treated)
    return _result(activity, "empirical", involvement, (advise("obsolete"),))


def lung_shunt_reduction(
    lung_shunt_fraction: float,
    *,
    boundary: ShuntBoundary = "lower_inclusive",
    override_factor: float | None = None,
) -> LungShuntReduction:
    """The factor on a BSA or empirical activity for a lung shunt fraction.

    Below 10 %: 1; 10 to 15 %: 0.8; 15 to 20 %: 0.6; above 20 %: do not treat (sirspheres-ifu). The printed table names
    10 and 15 % in two rows each: `lower_inclusive` puts a boundary into the row with the lower activity,
    `upper_inclusive` into the one with the higher.

    Above 20 % this raises `ContraindicatedError`, unless `override_factor` in (0, 1] states the factor to use instead;
    the result then says so (`contraindication_overridden`). An override where the table has a factor is an
    `ArgumentError`: use `ResinActivity.adjusted_by_physician`. Raises `OutOfRangeError` outside [0, 1],
    `UnknownNameError` for another convention.
    """
    shunt = number("lung shunt fraction", lung_shunt_fraction)
    advisories: tuple[Advisory, ...] = ()
    try:
        factor = _core.lung_shunt_factor(shunt, boundary)
    except ContraindicatedError:
        if override_factor is None:
            raise
        factor = _core.physician_factor(number("override factor", override_factor))
        advisories = (advise("contraindication_overridden", lung_shunt_fraction=shunt),)
    else:
        if override_factor is not None:
            raise ArgumentError(
                "override_factor must not be given: the table has a factor for this lung shunt fraction"
            )
    exact, rounded = _core.lung_shunt_boundaries(shunt)
    edge = rounded if exact is None else exact
    if edge is not None:
        terms: dict[str, Any] = {"lung_shunt_fraction": shunt, "boundary": edge, "factor": factor}
        if exact is None:
            advisories += (advise("on_boundary", "rounded", severity="note", **terms),)
        else:
            row = "lower" if boundary == "lower_inclusive" else "higher"
            advisories += (advise("on_boundary", "exact", severity="warning", row=row, **terms),)
    return LungShuntReduction(
        factor=factor,
        lung_shunt_fraction=shunt,
        boundary=boundary,
        on_boundary=exact is not None,
        advisories=advisories,
    )


def _volumes(bsa: float, tumor: float, liver: float) -> tuple[float, float, float]:
    return (
        number("body surface area in m^2", bsa),
        number("tumor volume in mL", tumor),
        number("liver volume in mL", liver),
    )


def _result(
    activity_gbq: float, model: str, involvement: float, advisories: tuple[Advisory, ...] = ()
) -> ResinActivity:
    advisories += advise_if("involvement_above_70_percent", tumor_involvement_fraction=involvement)
    return ResinActivity(
        delivered_activity_gbq=activity_gbq,
        model=model,
        tumor_involvement_fraction=involvement,
        factors=(),
        advisories=(*advisories, *vial_content(activity_gbq, "resin")),
    )
