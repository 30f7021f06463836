"""Comparison of gamma with pymedphys, by the limit of its pass counts and by the cases of its tests.

The cases of its release (0.41.0) are also run with it if it is installed. Those of its later tests (points outside the
grid, planes, lines and single voxels) have exact answers. Its clinical cases, the DICOM files of Agnew and McGarry, are
a download and are not run.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from measured_figures import Measured
from numpy.typing import NDArray

from yttria.evaluation import GammaResult, gamma_index
from yttria.geometry.image import Image

#: Contract of the core, and the rounding of a float32 map.
ABOVE = 1e-4 + 1e-6


def on_axes(axes, dose) -> Image:
    """A map on three axes (k, j, i) of equal steps; the voxel size along an axis of one does not matter."""
    axes = [np.asarray(axis, dtype=float) for axis in axes]
    size = [axis[1] - axis[0] if axis.size > 1 else 1.0 for axis in axes]
    matrix = np.diag([*size[::-1], 1.0])
    matrix[:3, 3] = [axis[0] for axis in axes[::-1]]
    return Image(np.reshape(dose, [axis.size for axis in axes]).astype(float), matrix, "Gy")


def gamma(axes_a, a, axes_b, b, percent, mm, **kwargs) -> GammaResult:
    criteria = {"lower_dose_cutoff_fraction": 0.0, "maximum_gamma": 100.0, "reference_edge": "search"} | kwargs
    return gamma_index(
        on_axes(axes_a, a), on_axes(axes_b, b), dose_difference_fraction=percent / 100, distance_mm=mm, **criteria
    )


def at_points(points, doses, axes, b, percent, mm, **kwargs) -> NDArray[np.float64]:
    """Gamma of points that lie on no grid, one by one."""
    normalization = {"normalization_gy": float(np.max(doses))} | kwargs
    found = [
        gamma([[x] for x in point], dose, axes, b, percent, mm, **normalization).gamma.item()
        for point, dose in zip(points, doses, strict=True)
    ]
    return np.array(found)


def assert_near(found, exact, tolerance: float = ABOVE) -> None:
    np.testing.assert_allclose(found, exact, rtol=0, atol=tolerance)


# --- the limit of its pass counts ---

#: Voxels that pass by pymedphys 0.41.0 at interp_fraction 10 and 30, of 4836, for the maps below.
PYMEDPHYS = {
    ("same", 3, 3, False): (4835, 4835),
    ("same", 3, 3, True): (4684, 4688),
    ("same", 2, 2, False): (4801, 4802),
    ("same", 3, 1, False): (4424, 4425),
    ("same", 1, 1, True): (2782, 2906),
    ("other", 3, 3, False): (4836, 4836),
    ("other", 3, 3, True): (4830, 4831),
    ("other", 2, 2, True): (4740, 4753),
    ("other", 3, 1, False): (4459, 4462),
    ("other", 1, 1, True): (2923, 3066),
}


def smooth_dose(z, y, x):
    bump = np.exp(-(((z - 20) / 9) ** 2 + ((y - 22) / 7) ** 2 + ((x - 19) / 11) ** 2) / 2)
    return 60 * bump + 12 * np.cos(x / 5) * np.sin(y / 7) ** 2 + 20


@pytest.mark.claim("gamma_pymedphys")
@pytest.mark.parametrize(("grid", "percent", "mm", "local"), PYMEDPHYS)
def test_pass_counts_are_the_limit_of_those_of_pymedphys(
    grid: str, percent: int, mm: int, local: bool, measured: Measured
) -> None:
    # Its samples are finer at 30 steps per distance criterion than at 10, and more voxels pass. All of them pass here
    # too, and no more than its trend allows.
    axes = tuple(np.arange(n) * h for n, h in ((14, 3.0), (18, 2.5), (20, 2.0)))
    other = tuple(np.arange(n) * h - 1.3 for n, h in ((17, 2.7), (25, 1.9), (18, 2.6)))
    axes_b = axes if grid == "same" else other
    z, y, x = np.meshgrid(*axes_b, indexing="ij")
    b = smooth_dose(z, y - 1.2, x + 0.8) * 1.02 + 1.5 * np.sin(z * 1.7) * np.cos(x * 2.1) * np.sin(y * 1.3)
    result = gamma_index(
        on_axes(axes, smooth_dose(*np.meshgrid(*axes, indexing="ij"))),
        on_axes(axes_b, b),
        dose_difference_fraction=percent / 100,
        distance_mm=mm,
        lower_dose_cutoff_fraction=0.2,
        local=local,
        reference_edge="search",
    )
    coarse, fine = PYMEDPHYS[grid, percent, mm, local]
    kind = "local" if local else "global"
    label = f"{grid} grid, {percent} % / {mm} mm {kind}, voxels beyond pymedphys at 30 steps"
    measured(label, result.passing_voxels - fine, digits=4)
    assert result.evaluated_voxels == 4836
    assert fine <= result.passing_voxels <= fine + max(fine - coarse, 2)


# --- the cases of its release ---


def box() -> tuple[list[NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A box of 1.015 against a larger one of 1 on 0.1 mm voxels: axes, both, and its gamma at 3 % and 0.3 mm.

    Its tests expect 1, 0.7 and 0.4 in the shells between the two, and 0.5 in the inner box, to one decimal: of samples,
    which round 1/3 and 2/3 up. The exact values are those, less what the ramps give.
    """
    a, b, exact = np.zeros((10, 12, 14)), np.zeros((10, 12, 14)), np.zeros((10, 12, 14))
    b[2:-2, 2:-2, 2:-2] = 1.0
    for n in (2, 3, 4):
        exact[n:-n, n:-n, n:-n] = (n - 1) / 3
    inner = np.s_[3:-2, 4:-2, 5:-2]
    a[inner], exact[inner] = 1.015, 0.015 / 1.015 / 0.03
    return [np.arange(n) * 0.1 for n in a.shape], a, b, exact


