"""Differences in units of their uncertainty: closed forms, common sources, correlations, rows of a comparison."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_figures import Measured

from yttria import Image, Structure
from yttria.errors import ArgumentError, OutOfRangeError, UnknownNameError
from yttria.evaluation import UncertaintyBudget, UncertaintyComponent, compare_doses, uncertain_difference


def budget(value: float, contributions: dict[str, float], **more: Any) -> UncertaintyBudget:
    return UncertaintyBudget(
        **{"quantity": "mean_gy", "unit": "Gy", "structure": "Tumor", **more},
        value=value,
        components=tuple(
            UncertaintyComponent(
                source=source,  # type: ignore[arg-type]
                input=source,
                input_standard_uncertainty=0.05,
                input_unit="fraction",
                contribution=contribution,
            )
            for source, contribution in contributions.items()
        ),
    )


def test_independent_quantities_add_in_quadrature() -> None:
    found = uncertain_difference(budget(100, {"counts": 3.0}), budget(110, {"counts": 4.0}))
    assert (found.difference, found.standard_uncertainty, found.z) == (10.0, 5.0, 2.0)
    assert found.normalized_error == pytest.approx(2.0 / 1.96)


def test_common_contributions_cancel_as_far_as_they_are_equal() -> None:
    a, b = budget(100, {"calibration": 5.0, "counts": 3.0}), budget(120, {"calibration": 6.0, "counts": 4.0})
    apart = uncertain_difference(a, b)
    together = uncertain_difference(a, b, common=["calibration"])
    assert apart.standard_uncertainty == pytest.approx(math.sqrt(25 + 9 + 36 + 16))
    assert together.standard_uncertainty == pytest.approx(math.sqrt(1 + 9 + 16))
    assert together.common == ("calibration",)


def test_a_difference_without_uncertainty_has_no_z() -> None:
    a = budget(100, {"calibration": 5.0})
    found = uncertain_difference(a, budget(101, {"calibration": 5.0}), common=["calibration"])
    assert (found.standard_uncertainty, found.z, found.normalized_error) == (0.0, None, None)


def test_a_common_source_of_one_side_alone_stays() -> None:
    found = uncertain_difference(budget(1, {"recovery": 3.0}), budget(2, {"counts": 4.0}), common=["recovery"])
    assert found.standard_uncertainty == pytest.approx(5.0)


def test_correlations_of_each_side_are_kept() -> None:
    correlated = {("volume", "recovery"): -0.5}
    a = budget(100, {"volume": 3.0, "recovery": 4.0}, correlations=correlated)
    b = budget(100, {"volume": 6.0, "recovery": 8.0}, correlations=correlated)
    assert uncertain_difference(a, b).standard_uncertainty == pytest.approx(
        math.hypot(a.standard_uncertainty, b.standard_uncertainty)
    )
    together = uncertain_difference(a, b, common=["volume", "recovery"])
    assert together.standard_uncertainty == pytest.approx(a.standard_uncertainty)


def test_correlations_of_common_sources_that_differ_are_refused() -> None:
    a = budget(100, {"volume": 3.0, "recovery": 4.0}, correlations={("volume", "recovery"): -0.5})
    b = budget(100, {"volume": 3.0, "recovery": 4.0}, correlations={("recovery", "volume"): 0.5})
    with pytest.raises(OutOfRangeError, match="must be the same in both budgets"):
        uncertain_difference(a, b, common=["volume", "recovery"])


@given(
    contributions=st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=3, max_size=3),
    values=st.tuples(st.floats(1, 500), st.floats(1, 500)),
)
def test_exchanging_the_sides_changes_the_sign_alone(contributions: Any, values: Any) -> None:
    names = ("calibration", "counts", "volume")
    a = budget(values[0], {n: c[0] for n, c in zip(names, contributions, strict=True)})
    b = budget(values[1], {n: c[1] for n, c in zip(names, contributions, strict=True)})
    one, other = (uncertain_difference(*pair, common=["volume"]) for pair in ((a, b), (b, a)))
    assert one.standard_uncertainty == pytest.approx(other.standard_uncertainty, rel=1e-12, abs=1e-12)
    assert one.difference == -other.difference
    assert one.standard_uncertainty <= a.standard_uncertainty + b.standard_uncertainty + 1e-9


@pytest.mark.claim("budget_difference")
def test_z_of_drawn_pairs_has_standard_deviation_1(measured: Measured) -> None:
    # Two doses of one image share the calibration; each has counts of its own.
    rng = np.random.default_rng(5)
    calibration, own = rng.standard_normal(20_000), rng.standard_normal((2, 20_000))
    a = 100.0 * (1 + 0.1 * calibration + 0.03 * own[0])
    b = 130.0 * (1 + 0.1 * calibration + 0.05 * own[1])
    found = uncertain_difference(
        budget(100, {"calibration": 10.0, "counts": 3.0}),
        budget(130, {"calibration": 13.0, "counts": 6.5}),
        common=["calibration"],
    )
    spread = float(np.std((b - a - 30.0) / found.standard_uncertainty))
    assert spread == pytest.approx(1.0, abs=0.02)
    measured("standard deviation of z", spread, digits=3)


def test_budgets_of_different_quantities_and_unknown_sources_are_refused() -> None:
    a = budget(1, {"counts": 1.0})
    with pytest.raises(ArgumentError, match="one quantity and unit, got mean_gy in Gy and d70_gy in Gy"):
        uncertain_difference(a, budget(1, {"counts": 1.0}, quantity="d70_gy"))
    with pytest.raises(UnknownNameError, match="source of uncertainty"):
        uncertain_difference(a, a, common=["luck"])  # type: ignore[list-item]


def maps() -> tuple[Image, Image, Structure]:
    array = np.linspace(10.0, 100.0, 60).reshape(3, 4, 5)
    a = Image(array, np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    return a, a.with_array(1.1 * array, "Gy"), Structure("Tumor", np.ones(array.shape), a.affine_lps)


def test_a_comparison_gives_differences_in_units_of_their_uncertainty() -> None:
    a, b, tumor = maps()
    found = compare_doses(
        a,
        b,
        [tumor],
        budgets_a=[budget(55.0, {"calibration": 2.0, "counts": 1.0})],
        budgets_b=[budget(60.5, {"calibration": 2.2, "counts": 1.0})],
        common_sources=["calibration"],
    )
    row = next(each for each in found.differences if each.structure == "Tumor")
    assert row.mean_difference_standard_uncertainty_gy == pytest.approx(math.sqrt(0.2**2 + 2.0))
    assert row.z == pytest.approx(5.5 / math.sqrt(0.2**2 + 2.0), rel=1e-6)
    mean = next(each for each in found.dose_volume if each.quantity == "mean")
    d95 = next(each for each in found.dose_volume if each.quantity == "D95")
    assert (mean.z, d95.z) == (row.z, None)
    assert not [each for each in found.advisories if each.code == "uncertainty_of_other_dose"]
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert plain["uncertainty"][0]["common"] == ["calibration"]
    assert plain["differences"][0]["z"] is None


def test_a_comparison_without_budgets_has_no_such_columns() -> None:
    a, b, tumor = maps()
    plain = compare_doses(a, b, [tumor]).as_dict()
    assert not {"z", "coverage_factor", "mean_a_standard_uncertainty_gy"} & set(plain["differences"][0])
    assert plain["uncertainty"] == []


def test_a_budget_of_one_side_gives_no_uncertainty_of_the_difference() -> None:
    a, b, tumor = maps()
    row = compare_doses(a, b, [tumor], budgets_a=[budget(55.0, {"counts": 1.0})]).differences[1]
    assert row.mean_a_standard_uncertainty_gy == 1.0
    assert (row.mean_b_standard_uncertainty_gy, row.z) == (None, None)


def test_a_budget_of_another_dose_warns() -> None:
    a, b, tumor = maps()
    found = compare_doses(a, b, [tumor], budgets_b=[budget(55.0, {"counts": 1.0})])
    (advisory,) = (each for each in found.advisories if each.code == "uncertainty_of_other_dose")
    assert "The budget of 'Tumor' in B is of a mean of 55 Gy, and the map has 60.5 Gy" in advisory.message
