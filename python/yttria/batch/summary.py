"""Summary of a cohort with distributions of doses by structure, outliers, and cases in quarantine."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError
from .tables import read_rows

#: A case with a modified z-score beyond this is an outlier. Source: iglewicz-hoaglin1993.
OUTLIER_Z = 3.5
#: Ratio of the standard deviation to the median absolute deviation of a normal distribution.
_SD_PER_MAD = 1.4826
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Largest number of curves drawn for a structure.
MOST_CURVES = 2000
#: Largest number of cases in quarantine that are listed one by one.
_LISTED = 1000
METRICS = ("mean_gy", "d95_gy", "d70_gy", "d50_gy", "volume_ml")


_ByMetric = dict[tuple[str, str, str], NDArray[np.float64]]
"""Values of all cases, by structure, isotope and metric."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Summary:
    """Summary of a finished run.

    Parameters
    ----------
    cases : int
        Number of cases with a result.
    isotopes : dict of str to int
        Number of these cases by isotope, such as {"Y-90": 30, "Ho-166": 10}. The most frequent comes first.
    structures : list of dict
        A row per structure, isotope and metric of `METRICS`, with n and quantiles. `standard_uncertainty` is the median
        of the cases that state one, else None. Structures that the most cases have come first. Doses of different
        isotopes are not pooled, because equal doses of different half-lives have different effects.
    outliers : list of dict
        Cases with an outlying mean dose to a structure among the cases of their isotope: `modified_z` beyond 3.5.
    quarantined : dict of str to int
        Number of cases in quarantine by error.
    quarantine : list of dict
        The first 1000 cases in quarantine, with row, line, case_id, error and message.
    warnings : dict of str to int
        Number of cases by code of advisory.
    """

    cases: int
    isotopes: dict[str, int]
    structures: list[dict[str, Any]]
    outliers: list[dict[str, Any]]
    quarantined: dict[str, int]
    quarantine: list[dict[str, Any]]
    warnings: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        return dict(vars(self))


def summarize(folder: str | Path) -> Summary:
    """Summarize the tables of a finished run. A folder without tables raises `FileFormatError`."""
    folder = finished_folder(folder)
    values, uncertainties, ids = _doses(folder)
    warnings, cases = _advisories(folder)
    quarantined: Counter[str] = Counter()
    quarantine: list[dict[str, Any]] = []
    for table in read_rows(folder, "quarantine", ("row", "line", "case_id", "error", "message")):
        quarantined.update(table["error"].to_pylist())
        quarantine += table.slice(0, _LISTED - len(quarantine)).to_pylist()
    groups = sorted(
        {key[:2] for key in values}, key=lambda group: (-len(values[(*group, "mean_gy")]), group[0], group[1])
    )
    rows = [
        {"structure": name, "isotope": isotope, "metric": metric, "n": len(found)}
        | {f"q{round(100 * q)}": float(v) for q, v in zip(QUANTILES, np.quantile(found, QUANTILES), strict=True)}
        | {
            "standard_uncertainty": float(np.median(stated))
            if len(stated := uncertainties[name, isotope, metric])
            else None
        }
        for name, isotope in groups
        for metric in METRICS
        if len(found := values[name, isotope, metric])
    ]
    outliers: list[dict[str, Any]] = [
        {
            "case_id": str(ids[group][n]),
            "structure": group[0],
            "isotope": group[1],
            "mean_gy": float(means[n]),
            "z": float(z[n]),
        }
        for group in groups
        for means, z in [(values[(*group, "mean_gy")], modified_z(values[(*group, "mean_gy")]))]
        for n in np.flatnonzero(np.abs(z) > OUTLIER_Z)
    ]
    outliers.sort(key=lambda outlier: -abs(outlier["z"]))
    return Summary(
        cases=cases,
        isotopes=isotopes_of(folder),
        structures=rows,
        outliers=outliers,
        quarantined=dict(quarantined),
        quarantine=quarantine,
        warnings=dict(warnings),
    )


def isotopes_of(folder: Path) -> dict[str, int]:
    """Count the cases with a result by isotope, the most frequent first."""
    found: Counter[str] = Counter()
    for table in read_rows(folder, "cases", ("isotope",)):
        found.update(table["isotope"].to_pylist())
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def group_names(folder: Path) -> Callable[[str, str], str]:
    """Make the function that names a structure in figures, with its isotope if the cases have more than one."""
    several = len(isotopes_of(folder)) > 1
    return lambda structure, isotope: f"{structure}, {isotope}" if several else structure


