"""An unknown name gets the most similar known one in its message."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yttria._foundation.numbers import one_of
from yttria._foundation.text import did_you_mean
from yttria.batch import check_manifest
from yttria.errors import UnknownNameError


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Livr", " (did you mean 'liver'?)"),
        (" LIVER ", " (did you mean 'liver'?)"),
        ("kidney", ""),
        ("", ""),
        (None, ""),
        (3, ""),
    ],
)
def test_a_similar_name_is_suggested_in_any_case(text: object, hint: str) -> None:
    assert did_you_mean(text, ["liver", "lung"]) == hint


def test_no_name_is_suggested_if_none_is_known() -> None:
    assert did_you_mean("liver", []) == ""


def test_an_unknown_name_of_a_table_is_refused_with_the_similar_one() -> None:
    with pytest.raises(UnknownNameError, match=re.escape("got 'HO-116' (did you mean 'HO166'?)")):
        one_of("nuclide", "HO-116", ["EANM2022", "HO166"])


def test_a_misspelled_column_is_refused_with_the_similar_one(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text("case_id,activty,structures\n")
    _, found = check_manifest(path)
    assert any(each.message.startswith("unknown column (did you mean 'activity'?); known are") for each in found)


def test_a_column_that_is_not_there_is_one_problem_and_not_one_for_each_row(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text("case_id,structures,scan_delay_h\na,s.nrrd,20\nb,s.nrrd,20\n")
    count, found = check_manifest(path, look_for_files=False)
    assert count == 2
    assert [(each.row, each.column) for each in found] == [(0, "activity")]
