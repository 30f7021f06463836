"""Effect models: worked examples, limits, orderings that must hold, hostile input, agreement with the definitions."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria import Nuclide
from yttria import evaluation as e
from yttria.errors import (
    ArgumentError,
    DTypeError,
    OutOfRangeError,
    ShapeError,
    UndefinedError,
    UnknownNameError,
    YttriaError,
)
from yttria.reference import radiobiology as reference

TEN = np.arange(10.0, 101.0, 10.0)
LIVER = {"alpha_beta_gy": 2.5, "repair_half_time_h": 2.5}
TUMOR = {"alpha_beta_gy": 10.0, "repair_half_time_h": 1.5}
DISTRIBUTIONS = st.lists(st.tuples(st.floats(0.1, 400), st.floats(0.01, 50)), min_size=1, max_size=12)


def codes(result) -> list[str]:
    return [advisory.code for advisory in result.advisories]


def doses_and_volumes(distribution) -> tuple[list[float], list[float]]:
    doses, volumes = zip(*distribution, strict=True)
    return list(doses), list(volumes)


def test_effect_models_give_their_worked_examples() -> None:
    assert e.bed_gy(50, **LIVER) == pytest.approx(50 * (1 + 50 * 2.5 / 66.6 / 2.5), rel=1e-14)
    assert e.eqd2_gy(e.bed_gy(50, **LIVER), alpha_beta_gy=2.5) == pytest.approx(48.632, abs=1e-3)
    assert e.bed_gy(120.0, **TUMOR) == pytest.approx(152.927, abs=1e-3)
    assert e.bed_gy(52.0, **LIVER) == pytest.approx(92.6, abs=0.05)
    assert e.generalized_eud(TEN, a=1).value_gy == pytest.approx(55, rel=1e-15)
    assert e.generalized_eud(TEN, a=2).value_gy == pytest.approx(62.0484, abs=1e-4)
    assert e.survival_eud([0, 100], alpha_per_gy=0.03).value_gy == pytest.approx(21.4853, abs=1e-4)
    assert e.ntcp_lyman(40, td50_gy=52, m=0.28, n=1).probability == pytest.approx(0.204920, abs=1e-6)


def test_another_half_life_is_another_bed() -> None:
    longer = Nuclide.from_dose_factor(64.8, 49.67)
    assert e.bed_gy(100.0, **LIVER, nuclide=longer) < e.bed_gy(100.0, **LIVER)
    assert e.bed_gy(100.0, **LIVER, nuclide=Nuclide()) == e.bed_gy(100.0, **LIVER)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, ">f8"])
def test_bed_of_a_map_keeps_its_shape_and_precision(dtype) -> None:
    dose = np.asfortranarray((np.arange(2 * 3 * 5) * 7 % 230).reshape(2, 3, 5)).astype(dtype)
    result = e.bed_gy(dose, **TUMOR)
    assert result.shape == dose.shape
    assert result.dtype == (np.float32 if dtype is np.float32 else np.float64)
    expected = reference.bed_gy(dose, 10.0, 1.5, 64.1)
    np.testing.assert_allclose(result, expected, rtol=1e-7 if dtype is np.float32 else 1e-14)
    np.testing.assert_allclose(e.dose_from_bed_gy(result, **TUMOR), dose, rtol=1e-6 if dtype is np.float32 else 1e-13)


@given(dose=st.floats(0, 1e6), ratio=st.floats(0.1, 100), repair=st.floats(0.01, 100))
def test_the_dose_for_a_bed_is_the_inverse_of_bed(dose: float, ratio: float, repair: float) -> None:
    model = {"alpha_beta_gy": ratio, "repair_half_time_h": repair}
    bed = e.bed_gy(dose, **model)
    assert bed >= dose
    assert bed == pytest.approx(reference.bed_gy(dose, ratio, repair, 64.1), rel=1e-14)
    assert e.dose_from_bed_gy(bed, **model) == pytest.approx(dose, rel=1e-13)
    assert e.eqd2_gy(bed, alpha_beta_gy=ratio) <= bed


@given(distribution=DISTRIBUTIONS, a=st.floats(-15, 15).filter(lambda a: abs(a) > 0.05), alpha=st.floats(1e-3, 0.3))
def test_uniform_doses_agree_with_their_definitions(distribution, a: float, alpha: float) -> None:
    doses, volumes = doses_and_volumes(distribution)
    geud = e.generalized_eud(doses, volumes, a=a).value_gy
    assert geud == pytest.approx(reference.generalized_eud(doses, volumes, a=a), rel=1e-11)
    eud = e.survival_eud(doses, volumes, alpha_per_gy=alpha).value_gy
    assert eud == pytest.approx(reference.survival_eud(doses, volumes, alpha_per_gy=alpha), rel=1e-9)
    for value in (geud, eud):
        assert min(doses) * (1 - 1e-12) <= value <= max(doses) * (1 + 1e-12)
    # Jensen: killing counts the cold parts more than the mean does.
    assert eud <= e.generalized_eud(doses, volumes, a=1).value_gy * (1 + 1e-12)
    bed = e.effective_uniform_bed(doses, volumes, alpha_per_gy=alpha, **TUMOR).value_gy
    of_beds = reference.survival_eud(reference.bed_gy(doses, 10.0, 1.5, 64.1), volumes, alpha_per_gy=alpha)
    assert bed == pytest.approx(of_beds, rel=1e-9) or of_beds == math.inf  # the plain sum underflows first
    assert bed >= eud


@given(distribution=DISTRIBUTIONS, d50=st.floats(10, 300), slope=st.floats(0.1, 3), n=st.floats(0.1, 2))
def test_probabilities_agree_with_their_definitions(distribution, d50: float, slope: float, n: float) -> None:
    doses, volumes = doses_and_volumes(distribution)
    lyman = e.ntcp_lyman(doses, volumes, td50_gy=d50, m=slope, n=n).probability
    assert lyman == pytest.approx(reference.ntcp_lyman(doses, volumes, td50_gy=d50, m=slope, n=n), abs=1e-12)
    expected = reference.ntcp_logistic(doses, volumes, d50_gy=d50, gamma50=slope)
    for model in (e.ntcp_logistic, e.tcp_logistic):
        assert model(doses, volumes, d50_gy=d50, gamma50=slope).probability == pytest.approx(expected, rel=1e-11)
    poisson = e.tcp_poisson(doses, volumes, alpha_per_gy=0.1, clonogens=1e5).probability
    assert poisson == pytest.approx(
        reference.tcp_poisson(doses, volumes, alpha_per_gy=0.1, clonogens=1e5), rel=1e-8, abs=1e-300
    )


@given(distribution=DISTRIBUTIONS, factor=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_order_and_unit_of_the_volumes_do_not_matter(distribution, factor: float, seed: int) -> None:
    doses, volumes = (np.array(x) for x in doses_and_volumes(distribution))
    order = np.random.default_rng(seed).permutation(len(doses))
    for f in (
        lambda d, v: e.generalized_eud(d, v, a=-3).value_gy,
        lambda d, v: e.survival_eud(d, v, alpha_per_gy=0.05).value_gy,
        lambda d, v: e.ntcp_lyman(d, v, td50_gy=52, m=0.3, n=0.7).probability,
    ):
        assert f(doses[order], volumes[order] * factor) == pytest.approx(f(doses, volumes), rel=1e-10, abs=1e-12)


def test_powers_and_exponentials_neither_overflow_nor_vanish() -> None:
    assert e.generalized_eud([1e200, 2e200], a=300).value_gy == pytest.approx(2e200 * 0.5 ** (1 / 300), rel=1e-12)
    assert e.generalized_eud([1e-200, 2e-200], a=-300).value_gy == pytest.approx(1e-200 * 2 ** (1 / 300), rel=1e-12)
    geometric = math.sqrt(30 * 70)
    assert e.generalized_eud([30, 70], a=1e-9).value_gy == pytest.approx(geometric, rel=1e-8)
    # The colder half decides; every e^(-alpha D) is below the smallest float.
    assert e.survival_eud([1e5, 2e5], alpha_per_gy=0.3).value_gy == pytest.approx(1e5 + math.log(2) / 0.3, rel=1e-13)
    assert e.survival_eud([30, 70], alpha_per_gy=1e-12).value_gy == pytest.approx(50, rel=1e-9)
    assert e.tcp_logistic(0, d50_gy=250, gamma50=1.5).probability == 0.0
    assert e.ntcp_lyman(1e6, td50_gy=52, m=0.28, n=1).probability == 1.0


@pytest.mark.parametrize("z", [-8.0, -3.0, -1.0, -1e-3, 0.0, 0.5, 2.0, 2.9, 6.0])
def test_the_normal_distribution_to_its_tails(z: float) -> None:
    ours = e.ntcp_lyman(52 * (1 + 0.1 * z), td50_gy=52, m=0.1, n=1).probability
    assert ours == pytest.approx(math.erfc(-z / math.sqrt(2)) / 2, rel=2e-12)


def test_a_dose_volume_histogram_is_a_distribution() -> None:
    rng = np.random.default_rng(3)
    dose, weights = rng.gamma(2, 30, (5, 6, 7)), rng.random((5, 6, 7)).astype(np.float32)
    h = e.dose_volume_histograms(dose, {"liver": weights}, voxel_volume_ml=0.064)["liver"]
    through = e.generalized_eud(*h.differential(), a=-2).value_gy
    assert through == pytest.approx(e.generalized_eud(dose, weights, a=-2).value_gy, rel=1e-6)


def test_a_voxel_without_dose_is_reported() -> None:
    cold = e.generalized_eud([0, 10], a=-5)
    assert (cold.value_gy, codes(cold)) == (0.0, ["zero_dose_voxel"])
    assert codes(e.generalized_eud([0, 10], a=5)) == []
    assert codes(e.generalized_eud([0, 10], [0, 1], a=-5)) == []
    assert codes(e.survival_eud([0, 10], alpha_per_gy=0.1)) == ["zero_dose_voxel"]
    assert codes(e.effective_uniform_bed([0, 10], alpha_per_gy=0.1, **TUMOR)) == ["zero_dose_voxel"]
    assert codes(e.tcp_poisson([0, 10], alpha_per_gy=0.1, clonogens=10)) == ["model_not_validated", "zero_dose_voxel"]


def test_every_response_states_that_its_model_is_not_validated() -> None:
    for result in (
        e.ntcp_lyman(40, td50_gy=52, m=0.28, n=1),
        e.ntcp_logistic(40, d50_gy=52, gamma50=1),
        e.tcp_logistic(40, d50_gy=52, gamma50=1),
        e.tcp_poisson(40, alpha_per_gy=0.1, clonogens=1e6),
    ):
        assert "model_not_validated" in codes(result)


def test_bed_of_two_injections_lies_between_simultaneous_and_separate_ones() -> None:
    result = e.bed_of_injections([60, 80], **LIVER)
    assert result.lower_gy == pytest.approx(e.bed_gy(60, **LIVER) + e.bed_gy(80, **LIVER), rel=1e-15)
    assert result.upper_gy == pytest.approx(e.bed_gy(140, **LIVER), rel=1e-15)
    assert codes(result) == ["injections_between_bounds"]
    assert codes(e.bed_of_injections([60], **LIVER)) == []


def test_published_parameter_sets_state_their_source_and_device() -> None:
    strigari = e.parameter_set("strigari-2010-resin-hcc")
    assert not strigari.verified
    assert [a.code for a in strigari.advisories("resin")] == ["parameters_not_verified"]
    assert [a.code for a in strigari.advisories("glass")] == ["parameters_not_verified", "device_mismatch"]
    assert [a.code for a in strigari.advisories()] == ["parameters_not_verified", "device_mismatch"]
    assert e.ntcp_lyman(52, **strigari.values).probability == 0.5
    for entry in e.parameter_sets().values():
        assert entry.source
        assert pickle.loads(pickle.dumps(entry)) is entry
        assert entry.status in {"read", "secondary", "not verified"}
        if entry.model == "linear_quadratic":
            assert e.bed_gy(10.0, **entry.values) > 10
    with pytest.raises(UnknownNameError, match="strigari-2010-resin-hcc, got 'strigari'"):
        e.parameter_set("strigari")
    with pytest.raises(TypeError):
        strigari.values["td50_gy"] = 70


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_dose_that_is_negative_or_not_finite_is_refused(bad: float) -> None:
    for call in (
        lambda: e.bed_gy(np.array([[5.0, bad], [bad, 1.0]]), **LIVER),
        lambda: e.generalized_eud([5.0, bad, bad, 1.0], a=2),
        lambda: e.ntcp_lyman([5.0, bad, bad, 1.0], td50_gy=52, m=0.28, n=1),
    ):
        with pytest.raises(OutOfRangeError, match=r"absorbed dose in Gy must be finite and >= 0 \(2 of 4 are not\)"):
            call()


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize(
    ("call", "quantity"),
    [
        (lambda x: e.bed_gy(50, alpha_beta_gy=x, repair_half_time_h=1), "alpha/beta in Gy"),
        (lambda x: e.bed_gy(50, alpha_beta_gy=10, repair_half_time_h=x), "repair half-time in h"),
        (lambda x: e.eqd2_gy(50, alpha_beta_gy=x), "alpha/beta in Gy"),
        (lambda x: e.survival_eud(TEN, alpha_per_gy=x), "alpha in 1/Gy"),
        (lambda x: e.ntcp_lyman(40, td50_gy=x, m=0.3, n=1), "TD50 in Gy"),
        (lambda x: e.ntcp_lyman(40, td50_gy=52, m=x, n=1), "slope m"),
        (lambda x: e.ntcp_lyman(40, td50_gy=52, m=0.3, n=x), "volume parameter n"),
        (lambda x: e.tcp_logistic(40, d50_gy=x, gamma50=1), "D50 in Gy"),
        (lambda x: e.tcp_logistic(40, d50_gy=52, gamma50=x), "slope gamma50"),
        (lambda x: e.tcp_poisson(40, alpha_per_gy=0.1, clonogens=x), "number of clonogens"),
    ],
)
def test_a_parameter_outside_its_domain_is_named(call, quantity: str, bad: float) -> None:
    with pytest.raises(OutOfRangeError, match=quantity):
        call(bad)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: e.generalized_eud(TEN, a=0), OutOfRangeError),
        (lambda: e.generalized_eud([], a=1), UndefinedError),
        (lambda: e.generalized_eud(TEN, np.zeros(10), a=1), UndefinedError),
        (lambda: e.generalized_eud(TEN, np.ones(9), a=1), ShapeError),
        (lambda: e.generalized_eud(TEN, -np.ones(10), a=1), OutOfRangeError),
        (lambda: e.generalized_eud(["hot"], a=1), DTypeError),
        (lambda: e.generalized_eud(None, a=1), DTypeError),
        (lambda: e.bed_gy(TEN.astype(object), **LIVER), DTypeError),
        (lambda: e.bed_gy(50, alpha_beta_gy="10", repair_half_time_h=1), ArgumentError),
        (lambda: e.bed_gy(50, alpha_beta_gy=True, repair_half_time_h=1), ArgumentError),
    ],
)
def test_wrong_types_and_shapes_are_refused(call, error: type[YttriaError]) -> None:
    with pytest.raises(error):
        call()
