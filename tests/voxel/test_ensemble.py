"""Ensembles of shifts and blurs: shifted images, spread of doses, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from yttria import AbsoluteScaling, Image, Structure, dose_image
from yttria.errors import ArgumentError, OutOfRangeError, ShapeError, UnknownNameError
from yttria.voxel import dose_ensemble

SHAPE, SIZE_MM = (16, 9, 10), (4.0, 3.0, 5.0)
AFFINE = np.diag([*SIZE_MM[::-1], 1.0])
NOW = AbsoluteScaling(scan_delay_h=0.0)


def _case() -> tuple[Image, Image, list[Structure]]:
    density = np.full(SHAPE, 1.05)
    density[8:] = 0.26
    activity = np.zeros(SHAPE)
    activity[4:8, 3:6, 3:7] = 1.0
    masks = {"Source": activity > 0, "Lung beside it": np.zeros(SHAPE, bool)}
    masks["Lung beside it"][8:10, 3:6, 3:7] = True
    structures = [Structure(name, mask, AFFINE) for name, mask in masks.items()]
    return Image(activity, AFFINE, "MBq/mL"), Image(density, AFFINE, "g/mL"), structures


def _ensemble(shifts: Any, **options: Any) -> Any:
    activity, density, structures = _case()
    return dose_ensemble(
        activity, density, structures, scaling=NOW, shifts_mm=shifts, **({"ray_setting": "fast"} | options)
    )


def test_a_shift_by_whole_voxels_shifts_the_density() -> None:
    activity, density, structures = _case()
    down, up = np.full(SHAPE, 0.26), np.full(SHAPE, 1.05)
    down[:6], up[10:] = 1.05, 0.26
    doses = []
    for array in (down, up):
        result = dose_image(
            activity, scaling=NOW, method="superposition", density=density.with_array(array, "g/mL"), ray_setting="fast"
        )
        doses.append([row.mean_gy for row in result.table(structures)])
    expected = np.array(doses)
    for n, spread in enumerate(_ensemble([(0, 0, -8), (0, 0, 8)])):
        assert spread.structure == structures[n].name
        assert sorted(expected[:, n]) == pytest.approx([spread.lowest_gy, spread.highest_gy])
        assert spread.mean_gy == pytest.approx(expected[:, n].mean())
        assert spread.standard_deviation_gy == pytest.approx(expected[:, n].std(ddof=1))
        assert spread.as_dict()["nominal_gy"] == spread.nominal_gy


def test_shifted_activity_keeps_its_sum() -> None:
    """All methods. By local deposition the mean dose of the whole map is the energy, for any position of it."""
    activity, density, _ = _case()
    whole = [Structure("All", np.ones(SHAPE, bool), AFFINE)]
    uniform = density.with_array(np.full(SHAPE, 1.05), "g/mL")
    (spread,) = dose_ensemble(
        activity,
        uniform,
        whole,
        scaling=NOW,
        shifts_mm=[(2.0, 1.0, -3.0), (-4.0, 2.0, 5.0)],
        blur_fwhm_mm=3.0,
        shifted="activity",
        method="local_deposition",
    )
    assert spread.lowest_gy == pytest.approx(spread.nominal_gy, rel=0.01)
    assert spread.highest_gy == pytest.approx(spread.nominal_gy, rel=0.01)
    (alone,) = dose_ensemble(
        activity, uniform, whole, scaling=NOW, shifts_mm=[(0, 0, 0)], shifted="activity", method="local_deposition"
    )
    assert (alone.mean_gy, alone.standard_deviation_gy) == (pytest.approx(alone.nominal_gy), 0)


def test_lung_spreads_more_than_the_source() -> None:
    source, lung = _ensemble([(0, 0, z) for z in (-6, -3, 0, 3, 6)], blur_fwhm_mm=4.0)
    assert lung.standard_deviation_gy / lung.mean_gy > 3 * source.standard_deviation_gy / source.mean_gy


def test_impossible_shifts_and_blurs_are_refused() -> None:
    with pytest.raises(ArgumentError, match="at least one shift"):
        _ensemble([])
    with pytest.raises(ShapeError, match="three numbers"):
        _ensemble([(1, 2)])
    with pytest.raises(OutOfRangeError, match="finite"):
        _ensemble([(1, 2, np.inf)])
    with pytest.raises(OutOfRangeError, match="blur in mm"):
        _ensemble([(0, 0, 0)], blur_fwhm_mm=-1.0)
    with pytest.raises(UnknownNameError, match="shifted"):
        _ensemble([(0, 0, 0)], shifted="liver")
    activity, density, _ = _case()
    far = Structure("Far", np.ones((2, 2, 2), bool), AFFINE + np.array([[0, 0, 0, 1e4]] * 3 + [[0] * 4]))
    with pytest.raises(ArgumentError, match="'Far' occupies no voxel"):
        dose_ensemble(activity, density, [far], scaling=NOW, shifts_mm=[(0, 0, 0)])
