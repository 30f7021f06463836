"""`yttria accumulate`: sum of the doses of several treatments from the folders of their results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .._core import Nuclide, __version__
from .._foundation.choices import RESAMPLING_METHODS, ResamplingMethod
from .._foundation.provenance import RESEARCH_USE
from ..advisory import Advisory
from ..case import StoredResult, read_stored_result
from ..case.record import describe_inputs, utc_now
from ..errors import ArgumentError
from ..evaluation import AccumulatedDose, TreatmentDose, accumulate_doses
from ..geometry.image import Image
from ..io import read_transform, write_image
from ..io.opened import opened_files
from ..planning import (
    DeliveredRoles,
    PriorDoses,
    TissueParameters,
    delivered_limits,
    delivered_roles,
    prior_doses,
    tissue_parameters,
)
from .evaluation_options import stated_roles
from .options import choice
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, progress, write_csv
from .result_folder import ResultFolder

FILES = (
    "dose_sum.nrrd",
    "bed_tumor.nrrd",
    "bed_normal_liver.nrrd",
    "bed_lung.nrrd",
    "accumulated.csv",
)
#: Word for "no transform" among several transforms.
_NONE = "none"


def accumulate(
    results: Annotated[
        list[Path],
        typer.Argument(
            help="Folders of `yttria dose`, the earliest treatment first; the last has grid and structures.",
            show_default=False,
        ),
    ],
    transform: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Registration of a treatment to the last, in their order, or '{_NONE}': text, ITK .tfm or DICOM REG.",
            show_default=False,
        ),
    ] = None,
    resample: Annotated[
        ResamplingMethod, choice(RESAMPLING_METHODS, "Method of resampling a dose on the common grid.")
    ] = "average",
    role: Annotated[
        list[str] | None,
        typer.Option(help="ROLE=PATTERN if not clear from names, as for `yttria dose`.", show_default=False),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(help="Sum BED with a published set, or own values; repeat for more.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out/accumulate"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the existing results of the folder as a whole set.")
    ] = False,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Leave out file names and paths.")] = False,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Add up the doses of several treatments: doses and BED of structures, and the prior doses for the next plan.

    Writes dose_sum.nrrd, accumulated.csv and accumulated.json; with --parameters also the sum of the BED of each
    tissue. The next treatment uses the sum by `yttria dose --limits GUIDELINE --prior FOLDER`.

    yttria accumulate out/march out/june --transform march_to_june.tfm --parameters liver-cremonesi-2008
    """
    if len(results) < 2:
        raise ArgumentError("give the results of at least two treatments, got one")
    transforms = list(transform or [_NONE] * (len(results) - 1))
    if len(transforms) != len(results) - 1:
        raise ArgumentError(
            f"transform must be given for each of the {len(results) - 1} earlier treatments, or '{_NONE}', got "
            f"{len(transforms)}"
        )
    tissues = tissue_parameters(parameters or ())
    folder = ResultFolder(out, "accumulated.json", FILES, overwrite=overwrite)
    with progress("Reading", quiet=json):
        stored = [read_stored_result(each, threads=threads) for each in results]
        names = [f"treatment {n}" for n in range(1, len(stored) + 1)] if anonymous else _names(results)
        files = {
            f"{name} {role}": paths
            for name, each in zip(names, stored, strict=True)
            for role, paths in each.files.items()
        }
        treatments = [
            _treatment(each, name, to, stored[-1], anonymous, files)
            for each, name, to in zip(stored, names, [*transforms, _NONE], strict=True)
        ]
    structures = stored[-1].structures
    roles = delivered_roles(structures, stated_roles(role or ()))
    with progress("Adding up", quiet=json):
        total = accumulate_doses(treatments, resample=resample, threads=threads)
        found, told = total.table(structures, threads=threads)
        rows = [row.as_dict() for row in found]
        told += _add_bed(total, rows, roles, tissues, stored, folder, threads)
        lungs = [_lung_dose(each, threads) for each in stored]
        isotopes = [each.isotope for each in total.treatments if each.isotope is not None]
        prior = prior_doses(
            total.image, structures, roles=roles, lung_doses_gy=lungs, isotopes=isotopes, threads=threads
        )
    advisories = (*total.advisories, *told, *(each for entry in tissues for each in entry.advisories))
    result = {
        "yttria_version": __version__,
        "created": utc_now(),
        "anonymous": anonymous,
        "inputs": describe_inputs(files, anonymous=anonymous),
        "treatments": [
            each.as_dict() | {"lung_dose_gy": dose} for each, dose in zip(total.treatments, lungs, strict=True)
        ],
        "roles": roles.as_dict(),
        "parameters": [entry.as_dict() for entry in tissues],
        "structures": rows,
        "prior": prior.as_dict(),
        "advisories": [each.as_dict() for each in advisories],
        "statement": RESEARCH_USE,
    }
    with progress("Writing", quiet=json):
        write_image(total.image, folder.path("dose_sum.nrrd"))
        write_csv(folder.path("accumulated.csv"), [_flat(row) for row in rows])
        written = folder.finish(result)
    if json:
        typer.echo(as_json(result | {"written": [p.name if anonymous else str(p) for p in written]}))
        return
    _report(total, rows, prior, advisories)
    print_written(written)
    print_line("", RESEARCH_USE)


