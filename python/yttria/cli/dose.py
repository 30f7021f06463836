"""`yttria dose`: doses, files and a picture from an activity image and its structures."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from .._core import DoseVolumeHistogram, Nuclide
from .._foundation.choices import METHOD_NAMES, TABLE_FORMATS, TableFormat
from .._foundation.extras import import_ahead
from .._foundation.provenance import RESEARCH_USE
from .._foundation.timings import stage, timings
from ..advisory import Advisory, advise
from ..case import (
    Case,
    CaseRecord,
    dose_case,
    read_case,
    record_case,
    segmentation_of_case,
    summary,
    write_case_report,
    write_case_rtdose,
)
from ..case.budgets import CaseUncertainty
from ..case.drawable import on_grid_of
from ..case.inputs import CaseInputs
from ..errors import ArgumentError, GeometryError, OutOfRangeError
from ..evaluation.tables import UNCERTAINTY_COLUMNS
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..io import read_image, write_image
from ..planning import DeliveredLimits, StructureMetrics
from ..voxel import DoseResult
from .case_options import with_case_options
from .evaluation_options import EvaluationOptions, with_evaluation_options
from .evaluation_output import limit_rows, print_limits, print_metrics, write_dvh
from .monte_carlo import INTERRUPTED, in_words, simulate_case, state_in
from .options import choice
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, progress, write_csv
from .report import REPORT, ReportPage, check_extra
from .result_folder import ResultFolder
from .structure_output import print_recovered, print_spheres
from .timings import print_timings
from .uncertainty_output import draws_bar, print_draws, print_uncertainty, rows_with_uncertainty

#: Names of the files that a run may write in addition to its index, doses.json.
FILES = (
    "dose.nrrd",
    "dose.nii.gz",
    "dose_uncertainty.nrrd",
    "dose_uncertainty.nii.gz",
    "dose.dcm",
    "report.dcm",
    "doses.csv",
    "limits.csv",
    "uncertainty.csv",
    "dvh.csv",
    "dvh.parquet",
    "dose.png",
    REPORT,
)
HEADINGS = {
    "structure": "Structure",
    "volume_ml": "mL",
    "mean_gy": "Mean",
    "mean_uncertainty_gy": "±",
    "d95_gy": "D95",
    "d70_gy": "D70",
    "d50_gy": "D50",
    "maximum_gy": "Max",
}


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """Evaluations in addition to doses; None for those that were not requested."""

    metrics: StructureMetrics | None = None
    limits: DeliveredLimits | None = None
    uncertainty: CaseUncertainty | None = None

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """Advisories of metrics and limits; those of the uncertainty are with the doses."""
        return tuple(told for each in (self.metrics, self.limits) if each is not None for told in each.advisories)

    def as_dict(self) -> dict[str, Any]:
        """Return the content for doses.json by its keys, without evaluations that were not requested.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        found = {"metrics": self.metrics, "limits": self.limits, "uncertainty": self.uncertainty}
        return {name: each.as_dict() for name, each in found.items() if each is not None}


@with_case_options
@with_evaluation_options
def dose(
    declared: dict[str, Any],
    evaluation: EvaluationOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the existing results of the folder as a whole set.")
    ] = False,
    anonymous: Annotated[
        bool,
        typer.Option("--anonymous", help="Leave out patient name, dates and paths; replace identifiers by hashes."),
    ] = False,
    background: Annotated[
        Path | None, typer.Option(help="Image on the same grid (a CT), drawn beneath the dose.", show_default=False)
    ] = None,
    isodose_gy: Annotated[
        list[float] | None, typer.Option(help="Level of an isodose line in Gy; repeat for more.")
    ] = None,
    rtdose: Annotated[
        bool,
        typer.Option(
            "--rtdose", help="Also write dose.dcm, with patient and frame of reference of the DICOM activity or CT."
        ),
    ] = False,
    sr: Annotated[
        bool,
        typer.Option("--sr", help="Write report.dcm: doses as a structured report on the segments of a DICOM SEG."),
    ] = False,
    dvh: Annotated[TableFormat | None, choice(TABLE_FORMATS, "Write whole dose-volume histograms as a table.")] = None,
    with_report: Annotated[
        bool, typer.Option("--report", help="Also write report.html, one page to read, print and file.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Monte Carlo: continue a run that was stopped in the folder, if there is one."),
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
    timing: Annotated[
        bool, typer.Option("--timings", help="Print the time of each stage on the error stream.")
    ] = False,
) -> None:
    """Absorbed dose map, doses per structure and a picture, from a post-treatment activity image.

    Writes dose.nrrd (or dose.nii.gz for a NIfTI image), doses.csv, doses.json and dose.png. Options add files: --rtdose
    dose.dcm (negative doses are 0), --sr report.dcm, --limits limits.csv, --dvh dvh.csv or dvh.parquet, and any
    uncertainty uncertainty.csv.

    DICOM: yttria dose PET_FOLDER -s SEG.dcm (time and activity from the header; `yttria inspect` shows them)

    Absolute scaling: yttria dose PET.nrrd -s SEG.nrrd --unit Bq/mL --scan-delay-h 20.4 --administered-activity-gbq 1.4

    With uncertainty: yttria dose PET_FOLDER -s SEG.dcm --fwhm-mm 6.5 --calibration-uncertainty 0.05 gives each dose and
    volume its standard uncertainty, and states what is not included. With --propagate 1000 the inputs are also drawn at
    random, which gives intervals for quantities that are not linear in them: D95, small lesions.

    Relative scaling: yttria dose SPECT.nrrd -s SEG.nrrd --unit counts --relative-to Liver
    --administered-activity-gbq 1.4 --lung-shunt-fraction 0.05

    Monte Carlo: yttria dose PET_FOLDER -s SEG.dcm --ct CT_FOLDER --method monte-carlo --relative-uncertainty 0.03
    writes dose_uncertainty.nrrd too. Ctrl-C writes the result so far (exit code 130), and the same command with
    --resume continues, also after a crash.
    """
    for asked, option, name in ((rtdose, "--rtdose", "an RTDOSE"), (sr, "--sr", "a structured report")):
        if anonymous and asked:
            raise ArgumentError(f"{name} holds the patient's name and identifiers: give either {option} or --anonymous")
    if with_report:
        check_extra()
    for level in isodose_gy or ():
        if not 0.0 < level < math.inf:
            raise OutOfRangeError(f"level of an isodose line in Gy must be finite and > 0, got {level:g}")
    evaluation.check()
    case = Case(**declared)
    evaluation.check_nuclide(Nuclide(case.nuclide))
    if sr:
        segmentation_of_case(case)
    by_chance = case.method == "monte_carlo"
    if resume and not by_chance:
        raise ArgumentError(f"--resume applies only to method monte_carlo, got method {case.method}")
    state = state_in(out, resume=resume, overwrite=overwrite)
    folder = ResultFolder(out, "doses.json", FILES, overwrite=overwrite or (resume and state.exists()))
    import_ahead("matplotlib.figure", "matplotlib.backends.backend_agg")
    with timings() as seconds:
        with progress("Reading", quiet=json):
            inputs = read_case(case)
            record = record_case(case, inputs, anonymous=anonymous)
            evaluation.roles(inputs.structures)
            beneath = read_image(background, unit="HU") if background else None
        if by_chance:
            dosed = simulate_case(case, inputs, state, resume=resume, quiet=json, threads=threads)
        else:
            with draws_bar("Computing the absorbed dose", quiet=json) as on_draws:
                dosed = dose_case(case, inputs, on_draws=on_draws, threads=threads)
        with progress("Evaluating", quiet=json), stage("evaluation"):
            metrics, limits = evaluation.evaluate(dosed, threads=threads)
            evaluated = Evaluated(metrics=metrics, limits=limits, uncertainty=dosed.uncertainty)
            rows = [row | (dict(metrics.rows[str(row["structure"])]) if metrics else {}) for row in dosed.rows]
        with progress("Writing", quiet=json):
            advisories = write_case_rtdose(dosed, folder.path("dose.dcm")) if rtdose else ()
            dosed = replace(dosed, rows=rows)
            if sr:
                columns = metrics.columns if metrics else ()
                advisories = (*advisories, *write_case_report(dosed, folder.path("report.dcm"), columns))
            if dvh is not None:
                write_dvh(folder.path(f"dvh.{dvh}"), _shareable(dosed.histograms, record), dvh)
            told = (*dosed.result.advisories, *evaluated.advisories, *advisories)
            result, written = write_result(
                replace(dosed.result, advisories=told),
                dosed.structures,
                rows,
                folder,
                record=record,
                evaluated=evaluated,
                suffix=".nii.gz" if ".nii" in case.activity.suffixes else ".nrrd",
                background=beneath,
                isodoses_gy=isodose_gy,
                title=_title(record),
                page=_report_page(inputs, dosed.result.image, beneath, threads) if with_report else None,
            )
    report(result, rows, written, record=record, evaluated=evaluated, json=json)
    if timing:
        print_timings(seconds)
    run = result.provenance.monte_carlo
    if run is None or run["stop_reached"]:
        state.unlink(missing_ok=True)
    else:
        print_line("stopped:", "the same command with --resume continues the run", style="bold yellow", error=True)
        raise typer.Exit(INTERRUPTED)


def _shareable(histograms: dict[str, DoseVolumeHistogram], record: CaseRecord) -> dict[str, DoseVolumeHistogram]:
    return {record.shareable(name): histogram for name, histogram in histograms.items()}


def _report_page(inputs: CaseInputs, dose: Image, beneath: Image | None, threads: int | None) -> ReportPage:
    """Prepare the report, with the case's CT beneath the dose if no other image is given."""
    if beneath is None and inputs.ct is not None:
        beneath = on_grid_of(dose, inputs.ct, threads=threads)
    return ReportPage(background=beneath)


def _named(structure: Structure, name: str) -> Structure:
    """Return the same structure, a mask or contours, under another name."""
    changed = copy(structure)
    object.__setattr__(changed, "name", name)
    return changed


def _title(record: CaseRecord) -> str:
    """Return the patient, or else the file, and the date of the study."""
    paths = record.paths.get("activity", [])
    whose = record.patient.get("PatientID") or ", ".join(Path(path).name for path in paths)
    date = record.patient.get("StudyDate", "")
    date = f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else date
    return ", ".join(part for part in (whose, date or f"computed {record.created[:10]}") if part)


def write_result(
    result: DoseResult,
    structures: list[Structure],
    rows: list[Row],
    folder: ResultFolder,
    *,
    record: CaseRecord | None = None,
    evaluated: Evaluated | None = None,
    suffix: str = ".nrrd",
    background: Image | None = None,
    isodoses_gy: list[float] | None = None,
    title: str = "",
    page: ReportPage | None = None,
) -> tuple[DoseResult, list[Path]]:
    """Write dose map, table, picture, JSON and, with `page`, the report.

    The result is returned with the advisories of writing, and with the paths written.

    A picture that cannot be drawn gives a warning, because the doses are complete without it.
    """
    if record is not None and record.anonymous:
        # A structure's name may contain the patient's, so it is changed in table and picture as in the JSON.
        rows = record.shareable(rows)
        structures = [_named(structure, record.shareable(structure.name)) for structure in structures]
    with stage("writing"):
        write_image(result.image, folder.path(f"dose{suffix}"))
        if result.uncertainty is not None:
            write_image(result.uncertainty, folder.path(f"dose_uncertainty{suffix}"))
        write_csv(folder.path("doses.csv"), rows)
        if evaluated is not None and evaluated.limits is not None:
            limits = limit_rows(evaluated.limits)
            write_csv(folder.path("limits.csv"), limits if record is None else record.shareable(limits))
        if evaluated is not None and evaluated.uncertainty is not None:
            components = evaluated.uncertainty.rows()
            write_csv(folder.path("uncertainty.csv"), components if record is None else record.shareable(components))
    try:
        with stage("picture"):
            from ..report import dose_figure, save_figure

            figure = dose_figure(result, structures, background=background, isodoses_gy=isodoses_gy, title=title)
            save_figure(figure, folder.path("dose.png"))
    except Exception as error:
        folder.path("dose.png").unlink(missing_ok=True)
        if isinstance(error, GeometryError):
            raise
        failed = advise("picture_failed", reason=str(error) or type(error).__name__)
        result = replace(result, advisories=(*result.advisories, failed))
    written = folder.finish(_summary(result, rows, record, evaluated))
    if page is not None:
        with stage("report"):
            written.append(page.write(folder.index, result, structures, isodoses_gy))
    return result, written


def report(
    result: DoseResult,
    rows: list[Row],
    written: list[Path],
    *,
    json: bool,
    record: CaseRecord | None = None,
    evaluated: Evaluated | None = None,
) -> None:
    """Print the table with the assumptions, or the same as JSON."""
    if json:
        paths = [p.name if record and record.anonymous else str(p) for p in written]
        typer.echo(as_json(_summary(result, rows, record, evaluated) | {"written": paths}))
        return
    run = result.provenance.monte_carlo
    uncertainty = None if evaluated is None else evaluated.uncertainty
    title = f"Absorbed dose in Gy, {METHOD_NAMES[result.provenance.method]}"
    # The statistics of Monte Carlo are included in the uncertainty in the same table.
    statistics = run and uncertainty is None
    print_table(
        rows if uncertainty is None else rows_with_uncertainty(rows),
        title=title if uncertainty is None else f"{title}; ± one standard uncertainty (k = 1)",
        headings={name: heading for name, heading in HEADINGS.items() if statistics or name != "mean_uncertainty_gy"},
        to_the_right=tuple(UNCERTAINTY_COLUMNS),
    )
    print_recovered(rows)
    print_spheres(rows)
    if uncertainty is not None:
        print_uncertainty(uncertainty)
        print_draws(uncertainty)
    if run:
        print_line("simulated", in_words(run), wrap=True)
    if evaluated is not None and evaluated.metrics is not None:
        print_metrics(evaluated.metrics, rows)
    if evaluated is not None and evaluated.limits is not None:
        print_limits(evaluated.limits)
    print_advisories(result.advisories)
    if basis := result.provenance.scaling.get("time_basis"):
        print_line("time:", basis)
    print_written(written)
    print_line("", RESEARCH_USE)


def _summary(
    result: DoseResult, rows: list[Row], record: CaseRecord | None, evaluated: Evaluated | None
) -> dict[str, Any]:
    found = summary(result, rows) | ({} if evaluated is None else evaluated.as_dict())
    return found if record is None else record.as_dict() | record.shareable(found)
