"""Mass from volume and density, and the volume of a lesion from its diameters."""

from __future__ import annotations

import yttria._core as _core

from .._foundation.numbers import number
from ..errors import ArgumentError


def mass_from_volume_kg(volume_ml: float, *, density_g_per_ml: float) -> float:
    """Compute a mass from a volume and a density.

    Parameters
    ----------
    volume_ml : float
        Volume V in mL, positive.
    density_g_per_ml : float
        Density rho in g/mL, 0.2 to 2.

    Returns
    -------
    float
        `V rho / 1000` in kg.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.

    Notes
    -----
    The caller chooses the density, to which doses are inversely proportional. Doses use
    `yttria.voxel.LIVER_DENSITY_G_PER_ML` (1.05) for liver by default, and guidelines usually take 1.03 g/mL.

    Examples
    --------
    >>> round(mass_from_volume_kg(1500.0, density_g_per_ml=1.05), 3)
    1.575
    """
    return _core.mass_kg(number("volume in mL", volume_ml), number("density in g/mL", density_g_per_ml))


def ellipsoid_volume_ml(diameter_mm: float, *others_mm: float) -> float:
    """Compute the volume of a sphere or an ellipsoid from its diameters.

    Parameters
    ----------
    diameter_mm : float
        Diameter in mm, above 0 and at most 500.
    *others_mm : float
        None for a sphere; two more for an ellipsoid.

    Returns
    -------
    float
        `pi / 6 a b c` in mL.

    Raises
    ------
    OutOfRangeError
        If a diameter is outside its range.
    ArgumentError
        If two diameters are given.

    Examples
    --------
    >>> round(ellipsoid_volume_ml(100.0), 1), round(ellipsoid_volume_ml(20.0, 30.0, 40.0), 2)
    (523.6, 12.57)
    """
    if len(others_mm) not in (0, 2):
        raise ArgumentError(f"diameters must be one (a sphere) or three, got {1 + len(others_mm)}")
    diameters = [number("diameter in mm", d) for d in (diameter_mm, *others_mm)]
    return _core.ellipsoid_volume_ml(diameters * 3 if len(diameters) == 1 else diameters)
