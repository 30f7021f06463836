"""Coverage of the 95 % intervals of `yttria.outcomes` on simulated cohorts: `python benches/outcomes_coverage.py [N]`.

Each cohort is drawn from a known curve or hazard. Lesions of a patient are correlated by a Gaussian copula. It leaves
the probability of each lesion as it is, so that the true values are those of the curve.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from yttria.errors import UndefinedError
from yttria.outcomes import Estimate, fit_dose_response, roc_curve, survival_by_dose

Floats = NDArray[np.float64]
D50_GY, GAMMA50 = 120.0, 0.9
LOG_HAZARD = -0.7
#: Standard normal distribution function, without SciPy.
_PHI = np.vectorize(NormalDist().cdf)


def correlated_uniforms(generator: np.random.Generator, patient: NDArray[np.int64], correlation: float) -> Floats:
    """Uniform numbers whose normal scores have this correlation within a patient."""
    shared = generator.normal(size=patient.max() + 1)[patient]
    own = generator.normal(size=len(patient))
    return np.asarray(_PHI(np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own))


def patients_of(generator: np.random.Generator, count: int, most: int) -> NDArray[np.int64]:
    """Patients with 1 to `most` lesions each."""
    return np.repeat(np.arange(count), generator.integers(1, most + 1, count))


def doses_of(generator: np.random.Generator, patient: NDArray[np.int64]) -> Floats:
    """Doses whose logarithm varies between patients and, half as much, within them."""
    between = generator.normal(0.0, 0.55, patient.max() + 1)[patient]
    return np.asarray(D50_GY * np.exp(between + generator.normal(0.0, 0.3, len(patient))))


def probability(dose_gy: Floats) -> Floats:
    """The true curve."""
    return np.asarray(1.0 / (1.0 + (D50_GY / dose_gy) ** (4.0 * GAMMA50)))


def true_area() -> float:
    """Area under the ROC curve of a very large cohort."""
    generator = np.random.default_rng(1)
    dose = doses_of(generator, np.arange(1_000_000))
    event = generator.uniform(size=len(dose)) < probability(dose)
    rank = np.empty(len(dose))
    rank[np.argsort(dose)] = np.arange(1, len(dose) + 1)
    n = int(event.sum())
    return float((rank[event].sum() - n * (n + 1) / 2) / (n * (len(dose) - n)))


def curves(count: int, most: int, correlation: float, cohorts: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Whether each interval of each cohort's logistic curve and ROC area holds the truth."""
    generator, area = np.random.default_rng(seed), true_area()
    truth = {"d50_gy": D50_GY, "gamma50": GAMMA50, "slope": 4 * GAMMA50, "intercept": -4 * GAMMA50 * np.log(D50_GY)}
    for _ in range(cohorts):
        patient = patients_of(generator, count, most)
        dose = doses_of(generator, patient)
        event = correlated_uniforms(generator, patient, correlation) < probability(dose)
        try:
            fit, curve = fit_dose_response(dose, event, patient=patient), roc_curve(dose, event, patient=patient)
        except UndefinedError:
            continue
        for name, value in truth.items():
            yield name, holds(getattr(fit, name), value)
        yield "area", holds(curve.area, area)


def hazards(count: int, most: int, correlation: float, cohorts: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Whether the intervals of the hazard ratios hold the truth: half of the patients' hazard in the upper group."""
    generator = np.random.default_rng(seed)
    for _ in range(cohorts):
        patient = patients_of(generator, count, most)
        high = generator.integers(0, 2, count)[patient].astype(float)
        waiting = -np.log(correlated_uniforms(generator, patient, correlation))
        time = 12.0 * waiting * np.exp(-LOG_HAZARD * high)
        end = generator.uniform(6.0, 40.0, count)[patient]
        found = survival_by_dose(
            100.0 + 100.0 * high,
            np.minimum(time, end),
            time <= end,
            cuts_gy=[150.0],
            patient=patient,
            trend_step_gy=100,
        )
        yield "hazard ratio", holds(found.hazard_ratios[0].estimate, float(np.exp(LOG_HAZARD)))
        yield "false alarm of proportionality", (found.proportionality_p_value or 1.0) < 0.05


def holds(estimate: Estimate | None, truth: float) -> bool:
    """Whether an interval holds the truth; an open end holds everything, and no estimate nothing."""
    if estimate is None:
        return False
    low = -np.inf if estimate.lower is None else estimate.lower
    return bool(low <= truth <= (np.inf if estimate.upper is None else estimate.upper))


SCENARIOS: dict[str, tuple[Callable[..., Iterator[tuple[str, bool]]], int, int, float]] = {
    "40 patients, a lesion each": (curves, 40, 1, 0.0),
    "100 patients, a lesion each": (curves, 100, 1, 0.0),
    "30 patients, 1 to 4 lesions": (curves, 30, 4, 0.5),
    "80 patients, 1 to 4 lesions": (curves, 80, 4, 0.5),
    "60 patients, time to the event": (hazards, 60, 1, 0.0),
    "60 patients, 1 to 3 lesions, time to the event": (hazards, 60, 3, 0.5),
}


def coverage(name: str, cohorts: int, seed: int = 2026) -> dict[str, float]:
    """Fraction of the cohorts whose interval holds the truth, by quantity."""
    simulate, count, most, correlation = SCENARIOS[name]
    held: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for quantity, inside in simulate(count, most, correlation, cohorts, seed):
        held[quantity] += inside
        total[quantity] += 1
    return {quantity: held[quantity] / total[quantity] for quantity in total}


def main() -> None:
    """Print the coverage of every scenario."""
    cohorts = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    for name in SCENARIOS:
        found = coverage(name, cohorts)
        print(f"{name}: " + ", ".join(f"{quantity} {100 * value:.1f}" for quantity, value in found.items()), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
