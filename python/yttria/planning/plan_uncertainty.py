"""Uncertainty of planned activities and doses by budgets and draws, with probabilities of exceeding limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.choices import BudgetUnit, PlannedQuantityKind
from ..advisory import Advisory
from ..errors import ArgumentError, OutOfRangeError
from ..evaluation.uncertainty_budget import UncertaintyBudget, UncertaintyComponent
from ..evaluation.volume_uncertainty import large_uncertainty
from .partition import PartitionModel
from .partition_inputs import Activities
from .plan_draws import draw_inputs
from .plan_formulas import PlanFormulas, PlanInput, PlannedQuantity
from .plan_thresholds import LimitProbability, Threshold
from .plan_uncertainty_inputs import PlanUncertaintyInputs

Floats = NDArray[np.float64]

#: Default number of draws and default seed.
DRAWS, SEED = 100_000, 20
_FEWEST, _MOST = 1_000, 10_000_000
#: Share of a quantity below which the change due to an input is ignored.
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True, kw_only=True)
class PlannedUncertainty:
    """Uncertainty of one planned activity or dose.

    Parameters
    ----------
    of : PlannedQuantity
        The activity or dose.
    budget : UncertaintyBudget
        Value and standard uncertainty to first order, with its components.
    open_inputs : tuple of str
        Inputs of which no uncertainty is stated, in words.
    mean_of_draws, standard_deviation_of_draws : float
        Mean and standard deviation over the draws, in the unit of the budget.
    interval_of_draws : tuple of two floats
        The middle 95 % of the draws.
    """

    of: PlannedQuantity
    budget: UncertaintyBudget
    open_inputs: tuple[str, ...]
    mean_of_draws: float
    standard_deviation_of_draws: float
    interval_of_draws: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.PlanUncertainty.get`.
        """
        return {
            **vars(self.of),
            "budget": self.budget.as_dict(),
            "not_included": list(self.open_inputs),
            "mean_of_draws": self.mean_of_draws,
            "standard_deviation_of_draws": self.standard_deviation_of_draws,
            "interval_of_draws": list(self.interval_of_draws),
        }


@dataclass(frozen=True, kw_only=True)
class PlanUncertainty:
    """Uncertainties of the activities and doses of a plan. For research use, not a prescription.

    Parameters
    ----------
    quantities : tuple of PlannedUncertainty
        Each activity and each mean dose.
    limits : tuple of LimitProbability
        Probability that each limit is exceeded, or each target missed.
    draws, seed : int
        Draws that were used, and the seed of the random numbers.
    left_out_draws : int
        Draws without any normal liver, which were left out; only with a difference of masses.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    quantities: tuple[PlannedUncertainty, ...]
    limits: tuple[LimitProbability, ...]
    draws: int
    seed: int
    left_out_draws: int = 0
    advisories: tuple[Advisory, ...] = ()

    def get(self, kind: PlannedQuantityKind, territory: str = "", tumor: str = "") -> PlannedUncertainty | None:
        """Return the uncertainty of one quantity.

        Parameters
        ----------
        kind : str
            Such as "lung" or "tumor".
        territory, tumor : str, default ""
            Names; without them the first of this kind.

        Returns
        -------
        PlannedUncertainty or None
            None if there is no such quantity.

        Examples
        --------
        >>> PlanUncertainty(quantities=(), limits=(), draws=1000, seed=20).get("lung") is None
        True
        """
        for each in self.quantities:
            of = each.of
            if of.kind == kind and territory in ("", of.territory) and tumor in ("", of.tumor):
                return each
        return None

    def standard_uncertainty(self, kind: PlannedQuantityKind, territory: str = "", tumor: str = "") -> float | None:
        """Return the standard uncertainty of one quantity.

        Parameters
        ----------
        kind : str
            Such as "lung" or "tumor".
        territory, tumor : str, default ""
            Names; without them the first of this kind.

        Returns
        -------
        float or None
            In Gy, or in GBq of an activity; None if there is no such quantity.

        Examples
        --------
        >>> PlanUncertainty(quantities=(), limits=(), draws=1000, seed=20).standard_uncertainty("lung") is None
        True
        """
        found = self.get(kind, territory, tumor)
        return None if found is None else found.budget.standard_uncertainty

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.plan_uncertainty`.
        """
        return {
            "draws": self.draws,
            "seed": self.seed,
            "left_out_draws": self.left_out_draws,
            "quantities": [each.as_dict() for each in self.quantities],
            "limits": [each.as_dict() for each in self.limits],
            "advisories": [each.as_dict() for each in self.advisories],
        }


