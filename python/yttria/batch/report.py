"""Report of a cohort, which shows the tables of a finished run on one page of HTML."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.choices import METHOD_NAMES
from ..case.record import describe_file
from ..report.cohort_html import CohortData, cohort_html
from ..report.words import with_unit
from .results_folder import TABLES
from .summary import (
    OUTLIER_Z,
    dictionary_codes,
    dvh_curves,
    dvh_quartiles,
    finished_folder,
    group_names,
    modified_z,
    summarize,
)
from .tables import read_rows

_METRICS = ("mean_gy", "volume_ml")
_COLUMNS = ("case_id", "structure", "metric", "isotope")
_LEFT_OUT = "left out, because the report is anonymous"


def cohort_report(folder: str | Path, *, anonymous: bool = False, created: str | None = None) -> str:
    """Write the report of a cohort as a page of HTML that needs no network and no script.

    Parameters
    ----------
    folder : str or Path
        Folder of results of `yttria batch run`.
    anonymous : bool, default False
        Name cases by their row of the manifest, as "case 12", and leave messages and the folder's name out.
    created : str, optional
        Time of the report, ISO 8601; now if not given. Two reports of the same tables differ only in this time.

    Returns
    -------
    str
        The page: distributions of mean doses, histograms with quartiles, statistics, outliers with reasons, warnings,
        quarantine, and cases in tables that a script makes sortable.

    Raises
    ------
    FileFormatError
        If the folder holds no tables of a finished run.
    MissingExtraError
        If the extras `batch` and `report` are not installed.

    Notes
    -----
    A mean dose is an outlier if the modified z-score of its logarithm is beyond 3.5 (iglewicz-hoaglin1993). The table
    of cases holds the first thousand cases and every outlier. If the cases have several nuclides, each structure is
    named with its nuclide, as "Liver, Ho-166", because doses of different nuclides are not pooled.

    Examples
    --------
    See `yttria.batch.run_manifest`, which writes the folder. `cohort_report("results")` makes its report.
    """
    folder = finished_folder(folder)
    summary = summarize(folder)
    names, codes, methods, versions = _cases(folder, anonymous=anonymous)
    named = group_names(folder)
    values, ids = _doses(folder, names, named)
    curves, step_gy = dvh_curves(folder)
    quarantine = [{**row, "message": _LEFT_OUT, "case_id": f"case {row['row']}"} for row in summary.quarantine]
    facts: list[tuple[str, Any]] = [
        ("Dose model", ", ".join(methods)),
        ("Nuclides", _counted(summary.isotopes)),
        ("Computed by yttria", ", ".join(versions)),
        ("Folder", "left out (anonymous)" if anonymous else folder.resolve().name),
    ]
    data = CohortData(
        case_ids=list(names.values()),
        values=values,
        ids=ids,
        z_scores={key: modified_z(found) for key, found in values.items()},
        outlier_z=OUTLIER_Z,
        statistics=[
            {**row, "structure": named(row["structure"], row["isotope"]), "metric": with_unit(row["metric"])}
            for row in summary.structures
        ],
        quartiles={name: dvh_quartiles(found) for name, found in curves.items()},
        step_gy=step_gy,
        codes=codes,
        warnings=summary.warnings,
        quarantine=quarantine if anonymous else summary.quarantine,
        quarantined=sum(summary.quarantined.values()),
        facts=[(words, value) for words, value in facts if value],
        files=[describe_file(folder / f"{table}.parquet", f"{table}.parquet") for table in TABLES],
    )
    return cohort_html(data, created=created)


def _cases(folder: Path, *, anonymous: bool) -> tuple[dict[str, str], dict[str, list[str]], list[str], list[str]]:
    """Collect the shown ids and the advisory codes of the cases by id, and the dose models and versions of all."""
    names: dict[str, str] = {}
    codes: dict[str, list[str]] = {}
    methods: dict[str, None] = {}
    versions: dict[str, None] = {}
    for table in read_rows(folder, "cases", ("row", "case_id", "method", "advisories", "provenance")):
        for row in table.to_pylist():
            shown = names[row["case_id"]] = f"case {row['row']}" if anonymous else row["case_id"]
            codes[shown] = list(dict.fromkeys(advisory["code"] for advisory in json.loads(row["advisories"])))
            methods[METHOD_NAMES.get(row["method"], str(row["method"]))] = None
            versions[str(json.loads(row["provenance"]).get("yttria_version", ""))] = None
    return names, codes, list(methods), [version for version in versions if version]


def _counted(isotopes: dict[str, int]) -> str:
    """State the number of cases of each nuclide if there are several."""
    counts = ", ".join(f"{isotope} in {count} cases" for isotope, count in isotopes.items())
    return f"{counts}; doses of different nuclides are not pooled" if len(isotopes) > 1 else ""


def _doses(
    folder: Path, names: dict[str, str], named: Callable[[str, str], str]
) -> tuple[dict[tuple[str, str], NDArray[np.float64]], dict[str, list[str]]]:
    """Collect mean doses and volumes by the names of structures, and the cases of each, in the manifest's order."""
    values: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for whole in read_rows(folder, "doses", (*_COLUMNS, "value")):
        codes, kinds = dictionary_codes(whole["metric"])
        wanted = np.isin(codes, [n for n, kind in enumerate(kinds) if kind in _METRICS])
        table = whole.take(np.flatnonzero(wanted))
        columns = (table[name].to_pylist() for name in (*_COLUMNS, "value"))
        for case, structure, metric, isotope, value in zip(*columns, strict=True):
            if value is not None and np.isfinite(value):
                values[named(structure, isotope), metric][names[case]] = value
    # A structure outside the image has a volume but no dose.
    ids = {name: list(found) for (name, metric), found in values.items() if metric == "mean_gy"}
    arrays = {
        (name, metric): np.array([values[name, metric].get(case, np.nan) for case in found])
        for name, found in ids.items()
        for metric in _METRICS
    }
    return arrays, ids
