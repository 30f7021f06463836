"""Dose image of several injections from those of 1 GBq each, with activity, densities and uncertainty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._foundation.provenance import Provenance
from ..advisory.bounds import implausible
from ..errors import UndefinedError
from ..geometry.image import Image
from ..voxel import DoseResult
from .dose_functions import Array

#: Advisories on the size of a dose or an activity: those of the sum count.
SIZES = ("voxel_dose_implausible", "field_activity_implausible")


def summed_doses(names: Sequence[str], per_gbq: Sequence[DoseResult], activities: Array) -> DoseResult:
    """Dose image of the activities of all injections; `UndefinedError` if all of them are 0.

    Its provenance is that of the first injection, with the scaling of every injection.
    """
    if not float(activities.sum()) > 0.0:
        raise UndefinedError("doses are undefined without activity: give at least one injection more than 0 GBq")
    first = per_gbq[0]
    array = first.image.array * first.image.array.dtype.type(activities[0])
    for result, activity in zip(per_gbq[1:], activities[1:], strict=True):
        array += result.image.array * array.dtype.type(activity)
    in_field = np.array([result.activity_in_field_mbq for result in per_gbq]).T @ activities
    told = [advisory for result in per_gbq for advisory in result.advisories]
    told += implausible("field_activity_implausible", max(float(in_field[1]), 0.0) * 1e-3)
    told += implausible("voxel_dose_implausible", float(array.max()))
    return replace(
        first,
        image=first.image.with_array(array, "Gy"),
        provenance=_provenance(names, per_gbq, activities),
        advisories=tuple(dict.fromkeys(told)),
        activity_in_field_mbq=type(first.activity_in_field_mbq)(*map(float, in_field)),
        activity=_activity(per_gbq, activities),
        uncertainty=_uncertainty(per_gbq, activities),
        _mean_uncertainties_gy=_mean_uncertainties(per_gbq, activities),
    )


def _provenance(names: Sequence[str], per_gbq: Sequence[DoseResult], activities: Array) -> Provenance:
    terms: list[dict[str, Any]] = []
    for name, result, activity in zip(names, per_gbq, activities, strict=True):
        own = result.provenance.scaling
        of_reference = float(own["reference_activity_mbq"] * activity)
        given = {"injection": name, "delivered_activity_gbq": float(activity), "reference_activity_mbq": of_reference}
        terms.append({**own, **given})
    return replace(
        per_gbq[0].provenance,
        scaling=terms[0] if len(terms) == 1 else {"kind": "injections", "injections": terms},
        mbq_per_ml_per_unit=_unit_mbq_per_ml(per_gbq, activities),
        negative_voxel_count=sum(result.provenance.negative_voxel_count for result in per_gbq),
        negative_fraction=max(result.provenance.negative_fraction for result in per_gbq),
    )


def _unit_mbq_per_ml(per_gbq: Sequence[DoseResult], activities: Array) -> float:
    """Concentration per unit of the image of the largest injection, whose activity is not 0."""
    largest = int(np.argmax(activities))
    return per_gbq[largest].provenance.mbq_per_ml_per_unit * float(activities[largest])


def _activity(per_gbq: Sequence[DoseResult], activities: Array) -> Image | None:
    """Activity image whose values times `_unit_mbq_per_ml` are the concentration of all injections."""
    first = per_gbq[0]
    if first.activity is None or len(activities) == 1:
        return first.activity
    factor = _unit_mbq_per_ml(per_gbq, activities)
    total = np.zeros(first.image.shape)
    for result, activity in zip(per_gbq, activities, strict=True):
        if result.activity is None:
            return None
        total += result.activity.array * (result.provenance.mbq_per_ml_per_unit * float(activity) / factor)
    return first.activity.with_array(total, first.activity.unit)


def _uncertainty(per_gbq: Sequence[DoseResult], activities: Array) -> Image | None:
    """Standard uncertainty of each voxel in Gy: the runs of the injections are independent."""
    first = per_gbq[0].uncertainty
    if first is None:
        return None
    variance = np.zeros(first.shape)
    for result, activity in zip(per_gbq, activities, strict=True):
        if result.uncertainty is None:
            return None
        variance += (result.uncertainty.array * float(activity)) ** 2
    return first.with_array(np.sqrt(variance).astype(first.array.dtype), "Gy")


def _mean_uncertainties(per_gbq: Sequence[DoseResult], activities: Array) -> Mapping[str, float]:
    """Standard uncertainty of the mean dose of each structure that every injection's run knows."""
    known = [result._mean_uncertainties_gy for result in per_gbq]
    return {
        key: math.sqrt(sum((of[key] * float(gbq)) ** 2 for of, gbq in zip(known, activities, strict=True)))
        for key in known[0]
        if all(key in of for of in known)
    }
