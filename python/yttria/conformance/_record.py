"""Record of each model, which published cases, answers of yttria and the comparison with the reference all use."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from itertools import product
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import evaluation, geometry, kernels, planning, reference, voxel
from ..kernels import Nuclide

Inputs = dict[str, Any]
Answer = dict[str, Any]

#: Half-life in h and dose factor in Gy kg/GBq of a case that does not state them.
STATED: Inputs = {"half_life_h": 64.1, "dose_factor_Gy_kg_per_GBq": 49.67}
#: Half-life and dose factor of the comparisons. They differ from the defaults of the API, so that an unused argument
#: shows.
COMPARED: Inputs = {"half_life_h": 64.05, "dose_factor_Gy_kg_per_GBq": 49.38}

#: Published names that differ from the parameter by more than spelling.
PARAMETERS = {
    "DecayCorrection": "decay_correction",
    "HU": "ct",
    "activity_delivered_GBq": "delivered_activity_gbq",
    "activity_in_vial_at_treatment_GBq": "vial_activity_gbq",
    "activity_needed_in_vial_GBq": "needed_activity_gbq",
    "activity_ratio_R": "activity_ratio",
    "albumin_g_L": "albumin_g_per_l",
    "background_uSv_h": "background",
    "bilirubin_mg_dL": "bilirubin_mg_per_dl",
    "bilirubin_umol_L": "bilirubin_umol_per_l",
    "bsa_m2": "body_surface_area_m2",
    "doses_Gy": "dose_gy",
    "from": "start",
    "hours_admin_to_scan": "scan_delay_h",
    "liver_ant_counts": "liver_anterior_counts",
    "liver_post_counts": "liver_posterior_counts",
    "lung_ant_counts": "lung_anterior_counts",
    "lung_counts_in_fov": "lung_counts",
    "lung_fraction_in_fov": "lung_fraction_in_field_of_view",
    "lung_post_counts": "lung_posterior_counts",
    "lung_shunt_combined": "combined_lung_shunt_fraction",
    "lung_volume_mL": "voxel_volume_ml",
    "mean_HU": "ct",
    "mean_dose_Gy": "dose_gy",
    "scenario": "intent",
    "specific_activity_Bq": "sphere_activity_bq",
    "tnr": "tumor_to_normal_ratio",
    "to": "end",
    "vial_before_uSv_h": "vial_before",
    "vial_calibration_activity_GBq": "calibration_activity_gbq",
    "voxel_mm": "voxel_size_mm",
    "waste_after_uSv_h": "waste_after",
    "y90_GBq": "delivered_activity_gbq",
}


def parameter(published: str) -> str:
    """Find the name of the parameter that takes a published input."""
    return PARAMETERS.get(published, published.lower().replace("tumour", "tumor"))


def _dose_factor(half_life_h: float, mean_energy_mev: float) -> float:
    return Nuclide.from_energy(half_life_h, mean_energy_mev).dose_factor_gy_kg_per_gbq


def _decay_factor(elapsed_h: float, nuclide: Nuclide) -> float:
    return nuclide.decay_factor(elapsed_h)


class Side:
    """One of two implementations, which are yttria's public functions and those of `yttria.reference`."""

    def __init__(self, modules: list[ModuleType], **more: Callable[..., Any]) -> None:
        self.functions: dict[str, Callable[..., Any]] = dict(more)
        for module in modules:
            own = {name: value for name, value in vars(module).items() if _owner(value) == module.__name__}
            public = {name: getattr(module, name) for name in getattr(module, "__all__", own)}
            self.functions |= {name: value for name, value in public.items() if callable(value)}

    def __call__(self, name: str, i: Inputs, /, **arguments: Any) -> Any:
        """Compute the result with the half-life and the dose factor that a case states."""
        return bound(self.functions[name], i, arguments)()


def bound(function: Callable[..., Any], i: Inputs, arguments: Inputs) -> Callable[[], Any]:
    """Bind a call to those arguments that it takes, and to the half-life and dose factor of the inputs."""
    names = _parameters(function)
    constants: Inputs = {"half_life_h": half_life(i), "dose_factor_gy_kg_per_gbq": dose_factor(i)}
    if "nuclide" in names:
        constants["nuclide"] = nuclide(i)
    return partial(function, **{name: value for name, value in (constants | arguments).items() if name in names})


def _owner(value: Any) -> str:
    return getattr(value, "__module__", "")


