"""Results of small cases, as a report takes them."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import yttria
from yttria.geometry import Structure
from yttria.phantom import Phantom, liver_phantom
from yttria.planning import (
    PartitionLimits,
    Patient,
    Tumor,
    compare_models,
    compare_plan,
    example_patient_file,
    plan_patient_file,
)
from yttria.report import DoseMap, dose_map

#: Names that would act as markup, script, template or style, or change the direction of the text.
HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(2)'>",
    "{{ 7 * 7 }}{% raw %}",
    "</style></title></script><b>bold",
    "a\u202eb\x1b[2J\x00c\nd",
    "Tumor & \u00e9\u4e2d'\"",
    "Tumor " + "W" * 300,
)


def phantom() -> Phantom:
    """The demo's phantom on coarse voxels."""
    return liver_phantom((6.0, 5.0, 5.5))


def dosed(structures: list[Structure] | None = None) -> tuple[dict[str, Any], DoseMap]:
    """Content of a doses.json of the phantom, and its dose map."""
    made = phantom()
    chosen = list(made.structures) if structures is None else structures
    result = yttria.dose_image(made.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=made.scan_delay_h))
    from yttria.case import summary

    doses = summary(result, [row.as_dict() for row in result.table(chosen)])
    doses |= {"created": "2026-11-29T08:00:00+00:00", "patient": {}, "inputs": {}, "settings": {}, "anonymous": False}
    return json.loads(json.dumps(doses)), dose_map(result, chosen)


def hostile_structures() -> list[Structure]:
    """Blocks in the phantom's liver, one for each hostile name."""
    made = phantom()
    shape, found = made.activity.shape, []
    for n, name in enumerate(HOSTILE):
        mask = np.zeros(shape, bool)
        mask[
            shape[0] // 2 - 2 : shape[0] // 2 + 2, shape[1] // 2 - 3 + n : shape[1] // 2 + n, 10 + 2 * n : 14 + 2 * n
        ] = 1
        found.append(Structure(name, mask, made.activity.affine_lps))
    return found


def planned(name: str = "Example", tumor: str = "Tumor 1") -> dict[str, Any]:
    """JSON of a plan with every model, limits of its own and of a guideline."""
    patient = Patient(
        device="resin",
        name=name,
        tumors=(
            Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0, name=tumor),
            Tumor(mass_kg=0.05, tumor_to_normal_ratio=2.0),
        ),
        normal_perfused_mass_kg=0.9,
        normal_total_mass_kg=1.4,
        lung_shunt_fraction=0.12,
        lung_mass_kg=1.0,
        height_cm=170.0,
        weight_kg=70.0,
        target_perfused_dose_gy=80.0,
        target_tumor_dose_gy=120.0,
        limits=PartitionLimits(normal_perfused_limit_gy=40.0),
        guideline="EANM2022",
        disease="HCC",
        intent="unilobar",
    )
    found: dict[str, Any] = json.loads(json.dumps(compare_models(patient).as_dict()))
    return found


def planned_territories() -> dict[str, Any]:
    """JSON of a plan of two territories with stated activities, the optimum, and a window for vials."""
    text = example_patient_file(several_territories=True).replace('"central"', '"Tumor 1"')
    lines = [line.removeprefix("# ") if re.match(r"# (start|end) =", line) else line for line in text.splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "patient.toml").write_text("\n".join(lines), encoding="utf-8")
        found: dict[str, Any] = json.loads(json.dumps(plan_patient_file(Path(folder) / "patient.toml").as_dict()))
    return found


def planned_and_delivered() -> dict[str, Any]:
    """Content of a plan_comparison.json of the phantom: a plan of another activity and shunt by another method."""
    made = phantom()
    structures = list(made.structures)
    scaling = yttria.RelativeScaling(
        reference=structures[0], lung_shunt_fraction=0.07, delivered_activity_gbq=1.1 * made.administered_activity_gbq
    )
    plan = yttria.dose_image(made.activity, scaling=scaling, method="voxel_s_values")
    absolute = yttria.AbsoluteScaling(
        scan_delay_h=made.scan_delay_h, administered_activity_gbq=made.administered_activity_gbq
    )
    given = yttria.dose_image(made.activity, scaling=absolute)
    limits = {"guideline": "EANM2022", "device": "glass", "disease": "HCC", "intent": "unilobar"}
    compared = compare_plan(plan, given, structures, limits=limits)
    found: dict[str, Any] = json.loads(json.dumps(compared.as_dict()))
    return found


def write_case(folder: Path) -> Path:
    """Activity, CT and structures of the phantom as files; the folder."""
    made = phantom()
    folder.mkdir(parents=True, exist_ok=True)
    yttria.write_image(made.activity, folder / "activity.nrrd")
    yttria.write_image(made.ct, folder / "ct.nrrd")
    yttria.write_structures(made.structures, folder / "structures.seg.nrrd")
    return folder
