from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.errors import ArgumentError, OutOfRangeError, UnknownNameError
from yttria.planning.scores import albi, albi_grade, child_pugh, mrecist
from yttria.reference import scores as reference

ASCITES = ("none", "mild", "moderate-severe")
ENCEPHALOPATHY = ("none", "1-2", "3-4")


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "printed", "grade", "modified"),
    [(10, 50, -3.59, 1, "1"), (12, 40, -2.69, 1, "1"), (27, 39, -2.37, 2, "2a")],
)
def test_albi_of_the_published_patients(
    bilirubin: float, albumin: float, printed: float, grade: int, modified: str
) -> None:
    result = albi(bilirubin, albumin)
    assert (result.score_2dp, result.grade, result.modified_grade) == (printed, grade, modified)


@given(st.floats(0.1, 2000), st.floats(10, 80))
def test_albi_agrees_with_the_reference(bilirubin: float, albumin: float) -> None:
    result = albi(bilirubin, albumin)
    assert result.score == pytest.approx(reference.albi(bilirubin, albumin)["score"], rel=1e-13, abs=1e-13)
    assert result.modified_grade == reference.albi_grade(result.score)["modified_grade"]
    assert albi(bilirubin, min(albumin + 1, 80)).grade <= result.grade


def test_the_unrounded_score_is_graded() -> None:
    result = albi_grade(-2.5999)
    assert result.grade == 2
    assert [a.code for a in result.advisories] == ["albi_rounding_changes_grade"]
    assert result.advisories[0].limit == -2.60
    assert albi_grade(-2.60).grade == 1
    assert albi_grade(-2.60).advisories == ()


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "text"),
    [(0, 40, "bilirubin"), (0.05, 40, "17.104"), (10, 4.2, "42"), (np.nan, 40, "bilirubin"), (10, np.inf, "albumin")],
)
def test_a_value_that_looks_like_another_unit_is_refused(bilirubin: float, albumin: float, text: str) -> None:
    with pytest.raises(OutOfRangeError, match=text):
        albi(bilirubin, albumin)


@given(
    st.floats(0.1, 300), st.floats(10, 60), st.floats(0.8, 4), st.sampled_from([0, 1, 2]), st.sampled_from([0, 1, 2])
)
def test_child_pugh_agrees_with_the_reference(
    bilirubin: float, albumin: float, inr: float, ascites: int, encephalopathy: int
) -> None:
    result = child_pugh(
        bilirubin, albumin, inr, ascites=ASCITES[ascites], encephalopathy=ENCEPHALOPATHY[encephalopathy]
    )
    expected = reference.child_pugh(bilirubin, albumin, inr, ASCITES[ascites], ENCEPHALOPATHY[encephalopathy])
    assert (result.points, result.grade) == (expected["points"], expected["grade"])


def test_child_pugh_points_at_extremes_and_boundaries_are_those_of_the_table() -> None:
    best = child_pugh(12, 40, 1.1, ascites="none", encephalopathy="none")
    worst = child_pugh(100, 20, 3, ascites="moderate-severe", encephalopathy="3-4")
    assert (best.points, best.grade, best.advisories) == (5, "A", ())
    assert (worst.points, worst.grade) == (15, "C")
    edge = child_pugh(34.2, 35, 1.7, ascites="none", encephalopathy="none")
    assert (edge.bilirubin_points, edge.albumin_points, edge.inr_points, edge.grade) == (2, 2, 2, "B")
    assert [a.code for a in edge.advisories] == ["child_pugh_on_boundary"] * 3
    cholestatic = child_pugh(100, 40, 1.1, ascites="none", encephalopathy="none", cholestatic=True)
    assert cholestatic.bilirubin_points == 2


def test_unknown_child_pugh_items_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="none, mild, moderate-severe"):
        child_pugh(12, 40, 1.1, ascites="some", encephalopathy="none")
    with pytest.raises(UnknownNameError, match="none, 1-2, 3-4"):
        child_pugh(12, 40, 1.1, ascites="none", encephalopathy="2")
    with pytest.raises(OutOfRangeError, match="INR"):
        child_pugh(12, 40, -1, ascites="none", encephalopathy="none")
    with pytest.raises(ArgumentError):
        child_pugh(True, 40, 1.1, ascites="none", encephalopathy="none")


@pytest.mark.parametrize(
    ("baseline", "nadir", "current", "new", "category"),
    [
        (116, 116, 108, False, "SD"),
        (100, 100, 66, False, "PR"),
        (100, 100, 70, False, "PR"),
        (100, 50, 61, False, "PD"),
        (100, 50, 60, False, "PD"),
        (100, 50, 59.9, False, "PR"),
        (100, 80, 0, False, "CR"),
        (100, 80, 0, True, "PD"),
        (100, 0, 2, False, "PD"),
    ],
)
def test_mrecist_categories_follow_from_sums_of_viable_diameters(
    baseline: float, nadir: float, current: float, new: bool, category: str
) -> None:
    result = mrecist(baseline, current, nadir_viable_sum_mm=nadir, new_lesion=new)
    assert result.category == category == reference.mrecist(baseline, current, nadir, new)["category"]
    assert result.change_from_baseline_fraction == pytest.approx(current / baseline - 1)


@given(st.integers(1, 400), st.integers(0, 400), st.integers(0, 600), st.booleans())
def test_mrecist_agrees_with_the_reference(baseline: int, nadir: int, current: int, new: bool) -> None:
    nadir = min(nadir, baseline)
    assert (
        mrecist(baseline, current, nadir_viable_sum_mm=nadir, new_lesion=new).category
        == reference.mrecist(baseline, current, nadir, new)["category"]
    )


def test_mrecist_warns_if_the_nadir_is_missing() -> None:
    assert [a.code for a in mrecist(100, 60, new_lesion=False).advisories] == ["nadir_not_given"]
    with pytest.raises(OutOfRangeError, match="smallest sum"):
        mrecist(100, 60, nadir_viable_sum_mm=120, new_lesion=False)
    with pytest.raises(OutOfRangeError):
        mrecist(0, 60, new_lesion=False)
