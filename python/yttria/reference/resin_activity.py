"""Activity of resin microspheres in GBq. Every liver or treated volume includes the tumor in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def bsa_activity(
    body_surface_area_m2: ArrayLike, tumor_volume_ml: ArrayLike, liver_volume_incl_tumor_ml: ArrayLike
) -> Any:
    """`(BSA - 0.2) + V_tumor / V_liver`."""
    return np.subtract(body_surface_area_m2, 0.2) + np.divide(tumor_volume_ml, liver_volume_incl_tumor_ml)


def modified_bsa_activity(
    body_surface_area_m2: ArrayLike,
    tumor_volume_in_treated_ml: ArrayLike,
    treated_volume_incl_tumor_ml: ArrayLike,
    liver_volume_incl_tumor_ml: ArrayLike,
) -> Any:
    """The whole-liver formula for the treated part alone, times that part's share of the liver."""
    of_the_part = bsa_activity(body_surface_area_m2, tumor_volume_in_treated_ml, treated_volume_incl_tumor_ml)
    return of_the_part * np.divide(treated_volume_incl_tumor_ml, liver_volume_incl_tumor_ml)


def simple_lobar_bsa_activity(
    body_surface_area_m2: ArrayLike,
    tumor_volume_ml: ArrayLike,
    treated_volume_incl_tumor_ml: ArrayLike,
    liver_volume_incl_tumor_ml: ArrayLike,
) -> Any:
    """The whole liver's activity, times the treated part's share of the liver."""
    whole = bsa_activity(body_surface_area_m2, tumor_volume_ml, liver_volume_incl_tumor_ml)
    return whole * np.divide(treated_volume_incl_tumor_ml, liver_volume_incl_tumor_ml)


def empirical_activity(tumor_involvement_fraction: ArrayLike) -> Any:
    """2.0 GBq up to 25 % involvement, 2.5 up to 50 %, 3.0 above."""
    x = np.asarray(tumor_involvement_fraction)
    return np.select([x <= 0.25, x <= 0.5], [2.0, 2.5], 3.0)


def lung_shunt_reduction(lung_shunt_fraction: ArrayLike, boundary: str = "lower_inclusive") -> Any:
    """1 below 10 %, 0.8 to 15 %, 0.6 to 20 %, not a number above; a boundary goes down a row, or up where asked."""
    x = np.asarray(lung_shunt_fraction)
    beyond = np.greater if boundary == "upper_inclusive" else np.greater_equal
    return np.select([x > 0.20, beyond(x, 0.15), beyond(x, 0.10)], [np.nan, 0.6, 0.8], 1.0)
