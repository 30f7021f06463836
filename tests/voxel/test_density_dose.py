"""Local deposition with a density of each voxel: the formula, air, provenance, refusals."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from image_samples import SHAPE, affine, values

from yttria import AbsoluteScaling, Image, Nuclide, YttriaError, density_image, dose_image
from yttria.errors import ArgumentError, GeometryError, OutOfRangeError, UnitError, UnknownNameError
from yttria.reference.local_deposition import local_deposition as definition

C = Nuclide().dose_factor_gy_kg_per_gbq
NOW = AbsoluteScaling(scan_delay_h=0.0)
ACTIVITY = Image(values(), affine("oblique"), "kBq/mL")


def _density(low: float = 0.2, dtype: Any = np.float32) -> Image:
    array = np.random.default_rng(8).uniform(low, 1.9, SHAPE).astype(dtype)
    return Image(array, affine("oblique"), "g/mL")


def _dose(density: Any, **options: Any) -> Any:
    return dose_image(ACTIVITY, scaling=NOW, density=density, **options)


def test_each_voxel_has_the_dose_of_its_own_density() -> None:
    for dtype in (np.float32, np.float64):
        density = _density(dtype=dtype)
        result = _dose(density)
        np.testing.assert_allclose(result.image.array, definition(ACTIVITY.array / 1000, density.array, C), rtol=3e-7)
        assert result.image.array.dtype == np.float32
    uniform = dose_image(ACTIVITY, scaling=NOW, density_g_per_ml=1.06).image.array
    same = Image(np.full(SHAPE, 1.06), ACTIVITY.affine_lps, "g/mL")
    np.testing.assert_allclose(_dose(same).image.array, uniform, rtol=3e-7)
    # Dose times mass is the energy, for any densities.
    energy = (result.image.array * density.array).sum(dtype=np.float64)
    assert energy == pytest.approx(C * ACTIVITY.array.sum(dtype=np.float64) / 1000, rel=1e-6)


def test_the_density_of_a_ct_on_another_grid_is_resampled() -> None:
    matrix = affine("oblique")
    matrix[:3, 3] -= matrix[:3, :3] @ [1.25, 1.25, 1.25]
    matrix[:3, :3] /= 2
    hu = np.random.default_rng(2).uniform(-900, 300, tuple(2 * n + 4 for n in SHAPE)).astype(np.int16)
    hu[0, 0, 0] = -1024
    density = density_image(Image(hu, matrix, "HU"), out_of_range="clamp")
    with pytest.raises(GeometryError, match="resampled_on"):
        _dose(density)
    carried = density.resampled_on(ACTIVITY)
    assert carried.image.array[0, 0, 0] == pytest.approx(density.image.array[2:4, 2:4, 2:4].mean(), rel=1e-6)
    result = _dose(carried)
    terms = json.loads(json.dumps(result.provenance.as_dict()))["density_image"]
    assert terms["curve"] == "schneider_1996"
    assert terms["source"] == "schneider1996"
    assert terms["range_hu"] == [-1000, 1376]
    assert terms["below_voxels"] == 1
    (step,) = terms["resampling"]
    assert (step["method"], step["fill_value"], step["outside_voxels"]) == ("average", None, 0)
    assert terms["range_g_per_ml"][0] == pytest.approx(float(carried.image.array.min()))
    assert result.provenance.density_g_per_ml is None
    codes = [a.code for a in result.advisories]
    assert codes == ["ct_density_not_verified", "outside_ct_density_curve", "resampled"]


def test_air_is_never_clamped_in_silence() -> None:
    density = _density()
    array = density.array.copy()
    array[1, 2, 3:5] = 0.001
    air = density.with_array(array, "g/mL")
    kept = _dose(air)
    assert kept.image.array[1, 2, 3] == pytest.approx(C * ACTIVITY.array[1, 2, 3] / 1000 / 0.001, rel=1e-6)
    clipped = _dose(air, low_density_voxels="clip")
    assert clipped.image.array[1, 2, 3] == pytest.approx(C * ACTIVITY.array[1, 2, 3] / 1000 / 0.05, rel=1e-6)
    emptied = _dose(air, low_density_voxels="zero", low_density_limit_g_per_ml=0.01)
    assert (emptied.image.array[1, 2, 3:5] == 0).all()
    share = ACTIVITY.array[1, 2, 3:5].sum() / ACTIVITY.array.sum()
    for result, policy in ((kept, "keep"), (clipped, "clip"), (emptied, "zero")):
        advisory = next(a for a in result.advisories if a.code == "low_density")
        assert advisory.value == pytest.approx(share, rel=1e-5)
        assert advisory.message.startswith("2 voxels with ")
        assert result.provenance.density_image["low_density_voxels"] == policy
        assert result.provenance.density_image["low_density_count"] == 2
        others = np.ones(SHAPE, bool)
        others[1, 2, 3:5] = False
        assert np.array_equal(result.image.array[others], _dose(density).image.array[others])
        assert result.activity_in_field_mbq == kept.activity_in_field_mbq
    with pytest.raises(OutOfRangeError, match="2 voxels with"):
        _dose(air, low_density_voxels="refuse")
    # The limit alone changes nothing: small voxels of tissue are as they are.
    assert "low_density" not in [a.code for a in _dose(density).advisories]


def test_voxels_without_density_are_refused_or_have_no_dose() -> None:
    array = _density().array.copy()
    array[0, 0, 0] = 0.0
    nothing = _density().with_array(array, "g/mL")
    with pytest.raises(OutOfRangeError, match="got 1 voxels that are not; use low_density_voxels='zero'"):
        _dose(nothing)
    assert _dose(nothing, low_density_voxels="zero").image.array[0, 0, 0] == 0.0
    for bad in (np.nan, np.inf, -1.0):
        array[0, 0, 0] = bad
        with pytest.raises(OutOfRangeError, match="density"):
            _dose(_density().with_array(array, "g/mL"))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"density": ACTIVITY}, UnitError),
        ({"density": np.ones(SHAPE)}, ArgumentError),
        ({"density": 1.05}, ArgumentError),
        ({"density": Image(np.ones(SHAPE), affine("plain"), "g/mL")}, GeometryError),
        ({"method": "voxel_s_values"}, ArgumentError),
        ({"density_g_per_ml": 1.05}, ArgumentError),
        ({"low_density_voxels": "ignore"}, UnknownNameError),
        ({"low_density_limit_g_per_ml": 0.0}, OutOfRangeError),
        ({"low_density_limit_g_per_ml": np.nan}, OutOfRangeError),
    ],
)
def test_wrong_densities_and_options_are_refused(options: dict[str, Any], error: type[YttriaError]) -> None:
    with pytest.raises(error):
        _dose(**{"density": _density(), **options})
