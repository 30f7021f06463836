"""The command line run within the test's own process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

from yttria.cli.app import app

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def invoke(*arguments: str | Path, code: int = 0, columns: int = 200) -> str:
    """Run `yttria` with these arguments. Check that it ended with `code`, and return its output without colors."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": str(columns), "TERM": "dumb"})
    assert result.exit_code == code, result.output
    return ANSI.sub("", result.output)
