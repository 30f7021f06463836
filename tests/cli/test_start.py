"""Modules that a call of the command line loads, and its report of time."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria.cli.app import ENTRIES, functions_of
from yttria.phantom import liver_phantom


def loaded_by(code: str) -> set[str]:
    """Modules that a fresh interpreter holds after running `code`."""
    text = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_the_help_loads_no_array_library_and_no_command() -> None:
    loaded = loaded_by("sys.argv[1:] = ['--help']; from yttria.cli import main; main()")
    assert "yttria.cli.app" in loaded
    assert not {"numpy", "yttria._core", "yttria.io", "yttria.cli.dose", "yttria.planning"} & loaded


def test_importing_the_package_loads_a_room_when_its_name_is_used() -> None:
    assert not {name for name in loaded_by("import yttria") if name.startswith("yttria.")}
    assert "yttria.planning" not in loaded_by("import yttria; yttria.Image")


def test_every_name_can_be_found_before_it_is_used() -> None:
    assert set(yttria.__all__) <= set(dir(yttria))
    for name in dir(yttria):
        assert getattr(yttria, name) is getattr(yttria, name)
    with pytest.raises(AttributeError, match="'yttria' has no attribute 'dose'"):
        _ = yttria.dose


@pytest.mark.parametrize("name", ENTRIES)
def test_the_help_of_all_commands_is_that_of_each(name: str) -> None:
    functions = functions_of(name)
    if len(functions) == 1:
        assert ENTRIES[name].help == (inspect.getdoc(functions[0]) or "").split("\n\n")[0].replace("\n", " ")
    assert ENTRIES[name].help.rstrip(".")[:40] in " ".join(invoke(name, "--help").split())


def test_timings_name_every_stage_and_the_share_of_computing(tmp_path: Path) -> None:
    phantom = liver_phantom((6.0, 5.0, 5.5))
    yttria.write_image(phantom.activity, tmp_path / "activity.nrrd")
    yttria.write_structures(phantom.structures, tmp_path / "structures.seg.nrrd")
    text = invoke(
        "dose", tmp_path / "activity.nrrd", "-s", tmp_path / "structures.seg.nrrd", "--scan-delay-h", "20",
        "-o", tmp_path / "out", "--timings",
    )  # fmt: skip
    lines = [line for line in text.splitlines() if line.endswith("%")]
    stages = {line[:22].strip(): float(line[22:30]) for line in lines}
    assert set(stages) == {
        "reading", "structures", "dose", "table", "uncertainty", "evaluation", "writing", "picture",
        "imports and the rest", "total",
    }  # fmt: skip
    assert sum(stages.values()) == pytest.approx(2 * stages["total"], abs=0.01)
    assert text.rstrip().splitlines()[-1].startswith("computing is ")
