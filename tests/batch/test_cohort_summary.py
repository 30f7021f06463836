"""Summary and picture of a cohort."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from batch_samples import cohort, rows

from yttria.batch import run_manifest, write_manifest


def test_the_summary_finds_what_stands_out(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from yttria.batch.figure import cohort_figure
    from yttria.batch.summary import modified_z, summarize

    manifest, results = cohort(tmp_path, 1), tmp_path / "results"
    alike = {"activity": "a0.nii.gz", "structures": "s0.nii.gz", "method": "local_deposition"}
    declared = [row | alike for row in rows(40)]
    declared[3]["activity"] = "a9.nii.gz"
    write_manifest(declared, manifest)
    assert run_manifest(manifest, results).quarantined == 1
    found = summarize(results)
    assert (found.cases, found.outliers, found.quarantined) == (39, [], {"FileNotFoundError": 1})
    declared[3]["activity"] = "a0.nii.gz"
    declared[7]["administered_activity_gbq"] = 30.0
    write_manifest(declared, manifest)
    run_manifest(manifest, results)
    found = summarize(results)
    assert (found.cases, found.quarantined) == (40, {})
    assert {o["case_id"] for o in found.outliers} == {"case 0007"}
    doses = pq.read_table(results / "doses.parquet").to_pylist()
    means = [r["value"] for r in doses if (r["structure"], r["metric"]) == ("Tumor", "mean_gy")]
    (row,) = [r for r in found.structures if (r["structure"], r["metric"]) == ("Tumor", "mean_gy")]
    assert (row["n"], row["q0"], row["q50"], row["q100"]) == (40, min(means), np.median(means), max(means))
    np.testing.assert_allclose(modified_z(np.exp([0.0, 1.0, 2.0, 3.0, 10.0])), np.array([-2, -1, 0, 1, 8]) / 1.4826)
    figure = cohort_figure(results)
    assert len(figure.axes[1].lines) == 2
    figure.savefig(tmp_path / "x.png")
