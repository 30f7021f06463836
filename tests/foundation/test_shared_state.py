"""State that threads share: the filters of warnings, names that are imported at first use, a Monte Carlo run."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from yttria._foundation import arguments, rooms
from yttria.advisory.bounds import warn_implausible
from yttria.advisory.warning_filters import quiet


def test_filters_of_warnings_survive_threads_that_ignore_them() -> None:
    before = list(warnings.filters)
    first_entered, second_entered, first_left = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with quiet():
            first_entered.set()
            second_entered.wait(0.1)  # in vain, if only one thread at a time may replace the filters
        first_left.set()

    def second() -> None:
        first_entered.wait()
        with quiet():
            second_entered.set()
            first_left.wait(10)

    running = [threading.Thread(target=work) for work in (first, second)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert list(warnings.filters) == before


def test_an_implausible_value_is_reported_while_another_thread_ignores_warnings() -> None:
    entered, ended = threading.Event(), threading.Event()

    def read() -> None:
        with quiet():
            entered.set()
            ended.wait(0.1)

    def compute() -> None:
        warn_implausible("concentration_implausible", 1e9)
        ended.set()

    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        reader = threading.Thread(target=read)
        reader.start()
        entered.wait()
        computing = threading.Thread(target=compute)
        computing.start()
        reader.join()
        computing.join()
    assert len(issued) == 1


def test_only_one_module_replaces_the_filters_of_warnings() -> None:
    package = ROOT / "python" / "yttria"
    found = [path for path in package.rglob("*.py") if "catch_warnings(" in path.read_text()]
    assert found == [package / "advisory" / "warning_filters.py"]


def test_threads_that_first_use_a_name_get_one_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "room_of_threads"
    room.mkdir()
    (room / "__init__.py").write_text(
        "from yttria._foundation.rooms import lazy_room\n"
        "__all__ = ['work']\n"
        "lazy_room(__name__, {'.work': ('work',)})\n"
    )
    (room / "work.py").write_text("def work(number):\n    return number\n")
    monkeypatch.syspath_prepend(tmp_path)

    def slowly(function: Any, *, wrap: Any = arguments.checked) -> Any:
        time.sleep(0.05)
        return wrap(function)

    monkeypatch.setattr(arguments, "checked", slowly)
    package = importlib.import_module(room.name)
    assert isinstance(package, rooms.LazyRoom)
    got: list[Any] = []

    def use(delay_s: float) -> None:
        time.sleep(delay_s)
        got.append(package.work)

    # The second thread arrives when the file has been executed and its function is being exported.
    running = [threading.Thread(target=use, args=(delay_s,)) for delay_s in (0.0, 0.02, 0.04)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert len({id(function) for function in got}) == 1
    assert pickle.loads(pickle.dumps(got[0])) is got[0]


def assert_runs(code: str) -> None:
    """Run code after a run that a thread advances, in a process, because threads that wait for each other never end."""
    begin = textwrap.dedent("""
        import os, signal, threading
        import numpy as np
        import yttria

        ones = np.ones((8, 8, 8))
        run = yttria.MonteCarloRun(ones, ones, (3.0, 3.0, 3.0), histories_per_batch=5000, threads=1, estimator="plain")

        def advance(batches):
            thread = threading.Thread(target=run.advance, args=(batches,), daemon=True)
            thread.start()
            return thread
    """)
    command = [sys.executable, "-c", begin + textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_reading_the_state_of_a_run_waits_for_the_thread_that_advances_it() -> None:
    assert_runs("""
        advancing = advance(40)
        while advancing.is_alive():
            assert run.batches in (0, 40)
        assert run.result().histories == 40 * 5000
    """)


def test_ctrl_c_ends_the_wait_for_the_thread_that_advances_a_run() -> None:
    assert_runs("""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        advance(10**9)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            while True:
                run.batches
        except KeyboardInterrupt:
            os._exit(0)
    """)


def test_a_subinterpreter_is_refused_with_the_remedy() -> None:
    interpreters = pytest.importorskip("_interpreters", reason="CPython 3.13 and later have the module")
    interpreter = interpreters.create("isolated")
    try:
        path = f"import sys; sys.path[:] = {sys.path!r}"
        failure = interpreters.exec(interpreter, f"{path}\nimport yttria\nyttria.absorbed_dose")
    finally:
        interpreters.destroy(interpreter)
    assert failure.type.__name__ == "ImportError"
    assert "ThreadPoolExecutor" in failure.msg
    assert "ProcessPoolExecutor" in failure.msg
