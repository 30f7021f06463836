"""Counts in structures: the definition, the phantom's truth with and without blur, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import KINDS, SHAPE, SIZE, affine

from yttria import Image, Structure
from yttria.errors import ArgumentError, GeometryError, OutOfRangeError, UndefinedError
from yttria.geometry import difference
from yttria.phantom import planning_phantom
from yttria.planning import structure_counts
from yttria.reference import structure_counts as definition

SIZE_KJI = SIZE[::-1]


def drawn(seed: int, kind: str) -> tuple[Image, list[Structure]]:
    """An image and three structures of fractions whose sum is at most 1 in every voxel."""
    random = np.random.default_rng(seed)
    fractions = random.dirichlet([0.4, 0.4, 0.4, 1.0], SHAPE)
    fractions = np.floor(fractions * 2**20) / 2**20
    image = Image(random.uniform(1, 100, SHAPE), affine(kind), "counts")
    return image, [Structure(f"S{n}", np.ascontiguousarray(fractions[..., n]), affine(kind)) for n in range(3)]


@pytest.mark.claim("structure_counts")
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(KINDS), st.sampled_from([None, 0.0, 2.0, 7.5]))
def test_counts_are_their_definition(seed: int, kind: str, fwhm: float | None) -> None:
    image, structures = drawn(seed, kind)
    expected = definition.structure_counts(
        image.array, [each.mask for each in structures], SIZE_KJI, resolution_fwhm_mm=fwhm
    )
    try:
        found = structure_counts(image, structures, resolution_fwhm_mm=fwhm)
    except OutOfRangeError:
        assert expected.min() < 0
        return
    assert [each.counts for each in found] == pytest.approx(expected, rel=1e-8, abs=1e-6)
    assert [each.volume_ml for each in found] == pytest.approx([each.volume_ml for each in structures], rel=1e-6)


@pytest.mark.claim("structure_counts")
@pytest.mark.parametrize("size", [(4.8, 4.4, 4.0), (8.0, 6.0, 5.0), (3.0, 7.0, 4.0)])
def test_counts_of_the_phantom_are_separated_to_their_true_values(size: tuple[float, float, float]) -> None:
    """Without blur the counts of voxels at surfaces are separated exactly, on any grid, also an oblique one."""
    phantom = planning_phantom(size, lung_shunt_fraction=(0.08, 0.03))
    named = {each.name: each for each in phantom.structures}
    tumors = [named["Tumor 1"], named["Tumor 2"]]
    parts = [difference(named["Liver"], tumors, name="Normal"), *tumors, named["Lungs"]]
    turn = np.eye(4)
    turn[:3, :3] = np.linalg.qr([[1.0, 0.2, -0.3], [0.1, 1.0, 0.25], [0.4, -0.2, 1.0]])[0]
    for image, structures in (
        (phantom.maa_of_all, parts),
        (phantom.maa_of_all.transformed(turn), [each.transformed(turn) for each in parts]),
    ):
        normal, first, second, lungs = structure_counts(image, structures, resolution_fwhm_mm=0.0)
        base = normal.counts / normal.volume_ml
        assert first.counts / first.volume_ml / base == pytest.approx(5.0, rel=1e-6)
        assert second.counts / second.volume_ml / base == pytest.approx(3.0, rel=1e-6)
        shunt = lungs.counts / (lungs.counts + normal.counts + first.counts + second.counts)
        assert shunt == pytest.approx(phantom.combined_lung_shunt_fraction, rel=1e-6)


def test_counts_are_corrected_for_a_stated_blur() -> None:
    """12 mm: a plain sum finds 4.3 and 2.2 for ratios of 5 and 3, the fit finds them within 2 %."""
    phantom = planning_phantom(blur_fwhm_mm=12.0)
    named = {each.name: each for each in phantom.structures}
    tumors = [named["Tumor 1"], named["Tumor 2"]]
    parts = [difference(named["Liver"], tumors, name="Normal"), *tumors, named["Lungs"]]
    ratios = {}
    for fwhm in (None, 12.0):
        normal, *found, _ = structure_counts(phantom.maa_of_all, parts, resolution_fwhm_mm=fwhm)
        ratios[fwhm] = [each.counts / each.volume_ml / (normal.counts / normal.volume_ml) for each in found]
    assert ratios[None] == pytest.approx([4.27, 2.19], rel=0.01)
    assert ratios[12.0] == pytest.approx([5.0, 3.0], rel=0.02)


def test_parts_beyond_the_image_are_reported() -> None:
    place = np.diag([2.0, 2.0, 2.0, 1.0])
    image = Image(np.ones((1, 1, 4)), place, "counts")
    (found,) = structure_counts(image, [Structure("long", np.ones((1, 1, 8), bool), place)])
    assert (found.counts, found.outside_fraction) == (4.0, pytest.approx(0.5))
    assert [advisory.code for advisory in found.advisories] == ["counts_partly_outside"]
    (inside,) = structure_counts(image, [Structure("short", np.ones((1, 1, 2), bool), place)])
    assert inside.advisories == ()


def test_voxels_outside_the_structures_may_have_any_value() -> None:
    place = np.eye(4)
    image = Image(np.array([[[1.0, np.nan, -5.0]]]), place, "counts")
    assert structure_counts(image, [Structure("one", np.array([[[1, 0, 0]]]), place)])[0].counts == 1.0


def test_hostile_input_is_refused() -> None:
    place = np.eye(4)
    image = Image(np.array([[[1.0, 2.0, -5.0]]]), place, "counts", frame_of_reference_uid="1.2")
    one = Structure("one", np.array([[[1, 1, 0]]]), place)
    with pytest.raises(UndefinedError, match=r"'far'.*no part of it lies inside"):
        structure_counts(image, [Structure("far", np.ones((1, 1, 1), bool), place + 100 * (np.eye(4, 4, 3) > 0))])
    with pytest.raises(UndefinedError, match=r"'none'.*it is empty"):
        structure_counts(image, [Structure("none", np.zeros((1, 1, 3), bool), place)])
    with pytest.raises(OutOfRangeError, match="counts in 'cold' must be >= 0, got -5"):
        structure_counts(image, [Structure("cold", np.array([[[0, 0, 1]]]), place)])
    with pytest.raises(GeometryError, match="frame of reference"):
        structure_counts(image, [Structure("one", one.mask, place, frame_of_reference_uid="1.3")])
    with pytest.raises(ArgumentError, match="must not overlap"):
        structure_counts(image, [one, one], resolution_fwhm_mm=0.0)
    with pytest.raises(OutOfRangeError, match="resolution"):
        structure_counts(image, [one], resolution_fwhm_mm=-1.0)
    with pytest.raises(OutOfRangeError, match="must be finite"):
        structure_counts(image.with_array(np.array([[[1.0, np.inf, 0.0]]]), "counts"), [one])
    assert structure_counts(image, []) == ()
