"""The reference has the names and the parameters of the public API; every exception is listed with its reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

from yttria import evaluation, geometry, kernels, planning, reference, voxel

#: What the formulas take in the place of the public parameter.
CONSTANTS = {"half_life_h", "dose_factor_gy_kg_per_gbq"}

METHOD = "defines a method or a field of a public class"
ARRAYS = "takes the numbers that the public object holds"
SAMPLES = "has the public parameters, and how finely it samples"
STEP = "is a step of a public function, tested by itself"
EXCEPTIONS = {
    "absorbed_dose.absorbed_dose": ARRAYS,
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
    "convolution.convolve": METHOD,
    "ct_density.density_from_ct": METHOD,
    "ct_density.structure_mass_kg": ARRAYS,
    "decay.decay_factor": METHOD,
    "decay.dose_factor": METHOD,
    "dose_point_kernel.dose_rate_per_mm3": STEP,
    "dose_point_kernel.energy_within_mev": STEP,
    "dvh.cumulative_curve": METHOD,
    "dvh.dose_at_volume": METHOD,
    "dvh.dose_at_volume_linear": METHOD,
    "dvh.mean_dose": METHOD,
    "dvh.standard_deviation": METHOD,
    "dvh.volume_at_dose": METHOD,
    "energy_balance.liver_energy_j": METHOD,
    "gamma.gamma_index": ARRAYS,
    "voxel_fractions.voxel_fractions": SAMPLES,
    "optimum.linear_programme": STEP,
    "partition.activity_at_lung_limit_gbq": METHOD,
    "partition.activity_at_normal_limit_gbq": METHOD,
    "partition.weight_kg": STEP,
    "resampling.resampled": METHOD,
    "scaling.absolute_mbq_per_ml": METHOD,
    "scaling.relative_mbq_per_ml": METHOD,
    "sub_voxel.interpolated_dose": STEP,
    "sub_voxel.sub_voxel_samples": STEP,
    "superposition.kernel_double_integral": STEP,
    "superposition.modes_double_integral": STEP,
    "superposition.superposed_dose": ARRAYS,
    "superposition.superposed_energy": STEP,
    "territories.lung_dose": METHOD,
    "territories.mean_dose": STEP,
    "territories.territory_doses": METHOD,
    "uncertainty.diameter_uncertainty_mm": STEP,
    "uncertainty.dose_uncertainty": ARRAYS,
    "uncertainty.propagated": STEP,
    "uncertainty.recovery": METHOD,
    "uncertainty.recovery_uncertainty": METHOD,
    "uncertainty.relative_sensitivities": STEP,
    "voxel_s_values.voxel_s_values": ARRAYS,
}


def reference_functions() -> dict[str, Callable[..., Any]]:
    """Every public function of the reference, as "module.name"."""
    found = {}
    for info in pkgutil.iter_modules(reference.__path__):
        module = importlib.import_module(f"yttria.reference.{info.name}")
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{info.name}.{name}"] = value
    return found


def has_public_counterpart(function: Callable[..., Any]) -> bool:
    public = (getattr(room, function.__name__, None) for room in (planning, voxel, kernels, geometry, evaluation))
    candidates = [each for each in public if inspect.isfunction(each)]
    own = set(inspect.signature(function).parameters)
    for each in candidates:
        names = set(inspect.signature(each).parameters)
        if own - (CONSTANTS if "nuclide" in names else set()) <= names:
            return True
    return False


def test_every_reference_function_has_a_public_one_of_its_name_or_a_reason() -> None:
    without = {name for name, function in reference_functions().items() if not has_public_counterpart(function)}
    assert without == EXCEPTIONS.keys()


def test_the_reference_takes_nothing_from_the_core() -> None:
    for info in pkgutil.iter_modules(reference.__path__):
        module = importlib.import_module(f"yttria.reference.{info.name}")
        for value in vars(module).values():
            owner = getattr(value, "__module__", None) or ""
            assert not owner.startswith("yttria") or owner.startswith("yttria.reference")
