"""`yttria demo`: the main job, end to end, on a phantom whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..case import summary
from ..io import write_image, write_structures
from ..phantom import liver_phantom
from ..voxel import AbsoluteScaling, dose_image
from .dose import FILES, write_result
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, progress
from .result_folder import ResultFolder


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for what is written.")] = Path("out/demo"),
    blur_fwhm_mm: Annotated[float, typer.Option(help="Full width at half maximum of the camera's blur.")] = 5.0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results that the folder holds, as a whole set.")
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Dose a digital phantom with known truth: activity image and structures in; dose map, table and picture out.

    The phantom's image and segmentation are written beside the result, ready for `yttria dose`.
    """
    made = ("activity.nrrd", "ct.nrrd", "structures.seg.nrrd")
    folder = ResultFolder(out, "doses.json", (*FILES, *made), overwrite=overwrite)
    with progress("Making the phantom", quiet=json):
        phantom = liver_phantom(blur_fwhm_mm=blur_fwhm_mm)
    parts = list(phantom.structures)
    scaling = AbsoluteScaling(
        scan_delay_h=phantom.scan_delay_h, administered_activity_gbq=phantom.administered_activity_gbq
    )
    with progress("Computing the absorbed dose by two methods", quiet=json):
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
    with progress("Writing", quiet=json):
        doses = [row.as_dict() for row in convolved.table(parts)]
        write_image(phantom.activity, folder.path("activity.nrrd"))
        write_image(phantom.ct, folder.path("ct.nrrd"))
        write_structures(phantom.structures, folder.path("structures.seg.nrrd"))
        convolved, written = write_result(
            convolved, parts, doses, folder, background=phantom.ct, title="Digital phantom"
        )

    by_local = {row.structure: row for row in local.table(parts)}
    rows: list[Row] = [
        {
            "structure": row["structure"],
            "volume_ml": row["volume_ml"],
            "true_mean_gy": phantom.mean_dose_gy[str(row["structure"])],
            "local_deposition_mean_gy": by_local[row["structure"]].mean_gy,
            "voxel_s_values_mean_gy": row["mean_gy"],
            "voxel_s_values_d70_gy": row["d70_gy"],
        }
        for row in doses
    ]
    if json:
        text = summary(convolved, doses) | {"truth": rows, "written": [str(p) for p in written]}
        typer.echo(as_json(text))
        return
    print_table(
        rows,
        title=f"{phantom.administered_activity_gbq:g} GBq to the liver artery, "
        f"lung shunt {phantom.lung_shunt_fraction:g}, scan after {phantom.scan_delay_h:g} h, "
        f"blur {blur_fwhm_mm:g} mm; doses in Gy",
        headings={
            "structure": "Structure",
            "volume_ml": "mL",
            "true_mean_gy": "True mean",
            "local_deposition_mean_gy": "Local deposition",
            "voxel_s_values_mean_gy": "Voxel S values",
            "voxel_s_values_d70_gy": "D70",
        },
    )
    print_advisories(convolved.advisories)
    print_line(
        "",
        "The truth is by local deposition without blur. The tumors lack what blur and range carry out of them.",
        wrap=True,
    )
    print_written(written)
