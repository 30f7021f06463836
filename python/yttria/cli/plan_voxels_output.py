"""Files and printed text of `yttria plan-voxels`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from .._core import __version__
from .._foundation.choices import METHOD_NAMES
from .._foundation.provenance import RESEARCH_USE
from ..advisory import Advisory, advise
from ..errors import GeometryError
from ..geometry import Structure
from ..io import dicom, write_image
from ..io.files import may_be_dicom
from ..planning import QuantityValue, VoxelOptimum, VoxelPlanDoses
from .output import Row, as_json, print_advisories, print_line, print_table, print_written, write_csv
from .result_folder import ResultFolder

#: Names of the files that a run may write in addition to its index, plan.json.
FILES = ("dose.nrrd", "dose.nii.gz", "dose.dcm", "doses.csv", "dose.png")
HEADINGS = {
    "structure": "Structure",
    "volume_ml": "mL",
    "mean_gy": "Mean",
    "d95_gy": "D95",
    "d70_gy": "D70",
    "d50_gy": "D50",
    "maximum_gy": "Max",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Planned:
    """A plan, forward or inverse, with its input files."""

    files: Mapping[str, Any]
    created: str
    quantities: tuple[str, ...]
    doses: VoxelPlanDoses | None = None
    optimum: VoxelOptimum | None = None
    advisories: tuple[Advisory, ...] = ()

    def with_doses(self, doses: VoxelPlanDoses) -> Planned:
        """Plan of given activities."""
        return replace(self, doses=doses, advisories=doses.advisories)

    def with_optimum(self, optimum: VoxelOptimum, further: VoxelPlanDoses, told: tuple[Advisory, ...]) -> Planned:
        """Best plan; `further` has its doses with the quantities that were requested in addition to goal and limits."""
        found = tuple(dict.fromkeys((*optimum.advisories, *further.advisories, *told)))
        return replace(self, doses=further, optimum=optimum, advisories=found)

    def as_dict(self) -> dict[str, Any]:
        """Return the content of plan.json without the list of files.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        assert self.doses is not None
        found = {"yttria_version": __version__, "created": self.created, **self.files}
        if self.optimum is not None:
            whole = self.optimum.as_dict()
            found |= {key: value for key, value in whole.items() if key not in ("doses", "advisories")}
        found |= self.doses.as_dict()
        return found | {"advisories": [advisory.as_dict() for advisory in self.advisories]}


def write_plan(
    planned: Planned, structures: Sequence[Structure], folder: ResultFolder, *, like: Path, rtdose: bool
) -> tuple[Planned, list[Path]]:
    """Write dose map (in the format of the image `like`), table, picture and plan.json.

    The plan is returned with the advisories of writing, and with the paths written.
    """
    assert planned.doses is not None
    result, activities = planned.doses.result, planned.doses.delivered_activities_gbq
    write_image(result.image, folder.path("dose.nii.gz" if ".nii" in like.suffixes else "dose.nrrd"))
    write_csv(folder.path("doses.csv"), [row.as_dict() for row in planned.doses.structures])
    if rtdose:
        reference = dicom.first_file(like, None, dicom.ACTIVITY_MODALITIES) if may_be_dicom(like) else None
        made = dicom.write_rtdose(result, folder.path("dose.dcm"), reference=reference, negative_doses="clip")
        planned = replace(planned, advisories=(*planned.advisories, *made.advisories))
    try:
        from ..report import dose_figure, save_figure

        title = ", ".join(f"{name} {gbq:.4g} GBq" for name, gbq in activities.items())
        save_figure(dose_figure(result, list(structures), title=f"Plan: {title}"), folder.path("dose.png"))
    except Exception as error:
        folder.path("dose.png").unlink(missing_ok=True)
        if isinstance(error, GeometryError):
            raise
        failed = advise("picture_failed", reason=str(error) or type(error).__name__)
        planned = replace(planned, advisories=(*planned.advisories, failed))
    return planned, folder.finish(planned.as_dict())


def print_plan(planned: Planned, written: Sequence[Path], *, json: bool) -> None:
    """Print activities, explanation, limits and doses, or the same as JSON."""
    assert planned.doses is not None
    if json:
        typer.echo(as_json(planned.as_dict() | {"written": [str(path) for path in written]}))
        return
    doses, best = planned.doses, planned.optimum
    for line in best.explanation if best is not None else ():
        print_line("", line, wrap=True)
    activities = doses.delivered_activities_gbq
    shunts = dict(_shunts(doses.result.provenance.scaling, activities))
    print_table(
        [{"name": n, "gbq": gbq, "shunt": shunts[n], "lungs": gbq * shunts[n] * 1e3} for n, gbq in activities.items()],
        title=f"Delivered activity; the lungs ({doses.lungs.lung_mass_kg:g} kg) get {doses.lungs.lung_dose_gy:.4g} Gy",
        headings={"name": "Injection", "gbq": "GBq", "shunt": "Lung shunt", "lungs": "MBq in the lungs"},
    )
    if best is not None:
        rows: list[Row] = [
            {
                "limit": each.name,
                "value": None if each.value is None else (100.0 if each.unit == "fraction" else 1.0) * each.value,
                "unit": "%" if each.unit == "fraction" else each.unit,
                "binds": "holds the plan" if each.name in best.binding else "met",
            }
            for each in best.constraints
        ]
        print_table(
            rows,
            title="Limits and targets",
            headings={"limit": "Limit or target", "value": "Value", "unit": "Unit", "binds": "State"},
            folded=("limit",),
        )
    if doses.quantities:
        print_table([_row(each) for each in doses.quantities], title="Quantities",
                    headings={"quantity": "Quantity", "value": "Value", "unit": "Unit"})  # fmt: skip
    method = METHOD_NAMES[doses.result.provenance.method]
    headings = HEADINGS
    if doses.result.uncertainty is not None:
        headings = {**dict(list(HEADINGS.items())[:3]), "mean_uncertainty_gy": "+-", **HEADINGS}
    print_table([row.as_dict() for row in doses.structures], title=f"Planned dose in Gy, {method}", headings=headings)
    print_advisories(planned.advisories)
    print_written(list(written))
    print_line("", RESEARCH_USE)


def _row(each: QuantityValue) -> Row:
    percent = each.quantity.unit == "fraction"
    value = 100.0 * each.value if percent else each.value
    return {"quantity": str(each.quantity), "value": value, "unit": "%" if percent else "Gy"}


def _shunts(scaling: Mapping[str, Any], activities: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the lung shunt of each injection from the provenance of the dose."""
    terms = scaling.get("injections", [scaling])
    return [(name, float(term["lung_shunt_fraction"])) for name, term in zip(activities, terms, strict=True)]
