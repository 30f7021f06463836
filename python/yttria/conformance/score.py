"""Score of another implementation's answers, case by case, with the known mistakes that explain deviations."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._core import __version__
from .._foundation.numbers import number
from .._foundation.provenance import RESEARCH_USE
from ..errors import OutOfRangeError
from ._cases import SuiteCase, cases, real_array
from ._deviation import deviations, relative_deviation
from .diagnosis import DEVIATES, Finding, diagnose, predict
from .results import Results, read_results
from .stated_uncertainty import UncertainAnswer, uncertain_answers

STATUSES = ("pass", "fail", "not answered")


@dataclass(frozen=True, kw_only=True)
class CaseScore:
    """Score of one case, with `status` "pass", "fail" or "not answered".

    `deviation` is the largest relative deviation of the answered quantities, for a map relative to its largest value.
    It was found at `quantity`, for a map in `voxel` (k, j, i). It is infinite if it cannot be measured. `answered` of
    `asked` quantities were given. `explanation` of a failure is the name of a known mistake, "within the noise" or
    "unexplained".

    `uncertain` holds each answer that states a standard uncertainty, with its deviation `(got - expected) / u`. It has
    no effect on the status, because a case passes by its tolerance.
    """

    id: str
    model: str
    status: str
    answered: int
    asked: int
    deviation: float | None
    quantity: str | None
    expected: Any
    got: Any
    voxel: tuple[int, ...] | None
    explanation: str
    checks: str
    source: str
    uncertain: tuple[UncertainAnswer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """Result of `score`. `unknown` are names among the answers that are not questions of the suite."""

    implementation: str
    cases: tuple[CaseScore, ...]
    findings: tuple[Finding, ...]
    noise: float
    tolerance: float
    unknown: tuple[str, ...]
    yttria_version: str = __version__

    @property
    def counts(self) -> dict[str, int]:
        """Number of cases of each status."""
        found = Counter(case.status for case in self.cases)
        return {status: found[status] for status in STATUSES}

    @property
    def uncertain(self) -> tuple[tuple[str, UncertainAnswer], ...]:
        """List every answer that states a standard uncertainty, with its case."""
        return tuple((case.id, each) for case in self.cases for each in case.uncertain)

    @property
    def uncertainty_summary(self) -> dict[str, Any] | None:
        """Count answers with a standard uncertainty and those within two of it, with the root mean square, or None."""
        found = [abs(each.deviation) for _, each in self.uncertain]
        if not found:
            return None
        return {
            "stated": len(found),
            "within_2": sum(z <= 2.0 for z in found),
            "root_mean_square": math.sqrt(math.fsum(z * z for z in found) / len(found)),
            "largest": max(found),
        }

    @property
    def unexplained(self) -> tuple[CaseScore, ...]:
        """List the failures that no known mistake explains, without those within the noise."""
        return tuple(case for case in self.cases if case.explanation == UNEXPLAINED)

    def evidence(self, finding: Finding) -> dict[str, Any]:
        """Return the case that shows a finding most clearly.

        Parameters
        ----------
        finding : Finding
            One of `findings`.

        Returns
        -------
        dict
            The case, its quantity, the expected value, the answer, and the value that the known error predicts.

        Examples
        --------
        See `yttria.conformance.score`.
        """
        case = next(each for each in self.cases if each.id == finding.strongest)
        return {
            "case": case.id,
            "quantity": case.quantity,
            "expected": case.expected,
            "got": case.got,
            "voxel": case.voxel,
            "with_the_mistake": _at(predict(case.id, finding.variants).get(case.quantity or ""), case.voxel),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON. Deviations that cannot be measured are None.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.conformance.score`.
        """
        return {
            "implementation": self.implementation,
            "yttria_version": self.yttria_version,
            "noise": self.noise,
            "tolerance": self.tolerance,
            "counts": self.counts,
            "stated_uncertainties": _plain(self.uncertainty_summary),
            "findings": [
                {
                    "variants": list(f.variants),
                    "what": list(f.sentences()),
                    "ambiguous": f.ambiguous,
                    "alternatives": [list(names) for names in f.alternatives],
                    "explains": list(f.explains),
                    "consistent_with": list(f.consistent),
                    "evidence": _plain(self.evidence(f)),
                }
                for f in self.findings
            ],
            "unknown": list(self.unknown),
            "cases": [
                _plain({"exercises" if name == "checks" else name: value for name, value in _fields(case)})
                for case in self.cases
            ],
            "statement": RESEARCH_USE,
        }


WITHIN_NOISE, UNEXPLAINED = "within the noise", "unexplained"


