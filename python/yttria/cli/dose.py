"""`yttria dose`: from an activity image and its structures to doses, files and a picture."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .. import Nuclide
from ..case import Case, DosedCase, dose_case, read_case, summary, write_case_rtdose
from ..image import Image
from ..io import read_image, write_image
from ..structure import Structure
from ..voxel import DoseResult, ct_density_curves
from ..voxel.ct_density import DEFAULT_CURVE
from ..voxel.dose_image import DEFAULT_DENSITY_G_PER_ML, DEFAULT_MEDIUM
from .output import Row, as_json, print_advisories, print_table, progress, write_csv


class Method(str, Enum):
    """How energy is carried from where it decays to where it is absorbed."""

    local_deposition = "local-deposition"
    voxel_s_values = "voxel-s-values"


class NegativeVoxels(str, Enum):
    """What becomes of negative voxels, which reconstructions of low counts have."""

    keep = "keep"
    clip = "clip"


class LowDensity(str, Enum):
    """What becomes of voxels that hold almost no mass."""

    keep = "keep"
    clip = "clip"
    zero = "zero"
    refuse = "refuse"


class EndCaps(str, Enum):
    """Where a structure of contours ends."""

    half_slice = "half-slice"
    none = "none"


class Interpolation(str, Enum):
    """What lies between two contours."""

    shape = "shape"
    none = "none"


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
        Path, typer.Argument(help="Activity image: NRRD, NIfTI, or a folder of DICOM.", show_default=False)
    ],
    structures: Annotated[
        Path,
        typer.Option(
            "--structures",
            "-s",
            help="Segmentation: .seg.nrrd, a NIfTI labelmap, or DICOM SEG or RTSTRUCT.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for what is written.")] = Path("out"),
    unit: Annotated[
        str | None,
        typer.Option(help="Unit of the activity image (Bq/mL, kBq/mL, MBq/mL, counts), where the file has none."),
    ] = None,
    scan_delay_h: Annotated[
        float | None,
        typer.Option(
            help="Hours from administration to the time the image's activity refers to; DICOM has it in its header. "
            "Absolute scaling."
        ),
    ] = None,
    series: Annotated[
        str | None, typer.Option(help="UID or number of the PET or SPECT series, where a DICOM folder has several.")
    ] = None,
    structures_series: Annotated[
        str | None, typer.Option(help="UID or number of the SEG or RTSTRUCT series, where a DICOM folder has several.")
    ] = None,
    structures_transform: Annotated[
        Path | None,
        typer.Option(
            help="Text file with the 4 x 4 matrix of a registration: structures' LPS mm to the activity's.",
            show_default=False,
        ),
    ] = None,
    contour_end_caps: Annotated[
        EndCaps, typer.Option(help="RTSTRUCT: the last contour goes on for half a slice, or not at all.")
    ] = EndCaps.half_slice,
    contour_interpolation: Annotated[
        Interpolation,
        typer.Option(help="RTSTRUCT: sections change from contour to contour, or each reaches half-way to the next."),
    ] = Interpolation.shape,
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
    administered_gbq: Annotated[
        float | None, typer.Option(help="Activity delivered to the patient: needed by relative scaling, else a check.")
    ] = None,
    residual_fraction: Annotated[
        float | None,
        typer.Option(help="Fraction left in vial and line; then --administered-gbq is the vial's activity."),
    ] = None,
    lung_shunt_fraction: Annotated[
        float | None, typer.Option(help="Fraction of the activity that went to the lungs. Relative scaling.")
    ] = None,
    method: Annotated[Method, typer.Option(help="Dose model.")] = Method.local_deposition,
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
        str | None, typer.Option(help="UID or number of the CT series, where a DICOM folder has several.")
    ] = None,
    ct_curve: Annotated[
        str, typer.Option(help=f"From CT numbers to density: {', '.join(ct_density_curves())}.")
    ] = DEFAULT_CURVE,
    low_density: Annotated[
        LowDensity,
        typer.Option(help="Voxels below 0.05 g/mL: keep, clip to that density, zero their dose, or refuse."),
    ] = LowDensity.keep,
    convention: Annotated[str, typer.Option(help=f"Dose factor: {', '.join(Nuclide.presets())}.")] = "EANM2022",
    negative_voxels: Annotated[
        NegativeVoxels, typer.Option(help="Keep or clip negative voxels.")
    ] = NegativeVoxels.keep,
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
    threads: Annotated[int | None, typer.Option(help="Threads; all processors where not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Absorbed dose map, doses per structure and a picture, from a post-treatment activity image.

    Writes dose.nrrd (or dose.nii.gz for a NIfTI image), doses.csv, doses.json and dose.png; with --rtdose dose.dcm,
    in which negative doses are 0.

    DICOM: yttria dose PET_FOLDER -s SEG.dcm (time and activity from the header; `yttria inspect` shows them)

    Absolute scaling: yttria dose PET.nrrd -s SEG.seg.nrrd --unit Bq/mL --scan-delay-h 20.4 --administered-gbq 1.4

    Relative scaling: yttria dose SPECT.nrrd -s SEG.seg.nrrd --unit counts --relative-to Liver --administered-gbq 1.4
    --lung-shunt-fraction 0.05
    """
    case = Case(
        activity=activity,
        structures=structures,
        series=series,
        unit=unit,
        scan_delay_h=scan_delay_h,
        relative_to=relative_to,
        administered_gbq=administered_gbq,
        residual_fraction=residual_fraction,
        lung_shunt_fraction=lung_shunt_fraction,
        method=method.name,
        medium=medium,
        density_g_per_ml=density_g_per_ml,
        convention=convention,
        negative_voxels=negative_voxels.value,
        ct=ct,
        ct_series=ct_series,
        ct_curve=ct_curve,
        low_density_voxels=low_density.value,
        structures_series=structures_series,
        structures_transform=structures_transform,
        contour_end_caps=contour_end_caps.name,
        contour_interpolation=contour_interpolation.name,
        contour_slice_thickness_mm=contour_slice_thickness_mm,
        contours_through_voxels_of=contours_through_voxels_of,
        sub_voxel_mm=sub_voxel_mm,
    )
    with progress("Reading", quiet=json):
        inputs = read_case(case)
        beneath = read_image(background, unit="HU") if background else None
    with progress("Computing the absorbed dose", quiet=json):
        dosed = dose_case(case, inputs, threads=threads)
    with progress("Writing", quiet=json):
        if rtdose:
            dosed = _with_rtdose(dosed, out)
        suffix = ".nii.gz" if ".nii" in activity.suffixes else ".nrrd"
        written = write_result(
            dosed.result,
            dosed.structures,
            dosed.rows,
            out,
            suffix=suffix,
            background=beneath,
            isodoses_gy=isodose_gy,
        )
    report(dosed.result, dosed.rows, [*written, *([out / "dose.dcm"] if rtdose else [])], json=json)


