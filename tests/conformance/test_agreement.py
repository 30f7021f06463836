"""Core and reference agree, for every public function that computes; a function that nobody compares fails here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from public_functions import EXEMPT, public_names

from yttria.conformance.comparisons import Comparison, comparisons

ENTRIES = comparisons()


class TestAgreement:
    @pytest.mark.parametrize("name", ENTRIES)
    def test_core_equals_reference(self, name: str) -> None:
        assert ENTRIES[name].difference() <= 1.0

    def test_every_public_function_is_compared(self) -> None:
        missing = sorted(public_names() - ENTRIES.keys() - EXEMPT.keys())
        assert not missing, (
            f"no comparison with yttria.reference for {', '.join(missing)}: add a record to "
            "yttria/conformance/records, or the reason for none to EXEMPT in tests/support/public_functions.py"
        )

    def test_nothing_is_compared_that_is_gone(self) -> None:
        assert (ENTRIES.keys() | EXEMPT.keys()) <= public_names()
        assert not ENTRIES.keys() & EXEMPT.keys()

    @pytest.mark.parametrize(
        ("got", "within"),
        [
            (lambda: [1.0, 2.0], True),
            (lambda: [1.0, 2.0 + 1e-9], False),
            (lambda: [1.0], False),
            (lambda: [1.0, float("nan")], False),
            (lambda: [1.0, None], False),
        ],
    )
    def test_a_difference_is_seen(self, got: Callable[[], Any], within: bool) -> None:
        assert (Comparison(name="x", core=got, reference=lambda: np.array([1.0, 2.0])).difference() <= 1.0) is within
