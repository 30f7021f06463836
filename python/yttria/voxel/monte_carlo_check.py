"""Comparison of mean doses of structures with Monte Carlo on the same activity and density."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .._core import Nuclide
from .._foundation.choices import DEFAULT_MEDIUM, CheckVerdict
from .._foundation.numbers import number
from ..errors import ArgumentError, OutOfRangeError
from ..evaluation.tables import StructureDose
from ..geometry.image import Image
from ..geometry.structure import Structure
from .ct_density import DensityImage
from .density import density_on
from .dose_result import DoseResult
from .monte_carlo_dose import MonteCarloProgress, StopCriterion, StructureEstimate
from .monte_carlo_image import DEFAULT_HISTORIES
from .monte_carlo_simulation import monte_carlo

#: Differences that a check accepts: a fraction of the dose, and a negligible dose (yttria-choice).
TOLERANCE_FRACTION, NEGLIGIBLE_GY = 0.05, 0.1


@dataclass(frozen=True, kw_only=True)
class MonteCarloCheck:
    """Mean dose of one structure by the method of a dose image and by Monte Carlo.

    Parameters
    ----------
    structure : str
        Its name.
    volume_ml : float
        Its volume within the dose image in mL.
    dose_gy : float
        Mean dose in the dose image.
    monte_carlo_gy, monte_carlo_uncertainty_gy : float
        Mean dose by Monte Carlo, with its standard uncertainty (k = 1) from the spread of the batches.
    difference_fraction : float or None
        `dose_gy / monte_carlo_gy - 1`; None if Monte Carlo finds no dose.
    z_score : float or None
        The difference in standard uncertainties; None without an uncertainty. Above 3, the difference is not by chance,
        but may still be small.
    """

    structure: str
    volume_ml: float
    dose_gy: float
    monte_carlo_gy: float
    monte_carlo_uncertainty_gy: float
    difference_fraction: float | None
    z_score: float | None

    def verdict(
        self, *, tolerance_fraction: float = TOLERANCE_FRACTION, negligible_gy: float = NEGLIGIBLE_GY
    ) -> CheckVerdict:
        """Judge the difference with its uncertainty.

        Parameters
        ----------
        tolerance_fraction : float
            Difference that is accepted, as a fraction of the dose by Monte Carlo, > 0.
        negligible_gy : float
            Difference in Gy that is accepted for any dose, >= 0.

        Returns
        -------
        {"agrees", "differs", "undecided"}
            Let d be the difference, u its standard uncertainty and t the larger of the two tolerances in Gy. The result
            is "agrees" if `|d| + 2 u <= t`, "differs" if `|d| - 3 u > t`, else "undecided", which more histories
            resolve.

        Raises
        ------
        OutOfRangeError
            If a tolerance is out of range.

        Examples
        --------
        >>> check = MonteCarloCheck(
        ...     structure="Liver", volume_ml=1500.0, dose_gy=51.0, monte_carlo_gy=50.0, monte_carlo_uncertainty_gy=0.1,
        ...     difference_fraction=0.02, z_score=10.0,
        ... )
        >>> check.verdict(tolerance_fraction=0.05), check.verdict(tolerance_fraction=0.01)
        ('agrees', 'differs')
        """
        tolerance, negligible = checked_tolerances(tolerance_fraction, negligible_gy)
        accepted = max(tolerance * self.monte_carlo_gy, negligible)
        difference, uncertainty = abs(self.dose_gy - self.monte_carlo_gy), self.monte_carlo_uncertainty_gy
        if difference + 2 * uncertainty <= accepted:
            return "agrees"
        # With three, few of a dozen structures differ by chance; with two, about one would.
        return "differs" if difference - 3 * uncertainty > accepted else "undecided"

    def as_dict(self) -> dict[str, Any]:
        """Return plain data.

        Returns
        -------
        dict
            The fields by name, ready for JSON.

        Examples
        --------
        >>> check = MonteCarloCheck(
        ...     structure="Liver", volume_ml=1500.0, dose_gy=51.0, monte_carlo_gy=50.0, monte_carlo_uncertainty_gy=0.1,
        ...     difference_fraction=0.02, z_score=10.0,
        ... )
        >>> check.as_dict()["z_score"]
        10.0
        """
        return asdict(self)


def checked_tolerances(tolerance_fraction: object, negligible_gy: object) -> tuple[float, float]:
    """Return both as floats; `OutOfRangeError` if one is out of range."""
    tolerance, negligible = number("tolerance fraction", tolerance_fraction), number("dose in Gy", negligible_gy)
    if not 0 < tolerance < np.inf:
        raise OutOfRangeError(f"tolerance fraction must be finite and > 0, got {tolerance:g}")
    if not 0 <= negligible < np.inf:
        raise OutOfRangeError(f"negligible difference in Gy must be finite and >= 0, got {negligible:g}")
    return tolerance, negligible


def check_by_monte_carlo(
    result: DoseResult,
    activity: Image,
    structures: Sequence[Structure],
    *,
    density: Image | DensityImage | None = None,
    histories: int | None = None,
    relative_uncertainty: float | None = None,
    seed: int = 0,
    progress: Callable[[MonteCarloProgress], object] | None = None,
    threads: int | None = None,
) -> list[MonteCarloCheck]:
    """Compare the mean doses of structures with Monte Carlo on the user's own map.

    Parameters
    ----------
    result : DoseResult
        Result of `dose_image` for `activity`, by any method.
    activity : Image
        The same image; negative voxels count as 0.
    structures : sequence of Structure
        Structures, without their gas, as in the tables of `result`.
    density : Image or DensityImage, optional
        Density of each voxel in g/mL on the grid of the activity, which also determines the medium. The uniform density
        of `result` is used if not given.
    histories, relative_uncertainty, seed, progress, threads
        As for `yttria.monte_carlo`; 10 000 000 histories if neither of the first two is given. About 4 % per voxel of a
        liver needs 7 million; the means of structures need far fewer.

    Returns
    -------
    list of MonteCarloCheck
        One per structure, in the given order.

    Raises
    ------
    ArgumentError
        If the result is on another grid than the activity, no density is known, or a structure has no dose.
    YttriaError
        As for `yttria.monte_carlo`.

    Notes
    -----
    Monte Carlo has vacuum around the image, so that structures in its outermost voxels get up to 5 % less dose there.

    Examples
    --------
    >>> import yttria
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> density = yttria.density_image(phantom.ct, out_of_range="clamp")
    >>> scaling = yttria.AbsoluteScaling(scan_delay_h=20.0)
    >>> result = yttria.dose_image(phantom.activity, scaling=scaling, method="superposition", density=density)
    >>> (liver,) = check_by_monte_carlo(
    ...     result, phantom.activity, phantom.structures[:1], density=density, histories=20_000
    ... )
    >>> liver.verdict()
    'agrees'
    """
    if not result.image.same_grid(activity):
        raise ArgumentError("the result must be on the grid of its activity")
    provenance = result.provenance
    if density is not None:
        rho = density_on(density, activity).array
    elif provenance.density_g_per_ml is not None:
        rho = np.full(activity.shape, provenance.density_g_per_ml)
    else:
        raise ArgumentError("the result has a density of each voxel: density must be given")
    fractions = {name: each.to_array() for name, each in result.voxel_fractions(structures, threads=threads).items()}
    stop = StopCriterion.of(histories, relative_uncertainty, default=DEFAULT_HISTORIES)
    found = monte_carlo(
        np.maximum(activity.array.astype(np.float64) * provenance.mbq_per_ml_per_unit, 0),
        np.maximum(rho, 0),
        activity.voxel_size_mm,
        medium=(provenance.kernel_medium or DEFAULT_MEDIUM) if density is None else "by_density",
        structures=fractions,
        histories=stop.histories,
        relative_uncertainty=stop.relative_uncertainty,
        seed=seed,
        nuclide=Nuclide.from_dose_factor(provenance.half_life_h, provenance.dose_factor_gy_kg_per_gbq),
        progress=progress,
        threads=threads,
    )
    return [_check(row, found.structures[row.structure]) for row in result.table(structures, threads=threads)]


def _check(row: StructureDose, estimate: StructureEstimate) -> MonteCarloCheck:
    if row.mean_gy is None:
        raise ArgumentError(f"structure '{row.structure}' occupies no voxel of the dose image")
    difference = row.mean_gy - estimate.mean_gy
    return MonteCarloCheck(
        structure=row.structure,
        volume_ml=row.volume_ml,
        dose_gy=row.mean_gy,
        monte_carlo_gy=estimate.mean_gy,
        monte_carlo_uncertainty_gy=estimate.uncertainty_gy,
        difference_fraction=difference / estimate.mean_gy if estimate.mean_gy else None,
        z_score=difference / estimate.uncertainty_gy if estimate.uncertainty_gy else None,
    )
