"""Comparison of a planned and a delivered treatment by activity, shunt, doses of structures, and limits."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isclose
from typing import Any

import numpy as np

import yttria._core as _core

from .._foundation.choices import Method, UncertaintySource
from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, OutOfRangeError
from ..evaluation import StructureDose, UncertainDifference, UncertaintyBudget
from ..evaluation.uncertain_doses import without_empty_uncertainties
from ..geometry.structure import Structure
from ..voxel import DoseResult
from ..voxel.dose_kernel import nuclide_of
from .delivered_activity import activity_and_shunt
from .delivered_limits import DeliveredLimits, delivered_limits
from .delivered_regions import OUTSIDE_FRACTION, known_mass_kg
from .dose_change import DoseChange, split_dose_change
from .microsphere_nuclide import described
from .planned_structure import PlannedStructure, with_uncertainty


@dataclass(frozen=True, kw_only=True)
class TreatmentSide:
    """Values of the whole treatment, as planned or as delivered.

    Parameters
    ----------
    delivered_activity_gbq : float or None
        Activity that entered the patient, or was planned to, in GBq.
    lung_shunt_fraction : float or None
        Share of it that went to the lungs.
    method : str
        Dose model.
    """

    delivered_activity_gbq: float | None
    lung_shunt_fraction: float | None
    method: Method


@dataclass(frozen=True, eq=False, kw_only=True)
class PlanComparison:
    """Comparison of a planned and a delivered treatment. For research use.

    Parameters
    ----------
    planned, delivered : TreatmentSide
        Values of the whole treatment.
    structures : tuple of PlannedStructure
        One row for each structure.
    planned_limits, delivered_limits : DeliveredLimits or None
        The limits of either; None if no guideline was named.
    transform_lps : list of list of float, or None
        Transform of the plan into the space of the delivery.
    advisories : tuple of Advisory
        Advisories on the result.
    uncertainty : tuple of UncertainDifference
        Delivered less planned mean and D70 of each structure whose budgets were given on both sides.
    """

    planned: TreatmentSide
    delivered: TreatmentSide
    structures: tuple[PlannedStructure, ...]
    planned_limits: DeliveredLimits | None
    delivered_limits: DeliveredLimits | None
    transform_lps: list[list[float]] | None
    advisories: tuple[Advisory, ...] = ()
    uncertainty: tuple[UncertainDifference, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain dictionaries and lists, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.compare_plan`.
        """
        limits = {"planned": self.planned_limits, "delivered": self.delivered_limits}
        return {
            "planned": asdict(self.planned),
            "delivered": asdict(self.delivered),
            "structures": without_empty_uncertainties([row.as_dict() for row in self.structures]),
            "uncertainty": [each.as_dict() for each in self.uncertainty],
            "limits": {side: None if found is None else found.as_dict() for side, found in limits.items()},
            "transform_lps": self.transform_lps,
            "advisories": [advisory.as_dict() for advisory in self.advisories],
        }


