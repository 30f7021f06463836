"""Quantities and limits as text: reading, refusals, and every text read back."""

from __future__ import annotations

import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.errors import ArgumentError, OutOfRangeError, UnknownNameError, YttriaError
from yttria.planning import DoseLimit, DoseQuantity

POSITIVE = st.floats(1e-3, 1e4)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1).filter(lambda t: ":" not in t)
QUANTITIES = st.one_of(
    st.builds(lambda s: DoseQuantity(structure=s, measure="mean"), NAMES),
    st.builds(lambda s, x: DoseQuantity(structure=s, measure="D", parameters={"volume_percent": x}), NAMES,
              st.floats(0.01, 100.0)),
    st.builds(lambda s, x: DoseQuantity(structure=s, measure="V", parameters={"dose_gy": x}), NAMES, POSITIVE),
    st.builds(lambda s, a: DoseQuantity(structure=s, measure="gEUD", parameters={"a": a}), NAMES,
              st.floats(-20.0, 20.0).filter(bool)),
    st.builds(lambda s, a: DoseQuantity(structure=s, measure="EUD", parameters={"alpha_per_gy": a}), NAMES, POSITIVE),
    st.builds(lambda s, a, n: DoseQuantity(structure=s, measure="TCP", parameters={"alpha_per_gy": a, "clonogens": n}),
              NAMES, POSITIVE, POSITIVE),
    st.builds(lambda s, d, g: DoseQuantity(structure=s, measure="NTCP", parameters={"d50_gy": d, "gamma50": g}),
              NAMES, POSITIVE, POSITIVE),
    st.builds(lambda s: DoseQuantity(structure=s, measure="NTCP", parameter_set="strigari-2010-resin-hcc"), NAMES),
)  # fmt: skip


@given(QUANTITIES)
def test_a_quantity_reads_back_from_its_text(quantity: DoseQuantity) -> None:
    assert DoseQuantity.from_text(str(quantity)) == quantity
    assert pickle.loads(pickle.dumps(quantity)) == quantity


@given(QUANTITIES, st.sampled_from(["<=", ">="]), st.integers(1, 99))
def test_a_limit_reads_back_from_its_text(quantity: DoseQuantity, sign: str, value: int) -> None:
    unit = "%" if quantity.unit == "fraction" else "Gy"
    limit = DoseLimit.from_text(f"{quantity} {sign} {value} {unit}")
    assert (limit.quantity, limit.sign) == (quantity, sign)
    assert limit.value == (value / 100 if unit == "%" else value)
    assert DoseLimit.from_text(str(limit)) == limit
    assert pickle.loads(pickle.dumps(limit)) == limit


@given(st.text())
def test_any_text_is_read_or_refused_with_an_error_of_yttria(text: str) -> None:
    for read in (DoseQuantity.from_text, DoseLimit.from_text):
        with suppress(YttriaError):
            read(text)


