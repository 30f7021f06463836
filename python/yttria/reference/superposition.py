"""Superposition along rays as its definition: every ray by itself, every pair of its segments."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
#: Direction, weight, the axis that counts slabs, and where the rays enter their columns, in voxels.
Rays = tuple[tuple[float, ...] | list[float], float, int, tuple[float, ...] | list[float]]


def kernel_double_integral(
    edge_mm: ArrayLike, energy_fraction: ArrayLike, support_mm: float
) -> Callable[[Array], Array]:
    """`H(t) = int_0^t G`: `G(t)` is the fraction of the energy absorbed within `t`, constant beyond the support.

    `edge_mm`: mass depths at 1 g/mL of the shell boundaries, from 0; `energy_fraction`: absorbed between them, evenly.
    """
    edge = np.asarray(edge_mm, dtype=np.float64)
    within = np.concatenate([[0.0], np.cumsum(energy_fraction)])
    depth = np.append(edge[edge < support_mm], support_mm)
    level = np.interp(depth, edge, within)
    area = np.concatenate([[0.0], np.cumsum(0.5 * (level[1:] + level[:-1]) * np.diff(depth))])

    def double_integral(t: Array) -> Array:
        at = np.clip(np.searchsorted(depth, t, side="right") - 1, 0, depth.size - 1)
        step = t - depth[at]
        slope = np.append(np.diff(level) / np.diff(depth), 0.0)[at]
        return np.asarray(area[at] + level[at] * step + 0.5 * slope * step**2)

    return double_integral


def modes_double_integral(
    modes: Iterable[tuple[float, float, float, float]], local_fraction: float = 0.0
) -> Callable[[Array], Array]:
    """The same for `F(t) = f delta(t) + Re sum_k c_k exp(-lambda_k t)`; of each mode the parts of `lambda` and of `c`.

    The fraction `f` of the energy stays where it is set free.
    """
    terms = [(complex(rate, angle), complex(size, phase)) for rate, angle, size, phase in modes]

    def double_integral(t: Array) -> Array:
        oscillations = sum((c / k * (t - (1.0 - np.exp(-k * t)) / k)).real for k, c in terms)
        return np.asarray(local_fraction * t + oscillations)

    return double_integral


def superposed_energy(
    activity: ArrayLike,
    mass_depth_per_mm: ArrayLike,
    voxel_size_mm: tuple[float, float, float],
    rays: Iterable[Rays],
    double_integral: Callable[[Array], Array],
) -> Array:
    """Energy that rays deposit per voxel volume, in the unit of the activity.

    Activity and mass depth per length are uniform in each voxel. A ray passes segments of mass depth `m_i`, cut at the
    voxels' faces (Siddon). Its source `q_s` in segment `s` is the activity there times the weight of the direction
    times the share of the slab's length. Segment `t` behind it, from `a_t` to `b_t`, receives

    `q_s / m_s (H(b_t - a_s) - H(b_t - b_s) - H(a_t - a_s) + H(a_t - b_s))`

    and the source's own segment `q_s / m_s H(m_s)`.
    """
    act, depth = (np.asarray(values, dtype=np.float64) for values in (activity, mass_depth_per_mm))
    deposited = np.zeros(act.shape)
    size = np.asarray(voxel_size_mm, dtype=np.float64)
    for direction, weight, slab, offset in rays:
        omega = np.asarray(direction, dtype=np.float64)
        length_mm = size[slab] / abs(omega[slab])
        # Voxels per slab.
        slope = omega * length_mm / size
        start = np.array(offset, dtype=np.float64)
        start[slab] = 0.0 if omega[slab] > 0 else act.shape[slab]
        slabs = act.shape[slab]
        columns = []
        for axis in range(3):
            ends = (0.0, slope[axis] * slabs)
            low, high = int(np.floor(min(ends))) - 1, int(np.ceil(max(ends))) + 1
            columns.append(range(1) if axis == slab else range(-high, act.shape[axis] - low))
        for column in np.ndindex(*(len(each) for each in columns)):
            at = start + [
                each[n] if axis != slab else 0 for axis, (each, n) in enumerate(zip(columns, column, strict=True))
            ]
            _one_ray(act, depth, at, slope, slabs, length_mm, weight, double_integral, deposited)
    return deposited


def _one_ray(
    activity: Array,
    depth: Array,
    start: Array,
    slope: Array,
    slabs: int,
    length_mm: float,
    weight: float,
    double_integral: Callable[[Array], Array],
    deposited: Array,
) -> None:
    """Add what one ray deposits; `start` and `slope` in voxels, the parameter counts slabs."""
    cuts = [np.arange(slabs + 1.0)]
    for axis in range(3):
        ends = np.sort([start[axis], start[axis] + slope[axis] * slabs])
        cuts.append((np.arange(np.ceil(ends[0]), np.floor(ends[1]) + 1) - start[axis]) / slope[axis])
    cut = np.unique(np.clip(np.concatenate(cuts), 0, slabs))
    middle = np.floor(start + 0.5 * (cut[1:] + cut[:-1])[:, None] * slope).astype(int)
    inside = ((middle >= 0) & (middle < activity.shape)).all(axis=1)
    if not inside.any():
        return
    voxel = tuple(middle[inside].T)
    share = np.diff(cut)[inside]
    m = depth[voxel] * share * length_mm
    b = np.cumsum(m)
    a = b - m
    per_depth = activity[voxel] * weight * share / m

    def h(t: Array) -> Array:
        return double_integral(np.maximum(t, 0.0))

    pairs = h(b[:, None] - a) - h(b[:, None] - b) - h(a[:, None] - a) + h(a[:, None] - b)
    received = np.tril(pairs, -1) @ per_depth + h(m) * per_depth
    np.add.at(deposited, voxel, received)


def superposed_dose(
    density_g_per_ml: ArrayLike,
    dose_factor_gy_kg_per_gbq: float,
    energy: ArrayLike,
    reference_energy: ArrayLike,
    convolved_gy: ArrayLike,
    reference_density_g_per_ml: float,
) -> Array:
    """The blend of rays and convolution `D = C (E - b E_ref) / rho + b (rho_ref / rho) D_S`.

    `energy` and `reference_energy` are `superposed_energy` in the map and in a uniform map of the reference density.
    `b` rises from 0 to 1 between 0.47 and 0.85 of the reference density and falls to 0 between 1.15 and 1.3 of it.
    """
    rho = np.asarray(density_g_per_ml, dtype=np.float64)
    ratio = rho / reference_density_g_per_ml
    b = np.interp(ratio, [0.47, 0.85, 1.15, 1.3], [0.0, 1.0, 1.0, 0.0])
    by_rays = dose_factor_gy_kg_per_gbq * (np.asarray(energy) - b * np.asarray(reference_energy)) / rho
    return np.asarray(by_rays + b / ratio * np.asarray(convolved_gy))
