"""The conformance suite's own files: made by the code that says it made them, and right on their face."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from yttria.conformance import case, cases
from yttria.conformance._own_vectors import own_vectors
from yttria.conformance._scenes import COARSE, SLAB, scenes
from yttria.conformance.definition.voxel import convolve, mirrored, s_values, tabulated
from yttria.conformance.make import SIZES_MM, answered, s_value_octants
from yttria.reference import convolution

FOLDER = files("yttria").joinpath("data", "conformance")


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene["id"])
def test_the_voxel_cases_are_what_the_code_makes(scene: dict) -> None:
    shipped, made = case(scene["id"]), answered(scene)
    assert shipped.inputs.keys() == scene["inputs"].keys()
    for name, value in made["inputs"].items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(shipped.inputs[name], value)
        else:
            assert shipped.inputs[name] == value
    for name, value in made["expected"].items():
        assert shipped.expected[name].dtype == np.float32
        np.testing.assert_allclose(shipped.expected[name], value, rtol=1e-6, atol=1e-7 * np.abs(value).max())


def test_the_own_vectors_are_what_the_code_makes() -> None:
    shipped = json.loads(FOLDER.joinpath("planning.json").read_text("utf-8"))["vectors"]
    assert shipped == [json.loads(json.dumps(answered(vector))) for vector in own_vectors()]


def test_a_tabulated_kernel_is_what_the_reference_makes() -> None:
    (made,) = s_value_octants((COARSE,)).values()
    np.testing.assert_allclose(tabulated()[COARSE], made, rtol=1e-12)
    assert tabulated().keys() == set(SIZES_MM)


def test_a_kernel_holds_the_energy_of_its_support() -> None:
    inputs = case("s-slab").inputs
    absorbed = s_values(inputs).sum() * np.prod(SLAB) * 1e-6 * 1.06  # mGy kg / (MBq s) = mJ / MBq s
    emitted = inputs["dose_factor_Gy_kg_per_GBq"] / (inputs["half_life_h"] * 3600 / np.log(2))
    assert absorbed / emitted == pytest.approx(1 - 0.0039, abs=2e-4)


def test_the_fast_convolution_is_the_definition() -> None:
    rng = np.random.default_rng(5)
    array, kernel = rng.normal(size=(7, 5, 9)), rng.normal(size=(5, 9, 3))
    expected = convolution.convolve(array, kernel)
    np.testing.assert_allclose(convolve(array, kernel), expected, atol=1e-13 * np.abs(expected).max())


def test_a_mirrored_octant() -> None:
    octant = np.arange(24.0).reshape(2, 3, 4)
    whole = mirrored(octant)
    assert whole.shape == (3, 5, 7)
    assert np.array_equal(whole[1:, 2:, 3:], octant)
    assert np.array_equal(whole, whole[::-1, ::-1, ::-1])


def test_every_case_says_what_it_is() -> None:
    ids = [each.id for each in cases()]
    assert len(ids) == len(set(ids))
    for each in cases():
        assert each.exercises
        assert each.source
        assert each.quantities


def test_no_map_is_its_own_mirror_image() -> None:
    """A flipped axis must show in every dose map but that of the uniform field, which is symmetric on purpose."""
    for each in cases():
        if each.model == "voxel_dose_kernel" and each.id != "vox-uniform":
            dose = each.expected["dose_Gy"]
            for axis in range(3):
                assert np.abs(np.flip(dose, axis) - dose).max() > 0.1 * dose.max()
