"""Join of outcomes with the dose table of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from .._foundation.choices import ENDPOINTS, ISOTOPES, TARGET_RESPONSES, Endpoint, IsotopeName, TargetResponse
from .._foundation.extras import require
from .._foundation.numbers import one_of
from ..advisory import Advisory, advise
from ..batch.summary import finished_folder
from ..batch.tables import read_rows
from ..errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError
from .observations import Floats
from .table import Outcome

#: Largest number of names that an advisory lists.
_LISTED = 5
RESPONDERS: tuple[TargetResponse, ...] = ("CR", "PR")


class OutcomeRow(TypedDict):
    """Row of `DosedOutcomes.rows`: one observation, with its event as 0 or 1."""

    case_id: str
    structure: str | None
    patient_id: str
    dose_gy: float
    event: int
    time_months: float | None


@dataclass(frozen=True, eq=False, kw_only=True)
class DosedOutcomes:
    """Doses with the outcome of one endpoint, with one value for each observation.

    Parameters
    ----------
    endpoint : {"response", "toxicity", "survival", "progression"}
        Endpoint of the outcomes.
    event_meaning : str
        Description of the event in words.
    metric : str
        Column of the dose table, such as "mean_gy".
    isotope : str or None
        Isotope of all these doses, such as "Y-90". None if the dose table does not state it.
    case_ids, structures, patients : tuple of str
        Case, structure of the dose, and patient.
    dose_gy : ndarray, shape (n,)
        The doses in Gy.
    event : ndarray of bool, shape (n,)
        Whether the observation had the event.
    time_months : ndarray, shape (n,), or None
        Time to the event or to the end of the follow-up in months, for survival and progression.
    advisories : tuple of Advisory
        Advisories on rows that were left out.
    """

    endpoint: Endpoint
    event_meaning: str
    metric: str
    isotope: IsotopeName | None = None
    case_ids: tuple[str, ...]
    structures: tuple[str, ...]
    patients: tuple[str, ...]
    dose_gy: Floats
    event: NDArray[np.bool_]
    time_months: Floats | None
    advisories: tuple[Advisory, ...]

    def rows(self) -> list[OutcomeRow]:
        """List the observations as rows of a table.

        Returns
        -------
        list of OutcomeRow
            Dose in Gy, event (0 or 1) and time in months of each observation.

        Examples
        --------
        >>> data = DosedOutcomes(
        ...     endpoint="response", event_meaning="response CR or PR", metric="mean_gy", case_ids=("a",),
        ...     structures=("Tumor",), patients=("a",), dose_gy=np.array([120.0]), event=np.array([True]),
        ...     time_months=None, advisories=(),
        ... )
        >>> data.rows()[0]["dose_gy"]
        120.0
        """
        times = [None] * len(self.event) if self.time_months is None else self.time_months.tolist()
        return [
            OutcomeRow(
                case_id=case_id,
                structure=structure,
                patient_id=patient,
                dose_gy=dose_gy,
                event=int(event),
                time_months=time_months,
            )
            for case_id, structure, patient, dose_gy, event, time_months in zip(
                self.case_ids, self.structures, self.patients, self.dose_gy.tolist(), self.event, times, strict=True
            )
        ]


def join_doses(
    outcomes: Sequence[Outcome],
    results: str | Path,
    *,
    endpoint: Endpoint,
    structure: str | None = None,
    metric: str = "mean_gy",
    isotope: IsotopeName | None = None,
    responders: Sequence[TargetResponse] = RESPONDERS,
    grade: int = 3,
) -> DosedOutcomes:
    """Join outcomes with the doses that a batch wrote.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Rows of outcomes, from `read_outcomes`.
    results : str or Path
        Folder of results of `yttria batch run`.
    endpoint : {"response", "toxicity", "survival", "progression"}
        Endpoint of the outcomes. Rows without it are left out.
    structure : str, optional
        Structure whose dose belongs to rows that name none. Needed if there are such rows.
    metric : str, default "mean_gy"
        Metric of `doses.parquet` in Gy.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}, optional
        Isotope whose doses are taken. Needed if the doses of the rows are of several, because a curve through doses of
        different half-lives describes none of them.
    responders : sequence of {"CR", "PR", "SD", "PD", "NE"}, default ("CR", "PR")
        Responses that count as the event.
    grade : int, default 3
        Lowest grade of toxicity that counts as the event, 1 to 5.

    Returns
    -------
    DosedOutcomes
        Observations that have both a dose and an outcome.

    Raises
    ------
    ArgumentError
        If a row names no structure and `structure` is not given. If the doses are of several isotopes and `isotope` is
        not given.
    OutOfRangeError
        If `grade` is not within [1, 5].
    UnknownNameError
        If the endpoint, a responder, the metric, the isotope or the structure is not known. The message lists the known
        ones.
    UndefinedError
        If no observation is left.
    FileFormatError
        If the folder holds no finished run.

    Warns
    -----
    outcomes_left_out
        If rows have no endpoint, a response that was not evaluated, a dose of another isotope than `isotope`, or no
        dose (because the case is in quarantine or not in the table), or if doses of the same structures have no row.

    Examples
    --------
    >>> import pyarrow, pyarrow.parquet
    >>> columns = {"case_id": ["a", "b"], "structure": ["Tumor"] * 2, "metric": ["mean_gy"] * 2}
    >>> table = pyarrow.table(columns | {"value": [90.0, 210.0], "unit": ["Gy"] * 2})
    >>> pyarrow.parquet.write_table(table, "doses.parquet")  # as `yttria batch run` writes it
    >>> rows = [Outcome(case_id=name, structure="Tumor", response=r) for name, r in (("a", "SD"), ("b", "CR"))]
    >>> data = join_doses(rows, ".", endpoint="response")
    >>> data.dose_gy.tolist(), data.event.tolist()
    ([90.0, 210.0], [False, True])
    """
    kind = one_of("endpoint", endpoint, ENDPOINTS)
    wanted = None if isotope is None else one_of("isotope", isotope, ISOTOPES)
    counted = tuple(one_of("a responder", name, TARGET_RESPONSES) for name in responders)
    if isinstance(grade, bool) or grade not in range(1, 6):
        raise OutOfRangeError(f"grade must be within [1, 5], got {grade}")
    known = [row for row in outcomes if _is_known(row, kind)]
    evaluated = [row for row in known if kind != "response" or row.response != "NE"]
    if structure is None and (missing := [row.case_id for row in evaluated if not row.structure]):
        raise ArgumentError(
            f"structure must be given: {len(missing)} rows with an outcome name none, the first of case '{missing[0]}'"
        )
    doses, isotopes = _doses(finished_folder(results), metric, structure)
    left_out: list[Advisory] = []
    if len(known) < len(outcomes):
        left_out.append(
            advise("outcomes_left_out", "no_outcome", severity="note", count=len(outcomes) - len(known), endpoint=kind)
        )
    if len(evaluated) < len(known):
        left_out.append(
            advise("outcomes_left_out", "not_evaluated", severity="warning", count=len(known) - len(evaluated))
        )
    places = [(row.case_id, row.structure or structure or "") for row in evaluated]
    dosed = [place for place in places if place in doses]
    if wanted is None:
        wanted = _only_isotope(Counter(isotopes.get(place) for place in dosed))
    elif others := [place for place in dosed if isotopes.get(place, wanted) != wanted]:
        left_out.append(
            advise(
                "outcomes_left_out",
                "other_isotope",
                severity="note",
                count=len(others),
                isotope=wanted,
                names=_names(others),
            )
        )
        if len(others) == len(dosed):
            raise UndefinedError(f"no row has a dose of {wanted}; the doses are of {isotopes[others[0]]}")
        foreign = set(others)
        kept = [(row, place) for row, place in zip(evaluated, places, strict=True) if place not in foreign]
        evaluated, places = [row for row, _ in kept], [place for _, place in kept]
        doses = {place: dose for place, dose in doses.items() if isotopes.get(place, wanted) == wanted}
    without = [place for place in places if place not in doses]
    if without:
        left_out.append(
            advise("outcomes_left_out", "no_dose", severity="warning", count=len(without), names=_names(without))
        )
    used = {name for _, name in places}
    rowless = sorted({place for place in doses if place[1] in used} - _listed(outcomes, structure))
    if rowless:
        left_out.append(
            advise(
                "outcomes_left_out",
                "not_listed",
                severity="warning",
                count=len(rowless),
                structures=", ".join(f"'{name}'" for name in sorted({name for _, name in rowless})[:_LISTED]),
                names=_names(rowless),
            )
        )
    joined = [(row, place) for row, place in zip(evaluated, places, strict=True) if place in doses]
    if not joined:
        raise UndefinedError(
            f"no row has both a {kind} and a dose; of {len(outcomes)} rows {len(known)} have a {kind}, and the first "
            f"dose is that of case '{next(iter(doses))[0]}'"
        )
    return DosedOutcomes(
        endpoint=kind,
        event_meaning=_meaning(kind, counted, grade),
        metric=metric,
        isotope=wanted,
        case_ids=tuple(row.case_id for row, _ in joined),
        structures=tuple(name for _, (_, name) in joined),
        patients=tuple(row.patient for row, _ in joined),
        dose_gy=np.array([doses[place] for _, place in joined]),
        event=np.array([_event(row, kind, counted, grade) for row, _ in joined], bool),
        time_months=_times([row for row, _ in joined], kind),
        advisories=tuple(left_out),
    )


def _is_known(row: Outcome, endpoint: Endpoint) -> bool:
    if endpoint == "response":
        return row.response is not None
    if endpoint == "toxicity":
        return row.toxicity_grade is not None
    return getattr(row, f"{endpoint}_months") is not None


def _event(row: Outcome, endpoint: Endpoint, responders: Sequence[str], grade: int) -> bool:
    if endpoint == "response":
        return row.response in responders
    if endpoint == "toxicity":
        return row.toxicity_grade is not None and row.toxicity_grade >= grade
    return bool(getattr(row, f"{endpoint}_event"))


def _times(rows: Sequence[Outcome], endpoint: Endpoint) -> Floats | None:
    if endpoint not in ("survival", "progression"):
        return None
    return np.array([getattr(row, f"{endpoint}_months") for row in rows], float)


def _meaning(endpoint: Endpoint, responders: Sequence[str], grade: int) -> str:
    return {
        "response": f"response {' or '.join(responders)}",
        "toxicity": f"toxicity of grade {grade} or more" if grade < 5 else "toxicity of grade 5",
        "survival": "death",
        "progression": "progression",
    }[endpoint]


def _only_isotope(counts: Mapping[IsotopeName | None, int]) -> IsotopeName | None:
    """Return the one isotope of the doses, None if it is not stated; several are an error."""
    if len(counts) > 1:
        each = " and ".join(f"{count} of {name or 'an unstated isotope'}" for name, count in counts.items())
        raise ArgumentError(
            f"isotope must be given: the rows have {each} doses, and a fit through doses of several isotopes "
            "describes none of them"
        )
    return next(iter(counts), None)


def _doses(
    folder: Path, metric: str, structure: str | None
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], IsotopeName]]:
    """Read finite doses by case and structure, and their isotopes if the table states them.

    A metric or structure that is not in the table is an error.
    """
    found: dict[tuple[str, str], float] = {}
    isotopes: dict[tuple[str, str], IsotopeName] = {}
    metrics: set[str] = set()
    structures: set[str] = set()
    compute = require("pyarrow.compute", "batch")
    columns = ("case_id", "structure", "metric", "value", "unit")
    for table in read_rows(folder, "doses", columns, optional=("isotope",)):
        structures |= set(table["structure"].unique().to_pylist())
        metrics |= set(table.filter(compute.equal(table["unit"], "Gy"))["metric"].unique().to_pylist())
        chosen = table.filter(compute.equal(table["metric"], metric))
        cases, names, values = (chosen[key].to_pylist() for key in ("case_id", "structure", "value"))
        stated = chosen["isotope"].to_pylist() if "isotope" in chosen.column_names else [None] * len(cases)
        for case, name, value, isotope in zip(cases, names, values, stated, strict=True):
            if value is not None and np.isfinite(value):
                found[case, name] = value
                if isotope is not None:
                    isotopes[case, name] = isotope
    if metric not in metrics:
        raise UnknownNameError(f"metric must be one of {', '.join(sorted(metrics))}, got {metric!r:.80}")
    if structure is not None and structure not in structures:
        raise UnknownNameError(f"structure must be one of {', '.join(sorted(structures))}, got {structure!r:.80}")
    return found, isotopes


def _listed(outcomes: Sequence[Outcome], structure: str | None) -> set[tuple[str, str]]:
    return {(row.case_id, row.structure or structure or "") for row in outcomes}


def _names(places: Sequence[tuple[str, str]]) -> str:
    shown = ", ".join(f"'{case}' {name}".rstrip() for case, name in places[:_LISTED])
    return shown + (f" and {len(places) - _LISTED} more" if len(places) > _LISTED else "")
