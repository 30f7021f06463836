"""Gamma index, the smallest combined distance in space and dose between two dose maps."""

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
    """Gamma at each voxel of the reference grid, with counts of voxels.

    Parameters
    ----------
    gamma : float32 array (k, j, i)
        Gamma, NaN in voxels that were not evaluated. They are below the cutoff or excluded beyond the evaluated grid.
    passing_fraction : float
        Share of the evaluated voxels with gamma of at most 1 (1 + 1e-5 for rounding).
    evaluated_voxels, passing_voxels, below_cutoff_voxels, outside_voxels : int
        Counts of voxels. `outside_voxels` counts voxels beyond the evaluated grid, excluded or not.
    mean_gamma : float
        Mean over the evaluated voxels. It is a lower bound if any voxel reaches `maximum_gamma`.
    dose_difference_fraction, distance_mm, lower_dose_cutoff_fraction, local, normalization_gy, maximum_gamma
        The criteria, as in `gamma_index`.
    reference_edge : str
        "exclude" or "search".
    advisories : tuple of Advisory
        `outside_evaluated_grid` if reference voxels lie beyond the evaluated grid.
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
        """Voxels (k, j, i) that pass, false in voxels that were not evaluated."""
        return np.asarray(self.gamma <= np.float32(_core.PASSING_GAMMA))

    def as_dict(self) -> dict[str, Any]:
        """Return the result without its map, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> import numpy as np
        >>> reference = np.full((4, 5, 6), 2.0)
        >>> gamma_index(reference, reference, voxel_size_mm=(3.0, 4.0, 4.0)).as_dict()["passing_fraction"]
        1.0
        """
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
    """Compute the gamma index of an evaluated dose map at each voxel of a reference.

    Parameters
    ----------
    reference, evaluated : Image or array (k, j, i)
        Two images in Gy or mGy on any grids, or two arrays in Gy on one grid of `voxel_size_mm`.
    dose_difference_fraction : float
        Dose criterion dD as a fraction of the normalization dose, or of the reference dose of each voxel if `local`.
    distance_mm : float
        Distance criterion dx in mm, positive.
    lower_dose_cutoff_fraction : float
        Reference voxels below this fraction of the normalization dose are not evaluated.
    local : bool
        Whether dD is a fraction of the reference dose of each voxel.
    normalization_gy : float, optional
        Normalization dose in Gy. Default: the maximum of the reference dose.
    maximum_gamma : float
        Value at which the search ends, 1.1 to 100. A larger gamma is set to this value.
    reference_edge : str
        Treatment of reference voxels more than 0.001 mm beyond the outermost voxel centers of the evaluated grid.
        "exclude" leaves them out. "search" evaluates them like all others, and they fail if the grid is far. They are
        counted and reported in both cases.
    voxel_size_mm : sequence of three floats, optional
        Voxel size of arrays in mm, (k, j, i).
    threads : int, optional
        1 to 1024; every processor available if not given. The result does not depend on it.

    Returns
    -------
    GammaResult
        Gamma on the grid of the reference, and the passing fraction.

    Raises
    ------
    OutOfRangeError
        If a dose is not finite (the message states the voxel), or a parameter is outside its domain.
    UndefinedError
        If no reference dose is positive, no voxel is evaluated, or the dose criterion is zero.
    GeometryError
        If the frames of reference differ or an affine cannot be used.
    ArgumentError
        If an image and an array are mixed, or `voxel_size_mm` is missing for arrays.
    ShapeError, DTypeError, UnitError, UnknownNameError, InsufficientMemoryError
        If an array or image has a wrong shape, type or unit, a choice is unknown, or memory is not sufficient.

    Warns
    -----
    outside_evaluated_grid
        If reference voxels lie beyond the evaluated grid.

    Notes
    -----
    `gamma(r) = min over x of sqrt(((D_e(x) - D_r(r)) / dD)^2 + (|x - r| / dx)^2)`. The minimum is over all points x of
    the evaluated grid, whose dose is trilinear between voxel centers. The search does not sample. It refines lower and
    upper bounds in each cell until they meet, so that the result is never below the minimum and at most 1e-4 above it.
    Sampling in steps of dx / 10, as other programs do, overestimates gamma by 0.1 and more if doses are steep.
    VALIDATION.md compares the result with analytic cases and with `pymedphys.gamma`.

    References
    ----------
    low1998, ju2008

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.full((4, 5, 6), 2.0)
    >>> result = gamma_index(reference, 1.02 * reference, voxel_size_mm=(3.0, 4.0, 4.0))
    >>> result.passing_fraction, round(result.mean_gamma, 3)
    (1.0, 0.667)
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
    """Convert both doses to Gy, with their affines."""
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
