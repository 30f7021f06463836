"""Records of the methods of planning and evaluation, and of functions that take such an object or lists."""

from __future__ import annotations

from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from ... import planning
from ...kernels import Nuclide
from ...reference import decay
from ...reference.resin_activity import lung_shunt_reduction
from .._record import COMPARED, Record, Side, in_room, named, nuclide
from .planning import DOSE, GBQ, LUNG_KG, MASS

RATIO, LEVELS_GY = (1.0, 9.0), [0.0, 30.0, 90.0, 500.0]
TISSUE = {"m1": MASS, "r1": RATIO, "m2": MASS, "r2": RATIO, "normal": MASS, "shunt": (0.01, 0.3), "lung": LUNG_KG}
DOSES = named("delivered_activity_gbq", "vial_activity_gbq", "normal_perfused_dose_gy", "normal_whole_dose_gy")
DOSES |= named("tumor_doses_gy", "perfused_mean_dose_gy", "lung_dose_gy", "liver_energy_j")
OF_ALL = named("tumor_portion_doses_gy", "tumors", "normal_perfused_doses_gy", "perfused_mean_doses_gy")
OF_ALL |= named("vial_activities_gbq", "liver_energies_j", "normal_whole_dose_gy", "lung_dose_gy")
MAXIMUM = named("delivered_activity_gbq", "at_limits", "binding", "target_reachable", "doses.lung_dose_gy")
HISTOGRAM = ("volume_ml", "mean_gy", "minimum_gy", "maximum_gy", "standard_deviation_gy")
BOUNDS = named("lung_dose_equal_gy", "lung_shunt_if_all_from", "lung_dose_if_all_from_gy")
CHANGE = {"dose_gy": DOSE, "activity_gbq": GBQ, "lung_shunt_fraction": (0.01, 0.3), "mass_kg": MASS}
CHANGE |= {"structure_activity_gbq": (0.05, 2.0)}
PERCENT = {"percent": [0.0, 2.0, 50.0, 95.0, 100.0]}
VOLUMES_ML, LOW_SHUNT = {"volume_ml": [0.5, 2.0, 9.0, 40.0]}, (0.01, 0.2)
PHANTOM: dict[str, Any] = {
    "volumes_ml": np.array([0.52, 1.15, 2.57, 5.57, 11.49, 26.52]),
    "common_uncertainty": [0.0, 0.05],
}
PHANTOM |= {"recoveries": np.array([0.21, 0.35, 0.49, 0.66, 0.77, 0.85]), "uncertainties": np.full(6, 0.03)}
START = ["2024-03-10T00:00:00-05:00", "2024-04-14T12:00:00-04:00", "2024-02-28T23:30:00+09:00"]
END = ["2024-05-11T12:00:00-04:00", "2024-04-16T10:00:00+02:00", "2024-05-31T08:15:30-07:00"]


def _territory(side: Side, name: str, shunt: float, normal_kg: float, *tumors: tuple[str, float, float]) -> Any:
    made = [side("Tumor", {}, name=n, mass_kg=kg, tumor_to_normal_ratio=ratio) for n, kg, ratio in tumors]
    terms = {"name": name, "lung_shunt_fraction": shunt, "normal_perfused_mass_kg": normal_kg}
    return side("Territory", {}, tumors=made, **terms)


def _one(side: Side, m1: float, r1: float, m2: float, r2: float, normal: float, shunt: float, lung: float) -> Any:
    territory = _territory(side, "", shunt, normal, ("", m1, r1), ("", m2, r2))
    terms = {"normal_total_mass_kg": 2.5, "lung_mass_kg": lung, "residual_fraction": 0.03}
    return side("PartitionModel", COMPARED, territories=[territory], **terms)


