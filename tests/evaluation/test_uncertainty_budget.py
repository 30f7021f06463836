"""Inputs and budgets of uncertainty: combination with correlations, plain data and back, hostile input."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria import evaluation as e
from yttria.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError, UnknownNameError, YttriaError
from yttria.evaluation.correlated_components import correlation_matrix
from yttria.reference import uncertainty as reference

CURVE = e.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance=[[0.04, -0.003], [-0.003, 0.0025]])
INPUTS = e.UncertaintyInputs(
    fwhm_mm=6.5,
    contour_uncertainty_mm={"Tumor": 1.5},
    count_uncertainty=0.03,
    calibration_uncertainty=0.05,
    recovery=CURVE,
    correlations={("volume", "recovery"): -0.4},
    basis={"calibration_uncertainty": "cross-calibration of March"},
)


def component(source: Any, contribution: float, u: float = 0.1) -> e.UncertaintyComponent:
    return e.UncertaintyComponent(
        source=source,
        input=source,
        input_standard_uncertainty=u,
        input_unit="fraction",
        contribution=contribution,
    )


def budget(*components: e.UncertaintyComponent, **options: Any) -> e.UncertaintyBudget:
    return e.UncertaintyBudget(quantity="mean_gy", unit="Gy", value=120.0, components=components, **options)


def test_independent_components_add_in_quadrature() -> None:
    found = budget(component("calibration", 6.0), component("counts", -8.0))
    assert found.standard_uncertainty == 10.0
    assert found.relative_standard_uncertainty == pytest.approx(10 / 120)
    assert found.interval == pytest.approx((120 - 19.6, 120 + 19.6))
    assert [c.sensitivity for c in found.components] == pytest.approx([60.0, -80.0])


def test_opposite_contributions_of_one_cause_cancel() -> None:
    parts = component("volume", -5.0), component("recovery", 5.0)
    assert budget(*parts, correlations={("volume", "recovery"): 1.0}).standard_uncertainty == pytest.approx(0, abs=1e-9)
    assert budget(*parts, correlations={("recovery", "volume"): -1.0}).standard_uncertainty == pytest.approx(10.0)


def test_a_correlation_of_sources_that_are_not_there_changes_nothing() -> None:
    found = budget(component("calibration", 3.0), correlations={("volume", "recovery"): 0.9})
    assert found.standard_uncertainty == 3.0
    assert budget().standard_uncertainty == 0.0


def test_combination_is_the_spread_of_correlated_draws() -> None:
    sensitivities = np.array([2.0, -1.0, 0.5])
    u = np.array([1.0, 3.0, 4.0])
    correlation = [[1.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 1.0]]
    drawn = np.random.default_rng(3).multivariate_normal(np.zeros(3), correlation * np.outer(u, u), 200_000)
    found = e.combined_standard_uncertainty(sensitivities * u, correlation)
    assert found == pytest.approx((drawn @ sensitivities).std(), rel=0.01)
    assert found == pytest.approx(reference.propagated(sensitivities, u, correlation), rel=1e-14)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_combination_agrees_with_its_definition_for_any_correlations(terms: list[float], seed: int) -> None:
    factor = np.random.default_rng(seed).normal(size=(len(terms), len(terms) + 1))
    factor /= np.linalg.norm(factor, axis=1)[:, None]
    correlation = factor @ factor.T
    np.fill_diagonal(correlation, 1.0)
    found = e.combined_standard_uncertainty(terms, correlation)
    assert found == pytest.approx(reference.combined_standard_uncertainty(terms, correlation), abs=1e-6)
    assert found <= sum(map(abs, terms)) + 1e-9


@pytest.mark.parametrize(
    ("terms", "correlation", "error"),
    [
        ([1.0, float("nan")], None, OutOfRangeError),
        ([1.0, True], None, ArgumentError),
        ([1.0, 1.0], [[1.0]], ShapeError),
        ([1.0, 1.0], [["a", "b"], ["c", "d"]], DTypeError),
        ([1.0, 1.0], [[1.0, 0.5], [0.4, 1.0]], OutOfRangeError),
        ([1.0, 1.0], [[1.0, 1.5], [1.5, 1.0]], OutOfRangeError),
        ([1.0, 1.0], [[2.0, 0.0], [0.0, 2.0]], OutOfRangeError),
        ([1.0, 1.0], [[1.0, float("nan")], [float("nan"), 1.0]], OutOfRangeError),
        ([1.0, 1.0, 1.0], [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]], OutOfRangeError),
    ],
)
def test_impossible_combinations_are_refused(terms: Any, correlation: Any, error: type[YttriaError]) -> None:
    with pytest.raises(error):
        e.combined_standard_uncertainty(terms, correlation)


def test_components_of_one_source_are_independent_of_each_other() -> None:
    matrix = correlation_matrix(["decay", "decay", "volume"], {("volume", "decay"): 0.5})
    assert matrix == [[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.5, 0.5, 1.0]]


def test_plain_data_become_the_inputs_again() -> None:
    stated = json.loads(json.dumps(INPUTS.as_dict()))
    again = e.UncertaintyInputs.from_dict(stated)
    assert again.as_dict() == INPUTS.as_dict()
    assert again.recovery is not None
    assert again.recovery.recovery(2.6) == 0.5
    assert again.correlations == {("volume", "recovery"): -0.4}
    assert e.UncertaintyInputs.from_dict({}).as_dict() == {"coverage_factor": 1.96}
    assert pickle.loads(pickle.dumps(INPUTS)) == copy.copy(INPUTS) == INPUTS


def test_an_input_by_structure_holds_for_the_structures_it_names() -> None:
    assert INPUTS.of_structure("contour_uncertainty_mm", "Tumor") == 1.5
    assert INPUTS.of_structure("contour_uncertainty_mm", "Liver") is None
    assert INPUTS.of_structure("count_uncertainty", "Liver") == 0.03
    assert INPUTS.basis_of("calibration_uncertainty") == "cross-calibration of March"
    assert INPUTS.basis_of("fwhm_mm") == "stated"


def test_a_budget_as_plain_data_keeps_every_number() -> None:
    found = budget(
        component("volume", -5.0),
        component("recovery", 2.0),
        structure="Tumor",
        correlations={("volume", "recovery"): 0.5},
        not_included=("registration",),
    )
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["standard_uncertainty"] == pytest.approx(np.sqrt(19.0))
    assert plain["correlations"] == [["volume", "recovery", 0.5]]
    assert plain["not_included"] == ["registration"]
    assert plain["components"][0]["contribution"] == -5.0
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("stated", "error", "words"),
    [
        ({"calibration_uncertainty": -0.1}, OutOfRangeError, "calibration_uncertainty must be a fraction within"),
        ({"calibration_uncertainty": float("inf")}, OutOfRangeError, "got inf"),
        ({"fwhm_mm": float("inf")}, OutOfRangeError, "fwhm_mm must be finite"),
        ({"calibration_uncertainty": "5 %"}, ArgumentError, "must be a real number"),
        ({"calibration_uncertainty": {"Tumor": 0.1}}, ArgumentError, "must be one number"),
        ({"count_uncertainty": {"Tumor": -1.0}}, OutOfRangeError, "count_uncertainty of 'Tumor'"),
        ({"calibration_uncertainty": 5.0}, OutOfRangeError, "did you mean 0.05"),
        ({"coverage_factor": 0.0}, OutOfRangeError, "coverage_factor must be > 0"),
        ({"sphere_activity_bq": 0.0}, OutOfRangeError, "sphere_activity_bq must be > 0"),
        ({"calibration": 0.05}, UnknownNameError, "did you mean calibration_uncertainty"),
        ({"recovery": 0.9}, ArgumentError, "must be a RecoveryCurve"),
        ({"recovery": {"b1_ml": 2.0}}, ArgumentError, "needs b2"),
        ({"recovery": {"b1_ml": 2.0, "b3": 1.0}}, UnknownNameError, "got b3"),
        ({"correlations": [["volume", "recovery"]]}, ArgumentError, "source, source, coefficient"),
        ({"correlations": [["volume", "size", 0.5]]}, UnknownNameError, "source of uncertainty"),
        ({"correlations": [["volume", "volume", 0.5]]}, ArgumentError, "two different sources"),
        ({"correlations": [["volume", "counts", 1.5]]}, OutOfRangeError, "within"),
        ({"correlations": {("volume", "counts"): 0.5, ("counts", "volume"): 0.5}}, ArgumentError, "each pair once"),
        ({"correlations": {"volume": 0.5}}, ArgumentError, "two sources"),
        ({"basis": {"calibration": "meter"}}, UnknownNameError, "do not exist: calibration"),
    ],
)
def test_wrong_inputs_are_refused_in_words(stated: dict[str, Any], error: type[YttriaError], words: str) -> None:
    with pytest.raises(error, match=words):
        e.UncertaintyInputs.from_dict(stated)
