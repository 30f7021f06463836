"""Spread of the doses of structures over shifts and blurs, the possible effect of breathing and registration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.choices import SHIFTED_IMAGES, ShiftedImage
from .._foundation.numbers import number, one_of
from ..errors import ArgumentError, OutOfRangeError, ShapeError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.transfer_matrix import FWHM_PER_SIGMA
from .ct_density import DensityImage
from .density import density_in_g_per_ml
from .dose_image import dose_image
from .scaling import AbsoluteScaling, RelativeScaling


@dataclass(frozen=True, kw_only=True)
class DoseSpread:
    """Mean dose of one structure over the members of an ensemble, in Gy.

    Parameters
    ----------
    structure : str
        Its name.
    nominal_gy : float
        Mean dose without shift and blur.
    mean_gy, standard_deviation_gy : float
        Mean and standard deviation over the members. The latter is that of the sample, 0 for a single member.
    lowest_gy, highest_gy : float
        Lowest and highest mean dose of the members.
    """

    structure: str
    nominal_gy: float
    mean_gy: float
    standard_deviation_gy: float
    lowest_gy: float
    highest_gy: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain data.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.voxel.dose_ensemble`.
        """
        return asdict(self)


def dose_ensemble(
    activity: Image,
    density: Image | DensityImage,
    structures: Sequence[Structure],
    *,
    scaling: AbsoluteScaling | RelativeScaling,
    shifts_mm: Sequence[Sequence[float]],
    blur_fwhm_mm: float = 0.0,
    shifted: ShiftedImage = "density",
    **options: Any,
) -> list[DoseSpread]:
    """Compute mean doses of structures with the density or the activity shifted and blurred.

    A dose in lung beside a liver dome is right only for the position of the density with which it was computed. The CT
    shows one phase of breathing and the activity all of them. The spread over shifts of that size is the uncertainty of
    a dose there.

    Parameters
    ----------
    activity, density, scaling
        As for `dose_image`.
    structures : sequence of Structure
        Structures, which stay with the part that is not shifted.
    shifts_mm : sequence of (float, float, float)
        Shift of each member in mm toward left, posterior and superior.
    blur_fwhm_mm : float
        Full width at half maximum in mm of a Gaussian that blurs the shifted part, 0 for none.
    shifted : {"density", "activity"}
        The image that is shifted and blurred. Beyond its edge, density is the nearest value and activity is 0.
    **options
        Further arguments of `dose_image`; `method` is "superposition" if not given.

    Returns
    -------
    list of DoseSpread
        One per structure, in the given order.

    Raises
    ------
    ArgumentError
        If there is no shift, or a structure has no dose.
    ShapeError
        If a shift is not three numbers.
    OutOfRangeError
        If a shift or the blur is not finite, or the blur negative.
    YttriaError
        As for `dose_image` and `DoseResult.table`.

    Examples
    --------
    >>> from yttria import AbsoluteScaling, density_image
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((8.0, 8.0, 8.0))
    >>> density = density_image(phantom.ct, out_of_range="clamp")
    >>> (liver,) = dose_ensemble(
    ...     phantom.activity, density, phantom.structures[:1], scaling=AbsoluteScaling(scan_delay_h=20.0),
    ...     shifts_mm=[(0, 0, -8), (0, 0, 8)], ray_setting="fast",
    ... )
    >>> liver.lowest_gy <= liver.mean_gy <= liver.highest_gy
    True
    """
    one_of("shifted", shifted, SHIFTED_IMAGES)
    blur = number("blur in mm", blur_fwhm_mm)
    if not (np.isfinite(blur) and blur >= 0):
        raise OutOfRangeError(f"blur in mm must be finite and >= 0, got {blur}")
    members = [_shift(shift) for shift in shifts_mm]
    if not members:
        raise ArgumentError("shifts_mm must hold at least one shift")
    options = {"method": "superposition", **options}

    def means(shift_mm: NDArray[np.float64] | None) -> list[float]:
        shifted_activity, shifted_density = activity, density
        if shift_mm is not None and shifted == "activity":
            shifted_activity = _shifted_image(activity, shift_mm, blur, fill=0.0)
        elif shift_mm is not None:
            shifted_density = _shifted_image(density_in_g_per_ml(density), shift_mm, blur, fill=None)
        result = dose_image(shifted_activity, scaling=scaling, density=shifted_density, **options)
        found = []
        for row in result.table(structures, threads=options.get("threads")):
            if row.mean_gy is None:
                raise ArgumentError(f"structure '{row.structure}' occupies no voxel of the dose image")
            found.append(row.mean_gy)
        return found

    nominal = means(None)
    doses = np.array([means(shift) for shift in members])
    return [
        DoseSpread(
            structure=structure.name,
            nominal_gy=nominal[n],
            mean_gy=float(of_structure.mean()),
            standard_deviation_gy=float(of_structure.std(ddof=1)) if len(members) > 1 else 0.0,
            lowest_gy=float(of_structure.min()),
            highest_gy=float(of_structure.max()),
        )
        for n, (structure, of_structure) in enumerate(zip(structures, doses.T, strict=True))
    ]


