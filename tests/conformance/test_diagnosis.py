"""The diagnosis names the mistakes made, states when it cannot decide, and finds no mistake in right answers."""

from __future__ import annotations

import numpy as np
import pytest
from measured_figures import Measured
from trials import noisy, spoiled

from yttria.conformance import Finding, cases, diagnose
from yttria.conformance.answers import yttria_answer
from yttria.conformance.diagnosis import injected
from yttria.conformance.known_errors import KNOWN_ERRORS, summary

IDS = [case.id for case in cases()]
NOISE = 1e-3


def names(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.name for finding in findings]


@pytest.mark.claim("known_errors")
@pytest.mark.parametrize("name", KNOWN_ERRORS)
def test_each_known_mistake_is_named_and_nothing_else(name: str, measured: Measured) -> None:
    """`benches/diagnosis.py` runs more seeds; none may fail here."""
    for seed in (0, 1):
        found = diagnose(noisy(injected([name], IDS), NOISE, seed), noise=NOISE)
        assert names(found) == [name]
        assert not found[0].ambiguous
        assert found[0].explains
    measured("known errors named", 1, digits=4, summed=True)


@pytest.mark.claim("known_errors")
def test_right_answers_give_no_finding() -> None:
    correct = injected([], IDS)
    for seed in range(25):
        assert diagnose(noisy(correct, NOISE, seed), noise=NOISE) == ()


def test_answers_of_the_core_give_no_finding() -> None:
    own = {c.id: yttria_answer(c.model, c.inputs) for c in cases() if "error" not in c.expected}
    assert diagnose(own, noise=1e-6) == ()


@pytest.mark.claim("known_errors")
@pytest.mark.parametrize(
    "two",
    [
        ("dose_factor_50", "shunt_multiplied_single_compartment"),
        ("partition_weight_of_one_mass", "shunt_multiplied_partition"),
        ("no_decay_to_administration", "kernel_sampled_at_voxel_centers"),
        ("axis_k_flipped", "axis_i_flipped"),
        ("alpha_beta_exchanged", "repair_half_times_exchanged"),
    ],
)
def test_two_mistakes_in_the_same_cases_are_both_named(two: tuple[str, str]) -> None:
    found = diagnose(noisy(injected(two, IDS), NOISE, 1), noise=NOISE)
    assert {name for finding in found for name in finding.variants} == set(two)


def test_an_unknown_mistake_is_left_unexplained() -> None:
    correct = injected([], IDS)
    assert not any(diagnose(noisy(spoiled(correct, seed), NOISE, seed), noise=NOISE) for seed in range(25))


def test_mistakes_with_the_same_answer_are_named_together() -> None:
    """One case in which two mistakes make the same number: the liver repairs in 1.5 h, or both half-times exchanged."""
    answer = injected(["liver_repairs_in_1_5_h"], ["own-bed-tissues"])
    (finding,) = diagnose({"own-bed-tissues": {"liver_bed_Gy": answer["own-bed-tissues"]["liver_bed_Gy"]}}, noise=NOISE)
    assert finding.ambiguous
    assert {finding.name, *map(" + ".join, finding.alternatives)} == {
        "liver_repairs_in_1_5_h",
        "repair_half_times_exchanged",
    }


def test_one_contradicting_answer_excludes_a_mistake() -> None:
    ids = ["mird-01", "mird-pub-U10"]
    wrong = injected(["shunt_multiplied_single_compartment"], ids)
    assert names(diagnose(wrong, noise=NOISE)) == ["shunt_multiplied_single_compartment"]
    right = injected([], ids)
    assert diagnose(wrong | {"mird-01": right["mird-01"]}, noise=NOISE) == ()


def test_an_effect_below_the_noise_is_no_evidence() -> None:
    half_percent = injected(["dose_factor_50"], ["seed-p3-round-1", "part-01", "mird-01"])
    assert names(diagnose(half_percent, noise=1e-4)) == ["dose_factor_50"]
    assert diagnose(half_percent, noise=0.02) == ()


@pytest.mark.parametrize("bad", [np.nan, None, "text", [], {"x": 1}])
def test_hostile_answers_are_unexplained(bad: object) -> None:
    assert diagnose({"mird-01": {"activity_delivered_GBq": bad}, "vox-point": {"dose_Gy": bad}}, noise=NOISE) == ()


def test_every_known_mistake_has_a_description() -> None:
    for name in KNOWN_ERRORS:
        assert summary(name).endswith(".")
