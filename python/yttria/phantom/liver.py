"""Analytic phantom with known truth after treatment: body, liver, two tumors, lungs, and their activity.

The demo uses it, and it is a case with a known answer for checks of a pipeline. Every region has a uniform
concentration. Its mean absorbed dose by local deposition is therefore exactly the dose factor times its concentration
over its density.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._core import Nuclide
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from ..errors import OutOfRangeError
from ..geometry.image import Image
from ..geometry.structure import Structure

#: Semi-axes and centers in LPS millimetres (x to the patient's left, y to the back, z to the head).
_BODY = ((0.0, 0.0, 0.0), (175.0, 115.0, 1e6))
_LIVER = ((-55.0, -5.0, 0.0), (88.0, 68.0, 62.0))
_TUMOR_1 = ((-88.0, 6.0, 10.0), (30.0, 30.0, 30.0))
_TUMOR_2 = ((-20.0, -22.0, -14.0), (14.0, 14.0, 14.0))
_LUNGS = (((-78.0, 5.0, 108.0), (58.0, 72.0, 88.0)), ((78.0, 5.0, 108.0), (54.0, 72.0, 92.0)))
#: The field of view in mm per array axis (k, j, i), and its center.
_FIELD_MM = (240.0, 260.0, 380.0)
_CENTER_LPS_MM = (0.0, 0.0, 32.0)
_DIAPHRAGM_MM = 6.0


@dataclass(frozen=True, kw_only=True)
class Phantom:
    """Phantom and its truth.

    `activity` is in Bq/mL at the time of the scan. `ct` shows the anatomy in HU on the same grid. `structures` are
    Liver, Normal liver, Tumor 1 and Tumor 2 as masks on a finer grid, like an anatomical segmentation. `body` and
    `lungs` serve for pictures. `mean_dose_gy` is the true mean absorbed dose of each structure by local deposition,
    before any blur.
    """

    activity: Image
    ct: Image
    structures: tuple[Structure, ...]
    body: Structure
    lungs: Structure
    mean_dose_gy: dict[str, float]
    mass_kg: dict[str, float]
    administered_activity_gbq: float
    lung_shunt_fraction: float
    tumor_to_normal_ratio: tuple[float, float]
    scan_delay_h: float
    density_g_per_ml: float
    nuclide: Nuclide


def liver_phantom(
    voxel_size_mm: Sequence[float] = (3.0, 4.0, 4.0),
    *,
    administered_activity_gbq: float = 2.0,
    lung_shunt_fraction: float = 0.05,
    tumor_to_normal_ratio: tuple[float, float] = (5.0, 3.0),
    scan_delay_h: float = 20.0,
    density_g_per_ml: float = LIVER_DENSITY_G_PER_ML,
    blur_fwhm_mm: float = 0.0,
    nuclide: Nuclide | None = None,
) -> Phantom:
    """Make the liver phantom on a grid.

    Parameters
    ----------
    voxel_size_mm : sequence of three floats, default (3.0, 4.0, 4.0)
        Voxel size (k, j, i) in mm, within [1, 10].
    administered_activity_gbq : float, default 2.0
        Administered activity in GBq, positive.
    lung_shunt_fraction : float, default 0.05
        Fraction of the activity that the lungs receive.
    tumor_to_normal_ratio : (float, float), default (5.0, 3.0)
        Ratio of activity concentrations of the two tumors, positive.
    scan_delay_h : float, default 20.0
        Hours from administration to the image.
    density_g_per_ml : float
        Density of the liver in g/mL, 1.05 if not given.
    blur_fwhm_mm : float, default 0.0
        Full width at half maximum in mm of a Gaussian that blurs the image, as a camera would; the truth is not
        blurred.
    nuclide : Nuclide, optional
        `Nuclide()` if not given.

    Returns
    -------
    Phantom
        Image, structures and truth.

    Raises
    ------
    OutOfRangeError
        If a voxel size, the activity or a fraction is out of range.

    Notes
    -----
    The liver receives `A (1 - L)`, shared between normal liver and tumors in proportion to mass times tumor-to-normal
    ratio (the partition model). A voxel on a surface has its fraction inside, from 4 x 4 x 4 points. The activities are
    scaled so that each region has the stated one.

    Examples
    --------
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> round(phantom.mean_dose_gy["Tumor 1"] / phantom.mean_dose_gy["Normal liver"], 6)
    5.0
    """
    size = tuple(float(v) for v in voxel_size_mm)
    if len(size) != 3 or not all(np.isfinite(v) and 1.0 <= v <= 10.0 for v in size):
        raise OutOfRangeError(f"voxel size in mm must be three numbers within [1, 10], got {tuple(voxel_size_mm)}")
    for quantity, value, low, high in (
        ("administered activity in GBq", administered_activity_gbq, 1e-9, 1e3),
        ("lung shunt fraction", lung_shunt_fraction, 0.0, 0.99),
        ("tumor-to-normal ratio of tumor 1", tumor_to_normal_ratio[0], 1e-3, 1e3),
        ("tumor-to-normal ratio of tumor 2", tumor_to_normal_ratio[1], 1e-3, 1e3),
        ("scan delay in h", scan_delay_h, 0.0, 1e3),
        ("density in g/mL", density_g_per_ml, 0.1, 3.0),
        ("blur FWHM in mm", blur_fwhm_mm, 0.0, 30.0),
    ):
        if not (np.isfinite(value) and low <= value <= high):
            raise OutOfRangeError(f"{quantity} must be within [{low:g}, {high:g}], got {value}")
    nuclide = nuclide or Nuclide()

    shape = tuple(round(extent / v) for extent, v in zip(_FIELD_MM, size, strict=True))
    affine = np.diag([size[2], size[1], size[0], 1.0])
    affine[:3, 3] = [
        c - 0.5 * (n - 1) * v for c, n, v in zip(_CENTER_LPS_MM, reversed(shape), reversed(size), strict=True)
    ]
    fraction = _voxel_fractions(shape, affine)

    voxel_ml = float(np.prod(size)) * 1e-3
    volume_ml = {name: float(f.sum()) * voxel_ml for name, f in fraction.items()}
    mass_kg = {name: v * density_g_per_ml * 1e-3 for name, v in volume_ml.items() if name not in ("Body", "Lungs")}
    uptake = {"Normal liver": 1.0, "Tumor 1": tumor_to_normal_ratio[0], "Tumor 2": tumor_to_normal_ratio[1]}
    weight_kg = sum(uptake[name] * mass_kg[name] for name in uptake)
    in_liver_mbq = administered_activity_gbq * 1e3 * (1.0 - lung_shunt_fraction)
    concentration = {name: in_liver_mbq * r * density_g_per_ml * 1e-3 / weight_kg for name, r in uptake.items()}
    concentration["Lungs"] = administered_activity_gbq * 1e3 * lung_shunt_fraction / volume_ml["Lungs"]

    at_scan = 1e6 * nuclide.decay_factor(scan_delay_h)
    activity = np.zeros(shape)
    for name, mbq_per_ml in concentration.items():
        activity += at_scan * mbq_per_ml * fraction[name]
    activity = blurred(activity, blur_fwhm_mm, size)

    factor = nuclide.dose_factor_gy_kg_per_gbq
    mean_dose_gy = {name: factor * concentration[name] / density_g_per_ml for name in uptake}
    mean_dose_gy["Liver"] = factor * in_liver_mbq * 1e-3 / mass_kg["Liver"]
    made = masks_of_regions(shape, affine)
    return Phantom(
        activity=Image(activity.astype(np.float32), affine, "Bq/mL"),
        ct=Image(_ct(fraction), affine, "HU"),
        structures=tuple(made[name] for name in ("Liver", "Normal liver", "Tumor 1", "Tumor 2")),
        body=made["Body"],
        lungs=made["Lungs"],
        mean_dose_gy=mean_dose_gy,
        mass_kg=mass_kg,
        administered_activity_gbq=administered_activity_gbq,
        lung_shunt_fraction=lung_shunt_fraction,
        tumor_to_normal_ratio=tumor_to_normal_ratio,
        scan_delay_h=scan_delay_h,
        density_g_per_ml=density_g_per_ml,
        nuclide=nuclide,
    )


def _voxel_fractions(shape: tuple[int, ...], affine: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    """Compute the fraction of 4 x 4 x 4 points of each voxel inside each region."""
    offsets = (np.arange(4) + 0.5) / 4.0 - 0.5
    counts: dict[str, NDArray[np.float32]] = {}
    for shift in np.stack(np.meshgrid(offsets, offsets, offsets), axis=-1).reshape(-1, 3):
        moved = affine.copy()
        moved[:3, 3] += affine[:3, :3] @ shift
        for name, inside in _regions(shape, moved).items():
            counts[name] = inside + counts.get(name, np.float32(0.0))
    return {name: count / np.float32(64.0) for name, count in counts.items()}


def _ct(fraction: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Make CT numbers of air, soft tissue, liver, tumors and lungs, averaged in voxels that a surface cuts."""
    hu = np.float32(-1000.0) + np.float32(1020.0) * fraction["Body"]
    for name, difference in (("Normal liver", 45.0), ("Tumor 1", 25.0), ("Tumor 2", 25.0), ("Lungs", -800.0)):
        hu = hu + np.float32(difference) * fraction[name]
    return hu


