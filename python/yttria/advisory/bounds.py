"""Bounds of plausible values in one table, each with its reason; a value beyond one always gives an advisory."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

from ..errors import ImplausibleValueWarning, OutOfRangeError
from .record import Advisory
from .table import advise
from .warning_filters import filters_unchanged


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Range in which a quantity is plausible.

    Parameters
    ----------
    quantity : str
        Name of the quantity with its unit, as a message shows it.
    low, high : float
        The range, both ends included.
    reason : str
        Why a value beyond it is doubtful or impossible, in one sentence.
    """

    quantity: str
    low: float
    high: float
    reason: str

    def holds(self, value: float) -> bool:
        """Decide whether a value is within the range.

        Parameters
        ----------
        value : float
            In the unit of the bound.

        Returns
        -------
        bool
            False for a value that is not a number.

        Examples
        --------
        >>> from yttria.advisory import Bound
        >>> Bound(quantity="a share", low=0.0, high=1.0, reason="It is a fraction.").holds(0.5)
        True
        """
        return self.low <= value <= self.high


#: Every bound by the code of its advisory, whose row states the severity. No bound is a published limit. They are this
#: project's own, find wrong units and mistyped numbers, and lie far beyond the values of treatments.
BOUNDS: dict[str, Bound] = {
    "administered_activity_implausible": Bound(
        quantity="administered activity in GBq",
        low=0.01,
        high=20.0,
        reason="the largest vial of microspheres holds 20 GBq, and 1 mCi is 0.037 GBq",
    ),
    "field_activity_implausible": Bound(
        quantity="activity in the field of view at administration in GBq",
        low=0.0,
        high=20.0,
        reason="the largest vial of microspheres holds 20 GBq: check the unit of the image and the scan delay",
    ),
    "field_total_differs_from_administered": Bound(
        quantity="share of the administered activity in the field of view",
        low=0.8,
        high=1.2,
        reason="a calibrated image of the whole liver shows the administered activity: check times, units, "
        "calibration, and activity outside the field",
    ),
    "concentration_implausible": Bound(
        quantity="activity concentration at administration in MBq/mL",
        low=-1000.0,
        high=1000.0,
        reason="1000 MBq/mL would be 20 GBq in 20 mL of tissue and give 47 000 Gy: is the array in Bq/mL or kBq/mL?",
    ),
    "voxel_dose_implausible": Bound(
        quantity="absorbed dose of a voxel in Gy",
        low=-20_000.0,
        high=20_000.0,
        reason="20 000 Gy would take 400 MBq in each milliliter of tissue: check the unit of the image and the density",
    ),
    "mean_dose_implausible": Bound(
        quantity="mean absorbed dose of a structure in Gy",
        low=-10.0,
        high=3000.0,
        reason="treatments reach some hundred Gy, the hottest small tumors a few thousand: check units and times",
    ),
    "density_implausible": Bound(
        quantity="density in g/mL",
        low=0.0,
        high=25.0,
        reason="no substance is denser than 23 g/mL: is the density in kg/m3?",
    ),
}


def implausible(code: str, value: float, *, subject: str = "", tail: str = "") -> tuple[Advisory, ...]:
    """Compare a value with the bound of that code.

    Parameters
    ----------
    code : str
        A key of `BOUNDS`.
    value : float
        In the unit of the bound.
    subject : str, optional
        Owner of the value, such as the name of a structure; it begins the message.
    tail : str, optional
        A further sentence for the message.

    Returns
    -------
    tuple of Advisory
        Empty if the value is within the bound, else one advisory.

    Examples
    --------
    >>> [advisory.severity for advisory in implausible("voxel_dose_implausible", 929_075.0)]
    ['error']
    """
    bound = BOUNDS[code]
    if bound.holds(value):
        return ()
    limit = bound.high if not value < bound.low else bound.low
    of_whom = f"{subject}: {bound.quantity}" if subject else bound.quantity
    return (
        advise(
            code,
            subject=of_whom[0].upper() + of_whom[1:],
            number=value,
            bound=limit,
            low=bound.low,
            high=bound.high,
            reason=bound.reason,
            tail=f" {tail}" if tail else "",
        ),
    )


def warn_implausible(code: str, value: float) -> None:
    """Issue an `ImplausibleValueWarning` if a value is beyond its bound, in functions that return bare arrays."""
    for advisory in implausible(code, value):
        with filters_unchanged():
            warnings.warn(advisory.message, ImplausibleValueWarning, stacklevel=3)


def check_density(value: float) -> float:
    """Return the density in g/mL; `OutOfRangeError` if it is not positive or denser than any substance."""
    bound = BOUNDS["density_implausible"]
    if not (math.isfinite(value) and value > 0):
        raise OutOfRangeError(f"{bound.quantity} must be finite and > 0, got {value:g}")
    if not bound.holds(value):
        hint = f" (did you mean {value / 1e3:g}?)" if value >= 100 else ""
        raise OutOfRangeError(f"{bound.quantity} must be at most {bound.high:g}, got {value:g}{hint}: {bound.reason}")
    return value
