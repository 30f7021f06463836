"""Absorbed dose images from activity images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import Nuclide, __version__
from .._foundation.arrays import empty
from .._foundation.choices import (
    DEFAULT_MEDIUM,
    METHODS,
    NEGATIVE_VOXELS,
    RAY_SETTINGS,
    LowDensityVoxels,
    MediumName,
    Method,
    NegativeVoxels,
    OnInterrupt,
    RaySetting,
)
from .._foundation.numbers import one_of
from .._foundation.provenance import Provenance
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from ..advisory import Advisory, advise
from ..advisory.bounds import implausible
from ..errors import ArgumentError, GeometryError, OutOfRangeError, UnknownNameError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..kernels import VoxelSValues, voxel_s_values
from .ct_density import DensityImage
from .density import LOW_DENSITY_G_PER_ML
from .dose_result import DoseResult
from .dosed_image import ActivityInField
from .method_dose import MethodOptions, method_dose
from .method_options import method_problems
from .monte_carlo_dose import MonteCarloProgress
from .monte_carlo_image import MonteCarloOptions
from .scaling import AbsoluteScaling, RelativeScaling

#: Largest relative difference between the voxel sizes of given voxel S values and of the image.
VOXEL_SIZE_TOLERANCE = 1e-3


def dose_image(
    activity: Image,
    *,
    scaling: AbsoluteScaling | RelativeScaling,
    method: Method = "local_deposition",
    medium: MediumName | None = None,
    density_g_per_ml: float | None = None,
    nuclide: Nuclide | None = None,
    s_values: VoxelSValues | None = None,
    negative_voxels: NegativeVoxels = "keep",
    density: Image | DensityImage | None = None,
    low_density_voxels: LowDensityVoxels = "keep",
    low_density_limit_g_per_ml: float = LOW_DENSITY_G_PER_ML,
    ray_setting: RaySetting = RAY_SETTINGS[0],
    histories: int | None = None,
    relative_uncertainty: float | None = None,
    seed: int = 0,
    structures: Sequence[Structure] = (),
    progress: Callable[[MonteCarloProgress], object] | None = None,
    state_file: str | Path | None = None,
    on_interrupt: OnInterrupt = "raise",
    threads: int | None = None,
) -> DoseResult:
    """Compute the absorbed dose from the complete decay of the activity in an image.

    Parameters
    ----------
    activity : Image
        Activity or counts, shape (k, j, i). The dose has its dtype if that is float32 or float64, else float64.
    scaling : AbsoluteScaling or RelativeScaling
        Turns the image's values into activity at administration.
    method : {"local_deposition", "voxel_s_values", "superposition", "monte_carlo"}
        "local_deposition": `D = C c / rho`, all energy stays in its voxel. It is adequate if the camera's blur exceeds
        the beta range. "voxel_s_values": convolution with voxel S values of a homogeneous medium, without activity
        outside the field. "superposition": rays through the density of each voxel, see `SuperpositionPlan`.
        "monte_carlo": electrons followed through density and medium of each voxel, see `MonteCarloRun`. The result then
        has an image of the standard uncertainty.
    medium : str, optional
        Medium of the dose point kernel, a name of `yttria.kernels.media`; "liver" if not given. Local deposition needs
        none, and Monte Carlo takes the medium of each voxel from its density.
    density_g_per_ml : float, optional
        Density of the tissue in g/mL, 1.05 if not given; of superposition, the reference density.
    nuclide : Nuclide, optional
        `Nuclide()` if not given.
    s_values : VoxelSValues, optional
        Voxel S values that were made before. They determine medium, density and nuclide.
    negative_voxels : {"keep", "clip"}
        Negative voxels are kept, so that means are not biased, or set to zero. Both are counted.
    density : Image or DensityImage, optional
        Density of each voxel in g/mL on the activity's grid, as `density_image` makes it from a CT. Local deposition
        uses it instead of `density_g_per_ml`. Superposition and Monte Carlo need it, and gas (below 0.1 g/mL) has no
        dose in their results.
    low_density_voxels : {"keep", "clip", "zero", "refuse"}
        Local deposition: treatment of voxels below `low_density_limit_g_per_ml`, which are counted. "keep" gives the
        dose to that small mass, "clip" raises the density to the limit, "zero" gives no dose, and "refuse" raises an
        error.
    low_density_limit_g_per_ml : float
        Limit in g/mL, by default 0.05, the density of lung at -950 HU.
    ray_setting : {"standard", "fast", "fine"}
        Superposition: number of rays.
    histories : int, optional
        Monte Carlo: decays to simulate, rounded up to whole batches; 10 000 000 if neither this nor
        `relative_uncertainty` is given.
    relative_uncertainty : float, optional
        Monte Carlo: within (0, 1); simulate until the root mean square of the relative standard uncertainties of the
        voxels above half of the largest dose is no more than this. Not together with `histories`.
    seed : int
        Monte Carlo: from 0 to 2^64 - 1.
    structures : sequence of Structure
        Monte Carlo: their mean doses have a standard uncertainty in `DoseResult.table`.
    progress : callable, optional
        Monte Carlo: called with a `MonteCarloProgress` after every few batches. An exception in it ends the run.
    state_file : str or Path, optional
        Monte Carlo: file for the state, written every few seconds and at the end of the run, also after an error. If it
        exists, the run continues from it, and the result has the bits of a run that was never stopped.
    on_interrupt : {"raise", "keep"}
        Monte Carlo: Ctrl-C raises `KeyboardInterrupt`, or ends the run with the result so far and an advisory.
    threads : int, optional
        All processors if not given.

    Returns
    -------
    DoseResult

    Raises
    ------
    OutOfRangeError
        If a voxel is not finite (with count and first index), negative for Monte Carlo, or a parameter is out of range.
    FileFormatError
        If the state file is damaged; `ArgumentError` if it is that of a run with other inputs.
    ArgumentError, UnitError, UndefinedError, UnknownNameError, InsufficientMemoryError
        If arguments are not compatible, a unit or name is unknown, or memory is not sufficient.
    GeometryError
        If voxel S values are for another voxel size, or a density lies on another grid.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import AbsoluteScaling, Image, dose_image
    >>> affine_lps = np.diag([4.0, 4.0, 4.0, 1.0])
    >>> activity = Image(np.full((4, 5, 6), 1.0), affine_lps, "MBq/mL")
    >>> result = dose_image(activity, scaling=AbsoluteScaling(scan_delay_h=0.0))
    >>> round(float(result.image.array.mean()), 1)
    47.3
    >>> density = Image(np.full((4, 5, 6), 1.05), affine_lps, "g/mL")
    >>> simulated = dose_image(
    ...     activity, scaling=AbsoluteScaling(scan_delay_h=0.0), method="monte_carlo", density=density, histories=5000
    ... )
    >>> simulated.uncertainty.unit
    'Gy'
    """
    method = one_of("method", method, METHODS)
    by_kernel = method == "voxel_s_values"
    if s_values is not None and not by_kernel:
        raise ArgumentError(f"method '{method}' takes no voxel S values: use method='voxel_s_values'")
    for _, error in method_problems(
        method,
        density="a density image (density=density_image(ct))",
        has_density=density is not None,
        low_density_voxels=low_density_voxels,
        has_medium=medium is not None,
        simulation={
            "histories": histories,
            "relative_uncertainty": relative_uncertainty,
            "state_file": state_file,
        },
    ):
        raise error
    if density is not None and density_g_per_ml is not None and method != "superposition":
        raise ArgumentError("give either a density image or density_g_per_ml")
    kernel = _kernel(activity, medium, density_g_per_ml, nuclide, s_values, threads) if by_kernel else None
    # This check comes before any voxel is read, so that an image that is too large is rejected at once.
    concentration = empty(activity.shape, _dtype(activity), "the activity concentration")
    nuclide = kernel.nuclide if kernel else Nuclide() if nuclide is None else nuclide
    image, count, fraction = _resolved_activity(activity, negative_voxels)
    scaled = scaling.scale(image, nuclide, threads)
    np.multiply(image.array, concentration.dtype.type(scaled.mbq_per_ml_per_unit), out=concentration)
    options = MethodOptions(
        medium=medium,
        density_g_per_ml=kernel.density_g_per_ml if kernel else _density(density_g_per_ml),
        ray_setting=ray_setting,
        low_density_voxels=low_density_voxels,
        low_density_limit_g_per_ml=low_density_limit_g_per_ml,
        simulation=MonteCarloOptions(
            histories=histories,
            relative_uncertainty=relative_uncertainty,
            seed=seed,
            structures=structures,
            progress=progress,
            state_file=state_file,
            on_interrupt=on_interrupt,
        ),
        threads=threads,
    )
    found = method_dose(method, activity, concentration, density, kernel, nuclide, options)
    provenance = Provenance(
        yttria_version=__version__,
        method=method,
        nuclide=nuclide.name,
        half_life_h=nuclide.half_life_h,
        dose_factor_gy_kg_per_gbq=nuclide.dose_factor_gy_kg_per_gbq,
        nuclide_source=nuclide.source,
        input_unit=activity.unit,
        scaling=scaled.terms,
        decay_factor=scaled.decay_factor,
        mbq_per_ml_per_unit=scaled.mbq_per_ml_per_unit,
        negative_voxels=negative_voxels,
        negative_voxel_count=count,
        negative_fraction=fraction,
        image_transform_lps=None if activity.transform_lps is None else activity.transform_lps.tolist(),
        image_transform_source=activity.transform_source,
        **found.terms,
    )
    return DoseResult(
        image=activity.with_array(found.dose, "Gy"),
        provenance=provenance,
        advisories=(
            *activity.advisories,
            *_negative_advisory(negative_voxels, count, fraction),
            *scaled.advisories,
            *implausible("field_activity_implausible", max(scaled.at_administration_mbq, 0.0) * 1e-3),
            *implausible("voxel_dose_implausible", float(found.dose.max())),
            *found.advisories,
        ),
        gas=found.gas,
        uncertainty=None if found.uncertainty is None else activity.with_array(found.uncertainty, "Gy"),
        _mean_uncertainties_gy=found.mean_uncertainties_gy,
        activity=image,
        density=found.density,
        activity_in_field_mbq=ActivityInField(scaled.at_reference_time_mbq, scaled.at_administration_mbq),
    )


def _dtype(image: Image) -> np.dtype[Any]:
    """Return float32 and float64 unchanged in native order, any other type as float64."""
    return image.array.dtype.newbyteorder("=") if image.array.dtype.char in "fd" else np.dtype(np.float64)


def _density(given: float | None) -> float:
    return LIVER_DENSITY_G_PER_ML if given is None else given


def _kernel(
    image: Image,
    medium: MediumName | None,
    density_g_per_ml: float | None,
    nuclide: Nuclide | None,
    s_values: VoxelSValues | None,
    threads: int | None,
) -> VoxelSValues:
    if s_values is None:
        return voxel_s_values(
            image.voxel_size_mm,
            medium=DEFAULT_MEDIUM if medium is None else medium,
            density_g_per_ml=_density(density_g_per_ml),
            nuclide=nuclide,
            threads=threads,
        )
    if not np.allclose(s_values.voxel_size_mm, image.voxel_size_mm, rtol=VOXEL_SIZE_TOLERANCE, atol=0):
        raise GeometryError(
            f"voxel S values must be for the image's voxel size (k, j, i) {image.voxel_size_mm} mm, "
            f"got {s_values.voxel_size_mm}"
        )
    for quantity, given, theirs in (
        ("medium", medium, s_values.medium),
        ("density in g/mL", density_g_per_ml, s_values.density_g_per_ml),
        ("nuclide", nuclide, s_values.nuclide),
    ):
        if given is not None and given != theirs:
            raise ArgumentError(f"{quantity} must be that of the voxel S values ({theirs}), got {given}")
    return s_values


def _resolved_activity(image: Image, negative_voxels: NegativeVoxels) -> tuple[Image, int, float]:
    """Return the image with finite values of a floating point type, the number of negative ones, and their share."""
    if negative_voxels not in NEGATIVE_VOXELS:
        raise UnknownNameError(f"negative_voxels must be one of {', '.join(NEGATIVE_VOXELS)}, got '{negative_voxels}'")
    array: npt.NDArray[Any] = image.array.astype(_dtype(image), copy=False)
    low = array.min()
    if not (np.isfinite(low) and np.isfinite(array.max())):
        finite = np.isfinite(array)
        first = tuple(int(n) for n in np.unravel_index(int(np.argmin(finite)), array.shape))
        raise OutOfRangeError(
            f"activity must be finite, got {finite.size - np.count_nonzero(finite)} voxels that are not, the first at "
            f"(k, j, i) = {first}"
        )
    if low >= 0:
        return image.with_array(array, image.unit), 0, 0.0
    negative = array < 0
    count = int(np.count_nonzero(negative))
    below = float(array.sum(dtype=np.float64, where=negative))
    above = float(array.sum(dtype=np.float64)) - below
    if negative_voxels == "clip":
        array = np.maximum(array, 0)
    return image.with_array(array, image.unit), count, -below / above if above > 0 else 1.0


def _negative_advisory(policy: NegativeVoxels, count: int, fraction: float) -> tuple[Advisory, ...]:
    if count == 0:
        return ()
    return (advise("negative_voxels", policy, count=count, negative_fraction=fraction),)
