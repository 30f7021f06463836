"""Against full Monte Carlo and published voxel S values, and what homogeneous methods cannot do."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import ROOT
from yttria import Nuclide, voxel_s_values

MONTE_CARLO_MEV = 0.932968
"""Mean energy per decay of the spectrum in every table."""

MEDIA = {"water": "water", "soft": "soft_tissue", "liver": "liver", "lung": "lung", "cortical": "bone", "bone": "bone"}


@dataclass(frozen=True)
class Table:
    """One octant of voxel S values by Monte Carlo, axes in the order of its columns."""

    medium: str
    density_g_per_ml: float
    voxel_size_mm: tuple[float, float, float]
    index: NDArray[np.int64]
    s: NDArray[np.float64]
    sigma: NDArray[np.float64]


def read(path: Path) -> Table:
    """The head states medium, density and voxel size; the columns are i, j, k, S, sigma."""
    lines = path.read_text("utf-8").splitlines()
    head = " ".join(line for line in lines if line.startswith("#"))
    number = r"([\d.]+)"
    found = re.search(rf"medium (\w+) rho={number} g/cm3, voxel {number} x {number} x {number} mm", head)
    assert found, f"{path.name} does not state medium, density and voxel size"
    name = found[1].lower()
    medium = next(known for part, known in MEDIA.items() if part in name)
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    assert rows[0] == ["i", "j", "k", "S_mGy_per_MBqs", "sigma"]
    columns = np.array(rows[1:], dtype=float)
    size = (float(found[3]), float(found[4]), float(found[5]))
    return Table(medium, float(found[2]), size, columns[:, :3].astype(int), columns[:, 3], columns[:, 4])


def tables() -> list[Path]:
    return sorted((ROOT.parent / "shared" / "data").glob("kernels/voxel_s_values_mc/*.csv"))


@pytest.mark.parametrize("path", tables(), ids=lambda path: path.stem)
def test_voxel_s_values(path: Path) -> None:
    table = read(path)
    nuclide = Nuclide.from_energy(64.1, MONTE_CARLO_MEV)
    ours = voxel_s_values(
        table.voxel_size_mm, medium=table.medium, density_g_per_ml=table.density_g_per_ml, nuclide=nuclide
    ).values
    center = np.array(ours.shape) // 2
    inside = np.all(table.index <= center, axis=1)
    s = np.zeros(len(table.s))
    s[inside] = ours[tuple((center + table.index[inside]).T)]

    first = np.all(table.index == 0, axis=1)
    ratio = s[first][0] / table.s[first][0]
    images = np.prod(np.where(table.index == 0, 1, 2), axis=1)
    energy = table.s * images
    order = np.argsort(-table.s)
    carrying = order[: np.searchsorted(np.cumsum(energy[order]), 0.99 * energy.sum()) + 1]
    error = np.abs(s - table.s)[carrying]
    allowed = np.maximum(0.005 * table.s, 3 * table.sigma)[carrying]
    worst = np.argmax(error / allowed)
    print(
        f"{path.stem}: S000 {ratio - 1:+.5f} (sigma {table.sigma[first][0] / table.s[first][0]:.5f}), "
        f"{len(carrying)} voxels carry 99 %: worst {error[worst] / table.s[carrying][worst]:.4f} "
        f"of which sigma {table.sigma[carrying][worst] / table.s[carrying][worst]:.4f}, "
        f"max {np.max(error / table.s[carrying]):.4f}, rms z {np.sqrt(np.mean((error / table.sigma[carrying]) ** 2)):.2f}"
    )
    assert ratio == pytest.approx(1.0, abs=1e-3)
    assert np.all(error <= allowed), f"{table.index[carrying][worst]}: {error[worst]} allowed {allowed[worst]}"
