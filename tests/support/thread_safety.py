"""Tests that must not run in several threads at once, for pytest-run-parallel (`make parallel`).

The plugin itself recognizes monkeypatch, capsys, mocks and recorded warnings. A test is also marked here if it uses, by
itself or by a function of its file, what belongs to the whole process. Without the plugin the marks have no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FunctionType

import pytest

#: By the name that a test uses, the reason.
PROCESS_WIDE = {
    "invoke": "the runner of the command line replaces the standard output of the process",
    "CliRunner": "the runner of the command line replaces the standard output of the process",
    "redirect_stdout": "it replaces the standard output of the process",
    "doctest": "a doctest replaces the standard output of the process",
    "assert_interrupts": "a signal reaches the main thread only",
    "tracemalloc": "it measures the memory of the whole process",
    "resource": "it measures the memory of the whole process",
    "subprocess": "it starts a process, so that its threads would share nothing",
    "ProcessPoolExecutor": "it starts processes, so that its threads would share nothing",
    "_watched": "it watches the files that the whole process opens",
    "browser": "one browser is driven through one pipe",
    "loaded_by": "it starts a process, so that its threads would share nothing",
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thread_unsafe(reason): the test must not run in several threads at once")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        function = getattr(item, "function", None)
        names = set(names_used_by(function)) if function is not None else set()
        for name in sorted(names & set(PROCESS_WIDE)):
            item.add_marker(pytest.mark.thread_unsafe(reason=PROCESS_WIDE[name]))


def names_used_by(function: object, seen: frozenset[object] = frozenset()) -> Iterator[str]:
    """Global names in a function and in the functions of the same file that it calls."""
    # Hypothesis keeps the test itself in the function that makes its examples.
    function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    if not isinstance(function, FunctionType) or function in seen:
        return
    for name in names_in(function.__code__):
        yield name
        called = function.__globals__.get(name)
        if getattr(called, "__module__", None) == function.__module__:
            yield from names_used_by(called, seen | {function})


def names_in(code: CodeType) -> Iterator[str]:
    """Names in compiled code and in the functions that it contains."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)
