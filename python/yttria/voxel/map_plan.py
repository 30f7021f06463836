"""Base of the plans: shape and type of their maps, and checks of inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.arrays import Map, as_type, checked_out, real
from ..errors import DTypeError, InsufficientMemoryError, ShapeError


class CompiledPlan(Protocol):
    """Properties of a compiled plan."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the maps."""

    @property
    def single_precision(self) -> bool:
        """Whether the maps are float32."""

    @property
    def threads(self) -> int:
        """Threads of one call."""


class MapPlan:
    """Plan for maps of one shape and type."""

    __slots__ = ()

    @property
    def _plan(self) -> CompiledPlan:
        """The compiled plan."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the maps."""
        return self._plan.shape

    @property
    def dtype(self) -> np.dtype[np.float32] | np.dtype[np.float64]:
        """Type of the maps and of the results."""
        return np.dtype(np.float32) if self._plan.single_precision else np.dtype(np.float64)

    @property
    def threads(self) -> int:
        """Threads of one call."""
        return self._plan.threads

    def _map(self, quantity: str, array: ArrayLike) -> NDArray[Any]:
        """Return the array in C order, native, in the plan's dtype; itself if it is so already."""
        values = real(quantity, array)
        if values.dtype.kind == "f":
            if values.dtype.itemsize != self.dtype.itemsize:
                raise DTypeError(
                    f"{quantity} must be {self.dtype}, the type of the plan, got {values.dtype.name}: convert it "
                    "explicitly"
                )
        elif self.dtype != np.float64:
            raise DTypeError(
                f"{quantity} must be {self.dtype}, the type of the plan, got {values.dtype.name}, which becomes float64"
            )
        require_shape(quantity, values, self.shape)
        return as_type(quantity, values, self.dtype)

    def _out(self, out: Map | None, inputs: Sequence[ArrayLike]) -> tuple[Map, bool]:
        """Return the output, and whether it is new and zero."""
        if out is None:
            try:
                return np.zeros(self.shape, self.dtype), True
            except (MemoryError, ValueError) as error:
                raise InsufficientMemoryError(f"the result: {error}") from error
        if not checked_out(out, self.shape, self.dtype, inputs).flags.c_contiguous:
            raise ShapeError("out must be in C order")
        return out, False


def require_shape(quantity: str, array: NDArray[Any], shape: tuple[int, int, int]) -> None:
    """Raise `ShapeError` if the array has another shape."""
    if array.shape != shape:
        raise ShapeError(f"{quantity} must be of the plan's shape {shape}, got {array.shape}")
