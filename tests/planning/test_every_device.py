"""Every public function that takes microspheres works with each kind, and refuses others by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from public_parameters import public_parameters

import yttria
from yttria import Image, Nuclide, Structure, evaluation, planning
from yttria.errors import YttriaError

AFFINE = np.diag([10.0, 10.0, 10.0, 1.0])
MBQ = Image(np.full((2, 2, 2), 1.0), AFFINE, "MBq/mL")
LIVER = Structure("Liver", np.ones((2, 2, 2)), AFFINE)
TUMOR = planning.Tumor(name="A", mass_kg=0.2, tumor_to_normal_ratio=3.0)
LOBE = planning.Territory(name="right", normal_perfused_mass_kg=1.0, lung_shunt_fraction=0.05, tumors=[TUMOR])
_RESULT = yttria.dose_image(MBQ, scaling=yttria.AbsoluteScaling(0.0), method="local_deposition")


def _result_of(device: str) -> Any:
    if device in ("glass", "resin"):
        return _RESULT
    nuclide = Nuclide("HO166" if device == "holmium" else "RE188")
    return yttria.dose_image(MBQ, scaling=yttria.AbsoluteScaling(0.0), method="local_deposition", nuclide=nuclide)


#: Functions that take microspheres, with a call for each of them.
DEVICES: dict[str, Callable[[Any], object]] = {
    "Patient": lambda d: planning.Patient(
        device=d, lung_shunt_fraction=0.05, perfused_mass_incl_tumor_kg=1.0,
        nuclide=Nuclide("RE188") if d == "custom" else None,  # type: ignore[arg-type]
    ),
    "PatientTerritories": lambda d: planning.PatientTerritories(
        device=d, territories=[LOBE], nuclide=Nuclide("RE188") if d == "custom" else None,  # type: ignore[arg-type]
    ),
    "PlanSettings": lambda d: planning.PlanSettings(device=d, nuclide="RE188" if d == "custom" else None),
    "delivered_limits": lambda d: planning.delivered_limits(_result_of(d), [LIVER], device=d),
    "dose_limits": lambda d: planning.dose_limits(device=d),
    "evaluate_limits": lambda d: planning.evaluate_limits(planning.TreatmentDoses(lung_dose_gy=3.0), device=d),
    "structure_metrics": lambda d: planning.structure_metrics(_result_of(d), [LIVER], ["V30"], device=d),
    "tissue_parameters": lambda d: planning.tissue_parameters(["strigari-2010-resin-hcc"], device=d),
    "ParameterSet.advisories": lambda d: evaluation.parameter_set("strigari-2010-resin-hcc").advisories(d),
}  # fmt: skip
#: Records that state the microspheres of something else.
STATED = {"Limit", "ParameterSet", "LimitQuery"}


def test_no_function_that_takes_microspheres_is_left_out() -> None:
    takes_device = {name for name, parameters in public_parameters() if any(p.name == "device" for p in parameters)}
    assert takes_device - STATED == DEVICES.keys()


@pytest.mark.parametrize("name", sorted(DEVICES))
@pytest.mark.parametrize("device", ["glass", "resin", "holmium", "custom"])
def test_each_function_takes_all_microspheres_and_refuses_others_by_name(name: str, device: str) -> None:
    DEVICES[name](device)
    if name not in ("tissue_parameters", "ParameterSet.advisories"):
        with pytest.raises(YttriaError, match="wood"):
            DEVICES[name]("wood")


def test_the_microspheres_of_a_dose_follow_from_its_nuclide() -> None:
    """Parameters of resin are not those of holmium, and a dose of Ho-166 is not one of resin."""
    metrics, sets = ["NTCP"], ["strigari-2010-resin-hcc"]
    found = planning.structure_metrics(_result_of("holmium"), [LIVER], metrics, parameters=sets)
    assert "holmium ones" in {each.code: each.message for each in found.advisories}["device_mismatch"]
    rhenium = planning.structure_metrics(_result_of("custom"), [LIVER], metrics, parameters=sets)
    assert "custom ones" in {each.code: each.message for each in rhenium.advisories}["device_mismatch"]
    with pytest.raises(YttriaError, match="resin microspheres carry Y-90, and the dose is of HO166"):
        planning.structure_metrics(_result_of("holmium"), [LIVER], metrics, parameters=sets, device="resin")
