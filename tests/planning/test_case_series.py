"""The three published patients: the blocks of the page print its numbers, and those of the paper are met or not."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import pytest

from conftest import ROOT
from yttria.planning import albi, energy_balance, lung_dose, lung_shunt_reduction, mass_from_volume_kg

PAGE = ROOT / "docs" / "case_series.md"
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


def test_every_number_of_the_page_is_the_output_of_its_block() -> None:
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    names: dict[str, Any] = {}
    compared = 0
    for (kind, code), (next_kind, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec"), names)
        if next_kind == "text":
            assert printed.getvalue() == shown, f"the page shows something else for:\n{code}"
            compared += 1
        else:
            assert not printed.getvalue()
    assert compared == sum(kind == "text" for kind, _ in blocks) > 10


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "printed"), [(10, 50, -3.59), (12, 40, -2.69), (27, 39, -2.37)], ids=["1", "2", "3"]
)
def test_albi_scores_are_those_printed(bilirubin: float, albumin: float, printed: float) -> None:
    assert albi(bilirubin, albumin).score_2dp == printed


def test_patient_1_has_two_activities_before_the_reduction() -> None:
    before = {
        boundary: lung_shunt_reduction(0.15, boundary=boundary).unreduced_activity_gbq(1059.0)
        for boundary in ("upper_inclusive", "lower_inclusive")
    }
    assert before["upper_inclusive"] == pytest.approx(1323.75, rel=1e-12)
    assert before["lower_inclusive"] == pytest.approx(1765.00, rel=1e-12)


def test_the_reported_dose_of_patient_1_exceeds_the_available_energy() -> None:
    sphere = mass_from_volume_kg(817.283, density_g_per_ml=1.03)
    balance = energy_balance(55, tumor_mass_kg=sphere, delivered_activity_gbq=1.059, lung_shunt_fraction=0.15)
    assert balance.fraction_of_liver_energy_in_tumor == pytest.approx(1.036, abs=5e-4)
    assert [a.code for a in balance.advisories] == ["energy_exceeds_available"]


def test_patient_3_lungs_did_not_get_30_gray_at_1_kg() -> None:
    assert lung_dose(3.3 + 1.4, lung_shunt_fraction=0.12).lung_dose_gy == pytest.approx(28.01388, rel=1e-12)
    corner = lung_dose(4.75, lung_shunt_fraction=0.125)
    assert corner.lung_dose_gy < 30
