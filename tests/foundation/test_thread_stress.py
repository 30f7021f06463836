"""Compiled functions called from many threads at once."""

from __future__ import annotations

from thread_stress import stress


def test_threads_that_share_plans_get_the_bits_of_one_thread() -> None:
    assert stress(threads=4, rounds=2) == 4 * 2 * 7
