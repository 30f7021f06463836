"""`yttria verify`: validation on this machine, with a report to file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..conformance import verification
from .output import as_json


def verify(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write the report here, as JSON if the name ends in .json, else as text."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON instead of text.")] = False,
) -> None:
    """Run the validation with the installed core, and print a dated report with its SHA-256.

    Vectors, refusals, agreement with the NumPy reference, kernels against Monte Carlo, energy, determinism over
    threads. No network, a few seconds. The exit code is 1 if anything fails.
    """
    if json:
        report = verification.verify()
    else:
        with Console(stderr=True).status("Verifying") as status:
            report = verification.verify(progress=lambda text: status.update(text))
    if out is not None:
        as_data = out.suffix.casefold() == ".json"
        out.write_text(as_json(report.as_dict()) + "\n" if as_data else report.text(), "utf-8")
    typer.echo(as_json(report.as_dict()) if json else report.text(), nl=json)
    if not report.passed:
        raise typer.Exit(1)