class PlanPropagation:
    """Draws of one model's inputs, which are used for every activity that is planned with it."""

    formulas: PlanFormulas
    draws: int
    seed: int
    left_out: int
    x: NDArray[np.float64]

    def __init__(
        self,
        model: PartitionModel,
        stated: PlanUncertaintyInputs,
        *,
        draws: int = DRAWS,
        seed: int = SEED,
        tissues_apart: bool = True,
    ) -> None:
        """Draw the inputs once."""
        self.formulas = PlanFormulas(model, stated, tissues_apart=tissues_apart)
        self.draws, self.seed = _whole("draws", draws, _FEWEST, _MOST), _whole("seed", seed, 0, 2**63 - 1)
        x = draw_inputs(self.formulas.inputs, draws=self.draws, seed=self.seed)
        possible = self.formulas.possible(x)
        self.left_out = int(possible.size - np.count_nonzero(possible))
        self.x = x[:, possible] if self.left_out else x
        self._of_one_gbq: dict[PlannedQuantity, Any] | None = None
        if self.x.shape[1] < _FEWEST:
            raise OutOfRangeError(
                f"{self.left_out} of {self.draws} draws leave no normal liver: the masses are too uncertain for a "
                "difference (normal_mass_from_difference)"
            )

    def of(
        self,
        activities_gbq: Sequence[float],
        thresholds: Sequence[Threshold] = (),
        *,
        needed: Sequence[Threshold] = (),
    ) -> PlanUncertainty:
        """Propagate to the doses of activities; `needed` are the doses that decided the activity, the least of them."""
        formulas, given = self.formulas, [float(a) for a in activities_gbq]
        drawn = self._drawn(given)
        values = formulas.doses(given, formulas.values[:, None])
        gradients = formulas.sensitivities(given)
        quantities = [
            self._quantity(key, float(values[key][0]), gradients[key], np.broadcast_to(drawn[key], self.x.shape[1:]))
            for key in drawn
        ]
        if needed:
            quantities.insert(0, self._needed(values, gradients, drawn, needed))
        by_key = {each.of: each for each in quantities}
        used = [each for each in formulas.inputs if each.relative_uncertainty]
        found = {f"{each.name}": each.relative_uncertainty or 0.0 for each in used}
        return PlanUncertainty(
            quantities=tuple(quantities),
            limits=tuple(
                each.probability(drawn, {key: by_key[key].open_inputs for key in drawn})
                for each in thresholds
                # If no stated uncertainty has an effect, all draws are equal, and a share of them has no meaning.
                if any(by_key[key].budget.components for key in each.keys(drawn))
            ),
            draws=self.x.shape[1],
            seed=self.seed,
            left_out_draws=self.left_out,
            advisories=large_uncertainty(**found),
        )

    def _drawn(self, activities_gbq: list[float]) -> dict[PlannedQuantity, Any]:
        """Compute the draws of all doses. Those of one injection are proportional to its activity."""
        if len(activities_gbq) > 1:
            return self.formulas.doses(activities_gbq, self.x)
        if self._of_one_gbq is None:
            self._of_one_gbq = self.formulas.doses([1.0], self.x)
        return {key: values * activities_gbq[0] for key, values in self._of_one_gbq.items()}

    def _quantity(
        self, key: PlannedQuantity, value: float, gradient: Floats, drawn: Floats, without: Sequence[str] = ()
    ) -> PlannedUncertainty:
        inputs = self.formulas.inputs
        enters = [
            n
            for n, each in enumerate(inputs)
            if abs(gradient[n]) * max(each.value, 1e-3) > _NEGLIGIBLE * abs(value) and each.source not in without
        ]
        open_inputs = [inputs[n] for n in enters if inputs[n].relative_uncertainty is None]
        unit: BudgetUnit = "GBq" if key.kind.endswith("activity") else "Gy"
        budget = UncertaintyBudget(
            quantity=f"{key.kind}_{unit.lower()}",
            unit=unit,
            value=value,
            structure=key.tumor or key.territory,
            components=tuple(self._component(inputs[n], gradient[n]) for n in enters if inputs[n].relative_uncertainty),
            not_included=tuple(dict.fromkeys(each.source for each in open_inputs)),
        )
        low, high = np.quantile(drawn, (0.025, 0.975))
        return PlannedUncertainty(
            of=key,
            budget=budget,
            open_inputs=tuple(dict.fromkeys(each.name for each in open_inputs)),
            mean_of_draws=float(drawn.mean()),
            standard_deviation_of_draws=float(drawn.std()),
            interval_of_draws=(float(low), float(high)),
        )

    def _component(self, each: PlanInput, gradient: float) -> UncertaintyComponent:
        return UncertaintyComponent(
            source=each.source,
            input=each.name,
            input_standard_uncertainty=each.relative_uncertainty or 0.0,
            input_unit="fraction",
            contribution=float(gradient * each.standard_uncertainty),
            basis=self.formulas.stated.basis_of(each.stated_as),
        )

    def _needed(
        self,
        values: dict[PlannedQuantity, Any],
        gradients: dict[PlannedQuantity, Floats],
        drawn: dict[PlannedQuantity, Any],
        needed: Sequence[Threshold],
    ) -> PlannedUncertainty:
        """Compute the needed activity. The uncertainties of meter and residual do not affect a planned activity."""
        activity = next(key for key in drawn if key.kind == "activity")
        # The dose per delivered GBq depends on neither of the two.
        candidates = {each: each.needed_gbq(values, values[activity]) for each in needed}
        least = min(candidates, key=lambda each: float(candidates[each][0]))
        key = least.keys(drawn)[0]
        value = float(candidates[least][0])
        gradient = -value * gradients[key] / float(values[key][0])
        draws = np.minimum.reduce([each.needed_gbq(drawn, drawn[activity]) for each in needed])
        of = PlannedQuantity(kind="needed_activity")
        return self._quantity(of, value, gradient, draws, ("administered_activity", "residual"))


