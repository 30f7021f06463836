"""A patient as a TOML file: the example, and errors that name the line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from yttria import Nuclide
from yttria.errors import FileFormatError, OutOfRangeError, UndefinedError, UnknownNameError, YttriaError
from yttria.planning import (
    PartitionLimits,
    Patient,
    Tumor,
    compare_models,
    example_patient_file,
    plan_patient_file,
    read_patient,
)

EXAMPLE = example_patient_file()


@pytest.fixture
def patient_file(tmp_path: Path) -> Path:
    return tmp_path / "patient.toml"


def test_the_example_is_read_as_it_says(patient_file: Path) -> None:
    patient_file.write_text(EXAMPLE)
    patient = read_patient(patient_file)
    assert patient == Patient(
        "resin",
        (Tumor(291.3 * 1.03 / 1000, 4, "right lobe"), Tumor(0.05, 2.5, "satellite")),
        0.9,
        1.4,
        0.12,
        residual_fraction=0.01,
        height_cm=170,
        weight_kg=70,
        target_perfused_dose_gy=80,
        target_tumor_dose_gy=120,
        limits=PartitionLimits(normal_perfused_gy=40, lung_gy=30, lung_cumulative_gy=50),
        disease="HCC",
        intent="unilobar",
        bilirubin_mg_per_dl=0.8,
        albumin_g_per_dl=3.9,
        prior_lung_dose_gy=0,
        prior_normal_perfused_dose_gy=0,
        prior_normal_whole_dose_gy=0,
        prior_radioembolization=False,
        pretreated_or_impaired=False,
        cirrhotic=False,
        name="example",
    )


def test_a_plan_is_the_comparison_and_its_json(patient_file: Path, tmp_path: Path) -> None:
    patient_file.write_text(EXAMPLE)
    found = plan_patient_file(patient_file, json_path=tmp_path / "plan.json")
    assert found == compare_models(read_patient(patient_file))
    assert not found.not_applicable
    assert json.loads((tmp_path / "plan.json").read_text("utf-8")) == json.loads(json.dumps(found.as_dict()))


def test_every_documented_key_is_known_and_every_known_table_documented(patient_file: Path) -> None:
    """A key with another unit in its place is an error that names the known one."""
    for number, line in enumerate(EXAMPLE.splitlines(), 1):
        key = re.match(r"(\w+) = ", line)
        if key is None:
            continue
        lines = EXAMPLE.splitlines()
        lines[number - 1] = line.replace(key[1], f"{key[1]}x", 1)
        patient_file.write_text("\n".join(lines))
        with pytest.raises(FileFormatError, match=f"line {number}: unknown key '{key[1]}x'.*{key[1]}"):
            read_patient(patient_file)


def test_volumes_stand_for_masses(patient_file: Path) -> None:
    text = EXAMPLE.replace("normal_total_mass_kg = 1.4", "normal_total_volume_ml = 1400").replace(
        'convention = "EANM2022"', 'convention = "IFU_50"'
    )
    patient_file.write_text(text)
    patient = read_patient(patient_file)
    assert patient.normal_total_mass_kg == pytest.approx(1.4 * 1.03)
    assert patient.nuclide == Nuclide("IFU_50")
    assert replace(patient, nuclide=Nuclide()) == replace(
        patient, normal_total_mass_kg=1400 * 1.03 / 1000, nuclide=Nuclide()
    )


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        (
            "mass_kg = 0.05",
            "mass_g = 50",
            FileFormatError,
            r"line 43: unknown key 'mass_g' in \[tumor\]; did you mean mass_kg",
        ),
        (
            "height_cm = 170",
            "height_m = 1.7",
            FileFormatError,
            r"line 10: unknown key 'height_m' in \[body\]; .* height_cm",
        ),
        ("[lungs]", "[lung]", FileFormatError, r"line 46: unknown table \[lung\]; known are \[body\], \[liver\]"),
        ("height_cm = 170", 'height_cm = "170"', FileFormatError, r"line 10: height_cm in \[body\] must be a number"),
        ("cirrhotic = false", "cirrhotic = 0", FileFormatError, "must be true or false, got 0"),
        ("weight_kg = 70", "weight_kg = true", FileFormatError, "line 11: weight_kg .* must be a number, got True"),
        ("mass_kg = 0.05", "", FileFormatError, r"line 41: mass_kg or volume_ml is missing in \[tumor\]"),
        ("mass_kg = 0.05", "mass_kg = 0.05\nvolume_ml = 50", FileFormatError, "line 44: both mass_kg and volume_ml"),
        ("shunt_fraction = 0.12", "", FileFormatError, r"line 46: shunt_fraction is missing in \[lungs\]"),
        ('device = "resin"', "", FileFormatError, "device is missing"),
        ("[target]", "target = 3", FileFormatError, "unknown key 'target'|not a TOML"),
        ("[body]", "[[body]]", FileFormatError, r"line 9: 'body' must be written as \[body\]"),
        ("height_cm = 170", "height_cm = ", FileFormatError, "not a TOML file: .*line 10"),
        (
            "shunt_fraction = 0.12",
            "shunt_fraction = 12",
            OutOfRangeError,
            r"patient\.toml: lung shunt .*did you mean 0\.12",
        ),
        ("height_cm = 170", "", UndefinedError, "needs both height and weight"),
        ('"EANM2022"     #', '"EANM"     #', UnknownNameError, "nuclide convention must be one of"),
    ],
)
def test_errors_name_the_line(patient_file: Path, old: str, new: str, error: type[YttriaError], message: str) -> None:
    assert old in EXAMPLE
    patient_file.write_text(EXAMPLE.replace(old, new, 1))
    with pytest.raises(error, match=message):
        read_patient(patient_file)


def test_what_is_no_text_is_no_patient(patient_file: Path) -> None:
    patient_file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="not a TOML file"):
        read_patient(patient_file)
    patient_file.write_text("")
    with pytest.raises(FileFormatError, match=r"normal_perfused_mass_kg or .* is missing in \[liver\]"):
        read_patient(patient_file)
