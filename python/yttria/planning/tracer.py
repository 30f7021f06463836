"""Decay of the tracers of a planning scan, which give no dose of treatment."""

from __future__ import annotations

from .._foundation.choices import TRACERS, Tracer
from .._foundation.numbers import number, one_of
from ..errors import OutOfRangeError
from ..kernels import decay_data

#: Half-life of technetium-99m in hours (ddep-tc99m).
TC99M_HALF_LIFE_H = 6.0067


def tracer_half_life_h(tracer: Tracer = "Tc-99m") -> float:
    """Look up the half-life of a tracer.

    Parameters
    ----------
    tracer : {"Tc-99m", "Ho-166"}, default "Tc-99m"
        Nuclide of the tracer: that of macroaggregated albumin, or that of a scout dose of holmium microspheres.

    Returns
    -------
    float
        Half-life in h.

    Raises
    ------
    UnknownNameError
        If there is no such tracer.

    References
    ----------
    ddep-tc99m, ensdf

    Examples
    --------
    >>> tracer_half_life_h(), tracer_half_life_h("Ho-166")
    (6.0067, 26.824)
    """
    name = one_of("tracer", tracer, TRACERS)
    return TC99M_HALF_LIFE_H if name == "Tc-99m" else decay_data("Ho-166").half_life_h


def tracer_decay_factor(elapsed_h: float, *, tracer: Tracer = "Tc-99m") -> float:
    """Compute the share of a tracer's activity that is left after a time.

    Parameters
    ----------
    elapsed_h : float
        Time t in h; negative for a time before.
    tracer : {"Tc-99m", "Ho-166"}, default "Tc-99m"
        Nuclide of the tracer.

    Returns
    -------
    float
        `2^(-t / T)`.

    Raises
    ------
    OutOfRangeError
        If the time is not finite or so long that the factor overflows.
    UnknownNameError
        If there is no such tracer.

    Notes
    -----
    Counts of one scan need no correction, because lungs and liver decay alike. The factor brings scans of different
    times onto one, such as views that were taken one after the other.

    Examples
    --------
    >>> round(tracer_decay_factor(3.0), 4), round(tracer_decay_factor(3.0, tracer="Ho-166"), 4)
    (0.7074, 0.9254)
    """
    exponent = -number("elapsed time in h", elapsed_h) / tracer_half_life_h(tracer)
    if not abs(exponent) <= 1000.0:
        raise OutOfRangeError(f"elapsed time in h must be within 1000 half-lives of the tracer, got {elapsed_h:g}")
    return float(2.0**exponent)
