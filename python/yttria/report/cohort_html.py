"""Report of a cohort as one page of HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..advisory import advisory_kinds
from . import cohort_charts
from .cohort_charts import band_chart, strip_chart
from .page import render
from .sections import Column, file_roles

#: Largest numbers of structures in charts, of structures in the table of cases, of cases in it, and of outliers in
#: theirs.
_CHARTED, _IN_TABLE, _CASES, _MOST_OUTLIERS = 8, 6, 1000, 200
#: A volume with a modified z-score beyond this is reported with an outlying dose.
_VOLUME_Z = 3.5


@dataclass(frozen=True, eq=False, kw_only=True)
class CohortData:
    """Content of the report of a cohort.

    Parameters
    ----------
    case_ids : sequence of str
        Every case with a result, in the order of the manifest.
    values : mapping of (str, str) to array
        Mean doses in Gy and volumes in mL by (structure, metric), one of each per case with that structure.
    ids : mapping of str to sequence of str
        Ids of the cases with a structure, in the order of its values.
    z_scores : mapping of (str, str) to array
        Modified z-scores of those values.
    outlier_z : float
        Modified z-score beyond which a mean dose is an outlier.
    statistics : sequence of dict
        Rows of structure, metric, n and quantiles.
    quartiles : mapping of str to array
        Quartiles of the histograms by structure, shape (3, n), and their step in Gy in `step_gy`.
    codes : mapping of str to sequence of str
        Codes of the advisories of each case.
    warnings : mapping of str to int
        Number of cases by code of advisory.
    quarantine : sequence of dict
        Rows of line, case_id, error and message of cases without a result; `quarantined` is their number.
    facts : sequence of (str, object)
        Facts for the head.
    files : sequence of dict
        Name, bytes and sha256 of the tables.
    """

    case_ids: Sequence[str]
    values: Mapping[tuple[str, str], NDArray[np.float64]]
    ids: Mapping[str, Sequence[str]]
    z_scores: Mapping[tuple[str, str], NDArray[np.float64]]
    outlier_z: float
    statistics: Sequence[dict[str, Any]]
    quartiles: Mapping[str, NDArray[np.float64]]
    step_gy: float
    codes: Mapping[str, Sequence[str]]
    warnings: Mapping[str, int]
    quarantine: Sequence[dict[str, Any]]
    quarantined: int
    facts: Sequence[tuple[str, Any]] = field(default_factory=tuple)
    files: Sequence[dict[str, Any]] = field(default_factory=tuple)


def cohort_html(data: CohortData, *, created: str | None = None) -> str:
    """Write the report of a cohort: distributions, statistics, outliers with reasons, warnings, quarantine, cases."""
    names = list(dict.fromkeys(row["structure"] for row in data.statistics))
    outliers = outlier_rows(data)
    by_structure: dict[str, set[str]] = {}
    for row in outliers:
        by_structure.setdefault(row["structure"], set()).add(row["case_id"])
    charted = [name for name in names if (name, "mean_gy") in data.values][:_CHARTED]
    return render(
        "cohort.html",
        running_title="Radioembolization: cohort",
        created=created,
        facts=[("Cases with a result", len(data.case_ids)), ("Cases in quarantine", data.quarantined), *data.facts],
        strips=strip_chart({name: data.values[name, "mean_gy"] for name in charted}, data.ids, by_structure),
        bands=band_chart({name: data.quartiles[name] for name in charted if name in data.quartiles}, data.step_gy),
        frame=cohort_charts,
        more=len(names) - len(charted),
        statistics=data.statistics,
        statistic_columns=_statistic_columns(data.statistics),
        outliers=outliers[:_MOST_OUTLIERS],
        outlier_count=len(outliers),
        outlier_columns=_OUTLIERS,
        outlier_z=data.outlier_z,
        warnings=_warning_rows(data.warnings),
        quarantine=data.quarantine,
        quarantined=data.quarantined,
        cases=_case_rows(data, names[:_IN_TABLE], {row["case_id"] for row in outliers}),
        case_columns=[
            Column("case_id", "Case"),
            *(Column(f"structure {n}", f"Mean, {name}", "Gy") for n, name in enumerate(names[:_IN_TABLE])),
            Column("advisories", "Advisories"),
        ],
        cases_left_out=max(0, len(data.case_ids) - _CASES),
        roles=file_roles({"tables": data.files}),
    )


_STATISTICS = [
    Column("structure", "Structure"),
    Column("metric", "Quantity", text=True),
    Column("n", "Cases"),
    Column("q0", "Min"),
    Column("q25", "Lower quartile"),
    Column("q50", "Median"),
    Column("q75", "Upper quartile"),
    Column("q100", "Max"),
]
_UNCERTAINTY = Column("standard_uncertainty", "Median standard uncertainty")


def _statistic_columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Make the table of quantiles, with the standard uncertainty if any case states one."""
    stated = any(row.get(_UNCERTAINTY.key) is not None for row in rows)
    return [*_STATISTICS, _UNCERTAINTY] if stated else _STATISTICS


