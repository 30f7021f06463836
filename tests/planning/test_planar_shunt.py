"""The lung shunt from two views: the definition, delay, background, transmission, and regions that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yttria import Image, Structure
from yttria.errors import OutOfRangeError, ShapeError, UndefinedError
from yttria.geometry import PlanarViews
from yttria.phantom import planning_phantom
from yttria.planning import planar_lung_shunt
from yttria.reference import lung as definition

SHAPE = (6, 5)
LUNGS, LIVER, EMPTY_SPACE = (np.zeros((2, *SHAPE)) for _ in range(3))
LUNGS[0, :2, :3], LUNGS[1, :2, 2:] = 1.0, 1.0
LIVER[0, 3:5, :4], LIVER[1, 3:5, 1:] = 1.0, 0.5
EMPTY_SPACE[:, 5, :] = 1.0


def codes(shunt: object) -> set[str]:
    return {advisory.code for advisory in shunt.advisories}  # type: ignore[attr-defined]


@pytest.mark.claim("planar_shunt")
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(-3.0, 3.0), st.floats(0.2, 1.0), st.floats(0.02, 0.5), st.booleans())
def test_the_shunt_of_two_views_is_its_definition(
    seed: int, delay_h: float, lung: float, liver: float, background: bool
) -> None:
    random = np.random.default_rng(seed)
    front, behind = random.uniform(50, 500, SHAPE), random.uniform(50, 500, SHAPE)
    front[5], behind[5] = random.uniform(0, 20, 5), random.uniform(0, 20, 5)
    front[5, 0] = behind[5, 0] = 0.0
    views = PlanarViews(anterior=front, posterior=behind, posterior_delay_h=delay_h)
    found = planar_lung_shunt(
        views,
        lungs=LUNGS,
        liver=LIVER,
        background=EMPTY_SPACE if background else None,
        lung_transmission=lung,
        liver_transmission=liver,
    )
    # The background is 0, with a pixel without counts in both views.
    nothing = np.zeros((2, *SHAPE))
    nothing[:, 5, 0] = 1.0
    region = EMPTY_SPACE if background else nothing
    expected = definition.planar_lung_shunt(front, behind, LUNGS, LIVER, region, delay_h, 6.0067, lung, liver)
    assert found.lung_shunt_fraction == pytest.approx(expected, rel=1e-12)
    assert "planar_not_attenuation_corrected" not in codes(found)


@pytest.mark.claim("planar_shunt")
def test_a_point_source_in_an_attenuating_body_is_found_at_any_depth() -> None:
    """Two sources of 5 and 95 at drawn depths; the geometric mean with the transmissions gives the shunt exactly."""
    attenuation, lung_mm, liver_mm = 0.0154, 60.0, 210.0
    for lung_depth, liver_depth in ((10.0, 20.0), (55.0, 200.0)):
        front = np.array([[5 * np.exp(-attenuation * lung_depth), 95 * np.exp(-attenuation * liver_depth)]])
        behind = np.array(
            [[5 * np.exp(-attenuation * (lung_mm - lung_depth)), 95 * np.exp(-attenuation * (liver_mm - liver_depth))]]
        )
        views = PlanarViews(anterior=front, posterior=behind[:, ::-1])
        found = planar_lung_shunt(
            views,
            lungs=np.array([[1, 0]]),
            liver=np.array([[0, 1]]),
            lung_transmission=float(np.exp(-attenuation * lung_mm)),
            liver_transmission=float(np.exp(-attenuation * liver_mm)),
        )
        assert found.lung_shunt_fraction == pytest.approx(0.05, rel=1e-12)


def test_the_phantom_shows_why_planar_views_overestimate() -> None:
    """True 5 %; attenuated views give 8.7 %; with transmissions 4.1 %, because lung behind the dome counts as liver."""
    phantom = planning_phantom()
    views = PlanarViews.from_image(phantom.planar)
    lungs, liver = phantom.planar_regions
    plain = planar_lung_shunt(views, lungs=lungs, liver=liver)
    assert plain.lung_shunt_fraction == pytest.approx(0.087, abs=0.002)
    assert {"planar_not_attenuation_corrected"} <= codes(plain)
    mended = planar_lung_shunt(views, lungs=lungs, liver=liver, lung_transmission=0.18, liver_transmission=0.036)
    assert mended.lung_shunt_fraction == pytest.approx(0.041, abs=0.002)


def test_one_view_of_a_region_is_mirrored() -> None:
    views = PlanarViews(
        anterior=np.arange(30.0).reshape(SHAPE) + 1, posterior=np.arange(30.0).reshape(SHAPE)[:, ::-1] + 1
    )
    both = [np.stack([region[0], region[0][:, ::-1]]) for region in (LUNGS, LIVER)]
    alone = planar_lung_shunt(views, lungs=LUNGS[0], liver=LIVER[0][None])
    assert alone == planar_lung_shunt(views, lungs=both[0], liver=both[1])
    place = np.eye(4)
    lobes = [Structure("a", both[0], place), Structure("b", both[0], place)]
    assert planar_lung_shunt(views, lungs=lobes, liver=Structure("L", both[1], place)) == alone


def test_pixels_of_both_organs_belong_to_the_liver() -> None:
    views = PlanarViews(anterior=np.ones(SHAPE), posterior=np.ones(SHAPE))
    wide = LUNGS.copy()
    wide[:, 3] = 1.0
    found = planar_lung_shunt(views, lungs=wide, liver=np.ceil(LIVER))
    assert "planar_regions_overlap" in codes(found)
    # Six pixels, and one of the row that the liver leaves.
    assert (found.lung_counts, found.liver_counts) == (pytest.approx(7.0), pytest.approx(8.0))


def test_views_and_regions_that_do_not_fit_are_refused() -> None:
    views = PlanarViews(anterior=np.ones(SHAPE), posterior=np.ones(SHAPE))
    with pytest.raises(ShapeError, match="region 'liver' must have the shape of the views"):
        planar_lung_shunt(views, lungs=LUNGS, liver=np.ones((5, 6)))
    with pytest.raises(UndefinedError, match="'lungs' is empty in the anterior view"):
        planar_lung_shunt(views, lungs=np.zeros(SHAPE), liver=LIVER)
    with pytest.raises(UndefinedError, match="lungs outside the liver's region"):
        planar_lung_shunt(views, lungs=LUNGS, liver=np.ones(SHAPE))
    with pytest.raises(OutOfRangeError, match="fractions within"):
        planar_lung_shunt(views, lungs=2 * LUNGS, liver=LIVER)
    with pytest.raises(OutOfRangeError, match="lung anterior counts less background must be > 0"):
        planar_lung_shunt(views, lungs=LUNGS, liver=LIVER, background=EMPTY_SPACE)
    with pytest.raises(OutOfRangeError, match=r"lung transmission must be within \(0, 1\]"):
        planar_lung_shunt(views, lungs=LUNGS, liver=LIVER, lung_transmission=0.0)
    with pytest.raises(ShapeError, match="one shape"):
        PlanarViews(anterior=np.ones((2, 3)), posterior=np.ones((3, 2)))
    with pytest.raises(OutOfRangeError, match="finite"):
        PlanarViews(anterior=np.full((2, 3), np.nan), posterior=np.ones((2, 3)))
    with pytest.raises(OutOfRangeError, match="delay"):
        PlanarViews(anterior=np.ones((2, 3)), posterior=np.ones((2, 3)), posterior_delay_h=30.0)
    with pytest.raises(ShapeError, match="two slices"):
        PlanarViews.from_image(Image(np.ones((3, 2, 2)), np.eye(4), "counts"))
