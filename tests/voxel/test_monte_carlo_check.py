"""A dose image checked by Monte Carlo on its own map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from yttria import AbsoluteScaling, Image, Structure, dose_image
from yttria.errors import ArgumentError
from yttria.voxel import check_by_monte_carlo

SHAPE, SIZE_MM = (18, 12, 12), (4.0, 4.0, 4.0)
AFFINE = np.diag([*SIZE_MM[::-1], 1.0])
NOW = AbsoluteScaling(scan_delay_h=0.0)


def _case() -> tuple[Image, Image, list[Structure]]:
    density = np.full(SHAPE, 1.06)
    density[9:] = 0.26
    activity = np.zeros(SHAPE)
    activity[4:9, 3:9, 3:9] = 1.0
    source, lung = activity > 0, np.zeros(SHAPE, bool)
    lung[9:11, 3:9, 3:9] = True
    structures = [Structure("Source", source, AFFINE), Structure("Lung beside it", lung, AFFINE)]
    return Image(activity, AFFINE, "MBq/mL"), Image(density, AFFINE, "g/mL"), structures


@pytest.mark.parametrize("method", ["superposition", "voxel_s_values"])
def test_the_check_tells_methods_apart(method: Any) -> None:
    activity, density, structures = _case()
    given = {"density": density} if method == "superposition" else {}
    result = dose_image(activity, scaling=NOW, method=method, density_g_per_ml=1.06, **given)
    source, lung = check_by_monte_carlo(result, activity, structures, density=density, histories=100_000)
    assert source.structure == "Source"
    assert abs(source.difference_fraction) < 0.02
    assert source.dose_gy == pytest.approx(source.monte_carlo_gy * (1 + source.difference_fraction))
    assert lung.z_score == pytest.approx((lung.dose_gy - lung.monte_carlo_gy) / lung.monte_carlo_uncertainty_gy)
    if method == "superposition":
        assert abs(lung.difference_fraction) < 0.04
    else:
        assert lung.difference_fraction < -0.3
        assert lung.z_score < -10


def test_a_uniform_result_brings_its_density() -> None:
    activity, _, structures = _case()
    result = dose_image(activity, scaling=NOW, method="voxel_s_values", density_g_per_ml=1.06)
    (source,) = check_by_monte_carlo(result, activity, structures[:1], histories=50_000)
    assert abs(source.difference_fraction) < 0.02


def test_what_does_not_belong_together_is_refused() -> None:
    activity, density, structures = _case()
    local = dose_image(activity, scaling=NOW, density=density)
    with pytest.raises(ArgumentError, match="density must be given"):
        check_by_monte_carlo(local, activity, structures)
    other = Image(np.ones((3, 3, 3)), AFFINE, "MBq/mL")
    with pytest.raises(ArgumentError, match="grid of the activity"):
        check_by_monte_carlo(local, other, structures, density=density)
