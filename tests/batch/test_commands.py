"""The command `yttria batch`: messages, exit codes, and names that a file can hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("typer")

import pyarrow.parquet as pq
from batch_samples import cohort, write_files
from typer.testing import CliRunner

import yttria
from yttria.batch import write_manifest
from yttria.cli.app import app

NAMES = (
    "Liver [/]",
    "Tumor [left]",
    "=1+1",
    "@SUM(A1)",
    "$x_",
    "_hidden",
    "a\x1b[2Jb",
    "x\u202ey",
    "half \ud800",
    "a\nb",
)


def invoke(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["batch", *map(str, arguments)], env={"COLUMNS": "300", "TERM": "dumb"})
    assert done.exit_code == code, done.output
    return done.output


def test_init_never_replaces_a_manifest(tmp_path: Path) -> None:
    write_files(tmp_path, 1)
    (tmp_path / "a0.nii.gz").rename(tmp_path / "pet.nii.gz")
    out = tmp_path / "manifest.csv"
    invoke("init", tmp_path, "-o", out)
    out.write_text("edited")
    assert "exists already" in invoke("init", tmp_path, "-o", out, code=1)
    assert out.read_text() == "edited"


def test_the_commands_report_mistakes_and_the_end_of_a_run(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    manifest, results = cohort(tmp_path, 8), tmp_path / "results"
    run = ("run", manifest, "-o", results, "--executor", "threads")
    assert json.loads(invoke("check", "--schema"))["required"] == ["case_id", "activity", "structures"]
    (tmp_path / "a1.nii.gz").unlink()
    assert "line 3 (case 'case 0001'), activity: no such file" in invoke("check", manifest, code=1)
    assert "2 cases are in quarantine" in invoke(*run, code=3)
    text = invoke("summary", results)
    assert "FileNotFoundError" in text
    assert "case 0001" in text
    assert "finished cases are saved" in invoke(*run, "--max-failures", "0", code=4)
    write_files(tmp_path)
    invoke(*run)
    invoke("summary", results)
    assert (results / "summary.png").read_bytes().startswith(b"\x89PNG")
    manifest.write_text(manifest.read_text().replace("Normal liver,1.0,", "Normal liver,1400,"))
    text = invoke(*run, "--strict", code=1)
    assert "line 2 (case 'case 0000'), administered_activity_gbq" in text
    assert "did you mean 1.4?" in text
    invoke(*run, code=3)
    text = invoke("summary", results)
    assert "line 2, case 0000: ManifestError: administered_activity_gbq: " in text
    assert "7 cases" in text
    invoke("run", manifest, "-o", results, "--shard", "1of2", code=1)
    invoke("summary", tmp_path, code=1)


def test_hostile_names_pass_through_a_batch_unchanged(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_files(tmp_path, 1)
    image = yttria.read_image(tmp_path / "a0.nii.gz")
    mask = np.zeros(image.array.shape, bool)
    mask[2:8, 1:10, 2:7] = True
    names = [name for name in NAMES if name.isprintable() or name.startswith("half")]
    affine = image.affine_lps
    yttria.write_structures(
        [yttria.Structure(n.replace("\ud800", "?"), mask, affine) for n in names], tmp_path / "s.seg.nrrd"
    )
    declared = {"activity": "a0.nii.gz", "structures": "s.seg.nrrd", "scan_delay_h": 1.0, "unit": None}
    yttria.write_image(image.with_array(image.array * 1e4, "Bq/mL"), tmp_path / "a0.nrrd")
    cases = [declared | {"case_id": name, "activity": "a0.nrrd"} for name in NAMES]
    write_manifest([*cases, cases[0] | {"case_id": "lost [/]", "activity": "[red]\x1b[2J.nrrd"}], tmp_path / "m.csv")
    invoke("check", tmp_path / "m.csv", code=1)
    invoke("run", tmp_path / "m.csv", "-o", tmp_path / "[b]", "--executor", "threads", code=3)
    text = invoke("summary", tmp_path / "[b]")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert all(name in text for name in ("Liver [/]", "Tumor [left]", "=1+1", "lost [/]", "[red]\\x1b[2J.nrrd"))
    cases_written = pq.read_table(tmp_path / "[b]" / "cases.parquet")["case_id"].to_pylist()
    assert cases_written[:8] == list(NAMES[:8])


def test_tables_of_doses_written_as_csv_hold_no_formula(tmp_path: Path) -> None:
    from yttria._foundation.csv_tables import write_csv

    write_csv(tmp_path / "d.csv", [{"structure": name.replace("\ud800", ""), "mean_gy": -1.5} for name in NAMES])
    with (tmp_path / "d.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert not row["structure"].startswith(("=", "+", "-", "@", "\t", "\r"))
            assert float(row["mean_gy"]) == -1.5
