"""Isotope of a dose by the numbers that its record states."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .._core import Nuclide
from .choices import IsotopeName


@lru_cache
def isotope_of_dose(half_life_h: float, dose_factor_gy_kg_per_gbq: float) -> IsotopeName:
    """Return the isotope of a dose by its half-life, which identifies it, and its dose factor."""
    return Nuclide.from_dose_factor(half_life_h, dose_factor_gy_kg_per_gbq).isotope


def isotope_of_record(record: Mapping[str, Any]) -> IsotopeName | None:
    """Return the isotope of a dose or a plan; None if the record does not state both numbers."""
    half_life_h, factor = record.get("half_life_h"), record.get("dose_factor_gy_kg_per_gbq")
    return None if half_life_h is None or factor is None else isotope_of_dose(half_life_h, factor)
