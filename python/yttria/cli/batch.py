"""`yttria batch`: manifests, runs and summaries of many cases."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from .._foundation.text import plain
from ..errors import ArgumentError, ResultsExistError
from .output import Row, as_json, print_line, print_table, print_written

#: Exit codes of `yttria batch run` other than 0 and 1.
QUARANTINED, TOO_MANY_FAILURES, INTERRUPTED = 3, 4, 130
_SHOWN = 40


class Executors(str, Enum):
    """Kinds of workers on this machine that run the cases."""

    processes = "processes"
    threads = "threads"


class Maps(str, Enum):
    """Formats of the dose maps."""

    nii_gz = "nii.gz"
    nii = "nii"
    nrrd = "nrrd"
    dcm = "dcm"


def init(
    folder: Annotated[
        Path, typer.Argument(help="DICOM folders, or a BIDS-like tree of NIfTI or NRRD files.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Manifest to write, .csv or .parquet.")] = Path(
        "manifest.csv"
    ),
) -> None:
    """Write a manifest of the activity images in a folder, filled from their names and sidecars.

    An existing manifest is never overwritten, because it may have been filled in by hand.
    """
    from ..batch.discovery import discover
    from ..batch.manifest import write_manifest

    if os.path.lexists(out):
        raise ResultsExistError(
            f"{out}: exists already and may have been edited: give another name (--out), or remove it first"
        )
    found = discover(folder, out.parent)
    write_manifest(found.rows, out)
    for note in found.notes:
        print_line("open:", note, style="bold yellow")
    print_line("wrote", f"{out}: {len(found.rows)} cases")
    print_line("", f"Fill in the empty cells, then run: yttria batch check {out}")


def check(
    manifest: Annotated[Path | None, typer.Argument(help="Manifest, .csv or .parquet.", show_default=False)] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a row and exit.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Check a manifest as a whole, and print every problem with its row and column. No image is read."""
    from .. import batch

    if schema:
        typer.echo(as_json(batch.schema()))
        return
    if manifest is None:
        raise typer.BadParameter("give a manifest, or --schema", param_hint="manifest")
    count, problems = batch.check_manifest(manifest)
    _print_manifest_note(manifest)
    if json:
        typer.echo(as_json({"cases": count, "problems": [vars(p) for p in problems]}))
    else:
        print_problems(problems)
        if 0 not in (wrong := {problem.row for problem in problems}):
            _print_contradictions(manifest, wrong)
        cases, found = ("case" if count == 1 else "cases"), ("problem" if len(problems) == 1 else "problems")
        typer.echo(f"{count} {cases}, {len(problems)} {found}")
    if problems:
        raise typer.Exit(1)


