"""Mass from volume and density, and the volume of a lesion from its diameters."""

from __future__ import annotations

import yttria._core as _core

from .._foundation.numbers import number
from ..errors import ArgumentError


def mass_from_volume_kg(volume_ml: float, *, density_g_per_ml: float) -> float:
    """`V rho / 1000` in kg.

    The density is the caller's: `yttria.voxel.LIVER_DENSITY_G_PER_ML` (1.05) is what doses take for liver if nothing
    is given, 1.03 g/mL the habit of guidelines (EANM 2022); dose follows it inversely. Raises `OutOfRangeError` for a
    volume that is not positive or a density outside 0.2-2 g/mL.
    """
    return _core.mass_kg(number("volume in mL", volume_ml), number("density in g/mL", density_g_per_ml))


def ellipsoid_volume_ml(diameter_mm: float, *others_mm: float) -> float:
    """`pi/6 a b c` in mL from one diameter (a sphere) or three, in mm.

    Raises `OutOfRangeError` for a diameter outside (0, 500] mm, `ArgumentError` for two diameters.
    """
    if len(others_mm) not in (0, 2):
        raise ArgumentError(f"one diameter (a sphere) or three, got {1 + len(others_mm)}")
    diameters = [number("diameter in mm", d) for d in (diameter_mm, *others_mm)]
    return _core.ellipsoid_volume_ml(diameters * 3 if len(diameters) == 1 else diameters)
