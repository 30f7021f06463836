"""`yttria dose` with limits, further quantities and the inputs of both."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

pytest.importorskip("typer")
pytest.importorskip("nrrd")
from cli_runner import invoke

from yttria import read_structures, write_image, write_structures
from yttria.phantom import liver_phantom


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("case")
    phantom = liver_phantom((6.0, 8.0, 8.0))
    write_image(phantom.activity, folder / "pet.nrrd")
    write_structures(phantom.structures, folder / "parts.seg.nrrd")
    return ["dose", str(folder / "pet.nrrd"), "-s", str(folder / "parts.seg.nrrd"), "--scan-delay-h", "20"]


LIMITS = ["--limits", "EANM2022", "--device", "glass", "--disease", "HCC", "--intent", "unilobar"]


def test_limits_stand_in_json_csv_and_the_printed_table(case: list[str], tmp_path: Path) -> None:
    shown = invoke(*case, *LIMITS, "--role", "territories=Liver", "-o", tmp_path)
    record = json.loads((tmp_path / "doses.json").read_text())["limits"]
    assert record["guideline"] == "EANM2022"
    assert record["roles"]["territories"] == ["Liver"]
    states = {state["limit"]["kind"]: state["state"] for state in record["states"]}
    assert states["normal_whole"] == "met"
    assert states["lung"] == "depends on"
    assert "whole normal liver < 50 Gy" in shown
    assert "needs the mean dose to the lungs" in shown
    with (tmp_path / "limits.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == [state["state"] for state in record["states"]]
    assert all(row["source"] for row in rows)


def test_metrics_are_columns_of_every_table(case: list[str], tmp_path: Path) -> None:
    chosen = ["--metrics", "V70,D2mL,BED,T/N,mass", "--parameters", "liver-cremonesi-2008"]
    shown = invoke(*case, *chosen, "-o", tmp_path)
    record = json.loads((tmp_path / "doses.json").read_text())
    keys = [column["key"] for column in record["metrics"]["columns"]]
    assert keys == ["v70gy_fraction", "d2ml_gy", "mean_bed_gy", "tumor_to_normal_ratio", "mass_kg"]
    assert all(set(keys) <= row.keys() for row in record["structures"])
    assert record["metrics"]["parameters"][0]["sets"] == ["liver-cremonesi-2008"]
    with (tmp_path / "doses.csv").open() as file:
        assert set(keys) <= set(next(csv.reader(file)))
    assert "alpha_beta_gy 2.5" in shown
    assert "parameters_not_verified" in shown


def test_without_limits_and_metrics_nothing_is_added(case: list[str], tmp_path: Path) -> None:
    invoke(*case, "-o", tmp_path)
    record = json.loads((tmp_path / "doses.json").read_text())
    assert not {"limits", "metrics"} & record.keys()
    assert not (tmp_path / "limits.csv").exists()


def test_names_of_structures_with_an_identifier_are_left_out(case: list[str], tmp_path: Path) -> None:
    invoke(*case, *LIMITS, "--anonymous", "-o", tmp_path)
    assert str(tmp_path.parent) not in (tmp_path / "limits.csv").read_text()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--device", "glass"], "device is used only in the comparison with limits: name a guideline (--limits)"),
        (["--lung-mass-kg", "1"], "--lung-mass-kg is used only in the comparison with limits"),
        (["--limits", "EANM"], "guideline must be one of"),
        (
            ["--limits", "EANM2022", "--role", "territories"],
            "role must be ROLE=PATTERN, such as territories=Liver (--role)",
        ),
        (["--limits", "EANM2022", "--role", "spleen=x"], "role of a structure must be one of liver"),
        (["--limits", "EANM2022", "--role", "lungs=Lung*"], "'Lung*' matches no structure"),
        (["--metrics", "V70,NTCP"], "NTCP needs td50_gy and m and n"),
        (["--metrics", "70"], "metric must be like V70"),
        (["--parameters", "liver-cremonesi-2008"], "parameters are used only for quantities such as BED"),
        (["--role", "lungs="], "roles of structures (--role) are used only for limits and metrics"),
    ],
)
def test_refusals_name_the_option(case: list[str], tmp_path: Path, options: list[str], told: str) -> None:
    shown = invoke(*case, *options, "-o", tmp_path / "out", code=1)
    assert told in " ".join(shown.split())
    assert not (tmp_path / "out").exists()


def test_whole_histograms_are_written_as_csv_and_parquet(case: list[str], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    invoke(*case, "--dvh", "csv", "-o", tmp_path / "a")
    invoke(*case, "--dvh", "parquet", "-o", tmp_path / "b")
    with (tmp_path / "a" / "dvh.csv").open() as file:
        rows = list(csv.DictReader(file))
    table = parquet.read_table(tmp_path / "b" / "dvh.parquet").to_pylist()
    assert [float(row["volume_ml"]) for row in rows] == [row["volume_ml"] for row in table]
    record = json.loads((tmp_path / "a" / "doses.json").read_text())
    first = {row["structure"]: row["volume_ml"] for row in reversed(table)}
    assert first == {row["structure"]: pytest.approx(row["volume_ml"]) for row in record["structures"]}
    assert "dvh.csv" in [file["name"] for file in record["files"]]


def test_a_structured_report_needs_a_segmentation(case: list[str], tmp_path: Path) -> None:
    shown = invoke(*case, "--sr", "-o", tmp_path / "out", code=1)
    assert "structures of a structured report must come from one DICOM SEG, got none" in " ".join(shown.split())
    shown = invoke(*case, "--sr", "--anonymous", "-o", tmp_path / "out", code=1)
    assert "give either --sr or --anonymous" in " ".join(shown.split())


def test_dicom_in_gives_report_and_histograms_out(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    import pydicom
    from dicom_samples import write_seg, write_series
    from image_samples import affine, values

    from yttria.io.dicom import read_dose_report, read_rtdose, write_rtstruct

    pet = write_series(tmp_path / "pet", values() * 1e4, affine("plain"))
    seg = write_seg(tmp_path / "seg.dcm", {"Liver": values() > 40}, pet)
    invoke("dose", pet, "-s", seg, "--sr", "--metrics", "V70", "-o", tmp_path / "a")
    (row,) = json.loads((tmp_path / "a" / "doses.json").read_text())["structures"]
    (found,) = read_dose_report(tmp_path / "a" / "report.dcm")
    assert found.quantities["Mean Absorbed Radiation Dose"][0] == pytest.approx(row["mean_gy"])
    assert found.quantities["Share of the volume that receives at least 70 Gy"][0] == pytest.approx(
        row["v70gy_fraction"]
    )
    write_rtstruct(read_structures(seg), tmp_path / "rs.dcm", reference=pet)
    invoke("dose", pet, "-s", tmp_path / "rs.dcm", "--rtdose", "-o", tmp_path / "b")
    (row,) = json.loads((tmp_path / "b" / "doses.json").read_text())["structures"]
    (item,) = pydicom.dcmread(tmp_path / "b" / "dose.dcm").DVHSequence
    assert float(item.DVHMeanDose) == pytest.approx(row["mean_gy"])
    assert float(item.DVHData[1]) == pytest.approx(row["volume_ml"])
    assert read_rtdose(tmp_path / "b" / "dose.dcm").unit == "Gy"
