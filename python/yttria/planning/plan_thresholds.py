"""Limits and targets that are compared with draws of planned doses, and the share of draws beyond them in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.choices import LimitSign, LimitTissue, PlannedQuantityKind
from .limit_state import LimitState, subject
from .partition_limits import PartitionLimits
from .plan_formulas import PlannedQuantity, Values

_WORDS: dict[str, str] = {
    "perfused_mean": "mean dose to everything perfused",
    "normal_perfused": "mean dose to the perfused normal liver",
    "normal_whole": "mean dose to the whole normal liver",
    "lung": "mean dose to the lungs",
    "tumor": "lowest mean tumor dose",
    "activity": "delivered activity",
}
_ALL_TREATMENTS = "mean dose to the lungs over all treatments"
_OF_TISSUE: dict[LimitTissue, PlannedQuantityKind] = {
    "tumor": "tumor",
    "perfused": "perfused_mean",
    "normal_perfused": "normal_perfused",
    "normal_whole": "normal_whole",
    "lung": "lung",
}


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Dose or activity that is compared with a planned one.

    Parameters
    ----------
    kind : str
        Compared quantity as in `PlannedQuantity`. The lowest dose of tumors counts.
    value : float
        Limit or target in Gy, or in GBq for an activity.
    sign : {"<=", ">="}, default "<="
        "<=" of a limit, ">=" of a target.
    territory, tumor : str, default ""
        Names; "" for the only territory, for a quantity of all territories, and for the lowest dose of all tumors.
    prior_gy : float, default 0.0
        Dose of earlier treatments that counts.
    named : str, default ""
        Owner of the limit or target in words. Default: the planner.
    quantity : str, default ""
        Compared quantity in words. Default: that of the kind.
    """

    kind: PlannedQuantityKind
    value: float
    sign: LimitSign = "<="
    territory: str = ""
    tumor: str = ""
    prior_gy: float = 0.0
    named: str = ""
    quantity: str = ""

    @property
    def named_in_words(self) -> str:
        """Name the owner of the limit or target."""
        return self.named or ("own limit" if self.sign == "<=" else "own target")

    @property
    def unit(self) -> str:
        """Gy, or GBq for an activity."""
        return "GBq" if self.kind == "activity" else "Gy"

    def keys(self, known: Mapping[PlannedQuantity, Any]) -> list[PlannedQuantity]:
        """Return the quantities that are compared. Only tumors have several.

        Parameters
        ----------
        known : mapping of PlannedQuantity to object
            The quantities that there are.

        Returns
        -------
        list of PlannedQuantity
            Those of the kind, the territory and the tumor.

        Examples
        --------
        >>> from yttria.planning import PlannedQuantity
        >>> lungs = PlannedQuantity(kind="lung")
        >>> Threshold(kind="lung", value=30.0).keys({lungs: None}) == [lungs]
        True
        """
        return [
            key
            for key in known
            if key.kind == self.kind and self.territory in ("", key.territory) and self.tumor in ("", key.tumor)
        ]

    def lowest(self, drawn: Mapping[PlannedQuantity, Values]) -> NDArray[np.float64]:
        """Return the values that are compared, which is the lowest of several tumors in each draw.

        Parameters
        ----------
        drawn : mapping of PlannedQuantity to array (n,)
            Draws in Gy, or in GBq of an activity.

        Returns
        -------
        float64 array (n,)
            In the same unit.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.planning import PlannedQuantity
        >>> draws = {PlannedQuantity(kind="tumor", tumor=name): np.array(d) for name, d in (("A", [9.0]), ("B", [7.0]))}
        >>> Threshold(kind="tumor", value=8.0, sign=">=").lowest(draws).tolist()
        [7.0]
        """
        found: NDArray[np.float64] = np.minimum.reduce([np.asarray(drawn[k], np.float64) for k in self.keys(drawn)])
        return found

    def needed_gbq(self, drawn: Mapping[PlannedQuantity, Values], activity_gbq: Values) -> NDArray[np.float64]:
        """Return the activity at which the dose, with that of earlier treatments, is the value.

        Parameters
        ----------
        drawn : mapping of PlannedQuantity to array (n,)
            Draws of doses in Gy.
        activity_gbq : array (n,)
            The activities in GBq that give them.

        Returns
        -------
        float64 array (n,)
            In GBq; infinite for a dose of 0.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.planning import PlannedQuantity
        >>> draws = {PlannedQuantity(kind="lung"): np.array([10.0])}
        >>> Threshold(kind="lung", value=30.0).needed_gbq(draws, np.array([2.0])).tolist()
        [6.0]
        """
        if self.kind == "activity":
            return np.full(np.shape(activity_gbq), self.value)
        with np.errstate(divide="ignore"):
            return np.asarray((self.value - self.prior_gy) * activity_gbq / self.lowest(drawn))

    def probability(
        self, drawn: Mapping[PlannedQuantity, Values], open_inputs: Mapping[PlannedQuantity, Sequence[str]]
    ) -> LimitProbability:
        """Count the draws beyond the value.

        Parameters
        ----------
        drawn : mapping of PlannedQuantity to array (n,)
            Draws in Gy, or in GBq of an activity.
        open_inputs : mapping of PlannedQuantity to sequence of str
            Inputs of each without a stated uncertainty, in words.

        Returns
        -------
        LimitProbability
            The share of the draws.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.planning import PlannedQuantity
        >>> lungs = PlannedQuantity(kind="lung")
        >>> found = Threshold(kind="lung", value=30.0).probability({lungs: np.array([20.0, 31.0])}, {lungs: ()})
        >>> print(found)
        With the uncertainties stated, the mean dose to the lungs exceeds 30 Gy (own limit) in 50 % of 2 draws.
        """
        total = self.lowest(drawn) + self.prior_gy
        beyond = total > self.value * (1.0 + 1e-9) if self.sign == "<=" else total < self.value * (1.0 - 1e-9)
        return LimitProbability(
            threshold=self,
            probability=float(np.mean(beyond)),
            draws=int(beyond.size),
            open_inputs=tuple(dict.fromkeys(name for key in self.keys(drawn) for name in open_inputs[key])),
        )


