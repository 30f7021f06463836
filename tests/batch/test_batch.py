"""Runs: the bits of `yttria dose`, whoever computes them; nothing is done twice; one bad case spoils only itself."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from batch_samples import cohort, contents, ledger_lines, rows, write_files

import yttria
from yttria import batch
from yttria.batch import executors, keys, run_manifest, work, write_manifest
from yttria.batch.ledger import Known
from yttria.case import Case, dose_case, read_case
from yttria.errors import OutOfRangeError

COUNT = 70  # more than a block of rows


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort(tmp_path_factory.mktemp("cohort"), COUNT)


@pytest.fixture(scope="module")
def undisturbed(manifest: Path) -> Path:
    folder = manifest.parent / "undisturbed"
    report = run_manifest(manifest, folder, executor=executors.threads(2))
    assert (report.state, report.counts.done, report.quarantined) == ("complete", COUNT, 0)
    return folder


def by_hand(manifest: Path, n: int) -> Any:
    row = rows(COUNT)[n]
    files = {name: manifest.parent / row[name] for name in ("activity", "structures")}
    return dose_case(Case(**row | files))


def test_the_tables_hold_what_yttria_dose_computes(manifest: Path, undisturbed: Path) -> None:
    doses = pq.read_table(undisturbed / "doses.parquet").to_pylist()
    dvh = pq.read_table(undisturbed / "dvh.parquet").to_pylist()
    cases = pq.read_table(undisturbed / "cases.parquet").to_pylist()
    assert [case["case_id"] for case in cases] == [row["case_id"] for row in rows(COUNT)]
    assert list(dict.fromkeys(row["case_id"] for row in doses)) == [case["case_id"] for case in cases]
    for n in (0, 1, 68):
        dosed = by_hand(manifest, n)
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


class Backwards(Executor):
    """Finishes the last of what it holds first, in one thread."""

    _max_workers = 4

    def __init__(self) -> None:
        self._held: list[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = []
        self._lock = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            self._held.append((future, fn, args))
            self._lock.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._held or self._ended)
                if not self._held:
                    return
                future, fn, args = self._held.pop()
            if future.set_running_or_notify_cancel():
                future.set_result(fn(*args))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            self._ended = True
            self._lock.notify()


def process_pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, get_context("forkserver"))


@pytest.mark.parametrize(
    "make", [lambda: ThreadPoolExecutor(1), lambda: ThreadPoolExecutor(5), Backwards, process_pool]
)
def test_every_executor_gives_the_same_bytes(
    manifest: Path, undisturbed: Path, tmp_path: Path, make: Callable[[], Executor]
) -> None:
    with make() as executor:
        assert run_manifest(manifest, tmp_path, executor=executor).counts.done == COUNT
    assert contents(tmp_path) == contents(undisturbed)


def test_shards_add_up(manifest: Path, undisturbed: Path, tmp_path: Path) -> None:
    reports = [run_manifest(manifest, tmp_path, shard=(n, 3)) for n in (2, 3, 1)]
    assert [r.counts.done for r in reports] == [23, 23, 24]
    assert [r.quarantined for r in reports] == [None, None, 0]
    assert contents(tmp_path) == contents(undisturbed)
    with pytest.raises(OutOfRangeError, match="got 4/3"):
        run_manifest(manifest, tmp_path, shard=(4, 3))


@pytest.mark.parametrize("young_s", [keys.YOUNG_S, -float("inf")], ids=["by content", "by times"])
def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, young_s: float) -> None:
    monkeypatch.setattr(keys, "YOUNG_S", young_s)
    manifest, results = cohort(tmp_path, 8), tmp_path / "results"
    run_manifest(manifest, results)
    before = contents(results)
    parts = sorted((results / "parts").rglob("*.parquet"))

    again = run_manifest(manifest, results)
    assert (again.counts.known, again.counts.done) == (8, 0)
    assert contents(results) == before
    assert sorted((results / "parts").rglob("*.parquet")) == parts

    # Another name, other names of its files: the content is known.
    for kind in "as":
        (tmp_path / f"{kind}0.nii.gz").rename(tmp_path / f"{kind}9.nii.gz")
    renamed = [
        row | {"case_id": f"new {n}", "activity": f"a{n % 4 or 9}.nii.gz", "structures": f"s{n % 4 or 9}.nii.gz"}
        for n, row in enumerate(rows(8))
    ]
    write_manifest(renamed, manifest)
    assert run_manifest(manifest, results).counts.known == 8

    # Another content under the same name, another setting: done again, and nothing else.
    write_files(tmp_path, 1)
    (tmp_path / "a9.nii.gz").write_bytes((tmp_path / "a0.nii.gz").read_bytes())
    (tmp_path / "s9.nii.gz").write_bytes((tmp_path / "s1.nii.gz").read_bytes())
    renamed[1]["density_g_per_ml"] = 1.04
    write_manifest(renamed, manifest)
    changed = run_manifest(manifest, results)
    assert (changed.counts.known, changed.counts.done) == (5, 3)


def test_settings_and_inputs_each_change_the_key(tmp_path: Path) -> None:
    write_files(tmp_path, 2)
    row = rows(1)[0] | {name: tmp_path / f"{name[0]}0.nii.gz" for name in ("activity", "structures")}

    def key(change: dict[str, Any], options: keys.Options = keys.Options()) -> str:  # noqa: B008
        return keys.identify(Case(**row | change), options).key

    changes: list[dict[str, Any]] = [
        {},
        {"administered_activity_gbq": 1.5},
        {"method": "voxel_s_values"},
        {"density_g_per_ml": 1.06},
        {"nuclide": "ICRP107"},
        {"negative_voxels": "clip"},
        {"residual_fraction": 0.0},
        {"relative_to": "Tumor"},
        {"unit": "counts"},
        {"activity": tmp_path / "a1.nii.gz"},
        {"structures": tmp_path / "s1.nii.gz"},
    ]
    found = [key(change) for change in changes] + [
        key({}, keys.Options(dvh_step_gy=0.5)),
        key({}, keys.Options(dvh_step_gy=1.0, maps="nii")),
    ]
    assert len(set(found)) == len(found)
    assert key({"case_id": "another"}) == key({"administered_activity_gbq": 1}) == key({})


def test_a_bad_case_spoils_only_itself(undisturbed: Path, tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, COUNT), tmp_path / "results"
    good = {n: (tmp_path / f"a{n}.nii.gz").read_bytes() for n in range(4)}
    (tmp_path / "a1.nii.gz").write_bytes(good[1][:-200])
    image = yttria.read_image(tmp_path / "a2.nii.gz")
    bad = image.array.copy()
    bad[3, 4, 5] = np.nan
    yttria.write_image(image.with_array(bad, image.unit), tmp_path / "a2.nii.gz")
    (tmp_path / "a3.nii.gz").unlink()
    report = run_manifest(manifest, results)
    assert (report.state, report.counts.failed, report.quarantined) == ("complete", 52, 52)
    found = pq.read_table(results / "quarantine.parquet").to_pylist()
    assert [q["row"] for q in found] == [n + 1 for n in range(COUNT) if n % 4]
    assert [q["error"] for q in found[:3]] == ["FileFormatError", "OutOfRangeError", "FileNotFoundError"]
    assert "(3, 4, 5)" in found[1]["message"]
    assert set(json.loads(found[1]["sha256"])) == {"activity", "structures"}
    assert pq.read_table(results / "cases.parquet").num_rows == 18

    for n, content in good.items():
        (tmp_path / f"a{n}.nii.gz").write_bytes(content)
    report = run_manifest(manifest, results)
    assert (report.counts.known, report.counts.done, report.quarantined) == (18, 52, 0)
    assert contents(results) == contents(undisturbed)


def test_a_case_that_fails_after_it_was_done_is_in_quarantine(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, 4), tmp_path / "results"
    run_manifest(manifest, results)
    before = contents(results)
    (tmp_path / "a1.nii.gz").rename(tmp_path / "away")
    assert run_manifest(manifest, results).quarantined == 1
    (tmp_path / "away").rename(tmp_path / "a1.nii.gz")
    report = run_manifest(manifest, results)
    assert (report.counts.known, report.counts.done, report.quarantined) == (4, 0, 0)
    assert contents(results) == before


def test_a_file_that_changes_while_it_is_read_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = cohort(tmp_path, 1)

    def read_and_change(case: Case) -> Any:
        inputs = read_case(case)
        write_files(tmp_path, 1)
        return inputs

    monkeypatch.setattr(work, "read_case", read_and_change)
    assert run_manifest(manifest, tmp_path / "results").quarantined == 1
    found = pq.read_table(tmp_path / "results" / "quarantine.parquet").to_pylist()
    assert "changed while it was read" in found[0]["message"]


def test_too_many_failures_stop_the_run_and_keep_what_was_done(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, COUNT), tmp_path / "results"
    (tmp_path / "a1.nii.gz").unlink()
    report = run_manifest(manifest, results, executor=executors.threads(1), max_failures=2)
    assert report.state == "too many failures"
    assert report.counts.failed < 8
    assert len(Known(results)) == report.counts.done > 0
    assert not (results / "doses.parquet").exists()
    assert json.loads((results / "status.json").read_text())["state"] == "too many failures"


def test_what_a_killed_writer_left_torn_is_done_again(manifest: Path, undisturbed: Path, tmp_path: Path) -> None:
    run_manifest(manifest, tmp_path)
    (ledger,) = (tmp_path / "ledger").glob("*.jsonl")
    ledger.write_bytes(ledger.read_bytes()[:-30])
    torn = next((tmp_path / "parts").rglob("*.parquet")).with_name(".torn.parquet.0123456789ab")
    torn.write_bytes(b"PAR1")
    os.utime(torn, (1e9, 1e9))
    missing = json.loads(ledger_lines(tmp_path)[0])["part"]
    (tmp_path / "parts" / missing).unlink()
    report = run_manifest(manifest, tmp_path)
    assert report.counts.known + report.counts.done == COUNT
    assert report.counts.done >= 2
    assert not torn.exists()
    assert contents(tmp_path) == contents(undisturbed)


@pytest.mark.parametrize("another", [False, True], ids=["alone", "beside another runner"])
def test_only_temporary_files_that_nobody_writes_are_removed(tmp_path: Path, another: bool) -> None:
    manifest, results = cohort(tmp_path, 2), tmp_path / "results"
    (results / "runners").mkdir(parents=True)
    if another:
        # This process lives, and has touched its file just now.
        who = {"runner": "x", "host": socket.gethostname(), "pid": os.getpid(), "state": "running"}
        (results / "runners" / "x.json").write_text(json.dumps(who))
    ages_s = {"fresh": -60.0, "old": 60.0, "abandoned": 4000.0}
    mark = "0123456789ab"  # as writers mark what is not yet whole
    rooms = ("parts/0a", "maps/0a", "runners", "")
    now = time.time()
    for room in rooms:
        (results / room).mkdir(parents=True, exist_ok=True)
        for age, seconds in ages_s.items():
            name = {"runners": f"{age}.tmp", "": f".{age}.parquet.{mark}"}.get(room, f".{age}.nii.gz.{mark}")
            (results / room / name).write_bytes(b"half")
            os.utime(results / room / name, (now - seconds,) * 2)
    run_manifest(manifest, results)
    left = {p.name for p in results.rglob("*") if p.is_file() and p.read_bytes() == b"half"}
    kept = ["fresh", "old"] if another else ["fresh"]
    assert left == {n for a in kept for n in (f"{a}.tmp", f".{a}.parquet.{mark}", f".{a}.nii.gz.{mark}")}


def test_dose_maps_are_those_of_dose_image(manifest: Path, tmp_path: Path) -> None:
    run_manifest(manifest, tmp_path, maps="nrrd")
    cases = pq.read_table(tmp_path / "cases.parquet").to_pylist()
    for n in (0, 1):
        dose = yttria.read_image(tmp_path / cases[n]["dose_map"])
        np.testing.assert_array_equal(dose.array, by_hand(manifest, n).result.image.array)
        assert dose.unit == "Gy"


def cases_of(manifest: Path) -> list[Case]:
    return [row.case for row in batch.read_manifest(manifest)]


@pytest.mark.parametrize("make", [lambda: None, Backwards])
def test_the_generator_yields_in_order_and_reads_no_further_than_it_must(
    manifest: Path, make: Callable[[], Executor | None]
) -> None:
    begun = 0
    cases = cases_of(manifest)
    cases[5] = Case(**vars(cases[5]) | {"relative_to": "Spleen"})

    def stream() -> Any:
        nonlocal begun
        for begun, case in enumerate(cases, 1):  # noqa: B007
            yield case

    executor = make()
    yielded = 0
    for outcome in batch.run(stream(), executor=executor, workers=2 if executor is None else None, ahead=10):
        yielded += 1
        assert outcome.row == yielded
        assert begun - yielded <= 10 + 4 * 4
        if yielded == 6:
            assert outcome.failure is not None
            assert outcome.failure.error == "UnknownNameError"
        elif yielded in (1, 7):
            assert outcome.rows == by_hand(manifest, yielded - 1).rows
            assert outcome.failure is None
    assert yielded == COUNT
    if executor is not None:
        executor.shutdown()


def test_a_generator_left_early_leaves_no_worker(manifest: Path) -> None:
    outcomes = batch.run(cases_of(manifest), workers=2)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("yttria-batch")]


@pytest.mark.parametrize(("name", "value"), [("dvh_step_gy", 0.0), ("dvh_step_gy", float("nan")), ("maps", "gif")])
def test_options_are_checked(manifest: Path, tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        run_manifest(manifest, tmp_path / "x", **{name: value})
    assert not (tmp_path / "x").exists()


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


def test_the_command_line_says_what_is_wrong_and_how_it_ended(tmp_path: Path) -> None:
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from yttria.cli.app import app

    def invoke(*arguments: str | Path) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["batch", *map(str, arguments)], env={"COLUMNS": "200", "TERM": "dumb"})
        return done.exit_code, done.output

    manifest, results = cohort(tmp_path, 8), tmp_path / "results"
    assert json.loads(invoke("check", "--schema")[1])["required"] == ["case_id", "activity", "structures"]
    (tmp_path / "a1.nii.gz").unlink()
    code, text = invoke("check", manifest)
    assert code == 1
    assert "line 3 (case 'case 0001'), activity: no such file" in text
    run = ("run", manifest, "-o", results, "--executor", "threads")
    code, text = invoke(*run)
    assert code == 3
    assert "2 cases in quarantine" in text
    code, text = invoke("summary", results)
    assert "FileNotFoundError" in text
    assert "case 0001" in text
    code, text = invoke(*run, "--max-failures", "0")
    assert code == 4
    assert "what was done is kept" in text
    write_files(tmp_path)
    assert invoke(*run)[0] == 0
    code, text = invoke("summary", results)
    assert code == 0
    assert (results / "summary.png").read_bytes().startswith(b"\x89PNG")
    manifest.write_text(manifest.read_text().replace("Normal liver,1.0,", "Normal liver,1400,"))
    code, text = invoke(*run, "--strict")
    assert code == 1
    assert "line 2 (case 'case 0000'), administered_activity_gbq" in text
    assert "did you mean 1.4?" in text
    assert invoke(*run)[0] == 3
    code, text = invoke("summary", results)
    assert "line 2, case 0000: ManifestError: administered_activity_gbq: " in text
    assert "7 cases" in text
    assert invoke("run", manifest, "-o", results, "--shard", "1of2")[0] == 1
    assert invoke("summary", tmp_path)[0] == 1
