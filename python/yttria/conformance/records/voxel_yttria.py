"""Dose maps on plain arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..._core import Nuclide
from ...geometry import Image, Structure
from ...kernels import VoxelSValues, voxel_s_values
from ...voxel import AbsoluteScaling, ConvolutionPlan, RelativeScaling, absorbed_dose, dose_image, local_deposition
from .._record import Answer, Inputs, nuclide


def ldm_absolute(i: Inputs) -> Answer:
    stated = nuclide(i)
    at_scan_mbq_per_ml = i["concentration_kBq_per_mL_at_scan"] / 1000.0
    at_administration = at_scan_mbq_per_ml * stated.decay_factor(-i["hours_admin_to_reference"])
    dose = local_deposition(at_administration, density_g_per_ml=i["density_g_per_mL"], nuclide=stated)
    return {"dose_Gy": float(dose)}


def kernel_convolution_1d_zero_pad(i: Inputs) -> Answer:
    activity, kernel = np.array([[i["activity"]]]), np.array([[i["kernel"]]])
    return {"dose": ConvolutionPlan(activity.shape, kernel).apply(activity)[0, 0].tolist()}


def vsv_infinite_uniform(i: Inputs) -> Answer:
    nuclide = Nuclide.from_energy(i["half_life_h"], i["mean_energy_MeV"])
    s = voxel_s_values((4.0, 3.0, 5.0), medium="water", density_g_per_ml=i["density_g_per_mL"], nuclide=nuclide)
    dose = absorbed_dose(np.full(s.values.shape, i["concentration_MBq_per_mL"], dtype=float), s)
    return {"dose_Gy": float(dose[tuple(n // 2 for n in dose.shape)])}


def ldm_relative(i: Inputs) -> Answer:
    # Voxels of the given volume, another length along each axis.
    size_mm = (50.0, 80.0, i["voxel_volume_mL"] * 0.25)
    counts = np.array([[i["liver_voxel_counts"]]], dtype=float)
    image = Image(counts, np.diag([*size_mm, 1.0]), "counts")
    liver = Structure("Liver", np.ones(counts.shape, bool), image.affine_lps)
    scaling = RelativeScaling(
        reference=liver,
        vial_activity_gbq=i["activity_in_vial_GBq"],
        residual_fraction=i["residual_fraction"],
        lung_shunt_fraction=i["lung_shunt_fraction"],
    )
    result = dose_image(image, scaling=scaling, density_g_per_ml=i["density_g_per_mL"], nuclide=nuclide(i))
    (row,) = result.table([liver])
    return {"voxel_doses_Gy": result.image.array[0, 0].tolist(), "mean_dose_Gy": row.mean_gy}


def voxel_dose_kernel(i: Inputs) -> Answer:
    activity = Image(np.asarray(i["activity_Bq_per_mL"], np.float64), _affine(i), "Bq/mL")
    scaling = AbsoluteScaling(scan_delay_h=i["hours_after_administration"])
    result = dose_image(activity, scaling=scaling, method="voxel_s_values", s_values=_s_values(i))
    return {"dose_Gy": result.image.array}


def voxel_dose_local(i: Inputs) -> Answer:
    growth = 1.0 / nuclide(i).decay_factor(i["hours_after_administration"])
    activity = np.asarray(i["activity_Bq_per_mL"], np.float64) * (1e-6 * growth)
    density = i.get("density_g_per_mL")
    if density is None:
        table = i["HU_to_density"]
        density = np.interp(np.asarray(i["ct_HU"], np.float64), table["HU"], table["density_g_per_mL"])
    return {"dose_Gy": local_deposition(activity, density_g_per_ml=density, nuclide=nuclide(i))}


def voxel_dose_relative(i: Inputs) -> Answer:
    counts = Image(np.asarray(i["counts"], np.float64), _affine(i), "counts")
    scaling = RelativeScaling(
        reference=Structure("Liver", np.asarray(i["liver_mask"]) > 0.5, counts.affine_lps),
        vial_activity_gbq=i["activity_in_vial_GBq"],
        residual_fraction=i["residual_fraction"],
        lung_shunt_fraction=i["lung_shunt_fraction"],
    )
    result = dose_image(counts, scaling=scaling, density_g_per_ml=i["density_g_per_mL"], nuclide=nuclide(i))
    return {"dose_Gy": result.image.array}


def s_values(i: Inputs) -> Answer:
    values = _s_values(i).values
    return {"S_mGy_per_MBq_s": np.array(values[tuple(slice(n // 2, None) for n in values.shape)])}


def _s_values(i: Inputs) -> VoxelSValues:
    return voxel_s_values(
        i["voxel_size_mm"],
        medium=i["medium"],
        density_g_per_ml=i["medium_density_g_per_mL"],
        nuclide=nuclide(i),
    )


def _affine(i: Inputs) -> NDArray[np.float64]:
    return np.diag([*reversed(i["voxel_size_mm"]), 1.0])


ANSWERS = {
    "voxel_dose_kernel": voxel_dose_kernel,
    "voxel_dose_local": voxel_dose_local,
    "voxel_dose_relative": voxel_dose_relative,
    "voxel_s_values": s_values,
    "ldm_relative": ldm_relative,
    "ldm_absolute": ldm_absolute,
    "kernel_convolution_1d_zero_pad": kernel_convolution_1d_zero_pad,
    "vsv_infinite_uniform": vsv_infinite_uniform,
}
