"""Known mistakes with dose maps and their kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...reference import decay
from ...reference.dose_point_kernel import dose_rate_per_mm3
from ...reference.local_deposition import local_deposition
from .._cases import NIFTI
from .._record import dose_factor, half_life
from ..records.voxel import TABLE_MEV, at_administration_mbq_per_ml, mirrored, s_values, tabulated
from ._registered import (
    DOSE_MAPS,
    KERNEL_DOSE,
    LOCAL_DOSE,
    RELATIVE_DOSE,
    Answer,
    Implementation,
    Inputs,
    changed_inputs,
    changed_outputs,
    inputs,
    outputs,
    registered,
    replaced,
    scaled,
)

Map = NDArray[np.float64]

KERNELS = (KERNEL_DOSE, "voxel_s_values")
CONVOLUTIONS = (KERNEL_DOSE, "kernel_convolution_1d_zero_pad")
TABLE_MM = (2.21, 3.0, 4.42)
"""Sides in mm of the cubes for which these mistakes have a table of S values."""

MGY_PER_MEV_PER_G = 1.602176634e-13 * 1e6 * 1e3 * 1e3


def _kernel(inner: Implementation, make: Callable[[Inputs], Map | None]) -> Implementation:
    """Register another kernel for the cases for which `make` has one."""

    def change(i: Inputs) -> Inputs:
        made = make(i)
        return {} if made is None else {"_s_values": lambda _: made}

    return inputs(inner, change, *KERNELS)


def _is_cube(i: Inputs) -> bool:
    return len(set(i["voxel_size_mm"])) == 1


@registered
def kernel_sampled_at_voxel_centers(inner: Implementation) -> Implementation:
    """Takes the dose point kernel's value at each voxel's center, at 0.145 mm in the source voxel (a MATLAB suite)."""

    def make(i: Inputs) -> Map:
        from ...kernels import dose_point_kernel

        table = dose_point_kernel("liver")
        correct = s_values(i)
        at = np.indices(correct.shape) - np.array(correct.shape).reshape(3, 1, 1, 1) // 2
        radius = np.sqrt(np.sum((at * np.array(i["voxel_size_mm"]).reshape(3, 1, 1, 1)) ** 2, axis=0))
        per_mm3 = dose_rate_per_mm3(table.edge_mm, table.energy_mev, np.maximum(radius, 0.145))
        per_mm3[radius >= 12.0 / table.density_g_per_ml] = 0.0
        grams_per_mm3 = table.density_g_per_ml * 1e-3
        emitted = dose_factor(i) / decay.dose_factor(half_life(i), 1.0)
        return np.asarray(per_mm3 / grams_per_mm3 * MGY_PER_MEV_PER_G * (emitted / TABLE_MEV))

    return _kernel(inner, make)


@registered
def s_values_interpolated(inner: Implementation) -> Implementation:
    """Interpolates S linearly between the tabulated voxel sizes 2.21, 3 and 4.42 mm (a MIRD calculator)."""

    def make(i: Inputs) -> Map | None:
        if not _is_cube(i):
            return None
        mm = float(i["voxel_size_mm"][0])
        below = max(size for size in TABLE_MM if size <= mm)
        above = min(size for size in TABLE_MM if size >= mm)
        share = (mm - below) / (above - below)
        return _cropped((1 - share) * _grown(i, below) + share * _grown(i, above), s_values(i).shape)

    return _kernel(inner, make)


@registered
def nearest_tabulated_kernel(inner: Implementation) -> Implementation:
    """Takes the tabulated kernel of the cube nearest in size, 2.21, 3 or 4.42 mm (a theranostics package)."""

    def make(i: Inputs) -> Map:
        mm = float(np.prod(i["voxel_size_mm"]) ** (1 / 3))
        return _cropped(_grown(i, min(TABLE_MM, key=lambda size: abs(size - mm))), s_values(i).shape)

    return _kernel(inner, make)


@registered
def slice_thickness_for_all_sides(inner: Implementation) -> Implementation:
    """Takes the slice thickness for all three sides of a voxel (a MIRD calculator)."""

    def make(i: Inputs) -> Map | None:
        if _is_cube(i):
            return None
        return _cropped(_grown(i, float(i["voxel_size_mm"][0])), s_values(i).shape)

    return _kernel(inner, make)


@registered
def voxel_sides_reversed(inner: Implementation) -> Implementation:
    """Takes the sides of a voxel in the order (i, j, k) for (k, j, i), a misreading of PixelSpacing (DICOM tools)."""

    def make(i: Inputs) -> Map | None:
        return None if _is_cube(i) else _cropped(s_values(i).transpose(2, 1, 0), s_values(i).shape)

    return _kernel(inner, make)


@registered
def row_and_column_spacing_exchanged(inner: Implementation) -> Implementation:
    """Exchanges the sides of a voxel along j and i, which are the two numbers of PixelSpacing (DICOM tools)."""

    def make(i: Inputs) -> Map | None:
        return None if _is_cube(i) else _cropped(s_values(i).transpose(0, 2, 1), s_values(i).shape)

    return _kernel(inner, make)


@changed_outputs(KERNEL_DOSE)
def local_deposition_for_kernel(i: Inputs, _: Answer) -> Answer:
    """Deposits each decay's energy in its voxel instead of using a kernel (section 12)."""
    mbq_per_ml = at_administration_mbq_per_ml(i)
    return {"dose_Gy": local_deposition(mbq_per_ml, i["medium_density_g_per_mL"], dose_factor(i))}