_OUTLIERS = [
    Column("case_id", "Case"),
    Column("structure", "Structure", text=True),
    Column("mean_gy", "Mean", "Gy"),
    Column("z", "Modified z"),
    Column("reason", "Reason, and other unusual findings", text=True),
]


def outlier_rows(data: CohortData) -> list[dict[str, Any]]:
    """List the cases whose mean dose to a structure is an outlier, with reasons, the most unusual first."""
    found: list[dict[str, Any]] = []
    for (name, metric), values in data.values.items():
        if metric != "mean_gy":
            continue
        median = float(np.median(values)) if len(values) else 0.0
        volumes, volume_z = data.values.get((name, "volume_ml")), data.z_scores.get((name, "volume_ml"))
        for n in np.flatnonzero(np.abs(data.z_scores[name, metric]) > data.outlier_z).tolist():
            case = data.ids[name][n]
            reasons = [f"The mean dose is {_times(values[n], median)} the median of {median:.4g} Gy."]
            if volumes is not None and volume_z is not None and abs(volume_z[n]) > _VOLUME_Z:
                middle = float(np.median(volumes))
                reasons.append(
                    f"The volume of {volumes[n]:.4g} mL is {_times(volumes[n], middle)} the median of {middle:.4g} mL."
                )
            codes = data.codes.get(case, ())
            reasons.append(f"Advisories: {', '.join(codes)}." if codes else "The case has no advisories.")
            row = {"case_id": case, "structure": name, "mean_gy": float(values[n])}
            found.append({**row, "z": float(data.z_scores[name, metric][n]), "reason": " ".join(reasons)})
    return sorted(found, key=lambda row: -abs(row["z"]))


def _times(value: float, median: float) -> str:
    return f"{value / median:.3g} times" if median > 0.0 else "far from"


def _warning_rows(warnings: Mapping[str, int]) -> list[dict[str, Any]]:
    kinds = advisory_kinds()
    rows = [
        {
            "code": code,
            "severity": " or ".join(kinds[code].severities) if code in kinds else "",
            "cases": count,
            "what_to_do": kinds[code].what_to_do.replace("`", "") if code in kinds else "",
        }
        for code, count in warnings.items()
    ]
    return sorted(rows, key=lambda row: (-row["cases"], row["code"]))


def _case_rows(data: CohortData, names: Sequence[str], outlying: set[str]) -> list[dict[str, Any]]:
    """List the first cases and every outlier, in the order of the manifest."""
    means = {
        name: dict(zip(data.ids[name], data.values[name, "mean_gy"], strict=True))
        for name in names
        if (name, "mean_gy") in data.values
    }
    rows = []
    for n, case in enumerate(data.case_ids):
        if n < _CASES or case in outlying:
            doses = (means.get(name, {}).get(case) for name in names)
            rows.append(
                {
                    "case_id": case,
                    **{f"structure {m}": None if dose is None else float(dose) for m, dose in enumerate(doses)},
                    "advisories": len(data.codes.get(case, ())),
                }
            )
    return rows
