"""Structures from contours as their definition: points tested one by one, distances to every edge.

The core's voxel fractions are exact, and these are sampled. The core's sections between planes come from a lattice, and
these are asked at any point.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def is_inside(points: Array, polygons: Sequence[Array]) -> NDArray[np.bool_]:
    """Even-odd rule: a ray from a point (n, 2) along the first axis crosses the edges an odd number of times."""
    inside = np.zeros(len(points), dtype=bool)
    x, y = points.T
    for polygon in polygons:
        for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if ay != by:
                crossed = (ay > y) != (by > y)
                inside ^= crossed & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return inside


def polygon_area(polygon: Array) -> float:
    """Shoelace formula, without sign."""
    x, y = (polygon - polygon[0]).T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def pixel_coverage(polygon: Array, rows: int, columns: int) -> Array:
    """Area of a simple polygon (n, 2; x, y) in each pixel [c, c + 1] x [r, r + 1], by clipping it to the pixel."""
    coverage = np.zeros((rows, columns))
    for r, c in np.ndindex(rows, columns):
        clipped = polygon
        for axis, bound, sign in ((0, c, 1), (0, c + 1, -1), (1, r, 1), (1, r + 1, -1)):
            clipped = _half_plane(clipped, axis, bound, sign)
        coverage[r, c] = polygon_area(clipped) if len(clipped) else 0.0
    return coverage


def _half_plane(polygon: Array, axis: int, bound: float, sign: int) -> Array:
    """Sutherland and Hodgman's clipping: the part of a polygon where sign * x[axis] >= sign * bound."""
    kept: list[Array] = []
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        before, after = sign * (a[axis] - bound), sign * (b[axis] - bound)
        if before >= 0:
            kept.append(a)
        if before * after < 0:
            kept.append(a + before / (before - after) * (b - a))
    return np.array(kept).reshape(-1, 2)


def slab_voxel_fractions(
    planes: Sequence[tuple[float, Sequence[Array]]],
    caps_mm: tuple[float, float],
    shape: Sequence[int],
    affine_lps: Array,
    *,
    samples_per_axis: int = 12,
) -> Array:
    """Sample the fraction of each voxel inside contours across the patient.

    Each contour reaches to the middle of the gaps to its neighbors.

    Args:
        planes: position z and polygons (n, 2; x, y) of each plane, ascending.
        caps_mm: how far the first and the last plane reach beyond themselves.
        shape: shape (k, j, i) of the grid.
        affine_lps: 4 x 4 matrix from (i, j, k, 1) to LPS mm.
        samples_per_axis: points per voxel along each axis.

    """
    z = np.array([position for position, _ in planes])
    bounds = np.array([z[0] - caps_mm[0], *(0.5 * (z[1:] + z[:-1])), z[-1] + caps_mm[1]])
    offsets = (np.arange(samples_per_axis) + 0.5) / samples_per_axis - 0.5
    result = np.zeros(tuple(shape))
    for k, j, i in np.ndindex(*shape):
        index = np.meshgrid(i + offsets, j + offsets, k + offsets, indexing="ij")
        points = (affine_lps @ np.stack([*(x.ravel() for x in index), np.ones(index[0].size)]))[:3]
        which = np.searchsorted(bounds, points[2]) - 1
        inside = np.zeros(points.shape[1], dtype=bool)
        for n, (_, polygons) in enumerate(planes):
            here = which == n
            inside[here] = is_inside(points[:2, here].T, polygons)
        result[k, j, i] = inside.mean()
    return result


def section_function(points: Array, polygon: Array, inradius: float) -> Array:
    """F = s (2 rho - s): s the signed distance to the polygon, positive inside, rho its inradius.

    For a disc rho^2 - r^2.
    """
    squared = np.full(len(points), np.inf)
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        edge = b - a
        length = float(edge @ edge)
        t = np.clip((points - a) @ edge / length, 0, 1) if length > 0 else np.zeros(len(points))
        squared = np.minimum(squared, ((points - a - t[:, None] * edge) ** 2).sum(axis=1))
    s = np.where(is_inside(points, [polygon]), np.sqrt(squared), -np.sqrt(squared))
    result: Array = s * (2 * inradius - s)
    return result


