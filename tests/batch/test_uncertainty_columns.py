"""Standard uncertainties in the tables of a batch are in a column of their metric, empty if a case states none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from batch_samples import cohort, rows, write_files

from yttria.batch import Case, executors, run_manifest, worker, write_manifest
from yttria.batch.summary import summarize
from yttria.batch.uncertainty_columns import metrics_of, uncertainty_of
from yttria.case import DosedCase, dose_case

COUNT = 6
STATED = {"mean_standard_uncertainty_gy": 2.5, "volume_standard_uncertainty_ml": None, "coverage_factor": 1.96}


def with_uncertainty(every: Callable[[Any], bool]) -> Callable[..., DosedCase]:
    """`dose_case`, with uncertainties of those cases that `every` picks."""

    def dosed(case: Any, *arguments: Any, **keywords: Any) -> DosedCase:
        found = dose_case(case, *arguments, **keywords)
        changed = [row | STATED for row in found.rows] if every(case) else found.rows
        return replace(found, rows=changed)

    return dosed


def tables(folder: Path, monkeypatch: pytest.MonkeyPatch, every: Callable[[Any], bool]) -> tuple[Any, Any]:
    manifest = cohort(folder, COUNT)
    monkeypatch.setattr(worker, "dose_case", with_uncertainty(every))
    report = run_manifest(manifest, folder / "results", executor=executors.threads(1))
    assert (report.state, report.counts.done) == ("complete", COUNT)
    return pq.read_table(folder / "results" / "doses.parquet"), summarize(folder / "results")


def test_columns_of_uncertainty_are_known_by_their_metric() -> None:
    assert uncertainty_of("d70_gy") == "d70_standard_uncertainty_gy"
    assert uncertainty_of("volume_ml") == "volume_standard_uncertainty_ml"
    assert metrics_of(["mean_gy", "mean_uncertainty_gy", *STATED]) == ["mean_gy", "mean_uncertainty_gy"]


def test_uncertainties_stand_beside_their_metric_and_are_not_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doses, summary = tables(tmp_path, monkeypatch, lambda _: True)
    found = doses.to_pylist()
    assert not [row for row in found if "standard_uncertainty" in row["metric"] or row["metric"] == "coverage_factor"]
    for row in found:
        stated = row["metric"] == "mean_gy" and row["value"] is not None
        assert row["standard_uncertainty"] == (2.5 if stated else None)
        assert row["coverage_factor"] == (1.96 if stated else None)
    means = [row for row in summary.structures if row["metric"] == "mean_gy"]
    assert {row["standard_uncertainty"] for row in means} == {2.5}
    assert {row["standard_uncertainty"] for row in summary.structures if row["metric"] == "d95_gy"} == {None}


@pytest.mark.parametrize("first", [True, False])
def test_cases_with_and_without_uncertainty_share_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """For either order of the cases in a part."""
    doses, _ = tables(tmp_path, monkeypatch, lambda case: case.case_id.endswith(("0", "2", "4")) == first)
    stated = {row["case_id"]: row["standard_uncertainty"] for row in doses.to_pylist() if row["metric"] == "mean_gy"}
    assert len(stated) == COUNT
    for case_id, u in stated.items():
        assert u == (2.5 if case_id.endswith(("0", "2", "4")) == first else None)


def test_a_cohort_without_uncertainties_has_empty_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doses, summary = tables(tmp_path, monkeypatch, lambda _: False)
    assert doses["standard_uncertainty"].null_count == doses.num_rows
    assert doses["coverage_factor"].null_count == doses.num_rows
    assert np.isfinite([row["q50"] for row in summary.structures]).all()


def test_a_manifest_states_the_uncertainties_of_some_of_its_cases(tmp_path: Path) -> None:
    """The numbers equal those of `yttria dose`, and a case without stated uncertainties has none."""
    write_files(tmp_path)
    stated = [row | {"administered_activity_uncertainty": 0.05} if n % 2 else row for n, row in enumerate(rows(COUNT))]
    write_manifest(stated, tmp_path / "manifest.csv")
    run_manifest(tmp_path / "manifest.csv", tmp_path / "results", executor=executors.threads(1))
    doses = pq.read_table(tmp_path / "results" / "doses.parquet").to_pylist()
    of_means = {(row["case_id"], row["structure"]): row for row in doses if row["metric"] == "mean_gy"}
    for n, row in enumerate(stated):
        found = of_means[row["case_id"], "Tumor"]
        if n % 2 == 0:
            assert found["standard_uncertainty"] is None
            continue
        files = {name: tmp_path / row[name] for name in ("activity", "structures")}
        (tumor,) = (each for each in dose_case(Case(**row | files)).rows if each["structure"] == "Tumor")
        assert found["standard_uncertainty"] == tumor["mean_standard_uncertainty_gy"] > 0.0
        assert found["coverage_factor"] == tumor["coverage_factor"]