def _grown(i: Inputs, mm: float) -> Map:
    """Make the whole tabulated kernel of a cube, on a lattice large enough for all of them."""
    octant = tabulated()[(mm, mm, mm)]
    correct = s_values(i)
    scale = correct.max() / tabulated()[tuple(i["voxel_size_mm"])].max()
    return np.asarray(mirrored(np.pad(octant, [(0, 16 - n) for n in octant.shape])) * scale)


def _cropped(kernel: Map, shape: tuple[int, ...]) -> Map:
    """Cut the middle of the kernel to the shape of the correct one, with zeros beyond its extent."""
    padded = np.pad(kernel, [(max(0, (n - k) // 2),) * 2 for k, n in zip(kernel.shape, shape, strict=True)])
    return padded[tuple(slice((k - n) // 2, (k + n) // 2) for k, n in zip(padded.shape, shape, strict=True))]


@changed_outputs(*KERNELS)
def voxels_of_50_mg_at_least(i: Inputs, answer: Answer) -> Answer:
    """Divides the energy by 50 mg in voxels with a smaller mass (a GPU Monte Carlo)."""
    mg = float(np.prod(i["voxel_size_mm"])) * i["medium_density_g_per_mL"]
    return scaled(answer, min(1.0, mg / 50.0), "dose_Gy", "S_mGy_per_MBq_s")


@registered
def transform_without_padding(inner: Implementation) -> Implementation:
    """Convolves by Fourier transform without zero padding, so that dose beyond the field appears on the other side."""

    def circular(array: Map, kernel: Map) -> Map:
        folded = np.zeros(array.shape)
        half = np.array(kernel.shape) // 2
        for at in np.ndindex(kernel.shape):
            folded[tuple((np.array(at) - half) % array.shape)] += kernel[at]
        return np.asarray(np.fft.irfftn(np.fft.rfftn(array) * np.fft.rfftn(folded), array.shape, (0, 1, 2)))

    return inputs(inner, lambda _: {"_convolve": circular}, *CONVOLUTIONS)


@registered
def kernel_not_shifted(inner: Implementation) -> Implementation:
    """Convolves with a kernel whose middle is not at the origin: the dose shifts by half a kernel (a voxel package)."""

    def shifted(array: Map, kernel: Map) -> Map:
        shape = [n + k - 1 for n, k in zip(array.shape, kernel.shape, strict=True)]
        axes = (0, 1, 2)
        whole = np.fft.irfftn(np.fft.rfftn(array, shape, axes) * np.fft.rfftn(kernel, shape, axes), shape, axes)
        return np.asarray(whole[tuple(slice(n) for n in array.shape)])

    return inputs(inner, lambda _: {"_convolve": shifted}, *CONVOLUTIONS)


def _flipped(inner: Implementation, axis: int) -> Implementation:
    return outputs(inner, lambda _, a: {"dose_Gy": np.flip(a["dose_Gy"], axis)}, *DOSE_MAPS)


@registered
def axis_k_flipped(inner: Implementation) -> Implementation:
    """Reads the slices in reverse order (image tools)."""
    return _flipped(inner, 0)


@registered
def axis_j_flipped(inner: Implementation) -> Implementation:
    """Reads the rows in reverse order (image tools)."""
    return _flipped(inner, 1)


@registered
def axis_i_flipped(inner: Implementation) -> Implementation:
    """Reads the columns in reverse order (image tools)."""
    return _flipped(inner, 2)


ABSOLUTE = (KERNEL_DOSE, LOCAL_DOSE)
TIMED = (*ABSOLUTE, "ldm_absolute", NIFTI)


@changed_inputs(*TIMED)
def no_decay_to_administration(i: Inputs) -> Inputs:
    """Takes the activity at the time of the scan for that at administration (a MATLAB suite)."""
    names = ("hours_after_administration", "hours_admin_to_reference")
    return {name: 0.0 for name in names if name in i}


@changed_inputs(*TIMED)
def decay_the_wrong_way(i: Inputs) -> Inputs:
    """Decays the activity of the scan further instead of correcting it back to administration."""
    names = ("hours_after_administration", "hours_admin_to_reference")
    return {name: -i[name] for name in names if name in i}


@changed_outputs(*ABSOLUTE)
def activity_over_patient_weight(i: Inputs, a: Answer) -> Answer:
    """Computes activity times 202.53 over the patient's weight in kg (a MATLAB suite)."""
    return scaled(a, 202.53 / i["patient_weight_kg"], "dose_Gy")


@changed_outputs(*DOSE_MAPS)
def dose_in_mgy(_: Inputs, a: Answer) -> Answer:
    """Gives doses in mGy instead of Gy."""
    return scaled(a, 1e3, "dose_Gy")


@changed_outputs(KERNEL_DOSE)
def mgy_and_gy_inverted(_: Inputs, a: Answer) -> Answer:
    """Multiplies mGy by 1000 instead of dividing, which gives a million times the dose (a MIRD calculator)."""
    return scaled(a, 1e6, "dose_Gy")


def _table(i: Inputs, change: Callable[[Any, Any], tuple[Any, Any]]) -> Inputs:
    if "HU_to_density" not in i:
        return {}
    hu, density = change(i["HU_to_density"]["HU"], i["HU_to_density"]["density_g_per_mL"])
    return {"HU_to_density": {"HU": hu, "density_g_per_mL": density}}


@changed_inputs(LOCAL_DOSE)
def hu_table_shifted(i: Inputs) -> Inputs:
    """Shifts a table of densities by one entry, which gives 1.12 g/mL for liver (a theranostics package, older)."""
    return _table(i, lambda hu, d: (hu, [*d[1:], d[-1]]))


@changed_inputs(LOCAL_DOSE)
def ct_clipped_at_0_hu(i: Inputs) -> Inputs:
    """Raises CT numbers below 0 HU to 0, which gives lung the density of water (a theranostics package)."""
    return {"ct_HU": np.maximum(i["ct_HU"], 0.0)} if "ct_HU" in i else {}


@changed_inputs(LOCAL_DOSE)
def air_of_2_9_g_per_ml(i: Inputs) -> Inputs:
    """Takes 2.9 g/mL at -1050 HU and below (a theranostics package, newer)."""
    return _table(i, lambda hu, d: ([-1050.0, -1050.0 + 1e-6, *hu], [2.9, d[0], *d]))


@changed_inputs(LOCAL_DOSE)
def density_of_ct_ignored(i: Inputs) -> Inputs:
    """Takes 1.05 g/mL in every voxel, although each has its own density."""
    return _table(i, lambda hu, d: (hu, [1.05] * len(d)))


@changed_inputs(RELATIVE_DOSE)
def negative_voxels_clipped(i: Inputs) -> Inputs:
    """Sets negative voxels to zero before they are summed, which biases the sum (section 12)."""
    return {"counts": np.maximum(i["counts"], 0.0)}


@changed_inputs(RELATIVE_DOSE)
def scaled_to_field_of_view(i: Inputs) -> Inputs:
    """Distributes the liver's activity over all counts of the field of view (section 12)."""
    return {"liver_mask": np.ones_like(i["liver_mask"])}


@changed_inputs(RELATIVE_DOSE, "ldm_relative")
def relative_without_lung_shunt(i: Inputs) -> Inputs:
    """Gives the liver also the activity that went to the lungs."""
    return replaced(i, "lung_shunt_fraction", 0.0)
