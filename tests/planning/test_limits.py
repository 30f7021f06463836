"""The table of limits and targets: every cell of the guideline, and the entries that apply to the given facts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from yttria._foundation.choices import LIMIT_TISSUES
from yttria.errors import ArgumentError, OutOfRangeError, UnknownNameError
from yttria.planning.limit_conditions import QUANTITIES
from yttria.planning.limit_table import Limit, limit_table
from yttria.planning.limits import dose_limits

GLASS = {"guideline": "EANM2022", "device": "glass", "disease": "HCC"}
RESIN = {"guideline": "EANM2022", "device": "resin", "disease": "HCC"}

WHOLE_NORMAL = {
    "< 50 Gy: the bilirubin is above 1.1 mg/dL",
    "< 90 Gy: the bilirubin is below 1.1 mg/dL",
}
PERFUSED_OVER_150 = "> 150 Gy: the mean dose to the whole liver is below 150 Gy"
HCC_75 = "< 75 Gy: the bilirubin is not considered"
AIM = ">= 250 to 300 Gy (aim)"
RESIN_BILOBAR = {
    "< 30 Gy: the liver is pretreated or its function compromised",
    "< 40 Gy: the liver is neither pretreated nor its function compromised",
}

# Weber et al. 2022, tables 2, 3 and 4, cell by cell: device, disease, scenario, kind, printed text.
# Table 4 prints the dose to the perfused volume without a sign.
CELLS: list[tuple[str, str, str, str, set[str]]] = [
    ("glass", "HCC", "segmentectomy", "perfused", {"> 400 Gy"}),
    ("glass", "HCC", "segmentectomy", "normal_perfused", set()),
    ("glass", "HCC", "segmentectomy", "normal_whole", set()),
    ("glass", "HCC", "segmentectomy", "tumor", set()),
    ("glass", "HCC", "lobectomy", "perfused", {PERFUSED_OVER_150, "140 to 150 Gy"}),
    ("glass", "HCC", "lobectomy", "normal_perfused", {">= 88 Gy"}),
    ("glass", "HCC", "lobectomy", "normal_whole", {HCC_75, *WHOLE_NORMAL}),
    ("glass", "HCC", "lobectomy", "tumor", {">= 205 Gy", AIM}),
    ("glass", "HCC", "unilobar", "perfused", {PERFUSED_OVER_150, "80 to 150 Gy"}),
    ("glass", "HCC", "unilobar", "normal_perfused", {"< 120 Gy: the hepatic reserve is below 30 %"}),
    ("glass", "HCC", "unilobar", "normal_whole", {HCC_75, *WHOLE_NORMAL}),
    ("glass", "HCC", "unilobar", "tumor", {">= 205 Gy", AIM}),
    ("glass", "HCC", "bilobar", "perfused", {"80 to 150 Gy"}),
    ("glass", "HCC", "bilobar", "normal_perfused", set()),
    ("glass", "HCC", "bilobar", "normal_whole", WHOLE_NORMAL),
    ("glass", "HCC", "bilobar", "tumor", {">= 205 Gy"}),
    *(
        ("glass", disease, scenario, kind, printed)
        for disease, tumor in (("ICC", ">= 260 Gy"), ("mCRC", ">= 189 Gy"))
        for scenario, perfused in (
            ("lobectomy", "140 to 150 Gy"),
            ("unilobar", "80 to 150 Gy"),
            ("bilobar", "80 to 150 Gy"),
        )
        for kind, printed in (
            ("perfused", {perfused}),
            ("normal_perfused", set()),
            ("normal_whole", {"< 75 Gy", *WHOLE_NORMAL}),
            ("tumor", {tumor}),
        )
    ),
    *(("glass", disease, "segmentectomy", "perfused", {"> 400 Gy"}) for disease in ("ICC", "mCRC")),
    *(
        ("holmium", disease, scenario, kind, printed)
        for disease, tumor in (("HCC", set()), ("ICC", {"> 150 Gy"}), ("mCRC", {"> 90 Gy"}))
        for scenario, whole in (("lobectomy", "< 60 Gy"), ("unilobar", "< 60 Gy"), ("bilobar", "< 40 Gy"))
        for kind, printed in (("perfused", {"<= 60 Gy"}), ("normal_whole", {whole}), ("tumor", tumor))
    ),
    *(("holmium", disease, "segmentectomy", "perfused", {"<= 60 Gy"}) for disease in ("HCC", "ICC", "mCRC")),
    *(
        ("resin", disease, scenario, kind, printed)
        for disease, tumor in (("HCC", ">= 100 to 120 Gy"), ("ICC", ">= 100 to 120 Gy"), ("mCRC", "> 100 Gy"))
        for scenario, kind, printed in (
            ("segmentectomy", "perfused", {"> 150 Gy"}),
            ("segmentectomy", "normal_perfused", set()),
            ("segmentectomy", "tumor", set()),
            ("lobectomy", "perfused", set()),
            (
                "lobectomy",
                "normal_perfused",
                {"> 70 Gy: the hepatic reserve is above 30 %" if disease == "HCC" else "> 70 Gy"},
            ),
            ("lobectomy", "tumor", {tumor}),
            ("unilobar", "perfused", set()),
            ("unilobar", "normal_perfused", {"< 40 Gy"}),
            ("unilobar", "tumor", {tumor}),
            ("bilobar", "perfused", set()),
            ("bilobar", "normal_perfused", RESIN_BILOBAR),
            ("bilobar", "tumor", {tumor}),
        )
    ),
]

# Values as printed in the single-compartment and multi-compartment columns.
LEVELS = {
    ("glass", "HCC", "segmentectomy"): ({"3"}, set()),
    ("glass", "HCC", "lobectomy"): ({"1", "3"}, {"3"}),
    ("glass", "HCC", "unilobar"): ({"1", "3"}, {"1, 3", "3"}),
    ("glass", "HCC", "bilobar"): ({"1, 4"}, {"3"}),
    ("glass", "ICC", "segmentectomy"): ({"4"}, set()),
    ("glass", "ICC", "lobectomy"): ({"4"}, {"3"}),
    ("glass", "mCRC", "segmentectomy"): ({"3"}, set()),
    ("glass", "mCRC", "bilobar"): ({"3"}, {"3"}),
    ("holmium", "HCC", "bilobar"): ({"3"}, {"4"}),
    ("holmium", "ICC", "unilobar"): ({"3"}, {"3-4"}),
    ("resin", "HCC", "lobectomy"): (set(), {"4"}),
    ("resin", "ICC", "lobectomy"): (set(), {"3, 4"}),
    ("resin", "mCRC", "lobectomy"): (set(), {"4"}),
    ("resin", "mCRC", "unilobar"): (set(), {"3, 4"}),
}


def _everything(**query: Any) -> tuple[Limit, ...]:
    found = dose_limits(**query)
    return found.limits + found.conditional


def _values(**query: Any) -> list[float]:
    return [limit.low for limit in dose_limits(**query).limits]


def _codes(**query: Any) -> set[str]:
    return {advisory.code for advisory in dose_limits(**query).advisories}


def _as_printed(limit: Limit) -> str:
    return limit.value_in_words + (" (aim)" if limit.aim else "") + (f": {limit.condition}" if limit.condition else "")


@pytest.mark.claim("limits_table")
@pytest.mark.parametrize(("device", "disease", "scenario", "kind", "printed"), CELLS)
def test_each_cell_of_the_guidelines_tables_is_in_the_table(
    device: str, disease: str, scenario: str, kind: str, printed: set[str]
) -> None:
    found = _everything(guideline="EANM2022", device=device, disease=disease, intent=scenario, kind=kind)
    assert {_as_printed(limit) for limit in found} == printed
    assert len(found) == len(printed)
    assert {limit.status for limit in found} <= {"read"}


@pytest.mark.claim("limits_table")
def test_the_table_has_no_other_entries_of_the_guideline() -> None:
    counted = sum(len(printed) for *_, printed in CELLS)
    entries = [entry for entry in limit_table()[1] if entry.guideline == "EANM2022"]
    assert sum(max(1, len(entry.intents)) for entry in entries) == counted


@pytest.mark.parametrize("row", LEVELS)
def test_levels_of_evidence_are_those_printed(row: tuple[str, str, str]) -> None:
    device, disease, scenario = row
    found = _everything(guideline="EANM2022", device=device, disease=disease, intent=scenario)
    assert {limit.level_of_evidence for limit in found if limit.kind == "perfused"} == LEVELS[row][0]
    assert {limit.level_of_evidence for limit in found if limit.kind != "perfused"} == LEVELS[row][1]


def test_footnotes_stand_with_the_cells_they_belong_to() -> None:
    def cautions(**query: Any) -> str:
        return " ".join(caution.text for limit in _everything(**query) for caution in limit.cautions)

    for disease in ("HCC", "ICC", "mCRC"):
        whole = {"device": "glass", "disease": disease, "kind": "normal_whole"}
        assert "without prior radioembolization" in cautions(**whole, intent="unilobar")
        assert "derived from unilobar treatments" in cautions(**whole, intent="bilobar")
        assert "single-compartment" in cautions(
            guideline="EANM2022", device="resin", disease=disease, intent="lobectomy"
        )
    assert "Caution is warranted in ICC" in cautions(device="glass", disease="ICC", kind="normal_whole")
    assert "first treatment" in cautions(**GLASS, intent="lobectomy", kind="normal_perfused")
    assert "86 Gy" in cautions(device="resin", disease="ICC", intent="unilobar", guideline="EANM2022")
    assert "40 to 60 Gy" in cautions(device="resin", disease="mCRC", intent="bilobar", guideline="EANM2022")


@pytest.mark.parametrize(("bilirubin", "limit"), [(0.6, 90), (1.0999, 90), (1.1, 50), (1.1001, 50), (3, 50)])
def test_bilirubin_decides_the_normal_whole_limit(bilirubin: float, limit: float) -> None:
    query = {**GLASS, "intent": "unilobar", "kind": "normal_whole", "bilirubin_mg_per_dl": bilirubin}
    assert _values(**query) == [limit]
    on_boundary = "threshold_exactly_on_boundary_conservative_used" in _codes(**query)
    assert on_boundary == (bilirubin == 1.1)


def test_bilirubin_in_either_unit_gives_the_same_limits() -> None:
    query = {**GLASS, "intent": "bilobar", "kind": "normal_whole"}
    assert _values(**query, bilirubin_umol_per_l=0.6 * 17.104) == [90]
    assert _values(**query, bilirubin_umol_per_l=1.1 * 17.104) == [50]
    assert _values(**query, bilirubin_umol_per_l=34) == [50]
    assert "bilirubin_unit_doubtful" in _codes(**query, bilirubin_umol_per_l=2)


def test_without_bilirubin_the_middle_value_applies_and_the_others_wait() -> None:
    result = dose_limits(**GLASS, intent="unilobar", kind="normal_whole")
    assert [limit.low for limit in result.limits] == [75]
    assert [limit.low for limit in result.conditional] == [50, 90]
    assert {a.code for a in result.advisories} == {"condition_not_given"}
    assert [row.applies for row in result.rows()] == ["yes", "depends on", "depends on"]
    assert result.rows()[1].as_dict()["depends_on"] == ["the bilirubin is above 1.1 mg/dL"]


def test_a_minimum_is_not_a_maximum() -> None:
    lobectomy = dose_limits(**RESIN, intent="lobectomy", kind="normal_perfused", hepatic_reserve_fraction=0.4).limits
    unilobar = dose_limits(**RESIN, intent="unilobar", kind="normal_perfused").limits
    assert [(limit.direction, limit.low) for limit in lobectomy] == [("minimum", 70)]
    assert [(limit.direction, limit.low) for limit in unilobar] == [("maximum", 40)]


def test_a_limit_is_never_reused_across_devices() -> None:
    for device, other in (("glass", "resin"), ("resin", "glass")):
        assert all(limit.device != other for limit in _everything(device=device))
    assert _values(**RESIN, intent="segmentectomy", kind="perfused") == [150]
    assert _values(**GLASS, intent="segmentectomy", kind="perfused") == [400]


def test_without_an_intent_nothing_that_belongs_to_one_is_certain() -> None:
    result = dose_limits(**GLASS)
    assert not result.limits
    assert all(any(c.quantity == "intent" for c in open_ones) for open_ones in result.depends_on)
    assert all(not limit.intents for limit in dose_limits(device="resin", disease="HCC").limits)
    assert not dose_limits().limits


@pytest.mark.parametrize(("reserve", "applies"), [(0.25, True), (0.30, False), (0.45, False), (None, None)])
def test_the_120_gy_limit_belongs_to_a_reserve_below_30_percent(reserve: float | None, applies: bool | None) -> None:
    result = dose_limits(**GLASS, intent="unilobar", kind="normal_perfused", hepatic_reserve_fraction=reserve)
    assert (len(result.limits), len(result.conditional)) == {True: (1, 0), False: (0, 0), None: (0, 1)}[applies]


def test_both_readings_of_a_contradicting_source_are_shown() -> None:
    result = dose_limits(**GLASS, intent="unilobar", kind="normal_perfused", hepatic_reserve_fraction=0.25)
    (advisory,) = result.advisories
    assert advisory.code == "limit_text_ambiguous"
    assert "below 30 %" in advisory.message
    assert "at least 30 %" in advisory.message
    assert "contradict each other" in advisory.message
    trial = dose_limits(
        guideline="DOSISPHERE-01", intent="unilobar", kind="normal_perfused", device="glass", disease="HCC"
    )
    assert [str(limit.conditions[0]) for limit in trial.conditional] == ["the hepatic reserve is at least 30 %"]


def test_values_that_were_not_read_in_their_source_are_marked() -> None:
    result = dose_limits(device="resin", guideline="Lau 2012", intent="unilobar", cirrhotic=True)
    assert [limit.low for limit in result.limits] == [50]
    assert [a.code for a in result.advisories] == ["limit_not_verified"]
    assert not result.limits[0].verified


@pytest.mark.parametrize(
    ("guideline", "device", "kind", "direction", "low", "status"),
    [
        ("DOORwaY90", "resin", "tumor", "minimum", 150, "read"),
        ("LEGACY 2021", "glass", "perfused", "minimum", 400, "not verified"),
        ("TARGET 2022", "glass", "tumor", "association", 188.3, "read"),
        ("DOSISPHERE-01", "glass", "tumor", "minimum", 205, "read"),
        ("DOSISPHERE-01", "glass", "tumor", "minimum", 250, "read"),
        ("DOSISPHERE-01", "glass", "perfused", "association", 150, "read"),
    ],
)
def test_studies_are_in_the_table_with_their_state_of_reading(
    guideline: str, device: str, kind: str, direction: str, low: float, status: str
) -> None:
    found = _everything(guideline=guideline, device=device, kind=kind, direction=direction)
    assert status in {limit.status for limit in found if limit.low == low}
    assert all(limit.source.checked for limit in found)


def test_lung_limits_hold_for_any_intent() -> None:
    for intent in (None, "segmentectomy", "bilobar"):
        gy = [limit.low for limit in dose_limits(device="resin", kind="lung", intent=intent).limits if limit.verified]
        assert gy == [30, 50]
    units = {limit.id: limit.unit for limit in dose_limits(device="glass", kind="lung").limits}
    assert units["ifu-glass-lung-activity"] == "GBq"


def test_the_table_is_well_formed() -> None:
    version, table = limit_table()
    assert version
    assert len({limit.id for limit in table}) == len(table) >= 90
    for limit in table:
        assert limit.kind in LIMIT_TISSUES
        assert limit.direction in {"minimum", "maximum", "range", "association"}
        assert limit.status in {"read", "secondary", "not verified"}
        assert limit.source.read in {"primary", "secondary", "no"}
        assert limit.source.citation
        # A value that was read needs a source that was read.
        assert {"read": limit.source.read == "primary", "secondary": limit.source.read == "secondary"}.get(
            limit.status, True
        )
        assert limit.low > 0
        assert limit.high is None or limit.high > limit.low
        assert (limit.direction == "range") <= (limit.high is not None)
        assert limit.over == "one treatment" or limit.kind == "lung"
        assert not (limit.case_of and limit.alternative_of)
        # Only lung limits go with every guideline, and only those that were read somewhere.
        assert not limit.general or (limit.kind == "lung" and limit.verified)
        for condition in (*limit.conditions, *(c for caution in limit.cautions for c in caution.when)):
            assert condition.quantity in QUANTITIES
        for text in (*limit.not_reconciled, *(caution.text for caution in limit.cautions)):
            assert text.endswith(".")
            assert all(len(sentence.split()) <= 30 for sentence in re.split(r"(?<=\.) ", text)), text
            assert not re.search(r"\b(looks|seems|probably|memory)\b", text), "an opinion has no place in the data"


def test_of_cases_exactly_one_applies_if_everything_is_known() -> None:
    _, table = limit_table()
    groups: dict[str, list[Limit]] = {}
    for limit in table:
        if limit.alternative_of:
            assert len({(e.scope, e.kind) for e in table if e.alternative_of == limit.alternative_of}) == 1
        groups.setdefault(limit.case_of, []).append(limit)
    groups.pop("")
    assert groups
    for group in groups.values():
        assert len({(limit.scope, limit.kind, limit.direction) for limit in group}) == 1
        for bilirubin in (0.5, 1.1, 2.0):
            for state in (True, False):
                facts = {"bilirubin_mg_per_dl": bilirubin, "pretreated_or_impaired": state, "cirrhotic": state}
                applying = [e for e in group if e.conditions and all(c.holds(facts) for c in e.conditions)]
                assert len(applying) == 1


def test_unknown_names_and_impossible_facts_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="device must be one of glass, resin, holmium, custom"):
        dose_limits(device="wood")
    with pytest.raises(UnknownNameError, match="intent"):
        dose_limits(intent="cure")
    with pytest.raises(UnknownNameError, match="kind"):
        dose_limits(kind="tumour")
    for value in (0, -1, float("nan"), float("inf"), 340):
        with pytest.raises(OutOfRangeError, match=r"17\.104"):
            dose_limits(bilirubin_mg_per_dl=value)
    with pytest.raises(ArgumentError):
        dose_limits(bilirubin_mg_per_dl=True)
    with pytest.raises(ArgumentError, match="bilirubin must be given once"):
        dose_limits(bilirubin_mg_per_dl=1, bilirubin_umol_per_l=17)
    with pytest.raises(ArgumentError, match="cirrhotic must be True, False or None"):
        dose_limits(cirrhotic="no")  # type: ignore[arg-type]
    with pytest.raises(OutOfRangeError, match="hepatic reserve fraction"):
        dose_limits(hepatic_reserve_fraction=30)
