"""The reference has the names and the parameters of the public API; every exception is listed with its reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

from yttria import evaluation, geometry, kernels, planning, reference, voxel

#: Arguments of the formulas that replace the public parameter.
CONSTANTS = {"half_life_h", "dose_factor_gy_kg_per_gbq"}

METHOD = "defines a method or a field of a public class"
ARRAYS = "takes the numbers that the public object holds"
FILES = "defines a reader: the header's fields in the place of the file"
SAMPLES = "has the public parameters, and how finely it samples"
STEP = "is a step of a public function, tested by itself"
STATISTICS = "defines a field of a result of `yttria.outcomes`, an optional room; compared in tests/outcomes"
EXCEPTIONS = {
    "beta_spectrum.beta_spectrum": ARRAYS,
    "beta_spectrum.branch_density": STEP,
    "beta_spectrum.fermi_function": STEP,
    "beta_spectrum.finite_size": STEP,
    "beta_spectrum.ln_gamma": STEP,
    "beta_spectrum.mean_beta_energy_mev": METHOD,
    "absorbed_dose.gy_per_mbq_per_ml": METHOD,
    "contours.between_planes": STEP,
    "contours.continued": STEP,
    "contours.is_inside": STEP,
    "contours.level_for_area": STEP,
    "contours.pixel_coverage": STEP,
    "contours.polygon_area": STEP,
    "contours.section_function": STEP,
    "contours.slab_voxel_fractions": STEP,
    "contours.slab_volume": STEP,
    "contours.touch": STEP,
    "convolution.convolve": STEP,
    "ct_density.density_from_ct": METHOD,
    "ct_density.structure_mass_kg": ARRAYS,
    "decay.decay_factor": METHOD,
    "decay.dose_factor": METHOD,
    "dose_point_kernel.dose_rate_per_mm3": STEP,
    "dose_point_kernel.energy_within_mev": STEP,
    "energy_balance.liver_energy_j": STEP,
    "gamma.gamma_index": ARRAYS,
    "lung.planar_lung_shunt": ARRAYS,
    "image_files.hours_to_administration": FILES,
    "image_files.image_of_nifti": FILES,
    "image_files.image_of_series": FILES,
    "voxel_fractions.voxel_fractions": SAMPLES,
    "optimum.linear_programme": STEP,
    "outcomes.cox_log_likelihood": STATISTICS,
    "outcomes.cox_robust_variance": STATISTICS,
    "outcomes.kaplan_meier": STATISTICS,
    "outcomes.largest": STATISTICS,
    "outcomes.log_rank": STATISTICS,
    "outcomes.logistic_log_likelihood": STATISTICS,
    "outcomes.robust_covariance": STATISTICS,
    "outcomes.roc_area": STATISTICS,
    "outcomes.roc_area_variance": STATISTICS,
    "microspheres.microsphere_spread": ARRAYS,
    "partial_volume.recovered_means": ARRAYS,
    "partition.weight_kg": STEP,
    "photon_dose.photon_dose": ARRAYS,
    "photon_dose.photon_dose_factor": ARRAYS,
    "plan_uncertainty.plan_uncertainty": ARRAYS,
    "propagation.absolute_factor": STEP,
    "propagation.gaussian": STEP,
    "propagation.mean_uncertainty_by_noise": STEP,
    "resampling.resampled": METHOD,
    "signed_distance.displaced_fractions": STEP,
    "signed_distance.smooth_depth": STEP,
    "signed_distance.smoothed_fractions": STEP,
    "structure_counts.blurred": STEP,
    "structure_counts.structure_counts": ARRAYS,
    "sub_voxel.interpolated_dose": STEP,
    "sub_voxel.sub_voxel_samples": STEP,
    "superposition.kernel_double_integral": STEP,
    "superposition.modes_double_integral": STEP,
    "superposition.superposed_dose": ARRAYS,
    "superposition.superposed_energy": STEP,
    "uncertainty.diameter_uncertainty_mm": STEP,
    "uncertainty.dose_of_scaling": STEP,
    "uncertainty.propagated": STEP,
    "uncertainty.recovery": STEP,
    "uncertainty.relative_sensitivities": STEP,
    "uncertainty.shift_uncertainty": STEP,
    "voxel_plan.dose_measure": STEP,
    "voxel_plan.optimize_voxel_activities": ARRAYS,
    "voxel_plan.split_by_territories": ARRAYS,
    "voxel_plan.voxel_plan": ARRAYS,
    "voxel_s_values.voxel_s_values": ARRAYS,
}


def reference_objects(kind: Callable[[Any], bool]) -> dict[str, Any]:
    """Every public function, or every public class, of the reference, as "module.name"."""
    found = {}
    for info in pkgutil.iter_modules(reference.__path__):
        module = importlib.import_module(f"yttria.reference.{info.name}")
        for name, value in vars(module).items():
            if kind(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{info.name}.{name}"] = value
    return found


def public(name: str) -> list[Any]:
    rooms = (planning, voxel, kernels, geometry, evaluation)
    return [getattr(room, name) for room in rooms if hasattr(room, name)]


def has_public_counterpart(function: Callable[..., Any]) -> bool:
    candidates = [each for each in public(function.__name__) if inspect.isfunction(each)]
    own = set(inspect.signature(function).parameters)
    for each in candidates:
        names = set(inspect.signature(each).parameters)
        if own - (CONSTANTS if "nuclide" in names else set()) <= names:
            return True
    return False


def test_every_reference_function_has_a_public_one_of_its_name_or_a_reason() -> None:
    without = {
        name for name, function in reference_objects(inspect.isfunction).items() if not has_public_counterpart(function)
    }
    assert without == EXCEPTIONS.keys()


#: Methods of the reference's classes that are no methods of the public ones.
OWN_METHODS = {"PartitionModel.activity_at_normal_dose_gbq"}


def test_every_reference_class_has_the_public_methods_of_its_name() -> None:
    for each in reference_objects(inspect.isclass).values():
        (counterpart,) = set(public(each.__name__))
        for name, method in vars(each).items():
            if inspect.isfunction(method) and not name.startswith("_") and f"{each.__name__}.{name}" not in OWN_METHODS:
                names = set(inspect.signature(getattr(counterpart, name)).parameters)
                assert set(inspect.signature(method).parameters) <= names, f"{each.__name__}.{name}"


def test_the_reference_takes_nothing_from_the_core() -> None:
    for info in pkgutil.iter_modules(reference.__path__):
        module = importlib.import_module(f"yttria.reference.{info.name}")
        for value in vars(module).values():
            owner = getattr(value, "__module__", None) or ""
            assert not owner.startswith("yttria") or owner.startswith("yttria.reference")
