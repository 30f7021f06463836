"""Which known mistakes explain the deviations of one implementation, all its answers taken together.

A hypothesis is one variant, or two put around each other. It touches the cases that it moves by more than the noise; it
is contradicted where an answer to one of these is not what it predicts; it is accepted where it is not contradicted,
explains at least one deviating case, and fits far better than no mistake at all. What moves a case by less than the
noise is no evidence, neither for nor against. Of accepted hypotheses the one that explains most is named first; others
that explain the same cases as well are named beside it: then the answers cannot tell them apart.
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
"""Standard deviations beyond which an answer is not the expected one; the largest of some 10^4 voxels stays below."""

TOUCHES = 4.0
"""Standard deviations by which a hypothesis must move a case to say anything about it."""

EVIDENCE = 30.0
"""By how much a hypothesis must fit better than none, in chi-squared."""

APART = 12.0
"""Chi-squared between two hypotheses from which the worse one is out."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A mistake that explains deviations: `variants` has one name or two.

    `alternatives` are other hypotheses that the answers cannot tell from it. `explains` are the deviating cases it
    accounts for, `consistent` all cases that it moves and that were answered as it predicts.
    """

    variants: tuple[str, ...]
    explains: tuple[str, ...]
    consistent: tuple[str, ...]
    alternatives: tuple[tuple[str, ...], ...] = ()
    strongest: str = ""

    @property
    def ambiguous(self) -> bool:
        """Whether other hypotheses fit as well."""
        return bool(self.alternatives)

    @property
    def name(self) -> str:
        """The variants, joined by " + "."""
        return " + ".join(self.variants)

    def sentences(self) -> tuple[str, ...]:
        """Return what each known error of the finding does.

        Returns
        -------
        tuple of str
            One sentence each.

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
    """Answers of the reference to a case with these mistakes; the expected values without any."""
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
    """Answers of an implementation that makes these mistakes and no others, for tests of the diagnosis."""
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
        Relative standard deviation of the implementation's own numbers, by rounding or by chance.

    Returns
    -------
    tuple of Finding
        The mistake that explains most first.

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
    """Pairs in which each is contradicted only where the other has a say, and which share such a case."""
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
    """Greedy cover: what explains most of what is left, single mistakes before pairs; the likes of it beside it."""
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