@pytest.mark.parametrize(
    ("text", "measure", "parameters"),
    [
        ("Tumor: mean", "mean", {}),
        (" Tumor 1 :  MEAN ", "mean", {}),
        ("Tumor: D70", "D", {"volume_percent": 70.0}),
        ("Tumor: D99.5%", "D", {"volume_percent": 99.5}),
        ("Liver: V30Gy", "V", {"dose_gy": 30.0}),
        ("Liver: gEUD(a=4)", "gEUD", {"a": 4.0}),
        ("Liver: NTCP( td50_gy = 52, m=0.28, n=1 )", "NTCP", {"td50_gy": 52.0, "m": 0.28, "n": 1.0}),
        ("CT: liver: D2", "D", {"volume_percent": 2.0}),
    ],
)
def test_texts_are_read_as_their_measure_and_parameters(text: str, measure: str, parameters: dict[str, float]) -> None:
    quantity = DoseQuantity.from_text(text)
    assert (quantity.measure, dict(quantity.parameters)) == (measure, parameters)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Tumor", ArgumentError, "must read like"),
        ("Tumor:", ArgumentError, "must read like"),
        (": mean", ArgumentError, "must read like"),
        ("Tumor: median", ArgumentError, "must read like"),
        ("Tumor: D70Gy", ArgumentError, "unit %"),
        ("Tumor: V30%", ArgumentError, "unit Gy"),
        ("Tumor: D0", OutOfRangeError, "(0, 100] %"),
        ("Tumor: D101", OutOfRangeError, "(0, 100] %"),
        ("Tumor: gEUD(a=0)", OutOfRangeError, "must not be 0"),
        ("Tumor: EUD(alpha_per_gy=-1)", OutOfRangeError, "> 0"),
        ("Tumor: EUD(alpha_per_gy=nan)", OutOfRangeError, "finite"),
        ("Tumor: EUD(alpha=0.03)", ArgumentError, "needs alpha_per_gy"),
        ("Tumor: EUD()", ArgumentError, "needs alpha_per_gy, got none"),
        ("Tumor: EUD(alpha_per_gy=x)", ArgumentError, "must be a number"),
        ("Tumor: EUD(alpha_per_gy=1, alpha_per_gy=2)", ArgumentError, "once each"),
        ("Normal: NTCP(nobody-1999)", UnknownNameError, "nobody-1999"),
        ("Normal: NTCP(liver-cremonesi-2008)", ArgumentError, "must be of the Lyman model"),
        ("Tumor: BED(a=2)", UnknownNameError, "mean, D, V, gEUD"),
    ],
)
def test_impossible_quantities_are_refused(text: str, kind: type[YttriaError], words: str) -> None:
    with pytest.raises(kind) as refused:
        DoseQuantity.from_text(text)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Normal: mean", ArgumentError, "must read like"),
        ("Normal: mean < 40 Gy", ArgumentError, "must read like"),
        ("Normal: mean <= 40", ArgumentError, "must be in Gy"),
        ("Normal: mean <= 40 %", ArgumentError, "must be in Gy"),
        ("Liver: V30 <= 0.7", ArgumentError, "must be in %"),
        ("Liver: V30 <= 70 Gy", ArgumentError, "must be in %"),
        ("Liver: V30 <= 100 %", OutOfRangeError, "(0, 100) %"),
        ("Normal: mean <= 0 Gy", OutOfRangeError, "> 0 Gy"),
        ("Normal: mean <= inf Gy", OutOfRangeError, "finite"),
        ("Normal: mean <= forty Gy", ArgumentError, "must be a number"),
    ],
)
def test_impossible_limits_are_refused(text: str, kind: type[YttriaError], words: str) -> None:
    with pytest.raises(kind) as refused:
        DoseLimit.from_text(text)
    assert words in str(refused.value)


def test_a_prior_dose_counts_for_means_alone() -> None:
    lungs = DoseQuantity.from_text("lungs: mean")
    assert DoseLimit(quantity=lungs, sign="<=", value=50.0, prior_gy=20.0).prior_gy == 20.0
    with pytest.raises(ArgumentError, match="mean dose alone"):
        DoseLimit(quantity=DoseQuantity.from_text("Normal: D70"), sign="<=", value=50.0, prior_gy=20.0)
    with pytest.raises(OutOfRangeError, match="prior dose"):
        DoseLimit(quantity=lungs, sign="<=", value=50.0, prior_gy=float("nan"))
    with pytest.raises(ArgumentError, match="sign"):
        DoseLimit(quantity=lungs, sign="<", value=50.0)  # type: ignore[arg-type]


def test_a_limit_is_met_within_rounding() -> None:
    limit = DoseLimit.from_text("Liver: V30 <= 70 %")
    assert limit.met_by(0.7)
    assert not limit.met_by(0.7001)
    assert not DoseLimit.from_text("Tumor: D70 >= 100 Gy").met_by(99.0)
