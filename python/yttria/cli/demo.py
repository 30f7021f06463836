"""`yttria demo`: the main job, end to end, on a phantom whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .._foundation.choices import METHODS, Method
from ..case import summary
from ..geometry import Structure
from ..io import write_image, write_structures
from ..phantom import Phantom, liver_phantom
from ..voxel import AbsoluteScaling, density_image, dose_image
from ..voxel.superposed_image import NEAR_ACTIVITY_MM, within_mm
from .dose import FILES, write_result
from .options import choice
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, progress
from .result_folder import ResultFolder


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for what is written.")] = Path("out/demo"),
    blur_fwhm_mm: Annotated[float, typer.Option(help="Full width at half maximum of the camera's blur.")] = 5.0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results that the folder holds, as a whole set.")
    ] = False,
    method: Annotated[
        Method, choice(METHODS[1:], "Method of the dose map and picture, beside local deposition.")
    ] = METHODS[1],
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Dose a digital phantom with known truth: activity image and structures in; dose map, table and picture out.

    The phantom's image and segmentation are written beside the result, ready for `yttria dose`. With superposition,
    voxel S values are shown too, and lung near the liver, where the methods differ.
    """
    made = ("activity.nrrd", "ct.nrrd", "structures.seg.nrrd")
    folder = ResultFolder(out, "doses.json", (*FILES, *made), overwrite=overwrite)
    with progress("Making the phantom", quiet=json):
        phantom = liver_phantom(blur_fwhm_mm=blur_fwhm_mm)
    parts = list(phantom.structures)
    scaling = AbsoluteScaling(
        scan_delay_h=phantom.scan_delay_h, administered_activity_gbq=phantom.administered_activity_gbq
    )
    by_rays = method == "superposition"
    with progress(f"Computing the absorbed dose by {'three' if by_rays else 'two'} methods", quiet=json):
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
        if by_rays:
            shown = dose_image(
                phantom.activity,
                scaling=scaling,
                method="superposition",
                density=density_image(phantom.ct, out_of_range="clamp", threads=threads),
                density_g_per_ml=phantom.density_g_per_ml,
                threads=threads,
            )
            parts.append(_lung_near_liver(phantom))
    with progress("Writing", quiet=json):
        doses = [row.as_dict() for row in shown.table(parts)]
        write_image(phantom.activity, folder.path("activity.nrrd"))
        write_image(phantom.ct, folder.path("ct.nrrd"))
        write_structures(phantom.structures, folder.path("structures.seg.nrrd"))
        shown, written = write_result(shown, parts, doses, folder, background=phantom.ct, title="Digital phantom")

    by_local = {row.structure: row for row in local.table(parts)}
    by_kernel = {row.structure: row for row in convolved.table(parts)}
    rows: list[Row] = [
        {
            "structure": row["structure"],
            "volume_ml": row["volume_ml"],
            "true_mean_gy": phantom.mean_dose_gy.get(str(row["structure"])),
            "local_deposition_mean_gy": by_local[row["structure"]].mean_gy,
            "voxel_s_values_mean_gy": by_kernel[row["structure"]].mean_gy,
            **({"superposition_mean_gy": row["mean_gy"]} if by_rays else {}),
            f"{method}_d70_gy": row["d70_gy"],
        }
        for row in doses
    ]
    if json:
        text = summary(shown, doses) | {"truth": rows, "written": [str(p) for p in written]}
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
            **({"superposition_mean_gy": "Superposition"} if by_rays else {}),
            f"{method}_d70_gy": "D70",
        },
    )
    print_advisories(shown.advisories)
    print_line(
        "",
        "The truth is by local deposition without blur. The tumors lack what blur and range carry out of them.",
        wrap=True,
    )
    print_written(written)


def _lung_near_liver(phantom: Phantom) -> Structure:
    """Voxels of lung with a voxel of liver within 15 mm along each axis."""
    grid = phantom.activity
    liver, lungs = (
        structure.voxel_fractions_on(grid).to_array() > 0.5 for structure in (phantom.structures[0], phantom.lungs)
    )
    near = within_mm(liver, NEAR_ACTIVITY_MM, grid.voxel_size_mm)
    return Structure("Lung near the liver", near & lungs, grid.affine_lps)
