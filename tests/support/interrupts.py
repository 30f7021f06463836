"""A KeyboardInterrupt in the middle of a call."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest


def assert_interrupts(call: Callable[[], object], after_s: float) -> None:
    """Check that SIGINT ends `call`, even if the tests were started with SIGINT ignored."""
    sent = 0.0

    def send() -> None:
        nonlocal sent
        time.sleep(after_s)
        sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sender = threading.Thread(target=send)
        sender.start()
        with pytest.raises(KeyboardInterrupt):
            call()
        ended = time.monotonic()
        sender.join()
    finally:
        signal.signal(signal.SIGINT, before)
    # 0.1 s on a machine of its own.
    assert ended - sent < 5.0
