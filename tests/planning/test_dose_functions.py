"""Functions of activities: ranks as in the core's histograms, linear bounds, tangents, factors to a level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.evaluation import dose_volume_histograms, generalized_eud, survival_eud
from yttria.planning.dose_functions import (
    GeneralizedEud,
    RankDose,
    StructureVoxels,
    SurvivalEud,
    rank_dose,
    tangent,
)

SEEDS = st.integers(0, 2**32 - 1)


def voxels(rng: np.random.Generator, injections: int = 2, count: int = 60) -> StructureVoxels:
    doses = rng.gamma(0.7, 30.0, (injections, count)) * (rng.random((injections, count)) < 0.8)
    doses[:, : count // 4] = np.round(doses[:, : count // 4])  # equal doses
    return StructureVoxels(gy_per_gbq=doses, fractions=rng.integers(1, 65, count) / 64.0)


@given(SEEDS, st.floats(0.01, 100.0))
def test_the_dose_at_a_volume_is_that_of_the_histogram(seed: int, percent: float) -> None:
    rng = np.random.default_rng(seed)
    found = voxels(rng)
    doses = found.doses(np.array([1.0, 0.5]))
    histogram = dose_volume_histograms(doses[None, None], {"s": found.fractions[None, None]}, voxel_volume_ml=0.064)[
        "s"
    ]
    assert rank_dose(doses, found.fractions, percent / 100.0) == histogram.dose_at_volume_percent(percent)
    # Just below the strict rank at most that share of the volume receives the dose; at the rank more does.
    above = rank_dose(doses, found.fractions, percent / 100.0, strict=True)
    if percent < 100.0 and above > 0.0:
        assert histogram.volume_at_dose_percent(np.nextafter(above, np.inf)) <= percent * (1.0 + 1e-12)
        assert histogram.volume_at_dose_percent(above) > percent


@pytest.mark.parametrize("kind", ["drawn", "equal", "sorted", "few hot"])
@pytest.mark.parametrize("strict", [False, True])
def test_a_rank_among_many_voxels_is_found_from_a_sample(kind: str, strict: bool) -> None:
    rng = np.random.default_rng(5)
    count = 30_000
    doses = rng.gamma(1.0, 20.0, count)
    if kind == "equal":
        doses = np.round(doses)
    elif kind == "sorted":
        doses = np.sort(doses)
    elif kind == "few hot":
        doses = np.where(rng.random(count) < 1e-4, 500.0, 0.0)
    fractions = rng.integers(1, 65, count) / 64.0
    order = np.argsort(-doses)
    above = np.cumsum(fractions[order]) / fractions.sum()
    for percent in (0.01, 1.0, 30.0, 70.0, 99.99):
        expected = doses[order][np.searchsorted(above, percent / 100.0, side="right" if strict else "left")]
        assert rank_dose(doses, fractions, percent / 100.0, strict=strict) == expected


@given(SEEDS, st.floats(0.02, 1.0), st.booleans())
def test_a_rank_lies_between_its_linear_bounds(seed: int, share: float, strict: bool) -> None:
    rng = np.random.default_rng(seed)
    injections = int(rng.integers(1, 4))
    function = RankDose(voxels=voxels(rng, injections), volume_fraction=min(share, 0.999), strict=strict)
    corners = rng.gamma(1.0, 1.0, (injections, injections))
    values = np.array([function.value(corner) for corner in corners])
    lower, upper = function.linear_bounds(corners, values)
    for weights in rng.gamma(0.5, 1.0, (20, injections)):
        value = function.value(weights @ corners)
        assert lower @ weights <= value * (1.0 + 1e-12) + 1e-12
        assert upper @ weights >= value * (1.0 - 1e-12) - 1e-12
    if injections == 1:
        assert lower @ [1.0] == pytest.approx(values[0])


@given(SEEDS)
def test_tangents_lie_on_one_side(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = voxels(rng)
    at = rng.gamma(1.0, 1.0, 2) + 0.05
    functions = [
        SurvivalEud(voxels=found, alpha_per_gy=0.02),
        *(GeneralizedEud(voxels=found, a=a) for a in (-2.0, 0.3, 1.5, 6.0)),
    ]
    for function in functions:
        row, constant = tangent(function, at)
        for activities in rng.gamma(1.0, 1.0, (20, 2)):
            plane, value = float(row @ activities) + constant, function.value(activities)
            assert (plane >= value if function.kind == "concave" else plane <= value) or plane == pytest.approx(value)


@given(SEEDS, st.floats(0.5, 200.0))
def test_the_factor_to_a_level_reaches_it(seed: int, level_gy: float) -> None:
    rng = np.random.default_rng(seed)
    found = voxels(rng)
    at = rng.gamma(1.0, 1.0, 2) + 0.05
    for function in (
        SurvivalEud(voxels=found, alpha_per_gy=0.02),
        GeneralizedEud(voxels=found, a=3.0),
        RankDose(voxels=found, volume_fraction=0.3),
    ):
        factor = function.scale_to(at, level_gy)
        if np.isfinite(factor):
            assert function.value(factor * at) == pytest.approx(level_gy, rel=1e-9)
        else:
            assert function.value(1e6 * at) < level_gy


@given(SEEDS)
def test_equivalent_doses_are_those_of_the_evaluation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = voxels(rng)
    at = np.array([1.0, 0.7])
    doses = found.doses(at)
    expected = survival_eud(doses, found.fractions, alpha_per_gy=0.02).value_gy
    assert SurvivalEud(voxels=found, alpha_per_gy=0.02).value(at) == pytest.approx(expected, rel=1e-12)
    for a in (0.4, 3.0):
        assert GeneralizedEud(voxels=found, a=a).value(at) == pytest.approx(
            generalized_eud(doses, found.fractions, a=a).value_gy, rel=1e-12
        )
