"""Liver phantom before treatment: MAA SPECT of two injections, planar views, CT and segments, with known truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from ..errors import OutOfRangeError
from ..geometry.image import Image
from ..geometry.structure import Structure
from .liver import blurred, masks_of_regions

#: The plane x = -45 mm divides the liver into the territories of two injections. Tumor 1 lies right of it, tumor 2
#: left.
_DIVISION_MM = -45.0
_TUMOR_OF = {"right": "Tumor 1", "left": "Tumor 2"}
#: The field of view in mm per array axis (k, j, i) and its center; it holds the whole lungs.
_FIELD_MM = (312.0, 264.0, 380.0)
_CENTER_LPS_MM = (0.0, 0.0, 60.0)
#: CT numbers in HU, and the density of lungs, which is (HU + 1000) / 1000.
_HU = {"Body": 20.0, "Normal liver": 65.0, "Tumor 1": 45.0, "Tumor 2": 45.0, "Lungs": -750.0}
#: Counts of the SPECT for the tracer of a whole treatment.
_COUNTS = 4e6
#: Linear attenuation coefficient of water at 140 keV in 1/mm (0.0154 1/mm), and the lungs' share of it.
_ATTENUATION_PER_MM, _LUNG_SHARE = 0.0154, 0.25


@dataclass(frozen=True, kw_only=True)
class PlanningPhantom:
    """Planning phantom and its truth.

    Parameters
    ----------
    maa : mapping of str to Image
        SPECT of each injection by territory, "right" and "left", in counts.
    maa_of_all : Image
        Their sum: one scan after both injections.
    ct : Image
        CT in HU on the grid of the structures, with sharp edges.
    planar : Image
        Anterior and posterior view of both injections, shape (2, rows, columns), the posterior one as seen from behind.
    structures : tuple of Structure
        Liver, Tumor 1, Tumor 2, Perfused right, Perfused left and Lungs, on a grid of half the voxel size.
    planar_regions : tuple of Structure
        Lungs and Liver as regions of the two views.
    lung_shunt_fraction : mapping of str to float
        True shunt of each territory.
    combined_lung_shunt_fraction : float
        True shunt of the scan of all, weighted by the tracer of each injection.
    tumor_to_normal_ratio, mass_kg : mapping of str to float
        True ratio of each tumor, and true masses: of the tumors, the normal liver of each territory ("Normal right",
        "Normal left"), and the lungs.
    density_g_per_ml : float
        Density in g/mL of liver and tumors for the true masses.
    """

    maa: Mapping[str, Image]
    maa_of_all: Image
    ct: Image
    planar: Image
    structures: tuple[Structure, ...]
    planar_regions: tuple[Structure, ...]
    lung_shunt_fraction: Mapping[str, float]
    combined_lung_shunt_fraction: float
    tumor_to_normal_ratio: Mapping[str, float]
    mass_kg: Mapping[str, float]
    density_g_per_ml: float


def planning_phantom(
    voxel_size_mm: Sequence[float] = (4.8, 4.4, 4.0),
    *,
    lung_shunt_fraction: tuple[float, float] = (0.05, 0.05),
    tumor_to_normal_ratio: tuple[float, float] = (5.0, 3.0),
    density_g_per_ml: float = LIVER_DENSITY_G_PER_ML,
    blur_fwhm_mm: float = 0.0,
) -> PlanningPhantom:
    """Make the planning phantom.

    Parameters
    ----------
    voxel_size_mm : sequence of float, default (4.8, 4.4, 4.0)
        Of the SPECT, (k, j, i), each within [2, 10] mm.
    lung_shunt_fraction : (float, float), default (0.05, 0.05)
        Of the right and the left territory, each within [0, 0.9].
    tumor_to_normal_ratio : (float, float), default (5.0, 3.0)
        Of tumor 1 and tumor 2, each within [0.001, 1000].
    density_g_per_ml : float, default 1.05
        Of liver and tumors, within [0.9, 1.2] g/mL.
    blur_fwhm_mm : float, default 0.0
        Full width at half maximum of the SPECT's Gaussian blur, within [0, 30] mm. Truth and planar views have none.

    Returns
    -------
    PlanningPhantom
        Images, structures and truth. The anatomy is that of `liver_phantom`.

    Raises
    ------
    OutOfRangeError
        If a value is outside its range.

    Notes
    -----
    Each voxel has the average of its parts in the structures, so that the truth of the structures is exact. The whole
    liver is perfused. The tracer is shared between the injections so that the normal liver has one concentration c;
    tumor i has `r_i c`, and the lungs have `sum_k A_k L_k`, evenly, with `A_k (1 - L_k) = c (V_N,k + r_k V_T,k)`.
    Planar views are line sums along the anterior-posterior axis, attenuated with 0.0154 1/mm in tissue and a quarter of
    it in the lungs.

    Examples
    --------
    >>> phantom = planning_phantom((10.0, 10.0, 10.0))
    >>> [structure.name for structure in phantom.structures][:3]
    ['Liver', 'Tumor 1', 'Tumor 2']
    """
    size = _checked(voxel_size_mm, lung_shunt_fraction, tumor_to_normal_ratio, density_g_per_ml, blur_fwhm_mm)
    shape = tuple(round(extent / v) for extent, v in zip(_FIELD_MM, size, strict=True))
    affine = np.diag([size[2], size[1], size[0], 1.0])
    affine[:3, 3] = [c - 0.5 * (n - 1) * v for c, n, v in zip(_CENTER_LPS_MM, shape[::-1], size[::-1], strict=True)]
    masks = masks_of_regions(shape, affine)
    fraction = {name: _coarser(each.mask) for name, each in masks.items()}
    right = _coarser(np.broadcast_to(_right_of_division(masks["Liver"]), masks["Liver"].mask.shape))
    share = {"right": right, "left": 1.0 - right}
    shunts = dict(zip(share, map(float, lung_shunt_fraction), strict=True))
    ratios = dict(zip(_TUMOR_OF.values(), map(float, tumor_to_normal_ratio), strict=True))

    voxel_ml = float(np.prod(size)) * 1e-3
    mass_kg = {}
    in_liver, in_lungs = {}, {}
    for territory, part in share.items():
        tumor = _TUMOR_OF[territory]
        normal = fraction["Normal liver"] * part
        in_liver[territory] = normal + ratios[tumor] * fraction[tumor]
        shunt = shunts[territory]
        in_lungs[territory] = float(in_liver[territory].sum()) * shunt / (1.0 - shunt)
        mass_kg[f"Normal {territory}"] = float(normal.sum()) * voxel_ml * density_g_per_ml * 1e-3
        mass_kg[tumor] = float(fraction[tumor].sum()) * voxel_ml * density_g_per_ml * 1e-3
    lungs = fraction["Lungs"] / fraction["Lungs"].sum()
    total = sum(float(each.sum()) for each in in_liver.values()) + sum(in_lungs.values())
    counts = {t: (in_liver[t] + in_lungs[t] * lungs) * (_COUNTS / total) for t in share}
    every = sum(counts.values())
    mass_kg["Lungs"] = float(fraction["Lungs"].sum()) * voxel_ml * (1.0 + _HU["Lungs"] / 1000.0) * 1e-3

    def image(values: NDArray[np.float64]) -> Image:
        return Image(blurred(values, blur_fwhm_mm, size).astype(np.float32), affine, "counts")

    structures, ct = _anatomy(masks)
    return PlanningPhantom(
        maa={territory: image(values) for territory, values in counts.items()},
        maa_of_all=image(np.asarray(every)),
        ct=ct,
        planar=_planar(np.asarray(every), fraction, size),
        structures=structures,
        planar_regions=_planar_regions(fraction, size),
        lung_shunt_fraction=shunts,
        combined_lung_shunt_fraction=sum(in_lungs.values()) / total,
        tumor_to_normal_ratio=ratios,
        mass_kg=mass_kg,
        density_g_per_ml=density_g_per_ml,
    )


def _checked(
    voxel_size_mm: Sequence[float],
    shunts: tuple[float, float],
    ratios: tuple[float, float],
    density_g_per_ml: float,
    blur_fwhm_mm: float,
) -> tuple[float, float, float]:
    size = tuple(float(v) for v in voxel_size_mm)
    if len(size) != 3 or not all(2.0 <= v <= 10.0 for v in size):
        raise OutOfRangeError(f"voxel size in mm must be three numbers within [2, 10], got {tuple(voxel_size_mm)}")
    for quantity, value, low, high in (
        *(("lung shunt fraction", shunt, 0.0, 0.9) for shunt in shunts),
        *(("tumor-to-normal ratio", ratio, 1e-3, 1e3) for ratio in ratios),
        ("density in g/mL", density_g_per_ml, 0.9, 1.2),
        ("blur FWHM in mm", blur_fwhm_mm, 0.0, 30.0),
    ):
        if not low <= value <= high:
            raise OutOfRangeError(f"{quantity} must be within [{low:g}, {high:g}], got {value}")
    return size[0], size[1], size[2]


def _right_of_division(structure: Structure) -> NDArray[np.bool_]:
    """Find the columns of a structure's mask whose centers lie right of the division."""
    return np.asarray(
        structure.affine_lps[0, 3] + structure.affine_lps[0, 0] * np.arange(structure.mask.shape[2]) < _DIVISION_MM
    )


