"""Core against reference on the same work: the time of each, their ratio, and the agreement in the same run.

python benches/agreement.py [part of a name]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from yttria.conformance.comparisons import comparisons


def seconds(work: Callable[[], Any], longest: float = 0.2) -> float:
    """Median of the calls that fit into `longest` seconds, three at least."""
    work()
    taken: list[float] = []
    while len(taken) < 3 or (sum(taken) < longest and len(taken) < 200):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def main() -> None:
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    print(f"{'function':52} {'core':>11} {'reference':>11} {'ratio':>8}   deviation / tolerance")
    for name, entry in comparisons().items():
        if part not in name:
            continue
        deviation = entry.difference()
        core, reference = seconds(entry.core), seconds(entry.reference)
        print(f"{name:52} {core * 1e6:8.1f} us {reference * 1e6:8.1f} us {reference / core:7.1f}x   {deviation:.1e}")
        assert deviation <= 1.0, name


if __name__ == "__main__":
    main()
