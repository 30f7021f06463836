"""The planning phantom: its images hold its truth, and the anatomy is that of the treated phantom."""

from __future__ import annotations

import numpy as np
import pytest

from yttria._foundation.choices import OBJECTIVES
from yttria.errors import OutOfRangeError
from yttria.phantom import liver_phantom, planning_phantom
from yttria.planning import PartitionModel, Territory, Tumor, optimize_activities


def test_the_truth_is_in_the_images() -> None:
    phantom = planning_phantom((6.0, 5.0, 4.0), lung_shunt_fraction=(0.08, 0.03))
    total = phantom.maa_of_all.array.sum(dtype=np.float64)
    assert total == pytest.approx(4e6, rel=1e-6)
    lungs = phantom.structures[-1].voxel_fractions_on(phantom.maa_of_all).to_array()
    in_lungs = {name: float(image.array[lungs > 0].sum(dtype=np.float64)) for name, image in phantom.maa.items()}
    for name, image in phantom.maa.items():
        shunt = in_lungs[name] / image.array.sum(dtype=np.float64)
        assert shunt == pytest.approx(phantom.lung_shunt_fraction[name], rel=1e-5)
    assert sum(in_lungs.values()) / total == pytest.approx(phantom.combined_lung_shunt_fraction, rel=1e-5)
    assert phantom.ct.array[phantom.structures[-1].mask].mean() == -750
    volumes = {each.name: each.volume_ml for each in phantom.structures}
    assert phantom.mass_kg["Lungs"] == pytest.approx(0.25e-3 * volumes["Lungs"])
    assert phantom.mass_kg["Tumor 1"] == pytest.approx(1.05e-3 * volumes["Tumor 1"])


def test_the_territories_part_the_liver() -> None:
    named = {each.name: each for each in planning_phantom((8.0, 8.0, 8.0)).structures}
    right, left = named["Perfused right"].mask, named["Perfused left"].mask
    assert not (right & left).any()
    np.testing.assert_array_equal(right | left, named["Liver"].mask)
    assert not (named["Tumor 1"].mask & ~right).any()
    assert not (named["Tumor 2"].mask & ~left).any()


def test_the_anatomy_is_that_of_the_treated_phantom() -> None:
    treated = {each.name: each.volume_ml for each in liver_phantom().structures}
    for each in planning_phantom((4.0, 4.0, 4.0)).structures[:3]:
        assert each.volume_ml == pytest.approx(treated[each.name], rel=0.04)


def test_values_out_of_range_are_refused() -> None:
    for arguments in (
        {"voxel_size_mm": (1.0, 4.0, 4.0)},
        {"lung_shunt_fraction": (0.05, 0.95)},
        {"tumor_to_normal_ratio": (0.0, 1.0)},
        {"density_g_per_ml": 2.0},
        {"blur_fwhm_mm": 40.0},
    ):
        with pytest.raises(OutOfRangeError):
            planning_phantom(**arguments)  # type: ignore[arg-type]


def test_the_objectives_of_demo_and_default_give_the_ends_of_the_equally_good_activities() -> None:
    """docs/planning.md states these activities."""
    phantom = planning_phantom((4.0, 4.0, 4.0))
    masses, ratios = phantom.mass_kg, phantom.tumor_to_normal_ratio
    territories = [
        Territory(
            name=name,
            tumors=[Tumor(mass_kg=masses[tumor], tumor_to_normal_ratio=ratios[tumor], name=tumor)],
            normal_perfused_mass_kg=masses[f"Normal {name}"],
            lung_shunt_fraction=0.05,
        )
        for name, tumor in (("right", "Tumor 1"), ("left", "Tumor 2"))
    ]
    model = PartitionModel(territories=territories, lung_mass_kg=masses["Lungs"], overlap="disjoint")
    default, demo = (
        optimize_activities(model, objective=objective, normal_perfused_limit_gy=45.0) for objective in OBJECTIVES[:2]
    )
    assert (default.objective, demo.objective) == ("max_min_tumor_dose", "max_tumor_energy")
    assert [gbq for gbq in default.activity_ranges_gbq[0] if gbq is not None] == pytest.approx([0.81, 1.35], abs=0.01)
    assert default.delivered_activities_gbq[0] == pytest.approx(0.81, abs=0.01)
    assert demo.delivered_activities_gbq[0] == pytest.approx(1.35, abs=0.01)
    assert default.delivered_activities_gbq[1] == pytest.approx(demo.delivered_activities_gbq[1])
    assert "equally_good_plans" in {each.code for each in default.advisories}
    assert "equally_good_plans" not in {each.code for each in demo.advisories}
