"""Monte Carlo on images: dose, uncertainty of voxels and structures, gas, end of the simulation, refusals."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

from yttria import AbsoluteScaling, DoseResult, Image, Structure, absorbed_dose, dose_image, monte_carlo, voxel_s_values
from yttria.errors import (
    ArgumentError,
    DuplicateNameError,
    GeometryError,
    OutOfRangeError,
    UndefinedError,
    UnitError,
    UnknownNameError,
)
from yttria.voxel import MonteCarloProgress

SHAPE, SIZE_MM = (14, 10, 12), (4.0, 3.0, 5.0)
AFFINE = np.diag([*SIZE_MM[::-1], 1.0])
NOW = AbsoluteScaling(scan_delay_h=0.0)
HISTORIES = 20_000


def _maps() -> tuple[Any, Any]:
    """Liver below, lung above, and a source in the liver's last slices."""
    density = np.full(SHAPE, 1.05, np.float32)
    density[8:] = 0.26
    activity = np.zeros(SHAPE, np.float32)
    activity[5:8, 3:7, 4:8] = 2.0
    return activity, density


def _masks() -> list[Structure]:
    source, lung = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    source[5:8, 3:7, 4:8] = True
    lung[8:11, 2:8, 3:9] = True
    return [Structure("Source", source, AFFINE), Structure("Lung", lung, AFFINE)]


def _dose(activity: Any, density: Any, *, histories: int | None = HISTORIES, **options: Any) -> DoseResult:
    return dose_image(
        Image(activity, AFFINE, "MBq/mL"),
        scaling=NOW,
        method="monte_carlo",
        density=Image(density, AFFINE, "g/mL"),
        histories=histories,
        **options,
    )


def _codes(result: DoseResult) -> list[str]:
    return [advisory.code for advisory in result.advisories]


def test_the_dose_is_that_of_the_array_function() -> None:
    activity, density = _maps()
    structures = _masks()
    result = _dose(activity, density, structures=structures, seed=5)
    expected = monte_carlo(
        activity,
        density,
        SIZE_MM,
        histories=HISTORIES,
        seed=5,
        structures={each.name: each.mask for each in structures},
    )
    assert result.uncertainty is not None
    assert (result.image.array == expected.dose_gy).all()
    assert (result.uncertainty.array == expected.uncertainty_gy).all()
    assert (result.uncertainty.unit, result.uncertainty.array.dtype) == ("Gy", np.float32)
    for row in result.table(structures):
        estimate = expected.structures[row.structure]
        # A structure has one weight of the correlated difference, its voxels have their own.
        assert row.mean_gy == pytest.approx(estimate.mean_gy, abs=estimate.uncertainty_gy)
        assert row.mean_uncertainty_gy == estimate.uncertainty_gy
    terms = json.loads(json.dumps(result.provenance.as_dict()))["monte_carlo"]
    assert (terms["histories"], terms["batches"], terms["seed"]) == (HISTORIES, 50, 5)
    assert (terms["stop_criterion"], terms["stop_at"], terms["stop_reached"]) == ("histories", HISTORIES, True)
    assert terms["relative_uncertainty"] == expected.relative_uncertainty
    assert terms["deposited_fraction"] + terms["escaped_fraction"] == pytest.approx(1)
    assert result.provenance.kernel_medium is result.provenance.density_g_per_ml is None
    assert result.gas is None
    assert "lung_near_activity" in _codes(result)
    assert not {"hot_voxel_in_lung", "monte_carlo_stopped"} & set(_codes(result))