CUTS = [np.s_[:, :, :], np.s_[5:6, :, :], np.s_[5:6, 5:6, :]]


@pytest.mark.parametrize("cut", CUTS, ids=["volume", "plane", "line"])
def test_the_box_of_pymedphys_has_its_gamma_as_volume_plane_and_line(cut) -> None:
    axes, a, b, exact = box()
    axes = [axis[along] for axis, along in zip(axes, cut, strict=True)]
    result = gamma(axes, a[cut], axes, b[cut], 3, 0.3)
    assert_near(result.gamma, exact[cut], 1e-3)
    assert result.passing_fraction == 1.0


@pytest.mark.parametrize("ratio", [10, 15, 20])
def test_gamma_falls_as_both_criteria_grow(ratio: int) -> None:
    axes, a, b, _ = box()
    first = gamma(axes, a, axes, b, 0.6 * ratio, 0.6).gamma
    for scale in (2, 3, 4):
        assert_near(gamma(axes, a, axes, b, 0.6 * ratio * scale, 0.6 * scale).gamma, first / scale, 2 * ABOVE)


CUTOFF_DOSES = np.array([0, 1, 1.9, 2, 2.1, 3, 4, 5, 10, 10])


def test_a_dose_at_the_cutoff_is_evaluated() -> None:
    axes = [[0.0], [0.0], np.arange(10.0)]
    evaluated = [[0.0], [0.0], np.arange(12.0) - 4]
    result = gamma(axes, CUTOFF_DOSES, evaluated, np.full(12, 10.0), 10, 1, lower_dose_cutoff_fraction=0.2)
    assert np.isnan(result.gamma.ravel()).tolist() == (CUTOFF_DOSES < 2).tolist()


@pytest.mark.claim("gamma_pymedphys")
@pytest.mark.parametrize("cut", CUTS, ids=["volume", "plane", "line"])
def test_pymedphys_passes_as_many_voxels_of_its_own_cases(cut) -> None:
    pymedphys = pytest.importorskip("pymedphys", reason="pymedphys runs beside us where it is installed")
    axes, a, b, _ = box()
    axes = [axis[along] for axis, along in zip(axes, cut, strict=True)]
    theirs_axes = tuple(axis for axis in axes if axis.size > 1)
    shape = [axis.size for axis in theirs_axes]
    for percent, mm, local in [(3, 0.3, False), (3, 0.2, False), (1, 0.3, False), (6, 0.15, False), (3, 0.25, True)]:
        options = {"lower_percent_dose_cutoff": 20 * local, "interp_algo": "scipy", "local_gamma": local}
        theirs = pymedphys.gamma(
            theirs_axes, a[cut].reshape(shape), theirs_axes, b[cut].reshape(shape), percent, mm, **options
        )
        kept = ~np.isnan(theirs)
        ours = gamma(axes, a[cut], axes, b[cut], percent, mm, local=local, lower_dose_cutoff_fraction=0.2 * local)
        assert ours.evaluated_voxels == kept.sum()
        assert ours.passing_voxels == (theirs[kept] <= 1 + 1e-5).sum(), (percent, mm, local)


# --- its later tests: outside the grid ---


def test_outside_a_uniform_grid_the_nearest_point_counts() -> None:
    axes = [[0.0], np.linspace(0, 4, 9), np.linspace(0, 4, 9)]
    points = [(0, y, x) for y, x in product((-2.0, 1.0), (2.0, 7.0))]
    found = at_points(points, np.ones(4), axes, np.full((9, 9), 1.02), 3, 3)
    assert_near(found, np.hypot(0.02 / 0.03, np.array([2.0, np.hypot(2, 3), 0.0, 3.0]) / 3))
    axes = [np.linspace(0, 2, 5)] * 3
    assert_near(at_points([(3.0, -1.0, 1.0)], np.ones(1), axes, np.ones(125), 3, 3), np.sqrt(2) / 3)


