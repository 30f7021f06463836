"""For any small cohort, a fit gives finite estimates inside their intervals, or an error of yttria."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("statsmodels")

from yttria.errors import YttriaError
from yttria.outcomes import fit_dose_response, roc_curve, survival_by_dose

DOSES = st.one_of(st.sampled_from([0.0, 1e-3, 50.0, 120.0, 120.0, 1e6]), st.floats(1.0, 500.0))


@st.composite
def cohorts(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 25))
    lists = {"dose": DOSES, "event": st.booleans(), "patient": st.integers(0, 12)}
    lists["time"] = st.one_of(st.integers(0, 12).map(float), st.floats(0.0, 60.0))
    return {name: draw(st.lists(each, min_size=count, max_size=count)) for name, each in lists.items()}


def assert_inside_its_interval(value: Any) -> None:
    """Every estimate is finite and inside its interval."""
    if isinstance(value, dict):
        if set(value) == {"value", "lower", "upper"}:
            assert math.isfinite(value["value"])
            slack = 1e-9 * abs(value["value"])
            assert value["lower"] is None or value["lower"] <= value["value"] + slack
            assert value["upper"] is None or value["value"] - slack <= value["upper"]
        for each in value.values():
            assert_inside_its_interval(each)
    elif isinstance(value, list | tuple):
        for each in value:
            assert_inside_its_interval(each)


@pytest.mark.claim("any_cohort")
@given(cohorts(), st.booleans(), st.sampled_from(["log", "linear"]))
@settings(max_examples=60, deadline=None)
def test_any_cohort_has_a_finite_dose_response_or_an_error(cohort: dict[str, Any], shared: bool, scale: Any) -> None:
    patient = cohort["patient"] if shared else None
    try:
        found = fit_dose_response(cohort["dose"], cohort["event"], patient=patient, dose_scale=scale)
    except YttriaError:
        return
    plain = found.as_dict()
    json.dumps(plain, allow_nan=False)
    assert_inside_its_interval(plain)


@pytest.mark.claim("any_cohort")
@given(cohorts(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_cohort_has_a_finite_roc_area_or_an_error(cohort: dict[str, Any], shared: bool) -> None:
    try:
        found = roc_curve(cohort["dose"], cohort["event"], patient=cohort["patient"] if shared else None)
    except YttriaError:
        return
    plain = found.as_dict()
    # The threshold is one that was seen; its interval is of resamples and may be elsewhere.
    del plain["threshold_gy"]
    assert_inside_its_interval(plain)


@pytest.mark.claim("any_cohort")
@given(cohorts(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_cohort_has_finite_hazard_ratios_or_an_error(cohort: dict[str, Any], shared: bool) -> None:
    patient = cohort["patient"] if shared else None
    try:
        found = survival_by_dose(cohort["dose"], cohort["time"], cohort["event"], patient=patient)
    except YttriaError:
        return
    plain = found.as_dict()
    assert_inside_its_interval({name: plain[name] for name in ("hazard_ratios", "trend")})
    for group in found.groups:
        assert (group.lower <= group.probability + 1e-12).all()
        assert (group.probability <= group.upper + 1e-12).all()
    json.dumps(plain, allow_nan=False)
