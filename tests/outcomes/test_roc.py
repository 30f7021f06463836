"""ROC curves of dose: the definition, ties, clusters and the threshold."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("scipy")

from yttria.errors import OutOfRangeError, UndefinedError, YttriaError
from yttria.outcomes import RocCurve, roc_curve
from yttria.reference import outcomes as reference

#: Ratings of 109 images, 1 to 5, of 58 normal and 51 abnormal ones (Hanley and McNeil, Radiology 1982;143:29).
NORMAL, ABNORMAL = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
RATING = np.concatenate([np.repeat(np.arange(1.0, 6.0), counts) for counts in (NORMAL, ABNORMAL)])
DISEASED = np.repeat([False, True], [58, 51])


@pytest.mark.claim("roc_area")
def test_the_area_of_a_published_example_is_found() -> None:
    curve = roc_curve(RATING, DISEASED)
    assert curve.area.value == pytest.approx(0.893, abs=5e-4)
    assert curve.area.value == pytest.approx(reference.roc_area(RATING, DISEASED), abs=1e-12)
    variance = reference.roc_area_variance(RATING, DISEASED, range(109))
    assert curve.area_standard_error == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert curve.sensitivity == pytest.approx(np.append(0, np.cumsum(ABNORMAL[::-1])) / 51)
    assert curve.specificity == pytest.approx(1 - np.append(0, np.cumsum(NORMAL[::-1])) / 58)
    assert curve.thresholds_gy.tolist() == [math.inf, 5, 4, 3, 2, 1]
    assert curve.area_method == "DeLong 1988"


@pytest.mark.claim("roc_area")
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_area_and_variance_are_their_definitions(data: st.DataObject) -> None:
    count = data.draw(st.integers(12, 30))
    dose = data.draw(st.lists(st.integers(0, 6), min_size=count, max_size=count))
    event = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    patient = data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    if len(set(event)) == 1 or len(set(patient)) < 5:
        return
    groups = [{p for p, e in zip(patient, event, strict=True) if e == which} for which in (True, False)]
    curve = roc_curve(dose, event, patient=patient)
    assert curve.area.value == pytest.approx(reference.roc_area(dose, event), abs=1e-12)
    if min(map(len, groups)) > 1 and 0 < curve.area.value < 1:
        variance = reference.roc_area_variance(dose, event, patient)
        assert curve.area_standard_error == pytest.approx(math.sqrt(max(variance, 0.0)), abs=1e-7)


def test_the_area_is_that_of_the_trapezia_under_the_curve() -> None:
    curve = roc_curve(RATING, DISEASED)
    height, width = (curve.sensitivity[1:] + curve.sensitivity[:-1]) / 2, -np.diff(curve.specificity)
    assert float(height @ width) == pytest.approx(curve.area.value, abs=1e-12)


def test_observations_written_twice_under_one_patient_add_nothing() -> None:
    twice = roc_curve(np.tile(RATING, 2), np.tile(DISEASED, 2), patient=np.tile(np.arange(109), 2))
    once = roc_curve(RATING, DISEASED)
    assert twice.area.value == pytest.approx(once.area.value, rel=1e-12)
    assert twice.area_standard_error == pytest.approx(once.area_standard_error, rel=1e-9)
    assert twice.area_method.startswith("Obuchowski")
    assert [twice.threshold_gy.lower, twice.threshold_gy.upper] == [once.threshold_gy.lower, once.threshold_gy.upper]


def test_the_threshold_has_the_largest_index_and_the_lowest_dose_of_equal_ones() -> None:
    curve = roc_curve([1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1])
    index = curve.sensitivity + curve.specificity - 1
    assert index.max() == pytest.approx(1 / 3)
    assert curve.threshold_gy.value == 2
    assert curve.threshold_sensitivity.value == 1
    assert curve.threshold_specificity.value == pytest.approx(1 / 3)


def test_the_interval_of_a_fraction_is_that_of_wilson() -> None:
    # 81 of 263 gives 0.255 to 0.366, an example of Newcombe (Stat Med 1998;17:857) that textbooks quote.
    from yttria.outcomes.roc import wilson_interval

    found = wilson_interval(81 / 263, 263, 1.959964)
    assert [found.lower, found.upper] == pytest.approx([0.2553, 0.3662], abs=5e-5)


def test_equal_data_give_equal_intervals() -> None:
    first, second = roc_curve(RATING, DISEASED), roc_curve(RATING, DISEASED)
    assert first.as_dict() == second.as_dict()
    assert first.as_dict()["thresholds_gy"][0] is None


def test_doses_that_separate_outcomes_have_an_area_of_1_without_an_interval() -> None:
    curve = roc_curve([1, 2, 3, 4], [0, 0, 1, 1])
    assert (curve.area.value, curve.area.lower, curve.area.upper) == (1.0, None, None)
    assert curve.threshold_gy.value == 3


def test_one_dose_for_all_has_an_area_of_one_half() -> None:
    curve = roc_curve([5, 5, 5, 5], [0, 1, 0, 1])
    assert curve.area.value == 0.5
    assert curve.threshold_gy.value == 5


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: roc_curve([1, 2], [1, 1]), UndefinedError),
        (lambda: roc_curve([], []), UndefinedError),
        (lambda: roc_curve([1, math.nan], [0, 1]), OutOfRangeError),
        (lambda: roc_curve([1, 2, 3, 4], [0, 1, 0, 1], patient=["a", "a", "b", "b"]), UndefinedError),
    ],
)
def test_wrong_input_is_refused(call: Callable[[], RocCurve], error: type[YttriaError]) -> None:
    with pytest.raises(error):
        call()