def score(
    results: Mapping[str, Any] | str | os.PathLike[str], *, noise: float = 1e-3, tolerance: float = 0.0
) -> Report:
    """Compare the answers of another implementation with the suite.

    Parameters
    ----------
    results : mapping or path
        As `read_results` takes them.
    noise : float
        Relative standard deviation of the implementation's numbers, within [1e-9, 0.1]. It has no effect on passing,
        but what it can explain is no evidence of a mistake.
    tolerance : float
        Relative tolerance within [0, 0.1], which is used if it exceeds that of a case. It is 1e-4 for answers rounded
        to four digits.

    Returns
    -------
    Report
        Score of each case, and the known mistakes that explain the deviations.

    Raises
    ------
    OutOfRangeError
        If `noise` or `tolerance` is outside its range.
    FileFormatError, FileNotFoundError, MissingExtraError
        As `read_results`.

    Examples
    --------
    >>> score({"answers": {}}).counts["pass"]
    0
    """
    noise = number("noise", noise)
    if not 1e-9 <= noise <= 0.1:
        raise OutOfRangeError(f"noise must be a fraction within [1e-9, 0.1], got {noise:g}")
    tolerance = number("tolerance", tolerance)
    if not 0.0 <= tolerance <= 0.1:
        raise OutOfRangeError(f"tolerance must be a fraction within [0, 0.1], got {tolerance:g}")
    read = read_results(results)
    findings = diagnose(read.answers, noise=noise)
    scored = tuple(_scored(_widened(case, tolerance), read, findings, noise) for case in cases())
    return Report(
        implementation=read.implementation,
        cases=scored,
        findings=findings,
        noise=noise,
        tolerance=tolerance,
        unknown=read.unknown,
    )


def _widened(case: SuiteCase, tolerance: float) -> SuiteCase:
    rel = max(case.tolerance.get("rel", 0.0), tolerance)
    return replace(case, tolerance=case.tolerance | {"rel": rel}) if tolerance > 0.0 else case


def _fields(case: CaseScore) -> list[tuple[str, Any]]:
    return list((vars(case) | {"uncertain": [vars(each) for each in case.uncertain]}).items())


def _scored(case: SuiteCase, read: Results, findings: tuple[Finding, ...], noise: float) -> CaseScore:
    got = read.answers.get(case.id, {})
    deviations = {quantity: relative_deviation(value, case.expected[quantity]) for quantity, value in got.items()}
    worst = max(deviations, key=lambda quantity: deviations[quantity], default=None)
    wrong = [quantity for quantity, value in got.items() if not case.within(quantity, value)]
    if wrong:
        worst = max(wrong, key=lambda quantity: deviations[quantity])
    place = None if worst is None else _place(got[worst], case.expected[worst])
    status = "fail" if wrong else "pass" if got else "not answered"
    return CaseScore(
        id=case.id,
        model=case.model,
        status=status,
        answered=len(got),
        asked=len(case.quantities),
        deviation=None if worst is None else deviations[worst],
        quantity=worst,
        expected=None if worst is None else _at(case.expected[worst], place),
        got=None if worst is None else _at(got[worst], place),
        voxel=place,
        explanation=_explanation(case, got, findings, noise) if wrong else "",
        checks=case.checks,
        source=case.source,
        uncertain=tuple(uncertain_answers(case, got, read.uncertainties.get(case.id, {}))),
    )


def _explanation(case: SuiteCase, got: dict[str, Any], findings: tuple[Finding, ...], noise: float) -> str:
    named = [f for f in findings if case.id in f.explains]
    if named:
        return "; ".join(" or ".join([f.name, *map(" + ".join, f.alternatives)]) for f in named)
    small = max(deviations(case, got, case.expected, noise), default=0.0) <= DEVIATES
    return WITHIN_NOISE if small else UNEXPLAINED


def _plain(value: Any) -> Any:
    """Convert to plain data for JSON. Numbers that are not finite become None."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | bool | int | float) or value is None else str(value)


def _place(got: Any, expected: Any) -> tuple[int, ...] | None:
    """Find the voxel (k, j, i) in which two maps of one shape differ most."""
    if not isinstance(expected, np.ndarray):
        return None
    values = real_array(got)
    if values is None or values.shape != expected.shape:
        return None
    apart = np.where(np.isfinite(values), np.abs(values - expected), np.inf)
    return tuple(int(a) for a in np.unravel_index(int(np.argmax(apart)), expected.shape))


def _at(value: Any, place: tuple[int, ...] | None) -> Any:
    """Show a map by one voxel, or by its shape if it has no such voxel, and anything else unchanged."""
    if not isinstance(value, np.ndarray):
        return value
    if place is None or len(place) != value.ndim or any(a >= n for a, n in zip(place, value.shape, strict=True)):
        return f"shape {value.shape}"
    return float(value[place])
