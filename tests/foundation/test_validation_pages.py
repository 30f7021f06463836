"""The rows of the validation that reports show are those of VALIDATION.md, and every dose model has some."""

from __future__ import annotations

import sys

import pytest

from conftest import ROOT
from yttria._foundation.choices import METHODS
from yttria.report.dose_section import validation_rows

sys.path.append(str(ROOT / "tools"))

from method_validation import TARGET, method_validation

TEXT = (ROOT / "VALIDATION.md").read_text(encoding="utf-8")


def test_the_rows_are_those_of_the_document() -> None:
    assert TARGET.read_text(encoding="utf-8") == method_validation(TEXT), "run: python tools/method_validation.py"


@pytest.mark.parametrize("method", METHODS)
def test_every_dose_model_has_rows_with_figures_of_the_document(method: str) -> None:
    rows = validation_rows(method)
    assert rows
    document = TEXT.replace("`", "")
    for row in rows:
        assert set(row) == {"claim", "acceptance", "measured", "limit"}
        assert all(row.values())
        assert row["claim"] in document
        assert row["acceptance"] in document
    assert not validation_rows("no such model")


def test_a_claim_that_is_gone_is_named() -> None:
    with pytest.raises(ValueError, match=r"one row that begins with 'Voxel S values follow Monte Carlo', has 0"):
        method_validation(TEXT.replace("| Voxel S values follow Monte Carlo |", "| Voxel S values |"))
