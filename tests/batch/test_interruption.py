"""Interrupted runs: after each fault one rerun completes, and every table is that of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("typer")

import pyarrow.parquet as pq
from batch_samples import cohort, contents, finished, ledger_lines, start, undisturbed_run

from yttria.batch import run_manifest
from yttria.batch.ledger import lines
from yttria.batch.results_folder import mark_folder

COUNT = 400
#: Results are saved twenty times in a run instead of twice, so that kills and other runs meet a save more often.
SAVE_OFTEN = "from yttria.batch import runner; runner.GATHERED = 20"


pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and mounts as POSIX has them")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort(tmp_path_factory.mktemp("faults"), COUNT)


@pytest.fixture(scope="module")
def undisturbed(manifest: Path) -> dict[str, bytes]:
    return undisturbed_run(manifest)


@pytest.fixture(scope="module")
def undisturbed_with_maps(manifest: Path) -> dict[str, bytes]:
    """Every table and dose map of a run without any fault, by its path."""
    folder = manifest.parent / "with maps"
    assert run_manifest(manifest, folder, maps="nii.gz").counts.done == COUNT
    return contents(folder) | maps_of(folder)


def maps_of(results: Path) -> dict[str, bytes]:
    return {str(path.relative_to(results)): path.read_bytes() for path in results.glob("maps/*/*")}


def wait_until(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def wait_for_results(process: subprocess.Popen[str], results: Path) -> None:
    wait_until(process, lambda: bool(list(results.glob("parts/*/*.parquet"))))


def leftovers(results: Path) -> list[Path]:
    """Temporary files, and results to which no ledger leads."""
    named = {line["part"] for line in lines(results) if "part" in line}
    unnamed = [
        path for path in results.glob("parts/*/*") if path.relative_to(results / "parts").as_posix() not in named
    ]
    return [*(path for path in results.rglob(".*")), *unnamed]


def each_row_once(results: Path) -> bool:
    """Check that no row was dosed more than once."""
    done = [line["entry"] for line in lines(results) if "part" in line]
    return len(done) == len(set(done)) == COUNT


@pytest.mark.claim("batch_rerun")
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_after_a_killed_run_the_next_run_completes_the_tables(
    manifest: Path, undisturbed: dict[str, bytes], tmp_path: Path, executor: str
) -> None:
    command = ("batch", "run", manifest, "-o", tmp_path, "--executor", executor, "-n", "2")
    process = start(*command)
    wait_for_results(process, tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = sum(pq.read_table(path).num_rows for path in tmp_path.glob("parts/*/*.parquet"))
    assert 0 < kept <= len(ledger_lines(tmp_path)) < COUNT
    assert not (tmp_path / "doses.parquet").exists()
    finished(start(*command))
    assert contents(tmp_path) == undisturbed
    assert not leftovers(tmp_path)


@pytest.mark.claim("batch_rerun")
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_after_kills_at_random_moments_the_tables_are_complete(
    manifest: Path, undisturbed_with_maps: dict[str, bytes], tmp_path: Path, executor: str
) -> None:
    """Each attempt is killed with its workers, some time after its ledger appeared; each test run has other moments."""
    command = ("batch", "run", manifest, "-o", tmp_path, "--executor", executor, "-n", "2", "--maps", "nii.gz")
    moments_s = [random.uniform(0.0, 1.5) for _ in range(5)]
    for attempt, moment_s in enumerate(moments_s):
        process = start(*command, before=SAVE_OFTEN)
        wait_until(process, lambda attempt=attempt: len(list(tmp_path.glob("ledger/*"))) > attempt)  # type: ignore[misc]
        time.sleep(moment_s)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    finished(start(*command))
    assert contents(tmp_path) | maps_of(tmp_path) == undisturbed_with_maps, moments_s
    assert not leftovers(tmp_path), moments_s
    assert sum(pq.read_table(path).num_rows for path in tmp_path.glob("parts/*/*.parquet")) == COUNT, moments_s


@pytest.mark.claim("batch_rerun")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_every_finished_case(
    manifest: Path, undisturbed: dict[str, bytes], tmp_path: Path, number: signal.Signals
) -> None:
    command = ("batch", "run", manifest, "-o", tmp_path, "--json", "--executor", "threads")
    process = start(*command)
    wait_for_results(process, tmp_path)
    process.send_signal(number)
    report = json.loads(finished(process, 130))
    assert report["state"] == json.loads((tmp_path / "status.json").read_text())["state"] == "interrupted"
    assert report["done"] == len(ledger_lines(tmp_path)) < COUNT
    again = json.loads(finished(start(*command)))
    assert again["known"] + again["done"] == COUNT
    assert again["known"] == report["done"]
    assert contents(tmp_path) == undisturbed
    assert each_row_once(tmp_path)


@pytest.mark.claim("batch_two_runners")
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_two_runs_on_one_folder_may_dose_a_case_twice_and_corrupt_nothing(
    manifest: Path, undisturbed_with_maps: dict[str, bytes], tmp_path: Path, executor: str
) -> None:
    command = ("batch", "run", manifest, "-o", tmp_path, "--json", "--executor", executor, "-n", "1")
    reports = [
        json.loads(finished(p)) for p in [start(*command, "--maps", "nii.gz", before=SAVE_OFTEN) for _ in range(2)]
    ]
    assert [(r["state"], r["known"] + r["done"], r["quarantined"]) for r in reports] == [("complete", COUNT, 0)] * 2
    assert contents(tmp_path) | maps_of(tmp_path) == undisturbed_with_maps
    assert not leftovers(tmp_path)


@pytest.mark.claim("batch_two_runners")
def test_a_run_continues_beside_one_that_is_killed(
    manifest: Path, undisturbed_with_maps: dict[str, bytes], tmp_path: Path
) -> None:
    command = ("batch", "run", manifest, "-o", tmp_path, "--executor", "threads", "-n", "1", "--maps", "nii.gz")
    killed, other = (start(*command, before=SAVE_OFTEN) for _ in range(2))
    wait_for_results(killed, tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    finished(other)
    assert contents(tmp_path) | maps_of(tmp_path) == undisturbed_with_maps
    finished(start(*command))
    assert contents(tmp_path) | maps_of(tmp_path) == undisturbed_with_maps
    assert not leftovers(tmp_path)


KILLS_A_WORKER = """
import os, signal, sys
from distributed import Client, LocalCluster
from yttria.batch import run_manifest

