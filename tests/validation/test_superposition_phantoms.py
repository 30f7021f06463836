"""Superposition against Monte Carlo in small phantoms: region means and voxels."""

from __future__ import annotations

from typing import Any

import pytest
from measured_figures import Measured

from yttria.conformance.phantoms import compare_superposition, monte_carlo_phantom

LIMIT = {"lung": 0.025, "bone": 0.04, "soft": 0.04}


@pytest.mark.claim("superposition_beside_tissue")
@pytest.mark.parametrize(("setting", "voxel_limit"), [("standard", 0.05), ("fine", 0.03)])
@pytest.mark.parametrize("name", ["dome_hot", "rib"])
def test_superposition_follows_monte_carlo_in_regions(
    name: str, setting: Any, voxel_limit: float, measured: Measured
) -> None:
    for region, found in compare_superposition(monte_carlo_phantom(name), setting).items():
        measured(
            f"{name}, {setting}, {region}",
            100 * found.deviation_fraction,
            "%",
            signed=True,
            plus_minus=100 * found.sigma_fraction,
        )
        if region.startswith("lung"):
            measured(f"{name}, {setting}, {region}, voxels", 100 * found.voxel_rms_fraction, "% rms")
        # Far into the lung the truth itself is known to 1 % only.
        limit = LIMIT.get(region.split()[0], 0.01) + found.sigma_fraction
        assert abs(found.deviation_fraction) <= limit, region
        if region.startswith("lung"):
            assert found.voxel_rms_fraction <= voxel_limit, region
