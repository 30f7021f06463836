"""`yttria compare-plan`: comparison of a delivered treatment with its plan, from the folders of two results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .._core import __version__
from .._foundation.choices import METHOD_NAMES
from .._foundation.provenance import RESEARCH_USE
from ..case import StoredResult, read_planned_result, read_stored_result
from ..case.record import describe_inputs, utc_now
from ..evaluation.uncertain_doses import without_empty_uncertainties
from ..io import read_transform
from ..io.opened import opened_files
from ..planning import DeliveredRoles, PlanComparison, PlannedStructure
from ..planning import compare_plan as compare
from .budgets import Common, budgets_if_stated, common_sources, print_uncertain_differences
from .limits import in_words
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, progress, shown, write_csv
from .result_folder import ResultFolder

FILES = ("plan_comparison.csv",)
CAUSES = ("activity", "shunt", "uptake", "mass", "method", "rest")


def compare_plan(
    plan: Annotated[
        Path,
        typer.Argument(
            help="Folder of the plan: `yttria plan-voxels`, or `yttria dose` on the scan before treatment.",
            show_default=False,
        ),
    ],
    delivered: Annotated[
        Path,
        typer.Argument(help="Folder of the delivery; its structures are evaluated in both.", show_default=False),
    ],
    transform: Annotated[
        Path | None,
        typer.Option(
            help="Registration of the plan to the delivery: 4 x 4 matrix as text (LPS mm), ITK .tfm or DICOM REG.",
            show_default=False,
        ),
    ] = None,
    delivered_activity_gbq: Annotated[
        float | None,
        typer.Option(help="Activity that entered the patient, if the result does not state it.", show_default=False),
    ] = None,
    delivered_lung_shunt_fraction: Annotated[
        float | None,
        typer.Option("--delivered-shunt", help="Share of it in the lungs, if known.", show_default=False),
    ] = None,
    common: Common = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out/compare-plan"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the existing results of the folder as a whole set.")
    ] = False,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Leave out file names and paths.")] = False,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of tables.")] = False,
) -> None:
    """Compare a treatment as delivered with its plan: activity, shunt, doses, limits, and why they differ.

    Writes plan_comparison.json and plan_comparison.csv. Limits are those that the delivery was compared with (`yttria
    dose --limits`). If both results state uncertainties, differences are given in units of their uncertainty.

    yttria compare-plan out/maa out/pet --transform maa_to_pet.tfm
    """
    folder = ResultFolder(out, "plan_comparison.json", FILES, overwrite=overwrite)
    with progress("Reading", quiet=json):
        planned, of_plan = read_planned_result(plan, threads=threads)
        given = read_stored_result(delivered, threads=threads)
        files = {
            f"{side} {role}": paths
            for side, found in (("plan", of_plan), ("delivered", given.files))
            for role, paths in found.items()
        }
        matrix = None
        if transform is not None:
            frames = (each.image.frame_of_reference_uid for each in (planned, given.result))
            with opened_files() as opened:
                matrix = read_transform(transform, **dict(zip(("from_frame", "to_frame"), frames, strict=True)))
            files["transform"] = tuple(opened)
    budgets = [budgets_if_stated(each) for each in (plan, delivered)]
    with progress("Comparing", quiet=json):
        found = compare(
            planned,
            given.result,
            given.structures,
            transform_lps=matrix,
            transform_source=None if transform is None or anonymous else transform.name,
            delivered_activity_gbq=delivered_activity_gbq,
            delivered_lung_shunt_fraction=delivered_lung_shunt_fraction,
            limits=_limits(given),
            planned_budgets=budgets[0],
            delivered_budgets=budgets[1],
            common_sources=common_sources(common, *budgets),
            threads=threads,
        )
    result = {
        "yttria_version": __version__,
        "created": utc_now(),
        "anonymous": anonymous,
        "inputs": describe_inputs(files, anonymous=anonymous),
        **found.as_dict(),
        "statement": RESEARCH_USE,
    }
    write_csv(
        folder.path("plan_comparison.csv"), without_empty_uncertainties([_csv_row(row) for row in found.structures])
    )
    written = folder.finish(result)
    if json:
        typer.echo(as_json(result | {"written": [p.name if anonymous else str(p) for p in written]}))
        return
    _report(found, written)


def _limits(given: StoredResult) -> dict[str, Any] | None:
    """Return the facts with which the delivery is compared, as arguments of `delivered_limits`."""
    stated = given.record.get("limits")
    if stated is None:
        return None
    return {"guideline": stated["guideline"], "roles": DeliveredRoles(**stated["roles"]), **stated["facts"]}


def _csv_row(row: PlannedStructure) -> Row:
    """Return one row with the ratio and the share in Gy of each cause."""
    plain = row.as_dict()
    change = plain.pop("change") or {"ratio": None, "difference_gy": None, "ratios": {}, "parts_gy": {}}
    found: Row = {**plain, "ratio": change["ratio"], "difference_gy": change["difference_gy"]}
    for cause in CAUSES:
        found[f"{cause}_ratio"] = change["ratios"].get(cause)
        found[f"{cause}_gy"] = change["parts_gy"].get(cause)
    return found


def _report(found: PlanComparison, written: list[Path]) -> None:
    sides = (found.planned, found.delivered)
    for label, values in (
        ("activity", [_of(side.delivered_activity_gbq, "GBq") for side in sides]),
        ("lung shunt", [_of(side.lung_shunt_fraction, "") for side in sides]),
        ("method", [METHOD_NAMES[side.method] for side in sides]),
    ):
        print_line(f"{label}:", f"planned {values[0]}, delivered {values[1]}")
    rows = [_csv_row(row) for row in found.structures]
    causes = [cause for cause in CAUSES if any(row[f"{cause}_ratio"] is not None for row in rows)]
    print_table(
        rows,
        title="Mean dose and D70 in Gy, planned and delivered; the ratio of the means as a product of its causes",
        headings={
            "structure": "Structure",
            "planned_mean_gy": "Planned",
            "delivered_mean_gy": "Delivered",
            "planned_d70_gy": "D70 planned",
            "delivered_d70_gy": "D70 delivered",
            "ratio": "Ratio",
            **{f"{cause}_ratio": f"= {cause}" if n == 0 else f"x {cause}" for n, cause in enumerate(causes)},
        },
    )
    print_table(
        rows,
        title="The difference of the means in Gy as a sum of its causes",
        headings={
            "structure": "Structure",
            "difference_gy": "Difference",
            **{f"{cause}_gy": f"= {cause}" if n == 0 else f"+ {cause}" for n, cause in enumerate(causes)},
        },
    )
    if found.uncertainty:
        print_uncertain_differences(found.uncertainty, "planned", "delivered")
    _print_limits(found)
    print_advisories(found.advisories)
    print_written(written)
    print_line("", RESEARCH_USE)


def _of(value: float | None, unit: str) -> str:
    return "not known" if value is None else f"{shown(value)} {unit}".rstrip()


def _print_limits(found: PlanComparison) -> None:
    sides = (found.planned_limits, found.delivered_limits)
    if sides[0] is None or sides[1] is None:
        return
    by_id = [{state.limit.id: state for state in side.states} for side in sides if side is not None]
    rows: list[Row] = []
    for name in dict.fromkeys(key for states in by_id for key in states):
        pair = [states.get(name) for states in by_id]
        limit = next(state.limit for state in pair if state is not None)
        row: Row = {"limit": in_words(limit), "source": limit.guideline}
        for side, state in zip(("planned", "delivered"), pair, strict=True):
            value = "-" if state is None or state.value is None else f"{shown(state.value)} {limit.unit}"
            row[side] = f"{value}: {state.if_applies or state.state}" if state is not None else "does not apply"
            row[side] = f"{row[side]} (if it applies)" if state is not None and state.if_applies else row[side]
        rows.append(row)
    print_table(
        rows,
        title=f"Limits and targets, {sides[1].guideline}",
        headings={"limit": "Limit", "planned": "Planned", "delivered": "Delivered", "source": "Source"},
        folded=("limit", "planned", "delivered", "source"),
    )