def test_the_dose_by_monte_carlo_does_not_depend_on_threads() -> None:
    activity, density = _maps()
    structures = _masks()
    one, two = (_dose(activity, density, structures=structures, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.image.array, two.image.array)
    assert one.uncertainty is not None
    assert two.uncertainty is not None
    np.testing.assert_array_equal(one.uncertainty.array, two.uncertainty.array)
    assert one.table(structures) == two.table(structures)
    assert one.provenance == two.provenance


def test_the_energy_of_the_dose_is_the_deposited_energy() -> None:
    activity, density = _maps()
    result = _dose(activity.astype(np.float64), density)
    assert result.image.array.dtype == np.float64
    mass_kg = density.astype(np.float64) * np.prod(SIZE_MM) * 1e-6
    activity_gbq = activity.sum(dtype=np.float64) * np.prod(SIZE_MM) * 1e-6
    found = (result.image.array * mass_kg).sum() / (activity_gbq * result.provenance.dose_factor_gy_kg_per_gbq)
    terms = result.provenance.monte_carlo
    assert terms is not None
    # The emitted energy of the histories is that of the spectrum within its own statistics.
    assert found == pytest.approx(terms["deposited_fraction"], rel=0.01)


def test_in_a_uniform_medium_the_dose_is_that_of_the_convolution() -> None:
    shape = (13, 15, 11)
    activity = np.zeros(shape)
    activity[5:8, 4:10, 4:7] = np.random.default_rng(2).gamma(2.0, 1.0, (3, 6, 3))
    box = np.zeros(shape, bool)
    box[5:8, 4:10, 4:7] = True
    structure = Structure("Source", box, AFFINE)
    (row,) = _dose(activity, np.full(shape, 1.05), histories=200_000, structures=[structure]).table([structure])
    kernel = voxel_s_values(SIZE_MM, medium="liver", density_g_per_ml=1.05)
    expected = absorbed_dose(activity, kernel)[box].mean()
    assert row.mean_gy is not None
    assert row.mean_uncertainty_gy is not None
    assert row.mean_uncertainty_gy / row.mean_gy < 0.002
    assert row.mean_gy == pytest.approx(expected, abs=3 * row.mean_uncertainty_gy + 0.003 * expected)


def test_gas_has_no_part_in_dose_uncertainty_or_means() -> None:
    activity, density = _maps()
    density[6, 5, 5:7] = 0.0
    structures = _masks()
    result = _dose(activity, density, structures=structures)
    assert result.gas is not None
    assert result.uncertainty is not None
    assert np.argwhere(result.gas).tolist() == [[6, 5, 5], [6, 5, 6]]
    assert (result.image.array[result.gas] == 0).all()
    assert (result.uncertainty.array[result.gas] == 0).all()
    assert "gas_without_dose" in _codes(result)
    row = result.table(structures)[0]
    inside = structures[0].mask & ~result.gas
    assert row.volume_ml == pytest.approx(inside.sum() * np.prod(SIZE_MM) / 1000)
    assert row.mean_gy == pytest.approx(result.image.array[inside].mean(), rel=1e-5)
    assert row.mean_uncertainty_gy is not None
    assert 0 < row.mean_uncertainty_gy < 0.05 * row.mean_gy


def test_only_structures_that_were_given_have_an_uncertainty() -> None:
    activity, density = _maps()
    source, lung = _masks()
    result = _dose(activity, density, structures=[source])
    same_voxels = Structure("Another name", source.mask, AFFINE)
    other_voxels = Structure("Source", lung.mask, AFFINE)
    stated = result.table([source])[0].mean_uncertainty_gy
    assert stated is not None
    assert result.table([same_voxels])[0].mean_uncertainty_gy == stated
    assert result.table([other_voxels])[0].mean_uncertainty_gy is None
    assert result.table([source], sub_voxel_mm=2.0)[0].mean_uncertainty_gy is None
    copied = pickle.loads(pickle.dumps(result))
    assert copied.table([source])[0].mean_uncertainty_gy == stated
    local = dose_image(Image(activity, AFFINE, "MBq/mL"), scaling=NOW, structures=[source])
    assert local.uncertainty is None
    assert local.table([source])[0].mean_uncertainty_gy is None


def test_a_structure_outside_the_image_does_not_stop_the_others() -> None:
    activity, density = _maps()
    away = AFFINE.copy()
    away[:3, 3] = 1000.0
    structures = [*_masks(), Structure("Away", np.ones((2, 2, 2), bool), away)]
    rows = _dose(activity, density, structures=structures).table(structures)
    assert [row.mean_uncertainty_gy is None for row in rows] == [False, False, True]


def test_the_simulation_stops_at_the_requested_uncertainty() -> None:
    activity, density = _maps()
    seen: list[MonteCarloProgress] = []
    result = _dose(activity, density, histories=None, relative_uncertainty=0.02, progress=seen.append)
    terms = result.provenance.monte_carlo
    assert terms is not None
    assert terms["relative_uncertainty"] <= 0.02
    assert (terms["stop_criterion"], terms["stop_at"], terms["stop_reached"]) == ("relative_uncertainty", 0.02, True)
    assert terms["batches"] >= 50
    assert terms["batches"] % 10 == 0
    assert "monte_carlo_noise" not in _codes(result)
    assert [run.histories for run in seen] == sorted({run.histories for run in seen})
    assert seen[-1].histories == terms["histories"]


def test_one_history_is_enough_for_a_result() -> None:
    terms = _dose(*_maps(), histories=1).provenance.monte_carlo
    assert terms is not None
    assert (terms["histories"], terms["stop_at"]) == (50, 1)


def test_noise_of_voxels_is_reported() -> None:
    assert "monte_carlo_noise" in _codes(_dose(*_maps(), histories=500))
    assert "monte_carlo_noise" not in _codes(_dose(*_maps()))


def test_a_structure_that_is_mostly_noise_is_named() -> None:
    activity, density = _maps()
    source, lung = _masks()
    result = _dose(activity, density, histories=500, structures=[source, lung])
    named = [told for told in result.advisories if told.code == "monte_carlo_noise_in_structure"]
    assert "of the volume of 'Lung'" in named[-1].message
    assert all(told.value is not None and 0.05 < told.value <= 1 for told in named)
    assert "monte_carlo_noise_in_structure" not in _codes(_dose(activity, density, structures=[source]))


def test_options_that_exclude_each_other_are_refused() -> None:
    activity, density = _maps()
    image, rho = Image(activity, AFFINE, "MBq/mL"), Image(density, AFFINE, "g/mL")
    given: dict[str, Any] = {"scaling": NOW, "method": "monte_carlo"}
    with pytest.raises(ArgumentError, match="Monte Carlo needs the density of each voxel"):
        dose_image(image, **given)
    with pytest.raises(ArgumentError, match="transport of electrons through gas"):
        _dose(activity, density, low_density_voxels="clip")
    with pytest.raises(ArgumentError, match="medium of each voxel from its density"):
        _dose(activity, density, medium="liver")
    with pytest.raises(ArgumentError, match="give either a density image or density_g_per_ml"):
        _dose(activity, density, density_g_per_ml=1.0)
    with pytest.raises(ArgumentError, match="give either a number of histories"):
        _dose(activity, density, relative_uncertainty=0.1)
    for name, value in (("histories", 5), ("relative_uncertainty", 0.1), ("state_file", "state.npz")):
        with pytest.raises(ArgumentError, match=f"{name} applies only to method monte_carlo, got method superposition"):
            dose_image(image, scaling=NOW, method="superposition", density=rho, **{name: value})
    with pytest.raises(UnitError, match="g/mL"):
        dose_image(image, density=Image(density, AFFINE, "HU"), **given)
    with pytest.raises(GeometryError, match="resampled_on"):
        dose_image(image, density=Image(density[1:], AFFINE, "g/mL"), **given)
    with pytest.raises(DuplicateNameError, match="'Source' twice"):
        _dose(activity, density, structures=[*_masks(), _masks()[0]])
    with pytest.raises(UnknownNameError, match="on_interrupt"):
        _dose(activity, density, on_interrupt="stop")


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 2.0, float("nan"), float("inf")])
def test_an_uncertainty_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(OutOfRangeError, match="within"):
        _dose(*_maps(), histories=None, relative_uncertainty=value)


@pytest.mark.parametrize(("histories", "error"), [(0, OutOfRangeError), (-5, OutOfRangeError), (1.5, ArgumentError)])
def test_an_impossible_number_of_histories_is_refused(histories: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="histories must be"):
        _dose(*_maps(), histories=histories)


def test_activity_and_density_must_be_possible() -> None:
    activity, density = _maps()
    with pytest.raises(UndefinedError, match="no activity"):
        _dose(np.zeros(SHAPE), density)
    bad = activity.copy()
    bad[0, 0, 0] = np.nan
    with pytest.raises(OutOfRangeError, match="finite"):
        _dose(bad, density)
    bad[0, 0, 0] = -1.0
    with pytest.raises(OutOfRangeError, match="1 negative voxels: negative_voxels='clip'"):
        _dose(bad, density)
    assert "negative_voxels" in _codes(_dose(bad, density, negative_voxels="clip"))
    bad = density.copy()
    bad[0, 0, 0] = np.nan
    with pytest.raises(OutOfRangeError, match="density"):
        _dose(activity, bad)
