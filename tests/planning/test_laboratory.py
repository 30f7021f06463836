"""Bilirubin and albumin in the units of laboratories, taken the same way by every score."""

from __future__ import annotations

from typing import Any

import pytest

from yttria.errors import ArgumentError, OutOfRangeError
from yttria.planning import albi, child_pugh
from yttria.planning.laboratory import albumin_g_per_l, bilirubin_umol_per_l


def test_both_units_give_the_same_scores() -> None:
    one = albi(17.104, 38.0)
    other = albi(bilirubin_mg_per_dl=1.0, albumin_g_per_dl=3.8)
    assert other.score == pytest.approx(one.score, rel=1e-12)
    signs: dict[str, Any] = {"ascites": "none", "encephalopathy": "none"}
    assert child_pugh(bilirubin_mg_per_dl=2.5, albumin_g_per_dl=3.0, inr=1.2, **signs).points == 7
    assert child_pugh(42.76, 30.0, 1.2, **signs).points == 7


@pytest.mark.parametrize("given", [{}, {"bilirubin_umol_per_l": 17.0, "bilirubin_mg_per_dl": 1.0}])
def test_a_value_is_given_once(given: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match="bilirubin must be given once, as bilirubin_umol_per_l or"):
        bilirubin_umol_per_l(**given)
    with pytest.raises(ArgumentError):
        albi(**given, albumin_g_per_l=40.0)  # type: ignore[arg-type]


def test_a_number_that_fits_the_other_unit_is_doubted_or_refused() -> None:
    assert [a.code for a in bilirubin_umol_per_l(1.0)[1]] == ["bilirubin_unit_doubtful"]
    assert [a.code for a in bilirubin_umol_per_l(bilirubin_mg_per_dl=80.0)[1]] == ["bilirubin_unit_doubtful"]
    assert "bilirubin_unit_doubtful" in {a.code for a in albi(1.0, 40.0).advisories}
    with pytest.raises(
        OutOfRangeError, match=r"albumin in g/L must be within \[10, 80\], got 4 \(4 g/dL would be 40 g/L\)"
    ):
        albumin_g_per_l(4.0)
    with pytest.raises(OutOfRangeError, match="would be 4 g/dL"):
        albumin_g_per_l(albumin_g_per_dl=40.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0, 3000.0])
def test_impossible_bilirubins_are_refused_in_both_units(value: float) -> None:
    with pytest.raises(OutOfRangeError, match="bilirubin in umol/L"):
        bilirubin_umol_per_l(value)
    with pytest.raises(OutOfRangeError, match="bilirubin in mg/dL"):
        bilirubin_umol_per_l(bilirubin_mg_per_dl=value)
