"""The picture of a dose has the directions of its letters with any settings of matplotlib."""

from __future__ import annotations

import pytest

from yttria import AbsoluteScaling, dose_image
from yttria.evaluation import compare_doses
from yttria.phantom import liver_phantom
from yttria.report import comparison_figure, dose_figure

matplotlib = pytest.importorskip("matplotlib")


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_row_0_of_a_plane_is_at_the_top_with_any_image_origin(origin: str) -> None:
    phantom = liver_phantom((10.0, 10.0, 10.0))
    result = dose_image(phantom.activity, scaling=AbsoluteScaling(scan_delay_h=20.0))
    comparison = compare_doses(result.image, result.image)
    with matplotlib.rc_context({"image.origin": origin}):
        dose = dose_figure(result, phantom.structures, background=phantom.ct)
        compared = comparison_figure(comparison)
    for figure in (dose, compared):
        planes = [axes for axes in figure.axes if axes.images]
        assert planes
        for axes in planes:
            bottom, top = axes.get_ylim()
            assert top < bottom
            assert all(image.origin == "upper" for image in axes.images)