@pytest.mark.parametrize("local", [False, True])
def test_along_a_line_of_dose_gamma_is_the_minimum_of_a_parabola(local: bool) -> None:
    x = np.linspace(0, 3, 11)
    at, doses = np.array([-1.7, -0.2, 0.3, 1.7, 4.3]), np.array([0.98, 1.01, 1.02, 0.99, 1.03])
    criterion = 0.03 * (doses if local else doses.max())
    a, b, mm = 0.97, 0.025, 2.0
    lowest = (at * criterion**2 - b * (a - doses) * mm**2) / (criterion**2 + (b * mm) ** 2)
    y = np.clip(lowest, 0, 3)
    exact = np.hypot((a + b * y - doses) / criterion, (y - at) / mm)
    points = [(0.0, 0.0, place) for place in at]
    assert_near(at_points(points, doses, [[0.0], [0.0], x], a + b * x, 3, mm, local=local), exact)


@pytest.mark.parametrize("maximum", [1.5, 2, 10])
def test_the_maximum_gamma_changes_no_verdict(maximum: float) -> None:
    x, along = np.linspace(-40, 10, 101), np.linspace(0, 10, 21)
    case = [[0.0], [0.0], x], 1 + 0.001 * x, [[0.0], [0.0], along], 1.01 + 0.001 * along, 3, 3
    free, cut = gamma(*case), gamma(*case, maximum_gamma=maximum)
    assert free.gamma.min() <= 1
    assert free.gamma.max() > maximum
    assert (cut.passes == free.passes).all()
    assert_near(cut.gamma, np.minimum(free.gamma, maximum))
    far = gamma([[0.0], [0.0], [0.0, 1.0]], np.ones(2), [[0.0], [0.0], [1000.0, 1001.0]], np.ones(2), 3, 3)
    assert (far.gamma == 100.0).all()
    assert far.passing_voxels == 0


# --- its later tests: planes, lines and single voxels ---

Y, X, PLANE = np.linspace(-3, 3, 13), np.linspace(-2, 2, 9), 1.0
PLANE_DOSE = np.repeat(0.97 + 0.025 * Y, X.size)


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("origin", [0.0, 300.0, -1234.5])
@pytest.mark.parametrize("thin", [0, 1, 2])
def test_gamma_of_a_volume_against_a_plane_anywhere_is_exact(local: bool, origin: float, thin: int) -> None:
    points = np.array(list(product([-0.5, 1.0, 1.4, 4.0], [-4.0, -1.3, 0.0, 2.2, 3.5], [-2.5, 0.0, 1.1])))
    doses = 1.0 + 0.01 * np.sin(points.sum(axis=1))
    criterion, mm = 0.03 * (doses if local else doses.max()), 2.0
    z, y, x = points.T
    lowest = np.clip(
        (y * criterion**2 - 0.025 * (0.97 - doses) * mm**2) / (criterion**2 + (0.025 * mm) ** 2), Y[0], Y[-1]
    )
    away = (lowest - y) ** 2 + (np.clip(x, X[0], X[-1]) - x) ** 2 + (z - PLANE) ** 2
    exact = np.sqrt(((0.97 + 0.025 * lowest - doses) / criterion) ** 2 + away / mm**2)
    axes = [np.array([PLANE]), Y, X]
    order = np.insert([1, 2], thin, 0)
    found = at_points(
        points[:, order] + origin,
        doses,
        [axes[n] + origin for n in order],
        np.transpose(PLANE_DOSE.reshape(1, Y.size, X.size), order),
        3,
        mm,
        local=local,
    )
    assert_near(found, exact)


def test_gamma_of_a_line_and_of_a_single_voxel_is_exact() -> None:
    line = np.linspace(-2, 2, 9)
    points = np.array(list(product([-3.0, 0.0, 1.0], [0.5, 2.5], [-1.0])))
    nearest = np.column_stack([np.clip(points[:, 0], -2, 2), np.full(6, 0.5), np.full(6, -1.0)])
    found = at_points(points, np.ones(6), [line, [0.5], [-1.0]], np.ones(9), 3, 3)
    assert_near(found, np.linalg.norm(points - nearest, axis=1) / 3)
    point, axis = np.array([0.5, -1.0, 2.0]), [-1.0, 0.5, 3.0]
    points = np.array(list(product(axis, axis, axis)))
    doses = np.where((points == 0.5).all(axis=1), 1.02, 1.0)
    found = at_points(points, doses, [[x] for x in point], [1.01], 3, 3)
    assert_near(found, np.hypot((1.01 - doses) / (0.03 * 1.02), np.linalg.norm(points - point, axis=1) / 3))
