"""Doses of earlier treatments in the comparison of planning models."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patient_samples import PRIORS, RESIN

from yttria.errors import ArgumentError, OutOfRangeError
from yttria.planning import (
    PartitionLimits,
    compare_models,
)


@pytest.mark.claim("earlier_doses_count")
def test_the_largest_activity_counts_the_lung_dose_of_earlier_treatments() -> None:
    maximum = compare_models(PRIORS)["partition_maximum"]
    assert maximum.delivered_activity_gbq == pytest.approx((50 - 40) / (49.67 * 0.15), rel=1e-12)
    assert maximum.doses.lung_dose_gy == pytest.approx(10, rel=1e-12)
    assert "lungs over all treatments, 50 Gy, of which 40 Gy from earlier treatments" in maximum.why


def test_the_largest_activity_is_the_same_wherever_the_earlier_dose_is_given() -> None:
    in_limits = replace(PRIORS, prior_lung_dose_gy=None, limits=replace(PRIORS.limits, prior_lung_dose_gy=40))
    assert compare_models(in_limits)["partition_maximum"].doses == compare_models(PRIORS)["partition_maximum"].doses
    both = replace(PRIORS, limits=replace(PRIORS.limits, prior_lung_dose_gy=40))
    assert compare_models(both)["partition_maximum"].doses == compare_models(PRIORS)["partition_maximum"].doses
    with pytest.raises(ArgumentError, match=r"lungs is given twice: 40 Gy .* and 39 Gy"):
        replace(PRIORS, limits=replace(PRIORS.limits, prior_lung_dose_gy=39))


@pytest.mark.parametrize("kind", ["normal_perfused", "normal_whole"])
def test_the_largest_activity_counts_the_liver_dose_of_earlier_treatments(kind: str) -> None:
    limits = PartitionLimits(**{f"{kind}_limit_gy": 40.0})
    before = compare_models(replace(PRIORS, prior_lung_dose_gy=0, limits=limits))
    after = replace(PRIORS, prior_lung_dose_gy=0, limits=limits, **{f"prior_{kind}_dose_gy": 30.0})
    maximum = compare_models(after)["partition_maximum"]
    assert maximum.delivered_activity_gbq == pytest.approx(
        before["partition_maximum"].delivered_activity_gbq / 4, rel=1e-12
    )


GRAY = st.floats(1, 100)
PRIOR = st.none() | st.floats(0, 120)


@given(st.tuples(GRAY, GRAY, GRAY, GRAY), st.tuples(PRIOR, PRIOR), st.floats(0, 60))
def test_the_largest_activity_meets_every_own_limit_and_falls_with_earlier_doses(
    limits: tuple[float, float, float, float], prior: tuple[float | None, float | None], more_gy: float
) -> None:
    names = ("normal_perfused_limit_gy", "normal_whole_limit_gy", "lung_limit_gy", "cumulative_lung_limit_gy")
    own = PartitionLimits(**dict(zip(names, limits, strict=True)))
    lungs, perfused = prior
    patient = replace(PRIORS, prior_lung_dose_gy=lungs, prior_normal_perfused_dose_gy=perfused, limits=own)
    run = compare_models(patient)["partition_maximum"]
    if run.delivered_activity_gbq > 0:
        assert "own_limit_exceeded" not in {a.code for a in run.advisories}
        assert (lungs or 0) + run.doses.lung_dose_gy <= own.cumulative_lung_limit_gy * (1 + 1e-9)
        assert (perfused or 0) + run.doses.normal_perfused_dose_gy <= own.normal_perfused_limit_gy * (1 + 1e-9)
    for field, dose in (("prior_lung_dose_gy", lungs), ("prior_normal_perfused_dose_gy", perfused)):
        later = compare_models(replace(patient, **{field: (dose or 0) + more_gy}))["partition_maximum"]
        assert later.delivered_activity_gbq <= run.delivered_activity_gbq


def test_an_earlier_dose_at_its_limit_leaves_nothing_and_the_reason_is_stated() -> None:
    found = compare_models(replace(PRIORS, prior_lung_dose_gy=55))
    maximum = found["partition_maximum"]
    assert maximum.delivered_activity_gbq == 0.0
    assert "it is 0 GBq: earlier treatments leave nothing" in maximum.why
    assert "lung_cumulative_limit_already_exceeded" in {a.code for a in maximum.advisories}
    assert not {"activity_below_usual", "activity_above_vial"} & {a.code for a in maximum.advisories}


def test_an_earlier_liver_dose_counts_in_every_comparison() -> None:
    patient = replace(
        PRIORS,
        prior_lung_dose_gy=None,
        prior_normal_perfused_dose_gy=30,
        target_tumor_dose_gy=120,
        limits=PartitionLimits(normal_perfused_limit_gy=40),
    )
    target = compare_models(patient)["partition_target"]
    assert target.doses.normal_perfused_dose_gy == pytest.approx(30, rel=1e-12)
    (own,) = (a for a in target.advisories if a.code == "own_limit_exceeded")
    assert own.value == pytest.approx(60, rel=1e-12)
    assert "of which earlier treatments gave 30 Gy" in own.message
    first = compare_models(replace(patient, prior_normal_perfused_dose_gy=None))["partition_target"]
    assert "own_limit_exceeded" not in {a.code for a in first.advisories}


def test_an_earlier_liver_dose_can_exceed_the_limit_of_the_guideline() -> None:
    """30 Gy now after 30 Gy before, against 40 Gy."""
    ratio = RESIN.tumors[1].tumor_to_normal_ratio
    assert ratio is not None
    first = replace(RESIN, target_tumor_dose_gy=30 * ratio, limits=None)
    second = replace(first, prior_normal_perfused_dose_gy=30.0)
    name = "eanm2022-resin-hcc-unilobar-normal-perfused"
    assert name not in {s.limit.id for s in compare_models(first)["partition_target"].breaks}
    (broken,) = (s for s in compare_models(second)["partition_target"].breaks if s.limit.id == name)
    assert (broken.state, broken.prior_gy) == ("above limit", 30.0)
    assert broken.value == pytest.approx(60, rel=1e-12)


def test_an_earlier_treatment_without_its_doses_warns() -> None:
    limits = PartitionLimits(normal_perfused_limit_gy=40, normal_whole_limit_gy=40, cumulative_lung_limit_gy=50)
    patient = replace(PRIORS, prior_lung_dose_gy=None, prior_normal_perfused_dose_gy=30, limits=limits)
    maximum = compare_models(patient)["partition_maximum"]
    whole, lungs = (a for a in maximum.advisories if a.code == "prior_dose_not_given")
    assert "(prior_normal_whole_dose_gy)" in whole.message
    assert "(prior_lung_dose_gy)" in lungs.message
    # The perfused part alone gives the mean over all normal liver this much.
    assert (whole.value, lungs.value) == (pytest.approx(30 * 0.6 / 1.1), 0.0)
    stated = compare_models(replace(PRIORS, prior_lung_dose_gy=None, prior_radioembolization=True))
    assert "prior_dose_not_given" in {a.code for a in stated["partition_maximum"].advisories}
    with pytest.raises(ArgumentError, match="although prior_radioembolization is False"):
        replace(PRIORS, prior_radioembolization=False)


def test_an_earlier_dose_without_its_limit_is_not_left_out_in_silence() -> None:
    found = compare_models(replace(PRIORS, limits=PartitionLimits(lung_limit_gy=30)))["partition_maximum"]
    (left_out,) = (a for a in found.advisories if a.code == "prior_dose_not_counted")
    assert left_out.value == 40
    assert "the lungs 40 Gy, and no limit over all treatments" in left_out.message
    assert [s.limit.id for s in found.breaks] == ["lung-glass-cumulative"]


def test_an_earlier_dose_to_the_whole_liver_is_at_least_that_of_its_part() -> None:
    with pytest.raises(
        OutOfRangeError, match=r"at least the mean that follows from the dose to its parts, 16\.36, got 0"
    ):
        replace(PRIORS, prior_normal_perfused_dose_gy=30, prior_normal_whole_dose_gy=0)
