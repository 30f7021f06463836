"""Tables of delivered doses for a report, from the content of doses.json."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from .._foundation.choices import METHOD_NAMES
from ..evaluation.tables import UNCERTAINTY_COLUMNS
from .sections import Column, Json, columns_of
from .words import flat, heading, with_unit

_MAIN = ("structure", "volume_ml", "mean_gy", "d95_gy", "d70_gy", "d50_gy", "d2_gy", "maximum_gy")
_MORE = (
    "structure",
    "minimum_gy",
    "d99_gy",
    "d98_gy",
    "d5_gy",
    "d1_gy",
    "d0.03ml_gy",
    "standard_deviation_gy",
    "outside_fraction",
)
_UNCERTAINTY = re.compile(r"uncertainty|standard_error")
#: Keys of the provenance with their words, in the order of the report. Others follow by their own names.
_RULES = {
    "density_g_per_ml": "Tissue density / g/mL",
    "kernel_medium": "Medium of the kernel",
    "kernel_source": "Source of the kernel",
    "kernel_voxel_size_mm": "Voxel size of the kernel / mm",
    "kernel_energy_beyond_fraction": "Energy beyond the kernel, fraction",
    "kernel_tail_folded": "Voxel S values scaled to include that energy",
    "scaling": "Scaling",
    "input_unit": "Unit of the activity image",
    "decay_factor": "Factor from the image's time to administration",
    "mbq_per_ml_per_unit": "MBq/mL at administration for one unit of the image",
    "nuclide": "Nuclide data",
    "dose_factor_gy_kg_per_gbq": "Dose factor / Gy kg/GBq",
    "half_life_h": "Half-life / h",
    "nuclide_source": "Source of the nuclide data",
    "nuclide_source_read": "Part of that source that was read",
    "negative_voxels": "Negative voxels",
    "negative_voxel_count": "Number of negative voxels",
    "negative_fraction": "Their sum over that of the positive ones",
    "density_image": "Density",
    "superposition": "Superposition",
    "monte_carlo": "Monte Carlo",
    "evaluation": "Doses of structures",
}
_ELSEWHERE = ("method", "yttria_version", "statement")


def dose_tables(doses: Json) -> dict[str, Any]:
    """Make rows and columns of the tables of structures: usual ones, others, and further content of the JSON."""
    rows, metrics = doses["structures"], doses.get("metrics") or {}
    stated = {column["key"]: column for column in metrics.get("columns") or ()}
    keys = list(dict.fromkeys(key for row in rows for key, value in row.items() if not isinstance(value, dict | list)))
    known = {*_MAIN, *_MORE}
    # A quantity that no structure has, such as the statistical uncertainty of most methods, has no column.
    keys = [key for key in keys if key in known or any(row.get(key) is not None for row in rows)]
    # Standard uncertainties are shown with their values, and the coverage factor with the intervals.
    beside = {quantity: column for quantity, column in UNCERTAINTY_COLUMNS.items() if column in keys}
    keys = [key for key in keys if key not in (*beside.values(), "coverage_factor")]
    uncertain = [key for key in keys if _UNCERTAINTY.search(key) and key not in known]
    further = [key for key in keys if key not in known and key not in uncertain]
    main = [key for key in _MAIN if key in keys]
    if uncertain:
        at = main.index("mean_gy") + 1
        main[at:at] = uncertain
    filled = [{key: row.get(key) for key in (*keys, *beside.values())} for row in rows]
    return {
        "main": [column._replace(uncertainty=beside.get(column.key, "")) for column in columns_of(main)],
        "more": columns_of(key for key in _MORE if key in keys),
        "further": [*columns_of(["structure"]), *(_further(key, stated) for key in further)] if further else [],
        "definitions": _definitions(metrics),
        "rows": filled,
        "remark": " Uncertainties are standard ones (k = 1)." if uncertain or beside else "",
        "version": doses.get("yttria_version", ""),
    }


def _further(key: str, stated: Json) -> Column:
    """Make the column of a further quantity, with the words of the JSON if it has them."""
    if key not in stated:
        return Column(key, *heading(key))
    label, unit = str(stated[key]["label"]), str(stated[key]["unit"])
    return Column(key, f"{label[:1].upper()}{label[1:]}", "" if unit == "1" else unit)


def _definitions(metrics: Json) -> list[tuple[str, Any]]:
    """Return the definition of each further quantity, and the parameters used by tissue."""
    found: list[tuple[str, Any]] = [(column["label"], column["definition"]) for column in metrics.get("columns") or ()]
    for each in metrics.get("parameters") or ():
        tissue = str(each["tissue"]).replace("_", " ")
        found += flat(each["values"], f"{tissue[:1].upper()}{tissue[1:]}")
        found.append((f"{tissue[:1].upper()}{tissue[1:]}: parameters from", ", ".join(map(str, each["sets"]))))
    return found


def treatment_facts(doses: Json) -> list[tuple[str, Any]]:
    """Return facts for the head of a report: dose model, activity, times."""
    scaling = doses["provenance"]["scaling"]
    found: list[tuple[str, Any]] = [("Dose model", method_name(doses))]
    words = {
        "administered_activity_gbq": "Administered activity / GBq",
        "delivered_activity_gbq": "Delivered activity / GBq",
        "scan_delay_h": "Scan after administration / h",
        "field_to_administered_ratio": "Activity in the image / administered",
        "lung_shunt_fraction": "Lung shunt fraction",
    }
    found += [(text, scaling[key]) for key, text in words.items() if scaling.get(key) is not None]
    if scaling["kind"] == "relative":
        found.append(("Scaled to", scaling["reference"]))
    if scaling.get("time_basis"):
        found.append(("Time", scaling["time_basis"]))
    return found


def method_name(doses: Json) -> str:
    """Return the dose model in words."""
    method = str(doses["provenance"]["method"])
    return METHOD_NAMES.get(method, method.replace("_", " "))


def method_rules(doses: Json) -> list[tuple[str, Any]]:
    """Return method, data and rules of a dose, one after the other."""
    provenance = doses["provenance"]
    found: list[tuple[str, Any]] = [("Dose model", method_name(doses))]
    others = [key for key in provenance if key not in _RULES and key not in _ELSEWHERE]
    for key in (*_RULES, *others):
        value = provenance.get(key)
        words = _RULES.get(key) or with_unit(key)
        if isinstance(value, dict):
            value = dict(value)
            structures = value.pop("structures", None)
            found += flat(value, words)
            if structures:
                found.append(("Structures were given as", _given_as(structures)))
        else:
            found += [(words, shown) for _, shown in flat({key: value})]
    return found


def _given_as(structures: list[dict[str, Any]]) -> str:
    """Return the kinds in which structures were given: "mask: Liver, Tumor 1; contours: Lung"."""
    kinds: dict[str, list[str]] = {}
    for structure in structures:
        moved = structure.get("transform_source") or ("a transform" if structure.get("transform_lps") else "")
        kind = f"{structure.get('given_as', 'not stated')}{f', transformed by {moved}' if moved else ''}"
        kinds.setdefault(kind, []).append(str(structure.get("structure", "")))
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())


def validation_rows(method: str) -> list[dict[str, str]]:
    """Return the rows of the validation on a method; empty for a method without any."""
    return list(_validation().get(method, []))


@cache
def _validation() -> dict[str, list[dict[str, str]]]:
    text = (files("yttria") / "data" / "method_validation.json").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, str]]] = json.loads(text)["methods"]
    return found