@cache
def _of_function(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    """A method is not cached, because its object may have no hash."""
    kept = inspect.isfunction(function) or inspect.isclass(function)
    return _of_function(function) if kept else frozenset(inspect.signature(function).parameters)


CORE = Side([planning, evaluation, kernels, voxel, geometry], dose_factor=_dose_factor, decay_factor=_decay_factor)
REFERENCE = Side([import_module(f"{reference.__name__}.{info.name}") for info in iter_modules(reference.__path__)])


def value_of(result: Any, name: str) -> Any:
    """Read a field of a result, or a field of a field ("a.b"). A single value is its own field."""
    for part in name.split("."):
        result = result[part] if isinstance(result, dict) and part else getattr(result, part, result)
    return result() if inspect.ismethod(result) or inspect.isbuiltin(result) else result


def published(result: Any, outputs: dict[str, str]) -> Answer:
    """Collect the fields of a result by their published names, and its warnings."""
    return {name: plain(value_of(result, of)) for name, of in outputs.items()} | warnings(result)


def named(*published: str) -> dict[str, str]:
    """Name the quantities as the API spells them."""
    return {name: parameter(name) for name in published}


def plain(value: Any) -> Any:
    """Convert NumPy values to plain values for JSON."""
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def warnings(result: Any) -> Answer:
    """List the codes of a result's advisories."""
    return {"warnings": [each.code for each in result.advisories]} if hasattr(result, "advisories") else {}


def half_life(i: Inputs) -> float:
    """Read the half-life in h that a case states."""
    return float((STATED | i)["half_life_h"])


def dose_factor(i: Inputs) -> float:
    """Read the dose factor in Gy kg/GBq that a case states."""
    return float((STATED | i)["dose_factor_Gy_kg_per_GBq"])


def nuclide(i: Inputs) -> Nuclide:
    """Make the nuclide of the API from half-life and dose factor."""
    return Nuclide.from_dose_factor(half_life(i), dose_factor(i))


@dataclass(frozen=True, kw_only=True)
class Record:
    """One public function, with the inputs and outputs by which it is compared.

    `inputs` maps names, published or of the API, to the values of the comparison. A pair `(low, high)` is a range for
    random values, a list holds choices, and anything else is a value. `outputs` maps names to fields of the result.
    `models` are the published models that the function answers, `given` completes their inputs. Values agree within
    `relative` of the reference's, or within `of_maximum` of the largest.

    For a method, `of(side, ...)` makes the object from the inputs that it names. An input that is a function makes its
    value in the same way. `reference` takes the inputs if no function of the reference has the name.
    """

    name: str
    inputs: dict[str, Any]
    outputs: dict[str, str]
    models: tuple[str, ...] = ()
    relative: float = 1e-12
    of_maximum: float = 0.0
    of: Callable[..., Any] | None = None
    reference: Callable[..., Any] | None = None
    given: Callable[[Side, Inputs], Inputs] = field(default=lambda _, i: i, repr=False)

    @property
    def function(self) -> str:
        """Name of the function without its room."""
        return self.name.rsplit(".", 1)[1]

    def answer(self, side: Side, inputs: Inputs) -> Answer:
        """Compute the answers of an implementation to the inputs of a case."""
        i = self.given(side, inputs)
        return published(side(self.function, i, **{parameter(name): value for name, value in i.items()}), self.outputs)

    def work(self, side: Side) -> Callable[[], list[Any]]:
        """Prepare the compared work, with the same inputs for either side."""
        fields = list(self.outputs.values())
        calls = [self._call(side, point) for point in self._points()]
        return lambda: [value_of(result, name) for result in (call() for call in calls) for name in fields]

    def _call(self, side: Side, point: Inputs) -> Callable[[], Any]:
        made = {name: value(side) if callable(value) else value for name, value in point.items()}
        if self.reference is not None and side is REFERENCE:
            return bound(self.reference, COMPARED, made)
        if self.of is not None:
            return bound(getattr(bound(self.of, COMPARED, {"side": side} | made)(), self.function), COMPARED, made)
        return bound(side.functions[self.function], COMPARED, made)

    def _points(self) -> list[Inputs]:
        named = {parameter(name): value for name, value in self.inputs.items()}
        ranges = {name: value for name, value in named.items() if isinstance(value, tuple)}
        choices = {name: value for name, value in named.items() if isinstance(value, list)}
        constants = {name: value for name, value in named.items() if name not in ranges and name not in choices}
        rows = draws(*ranges.values()) if ranges else [[]]
        return [
            {**constants, **dict(zip(ranges, row, strict=True)), **dict(zip(choices, chosen, strict=True))}
            for row in rows
            for chosen in product(*choices.values())
        ]


def in_room(room: str) -> Callable[..., Record]:
    """Make the records of one room or class from name, inputs, outputs and models.

    A single output has the published name.
    """

    def record(name: str, inputs: Inputs, outputs: str | dict[str, str] = "", *models: str, **more: Any) -> Record:
        found = {outputs: parameter(outputs)} if isinstance(outputs, str) else outputs
        return Record(name=f"{room}.{name}", inputs=inputs, outputs=found, models=models, **more)

    return record


def draws(*ranges: tuple[float, float], count: int = 12, seed: int = 20) -> list[list[float]]:
    """Draw `count` rows of numbers, uniform in the ranges and equal in each call."""
    low, high = np.array(ranges, dtype=np.float64).T
    rows: list[list[float]] = np.random.default_rng(seed).uniform(low, high, (count, len(ranges))).tolist()
    return rows


def flat(values: Any) -> NDArray[np.float64]:
    """Join numbers, arrays and nested sequences to one vector.

    `None` becomes NaN, and a text the codes of its letters.
    """
    if values is None:
        return np.array([np.nan])
    if isinstance(values, str):
        return np.frombuffer(values.encode("utf-32-le"), "<u4").astype(np.float64)
    if isinstance(values, dict):
        return flat(list(values.values()))
    if hasattr(values, "__dict__"):
        return flat(vars(values))
    if isinstance(values, list | tuple):
        return np.concatenate([flat(value) for value in values]) if values else np.zeros(0)
    return np.asarray(values, dtype=np.float64).ravel()
