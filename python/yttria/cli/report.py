"""`yttria report`: one page of HTML on the results of a patient or a cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from .._foundation.extras import require
from .._foundation.whole_files import atomic
from ..case.anonymous_results import anonymous_comparison, anonymous_doses, anonymous_plan
from ..case.drawable import DrawableDose, read_drawable_dose, read_json
from ..case.pseudonyms import Secrets, without_names
from ..errors import ArgumentError, FileFormatError, MissingExtraError, ResultsExistError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..voxel import DoseResult
from .output import print_written, progress

#: Name of the report in a folder of results.
REPORT = "report.html"
_INDICES = ("doses.json", "plan.json", "comparison.json", "plan_comparison.json")
#: Kinds of JSON files, with the keys that identify them.
_KINDS = (
    ("plan", ("delivered_activities_gbq", "structures")),
    ("doses", ("structures", "provenance")),
    ("plan", ("models", "inputs")),
    ("plan", ("plans", "inputs")),
    ("comparison", ("differences", "gamma")),
    ("plan_comparison", ("planned", "delivered", "structures")),
)


@dataclass(kw_only=True)
class Found:
    """Results of one patient: the index of each kind, with its content."""

    doses: DrawableDose | None = None
    plan: Mapping[str, Any] | None = None
    comparison: Mapping[str, Any] | None = None
    plan_comparison: Mapping[str, Any] | None = None
    pictures: dict[str, bytes] = field(default_factory=dict)


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            help="Results of one patient: folders of `dose`, `compare` or `compare-plan`, JSON of `plan`. "
            "Or one folder of `batch`.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write; report.html beside the first result if not given."),
    ] = None,
    structures: Annotated[
        list[Path] | None,
        typer.Option(
            "--structures",
            "-s",
            help="Structures to draw, if the result does not name them or they are elsewhere now; repeat for more.",
            show_default=False,
        ),
    ] = None,
    background: Annotated[
        Path | None, typer.Option(help="Image drawn beneath the dose; the case's CT if not given.", show_default=False)
    ] = None,
    isodose_gy: Annotated[
        list[float] | None, typer.Option(help="Level of an isodose line in Gy; repeat for more.")
    ] = None,
    anonymous: Annotated[
        bool,
        typer.Option("--anonymous", help="Leave out patient name, dates and paths; replace identifiers by hashes."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing report.")] = False,
    threads: Annotated[int | None, typer.Option(help="Threads; all processors if not given.")] = None,
) -> None:
    """Write one page of HTML on a patient's dose, plan and comparison, or on a cohort: to read, print and file.

    The page needs no network and no script. If a plan and a dose are given, planned and delivered doses are compared.

    yttria report out/dose plan.json -o report.html
    """
    check_extra()
    cohorts = [path for path in results if (path / "doses.parquet").is_file() or (path / "batch.json").is_file()]
    place = out or _default_place(results[0])
    if place.exists() and not overwrite:
        raise ResultsExistError(f"{place}: exists already: choose another name (--out), or replace it (--overwrite)")
    with progress("Writing the report", quiet=False):
        if cohorts:
            if len(results) > 1:
                raise ArgumentError("a folder of a batch must be the only one, got several folders")
            from ..batch.report import cohort_report

            page = cohort_report(cohorts[0], anonymous=anonymous)
        else:
            found = _found(results, structures or [], background, threads)
            page = _page(found, isodose_gy, anonymous=anonymous)
        write_page(page, place)
    print_written([place])


def can_report() -> bool:
    """Whether the extra for reports is installed."""
    try:
        check_extra()
    except MissingExtraError:
        return False
    return True


def check_extra() -> None:
    """Raise `MissingExtraError` before anything is computed if a report cannot be written."""
    for module in ("jinja2", "contourpy"):
        require(module, "report")


def write_page(page: str, path: Path) -> Path:
    """Write a page whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        file.write(page.encode("utf-8"))
    return path


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportPage:
    """Report of a dose that is being written, with the image beneath it, on its grid, and its plan."""

    background: Image | None = None
    plan: Mapping[str, Any] | None = None

    def write(
        self,
        index: Path,
        result: DoseResult,
        structures: Sequence[Structure],
        isodoses_gy: Sequence[float] | None = None,
    ) -> Path:
        """Write the report beside the index, which is complete, and return its path."""
        from ..report import dose_map, html_report

        rules = result.provenance.evaluation or {}
        drawn = dose_map(result, structures, sub_voxel_mm=rules.get("sub_voxel_mm"), background=self.background)
        page = html_report(read_json(index), plan=self.plan, dose_map=drawn, isodoses_gy=isodoses_gy)
        return write_page(page, index.with_name(REPORT))


