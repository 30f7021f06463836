"""`yttria conformance export` and `yttria conformance score`: comparison of another implementation with the suite."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding

from ..conformance import CaseScore, Finding, Report, export, score
from ..conformance.score import WITHIN_NOISE
from .output import Row, as_json, print_table, printed, progress


def export_suite(
    folder: Annotated[Path, typer.Argument(help="Folder for the files.", show_default=False)],
    nifti: Annotated[bool, typer.Option("--nifti", help="Also write maps and files as NIfTI (extra nifti).")] = False,
    dicom: Annotated[bool, typer.Option("--dicom", help="Also write PET series to be read (extra dicom).")] = False,
) -> None:
    """Write the suite's cases for any language: JSON, CSV, raw maps, schemas, and a template for the answers."""
    written = export(folder, nifti=nifti, dicom=dicom)
    console = Console()
    console.print(f"[dim]wrote[/] {len(written)} files to {folder}", highlight=False, soft_wrap=True)
    console.print(f"Start with {folder / 'README.txt'}.", highlight=False, soft_wrap=True)


def score_results(
    results: Annotated[
        Path, typer.Argument(help="results.json or results.csv, or the folder with it.", show_default=False)
    ],
    noise: Annotated[float, typer.Option(help="Relative noise of the answers, by rounding or by chance.")] = 1e-3,
    tolerance: Annotated[
        float, typer.Option(help="Let a case pass within this relative deviation, if its own tolerance is smaller.")
    ] = 0.0,
    every: Annotated[bool, typer.Option("--all", help="List every case, not only the failures.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the whole report as JSON.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON instead.")] = False,
) -> None:
    """Compare another implementation's answers with the suite, and name the known mistakes that explain deviations.

    The exit code is 1 if a case fails.
    """
    with progress("Trying every known mistake", quiet=json):
        report = score(results, noise=noise, tolerance=tolerance)
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
    """Print counts, the mistakes that explain failures, and the failures without explanation; or every case."""
    console = Console()
    counts = report.counts
    console.print(
        f"[bold]{printed(report.implementation) or 'The answers'}[/]: {counts['pass']} pass, {counts['fail']} fail, "
        f"{counts['not answered']} not answered, of {len(report.cases)} cases.",
        highlight=False,
    )
    if report.unknown:
        console.print(
            f"[bold yellow]note:[/] not asked by the suite: {printed(', '.join(report.unknown))}", highlight=False
        )
    small = [case for case in report.cases if case.explanation == WITHIN_NOISE]
    if small:
        console.print(
            f"[bold yellow]note:[/] {len(small)} fail by less than the noise of {report.noise:.2g} explains; "
            "--tolerance lets them pass, a smaller --noise looks into them.",
            highlight=False,
        )
    _print_uncertainties(report, console)
    for n, finding in enumerate(report.findings, 1):
        console.print(f"\n[bold]{n}. {finding.name}[/]", highlight=False)
        console.print(Padding("\n".join(_account(report, finding)), (0, 0, 0, 3)), highlight=False)
    if every:
        console.print()
        print_table(
            [_row(case) for case in report.cases],
            title="Every case",
            headings={n: n for n in ("case", "status", "deviation", "explanation")},
            folded=("explanation",),
        )
    elif report.unexplained:
        console.print()
        print_table(
            [_row(case) for case in report.unexplained],
            title="Failures that no known mistake explains",
            headings={n: n for n in ("case", "quantity", "expected", "got", "deviation")},
            folded=("quantity", "expected", "got"),
        )


def _print_uncertainties(report: Report, console: Console) -> None:
    """Print the deviations of the answers that state a standard uncertainty, in units of it."""
    summary = report.uncertainty_summary
    if summary is None:
        return
    name, worst = max(report.uncertain, key=lambda each: abs(each[1].deviation))
    console.print(
        f"Answers with a standard uncertainty u: {summary['stated']}, of which {summary['within_2']} within 2 u. Root "
        f"mean square {summary['root_mean_square']:.2f} u, the farthest {worst.deviation:+.2f} u ({name}, "
        f"{printed(worst.quantity)}). The tolerance alone decides what passes.",
        highlight=False,
    )


def _account(report: Report, finding: Finding) -> list[str]:
    """Describe a mistake, the mistakes that cannot be distinguished from it, and the cases that it explains."""
    lines = list(finding.sentences())
    if finding.ambiguous:
        others = ", ".join(" + ".join(names) for names in finding.alternatives)
        lines.append(f"[yellow]These answers cannot distinguish it from:[/] {others}")
    off = {case.id: case.deviation for case in report.cases if case.id in finding.explains}
    lines.append("Explains " + ", ".join(f"{name} (off by {_percent(by)})" for name, by in off.items()) + ".")
    if len(finding.explains) == 1:
        lines.append("[yellow]Based on one case:[/] another fault may have this size by chance.")
    proof = report.evidence(finding)
    where = f" at voxel {tuple(proof['voxel'])}" if proof["voxel"] else ""
    lines.append(
        f"{proof['case']}, {proof['quantity']}{where}: expected {_brief(proof['expected'])}, got "
        f"{_brief(proof['got'])}, with the mistake {_brief(proof['with_the_mistake'])}."
    )
    return lines


def _row(case: CaseScore) -> Row:
    return {
        "case": case.id,
        "status": case.status,
        "quantity": case.quantity,
        "expected": _brief(case.expected),
        "got": _brief(case.got),
        "deviation": _percent(case.deviation),
        "explanation": case.explanation,
    }


def _percent(deviation: float | None) -> str:
    if deviation is None or not math.isfinite(deviation):
        return "-"
    return (
        f"{deviation:.0%}" if deviation >= 1 else f"{100 * deviation:.2g} %" if deviation < 1e-4 else f"{deviation:.2%}"
    )


def _brief(value: Any) -> str:
    """Return a short text without brackets that rich would interpret."""
    if isinstance(value, list):
        return printed("[" + ", ".join(map(_brief, value[:3])) + (", ..." if len(value) > 3 else "") + "]")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} {_brief(v)}" for k, v in value.items()) + "}"
    return f"{value:.5g}" if isinstance(value, float) else "-" if value is None else printed(str(value))
