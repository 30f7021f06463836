"""Superposition on images: dose, gas, advisories, provenance, refusals."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from yttria import AbsoluteScaling, Image, Structure, density_image, dose_image, superposed_dose
from yttria.errors import ArgumentError, GeometryError, OutOfRangeError, UnitError, UnknownNameError
from yttria.phantom import liver_phantom

SHAPE, SIZE_MM = (14, 10, 12), (4.0, 3.0, 5.0)
AFFINE = np.diag([*SIZE_MM[::-1], 1.0])
NOW = AbsoluteScaling(scan_delay_h=0.0)


def _maps() -> tuple[Any, Any]:
    """Liver below, lung above, and a source in the liver's last slices."""
    density = np.full(SHAPE, 1.05, np.float32)
    density[8:] = 0.26
    activity = np.zeros(SHAPE, np.float32)
    activity[5:8, 3:7, 4:8] = 2.0
    return activity, density


def _dose(activity: Any, density: Any, **options: Any) -> Any:
    return dose_image(
        Image(activity, AFFINE, "MBq/mL"),
        scaling=NOW,
        method="superposition",
        density=Image(density, AFFINE, "g/mL"),
        **options,
    )


def _codes(result: Any) -> list[str]:
    return [advisory.code for advisory in result.advisories]


def test_the_dose_is_that_of_the_array_function() -> None:
    activity, density = _maps()
    result = _dose(activity, density)
    expected = superposed_dose(activity, density, SIZE_MM, reference_density_g_per_ml=1.05)
    assert (result.image.array == expected).all()
    assert result.gas is None
    assert "lung_near_activity" in _codes(result)
    assert "hot_voxel_in_lung" not in _codes(result)
    found = json.loads(json.dumps(result.provenance.as_dict()))
    assert found["method"] == "superposition"
    assert found["density_g_per_ml"] == 1.05
    assert found["kernel_medium"] == "liver"
    rays = found["superposition"]
    assert (rays["ray_setting"], rays["direction_count"], rays["gas_voxel_count"]) == ("standard", 384, 0)
    assert 0 < rays["escaped_fraction"] < 0.1
    assert rays["kernel_error_fraction"] < 0.0015


def test_gas_has_no_part_in_the_doses_of_structures() -> None:
    activity, density = _maps()
    density[6, 5, 5:7] = 0.0
    result = _dose(activity, density)
    assert "gas_without_dose" in _codes(result)
    assert (result.image.array[6, 5, 5:7] == 0).all()
    assert result.provenance.density_image["below_least_density_count"] == 2
    box = np.zeros(SHAPE, bool)
    box[5:8, 3:7, 4:8] = True
    (row,) = result.table([Structure("Box", box, AFFINE)])
    inside = box & ~result.gas
    assert row.volume_ml == pytest.approx(inside.sum() * np.prod(SIZE_MM) / 1000)
    assert row.mean_gy == pytest.approx(result.image.array[inside].mean(), rel=1e-5)


def test_a_hot_voxel_in_lung_needs_fine_rays() -> None:
    activity, density = _maps()
    activity[10, 5, 6] = 2.0
    assert "hot_voxel_in_lung" in _codes(_dose(activity, density))
    assert "hot_voxel_in_lung" not in _codes(_dose(activity, density, ray_setting="fine"))
    far = np.full(SHAPE, 1.05, np.float32)
    far[-1] = 0.26
    activity[:] = 0
    activity[0, 0, 0] = 1.0
    assert "lung_near_activity" not in _codes(_dose(activity, far))


def test_options_that_exclude_each_other_are_refused() -> None:
    activity, density = _maps()
    image, rho = Image(activity, AFFINE, "MBq/mL"), Image(density, AFFINE, "g/mL")
    with pytest.raises(ArgumentError, match="needs the density of each voxel"):
        dose_image(image, scaling=NOW, method="superposition")
    with pytest.raises(ArgumentError, match="transport of electrons through gas"):
        _dose(activity, density, low_density_voxels="clip")
    with pytest.raises(
        ArgumentError, match="method must be superposition, monte_carlo or local_deposition for a density image"
    ):
        dose_image(image, scaling=NOW, method="voxel_s_values", density=rho)
    with pytest.raises(UnknownNameError, match="ray_setting"):
        _dose(activity, density, ray_setting="best")
    with pytest.raises(UnitError, match="g/mL"):
        dose_image(image, scaling=NOW, method="superposition", density=Image(density, AFFINE, "HU"))
    with pytest.raises(GeometryError, match="resampled_on"):
        dose_image(image, scaling=NOW, method="superposition", density=Image(density[1:], AFFINE, "g/mL"))
    with pytest.raises(OutOfRangeError, match="density of liver"):
        _dose(activity, density, density_g_per_ml=0.3)


def test_the_lung_of_the_phantom_has_more_dose_than_by_a_homogeneous_kernel() -> None:
    phantom = liver_phantom((6.0, 6.0, 6.0))
    density = density_image(phantom.ct, out_of_range="clamp")
    scaling = AbsoluteScaling(scan_delay_h=phantom.scan_delay_h)
    by_rays = dose_image(phantom.activity, scaling=scaling, method="superposition", density=density)
    by_kernel = dose_image(phantom.activity, scaling=scaling, method="voxel_s_values")
    lung = (density.image.array < 0.6) & (density.image.array > 0.1)
    assert by_rays.image.array[lung].mean() > 1.5 * by_kernel.image.array[lung].mean()
    tumor = phantom.structures[2]
    (rays,), (kernel,) = by_rays.table([tumor]), by_kernel.table([tumor])
    assert rays.mean_gy == pytest.approx(kernel.mean_gy, rel=0.02)
