"""Difference of two quantities in units of its uncertainty, without the errors that both have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .._foundation.choices import UNCERTAINTY_SOURCES, BudgetUnit, UncertaintySource
from .._foundation.numbers import one_of
from ..errors import ArgumentError, OutOfRangeError
from .correlated_components import combined_standard_uncertainty
from .uncertainty_budget import UncertaintyBudget, UncertaintyComponent


@dataclass(frozen=True, kw_only=True)
class UncertainDifference:
    """Difference B - A of one quantity, with its standard uncertainty.

    Parameters
    ----------
    structure, quantity : str
        Structure and quantity of the difference.
    unit : str
        Unit of the quantity.
    a, b, difference : float
        Both values, and B - A.
    a_standard_uncertainty, b_standard_uncertainty, standard_uncertainty : float
        Standard uncertainties of both, and of the difference.
    coverage_factor : float
        Factor to half the width of an interval of the difference.
    z : float or None
        Difference over its standard uncertainty, None if that is 0.
    normalized_error : float or None
        Difference over the expanded uncertainty, E_n. It is between -1 and 1 if both agree within that uncertainty.
    common : tuple of str
        Sources whose errors both have in common. They cancel as far as they are equal.
    not_included : tuple of str
        Sources without a stated uncertainty in A or in B.
    """

    structure: str
    quantity: str
    unit: BudgetUnit
    a: float
    b: float
    difference: float
    a_standard_uncertainty: float
    b_standard_uncertainty: float
    standard_uncertainty: float
    coverage_factor: float
    z: float | None
    normalized_error: float | None
    common: tuple[UncertaintySource, ...] = ()
    not_included: tuple[UncertaintySource, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name; values as JSON takes them.

        Examples
        --------
        See `yttria.evaluation.uncertain_difference`.
        """
        return asdict(self) | {"common": list(self.common), "not_included": list(self.not_included)}


def uncertain_difference(
    a: UncertaintyBudget, b: UncertaintyBudget, *, common: Sequence[UncertaintySource] = ()
) -> UncertainDifference:
    """Compute the difference of two quantities in units of its uncertainty.

    Parameters
    ----------
    a, b : UncertaintyBudget
        Budgets of one quantity in one unit, such as the mean dose of a tumor by two methods.
    common : sequence of str, default ()
        Sources whose errors both have in common, such as "calibration" for two doses of one image. All other sources
        are taken as independent.

    Returns
    -------
    UncertainDifference
        B - A with its standard uncertainty.

    Raises
    ------
    ArgumentError
        If quantity or unit differ.
    UnknownNameError
        If a source of `common` does not exist.
    OutOfRangeError
        If the correlations of both contradict each other.

    Notes
    -----
    `u^2(B - A) = sum_ij d_i d_j r_ij` is summed over the inputs of both, with the signed contributions c of the
    budgets. An input that both have in common contributes `d = c_B - c_A`, any other one `c_B` or `-c_A`. Inputs are
    equal if their source and their input are. `z = (B - A) / u` and `E_n = (B - A) / (k u)`, with the larger coverage
    factor k of both.

    References
    ----------
    gum2008

    Examples
    --------
    >>> def budget(value, calibration, counts):
    ...     parts = (("calibration", calibration), ("counts", counts))
    ...     return UncertaintyBudget(
    ...         quantity="mean_gy",
    ...         unit="Gy",
    ...         value=value,
    ...         components=tuple(
    ...             UncertaintyComponent(
    ...                 source=source,
    ...                 input=source,
    ...                 input_standard_uncertainty=0.05,
    ...                 input_unit="fraction",
    ...                 contribution=c,
    ...             )
    ...             for source, c in parts
    ...         ),
    ...     )
    >>> a, b = budget(100.0, 5.0, 3.0), budget(110.0, 5.0, 4.0)
    >>> round(uncertain_difference(a, b).z, 2), round(uncertain_difference(a, b, common=["calibration"]).z, 2)
    (1.15, 2.0)
    """
    if (a.quantity, a.unit) != (b.quantity, b.unit):
        raise ArgumentError(
            f"budgets must be of one quantity and unit, got {a.quantity} in {a.unit} and {b.quantity} in {b.unit}"
        )
    shared = tuple(dict.fromkeys(one_of("source of uncertainty", each, UNCERTAINTY_SOURCES) for each in common))
    inputs = _joined(a, b, shared)
    contributions = [each.contribution for each in inputs]
    u = combined_standard_uncertainty(contributions, _correlation(inputs, a, b))
    difference, k = b.value - a.value, max(a.coverage_factor, b.coverage_factor)
    return UncertainDifference(
        structure=b.structure or a.structure,
        quantity=a.quantity,
        unit=a.unit,
        a=a.value,
        b=b.value,
        difference=difference,
        a_standard_uncertainty=a.standard_uncertainty,
        b_standard_uncertainty=b.standard_uncertainty,
        standard_uncertainty=u,
        coverage_factor=k,
        z=difference / u if u > 0.0 else None,
        normalized_error=difference / (k * u) if u > 0.0 else None,
        common=shared,
        not_included=tuple(dict.fromkeys((*a.not_included, *b.not_included))),
    )


@dataclass(frozen=True, kw_only=True)
class _Input:
    """One input of the difference, which belongs to A, to B, or to both."""

    source: UncertaintySource
    contribution: float
    of_a: bool
    of_b: bool


def _joined(a: UncertaintyBudget, b: UncertaintyBudget, common: Sequence[UncertaintySource]) -> list[_Input]:
    """Join the inputs of both. A common input appears once, with the difference of its contributions."""

    def key(component: UncertaintyComponent) -> tuple[str, str]:
        return component.source, component.input

    left = {key(each): each for each in a.components if each.source in common}
    joined = []
    matched = set()
    for each in b.components:
        other = left.get(key(each))
        if other is not None:
            matched.add(key(each))
        taken = 0.0 if other is None else other.contribution
        joined.append(
            _Input(source=each.source, contribution=each.contribution - taken, of_a=other is not None, of_b=True)
        )
    for each in a.components:
        if key(each) not in matched:
            joined.append(_Input(source=each.source, contribution=-each.contribution, of_a=True, of_b=False))
    return joined


def _correlation(inputs: Sequence[_Input], a: UncertaintyBudget, b: UncertaintyBudget) -> list[list[float]]:
    """Collect the correlations of the joined inputs, each from the budget to which both inputs belong."""

    def of(budget: UncertaintyBudget, first: _Input, second: _Input) -> float:
        pairs = budget.correlations
        pair, swapped = (first.source, second.source), (second.source, first.source)
        return pairs.get(pair, pairs.get(swapped, 0.0))

    def coefficient(first: _Input, second: _Input) -> float:
        if first is second:
            return 1.0
        found = []
        if first.of_a and second.of_a:
            found.append(of(a, first, second))
        if first.of_b and second.of_b:
            found.append(of(b, first, second))
        if len(found) == 2 and abs(found[0] - found[1]) > 1e-9:
            raise OutOfRangeError(
                f"the correlation of {first.source} and {second.source}, which both have in common, must be the same "
                f"in both budgets, got {found[0]:g} and {found[1]:g}"
            )
        return found[0] if found else 0.0

    return [[coefficient(first, second) for second in inputs] for first in inputs]