def write_comparison_report(index: Path) -> Path:
    """Write the report of a comparison beside its index, and return its path."""
    from ..report import html_report

    picture = index.with_name("comparison.png")
    pictures = {"comparison": picture.read_bytes()} if picture.is_file() else {}
    return write_page(html_report(comparison=read_json(index), pictures=pictures), index.with_name(REPORT))


def _default_place(first: Path) -> Path:
    return (first if first.is_dir() else first.parent) / REPORT


def _found(results: Sequence[Path], structures: Sequence[Path], background: Path | None, threads: int | None) -> Found:
    """Read every result, at most one of each kind."""
    found = Found()
    for path in results:
        for index in _indices(path):
            content = read_json(index)
            kind = next((kind for kind, keys in _KINDS if all(key in content for key in keys)), None)
            if kind is None:
                raise FileFormatError(f"{index}: must be the JSON of a dose, a plan or a comparison")
            if getattr(found, kind) is not None:
                one = "dose" if kind == "doses" else kind.replace("plan_comparison", "comparison of a plan")
                raise ArgumentError(f"a report must have only one {one}, got a second in {index}")
            if kind == "doses":
                found.doses = read_drawable_dose(index, structures=structures, background=background, threads=threads)
            else:
                setattr(found, kind, content)
            name = "comparison" if kind == "comparison" else "dose"
            role = _picture_of(kind, content)
            if role and (picture := index.with_name(f"{name}.png")).is_file():
                found.pictures[role] = picture.read_bytes()
    return found


def _picture_of(kind: str, content: Mapping[str, Any]) -> str:
    """Return the role of the PNG beside an index; "" without one. In the demo's folder it belongs to the dose."""
    if kind == "plan":
        return "plan" if "delivered_activities_gbq" in content else ""
    return {"doses": "dose", "comparison": "comparison"}.get(kind, "")


def _indices(path: Path) -> list[Path]:
    """Return the JSON files of a result: the file itself, or those with known names in a folder."""
    if not path.is_dir():
        return [path]
    found = [path / name for name in _INDICES if (path / name).is_file()]
    if not found:
        raise FileFormatError(f"{path}: must hold one of {', '.join(_INDICES)}, or tables of a batch")
    return found


def _page(found: Found, isodoses_gy: Sequence[float] | None, *, anonymous: bool) -> str:
    from ..report import html_report

    stored, plan, comparison, pictures = found.doses, found.plan, found.comparison, found.pictures
    plan_comparison = found.plan_comparison
    doses = None if stored is None else stored.doses
    secrets: Secrets = ()
    if anonymous:
        if doses is not None:
            # The picture's title names the patient, unless it was drawn without the name.
            pictures = pictures if doses.get("anonymous") else _without(pictures, "dose")
            doses, secrets = anonymous_doses(doses)
        if plan is not None:
            # The activities in its title name only injections.
            plan = anonymous_plan(plan)
        if comparison is not None:
            pictures = _without(pictures, "comparison")
            comparison = anonymous_comparison(comparison)
        plan_comparison = None if plan_comparison is None else anonymous_comparison(plan_comparison)
    return html_report(
        doses,
        plan=plan,
        comparison=comparison,
        plan_comparison=plan_comparison,
        dose_map=None if stored is None else _map_of(stored, secrets),
        isodoses_gy=isodoses_gy,
        pictures=pictures,
        remarks=[] if stored is None else without_names(list(stored.remarks), secrets),
    )


def _without(pictures: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    return {key: picture for key, picture in pictures.items() if key != name}


def _map_of(stored: DrawableDose, secrets: Secrets) -> Any:
    """Return the map that the report draws; None without a map or structures."""
    from ..report import dose_map

    if stored.result is None or not stored.structures:
        return None
    sub_voxel_mm = (stored.result.provenance.evaluation or {}).get("sub_voxel_mm")
    drawn = dose_map(stored.result, stored.structures, sub_voxel_mm=sub_voxel_mm, background=stored.background)
    return drawn.renamed({name: without_names(name, secrets) for name in drawn.order}) if secrets else drawn
