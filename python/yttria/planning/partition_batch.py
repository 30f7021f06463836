"""The partition model over arrays: many patients, or many assumptions about one, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import as_type, empty, real
from .._foundation.choices import INVALID, Invalid
from .._foundation.numbers import default_nuclide
from ..advisory import Advisory, advise
from ..errors import DTypeError, ShapeError, UndefinedError, UnknownNameError
from .vial_content import vial_content

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class PartitionDoseArrays:
    """Mean doses, one element per activity; `tumor_doses_gy` has one more axis, its last, over the tumors.

    `normal_perfused_dose_gy` is not a number where there is no perfused normal liver.
    """

    normal_perfused_dose_gy: Floats
    tumor_doses_gy: Floats
    lung_dose_gy: Floats
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class PartitionActivityArray:
    """Delivered activities for a target tumor dose, one per element."""

    delivered_activity_gbq: Floats
    advisories: tuple[Advisory, ...] = ()


def partition_doses(
    delivered_activity_gbq: ArrayLike,
    *,
    tumor_mass_kg: ArrayLike,
    tumor_to_normal_ratio: ArrayLike,
    normal_perfused_mass_kg: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    lung_mass_kg: ArrayLike = 1.0,
    nuclide: Nuclide | None = None,
    invalid: Invalid = "raise",
    threads: int | None = None,
) -> PartitionDoseArrays:
    """Doses of many delivered activities in many territories: `PartitionModel.doses`, element by element.

    The arrays broadcast against each other by NumPy's rules, after `tumor_mass_kg` and `tumor_to_normal_ratio` have had
    their last axis, over the tumors, set apart: `(..., n)` against `(...)`. A scalar or an axis that repeats is never
    expanded. Each element is the number that `PartitionModel` gives, bit for bit, on any number of `threads` (by
    default all processors). Doses are linear in the activity: the activity at a limit is that limit over the dose of
    1 GBq.

    `invalid="raise"`: the first element outside its domain is an `OutOfRangeError` with quantity, index and value.
    `invalid="nan"`: doses that depend on such an element are not numbers, all others are as they would be, and the
    advisory `invalid_inputs` counts the inputs. Raises `ShapeError` for shapes that do not broadcast, `DTypeError` for
    anything but real numbers, `InsufficientMemoryError` for results that do not fit.
    """
    arrays = (
        _array("tumor mass in kg", tumor_mass_kg),
        _array("tumor-to-normal ratio", tumor_to_normal_ratio),
        _array("perfused normal liver mass in kg", normal_perfused_mass_kg),
        _array("lung shunt fraction", lung_shunt_fraction),
    )
    lung_mass = _array("lung mass in kg", lung_mass_kg)
    activity = _array("delivered activity in GBq", delivered_activity_gbq)
    shape, tumors = _shape(activity, *arrays, lung_mass)
    normal, tumor, lung = _empty(shape), _empty((*shape, tumors)), _empty(shape)
    found = _core.partition_doses(
        _operand(activity),
        _operands(*arrays),
        _operand(lung_mass),
        normal,
        tumor,
        lung,
        default_nuclide(nuclide),
        _to_nan(invalid),
        threads,
    )
    return PartitionDoseArrays(
        normal_perfused_dose_gy=normal, tumor_doses_gy=tumor, lung_dose_gy=lung, advisories=_advisories(found)
    )


def partition_activities(
    target_tumor_dose_gy: ArrayLike,
    *,
    tumor: int = 0,
    tumor_mass_kg: ArrayLike,
    tumor_to_normal_ratio: ArrayLike,
    normal_perfused_mass_kg: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    nuclide: Nuclide | None = None,
    invalid: Invalid = "raise",
    threads: int | None = None,
) -> PartitionActivityArray:
    """Delivered activities for mean doses to the tumor of that index: `PartitionModel.activity_for_tumor_dose`.

    Arrays, errors and advisories as for `partition_doses`; `activity_above_vial` if any is more than a vial holds.
    """
    arrays = (
        _array("tumor mass in kg", tumor_mass_kg),
        _array("tumor-to-normal ratio", tumor_to_normal_ratio),
        _array("perfused normal liver mass in kg", normal_perfused_mass_kg),
        _array("lung shunt fraction", lung_shunt_fraction),
    )
    target = _array("target tumor dose in Gy", target_tumor_dose_gy)
    shape, tumors = _shape(target, *arrays)
    if isinstance(tumor, bool) or not isinstance(tumor, int) or not 0 <= tumor < tumors:
        raise ShapeError(f"tumor must be an index from 0 to {tumors - 1}, got {tumor!r}")
    activity = _empty(shape)
    found = _core.partition_activities(
        _operand(target),
        tumor,
        tumors,
        _operands(*arrays),
        activity,
        default_nuclide(nuclide),
        _to_nan(invalid),
        threads,
    )
    return PartitionActivityArray(delivered_activity_gbq=activity, advisories=(*_advisories(found), *_vials(activity)))


def _array(quantity: str, values: ArrayLike) -> NDArray[Any]:
    array = real(quantity, values)
    if array.dtype.kind == "b":
        raise DTypeError(f"{quantity} must hold real numbers, got dtype {array.dtype}")
    return array


def _shape(
    given: NDArray[Any], mass: NDArray[Any], ratio: NDArray[Any], *others: NDArray[Any]
) -> tuple[tuple[int, ...], int]:
    """The results' shape, and the number of tumors."""
    if not (mass.ndim and ratio.ndim):
        raise ShapeError("tumor mass and tumor-to-normal ratio need a last axis over the tumors; [0.3] is one tumor")
    try:
        (tumors,) = np.broadcast_shapes(mass.shape[-1:], ratio.shape[-1:])
        shape = np.broadcast_shapes(given.shape, mass.shape[:-1], ratio.shape[:-1], *(o.shape for o in others))
    except ValueError as error:
        raise ShapeError(f"the arrays of the partition model do not broadcast: {error}") from None
    if tumors == 0:
        raise UndefinedError("partition model is undefined: it has no tumor")
    return shape, tumors


def _operand(array: NDArray[Any]) -> Floats:
    """The array in C order, as the core reads it; an axis that only repeats one element is cut back to it."""
    repeated = tuple(
        slice(0, 1) if stride == 0 and length > 1 else slice(None)
        for stride, length in zip(array.strides, array.shape, strict=True)
    )
    return as_type("input of the partition model", array[repeated], np.dtype(np.float64))


def _operands(
    mass: NDArray[Any], ratio: NDArray[Any], normal: NDArray[Any], shunt: NDArray[Any]
) -> tuple[Floats, Floats, Floats, Floats]:
    return _operand(mass), _operand(ratio), _operand(normal), _operand(shunt)


def _empty(shape: Sequence[int]) -> Floats:
    return empty(shape, np.float64, f"an array of the results of the partition model, of shape {tuple(shape)},")


def _to_nan(invalid: Invalid) -> bool:
    if invalid not in INVALID:
        raise UnknownNameError(f"invalid must be one of {', '.join(INVALID)}, got {invalid!r}")
    return invalid == "nan"


def _advisories(invalid_inputs: int) -> tuple[Advisory, ...]:
    if not invalid_inputs:
        return ()
    return (advise("invalid_inputs", invalid_inputs=invalid_inputs),)


def _vials(activity_gbq: Floats) -> tuple[Advisory, ...]:
    """One advisory if any activity is more than one vial holds; the largest one is its value."""
    largest = float(np.fmax.reduce(activity_gbq, axis=None, initial=0.0))
    return vial_content(largest)
