"""Dose maps on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from yttria import ConvolutionPlan, Nuclide, absorbed_dose, local_deposition, voxel_s_values

Inputs = dict[str, Any]


def ldm_absolute(i: Inputs) -> Inputs:
    nuclide = Nuclide.from_dose_factor(i["half_life_h"], i["dose_factor_Gy_kg_per_GBq"])
    at_scan_mbq_per_ml = i["concentration_kBq_per_mL_at_scan"] / 1000.0
    at_administration = at_scan_mbq_per_ml * nuclide.decay_factor(-i["hours_admin_to_reference"])
    dose = local_deposition(at_administration, density_g_per_ml=i["density_g_per_mL"], nuclide=nuclide)
    return {"dose_Gy": float(dose)}


def kernel_convolution_1d_zero_pad(i: Inputs) -> Inputs:
    activity, kernel = np.array([[i["activity"]]]), np.array([[i["kernel"]]])
    return {"dose": ConvolutionPlan(activity.shape, kernel).apply(activity)[0, 0].tolist()}


def vsv_infinite_uniform(i: Inputs) -> Inputs:
    nuclide = Nuclide.from_energy(i["half_life_h"], i["mean_energy_MeV"])
    s = voxel_s_values((4.0, 3.0, 5.0), medium="water", density_g_per_ml=i["density_g_per_mL"], nuclide=nuclide)
    dose = absorbed_dose(np.full(s.values.shape, i["concentration_MBq_per_mL"], dtype=float), s)
    return {"dose_Gy": float(dose[tuple(n // 2 for n in dose.shape)])}


ADAPTERS = {
    "ldm_absolute": ldm_absolute,
    "kernel_convolution_1d_zero_pad": kernel_convolution_1d_zero_pad,
    "vsv_infinite_uniform": vsv_infinite_uniform,
}