def _coarser(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Compute the fraction inside of each voxel of twice the size."""
    k, j, i = (n // 2 for n in mask.shape)
    return np.asarray(mask.reshape(k, 2, j, 2, i, 2).mean(axis=(1, 3, 5)))


def _anatomy(masks: dict[str, Structure]) -> tuple[tuple[Structure, ...], Image]:
    """Make segments, and a CT on their grid."""
    liver = masks["Liver"]
    right = _right_of_division(liver)
    for territory, side in (("right", right), ("left", ~right)):
        name = f"Perfused {territory}"
        masks[name] = Structure(name, liver.mask & side, liver.affine_lps)
    hu = np.full(liver.mask.shape, -1000, np.int16)
    for name, value in _HU.items():
        hu[masks[name].mask] = value
    names = ("Liver", "Tumor 1", "Tumor 2", "Perfused right", "Perfused left", "Lungs")
    return tuple(masks[name] for name in names), Image(hu, liver.affine_lps, "HU")


def _planar(
    counts: NDArray[np.float64], fraction: Mapping[str, NDArray[np.float64]], size: tuple[float, float, float]
) -> Image:
    """Make views from the front and from behind: attenuated sums along j, with rows from head to foot."""
    density = fraction["Body"] - (1.0 - _LUNG_SHARE) * fraction["Lungs"]
    depth = np.cumsum(density, axis=1) * size[1]
    from_front = depth - 0.5 * density * size[1]
    from_behind = depth[:, -1:, :] - from_front
    front, behind = (
        (counts * np.exp(-_ATTENUATION_PER_MM * way)).sum(axis=1)[::-1] for way in (from_front, from_behind)
    )
    return Image(np.stack([front, behind[:, ::-1]]).astype(np.float32), _planar_affine(size), "counts")


def _planar_regions(
    fraction: Mapping[str, NDArray[np.float64]], size: tuple[float, float, float]
) -> tuple[Structure, ...]:
    """Make the region of the liver in both views, and that of the lungs without it."""
    liver, any_lung = (np.asarray(np.any(fraction[name] > 0.0, axis=1))[::-1] for name in ("Liver", "Lungs"))
    lungs = any_lung & ~liver
    return tuple(
        Structure(name, np.stack([view, view[:, ::-1]]), _planar_affine(size))
        for name, view in (("Lungs", lungs), ("Liver", liver))
    )


def _planar_affine(size: tuple[float, float, float]) -> NDArray[np.float64]:
    """A view has no position in the patient; the axes are columns, rows and views."""
    return np.diag([size[2], size[0], 1.0, 1.0])
