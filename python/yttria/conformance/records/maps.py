"""Records of maps, kernels and grids, on small arrays."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

import yttria._core as _core

from ... import geometry, kernels
from ... import voxel as v
from ..._foundation.choices import IsotopeName
from ...geometry import Image, Structure
from ...kernels import Nuclide
from ...reference import absorbed_dose, ct_density, gamma, resampling, superposition, voxel_s_values
from .._record import COMPARED, CORE, Record, Side, in_room, nuclide

EXACT: dict[str, Any] = {"relative": 0.0, "of_maximum": 1e-13}


def records() -> tuple[Record, ...]:
    """List the records of this file."""
    return (*_dose_maps(), *_superpositions(), *_density(), *_kernels(), *_grids())


_voxel, _kernel, _grid, _evaluation = map(in_room, ("voxel", "kernels", "geometry", "evaluation"))


def _dose_maps() -> tuple[Record, ...]:
    shape, size_mm = (7, 11, 9), (5.0, 4.0, 7.0)
    rng = np.random.default_rng(26)
    activity = rng.gamma(1.0, 2.0, shape) * (rng.random(shape) < 0.6)
    density, second = rng.uniform(0.3, 1.9, shape), activity[::-1] + 0.3
    s = kernels.voxel_s_values(size_mm, medium="liver", nuclide=nuclide(COMPARED))
    affine = np.diag([*size_mm[::-1], 1.0])
    counts, bq_per_ml = Image(activity * 40.0, affine, "counts"), Image(activity * 1e6, affine, "Bq/mL")
    liver = Structure("Liver", rng.random(shape) < 0.7, affine)
    shares = {"vial_activity_gbq": 2.0, "residual_fraction": 0.02, "lung_shunt_fraction": 0.05}
    concentration = {"activity_mbq_per_ml": activity}

    def plan(side: Side) -> Any:
        return side("ConvolutionPlan", {}, shape=shape, kernel=s.gy_per_mbq_per_ml())

    def variance(side: Side) -> SimpleNamespace:
        """A plan is compared by its result for an array."""
        return SimpleNamespace(variance_plan=lambda: plan(side).variance_plan().apply(activity))

    def by_time(side: Side) -> Any:
        return side("AbsoluteScaling", {}, scan_delay_h=20.0)

    def by_counts(side: Side) -> Any:
        return side("RelativeScaling", {}, reference=liver, **shares)

    def maps(side: Side) -> SimpleNamespace:
        """Make scalings by time and density, and by counts and kernel, whose nuclide is that of the S values."""
        dose_image = side.functions["dose_image"]

        def both() -> list[Any]:
            local = side("dose_image", COMPARED, activity=bq_per_ml, scaling=by_time(side), density_g_per_ml=1.05)
            by_kernel = {"scaling": by_counts(side), "method": "voxel_s_values", "s_values": s}
            found = [local, dose_image(counts, **by_kernel)]
            return [each.image.array if side is CORE else each for each in found]

        return SimpleNamespace(dose_image=both)

    two, scaled = {"arrays": [[activity, second]]}, "mbq_per_ml_per_unit"
    return (
        _voxel("local_deposition", concentration | {"density_g_per_ml": density}, relative=1e-14),
        _voxel("absorbed_dose", concentration | {"s_values": s}, **EXACT),
        _voxel("ConvolutionPlan.apply", {"array": activity}, of=plan, **EXACT),
        _voxel("ConvolutionPlan.apply_many", two, of=plan, **EXACT),
        _voxel("ConvolutionPlan.apply_combined", {**two, "weights": [[1.7, 0.4]]}, of=plan, **EXACT),
        _voxel("ConvolutionPlan.variance_plan", {}, of=variance, **EXACT),
        _voxel("AbsoluteScaling.scale", {"image": bq_per_ml}, scaled, of=by_time),
        _voxel("RelativeScaling.scale", {"image": counts}, scaled, of=by_counts),
        _voxel("dose_image", {}, of=maps, **EXACT),
    )


def _superpositions() -> tuple[Record, ...]:
    """Compare superposition ray by ray. Relative to bone, the factor of the medium is 1 at every density."""
    rng = np.random.default_rng(31)
    shape, size_mm, rho = (2, 4, 3), (4.0, 3.0, 5.0), 1.92
    density, activity = rng.choice([0.26, 1.06, 1.92], shape), rng.gamma(1.0, 2.0, shape)
    bone: dict[str, Any] = {"medium": "bone", "nuclide": nuclide(COMPARED)}
    # Conversion electrons of holmium stay in the voxel of their source.
    holmium: dict[str, Any] = {"medium": "bone", "nuclide": Nuclide("HO166")}
    inputs: dict[str, Any] = {"activity_mbq_per_ml": activity}

    def plan(**terms: Any) -> Any:
        return v.SuperpositionPlan(density, size_mm, ray_setting="fast", **bone, **terms)

    def balance() -> SimpleNamespace:
        def fractions() -> list[float]:
            found = plan(blended=False, gas_density_g_per_ml=0.0).apply_with_balance(activity)[1]
            return [found.deposited_fraction, found.deposited_fraction + found.escaped_fraction]

        return SimpleNamespace(apply_with_balance=fractions)

    @cache
    def energy(in_density: bool, isotope: IsotopeName) -> Any:
        rays = _core._superposition_rays("fast", np.shape(activity), size_mm)
        kernel = superposition.modes_double_integral(*_core._kernel_modes("bone", isotope))
        depth = density if in_density else np.full(shape, rho)
        return superposition.superposed_energy(activity, depth, size_mm, rays, kernel)

    def s_values(given: dict[str, Any]) -> kernels.VoxelSValues:
        return kernels.voxel_s_values(size_mm, density_g_per_ml=rho, **given)

    def defined(given: dict[str, Any]) -> Any:
        s, of = s_values(given), given["nuclide"]
        uniform, found = energy(False, of.isotope), energy(True, of.isotope)
        convolved, factor = absorbed_dose.absorbed_dose(activity, s), of.dose_factor_gy_kg_per_gbq
        return superposition.superposed_dose(density, factor, found, uniform, convolved, rho)

    def defined_balance() -> list[float]:
        held = energy(True, "Y-90").sum() / (activity.sum() * s_values(bone).energy_inside_fraction)
        return [held, 1.0]

    of_density = {"density_g_per_ml": density, "voxel_size_mm": [size_mm], "ray_setting": "fast", **holmium}
    return (
        _voxel("SuperpositionPlan.apply", inputs, of=lambda: plan(), reference=lambda: defined(bone)),
        _voxel("SuperpositionPlan.apply_with_balance", {}, of=balance, reference=defined_balance),
        _voxel("superposed_dose", inputs | of_density, reference=lambda **_: defined(holmium)),
    )


def _density() -> tuple[Record, ...]:
    shape, affine = (4, 6, 5), np.diag([2.5, 3.0, 4.0, 1.0])
    rng = np.random.default_rng(27)
    ct = Image(rng.uniform(-1100, 1500, shape), affine, "HU")
    curve = v.ct_density_curve("schneider_1996")
    density = v.density_image(ct, out_of_range="clamp")
    organ = Structure("Lungs", rng.random(shape) < 0.4, affine)
    # The new voxels have 2 x 1.5 x 1 of the old size, so that old faces lie between their equal quarters and thirds.
    coarse = affine @ np.diag([1.0, 1.5, 2.0, 1.0])
    coarse[:3, 3] = affine[:3, :3] @ [0.0, 0.25, 0.5]
    grid, lungs = ((2, 4, 5), coarse), {"ct": rng.normal(-780.0, 150.0, 1500), "voxel_volume_ml": 3.0}

    def mapped() -> Any:
        return ct_density.density_from_ct(ct.array, curve.hounsfield_units, curve.density_g_per_ml)

    def averaged() -> Any:
        return resampling.resampled(density.image.array, affine, *grid, samples_per_axis=6)

    def mass() -> float:
        return ct_density.structure_mass_kg(mapped(), organ.mask, ct.voxel_volume_ml)

    within = {"density": density, "structure": organ}
    return (
        _voxel("density_image", {"ct": ct, "out_of_range": "clamp"}, "image.array", reference=mapped),
        _voxel("DensityImage.resampled_on", {"grid": [grid]}, "image.array", of=lambda: density, reference=averaged),
        _voxel("structure_mass", within, "mass_kg", reference=mass),
        _voxel("lung_mass", lungs, "lung_mass_kg"),
    )


def _kernels() -> tuple[Record, ...]:
    size_mm, kernel = (5.0, 4.0, 7.0), kernels.dose_point_kernel("liver")
    s = kernels.voxel_s_values(size_mm, medium="liver", nuclide=Nuclide.from_energy(64.05, kernel.emitted_mev))

    def table() -> Any:
        edges, rho = (kernel.edge_mm, kernel.energy_mev), kernel.density_g_per_ml
        return voxel_s_values.voxel_s_values(*edges, size_mm, rho, 12.0 / rho, directions=24)

    inputs = {"voxel_size_mm": [size_mm], "medium": "liver", "nuclide": s.nuclide}
    return (
        # These are two quadratures of one integral. With 24 directions, the error of the reference is 1e-3 in far
        # voxels.
        _kernel("voxel_s_values", inputs, "values", reference=table, relative=5e-3, of_maximum=2e-4),
        _kernel(
            "VoxelSValues.gy_per_mbq_per_ml",
            {},
            of=lambda: s,
            reference=lambda half_life_h: absorbed_dose.gy_per_mbq_per_ml(s.values, size_mm, half_life_h),
        ),
    )


def _grids() -> tuple[Record, ...]:
    rng = np.random.default_rng(23)
    mask = rng.integers(0, 2, (6, 9, 7)).astype(bool)
    fine, coarse = np.diag([2.0, 2.5, 3.0, 1.0]), np.diag([4.0, 5.0, 4.5, 1.0])
    fine[:3, 3], coarse[:3, 3] = (-3.0, 4.25, 2.0), (-5.0, 3.0, -1.0)
    fractions = rng.uniform(0.0, 1.0, (3, 4, 5)).astype(np.float32)
    # Every face of a mask voxel lies between two of 24 parts of a dose voxel, so that the definition is exact.
    grids = {"mask_affine_lps": fine, "shape": [(5, 4, 6)], "affine_lps": coarse, "samples_per_axis": 24}
    # The reference is far from the evaluated doses, so that the least gamma lies at a corner of a cell, which is a
    # sample.
    rng = np.random.default_rng(25)
    a, b = rng.uniform(40.0, 50.0, (4, 6, 5)), rng.uniform(60.0, 70.0, (4, 6, 5))
    a[1] *= 0.05
    criteria: dict[str, Any] = {"dose_difference_fraction": 0.2, "distance_mm": 60.0, "lower_dose_cutoff_fraction": 0.2}
    criteria |= {"maximum_gamma": 9.0}
    affine, images = np.diag([2.5, 2.0, 3.0, 1.0]), {"reference": a, "evaluated": b, "voxel_size_mm": [(3.0, 2.0, 2.5)]}

    def sampled() -> Any:
        return gamma.gamma_index(a, affine, b, affine, samples_per_voxel=3, **criteria)

    return (
        _grid("voxel_fractions", {"mask": mask, **grids}, "to_array", relative=1e-6, of_maximum=1e-6),
        _grid("fractions_of_mask", {"mask": fractions}, "to_array", reference=lambda mask: mask, relative=1e-6),
        _grid(
            "VoxelFractions.volume_ml",
            {"voxel_volume_ml": 0.03},
            of=lambda: geometry.fractions_of_mask(fractions),
            reference=lambda voxel_volume_ml: np.sum(fractions, dtype=np.float64) * voxel_volume_ml,
            relative=1e-7,
        ),
        _evaluation("gamma_index", {**images, **criteria}, "gamma", reference=sampled, relative=1e-4),
    )
