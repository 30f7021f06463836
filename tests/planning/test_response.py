"""RECIST 1.1 of target lesions, and the table of overall responses."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria._foundation.choices import NON_TARGET_RESPONSES, TARGET_RESPONSES
from yttria.errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError, YttriaError
from yttria.planning import mrecist, overall_response, recist
from yttria.reference import scores as reference


@pytest.mark.parametrize(
    ("baseline", "nadir", "current", "category"),
    [
        (116, 116, 108, "SD"),
        (100, 100, 70, "PR"),
        (100, 50, 60, "PD"),
        (100, 50, 59.9, "PR"),
        (100, 20, 24.9, "PR"),  # 24.5 % above the nadir, but not 5 mm
        (20, 20, 24, "SD"),  # exactly 20 %, but 4 mm
        (20, 20, 25, "PD"),
        (100, 0, 4.9, "PR"),
        (100, 0, 5.0, "PD"),
        (100, 80, 0, "CR"),
    ],
)
def test_recist_categories_follow_from_sums_of_diameters(
    baseline: float, nadir: float, current: float, category: str
) -> None:
    found = recist(baseline, current, nadir_sum_mm=nadir)
    assert found.category == category == reference.recist(baseline, current, nadir)["category"]
    assert found.change_from_baseline_fraction == pytest.approx(current / baseline - 1)
    assert found.source_read == "secondary"


@given(st.integers(1, 400), st.integers(0, 400), st.integers(0, 600), st.booleans())
def test_recist_agrees_with_the_reference(baseline: int, nadir: int, current: int, nodes: bool) -> None:
    nadir = min(nadir, baseline)
    found = recist(baseline, current, nadir_sum_mm=nadir, only_normal_nodes_left=nodes)
    assert found.category == reference.recist(baseline, current, nadir, nodes)["category"]


@given(st.integers(1, 400), st.integers(0, 400), st.integers(0, 600))
def test_recist_and_mrecist_differ_by_the_five_millimeters_alone(baseline: int, nadir: int, current: int) -> None:
    nadir = min(nadir, baseline)
    size = recist(baseline, current, nadir_sum_mm=nadir).category
    viable = mrecist(baseline, current, nadir_viable_sum_mm=nadir, new_lesion=False).category
    assert size == viable or (viable == "PD" and current - nadir < 5)


def test_lymph_nodes_of_normal_size_are_a_complete_response() -> None:
    assert recist(30, 9, nadir_sum_mm=9, only_normal_nodes_left=True).category == "CR"
    assert recist(30, 9, nadir_sum_mm=9).category == "PR"


def test_a_missing_nadir_is_reported() -> None:
    assert [a.code for a in recist(100, 60).advisories] == ["nadir_not_given"]
    assert recist(100, 100).advisories == ()


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(
    ("target", "non_target"), list(itertools.product((*TARGET_RESPONSES, None), (*NON_TARGET_RESPONSES, None)))
)
def test_every_cell_of_the_table_of_overall_responses(target: Any, non_target: Any, new: bool) -> None:
    if target is None and non_target is None and not new:
        with pytest.raises(UndefinedError):
            overall_response(target, non_target, new_lesion=new)
        return
    found = overall_response(target, non_target, new_lesion=new)
    assert found.category == reference.overall_response(target, non_target, new)["category"]


def test_the_deciding_finding_is_named() -> None:
    assert overall_response("PR", "NE", new_lesion=True).decided_by == "a new lesion"
    assert overall_response("SD", "PD", new_lesion=False).decided_by == "progression of a non-target lesion"
    assert "left or was not evaluated" in overall_response("CR", "NE", new_lesion=False).decided_by
    assert overall_response(None, "non-CR/non-PD", new_lesion=False).decided_by == "the non-target lesions alone"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: recist(0, 5), OutOfRangeError),
        (lambda: recist(-1, 5), OutOfRangeError),
        (lambda: recist(10, float("nan")), OutOfRangeError),
        (lambda: recist(10, float("inf")), OutOfRangeError),
        (lambda: recist(10, 5, nadir_sum_mm=11), OutOfRangeError),
        (lambda: recist("10", 5), ArgumentError),  # type: ignore[arg-type]
        (lambda: overall_response("cr", "CR", new_lesion=False), UnknownNameError),  # type: ignore[arg-type]
        (lambda: overall_response("CR", "SD", new_lesion=False), UnknownNameError),  # type: ignore[arg-type]
        (lambda: overall_response("CR", "CR", new_lesion=0), ArgumentError),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_are_refused(call: Any, error: type[YttriaError]) -> None:
    with pytest.raises(error):
        call()
