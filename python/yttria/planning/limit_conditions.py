"""Conditions under which a limit applies, and the facts on a treatment that decide them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .._foundation.choices import LIMIT_RELATIONS, LimitRelation
from .._foundation.numbers import optional_number
from ..advisory import Advisory
from ..errors import ArgumentError, OutOfRangeError
from .laboratory import UMOL_PER_L_PER_MG_PER_DL, bilirubin_umol_per_l

QUANTITIES = {
    "device": "the device",
    "disease": "the disease",
    "intent": "the intent of treatment",
    "hepatic_reserve_fraction": "the hepatic reserve",
    "bilirubin_mg_per_dl": "the bilirubin",
    "whole_liver_dose_gy": "the mean dose to the whole liver",
    "pretreated_or_impaired": "whether the liver is pretreated or its function compromised",
    "cirrhotic": "whether the liver is cirrhotic",
    "prior_radioembolization": "whether radioembolization was given before",
}
"""Quantities of conditions, as messages name them."""

_YES = {
    "pretreated_or_impaired": (
        "the liver is pretreated or its function compromised",
        "the liver is neither pretreated nor its function compromised",
    ),
    "cirrhotic": ("the liver is cirrhotic", "the liver is not cirrhotic"),
    "prior_radioembolization": ("radioembolization was given before", "this is the first radioembolization"),
}
_UNITS = {"bilirubin_mg_per_dl": "mg/dL", "whole_liver_dose_gy": "Gy"}
_ROUNDING = 1e-9

Facts = dict[str, Any]
"""Values of quantities of `QUANTITIES`, None if they are not known."""


@dataclass(frozen=True, kw_only=True)
class LimitCondition:
    """Condition on one quantity, in a form that a program can decide.

    Parameters
    ----------
    quantity : str
        One of "device", "disease", "intent", "hepatic_reserve_fraction" (the untreated fraction of the liver),
        "bilirubin_mg_per_dl", "whole_liver_dose_gy", "pretreated_or_impaired", "cirrhotic", "prior_radioembolization".
    relation : {"below", "above", "at_least", "is", "one_of", "known"}
        How the quantity is compared.
    value : float, bool or tuple of str
        Value with which it is compared.
    includes_boundary : bool, default False
        Whether "above" includes `value` itself. The source leaves the boundary open, and the lower dose is used.

    Examples
    --------
    >>> from yttria.planning import LimitCondition
    >>> reserve = LimitCondition(quantity="hepatic_reserve_fraction", relation="below", value=0.30)
    >>> print(reserve, reserve.holds({"hepatic_reserve_fraction": 0.25}), reserve.holds({}))
    the hepatic reserve is below 30 % True None
    """

    quantity: str
    relation: LimitRelation
    value: float | bool | tuple[str, ...]
    includes_boundary: bool = False

    def holds(self, facts: Facts) -> bool | None:
        """Decide the condition from known quantities.

        Parameters
        ----------
        facts : mapping of str to value
            Known quantities by name.

        Returns
        -------
        bool or None
            None if the quantity is not known.

        Examples
        --------
        >>> from yttria.planning import LimitCondition
        >>> condition = LimitCondition(quantity="bilirubin_mg_per_dl", relation="below", value=1.1)
        >>> condition.holds({"bilirubin_mg_per_dl": 0.8}), condition.holds({})
        (True, None)
        """
        known = facts.get(self.quantity)
        if self.relation == "known":
            return (known is not None) == self.value
        if known is None:
            return None
        if self.relation == "is":
            return bool(known == self.value)
        if isinstance(self.value, tuple):
            return known in self.value
        if abs(known - self.value) <= _ROUNDING * max(1.0, abs(self.value)):
            return self.relation == "at_least" or self.includes_boundary
        return bool(known < self.value if self.relation == "below" else known > self.value)

    @property
    def quantity_in_words(self) -> str:
        """Quantity in words for messages, such as "the bilirubin"."""
        return QUANTITIES[self.quantity]

    @property
    def whatever(self) -> str:
        """Words for a quantity without effect, such as "whatever the bilirubin is"."""
        if self.relation == "is":
            return f"whether or not {_YES[self.quantity][0]}"
        return f"whatever {self.quantity_in_words} is"

    def __str__(self) -> str:
        """Write the condition as a clause, such as "the hepatic reserve is below 30 %"."""
        words = self.quantity_in_words
        if self.relation == "known":
            return f"{words} is {'' if self.value else 'not '}considered"
        if self.relation == "is":
            return _YES[self.quantity][0 if self.value else 1]
        if isinstance(self.value, tuple):
            return f"{words} is {' or '.join(self.value)}"
        unit = _UNITS.get(self.quantity)
        value = f"{self.value:g} {unit}" if unit else f"{100.0 * self.value:g} %"
        return f"{words} is {self.relation.replace('_', ' ')} {value}"

    def as_dict(self) -> dict[str, Any]:
        """The condition as it stands in the table: the quantity, and the relation with its value.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> LimitCondition(quantity="hepatic_reserve_fraction", relation="below", value=0.30).as_dict()["below"]
        0.3
        """
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        boundary = {"includes_boundary": True} if self.includes_boundary else {}
        return {"quantity": self.quantity, self.relation: value, **boundary}


def condition_from_dict(entry: dict[str, Any]) -> LimitCondition:
    """Condition from its form in the table."""
    relation = next(name for name in LIMIT_RELATIONS if name in entry)
    value = entry[relation]
    boundary = bool(entry.get("includes_boundary", False))
    return LimitCondition(
        quantity=entry["quantity"],
        relation=relation,
        value=tuple(value) if isinstance(value, list) else value,
        includes_boundary=boundary,
    )


def decide(conditions: Iterable[LimitCondition], facts: Facts) -> tuple[bool | None, tuple[LimitCondition, ...]]:
    """Decide whether all conditions hold, and list those that are not decided.

    False has priority over unknown, and unknown over True.
    """
    verdicts = [(condition, condition.holds(facts)) for condition in conditions]
    if any(verdict is False for _, verdict in verdicts):
        return False, ()
    open_ones = tuple(condition for condition, verdict in verdicts if verdict is None)
    return (None if open_ones else True), open_ones


def bilirubin_mg_per_dl_of(
    mg_per_dl: float | None, umol_per_l: float | None
) -> tuple[float | None, tuple[Advisory, ...]]:
    """Convert a total bilirubin in at most one of two units to mg/dL, with advisories on the unit.

    None if neither is given.
    """
    if mg_per_dl is None and umol_per_l is None:
        return None, ()
    micromolar, doubts = bilirubin_umol_per_l(umol_per_l, mg_per_dl)
    return micromolar / UMOL_PER_L_PER_MG_PER_DL, doubts


def fraction(quantity: str, value: float | None) -> float | None:
    """A fraction of [0, 1], or None."""
    given = optional_number(quantity, value)
    if given is not None and not 0.0 <= given <= 1.0:
        raise OutOfRangeError(f"{quantity} must be within [0, 1], got {given:g}")
    return given


def flag(name: str, value: bool | None) -> bool | None:
    """True, False or None; anything else is an `ArgumentError`."""
    if value is not None and not isinstance(value, bool):
        raise ArgumentError(f"{name} must be True, False or None, got {value!r:.40}")
    return value
