"""`yttria inspect`: series in a folder of DICOM, and missing information for dosimetry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding

from ..io import dicom
from ..io.dicom.inspection import SeriesReport
from ..io.dicom.nuclide import readable_nuclide
from .output import Row, as_json, print_table, printed, progress

HEADINGS = {
    "modality": "What",
    "number": "No.",
    "place": "Where",
    "files": "Files",
    "voxels": "Voxels k j i",
    "size_mm": "mm",
    "unit": "Unit",
}


def inspect(
    folder: Annotated[Path, typer.Argument(help="Folder of DICOM, or one file.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="Print everything found as JSON.")] = False,
) -> None:
    """List the series in a folder of DICOM: units, times, geometry, structures, and what is missing for dosimetry.

    Reads headers only.
    """
    with progress("Reading headers", quiet=json):
        report = dicom.inspect(folder)
    if json:
        typer.echo(as_json(report.as_dict()))
        return
    console = Console()
    if report.series:
        print_table([_row(r) for r in report.series], title=str(folder), headings=HEADINGS, folded=["place"])
    for series in report.series:
        console.print(f"[bold]{printed(series.name)}[/]", highlight=False)
        for line in _lines(series):
            console.print(Padding(line, (0, 0, 0, 2)), highlight=False)
    for error in report.damaged:
        console.print(f"[bold red]damaged:[/] {printed(error)}", highlight=False, soft_wrap=True)
    if report.other_file_count:
        console.print(f"[dim]files that are not DICOM: {report.other_file_count}[/]", highlight=False)
    for sentence in report.missing:
        console.print(f"[bold yellow]missing:[/] {printed(sentence)}", highlight=False)
    if not report.missing:
        console.print("Nothing is missing for dosimetry.")


def _row(report: SeriesReport) -> Row:
    return {
        "modality": report.modality,
        "number": report.number,
        "place": PurePath(report.place).name,
        "files": report.file_count,
        "voxels": " ".join(map(str, report.shape)) if report.shape else None,
        "size_mm": " ".join(f"{s:.3g}" for s in report.voxel_size_mm) if report.voxel_size_mm else None,
        "unit": report.unit,
    }


def _lines(report: SeriesReport) -> Iterator[str]:
    known = [report.description and f"'{report.description}'", f"in {report.place}"]
    said = [part for part in known if part and part not in report.name]
    said += [f"acquired {report.acquired}"] if report.acquired else []
    if said:
        yield printed(", ".join(said))
    if report.structures:
        yield f"structures: {printed(', '.join(report.structures))}"
    if report.nuclide:
        yield f"nuclide: {printed(readable_nuclide(report.nuclide))}"
    if report.timing:
        yield f"time of the values: {printed(report.timing.rule)}"
        if report.timing.administered_activity_gbq:
            yield f"administered, by the header: {report.timing.administered_activity_gbq:.4g} GBq"
    advisories = (*report.advisories, *(report.timing.advisories if report.timing else ()))
    for advisory in advisories:
        yield f"[yellow]{advisory.severity}:[/] {printed(advisory.message)}"
    for problem in (report.timing_problem, report.problem):
        if problem:
            yield f"[yellow]{printed(problem)}[/]"