def _two(side: Side, m1: float, r1: float, m2: float, r2: float, normal: float, shunt: float, lung: float) -> Any:
    """Make two territories that share a tumor."""
    right = _territory(side, "right", shunt, normal, ("A", m1, r1))
    left = _territory(side, "left", 0.05, 0.3, ("B", m2, r2), ("A", 0.2, 5.0))
    terms = {"normal_total_mass_kg": 2.5, "lung_mass_kg": lung, "unperfused_tumor_mass_kg": {"A": 0.1}}
    return side("PartitionModel", COMPARED, territories=[right, left], overlap="disjoint", **terms)


def _plan(side: Side) -> Any:
    return _two(side, 0.6, 6.0, 0.3, 8.0, 0.4, 0.15, 0.9)


def _limits(side: Side) -> Any:
    priors = {"prior_normal_perfused_dose_gy": 5.0, "prior_lung_dose_gy": 12.0}
    normal = {"normal_perfused_limit_gy": 60.0, "normal_whole_limit_gy": 40.0, **priors}
    return side("PartitionLimits", {}, lung_limit_gy=30.0, cumulative_lung_limit_gy=50.0, **normal)


@cache
def _histogram(side: Side) -> Any:
    return side("dose_volume_histograms", {}, **_samples())["s"]


def _samples() -> dict[str, Any]:
    rng = np.random.default_rng(24)
    dose = rng.gamma(2.0, 40.0, (9, 14, 11))
    dose[:, :3] = np.round(dose[:, :3])  # equal doses
    weights = rng.uniform(0.05, 1.0, dose.shape).astype(np.float32)
    return {"dose_gy": dose, "structures": {"s": weights}, "voxel_volume_ml": 0.03}


def _curve(side: Side) -> Any:
    return side("RecoveryCurve", {}, b1_ml=2.6, b2=1.1, covariance=[[0.04, -0.003], [-0.003, 0.0025]])


def _resin(activity: float) -> planning.ResinActivity:
    return planning.ResinActivity(delivered_activity_gbq=activity, model="bsa", tumor_involvement_fraction=0.2)


def _ellipsoids(side: Side) -> SimpleNamespace:
    """Make ellipsoids whose other diameters are given by position only."""
    of = side.functions["ellipsoid_volume_ml"]
    return SimpleNamespace(ellipsoid_volume_ml=lambda a, b, c: [of(a), of(a, b, c)])


_planning, _evaluation, _nuclide = in_room("planning"), in_room("evaluation"), in_room("kernels.Nuclide")
_dvh = partial(in_room("evaluation.DoseVolumeHistogram"), of=_histogram)


