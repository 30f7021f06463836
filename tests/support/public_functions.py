"""Public functions, and those that compute nothing of their own."""

from __future__ import annotations

import inspect
from types import ModuleType

from yttria import evaluation, geometry, kernels, planning, voxel

_SAMPLED = "a random sample: tests/monte_carlo compares it with EGSnrc, the kernels and the convolution"
_TABLE = "reads a table; nothing is computed"
_RECORD = "gives a result another form"
_PLACE = "compares or multiplies affines"
_PARTS = "is made of functions that are compared one by one"

EXEMPT = {
    "evaluation.DoseComparison.as_dict": _RECORD,
    "evaluation.DoseQuantityDifference.as_dict": _RECORD,
    "evaluation.GammaResult.as_dict": _RECORD,
    "evaluation.IsodoseOverlap.as_dict": _RECORD,
    "evaluation.StructureDifference.as_dict": _RECORD,
    "evaluation.StructureDose.as_dict": _RECORD,
    "evaluation.StructureDose.of": "reads a histogram, whose methods are compared",
    "geometry.VoxelFractions.to_array": _RECORD,
    "evaluation.AccumulatedDose.bed": _PARTS,
    "evaluation.AccumulatedDose.histograms": _PARTS,
    "evaluation.AccumulatedDose.table": _PARTS,
    "evaluation.AccumulatedRow.as_dict": _RECORD,
    "evaluation.DoseMetric.as_dict": _RECORD,
    "evaluation.SummedTreatment.as_dict": _RECORD,
    "evaluation.accumulate_doses": "adds images; resampling and BED are compared",
    "evaluation.compare_doses": _PARTS,
    "evaluation.dose_metric": "reads a name",
    "evaluation.DvhRow.as_dict": _RECORD,
    "evaluation.dvh_table": "reads a histogram, whose curve is compared",
    "evaluation.metric_value": _PARTS,
    "evaluation.ParameterSet.advisories": _TABLE,
    "evaluation.UncertaintyBudget.as_dict": _RECORD,
    "evaluation.UncertaintyComponent.as_dict": _RECORD,
    "evaluation.UncertaintyInputs.as_dict": _RECORD,
    "evaluation.UncertaintyInputs.basis_of": _RECORD,
    "evaluation.UncertaintyInputs.from_dict": _RECORD,
    "evaluation.UncertaintyInputs.names": _RECORD,
    "evaluation.UncertaintyInputs.of_structure": _RECORD,
    "evaluation.parameter_set": _TABLE,
    "evaluation.parameter_sets": _TABLE,
    "geometry.ContourStructure.affine_lps": _RECORD,
    "geometry.ContourStructure.as_dict": _RECORD,
    "geometry.ContourStructure.mask": "is a view of the voxel fractions; a test compares contours with the reference",
    "geometry.ContourStructure.transformed": _PLACE,
    "geometry.ContourStructure.voxel_fractions_on": "a test compares contours with `yttria.reference.contours`",
    "geometry.Image.from_any": _RECORD,
    "geometry.Image.transformed": _PLACE,
    "geometry.Image.resampled_on": "a test compares it with `yttria.reference.resampling`",
    "geometry.Image.same_grid": _PLACE,
    "geometry.Image.to": "multiplies by a whole factor",
    "geometry.Image.with_array": _RECORD,
    "geometry.ResampledImage.as_dict": _RECORD,
    "geometry.Structure.as_dict": _RECORD,
    "geometry.Structure.check_frame": _PLACE,
    "geometry.Structure.transformed": _PLACE,
    "geometry.Structure.voxel_fractions_on": "is `geometry.voxel_fractions`, which is compared",
    "geometry.derive_structures": "reads definitions; union, intersection and difference are compared",
    "geometry.PlanarViews.from_image": _RECORD,
    "geometry.PlanarViews.region": "gives a mask the shape of the views",
    "geometry.select_structures": "compares names",
    "geometry.subvoxel_grid": "cuts a grid; a test holds histograms of parts against `yttria.reference.sub_voxel`",
    "geometry.subvoxel_counts": "divides lengths",
    "kernels.Nuclide.from_dose_factor": "stores what it is given; `from_energy` is compared",
    "kernels.Nuclide.presets": _TABLE,
    "kernels.VoxelSValueLibrary.get": "remembers `voxel_s_values`",
    "kernels.dose_point_kernel": _TABLE,
    "kernels.media": _TABLE,
    "planning.ModelComparison.as_dict": _RECORD,
    "planning.ModelComparison.rows": _RECORD,
    "planning.ModelComparison.table": _RECORD,
    "planning.ModelRow.as_dict": _RECORD,
    "planning.ModelRow.of": _RECORD,
    "planning.DeliveredLimits.as_dict": _RECORD,
    "planning.DoseChange.as_dict": _RECORD,
    "planning.PlanComparison.as_dict": _RECORD,
    "planning.PlannedStructure.as_dict": _RECORD,
    "planning.PriorDoses.as_dict": _RECORD,
    "planning.PriorDoses.keywords": _RECORD,
    "planning.compare_plan": _PARTS,
    "planning.prior_doses": _PARTS,
    "planning.with_prior_doses": _RECORD,
    "planning.StructureMetrics.as_dict": _RECORD,
    "planning.DeliveredRoles.as_dict": _RECORD,
    "planning.DeliveredRoles.of_tissue": _RECORD,
    "planning.TissueParameters.as_dict": _RECORD,
    "planning.delivered_limits": "compares numbers with limits",
    "planning.delivered_roles": "compares names",
    "planning.structure_metrics": _PARTS,
    "planning.tissue_parameters": _TABLE,
    "planning.Limit.as_dict": _RECORD,
    "planning.Limit.cautions_for": _TABLE,
    "planning.LimitCondition.as_dict": _RECORD,
    "planning.LimitCondition.holds": "compares a number with another",
    "planning.LimitQuery.rows": _RECORD,
    "planning.LimitRow.as_dict": _RECORD,
    "planning.LimitState.as_dict": _RECORD,
    "planning.MaximumActivity.activity_at": _RECORD,
    "planning.Patient.advisories": "compares what is given with what a model needs",
    "planning.Patient.as_dict": _RECORD,
    "planning.Patient.doses": _PARTS,
    "planning.Patient.limits_with_prior_doses": _RECORD,
    "planning.Patient.model_for": _RECORD,
    "planning.Patient.partition_model": _RECORD,
    "planning.Product.advisories": _TABLE,
    "planning.Product.fact": _TABLE,
    "planning.Product.value": _TABLE,
    "planning.Product.values": _TABLE,
    "planning.PartitionLimits.limit": _RECORD,
    "planning.PartitionModel.activities": _RECORD,
    "planning.PartitionModel.advisories": "compares numbers with limits",
    "planning.PartitionModel.core": "the compiled form itself",
    "planning.PartitionModel.overlap_of": _RECORD,
    "planning.Territory.advisories": "compares numbers with limits",
    "planning.Territory.checked": _RECORD,
    "planning.Territory.tumor_name": _RECORD,
    "planning.TreatmentDoses.value": "picks one of its own fields",
    "planning.DoseLimit.from_text": "reads a text; a test reads every text back",
    "planning.DoseLimit.met_by": "compares a number with another",
    "planning.DoseQuantity.from_text": "reads a text; a test reads every text back",
    "planning.DoseQuantity.shown": _RECORD,
    "planning.QuantityValue.as_dict": _RECORD,
    "planning.VialOption.as_dict": _RECORD,
    "planning.VoxelOptimum.as_dict": _RECORD,
    "planning.VoxelPlan.activities": _RECORD,
    "planning.VoxelPlan.check": "compares names",
    "planning.VoxelPlan.voxels": "picks voxels of the dose images, which are compared",
    "planning.VoxelPlanDoses.as_dict": _RECORD,
    "planning.compare_models": _PARTS,
    "planning.evaluate_limits": "compares numbers with limits",
    "planning.example_patient_file": _TABLE,
    "planning.dose_limits": _TABLE,
    "planning.guideline_limits": _TABLE,
    "planning.lung_mass_from_ct": "is `voxel.lung_mass`, which is compared",
    "planning.PatientTerritories.as_dict": _RECORD,
    "planning.PatientTerritories.model": _RECORD,
    "planning.TerritoryPlan.as_dict": _RECORD,
    "planning.TerritoryPlan.table": _RECORD,
    "planning.ImagePlan.as_dict": _RECORD,
    "planning.ImagePlan.patient": _RECORD,
    "planning.ImagePlan.toml": _RECORD,
    "planning.ImagePlan.write": _RECORD,
    "planning.check_structures": "compares volumes; the sets are compared",
    "planning.constraint_in_words": _RECORD,
    "planning.derived_structures": "is made of union, difference and intersection, which are compared",
    "planning.from_images": _PARTS,
    "planning.optimum_in_words": _RECORD,
    "planning.plan_patient_file": _PARTS,
    "planning.plan_territories": _PARTS,
    "planning.overall_response": "looks up a table; tests/planning/test_response.py compares all of it",
    "planning.product": _TABLE,
    "planning.read_patient": "reads a file",
    "planning.recist": "compares numbers with limits; compared in tests/planning/test_response.py",
    "planning.vial_choice": "searches among sizes and days with `vial_timing` and `hours_to_decay`",
    "planning.structure_roles": "compares names",
    "planning.require_timezone": "refuses times without a zone; `elapsed_h` is compared",
    "voxel.DoseSpread.as_dict": _RECORD,
    "voxel.StructureSpheres.as_dict": _RECORD,
    "voxel.microsphere_spread": "a test compares it with `yttria.reference.microspheres` and with drawn numbers",
    "voxel.MonteCarloCheck.as_dict": _RECORD,
    "voxel.MonteCarloCheck.verdict": "compares two numbers",
    "voxel.check_by_monte_carlo": "compares two functions with each other",
    "voxel.dose_ensemble": "is made of `dose_image`, which is compared",
    "voxel.ConvolutionPlan.estimate_memory_bytes": "counts its own buffers; a test measures them",
    "voxel.SuperpositionPlan.estimate_memory_bytes": "counts its own buffers; a test measures them",
    "voxel.MonteCarloRun.advance": _SAMPLED,
    "voxel.MonteCarloRun.estimate_memory_bytes": "counts its own buffers",
    "voxel.MonteCarloRun.result": _SAMPLED,
    "voxel.MonteCarloRun.resume": "reads what `save` wrote; tests/monte_carlo compares bits",
    "voxel.MonteCarloRun.save": "writes sums to a file",
    "voxel.monte_carlo": _SAMPLED,
    "voxel.tissue_regions": "compares densities and distances with bounds; a test counts voxels",
    "voxel.CtDensityCurve.advisories": _TABLE,
    "voxel.DensityImage.as_dict": _RECORD,
    "voxel.DoseResult.activity_mbq": "sums an image; a test compares it with the dose by local deposition",
    "voxel.DoseResult.dose_volume_histograms": _PARTS,
    "voxel.DoseResult.evaluate": _PARTS,
    "voxel.DoseResult.mass_kg": "is the sum of `voxel.structure_mass`, which is compared",
    "voxel.DoseResult.transformed": _PLACE,
    "voxel.DoseResult.voxel_fractions": _PARTS,
    "voxel.DoseResult.table": _PARTS,
    "voxel.ct_density_curve": _TABLE,
    "voxel.ct_density_curves": _TABLE,
}


_ROOMS: tuple[ModuleType, ...] = (planning, voxel, kernels, geometry, evaluation)


def public_names() -> set[str]:
    """Every public function of the five rooms, and every public method of their classes, as "room.name"."""
    names: set[str] = set()
    for room in _ROOMS:
        short = room.__name__.removeprefix("yttria.")
        exported = getattr(room, "__all__", None) or [n for n in vars(room) if not n.startswith("_")]
        for name in exported:
            value = getattr(room, name)
            if not getattr(value, "__module__", "yttria").startswith("yttria") or inspect.ismodule(value):
                continue
            if inspect.isclass(value):
                methods = [m for m, f in vars(value).items() if not m.startswith("_") and _is_method(f)]
                names |= {f"{short}.{name}.{method}" for method in methods}
            elif callable(value):
                names.add(f"{short}.{name}")
    return names


def _is_method(value: object) -> bool:
    return inspect.isfunction(value) or inspect.ismethoddescriptor(value) or isinstance(value, staticmethod)
