"""Histograms, radiobiology, uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...reference import dvh as reference
from ...reference import radiobiology, uncertainty
from ._common import Answer, Inputs, half_life

PERCENTS = (2, 50, 70, 90, 95, 98)


def _histogram(i: Inputs) -> tuple[Any, Any]:
    dose = np.asarray(i["doses_Gy"], np.float64)
    return dose, np.asarray(i.get("occupancy", np.ones(dose.size)), np.float64) * i.get("voxel_volume_mL", 1.0)


def dvh(i: Inputs) -> Answer:
    dose, volume = _histogram(i)
    whole = volume.sum()
    found = {"mean_Gy": reference.mean_dose(dose, volume), "D100_Gy": reference.dose_at_volume(dose, volume, whole)}
    found |= {f"D{x}_Gy_rank": reference.dose_at_volume(dose, volume, x / 100 * whole) for x in PERCENTS}
    for name, strict in (("ge", False), ("gt", True)):
        found[f"V60_percent_{name}"] = 100 * reference.volume_at_dose(dose, volume, 60, strict=strict) / whole
    return found


def dvh_linear(i: Inputs) -> Answer:
    dose, volume = _histogram(i)
    return {f"D{x}_Gy": reference.dose_at_volume_linear(dose, volume, x / 100 * volume.sum()) for x in PERCENTS}


def dvh_weighted(i: Inputs) -> Answer:
    dose, volume = _histogram(i)
    inside = volume > 0
    dose, volume = dose[inside], volume[inside]
    whole = float(volume.sum())
    return {
        "volume_mL": whole,
        "mean_Gy": reference.mean_dose(dose, volume),
        "minimum_Gy": float(dose.min()),
        "maximum_Gy": float(dose.max()),
        **{f"D{x}_Gy": reference.dose_at_volume(dose, volume, x / 100 * whole) for x in (2, 50, 70, 95, 98)},
        "V100Gy_percent": 100 * reference.volume_at_dose(dose, volume, 100.0) / whole,
    }


def _equal(i: Inputs) -> tuple[Any, Any]:
    dose = np.asarray(i["doses_Gy"], np.float64)
    return dose, np.ones(dose.size)


def geud(i: Inputs) -> Answer:
    dose, volume = _equal(i)
    # A negative power of nothing: the limit is 0.
    cold = i["a"] < 0 and np.any(dose == 0)
    return {"gEUD_Gy": 0.0 if cold else radiobiology.generalized_eud_gy(dose, volume, i["a"])}


def eud(i: Inputs) -> Answer:
    return {"EUD_Gy": radiobiology.survival_eud_gy(*_equal(i), i["alpha_per_Gy"])}


def eud_two_tissues(i: Inputs) -> Answer:
    return {
        f"{tissue}_EUD_Gy": radiobiology.survival_eud_gy(*_equal(i), i[f"{tissue}_alpha_per_Gy"])
        for tissue in ("tumour", "liver")
    }


def effective_uniform_bed(i: Inputs) -> Answer:
    parameters = (i["alpha_per_Gy"], i["alpha_beta_Gy"], i["repair_half_time_h"], half_life(i))
    return {"EUBED_Gy": radiobiology.eubed_gy(*_equal(i), *parameters)}


def bed(i: Inputs) -> Answer:
    value = float(radiobiology.bed_gy(i["dose_Gy"], i["alpha_beta_Gy"], i["repair_half_time_h"], half_life(i)))
    return {"bed_Gy": value, "eqd2_Gy": float(radiobiology.eqd2_gy(value, i["alpha_beta_Gy"]))}


def bed_two_tissues(i: Inputs) -> Answer:
    found: Answer = {}
    for tissue in ("tumour", "liver"):
        parameters = (i[f"{tissue}_alpha_beta_Gy"], i[f"{tissue}_repair_half_time_h"], half_life(i))
        found[f"{tissue}_bed_Gy"] = float(radiobiology.bed_gy(i["dose_Gy"], *parameters))
    return found


def bed_inverse(i: Inputs) -> Answer:
    parameters = (i["alpha_beta_Gy"], i["repair_half_time_h"], half_life(i))
    return {"dose_Gy": float(radiobiology.dose_from_bed_gy(i["bed_Gy"], *parameters))}


def ntcp_lkb(i: Inputs) -> Answer:
    return {"ntcp": radiobiology.lyman_ntcp([i["mean_dose_Gy"]], [1.0], i["td50_Gy"], i["m"], i["n"])}


def ntcp_logistic(i: Inputs) -> Answer:
    return {"ntcp": radiobiology.logistic_response([i["mean_dose_Gy"]], [1.0], i["d50_Gy"], i["gamma50"])}


def tcp_logistic(i: Inputs) -> Answer:
    return {"tcp": radiobiology.logistic_response([i["dose_Gy"]], [1.0], i["d50_Gy"], i["gamma50"])}


def tcp_poisson(i: Inputs) -> Answer:
    return {"tcp": radiobiology.poisson_tcp(*_equal(i), i["alpha_per_Gy"], i["clonogens"])}


def sphere(i: Inputs) -> Answer:
    return {
        "u_diameter_mm": uncertainty.diameter_uncertainty_mm(i["voxel_mm"], i["fwhm_mm"]),
        "u_volume_relative": uncertainty.sphere_volume_uncertainty(i["diameter_mm"], i["voxel_mm"], i["fwhm_mm"]),
    }


def partition_uncertainty(i: Inputs) -> Answer:
    short = ("A", "L", "mT", "mN", "r")
    values = [1.0, *(i[k] for k in ("lung_shunt_fraction", "tumour_mass_kg", "normal_mass_kg", "tnr"))]
    found: Answer = {}
    for k, tissue in enumerate(("tumour", "normal")):

        def dose(*x: float, k: int = k) -> float:
            return uncertainty.partition_doses(*x)[k]

        g = uncertainty.relative_sensitivities(dose, values)
        found[f"sensitivity_{tissue}_dose"] = dict(zip(short, g.tolist(), strict=True))
        found[f"relative_u_{tissue}_dose"] = uncertainty.propagated(g, [i["relative_u"][name] for name in short])
    return found


DEFINITIONS: dict[str, Callable[[Inputs], Answer]] = {
    "EUBED": effective_uniform_bed,
    "EUD_survival": eud,
    "EUD_two_tissues": eud_two_tissues,
    "bed_two_tissues": bed_two_tissues,
    "bed_y90": bed,
    "bed_y90_inverse": bed_inverse,
    "combine_independent": lambda i: {
        "relative_total": uncertainty.propagated(np.ones(len(i["relative"])), i["relative"])
    },
    "count_edge_factor_phi": lambda i: {"phi": uncertainty.count_edge_factor(i["radius_mm"], i["fwhm_mm"])},
    "dvh_metrics": dvh,
    "dvh_metrics_interp": dvh_linear,
    "dvh_weighted": dvh_weighted,
    "gEUD": geud,
    "ntcp_lkb": ntcp_lkb,
    "ntcp_logistic": ntcp_logistic,
    "partition_uncertainty": partition_uncertainty,
    "tcp_logistic": tcp_logistic,
    "tcp_poisson": tcp_poisson,
    "volume_uncertainty_sphere": sphere,
}
