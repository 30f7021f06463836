"""Standard uncertainties in the tables of a batch: beside their metric, empty where a case states none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from batch_samples import cohort

from yttria.batch import executors, run_manifest, worker
from yttria.batch.summary import summarize
from yttria.batch.uncertainty_columns import metrics_of, uncertainty_of
from yttria.case import DosedCase, dose_case

COUNT = 6
STATED = {"mean_standard_uncertainty_gy": 2.5, "volume_standard_uncertainty_ml": None, "coverage_factor": 1.96}


def with_uncertainty(every: Callable[[Any], bool]) -> Callable[..., DosedCase]:
    """`dose_case`, with uncertainties of those cases that `every` picks."""

    def dosed(case: Any, *arguments: Any, **keywords: Any) -> DosedCase:
        found = dose_case(case, *arguments, **keywords)
        rows = [row | STATED for row in found.rows] if every(case) else found.rows
        return replace(found, rows=rows)

    return dosed


def tables(folder: Path, monkeypatch: pytest.MonkeyPatch, every: Callable[[Any], bool]) -> tuple[Any, Any]:
    manifest = cohort(folder, COUNT)
    monkeypatch.setattr(worker, "dose_case", with_uncertainty(every))
    report = run_manifest(manifest, folder / "results", executor=executors.threads(1))
    assert (report.state, report.counts.done) == ("complete", COUNT)
    return pq.read_table(folder / "results" / "doses.parquet"), summarize(folder / "results")


def test_names_of_columns() -> None:
    assert uncertainty_of("d70_gy") == "d70_standard_uncertainty_gy"
    assert uncertainty_of("volume_ml") == "volume_standard_uncertainty_ml"
    assert metrics_of(["mean_gy", "mean_uncertainty_gy", *STATED]) == ["mean_gy", "mean_uncertainty_gy"]


def test_uncertainties_stand_beside_their_metric_and_are_none_by_themselves(
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
    """Whichever comes first in its part."""
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
