"""Types as other programs see them: a client under mypy's strict rules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

CLIENT = Path(__file__).with_name("client.py")


def test_mypy_strict_accepts_a_client_and_the_types_it_states() -> None:
    pytest.importorskip("mypy")
    # With what `make check` has remembered, it takes seconds instead of half a minute.
    done = subprocess.run([sys.executable, "-m", "mypy", CLIENT], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout
