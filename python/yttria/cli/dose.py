"""`yttria dose`: from an activity image and its structures to doses, files and a picture."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from .._core import Nuclide
from .._foundation.extras import import_ahead
from .._foundation.provenance import RESEARCH_USE
from .._foundation.timings import stage, timings
from ..advisory import advise
from ..case import Case, dose_case, read_case, summary, write_case_rtdose
from ..case_record import CaseRecord, record_case
from ..errors import ArgumentError, GeometryError, OutOfRangeError
from ..geometry.contours import END_CAPS, INTERPOLATIONS
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..io import read_image, write_image
from ..voxel import DoseResult, ct_density_curves
from ..voxel.ct_density import DEFAULT_CURVE
from ..voxel.density import LOW_DENSITY_VOXELS
from ..voxel.dose_image import DEFAULT_DENSITY_G_PER_ML, DEFAULT_MEDIUM, METHOD_NAMES, METHODS
from .options import choice
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, progress, write_csv
from .result_folder import ResultFolder
from .timings import print_timings

#: Names of the files that a run may write beside its index, doses.json.
FILES = ("dose.nrrd", "dose.nii.gz", "dose.dcm", "doses.csv", "dose.png")
HEADINGS = {
    "structure": "Structure",
    "volume_ml": "mL",
    "mean_gy": "Mean",
    "d95_gy": "D95",
    "d70_gy": "D70",
    "d50_gy": "D50",
    "maximum_gy": "Max",
}


def dose(
    activity: Annotated[
        Path,
        typer.Argument(
            help="Activity image: NRRD, NIfTI, MetaImage, Interfile, or a folder of DICOM.", show_default=False
        ),
    ],
    structures: Annotated[
        list[Path],
        typer.Option(
            "--structures",
            "-s",
            help="Segmentation: .seg.nrrd, a labelmap, a folder of masks, SEG or RTSTRUCT; repeat for more files.",
            show_default=False,
        ),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option(help="Report only structures whose names match, such as 'Tumor*'; repeat for more."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--except", help="Leave out structures whose names match, such as BODY; repeat for more."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for what is written.")] = Path("out"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results that the folder holds, as a whole set.")
    ] = False,
    anonymous: Annotated[
        bool,
        typer.Option("--anonymous", help="Leave patient name, dates and paths out; replace identifiers by hashes."),
    ] = False,
    unit: Annotated[
        str | None,
        typer.Option(
            help="Unit of the activity image (Bq/mL, kBq/mL, MBq/mL, counts); needed if the file states none."
        ),
    ] = None,
    scan_delay_h: Annotated[
        float | None,
        typer.Option(
            help="Hours from administration to the time the image's activity refers to; DICOM has it in its header. "
            "Absolute scaling."
        ),
    ] = None,
    series: Annotated[
        str | None, typer.Option(help="UID or number of the PET or SPECT series; needed if a DICOM folder has several.")
    ] = None,
    structures_series: Annotated[
        str | None,
        typer.Option(help="UID or number of the SEG or RTSTRUCT series; needed if a DICOM folder has several."),
    ] = None,
    structures_transform: Annotated[
        Path | None,
        typer.Option(
            help="Text file with the 4 x 4 matrix of a registration: structures' LPS mm to the activity's.",
            show_default=False,
        ),
    ] = None,
    contour_end_caps: Annotated[
        str, choice(END_CAPS, "RTSTRUCT: the last contour goes on for half a slice, or not at all.")
    ] = END_CAPS[0],
    contour_interpolation: Annotated[
        str,
        choice(
            INTERPOLATIONS, "RTSTRUCT: sections change from contour to contour, or each reaches half-way to the next."
        ),
    ] = INTERPOLATIONS[0],
    contour_slice_thickness_mm: Annotated[
        float | None,
        typer.Option(help="RTSTRUCT: needed by structures on a single plane, else the median distance of planes."),
    ] = None,
    contours_through_voxels_of: Annotated[
        Path | None,
        typer.Option(
            help="RTSTRUCT with contours through the voxel centers of this DICOM image: carried to the voxels' edges.",
            show_default=False,
        ),
    ] = None,
    sub_voxel_mm: Annotated[
        float | None,
        typer.Option(help="Doses of structures from parts of voxels, at most that long, with the dose interpolated."),
    ] = None,
    relative_to: Annotated[
        str | None,
        typer.Option(help="Structure that holds what the liver received. Relative scaling, from any counts."),
    ] = None,
    administered_activity_gbq: Annotated[
        float | None, typer.Option(help="Activity delivered to the patient: needed by relative scaling, else a check.")
    ] = None,
    residual_fraction: Annotated[
        float | None,
        typer.Option(help="Fraction left in vial and line; then --administered-activity-gbq is the vial's activity."),
    ] = None,
    lung_shunt_fraction: Annotated[
        float | None, typer.Option(help="Fraction of the activity that went to the lungs. Relative scaling.")
    ] = None,
    method: Annotated[str, choice(METHODS, "Dose model.")] = METHODS[0],
    medium: Annotated[
        str, typer.Option(help="Medium of the voxel S values; `yttria kernel --help` lists them.")
    ] = DEFAULT_MEDIUM,
    density_g_per_ml: Annotated[
        float, typer.Option(help="Density of the tissue; with --ct, of what lies beyond the CT.")
    ] = DEFAULT_DENSITY_G_PER_ML,
    ct: Annotated[
        Path | None,
        typer.Option(
            "--ct", help="CT on any grid: each voxel gets its own density. Local deposition.", show_default=False
        ),
    ] = None,
    ct_series: Annotated[
        str | None, typer.Option(help="UID or number of the CT series; needed if a DICOM folder has several.")
    ] = None,
    ct_curve: Annotated[
        str, typer.Option(help=f"From CT numbers to density: {', '.join(ct_density_curves())}.")
    ] = DEFAULT_CURVE,
    low_density_voxels: Annotated[
        str,
        choice(LOW_DENSITY_VOXELS, "Voxels below 0.05 g/mL: keep, clip to that density, zero their dose, or refuse."),
    ] = LOW_DENSITY_VOXELS[0],
    nuclide: Annotated[str, typer.Option(help=f"Dose factor: {', '.join(Nuclide.presets())}.")] = "EANM2022",
    negative_voxels: Annotated[str, choice(("keep", "clip"), "Keep or clip negative voxels.")] = "keep",
    background: Annotated[
        Path | None, typer.Option(help="Image on the same grid (a CT), drawn beneath the dose.", show_default=False)
    ] = None,
    isodose_gy: Annotated[list[float] | None, typer.Option(help="Level of an isodose line; repeat for more.")] = None,
    rtdose: Annotated[
        bool,
        typer.Option(
            "--rtdose", help="Write dose.dcm too; patient and frame of reference are those of the DICOM activity or CT."
        ),
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
    timing: Annotated[bool, typer.Option("--timings", help="Print where the time went, to the error stream.")] = False,
) -> None:
    """Absorbed dose map, doses per structure and a picture, from a post-treatment activity image.

    Writes dose.nrrd (or dose.nii.gz for a NIfTI image), doses.csv, doses.json and dose.png; with --rtdose dose.dcm,
    in which negative doses are 0.

    DICOM: yttria dose PET_FOLDER -s SEG.dcm (time and activity from the header; `yttria inspect` shows them)

    Absolute scaling: yttria dose PET.nrrd -s SEG.nrrd --unit Bq/mL --scan-delay-h 20.4 --administered-activity-gbq 1.4

    Relative scaling: yttria dose SPECT.nrrd -s SEG.nrrd --unit counts --relative-to Liver
    --administered-activity-gbq 1.4 --lung-shunt-fraction 0.05
    """
    if anonymous and rtdose:
        raise ArgumentError(
            "an RTDOSE holds the patient's name and identifiers: give --rtdose or --anonymous, not both"
        )
    for level in isodose_gy or ():
        if not 0.0 < level < math.inf:
            raise OutOfRangeError(f"level of an isodose line in Gy must be finite and > 0, got {level:g}")
    folder = ResultFolder(out, "doses.json", FILES, overwrite=overwrite)
    case = Case(
        activity=activity,
        structures=tuple(structures) if len(structures) > 1 else structures[0],
        only=";".join(only) if only else None,
        exclude=";".join(exclude) if exclude else None,
        series=series,
        unit=unit,
        scan_delay_h=scan_delay_h,
        relative_to=relative_to,
        administered_activity_gbq=administered_activity_gbq,
        residual_fraction=residual_fraction,
        lung_shunt_fraction=lung_shunt_fraction,
        method=method,
        medium=medium,
        density_g_per_ml=density_g_per_ml,
        nuclide=nuclide,
        negative_voxels=negative_voxels,
        ct=ct,
        ct_series=ct_series,
        ct_curve=ct_curve,
        low_density_voxels=low_density_voxels,
        structures_series=structures_series,
        structures_transform=structures_transform,
        contour_end_caps=contour_end_caps,
        contour_interpolation=contour_interpolation,
        contour_slice_thickness_mm=contour_slice_thickness_mm,
        contours_through_voxels_of=contours_through_voxels_of,
        sub_voxel_mm=sub_voxel_mm,
    )
    import_ahead("matplotlib.figure", "matplotlib.backends.backend_agg")
    with timings() as seconds:
        with progress("Reading", quiet=json):
            inputs = read_case(case)
            record = record_case(case, inputs, anonymous=anonymous)
            beneath = read_image(background, unit="HU") if background else None
        with progress("Computing the absorbed dose", quiet=json):
            dosed = dose_case(case, inputs, threads=threads)
        with progress("Writing", quiet=json):
            advisories = write_case_rtdose(dosed, folder.path("dose.dcm")) if rtdose else ()
            dosed = replace(dosed, result=replace(dosed.result, advisories=(*dosed.result.advisories, *advisories)))
            result, written = write_result(
                dosed.result,
                dosed.structures,
                dosed.rows,
                folder,
                record=record,
                suffix=".nii.gz" if ".nii" in activity.suffixes else ".nrrd",
                background=beneath,
                isodoses_gy=isodose_gy,
                title=_title(record),
            )
    report(result, dosed.rows, written, record=record, json=json)
    if timing:
        print_timings(seconds)


def _named(structure: Structure, name: str) -> Structure:
    """The same structure, masks or contours, under another name."""
    changed = copy(structure)
    object.__setattr__(changed, "name", name)
    return changed


def _title(record: CaseRecord) -> str:
    """The patient, or else the file, and the date of the study."""
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
    suffix: str = ".nrrd",
    background: Image | None = None,
    isodoses_gy: list[float] | None = None,
    title: str = "",
) -> tuple[DoseResult, list[Path]]:
    """Write dose map, table, picture and JSON; the result with what happened on the way, and the paths written.

    A picture that cannot be drawn is a warning: the numbers are there without it.
    """
    if record is not None and record.anonymous:
        # A name of a structure may hold the patient's: it is changed in table and picture as in the JSON.
        rows = record.shareable(rows)
        structures = [_named(structure, record.shareable(structure.name)) for structure in structures]
    with stage("writing"):
        write_image(result.image, folder.path(f"dose{suffix}"))
        write_csv(folder.path("doses.csv"), rows)
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
    return result, folder.finish(_summary(result, rows, record))


def report(
    result: DoseResult,
    rows: list[Row],
    written: list[Path],
    *,
    json: bool,
    record: CaseRecord | None = None,
) -> None:
    """Print the table with what was assumed, or the same as JSON."""
    if json:
        paths = [p.name if record and record.anonymous else str(p) for p in written]
        typer.echo(as_json(_summary(result, rows, record) | {"written": paths}))
        return
    print_table(
        rows,
        title=f"Absorbed dose in Gy, {METHOD_NAMES[result.provenance.method]}",
        headings=HEADINGS,
    )
    print_advisories(result.advisories)
    if basis := result.provenance.scaling.get("time_basis"):
        print_line("time", basis)
    print_written(written)
    print_line("", RESEARCH_USE)


def _summary(result: DoseResult, rows: list[Row], record: CaseRecord | None) -> dict[str, Any]:
    if record is None:
        return summary(result, rows)
    found: dict[str, Any] = record.shareable(summary(result, rows))
    return record.as_dict() | found
