"""Core and reference agree for every public function that computes. A function without comparison fails here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from measured_figures import Measured
from public_functions import EXEMPT, public_names

import yttria.evaluation
import yttria.geometry
import yttria.kernels
import yttria.planning
import yttria.voxel
from yttria.conformance._record import REFERENCE, Record, parameter
from yttria.conformance.comparisons import Comparison, comparisons
from yttria.conformance.records import all_records

ENTRIES = comparisons()
RECORDS_OF_ALL = all_records()


class TestAgreement:
    @pytest.mark.claim("core_is_reference")
    @pytest.mark.parametrize("name", ENTRIES)
    def test_core_equals_reference(self, name: str, measured: Measured) -> None:
        difference = ENTRIES[name].difference()
        measured("largest difference, as a fraction of its tolerance", difference)
        assert difference <= 1.0

    def test_every_public_function_is_compared(self) -> None:
        missing = sorted(public_names() - ENTRIES.keys() - EXEMPT.keys())
        assert not missing, (
            f"no comparison with yttria.reference for {', '.join(missing)}: add a record to "
            "yttria/conformance/records, or the reason for none to EXEMPT in tests/support/public_functions.py"
        )

    def test_every_comparison_is_of_an_existing_function(self) -> None:
        assert (ENTRIES.keys() | EXEMPT.keys()) <= public_names()
        assert not ENTRIES.keys() & EXEMPT.keys()

    @pytest.mark.parametrize("record", RECORDS_OF_ALL, ids=lambda record: record.name)
    def test_every_input_of_a_record_is_taken(self, record: Record) -> None:
        """An input that no call takes is left out: a wrong name would compare defaults."""
        room, *path = record.name.split(".")
        public = functools.reduce(getattr, path, getattr(yttria, room))
        calls = [public, REFERENCE.functions.get(record.function), record.of, record.reference]
        taken = {name for call in calls if call is not None for name in inspect.signature(call).parameters}
        if record.function != "ellipsoid_volume_ml":  # places, not names
            assert {parameter(name) for name in record.inputs} <= taken

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
