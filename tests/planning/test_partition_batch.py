"""The partition model over arrays: the scalar model's bits, for every shape, layout and number of threads."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from planning_samples import one_territory, tumor

from yttria import Nuclide
from yttria.errors import (
    DTypeError,
    InsufficientMemoryError,
    OutOfRangeError,
    ShapeError,
    UndefinedError,
    UnknownNameError,
    YttriaError,
)
from yttria.planning import partition_activities, partition_doses
from yttria.reference import partition as reference

TERRITORY: dict[str, Any] = {
    "tumor_mass_kg": [0.3, 0.1],
    "tumor_to_normal_ratio": [4.0, 2.0],
    "normal_perfused_mass_kg": 1.2,
    "lung_shunt_fraction": 0.05,
}


def _random(shape: tuple[int, ...], tumors: int, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "tumor_mass_kg": rng.uniform(0.01, 1, (*shape, tumors)),
        "tumor_to_normal_ratio": rng.uniform(0.5, 20, (*shape, tumors)),
        "normal_perfused_mass_kg": rng.uniform(0.1, 2, shape),
        "lung_shunt_fraction": rng.uniform(0, 0.3, shape),
        "lung_mass_kg": rng.uniform(0.6, 1.4, shape),
    }


def test_each_element_is_the_scalar_models_number() -> None:
    given = _random((3, 7), 3)
    activity = np.random.default_rng(2).uniform(0.1, 20, (3, 7))
    target = activity * 20
    got = partition_doses(activity, **given)
    lung = given.pop("lung_mass_kg")
    back = partition_activities(target, tumor=1, **given)
    assert got.tumor_doses_gy.shape == (3, 7, 3)
    for k, j in np.ndindex(3, 7):
        tumors = tuple(
            tumor(*pair)
            for pair in zip(given["tumor_mass_kg"][k, j], given["tumor_to_normal_ratio"][k, j], strict=True)
        )
        model = one_territory(
            tumors, given["normal_perfused_mass_kg"][k, j], given["lung_shunt_fraction"][k, j], lung_mass_kg=lung[k, j]
        )
        doses = model.doses(activity[k, j])
        assert doses.tumor_doses_gy == tuple(got.tumor_doses_gy[k, j])
        assert doses.normal_perfused_dose_gy == got.normal_perfused_dose_gy[k, j]
        assert doses.lung_dose_gy == got.lung_dose_gy[k, j]
        expected = model.activity_for_tumor_dose(target[k, j], tumor=1).delivered_activity_gbq
        assert back.delivered_activity_gbq[k, j] == expected


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 16 * 1024 + 1, 100_003])
def test_bits_do_not_depend_on_the_threads(count: int) -> None:
    given = _random((count,), 2)
    one = partition_doses(2.0, **given, threads=1)
    for threads in (2, 3, 7, None):
        many = partition_doses(2.0, **given, threads=threads)
        assert many.tumor_doses_gy.tobytes() == one.tumor_doses_gy.tobytes()
        assert many.normal_perfused_dose_gy.tobytes() == one.normal_perfused_dose_gy.tobytes()
        assert many.lung_dose_gy.tobytes() == one.lung_dose_gy.tobytes()


@settings(max_examples=60)
@given(
    hnp.mutually_broadcastable_shapes(num_shapes=6, max_dims=3, max_side=4),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
)
def test_shapes_broadcast_as_in_the_definition(
    shapes: hnp.BroadcastableShapes, tumors: int, one_mass: bool, one_ratio: bool
) -> None:
    rng = np.random.default_rng(3)
    activity, mass, ratio, normal, shunt, lung = shapes.input_shapes
    mass_shape, ratio_shape = (*mass, 1 if one_mass else tumors), (*ratio, 1 if one_ratio else tumors)
    given = {
        "delivered_activity_gbq": rng.uniform(0.1, 9, activity),
        "tumor_mass_kg": rng.uniform(0.1, 1, mass_shape),
        "tumor_to_normal_ratio": rng.uniform(1, 9, ratio_shape),
        "normal_perfused_mass_kg": rng.uniform(0.1, 2, normal),
        "lung_shunt_fraction": rng.uniform(0, 0.3, shunt),
        "lung_mass_kg": rng.uniform(0.6, 1.4, lung),
    }
    got = partition_doses(**given)
    # The definition sums over the last axis of the product of the two, so both are brought to the number of tumors.
    n = max(mass_shape[-1], ratio_shape[-1])
    full = given | {
        name: np.broadcast_to(given[name], (*given[name].shape[:-1], n))
        for name in ("tumor_mass_kg", "tumor_to_normal_ratio")
    }
    normal_gy, tumors_gy, lung_gy = reference.partition_doses(**full, dose_factor_gy_kg_per_gbq=49.67).values()
    shape = shapes.result_shape
    assert got.normal_perfused_dose_gy.shape == shape
    np.testing.assert_allclose(got.normal_perfused_dose_gy, np.broadcast_to(normal_gy, shape), rtol=1e-13)
    np.testing.assert_allclose(got.tumor_doses_gy, np.broadcast_to(tumors_gy, (*shape, n)), rtol=1e-13)
    np.testing.assert_allclose(got.lung_dose_gy, np.broadcast_to(lung_gy, shape), rtol=1e-13)
    del given["lung_mass_kg"]
    target = given.pop("delivered_activity_gbq") * 20
    back = partition_activities(target, tumor=n - 1, **given).delivered_activity_gbq
    del full["lung_mass_kg"], full["delivered_activity_gbq"]
    expected = reference.partition_activities(target, tumor=n - 1, **full, dose_factor_gy_kg_per_gbq=49.67)
    np.testing.assert_allclose(back, np.broadcast_to(expected, back.shape), rtol=1e-13)


def test_layouts_and_types_of_the_same_numbers_give_the_same_bits() -> None:
    given = {name: np.round(array, 3) for name, array in _random((5, 9), 2).items()}
    given["lung_shunt_fraction"] = np.round(given["lung_shunt_fraction"] * 8) / 32
    expected = partition_doses(2.0, **given).tumor_doses_gy.tobytes()
    for change in (np.asfortranarray, lambda a: a.astype(">f8"), lambda a: a[::-1].copy()[::-1], np.ascontiguousarray):
        changed = {name: change(array) for name, array in given.items()}
        for array in changed.values():
            array.flags.writeable = False
        assert partition_doses(2, **changed).tumor_doses_gy.tobytes() == expected
    exact = given | {"lung_shunt_fraction": given["lung_shunt_fraction"].astype(np.float32)}
    assert partition_doses(np.int8(2), **exact).tumor_doses_gy.tobytes() == expected


def test_scalars_and_repeated_axes_are_not_expanded() -> None:
    count = 1_000_000
    repeated = {
        "tumor_mass_kg": np.broadcast_to([0.3, 0.1], (count, 2)),
        "tumor_to_normal_ratio": np.broadcast_to(3.0, (count, 2)),
        "lung_shunt_fraction": np.broadcast_to(0.05, count),
    }
    tracemalloc.start()
    got = partition_doses(2.0, **TERRITORY | repeated)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert got.lung_dose_gy.shape == (count,)
    assert got.tumor_doses_gy.shape == (count, 2)
    results = got.lung_dose_gy.nbytes + got.tumor_doses_gy.nbytes + got.normal_perfused_dose_gy.nbytes
    assert peak < results + 100_000
    one = partition_doses(2.0, **TERRITORY | {"tumor_to_normal_ratio": [3.0]})
    assert (got.tumor_doses_gy == one.tumor_doses_gy).all()
    both = {"tumor_mass_kg": np.broadcast_to(0.3, 2), "tumor_to_normal_ratio": np.broadcast_to(3.0, 2)}
    first, second = (partition_activities(205, tumor=t, **TERRITORY | both).delivered_activity_gbq for t in (0, 1))
    assert first.shape == ()
    assert first == second


def test_results_that_exceed_the_memory_are_an_error() -> None:
    huge = np.broadcast_to(2.0, 2**58)
    with pytest.raises(InsufficientMemoryError, match="results of the partition model"):
        partition_doses(huge, **TERRITORY)


@pytest.mark.parametrize(
    ("name", "index", "bad", "message"),
    [
        ("lung_shunt_fraction", (2, 3), 12.0, r"lung shunt fraction at \[2, 3\] must be .* \(did you mean 0.12\?\)"),
        ("normal_perfused_mass_kg", (1, 0), -1.0, r"perfused normal liver mass in kg at \[1, 0\]"),
        ("lung_mass_kg", (0, 4), math.nan, r"lung mass in kg at \[0, 4\] must be .*, got NaN"),
        ("tumor_mass_kg", (2, 4, 1), 300.0, r"tumor mass in kg at \[2, 4, 1\] .* \(did you mean 0.3 kg"),
        ("tumor_to_normal_ratio", (0, 0, 0), 0.0, r"tumor-to-normal ratio at \[0, 0, 0\]"),
        ("tumor_to_normal_ratio", (0, 0, 0), math.inf, r"tumor-to-normal ratio at \[0, 0, 0\]"),
    ],
)
def test_one_impossible_element_is_named_or_changes_no_other(
    name: str, index: tuple[int, ...], bad: float, message: str
) -> None:
    given = _random((3, 5), 2)
    good = partition_doses(2.0, **given)
    given[name][index] = bad
    with pytest.raises(OutOfRangeError, match=message):
        partition_doses(2.0, **given)
    got = partition_doses(2.0, **given, invalid="nan")
    assert [(a.code, a.value) for a in got.advisories] == [("invalid_inputs", 1)]
    others = np.ones((3, 5), bool)
    others[index[:2]] = False
    for field in ("normal_perfused_dose_gy", "tumor_doses_gy", "lung_dose_gy"):
        np.testing.assert_array_equal(getattr(got, field)[others], getattr(good, field)[others])
    spoiled = got.lung_dose_gy if name == "lung_mass_kg" else got.normal_perfused_dose_gy
    assert np.isnan(spoiled[index[:2]])
    assert np.isnan(spoiled).sum() == 1


def test_an_impossible_scalar_is_named_without_an_index() -> None:
    with pytest.raises(OutOfRangeError, match=r"^lung shunt fraction must be"):
        partition_doses(np.ones(5), **TERRITORY | {"lung_shunt_fraction": 5})


def test_without_normal_liver_its_dose_is_not_a_number() -> None:
    got = partition_doses([1.0, 2.0], **TERRITORY | {"normal_perfused_mass_kg": [0.0, 1.2]})
    assert np.isnan(got.normal_perfused_dose_gy).tolist() == [True, False]
    assert np.isfinite(got.tumor_doses_gy).all()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"tumor_mass_kg": 0.3}, ShapeError),
        ({"tumor_mass_kg": [0.3, 0.2, 0.1]}, ShapeError),
        ({"lung_shunt_fraction": [0.1, 0.2, 0.3]}, ShapeError),
        ({"tumor_mass_kg": [[0.3], [0.2, 0.1]]}, ShapeError),
        ({"tumor_mass_kg": np.empty((2, 0)), "tumor_to_normal_ratio": np.empty((2, 0))}, UndefinedError),
        ({"lung_shunt_fraction": np.array([0.1, None], dtype=object)}, DTypeError),
        ({"lung_shunt_fraction": [True, False]}, DTypeError),
        ({"lung_shunt_fraction": "0.1"}, DTypeError),
        ({"lung_shunt_fraction": 0.1 + 0j}, DTypeError),
        ({"lung_mass_kg": None}, DTypeError),
        ({"invalid": "skip"}, UnknownNameError),
        ({"threads": 0}, OutOfRangeError),
    ],
)
def test_wrong_shapes_and_types_are_refused(change: dict[str, Any], error: type[YttriaError]) -> None:
    with pytest.raises(error):
        partition_doses([1.0, 2.0], **TERRITORY | change)
    with pytest.raises(ShapeError, match="tumor must be an index from 0 to 1, got 2"):
        partition_activities(205, tumor=2, **TERRITORY)


def test_the_dose_factor_is_that_of_the_nuclide() -> None:
    ratio = (
        partition_doses(2.0, **TERRITORY, nuclide=Nuclide("IFU_50")).lung_dose_gy
        / partition_doses(2.0, **TERRITORY).lung_dose_gy
    )
    assert ratio == pytest.approx(50 / 49.67, rel=1e-14)


def test_more_than_a_vial_warns_with_the_largest_activity() -> None:
    given = {"tumor_to_normal_ratio": [2.0], "normal_perfused_mass_kg": 1.0, "lung_shunt_fraction": [0.05, np.nan, 0.1]}
    for target, codes in ((100.0, ["invalid_inputs"]), (900.0, ["invalid_inputs", "activity_above_vial"])):
        found = partition_activities(target, tumor_mass_kg=[1.0], invalid="nan", **given)
        assert [a.code for a in found.advisories] == codes
    assert found.advisories[-1].value == np.nanmax(found.delivered_activity_gbq)