def _with_rtdose(dosed: DosedCase, out: Path) -> DosedCase:
    """Write dose.dcm; the case with what a reader of that file must know."""
    out.mkdir(parents=True, exist_ok=True)
    advisories = write_case_rtdose(dosed, out / "dose.dcm")
    return replace(dosed, result=replace(dosed.result, advisories=(*dosed.result.advisories, *advisories)))


def write_result(
    result: DoseResult,
    structures: list[Structure],
    rows: list[Row],
    out: Path,
    *,
    suffix: str = ".nrrd",
    background: Image | None = None,
    isodoses_gy: list[float] | None = None,
    title: str = "",
) -> list[Path]:
    """Write dose map, table, JSON and picture; the paths written."""
    from ..report import dose_figure, save_figure

    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"dose{suffix}", out / "doses.csv", out / "doses.json", out / "dose.png"]
    write_image(result.image, paths[0])
    write_csv(paths[1], rows)
    paths[2].write_text(as_json(summary(result, rows)) + "\n", encoding="utf-8")
    figure = dose_figure(result, structures, background=background, isodoses_gy=isodoses_gy, title=title)
    save_figure(figure, paths[3])
    return paths


def report(result: DoseResult, rows: list[Row], written: list[Path], *, json: bool) -> None:
    """Print the table with what was assumed, or the same as JSON."""
    if json:
        typer.echo(as_json(summary(result, rows) | {"written": [str(p) for p in written]}))
        return
    print_table(
        rows,
        title=f"Absorbed dose in Gy, {result.provenance.method.replace('_', ' ')}",
        headings=HEADINGS,
    )
    print_advisories(result.advisories)
    console = Console()
    if basis := result.provenance.scaling.get("time_basis"):
        console.print(f"[dim]time[/] {basis}", highlight=False, soft_wrap=True)
    for path in written:
        console.print(f"[dim]wrote[/] {path}", highlight=False, soft_wrap=True)