def run(
    manifest: Annotated[Path, typer.Argument(help="Manifest, .csv or .parquet.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder of results; a case that has a result in it is not dosed again.")
    ] = Path("results"),
    workers: Annotated[
        int | None,
        typer.Option("--workers", "-n", help="Number of cases at the same time; all processors if not given."),
    ] = None,
    executor: Annotated[
        Executors, typer.Option(help="Run the cases in processes or in threads.")
    ] = Executors.processes,
    dask: Annotated[
        str | None, typer.Option(help="Run on a dask cluster: tcp://host:port, or local.", show_default=False)
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="i/N: run every N-th row from the i-th.", show_default=False)
    ] = None,
    maps: Annotated[
        Maps | None, typer.Option(help="Write the dose maps too, in this format.", show_default=False)
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Draw the dose of each case over its CT, with its structures (PNG).")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the tables as CSV too, for spreadsheets.")] = False,
    dvh_step_gy: Annotated[float, typer.Option(help="Dose grid of the cumulative histograms.")] = 1.0,
    max_failures: Annotated[
        int | None, typer.Option(help="Stop when more cases than this have failed.", show_default=False)
    ] = None,
    rehash: Annotated[
        bool,
        typer.Option("--rehash", help="Hash every file, even if its times have not changed since the last hashing."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Run no case if any row of the manifest has a problem.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Use a folder that holds the results of another manifest.")
    ] = False,
    anonymous: Annotated[
        bool,
        typer.Option(
            "--anonymous", help="Write tables without case ids, names, paths and dates; share these, not the folder."
        ),
    ] = False,
    every: Annotated[
        int, typer.Option(help="Number of cases between two lines of progress, if not on a terminal.")
    ] = 100,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Dose every case of a manifest. After an interruption or a crash, run it again to continue.

    A row with a mistake is put into quarantine and does not stop the others.

    Exit code: 0 complete, 3 complete with cases in quarantine, 4 too many failures, 130 interrupted, 1 refused.
    """
    from ..batch import executors

    if executor is Executors.processes and dask is None:
        executors.preload()
    from ..batch import ManifestError, run_manifest
    from ..batch.progress import final_line, progress_reporter

    pool = executors.dask(dask, workers) if dask else getattr(executors, executor.name)(workers)
    executors.keep_memory()
    _print_manifest_note(manifest)
    try:
        with progress_reporter(every) as report_progress, _stop_requests() as requests:

            def on_progress(run: Any, wall_s: float) -> None:
                run.stop = run.stop or requests.get("reason")
                report_progress(run, wall_s)

            report = run_manifest(
                manifest,
                out,
                executor=pool,
                dvh_step_gy=dvh_step_gy,
                maps=maps.value if maps else None,
                pictures=pictures,
                csv=csv,
                shard=_shard(shard),
                max_failures=max_failures,
                rehash=rehash,
                strict=strict,
                overwrite=overwrite,
                anonymous=anonymous,
                on_progress=on_progress,
            )
    except ManifestError as error:
        print_problems(error.problems)
        typer.echo(
            f"{len(error.problems)} problems were found and no case was run; yttria batch check also checks the files"
        )
        raise typer.Exit(1) from None
    if json:
        typer.echo(as_json(report.as_dict()))
    else:
        typer.echo(final_line(report))
        if report.state != "complete":
            typer.echo("finished cases are saved; run the same command to continue")
        elif report.quarantined is None:
            typer.echo("the tables are written when all shards have ended")
        elif report.quarantined:
            typer.echo(
                f"{report.quarantined} cases are in quarantine; for the reasons, run: yttria batch summary {out}"
            )
    codes = {"complete": QUARANTINED if report.quarantined or report.counts.failed else 0, "interrupted": INTERRUPTED}
    if code := codes.get(report.state, TOO_MANY_FAILURES):
        raise typer.Exit(code)


def export(
    results: Annotated[Path, typer.Argument(help="Folder of results with dose maps.", show_default=False)],
    bids_derivatives: Annotated[
        Path | None,
        typer.Option(help="Write a data set of derivatives in BIDS, such as derivatives/yttria.", show_default=False),
    ] = None,
    zarr: Annotated[
        Path | None, typer.Option(help="Write all dose maps as one zarr store, such as doses.zarr.", show_default=False)
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what an earlier export wrote there, and nothing else.")
    ] = False,
) -> None:
    """Write the results of a finished run in another form; nothing is computed.

    The run must have written dose maps: yttria batch run MANIFEST --maps nii.gz

    In BIDS each dose is sub-*_desc-absdose_dosemap.nii.gz with a sidecar and tables.
    BIDS has no name for an absorbed dose. These names are not part of the standard.
    """
    from ..batch import write_bids_derivatives, write_zarr

    if bids_derivatives is None and zarr is None:
        raise typer.BadParameter("give --bids-derivatives, --zarr or both", param_hint="results")
    for folder, write in ((bids_derivatives, write_bids_derivatives), (zarr, write_zarr)):
        if folder is not None:
            count = write(results, folder, overwrite=overwrite)
            print_line("wrote", f"{folder}: {count} cases")


def summary(
    results: Annotated[Path, typer.Argument(help="Folder of results.", show_default=False)],
    figure: Annotated[
        Path | None, typer.Option(help="File of the picture; summary.png in the folder if not given.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON; the picture is drawn only with --figure.")
    ] = False,
) -> None:
    """Print and draw the cohort: doses by structure, distribution, outliers, quarantine."""
    from ..batch.figure import cohort_figure
    from ..batch.summary import summarize
    from ..report import save_figure

    found = summarize(results)
    path = figure or (None if json else results / "summary.png")
    if path is not None:
        save_figure(cohort_figure(results), path)
    if json:
        typer.echo(as_json(found.as_dict()))
        return
    rows: list[Row] = found.structures
    several = {"isotope": "Nuclide"} if len(found.isotopes) > 1 else {}
    titles = {"structure": "Structure", **several, "metric": "Metric", "n": "n"}
    titles |= {"q0": "Min", "q25": "Q1", "q50": "Median", "q75": "Q3", "q100": "Max"}
    if any(row["standard_uncertainty"] is not None for row in rows):
        titles["standard_uncertainty"] = "Median u"
    print_table(rows, title=f"{found.cases} cases", headings=titles)
    if several:
        counts = ", ".join(f"{isotope} in {count}" for isotope, count in found.isotopes.items())
        print_line("nuclides:", f"{counts} cases; doses of different nuclides are not pooled", wrap=True)
    if found.outliers:
        print_table(
            found.outliers[:_SHOWN],
            title=f"{len(found.outliers)} outlying mean doses (modified z-score of the logarithm beyond 3.5)",
            headings={"case_id": "Case", "structure": "Structure", **several, "mean_gy": "Mean / Gy", "z": "z"},
        )
    for name, count in sorted(found.warnings.items()):
        typer.echo(f"{count} cases with the note: {plain(name)}")
    if found.quarantined:
        typer.echo(f"{sum(found.quarantined.values())} cases are in quarantine:")
        for lost in found.quarantine[:_SHOWN]:
            where = f"row {lost['row']}" if lost["line"] is None else f"line {lost['line']}"
            print_line("", f"  {where}, {lost['case_id']}: {lost['error']}: {lost['message']}")
        if len(found.quarantine) > _SHOWN:
            typer.echo(f"    ... all of them are in {results / 'quarantine.parquet'}")
    if path is not None:
        print_written([path])


@contextmanager
def _stop_requests() -> Iterator[dict[str, str]]:
    """Stop and save the run at the first Ctrl-C or SIGTERM (end of a job); a second Ctrl-C aborts it."""
    requests: dict[str, str] = {}

    def request_stop(number: int, frame: object) -> None:
        requests["reason"] = "interrupted"
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("stopping: running cases are finished and saved", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, request_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shard(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise ArgumentError(f"shard must be i/N, such as 3/100, got '{text}'")
    return int(match[1]), int(match[2])


def print_problems(problems: list[Any]) -> None:
    """Print the first problems of a table on the error stream, and the number of the others."""
    for problem in problems[:_SHOWN]:
        print_line("problem:", problem, style="bold red", error=True)
    if len(problems) > _SHOWN:
        print_line("", f"... and {len(problems) - _SHOWN} more", error=True)


def _print_contradictions(manifest: Path, without: set[int]) -> None:
    """Print what rows declare otherwise than the sidecars of their images; the rows without a problem are compared."""
    from ..batch.manifest import read_manifest
    from ..batch.sidecar_contradictions import contradictions

    count = 0
    for row in read_manifest(manifest, without=without):
        for text in contradictions(row.case):
            count += 1
            if count <= _SHOWN:
                print_line("note:", f"case '{row.case.case_id}': {text}", style="bold cyan", error=True)
    if count > _SHOWN:
        print_line("", f"... and {count - _SHOWN} more notes", error=True)


def _print_manifest_note(manifest: Path) -> None:
    from ..batch.manifest import manifest_note

    if note := manifest_note(manifest):
        print_line("note:", f"{manifest}: {note}", style="bold cyan", error=True)
