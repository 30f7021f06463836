"""Absorbed dose voxel by voxel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
    from .absorbed_dose import absorbed_dose
    from .convolution import ConvolutionPlan
    from .ct_density import CtDensityCurve, DensityImage, ct_density_curve, ct_density_curves, density_image
    from .dose_image import dose_image
    from .dose_result import DoseResult
    from .dosed_image import ActivityInField
    from .ensemble import DoseSpread, dose_ensemble
    from .image_noise import ImageNoise
    from .local_deposition import local_deposition
    from .lung_mass import LungMass, lung_mass
    from .mass import StructureMass, structure_mass
    from .microspheres import MicrosphereSpread, microsphere_spread
    from .monte_carlo import MonteCarloRun
    from .monte_carlo_check import MonteCarloCheck, check_by_monte_carlo
    from .monte_carlo_dose import MonteCarloDose, MonteCarloProgress, StructureEstimate
    from .monte_carlo_simulation import monte_carlo
    from .propagation import PropagatedDoses, propagate_uncertainty
    from .recovered_means import recovered_means
    from .repeated_counts import repeated_count_uncertainty
    from .scaling import AbsoluteScaling, RelativeScaling
    from .superposition import EnergyBalance, SuperpositionPlan, superposed_dose
    from .tissue_regions import tissue_regions

__all__ = [
    "LIVER_DENSITY_G_PER_ML",
    "AbsoluteScaling",
    "ActivityInField",
    "ConvolutionPlan",
    "CtDensityCurve",
    "DensityImage",
    "DoseResult",
    "DoseSpread",
    "EnergyBalance",
    "ImageNoise",
    "LungMass",
    "MicrosphereSpread",
    "MonteCarloCheck",
    "MonteCarloDose",
    "MonteCarloProgress",
    "MonteCarloRun",
    "PropagatedDoses",
    "RelativeScaling",
    "StructureEstimate",
    "StructureMass",
    "SuperpositionPlan",
    "absorbed_dose",
    "check_by_monte_carlo",
    "ct_density_curve",
    "ct_density_curves",
    "density_image",
    "dose_ensemble",
    "dose_image",
    "local_deposition",
    "lung_mass",
    "microsphere_spread",
    "monte_carlo",
    "propagate_uncertainty",
    "recovered_means",
    "repeated_count_uncertainty",
    "structure_mass",
    "superposed_dose",
    "tissue_regions",
]

lazy_room(
    __name__,
    {
        ".._foundation.tissue": ("LIVER_DENSITY_G_PER_ML",),
        ".absorbed_dose": ("absorbed_dose",),
        ".convolution": ("ConvolutionPlan",),
        ".ct_density": ("CtDensityCurve", "DensityImage", "ct_density_curve", "ct_density_curves", "density_image"),
        ".dose_image": ("dose_image",),
        ".dose_result": ("DoseResult",),
        ".dosed_image": ("ActivityInField",),
        ".ensemble": ("DoseSpread", "dose_ensemble"),
        ".local_deposition": ("local_deposition",),
        ".image_noise": ("ImageNoise",),
        ".lung_mass": ("LungMass", "lung_mass"),
        ".mass": ("StructureMass", "structure_mass"),
        ".microspheres": ("MicrosphereSpread", "microsphere_spread"),
        ".monte_carlo": ("MonteCarloRun",),
        ".monte_carlo_check": ("MonteCarloCheck", "check_by_monte_carlo"),
        ".monte_carlo_dose": ("MonteCarloDose", "MonteCarloProgress", "StructureEstimate"),
        ".monte_carlo_simulation": ("monte_carlo",),
        ".recovered_means": ("recovered_means",),
        ".propagation": ("PropagatedDoses", "propagate_uncertainty"),
        ".repeated_counts": ("repeated_count_uncertainty",),
        ".scaling": ("AbsoluteScaling", "RelativeScaling"),
        ".superposition": ("EnergyBalance", "SuperpositionPlan", "superposed_dose"),
        ".tissue_regions": ("tissue_regions",),
    },
)