def on_progress(run, wall_s):
    if run.counts.done and victims:
        os.kill(victims.pop(), signal.SIGKILL)

if __name__ == "__main__":
    options = dict(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50)
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        victims = list(client.run(os.getpid).values())[:1]
        options = dict(executor=client.get_executor(pure=False), on_progress=on_progress)
        report = run_manifest(sys.argv[1], sys.argv[2], **options)
    assert not victims
    print(report.state, report.counts.done, report.quarantined)
"""


@pytest.mark.claim("batch_rerun")
def test_after_a_killed_dask_worker_the_tables_are_complete(
    manifest: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    script, results = tmp_path / "kills.py", tmp_path / "results"
    script.write_text(KILLS_A_WORKER)
    done = subprocess.run([sys.executable, script, manifest, results], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["complete", str(COUNT), "0"], done.stderr[-2000:]
    assert contents(results) == undisturbed
    assert each_row_once(results)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk is not permitted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.claim("batch_rerun")
@pytest.mark.parametrize("extra", [(), ("--maps", "nii.gz")], ids=["tables", "maps"])
def test_after_a_full_disk_the_next_run_completes_the_tables(
    manifest: Path, undisturbed: dict[str, bytes], small_disk: Path, extra: tuple[str, ...]
) -> None:
    results = small_disk / "results"
    command = ("batch", "run", manifest, "-o", results, "--executor", "threads", *extra)
    process = start(*command)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, out + err
    assert "No space left on device" in err
    assert "Traceback" not in err
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    finished(start(*command))
    found = contents(results)
    # With maps every case has another key, which is also in the map's name.
    assert {name: found[name] for name in found if not (extra and name == "cases.parquet")} == {
        name: undisturbed[name] for name in found if not (extra and name == "cases.parquet")
    }


@pytest.mark.parametrize("first", [True, False], ids=["its mark", "a map"])
def test_the_next_run_removes_incomplete_files_of_a_killed_run(manifest: Path, tmp_path: Path, first: bool) -> None:
    if not first:
        mark_folder(tmp_path, manifest)
    dies = (
        "import os, signal\n"
        "os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from yttria.cli import main; main()"
    )
    arguments = ("batch", "run", manifest, "-o", tmp_path, "--executor", "threads", "--maps", "nii.gz")
    killed = subprocess.run([sys.executable, "-c", dies, *map(str, arguments)], capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert leftovers(tmp_path)
    finished(start(*arguments))
    assert not leftovers(tmp_path)
    maps = {str(path.relative_to(tmp_path)) for path in (tmp_path / "maps").rglob("*.nii.gz")}
    assert maps == set(pq.read_table(tmp_path / "cases.parquet")["dose_map"].to_pylist())
