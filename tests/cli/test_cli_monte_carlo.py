"""Monte Carlo on the command line: real processes that are killed, interrupted and continued, and refusals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria.case.stored import read_stored_result
from yttria.cli.monte_carlo import STATE
from yttria.phantom import liver_phantom

Arguments = list[str]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Arguments:
    """The arguments of `yttria dose` for a small phantom with a CT."""
    folder = tmp_path_factory.mktemp("case")
    phantom = liver_phantom((9.0, 7.0, 8.0))
    yttria.write_image(phantom.activity, folder / "activity.nrrd")
    yttria.write_image(phantom.ct, folder / "ct.nrrd")
    yttria.write_structures(phantom.structures, folder / "structures.seg.nrrd")
    files = [folder / "activity.nrrd", "-s", folder / "structures.seg.nrrd", "--ct", folder / "ct.nrrd"]
    return [*map(str, files), "--scan-delay-h", "20"]


def _start(*arguments: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from yttria.cli import main; main()", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _await_state(path: Path, process: subprocess.Popen[str], before: int | None = None) -> int:
    """Wait until the state is written, or written again; its time of modification."""
    while process.poll() is None:
        if path.exists() and (found := path.stat().st_mtime_ns) != before:
            return found
        time.sleep(0.01)
    raise AssertionError(f"the run ended by itself: {process.communicate()}")


def _written(folder: Path) -> tuple[Any, Any, list[dict[str, Any]], dict[str, Any]]:
    """Dose, uncertainty, rows and provenance."""
    found = json.loads((folder / "doses.json").read_text())
    dose, uncertainty = (yttria.read_image(folder / f"{name}.nrrd").array for name in ("dose", "dose_uncertainty"))
    return dose, uncertainty, found["structures"], found["provenance"]


@pytest.mark.claim("monte_carlo_resumes")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_and_an_interrupted_run_go_on_to_the_same_bits(case: Arguments, tmp_path: Path) -> None:
    given = [*case, "--method", "monte-carlo", "--histories", "6e6", "--threads", "1"]
    out, whole = tmp_path / "out", tmp_path / "whole"
    state = out / STATE
    process = _start("dose", *given, "-o", out)
    saved = _await_state(state, process)
    process.kill()
    process.communicate()
    assert not (out / "doses.json").exists()

    refused = invoke("dose", *given, "-o", out, code=1)
    assert "continue it (--resume), or begin again (--overwrite)" in refused
    assert "differs in seed" in invoke("dose", *given, "-o", out, "--resume", "--seed", "3", code=1)
    assert state.stat().st_mtime_ns == saved

    process = _start("dose", *given, "-o", out, "--resume")
    _await_state(state, process, saved)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "monte_carlo_stopped" in printed
    assert "the same command with --resume continues the run" in errors
    *_, provenance = _written(out)
    assert not provenance["monte_carlo"]["stop_reached"]
    assert 0 < provenance["monte_carlo"]["histories"] < 6_000_000

    invoke("dose", *given, "-o", out, "--resume")
    assert sorted(path.name for path in out.iterdir()) == [
        "dose.nrrd",
        "dose.png",
        "dose_uncertainty.nrrd",
        "doses.csv",
        "doses.json",
    ]
    invoke("dose", *given[:-2], "-o", whole)
    for one, other in zip(_written(out), _written(whole), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_result_states_uncertainties_and_how_it_was_simulated(case: Arguments, tmp_path: Path) -> None:
    text = invoke("dose", *case, "--method", "monte_carlo", "--relative-uncertainty", "0.2", "-o", tmp_path)
    assert "±" in text
    assert "simulated 1,000,000 histories in 50 batches, seed 0" in " ".join(text.split())
    _, _, rows, provenance = _written(tmp_path)
    assert all(0 < row["mean_uncertainty_gy"] < 0.01 * row["mean_gy"] for row in rows)
    run = provenance["monte_carlo"]
    assert (run["stop_criterion"], run["stop_at"], run["stop_reached"]) == ("relative_uncertainty", 0.2, True)
    assert not (tmp_path / STATE).exists()
    stored = read_stored_result(tmp_path).result
    dose, uncertainty, *_ = _written(tmp_path)
    assert stored.uncertainty is not None
    assert stored.gas is not None
    np.testing.assert_array_equal(stored.uncertainty.array, uncertainty)
    assert (dose[stored.gas] == 0).all()
    again = invoke("dose", *case, "--method", "monte_carlo", "--resume", "-o", tmp_path, code=1)
    assert "holds results already" in again


def test_a_state_is_not_left_beside_the_results_of_another_method(case: Arguments, tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(b"left")
    assert "holds the state of a Monte Carlo run" in invoke("dose", *case, "-o", tmp_path, code=1)
    assert "must be the state of a Monte Carlo run" in invoke(
        "dose", *case, "--method", "monte-carlo", "-o", tmp_path, "--resume", code=1
    )
    invoke("dose", *case, "-o", tmp_path, "--overwrite")
    assert not (tmp_path / STATE).exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--histories", "5"], "histories applies only to method monte_carlo, got method local_deposition"),
        (["--seed", "5"], "seed applies only to method monte_carlo"),
        (["--resume"], "--resume applies only to method monte_carlo, got method local_deposition"),
        (["--method", "monte-carlo", "--histories", "1.5"], "histories must be a whole number, got 1.5"),
        (["--method", "monte-carlo", "--histories", "0"], "histories must be within"),
        (["--method", "monte-carlo", "--histories", "nan"], "histories must be within"),
        (["--method", "monte-carlo", "--relative-uncertainty", "1"], "relative uncertainty must be within (0, 1)"),
        (
            ["--method", "monte-carlo", "--histories", "9", "--relative-uncertainty", "0.1"],
            "give either a number of histories",
        ),
        (["--method", "monte-carlo", "--medium", "lung"], "medium of each voxel from its density"),
        (["--method", "monte-carlo", "--low-density-voxels", "clip"], "transport of electrons through gas"),
    ],
)
def test_options_that_exclude_each_other_are_refused(
    case: Arguments, tmp_path: Path, options: list[str], message: str
) -> None:
    assert message in " ".join(invoke("dose", *case, "-o", tmp_path, *options, code=1).split())
    assert not list(tmp_path.iterdir())


def test_without_a_ct_monte_carlo_asks_for_it(case: Arguments, tmp_path: Path) -> None:
    without = [*case[:3], *case[5:]]
    found = invoke("dose", *without, "--method", "monte-carlo", "-o", tmp_path, code=1)
    assert "Monte Carlo needs the density of each voxel: give a CT (--ct)" in found


@pytest.mark.claim("verify_dose")
def test_verify_dose_compares_structures_and_tissues(case: Arguments, tmp_path: Path) -> None:
    out = tmp_path / "verification.json"
    options = ["--histories", "4e5", "--tolerance", "0.2"]
    text = invoke("verify-dose", *case, *options, "-o", out)
    assert "Mean doses in Gy by superposition and by Monte Carlo" in text
    assert "agrees: every mean dose agrees" in text
    found = json.loads(out.read_text())
    assert found["verdict"] == "agrees"
    names = [row["structure"] for row in found["structures"]]
    assert names[:4] == ["Liver", "Normal liver", "Tumor 1", "Tumor 2"]
    assert "Soft tissue with activity" in names
    for row in found["structures"]:
        difference = row["dose_gy"] - row["monte_carlo_gy"]
        assert row["z_score"] == pytest.approx(difference / row["monte_carlo_uncertainty_gy"])
        assert row["difference_fraction"] == pytest.approx(row["dose_gy"] / row["monte_carlo_gy"] - 1)
    assert "exists already" in invoke("verify-dose", *case, *options, "-o", out, code=1)
    printed = json.loads(invoke("verify-dose", *case, *options, "-o", out, "--overwrite", "--json"))
    assert printed["structures"] == found["structures"]


@pytest.mark.claim("verify_dose")
def test_verify_dose_reports_a_wrong_method_by_its_exit_code(case: Arguments) -> None:
    without_lung = ["--method", "voxel-s-values", *case[:3], *case[5:], "--histories", "2e5"]
    assert "agrees" in invoke("verify-dose", *without_lung)
    local = ["--method", "local-deposition", "--low-density-voxels", "zero"]
    text = invoke("verify-dose", *local, *case, "--histories", "4e5", code=3)
    assert "differs: at least one mean dose differs by more than the tolerance (5.0% of the dose" in text
    assert "undecided" in invoke("verify-dose", *case, "--histories", "500", code=4)


def test_verify_dose_names_wrong_inputs(case: Arguments) -> None:
    refused = invoke("verify-dose", *case, "--method", "monte-carlo", code=1)
    assert "must be the one to check" in refused
    assert "give a CT (--ct)" in invoke("verify-dose", *case[:3], *case[5:], code=1)
    assert "histories must be within" in invoke("verify-dose", *case, "--histories", "0", code=1)
    assert "give either a number of histories" in invoke(
        "verify-dose", *case, "--histories", "9", "--relative-uncertainty", "0.1", code=1
    )
    assert "tolerance fraction must be" in invoke("verify-dose", *case, "--tolerance", "0", code=1)