def _mean_of(treatment: str) -> str:
    """Return the column of the mean doses of one treatment."""
    return f"{treatment}: mean_gy"


def _flat(row: dict[str, Any]) -> Row:
    """Return a row with a column for the mean of each treatment."""
    means = {_mean_of(name): mean for name, mean in row["mean_by_treatment_gy"].items()}
    return {name: value for name, value in row.items() if name != "mean_by_treatment_gy"} | means


def _names(results: list[Path]) -> list[str]:
    """Return the names of the folders, or their paths if names repeat."""
    names = [path.name or str(path) for path in results]
    return names if len(set(names)) == len(names) else [str(path) for path in results]


def _treatment(
    stored: StoredResult, name: str, transform: str, last: StoredResult, anonymous: bool, files: dict[str, Any]
) -> TreatmentDose:
    of = stored.result.provenance
    nuclide = Nuclide.from_dose_factor(of.half_life_h, of.dose_factor_gy_kg_per_gbq, name=of.nuclide)
    if transform == _NONE:
        return TreatmentDose(name=name, dose=stored.result.image, nuclide=nuclide)
    frames = stored.result.image.frame_of_reference_uid, last.result.image.frame_of_reference_uid
    with opened_files() as opened:
        matrix = read_transform(transform, from_frame=frames[0], to_frame=frames[1])
    files[f"{name} transform"] = tuple(opened)
    return TreatmentDose(
        name=name,
        dose=stored.result.image,
        transform_lps=matrix,
        transform_source=None if anonymous else Path(transform).name,
        nuclide=nuclide,
    )


def _add_bed(
    total: AccumulatedDose,
    rows: list[dict[str, Any]],
    roles: DeliveredRoles,
    tissues: list[TissueParameters],
    stored: list[StoredResult],
    folder: ResultFolder,
    threads: int | None,
) -> tuple[Advisory, ...]:
    """Write the BED of each tissue, and give each structure the mean BED of its tissue."""
    told: list[Advisory] = []
    for row in rows:
        row["mean_bed_sum_gy"] = None
    for entry in tissues:
        values = entry.values
        if not {"alpha_beta_gy", "repair_half_time_h"} <= values.keys():
            raise ArgumentError(
                f"BED of {entry.tissue.replace('_', ' ')} needs alpha_beta_gy and repair_half_time_h (parameters)"
            )
        image, found = total.bed(
            alpha_beta_gy=values["alpha_beta_gy"],
            repair_half_time_h=values["repair_half_time_h"],
            threads=threads,
        )
        told += found
        write_image(image, folder.path(f"bed_{entry.tissue}.nrrd"))
        _fill(rows, image, total, stored[-1], roles.of_tissue(entry.tissue), threads)
    return tuple(dict.fromkeys(told))


def _fill(
    rows: list[dict[str, Any]],
    bed: Image,
    total: AccumulatedDose,
    last: StoredResult,
    names: tuple[str, ...],
    threads: int | None,
) -> None:
    chosen = [structure for structure in last.structures if structure.name in names]
    histograms = total.histograms(bed, chosen, threads=threads)
    for row in rows:
        if row["structure"] in histograms:
            row["mean_bed_sum_gy"] = histograms[str(row["structure"])].mean_gy


def _lung_dose(stored: StoredResult, threads: int | None) -> float | None:
    """Return the lung dose of one treatment from the statements for its limits."""
    stated = stored.record.get("limits")
    terms: dict[str, Any] = {}
    if stated is not None:
        known = ("lung_mass_kg", "lung_activity_gbq")
        terms = {name: stated["facts"].get(name) for name in known} | {"roles": DeliveredRoles(**stated["roles"])}
    return delivered_limits(stored.result, stored.structures, threads=threads, **terms).doses.lung_dose_gy


def _report(total: AccumulatedDose, rows: list[Row], prior: PriorDoses, advisories: tuple[Advisory, ...]) -> None:
    for each in total.treatments:
        how = (
            "not transformed"
            if each.transform_lps is None
            else f"transformed by {each.transform_source or 'a transform'}"
        )
        how += ", on the common grid" if each.resampling is None else f", resampled ({each.resampling['method']})"
        print_line("summed:", f"{each.name}, {how}", wrap=True)
    means = {_mean_of(each.name): f"{each.name} mean" for each in total.treatments}
    print_table(
        [_flat(row) for row in rows],
        title="Absorbed dose of all treatments in Gy; the means of the treatments add up to the mean",
        headings={
            "structure": "Structure",
            "volume_ml": "mL",
            **means,
            "mean_gy": "Mean",
            "d70_gy": "D70",
            "maximum_gy": "Max",
            "mean_bed_sum_gy": "Sum of BED",
        },
    )
    known = prior.keywords()
    for name in (each for each in prior.as_dict() if each.startswith("prior_")):
        value = f"{known[name]:.5g}  # {prior.origins.get(name, '')}" if name in known else "not known"
        print_line(f"{name} =", value, wrap=True)
    print_advisories(advisories)
