"""`yttria compare`: differences between two dose maps, and between the doses of structures in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console

from .._core import __version__
from .._foundation.choices import (
    REFERENCE_EDGES,
    RESAMPLING_METHODS,
    ReferenceEdge,
    ResamplingMethod,
    Unit,
)
from .._foundation.provenance import RESEARCH_USE
from ..advisory import Advisory, advise
from ..case.record import describe_inputs, utc_now
from ..case.stored import isotope_of_map
from ..evaluation import DoseComparison, compare_doses
from ..io import read_image, read_structures, write_image
from ..io.opened import opened_files
from .budgets import Common, common_sources, print_uncertain_differences, read_budgets
from .options import choice
from .output import as_json, print_advisories, print_table, print_written, progress, write_csv
from .report import check_extra, write_comparison_report
from .result_folder import ResultFolder

#: Names of the files that a run may write in addition to its index, comparison.json.
FILES = tuple(
    f"{name}{suffix}"
    for name, suffixes in (
        ("differences", (".csv",)),
        ("dose_volume", (".csv",)),
        ("isodoses", (".csv",)),
        ("difference", (".nrrd", ".nii.gz")),
        ("gamma", (".nrrd", ".nii.gz")),
        ("comparison", (".png",)),
        ("report", (".html",)),
    )
    for suffix in suffixes
)


def compare(
    a: Annotated[
        Path,
        typer.Argument(help="Dose map A, the reference: RTDOSE, NRRD, NIfTI, MetaImage or 3ddose.", show_default=False),
    ],
    b: Annotated[Path, typer.Argument(help="Dose map B, which is evaluated.", show_default=False)],
    structures: Annotated[
        Path | None,
        typer.Option(
            "--structures",
            "-s",
            help="Segmentation: .seg.nrrd, a labelmap, a folder of masks, SEG or RTSTRUCT.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out/compare"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the existing results of the folder as a whole set.")
    ] = False,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Leave out file names and paths.")] = False,
    unit_a: Annotated[
        str | None, typer.Option(help="Unit of A (Gy, mGy); needed if the file states none.", show_default=False)
    ] = None,
    unit_b: Annotated[
        str | None, typer.Option(help="Unit of B (Gy, mGy); needed if the file states none.", show_default=False)
    ] = None,
    resample_b: Annotated[
        ResamplingMethod | None,
        choice(RESAMPLING_METHODS, "Resample B on the grid of A; without it, another grid is an error."),
    ] = None,
    beyond_b_gy: Annotated[
        float | None,
        typer.Option(
            help="Dose in voxels of A beyond B if B is resampled; without it, such voxels are an error.",
            show_default=False,
        ),
    ] = None,
    dose_fraction: Annotated[
        float, typer.Option(help="Gamma's dose criterion as a fraction of the normalization dose.")
    ] = 0.03,
    distance_mm: Annotated[float, typer.Option(help="Gamma's distance criterion.")] = 3.0,
    local: Annotated[bool, typer.Option("--local", help="Gamma's dose criterion follows each voxel's dose.")] = False,
    cutoff_fraction: Annotated[
        float, typer.Option(help="Voxels of A below this fraction of the normalization dose are left out.")
    ] = 0.1,
    normalization_gy: Annotated[
        float | None, typer.Option(help="Normalization dose; the maximum of A if not given.", show_default=False)
    ] = None,
    maximum_gamma: Annotated[float, typer.Option(help="Largest gamma; the search ends there.")] = 2.0,
    reference_edge: Annotated[
        ReferenceEdge, choice(REFERENCE_EDGES, "Treatment of voxels of A outside the grid of B.")
    ] = "exclude",
    uncertainty_a: Annotated[
        Path | None,
        typer.Option(help="Result of `yttria dose` with the uncertainties of A: its folder, or doses.json."),
    ] = None,
    uncertainty_b: Annotated[
        Path | None, typer.Option(help="Result of `yttria dose` with the uncertainties of B.")
    ] = None,
    common: Common = None,
    isodose_gy: Annotated[list[float] | None, typer.Option(help="Isodose level in Gy; repeat for more.")] = None,
    with_report: Annotated[
        bool, typer.Option("--report", help="Also write report.html, one page to read, print and file.")
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of tables.")] = False,
) -> None:
    """Compare dose map B with dose map A: differences, doses of structures, isodoses, gamma index.

    Writes comparison.json, the tables as CSV, the maps difference (B - A) and gamma (NIfTI if A is, else NRRD), and
    comparison.png.
    """
    if with_report:
        check_extra()
    folder = ResultFolder(out, "comparison.json", FILES, overwrite=overwrite)
    with progress("Reading", quiet=json):
        with opened_files() as files_a:
            dose_a = read_image(a, unit=cast("Unit | None", unit_a))
        with opened_files() as files_b:
            dose_b = read_image(b, unit=cast("Unit | None", unit_b))
        with opened_files() as files_s:
            parts = read_structures(structures) if structures else []
        with opened_files() as files_u:
            budgets = [[] if path is None else read_budgets(path) for path in (uncertainty_a, uncertainty_b)]
    files = {"a": files_a, "b": files_b, "structures": files_s} | ({"uncertainty": files_u} if files_u else {})
    inputs = describe_inputs(files, anonymous=anonymous)
    with progress("Comparing", quiet=json):
        result = compare_doses(
            dose_a,
            dose_b,
            parts,
            resample_b=resample_b,
            beyond_b_gy=beyond_b_gy,
            isodoses_gy=isodose_gy,
            dose_difference_fraction=dose_fraction,
            distance_mm=distance_mm,
            lower_dose_cutoff_fraction=cutoff_fraction,
            local=local,
            normalization_gy=normalization_gy,
            maximum_gamma=maximum_gamma,
            reference_edge=reference_edge,
            budgets_a=budgets[0],
            budgets_b=budgets[1],
            common_sources=common_sources(common, *budgets),
            threads=threads,
        )
    result = replace(result, advisories=(*_nuclides_differ(a, b), *result.advisories))
    with progress("Writing", quiet=json):
        suffix = ".nii.gz" if ".nii" in a.suffixes else ".nrrd"
        title = "" if anonymous else f"B: {b}, compared with A: {a}"
        written = _write(result, folder, suffix, inputs, title=title)
        if with_report:
            written.append(write_comparison_report(folder.index))
    if json:
        paths = [p.name if anonymous else str(p) for p in written]
        typer.echo(as_json(_summary(result, inputs) | {"written": paths}))
        return
    _report(result, written)


def _nuclides_differ(a: Path, b: Path) -> tuple[Advisory, ...]:
    """Warn if the results that the maps belong to state different isotopes."""
    isotopes = [isotope_of_map(path) for path in (a, b)]
    if None in isotopes or isotopes[0] == isotopes[1]:
        return ()
    return (
        advise(
            "doses_of_different_nuclides",
            a="Dose map A",
            b="dose map B",
            isotope_a=isotopes[0],
            isotope_b=isotopes[1],
        ),
    )


def _summary(result: DoseComparison, inputs: dict[str, Any]) -> dict[str, object]:
    return {
        "yttria_version": __version__,
        "created": utc_now(),
        "inputs": inputs,
        **result.as_dict(),
        "statement": RESEARCH_USE,
    }


def _write(
    result: DoseComparison, folder: ResultFolder, suffix: str, inputs: dict[str, Any], *, title: str
) -> list[Path]:
    from ..report import comparison_figure, save_figure

    plain = result.as_dict()
    for name in ("differences", "dose_volume", "isodoses"):
        if plain[name]:
            write_csv(folder.path(f"{name}.csv"), plain[name])
    for name, image in {"difference": result.difference, "gamma": result.gamma_map}.items():
        write_image(image, folder.path(f"{name}{suffix}"))
    save_figure(comparison_figure(result, title=title), folder.path("comparison.png"))
    return folder.finish(_summary(result, inputs))


def _report(result: DoseComparison, written: list[Path]) -> None:
    console = Console()
    print_table(
        [row.as_dict() for row in result.differences],
        title="Doses in Gy; quantiles and maximum of |B - A|; fraction with gamma <= 1",
        headings={
            "structure": "Structure",
            "volume_ml": "mL",
            "mean_a_gy": "Mean A",
            "mean_difference_gy": "B - A",
            "q75_gy": "q75",
            "q99_gy": "q99",
            "maximum_gy": "Max",
            "gamma_passing_fraction": "Gamma",
        },
    )
    if result.uncertainty:
        print_uncertain_differences(result.uncertainty)
    if result.dose_volume:
        print_table(
            [row.as_dict() for row in result.dose_volume],
            title="Dose-volume histograms, Gy",
            headings={
                "structure": "Structure",
                "quantity": "Quantity",
                "a_gy": "A",
                "b_gy": "B",
                "difference_gy": "B - A",
            },
        )
    print_table(
        [row.as_dict() for row in result.isodoses],
        title="Isodose volumes, mL",
        headings={"level_gy": "Gy", "volume_a_ml": "A", "volume_b_ml": "B", "dice": "Dice"},
    )
    worst, gamma = result.worst, result.gamma
    x, y, z = worst.position_lps_mm
    console.print(
        f"Largest difference: {worst.difference_gy:+.4g} Gy ({worst.a_gy:.4g} to {worst.b_gy:.4g}) at voxel (k, j, i) "
        f"= {worst.voxel}, ({x:.1f}, {y:.1f}, {z:.1f}) mm LPS.",
        highlight=False,
    )
    kind = "the voxel's dose" if gamma.local else f"{gamma.normalization_gy:.4g} Gy"
    console.print(
        f"Gamma {gamma.dose_difference_fraction:.2%} of {kind}, {gamma.distance_mm:g} mm: "
        f"[bold]{gamma.passing_fraction:.2%}[/] of {gamma.evaluated_voxels} voxels pass "
        f"(from {gamma.lower_dose_cutoff_fraction:.0%} of {gamma.normalization_gy:.4g} Gy up), "
        f"mean {gamma.mean_gamma:.3f}.",
        highlight=False,
    )
    print_advisories(result.advisories)
    print_written(written)
