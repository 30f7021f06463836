"""Records of dose maps on plain arrays.

Only `yttria.conformance.known_errors` uses two inputs. `_s_values` replaces the tabulated values, and `_convolve` the
padded convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core import Nuclide
from ...geometry import Image, Structure
from ...kernels import VoxelSValues, voxel_s_values
from ...voxel import absorbed_dose
from .._record import CORE, REFERENCE, Answer, Inputs, Side, dose_factor, half_life, nuclide, plain

Map = NDArray[np.float64]

TABLE_MEV = 0.931874
"""Mean energy per decay of the spectrum of the tabulated S values."""


@cache
def tabulated() -> dict[tuple[float, ...], Map]:
    """Read voxel S values of liver (1.06 g/mL) in mGy/(MBq s) by voxel size, one octant each, source voxel first.

    They were made by `yttria.reference.voxel_s_values` (see `tools/conformance/make_suite.py`).
    """
    with np.load(str(files("yttria").joinpath("data", "conformance", "s_values.npz"))) as file:
        return {tuple(float(mm) for mm in name.split("x")): file[name] for name in file.files}


def mirrored(octant: NDArray[Any]) -> Map:
    """Make the whole kernel from its octant."""
    whole = np.asarray(octant, dtype=np.float64)
    for axis in range(3):
        behind = np.flip(whole.take(range(1, whole.shape[axis]), axis), axis)
        whole = np.concatenate([behind, whole], axis)
    return whole


def octant(kernel: NDArray[Any]) -> NDArray[Any]:
    """Cut the octant of a whole kernel."""
    return np.array(kernel[tuple(slice(n // 2, None) for n in kernel.shape)])


def s_values(i: Inputs) -> Map:
    """Make the whole kernel for the stated voxel size, scaled to the stated dose factor."""
    per_decay_mev = dose_factor(i) / REFERENCE("dose_factor", i, half_life_h=half_life(i), mean_energy_mev=1.0)
    return mirrored(tabulated()[tuple(i["voxel_size_mm"])]) * float(per_decay_mev / TABLE_MEV)


def convolve(array: Map, kernel: Map) -> Map:
    """Compute `reference.convolution.convolve` by zero-padded transforms, equal to 1e-14 of the largest value."""
    shape = [n + k - 1 for n, k in zip(array.shape, kernel.shape, strict=True)]
    axes = (0, 1, 2)
    product = np.fft.rfftn(array, shape, axes) * np.fft.rfftn(kernel, shape, axes)
    inside = tuple(slice(k // 2, k // 2 + n) for n, k in zip(array.shape, kernel.shape, strict=True))
    return np.asarray(np.fft.irfftn(product, shape, axes)[inside])


def at_administration_mbq_per_ml(i: Inputs, side: Side = REFERENCE) -> Map:
    """Convert Bq/mL at the time of the image to MBq/mL at administration."""
    growth = float(side("decay_factor", i, elapsed_h=-i["hours_after_administration"]))
    return np.asarray(i["activity_Bq_per_mL"], dtype=np.float64) * (1e-6 * growth)


def _core_s_values(i: Inputs) -> VoxelSValues:
    medium = {"medium": i["medium"], "density_g_per_ml": i["medium_density_g_per_mL"]}
    return voxel_s_values(i["voxel_size_mm"], nuclide=nuclide(i), **medium)


def _reference_s_values(i: Inputs) -> Map:
    return np.asarray(i["_s_values"](i) if "_s_values" in i else s_values(i))


def kernel_octant(side: Side, i: Inputs) -> Answer:
    """Answer an octant of voxel S values."""
    return {"S_mGy_per_MBq_s": octant(_core_s_values(i).values if side is CORE else _reference_s_values(i))}


def _image(values: Any, unit: Any, voxel_size_mm: Any) -> Image:
    return Image(np.asarray(values, np.float64), np.diag([*reversed(voxel_size_mm), 1.0]), unit)


def voxel_dose_kernel(side: Side, i: Inputs) -> Answer:
    """Answer a dose map by voxel S values."""
    if side is CORE:
        image = _image(i["activity_Bq_per_mL"], "Bq/mL", i["voxel_size_mm"])
        scaling = side("AbsoluteScaling", i, scan_delay_h=i["hours_after_administration"])
        terms = {"scaling": scaling, "method": "voxel_s_values", "s_values": _core_s_values(i)}
        return {"dose_Gy": side.functions["dose_image"](image, **terms).image.array}
    size, s = i["voxel_size_mm"], _reference_s_values(i)
    kernel = side("gy_per_mbq_per_ml", i, s_mgy_per_mbq_s=s, voxel_size_mm=size)
    return {"dose_Gy": i.get("_convolve", convolve)(at_administration_mbq_per_ml(i), kernel)}


def kernel_convolution_1d_zero_pad(side: Side, i: Inputs) -> Answer:
    """Answer a convolution in one dimension without activity outside the array."""
    array, kernel = np.array([[i["activity"]]], float), np.array([[i["kernel"]]], float)
    plan = side("ConvolutionPlan", i, shape=array.shape, kernel=kernel)
    dose = i["_convolve"](array, kernel) if "_convolve" in i else plan.apply(array)
    return {"dose": dose[0, 0].tolist()}


def vsv_infinite_uniform(side: Side, i: Inputs) -> Answer:
    """Answer the dose in an infinite uniform medium.

    Every voxel receives as much as it gives, so that it is the local dose.
    """
    concentration, density = i["concentration_MBq_per_mL"], i["density_g_per_mL"]
    if side is CORE:
        nuclide = Nuclide.from_energy(i["half_life_h"], i["mean_energy_MeV"])
        s = voxel_s_values((4.0, 3.0, 5.0), medium="water", density_g_per_ml=density, nuclide=nuclide)
        dose = absorbed_dose(np.full(s.values.shape, concentration, dtype=float), s)
        return {"dose_Gy": float(dose[tuple(n // 2 for n in dose.shape)])}
    factor = side("dose_factor", i, mean_energy_mev=i["mean_energy_MeV"])
    return {"dose_Gy": _local(side, i | {"dose_factor_Gy_kg_per_GBq": factor}, concentration, density)}


def _local(side: Side, i: Inputs, mbq_per_ml: Any, density_g_per_ml: Any) -> Any:
    return plain(side("local_deposition", i, activity_mbq_per_ml=mbq_per_ml, density_g_per_ml=density_g_per_ml))


def ldm_absolute(side: Side, i: Inputs) -> Answer:
    """Answer the local dose of one voxel."""
    growth = side("decay_factor", i, elapsed_h=-i["hours_admin_to_reference"])
    mbq_per_ml = i["concentration_kBq_per_mL_at_scan"] / 1000.0 * growth
    return {"dose_Gy": float(_local(side, i, mbq_per_ml, i["density_g_per_mL"]))}


def voxel_dose_local(side: Side, i: Inputs) -> Answer:
    """Answer a dose map by local deposition.

    A CT's density is piecewise linear between the table's nodes, and constant beyond.
    """
    density = i.get("density_g_per_mL")
    if density is None:
        table = i["HU_to_density"]
        density = np.interp(np.asarray(i["ct_HU"], np.float64), table["HU"], table["density_g_per_mL"])
    activity = at_administration_mbq_per_ml(i, side)
    dose = side("local_deposition", i, activity_mbq_per_ml=activity, density_g_per_ml=density)
    return {"dose_Gy": dose}


def voxel_dose_relative(side: Side, i: Inputs) -> Answer:
    """Answer a dose map whose counts are shares of the activity in the liver."""
    counts = _image(i["counts"], "counts", i["voxel_size_mm"])
    liver = Structure("Liver", np.asarray(i["liver_mask"]) > 0.5, counts.affine_lps)
    names = ("residual_fraction", "lung_shunt_fraction")
    terms = {name: i[name] for name in names}
    scaling = side("RelativeScaling", i, reference=liver, vial_activity_gbq=i["activity_in_vial_GBq"], **terms)
    result = side("dose_image", i, activity=counts, scaling=scaling, density_g_per_ml=i["density_g_per_mL"])
    return {"dose_Gy": result.image.array if side is CORE else result}


def ldm_relative(side: Side, i: Inputs) -> Answer:
    """Answer for voxels of the given volume, with another length along each axis."""
    counts = np.array([[i["liver_voxel_counts"]]], dtype=float)
    size_mm = (i["voxel_volume_mL"] * 0.25, 80.0, 50.0)
    whole = {"counts": counts, "liver_mask": np.ones(counts.shape), "voxel_size_mm": size_mm}
    doses = voxel_dose_relative(side, i | whole)["dose_Gy"][0, 0]
    return {"voxel_doses_Gy": doses.tolist(), "mean_dose_Gy": float(doses.mean())}


MODELS: dict[str, Callable[[Side, Inputs], Answer]] = {
    "kernel_convolution_1d_zero_pad": kernel_convolution_1d_zero_pad,
    "ldm_absolute": ldm_absolute,
    "ldm_relative": ldm_relative,
    "voxel_dose_kernel": voxel_dose_kernel,
    "voxel_dose_local": voxel_dose_local,
    "voxel_dose_relative": voxel_dose_relative,
    "voxel_s_values": kernel_octant,
    "vsv_infinite_uniform": vsv_infinite_uniform,
}
