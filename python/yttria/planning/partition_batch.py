"""Partition model over arrays, for many patients or many assumptions in one call."""

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
from ..advisory import Advisory, advise
from ..errors import DTypeError, ShapeError, UndefinedError, UnknownNameError
from .microsphere_nuclide import planning_nuclide
from .vial_content import vial_content

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class PartitionDoseArrays:
    """Mean doses, one element per activity.

    Parameters
    ----------
    normal_perfused_dose_gy, lung_dose_gy : float64 array
        Doses in Gy. That of normal liver is not a number if nothing of it is perfused.
    tumor_doses_gy : float64 array
        Doses in Gy with one more axis, the last, over the tumors.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    normal_perfused_dose_gy: Floats
    tumor_doses_gy: Floats
    lung_dose_gy: Floats
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class PartitionActivityArray:
    """Delivered activities for a target tumor dose, one per element.

    Parameters
    ----------
    delivered_activity_gbq : float64 array
        Activities in GBq.
    advisories : tuple of Advisory
        Advisories on the result.
    """

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
    """Compute the doses of many activities in many territories by the partition model.

    Parameters
    ----------
    delivered_activity_gbq : array
        Delivered activities in GBq.
    tumor_mass_kg, tumor_to_normal_ratio : array (..., tumors)
        Mass in kg and ratio of each tumor.
    normal_perfused_mass_kg : array
        Perfused normal liver in kg.
    lung_shunt_fraction : array
        Lung shunt, within [0, 1).
    lung_mass_kg : array
        Lung mass in kg.
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.
    invalid : {"raise", "nan"}
        Treatment of an element outside its domain: an error, or results that are not numbers.
    threads : int, optional
        1 to 1024; every processor available if not given. The bits of the result do not depend on it.

    Returns
    -------
    PartitionDoseArrays
        Mean doses in Gy.

    Raises
    ------
    OutOfRangeError
        With "raise", for the first element outside its domain, with quantity, index and value.
    ShapeError
        If shapes do not broadcast.
    DTypeError
        If an array does not hold real numbers.
    InsufficientMemoryError
        If there is no room for the results.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Warns
    -----
    invalid_inputs
        With "nan", if there are any; it counts the inputs.

    Notes
    -----
    The arrays broadcast by the rules of NumPy, after the last axis of the tumors has been set apart: `(..., n)` against
    `(...)`. An axis that repeats is never expanded. Each element is the number that `PartitionModel` gives, bit for
    bit. Doses are linear in the activity: the activity at a limit is that limit over the dose of 1 GBq.

    Examples
    --------
    >>> doses = partition_doses(
    ...     [1.0, 2.0],
    ...     tumor_mass_kg=[0.3],
    ...     tumor_to_normal_ratio=[4.0],
    ...     normal_perfused_mass_kg=1.2,
    ...     lung_shunt_fraction=0.05,
    ... )
    >>> doses.tumor_doses_gy.shape, round(float(doses.normal_perfused_dose_gy[1]), 1)
    ((2, 1), 39.3)
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
        planning_nuclide(nuclide),
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
    """Compute the activities for mean doses to one tumor in many territories by the partition model.

    Parameters
    ----------
    target_tumor_dose_gy : array
        Mean doses in Gy.
    tumor : int
        Index of the tumor.
    tumor_mass_kg, tumor_to_normal_ratio : array (..., tumors)
        Mass in kg and ratio of each tumor.
    normal_perfused_mass_kg : array
        Perfused normal liver in kg.
    lung_shunt_fraction : array
        Lung shunt, within [0, 1).
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.
    invalid : {"raise", "nan"}
        Treatment of an element outside its domain: an error, or results that are not numbers.
    threads : int, optional
        1 to 1024; every processor available if not given. The bits of the result do not depend on it.

    Returns
    -------
    PartitionActivityArray
        Delivered activities in GBq.

    Raises
    ------
    OutOfRangeError
        With "raise", for the first element outside its domain, with quantity, index and value.
    ShapeError
        If shapes do not broadcast.
    DTypeError
        If an array does not hold real numbers.
    InsufficientMemoryError
        If there is no room for the results.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Warns
    -----
    activity_above_vial
        If any is more than a vial holds.
    invalid_inputs
        With "nan", if there are any.

    Notes
    -----
    The arrays broadcast by the rules of NumPy, after the last axis of the tumors has been set apart: `(..., n)` against
    `(...)`. An axis that repeats is never expanded. Each element is the number that `PartitionModel` gives, bit for
    bit.

    Examples
    --------
    >>> found = partition_activities(
    ...     [100.0, 205.0],
    ...     tumor_mass_kg=[0.3],
    ...     tumor_to_normal_ratio=[4.0],
    ...     normal_perfused_mass_kg=1.2,
    ...     lung_shunt_fraction=0.05,
    ... )
    >>> [round(float(gbq), 2) for gbq in found.delivered_activity_gbq]
    [1.27, 2.61]
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
    chosen = planning_nuclide(nuclide)
    found = _core.partition_activities(
        _operand(target),
        tumor,
        tumors,
        _operands(*arrays),
        activity,
        chosen,
        _to_nan(invalid),
        threads,
    )
    return PartitionActivityArray(
        delivered_activity_gbq=activity, advisories=(*_advisories(found), *_vials(activity, chosen))
    )


def _array(quantity: str, values: ArrayLike) -> NDArray[Any]:
    array = real(quantity, values)
    if array.dtype.kind == "b":
        raise DTypeError(f"{quantity} must hold real numbers, got dtype {array.dtype}")
    return array


def _shape(
    given: NDArray[Any], mass: NDArray[Any], ratio: NDArray[Any], *others: NDArray[Any]
) -> tuple[tuple[int, ...], int]:
    """Find the shape of the results, and the number of tumors."""
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
    """Convert an array to C order for the core. An axis that only repeats one element is reduced to it."""
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


def _vials(activity_gbq: Floats, nuclide: Nuclide) -> tuple[Advisory, ...]:
    """Make one advisory if any activity exceeds the content of one vial, with the largest activity as value."""
    largest = float(np.fmax.reduce(activity_gbq, axis=None, initial=0.0))
    return vial_content(largest, nuclide=nuclide)
