"""Standard uncertainty of volumes outlined on an image, first order after the GUM (gear2018).

Every uncertainty is a relative standard uncertainty (coverage factor 1, a fraction) unless its name ends in a unit.
The edge factor is derived here and checked numerically in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yttria._core as _core

from .._foundation.numbers import number
from ..advisory import Advisory, advise_if
from ..errors import ShapeError


@dataclass(frozen=True, kw_only=True)
class VolumeUncertainty:
    """Uncertainty of a volume outlined on an image.

    Parameters
    ----------
    diameter_uncertainty_mm : float
        Standard uncertainty of a diameter in mm.
    relative : float
        Relative standard uncertainty of the volume.
    advisories : tuple of Advisory
        `large_uncertainty` if the first order may not hold.
    """

    diameter_uncertainty_mm: float
    relative: float
    advisories: tuple[Advisory, ...] = ()


def sphere_volume_uncertainty(diameter_mm: float, *, voxel_size_mm: float, fwhm_mm: float) -> VolumeUncertainty:
    """Compute the uncertainty of the volume of a sphere outlined on an image.

    Parameters
    ----------
    diameter_mm : float
        Diameter in mm, positive.
    voxel_size_mm : float
        Voxel size `a` in mm, positive.
    fwhm_mm : float
        Full width at half maximum of the point spread function in mm, at least 0.

    Returns
    -------
    VolumeUncertainty
        Of the diameter in mm, and of the volume as a fraction.

    Raises
    ------
    OutOfRangeError
        If a length is not positive (the FWHM may be 0).

    Warns
    -----
    large_uncertainty
        If the relative uncertainty is above 0.30.

    Notes
    -----
    `u^2(d) = a^2 / 6 + FWHM^2 / (4 ln 2)` and `u(v) / v = 3 u(d) / d`.

    References
    ----------
    gear2018

    Examples
    --------
    >>> round(sphere_volume_uncertainty(60.0, voxel_size_mm=4.0, fwhm_mm=6.0).relative, 3)
    0.198
    """
    u = _core.diameter_uncertainty_mm(number("voxel size in mm", voxel_size_mm), number("FWHM in mm", fwhm_mm))
    relative = _core.sphere_volume_uncertainty(number("diameter in mm", diameter_mm), u)
    return VolumeUncertainty(
        diameter_uncertainty_mm=u, relative=relative, advisories=large_uncertainty(volume=relative)
    )


def ellipsoid_volume_uncertainty(
    diameters_mm: Sequence[float], *, voxel_size_mm: float, fwhm_mm: float
) -> VolumeUncertainty:
    """Compute the uncertainty of the volume of an ellipsoid whose diameters are measured independently.

    Parameters
    ----------
    diameters_mm : sequence of three floats
        Diameters in mm, positive.
    voxel_size_mm : float
        Voxel size in mm, positive.
    fwhm_mm : float
        Full width at half maximum of the point spread function in mm, at least 0.

    Returns
    -------
    VolumeUncertainty
        Of a diameter in mm, and of the volume as a fraction.

    Raises
    ------
    OutOfRangeError
        If a length is not positive (the FWHM may be 0).
    ShapeError
        If there are not three diameters.

    Warns
    -----
    large_uncertainty
        If the relative uncertainty is above 0.30.

    Notes
    -----
    `u(v) / v = sqrt(sum (u(d_i) / d_i)^2)` with `u(d)` as in `sphere_volume_uncertainty`.

    References
    ----------
    gear2018

    Examples
    --------
    >>> round(ellipsoid_volume_uncertainty([20.0, 30.0, 40.0], voxel_size_mm=4.0, fwhm_mm=6.0).relative, 3)
    0.257
    """
    u = _core.diameter_uncertainty_mm(number("voxel size in mm", voxel_size_mm), number("FWHM in mm", fwhm_mm))
    diameters = [number("diameter in mm", d) for d in diameters_mm]
    if len(diameters) != 3:
        raise ShapeError(f"diameters in mm must be three, got {len(diameters)}")
    relative = _core.ellipsoid_volume_uncertainty(diameters, u)
    return VolumeUncertainty(
        diameter_uncertainty_mm=u, relative=relative, advisories=large_uncertainty(volume=relative)
    )


def count_edge_factor(*, radius_mm: float, fwhm_mm: float) -> float:
    """Compute the edge factor of the counts within the outline of a uniform ball.

    Parameters
    ----------
    radius_mm : float
        Radius `r` of the ball in mm, positive.
    fwhm_mm : float
        Full width at half maximum of the point spread function in mm, positive.

    Returns
    -------
    float
        Factor `phi` of `u(C) / C = phi / (2 R) u(v) / v`, with the recovery coefficient `R`. It is 1 for a large
        ball and 0 for a small one.

    Raises
    ------
    OutOfRangeError
        If a length is not positive.

    Notes
    -----
    `phi = erf(2r / (s sqrt 2)) - 2s / (r sqrt(2 pi)) (1 - e^(-2 r^2 / s^2))` with `s = FWHM / 2.3548`. This is
    twice the density at the edge of the blurred ball as a fraction of the density of the ball without blur.

    References
    ----------
    gear2018

    Examples
    --------
    >>> round(count_edge_factor(radius_mm=15.0, fwhm_mm=6.0), 3)
    0.864
    """
    return _core.count_edge_factor(number("radius in mm", radius_mm), number("FWHM in mm", fwhm_mm))


def large_uncertainty(**relative: float) -> tuple[Advisory, ...]:
    """Warn with `large_uncertainty` for each quantity whose relative uncertainty is above 0.30."""
    return tuple(
        advisory
        for name, u in relative.items()
        for advisory in advise_if("large_uncertainty", quantity=name.replace("_", " "), relative_uncertainty=u)
    )
