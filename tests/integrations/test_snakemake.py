"""The Snakemake recipe, run on two tiny cases if snakemake is installed."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import yttria
from conftest import ROOT

RECIPE = ROOT / "integrations" / "snakemake" / "Snakefile"


def test_the_recipe_doses_each_case_and_joins_the_tables(tmp_path: Path) -> None:
    snakemake = shutil.which("snakemake")
    if snakemake is None:
        pytest.skip("snakemake is not installed")
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    array = np.random.default_rng(1).uniform(0.1, 2.0, (8, 9, 10)).astype(np.float32)
    yttria.write_image(yttria.Image(array, affine, "MBq/mL"), tmp_path / "activity.nrrd")
    yttria.write_structures([yttria.Structure("Liver", array > 0.5, affine)], tmp_path / "seg.seg.nrrd")
    rows = [("case 1", "activity.nrrd", "seg.seg.nrrd", "10"), ("b", "activity.nrrd", "seg.seg.nrrd", "20")]
    with (tmp_path / "cases.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("case_id", "activity", "structures", "scan_delay_h"), *rows])
    command = tmp_path / "bin" / "yttria"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m yttria \"$@\"\n")
    command.chmod(0o755)
    done = subprocess.run(
        [snakemake, "--cores", "1", "--snakefile", str(RECIPE)],
        cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (tmp_path / "results" / "doses.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["case_id"] for row in table] == ["case 1", "b"]
    doses = [float(row["mean_gy"]) for row in table]
    # Ten hours more between administration and scan, by the half-life of 64.05 h.
    assert doses[1] / doses[0] == pytest.approx(2 ** (10 / yttria.Nuclide().half_life_h), rel=1e-4)
