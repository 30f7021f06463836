"""Body surface area in m^2 from height in cm and weight in kg."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def body_surface_area(height_cm: ArrayLike, weight_kg: ArrayLike, formula: str = "dubois") -> Any:
    """By Du Bois and Du Bois 1916, Mosteller 1987 or Haycock 1978.

    `0.007184 H^0.725 W^0.425` ("dubois"), `sqrt(H W / 3600)` ("mosteller"), `0.024265 H^0.3964 W^0.5378` ("haycock").
    """
    if formula == "mosteller":
        return np.sqrt(np.multiply(height_cm, weight_kg) / 3600)
    factor, of_height, of_weight = {"dubois": (0.007184, 0.725, 0.425), "haycock": (0.024265, 0.3964, 0.5378)}[formula]
    return factor * np.power(height_cm, of_height) * np.power(weight_kg, of_weight)
