"""Tables of a batch: the bits of `yttria dose`, with any executor and in any order."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from batch_samples import TABLES, LastFirstExecutor, cohort, contents, rows

import yttria
from yttria import errors
from yttria.batch import Case, executors, run_manifest, write_manifest
from yttria.batch.summary import summarize
from yttria.case import dose_case
from yttria.errors import OutOfRangeError

COUNT = 70


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort(tmp_path_factory.mktemp("cohort"), COUNT)


@pytest.fixture(scope="module")
def undisturbed(manifest: Path) -> Path:
    folder = manifest.parent / "undisturbed"
    report = run_manifest(manifest, folder, executor=executors.threads(2))
    assert (report.state, report.counts.done, report.quarantined) == ("complete", COUNT, 0)
    return folder


def dosed_alone(manifest: Path, n: int) -> Any:
    row = rows(COUNT)[n]
    files = {name: manifest.parent / row[name] for name in ("activity", "structures")}
    return dose_case(Case(**row | files))


@pytest.mark.claim("batch_is_dose")
def test_the_tables_hold_the_doses_of_yttria_dose(manifest: Path, undisturbed: Path) -> None:
    doses = pq.read_table(undisturbed / "doses.parquet").to_pylist()
    dvh = pq.read_table(undisturbed / "dvh.parquet").to_pylist()
    cases = pq.read_table(undisturbed / "cases.parquet").to_pylist()
    assert [case["case_id"] for case in cases] == [row["case_id"] for row in rows(COUNT)]
    assert list(dict.fromkeys(row["case_id"] for row in doses)) == [case["case_id"] for case in cases]
    for n in (0, 1, 68):
        dosed = dosed_alone(manifest, n)
        name = cases[n]["case_id"]
        found = [(r["structure"], r["metric"], r["value"]) for r in doses if r["case_id"] == name]
        assert found == [(r["structure"], m, v) for r in dosed.rows for m, v in r.items() if m != "structure"]
        assert {r["method"] for r in doses if r["case_id"] == name} == {dosed.case.method}
        assert json.loads(cases[n]["provenance"]) == json.loads(json.dumps(dosed.result.provenance.as_dict()))
        for row in (r for r in dvh if r["case_id"] == name):
            histogram = dosed.histograms[row["structure"]]
            grid = np.arange(len(row["volume_ml"])) * row["dvh_step_gy"]
            np.testing.assert_array_equal(row["volume_ml"], histogram.curve(doses_gy=grid)[1])
            assert row["volume_ml"][-1] == 0.0 < row["volume_ml"][-2]
    units = {row["metric"]: row["unit"] for row in doses}
    assert (units["mean_gy"], units["volume_ml"], units["outside_fraction"]) == ("Gy", "mL", "fraction")


def process_pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, get_context("forkserver"))


@pytest.mark.claim("batch_order")
@pytest.mark.parametrize(
    "make", [lambda: ThreadPoolExecutor(1), lambda: ThreadPoolExecutor(5), LastFirstExecutor, process_pool]
)
def test_every_executor_gives_the_same_bytes(
    manifest: Path, undisturbed: Path, tmp_path: Path, make: Callable[[], Executor]
) -> None:
    with make() as executor:
        assert run_manifest(manifest, tmp_path, executor=executor).counts.done == COUNT
    assert contents(tmp_path) == contents(undisturbed)


@pytest.mark.claim("batch_order")
def test_shards_add_up_to_the_tables_of_one_run(manifest: Path, undisturbed: Path, tmp_path: Path) -> None:
    reports = [run_manifest(manifest, tmp_path, shard=(n, 3)) for n in (2, 3, 1)]
    assert [r.counts.done for r in reports] == [23, 23, 24]
    assert [r.quarantined for r in reports] == [None, None, 0]
    assert contents(tmp_path) == contents(undisturbed)
    with pytest.raises(OutOfRangeError, match="got 4/3"):
        run_manifest(manifest, tmp_path, shard=(4, 3))


@pytest.mark.claim("batch_is_dose")
def test_dose_maps_are_those_of_dose_image(manifest: Path, tmp_path: Path) -> None:
    run_manifest(manifest, tmp_path, maps="nrrd")
    cases = pq.read_table(tmp_path / "cases.parquet").to_pylist()
    for n in (0, 1):
        dose = yttria.read_image(tmp_path / cases[n]["dose_map"])
        np.testing.assert_array_equal(dose.array, dosed_alone(manifest, n).result.image.array)
        assert dose.unit == "Gy"


@pytest.mark.parametrize(("name", "value"), [("dvh_step_gy", 0.0), ("dvh_step_gy", float("nan")), ("maps", "gif")])
def test_impossible_options_are_refused(manifest: Path, tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        run_manifest(manifest, tmp_path / "x", **{name: value})
    assert not (tmp_path / "x").exists()


def test_anonymous_tables_hold_no_case_id_and_no_path(tmp_path: Path) -> None:
    folder = tmp_path / "Doe_Jane"
    folder.mkdir()
    manifest = cohort(folder, 4)
    declared = [row | {"case_id": f"Doe^Jane {n}"} for n, row in enumerate(rows(4))]
    declared[2]["activity"] = "lost Doe.nii.gz"
    declared[3]["administered_activity_gbq"] = 1400.0
    write_manifest(declared, manifest)
    results = tmp_path / "out"
    assert run_manifest(manifest, results, anonymous=True).quarantined == 2
    assert pq.read_table(results / "cases.parquet")["case_id"].to_pylist() == ["case 1", "case 2"]
    for name in TABLES:
        text = json.dumps(pq.read_table(results / name).to_pylist())
        assert "Doe" not in text, name
        assert "nii" not in text, name
    assert "Doe" not in json.dumps(summarize(results).as_dict())
    with pytest.raises(errors.ArgumentError, match="RTDOSE"):
        run_manifest(manifest, results, anonymous=True, maps="dcm")
    # The names are kept, so that without the option the tables name every case again.
    assert run_manifest(manifest, results).counts.known == 2
    assert "Doe^Jane 0" in pq.read_table(results / "cases.parquet")["case_id"].to_pylist()