def compare_plan(
    planned: DoseResult,
    delivered: DoseResult,
    structures: Sequence[Structure],
    *,
    transform_lps: Any = None,
    transform_source: str | None = None,
    delivered_activity_gbq: float | None = None,
    delivered_lung_shunt_fraction: float | None = None,
    limits: Mapping[str, Any] | None = None,
    planned_budgets: Sequence[UncertaintyBudget] = (),
    delivered_budgets: Sequence[UncertaintyBudget] = (),
    common_sources: Sequence[UncertaintySource] = (),
    threads: int | None = None,
) -> PlanComparison:
    """Compare a treatment as delivered with its plan, structure by structure.

    Parameters
    ----------
    planned : DoseResult
        Dose of the plan, such as that of a scan with technetium-99m MAA scaled to the planned activity and shunt.
    delivered : DoseResult
        Dose of the scan after treatment.
    structures : sequence of Structure
        In the space of the delivery. The same structures are evaluated in both.
    transform_lps : array (4, 4), optional
        Registration from the space of the plan to that of the delivery, LPS mm, as `yttria.io.read_transform` gives it.
    transform_source : str, optional
        Source of the transform.
    delivered_activity_gbq, delivered_lung_shunt_fraction : float, optional
        Activity that entered the patient in GBq, and share of it that went to the lungs. By default those that the
        scaling of the delivery states; an absolute scaling states no shunt.
    limits : mapping, optional
        Keyword arguments of `delivered_limits`, such as guideline, device, disease and intent; both sides are compared
        with these limits. An empty mapping takes its defaults. A shunt of the delivery that is given here gives the
        activity in its lungs.
    planned_budgets, delivered_budgets : sequence of UncertaintyBudget, default ()
        Budgets of the doses of structures, such as those of `DoseResult.uncertainty_budgets`. Differences are then
        given in units of their uncertainty too.
    common_sources : sequence of str, default ()
        Sources of uncertainty that plan and delivery have in common, such as "volume" for one set of outlines. Without
        them both are taken as independent.
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    PlanComparison

    Raises
    ------
    GeometryError
        If known frames of reference differ and no transform is given.
    OutOfRangeError
        If activity or shunt are outside their range.
    ArgumentError
        If the doses are of different isotopes, or if `limits` holds an argument that `delivered_limits` does not take.

    Warns
    -----
    plan_structure_cut
        If more than 1 % of a structure's volume lies outside one of the images, so that its change is not split.
    dose_factors_differ
        If the doses have different dose factors of one isotope. Their ratio is a part of the factor "method".
    uncertainty_of_other_dose
        The mean of a budget is not that of the structure.

    Notes
    -----
    The change of each mean dose is split by `split_dose_change`. A transform changes the position of the plan's image,
    and not that of the structures. No dose is interpolated.

    Both doses are those of the microspheres that were planned and given. A plan from a tracer, such as technetium-99m
    MAA, is a dose of their nuclide too. If the isotopes differ, the plan is not one of this treatment.

    Examples
    --------
    A delivery with 10 % less activity than planned, and the same distribution:

    >>> from yttria import RelativeScaling, dose_image
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((6.0, 8.0, 8.0))
    >>> liver = phantom.structures[0]
    >>> plan, given = (
    ...     dose_image(
    ...         phantom.activity,
    ...         scaling=RelativeScaling(liver, lung_shunt_fraction=0.05, delivered_activity_gbq=activity),
    ...     )
    ...     for activity in (2.0, 1.8)
    ... )
    >>> found = compare_plan(plan, given, phantom.structures)
    >>> {cause: round(ratio, 3) for cause, ratio in found.structures[2].change.ratios.items()}
    {'activity': 0.9, 'shunt': 1.0, 'uptake': 1.0, 'mass': 1.0, 'method': 1.0}
    """
    if transform_lps is not None:
        frame = delivered.image.frame_of_reference_uid
        planned = planned.transformed(transform_lps, frame_of_reference_uid=frame, source=transform_source)
    of_factors = _dose_factors(planned, delivered)
    plan = _side(planned)
    given = _stated(_side(delivered), delivered_activity_gbq, delivered_lung_shunt_fraction)
    rows, advisories = _rows((planned, plan), (delivered, given), structures, threads)
    sides: tuple[DeliveredLimits | None, DeliveredLimits | None] = (None, None)
    if limits is not None:
        activity = given.delivered_activity_gbq
        shunted = None
        if activity is not None and delivered_lung_shunt_fraction is not None:
            shunted = activity * delivered_lung_shunt_fraction
        sides = _limits((planned, delivered), structures, limits, shunted, threads)
    rows, found = with_uncertainty(rows, planned_budgets, delivered_budgets, common_sources)
    told = (
        *of_factors,
        *advisories,
        *found.advisories,
        *(each for side in sides if side is not None for each in side.advisories),
    )
    return PlanComparison(
        planned=plan,
        delivered=given,
        structures=rows,
        planned_limits=sides[0],
        delivered_limits=sides[1],
        transform_lps=None if transform_lps is None else np.asarray(transform_lps, dtype=np.float64).tolist(),
        advisories=tuple(dict.fromkeys(told)),
        uncertainty=tuple(found.differences.values()),
    )


def _dose_factors(planned: DoseResult, delivered: DoseResult) -> tuple[Advisory, ...]:
    """Refuse doses of different isotopes, and report different dose factors of one isotope."""
    before, after = (nuclide_of(result.provenance) for result in (planned, delivered))
    if before.isotope != after.isotope:
        raise ArgumentError(
            f"plan and delivery must be of one nuclide: the plan is a dose of {described(before)}, and the delivery is "
            f"one of {described(after)}; compute the plan for the nuclide that was given"
        )
    factors = before.dose_factor_gy_kg_per_gbq, after.dose_factor_gy_kg_per_gbq
    if isclose(*factors, rel_tol=1e-6):
        return ()
    return (
        advise(
            "dose_factors_differ",
            planned=before.name,
            delivered=after.name,
            planned_factor=factors[0],
            delivered_factor=factors[1],
            ratio=factors[1] / factors[0],
        ),
    )