def between_planes(z: float, positions: Sequence[float], functions: Sequence[Array], gap: int) -> Array:
    """F at position z in a gap: linear between its planes, plus (z - a)(z - b) times the second divided difference.

    Of the second differences at the two planes the smaller one, none where their signs differ; the only one at an end.
    """
    p = np.asarray(positions, dtype=np.float64)
    a, b, low, high = p[gap], p[gap + 1], functions[gap], functions[gap + 1]

    def second(n: int) -> Array:
        up = (functions[n + 1] - functions[n]) / (p[n + 1] - p[n])
        down = (functions[n] - functions[n - 1]) / (p[n] - p[n - 1])
        result: Array = (up - down) / (p[n + 1] - p[n - 1])
        return result

    found = [second(n) for n in (gap, gap + 1) if 0 < n < len(p) - 1]
    bend = np.zeros_like(low)
    if len(found) == 1:
        bend = found[0]
    elif found:
        smaller = np.where(np.abs(found[0]) < np.abs(found[1]), found[0], found[1])
        bend = np.where(found[0] * found[1] > 0, smaller, 0.0)
    value: Array = low + (z - a) / (b - a) * (high - low) + (z - a) * (z - b) * bend
    return value


def level_for_area(values: Array, pixel_area: float, target_area: float) -> float:
    """The level above which F has at least the target area, sampled at the middles of equal pixels; never above 0."""
    ordered = np.sort(values.ravel())[::-1]
    count = min(round(target_area / pixel_area), ordered.size)
    return min(0.0, float(ordered[count - 1])) if count > 0 else 0.0


def touch(p: Array, q: Array, reach_mm: float = 0.1) -> bool:
    """Whether two polygons (n, 2) seen along the normal share a point or come closer than `reach_mm`."""
    if is_inside(p, [q]).any() or is_inside(q, [p]).any():
        return True
    for one, other in ((p, q), (q, p)):
        for a, b in zip(one, np.roll(one, -1, axis=0), strict=True):
            # As many points as make their distance small beside the reach.
            t = np.linspace(0, 1, int(np.linalg.norm(b - a) / reach_mm) + 2)[:, None]
            if is_inside(a + t * (b - a), [other]).any() or _distance(a + t * (b - a), other).min() <= reach_mm:
                return True
    return False


def _distance(points: Array, polygon: Array) -> Array:
    squared = np.full(len(points), np.inf)
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        edge = b - a
        t = np.clip((points - a) @ edge / max(float(edge @ edge), 1e-300), 0, 1)
        squared = np.minimum(squared, ((points - a - t[:, None] * edge) ** 2).sum(axis=1))
    result: Array = np.sqrt(squared)
    return result


Place = tuple[int, int]


def continued(planes: Sequence[tuple[float, Sequence[Array]]]) -> list[tuple[Place, Place]]:
    """Pairs of outlines without holes that go on to one another, each as (plane, outline), from below to above.

    An outline goes on in the nearest plane that holds one that touches it, if that one has none nearer on its side.
    """
    found: list[tuple[Place, Place]] = []
    for k, (_, lower) in enumerate(planes):
        for n, p in enumerate(lower):
            for m in range(k + 1, len(planes)):
                partners = [o for o, q in enumerate(planes[m][1]) if touch(p, q)]
                nearer = [q for _, outlines in planes[k + 1 : m] for q in outlines]
                found += [((k, n), (m, o)) for o in partners if not any(touch(planes[m][1][o], q) for q in nearer)]
                if partners:
                    break
    return found


def slab_volume(planes: Sequence[tuple[float, Sequence[Array]]], slice_mm: float, maximum_gap_mm: float) -> float:
    """Volume in mm3 of outlines without holes that reach to the middle of the way to what they go on to.

    An outline without a successor within `maximum_gap_mm` extends by half a slice. It extends at most half of the way
    to the nearest plane with an outline that touches it.
    """
    reach: dict[tuple[Place, int], float] = {}
    for low, high in continued(planes):
        width = planes[high[0]][0] - planes[low[0]][0]
        if width <= maximum_gap_mm:
            reach[low, 1] = reach[high, -1] = 0.5 * width
    total = 0.0
    for k, (z, outlines) in enumerate(planes):
        for n, p in enumerate(outlines):
            for side, beyond in ((1, planes[k + 1 :]), (-1, planes[:k][::-1])):
                near = next((abs(at - z) for at, others in beyond if any(touch(p, q) for q in others)), slice_mm)
                total += polygon_area(p) * reach.get(((k, n), side), 0.5 * min(near, slice_mm))
    return total
