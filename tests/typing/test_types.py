"""Types as other programs see them: a client under mypy's strict rules, and public names whose type is complete."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

CLIENT = Path(__file__).with_name("client.py")


def test_mypy_strict_accepts_a_client_and_the_types_it_states(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", tmp_path, CLIENT],
        capture_output=True, text=True, env=os.environ | {"MYPYPATH": str(ROOT / "python")}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_every_public_name_has_a_complete_type() -> None:
    pyright = shutil.which("pyright", path=str(Path(sys.executable).parent))
    if pyright is None:
        pytest.skip("pyright is not installed")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "python"),
    }  # fmt: skip
    done = subprocess.run(
        [pyright, "--outputjson", "--ignoreexternal", "--verifytypes", "yttria"],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    if not done.stdout.startswith("{"):
        pytest.skip("pyright cannot run here: it loads its own program when it is first used")
    found = json.loads(done.stdout)["typeCompleteness"]
    incomplete = [each["name"] for each in found["symbols"] if each["isExported"] and not each["isTypeKnown"]]
    assert not incomplete
    assert found["completenessScore"] == 1.0