def _shift(shift_mm: Sequence[float]) -> NDArray[np.float64]:
    try:
        x, y, z = (number("shift in mm", each) for each in shift_mm)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"a shift must be three numbers in mm, got {shift_mm!r:.80}") from error
    if not np.isfinite([x, y, z]).all():
        raise OutOfRangeError(f"a shift in mm must be finite, got {(x, y, z)}")
    return np.array([x, y, z])


def _shifted_image(image: Image, shift_mm: NDArray[np.float64], blur_fwhm_mm: float, fill: float | None) -> Image:
    """Shift an image in patient space and blur it; beyond its edge is `fill`, or the nearest value."""
    array: NDArray[Any] = image.array
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    in_voxels = np.linalg.solve(image.affine_lps[:3, :3], shift_mm)[::-1]
    for axis in range(3):
        if in_voxels[axis] != 0:
            array = _shifted(array, axis, float(in_voxels[axis]), fill)
        if blur_fwhm_mm > 0:
            array = _blurred(array, axis, blur_fwhm_mm * (1.0 / FWHM_PER_SIGMA) / image.voxel_size_mm[axis], fill)
    return image.with_array(array, image.unit)


def _padded(array: NDArray[Any], axis: int, width: int, fill: float | None) -> NDArray[Any]:
    widths = [(0, 0)] * 3
    widths[axis] = (width, width)
    if fill is None:
        return np.pad(array, widths, mode="edge")
    return np.pad(array, widths, constant_values=fill)


def _shifted(array: NDArray[Any], axis: int, steps: float, fill: float | None) -> NDArray[Any]:
    """Compute `out[n] = in[n - steps]`, interpolated linearly between voxels."""
    whole = int(np.floor(steps))
    share = steps - whole
    size = array.shape[axis]
    width = min(abs(whole) + 1, size)
    whole = max(min(whole, size - 1), -size + 1)
    padded = _padded(array, axis, width + 1, fill)

    def from_voxel(offset: int) -> NDArray[Any]:
        return np.take(padded, range(width + 1 - offset, width + 1 - offset + size), axis=axis)

    return np.asarray((1 - share) * from_voxel(whole) + share * from_voxel(whole + 1), array.dtype)


def _blurred(array: NDArray[Any], axis: int, sigma: float, fill: float | None) -> NDArray[Any]:
    """Convolve with a Gaussian of `sigma` voxels, whose weights sum to 1."""
    reach = int(np.ceil(4 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = _padded(array, axis, reach, fill)
    total = np.zeros(array.shape)
    for start, weight in enumerate(weights / weights.sum()):
        total += weight * np.take(padded, range(start, start + array.shape[axis]), axis=axis)
    return total.astype(array.dtype)
