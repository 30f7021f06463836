"""`yttria conformance export`, `yttria conformance score`: another implementation against the suite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ..conformance import Report, export, score
from .output import Row, as_json, print_table, progress


def export_suite(
    folder: Annotated[Path, typer.Argument(help="Where the files go.", show_default=False)],
    nifti: Annotated[bool, typer.Option("--nifti", help="Maps as NIfTI too (extra nifti).")] = False,
) -> None:
    """Write the suite's cases for any language: JSON, CSV, raw maps, schemas, and a template for the answers."""
    written = export(folder, nifti=nifti)
    console = Console()
    console.print(f"[dim]wrote[/] {len(written)} files to {folder}", highlight=False, soft_wrap=True)
    console.print(f"Start with {folder / 'README.txt'}.", highlight=False, soft_wrap=True)


def score_results(
    results: Annotated[
        Path, typer.Argument(help="results.json or results.csv, or the folder with it.", show_default=False)
    ],
    noise: Annotated[
        float, typer.Option(help="Relative noise of the answers themselves, by rounding or by chance.")
    ] = 1e-3,
    every: Annotated[bool, typer.Option("--all", help="List every case, not the failures alone.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the whole report as JSON.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON instead.")] = False,
) -> None:
    """Hold another implementation's answers against the suite; name the known mistakes that explain its deviations.

    The exit code is 1 where a case fails.
    """
    with progress("Trying every known mistake", quiet=json):
        report = score(results, noise=noise)
    if out is not None:
        out.write_text(as_json(report.as_dict()) + "\n", "utf-8")
    if json:
        typer.echo(as_json(report.as_dict()))
    else:
        print_report(report, every=every)
        if out is not None:
            Console().print(f"[dim]wrote[/] {out}", highlight=False, soft_wrap=True)
    if report.counts["fail"]:
        raise typer.Exit(1)


def print_report(report: Report, *, every: bool) -> None:
    """Counts, what explains the failures, the failures."""
    console = Console()
    counts = report.counts
    who = report.implementation or "the answers"
    console.print(
        f"[bold]{who}[/]: {counts['pass']} pass, {counts['fail']} fail, {counts['not answered']} not answered, "
        f"of {len(report.cases)} cases.",
        highlight=False,
    )
    if report.unknown:
        console.print(f"[bold yellow]note:[/] no question of the suite: {', '.join(report.unknown)}", highlight=False)
    for n, finding in enumerate(report.findings, 1):
        console.print(f"\n[bold]{n}. {finding.name}[/]", highlight=False)
        for sentence in finding.sentences():
            console.print(f"   {sentence}", highlight=False)
        if finding.ambiguous:
            others = ", ".join(" + ".join(names) for names in finding.alternatives)
            console.print(f"   [yellow]These answers cannot tell it from:[/] {others}", highlight=False)
        proof = report.evidence(finding)
        where = f" at {tuple(proof['voxel'])}" if proof["voxel"] else ""
        console.print(
            f"   Explains {len(finding.explains)} failing cases, contradicts none. For instance {proof['case']}, "
            f"{proof['quantity']}{where}: expected {_brief(proof['expected'])}, got {_brief(proof['got'])}, "
            f"with the mistake {_brief(proof['with_the_mistake'])}.",
            highlight=False,
        )
    shown = [case for case in report.cases if every or case.status == "fail"]
    if not shown:
        return
    console.print()
    rows: list[Row] = [
        {
            "case": case.id,
            "status": case.status,
            "quantity": case.quantity,
            "expected": _brief(case.expected),
            "got": _brief(case.got),
            "deviation": "-" if case.deviation is None else f"{case.deviation:.2%}",
            "explanation": case.explanation,
        }
        for case in shown
    ]
    headings = {name: name for name in ("case", "quantity", "expected", "got", "deviation", "explanation")}
    if every:
        headings = {"case": "case", "status": "status", **headings}
    print_table(
        rows,
        title="Every case" if every else "Failures",
        headings=headings,
        folded=("quantity", "expected", "got", "explanation"),
    )


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_brief, value[:3])) + (", ..." if len(value) > 3 else "") + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} {_brief(v)}" for k, v in value.items()) + "}"
    return f"{value:.5g}" if isinstance(value, float) else "-" if value is None else str(value)
