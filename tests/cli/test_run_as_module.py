"""The command as a module, and its completion in a shell."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("typer")

import yttria


def test_the_package_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "yttria", "--version"], capture_output=True, text=True)
    assert done.stdout.strip() == yttria.__version__


def test_a_shell_completes_subcommands_and_options() -> None:
    main = "from yttria.cli import main; import sys; sys.argv[0] = 'yttria'; main()"

    def completed(words: str, place: int) -> list[str]:
        asked = {"_YTTRIA_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        return subprocess.run(
            [sys.executable, "-c", main], env=os.environ | asked, capture_output=True, text=True
        ).stdout.split()

    assert "compare" in completed("yttria com", 1)
    assert "--method" in completed("yttria dose --met", 2)
