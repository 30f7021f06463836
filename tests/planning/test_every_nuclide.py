"""Every public function that takes a nuclide works with each one, or refuses it by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from public_parameters import public_parameters

import yttria
from yttria import Image, Nuclide, Structure, evaluation, planning, voxel
from yttria.errors import YttriaError
from yttria.phantom import liver_phantom

PRESETS = [Nuclide(name) for name in Nuclide.presets()]
SPHERES = {"Y-90", "Ho-166", "P-32", "Re-188"}
#: Results that state a nuclide, made by a function of the walk.
RESULTS = {"Nuclide", "Phantom", "Product", "SingleCompartment", "VoxelPlan", "VoxelSValues"}
#: Files and stored results, whose nuclide other tests change.
ELSEWHERE = {
    "Case": "tests/case/test_case.py",
    "Provenance": "a record",
    "ActivityTiming": "what a header states",
    "PriorDoses.advisories": "tests/planning/test_prior_doses.py",
}

AFFINE = np.diag([10.0, 10.0, 10.0, 1.0])
COUNTS = Image(np.full((2, 2, 2), 3.0), AFFINE, "counts")
MBQ = Image(np.full((2, 2, 2), 1.0), AFFINE, "MBq/mL")
LIVER = Structure("Liver", np.ones((2, 2, 2)), AFFINE)
TUMOR = planning.Tumor(name="A", mass_kg=0.2, tumor_to_normal_ratio=3.0)
LOBE = planning.Territory(name="right", normal_perfused_mass_kg=1.0, lung_shunt_fraction=0.05, tumors=[TUMOR])
LIBRARY = yttria.VoxelSValueLibrary()
BED = {"alpha_beta_gy": 2.5, "repair_half_time_h": 2.5}
WINDOW: dict[str, Any] = {
    "start": "2026-12-01T09:00+01:00",
    "end": "2026-12-01T15:00+01:00",
    "calibration_times": ["2026-11-30T12:00+01:00"],
}


def _factor(n: Nuclide) -> float:
    return n.dose_factor_gy_kg_per_gbq


def _left(hours: float) -> Callable[[Nuclide], float]:
    return lambda n: 2.0 ** (-hours / n.half_life_h)


def _bed(dose_gy: float) -> Callable[[Nuclide], float]:
    # D (1 + D G / (alpha/beta)) with G = T_rep / (T_rep + T_half) of permanent activity.
    return lambda n: dose_gy * (1.0 + dose_gy * 2.5 / (2.5 + n.half_life_h) / 2.5)


def _device(n: Nuclide) -> Any:
    return {"Y-90": "glass", "Ho-166": "holmium"}.get(n.isotope, "custom")


def _product(n: Nuclide) -> Any:
    return {"Y-90": "resin", "Ho-166": "holmium"}.get(n.isotope, "holmium")


def _dose_of_phantom(n: Nuclide) -> float:
    # Dose over activity at the scan, so that decay between does not hide a wrong half-life.
    made = liver_phantom((10.0, 10.0, 10.0), nuclide=n)
    return float(made.mean_dose_gy["Liver"])


def _plan(n: Nuclide) -> planning.VoxelPlan:
    maa = planning.InjectionMap(name="right", image=COUNTS, reference=LIVER, lung_shunt_fraction=0.1)
    return planning.voxel_plan([maa], [LIVER], nuclide=n)


def _histogram() -> Any:
    return evaluation.dose_volume_histograms(np.full((1, 1, 2), 50.0), {"Liver": np.ones((1, 1, 2))},
                                             voxel_volume_ml=1.0)["Liver"]  # fmt: skip


def _bed_of_its_dose(n: Nuclide) -> float:
    dose = float(evaluation.dose_from_bed_gy(80.0, nuclide=n, **BED))
    return float(evaluation.bed_gy(dose, nuclide=n, **BED))


def _total() -> evaluation.AccumulatedDose:
    one = Image(np.full((1, 1, 1), 50.0), np.eye(4), "Gy")
    return evaluation.accumulate_doses([evaluation.TreatmentDose(name="a", dose=one)])


def _bed_metric() -> Any:
    return evaluation.dose_metric("BED")


#: For each function a value, and the quantity to which the value is proportional.
CALLS: dict[str, tuple[Callable[[Nuclide], float], Callable[[Nuclide], float]]] = {
    # Decay.
    "decayed_activity_gbq": (lambda n: planning.decayed_activity_gbq(3.0, 10.0, nuclide=n), _left(10.0)),
    "hours_to_decay": (lambda n: planning.hours_to_decay(3.0, 1.0, nuclide=n), lambda n: n.half_life_h),
    "time_integrated_activity_gbq_h": (
        lambda n: planning.time_integrated_activity_gbq_h(1.0, nuclide=n),
        lambda n: n.half_life_h,
    ),
    "factor_to_administration": (
        lambda n: planning.factor_to_administration("START", 10.0, nuclide=n).factor,
        _left(-10.0),
    ),
    "vial_activity": (
        lambda n: planning.vial_activity(
            3.0, "2026-11-30T12:00+01:00", "2026-12-01T12:00+01:00", nuclide=n
        ).vial_activity_gbq,
        _left(24.0),
    ),
    "vial_timing": (
        lambda n: planning.vial_timing(3.0, 1.0, nuclide=n).hours_after_calibration,
        lambda n: n.half_life_h,
    ),
    "residual_fraction": (
        lambda n: planning.residual_fraction(100.0, 5.0, background=0.0, elapsed_h=2.0, nuclide=n).residual_fraction,
        _left(-2.0),
    ),
    "AbsoluteScaling.scale": (
        lambda n: float(yttria.AbsoluteScaling(10.0).scale(MBQ, n).mbq_per_ml_per_unit),
        _left(-10.0),
    ),
    "RelativeScaling.scale": (
        lambda n: float(
            yttria.RelativeScaling(LIVER, lung_shunt_fraction=0.1, delivered_activity_gbq=1.0)
            .scale(COUNTS, n)
            .mbq_per_ml_per_unit
        ),
        lambda n: 1.0,
    ),
    # Biologically effective doses.
    "bed_gy": (lambda n: float(evaluation.bed_gy(50.0, nuclide=n, **BED)), _bed(50.0)),
    "dose_from_bed_gy": (
        _bed_of_its_dose,
        lambda n: 1.0,
    ),
    "bed_of_injections": (
        lambda n: evaluation.bed_of_injections([50.0], nuclide=n, **BED).lower_gy,
        _bed(50.0),
    ),
    "effective_uniform_bed": (
        lambda n: evaluation.effective_uniform_bed([50.0], alpha_per_gy=0.03, nuclide=n, **BED).value_gy,
        _bed(50.0),
    ),
    "metric_value": (
        lambda n: evaluation.metric_value(_bed_metric(), _histogram(), BED, nuclide=n) or math.nan,
        _bed(50.0),
    ),
    "AccumulatedDose.bed": (
        lambda n: float(_total().bed(nuclide=n, **BED)[0].array.mean()),
        _bed(50.0),
    ),
    "TreatmentDose": (
        lambda n: float(
            evaluation.accumulate_doses(
                [evaluation.TreatmentDose(name="a", dose=Image(np.full((1, 1, 1), 50.0), np.eye(4), "Gy"), nuclide=n)]
            )
            .bed(**BED)[0]
            .array.mean()
        ),
        _bed(50.0),
    ),
    # Local deposition.
    "local_deposition": (
        lambda n: float(yttria.local_deposition(np.ones((2, 2, 2)), density_g_per_ml=1.05, nuclide=n).mean()),
        _factor,
    ),
    "dose_image": (
        lambda n: float(
            yttria.dose_image(
                MBQ, scaling=yttria.AbsoluteScaling(0.0), method="local_deposition", nuclide=n
            ).image.array.mean()
        ),
        _factor,
    ),
    "liver_phantom": (_dose_of_phantom, _factor),
    # Planning.
    "single_compartment_dose": (
        lambda n: planning.single_compartment_dose(2.0, mass_kg=1.2, lung_shunt_fraction=0.05, nuclide=n)
        .perfused_dose_gy,
        _factor,
    ),
    "single_compartment_activity": (
        lambda n: planning.single_compartment_activity(60.0, mass_kg=1.2, lung_shunt_fraction=0.05, nuclide=n)
        .vial_activity_gbq,
        lambda n: 1.0 / _factor(n),
    ),
    "partition_doses": (
        lambda n: float(
            planning.partition_doses(
                2.0, tumor_mass_kg=[0.2], tumor_to_normal_ratio=[3.0], normal_perfused_mass_kg=1.0,
                lung_shunt_fraction=0.05, nuclide=n,
            ).normal_perfused_dose_gy
        ),
        _factor,
    ),
    "partition_activities": (
        lambda n: float(
            planning.partition_activities(
                120.0, tumor_mass_kg=[0.2], tumor_to_normal_ratio=[3.0], normal_perfused_mass_kg=1.0,
                lung_shunt_fraction=0.05, nuclide=n,
            ).delivered_activity_gbq
        ),
        lambda n: 1.0 / _factor(n),
    ),
    "lung_dose": (lambda n: planning.lung_dose(2.0, lung_shunt_fraction=0.05, nuclide=n).lung_dose_gy, _factor),
    "lung_dose_bounds": (
        lambda n: planning.lung_dose_bounds(
            0.05, maa_mbq=[100.0], delivered_activity_gbq=[2.0], nuclide=n
        ).lung_dose_equal_gy,
        _factor,
    ),
    "lung_mass_for_dose_kg": (
        lambda n: planning.lung_mass_for_dose_kg(
            _factor(n) * 0.1, delivered_activity_gbq=2.0, lung_shunt_fraction=0.05, nuclide=n
        ),
        lambda n: 1.0,
    ),
    "lung_shunt_for_dose": (
        lambda n: planning.lung_shunt_for_dose(_factor(n) * 0.1, delivered_activity_gbq=2.0, nuclide=n),
        lambda n: 1.0,
    ),
    "energy_balance": (
        lambda n: planning.energy_balance(
            1.0, tumor_mass_kg=0.2, delivered_activity_gbq=2.0, lung_shunt_fraction=0.05, nuclide=n
        ).liver_energy_j,
        _factor,
    ),
    "tumor_mass_for_dose_kg": (
        lambda n: planning.tumor_mass_for_dose_kg(
            100.0, fraction_of_liver_activity_in_tumor=0.3, delivered_activity_gbq=2.0, lung_shunt_fraction=0.05,
            nuclide=n,
        ),
        _factor,
    ),
    "PartitionModel": (
        lambda n: planning.PartitionModel(territories=[LOBE], nuclide=n).doses(2.0).tumor_doses_gy[0],
        _factor,
    ),
    "Patient": (
        lambda n: planning.compare_models(
            planning.Patient(
                device=_device(n), tumors=[TUMOR], normal_perfused_mass_kg=1.0, lung_shunt_fraction=0.05,
                target_perfused_dose_gy=60.0, nuclide=n,
            )
        )["single_compartment"].delivered_activity_gbq,
        lambda n: 1.0 / _factor(n),
    ),
    "PatientTerritories": (
        lambda n: planning.plan_territories(
            planning.PatientTerritories(
                device=_device(n), territories=[LOBE], activities_gbq={"right": 2.0}, nuclide=n
            )
        ).plans[0].doses.normal_perfused_doses_gy[0] or math.nan,
        _factor,
    ),
    "voxel_plan": (lambda n: float(_plan(n).doses([1.0]).structures[0].mean_gy or math.nan), _factor),
    "vial_choice": (
        lambda n: planning.vial_choice(1.0, spheres=_product(n), nuclide=n, **WINDOW).options[0].vial_activity_gbq,
        _left(21.0),
    ),
}  # fmt: skip
#: Functions for the nuclides of microspheres alone; `vial_choice` is for those of products.
PLANNING = {name for name in CALLS if name in dir(planning)} - {
    "decayed_activity_gbq", "hours_to_decay", "time_integrated_activity_gbq_h", "factor_to_administration",
    "vial_activity", "vial_timing", "residual_fraction",
}  # fmt: skip


def _kernel(n: Nuclide) -> Any:
    return yttria.voxel_s_values((4.0, 4.0, 4.0), medium="liver", nuclide=n)


def _superposed(n: Nuclide) -> float:
    dose = yttria.superposed_dose(np.ones((5, 5, 5)), np.full((5, 5, 5), 1.05), (6.0, 6.0, 6.0), nuclide=n)
    return float(dose[2, 2, 2])


def _monte_carlo(n: Nuclide) -> float:
    maps = np.ones((3, 3, 3)), np.full((3, 3, 3), 1.05)
    return float(yttria.monte_carlo(*maps, (9.0, 9.0, 9.0), histories=2000, nuclide=n).dose_gy[1, 1, 1])


#: Functions that need the range of the electrons: they give the dose of the nuclide, or refuse it by name.
TRANSPORT: dict[str, Callable[[Nuclide], float]] = {
    "voxel_s_values": lambda n: float(_kernel(n).values.sum()),
    "VoxelSValueLibrary.get": lambda n: float(LIBRARY.get((4.0, 4.0, 4.0), medium="liver", nuclide=n).values.sum()),
    "superposed_dose": _superposed,
    "SuperpositionPlan": lambda n: float(
        voxel.SuperpositionPlan(np.full((5, 5, 5), 1.05), (6.0, 6.0, 6.0), nuclide=n).apply(np.ones((5, 5, 5)))[2, 2, 2]
    ),
    "monte_carlo": _monte_carlo,
    "MonteCarloRun": _monte_carlo,
}


def test_no_function_that_takes_a_nuclide_is_left_out() -> None:
    takes_nuclide = {
        name
        for name, parameters in public_parameters()
        if any(p.name == "nuclide" or "Nuclide" in str(p.annotation) for p in parameters)
    }
    assert takes_nuclide - RESULTS - set(ELSEWHERE) == CALLS.keys() | TRANSPORT.keys() | {"PlanSettings"}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_function_follows_half_life_and_dose_factor_of_each_nuclide(name: str) -> None:
    call, expected = CALLS[name]
    reference = call(Nuclide()) / expected(Nuclide())
    if name == "vial_choice":
        _check_vials()
        return
    for nuclide in PRESETS:
        if name in PLANNING and nuclide.isotope not in SPHERES:
            continue
        assert call(nuclide) == pytest.approx(reference * expected(nuclide), rel=1e-6), nuclide


def _check_vials() -> None:
    """A part of a resin vial is drawn and a holmium vial is ordered; no product carries the others."""
    for nuclide in PRESETS:
        if nuclide.isotope in ("P-32", "Re-188"):
            with pytest.raises(YttriaError, match=f"no product in the table carries {nuclide.isotope}"):
                planning.vial_choice(1.0, spheres="holmium", nuclide=nuclide, **WINDOW)
        elif nuclide.isotope in SPHERES:
            (option,) = planning.vial_choice(1.0, spheres=_product(nuclide), nuclide=nuclide, **WINDOW).options
            hours = option.hours_after_calibration
            assert option.vial_activity_gbq == pytest.approx(option.vial_size_gbq * _left(hours)(nuclide))


@pytest.mark.parametrize("name", sorted(PLANNING))
@pytest.mark.parametrize("nuclide", [n for n in PRESETS if n.isotope not in SPHERES], ids=lambda n: n.name)
def test_planning_refuses_a_nuclide_of_drugs_with_the_possible_uses(name: str, nuclide: Nuclide) -> None:
    with pytest.raises(YttriaError) as refused:
        CALLS[name][0](nuclide)
    assert f"got {nuclide.name} ({nuclide.isotope})" in str(refused.value)
    assert "local deposition" in str(refused.value)


@pytest.mark.parametrize("name", sorted(TRANSPORT))
@pytest.mark.parametrize("nuclide", PRESETS, ids=lambda n: n.name)
def test_transport_gives_the_dose_of_the_nuclide_or_refuses_it_by_name(name: str, nuclide: Nuclide) -> None:
    reference = TRANSPORT[name](Nuclide()) / _factor(Nuclide())
    refusal, found = "", math.nan
    try:
        found = TRANSPORT[name](nuclide)
    except YttriaError as refused:
        refusal = str(refused)
    if refusal:
        assert nuclide.isotope != "Y-90"
        assert nuclide.isotope in refusal
        return
    if "svalue" in name.replace("_", "").casefold():  # S values are per decay and not per GBq
        found, reference = found * nuclide.half_life_h, reference * Nuclide().half_life_h
    # In 9 to 30 mm of one medium, not all energy stays inside; the shares differ by the ranges.
    assert found / _factor(nuclide) == pytest.approx(reference, rel=0.25)
