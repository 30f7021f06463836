"""The pages of the validation are those of the claims and of the measured figures, and each claim has its test."""

from __future__ import annotations

import re
import sys

import pytest

from conftest import ROOT
from yttria._foundation.choices import METHODS
from yttria.report.dose_section import validation_rows

sys.path.append(str(ROOT / "tools"))

import validation

CLAIMS = {claim.id: claim for name in validation.TOPICS for claim in validation.Topic.read(name).claim}
MARKED = {
    claim
    for path in (ROOT / "tests").rglob("test_*.py")
    for claim in re.findall(r'mark\.claim\("(\w+)"\)', path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("path", validation.written(), ids=lambda path: path.name)
def test_a_page_is_written_from_the_claims(path) -> None:
    assert path.read_text(encoding="utf-8") == validation.written()[path], "run: python tools/validation.py"


def test_every_claim_has_one_id_and_a_test_or_states_that_it_has_none() -> None:
    assert len(CLAIMS) == sum(len(validation.Topic.read(name).claim) for name in validation.TOPICS)
    without = {claim.id for claim in CLAIMS.values() if not (claim.rust or claim.by_hand)} - MARKED
    assert not without, f"no test is marked with: {', '.join(sorted(without))}"


def test_every_mark_names_a_claim() -> None:
    assert CLAIMS.keys() >= MARKED


def test_every_marked_claim_was_run() -> None:
    measured = validation.measured_now()["claims"]
    assert measured.keys() >= MARKED, "run: make validation"


def test_every_headline_is_a_figure_that_was_measured() -> None:
    measured = validation.measured_now()["claims"]
    for claim in CLAIMS.values():
        assert not claim.headline or claim.headline in measured[claim.id]["figures"], claim.id


def test_tests_of_the_core_exist() -> None:
    for claim in CLAIMS.values():
        for name in claim.rust:
            stem = name.removeprefix("--test ")
            assert (
                list(ROOT.glob(f"src/**/{stem}"))
                or list(ROOT.glob(f"src/**/{stem}.rs"))
                or (name.startswith("--test ") and (ROOT / "tests" / f"{stem}.rs").is_file())
            ), name


@pytest.mark.parametrize("method", METHODS)
def test_every_dose_model_has_rows_that_a_report_can_show(method: str) -> None:
    rows = validation_rows(method)
    assert rows
    for row in rows:
        assert set(row) == {"claim", "acceptance", "measured", "limit"}
        assert all(row.values())
    assert not validation_rows("no such model")


def test_a_figure_states_its_unit_and_how_many_it_is_the_largest_of() -> None:
    kept = {"value": -0.19, "unit": "%", "of": 3, "signed": True, "plus_minus": 0.16}
    assert validation.figure("tumor", kept) == "tumor: -0.19 ± 0.16 % (largest of 3)"
    assert validation.figure("ratio", {"value": 5.04, "unit": "", "of": 1}) == "ratio: 5.04"
