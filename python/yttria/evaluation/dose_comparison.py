"""Comparison of two dose maps by voxel, structure, isodose and gamma index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram, VoxelFractions
from .._foundation.choices import ReferenceEdge, ResamplingMethod, UncertaintySource
from ..advisory import Advisory, advise
from ..errors import DuplicateNameError, GeometryError, OutOfRangeError
from ..geometry.affine import check_same_frame
from ..geometry.image import Image
from ..geometry.patient_identity import patient_doubts
from ..geometry.voxel_fractions import fractions_of_mask
from .budget_difference import UncertainDifference
from .dvh import dose_volume_histograms
from .gamma import GammaResult, gamma_index
from .tables import DoseQuantityDifference, IsodoseOverlap, StructureDifference
from .uncertain_doses import UncertainDoses, without_empty_uncertainties
from .uncertainty_budget import UncertaintyBudget

if TYPE_CHECKING:
    from ..geometry.structure import Structure

#: Default isodose levels as fractions of the normalization dose.
ISODOSE_FRACTIONS = (0.1, 0.25, 0.5, 0.75, 0.9)
#: Name of the row for all voxels at or above the lower dose cutoff.
ABOVE_CUTOFF = "Above cutoff"
_PERCENTS = (98, 95, 70, 50, 2)


class WorstVoxel(NamedTuple):
    """Voxel with the largest difference.

    Parameters
    ----------
    voxel : tuple of three ints
        Index (k, j, i).
    position_lps_mm : tuple of three floats
        Its center in LPS mm.
    a_gy, b_gy, difference_gy : float
        Dose in A and in B, and the difference B - A, in Gy.
    """

    voxel: tuple[int, int, int]
    position_lps_mm: tuple[float, float, float]
    a_gy: float
    b_gy: float
    difference_gy: float


@dataclass(frozen=True, eq=False, kw_only=True)
class DoseComparison:
    """Differences B - A of dose map B from dose map A. For research use.

    Parameters
    ----------
    a, b : Image
        The maps in Gy on the grid of A.
    difference : Image
        B - A in Gy.
    gamma : GammaResult
        The gamma index with its counts.
    gamma_map : Image
        Gamma on the grid of A, NaN in voxels that were not evaluated.
    worst : WorstVoxel
        The voxel with the largest difference.
    differences : tuple of StructureDifference
        A row for the voxels above the cutoff and one for each structure.
    dose_volume : tuple of DoseQuantityDifference
        Rows for each structure and quantity.
    isodoses : tuple of IsodoseOverlap
        A row for each level.
    histograms : dict of str to pair of DoseVolumeHistogram
        Histograms of each structure in A and in B.
    voxel_fractions : dict of str to VoxelFractions
        Voxel fractions of each structure on the grid of A.
    resampling : dict or None
        Description of the resampling of B onto the grid of A, None if B was already on it.
    advisories : tuple of Advisory
        Advisories on the comparison.
    uncertainty : tuple of UncertainDifference
        Each difference whose quantity has a budget on both sides.
    """

    a: Image
    b: Image
    difference: Image
    gamma: GammaResult
    gamma_map: Image
    worst: WorstVoxel
    differences: tuple[StructureDifference, ...]
    dose_volume: tuple[DoseQuantityDifference, ...]
    isodoses: tuple[IsodoseOverlap, ...]
    histograms: dict[str, tuple[DoseVolumeHistogram, DoseVolumeHistogram]]
    voxel_fractions: dict[str, VoxelFractions]
    resampling: dict[str, Any] | None
    advisories: tuple[Advisory, ...]
    uncertainty: tuple[UncertainDifference, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison without its maps and histograms, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.evaluation.compare_doses`.
        """
        return {
            "differences": without_empty_uncertainties([row.as_dict() for row in self.differences]),
            "dose_volume": without_empty_uncertainties([row.as_dict() for row in self.dose_volume]),
            "uncertainty": [each.as_dict() for each in self.uncertainty],
            "isodoses": [row.as_dict() for row in self.isodoses],
            "worst_voxel": self.worst._asdict(),
            "gamma": self.gamma.as_dict(),
            "resampling": self.resampling,
            "advisories": [a.as_dict() for a in self.advisories],
        }


