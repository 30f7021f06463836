"""Survival by dose: examples of R and SAS, the definitions, clusters and hostile input."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

pytest.importorskip("statsmodels")

from yttria.errors import OutOfRangeError, ShapeError, UndefinedError, YttriaError
from yttria.outcomes import kaplan_meier, survival_by_dose
from yttria.reference import outcomes as reference

#: Weeks of remission of 21 + 21 children (Freireich et al., Blood 1963;21:699): 6-mercaptopurine and placebo.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
WEEKS, EVENT = np.array([*TREATED, *PLACEBO], float), np.array([*RELAPSE, *[1] * 21], bool)
DOSE_GY = np.repeat([100.0, 50.0], 21)


def drawn(seed: int = 5, patients: int = 40) -> tuple[Any, ...]:
    """Doses, times without ties, events and patients, with a frailty that lesions of a patient share."""
    generator = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), 2)
    dose = generator.uniform(50, 250, 2 * patients)
    frailty = generator.gamma(2.0, 0.5, patients)[patient]
    time = generator.exponential(12.0 / frailty * np.exp(0.004 * (dose - 150)))
    end = generator.uniform(4, 36, 2 * patients)
    return dose, np.minimum(time, end), time <= end, patient


def library_example(name: str) -> list[str]:
    """Lines of a data file that statsmodels tests itself with."""
    file = files("statsmodels.duration.tests.results").joinpath(name)
    if not file.is_file():
        pytest.skip("statsmodels is installed without its tests")
    return file.read_text().splitlines()


def test_curves_are_products_of_fractions() -> None:
    for group, (time, event) in zip(
        survival_by_dose(DOSE_GY, WEEKS, EVENT, cuts_gy=[75]).groups,
        [(PLACEBO, [1] * 21), (TREATED, RELAPSE)],
        strict=True,
    ):
        steps = reference.kaplan_meier(time, event)
        assert group.times_months.tolist() == [0, *(t for t, _, _ in steps)]
        assert group.probability == pytest.approx([1, *(s for _, s, _ in steps)], abs=1e-12)
        for (_, s, variance), low, high in zip(steps, group.lower[1:], group.upper[1:], strict=True):
            if s > 0:
                width = 1.959964 * math.sqrt(variance) / abs(s * math.log(s))
                assert [low, high] == pytest.approx([s ** math.exp(width), s ** math.exp(-width)], abs=1e-6)


@pytest.mark.claim("survival_of_others")
def test_a_survival_curve_is_that_of_sas() -> None:
    rows = list(csv.DictReader(library_example("bmt.csv")))
    chosen = [row for row in rows if row["Group"] == "ALL"]
    curve = kaplan_meier([float(row["T"]) / 30 for row in chosen], [int(row["Status"]) for row in chosen])
    for row in csv.DictReader(library_example("bmt_results.csv")):
        assert curve.probability_at([float(row["t"]) / 30 + 1e-9])[0] == pytest.approx(float(row["s"]), abs=6e-5)


@pytest.mark.claim("survival_of_others")
def test_a_hazard_ratio_is_that_of_r() -> None:
    data = np.array([list(map(float, line.split())) for line in library_example("survival_data_20_1.csv")])
    time, event, x = data[:, 0], data[:, 1], data[:, 3]
    found = survival_by_dose(x - x.min(), time, event, trend_step_gy=1.0)
    assert found.trend.estimate is not None
    # coxph(Surv(time, status) ~ exog, ties="efron") in survival_r_results.py: -0.9975319 with error 0.4792421.
    assert math.log(found.trend.estimate.value) == pytest.approx(-0.9975319, abs=1e-6)
    assert found.trend.estimate.lower is not None
    error = (math.log(found.trend.estimate.value) - math.log(found.trend.estimate.lower)) / 1.959964
    assert error == pytest.approx(0.4792421, abs=1e-5)


@pytest.mark.claim("survival_of_others")
def test_medians_and_log_rank_test_of_a_classic_trial() -> None:
    found = survival_by_dose(DOSE_GY, WEEKS, EVENT, cuts_gy=[75])
    medians = [group.median_months for group in found.groups]
    assert [m.value for m in medians if m] == [8, 23]
    assert found.log_rank_chi_squared == pytest.approx(
        reference.log_rank(list(WEEKS), list(EVENT), list(DOSE_GY > 75)), rel=1e-9
    )
    assert found.log_rank_chi_squared == pytest.approx(16.79, abs=5e-3)
    (ratio,) = found.hazard_ratios
    assert ratio.label == "75 Gy and above against below 75 Gy"
    assert ratio.estimate is not None
    assert found.trend.estimate is not None
    assert found.trend.estimate.value**5 == pytest.approx(ratio.estimate.value, rel=1e-6)


def test_no_other_hazard_ratio_is_more_likely() -> None:
    found = survival_by_dose(DOSE_GY, WEEKS, EVENT, cuts_gy=[75])
    estimate = found.hazard_ratios[0].estimate
    assert estimate is not None
    arguments = (list((DOSE_GY > 75).astype(float)), list(WEEKS), list(EVENT))
    best = math.log(estimate.value)
    likelihood = reference.cox_log_likelihood(best, *arguments)
    for step in (1e-3, -1e-3):
        assert reference.cox_log_likelihood(best + step, *arguments) < likelihood


@pytest.mark.claim("robust_covariance")
def test_the_robust_variance_is_its_definition() -> None:
    dose, time, event, patient = drawn()
    # One ends before the first event: it is in no risk set, and must not spoil the variance.
    time[0], event[0] = time[event].min() / 2, False
    found = survival_by_dose(dose, time, event, patient=patient, trend_step_gy=1.0)
    estimate = found.trend.estimate
    assert estimate is not None
    assert estimate.lower is not None
    assert found.patients == 40
    from scipy.stats import t

    log_ratio = math.log(estimate.value)
    error = (log_ratio - math.log(estimate.lower)) / t.ppf(0.975, 39)
    variance = reference.cox_robust_variance(log_ratio, list(dose), list(time), list(event), list(patient))
    assert error**2 == pytest.approx(variance * 40 / 39, rel=1e-5)
    assert {"observations_share_patients", "log_rank_ignores_patients"} <= {a.code for a in found.advisories}


def test_numbers_at_risk_are_counted_at_each_time() -> None:
    group = survival_by_dose(DOSE_GY, WEEKS, EVENT, cuts_gy=[75]).groups[1]
    assert group.at_risk([0, 6, 6.5, 10, 35, 36]).tolist() == [21, 21, 17, 15, 1, 0]
    assert (group.observations, group.events, len(group.censored_months)) == (21, 9, 12)


def test_without_events_the_curve_stays_at_1() -> None:
    curve = kaplan_meier([3, 5, 9], [0, 0, 0])
    assert curve.probability.tolist() == [1.0]
    assert curve.probability_at([0, 100]).tolist() == [1.0, 1.0]
    assert curve.median_months is None
    assert curve.censored_months.tolist() == [3, 5, 9]


def test_a_group_without_events_has_no_finite_hazard_ratio() -> None:
    found = survival_by_dose([10, 20, 30, 110, 120, 130], [3, 5, 7, 9, 9, 9], [1, 1, 1, 0, 0, 0], cuts_gy=[100])
    assert found.hazard_ratios[0].estimate is None
    assert found.hazard_ratios[0].p_value is None
    assert "hazard_ratio_unbounded" in {a.code for a in found.advisories}
    assert 0 < found.log_rank_p_value < 0.05


def test_hazards_that_cross_are_reported() -> None:
    early = np.linspace(1, 6, 30)
    late = np.linspace(7, 30, 30)
    # High doses: half die at once, and half live long; low doses die in between.
    time = np.concatenate([early[:15], late[15:], np.linspace(6, 9, 30)])
    found = survival_by_dose(np.repeat([200.0, 100.0], 30), time, np.ones(60))
    assert found.proportionality_p_value is not None
    assert found.proportionality_p_value < 0.05
    assert "hazards_not_proportional" in {a.code for a in found.advisories}


def test_three_groups_of_dose_are_compared() -> None:
    dose, time, event, _ = drawn()
    found = survival_by_dose(dose, time, event, cuts_gy=[100, 200])
    assert [group.label for group in found.groups] == ["below 100 Gy", "100 to 200 Gy", "200 Gy and above"]
    assert sum(group.observations for group in found.groups) == 80
    assert len(found.hazard_ratios) == 2
    assert found.as_dict()["groups"][0]["times_months"][0] == 0


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: survival_by_dose(DOSE_GY, WEEKS, np.zeros(42)), UndefinedError, "none of 42"),
        (lambda: survival_by_dose(np.ones(42), WEEKS, EVENT), UndefinedError, "all doses are equal"),
        (lambda: survival_by_dose(DOSE_GY, WEEKS, EVENT, cuts_gy=[500]), UndefinedError, "500 Gy and above"),
        (lambda: survival_by_dose(DOSE_GY, WEEKS, EVENT, cuts_gy=[80, 70]), OutOfRangeError, "rise"),
        (lambda: survival_by_dose(DOSE_GY, WEEKS, EVENT, cuts_gy=[]), OutOfRangeError, "one or more"),
        (lambda: survival_by_dose(DOSE_GY, WEEKS, EVENT, cuts_gy=[math.nan]), OutOfRangeError, "finite"),
        (lambda: survival_by_dose(DOSE_GY, -WEEKS, EVENT), OutOfRangeError, "not negative"),
        (lambda: survival_by_dose(DOSE_GY, WEEKS[:5], EVENT), ShapeError, "42 observations"),
        (lambda: survival_by_dose(DOSE_GY, WEEKS, EVENT, trend_step_gy=0), OutOfRangeError, "above 0"),
        (lambda: survival_by_dose(DOSE_GY, WEEKS, EVENT, patient=[1] * 42), UndefinedError, "of 1 patients"),
        (lambda: kaplan_meier([], []), UndefinedError, "no observations"),
        (lambda: kaplan_meier([math.nan], [1]), OutOfRangeError, "finite"),
        (lambda: kaplan_meier([1.0], [0.5]), OutOfRangeError, "0 or 1"),
    ],
)
def test_wrong_input_is_refused(call: Callable[[], Any], error: type[YttriaError], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
