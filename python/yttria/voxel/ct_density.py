"""Mass density from a CT by a piecewise linear curve."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

import yttria._core as _core

from .._foundation.arrays import as_type, empty
from .._foundation.choices import CT_CURVES, OUT_OF_RANGE, CtCurve, OutOfRange, ResamplingMethod, ValueStatus
from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, UnitError, UnknownNameError
from ..geometry.image import Image


@dataclass(frozen=True, kw_only=True)
class CtDensityCurve:
    """A piecewise linear curve from CT number in HU to mass density in g/mL.

    `hounsfield_units` rise, `density_g_per_ml` never fall. `source` is a citation key of `yttria.sources`, or a text of
    the caller. `status` states how the values are known: "read", "secondary" (read in a text or code that quotes the
    source), "not verified", or "own" for a curve of the caller.

    Raises `ShapeError` where there are fewer than 2 nodes, more than 4096, or not as many of one as of the other, and
    `OutOfRangeError` naming the node that is not finite, does not rise, falls, or lies outside [0, 30] g/mL.
    """

    name: str
    hounsfield_units: tuple[float, ...]
    density_g_per_ml: tuple[float, ...]
    source: str
    status: ValueStatus | Literal["own"] = "own"
    remark: str = ""

    def __post_init__(self) -> None:
        for field in ("hounsfield_units", "density_g_per_ml"):
            nodes = getattr(self, field)
            if isinstance(nodes, str) or not isinstance(nodes, Sequence | np.ndarray):
                raise ArgumentError(f"{field} must be a sequence of numbers, got {nodes!r:.80}")
            object.__setattr__(self, field, tuple(number(field, node) for node in nodes))
        _core._check_density_curve(self.hounsfield_units, self.density_g_per_ml)

    @property
    def range_hu(self) -> tuple[float, float]:
        """First and last node."""
        return self.hounsfield_units[0], self.hounsfield_units[-1]

    def advisories(self) -> tuple[Advisory, ...]:
        """Return `ct_density_not_verified` if nobody here has read the values in their source."""
        if self.status in ("read", "own"):
            return ()
        return (advise("ct_density_not_verified", source=self.source, curve=self.name, status=self.status),)


@cache
def ct_density_curves() -> Mapping[str, CtDensityCurve]:
    """The published curves by name."""
    table = json.loads((files("yttria") / "data" / "ct_density.json").read_text(encoding="utf-8"))
    return MappingProxyType({entry["name"]: CtDensityCurve(**entry) for entry in table["curves"]})


def ct_density_curve(curve: CtCurve | CtDensityCurve) -> CtDensityCurve:
    """The curve of that name, or the curve itself; `UnknownNameError` names the known ones."""
    if isinstance(curve, CtDensityCurve):
        return curve
    if curve not in ct_density_curves():
        raise UnknownNameError(f"CT density curve must be one of {', '.join(ct_density_curves())}, got {curve!r}")
    return ct_density_curves()[curve]


@dataclass(frozen=True, eq=False, kw_only=True)
class DensityImage:
    """Mass density in g/mL, the curve that gave it, and how many voxels of the CT lay beyond the curve's ends.

    `resampling` holds one entry for each time the image was carried to another grid.
    """

    image: Image
    curve: CtDensityCurve
    out_of_range: OutOfRange
    below_voxels: int
    above_voxels: int
    advisories: tuple[Advisory, ...]
    resampling: tuple[Mapping[str, Any], ...] = ()

    def resampled_on(
        self,
        grid: Image | tuple[Sequence[int], ArrayLike],
        *,
        method: ResamplingMethod = "average",
        fill_value: float | None = None,
        threads: int | None = None,
    ) -> DensityImage:
        """On another grid; see `Image.resampled_on`. Averaging keeps masses. `fill_value` is a density in g/mL."""
        done = self.image.resampled_on(grid, method=method, fill_value=fill_value, threads=threads)
        return replace(
            self,
            image=done.image,
            advisories=(*self.advisories, *done.advisories),
            resampling=(*self.resampling, done.as_dict()),
        )

    def as_dict(self) -> dict[str, Any]:
        """What a provenance keeps: everything but the voxels, and their range."""
        low, high = self.image.array.min(), self.image.array.max()
        return {
            "curve": self.curve.name,
            "source": self.curve.source,
            "status": self.curve.status,
            "range_hu": list(self.curve.range_hu),
            "out_of_range": self.out_of_range,
            "below_voxels": self.below_voxels,
            "above_voxels": self.above_voxels,
            "resampling": [dict(step) for step in self.resampling],
            "range_g_per_ml": [float(low), float(high)],
        }


def density_image(
    ct: Image,
    *,
    curve: CtCurve | CtDensityCurve = CT_CURVES[0],
    out_of_range: OutOfRange = "refuse",
    threads: int | None = None,
) -> DensityImage:
    """Mass density of each voxel of a CT, by the straight line between the two nodes of `curve` around its CT number.

    `ct` is in HU. `curve`: a name (`ct_density_curves`) or your own; one that was measured on the scanner at the tube
    voltage of the CT is better than any published one, and contrast agent makes soft tissue look denser than it is.
    `out_of_range`: what becomes of CT numbers beyond the curve, "refuse" or "clamp" to the density of its nearer end
    (padding, metal); clamped voxels are counted and advised of. The result is float32, or float64 from float64 and
    from integers of other than 16 and 32 bits; the bits do not depend on `threads`.

    Raises `UnitError` (not in HU), `UnknownNameError`, `OutOfRangeError` (a CT number that is not finite, or beyond the
    curve where that is refused, with counts and the first voxel) and `InsufficientMemoryError`.

    Source: that of the curve. Warns with `ct_density_not_verified` and `outside_ct_density_curve`.
    """
    if not isinstance(ct, Image):
        raise ArgumentError(f"ct must be an Image in HU, got {type(ct).__name__}")
    if ct.unit != "HU":
        raise UnitError(f"ct must be in HU, got {ct.unit}")
    if out_of_range not in OUT_OF_RANGE:
        raise UnknownNameError(f"out_of_range must be one of {', '.join(OUT_OF_RANGE)}, got {out_of_range!r}")
    curve = ct_density_curve(curve)
    array = ct.array
    kept = array.dtype.newbyteorder("=") if array.dtype.str[1:] in ("i2", "i4", "f4") else np.dtype(np.float64)
    order = sorted(range(3), key=lambda axis: -abs(array.strides[axis]))
    source = as_type("CT numbers", array.transpose(order), kept)
    result = empty(source.shape, np.float64 if kept.char == "d" else np.float32, "the density")
    nodes = (curve.hounsfield_units, curve.density_g_per_ml)
    below, above = _core._density_from_ct(source.ravel(), nodes, out_of_range == "clamp", result.ravel(), threads)
    found = list(curve.advisories())
    if below + above:
        low, high = curve.range_hu
        found.append(
            advise(
                "outside_ct_density_curve",
                source=curve.source,
                below=below,
                above=above,
                low=low,
                high=high,
                curve=curve.name,
                outside_fraction=(below + above) / array.size,
            )
        )
    density = ct.with_array(result.transpose(np.argsort(order).tolist()), "g/mL")
    return DensityImage(
        image=density,
        curve=curve,
        out_of_range=out_of_range,
        below_voxels=below,
        above_voxels=above,
        advisories=tuple(found),
    )
