"""Drawn uncertainties on the command line: printed, written and read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria.case import Case, dose_case, read_stored_result
from yttria.errors import ArgumentError
from yttria.phantom import liver_phantom


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    phantom = liver_phantom((10.0, 10.0, 10.0))
    yttria.write_image(phantom.activity, folder / "activity.nrrd")
    yttria.write_structures(phantom.structures, folder / "structures.seg.nrrd")
    return folder


def arguments(folder: Path, *more: str) -> list[Any]:
    stated = ("--scan-delay-h", "20", "--calibration-uncertainty", "0.05", "--fwhm-mm", "6")
    return ["dose", folder / "activity.nrrd", "-s", folder / "structures.seg.nrrd", *stated, *more]


def test_draws_give_intervals_in_the_table_and_in_the_files(folder: Path, tmp_path: Path) -> None:
    text = invoke(*arguments(folder, "--propagate", "60", "--seed", "3", "-o", str(tmp_path)), columns=400)
    assert "95 % intervals by 60 draws, seed 3" in text
    rows = list(csv.DictReader((tmp_path / "doses.csv").read_text().splitlines()))
    record = json.loads((tmp_path / "doses.json").read_text())
    drawn = record["uncertainty"]["propagated"]
    assert (drawn["draws"], drawn["seed"]) == (60, 3)
    assert drawn["included"] == ["calibration", "decay", "volume"]
    for row in rows:
        (mean,) = [
            each
            for each in drawn["quantities"]
            if (each["structure"], each["quantity"]) == (row["structure"], "mean_gy")
        ]
        assert float(row["mean_drawn_standard_uncertainty_gy"]) == mean["standard_uncertainty"]
        assert [float(row["mean_interval_low_gy"]), float(row["mean_interval_high_gy"])] == mean["interval"]
        assert float(row["mean_interval_low_gy"]) < float(row["mean_gy"]) < float(row["mean_interval_high_gy"])
        assert f"{row['structure']}" in text
    stored = read_stored_result(tmp_path)
    assert stored.uncertainty is not None
    assert stored.uncertainty.as_dict()["propagated"] == drawn


def test_seed_decides_the_draws(folder: Path) -> None:
    def means(seed: float) -> Any:
        case = Case(
            activity=folder / "activity.nrrd",
            structures=folder / "structures.seg.nrrd",
            scan_delay_h=20.0,
            calibration_uncertainty=0.05,
            propagate=10,
            seed=seed,
        )
        return [row["mean_drawn_standard_uncertainty_gy"] for row in dose_case(case).rows]

    assert means(1) == means(1)
    assert means(1) != means(2)


def test_draws_without_a_stated_uncertainty_are_refused(folder: Path) -> None:
    case = Case(
        activity=folder / "activity.nrrd", structures=folder / "structures.seg.nrrd", scan_delay_h=20.0, propagate=10
    )
    with pytest.raises(ArgumentError, match="at least one stated uncertainty"):
        dose_case(case)


@pytest.mark.parametrize("draws", ["1", "2.5", "10000001"])
def test_impossible_numbers_of_draws_are_refused(folder: Path, tmp_path: Path, draws: str) -> None:
    invoke(*arguments(folder, "--propagate", draws, "-o", str(tmp_path)), code=1)


def test_seed_alone_is_for_monte_carlo(folder: Path, tmp_path: Path) -> None:
    invoke(*arguments(folder, "--seed", "3", "-o", str(tmp_path)), code=1)
