"""Lung shunt fraction from planar views or SPECT, and lung dose.

The 30 Gy limit was derived with planar shunt fractions and 1 kg: changing only one of the two changes what it means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import yttria._core as _core

from .._core import Nuclide
from .._foundation.choices import LungShuntMethod
from .._foundation.numbers import default_nuclide, number
from ..advisory import Advisory, advise, advise_if
from ..errors import OutOfRangeError, ShapeError

Counts = float | Sequence[float]


#: Limits of one administration and of all (lung-practice).
LUNG_LIMIT_GY, CUMULATIVE_LUNG_LIMIT_GY = 30.0, 50.0


@dataclass(frozen=True, kw_only=True)
class LungShunt:
    """A lung shunt fraction, and the (net, geometric mean, or SPECT) counts it came from."""

    lung_shunt_fraction: float
    method: LungShuntMethod
    lung_counts: float
    liver_counts: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LungDose:
    """The lung dose of one administration, alone and with what the lungs had before."""

    lung_dose_gy: float
    cumulative_lung_dose_gy: float
    lung_mass_kg: float
    advisories: tuple[Advisory, ...] = ()


def planar_lung_shunt_fraction(
    *,
    lung_anterior_counts: Counts,
    lung_posterior_counts: Counts,
    liver_anterior_counts: Counts,
    liver_posterior_counts: Counts,
    background_counts_per_pixel: float | tuple[float, float] = 0.0,
    lung_pixels: float = 0.0,
    liver_pixels: float = 0.0,
    extrahepatic_anterior_counts: Counts = 0.0,
    extrahepatic_posterior_counts: Counts = 0.0,
    lung_transmission: float = 1.0,
    liver_transmission: float = 1.0,
) -> LungShunt:
    """`G_lung / (G_lung + G_liver)` with the geometric mean `G = sqrt(anterior posterior / t)` of net counts.

    `lung_transmission` and `liver_transmission` are the share t of the photons that the whole body lets through from
    front to back at the organ, within (0, 1]; 1 corrects nothing.

    Counts of several regions (right and left lung) are a sequence, summed per view before the mean; a sum of geometric
    means is another number. The background, one number or (anterior, posterior), is subtracted per pixel of each view.
    Extrahepatic abdominal uptake belongs to neither organ. Source: bmc2022, equation 1.

    Raises `OutOfRangeError` for a negative count, for counts less background below 0, and for a view of the lungs or
    the liver without counts: a geometric mean with a view that is missing would be 0.
    Advises `lung_shunt_above_20_percent`, `planar_only` (above 0.10: planar views overestimate; allred2018 up to 44 %
    in a phantom, cvir2020 8.3 against 3.3 % in 293 patients) and `extrahepatic_uptake` (above 10 % of all counts).
    """
    background = background_counts_per_pixel
    pair = background if isinstance(background, tuple) else (background, background)
    if len(pair) != 2:
        raise ShapeError(f"background counts per pixel must be one number or (anterior, posterior), got {len(pair)}")
    per_pixel = [number("background counts per pixel", b) for b in pair]
    for region, anterior, posterior in (
        ("lung", lung_anterior_counts, lung_posterior_counts),
        ("liver", liver_anterior_counts, liver_posterior_counts),
    ):
        for view, counts in (("anterior", anterior), ("posterior", posterior)):
            quantity = f"{region} {view} counts"
            if _core.non_negative(quantity, _sum(quantity, counts)) == 0.0:
                raise OutOfRangeError(f"{quantity} must be > 0, got 0: the geometric mean needs both views")
    lung = _mean("lung", lung_anterior_counts, lung_posterior_counts, per_pixel, lung_pixels)
    liver = _mean("liver", liver_anterior_counts, liver_posterior_counts, per_pixel, liver_pixels)
    lung /= math.sqrt(_transmission("lung", lung_transmission))
    liver /= math.sqrt(_transmission("liver", liver_transmission))
    other = _mean("extrahepatic", extrahepatic_anterior_counts, extrahepatic_posterior_counts, [0.0, 0.0], 0.0)
    fraction = _core.lung_shunt_fraction(lung, liver, 1.0)
    found = list(advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=fraction))
    found += advise_if("planar_only", lung_shunt_fraction=fraction)
    found += advise_if("extrahepatic_uptake", extrahepatic_fraction=other / (other + lung + liver))
    return LungShunt(
        lung_shunt_fraction=fraction,
        method="planar geometric mean",
        lung_counts=lung,
        liver_counts=liver,
        advisories=tuple(found),
    )


def spect_lung_shunt_fraction(
    *, lung_counts: Counts, liver_counts: Counts, lung_fraction_in_field_of_view: float = 1.0
) -> LungShunt:
    """`c_lung / (c_lung + c_liver)` of attenuation- and scatter-corrected counts.

    A voxel in both masks belongs to the liver. Where only a part of the lungs' volume was in the field of view, their
    counts are scaled up by it. Sources: taranis, kost2016.

    Raises `OutOfRangeError` for negative counts, a liver without counts, or less than half of the lungs in view.
    Advises `lung_partly_in_view` below 0.85 and `lung_shunt_above_20_percent`.
    """
    in_view = number("lung fraction in the field of view", lung_fraction_in_field_of_view)
    lung, liver = _sum("lung counts", lung_counts), _sum("liver counts", liver_counts)
    fraction = _core.lung_shunt_fraction(lung, liver, in_view)
    found = list(advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=fraction))
    found += advise_if("lung_partly_in_view", fraction_in_view=in_view)
    return LungShunt(
        lung_shunt_fraction=fraction,
        method="SPECT",
        lung_counts=lung / in_view,
        liver_counts=liver,
        advisories=tuple(found),
    )


def scatter_corrected_counts(
    *, main_window_counts: float, lower_window_counts: float, main_window_kev: float, lower_window_kev: float
) -> float:
    """Dual energy window: `C_main - (C_lower / W_lower) (W_main / 2)`, widths in keV.

    Source: bmc2022, equation 2. Raises `OutOfRangeError` for negative counts, for a width that is
    not positive, and where the scatter exceeds the main window.
    """
    return _core.scatter_corrected_counts(
        number("main window counts", main_window_counts),
        number("lower window counts", lower_window_counts),
        number("main window width in keV", main_window_kev),
        number("lower window width in keV", lower_window_kev),
    )


def lung_dose(
    delivered_activity_gbq: float,
    *,
    lung_shunt_fraction: float,
    lung_mass_kg: float = 1.0,
    prior_lung_dose_gy: float = 0.0,
    lung_limit_gy: float | None = LUNG_LIMIT_GY,
    cumulative_lung_limit_gy: float | None = CUMULATIVE_LUNG_LIMIT_GY,
    nuclide: Nuclide | None = None,
) -> LungDose:
    """`C A L / m_lung`, with the delivered activity `A`; not `C A (1 - L)`, and not the vial's activity.

    The limits of 30 Gy in one administration and 50 Gy over all are compared with, not enforced; `None` asks for no
    comparison (lung-practice). Raises `OutOfRangeError` for a negative activity or prior
    dose, a shunt outside [0, 1], lungs outside 0.3-2.5 kg. Advises `lung_dose_above_limit` and
    `cumulative_lung_dose_above_limit`.
    """
    activity = number("delivered activity in GBq", delivered_activity_gbq)
    shunt, mass = number("lung shunt fraction", lung_shunt_fraction), number("lung mass in kg", lung_mass_kg)
    prior = _core.non_negative("prior lung dose in Gy", number("prior lung dose in Gy", prior_lung_dose_gy))
    dose = _core.lung_dose_gy(activity, shunt, mass, default_nuclide(nuclide))
    found = (
        *lung_dose_advisories(dose, lung_limit_gy),
        *cumulative_lung_dose_advisories(prior + dose, cumulative_lung_limit_gy),
    )
    return LungDose(lung_dose_gy=dose, cumulative_lung_dose_gy=prior + dose, lung_mass_kg=mass, advisories=found)


def lung_mass_for_dose_kg(
    lung_dose_gy: float,
    *,
    delivered_activity_gbq: float,
    lung_shunt_fraction: float,
    nuclide: Nuclide | None = None,
) -> float:
    """The lung mass `C A L / D` in kg that would give a dose; not held to the domain of a lung: it may be absurd."""
    activity = number("delivered activity in GBq", delivered_activity_gbq)
    shunt, dose = number("lung shunt fraction", lung_shunt_fraction), number("lung dose in Gy", lung_dose_gy)
    return _core.lung_mass_for_dose_kg(activity, shunt, dose, default_nuclide(nuclide))


def lung_shunt_for_dose(
    lung_dose_gy: float, *, delivered_activity_gbq: float, lung_mass_kg: float = 1.0, nuclide: Nuclide | None = None
) -> float:
    """The lung shunt fraction `D m_lung / (C A)` that would give a dose; `OutOfRangeError` where it would exceed 1."""
    activity = number("delivered activity in GBq", delivered_activity_gbq)
    mass, dose = number("lung mass in kg", lung_mass_kg), number("lung dose in Gy", lung_dose_gy)
    return _core.lung_shunt_for_dose(activity, mass, dose, default_nuclide(nuclide))


def _sum(quantity: str, counts: Counts) -> float:
    """Counts of one or several regions; each is checked before the sum can hide a negative one."""
    if isinstance(counts, Sequence | np.ndarray) and not isinstance(counts, str):
        return math.fsum(_core.non_negative(quantity, number(quantity, c)) for c in counts)
    return number(quantity, counts)


def _mean(region: str, anterior: Counts, posterior: Counts, background: list[float], pixels: float) -> float:
    views = [_sum(f"{region} anterior counts", anterior), _sum(f"{region} posterior counts", posterior)]
    return _core.geometric_mean_counts(region, views, background, number(f"{region} pixels", pixels))


def _transmission(region: str, given: float) -> float:
    value = number(f"{region} transmission", given)
    if not 0.0 < value <= 1.0:
        raise OutOfRangeError(f"{region} transmission must be within (0, 1], got {value:g}")
    return value


def lung_dose_advisories(
    lung_dose_gy: float, lung_limit_gy: float | None, *, rounding: float = 0.0
) -> tuple[Advisory, ...]:
    """Compare the lung dose of one administration with its limit; None asks for no comparison.

    A dose that exceeds the limit by no more than the fraction `rounding` keeps it.
    """
    if lung_limit_gy is None:
        return ()
    limit = number("lung dose limit in Gy", lung_limit_gy)
    if not lung_dose_gy > limit * (1.0 + rounding):
        return ()
    source = _source(limit, LUNG_LIMIT_GY)
    return (advise("lung_dose_above_limit", source=source, lung_dose_gy=lung_dose_gy, lung_limit_gy=limit),)


def cumulative_lung_dose_advisories(
    dose_gy: float, limit_gy: float | None, *, rounding: float = 0.0
) -> tuple[Advisory, ...]:
    """Compare the lung dose of all administrations with its limit, as `lung_dose_advisories`."""
    if limit_gy is None:
        return ()
    limit = number("cumulative lung dose limit in Gy", limit_gy)
    if not dose_gy > limit * (1.0 + rounding):
        return ()
    return (
        advise(
            "cumulative_lung_dose_above_limit",
            source=_source(limit, CUMULATIVE_LUNG_LIMIT_GY),
            cumulative_lung_dose_gy=dose_gy,
            cumulative_lung_limit_gy=limit,
        ),
    )


def _source(limit_gy: float, usual_gy: float) -> str:
    return "lung-practice" if limit_gy == usual_gy else "value-of-the-caller"
