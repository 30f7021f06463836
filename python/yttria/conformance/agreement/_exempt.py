"""Public names that are not compared, and why."""

from __future__ import annotations

_TABLE = "reads a table; nothing is computed"
_RECORD = "gives a result another form"
_PARTS = "is made of functions that are compared one by one"

EXEMPT = {
    "evaluation.Occupancy.to_array": _RECORD,
    "evaluation.ParameterSet.advisories": _TABLE,
    "evaluation.parameter_set": _TABLE,
    "evaluation.parameter_sets": _TABLE,
    "evaluation.parts_grid": "cuts a grid; a test holds histograms of parts against `yttria.reference.sub_voxel`",
    "evaluation.voxel_parts": "divides lengths",
    "kernels.Nuclide.from_dose_factor": "stores what it is given; `from_energy` is compared",
    "kernels.Nuclide.presets": _TABLE,
    "kernels.VoxelSValueLibrary.get": "remembers `voxel_s_values`",
    "kernels.dose_point_kernel": _TABLE,
    "kernels.media": _TABLE,
    "planning.Comparison.as_dict": _RECORD,
    "planning.Comparison.rows": _RECORD,
    "planning.Comparison.table": _RECORD,
    "planning.LimitQuery.rows": _RECORD,
    "planning.MaximumActivity.activity_at": _RECORD,
    "planning.Patient.partition_model": _RECORD,
    "planning.Product.advisories": _TABLE,
    "planning.Product.fact": _TABLE,
    "planning.Product.value": _TABLE,
    "planning.Product.values": _TABLE,
    "planning.TerritoryPlan.activities": _RECORD,
    "planning.TerritoryPlan.advisories": "compares numbers with limits",
    "planning.TerritoryPlan.core": "the compiled form itself",
    "planning.VialChoice.rows": _RECORD,
    "planning.compare_models": _PARTS,
    "planning.example_patient_file": _TABLE,
    "planning.limits": _TABLE,
    "planning.plan_patient_file": _PARTS,
    "planning.product": _TABLE,
    "planning.read_patient": "reads a file",
    "planning.vial_choice": "searches among sizes and days with `vial_timing` and `hours_to_decay`",
    "planning.zoned": "refuses times without a zone; `elapsed_h` is compared",
    "voxel.ConvolutionPlan.estimate_memory_bytes": "counts its own buffers; a test measures them",
    "voxel.CtDensityCurve.advisories": _TABLE,
    "voxel.DensityImage.as_dict": _RECORD,
    "voxel.DoseResult.dose_volume_histograms": _PARTS,
    "voxel.DoseResult.evaluate": _PARTS,
    "voxel.DoseResult.occupancies": _PARTS,
    "voxel.DoseResult.table": _PARTS,
    "voxel.ct_density_curve": _TABLE,
    "voxel.ct_density_curves": _TABLE,
}
