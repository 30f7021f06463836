"""Budget of the standard uncertainty of one quantity, with its components, their correlations and their combination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

from .._foundation.choices import BudgetUnit, InputUnit, UncertaintySource
from ..advisory import Advisory
from ..errors import ArgumentError
from .correlated_components import combined_standard_uncertainty, correlation_matrix
from .uncertainty_inputs import COVERAGE_FACTOR, Pair


@dataclass(frozen=True, kw_only=True)
class UncertaintyComponent:
    """Contribution of one input to the standard uncertainty of a quantity.

    Parameters
    ----------
    source : str
        Source of the uncertainty, a name of `UncertaintySource` such as "calibration".
    input : str
        The input in words, such as "calibration factor". A source may have several inputs.
    input_standard_uncertainty : float
        Standard uncertainty of the input (coverage factor 1).
    input_unit : {"fraction", "mm", "h", "Gy"}
        Unit of the input. With "fraction" the uncertainty is relative.
    contribution : float
        Sensitivity times standard uncertainty, with its sign, in the unit of the quantity.
    basis : str
        Place in which the input was stated, or source of a default.
    is_default : bool
        Whether the input is a default that was not stated.

    Examples
    --------
    >>> component = UncertaintyComponent(
    ...     source="calibration", input="calibration factor", input_standard_uncertainty=0.05,
    ...     input_unit="fraction", contribution=6.0,
    ... )
    >>> round(component.sensitivity, 9)
    120.0
    """

    source: UncertaintySource
    input: str
    input_standard_uncertainty: float
    input_unit: InputUnit
    contribution: float
    basis: str = "stated"
    is_default: bool = False

    @property
    def sensitivity(self) -> float:
        """Change of the quantity per unit of the input, 0 if the input is exact."""
        u = self.input_standard_uncertainty
        return self.contribution / u if u else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the fields and the sensitivity as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> component = UncertaintyComponent(
        ...     source="calibration", input="calibration factor", input_standard_uncertainty=0.05,
        ...     input_unit="fraction", contribution=6.0,
        ... )
        >>> component.as_dict()["source"]
        'calibration'
        """
        return {
            "source": self.source,
            "input": self.input,
            "input_standard_uncertainty": self.input_standard_uncertainty,
            "input_unit": self.input_unit,
            "sensitivity": self.sensitivity,
            "contribution": self.contribution,
            "basis": self.basis,
            "is_default": self.is_default,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> UncertaintyComponent:
        """Make the component from the result of `as_dict`.

        Parameters
        ----------
        plain : mapping of str to object
            Result of `as_dict`. The sensitivity may be missing, because it follows from the other values.

        Returns
        -------
        UncertaintyComponent

        Raises
        ------
        ArgumentError
            If a key is missing or unknown.

        Examples
        --------
        >>> component = UncertaintyComponent(
        ...     source="counts", input="counts", input_standard_uncertainty=0.1, input_unit="fraction", contribution=2.0
        ... )
        >>> UncertaintyComponent.from_dict(component.as_dict()) == component
        True
        """
        return _made(cls, _without(plain, "sensitivity"))


class UncertaintyRow(TypedDict):
    """Row of `UncertaintyBudget.rows`: an input of a budget, or a source that the budget does not include.

    The first six keys are fields of the budget, the others those of `UncertaintyComponent`. A source that is not
    included has None for each number.
    """

    structure: str | None
    quantity: str
    unit: BudgetUnit
    value: float
    standard_uncertainty: float
    coverage_factor: float
    source: UncertaintySource
    input: str | None
    input_standard_uncertainty: float | None
    input_unit: InputUnit | None
    sensitivity: float | None
    contribution: float | None
    basis: str
    is_default: bool


@dataclass(frozen=True, kw_only=True)
class UncertaintyBudget:
    """Standard uncertainty of one quantity of one structure or plan, to first order, with its components.

    Parameters
    ----------
    quantity : str
        Name of the quantity in the tables, such as "mean_gy" or "volume_ml".
    unit : {"Gy", "mL", "GBq", "MBq", "kg", "fraction"}
        Its unit.
    value : float
        Value of the quantity.
    components : tuple of UncertaintyComponent
        One component per input. Components of one source are independent of each other.
    structure : str
        Name of the structure, "" if the quantity does not belong to a structure.
    correlations : mapping of (str, str) to float
        Correlation coefficients between two sources; pairs that are not named are independent.
    not_included : tuple of str
        Sources that are not in the components because they were not stated. They are not zero.
    coverage_factor : float
        Half the width of the interval over the standard uncertainty.
    advisories : tuple of Advisory
        Advisories on the uncertainty.

    Raises
    ------
    OutOfRangeError
        If a contribution is not finite, or if the correlations contradict each other.

    Notes
    -----
    `u^2(y) = sum_i sum_j c_i c_j r_ij` with the signed contributions `c_i = (dy/dx_i) u(x_i)`.

    References
    ----------
    gum2008

    Examples
    --------
    >>> parts = [("calibration", 3.0), ("counts", 4.0)]
    >>> components = tuple(
    ...     UncertaintyComponent(
    ...         source=source, input=source, input_standard_uncertainty=0.05, input_unit="fraction", contribution=c
    ...     )
    ...     for source, c in parts
    ... )
    >>> budget = UncertaintyBudget(quantity="mean_gy", unit="Gy", value=100.0, components=components)
    >>> budget.standard_uncertainty, budget.relative_standard_uncertainty
    (5.0, 0.05)
    >>> [round(bound, 1) for bound in budget.interval]
    [90.2, 109.8]
    """

    quantity: str
    unit: BudgetUnit
    value: float
    components: tuple[UncertaintyComponent, ...]
    structure: str = ""
    correlations: Mapping[Pair, float] = field(default_factory=dict, hash=False)
    not_included: tuple[UncertaintySource, ...] = ()
    coverage_factor: float = COVERAGE_FACTOR
    advisories: tuple[Advisory, ...] = ()
    #: Standard uncertainty, combined from the components.
    standard_uncertainty: float = field(init=False)

    def __post_init__(self) -> None:
        sources = [component.source for component in self.components]
        combined = combined_standard_uncertainty(
            [component.contribution for component in self.components], correlation_matrix(sources, self.correlations)
        )
        object.__setattr__(self, "standard_uncertainty", combined)

    @property
    def relative_standard_uncertainty(self) -> float | None:
        """Standard uncertainty over the absolute value, None if the value is 0."""
        return self.standard_uncertainty / abs(self.value) if self.value else None

    @property
    def interval(self) -> tuple[float, float]:
        """Value minus and plus the coverage factor times the standard uncertainty."""
        expanded = self.coverage_factor * self.standard_uncertainty
        return self.value - expanded, self.value + expanded

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> UncertaintyBudget(quantity="mean_gy", unit="Gy", value=100.0, components=()).as_dict()["value"]
        100.0
        """
        return {
            "structure": self.structure,
            "quantity": self.quantity,
            "unit": self.unit,
            "value": self.value,
            "standard_uncertainty": self.standard_uncertainty,
            "relative_standard_uncertainty": self.relative_standard_uncertainty,
            "coverage_factor": self.coverage_factor,
            "interval": list(self.interval),
            "components": [component.as_dict() for component in self.components],
            "correlations": [[first, second, r] for (first, second), r in self.correlations.items()],
            "not_included": list(self.not_included),
            "advisories": [advisory.as_dict() for advisory in self.advisories],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> UncertaintyBudget:
        """Make the budget from the result of `as_dict`.

        Parameters
        ----------
        plain : mapping of str to object
            Result of `as_dict`. Keys that follow from the other values may be missing.

        Returns
        -------
        UncertaintyBudget

        Raises
        ------
        ArgumentError
            If a key is missing or unknown.

        Examples
        --------
        >>> budget = UncertaintyBudget(quantity="mean_gy", unit="Gy", value=100.0, components=())
        >>> UncertaintyBudget.from_dict(budget.as_dict()) == budget
        True
        """
        given = {key: value for key, value in plain.items() if key not in _DERIVED}
        try:
            given["components"] = tuple(map(UncertaintyComponent.from_dict, given.get("components", ())))
            given["correlations"] = {(first, second): r for first, second, r in given.get("correlations", ())}
            given["not_included"] = tuple(given.get("not_included", ()))
            told = [
                {key: each for key, each in one.items() if key != "source_read"} for one in given.get("advisories", ())
            ]
            given["advisories"] = tuple(_made(Advisory, one) for one in told)
        except (AttributeError, TypeError, ValueError) as error:
            raise ArgumentError(f"a budget must be what as_dict returns: {error}") from error
        return _made(cls, given)

    def rows(self) -> list[UncertaintyRow]:
        """Return one row for each component and for each source that is not included, for a table.

        Returns
        -------
        list of UncertaintyRow
            The columns of the component follow structure, quantity, unit, value, standard uncertainty and coverage
            factor of the budget. A source that is not included has no numbers.

        Examples
        --------
        >>> budget = UncertaintyBudget(
        ...     quantity="mean_gy", unit="Gy", value=100.0, components=(), not_included=("counts",)
        ... )
        >>> [(row["source"], row["contribution"], row["basis"]) for row in budget.rows()]
        [('counts', None, 'not included')]
        """
        return [self._row(each.source, each) for each in self.components] + [
            self._row(source, None) for source in self.not_included
        ]

    def _row(self, source: UncertaintySource, component: UncertaintyComponent | None) -> UncertaintyRow:
        return UncertaintyRow(
            structure=self.structure,
            quantity=self.quantity,
            unit=self.unit,
            value=self.value,
            standard_uncertainty=self.standard_uncertainty,
            coverage_factor=self.coverage_factor,
            source=source,
            input=None if component is None else component.input,
            input_standard_uncertainty=None if component is None else component.input_standard_uncertainty,
            input_unit=None if component is None else component.input_unit,
            sensitivity=None if component is None else component.sensitivity,
            contribution=None if component is None else component.contribution,
            basis="not included" if component is None else component.basis,
            is_default=component is not None and component.is_default,
        )


#: Keys of `as_dict` that follow from the others.
_DERIVED = {"standard_uncertainty", "relative_standard_uncertainty", "interval"}
Made = TypeVar("Made")


def _without(plain: Mapping[str, Any], derived: str) -> dict[str, Any]:
    return {key: value for key, value in plain.items() if key != derived}


def _made(kind: type[Made], given: Mapping[str, Any]) -> Made:
    try:
        return kind(**given)
    except TypeError as error:
        raise ArgumentError(f"plain data of {kind.__name__} have other keys: {error}") from error
