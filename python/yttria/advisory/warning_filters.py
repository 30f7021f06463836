"""Warnings of other libraries, ignored while these work.

The filters of warnings belong to the whole process, unless the interpreter keeps them for each thread
(`sys.flags.context_aware_warnings`, the default of CPython 3.14 without the global lock). Two threads that replace and
restore them at once could leave every warning ignored. A warning that one thread issues could be lost while another
thread reads a file.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

_FILTERS = threading.RLock()
_BELONG_TO_THREADS = bool(getattr(sys.flags, "context_aware_warnings", False))


def filters_unchanged() -> AbstractContextManager[object]:
    """Keep other threads from ignoring warnings within a block, as far as they use `quiet`."""
    return nullcontext() if _BELONG_TO_THREADS else _FILTERS


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore all warnings within a block, because their subjects are checked elsewhere."""
    with filters_unchanged(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
