"""Shadow prices: the slope of the objective in each limit."""

from __future__ import annotations

from typing import Any

import pytest
from optimum_samples import LIMITS, OBJECTIVES, two_territories

from yttria.planning import optimize_activities


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_shadow_price_is_the_slope(objective: str) -> None:
    """A change of each limit by a hundredth changes the objective by its price."""
    targets: dict[str, Any] = {"target_tumor_dose_gy": 205.0} if objective == "min_lung_energy" else {}
    question = {"objective": objective, "lung_limit_gy": 30.0, **LIMITS, **targets}
    base = optimize_activities(two_territories(), **question)
    assert base.shadow_prices
    for price in base.shadow_prices:
        name = price.constraint.split(":")[0]
        key = {
            "lung": "lung_limit_gy",
            "normal_perfused": "normal_perfused_limit_gy",
            "target": "target_tumor_dose_gy",
        }[name]
        changed = dict(question)
        step = 0.01 * question[key] * (-1 if name == "target" else 1)
        if ":" in price.constraint:
            names = ("a", "b") if name == "target" else ("right", "left")
            changed[key] = dict.fromkeys(names, question[key]) | {price.constraint.split(":")[1]: question[key] + step}
        else:
            changed[key] = question[key] + step
        change = optimize_activities(two_territories(), **changed).objective_value - base.objective_value  # type: ignore[operator]
        assert change == pytest.approx(price.if_relaxed * abs(step), rel=1e-6)
        assert price.if_tightened == pytest.approx(-price.if_relaxed, rel=1e-9)
    units = {price.unit for price in base.shadow_prices}
    assert units == {f"{'Gy' if objective == 'max_min_tumor_dose' else 'J'} per Gy"}


def test_prices_sum_to_the_objective() -> None:
    """Strong duality: every limit times its price, added up, is the optimum."""
    for objective in OBJECTIVES[:2]:
        result = optimize_activities(two_territories(), objective=objective, **LIMITS)
        limits = {c.name: c.limit for c in result.constraints}
        total = sum(limits[p.constraint] * p.if_relaxed for p in result.shadow_prices)
        assert total == pytest.approx(result.objective_value, rel=1e-12)


def test_limits_that_bind_at_once_have_two_prices() -> None:
    result = optimize_activities(two_territories(prior_lung_dose_gy=20.0), objective="max_tumor_energy", **LIMITS)
    lungs = {p.constraint: p for p in result.shadow_prices if p.constraint.startswith("lung")}
    assert set(lungs) == {"lung", "lung_cumulative"}
    for price in lungs.values():
        assert price.if_relaxed == pytest.approx(0.0, abs=1e-12)
        assert price.if_tightened == pytest.approx(-5.1)
