"""Contours of solids with known volumes, for the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ring(x: float, y: float, z: float, a: float, b: float | None = None, n: int = 200) -> Array:
    """A polygon in an ellipse with the ellipse's area: its points lie a little outside."""
    t = (np.arange(n) + 0.3) * 2 * np.pi / n
    grow = np.sqrt(2 * np.pi / n / np.sin(2 * np.pi / n))
    return np.stack([x + grow * a * np.cos(t), y + grow * (a if b is None else b) * np.sin(t), np.full(n, z)], axis=1)


def box(x: tuple[float, float], y: tuple[float, float], z: float) -> Array:
    return np.array([[x[0], y[0], z], [x[1], y[0], z], [x[1], y[1], z], [x[0], y[1], z]], dtype=float)


def sphere(radius: float, z: Iterable[float], center: tuple[float, float, float] = (0, 0, 0)) -> list[Array]:
    x, y, c = center
    inside = [at for at in z if abs(at - c) < radius]
    return [ring(x, y, at, float(np.sqrt(radius**2 - (at - c) ** 2))) for at in inside]


def stack(section: Callable[[float], Array], z: Iterable[float]) -> list[Array]:
    return [section(float(at)) for at in z]


def turned(degrees: tuple[float, float, float]) -> Array:
    """A rotation as a 4 x 4 matrix."""
    result = np.eye(4)
    for axis, angle in enumerate(np.radians(degrees)):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(4)
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        result = result @ step
    return result


def grid(size_ijk: tuple[float, float, float], origin: tuple[float, float, float]) -> Array:
    matrix = np.diag([*size_ijk, 1.0])
    matrix[:3, 3] = origin
    return matrix
