"""Answers in every form are read and scored equally, and a page states the findings."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yttria.conformance import case, cases, export, read_results, score
from yttria.conformance._cells import flat
from yttria.conformance.answers import yttria_answer
from yttria.conformance.diagnosis import injected
from yttria.errors import FileFormatError, OutOfRangeError

pytest.importorskip("typer")
from typer.testing import CliRunner

from yttria.cli.app import app

ALL = [each.id for each in cases()]


def cli(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["conformance", *arguments])
    return done.exit_code, done.output


def own_answers() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in cases():
        if "error" in each.expected:
            found[each.id] = {"error": "refused"}
        else:
            got = yttria_answer(each.model, each.inputs)
            found[each.id] = {quantity: got[quantity] for quantity in each.quantities}
    return found


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    export(folder)
    return folder


def write(answers: dict[str, Any], folder: Path, kind: str) -> Path:
    """Write answers as another program does, in JSON or CSV with maps in further files."""
    rows: list[tuple[str, str, Any]] = []
    plain: dict[str, dict[str, Any]] = {}
    for name, quantities in answers.items():
        plain[name] = {}
        for quantity, value in quantities.items():
            given = value
            if isinstance(value, np.ndarray):
                path = folder / f"{name}.{quantity}.{'raw' if kind == 'json' else 'csv'}"
                if kind == "json":
                    np.asarray(value, "<f8").tofile(path)
                else:
                    with path.open("w", newline="") as file:
                        rows_of = csv.writer(file)
                        rows_of.writerow(["k", "j", "i", "value"])
                        rows_of.writerows([*at, float(v)] for at, v in np.ndenumerate(value))
                given = path.name
            plain[name][quantity] = given
            rows += [(name, key, each) for key, each in flat(quantity, given)]
    path = folder / f"results.{kind}"
    if kind == "json":
        path.write_text(json.dumps({"implementation": {"name": "other", "version": "2"}, "answers": plain}))
    else:
        with path.open("w", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(["case", "quantity", "value"])
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_answers_of_the_core_pass_in_every_form(tmp_path: Path, kind: str) -> None:
    report = score(write(own_answers(), tmp_path, kind))
    assert [each.id for each in report.cases if each.status != "pass"] == []
    assert report.findings == ()
    assert report.unknown == ()
    assert score(tmp_path).counts == report.counts
    assert report.implementation == ("other 2" if kind == "json" else "results")


def test_the_template_answers_no_case(suite: Path) -> None:
    for name in ("results_template.json", "results_template.csv"):
        assert score(suite / name).counts == {"pass": 0, "fail": 0, "not answered": len(ALL)}


def test_pass_fail_and_not_answered() -> None:
    report = score({"mird-01": {"activity_delivered_GBq": 3.05172030135738}, "bsa-01": {"dubois_m2": 1.9}, "no": {}})
    by_id = {each.id: each for each in report.cases}
    assert (by_id["mird-01"].status, by_id["mird-01"].answered, by_id["mird-01"].asked) == ("pass", 1, 2)
    assert (by_id["bsa-01"].status, by_id["bsa-01"].explanation) == ("fail", "unexplained")
    assert by_id["bsa-01"].deviation == pytest.approx(1.9 / 1.80970780175325 - 1)
    assert by_id["bsa-03"].status == "not answered"
    assert report.unknown == ("no",)


def test_a_number_fails_if_the_right_answer_is_an_error() -> None:
    status = {e.id: e.status for e in score({"mird-err-02": {"activity_GBq": 1.0}, "bsa-04": {"error": "no"}}).cases}
    assert (status["mird-err-02"], status["bsa-04"]) == ("fail", "pass")


def test_a_difference_within_the_noise_is_explained_and_a_wider_tolerance_passes() -> None:
    rounded = {"mird-03": {"perfused_dose_Gy": 566.6}}
    report = score(rounded)
    assert next(e for e in report.cases if e.id == "mird-03").explanation == "within the noise"
    assert report.findings == report.unexplained == ()
    assert score(rounded, tolerance=1e-4).counts["pass"] == 1
    assert score(rounded, noise=1e-7).unexplained


@pytest.mark.parametrize("values", [{"noise": 0.0}, {"noise": 0.5}, {"tolerance": -1e-3}, {"tolerance": 1.0}])
def test_absurd_noise_and_tolerance_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(OutOfRangeError, match=next(iter(values))):
        score({}, **values)


def test_the_page_names_the_mistake_with_its_evidence(tmp_path: Path) -> None:
    answers = own_answers() | injected(["shunt_multiplied_single_compartment"], ["mird-01", "mird-pub-U10"])
    answers |= injected(["kernel_not_shifted"], ["vox-point", "vox-sphere"])
    answers["bsa-01"] = {"dubois_m2": 1.9}
    for name in ("vox-line", "vox-uniform", "vox-anisotropic", "vox-edge", "vox-phantom", "vox-03"):
        del answers[name]
    code, page = cli("score", str(write(answers, tmp_path, "json")), "--out", str(tmp_path / "report.json"))
    assert code == 1
    text = " ".join(page.split())
    assert "2. kernel_not_shifted" in text
    assert "1. shunt_multiplied_single_compartment" in text
    assert "expected 2.3041, got 1.8663, with the mistake 1.8663" in text
    assert "dose_Gy at voxel (" in text
    assert "bsa-01 dubois_m2 1.8097 1.9 4.99%" in text
    saved = json.loads((tmp_path / "report.json").read_text())
    assert saved["counts"]["fail"] == 5
    assert saved["findings"][0]["evidence"]["with_the_mistake"] == pytest.approx(1.86631769679887)
    code, page = cli("score", str(tmp_path), "--json", "--all")
    assert json.loads(page)["cases"] == saved["cases"]
    code, page = cli("score", str(tmp_path), "--all")
    assert page.count("not answered") == 7


def test_the_page_of_a_right_implementation(tmp_path: Path) -> None:
    code, page = cli("score", str(write(own_answers(), tmp_path, "json")))
    assert code == 0
    assert page.split() == f"other 2: {len(ALL)} pass, 0 fail, 0 not answered, of {len(ALL)} cases.".split()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("results.json", "{"),
        ("results.json", "[1]"),
        ("results.json", '{"answers": 3}'),
        ("results.json", '{"answers": {"mird-01": 3}}'),
        ("results.csv", "a,b\n1,2\n"),
        ("results.csv", "\xff\xfe"),
    ],
)
def test_damaged_results_are_refused_in_one_sentence(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(FileFormatError):
        read_results(tmp_path)
    code, page = cli("score", str(tmp_path))
    assert code == 1
    assert "Traceback" not in page


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("d.raw", b"12345", FileFormatError),
        ("d.npy", b"junk", FileFormatError),
        ("d.txt", b"junk", FileFormatError),
        ("d.csv", b"k,j,i,value\n0,0,0,1\n", FileFormatError),
        ("d.csv", b"k,j,i,value\n99,0,0,1\n", FileFormatError),
        ("d.csv", b"a,b\n1,2\n", FileFormatError),
        ("none.raw", None, FileNotFoundError),
    ],
)
def test_damaged_maps_are_refused(tmp_path: Path, name: str, content: bytes | None, error: type[Exception]) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (tmp_path / "results.json").write_text(json.dumps({"vox-point": {"dose_Gy": name}}))
    with pytest.raises(error):
        read_results(tmp_path)


def test_a_missing_extra_is_named_with_its_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)
    code, page = cli("export", str(tmp_path), "--nifti")
    assert code == 1
    assert "pip install 'yttria[nifti]'" in page


def test_a_folder_needs_one_results_file(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="neither"):
        read_results(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), [1.0], True, [[1.0]], {"x": 1.0}, 1e400])
def test_an_answer_of_the_wrong_kind_fails_without_a_finding(value: object) -> None:
    report = score(
        {
            "mird-01": {"activity_delivered_GBq": value},
            "vox-point": {"dose_Gy": value},
            "lp-01": {"activities_GBq": value},
        }
    )
    assert report.counts["pass"] == 0
    assert report.findings == ()
    json.dumps(report.as_dict(), allow_nan=False)


def test_a_list_of_another_length_fails() -> None:
    right = case("multi-01").expected["tumour_portion_doses_Gy"]
    report = score({"multi-01": {"tumour_portion_doses_Gy": [*right, 1.0]}})
    assert report.counts["fail"] == 1
    assert report.unknown == ()


def test_the_export_has_every_case_with_the_same_numbers(suite: Path) -> None:
    written = json.loads((suite / "cases.json").read_text())
    assert [row["id"] for row in written["cases"]] == ALL
    row = next(row for row in written["cases"] if row["id"] == "vox-anisotropic")
    reference = row["inputs"]["activity_Bq_per_mL"]
    values = np.fromfile(suite / reference["file"], "<f4").reshape(reference["shape"])
    assert np.array_equal(values, case("vox-anisotropic").inputs["activity_Bq_per_mL"])
    with (suite / reference["file"]).with_suffix(".csv").open() as file:
        cells = {(int(r["k"]), int(r["j"]), int(r["i"])): float(r["value"]) for r in csv.DictReader(file)}
    assert len(cells) == values.size
    assert all(cells[at] == v for at, v in np.ndenumerate(values))
    with (suite / "cases.csv").open() as file:
        cells = {(r["case"], r["part"], r["quantity"]): r["value"] for r in csv.DictReader(file)}
    assert float(cells["mird-01", "expected", "activity_delivered_GBq"]) == 3.05172030135738
    assert float(cells["unc-04", "expected", "sensitivity_tumour_dose.r"]) == 0.5


def test_the_exported_schemas_accept_the_exported_files(suite: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for name in ("cases", "results"):
        schema = json.loads((suite / "schema" / f"{name}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        what = json.loads((suite / ("cases.json" if name == "cases" else "results_template.json")).read_text())
        jsonschema.validate(what, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"cases": [{"id": 1}], "answers": 3}, schema)


def test_maps_of_the_suite_are_written_as_nifti(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    code, page = cli("export", str(tmp_path), "--nifti")
    assert code == 0
    assert "README.txt" in page
    image = nibabel.load(tmp_path / "maps" / "vox-anisotropic" / "dose_Gy.nii.gz")
    expected = case("vox-anisotropic").expected["dose_Gy"]
    assert np.array_equal(np.asarray(image.dataobj).T, expected)
    assert image.header.get_zooms() == pytest.approx((3.3, 4.07, 2.03))
    (tmp_path / "results.json").write_text(
        json.dumps({"vox-anisotropic": {"dose_Gy": "maps/vox-anisotropic/dose_Gy.nii.gz"}})
    )
    assert score(tmp_path).counts["pass"] == 1
