"""The optimum of a linear programme, found where it must lie: among the corners."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike


def linear_programme(objective: ArrayLike, rows: ArrayLike, limits: ArrayLike) -> tuple[float, np.ndarray] | None:
    """Largest `c x` subject to `A x <= b`, `x >= 0`, and a corner where it is reached; `None` if no corner is feasible.

    A feasible programme with `x >= 0` has a corner, and a bounded one has its optimum in one of them. A corner is where
    as many constraints as there are variables hold as equations. Whether it is bounded is not looked at.
    """
    c = np.asarray(objective, dtype=float)
    a = np.vstack([np.asarray(rows, dtype=float).reshape(-1, c.size), -np.eye(c.size)])
    b = np.append(np.asarray(limits, dtype=float), np.zeros(c.size))
    size = np.abs(a).max(axis=1, initial=0.0)
    best = None
    for chosen in combinations(range(len(b)), c.size):
        corner = a[list(chosen)]
        if np.linalg.matrix_rank(corner) < c.size:
            continue
        x = np.linalg.solve(corner, b[list(chosen)])
        feasible = np.all(a @ x <= b + 1e-9 * (np.abs(b) + size * np.abs(x).max()))
        if feasible and (best is None or c @ x > best[0]):
            best = (float(c @ x), x)
    return best
