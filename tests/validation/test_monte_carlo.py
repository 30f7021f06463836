"""Voxel S values against full Monte Carlo and published values, and the error of homogeneous methods at a lung."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measured_figures import Measured
from numpy.typing import NDArray

from conftest import SHARED_DATA
from yttria import Nuclide, absorbed_dose, local_deposition, voxel_s_values
from yttria.conformance import monte_carlo
from yttria.conformance.monte_carlo import MONTE_CARLO_MEV, Table, compare_to_monte_carlo, parse


def tables() -> list[Table]:
    """Tables of the package, and further tables of the test data."""
    folder = SHARED_DATA / "kernels" / "voxel_s_values_mc"
    more = {path.name: parse(path.name, path.read_text("utf-8")) for path in sorted(folder.glob("*.csv"))}
    return list((more | {table.name: table for table in monte_carlo.tables()}).values())


@pytest.mark.claim("s_values_follow_monte_carlo")
@pytest.mark.parametrize("table", tables(), ids=lambda table: table.name)
def test_voxel_s_values_are_those_of_full_monte_carlo(table: Table, measured: Measured) -> None:
    found = compare_to_monte_carlo(table)
    measured("S000, largest difference", 100 * found.source_voxel, "%", signed=True)
    measured("other voxels, largest difference", 100 * found.worst, "%")
    measured("root mean square of differences", found.rms_sigma, "standard errors")
    assert np.array_equal(table.index[np.argmax(table.s)], [0, 0, 0])
    assert abs(found.source_voxel) <= 2e-3
    assert found.within


@pytest.mark.claim("s_values_follow_lanconelli")
@pytest.mark.parametrize("mm", ["3", "4.42", "4.8"])
def test_voxel_s_values_of_soft_tissue_are_near_published_ones(shared_data: Path, mm: str, measured: Measured) -> None:
    """Lanconelli et al., Phys Med Biol 2012;57:517: other code, spectrum and medium data; printed to three digits."""
    lines = (shared_data / f"kernels/lanconelli/90Y{mm}mmsoft.txt").read_text("latin-1").splitlines()
    columns = np.array([line.split() for line in lines[2:] if line.strip()], dtype=float)
    index, theirs = columns[:, :3].astype(int), columns[:, 3]
    nuclide = Nuclide.from_energy(64.1, MONTE_CARLO_MEV)
    ours = voxel_s_values([float(mm)] * 3, medium="soft_tissue", nuclide=nuclide).values
    center = ours.shape[0] // 2
    inside = np.all(index <= center, axis=1)
    ratio = ours[tuple((center + index[inside]).T)] / theirs[inside]
    measured(f"ratio of S000, {mm} mm", ratio[0], digits=4)
    assert 0.991 <= ratio[0] <= 0.997
    # Voxels above 1 % of the source voxel.
    assert np.all(np.abs(ratio - 1)[theirs[inside] > 0.01 * theirs[0]] < 0.03)


@pytest.mark.claim("homogeneous_at_lung")
def test_a_homogeneous_kernel_has_its_known_error_at_a_lung(shared_data: Path, measured: Measured) -> None:
    """A known limit, not an aim: a liver dome under lung, of which only the liver is of the kernel's medium.

    Voxels within 12 mm of the edge of the array are left out, as in the table of region means.
    """
    folder = shared_data / "kernels/lung_liver_dome"
    phantom, truth = np.load(folder / "dome_phantom.npz"), np.load(folder / "dome_mc_dose_mGy.npy")
    liver = phantom["material"] == 0
    size_mm = tuple(np.broadcast_to(phantom["spacing_mm"], 3).tolist())
    at = [
        n * mm + mm / 2 + o
        for n, mm, o in zip(np.indices(liver.shape), size_mm, phantom["origin_corner_mm"], strict=True)
    ]
    depth = np.sqrt((at[0] + 60) ** 2 + at[1] ** 2 + at[2] ** 2) - 60  # from the surface of the liver
    assert np.array_equal(depth <= 0, liver)
    inner = np.zeros(liver.shape, bool)
    inner[4:-4, 4:-4, 4:-4] = True

    nuclide = Nuclide.from_energy(64.1, MONTE_CARLO_MEV)
    s = voxel_s_values(size_mm, medium="liver", nuclide=nuclide)
    per_ml = phantom["activity"].astype(float) / (
        np.prod(size_mm) / 1000 * nuclide.mean_life_s
    )  # 1 is 1 MBq s per voxel
    kernel = 1000 * absorbed_dose(per_ml, s)
    local = 1000 * local_deposition(per_ml, density_g_per_ml=np.where(liver, 1.06, 0.26), nuclide=nuclide)

    def off(dose: NDArray[np.float64], region: NDArray[np.bool_]) -> float:
        return float(dose[region].mean() / truth[region].mean() - 1)

    tumor = phantom["activity"] == 4
    assert off(local, tumor) == pytest.approx(0.2039, abs=1e-3)
    assert off(kernel, tumor) == pytest.approx(0.0, abs=1e-3)
    measured("local deposition, tumor", 100 * off(local, tumor), "%", signed=True)
    for shallow, deep, count, expected in [(0, 6, 892, -0.595), (6, 15, 1280, -0.992), (15, 30, 2080, -1.0)]:
        region = ~liver & inner & (depth >= shallow) & (depth < deep)
        measured(f"voxel S values, lung {shallow} to {deep} mm", 100 * off(kernel, region), "%", signed=True)
        assert np.count_nonzero(region) == count
        assert off(local, region) == -1.0
        assert off(kernel, region) == pytest.approx(expected, abs=0.003)
