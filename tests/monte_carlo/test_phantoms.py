"""Monte Carlo transport against EGSnrc in voxels: S values, a liver dome under lung, a rib.

The phantoms end in vacuum in both programs, and the outermost voxels are not scored. Each limit is the one that longer
runs keep (docs/theory/monte_carlo.md), plus four standard errors of both sides.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured_figures import Measured

from conftest import SHARED_DATA
from yttria import MonteCarloDose, MonteCarloRun, Nuclide, monte_carlo, superposed_dose
from yttria.conformance.monte_carlo import MONTE_CARLO_MEV, Table, parse

NUCLIDE = Nuclide.from_energy(64.1, MONTE_CARLO_MEV)
#: Place in `yttria`'s list of the phantoms' liver, lung, bone, air and soft tissue.
PLACES = np.array([2, 3, 4, 5, 1])
TABLES = [
    parse(path.name, path.read_text("utf-8"))
    for path in sorted((SHARED_DATA / "kernels" / "voxel_s_values_mc").glob("*.csv"))
]


def _simulated(folder: Path, name: str, regions: Any, histories: int) -> tuple[dict[str, Any], Any, MonteCarloDose]:
    path = folder / "heterogeneous" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"{path} not found")
    file = np.load(path)
    phantom = {key: file[key].astype(float) for key in ("density", "activity", "dose_mGy", "sigma_mGy", "spacing_mm")}
    medium = file["medium"].astype(int)
    masks = regions(phantom, medium)
    size = tuple(float(mm) for mm in phantom["spacing_mm"])
    concentration = phantom["activity"] / (np.prod(size) / 1000 * NUCLIDE.mean_life_s)
    structures = {key: mask.astype(float) for key, mask in masks.items()}
    dose = monte_carlo(
        concentration,
        phantom["density"],
        size,
        medium=PLACES[medium],
        nuclide=NUCLIDE,
        histories=histories,
        structures=structures,
        seed=5,
    )
    return phantom, masks, dose


def _compare(
    phantom: dict[str, Any], masks: Any, dose: MonteCarloDose, limits: dict[str, float], measured: Measured
) -> None:
    for name, mask in masks.items():
        truth = phantom["dose_mGy"][mask].mean()
        # Symmetry makes up to eight voxels of the truth one.
        noise = np.sqrt(8 * (phantom["sigma_mGy"][mask] ** 2).sum()) / mask.sum()
        estimate = dose.structures[name]
        error = 100 * (1000 * estimate.mean_gy / truth - 1)
        sigma = 100 * np.hypot(1000 * estimate.uncertainty_gy, noise) / truth
        measured(name, error, "%", signed=True, plus_minus=sigma)
        assert abs(error) < limits[name] + 4 * sigma, name


def _scored(shape: tuple[int, ...]) -> Any:
    scored = np.zeros(shape, bool)
    scored[1:-1, 1:-1, 1:-1] = True
    return scored


def _dome(phantom: dict[str, Any], medium: Any) -> dict[str, Any]:
    # The liver is a sphere of 55 mm around a point 7 mm below the map.
    shape, size = medium.shape, phantom["spacing_mm"]
    k, j, i = np.indices(shape)
    z, y, x = (k + 0.5) * size[0] + 7, (j - (shape[1] - 1) / 2) * size[1], (i - (shape[2] - 1) / 2) * size[2]
    beyond = np.sqrt(x**2 + y**2 + z**2) - 55
    hot, lung = phantom["activity"] > 0.9 * phantom["activity"].max(), medium == 1
    masks = {
        "tumor": hot,
        "liver": (medium == 0) & ~hot,
        "lung 0 to 15 mm": lung & (beyond < 15),
        "lung 15 to 30 mm": lung & (beyond >= 15) & (beyond < 30),
    }
    return {name: mask & _scored(shape) for name, mask in masks.items()}


@pytest.mark.claim("monte_carlo_voxels")
def test_doses_in_a_liver_dome_under_lung_are_those_of_egsnrc(shared_data: Path, measured: Measured) -> None:
    limits = {"tumor": 0.7, "liver": 0.7, "lung 0 to 15 mm": 1.5, "lung 15 to 30 mm": 3.0}
    _compare(*_simulated(shared_data, "dome_hot", _dome, 500_000), limits, measured)


def _rib(phantom: dict[str, Any], medium: Any) -> dict[str, Any]:
    hot = phantom["activity"] > 0.9 * phantom["activity"].max()
    masks = {"tumor": hot, "liver": (medium == 0) & ~hot, "bone": medium == 2}
    return {name: mask & _scored(medium.shape) for name, mask in masks.items()}


@pytest.mark.claim("monte_carlo_voxels")
def test_doses_in_a_rib_beside_a_hot_sphere_are_those_of_egsnrc(shared_data: Path, measured: Measured) -> None:
    _compare(*_simulated(shared_data, "rib", _rib, 500_000), {"tumor": 0.7, "liver": 0.7, "bone": 1.5}, measured)


@pytest.mark.claim("monte_carlo_voxels")
def test_voxel_s_values_of_water_are_those_of_egsnrc(shared_data: Path, measured: Measured) -> None:
    path = shared_data / "kernels" / "voxel_s_values_mc" / "vsv_water_rho1.00_3x3x3mm.csv"
    rows = [row for row in csv.reader(path.read_text().splitlines()) if row and row[0].isdigit()]
    center = 6
    activity = np.zeros((13, 13, 13))
    activity[center, center, center] = 1 / (0.027 * NUCLIDE.mean_life_s)
    dose = monte_carlo(
        activity,
        np.ones_like(activity),
        (3.0, 3.0, 3.0),
        medium="water",
        estimator="plain",
        nuclide=NUCLIDE,
        histories=400_000,
        seed=3,
    )
    ours, noise, theirs = np.zeros(4), np.zeros(4), np.zeros(4)
    # The voxel itself, and those that share a face, an edge and a corner with it: 98 % of the energy.
    for i, j, k, value, _ in rows:
        at = (int(i), int(j), int(k))
        if max(at) < 2:
            kind, copies = sum(at), 2 ** sum(at)
            place = tuple(center + n for n in at)
            ours[kind] += copies * 1000 * dose.dose_gy[place]
            noise[kind] += copies * (1000 * dose.uncertainty_gy[place]) ** 2 * copies
            theirs[kind] += copies * float(value)
    measured("S000 of water, 3 mm", 100 * (ours[0] / theirs[0] - 1), "%", signed=True)
    assert abs(ours[0] / theirs[0] - 1) < 0.003 + 4 * np.sqrt(noise[0]) / theirs[0]
    assert (np.abs(ours / theirs - 1) < 0.01 + 4 * np.sqrt(noise) / theirs).all()


@pytest.mark.claim("reference_of_difference")
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_uniform_reference_has_the_voxel_s_values_of_egsnrc(table: Table, measured: Measured) -> None:
    """The dose that the correlated difference adds: S000 within 0.5 %, voxels with 99 % within max(1 %, 4 sigma)."""
    half = 9
    activity = np.zeros((2 * half + 1,) * 3)
    activity[half, half, half] = 1 / (np.prod(table.voxel_size_mm) / 1000 * NUCLIDE.mean_life_s)
    run = MonteCarloRun(
        activity,
        np.full(activity.shape, table.density_g_per_ml),
        table.voxel_size_mm,
        medium=table.medium,
        nuclide=NUCLIDE,
        histories_per_batch=1,
    )
    run.advance(10)
    found = run.result()
    assert found.reference_medium == table.medium
    inside = np.all(table.index <= half, axis=1)
    s, sigma, index = table.s[inside], table.sigma[inside], table.index[inside]
    # Voxels that ten decays do not reach have the dose in the uniform medium by itself.
    ours = 1000 * found.dose_gy[tuple(half + index.T)].astype(float)
    images = np.prod(np.where(index == 0, 1, 2), axis=1)
    order = np.argsort(-s)
    energy = np.cumsum((s * images)[order])
    carrying = order[: np.searchsorted(energy, 0.99 * energy[-1]) + 1]
    error = (ours - s)[carrying] / s[carrying]
    measured("S000", 100 * error[0], "%", signed=True)
    measured("other voxels", 100 * np.abs(error).max(), "%")
    assert abs(error[0]) < 0.005
    assert (np.abs(error) <= np.maximum(0.01, 4 * sigma[carrying] / s[carrying])).all()


@pytest.mark.claim("second_dome")
def test_monte_carlo_and_superposition_agree_with_egsnrc_in_a_second_liver_dome(
    shared_data: Path, measured: Measured
) -> None:
    """28^3 voxels of 3 mm, a hot tumor 12 mm beneath the dome; voxels within 12 mm of the array's edge not scored."""
    folder = shared_data / "kernels" / "lung_liver_dome"
    phantom, truth = np.load(folder / "dome_phantom.npz"), np.load(folder / "dome_mc_dose_mGy.npy")
    sigma = np.load(folder / "dome_mc_sigma_mGy.npy")
    liver = phantom["material"] == 0
    density = phantom["density"][phantom["material"]]
    k, j, i = np.indices(liver.shape)
    z, y, x = (3.0 * n + 1.5 + o for n, o in zip((k, j, i), phantom["origin_corner_mm"], strict=True))
    beyond = np.sqrt((z + 60) ** 2 + y**2 + x**2) - 60
    inner = np.zeros(liver.shape, bool)
    inner[4:-4, 4:-4, 4:-4] = True
    tumor = phantom["activity"] == 4
    regions = {
        "tumor": tumor,
        "liver within 6 mm": liver & inner & ~tumor & (beyond > -6),
        "liver": liver & inner & ~tumor & (beyond < -12),
        **{
            f"lung {a} to {b} mm": ~liver & inner & (beyond >= a) & (beyond < b) for a, b in ((0, 6), (6, 15), (15, 30))
        },
    }
    per_ml = phantom["activity"].astype(float) / (0.027 * NUCLIDE.mean_life_s)
    size = (3.0, 3.0, 3.0)
    found = monte_carlo(per_ml, density, size, nuclide=NUCLIDE, histories=500_000, structures=regions, seed=8)
    superposed = 1000 * superposed_dose(per_ml, density, size, ray_setting="fine", nuclide=NUCLIDE)
    # Tolerances in percent, in addition to four standard errors.
    limits = {"tumor": 0.7, "liver within 6 mm": 0.7, "liver": 0.7, "lung 0 to 6 mm": 1.5, "lung 6 to 15 mm": 1.5}
    by_rays = {"lung 0 to 6 mm": 2.5, "lung 6 to 15 mm": 2.5, "lung 15 to 30 mm": 4.0}
    for name, region in regions.items():
        expected = truth[region].mean()
        noise = np.sqrt(8 * (sigma[region] ** 2).sum()) / region.sum() / expected
        estimate = found.structures[name]
        error = 1000 * estimate.mean_gy / expected - 1
        total = np.hypot(1000 * estimate.uncertainty_gy / expected, noise)
        rays = superposed[region].mean() / expected - 1
        measured(f"Monte Carlo, {name}", 100 * error, "%", signed=True, plus_minus=100 * total)
        measured(f"superposition, {name}", 100 * rays, "%", signed=True, plus_minus=100 * noise)
        assert abs(error) < limits.get(name, 3.0) / 100 + 4 * total, name
        assert abs(rays) < by_rays.get(name, 1.0) / 100 + 4 * noise, name


@pytest.mark.claim("gas_fano")
def test_gas_in_a_cavity_has_the_dose_of_its_wall(measured: Measured) -> None:
    """Fano's theorem: activity in proportion to density in one substance. No other program's dose in gas was found."""
    shape, size = (15, 15, 15), (3.0, 3.0, 3.0)
    k, j, i = np.indices(shape) - 7
    radius = 3 * np.sqrt(k**2 + j**2 + i**2)
    density = np.where(radius < 9, 0.0012, 1.06)
    structures = {"gas": radius < 9, "wall": (radius >= 9) & (radius < 12)}
    found = monte_carlo(
        density, density, size, medium="liver", histories=400_000, structures=structures, seed=2, nuclide=NUCLIDE
    )
    expected = 0.9961 * NUCLIDE.dose_factor_gy_kg_per_gbq
    for name, limit in (("gas", 0.06), ("wall", 0.005)):
        estimate = found.structures[name]
        error, sigma = estimate.mean_gy / expected - 1, estimate.uncertainty_gy / expected
        measured(name, 100 * error, "%", signed=True, plus_minus=100 * sigma)
        assert abs(error) < limit + 4 * sigma, name
