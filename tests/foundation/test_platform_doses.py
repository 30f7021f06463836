"""The script that compares the doses of two platforms."""

from __future__ import annotations

import numpy as np
from platform_doses import comparison, doses


def test_doses_of_one_platform_have_the_same_bits_each_time() -> None:
    lines = comparison(doses(), doses())
    assert [line for line in lines if not line.endswith("the same bits")] == []
    assert len(lines) == 11


def test_a_difference_is_stated_relative_to_the_largest_value() -> None:
    here, there = {"dose": np.array([1.0, 2.0])}, {"dose": np.array([1.0, 2.5])}
    assert comparison(here, there) == ["dose: 2.0e-01 of the largest value; 50.0% of the values differ"]
