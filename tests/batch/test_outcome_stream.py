"""Outcomes come as a stream in the order of the cases, with a bounded number begun, and no file is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

from batch_samples import LastFirstExecutor, cohort, rows

from yttria import batch
from yttria.batch import Case
from yttria.case import dose_case

COUNT = 70  # more than a block of rows


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort(tmp_path_factory.mktemp("cohort"), COUNT)


def dosed_alone(manifest: Path, n: int) -> Any:
    row = rows(COUNT)[n]
    files = {name: manifest.parent / row[name] for name in ("activity", "structures")}
    return dose_case(Case(**row | files))


def cases_of(manifest: Path) -> list[Case]:
    return [row.case for row in batch.read_manifest(manifest)]


@pytest.mark.parametrize("make", [lambda: None, LastFirstExecutor])
def test_outcomes_come_in_the_order_of_cases_and_few_cases_are_read_ahead(
    manifest: Path, make: Callable[[], Executor | None]
) -> None:
    begun = 0
    cases = cases_of(manifest)
    cases[5] = Case(**vars(cases[5]) | {"relative_to": "Spleen"})

    def stream() -> Any:
        nonlocal begun
        for begun, case in enumerate(cases, 1):  # noqa: B007
            yield case

    executor = make()
    yielded = 0
    for outcome in batch.run(stream(), executor=executor, workers=2 if executor is None else None, ahead=10):
        yielded += 1
        assert outcome.row == yielded
        assert begun - yielded <= 10 + 4 * 4
        if yielded == 6:
            assert outcome.failure is not None
            assert outcome.failure.error == "UnknownNameError"
        elif yielded in (1, 7):
            assert outcome.rows == dosed_alone(manifest, yielded - 1).rows
            assert outcome.failure is None
    assert yielded == COUNT
    if executor is not None:
        executor.shutdown()


@pytest.mark.thread_unsafe(reason="it counts the threads of the process")
def test_a_stream_that_ends_early_leaves_no_worker(manifest: Path) -> None:
    outcomes = batch.run(cases_of(manifest), workers=2)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("yttria-batch")]
