"""Doses of one treatment, and the result of comparing one with a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from .._foundation.choices import LimitVerdict
from .._foundation.numbers import optional_number
from ..advisory import Advisory
from ..errors import OutOfRangeError
from .limit_conditions import LimitCondition
from .limit_table import Limit

MET: LimitVerdict = "met"
ABOVE: LimitVerdict = "above limit"
BELOW: LimitVerdict = "below target"
DEPENDS: LimitVerdict = "depends on"

#: Names in messages of the doses that are one number.
_QUANTITIES = {
    "perfused_mean_dose_gy": "mean perfused dose in Gy",
    "normal_perfused_dose_gy": "dose to the perfused normal liver in Gy",
    "normal_whole_dose_gy": "dose to the whole normal liver in Gy",
    "whole_liver_dose_gy": "dose to the whole liver in Gy",
    "lung_dose_gy": "lung dose in Gy",
}
_SUBJECTS = {
    "tumor": "lowest mean tumor dose",
    "perfused": "mean dose to the perfused volume",
    "normal_perfused": "mean dose to the perfused normal liver",
    "normal_whole": "mean dose to the whole normal liver",
    "lung": "mean dose to the lungs",
}


@dataclass(frozen=True, kw_only=True)
class TreatmentDoses:
    """Mean absorbed doses of one treatment, planned or delivered. None means not known.

    Parameters
    ----------
    perfused_mean_dose_gy : float, optional
        Mean dose to the perfused volume, tumors included.
    normal_perfused_dose_gy, normal_whole_dose_gy : float, optional
        Mean dose to the perfused normal liver, and to all normal liver, perfused or not.
    whole_liver_dose_gy : float, optional
        Mean dose to the whole liver, tumors included.
    tumor_doses_gy : sequence of float, default ()
        Mean dose to each tumor. The lowest is compared with targets.
    lung_dose_gy : float, optional
        Mean dose to the lungs.
    lung_activity_gbq : float, optional
        Activity that is shunted to the lungs.

    Raises
    ------
    OutOfRangeError
        If a value is negative or not finite.

    Examples
    --------
    >>> from yttria.planning import TreatmentDoses
    >>> TreatmentDoses(perfused_mean_dose_gy=177.0, whole_liver_dose_gy=122.0).normal_whole_dose_gy is None
    True
    """

    perfused_mean_dose_gy: float | None = None
    normal_perfused_dose_gy: float | None = None
    normal_whole_dose_gy: float | None = None
    whole_liver_dose_gy: float | None = None
    tumor_doses_gy: Sequence[float] = ()
    lung_dose_gy: float | None = None
    lung_activity_gbq: float | None = None

    def __post_init__(self) -> None:
        for name, quantity in _QUANTITIES.items():
            object.__setattr__(self, name, amount(quantity, getattr(self, name)))
        activity = amount("activity in the lungs in GBq", self.lung_activity_gbq)
        object.__setattr__(self, "lung_activity_gbq", activity)
        object.__setattr__(
            self, "tumor_doses_gy", tuple(amount("tumor dose in Gy", dose) for dose in self.tumor_doses_gy)
        )

    def value(self, limit: Limit) -> float | None:
        """Return the dose, or for a limit in GBq the activity, that a limit is compared with.

        Parameters
        ----------
        limit : Limit
            An entry of the table of limits.

        Returns
        -------
        float or None
            Value in the unit of the limit, None if it is not known.

        Examples
        --------
        >>> from yttria.planning import dose_limits
        >>> limit = dose_limits(device="glass", kind="lung").limits[0]
        >>> TreatmentDoses(lung_dose_gy=12.0).value(limit)
        12.0
        """
        if limit.unit == "GBq":
            return self.lung_activity_gbq
        return {
            "tumor": min(self.tumor_doses_gy, default=None),
            "perfused": self.perfused_mean_dose_gy,
            "normal_perfused": self.normal_perfused_dose_gy,
            "normal_whole": self.normal_whole_dose_gy,
            "lung": self.lung_dose_gy,
        }[limit.kind]


@dataclass(frozen=True, kw_only=True)
class LimitState:
    """Result of comparing one dose with one limit or target.

    Parameters
    ----------
    limit : Limit
        Entry of the table, with its source.
    state : {"met", "above limit", "below target", "depends on"}
        Result. With "depends on", `missing` names the missing inputs; every other state is certain.
    value : float or None
        Compared value in the unit of the limit. It includes `prior_gy`.
    prior_gy : float, default 0.0
        Part of `value` that earlier treatments gave.
    missing : tuple of str, default ()
        Inputs that must be known before the state is certain.
    undecided : tuple of LimitCondition, default ()
        Conditions of the limit, also on device, disease and intent, that the given inputs do not decide.
    if_applies : str, default ""
        State of the comparison if the limit applies, empty if the dose is missing.
    alternatives : tuple of Limit, default ()
        Other entries of which meeting one is sufficient.
    cautions : tuple of str, default ()
        Sentences of the source that apply or may apply to this treatment.
    advisories : tuple of Advisory, default ()
        `limit_text_ambiguous`, `limit_not_verified`, `limit_derived_otherwise`, `bilirubin_unit_doubtful` and
        `threshold_exactly_on_boundary_conservative_used`, as for `limits`, unless device, disease or intent is missing.

    Examples
    --------
    >>> from yttria.planning import TreatmentDoses, evaluate_limits
    >>> doses = TreatmentDoses(normal_perfused_dose_gy=48.0)
    >>> states = evaluate_limits(doses, device="resin", disease="HCC", intent="unilobar")
    >>> print(next(state for state in states if state.limit.kind == "normal_perfused"))
    The mean dose to the perfused normal liver is 48 Gy, above the limit of 40 Gy (EANM2022).
    """

    limit: Limit
    state: LimitVerdict
    value: float | None
    prior_gy: float = 0.0
    missing: tuple[str, ...] = ()
    undecided: tuple[LimitCondition, ...] = ()
    if_applies: LimitVerdict | Literal[""] = ""
    alternatives: tuple[Limit, ...] = ()
    cautions: tuple[str, ...] = ()
    advisories: tuple[Advisory, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether nothing is missing."""
        return self.state != DEPENDS

    @property
    def broken(self) -> bool:
        """Whether a limit is certainly exceeded or a required target certainly missed. A missed aim does not count."""
        return self.state in (ABOVE, BELOW) and not self.limit.aim

    def __str__(self) -> str:
        """Write one or two sentences on the dose, the limit, the state, and its missing inputs."""
        limit = self.limit
        named = limit.guideline if limit.verified else f"{limit.guideline}, not verified"
        if self.value is None:
            return f"The {subject(limit)} is not known, so that {_limit_words(limit)} ({named}) cannot be evaluated."
        text = f"The {subject(limit)} is {_figures(self.value, limit)} {limit.unit}"
        if self.prior_gy:
            text += f", of which earlier treatments gave {self.prior_gy:.4g} Gy"
        if self.certain or self.if_applies:
            text += f", {_result_words(limit, self.if_applies or self.state, self.value)} ({named})"
        else:
            text += f", to be compared with {_limit_words(limit)} ({named})"
        if self.missing:
            scope = [_scope_words(c.value) for c in self.undecided if c in limit.scope and isinstance(c.value, tuple)]
            conditions = [condition for condition in self.undecided or limit.conditions if condition not in limit.scope]
            text += f" for {' '.join(scope)}" if scope else ""
            text += f" if {' and '.join(map(str, conditions))}" if conditions else ""
            return f"{text}. This depends on {_listed(self.missing)}."
        if self.undecided:
            return f"{text}, {_listed(dict.fromkeys(condition.whatever for condition in self.undecided))}."
        return f"{text}. This applies because {limit.condition}." if limit.conditions else f"{text}."

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for JSON; `text` is the sentence for a person.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> from yttria.planning import TreatmentDoses, evaluate_limits
        >>> doses = TreatmentDoses(normal_perfused_dose_gy=48.0)
        >>> states = evaluate_limits(doses, device="resin", disease="HCC", intent="unilobar")
        >>> next(each for each in states if each.limit.kind == "normal_perfused").as_dict()["state"]
        'above limit'
        """
        return {
            "text": str(self),
            "state": self.state,
            "broken": self.broken,
            "quantity": subject(self.limit),
            "value": self.value,
            "unit": self.limit.unit,
            "prior_gy": self.prior_gy,
            "missing": list(self.missing),
            "undecided": [str(condition) for condition in self.undecided],
            "if_applies": self.if_applies or None,
            "cautions": list(self.cautions),
            "advisories": [advisory.as_dict() for advisory in self.advisories],
            "limit": self.limit.as_dict(),
            "alternatives": [limit.as_dict() for limit in self.alternatives],
        }


def amount(quantity: str, value: float | None) -> float | None:
    """Check that a value is a finite number that is not negative, or None."""
    given = optional_number(quantity, value)
    if given is not None and not (isfinite(given) and given >= 0.0):
        raise OutOfRangeError(f"{quantity} must be finite and >= 0, got {given:g}")
    return given


def subject(limit: Limit) -> str:
    """Name the quantity that is compared with a limit, in words."""
    if limit.unit == "GBq":
        return "activity shunted to the lungs"
    return _SUBJECTS[limit.kind] + (" over all treatments" if limit.over == "all treatments" else "")


def _scope_words(names: tuple[str, ...]) -> str:
    """Names of devices, diseases or intents as a message has them: "HCC", "unilobar or bilobar treatment"."""
    return " or ".join(names) + (" treatment" if names[-1].endswith("lobar") else "")


def _value_words(limit: Limit) -> str:
    high = "" if limit.high is None else f" to {limit.high:g}"
    return f"{limit.low:g}{high} {limit.unit}"


def _limit_words(limit: Limit) -> str:
    noun = "aim" if limit.aim else {"maximum": "limit", "minimum": "target", "range": "range"}[limit.direction]
    return f"the {noun} of {_value_words(limit)}"


def _result_words(limit: Limit, state: LimitVerdict | Literal[""], value: float) -> str:
    if state == ABOVE:
        return f"above the limit of {limit.high or limit.low:g} {limit.unit}"
    if state == BELOW:
        low = f"the target of {limit.low:g} {limit.unit}"
        return f"below {low if limit.direction == 'range' else _limit_words(limit)}"
    if limit.direction == "minimum":
        lower_end = "the lower end of " if limit.high is not None and value < limit.high else ""
        return f"which reaches {lower_end}{_limit_words(limit)}"
    return f"within {_limit_words(limit)}"


def _figures(value: float, limit: Limit) -> str:
    """Write four figures, or more if they are needed to show on which side of the limit the value lies."""
    ends = [end for end in (limit.low, limit.high) if end is not None]
    for end in ends:
        if abs(value - end) <= 1e-9 * end:  # a difference within rounding counts as equal
            value = end
    for figures in range(4, 17):
        text = f"{value:.{figures}g}"
        if all((float(text) > end, float(text) < end) == (value > end, value < end) for end in ends):
            break
    return f"{float(text):.0f}" if "e" in text and value >= 1.0 else text


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
