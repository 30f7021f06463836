"""The mean doses of structures in a dose image beside those of Monte Carlo on the same activity and density."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .._core import Nuclide
from ..errors import ArgumentError
from ..geometry.image import Image
from ..geometry.structure import Structure
from .ct_density import DensityImage
from .density import density_on
from .dose_result import DoseResult
from .monte_carlo_simulation import monte_carlo


@dataclass(frozen=True, kw_only=True)
class MonteCarloCheck:
    """The mean dose of one structure by the method of a dose image and by Monte Carlo.

    Parameters
    ----------
    structure : str
        Its name.
    dose_gy : float
        Mean dose in the dose image.
    monte_carlo_gy, monte_carlo_uncertainty_gy : float
        By Monte Carlo, with its standard error.
    difference_fraction : float
        `dose_gy / monte_carlo_gy - 1`.
    z_score : float
        The difference in standard errors. Above 3, the method and Monte Carlo differ by more than chance.
    """

    structure: str
    dose_gy: float
    monte_carlo_gy: float
    monte_carlo_uncertainty_gy: float
    difference_fraction: float
    z_score: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def check_by_monte_carlo(
    result: DoseResult,
    activity: Image,
    structures: Sequence[Structure],
    *,
    density: Image | DensityImage | None = None,
    histories: int = 1_000_000,
    seed: int = 0,
    threads: int | None = None,
) -> list[MonteCarloCheck]:
    """Compare the mean doses of structures with Monte Carlo on the user's own map.

    Parameters
    ----------
    result : DoseResult
        What `dose_image` made of `activity`, by any method.
    activity : Image
        The same image; negative voxels count as 0.
    structures : sequence of Structure
        Gas has no part in them, as in the tables of `result`.
    density : Image or DensityImage, optional
        Density of each voxel in g/mL on the grid of the activity, from which follows the medium as well; the uniform
        density of `result` if not given.
    histories : int
        Decays to simulate. About 4 % per voxel of a liver need 7 million, the means of structures far fewer.
    seed, threads
        As for `yttria.monte_carlo`.

    Returns
    -------
    list of MonteCarloCheck
        One per structure, in the order given.

    Raises
    ------
    ArgumentError
        If the result is on another grid than the activity, no density is known, or a structure has no dose.
    YttriaError
        As `yttria.monte_carlo` raises it.

    Notes
    -----
    Around the image is vacuum for Monte Carlo: structures that reach its outermost voxels get up to 5 % less there.

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
    >>> abs(liver.difference_fraction) < 0.05
    True
    """
    if not result.image.same_grid(activity):
        raise ArgumentError("the result must be on the grid of the activity that it was made from")
    provenance = result.provenance
    if density is not None:
        rho = density_on(density, activity).array
    elif provenance.density_g_per_ml is not None:
        rho = np.full(activity.shape, provenance.density_g_per_ml)
    else:
        raise ArgumentError("the result has a density of each voxel: density must be given")
    fractions = {name: each.to_array() for name, each in result.voxel_fractions(structures, threads=threads).items()}
    found = monte_carlo(
        np.maximum(activity.array.astype(np.float64) * provenance.mbq_per_ml_per_unit, 0),
        np.maximum(rho, 0),
        activity.voxel_size_mm,
        medium="liver" if density is None else "by_density",
        structures=fractions,
        histories=histories,
        seed=seed,
        nuclide=Nuclide.from_dose_factor(provenance.half_life_h, provenance.dose_factor_gy_kg_per_gbq),
        threads=threads,
    )
    checks = []
    for row in result.table(structures, threads=threads):
        if row.mean_gy is None:
            raise ArgumentError(f"structure '{row.structure}' occupies no voxel of the dose image")
        estimate = found.structures[row.structure]
        difference = row.mean_gy - estimate.mean_gy
        checks.append(
            MonteCarloCheck(
                structure=row.structure,
                dose_gy=row.mean_gy,
                monte_carlo_gy=estimate.mean_gy,
                monte_carlo_uncertainty_gy=estimate.uncertainty_gy,
                difference_fraction=difference / estimate.mean_gy if estimate.mean_gy else float("nan"),
                z_score=difference / estimate.uncertainty_gy if estimate.uncertainty_gy else float("nan"),
            )
        )
    return checks
