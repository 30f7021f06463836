"""`yttria demo`: planning and dosimetry from images to report, on a phantom with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .._foundation.choices import METHOD_NAMES, METHODS, Method
from ..case import summary
from ..errors import ResultsExistError
from ..geometry import Structure
from ..io import write_image, write_structures
from ..phantom import Phantom, liver_phantom, write_dicom_study, write_planning_dicom_study
from ..voxel import AbsoluteScaling, density_image, dose_image
from ..voxel.superposed_image import NEAR_ACTIVITY_MM, within_mm
from .demo_planning import FILES as PLANNING_FILES
from .demo_planning import plan_phantom, print_plan
from .dose import FILES, write_result
from .options import choice
from .output import Row, as_json, print_advisories, print_line, print_table, progress
from .report import ReportPage, can_report
from .result_folder import ResultFolder

#: Decays that the demo simulates. They take seconds and give the mean of its smaller tumor a standard uncertainty of
#: 0.4 %.
DEMO_HISTORIES = 2_000_000


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out/demo"),
    blur_fwhm_mm: Annotated[float, typer.Option(help="Full width at half maximum of the camera's blur.")] = 5.0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the existing results of the folder as a whole set.")
    ] = False,
    method: Annotated[
        Method, choice(METHODS[1:], "Method of the dose map and picture, in addition to local deposition.")
    ] = METHODS[1],
    dicom: Annotated[
        bool,
        typer.Option(
            "--dicom", help="Also write PET, SPECT, CT and segmentations as DICOM, into the subfolder `dicom`."
        ),
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Plan and dose a phantom with known truth: images in; plan, dose map, table, picture and report out.

    The images and segmentations are written to the same folder, ready for `yttria plan --from` and `yttria dose`. With
    superposition or Monte Carlo, voxel S values are shown too, and lung near the liver, where the methods differ.
    """
    made = ("activity.nrrd", "ct.nrrd", "structures.seg.nrrd", *PLANNING_FILES)
    folder = ResultFolder(out, "doses.json", (*FILES, *made), overwrite=overwrite)
    study = out / "dicom"
    if dicom and not overwrite and any(study.rglob("*.dcm")):
        raise ResultsExistError(
            f"{study}: holds DICOM already: choose another folder (--out), or replace it (--overwrite)"
        )
    with progress("Planning", quiet=json):
        planned = plan_phantom(folder, blurred=blur_fwhm_mm > 0.0)
    with progress("Making the treated phantom", quiet=json):
        phantom = liver_phantom(blur_fwhm_mm=blur_fwhm_mm)
    parts = list(phantom.structures)
    scaling = AbsoluteScaling(
        scan_delay_h=phantom.scan_delay_h, administered_activity_gbq=phantom.administered_activity_gbq
    )
    by_density = method in ("superposition", "monte_carlo")
    with progress(f"Computing the absorbed dose by {'three' if by_density else 'two'} methods", quiet=json):
        local = dose_image(
            phantom.activity,
            scaling=scaling,
            method="local_deposition",
            density_g_per_ml=phantom.density_g_per_ml,
            threads=threads,
        )
        convolved = dose_image(
            phantom.activity,
            scaling=scaling,
            method="voxel_s_values",
            medium="liver",
            density_g_per_ml=phantom.density_g_per_ml,
            threads=threads,
        )
        shown = convolved
        if by_density:
            parts.append(_lung_near_liver(phantom))
            shown = dose_image(
                phantom.activity,
                scaling=scaling,
                method=method,
                density=density_image(phantom.ct, out_of_range="clamp", threads=threads),
                density_g_per_ml=phantom.density_g_per_ml if method == "superposition" else None,
                histories=DEMO_HISTORIES if method == "monte_carlo" else None,
                structures=parts,
                threads=threads,
            )
    with progress("Writing", quiet=json):
        doses = [row.as_dict() for row in shown.table(parts)]
        write_image(phantom.activity, folder.path("activity.nrrd"))
        write_image(phantom.ct, folder.path("ct.nrrd"))
        write_structures(phantom.structures, folder.path("structures.seg.nrrd"))
        page = ReportPage(background=phantom.ct, plan=planned.plan.as_dict()) if can_report() else None
        shown, written = write_result(
            shown, parts, doses, folder, background=phantom.ct, title="Digital phantom", page=page
        )

    if dicom:
        with progress("Writing DICOM", quiet=json):
            written += write_dicom_study(phantom, study / "treatment")
            written += write_planning_dicom_study(planned.phantom, study / "planning")

    by_local = {row.structure: row for row in local.table(parts)}
    by_kernel = {row.structure: row for row in convolved.table(parts)}
    planned_gy = planned.planned_mean_gy()
    rows: list[Row] = [
        {
            "structure": row["structure"],
            "volume_ml": row["volume_ml"],
            "planned_mean_gy": planned_gy.get(str(row["structure"])),
            "true_mean_gy": phantom.mean_dose_gy.get(str(row["structure"])),
            "local_deposition_mean_gy": by_local[row["structure"]].mean_gy,
            "voxel_s_values_mean_gy": by_kernel[row["structure"]].mean_gy,
            **({f"{method}_mean_gy": row["mean_gy"]} if by_density else {}),
            f"{method}_d70_gy": row["d70_gy"],
        }
        for row in doses
    ]
    if json:
        text = summary(shown, doses) | {"truth": rows, "planning": planned.as_dict()}
        typer.echo(as_json(text | {"written": [str(p) for p in written]}))
        return
    print_plan(planned)
    print_line("", "")
    print_table(
        rows,
        title=f"After treatment: {phantom.administered_activity_gbq:g} GBq to the liver artery, "
        f"lung shunt {phantom.lung_shunt_fraction:g}, scan after {phantom.scan_delay_h:g} h, "
        f"blur {blur_fwhm_mm:g} mm; doses in Gy",
        headings={
            "structure": "Structure",
            "volume_ml": "mL",
            "planned_mean_gy": "Planned",
            "true_mean_gy": "True mean",
            "local_deposition_mean_gy": "Local deposition",
            "voxel_s_values_mean_gy": "Voxel S values",
            **({f"{method}_mean_gy": _capitalized(METHOD_NAMES[method])} if by_density else {}),
            f"{method}_d70_gy": "D70",
        },
    )
    print_advisories(shown.advisories)
    print_line(
        "",
        "The truth is computed by local deposition without blur. Blur and the range of the electrons lower the mean "
        "doses of the tumors.",
        wrap=True,
    )
    names = ", ".join(path.name for path in written if study not in path.parents) + (", dicom" if dicom else "")
    print_line("wrote", f"{len(written)} files into {out}: {names}", wrap=True)


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lung_near_liver(phantom: Phantom) -> Structure:
    """Find the voxels of lung that have a voxel of liver within 15 mm along each axis."""
    grid = phantom.activity
    liver, lungs = (
        structure.voxel_fractions_on(grid).to_array() > 0.5 for structure in (phantom.structures[0], phantom.lungs)
    )
    near = within_mm(liver, NEAR_ACTIVITY_MM, grid.voxel_size_mm)
    return Structure("Lung near the liver", near & lungs, grid.affine_lps)
