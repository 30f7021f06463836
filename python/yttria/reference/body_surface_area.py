"""Body surface area in m^2 from height in cm and weight in kg."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def dubois_m2(height_cm: ArrayLike, weight_kg: ArrayLike) -> Any:
    """`0.007184 H^0.725 W^0.425` (Du Bois and Du Bois 1916)."""
    return 0.007184 * np.power(height_cm, 0.725) * np.power(weight_kg, 0.425)


def mosteller_m2(height_cm: ArrayLike, weight_kg: ArrayLike) -> Any:
    """`sqrt(H W / 3600)` (Mosteller 1987)."""
    return np.sqrt(np.multiply(height_cm, weight_kg) / 3600)


def haycock_m2(height_cm: ArrayLike, weight_kg: ArrayLike) -> Any:
    """`0.024265 H^0.3964 W^0.5378` (Haycock 1978)."""
    return 0.024265 * np.power(height_cm, 0.3964) * np.power(weight_kg, 0.5378)