@dataclass(frozen=True, kw_only=True)
class LimitProbability:
    """Probability that a planned dose exceeds a limit or misses a target, from draws.

    Parameters
    ----------
    threshold : Threshold
        The limit or target.
    probability : float
        Share of the draws beyond it, within [0, 1].
    draws : int
        Number of draws.
    open_inputs : tuple of str
        Inputs of which no uncertainty is stated, in words.
    """

    threshold: Threshold
    probability: float
    draws: int
    open_inputs: tuple[str, ...]

    def __str__(self) -> str:
        """One sentence for a person."""
        text = f"With the uncertainties stated, {self.clause} in {self.share} of {self.draws} draws"
        return f"{text}; not included: {', '.join(self.open_inputs)}." if self.open_inputs else f"{text}."

    @property
    def share(self) -> str:
        """The share of the draws in words: "none", "all" or "12 %"."""
        return _share(self.probability)

    @property
    def clause(self) -> str:
        """The comparison as a clause: "the mean dose to the lungs exceeds 30 Gy (own limit)"."""
        of = self.threshold
        quantity = of.quantity or (f"mean dose to '{of.tumor}'" if of.tumor else _WORDS[of.kind])
        where = f" of '{of.territory}'" if of.territory else ""
        before = f", with {of.prior_gy:.4g} {of.unit} of earlier treatments," if of.prior_gy else ""
        verb = "exceeds" if of.sign == "<=" else "is below"
        limit = f"{of.value:g} {of.unit} ({of.named_in_words})"
        return f"the {quantity}{where}{before} {verb} {limit}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON; `text` is the sentence for a person.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.planning import PlannedQuantity
        >>> lungs = PlannedQuantity(kind="lung")
        >>> found = Threshold(kind="lung", value=30.0).probability({lungs: np.array([20.0, 31.0])}, {lungs: ()})
        >>> found.as_dict()["probability"]
        0.5
        """
        return {
            "text": str(self),
            "clause": self.clause,
            **{name: value for name, value in vars(self.threshold).items() if name != "quantity"},
            "unit": self.threshold.unit,
            "probability": self.probability,
            "draws": self.draws,
            "not_included": list(self.open_inputs),
        }


def _share(probability: float) -> str:
    if probability in (0.0, 1.0):
        return "none" if probability == 0.0 else "all"
    percent = 100.0 * probability
    places = 0 if 1.0 <= percent <= 99.0 else 1 if 0.1 <= percent <= 99.9 else 3
    text = f"{percent:.{places}f}"
    return f"{text.rstrip('0') if places == 3 else text} %"


def merged(thresholds: Iterable[Threshold]) -> list[Threshold]:
    """Return each comparison once, with the names of all that state it."""
    found: dict[tuple[object, ...], Threshold] = {}
    for each in thresholds:
        key = (each.kind, each.value, each.sign, each.territory, each.tumor, each.prior_gy)
        first = found.setdefault(key, each)
        if first.named_in_words != each.named_in_words and each.named_in_words not in first.named_in_words:
            found[key] = replace(first, named=f"{first.named_in_words}, {each.named_in_words}")
    return list(found.values())


def own_thresholds(limits: PartitionLimits | None, territories: Sequence[str] = ("",)) -> list[Threshold]:
    """Return the planner's own limits. Those of normal liver and activity apply to each territory."""
    given = limits or PartitionLimits()
    whole, lung = given.prior_normal_whole_dose_gy, given.prior_lung_dose_gy
    kinds: list[tuple[PlannedQuantityKind, float | None, float, str, str]] = []
    for name in territories:
        kinds.append(("normal_perfused", given.normal_perfused_limit_gy, given.prior_normal_perfused_dose_gy, name, ""))
        kinds.append(("activity", given.activity_limit_gbq, 0.0, name, ""))
    kinds.append(("normal_whole", given.normal_whole_limit_gy, whole, "", ""))
    kinds.append(("lung", given.lung_limit_gy, 0.0, "", ""))
    kinds.append(("lung", given.cumulative_lung_limit_gy, lung, "", _ALL_TREATMENTS))
    return [
        Threshold(kind=kind, value=value, territory=name, prior_gy=prior, quantity=quantity)
        for kind, value, prior, name, quantity in kinds
        if value is not None
    ]


def guideline_thresholds(states: Sequence[LimitState], territory: str = "") -> list[Threshold]:
    """Return the limits and targets of a guideline in Gy that certainly apply, each dose and value once."""
    found: dict[tuple[str, float, LimitSign], Threshold] = {}
    for state in states:
        limit = state.limit
        if not state.certain or state.value is None or limit.unit != "Gy" or limit.direction == "association":
            continue
        ends: list[tuple[LimitSign, float | None]] = []
        if limit.direction in ("minimum", "range"):
            ends.append((">=", limit.low))
        if limit.direction in ("maximum", "range"):
            ends.append(("<=", limit.low if limit.direction == "maximum" else limit.high))
        for sign, value in ends:
            if value is None:
                continue
            quantity = subject(limit)
            each = Threshold(
                kind=_OF_TISSUE[limit.kind],
                value=value,
                sign=sign,
                territory="" if limit.kind in ("lung", "normal_whole") else territory,
                prior_gy=state.prior_gy,
                named=f"{'aim' if limit.aim else 'limit' if sign == '<=' else 'target'} of {limit.guideline}",
                quantity=quantity,
            )
            found.setdefault((quantity, value, sign), each)
    return list(found.values())
