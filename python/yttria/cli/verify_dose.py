"""`yttria verify-dose`: comparison of the doses of a case with Monte Carlo on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from .._core import __version__
from .._foundation.choices import METHOD_NAMES, CheckVerdict
from .._foundation.provenance import RESEARCH_USE
from .._foundation.whole_files import atomic
from ..case import FIELDS, Case, DosedCase, dose_case, read_case, record_case
from ..case.dose import density_of_case
from ..errors import ArgumentError, ResultsExistError
from ..voxel import MonteCarloCheck, check_by_monte_carlo, tissue_regions
from ..voxel.method_options import both_criteria
from ..voxel.monte_carlo_check import NEGLIGIBLE_GY, TOLERANCE_FRACTION, checked_tolerances
from ..voxel.monte_carlo_image import DEFAULT_HISTORIES
from .case_options import with_case_options
from .monte_carlo import progress_bar
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, progress

#: Exit codes other than 0 and 1.
DIFFERS, UNDECIDED = 3, 4
_CODES: dict[CheckVerdict, int] = {"agrees": 0, "undecided": UNDECIDED, "differs": DIFFERS}


@partial(with_case_options, defaults={"method": "superposition"})
def verify_dose(
    declared: dict[str, Any],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the result here as JSON.", show_default=False)
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --out.")] = False,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Leave out patient name, dates and paths from the JSON.")
    ] = False,
    tolerance: Annotated[
        float, typer.Option(help="Accepted difference as a fraction of the mean dose of a structure.")
    ] = TOLERANCE_FRACTION,
    negligible_gy: Annotated[
        float, typer.Option(help="Difference of mean doses that is accepted for any dose.")
    ] = NEGLIGIBLE_GY,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Check the doses of a case by Monte Carlo on its own images: by structure and by tissue, with z-scores.

    The options are those of `yttria dose`. With a CT, lung, soft tissue and bone near the activity are compared too. A
    mean dose agrees if the difference plus two standard uncertainties of Monte Carlo stays within the tolerance. It
    differs if the difference minus three exceeds the tolerance. z is the difference in standard uncertainties.

    yttria verify-dose PET_FOLDER -s SEG.dcm --ct CT_FOLDER

    Exit code: 0 all agree, 3 a mean dose differs, 4 undecided (simulate more --histories), 1 refused.
    """
    if out is not None and out.exists() and not overwrite:
        raise ResultsExistError(f"{out}: exists already: choose another name (--out), or replace it (--overwrite)")
    checked_tolerances(tolerance, negligible_gy)
    simulation = _simulation(declared)
    case = Case(**declared)
    if case.method == "monte_carlo":
        raise ArgumentError("method must be the one to check, which Monte Carlo is compared with; got monte_carlo")
    with progress("Computing the absorbed dose", quiet=json):
        inputs = read_case(case)
        record = record_case(case, inputs, anonymous=anonymous)
        dosed = dose_case(case, inputs, threads=threads)
        density = None if inputs.ct is None else density_of_case(case, inputs.activity, inputs.ct, threads)
        regions = [] if density is None else tissue_regions(inputs.activity, density)
    empty = [str(row["structure"]) for row in dosed.rows if row["mean_gy"] is None]
    chosen = [structure for structure in dosed.structures if structure.name not in empty]
    with progress_bar("Monte Carlo", quiet=json) as show:
        checks = check_by_monte_carlo(
            dosed.result,
            inputs.activity,
            [*chosen, *regions],
            density=density,
            **simulation,
            progress=show,
            threads=threads,
        )
    judged = [(check, check.verdict(tolerance_fraction=tolerance, negligible_gy=negligible_gy)) for check in checks]
    verdicts: list[CheckVerdict] = ["agrees", *(found for _, found in judged)]
    verdict = max(verdicts, key=list(_CODES).index)
    rows = [{**check.as_dict(), "verdict": found} for check, found in judged]
    written = record.as_dict() | record.shareable(
        {
            "yttria_version": __version__,
            "verdict": verdict,
            "tolerance_fraction": tolerance,
            "negligible_gy": negligible_gy,
            "simulation": simulation,
            "structures": rows,
            "structures_outside_image": empty,
            "provenance": dosed.result.provenance.as_dict(),
            "advisories": [advisory.as_dict() for advisory in dosed.result.advisories],
            "statement": RESEARCH_USE,
        }
    )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic(out) as file:
            file.write((as_json(written) + "\n").encode())
    if json:
        typer.echo(as_json(written))
    else:
        _report(dosed, judged, empty, verdict, tolerance, negligible_gy)
        print_written([] if out is None else [out])
    if code := _CODES[verdict]:
        raise typer.Exit(code)


def _simulation(declared: dict[str, Any]) -> dict[str, Any]:
    """Take the options of the simulation from the declared values of a case, with the defaults of `dose_image`."""
    simulation = {name: declared.pop(name) for name in ("histories", "relative_uncertainty", "seed")}
    for name, value in simulation.items():
        if value is not None:
            FIELDS[name].check(value)
    if None not in (simulation["histories"], simulation["relative_uncertainty"]):
        raise both_criteria()
    if simulation["relative_uncertainty"] is None:
        simulation["histories"] = int(simulation["histories"] or DEFAULT_HISTORIES)
    return simulation | {"seed": int(simulation["seed"])}


def _report(
    dosed: DosedCase,
    judged: Sequence[tuple[MonteCarloCheck, CheckVerdict]],
    empty: Sequence[str],
    verdict: CheckVerdict,
    tolerance: float,
    negligible_gy: float,
) -> None:
    rows: list[Row] = [
        {
            "structure": check.structure,
            "volume_ml": check.volume_ml,
            "dose_gy": check.dose_gy,
            "monte_carlo_gy": check.monte_carlo_gy,
            "monte_carlo_uncertainty_gy": check.monte_carlo_uncertainty_gy,
            "difference": None if check.difference_fraction is None else f"{check.difference_fraction:+.1%}",
            "z_score": None if check.z_score is None else f"{check.z_score:+.1f}",
            "verdict": found,
        }
        for check, found in judged
    ]
    method = METHOD_NAMES[dosed.case.method]
    print_table(
        rows,
        title=f"Mean doses in Gy by {method} and by Monte Carlo",
        headings={
            "structure": "Structure",
            "volume_ml": "mL",
            "dose_gy": method[:1].upper() + method[1:],
            "monte_carlo_gy": "Monte Carlo",
            "monte_carlo_uncertainty_gy": "±",
            "difference": "Difference",
            "z_score": "z",
            "verdict": "Verdict",
        },
    )
    sentences = {
        "agrees": "every mean dose agrees",
        "differs": "at least one mean dose differs by more than the tolerance",
        "undecided": "no mean dose differs for certain, but some are undecided: simulate more --histories",
    }
    print_line(
        f"{verdict}:",
        f"{sentences[verdict]} ({tolerance:.1%} of the dose, or {negligible_gy:g} Gy)",
        style="bold green" if verdict == "agrees" else "bold yellow",
        wrap=True,
    )
    if empty:
        print_line("left out:", f"outside the image: {', '.join(empty)}")
    print_advisories(dosed.result.advisories)
