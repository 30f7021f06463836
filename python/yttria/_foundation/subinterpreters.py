"""Clear error of an import that fails because it happens in a subinterpreter."""

from __future__ import annotations

from importlib import import_module

_MESSAGE = (
    "yttria cannot be used in a subinterpreter (concurrent.interpreters, InterpreterPoolExecutor), because NumPy and "
    "the compiled core load in one interpreter of a process only: use threads (ThreadPoolExecutor; the core computes "
    "without the lock of the interpreter) or processes (ProcessPoolExecutor, multiprocessing)"
)


def explain(error: ImportError) -> None:
    """Raise an `ImportError` with the remedy if this is a subinterpreter; otherwise do nothing."""
    try:
        interpreters = import_module("_interpreters")  # of CPython 3.13 and later
    except ImportError:
        return
    if interpreters.get_current()[0] != interpreters.get_main()[0]:
        raise ImportError(_MESSAGE) from error
