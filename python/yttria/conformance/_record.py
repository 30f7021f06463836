"""One record for each model: published cases, yttria's answers and the comparison with the reference all read it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import evaluation, planning, voxel
from ..kernels import Nuclide
from ..reference import (
    body_surface_area,
    decay,
    delivery,
    energy_balance,
    lung,
    mass,
    partition,
    radiobiology,
    resin_activity,
    scores,
    single_compartment,
    tumor_to_normal,
    uncertainty,
)

Inputs = dict[str, Any]
Answer = dict[str, Any]

#: Half-life in h and dose factor in Gy kg/GBq of a case that states none, and of the comparisons. The latter differ
#: from the defaults of the API, so that neither can hide.
STATED, COMPARED = (64.1, 49.67), (64.05, 49.38)

#: Published names that are more than another spelling of the parameter.
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
    """Name of the parameter that takes a published input."""
    return PARAMETERS.get(published, published.lower().replace("tumour", "tumor"))


def _dose_factor(half_life_h: float, mean_energy_mev: float) -> float:
    return Nuclide.from_energy(half_life_h, mean_energy_mev).dose_factor_gy_kg_per_gbq


def _decay_factor(elapsed_h: float, nuclide: Nuclide) -> float:
    return nuclide.decay_factor(elapsed_h)


class Side:
    """One of the two implementations: yttria's public functions, or those of `yttria.reference`."""

    def __init__(self, *modules: ModuleType) -> None:
        self.is_core = modules[0].__name__ == "yttria.planning"
        self.functions: dict[str, Callable[..., Any]] = {}
        for module in modules:
            every = {name: getattr(module, name) for name in getattr(module, "__all__", vars(module))}
            self.functions |= {
                name: value
                for name, value in every.items()
                if inspect.isfunction(value) and (self.is_core or value.__module__ == module.__name__)
            }

    def bound(self, name: str, arguments: Mapping[str, Any], convention: tuple[float, float]) -> Callable[[], Any]:
        """The call with those of the arguments that the function takes, and with the half-life and dose factor."""
        function, names = self.functions[name], _parameters(self.functions[name])
        half_life_h, dose_factor = convention
        constants = {"half_life_h": half_life_h, "dose_factor_gy_kg_per_gbq": dose_factor}
        if "nuclide" in names:
            constants = {"nuclide": Nuclide.from_dose_factor(half_life_h, dose_factor)}  # type: ignore[dict-item]
        given = {**constants, **arguments}
        return partial(function, **{name: value for name, value in given.items() if name in names})

    def __call__(self, name: str, i: Inputs, /, **arguments: Any) -> Any:
        """The result, by the half-life and the dose factor that a case states."""
        return self.bound(name, arguments, (half_life(i), dose_factor(i)))()


@cache
def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


CORE = Side(planning, evaluation, voxel)
CORE.functions |= {"dose_factor": _dose_factor, "decay_factor": _decay_factor}
REFERENCE = Side(
    body_surface_area,
    decay,
    delivery,
    energy_balance,
    lung,
    mass,
    partition,
    radiobiology,
    resin_activity,
    scores,
    single_compartment,
    tumor_to_normal,
    uncertainty,
)


def value_of(result: Any, name: str) -> Any:
    """A field of a result, or the result itself if it is the only one."""
    return result[name] if isinstance(result, dict) else getattr(result, name, result)


def plain(value: Any) -> Any:
    """Without NumPy, as JSON has it."""
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def codes(result: Any) -> list[str]:
    """The codes of a result's advisories."""
    return [advisory.code for advisory in result.advisories]


def warnings(result: Any) -> Answer:
    """The codes of a result's advisories, if it has any to give."""
    return {"warnings": codes(result)} if hasattr(result, "advisories") else {}


def half_life(i: Inputs) -> float:
    """In h, as a case states it."""
    return float(i.get("half_life_h", STATED[0]))


def dose_factor(i: Inputs) -> float:
    """In Gy kg/GBq, as a case states it."""
    return float(i.get("dose_factor_Gy_kg_per_GBq", STATED[1]))


def nuclide(i: Inputs) -> Nuclide:
    """Both, as the API takes them."""
    return Nuclide.from_dose_factor(half_life(i), dose_factor(i))


def inverse(i: Inputs, activity: float) -> float:
    """The activity that an inverse formula found; the known errors alone have another to offer."""
    return float(i["_inverse"](activity, i) if "_inverse" in i else activity)


def by_side(
    core: Mapping[str, Callable[[Inputs], Answer]], reference: Mapping[str, Callable[[Inputs], Answer]]
) -> dict[str, Callable[[Side, Inputs], Answer]]:
    """Models that the two sides answer each in its own way."""
    return {
        model: lambda side, i, model=model: (core if side is CORE else reference)[model](i)  # type: ignore[misc]
        for model in core
    }


@dataclass(frozen=True, kw_only=True)
class Record:
    """One public function, and how its cases are asked and compared.

    `inputs` maps names, published or of the API, to what the comparison gives: a range `(low, high)` to draw from, a
    list of choices to go through, or a value. `outputs` maps names to fields of the result. `models` are the published
    models that the function answers, `given` completes their inputs. Values agree within `relative` of the reference's.
    """

    name: str
    inputs: dict[str, Any]
    outputs: dict[str, str]
    models: tuple[str, ...] = ()
    relative: float = 1e-12
    given: Callable[[Inputs], Inputs] = field(default=lambda i: i, repr=False)

    @property
    def function(self) -> str:
        """Name without its room."""
        return self.name.rsplit(".", 1)[1]

    def answer(self, side: Side, inputs: Inputs) -> Answer:
        """What an implementation answers to the inputs of a case."""
        i = self.given(inputs)
        result = side(self.function, i, **{parameter(name): value for name, value in i.items()})
        return {name: plain(value_of(result, of)) for name, of in self.outputs.items()} | warnings(result)

    def work(self, side: Side) -> Callable[[], list[Any]]:
        """The work that is compared: the same inputs for either side, prepared beforehand."""
        fields = list(self.outputs.values())
        calls = [side.bound(self.function, arguments, COMPARED) for arguments in self._points()]
        return lambda: [value_of(result, name) for result in (call() for call in calls) for name in fields]

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


def draws(*ranges: tuple[float, float], count: int = 12, seed: int = 20) -> list[list[float]]:
    """`count` rows of numbers uniform in the ranges, the same every time."""
    low, high = np.array(ranges, dtype=np.float64).T
    rows: list[list[float]] = np.random.default_rng(seed).uniform(low, high, (count, len(ranges))).tolist()
    return rows


def flat(values: Any) -> NDArray[np.float64]:
    """Numbers, arrays and nested sequences of them as one vector; `None` as NaN, a text as the codes of its letters."""
    if values is None:
        return np.array([np.nan])
    if isinstance(values, str):
        return np.frombuffer(values.encode("utf-32-le"), "<u4").astype(np.float64)
    if isinstance(values, dict):
        return flat(list(values.values()))
    if isinstance(values, list | tuple):
        return np.concatenate([flat(value) for value in values]) if values else np.zeros(0)
    return np.asarray(values, dtype=np.float64).ravel()