def masks_of_regions(shape: tuple[int, ...], affine: NDArray[np.float64]) -> dict[str, Structure]:
    """Make an anatomical segmentation of the regions, as masks on a grid of half the voxel size."""
    fine = affine.copy()
    fine[:3, :3] *= 0.5
    fine[:3, 3] -= 0.25 * affine[:3, :3].sum(axis=1)
    masks = _regions(tuple(2 * n for n in shape), fine)
    return {name: Structure(name, mask, fine) for name, mask in masks.items()}


def _regions(shape: tuple[int, ...], affine: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Find the voxel centers of an axis-aligned grid that lie inside each region."""
    z, y, x = (
        (affine[axis, 3] + affine[axis, axis] * np.arange(n)).astype(np.float32)
        for axis, n in zip((2, 1, 0), shape, strict=True)
    )
    point = (x[None, None, :], y[None, :, None], z[:, None, None])
    liver = _radius(point, _LIVER) <= 1.0
    tumor_1 = _radius(point, _TUMOR_1) <= 1.0
    tumor_2 = _radius(point, _TUMOR_2) <= 1.0
    near_liver = _radius(point, _LIVER, _DIAPHRAGM_MM) <= 1.0
    return {
        "Body": _radius(point, _BODY) <= 1.0,
        "Liver": liver,
        "Normal liver": liver & ~tumor_1 & ~tumor_2,
        "Tumor 1": tumor_1,
        "Tumor 2": tumor_2,
        "Lungs": ((_radius(point, _LUNGS[0]) <= 1.0) | (_radius(point, _LUNGS[1]) <= 1.0)) & ~near_liver,
    }


def _radius(
    point: tuple[NDArray[np.float32], ...],
    ellipsoid: tuple[tuple[float, ...], tuple[float, ...]],
    margin_mm: float = 0.0,
) -> NDArray[np.float32]:
    """Return the squared radius in units of the semi-axes, which `margin_mm` enlarges."""
    terms = [
        np.square((p - np.float32(c)) / np.float32(s + margin_mm)) for p, c, s in zip(point, *ellipsoid, strict=True)
    ]
    return np.asarray(terms[0] + terms[1] + terms[2])


def blurred(array: NDArray[np.float64], fwhm_mm: float, voxel_size_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Blur with a separable Gaussian, integrated over each voxel and normalized, with zero outside."""
    if fwhm_mm == 0.0:
        return array
    sigma_mm = fwhm_mm / np.sqrt(8.0 * np.log(2.0))
    for axis, size in enumerate(voxel_size_mm):
        half = int(np.ceil(4.0 * sigma_mm / size))
        weight = np.exp(-0.5 * (np.arange(-half, half + 1) * size / sigma_mm) ** 2)
        weight /= weight.sum()
        padded = np.pad(array, [(half, half) if a == axis else (0, 0) for a in range(3)])
        array = sum(w * np.take(padded, np.arange(i, i + array.shape[axis]), axis=axis) for i, w in enumerate(weight))
    return array
