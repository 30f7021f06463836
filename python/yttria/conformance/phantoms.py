"""Small phantoms of several tissues with Monte Carlo doses, to be compared with superposition and transport."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._core import Nuclide
from .._foundation.choices import RaySetting
from ..voxel import monte_carlo, superposed_dose
from .monte_carlo import MONTE_CARLO_MEV

Array = NDArray[np.float64]
NUCLIDE = Nuclide.from_energy(64.1, MONTE_CARLO_MEV)
PHANTOMS = ("dome_hot", "rib")


@dataclass(frozen=True, eq=False, kw_only=True)
class MonteCarloPhantom:
    """Phantom with its Monte Carlo dose in mGy and the regions that are scored.

    `copies` is the number of mirror images over which the dose is averaged. Voxels that are images of each other have
    the same noise.
    """

    density_g_per_ml: Array = field(repr=False)
    #: Activity concentration in MBq/mL at administration, whose complete decay gives the dose.
    activity_mbq_per_ml: Array = field(repr=False)
    voxel_size_mm: tuple[float, float, float]
    dose_mgy: Array = field(repr=False)
    sigma_mgy: Array = field(repr=False)
    regions: dict[str, NDArray[np.bool_]] = field(repr=False)
    copies: int


@dataclass(frozen=True, kw_only=True)
class RegionDeviation:
    """Deviation of a mean dose relative to Monte Carlo, and the root mean square over voxels without Monte Carlo noise.

    The root mean square counts voxels above 2 % of the largest dose, and is 0 if there are none.
    """

    deviation_fraction: float
    sigma_fraction: float
    voxel_rms_fraction: float


def monte_carlo_phantom(path: Path | str) -> MonteCarloPhantom:
    """Read one of `PHANTOMS`, or a file of the same kind."""
    if str(path) in PHANTOMS:
        with as_file(files("yttria") / "data" / "heterogeneous" / f"{path}.npz") as found:
            return monte_carlo_phantom(found)
    with np.load(path) as file:
        density, activity, dose, sigma = (
            file[key].astype(np.float64) for key in ("density", "activity", "dose_mGy", "sigma_mGy")
        )
        dk, dj, di = (float(mm) for mm in file["spacing_mm"])
        medium = file["medium"]
    is_dome = "dome" in Path(path).stem
    hot = activity > 0.9 * activity.max()
    if is_dome:
        regions, margin, copies = _dome(density, hot, (dk, dj, di)), (2, 3, 3), 8
    else:
        named = {"bone": medium == 2, "soft tissue": medium == 4, "liver": (medium == 0) & ~hot}
        regions, margin, copies = {"tumor": hot} | named, (1, 1, 1), 4
    # Vacuum around the phantom scatters nothing back.
    scored = np.zeros(density.shape, bool)
    scored[tuple(slice(m, -m) for m in margin)] = True
    return MonteCarloPhantom(
        density_g_per_ml=density,
        activity_mbq_per_ml=activity / (dk * dj * di / 1000 * NUCLIDE.mean_life_s),
        voxel_size_mm=(dk, dj, di),
        dose_mgy=dose,
        sigma_mgy=sigma,
        regions={name: region & scored for name, region in regions.items()},
        copies=copies,
    )


def _dome(density: Array, hot: NDArray[np.bool_], size_mm: tuple[float, float, float]) -> dict[str, NDArray[np.bool_]]:
    """Make the regions of the dome by distance from the liver's surface.

    It is a sphere of 55 mm around a point 7 mm below the map.
    """
    k, j, i = np.indices(density.shape)
    y, x = ((at - (n - 1) / 2) * mm for at, n, mm in zip((j, i), density.shape[1:], size_mm[1:], strict=True))
    beyond = np.sqrt(x**2 + y**2 + ((k + 0.5) * size_mm[0] + 7) ** 2) - 55
    lung = density < 0.5
    liver = ~lung & ~hot
    regions = {"tumor": hot, "liver within 6 mm": liver & (beyond > -6), "liver": liver & (beyond <= -6)}
    for low, high in ((0, 6), (6, 15), (15, 30)):
        regions[f"lung {low} to {high} mm"] = lung & (beyond >= low) & (beyond < high)
    return regions


def compare_superposition(
    phantom: MonteCarloPhantom, ray_setting: RaySetting = "standard"
) -> dict[str, RegionDeviation]:
    """Compute the deviation of superposition from Monte Carlo in each region."""
    dose = 1000 * superposed_dose(
        phantom.activity_mbq_per_ml,
        phantom.density_g_per_ml,
        phantom.voxel_size_mm,
        ray_setting=ray_setting,
        nuclide=NUCLIDE,
    )
    return {name: _deviation(phantom, np.asarray(dose, np.float64), region) for name, region in phantom.regions.items()}


def compare_transport(phantom: MonteCarloPhantom, *, histories: int, seed: int) -> dict[str, RegionDeviation]:
    """Compute the deviation of the core's Monte Carlo from the phantom's in each region.

    Its sigma includes the noise of both.
    """
    found = monte_carlo(
        phantom.activity_mbq_per_ml,
        phantom.density_g_per_ml,
        phantom.voxel_size_mm,
        structures=phantom.regions,
        # The other estimator computes most of the dose to liver with a kernel.
        estimator="plain",
        nuclide=NUCLIDE,
        histories=histories,
        seed=seed,
    )
    deviations = {}
    for name, region in phantom.regions.items():
        theirs = _deviation(phantom, 1000 * found.dose_gy.astype(np.float64), region)
        ours = found.structures[name]
        sigma = float(np.hypot(theirs.sigma_fraction, ours.uncertainty_gy / ours.mean_gy))
        deviations[name] = replace(theirs, sigma_fraction=sigma)
    return deviations


def _deviation(phantom: MonteCarloPhantom, dose_mgy: Array, region: NDArray[np.bool_]) -> RegionDeviation:
    truth, sigma = phantom.dose_mgy[region], phantom.sigma_mgy[region]
    counted = truth > 0.02 * phantom.dose_mgy.max()
    excess = (((dose_mgy[region] - truth) ** 2 - sigma**2)[counted]) / truth[counted] ** 2
    return RegionDeviation(
        deviation_fraction=float(dose_mgy[region].mean() / truth.mean() - 1),
        sigma_fraction=float(np.sqrt(phantom.copies * (sigma**2).sum()) / truth.sum()),
        voxel_rms_fraction=float(np.sqrt(max(excess.mean(), 0.0))) if counted.any() else 0.0,
    )
