"""Answers of invented implementations, to measure the diagnosis."""

from __future__ import annotations

from typing import Any

import numpy as np

from yttria.conformance.diagnosis import Answers


def noisy(answers: Answers, noise: float, seed: int) -> Answers:
    """Multiply every number except counts by `1 + noise x` with its own normal `x`, also each voxel."""
    rng = np.random.default_rng(seed)

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: changed(v) for k, v in value.items()}
        if isinstance(value, list):
            return [changed(v) for v in value]
        if isinstance(value, np.ndarray):
            return np.asarray(value, np.float64) * (1.0 + noise * rng.standard_normal(value.shape))
        return value * (1.0 + noise * rng.standard_normal()) if isinstance(value, float) else value

    return {name: changed(got) for name, got in answers.items()}


def spoiled(answers: Answers, seed: int) -> Answers:
    """Multiply all numbers of one to five cases by a factor of 0.5 to 2, without a known cause."""
    rng = np.random.default_rng(seed)

    def changed(value: Any, factor: float) -> Any:
        if isinstance(value, dict):
            return {k: changed(v, factor) for k, v in value.items()}
        if isinstance(value, list):
            return [changed(v, factor) for v in value]
        return value * factor if isinstance(value, float | np.ndarray) else value

    chosen = set(rng.choice(sorted(answers), rng.integers(1, 6), replace=False).tolist())
    factor = float(np.exp(rng.uniform(-0.7, 0.7)))
    return {name: changed(got, factor) if name in chosen else got for name, got in answers.items()}
