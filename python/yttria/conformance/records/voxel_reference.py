"""Dose maps.

Two inputs are for `yttria.conformance.known_errors` alone: `_s_values` in place of the tabulated ones, `_convolve` in
place of the padded convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...reference import absorbed_dose, decay, local_deposition, scaling
from .._record import Answer, Inputs, dose_factor, half_life

Map = NDArray[np.float64]

TABLE_MEV = 0.932968
"""Mean energy per decay of the spectrum behind the tabulated S values."""


@cache
def tabulated() -> dict[tuple[float, ...], Map]:
    """Voxel S values of liver (1.06 g/mL) in mGy/(MBq s) by voxel size, one octant each, source voxel first.

    Made by `yttria.reference.voxel_s_values`, see `tools/conformance/make_suite.py`.
    """
    with np.load(str(files("yttria").joinpath("data", "conformance", "s_values.npz"))) as file:
        return {tuple(float(mm) for mm in name.split("x")): file[name] for name in file.files}


def mirrored(octant: NDArray[Any]) -> Map:
    """The whole kernel from its octant."""
    whole = np.asarray(octant, dtype=np.float64)
    for axis in range(3):
        behind = np.flip(whole.take(range(1, whole.shape[axis]), axis), axis)
        whole = np.concatenate([behind, whole], axis)
    return whole


def s_values(i: Inputs, voxel_size_mm: tuple[float, ...] | None = None) -> Map:
    """The whole kernel for the stated (or another tabulated) voxel size, scaled to the stated dose factor."""
    per_decay_mev = dose_factor(i) / decay.dose_factor(half_life(i), 1.0)
    size = tuple(i["voxel_size_mm"]) if voxel_size_mm is None else voxel_size_mm
    return mirrored(tabulated()[size]) * (per_decay_mev / TABLE_MEV)


def convolve(array: Map, kernel: Map) -> Map:
    """`reference.convolution.convolve` by zero-padded transforms, equal to 1e-14 of the largest value."""
    shape = [n + k - 1 for n, k in zip(array.shape, kernel.shape, strict=True)]
    axes = (0, 1, 2)
    product = np.fft.rfftn(array, shape, axes) * np.fft.rfftn(kernel, shape, axes)
    inside = tuple(slice(k // 2, k // 2 + n) for n, k in zip(array.shape, kernel.shape, strict=True))
    return np.asarray(np.fft.irfftn(product, shape, axes)[inside])


def at_administration_mbq_per_ml(i: Inputs) -> Map:
    """From Bq/mL at the time of the image."""
    activity = np.asarray(i["activity_Bq_per_mL"], dtype=np.float64)
    return scaling.absolute_mbq_per_ml(activity, i["hours_after_administration"], half_life(i))


def density_from_ct(i: Inputs) -> Map:
    """Piecewise linear between the nodes of the stated table, constant beyond its ends."""
    table = i["HU_to_density"]
    return np.asarray(np.interp(np.asarray(i["ct_HU"], dtype=np.float64), table["HU"], table["density_g_per_mL"]))


def voxel_s_values(i: Inputs) -> Answer:
    whole = i["_s_values"](i) if "_s_values" in i else s_values(i)
    return {"S_mGy_per_MBq_s": whole[tuple(slice(n // 2, None) for n in whole.shape)]}


def voxel_dose_kernel(i: Inputs) -> Answer:
    s = i["_s_values"](i) if "_s_values" in i else s_values(i)
    kernel = absorbed_dose.gy_per_mbq_per_ml(s, i["voxel_size_mm"], half_life(i))
    return {"dose_Gy": i.get("_convolve", convolve)(at_administration_mbq_per_ml(i), kernel)}


def voxel_dose_local(i: Inputs) -> Answer:
    density = density_from_ct(i) if "ct_HU" in i else i["density_g_per_mL"]
    return {"dose_Gy": local_deposition.local_deposition(at_administration_mbq_per_ml(i), density, dose_factor(i))}


def voxel_dose_relative(i: Inputs) -> Answer:
    counts = np.asarray(i["counts"], dtype=np.float64)
    voxel_ml = float(np.prod(i["voxel_size_mm"])) / 1000
    delivered = i["activity_in_vial_GBq"] * (1 - i["residual_fraction"])
    activity = scaling.relative_mbq_per_ml(
        counts, np.asarray(i["liver_mask"], dtype=np.float64), voxel_ml, delivered, i["lung_shunt_fraction"]
    )
    return {"dose_Gy": local_deposition.local_deposition(activity, i["density_g_per_mL"], dose_factor(i))}


def ldm_absolute(i: Inputs) -> Answer:
    kbq = np.array(i["concentration_kBq_per_mL_at_scan"])
    activity = scaling.absolute_mbq_per_ml(kbq * 1000.0, i["hours_admin_to_reference"], half_life(i))
    return {"dose_Gy": float(local_deposition.local_deposition(activity, i["density_g_per_mL"], dose_factor(i)))}


def ldm_relative(i: Inputs) -> Answer:
    counts = np.asarray(i["liver_voxel_counts"], dtype=np.float64)
    delivered = i["activity_in_vial_GBq"] * (1 - i["residual_fraction"])
    activity = scaling.relative_mbq_per_ml(
        counts, np.ones(counts.size), i["voxel_volume_mL"], delivered, i["lung_shunt_fraction"]
    )
    dose = local_deposition.local_deposition(activity, i["density_g_per_mL"], dose_factor(i))
    return {"voxel_doses_Gy": dose.tolist(), "mean_dose_Gy": float(dose.mean())}


def kernel_convolution_1d_zero_pad(i: Inputs) -> Answer:
    array, kernel = np.array([[i["activity"]]], float), np.array([[i["kernel"]]], float)
    return {"dose": i.get("_convolve", convolve)(array, kernel)[0, 0].tolist()}


def vsv_infinite_uniform(i: Inputs) -> Answer:
    """Every voxel gets from the others what it gives to them: the local dose."""
    factor = decay.dose_factor(i["half_life_h"], i["mean_energy_MeV"])
    local = local_deposition.local_deposition(i["concentration_MBq_per_mL"], i["density_g_per_mL"], factor)
    return {"dose_Gy": float(local)}


ANSWERS: dict[str, Callable[[Inputs], Answer]] = {
    "kernel_convolution_1d_zero_pad": kernel_convolution_1d_zero_pad,
    "ldm_absolute": ldm_absolute,
    "ldm_relative": ldm_relative,
    "voxel_dose_kernel": voxel_dose_kernel,
    "voxel_dose_local": voxel_dose_local,
    "voxel_dose_relative": voxel_dose_relative,
    "voxel_s_values": voxel_s_values,
    "vsv_infinite_uniform": vsv_infinite_uniform,
}
