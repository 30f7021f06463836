"""A patient as a TOML file: the example, and errors that name the line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from planning_samples import tumor

from yttria import Nuclide
from yttria.errors import ArgumentError, FileFormatError, OutOfRangeError, UndefinedError, UnknownNameError, YttriaError
from yttria.io.opened import opened_files
from yttria.planning import (
    PartitionLimits,
    Patient,
    PlanUncertaintyInputs,
    compare_models,
    example_patient_file,
    plan_patient_file,
    read_patient,
)
from yttria.planning.patient_file import _TABLES

EXAMPLE = example_patient_file()


@pytest.fixture
def patient_file(tmp_path: Path) -> Path:
    return tmp_path / "patient.toml"


def test_the_example_has_the_values_that_it_documents(patient_file: Path) -> None:
    patient_file.write_text(EXAMPLE)
    patient = read_patient(patient_file)
    assert patient == Patient(
        device="resin",
        tumors=(tumor(291.3 * 1.05 / 1000, 4, "right lobe"), tumor(0.05, 2.5, "satellite")),
        normal_perfused_mass_kg=0.9,
        normal_total_mass_kg=1.4,
        lung_shunt_fraction=0.12,
        residual_fraction=0.01,
        height_cm=170,
        weight_kg=70,
        target_perfused_dose_gy=80,
        target_tumor_dose_gy=120,
        limits=PartitionLimits(normal_perfused_limit_gy=40, lung_limit_gy=30, cumulative_lung_limit_gy=50),
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
        uncertainties=PlanUncertaintyInputs(
            lung_shunt_uncertainty=0.2,
            tumor_mass_uncertainty=0.15,
            tumor_to_normal_ratio_uncertainty=0.2,
            normal_mass_uncertainty=0.05,
            lung_mass_uncertainty=0.2,
            administered_activity_uncertainty=0.05,
            basis=dict.fromkeys(
                (
                    "lung_shunt_uncertainty",
                    "tumor_mass_uncertainty",
                    "tumor_to_normal_ratio_uncertainty",
                    "normal_mass_uncertainty",
                    "lung_mass_uncertainty",
                    "administered_activity_uncertainty",
                ),
                "patient file",
            ),
        ),
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


def test_every_known_key_is_documented_in_the_example() -> None:
    tables: dict[str, set[str]] = {"": set()}
    inside = ""
    for line in EXAMPLE.splitlines():
        if header := re.match(r"\[+(\w+)\]+", line):
            inside = header[1]
            tables.setdefault(inside, set())
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            tables[inside].add(key[1])
    assert tables == {table: set(keys) for table, keys in _TABLES.items()}


def test_every_commented_key_can_be_used(patient_file: Path) -> None:
    """Each alternative of the example replaces the line to which it is the alternative."""
    instead = {
        "normal_perfused_volume_ml": "normal_perfused_mass_kg",
        "normal_total_volume_ml": "normal_total_mass_kg",
        "untreated_tumor_volume_ml": "untreated_tumor_mass_kg",
        "perfused_volume_incl_tumor_ml": "normal_perfused_mass_kg",
        "liver_volume_incl_tumor_ml": "normal_total_mass_kg",
        "bilirubin_umol_per_l": "bilirubin_mg_per_dl",
        "albumin_g_per_l": "albumin_g_per_dl",
        "normal_mass_from_difference": "normal_mass_uncertainty",
    }
    expected = compare_models(read_patient_text(patient_file, EXAMPLE))["partition_target"].delivered_activity_gbq
    for key in re.findall(r"^# (\w+) = ", EXAMPLE, re.MULTILINE):
        text = re.sub(rf"^# ({key} = )", r"\1", EXAMPLE, flags=re.MULTILINE)
        if key in instead:
            text = re.sub(rf"^{instead[key]} = .*$", "", text, flags=re.MULTILINE)
        found = compare_models(read_patient_text(patient_file, text))
        assert found["partition_target"].delivered_activity_gbq == pytest.approx(expected, rel=2e-3), key


def read_patient_text(path: Path, text: str) -> Patient:
    path.write_text(text, "utf-8")
    return read_patient(path)


def test_doses_of_earlier_treatments_are_read(patient_file: Path) -> None:
    text = re.sub(r"^(prior_\w*dose_gy = )0", r"\g<1>7", EXAMPLE, flags=re.MULTILINE)
    patient = read_patient_text(patient_file, text.replace("prior_radioembolization = false", ""))
    assert (patient.prior_lung_dose_gy, patient.prior_normal_perfused_dose_gy) == (7, 7)
    assert patient.prior_normal_whole_dose_gy == 7
    assert compare_models(patient)["partition_maximum"].doses.normal_perfused_dose_gy == pytest.approx(33)


def test_the_shortest_file_runs_the_single_compartment(patient_file: Path) -> None:
    text = 'device = "glass"\nliver.perfused_volume_incl_tumor_ml = 350\nlungs.shunt_fraction = 0.04\n'
    found = compare_models(read_patient_text(patient_file, text + "target.perfused_dose_gy = 400\n"))
    assert [run.model for run in found.runs] == ["single_compartment"]
    assert found.runs[0].delivered_activity_gbq == pytest.approx(400 * 0.35 * 1.05 / (49.67 * 0.96), rel=1e-12)


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_files_of_other_editors_are_read(patient_file: Path, start: bytes, line_end: bytes) -> None:
    patient_file.write_bytes(start + EXAMPLE.encode().replace(b"\n", line_end))
    assert read_patient(patient_file).name == "example"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (EXAMPLE.encode("utf-16"), "it is UTF-16; save it as UTF-8"),
        ('name = "M\u00fcller"'.encode("cp1252"), "must be UTF-8"),
        (b"a = " + b"[" * 5000, "not a TOML file"),
        (b"# " + b"x" * (1 << 20), "more than 1048576 bytes"),
        (b'device = "glass"\x00', "not a TOML file"),
        (b"lungs = 3", r"lungs.* must be written as \[lungs\]|unknown key 'lungs'"),
        (b"tumor = [1, 2]", r"must be written as \[\[tumor\]\]"),
        (b"name = 2026-01-01", "name must be a text"),
    ],
    ids=["utf-16", "cp1252", "deep", "large", "nul", "table", "list", "date"],
)
def test_files_of_another_kind_are_refused(patient_file: Path, content: bytes, message: str) -> None:
    patient_file.write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        read_patient(patient_file)
    with pytest.raises(FileFormatError, match="not a regular file"):
        read_patient(patient_file.parent)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "9" * 400])
def test_numbers_that_are_not_finite_are_refused(patient_file: Path, value: str) -> None:
    for key in re.findall(r"^(\w+) = [\d.]+", EXAMPLE, re.MULTILINE):
        with pytest.raises(YttriaError):
            read_patient_text(
                patient_file, re.sub(rf"^{key} = [\d.]+", f"{key} = {value}", EXAMPLE, flags=re.MULTILINE)
            )


def test_the_result_never_replaces_the_patient_file(patient_file: Path) -> None:
    patient_file.write_text(EXAMPLE)
    with pytest.raises(ArgumentError, match="would replace the patient file"):
        plan_patient_file(patient_file, json_path=patient_file.parent / "." / patient_file.name)
    assert patient_file.read_text() == EXAMPLE


def test_the_file_that_was_read_is_named_by_its_hash(patient_file: Path) -> None:
    patient_file.write_text(EXAMPLE)
    with opened_files() as opened:
        found = plan_patient_file(patient_file)
    assert list(opened) == [patient_file]
    assert found.input_file == {"path": str(patient_file), "sha256": sha256(EXAMPLE.encode()).hexdigest()}


def test_volumes_are_exchanged_for_masses_by_the_density(patient_file: Path) -> None:
    text = EXAMPLE.replace("normal_total_mass_kg = 1.4", "normal_total_volume_ml = 1400").replace(
        'nuclide = "EANM2022"', 'nuclide = "IFU_50"'
    )
    patient_file.write_text(text)
    patient = read_patient(patient_file)
    assert patient.normal_total_mass_kg == pytest.approx(1.4 * 1.05)
    assert patient.nuclide == Nuclide("IFU_50")
    assert replace(patient, nuclide=Nuclide()) == replace(
        patient, normal_total_mass_kg=1400 * 1.05 / 1000, nuclide=Nuclide()
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
        ("[body]", "", FileFormatError, r"unknown key 'height_cm'; it belongs to \[body\]"),
        ("[lungs]", "[lung]", FileFormatError, r"line 48: unknown table \[lung\]; known are \[body\], \[liver\]"),
        ("height_cm = 170", 'height_cm = "170"', FileFormatError, r"line 10: height_cm in \[body\] must be a number"),
        ("cirrhotic = false", "cirrhotic = 0", FileFormatError, "must be true or false, got 0"),
        ("weight_kg = 70", "weight_kg = true", FileFormatError, "line 11: weight_kg .* must be a number, got True"),
        ("mass_kg = 0.05", "", FileFormatError, r"line 41: mass_kg or volume_ml is missing in \[tumor\]"),
        ("mass_kg = 0.05", "mass_kg = 0.05\nvolume_ml = 50", FileFormatError, "line 44: both mass_kg and volume_ml"),
        ("shunt_fraction = 0.12", "", FileFormatError, r"line 48: shunt_fraction is missing in \[lungs\]"),
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


def test_bytes_that_are_no_text_are_refused(patient_file: Path) -> None:
    patient_file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="not a TOML file"):
        read_patient(patient_file)
    patient_file.write_text("")
    with pytest.raises(FileFormatError, match=r"normal_perfused_mass_kg or .* is missing in \[liver\]"):
        read_patient(patient_file)