def plan_uncertainty(
    model: PartitionModel,
    delivered_activities_gbq: Activities,
    inputs: PlanUncertaintyInputs,
    *,
    thresholds: Sequence[Threshold] = (),
    draws: int = DRAWS,
    seed: int = SEED,
) -> PlanUncertainty:
    """Compute the uncertainty of the doses of planned activities.

    Parameters
    ----------
    model : PartitionModel
        Territories, tumors and lungs.
    delivered_activities_gbq : float, sequence or mapping of float
        Planned delivered activities in GBq, which are a number for one territory, or one for each in order or by name.
    inputs : PlanUncertaintyInputs
        Stated uncertainty of each input.
    thresholds : sequence of Threshold
        Doses in Gy to be compared with the draws.
    draws : int, default 100000
        Number of draws, 1000 to 10 million.
    seed : int, default 20
        Seed of the random numbers. The same seed gives the same numbers.

    Returns
    -------
    PlanUncertainty
        For each activity in GBq and mean dose in Gy its budget to first order and the spread of the draws; for each
        threshold the share of the draws beyond it.

    Raises
    ------
    UnknownNameError
        If an uncertainty is stated of a tumor or territory that is not there.
    OutOfRangeError
        If a share is too uncertain to lie within [0, 1], or draws or seed are outside their range.
    UndefinedError
        If shunts of one scan differ.

    Warns
    -----
    large_uncertainty
        For each input above 0.30, for which the first order may not hold.

    Notes
    -----
    To first order, `u^2(D) = sum_i (dD/dx_i u(x_i))^2` over independent inputs `x_i`; derivatives by the complex step.
    The formulas include dependent inputs. These are a common factor of all masses, ratios `k m_N / m_T` from counts k,
    and the normal liver as a difference of masses. In the draws (GUM supplement 1) a share has a beta distribution, and
    other inputs have a log-normal one, with the stated mean and standard deviation. Every shunt is therefore within [0,
    1], and every mass is positive. An input without a stated uncertainty keeps its value, and is listed.

    References
    ----------
    gum2008

    Examples
    --------
    >>> from yttria.planning import PartitionModel, Territory, Tumor
    >>> lobe = Territory(
    ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
    ...     normal_perfused_mass_kg=1.2,
    ...     lung_shunt_fraction=0.05,
    ... )
    >>> found = plan_uncertainty(
    ...     PartitionModel(territories=[lobe]),
    ...     2.0,
    ...     PlanUncertaintyInputs(tumor_to_normal_ratio_uncertainty=0.2, lung_shunt_uncertainty=0.2),
    ... )
    >>> round(found.standard_uncertainty("tumor"), 1), found.get("tumor").budget.value.__round__(1)
    (15.8, 157.3)
    """
    propagation = PlanPropagation(model, inputs, draws=draws, seed=seed)
    return propagation.of(model.activities(delivered_activities_gbq), thresholds)


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ArgumentError(f"{name} must be a whole number, got {value!r:.80}")
    if not low <= value <= high:
        raise OutOfRangeError(f"{name} must be within [{low}, {high}], got {value}")
    return int(value)
