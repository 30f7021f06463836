"""Delivered activity and its share in the lungs, from the scaling of a dose image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def activity_and_shunt(scaling: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the activity in GBq and the lung shunt fraction of a treatment, None if the scaling does not state them.

    For several injections these are the sum of the activities, and the mean of the shunts weighted by activity.
    """
    if scaling.get("kind") == "injections":
        each = [activity_and_shunt(terms) for terms in scaling["injections"]]
        activities = [activity or 0.0 for activity, _ in each]
        total = sum(activities)
        shunted = sum(activity * (shunt or 0.0) for activity, (_, shunt) in zip(activities, each, strict=True))
        return total, shunted / total if total > 0.0 else None
    shunt = scaling.get("lung_shunt_fraction")
    if scaling.get("reference_activity_mbq") is not None and shunt is not None:
        return scaling["reference_activity_mbq"] * 1e-3 / (1.0 - shunt), shunt
    return scaling.get("administered_activity_gbq"), shunt
