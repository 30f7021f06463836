"""The gamma index: how far the nearest agreeing dose is, in space and in dose at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._foundation.arrays import affine_rows, dose_array, three
from .._foundation.choices import REFERENCE_EDGES, ReferenceEdge
from .._foundation.numbers import number, optional_number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, ShapeError, UndefinedError, UnknownNameError, YttriaError
from ..geometry.affine import check_same_frame
from ..geometry.image import Image


@dataclass(frozen=True, eq=False, kw_only=True)
class GammaResult:
    """Gamma at each voxel of the reference grid, and what was counted.

    `gamma` (k, j, i) is NaN where a voxel was not evaluated: below the cutoff, or outside the evaluated grid where such
    points are excluded. It ends at `maximum_gamma`, so `mean_gamma` is a lower bound where any voxel reaches that.
    `passing_fraction` is the share of the evaluated voxels with gamma <= 1 (1 + 1e-5 for rounding).
    """

    gamma: NDArray[np.float32]
    passing_fraction: float
    evaluated_voxels: int
    passing_voxels: int
    below_cutoff_voxels: int
    outside_voxels: int
    mean_gamma: float
    dose_difference_fraction: float
    distance_mm: float
    lower_dose_cutoff_fraction: float
    local: bool
    normalization_gy: float
    maximum_gamma: float
    reference_edge: ReferenceEdge
    advisories: tuple[Advisory, ...]

    @property
    def passes(self) -> NDArray[np.bool_]:
        """Where gamma passes, (k, j, i); false where it was not evaluated."""
        return np.asarray(self.gamma <= np.float32(_core.PASSING_GAMMA))

    def as_dict(self) -> dict[str, Any]:
        """Everything but the map, ready for JSON."""
        values = {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("gamma", "advisories")
        }
        return values | {"advisories": [a.as_dict() for a in self.advisories]}


def gamma_index(
    reference: Image | ArrayLike,
    evaluated: Image | ArrayLike,
    *,
    dose_difference_fraction: float = 0.03,
    distance_mm: float = 3.0,
    lower_dose_cutoff_fraction: float = 0.1,
    local: bool = False,
    normalization_gy: float | None = None,
    maximum_gamma: float = 2.0,
    reference_edge: ReferenceEdge = "exclude",
    voxel_size_mm: Sequence[float] | None = None,
    threads: int | None = None,
) -> GammaResult:
    """Gamma of an evaluated dose map against a reference, at each reference voxel.

    `gamma(r) = min over x of sqrt(((D_e(x) - D_r(r)) / dD)^2 + (|x - r| / dx)^2)`

    x runs through every point of the evaluated grid, whose dose is trilinear between voxel centers; nothing is sampled.
    The result is never below that minimum and at most 1e-4 above it (lower and upper bounds in each cell until they
    meet), so it has no step to choose, and does not depend on `threads`. Sampling in steps of `dx / 10`, as other
    programs do, overestimates gamma by up to 0.1 and more where doses are steep. The grids may differ in any way.

    Args:
        reference, evaluated: `Image` in Gy or mGy each, or two arrays (k, j, i) in Gy on one grid of `voxel_size_mm`.
        dose_difference_fraction: dD as a fraction of the normalization dose, or of D_r(r) where `local`.
        distance_mm: dx.
        lower_dose_cutoff_fraction: reference voxels below this fraction of the normalization dose are not evaluated.
        local: dD follows the reference dose of each voxel.
        normalization_gy: the maximum of the reference dose where not given.
        maximum_gamma: where the search ends, 1.1 to 100; what lies beyond has this value.
        reference_edge: reference voxels beyond the evaluated grid's outermost voxel centers (by more than 0.001 mm) are
            excluded ("exclude"), or evaluated like all others ("search") and fail where the grid is far. They are
            counted and reported in either case.
        voxel_size_mm: of arrays, (k, j, i).
        threads: 1 to 1024; every processor available where not given.

    Raises:
        OutOfRangeError: a dose not finite (with its place), or a parameter outside its domain.
        UndefinedError: no positive reference dose, no voxel to evaluate, or a dose criterion of zero.
        GeometryError: frames of reference that differ, an affine that cannot be used.
        ShapeError, DTypeError, UnitError, UnknownNameError, InsufficientMemoryError: what their names say.

    Source: Low, Harms, Mutic, Purdy, Med Phys 25:656 (1998); continuous evaluated dose after Ju et al., Med Phys
    35:879 (2008) (low1998, ju2008). The implementation was compared with analytic cases and
    `pymedphys.gamma`, see VALIDATION.md.

    """
    if reference_edge not in REFERENCE_EDGES:
        raise UnknownNameError(f"reference_edge must be one of {', '.join(REFERENCE_EDGES)}, got {reference_edge!r}")
    (reference_gy, from_affine), (evaluated_gy, to_affine) = _placed(reference, evaluated, voxel_size_mm)
    criteria = {
        "dose_difference_fraction": number("dose difference fraction", dose_difference_fraction),
        "distance_mm": number("distance criterion in mm", distance_mm),
        "lower_dose_cutoff_fraction": number("lower dose cutoff fraction", lower_dose_cutoff_fraction),
        "local": bool(local),
        "normalization_gy": optional_number("normalization dose in Gy", normalization_gy),
        "maximum_gamma": number("maximum gamma", maximum_gamma),
    }
    gamma, normalization, evaluated_voxels, passing, beyond, mean = _core.gamma_index(
        dose_array(reference_gy),
        affine_rows("affine of the reference dose", from_affine),
        dose_array(evaluated_gy),
        affine_rows("affine of the evaluated dose", to_affine),
        **criteria,  # type: ignore[arg-type]
        search_outside=reference_edge == "search",
        threads=threads,
    )
    excluded = beyond if reference_edge == "exclude" else 0
    if evaluated_voxels == 0:
        raise UndefinedError(
            f"gamma passing fraction is undefined: no reference voxel is at or above the cutoff of "
            f"{lower_dose_cutoff_fraction * normalization:.4g} Gy and inside the evaluated grid "
            f"({excluded} are outside it)"
        )
    return GammaResult(
        gamma=gamma,
        passing_fraction=passing / evaluated_voxels,
        evaluated_voxels=evaluated_voxels,
        passing_voxels=passing,
        below_cutoff_voxels=gamma.size - evaluated_voxels - excluded,
        outside_voxels=beyond,
        mean_gamma=mean,
        reference_edge=reference_edge,
        advisories=_advisories(beyond, evaluated_voxels + excluded, reference_edge),
        **(criteria | {"normalization_gy": normalization}),  # type: ignore[arg-type]
    )


def _placed(
    reference: Image | ArrayLike, evaluated: Image | ArrayLike, voxel_size_mm: Sequence[float] | None
) -> tuple[tuple[NDArray[Any], ArrayLike], tuple[NDArray[Any], ArrayLike]]:
    """Both doses in Gy with their affines."""
    if isinstance(reference, Image) and isinstance(evaluated, Image):
        if voxel_size_mm is not None:
            raise ArgumentError("voxel_size_mm belongs to arrays; an image has its own")
        check_same_frame(
            reference.frame_of_reference_uid,
            "the reference dose",
            evaluated.frame_of_reference_uid,
            "the evaluated dose",
        )
        a, b = reference.to("Gy"), evaluated.to("Gy")
        return (a.array, a.affine_lps), (b.array, b.affine_lps)
    if isinstance(reference, Image) or isinstance(evaluated, Image):
        raise ArgumentError("reference and evaluated must both be images, or both arrays on one grid")
    if voxel_size_mm is None:
        raise ArgumentError("two arrays need voxel_size_mm (k, j, i); images have their own")
    first, second = dose_array(reference), dose_array(evaluated)
    if first.shape != second.shape:
        raise ShapeError(
            f"two arrays must be on one grid, got shapes {list(first.shape)} and {list(second.shape)}; give images "
            "where they are not"
        )
    try:
        size = three("voxel_size_mm", voxel_size_mm)
    except YttriaError as error:
        raise ArgumentError(f"voxel_size_mm must be three numbers (k, j, i), got {voxel_size_mm!r:.80}") from error
    affine = np.diag([*size[::-1], 1.0])
    return (first, affine), (second, affine)


def _advisories(outside: int, considered: int, policy: ReferenceEdge) -> tuple[Advisory, ...]:
    if outside == 0:
        return ()
    done = "were left out" if policy == "exclude" else "were searched for from outside"
    return (
        advise(
            "outside_evaluated_grid",
            outside_voxels=outside,
            considered_voxels=considered,
            outside_fraction=outside / considered,
            done=done,
        ),
    )