def records() -> tuple[Record, ...]:
    """List the records of this file."""
    objective = {"objective": "max_min_tumor_dose", "tumor_dose": "perfused_mean", "lung_limit_gy": 25.0}
    # fmt: off
    return (
        _planning("PartitionModel.doses", {"delivered_activities_gbq": [[1.4, 3.3], [2.0, 0.0]], **TISSUE}, OF_ALL,
                  of=_two),
        _planning("PartitionModel.activity_for_tumor_dose", {"target_dose_gy": DOSE, "tumor": 1, **TISSUE}, DOSES,
                  of=_one),
        _planning("PartitionModel.maximum_activity", {"limits": _limits, "target_tumor_dose_gy": DOSE, **TISSUE},
                  MAXIMUM, of=_one),
        _planning("optimize_activities", {"model": _plan, "normal_perfused_limit_gy": 60.0, **objective},
                  named("objective_value", "delivered_activities_gbq"), relative=1e-9),
        _planning("ResinActivity.reduced_for_lung_shunt", {"activity": GBQ, "lung_shunt_fraction": LOW_SHUNT},
                  "delivered_activity_gbq", of=_resin, reference=lambda activity, lung_shunt_fraction:
                  activity * lung_shunt_reduction(lung_shunt_fraction)),
        _planning("ResinActivity.adjusted_by_physician", {"activity": GBQ, "factor": (0.5, 1.0), "reason": "small"},
                  "delivered_activity_gbq", of=_resin, reference=lambda activity, factor: activity * factor),
        _planning("LungShuntReduction.unreduced_activity_gbq", {"reduced_activity_gbq": GBQ,
                  "lung_shunt_fraction": LOW_SHUNT}, of=planning.lung_shunt_reduction,
                  reference=lambda reduced_activity_gbq, lung_shunt_fraction:
                  reduced_activity_gbq / lung_shunt_reduction(lung_shunt_fraction)),
        _planning("split_dose_change", {f"{side}_{name}": value for side in ("planned", "delivered") for name, value in
                  CHANGE.items()}, named("ratio", "difference_gy", "ratios", "parts_gy"), relative=1e-9,
                  of_maximum=1e-12),
        _planning("ellipsoid_volume_ml", dict.fromkeys("abc", (5.0, 200.0)), of=_ellipsoids),
        _planning("elapsed_h", {"start": START, "end": END}),
        _planning("vial_activity", {"calibration_activity_gbq": GBQ, "calibration_time": START, "treatment_time": END},
                  "vial_activity_gbq"),
        _planning("combined_lung_shunt_fraction", {"lung_shunt_fractions": [[0.02, 0.2], [0.1, 0.07]],
                  "weights": [[150.0, 75.0], [110.0, 80.0]], "weighting": "maa"}, "lung_shunt_fraction"),
        _planning("lung_dose_bounds", {"combined_lung_shunt_fraction": (0.02, 0.12), "lung_mass_kg": 0.9,
                  "maa_mbq": [[120.0, 75.0], [200.0, 75.0]], "delivered_activity_gbq": [[3.3, 1.4], [0.6, 1.4]]},
                  BOUNDS),
        _planning("tracer_decay_factor", {"elapsed_h": [-3.0, 0.0, 2.5, 20.0], "tracer": ["Tc-99m", "Ho-166"]}),
        _nuclide("decay_factor", {"elapsed_h": [-30.0, 0.0, 48.0, 640.0]}, of=lambda: nuclide(COMPARED),
                 reference=decay.decay_factor),
        _nuclide("from_energy", {"half_life_h": (63.5, 64.5), "mean_energy_mev": (0.9, 0.95)},
                 "dose_factor_gy_kg_per_gbq", of=lambda: Nuclide, reference=decay.dose_factor),
        _evaluation("dose_volume_histograms", _samples(), {name: f"s.{name}" for name in HISTOGRAM}, relative=1e-6),
        _dvh("dose_at_volume_percent", PERCENT | {"interpolation": ["rank", "linear"]}, relative=1e-7),
        _dvh("dose_at_volume_ml", {"volume_ml": [0.0, 0.03, 1.0, 10.0]}, relative=1e-9),
        _dvh("volume_at_dose_percent", {"dose_gy": LEVELS_GY, "strict": [False, True]}, relative=1e-6),
        _dvh("volume_at_dose_ml", {"dose_gy": LEVELS_GY, "strict": [False, True]}, relative=1e-6),
        _dvh("curve", {"doses_gy": np.linspace(0.0, 300.0, 31)}, relative=1e-6),
        _dvh("differential", {}, relative=1e-6, of_maximum=1e-9),
        _evaluation("RecoveryCurve.recovery", VOLUMES_ML, of=_curve),
        _evaluation("RecoveryCurve.uncertainty", {**VOLUMES_ML, "volume_uncertainty": 0.2}, of=_curve, relative=1e-7),
        _evaluation("dose_uncertainty", {**VOLUMES_ML, "recovery": _curve, "volume_uncertainty": 0.2, "fwhm_mm": 7.0,
                    "calibration_uncertainty": 0.05}, "absorbed_dose", relative=1e-7),
        _evaluation("ball_recovery", {**VOLUMES_ML, "fwhm_mm": [0.0, 3.0, 7.0, 15.0]}, relative=1e-9),
        _evaluation("fit_recovery_curve", PHANTOM, named("curve.b1_ml", "curve.b2", "curve.covariance"), relative=1e-5),
    )
    # fmt: on
