"""Comparison of the core's voxel S values with those of full Monte Carlo (EGSnrc, computed by this project)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from .._core import Nuclide
from .._foundation.choices import MediumName
from ..kernels import voxel_s_values
from ..voxel import monte_carlo

MONTE_CARLO_MEV = 0.932968
"""Mean energy per decay in MeV of the spectrum of every table, that of ICRP Publication 107. No dose rests on it."""

_MEDIA: dict[str, MediumName] = {
    "water": "water",
    "soft": "soft_tissue",
    "liver": "liver",
    "lung": "lung",
    "cortical": "bone",
    "bone": "bone",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """One octant of voxel S values by Monte Carlo, with axes in the order of its columns and statistical `sigma`."""

    name: str
    medium: MediumName
    density_g_per_ml: float
    voxel_size_mm: tuple[float, float, float]
    index: NDArray[np.int64]
    s: NDArray[np.float64]
    sigma: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MonteCarloComparison:
    """Relative deviation of the core from one table, in the source voxel and in the voxels with 99 % of the energy.

    `within` states whether each of these is within max(0.7 %, 4 sigma). `rms_sigma` is their deviation in sigma.
    """

    source_voxel: float
    source_voxel_sigma: float
    voxels: int
    worst: float
    rms_sigma: float
    within: bool


def tables() -> Iterator[Table]:
    """Read the shipped tables."""
    folder = files("yttria").joinpath("data", "voxel_s_values_mc")
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".csv"):
            yield parse(entry.name, entry.read_text("utf-8"))


def parse(name: str, text: str) -> Table:
    """Parse a table, whose head states medium, density and voxel size along i, j and k.

    Another head raises `ValueError`.
    """
    lines = text.splitlines()
    head = " ".join(line for line in lines if line.startswith("#"))
    number = r"([\d.]+)"
    found = re.search(rf"medium (\w+) rho={number} g/cm3, voxel {number} x {number} x {number} mm", head)
    if not found:
        raise ValueError(f"{name} must state medium, density and voxel size")
    medium = next(known for part, known in _MEDIA.items() if part in found[1].lower())
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    column = dict(zip(rows[0], np.array(rows[1:], dtype=np.float64).T, strict=True))
    index = np.stack([column["i"], column["j"], column["k"]], axis=1).astype(np.int64)
    size = (float(found[3]), float(found[4]), float(found[5]))
    return Table(
        name=name,
        medium=medium,
        density_g_per_ml=float(found[2]),
        voxel_size_mm=size,
        index=index,
        s=column["S_mGy_per_MBqs"],
        sigma=column["sigma"],
    )


def compare_to_monte_carlo(table: Table) -> MonteCarloComparison:
    """Compare the core's voxel S values for the table's medium, density and voxel size with the table."""
    nuclide = Nuclide.from_energy(64.1, MONTE_CARLO_MEV)
    ours = voxel_s_values(
        table.voxel_size_mm, medium=table.medium, density_g_per_ml=table.density_g_per_ml, nuclide=nuclide
    ).values
    center = np.array(ours.shape) // 2
    inside = np.all(table.index <= center, axis=1)
    s = np.zeros(table.s.size)
    s[inside] = ours[tuple((center + table.index[inside]).T)]

    images = np.prod(np.where(table.index == 0, 1, 2), axis=1)
    order = np.argsort(-table.s)
    energy = np.cumsum((table.s * images)[order])
    carrying = order[: np.searchsorted(energy, 0.99 * energy[-1]) + 1]
    error, sigma = (s - table.s)[carrying], table.sigma[carrying]
    # The largest value is that of the source voxel.
    relative = error / table.s[carrying]
    return MonteCarloComparison(
        source_voxel=float(relative[0]),
        source_voxel_sigma=float(sigma[0] / table.s[carrying[0]]),
        voxels=carrying.size,
        worst=float(np.abs(relative).max()),
        rms_sigma=float(np.sqrt(np.mean((error / sigma) ** 2))),
        within=bool(np.all(np.abs(error) <= np.maximum(0.007 * table.s[carrying], 4 * sigma))),
    )


def compare_source_voxel(table: Table, *, histories: int, seed: int) -> tuple[float, float]:
    """Compare the core's Monte Carlo with the source voxel of a table, and return deviation and combined sigma."""
    activity = np.zeros((9, 9, 9))
    activity[4, 4, 4] = 1.0
    nuclide = Nuclide.from_energy(64.1, MONTE_CARLO_MEV)
    found = monte_carlo(
        activity,
        np.full(activity.shape, table.density_g_per_ml),
        table.voxel_size_mm,
        medium=table.medium,
        # In a uniform map the other estimator would be the convolution with a kernel.
        estimator="plain",
        nuclide=nuclide,
        histories=histories,
        seed=seed,
    )
    source = int(np.argmax(table.s))
    decays = float(np.prod(table.voxel_size_mm)) / 1000 * nuclide.mean_life_s
    ours = 1000 * float(found.dose_gy[4, 4, 4]) / decays / table.s[source]
    noise = float(found.uncertainty_gy[4, 4, 4]) / float(found.dose_gy[4, 4, 4])
    return float(ours) - 1, float(np.hypot(noise, table.sigma[source] / table.s[source]))
