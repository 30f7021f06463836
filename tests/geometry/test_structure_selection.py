"""Structures selected by patterns, and refusals that list the known names."""

from __future__ import annotations

import numpy as np
import pytest

from yttria import Structure, select_structures
from yttria.errors import ArgumentError, UndefinedError, UnknownNameError

NAMES = ["BODY", "Liver", "Tumor [left]", "tumor 2", "Tumor l"]


def test_patterns_match_without_regard_to_case_and_keep_the_order() -> None:
    assert select_structures(NAMES) == NAMES
    assert select_structures(NAMES, only=["tumor ?", "LIVER"]) == ["Liver", "tumor 2", "Tumor l"]
    assert select_structures(NAMES, exclude=("body", "t*")) == ["Liver"]
    assert select_structures(NAMES, only="*o*", exclude="*2") == ["BODY", "Tumor [left]", "Tumor l"]
    assert select_structures(NAMES, only=(), exclude=None) == NAMES


def test_a_name_with_brackets_is_matched_by_itself() -> None:
    assert select_structures(NAMES, only="tumor [left]") == ["Tumor [left]", "Tumor l"]
    assert select_structures(["Tumor [left]"], only="Tumor [left]") == ["Tumor [left]"]


def test_structures_are_selected_in_the_same_way_as_names() -> None:
    structures = [Structure(name, np.ones((1, 1, 1), bool), np.eye(4)) for name in NAMES]
    assert [s.name for s in select_structures(structures, exclude="body")] == NAMES[1:]


def test_a_pattern_without_a_match_names_the_structures_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"only='Spleen\*' matches no structure; .* BODY, Liver"):
        select_structures(NAMES, only=["Liver", "Spleen*"])
    with pytest.raises(UnknownNameError, match="exclude='' matches no structure"):
        select_structures(NAMES, exclude=[""])
    with pytest.raises(UnknownNameError, match=r"n39 and 60 more$"):
        select_structures([f"n{n}" for n in range(100)], only="Liver")
    with pytest.raises(UndefinedError, match=r"no structure is left by only='BODY' and exclude='body'"):
        select_structures(NAMES, only="BODY", exclude="body")
    with pytest.raises(UnknownNameError, match="no structure was given"):
        select_structures([], only="Liver")


def test_a_pattern_that_is_not_a_text_is_refused() -> None:
    with pytest.raises(ArgumentError, match="only must hold patterns of structure names, got 1"):
        select_structures(NAMES, only=[1])  # type: ignore[list-item]
    with pytest.raises(ArgumentError, match="got one of them"):
        select_structures("BODY")
