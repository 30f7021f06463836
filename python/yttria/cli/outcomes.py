"""`yttria batch outcomes`: dependence of response, toxicity and survival of a cohort on dose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._foundation.choices import DOSE_SCALES, ENDPOINTS, ISOTOPES
from .options import choice
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, shown, write_csv

if TYPE_CHECKING:
    from ..outcomes import Estimate, OutcomeAnalysis


def outcomes(
    results: Annotated[Path, typer.Argument(help="Folder of results of yttria batch run.", show_default=False)],
    table: Annotated[
        Path | None, typer.Argument(help="Table of outcomes, .csv or .parquet.", show_default=False)
    ] = None,
    endpoint: Annotated[str | None, choice(ENDPOINTS, "Endpoint to fit.")] = None,
    structure: Annotated[
        str | None, typer.Option(help="Structure for rows that name none.", show_default=False)
    ] = None,
    metric: Annotated[str, typer.Option(help="Dose metric of doses.parquet.")] = "mean_gy",
    isotope: Annotated[str | None, choice(ISOTOPES, "Isotope of the doses; needed if the cases have several.")] = None,
    responders: Annotated[str, typer.Option(help="Responses that count, separated by commas.")] = "CR,PR",
    grade: Annotated[int, typer.Option(help="Lowest grade of toxicity that counts.")] = 3,
    cut_gy: Annotated[
        list[float] | None,
        typer.Option(
            help="Dose that separates groups of survival, repeatable; the median if not given.", show_default=False
        ),
    ] = None,
    trend_step_gy: Annotated[float, typer.Option(help="Step of dose of the hazard ratio.")] = 10.0,
    dose_scale: Annotated[
        str, choice(DOSE_SCALES, "Log odds are linear in the logarithm of dose, or in dose.")
    ] = "log",
    confidence: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write to; outcomes in RESULTS if not given.")
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(help="Write an empty table with a row for each case and structure, and exit.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the fits as JSON.")] = False,
) -> None:
    """Fit response, toxicity or survival of a cohort to its doses: curves, thresholds, hazards, each with intervals.

    Response and toxicity: logistic curve with D50 and gamma50, ROC curve with its threshold. Survival and progression:
    Kaplan-Meier curves of dose groups, log-rank test, hazard ratios. Several lesions of a patient are accounted for.
    """
    from .. import outcomes as room
    from ..batch import ManifestError
    from .batch import print_problems

    if template is not None:
        _write_template(results, template)
        return
    if table is None:
        raise typer.BadParameter("give a table of outcomes, or --template", param_hint="table")
    if endpoint is None:
        raise typer.BadParameter(f"must be one of {', '.join(ENDPOINTS)}", param_hint="--endpoint")
    chosen: Any = [name.strip().upper() for name in responders.split(",") if name.strip()]
    kinds: Any = {"endpoint": endpoint, "responders": chosen, "isotope": isotope}
    try:
        rows = room.read_outcomes(table)
    except ManifestError as error:
        print_problems(error.problems)
        raise typer.Exit(1) from None
    data = room.join_doses(rows, results, structure=structure, metric=metric, grade=grade, **kinds)
    scale: Any = dose_scale
    found = room.analyze(
        data, dose_scale=scale, cuts_gy=cut_gy or None, trend_step_gy=trend_step_gy, confidence=confidence
    )
    written = _write(found, out or results / "outcomes")
    if json:
        typer.echo(as_json(found.as_dict()))
        return
    _print(found)
    of_isotope = "" if found.data.isotope is None else f" ({found.data.isotope})"
    names = ", ".join(sorted(set(found.data.structures)))
    print_line("dose:", f"{found.data.metric} of {names}{of_isotope}", wrap=True)
    print_advisories(found.advisories)
    print_written(written)


def _write(found: OutcomeAnalysis, folder: Path) -> list[Path]:
    from .._foundation.whole_files import atomic
    from ..outcomes import outcome_figure
    from ..report import save_figure

    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / found.data.endpoint
    with atomic(stem.with_suffix(".json")) as file:
        file.write((as_json(found.as_dict()) + "\n").encode())
    write_csv(stem.with_suffix(".csv"), found.data.rows())
    save_figure(outcome_figure(found), stem.with_suffix(".png"))
    return [stem.with_suffix(ending) for ending in (".json", ".csv", ".png")]


def _write_template(results: Path, path: Path) -> None:
    import os

    from ..batch.summary import finished_folder
    from ..batch.tables import read_rows
    from ..errors import ResultsExistError
    from ..outcomes import write_outcomes

    if os.path.lexists(path):
        raise ResultsExistError(f"{path}: exists already and may have been filled in: give another name (--template)")
    places: dict[tuple[str, str], None] = {}
    for part in read_rows(finished_folder(results), "doses", ("case_id", "structure")):
        places |= dict.fromkeys(zip(part["case_id"].to_pylist(), part["structure"].to_pylist(), strict=True))
    count = write_outcomes(({"case_id": case, "structure": name} for case, name in places), path)
    print_written([path])
    typer.echo(f"{count} rows: fill in the known outcomes, and remove rows without an outcome")


def _print(found: OutcomeAnalysis) -> None:
    data = found.data
    patients = len(set(data.patients))
    title = f"{data.event_meaning}: {int(data.event.sum())} of {len(data.event)} observations, {patients} patients"
    rows: list[Row] = []
    if (curve := found.dose_response) is not None:
        rows += [
            _row("D50 / Gy", curve.d50_gy),
            _row("gamma50", curve.gamma50),
            _row("slope", curve.slope, curve.p_value),
            _row("intercept", curve.intercept),
        ]
    if (roc := found.roc) is not None:
        rows += [
            _row("ROC area", roc.area),
            _row("threshold / Gy", roc.threshold_gy),
            _row("sensitivity at it", roc.threshold_sensitivity),
            _row("specificity at it", roc.threshold_specificity),
        ]
    if (survival := found.survival) is not None:
        rows += [_row(f"median, {group.label} / months", group.median_months) for group in survival.groups]
        rows += [_row(f"hazard ratio, {r.label}", r.estimate, r.p_value) for r in survival.hazard_ratios]
        rows.append(_row(f"hazard ratio, {survival.trend.label}", survival.trend.estimate, survival.trend.p_value))
        rows.append(_row("log-rank test", None, survival.log_rank_p_value))
    fit = curve or survival
    level = f"{100 * fit.confidence:g} %" if fit is not None else ""
    headings = {"quantity": "Quantity", "value": "Estimate", "interval": f"{level} interval", "p_value": "p"}
    print_table(rows, title=title, headings=headings)


def _row(quantity: str, estimate: Estimate | None, p_value: float | None = None) -> Row:
    interval = "-" if estimate is None else f"{_end(estimate.lower)} to {_end(estimate.upper)}"
    return {
        "quantity": quantity,
        "value": "-" if estimate is None else shown(estimate.value),
        "interval": interval,
        "p_value": "" if p_value is None else f"{p_value:.2g}",
    }


def _end(value: float | None) -> str:
    return "?" if value is None else shown(value)
