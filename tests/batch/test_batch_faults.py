"""What happens at night: after each fault one rerun completes, and every table is that of an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import SUPPORT

pytest.importorskip("pyarrow")
pytest.importorskip("typer")

import pyarrow.parquet as pq
from batch_samples import cohort, contents, finished, ledger_lines, start

from yttria.batch import run_manifest
from yttria.batch.folder import mark_folder
from yttria.batch.ledger import lines

COUNT = 400

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and mounts as POSIX has them")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort(tmp_path_factory.mktemp("faults"), COUNT)


@pytest.fixture(scope="module")
def undisturbed(manifest: Path) -> dict[str, bytes]:
    folder = manifest.parent / "undisturbed"
    assert run_manifest(manifest, folder).counts.done == COUNT
    return contents(folder)


def wait_for_results(process: subprocess.Popen[str], results: Path) -> None:
    end = time.monotonic() + 60
    while not ((results / "ledger").is_dir() and ledger_lines(results)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def nothing_twice(results: Path) -> bool:
    """Whether no row was dosed more than once."""
    done = [line["entry"] for line in lines(results) if "part" in line]
    return len(done) == len(set(done)) == COUNT


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_killed_runner(manifest: Path, undisturbed: dict[str, bytes], tmp_path: Path, executor: str) -> None:
    command = ("batch", "run", manifest, "-o", tmp_path, "--executor", executor, "-n", "2")
    process = start(*command)
    wait_for_results(process, tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = sum(pq.read_table(path).num_rows for path in (tmp_path / "parts").rglob("*.parquet"))
    assert 0 < len(ledger_lines(tmp_path)) <= kept < COUNT
    assert not (tmp_path / "doses.parquet").exists()
    finished(start(*command))
    assert contents(tmp_path) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_runner_keeps_all_it_computed(
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
    assert nothing_twice(tmp_path)


def test_two_runners_share_a_folder(manifest: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    command = ("batch", "run", manifest, "-o", tmp_path, "--json", "--executor", "threads", "-n", "1")
    reports = [json.loads(finished(p)) for p in [start(*command), start(*command)]]
    assert [r["known"] + r["done"] for r in reports] == [COUNT, COUNT]
    assert contents(tmp_path) == undisturbed
    assert nothing_twice(tmp_path)
    assert min(r["done"] for r in reports) > 0


KILLS_A_WORKER = """
import os, signal, sys
from distributed import Client, LocalCluster
from yttria.batch import run_manifest

def watch(run, wall_s):
    if run.counts.done and victims:
        os.kill(victims.pop(), signal.SIGKILL)

if __name__ == "__main__":
    options = dict(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50)
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        victims = list(client.run(os.getpid).values())[:1]
        report = run_manifest(sys.argv[1], sys.argv[2], executor=client.get_executor(pure=False), watch=watch)
    assert not victims
    print(report.state, report.counts.done, report.quarantined)
"""


def test_a_killed_dask_worker(manifest: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    script, results = tmp_path / "kills.py", tmp_path / "results"
    script.write_text(KILLS_A_WORKER)
    done = subprocess.run([sys.executable, script, manifest, results], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["complete", str(COUNT), "0"], done.stderr[-2000:]
    assert contents(results) == undisturbed
    assert nothing_twice(results)


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


@pytest.mark.parametrize("extra", [(), ("--maps", "nii.gz")], ids=["tables", "maps"])
def test_a_full_disk(manifest: Path, undisturbed: dict[str, bytes], small_disk: Path, extra: tuple[str, ...]) -> None:
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
    # With maps every case is another one: its key and the map's name say so.
    assert {name: found[name] for name in found if not (extra and name == "cases.parquet")} == {
        name: undisturbed[name] for name in found if not (extra and name == "cases.parquet")
    }


@pytest.mark.parametrize("first", [True, False], ids=["its mark", "a map"])
def test_a_runner_killed_while_it_writes_leaves_nothing_behind_for_long(
    manifest: Path, tmp_path: Path, first: bool
) -> None:
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
    assert list(tmp_path.rglob(".batch.json.*" if first else ".*.nii.gz.*"))
    finished(start(*arguments))
    assert not [path for path in tmp_path.rglob("*") if path.name[0] == "." or path.suffix == ".tmp"]
    maps = {str(path.relative_to(tmp_path)) for path in (tmp_path / "maps").rglob("*.nii.gz")}
    assert maps == set(pq.read_table(tmp_path / "cases.parquet")["dose_map"].to_pylist())


@pytest.mark.parametrize("code", ["os._exit(9)"])
def test_a_case_that_kills_its_worker_is_the_only_one_lost(tmp_path: Path, code: str) -> None:
    script = tmp_path / "dies.py"
    script.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(SUPPORT)!r})\n"
        "import yttria.batch.work as work\n"
        "honest = work.read_case\n"
        "def read_case(case):\n"
        "    if case.case_id == 'case 0005':\n"
        f"        {code}\n"
        "    return honest(case)\n"
        "work.read_case = read_case\n"
        "if __name__ == '__main__':\n"
        "    from pathlib import Path\n"
        "    from batch_samples import cohort\n"
        "    from yttria.batch import executors, run_manifest\n"
        "    folder = Path(sys.argv[1])\n"
        "    report = run_manifest(cohort(folder, 24), folder / 'results', executor=executors.processes(2))\n"
        "    print(report.state, report.counts.done, report.quarantined)\n"
    )
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["complete", "23", "1"], done.stderr[-2000:]
    (lost,) = pq.read_table(tmp_path / "results" / "quarantine.parquet").to_pylist()
    assert (lost["case_id"], lost["error"]) == ("case 0005", "WorkerDied")