def _stated(side: TreatmentSide, activity_gbq: float | None, shunt: float | None) -> TreatmentSide:
    """Complete a side with the values that the caller states."""
    if activity_gbq is not None:
        value = number("delivered activity in GBq", activity_gbq)
        if not 0.0 < value <= 100.0:
            raise OutOfRangeError(f"delivered activity in GBq must be within (0, 100], got {value:g}")
        side = replace(side, delivered_activity_gbq=value)
    if shunt is not None:
        value = _core.fraction_below_one("lung shunt fraction", number("lung shunt fraction", shunt))
        side = replace(side, lung_shunt_fraction=value)
    return side


def _limits(
    results: tuple[DoseResult, DoseResult],
    structures: Sequence[Structure],
    terms: Mapping[str, Any],
    shunted_gbq: float | None,
    threads: int | None,
) -> tuple[DeliveredLimits, DeliveredLimits]:
    """Compare plan and delivery with limits. The activity in the lungs is that of the delivery."""
    known = inspect.signature(delivered_limits).parameters
    foreign = [name for name in terms if name not in known or name in ("result", "structures", "threads")]
    if foreign:
        raise ArgumentError(f"limits must hold keyword arguments of delivered_limits, got {', '.join(foreign)}")
    of_plan, of_delivery = {**terms, "lung_activity_gbq": None}, dict(terms)
    if shunted_gbq is not None:
        of_delivery["lung_activity_gbq"] = shunted_gbq
    planned, delivered = results
    return (
        delivered_limits(planned, structures, threads=threads, **of_plan),
        delivered_limits(delivered, structures, threads=threads, **of_delivery),
    )


def _side(result: DoseResult) -> TreatmentSide:
    """Make a side with activity and shunt from the scaling."""
    activity, shunt = activity_and_shunt(result.provenance.scaling)
    return TreatmentSide(delivered_activity_gbq=activity, lung_shunt_fraction=shunt, method=result.provenance.method)


def _rows(
    planned: tuple[DoseResult, TreatmentSide],
    delivered: tuple[DoseResult, TreatmentSide],
    structures: Sequence[Structure],
    threads: int | None,
) -> tuple[tuple[PlannedStructure, ...], tuple[Advisory, ...]]:
    rows: list[PlannedStructure] = []
    advisories: list[Advisory] = []
    sides = (planned, delivered)
    tables = [{row.structure: row for row in result.table(structures, threads=threads)} for result, _ in sides]
    inside = [result.voxel_fractions(structures, threads=threads) for result, _ in sides]
    for structure in structures:
        name = structure.name
        before, after = (table[name] for table in tables)
        fractions = [of[name] for of in inside]
        masses = [known_mass_kg(result, of) for (result, _), of in zip(sides, fractions, strict=True)]
        activities = [
            None if result.activity is None else result.activity_mbq(of)
            for (result, _), of in zip(sides, fractions, strict=True)
        ]
        cut = max(before.outside_fraction, after.outside_fraction)
        if cut > OUTSIDE_FRACTION:
            advisories.append(advise("plan_structure_cut", structure=name, outside_fraction=cut))
        rows.append(
            PlannedStructure(
                structure=name,
                planned_volume_ml=before.volume_ml,
                delivered_volume_ml=after.volume_ml,
                planned_mass_kg=masses[0],
                delivered_mass_kg=masses[1],
                planned_activity_mbq=activities[0],
                delivered_activity_mbq=activities[1],
                planned_mean_gy=before.mean_gy,
                delivered_mean_gy=after.mean_gy,
                planned_d70_gy=before.d70_gy,
                delivered_d70_gy=after.d70_gy,
                change=None
                if cut > OUTSIDE_FRACTION
                else _change((before, after), (planned[1], delivered[1]), activities, masses),
            )
        )
    return tuple(rows), tuple(advisories)


def _change(
    doses: tuple[StructureDose, StructureDose],
    sides: tuple[TreatmentSide, TreatmentSide],
    activities_mbq: Sequence[float | None],
    masses_kg: Sequence[float | None],
) -> DoseChange | None:
    means = [row.mean_gy for row in doses]
    if means[0] is None or means[1] is None or min(means[0], means[1]) <= 0.0:
        return None
    known = [None if a is None or a <= 0.0 else a * 1e-3 for a in activities_mbq]
    return split_dose_change(
        means[0],
        means[1],
        planned_activity_gbq=sides[0].delivered_activity_gbq,
        delivered_activity_gbq=sides[1].delivered_activity_gbq,
        planned_lung_shunt_fraction=sides[0].lung_shunt_fraction,
        delivered_lung_shunt_fraction=sides[1].lung_shunt_fraction,
        planned_structure_activity_gbq=known[0],
        delivered_structure_activity_gbq=known[1],
        planned_mass_kg=masses_kg[0],
        delivered_mass_kg=masses_kg[1],
    )