def mean_doses(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Read the mean dose in Gy of every case, by structure, and by isotope if there are several."""
    named = group_names(folder)
    return {
        named(name, isotope): found
        for (name, isotope, metric), found in _doses(folder)[0].items()
        if metric == "mean_gy" and len(found)
    }


def dvh_curves(folder: Path) -> tuple[dict[str, list[NDArray[np.float64]]], float]:
    """Read volume fractions of at most `MOST_CURVES` spread cases by the names of `mean_doses`, and the step in Gy."""
    named = group_names(folder)
    total = sum(table.num_rows for table in read_rows(folder, "cases", ("row",)))
    every = max(1, -(-total // MOST_CURVES))
    found: dict[str, list[NDArray[np.float64]]] = {}
    seen: dict[str, int] = {}
    step_gy = 1.0
    for table in read_rows(folder, "dvh", ("structure", "dvh_step_gy", "volume_ml", "isotope")):
        step_gy = table["dvh_step_gy"][0].as_py() if table.num_rows else step_gy
        columns = (table[column].to_pylist() for column in ("structure", "isotope"))
        for structure, isotope, curve in zip(*columns, table["volume_ml"], strict=True):
            name = named(structure, isotope)
            seen[name] = seen.get(name, -1) + 1
            values = np.asarray(curve.values)
            if seen[name] % every == 0 and len(values) and values[0] > 0:
                found.setdefault(name, []).append(values / values[0])
    return found, step_gy


def dvh_quartiles(curves: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Compute lower quartile, median and upper quartile of curves of any length, as an array of shape (3, n)."""
    grid = np.zeros((len(curves), max(map(len, curves))))
    for row, curve in zip(grid, curves, strict=True):
        row[: len(curve)] = curve
    quartiles: NDArray[np.float64] = np.quantile(grid, (0.25, 0.5, 0.75), axis=0)
    return quartiles


def finished_folder(folder: str | Path) -> Path:
    """Check that a folder holds the tables of a run, and return it as a path."""
    folder = Path(folder)
    if not folder.is_dir():
        raise FileFormatError(f"{folder}: there is no such folder of results")
    if not (folder / "doses.parquet").is_file():
        raise FileFormatError(f"{folder}: there is no doses.parquet: the run has not ended yet; run it again to go on")
    return folder


def modified_z(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the modified z-scores (x - median) / (1.4826 MAD), of the logarithms if all values are positive."""
    x = np.log(values) if len(values) and values.min() > 0 else values
    if len(x) < 3:
        return np.zeros(len(x))
    distance = x - np.median(x)
    mad = float(np.median(np.abs(distance)))
    return distance / (_SD_PER_MAD * mad) if mad > 0 else np.zeros(len(x))


def _doses(folder: Path) -> tuple[_ByMetric, _ByMetric, dict[tuple[str, str], NDArray[Any]]]:
    """Read values, stated uncertainties, and the cases of the mean doses, by structure and isotope."""
    values: dict[tuple[str, str, str], list[NDArray[np.float64]]] = defaultdict(list)
    uncertainties: dict[tuple[str, str, str], list[NDArray[np.float64]]] = defaultdict(list)
    ids: dict[tuple[str, str], list[NDArray[Any]]] = defaultdict(list)
    columns = ("case_id", "structure", "metric", "isotope")
    for table in read_rows(folder, "doses", (*columns, "value", "standard_uncertainty")):
        case, *words = (dictionary_codes(table[name]) for name in columns)
        value = table["value"].to_numpy(zero_copy_only=False)
        stated = table["standard_uncertainty"].to_numpy(zero_copy_only=False).astype(np.float64)
        finite = np.isfinite(value)
        for found in product(*(enumerate(names) for _, names in words)):
            structure, kind, isotope = (word for _, word in found)
            if kind not in METRICS:
                continue
            same = [codes == n for (codes, _), (n, _) in zip(words, found, strict=True)]
            at = np.flatnonzero(same[0] & same[1] & same[2] & finite)
            values[structure, isotope, kind].append(value[at])
            uncertainties[structure, isotope, kind].append(stated[at][np.isfinite(stated[at])])
            if kind == "mean_gy":
                ids[structure, isotope].append(np.asarray(case[1], dtype=object)[case[0][at]])
    named = {name: np.concatenate(found) for name, found in ids.items()}
    return _joined(values), _joined(uncertainties), named


def _advisories(folder: Path) -> tuple[Counter[str], int]:
    """Count the cases by code of advisory, and all cases."""
    warnings: Counter[str] = Counter()
    cases = 0
    for table in read_rows(folder, "cases", ("advisories",)):
        cases += table.num_rows
        for text in table["advisories"].to_pylist():
            warnings.update({advisory["code"] for advisory in json.loads(text)})
    return warnings, cases


def _joined(parts: Mapping[tuple[str, str, str], list[NDArray[np.float64]]]) -> _ByMetric:
    joined: _ByMetric = defaultdict(lambda: np.zeros(0))
    joined.update({key: np.concatenate(found) for key, found in parts.items()})
    return joined


def dictionary_codes(column: Any) -> tuple[NDArray[np.int64], list[str]]:
    """Encode a column of words as numbers, and return the word of each number."""
    coded = column.combine_chunks()
    if hasattr(coded, "num_chunks"):  # an empty or unjoined column
        coded = coded.unify_dictionaries().combine_chunks()
    return coded.indices.to_numpy(), coded.dictionary.to_pylist()
