"""Search for the known mistakes that explain the deviations of one implementation from all its answers.

A hypothesis is one variant, or two combined. It concerns the cases whose answers it changes by more than the noise. It
is contradicted if an answer to one of these differs from its prediction. It is accepted if it is not contradicted,
explains at least one deviating case, and fits far better than no mistake. A change below the noise is no evidence. The
accepted hypothesis that explains most cases is named first. Others that explain the same cases equally well are named
with it, because the answers cannot distinguish them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import combinations
from typing import Any

from ._cases import case
from ._deviation import deviations
from .answers import reference_answer
from .known_errors import KNOWN_ERRORS, Implementation, summary

Answers = dict[str, dict[str, Any]]

DEVIATES = 5.5
"""Number of standard deviations beyond which an answer differs from the expected one. The largest of about 10^4 voxels
is below it."""

TOUCHES = 4.0
"""Number of standard deviations by which a hypothesis must change the answer to a case that it concerns."""

EVIDENCE = 30.0
"""Difference of chi-squared by which a hypothesis must fit better than no mistake."""

APART = 12.0
"""Difference of chi-squared between two hypotheses from which the worse one is excluded."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Mistake that explains deviations, with one or two names in `variants`.

    `alternatives` are other hypotheses that the answers cannot distinguish from it. `explains` are the deviating cases
    that it explains. `consistent` are all cases that it changes and whose answers it predicts.
    """

    variants: tuple[str, ...]
    explains: tuple[str, ...]
    consistent: tuple[str, ...]
    alternatives: tuple[tuple[str, ...], ...] = ()
    strongest: str = ""

    @property
    def ambiguous(self) -> bool:
        """Whether other hypotheses fit equally well."""
        return bool(self.alternatives)

    @property
    def name(self) -> str:
        """The variants, joined by " + "."""
        return " + ".join(self.variants)

    def sentences(self) -> tuple[str, ...]:
        """Describe the effect of each known error of the finding.

        Returns
        -------
        tuple of str
            One sentence for each known error.

        Examples
        --------
        >>> from yttria.conformance.diagnosis import injected
        >>> ids = ["seed-p3-round-1", "part-01", "mird-01"]
        >>> (finding,) = diagnose(injected(["dose_factor_50"], ids), noise=1e-4)
        >>> len(finding.sentences())
        1
        """
        return tuple(summary(name) for name in self.variants)


@dataclass(kw_only=True)
class _Hypothesis:
    variants: tuple[str, ...]
    touched: set[str] = field(default_factory=set)
    contradicted: set[str] = field(default_factory=set)
    explained: set[str] = field(default_factory=set)
    chi2: dict[str, float] = field(default_factory=dict)


def predict(case_id: str, variants: tuple[str, ...]) -> dict[str, Any]:
    """Compute the answers of the reference to a case with these mistakes, or the expected values without mistakes."""
    each = case(case_id)
    if not variants or "error" in each.expected:
        return each.expected
    return _predicted(case_id, variants) if len(variants) == 1 else _predicted_pair(case_id, variants)


def _answer(case_id: str, variants: tuple[str, ...]) -> dict[str, Any]:
    implementation: Implementation = reference_answer
    for name in sorted(variants, key=list(KNOWN_ERRORS).index):
        implementation = KNOWN_ERRORS[name](implementation)
    each = case(case_id)
    return implementation(each.model, dict(each.inputs))


@cache
def _predicted(case_id: str, variants: tuple[str, ...]) -> dict[str, Any]:
    return _answer(case_id, variants)


@lru_cache(maxsize=4096)
def _predicted_pair(case_id: str, variants: tuple[str, ...]) -> dict[str, Any]:
    return _answer(case_id, variants)


def injected(variants: Sequence[str], case_ids: Iterable[str]) -> Answers:
    """Compute the answers of an implementation that makes exactly these mistakes, for tests of the diagnosis."""
    return {
        name: {q: v for q, v in predict(name, tuple(variants)).items() if q in case(name).quantities}
        for name in case_ids
    }


def diagnose(answers: Answers, *, noise: float = 1e-3) -> tuple[Finding, ...]:
    """Name the known mistakes that explain deviating answers.

    Parameters
    ----------
    answers : mapping
        Values by case id and quantity.
    noise : float
        Relative standard deviation of the implementation's numbers due to rounding or chance.

    Returns
    -------
    tuple of Finding
        The findings. The mistake that explains most cases comes first.

    Examples
    --------
    >>> diagnose({})
    ()
    """
    correct = {name: deviations(case(name), got, case(name).expected, noise) for name, got in answers.items()}
    null = {name: _sum(values) for name, values in correct.items()}
    deviating = {name for name, values in correct.items() if max(values, default=0.0) > DEVIATES}
    if not deviating:
        return ()
    singles = [_examined((name,), answers, null, deviating, noise) for name in KNOWN_ERRORS]
    accepted = [h for h in singles if _accepted(h, null)]
    if deviating - set().union(*(h.explained for h in accepted)):
        accepted += _pairs(singles, answers, null, deviating, noise)
    return _chosen(accepted, deviating, null)


@lru_cache(maxsize=65536)
def _effect(name: str, variants: tuple[str, ...], quantities: tuple[str, ...], noise: float) -> float:
    each = case(name)
    moved = predict(name, variants)
    got = {q: moved[q] for q in quantities if q in moved}
    return max(deviations(each, got, each.expected, noise), default=0.0)


def _examined(
    variants: tuple[str, ...], answers: Answers, null: dict[str, float], deviating: set[str], noise: float
) -> _Hypothesis:
    found = _Hypothesis(variants=variants)
    for name, got in answers.items():
        if _effect(name, variants, tuple(got), noise) > TOUCHES:
            _compare(found, name, got, deviating, noise)
    return found


def _compare(found: _Hypothesis, name: str, got: dict[str, Any], deviating: set[str], noise: float) -> None:
    distances = deviations(case(name), got, predict(name, found.variants), noise)
    found.touched.add(name)
    found.chi2[name] = _sum(distances)
    if max(distances, default=0.0) > DEVIATES:
        found.contradicted.add(name)
    elif name in deviating:
        found.explained.add(name)


def _accepted(h: _Hypothesis, null: dict[str, float]) -> bool:
    better = sum(null[name] - chi2 for name, chi2 in h.chi2.items())
    return not h.contradicted and bool(h.explained) and better > EVIDENCE


def _pairs(
    singles: list[_Hypothesis], answers: Answers, null: dict[str, float], deviating: set[str], noise: float
) -> list[_Hypothesis]:
    """Find pairs in which each is contradicted only by cases that concern the other, and which share such a case."""
    found = []
    for a, b in combinations([h for h in singles if h.touched & deviating], 2):
        shared = a.touched & b.touched
        if not shared or not (a.contradicted <= shared and b.contradicted <= shared):
            continue
        if not a.contradicted and not b.contradicted:
            continue
        pair = _Hypothesis(variants=(*a.variants, *b.variants))
        for h in (a, b):
            alone = h.touched - shared
            pair.touched |= alone
            pair.explained |= h.explained - shared
            pair.chi2 |= {name: h.chi2[name] for name in alone}
        for name in sorted(shared, key=lambda n: n not in deviating):
            _compare(pair, name, answers[name], deviating, noise)
            if pair.contradicted:
                break
        values = sum(len(answers[name]) for name in pair.explained)
        if values >= 2 and _accepted(pair, null):
            found.append(pair)
    return found


def _chosen(accepted: list[_Hypothesis], deviating: set[str], null: dict[str, float]) -> tuple[Finding, ...]:
    """Choose hypotheses by greedy cover of the unexplained cases.

    Single mistakes come before pairs, and equally good alternatives are kept.
    """
    findings: list[Finding] = []
    left, open_ = set(deviating), list(accepted)
    while True:
        open_ = [h for h in open_ if h.explained & left]
        if not open_:
            return tuple(findings)
        open_.sort(key=lambda h: (-len(h.explained & left), len(h.variants), -_gain(h, null, left)))
        best = open_[0]
        covered = best.explained & left
        alike = [
            h.variants
            for h in open_[1:]
            if h.explained & left == covered
            and len(h.variants) == len(best.variants)
            and _gain(best, null, left) - _gain(h, null, left) < APART
        ]
        strongest = max(sorted(covered), key=lambda name: null[name])
        consistent = tuple(sorted(best.touched))
        findings.append(
            Finding(
                variants=best.variants,
                explains=tuple(sorted(covered)),
                consistent=consistent,
                alternatives=tuple(alike),
                strongest=strongest,
            )
        )
        left -= covered


def _gain(h: _Hypothesis, null: dict[str, float], left: set[str]) -> float:
    return sum(null[name] - h.chi2[name] for name in h.explained & left)


def _sum(distances: list[float]) -> float:
    return sum(min(d, 1e3) ** 2 for d in distances)
