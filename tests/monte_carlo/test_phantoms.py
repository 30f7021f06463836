"""Monte Carlo transport against EGSnrc in voxels: S values, a liver dome under lung, a rib.

The phantoms end in vacuum here and there; the outermost voxels are not scored. Each limit is the one that longer runs
keep (docs/theory/monte_carlo.md), plus four standard errors of both sides.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yttria import MonteCarloDose, Nuclide, monte_carlo
from yttria.conformance.monte_carlo import MONTE_CARLO_MEV

NUCLIDE = Nuclide.from_energy(64.1, MONTE_CARLO_MEV)
#: Place in `yttria`'s list of the phantoms' liver, lung, bone, air and soft tissue.
PLACES = np.array([2, 3, 4, 5, 1])


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


def _compare(phantom: dict[str, Any], masks: Any, dose: MonteCarloDose, limits: dict[str, float]) -> None:
    for name, mask in masks.items():
        truth = phantom["dose_mGy"][mask].mean()
        # Symmetry makes up to eight voxels of the truth one.
        noise = np.sqrt(8 * (phantom["sigma_mGy"][mask] ** 2).sum()) / mask.sum()
        estimate = dose.structures[name]
        error = 100 * (1000 * estimate.mean_gy / truth - 1)
        sigma = 100 * np.hypot(1000 * estimate.uncertainty_gy, noise) / truth
        print(f"{name}: {error:+.2f} % +- {sigma:.2f} %")
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


def test_a_liver_dome_under_lung(shared_data: Path) -> None:
    limits = {"tumor": 0.7, "liver": 0.7, "lung 0 to 15 mm": 1.5, "lung 15 to 30 mm": 3.0}
    _compare(*_simulated(shared_data, "dome_hot", _dome, 500_000), limits)


def _rib(phantom: dict[str, Any], medium: Any) -> dict[str, Any]:
    hot = phantom["activity"] > 0.9 * phantom["activity"].max()
    masks = {"tumor": hot, "liver": (medium == 0) & ~hot, "bone": medium == 2}
    return {name: mask & _scored(medium.shape) for name, mask in masks.items()}


def test_a_rib_beside_a_hot_sphere(shared_data: Path) -> None:
    _compare(*_simulated(shared_data, "rib", _rib, 500_000), {"tumor": 0.7, "liver": 0.7, "bone": 1.5})


def test_voxel_s_values_of_water(shared_data: Path) -> None:
    path = shared_data / "kernels" / "voxel_s_values_mc" / "vsv_water_rho1.00_3x3x3mm.csv"
    rows = [row for row in csv.reader(path.read_text().splitlines()) if row and row[0].isdigit()]
    center = 6
    activity = np.zeros((13, 13, 13))
    activity[center, center, center] = 1 / (0.027 * NUCLIDE.mean_life_s)
    dose = monte_carlo(
        activity, np.ones_like(activity), (3.0, 3.0, 3.0), medium="water", nuclide=NUCLIDE, histories=400_000, seed=3
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
    assert abs(ours[0] / theirs[0] - 1) < 0.003 + 4 * np.sqrt(noise[0]) / theirs[0]
    assert (np.abs(ours / theirs - 1) < 0.01 + 4 * np.sqrt(noise) / theirs).all()
