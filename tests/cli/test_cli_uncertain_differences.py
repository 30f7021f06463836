"""`yttria compare` and `compare-plan` with the uncertainties of both results: tables, files, words, and refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria.phantom import liver_phantom


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods on one image with stated uncertainties, and one result without."""
    folder = tmp_path_factory.mktemp("results")
    phantom = liver_phantom((6.0, 5.0, 5.5))
    yttria.write_image(phantom.activity, folder / "activity.nrrd")
    yttria.write_structures(phantom.structures, folder / "structures.seg.nrrd")
    stated = ("--calibration-uncertainty", "0.05", "--count-uncertainty", "0.02")
    for name, more in {
        "local": ("--method", "local-deposition", *stated),
        "kernels": ("--method", "voxel-s-values", *stated),
        "plain": ("--method", "local-deposition"),
    }.items():
        invoke("dose", folder / "activity.nrrd", "-s", folder / "structures.seg.nrrd", "--scan-delay-h", "20",
               "--administered-activity-gbq", "2", *more, "-o", folder / name)  # fmt: skip
    return folder


def compared(results: Path, out: Path, *more: str) -> tuple[str, Any]:
    text = invoke(
        "compare",
        results / "local" / "dose.nrrd",
        results / "kernels" / "dose.nrrd",
        "-s",
        results / "structures.seg.nrrd",
        "--uncertainty-a",
        results / "local",
        "--uncertainty-b",
        results / "kernels" / "doses.json",
        *more,
        "-o",
        out,
    )
    return text, json.loads((out / "comparison.json").read_text())


def test_common_sources_of_uncertainty_cancel_if_they_are_named(results: Path, tmp_path: Path) -> None:
    text, apart = compared(results, tmp_path / "apart")
    assert "nothing; A and B are treated as independent (--common)" in text
    shared, together = compared(results, tmp_path / "together", "--common", "calibration", "--common", "counts")
    assert "calibration, counts" in shared
    for one, other in zip(apart["uncertainty"], together["uncertainty"], strict=True):
        assert one["difference"] == other["difference"]
        assert other["standard_uncertainty"] < one["standard_uncertainty"]
    with (tmp_path / "together" / "differences.csv").open(newline="") as file:
        rows = {row["structure"]: row for row in csv.DictReader(file)}
    liver = next(each for each in together["uncertainty"] if each["structure"] == "Liver")
    assert float(rows["Liver"]["z"]) == pytest.approx(liver["z"])
    assert rows["Above cutoff"]["z"] == ""
    assert {"a", "b", "structures", "uncertainty"} <= together["inputs"].keys()


def test_a_result_without_uncertainty_is_refused_with_the_remedy(results: Path, tmp_path: Path) -> None:
    maps = (results / "local" / "dose.nrrd", results / "kernels" / "dose.nrrd")
    text = invoke("compare", *maps, "--uncertainty-a", results / "plain", "-o", tmp_path / "c", code=1)
    assert "the result states no uncertainty: compute it with options" in " ".join(text.split())
    (tmp_path / "other.json").write_text("[1]")
    text = invoke("compare", *maps, "--uncertainty-a", tmp_path / "other.json", "-o", tmp_path / "c", code=1)
    assert "not a result of `yttria dose`" in " ".join(text.split())


def test_common_sources_are_checked(results: Path, tmp_path: Path) -> None:
    maps = (results / "local" / "dose.nrrd", results / "kernels" / "dose.nrrd")
    text = invoke("compare", *maps, "--common", "calibration", "-o", tmp_path / "c", code=1)
    assert "--common needs the uncertainties of both" in " ".join(text.split())
    both = ("--uncertainty-a", results / "local", "--uncertainty-b", results / "kernels")
    text = invoke("compare", *maps, *both, "--common", "luck", "-o", tmp_path / "c", code=1)
    assert "source of uncertainty must be one of volume, calibration" in " ".join(text.split())


def test_plan_and_delivery_are_compared_with_their_uncertainties(results: Path, tmp_path: Path) -> None:
    text = invoke("compare-plan", results / "local", results / "kernels", "--common", "calibration", "-o", tmp_path)
    assert "u(delivered - planned)" in " ".join(text.split())
    written = json.loads((tmp_path / "plan_comparison.json").read_text())
    assert {each["quantity"] for each in written["uncertainty"]} == {"mean_gy", "d70_gy"}
    with (tmp_path / "plan_comparison.csv").open(newline="") as file:
        assert float(next(csv.DictReader(file))["mean_difference_standard_uncertainty_gy"]) > 0.0


def test_a_plan_without_uncertainties_is_compared_as_before(results: Path, tmp_path: Path) -> None:
    text = invoke("compare-plan", results / "plain", results / "kernels", "-o", tmp_path)
    assert "u(delivered - planned)" not in text
    assert json.loads((tmp_path / "plan_comparison.json").read_text())["uncertainty"] == []
