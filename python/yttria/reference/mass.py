"""Mass from volume, volume from diameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def mass_from_volume_kg(volume_ml: ArrayLike, density_g_per_ml: ArrayLike) -> Any:
    """`V rho / 1000`."""
    return np.multiply(volume_ml, density_g_per_ml) / 1000


def ellipsoid_volume_ml(diameter_mm: float, *others_mm: float) -> float:
    """`pi/6 a b c / 1000`, of a sphere `pi/6 d^3 / 1000`."""
    product = np.prod([diameter_mm, *others_mm]) if others_mm else diameter_mm**3
    return float(np.pi / 6 * product / 1000)
