"""Mass density from a CT by a piecewise linear curve."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

import yttria._core as _core

from .._foundation.arrays import as_type, empty
from .._foundation.choices import CT_CURVES, OUT_OF_RANGE, Beyond, CtCurve, OutOfRange, ResamplingMethod, ValueStatus
from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, UnitError, UnknownNameError
from ..geometry.image import Image


@dataclass(frozen=True, kw_only=True)
class CtDensityCurve:
    """Piecewise linear curve from CT number to mass density.

    Parameters
    ----------
    name : str
        Name of the curve.
    hounsfield_units : tuple of float
        Nodes in HU, rising; 2 to 4096.
    density_g_per_ml : tuple of float
        Densities at the nodes in g/mL, never falling, within [0, 30].
    source : str
        Citation key of `yttria.sources`, or a text of the caller.
    status : str
        Origin of the values: "read" (in the source), "secondary" (in a text or code that quotes the source), "not
        verified", or "own".
    remark : str
        Further information for users.
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
        """First and last node in HU."""
        return self.hounsfield_units[0], self.hounsfield_units[-1]

    def advisories(self) -> tuple[Advisory, ...]:
        """Warn if the values of the curve were not read in their source.

        Returns
        -------
        tuple of Advisory
            `ct_density_not_verified`, or empty if the values were read or are the user's own.

        Examples
        --------
        >>> nodes = {"hounsfield_units": (-1000.0, 0.0, 1000.0), "density_g_per_ml": (0.0, 1.0, 1.6)}
        >>> curve = CtDensityCurve(name="own", source="phantom of this scanner", **nodes)
        >>> curve.advisories()
        ()
        """
        if self.status in ("read", "own"):
            return ()
        return (advise("ct_density_not_verified", source=self.source, curve=self.name, status=self.status),)


@cache
def ct_density_curves() -> Mapping[str, CtDensityCurve]:
    """List the published curves by name.

    Returns
    -------
    mapping of str to CtDensityCurve
        Read-only.

    Examples
    --------
    >>> sorted(ct_density_curves())
    ['kao_2014', 'schneider_1996', 'schneider_2000']
    """
    from importlib.resources import files

    table = json.loads((files("yttria") / "data" / "ct_density.json").read_text(encoding="utf-8"))
    return MappingProxyType({entry["name"]: CtDensityCurve(**entry) for entry in table["curves"]})


def ct_density_curve(curve: CtCurve | CtDensityCurve) -> CtDensityCurve:
    """Look up a curve by name.

    Parameters
    ----------
    curve : str or CtDensityCurve
        A name, or a curve, which is returned as it is.

    Returns
    -------
    CtDensityCurve
        The curve.

    Raises
    ------
    UnknownNameError
        If there is no such curve. The message lists the known ones.

    Examples
    --------
    >>> ct_density_curve("schneider_1996").range_hu[0] < 0
    True
    """
    if isinstance(curve, CtDensityCurve):
        return curve
    if curve not in ct_density_curves():
        raise UnknownNameError(f"CT density curve must be one of {', '.join(ct_density_curves())}, got {curve!r}")
    return ct_density_curves()[curve]


@dataclass(frozen=True, eq=False, kw_only=True)
class DensityImage:
    """Mass density in g/mL, its curve, and the number of voxels of the CT beyond the curve's ends.

    `resampling` holds one entry for each resampling on another grid.
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
        fill_value: float | Beyond | None = None,
        threads: int | None = None,
    ) -> DensityImage:
        """Resample the density onto another grid.

        Parameters
        ----------
        grid : Image or tuple of (shape, affine_lps)
            Grid of the result, shape (k, j, i).
        method : {"average", "linear"}, default "average"
            As for `Image.resampled_on`. Averaging conserves masses.
        fill_value : float or "nearest", optional
            Density beyond the image in g/mL; `resampling` states it. Without it, a grid that reaches beyond the image
            is an error.
        threads : int, optional
            All processors if not given.

        Returns
        -------
        DensityImage
            The density on the grid, with the advisories of both steps.

        Raises
        ------
        GeometryError
            If the grid reaches beyond the image and no `fill_value` is given, or lies in another frame of reference.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, density_image
        >>> ct = Image(np.zeros((4, 4, 4)), np.diag([2.0, 2.0, 2.0, 1.0]), "HU")
        >>> coarse = (2, 2, 2), np.array([[4.0, 0, 0, 1], [0, 4.0, 0, 1], [0, 0, 4.0, 1], [0, 0, 0, 1]])
        >>> density_image(ct).resampled_on(coarse).image.shape
        (2, 2, 2)
        """
        done = self.image.resampled_on(grid, method=method, fill_value=fill_value, threads=threads)
        return replace(
            self,
            image=done.image,
            advisories=(*self.advisories, *done.advisories),
            resampling=(*self.resampling, done.as_dict()),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return data for a provenance: everything except the voxels, and their range.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.voxel.DensityImage.resampled_on`.
        """
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
    """Compute the mass density of each voxel of a CT.

    Parameters
    ----------
    ct : Image
        CT numbers in HU.
    curve : str or CtDensityCurve
        Name of a published curve, or your own. A curve that was measured on the scanner at the tube voltage of the CT
        is better than any published one.
    out_of_range : {"refuse", "clamp"}
        Treatment of CT numbers beyond the curve (padding, metal): an error, or the density of its nearer end.
    threads : int, optional
        1 to 1024; every processor available if not given. The bits of the result do not depend on it.

    Returns
    -------
    DensityImage
        Density in g/mL, float32; float64 from float64 and from integers of other than 16 and 32 bits.

    Raises
    ------
    UnitError
        If the image is not in HU.
    UnknownNameError
        If there is no such curve.
    OutOfRangeError
        If a CT number is not finite, or beyond the curve with "refuse". The message states counts and the first voxel.
    InsufficientMemoryError
        If memory is not sufficient for the result.

    Warns
    -----
    ct_density_not_verified
        If the values of the curve were not read in their source.
    outside_ct_density_curve
        If voxels were clamped.

    Notes
    -----
    The density is interpolated linearly between the two nodes around the CT number. With contrast agent, the density of
    soft tissue is overestimated.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> ct = Image(np.full((2, 3, 4), 60, np.int16), np.diag([1.0, 1.0, 2.0, 1.0]), "HU")
    >>> round(float(density_image(ct).image.array[0, 0, 0]), 3)
    1.066
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
