"""Dose maps."""

from __future__ import annotations

from typing import Any

import numpy as np

import yttria._core as _core

from ..._core import Nuclide
from ...geometry import Image, Structure
from ...kernels import voxel_s_values
from ...reference import absorbed_dose as dose_reference
from ...reference import convolution, scaling, superposition
from ...reference import local_deposition as local_reference
from ...voxel import (
    AbsoluteScaling,
    ConvolutionPlan,
    RelativeScaling,
    SuperpositionPlan,
    absorbed_dose,
    dose_image,
    local_deposition,
    superposed_dose,
)
from ._comparison import Comparison

NUCLIDE = Nuclide.from_dose_factor(64.05, 49.38)
T, C = NUCLIDE.half_life_h, NUCLIDE.dose_factor_gy_kg_per_gbq
SHAPE, SIZE_MM = (7, 11, 9), (5.0, 4.0, 7.0)


def entries() -> list[Comparison]:
    """All of them."""
    rng = np.random.default_rng(26)
    activity = rng.gamma(1.0, 2.0, SHAPE) * (rng.random(SHAPE) < 0.6)
    density = rng.uniform(0.3, 1.9, SHAPE)
    s = voxel_s_values(SIZE_MM, medium="liver", nuclide=NUCLIDE)
    kernel = s.gy_per_mbq_per_ml()
    plan = ConvolutionPlan(SHAPE, kernel)
    second = activity[::-1] + 0.3
    affine = np.diag([*SIZE_MM[::-1], 1.0])
    counts = Image(activity * 40.0, affine, "counts")
    bq_per_ml = Image(activity * 1e6, affine, "Bq/mL")
    voxel_ml = float(np.prod(SIZE_MM)) / 1000.0
    region = rng.random(SHAPE) < 0.7
    liver = Structure("Liver", region, affine)
    relative = RelativeScaling(reference=liver, vial_activity_gbq=2.0, residual_fraction=0.02, lung_shunt_fraction=0.05)
    absolute = AbsoluteScaling(scan_delay_h=20.0)
    exact = {"relative": 0.0, "of_maximum": 1e-13}

    def variance() -> Any:
        return plan.variance_plan().apply(activity)

    def maps() -> list[Any]:
        by_time = dose_image(bq_per_ml, scaling=absolute, density_g_per_ml=1.05, nuclide=NUCLIDE)
        by_counts = dose_image(counts, scaling=relative, method="voxel_s_values", s_values=s)
        return [by_time.image.array, by_counts.image.array]

    def defined_maps() -> list[Any]:
        at_zero = scaling.absolute_mbq_per_ml(activity * 1e6, 20.0, T)
        shared = scaling.relative_mbq_per_ml(activity * 40.0, region.astype(float), voxel_ml, 1.96, 0.05)
        return [
            local_reference.local_deposition(at_zero, 1.05, C),
            dose_reference.absorbed_dose(shared, s.values, SIZE_MM, T),
        ]

    return [
        Comparison(
            name="voxel.local_deposition",
            core=lambda: local_deposition(activity, density_g_per_ml=density, nuclide=NUCLIDE),
            reference=lambda: local_reference.local_deposition(activity, density, C),
            relative=1e-14,
        ),
        Comparison(
            name="voxel.absorbed_dose",
            core=lambda: absorbed_dose(activity, s),
            reference=lambda: dose_reference.absorbed_dose(activity, s.values, SIZE_MM, T),
            **exact,
        ),
        Comparison(
            name="voxel.ConvolutionPlan.apply",
            core=lambda: plan.apply(activity),
            reference=lambda: convolution.convolve(activity, kernel),
            **exact,
        ),
        Comparison(
            name="voxel.ConvolutionPlan.apply_many",
            core=lambda: plan.apply_many([activity, second]),
            reference=lambda: [convolution.convolve(each, kernel) for each in (activity, second)],
            **exact,
        ),
        Comparison(
            name="voxel.ConvolutionPlan.apply_combined",
            core=lambda: plan.apply_combined([activity, second], [1.7, 0.4]),
            reference=lambda: convolution.convolve(1.7 * activity + 0.4 * second, kernel),
            **exact,
        ),
        Comparison(
            name="voxel.ConvolutionPlan.variance_plan",
            core=variance,
            reference=lambda: convolution.convolve(activity, kernel**2),
            **exact,
        ),
        Comparison(
            name="voxel.AbsoluteScaling.scale",
            core=lambda: absolute.scale(bq_per_ml, NUCLIDE).mbq_per_ml_per_unit,
            reference=lambda: scaling.absolute_mbq_per_ml(np.array(1.0), 20.0, T),
        ),
        Comparison(
            name="voxel.RelativeScaling.scale",
            core=lambda: relative.scale(counts, NUCLIDE).mbq_per_ml_per_unit * counts.array,
            reference=lambda: scaling.relative_mbq_per_ml(activity * 40.0, region.astype(float), voxel_ml, 1.96, 0.05),
        ),
        *_superpositions(),
        Comparison(name="voxel.dose_image", core=maps, reference=defined_maps, **exact),
    ]


def _superpositions() -> list[Comparison]:
    """Every ray by itself. Relative to bone the factor of the medium is 1 whatever the density."""
    rng = np.random.default_rng(31)
    shape, size_mm, rho = (3, 5, 4), (4.0, 3.0, 5.0), 1.92
    density = rng.choice([0.26, 1.06, 1.92], shape)
    activity = rng.gamma(1.0, 2.0, shape)
    s = voxel_s_values(size_mm, medium="bone", density_g_per_ml=rho, nuclide=NUCLIDE)
    plan = SuperpositionPlan(density, size_mm, medium="bone", ray_setting="fast", nuclide=NUCLIDE)
    unblended = SuperpositionPlan(
        density, size_mm, medium="bone", ray_setting="fast", blended=False, gas_density_g_per_ml=0.0, nuclide=NUCLIDE
    )

    def defined(setting: str) -> Any:
        rays = _core._superposition_rays(setting, size_mm)
        kernel = superposition.modes_double_integral(_core._kernel_modes("bone"))
        energy, uniform = (
            superposition.superposed_energy(activity, depth, size_mm, rays, kernel)
            for depth in (density, np.full(shape, rho))
        )
        convolved = dose_reference.absorbed_dose(activity, s.values, size_mm, T)
        return superposition.superposed_dose(density, C, energy, uniform, convolved, rho)

    def balance() -> Any:
        found = unblended.apply_with_balance(activity)[1]
        return [found.deposited_fraction, found.deposited_fraction + found.escaped_fraction]

    def defined_balance() -> Any:
        rays = _core._superposition_rays("fast", size_mm)
        kernel = superposition.modes_double_integral(_core._kernel_modes("bone"))
        deposited = superposition.superposed_energy(activity, density, size_mm, rays, kernel).sum()
        return [deposited / (activity.sum() * s.energy_inside_fraction), 1.0]

    return [
        Comparison(
            name="voxel.SuperpositionPlan.apply", core=lambda: plan.apply(activity), reference=lambda: defined("fast")
        ),
        Comparison(name="voxel.SuperpositionPlan.apply_with_balance", core=balance, reference=defined_balance),
        Comparison(
            name="voxel.superposed_dose",
            core=lambda: superposed_dose(
                activity, density, size_mm, medium="bone", ray_setting="standard", nuclide=NUCLIDE
            ),
            reference=lambda: defined("standard"),
        ),
    ]
