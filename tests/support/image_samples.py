"""Grids that tell the axes apart: never cubic, some oblique, some reversed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SHAPE = (4, 5, 7)
#: Along i, j, k; exact in single precision, so that NIfTI keeps it.
SIZE = (1.5, 2.25, 3.5)


def affine(kind: str) -> npt.NDArray[np.float64]:
    """An affine: "plain", "flipped" (k runs down, det < 0), "permuted" or "oblique" (a rotation about all axes)."""
    directions = {
        "plain": np.eye(3),
        "flipped": np.diag([1.0, 1.0, -1.0]),
        "permuted": np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        "oblique": np.linalg.qr([[1.0, 0.2, -0.3], [0.1, 1.0, 0.25], [0.4, -0.2, 1.0]])[0],
    }
    matrix = np.eye(4)
    matrix[:3, :3] = directions[kind] * SIZE
    matrix[:3, 3] = (-101.25, 37.5, 12.125)
    return matrix


KINDS = ["plain", "flipped", "permuted", "oblique"]


def values(dtype: Any = np.float32, shape: tuple[int, ...] = SHAPE) -> npt.NDArray[Any]:
    """Values that no permutation or reversal of the axes maps to themselves."""
    return np.random.default_rng(20).uniform(0, 100, shape).astype(dtype)


NRRD_HEADER = {
    "type": "float",
    "dimension": "3",
    "space": "left-posterior-superior",
    "sizes": "7 5 4",
    "space directions": "(1.5,0,0) (0,2.25,0) (0,0,-3.5)",
    "endian": "little",
    "encoding": "raw",
    "space origin": "(-101.25,37.5,12.125)",
}


def nrrd_file(path: Path, payload: bytes = b"", **changes: str | None) -> Path:
    """Write a NRRD file with these header fields changed, or left out if None. The values are raw floats unless
    given."""
    fields = {**NRRD_HEADER, **{key.replace("_", " "): value for key, value in changes.items()}}
    lines = ["NRRD0004", *(f"{key}: {value}" for key, value in fields.items() if value is not None)]
    path.write_bytes(("\n".join(lines) + "\n\n").encode() + (payload or values("<f4").tobytes()))
    return path
