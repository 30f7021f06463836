"""Recovery curves that are fitted to a phantom's recoveries, stated as data, or published."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.choices import ValueStatus
from .._foundation.numbers import number
from ..advisory import Advisory, advise_if
from ..errors import ArgumentError, OutOfRangeError, ShapeError, UndefinedError, UnknownNameError
from .recovery import RecoveryCurve

Floats = NDArray[np.float64]
#: Largest recovery. The reconstruction may cause values above 1 by too bright edges, but larger ones are percentages.
_LARGEST_RECOVERY = 1.5
_ITERATIONS = 500
_MEASURED = ("volumes_ml", "recoveries", "uncertainties", "common_uncertainty")
_FITTED = ("b1_ml", "b2", "covariance")


@dataclass(frozen=True, eq=False, kw_only=True)
class RecoveryFit:
    """Recovery curve that was fitted to measured recoveries.

    Parameters
    ----------
    curve : RecoveryCurve
        The curve with the covariance of its parameters.
    residuals : tuple of float
        Measured minus fitted recovery of each volume.
    chi_squared : float or None
        Sum of the squared residuals in units of the stated uncertainties, None if no uncertainties were stated.
    degrees_of_freedom : int
        Number of volumes minus 2.
    advisories : tuple of Advisory
        `recovery_curve_fits_badly` if the stated uncertainties do not explain the residuals.
    """

    curve: RecoveryCurve
    residuals: tuple[float, ...]
    chi_squared: float | None
    degrees_of_freedom: int
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class PublishedRecoveryCurve:
    """Recovery curve of one published phantom measurement, as an example.

    Parameters
    ----------
    curve : RecoveryCurve
        Curve fitted to the recoveries that could be read.
    system : str
        Scanner and reconstruction.
    volumes_ml, recoveries : tuple of float
        Numbers that the source states.
    status : {"read", "secondary", "not verified"}
        Whether the numbers were read in the source itself.
    source : str
        Citation key of `yttria.sources`.
    where : str
        Place of the numbers in the source.
    """

    curve: RecoveryCurve
    system: str
    volumes_ml: tuple[float, ...]
    recoveries: tuple[float, ...]
    status: ValueStatus
    source: str
    where: str


def fit_recovery_curve(
    volumes_ml: Sequence[float],
    recoveries: Sequence[float],
    *,
    uncertainties: Sequence[float] | None = None,
    common_uncertainty: float = 0.0,
    source: str = "",
) -> RecoveryFit:
    """Fit a recovery curve to the recoveries of a phantom's inserts by least squares.

    Parameters
    ----------
    volumes_ml : sequence of float, shape (n,)
        Volumes of the inserts in mL, positive, at least two of them different.
    recoveries : sequence of float, shape (n,)
        Measured over true activity concentration of each insert, within (0, 1.5].
    uncertainties : sequence of float, shape (n,), optional
        Standard uncertainty of each recovery, positive, in the unit of the recovery. If it is not given, all recoveries
        have equal weights, and their scatter about the curve gives the covariance. This needs at least three inserts.
    common_uncertainty : float, default 0
        Relative standard uncertainty that all recoveries share, such as that of the activity meter.
    source : str, default ""
        Source of the measurement, which the curve keeps.

    Returns
    -------
    RecoveryFit
        The curve with its covariance, residuals and chi-squared.

    Raises
    ------
    ShapeError
        If the sequences differ in length.
    OutOfRangeError
        If a volume, a recovery or an uncertainty is outside its range.
    ArgumentError
        If a common uncertainty is stated without uncertainties.
    UndefinedError
        If there are too few inserts, or if no curve that rises with the volume fits them.

    Warns
    -----
    recovery_curve_fits_badly
        If the sum of squared residuals in units of the stated uncertainties is above four times its expectation.

    Notes
    -----
    The curve is `R(v) = 1 - 1 / (1 + (v / b1)^b2)` (gear2018). The fit minimizes `sum_i (R_i - (1 + c t) R(v_i))^2 /
    u_i^2 + t^2` over b1, b2 and t, with the common uncertainty c. The factor t describes the error that all recoveries
    share. A covariance `c^2 R_i R_j` of the measured values would bias the curve downward. The covariance of (b1, b2)
    is their part of `(J^T J)^-1` with the derivatives `J` of the terms.

    References
    ----------
    gear2018

    Examples
    --------
    >>> fit = fit_recovery_curve(
    ...     [0.5, 1.2, 2.6, 5.6, 11.5, 26.5], [0.22, 0.36, 0.5, 0.64, 0.78, 0.88], uncertainties=[0.03] * 6
    ... )
    >>> round(fit.curve.b1_ml, 2), round(fit.curve.b2, 2), fit.degrees_of_freedom
    (2.52, 0.8, 4)
    """
    volumes, measured = _positive("volume in mL", volumes_ml), _positive("recovery", recoveries)
    if measured.max(initial=0.0) > _LARGEST_RECOVERY:
        raise OutOfRangeError(
            f"recovery must be within (0, {_LARGEST_RECOVERY:g}], got {measured.max():g}: it is a fraction"
        )
    common = number("common relative uncertainty", common_uncertainty)
    if not 0.0 <= common < np.inf:
        raise OutOfRangeError(f"common relative uncertainty must be finite and >= 0, got {common:g}")
    stated = None if uncertainties is None else _positive("uncertainty of a recovery", uncertainties)
    if stated is None and common > 0.0:
        raise ArgumentError("a common uncertainty needs the uncertainties of the recoveries as well")
    if len(measured) != len(volumes) or (stated is not None and len(stated) != len(volumes)):
        raise ShapeError("volumes, recoveries and uncertainties must have one length")
    least = 3 if stated is None else 2
    if len(set(volumes.tolist())) < 2 or len(volumes) < least:
        raise UndefinedError(
            f"a recovery curve is undefined: at least {least} inserts are needed, two of them of different volumes"
        )
    fitted = _least_squares(np.log(volumes), measured, np.ones(len(volumes)) if stated is None else stated, common)
    b1, b2 = np.exp(fitted.place[:2]).tolist()
    total, freedom = float(np.sum(fitted.residuals**2)), len(volumes) - 2
    scale = np.diag([b1, b2])
    covariance = scale @ np.linalg.inv(fitted.slopes.T @ fitted.slopes)[:2, :2] @ scale
    if stated is None:
        covariance *= total / freedom
    covariance = (covariance + covariance.T) / 2.0
    told = () if stated is None or freedom == 0 else advise_if("recovery_curve_fits_badly", ratio=total / freedom)
    return RecoveryFit(
        curve=RecoveryCurve(b1_ml=b1, b2=b2, covariance=covariance.tolist(), source=source),
        residuals=tuple((measured - _curve(np.log(volumes), *fitted.place[:2])[0]).tolist()),
        chi_squared=None if stated is None else total,
        degrees_of_freedom=freedom,
        advisories=told,
    )


def recovery_curve_of(stated: Mapping[str, Any]) -> tuple[RecoveryCurve, tuple[Advisory, ...]]:
    """Make a recovery curve from plain data, which are its parameters with their covariance, or recoveries for a fit.

    Another key raises `UnknownNameError`. Both or neither raise `ArgumentError`. The errors of `fit_recovery_curve` are
    passed on.
    """
    texts = {key: str(stated[key]) for key in ("source", "system") if key in stated}
    given = {key: value for key, value in stated.items() if key not in texts}
    if unknown := sorted(given.keys() - {*_MEASURED, *_FITTED}):
        known = ", ".join((*_FITTED, *_MEASURED, "source", "system"))
        raise UnknownNameError(f"a recovery curve holds {known}; got {', '.join(unknown)}")
    of_fit, of_phantom = given.keys() & set(_FITTED), given.keys() & set(_MEASURED)
    if of_fit and of_phantom:
        raise ArgumentError(
            "a recovery curve must be stated by b1_ml and b2, or by volumes_ml and recoveries, not by both"
        )
    source = texts.get("source", "")
    needed = ("volumes_ml", "recoveries") if of_phantom else ("b1_ml", "b2")
    if missing := [name for name in needed if name not in given]:
        raise ArgumentError(f"a recovery curve needs {' and '.join(missing)}")
    if of_phantom:
        fit = fit_recovery_curve(given.pop("volumes_ml"), given.pop("recoveries"), **given, source=source)
        return fit.curve, fit.advisories
    curve = RecoveryCurve(**given, source=source)
    curve.uncertainty(1.0, volume_uncertainty=0.0)
    return curve, ()


@cache
def published_recovery_curves() -> Mapping[str, PublishedRecoveryCurve]:
    """List example recovery curves of published phantoms by their citation key.

    Returns
    -------
    mapping of str to PublishedRecoveryCurve
        The curves. Another scanner or reconstruction has another curve, so that they do not replace a measurement.

    Examples
    --------
    >>> example = published_recovery_curves()["darienzo2017"]
    >>> example.status, round(example.curve.b1_ml, 2), round(example.curve.recovery(26.52), 2)
    ('read', 2.85, 0.86)
    """
    table = json.loads((files("yttria") / "data" / "recovery_curves.json").read_text(encoding="utf-8"))
    found = {}
    for source, row in table["curves"].items():
        curve = fit_recovery_curve(
            row["volumes_ml"],
            row["recoveries"],
            uncertainties=[row["relative_uncertainty"] * each for each in row["recoveries"]],
            source=source,
        ).curve
        found[source] = PublishedRecoveryCurve(
            curve=curve,
            system=row["system"],
            volumes_ml=tuple(row["volumes_ml"]),
            recoveries=tuple(row["recoveries"]),
            status=row["status"],
            source=source,
            where=row["where"],
        )
    return MappingProxyType(found)


def _positive(quantity: str, values: Sequence[float]) -> Floats:
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise ArgumentError(f"{quantity}: must be a sequence of numbers, got {values!r:.80}")
    found = np.array([number(quantity, value) for value in values], dtype=np.float64)
    if not (np.isfinite(found) & (found > 0.0)).all():
        raise OutOfRangeError(f"{quantity} must be finite and > 0, got {found[~(found > 0.0) | np.isinf(found)][0]:g}")
    return found


def _curve(log_volume: Floats, log_b1: float, log_b2: float) -> tuple[Floats, Floats]:
    """Compute the curve, and its derivatives by the logarithms of its parameters."""
    x = np.exp(log_b2) * (log_volume - log_b1)
    r = 0.5 * (1.0 + np.tanh(x / 2.0))
    return r, np.column_stack([-r * (1.0 - r) * np.exp(log_b2), r * (1.0 - r) * x])


@dataclass(frozen=True, eq=False, kw_only=True)
class _Least:
    """Parameters of the minimum, with residuals in units of their uncertainties and their derivatives."""

    place: Floats
    residuals: Floats
    slopes: Floats


def _least_squares(log_volume: Floats, measured: Floats, u: Floats, common: float) -> _Least:
    """Minimize by the Levenberg-Marquardt method from the line through the logits of the recoveries."""
    inside = np.clip(measured, 0.02, 0.98)
    slope, offset = np.polyfit(log_volume, np.log(inside / (1.0 - inside)), 1)
    if not slope > 0.0:
        raise UndefinedError("a recovery curve is undefined: the recoveries do not rise with the volume")

    def at(place: Floats) -> _Least:
        r, by_curve = _curve(log_volume, place[0], place[1])
        factor = 1.0 + common * place[2]
        slopes = np.column_stack([factor * by_curve, common * r]) / u[:, None]
        return _Least(
            place=place,
            residuals=np.append((measured - factor * r) / u, -place[2]),
            slopes=np.vstack([slopes, [0.0, 0.0, 1.0]]),
        )

    best, damping = at(np.array([-offset / slope, np.log(slope), 0.0])), 1e-3
    for _ in range(_ITERATIONS):
        normal = best.slopes.T @ best.slopes
        gradient = best.slopes.T @ best.residuals
        step = np.linalg.lstsq(normal + damping * np.diag(np.diag(normal)), gradient, rcond=None)[0]
        trial = at(best.place + step)
        if np.sum(trial.residuals**2) <= np.sum(best.residuals**2):
            best, damping = trial, damping / 10.0
            if np.abs(step).max() < 1e-13:
                break
        elif (damping := 10.0 * damping) > 1e15:
            break
    condition = np.linalg.cond(best.slopes[:-1, :2])
    if not np.isfinite(best.place).all() or np.abs(best.place[:2]).max() > 20.0 or not condition < 1e10:
        raise UndefinedError("a recovery curve is undefined: no volume with a recovery of 0.5 fits the recoveries")
    return best
