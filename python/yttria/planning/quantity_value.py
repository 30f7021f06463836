"""Values of quantities, read from the histogram of a structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._core import DoseVolumeHistogram
from ..advisory import Advisory
from ..errors import UndefinedError
from ..evaluation import (
    generalized_eud,
    ntcp_logistic,
    ntcp_lyman,
    parameter_set,
    survival_eud,
    tcp_logistic,
    tcp_poisson,
)
from .dose_quantity import DoseQuantity

_MODELS: dict[tuple[str, bool], Callable[..., Any]] = {
    ("TCP", True): tcp_logistic,
    ("TCP", False): tcp_poisson,
    ("NTCP", True): ntcp_logistic,
    ("NTCP", False): ntcp_lyman,
    ("gEUD", False): generalized_eud,
    ("EUD", False): survival_eud,
}


@dataclass(frozen=True, kw_only=True)
class QuantityValue:
    """Quantity with its value, in Gy or as a fraction, and its advisories."""

    quantity: DoseQuantity
    value: float
    advisories: tuple[Advisory, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return quantity, value and unit as plain data.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.structure_metrics`.
        """
        return {"quantity": str(self.quantity), "value": self.value, "unit": self.quantity.unit}

    def __str__(self) -> str:
        return f"{self.quantity} {self.quantity.shown(self.value)}"


def value_of(quantity: DoseQuantity, histogram: DoseVolumeHistogram | None, lung_dose_gy: float) -> QuantityValue:
    """Value of a quantity by the functions of `yttria.evaluation`; `UndefinedError` for a structure without voxels."""
    if quantity.of_lungs:
        return QuantityValue(quantity=quantity, value=lung_dose_gy)
    if histogram is None:
        raise UndefinedError(f"'{quantity}' is undefined: the structure occupies no voxel of the dose grid")
    parameters = dict(quantity.parameters)
    if quantity.measure == "mean":
        return QuantityValue(quantity=quantity, value=histogram.mean_gy)
    if quantity.measure == "D":
        return QuantityValue(quantity=quantity, value=histogram.dose_at_volume_percent(parameters["volume_percent"]))
    if quantity.measure == "V":
        return QuantityValue(quantity=quantity, value=histogram.volume_at_dose_percent(parameters["dose_gy"]) / 100.0)
    doses, volumes = histogram.differential()
    result = _MODELS[quantity.measure, "d50_gy" in parameters](doses, volumes, **parameters)
    found = result.advisories
    if quantity.parameter_set is not None:
        found = (*parameter_set(quantity.parameter_set).advisories(), *found)
    value = result.probability if quantity.measure in ("TCP", "NTCP") else result.value_gy
    return QuantityValue(quantity=quantity, value=value, advisories=found)