def compare_doses(
    a: Image,
    b: Image,
    structures: Sequence[Structure] = (),
    *,
    resample_b: ResamplingMethod | None = None,
    beyond_b_gy: float | None = None,
    isodoses_gy: Sequence[float] | None = None,
    dose_difference_fraction: float = 0.03,
    distance_mm: float = 3.0,
    lower_dose_cutoff_fraction: float = 0.1,
    local: bool = False,
    normalization_gy: float | None = None,
    maximum_gamma: float = 2.0,
    reference_edge: ReferenceEdge = "exclude",
    budgets_a: Sequence[UncertaintyBudget] = (),
    budgets_b: Sequence[UncertaintyBudget] = (),
    common_sources: Sequence[UncertaintySource] = (),
    threads: int | None = None,
) -> DoseComparison:
    """Compare dose map B with dose map A by voxel, structure, isodose and gamma index.

    Parameters
    ----------
    a, b : Image
        Dose images in Gy or mGy. A is the reference.
    structures : sequence of Structure
        Structures with unique names. A structure outside the grid is left out, with an advisory.
    resample_b : str, optional
        "average" or "linear", as in `Image.resampled_on`. If B is on another grid (a corner voxel differs by more than
        0.001 mm) and this is not given, B is refused. To compare on the grid of B, exchange the maps.
    beyond_b_gy : float, optional
        Dose in Gy of the voxels of A beyond a resampled B. If it is not given, such voxels are an error.
    isodoses_gy : sequence of float, optional
        Levels in Gy, positive; 10, 25, 50, 75 and 90 % of the normalization dose if not given.
    dose_difference_fraction, distance_mm, lower_dose_cutoff_fraction, local, normalization_gy, maximum_gamma
        Criteria of the gamma index as in `gamma_index`.
    reference_edge : str
        As in `gamma_index`.
    budgets_a, budgets_b : sequence of UncertaintyBudget, default ()
        Budgets of the doses of structures in A and in B, such as those of `DoseResult.uncertainty_budgets`. Differences
        are then also given in units of their uncertainty.
    common_sources : sequence of str, default ()
        Sources of uncertainty that A and B have in common, such as "calibration" for two doses of one image (see
        `uncertain_difference`). By default A and B are taken as independent.
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    DoseComparison
        Rows of differences, of dose-volume quantities and of isodoses, the gamma index, and the maps.

    Raises
    ------
    GeometryError
        If the grids or frames of reference differ.
    UnitError
        If an image holds no dose.
    DuplicateNameError
        If two structures share a name.
    OutOfRangeError, UndefinedError
        As `gamma_index`.

    Warns
    -----
    structure_outside
        If a structure lies outside the grid, wholly or in part.
    uncertainty_of_other_dose
        If the mean of a budget differs from that of the map.

    Notes
    -----
    Each row of `differences` weights voxels by their fraction inside. It states volume, both means and their
    difference, quantiles and maximum of `|B - A|`, and the share of the evaluated volume that passes gamma. The isodose
    rows state the volumes at or above a level, and twice the common volume over the sum of both (Dice). `worst` is the
    voxel with the largest `|B - A|`, the first in array order if several share it. The gamma index uses B without
    resampling, because it needs the dose of B around each voxel of A.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> array = np.linspace(0.0, 100.0, 60).reshape(3, 4, 5)
    >>> a = Image(array, np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    >>> comparison = compare_doses(a, a.with_array(1.01 * array, "Gy"))
    >>> comparison.gamma.passing_fraction, round(comparison.worst.difference_gy, 6)
    (1.0, 1.0)
    """
    check_same_frame(a.frame_of_reference_uid, "dose A", b.frame_of_reference_uid, "dose B")
    of_files = (*a.advisories, *b.advisories, *patient_doubts(a, "dose A", [(b, "dose B")]))
    a, b = a.to("Gy"), b.to("Gy")
    brought = None
    if resample_b is not None and not a.same_grid(b):
        brought = b.resampled_on(a, method=resample_b, fill_value=beyond_b_gy, threads=threads)
    elif not a.same_grid(b):
        raise GeometryError(
            f"dose A (shape {list(a.shape)}, voxels {_sizes(a)} mm) and dose B (shape {list(b.shape)}, voxels "
            f"{_sizes(b)} mm) must lie on one grid, or resample_b must be given"
        )
    gamma = gamma_index(
        a,
        b,
        dose_difference_fraction=dose_difference_fraction,
        distance_mm=distance_mm,
        lower_dose_cutoff_fraction=lower_dose_cutoff_fraction,
        local=local,
        normalization_gy=normalization_gy,
        maximum_gamma=maximum_gamma,
        reference_edge=reference_edge,
        threads=threads,
    )
    if brought is not None:
        b = brought.image
    levels = _levels(isodoses_gy, gamma.normalization_gy)
    inside, advisories = _voxel_fractions(a, structures, threads)
    difference = np.subtract(b.array, a.array, dtype=np.result_type(a.array, b.array, np.float32))
    above = fractions_of_mask(a.array >= lower_dose_cutoff_fraction * gamma.normalization_gy, threads=threads)
    regions = {ABOVE_CUTOFF: above, **inside}
    of_a, of_b, of_both = (
        dose_volume_histograms(array, regions, voxel_volume_ml=a.voxel_volume_ml, threads=threads)
        for array in (a.array, b.array, np.abs(difference))
    )
    rows = [
        _difference_row(name, of_a[name], of_b[name], of_both[name], _passing(gamma, region))
        for name, region in regions.items()
    ]
    quantities = [row for name in inside for row in _dose_rows(name, of_a[name], of_b[name])]
    found = UncertainDoses.of(quantities, budgets_a, budgets_b, common_sources)
    return DoseComparison(
        a=a,
        b=b,
        difference=a.with_array(difference, "Gy"),
        gamma=gamma,
        gamma_map=a.with_array(gamma.gamma, "1"),
        worst=_worst(a, b, difference),
        differences=tuple(map(found.difference_row, rows)),
        dose_volume=tuple(map(found.quantity_row, quantities)),
        uncertainty=tuple(found.differences.values()),
        isodoses=tuple(_isodose_row(level, a, b) for level in levels),
        histograms={name: (of_a[name], of_b[name]) for name in inside},
        voxel_fractions=inside,
        resampling=None if brought is None else brought.as_dict(),
        advisories=(
            *dict.fromkeys(of_files),
            *advisories,
            *gamma.advisories,
            *(brought.advisories if brought else ()),
            *found.advisories,
        ),
    )


