"""Intervals on simulated cohorts: few of them here; docs/validation has the figures of benches/outcomes_coverage.py."""

from __future__ import annotations

import runpy

import pytest

pytest.importorskip("statsmodels")

from conftest import ROOT

BENCH = runpy.run_path(str(ROOT / "benches" / "outcomes_coverage.py"))


@pytest.mark.claim("coverage_of_intervals")
@pytest.mark.parametrize("name", BENCH["SCENARIOS"])
def test_intervals_hold_the_truth_about_as_often_as_they_state(name: str) -> None:
    cohorts = 40
    found = BENCH["coverage"](name, cohorts)
    alarms = found.pop("false alarm of proportionality", 0.0)
    # Three binomial standard errors about 95 %: the seed is fixed, and a method that is wrong is further away.
    assert all(0.845 <= covered <= 1.0 for covered in found.values()), found
    assert alarms <= 0.14
