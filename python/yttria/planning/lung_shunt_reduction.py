"""Table of reductions for a lung shunt, which applies only to body surface area and empirical activities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yttria._core as _core

from .._foundation.choices import ShuntBoundary
from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, ContraindicatedError


@dataclass(frozen=True, kw_only=True)
class LungShuntReduction:
    """Factor of the table of lung shunts.

    Parameters
    ----------
    factor : float
        The factor.
    lung_shunt_fraction : float
        Lung shunt.
    boundary : str
        Rule for a shunt on a boundary.
    on_boundary : bool
        Whether the unrounded fraction is 0.10, 0.15 or 0.20, which the printed table has in two rows.
    advisories : tuple of Advisory
        `on_boundary`, even if only the rounded percentage lies on a boundary.
    """

    factor: float
    lung_shunt_fraction: float
    boundary: ShuntBoundary
    on_boundary: bool
    advisories: tuple[Advisory, ...] = ()

    def unreduced_activity_gbq(self, reduced_activity_gbq: float) -> float:
        """Compute the activity before this reduction.

        Parameters
        ----------
        reduced_activity_gbq : float
            Activity after it in GBq.

        Returns
        -------
        float
            Activity in GBq that the reduction would have turned into the given one.

        Raises
        ------
        OutOfRangeError
            If the activity is negative or not finite.

        Examples
        --------
        >>> round(lung_shunt_reduction(0.12).unreduced_activity_gbq(1.2), 3)
        1.5
        """
        return number("reduced activity in GBq", reduced_activity_gbq) / self.factor


def lung_shunt_reduction(
    lung_shunt_fraction: float,
    *,
    boundary: ShuntBoundary = "lower_inclusive",
    override_factor: float | None = None,
) -> LungShuntReduction:
    """Look up the factor on a body surface area or empirical activity for a lung shunt.

    Parameters
    ----------
    lung_shunt_fraction : float
        Lung shunt, within [0, 1].
    boundary : {"lower_inclusive", "upper_inclusive"}
        The printed table has 10 and 15 % in two rows each. The first rule takes the row with the lower activity, the
        second that with the higher.
    override_factor : float, optional
        Factor in (0, 1] above 20 %.

    Returns
    -------
    LungShuntReduction
        1 below 10 %, 0.8 up to 15 %, 0.6 up to 20 %.

    Raises
    ------
    ContraindicatedError
        Above 20 % without `override_factor`: do not treat.
    ArgumentError
        If an override is given although the table has a factor. `ResinActivity.adjusted_by_physician` applies another
        factor.
    OutOfRangeError
        If a number is outside its range.
    UnknownNameError
        If there is no such rule.

    Warns
    -----
    contraindication_overridden
        If an override was used.
    on_boundary
        If the fraction or its rounded percentage lies on a boundary.

    References
    ----------
    sirspheres-ifu

    Examples
    --------
    >>> lung_shunt_reduction(0.12).factor
    0.8
    """
    shunt = number("lung shunt fraction", lung_shunt_fraction)
    advisories: tuple[Advisory, ...] = ()
    try:
        factor = _core.lung_shunt_factor(shunt, boundary)
    except ContraindicatedError:
        if override_factor is None:
            raise
        factor = _core.physician_factor(number("override factor", override_factor))
        advisories = (advise("contraindication_overridden", lung_shunt_fraction=shunt),)
    else:
        if override_factor is not None:
            raise ArgumentError(
                "override_factor must not be given: the table has a factor for this lung shunt fraction"
            )
    exact, rounded = _core.lung_shunt_boundaries(shunt)
    edge = rounded if exact is None else exact
    if edge is not None:
        terms: dict[str, Any] = {"lung_shunt_fraction": shunt, "boundary": edge, "factor": factor}
        if exact is None:
            advisories += (advise("on_boundary", "rounded", severity="note", **terms),)
        else:
            row = "lower" if boundary == "lower_inclusive" else "higher"
            advisories += (advise("on_boundary", "exact", severity="warning", row=row, **terms),)
    return LungShuntReduction(
        factor=factor,
        lung_shunt_fraction=shunt,
        boundary=boundary,
        on_boundary=exact is not None,
        advisories=advisories,
    )