def _sizes(image: Image) -> str:
    return " x ".join(f"{size:.4g}" for size in image.voxel_size_mm)


def _levels(isodoses_gy: Sequence[float] | None, normalization_gy: float) -> list[float]:
    if isodoses_gy is None:
        return [fraction * normalization_gy for fraction in ISODOSE_FRACTIONS]
    for level in isodoses_gy:
        if not (np.isfinite(level) and level > 0):
            raise OutOfRangeError(f"isodose level in Gy must be finite and > 0, got {level}")
    return [float(level) for level in isodoses_gy]


def _voxel_fractions(
    image: Image, structures: Sequence[Structure], threads: int | None
) -> tuple[dict[str, VoxelFractions], list[Advisory]]:
    """Compute the voxel fractions of the structures on the grid.

    Each that lies partly or wholly outside has an advisory.
    """
    inside: dict[str, VoxelFractions] = {}
    advisories: list[Advisory] = []
    seen = {ABOVE_CUTOFF}
    for structure in structures:
        if structure.name in seen:
            raise DuplicateNameError(f"structure names must be unique and not '{ABOVE_CUTOFF}', got '{structure.name}'")
        seen.add(structure.name)
        fractions = structure.voxel_fractions_on(image, threads=threads)
        if fractions.volume_ml(image.voxel_volume_ml) > 0.0:
            inside[structure.name] = fractions
        beyond = fractions.outside_fraction if structure.name in inside else 1.0
        if beyond > 1e-6:
            advisories.append(advise("structure_outside", structure=structure.name, outside_fraction=beyond))
    return inside, advisories


def _worst(a: Image, b: Image, difference: NDArray[Any]) -> WorstVoxel:
    k, j, i = (int(n) for n in np.unravel_index(int(np.argmax(np.abs(difference))), a.shape))
    x, y, z = (a.affine_lps[:3] @ np.array([i, j, k, 1.0])).tolist()
    return WorstVoxel(
        (k, j, i), (x, y, z), float(a.array[k, j, i]), float(b.array[k, j, i]), float(difference[k, j, i])
    )


def _passing(gamma: GammaResult, region: VoxelFractions) -> float | None:
    """Compute the share of a region's evaluated volume that passes."""
    box = tuple(slice(o, o + n) for o, n in zip(region.origin, region.weights.shape, strict=True))
    weights = region.weights.astype(np.float64)
    evaluated = float(weights.sum(where=~np.isnan(gamma.gamma[box])))
    return float(weights.sum(where=gamma.passes[box])) / evaluated if evaluated > 0.0 else None


def _difference_row(
    name: str, a: DoseVolumeHistogram, b: DoseVolumeHistogram, both: DoseVolumeHistogram, passing: float | None
) -> StructureDifference:
    change = b.mean_gy - a.mean_gy
    return StructureDifference(
        structure=name,
        volume_ml=a.volume_ml,
        mean_a_gy=a.mean_gy,
        mean_b_gy=b.mean_gy,
        mean_difference_gy=change,
        relative_difference=change / a.mean_gy if a.mean_gy != 0.0 else None,
        q75_gy=both.dose_at_volume_percent(25.0),
        q99_gy=both.dose_at_volume_percent(1.0),
        maximum_gy=both.maximum_gy,
        gamma_passing_fraction=passing,
    )


def _dose_rows(name: str, a: DoseVolumeHistogram, b: DoseVolumeHistogram) -> list[DoseQuantityDifference]:
    values = {"mean": (a.mean_gy, b.mean_gy)}
    values |= {f"D{p}": (a.dose_at_volume_percent(p), b.dose_at_volume_percent(p)) for p in _PERCENTS}
    return [
        DoseQuantityDifference(structure=name, quantity=quantity, a_gy=x, b_gy=y, difference_gy=y - x)
        for quantity, (x, y) in values.items()
    ]


def _isodose_row(level_gy: float, a: Image, b: Image) -> IsodoseOverlap:
    in_a, in_b = a.array >= level_gy, b.array >= level_gy
    count_a, count_b = int(np.count_nonzero(in_a)), int(np.count_nonzero(in_b))
    common = int(np.count_nonzero(in_a & in_b))
    return IsodoseOverlap(
        level_gy=level_gy,
        volume_a_ml=count_a * a.voxel_volume_ml,
        volume_b_ml=count_b * a.voxel_volume_ml,
        dice=2 * common / (count_a + count_b) if count_a + count_b else None,
    )
