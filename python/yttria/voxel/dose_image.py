"""From an activity image to an absorbed dose image, and from that to the doses of structures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from .._core import DoseVolumeHistogram, Nuclide, VoxelFractions, __version__
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
    RaySetting,
)
from .._foundation.numbers import one_of
from .._foundation.provenance import Provenance
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from ..advisory import Advisory, advise
from ..advisory.bounds import implausible
from ..errors import ArgumentError, DuplicateNameError, GeometryError, OutOfRangeError, UndefinedError, UnknownNameError
from ..evaluation import dose_volume_histograms
from ..evaluation.inside_voxels import inside_voxels
from ..evaluation.tables import StructureDose
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.sub_voxel import subvoxel_counts, subvoxel_grid
from ..kernels import VoxelSValues, voxel_s_values
from .absorbed_dose import convolved
from .ct_density import DensityImage
from .density import LOW_DENSITY_G_PER_ML, resolved_density
from .local_deposition import deposited
from .scaling import AbsoluteScaling, RelativeScaling
from .superposed_image import superposed_image

#: How far the voxel size of given voxel S values may differ from the image's, relative.
VOXEL_SIZE_TOLERANCE = 1e-3


class ActivityInField(NamedTuple):
    """The sum over all voxels, at the time the image refers to and at administration; alike in relative scaling."""

    at_reference_time: float
    at_administration: float


@dataclass(frozen=True, eq=False, kw_only=True)
class DoseResult:
    """An absorbed dose image in Gy with what it rests on. Results are for research use.

    `advisories` are what a reader of the doses must know; `provenance` is everything given and assumed. `gas` marks
    voxels of gas, which have no dose and no part in the doses of structures; None if there are none.
    """

    image: Image
    provenance: Provenance
    advisories: tuple[Advisory, ...]
    activity_in_field_mbq: ActivityInField
    gas: npt.NDArray[np.bool_] | None = field(default=None, repr=False)
    #: Table, histograms and picture of the same structures compute them once.
    _fractions: WeakKeyDictionary[Structure, VoxelFractions] = field(
        default_factory=WeakKeyDictionary, repr=False, kw_only=True
    )

    def voxel_fractions(
        self, structures: Sequence[Structure], *, sub_voxel_mm: float | None = None, threads: int | None = None
    ) -> dict[str, VoxelFractions]:
        """The fraction of each dose voxel inside each structure, by name; of each sub-voxel with `sub_voxel_mm`.

        Raises `UnknownNameError` where two structures share a name.
        """
        shape, affine_lps = self.image.shape, self.image.affine_lps
        if sub_voxel_mm is not None:
            shape, affine_lps = subvoxel_grid(
                shape, affine_lps, subvoxel_counts(self.image.voxel_size_mm, sub_voxel_mm)
            )
            grid = shape, affine_lps
            return {s.name: s.voxel_fractions_on(grid, threads=threads) for s in self._checked(structures)}
        for structure in self._checked(structures):
            if structure not in self._fractions:
                fractions = structure.voxel_fractions_on((shape, affine_lps), threads=threads)
                self._fractions[structure] = fractions if self.gas is None else _without(fractions, self.gas)
        return {s.name: self._fractions[s] for s in structures}

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the fractions that are kept for the next call: a copy computes them again."""
        return {name: value for name, value in self.__dict__.items() if name != "_fractions"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without kept fractions."""
        self.__dict__.update(state, _fractions=WeakKeyDictionary())

    def dose_volume_histograms(
        self, structures: Sequence[Structure], *, sub_voxel_mm: float | None = None, threads: int | None = None
    ) -> dict[str, DoseVolumeHistogram]:
        """Exact cumulative histograms, weighted by voxel fractions; see `yttria.evaluation`.

        With `sub_voxel_mm` the dose is interpolated inside voxels, which are cut into sub-voxels of at most that size.
        Raises `UndefinedError` where a structure occupies no voxel of the image.
        """
        evaluated = self._evaluated(structures, sub_voxel_mm, threads)
        for name, (_, _, histogram) in evaluated.items():
            if histogram is None:
                raise UndefinedError(
                    f"dose-volume histogram of '{name}' is undefined: the structure occupies no voxel of the dose grid"
                )
        return {name: histogram for name, (_, _, histogram) in evaluated.items() if histogram is not None}

    def _evaluated(
        self, structures: Sequence[Structure], sub_voxel_mm: float | None, threads: int | None
    ) -> dict[str, tuple[float, float, DoseVolumeHistogram | None]]:
        """Volume in mL, fraction outside of the image, and histogram of each structure, by its name."""
        image = self.image
        if sub_voxel_mm is None:
            voxel_fractions = self.voxel_fractions(structures, threads=threads)
            volumes = {name: o.volume_ml(image.voxel_volume_ml) for name, o in voxel_fractions.items()}
            inside = {name: o for name, o in voxel_fractions.items() if volumes[name] > 0}
            histograms = dose_volume_histograms(
                image.array, inside, voxel_volume_ml=image.voxel_volume_ml, threads=threads
            )
            return {n: (volumes[n], o.outside_fraction, histograms.get(n)) for n, o in voxel_fractions.items()}
        counts = subvoxel_counts(image.voxel_size_mm, sub_voxel_mm)
        found: dict[str, tuple[float, float, DoseVolumeHistogram | None]] = {}
        for structure in self._checked(structures):
            one = inside_voxels(image.array, image.affine_lps, structure, counts, threads=threads)
            found[structure.name] = one.volume_ml, one.outside_fraction, one.histogram
        return found

    def _checked(self, structures: Sequence[Structure]) -> Sequence[Structure]:
        """The structures, whose names differ and which lie in the image's frame of reference."""
        seen: set[str] = set()
        for structure in structures:
            if structure.name in seen:
                raise DuplicateNameError(f"structure names must be unique, got '{structure.name}' twice")
            seen.add(structure.name)
            structure.check_frame(self.image)
        return structures

    def table(
        self,
        structures: Sequence[Structure],
        *,
        volumes_at_gy: Sequence[float] = (),
        sub_voxel_mm: float | None = None,
        threads: int | None = None,
    ) -> list[StructureDose]:
        """One row per structure, in the order given; `StructureDose.as_dict` makes plain data of it.

        `volumes_at_gy`: doses in Gy at which the share of the volume is stated. `sub_voxel_mm`: as for
        `dose_volume_histograms`.
        """
        return self.evaluate(structures, volumes_at_gy=volumes_at_gy, sub_voxel_mm=sub_voxel_mm, threads=threads)[0]

    def evaluate(
        self,
        structures: Sequence[Structure],
        *,
        volumes_at_gy: Sequence[float] = (),
        sub_voxel_mm: float | None = None,
        threads: int | None = None,
    ) -> tuple[list[StructureDose], dict[str, DoseVolumeHistogram]]:
        """The table, and the histograms it was read from; a structure wholly outside the image has none."""
        evaluated = self._evaluated(structures, sub_voxel_mm, threads)
        rows = [
            StructureDose.of(
                name,
                histogram,
                volume_ml=volume_ml,
                outside_fraction=outside_fraction,
                volumes_at_gy=volumes_at_gy,
            )
            for name, (volume_ml, outside_fraction, histogram) in evaluated.items()
        ]
        return rows, {name: found[2] for name, found in evaluated.items() if found[2] is not None}


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
    threads: int | None = None,
) -> DoseResult:
    """Absorbed dose from the complete decay of the activity that an image shows.

    Parameters
    ----------
    activity : Image
        Activity or counts, shape (k, j, i). The dose has its dtype if that is float32 or float64, else float64.
    scaling : AbsoluteScaling or RelativeScaling
        Turns the image's values into activity at administration.
    method : {"local_deposition", "voxel_s_values", "superposition"}
        "local_deposition": `D = C c / rho`, all energy stays in its voxel; legitimate if the camera's blur exceeds the
        beta range. "voxel_s_values": convolution with voxel S values of a homogeneous medium; activity outside the field
        gives none. "superposition": rays through the density of each voxel, see `SuperpositionPlan`.
    medium : str, optional
        Medium of the dose point kernel, a name of `yttria.kernels.media`; "liver" if not given. Local deposition needs
        none.
    density_g_per_ml : float, optional
        Density of the tissue in g/mL, 1.05 if not given; of superposition, the reference density.
    nuclide : Nuclide, optional
        `Nuclide()` if not given.
    s_values : VoxelSValues, optional
        Made before; they bring medium, density and nuclide.
    negative_voxels : {"keep", "clip"}
        Kept, so that means are not biased, or set to zero; either way they are counted.
    density : Image or DensityImage, optional
        Density of each voxel in g/mL on the activity's grid, as `density_image` makes it from a CT: for local deposition
        instead of `density_g_per_ml`, and for superposition, which needs it and gives gas (below 0.1 g/mL) no dose.
    low_density_voxels : {"keep", "clip", "zero", "refuse"}
        Local deposition: what becomes of voxels below `low_density_limit_g_per_ml`, which are counted. "keep" gives the
        dose to that little mass, "clip" raises the density to the limit, "zero" gives no dose.
    low_density_limit_g_per_ml : float
        0.05 if not given, lung at -950 HU.
    ray_setting : {"standard", "fast", "fine"}
        Superposition: number of rays.
    threads : int, optional
        All processors if not given.

    Returns
    -------
    DoseResult

    Raises
    ------
    OutOfRangeError
        If a voxel is not finite (with count and first index), or a parameter is out of range.
    ArgumentError, UnitError, UndefinedError, UnknownNameError, InsufficientMemoryError
        If arguments do not go together, a unit or name is unknown, or there is no memory.
    GeometryError
        If voxel S values are for another voxel size, or a density lies on another grid.
    """
    method = one_of("method", method, METHODS)
    by_rays = method == "superposition"
    by_kernel = method == "voxel_s_values"
    kernel = _kernel(activity, medium, density_g_per_ml, nuclide, s_values, threads) if by_kernel else None
    if kernel is None and s_values is not None:
        raise ArgumentError(f"method '{method}' takes no voxel S values: use method='voxel_s_values'")
    if density is not None and kernel is not None:
        raise ArgumentError(
            "voxel S values are of one density: a density image needs method='superposition' or 'local_deposition'"
        )
    if by_rays and density is None:
        raise ArgumentError("superposition needs the density of each voxel: density=density_image(ct)")
    if by_rays and low_density_voxels != "keep":
        raise ArgumentError("superposition carries electrons through gas: low_density_voxels is for local deposition")
    if density is not None and density_g_per_ml is not None and not by_rays:
        raise ArgumentError("give a density image or density_g_per_ml, not both")
    # Before any voxel is looked at: an image too large to compute with is refused at once.
    concentration = empty(activity.shape, _dtype(activity), "the activity concentration")
    nuclide = kernel.nuclide if kernel else Nuclide() if nuclide is None else nuclide
    uniform = kernel.density_g_per_ml if kernel else _density(density_g_per_ml)
    image, count, fraction = _resolved_activity(activity, negative_voxels)
    scaled = scaling.scale(image, nuclide, threads)
    np.multiply(image.array, concentration.dtype.type(scaled.mbq_per_ml_per_unit), out=concentration)
    per_voxel, rays = None, None
    if density is not None and by_rays:
        rays = superposed_image(
            activity,
            concentration,
            density,
            medium=DEFAULT_MEDIUM if medium is None else medium,
            reference_density_g_per_ml=uniform,
            ray_setting=ray_setting,
            nuclide=nuclide,
            threads=threads,
        )
        dose = rays.dose
    elif kernel is not None:
        dose = convolved(concentration, kernel, threads=threads)
    else:
        if density is not None:
            low = low_density_voxels, low_density_limit_g_per_ml
            per_voxel = resolved_density(density, activity, concentration, *low)
        dose = deposited(concentration, per_voxel.array if per_voxel else uniform, nuclide, None, threads)
    provenance = Provenance(
        yttria_version=__version__,
        method=method,
        density_g_per_ml=None if per_voxel else uniform,
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
        kernel_medium=rays.medium if rays else kernel.medium if kernel else None,
        kernel_voxel_size_mm=kernel.voxel_size_mm if kernel else None,
        kernel_energy_beyond_fraction=kernel.energy_beyond_fraction if kernel else None,
        kernel_tail_folded=kernel.tail_folded if kernel else None,
        kernel_source=kernel.source if kernel else None,
        image_transform_lps=None if activity.transform_lps is None else activity.transform_lps.tolist(),
        image_transform_source=activity.transform_source,
        density_image=rays.density_terms if rays else per_voxel.terms if per_voxel else None,
        superposition=rays.terms if rays else None,
    )
    return DoseResult(
        image=activity.with_array(dose, "Gy"),
        provenance=provenance,
        advisories=(
            *activity.advisories,
            *_negative_advisory(negative_voxels, count, fraction),
            *scaled.advisories,
            *implausible("field_activity_implausible", max(scaled.at_administration_mbq, 0.0) * 1e-3),
            *implausible("voxel_dose_implausible", float(dose.max())),
            *(per_voxel.advisories if per_voxel else ()),
            *(rays.advisories if rays else ()),
        ),
        gas=rays.gas if rays else None,
        activity_in_field_mbq=ActivityInField(scaled.at_reference_time_mbq, scaled.at_administration_mbq),
    )


def _without(fractions: VoxelFractions, gas: npt.NDArray[np.bool_]) -> VoxelFractions:
    """The fractions with those of gas set to 0."""
    weights = fractions.weights.copy()
    box = tuple(slice(at, at + n) for at, n in zip(fractions.origin, weights.shape, strict=True))
    weights[gas[box]] = 0
    return VoxelFractions._rebuild(fractions.shape, fractions.origin, weights, fractions.outside_fraction)


def _dtype(image: Image) -> np.dtype[Any]:
    """float32 and float64 as they are, in native order; anything else becomes float64."""
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
    """The image with finite values of a floating point type, how many were negative, and their share."""
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
