from __future__ import annotations

import pytest

from yttria.errors import DTypeError, OutOfRangeError, UnknownNameError
from yttria.planning.limits import KINDS, limits

GLASS = {"guideline": "EANM2022", "device": "glass", "disease": "HCC"}
RESIN = {"guideline": "EANM2022", "device": "resin", "disease": "HCC"}


def _values(**query: object) -> list[float]:
    return [limit.low for limit in limits(**query).limits]  # type: ignore[arg-type]


def _codes(**query: object) -> set[str]:
    return {advisory.code for advisory in limits(**query).advisories}  # type: ignore[arg-type]


@pytest.mark.parametrize(("bilirubin", "limit"), [(0.6, 90), (1.0999, 90), (1.1, 50), (1.1001, 50), (3, 50)])
def test_bilirubin_decides_the_normal_whole_limit(bilirubin: float, limit: float) -> None:
    query = {**GLASS, "intent": "unilobar", "kind": "normal_whole", "bilirubin_mg_per_dl": bilirubin}
    assert _values(**query) == [limit]
    on_boundary = "threshold_exactly_on_boundary_conservative_used" in _codes(**query)
    assert on_boundary == (bilirubin == 1.1)


def test_without_bilirubin_the_middle_value_applies_and_the_others_wait() -> None:
    result = limits(**GLASS, intent="bilobar", kind="normal_whole")
    assert [limit.low for limit in result.limits] == [75]
    assert [limit.low for limit in result.conditional] == [50, 90]
    assert {a.code for a in result.advisories} == {"condition_not_given"}
    assert [row["applies"] for row in result.rows()] == ["yes", "if", "if"]


def test_a_minimum_is_not_a_maximum() -> None:
    lobectomy = limits(**RESIN, intent="lobectomy", kind="normal_perfused").limits
    unilobar = limits(**RESIN, intent="unilobar", kind="normal_perfused", pretreated_or_impaired=False).limits
    assert [(limit.direction, limit.low) for limit in lobectomy] == [("minimum", 70)]
    assert [(limit.direction, limit.low) for limit in unilobar] == [("maximum", 40)]


def test_a_limit_is_never_reused_across_devices() -> None:
    for device, other in (("glass", "resin"), ("resin", "glass")):
        assert all(limit.device != other for limit in limits(device=device).limits)
    assert _values(**RESIN, intent="segmentectomy", kind="perfused") == [150]
    assert _values(**GLASS, intent="segmentectomy", kind="perfused") == [400]


def test_the_reversed_sign_is_pointed_out() -> None:
    result = limits(**GLASS, intent="unilobar", kind="normal_perfused")
    assert [limit.low for limit in result.limits] == [120]
    (advisory,) = result.advisories
    assert advisory.code == "limit_text_ambiguous"
    assert "reversed" in advisory.message


def test_what_was_recalled_says_so() -> None:
    result = limits(device="resin", guideline="Lau 2012", cirrhotic=True)
    assert [limit.low for limit in result.limits] == [50]
    assert [a.code for a in result.advisories] == ["limit_not_verified"]


def test_lung_limits_hold_for_any_intent() -> None:
    for intent in (None, "segmentectomy", "bilobar"):
        gy = [limit.low for limit in limits(device="resin", kind="lung", intent=intent).limits if limit.verified]
        assert gy == [30, 50]
    units = {limit.id: limit.unit for limit in limits(device="glass", kind="lung").limits}
    assert units["ifu-glass-lung-activity"] == "GBq"


def test_the_table_is_well_formed() -> None:
    result = limits()
    everything = (*result.limits, *result.conditional)
    assert len({limit.id for limit in everything}) == len(everything) >= 58
    for limit in everything:
        assert limit.kind in KINDS
        assert limit.direction in {"minimum", "maximum", "range"}
        assert limit.status in {"read", "secondary", "memory"}
        assert limit.source
        assert limit.low > 0
        assert limit.high is None or limit.high > limit.low
        assert (limit.direction == "range") <= (limit.high is not None)
    assert result.table_version


def test_bad_questions_are_errors() -> None:
    with pytest.raises(UnknownNameError, match="device must be one of glass, holmium, resin"):
        limits(device="wood")
    with pytest.raises(UnknownNameError, match="intent"):
        limits(intent="cure")
    with pytest.raises(UnknownNameError, match="kind"):
        limits(kind="tumour")
    for value in (0, -1, float("nan"), float("inf"), 340):
        with pytest.raises(OutOfRangeError, match=r"17\.104"):
            limits(bilirubin_mg_per_dl=value)
    with pytest.raises(DTypeError):
        limits(bilirubin_mg_per_dl=True)
