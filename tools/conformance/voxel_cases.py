"""Make the inputs of the voxel cases. No axis, corner or source equals another, so that an exchange shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CUBE, SLAB, COARSE = (2.7, 2.7, 2.7), (2.03, 4.07, 3.3), (4.0, 4.0, 4.0)
"""Voxel sizes in mm along (k, j, i)."""

KERNEL = {
    "medium": "liver",
    "medium_density_g_per_mL": 1.06,
    "half_life_h": 64.1,
    "dose_factor_Gy_kg_per_GBq": 49.67,
    "patient_weight_kg": 70.0,
}
LOCAL = {
    "density_g_per_mL": 1.05,
    "half_life_h": 64.1,
    "dose_factor_Gy_kg_per_GBq": 49.67,
    "patient_weight_kg": 70.0,
}
HU_TABLE = {
    "HU": [-1000.0, -750.0, -100.0, 0.0, 60.0, 120.0, 1000.0],
    "density_g_per_mL": [0.05, 0.26, 0.93, 1.0, 1.06, 1.12, 1.6],
}
OF_MAXIMUM = {"of_maximum": 0.02}
EXACT = {"rel": 1e-6}
SOURCE = "yttria.reference: own dose point kernel of liver, voxel S values, zero-padded convolution"
SOURCE_LOCAL = "yttria.reference: local deposition D = C c / rho"


def voxel_cases() -> list[dict[str, Any]]:
    """List every voxel case without its answer, with id, model, inputs (float32 arrays), tolerance, source and
    exercises."""
    return [*_kernels(), *_simple(), *_phantoms()]


def _case(name: str, model: str, inputs: dict[str, Any], exercises: str, **rest: Any) -> dict[str, Any]:
    return {"id": name, "model": model, "inputs": inputs, "exercises": exercises, **rest}


def _kernels() -> list[dict[str, Any]]:
    return [
        _case(
            f"s-{name}",
            "voxel_s_values",
            {"voxel_size_mm": list(size), **KERNEL},
            exercises,
            tolerance=OF_MAXIMUM,
            source="yttria.reference.voxel_s_values from the own dose point kernel of liver",
        )
        for name, size, exercises in (
            ("cube", CUBE, "averaging over both voxels, a size that no published table has"),
            ("slab", SLAB, "voxels that are no cubes"),
        )
    ]


def _kernel_case(name: str, size: tuple[float, ...], activity: NDArray[Any], hours: float, text: str) -> dict[str, Any]:
    inputs = {
        "voxel_size_mm": list(size),
        **KERNEL,
        "hours_after_administration": hours,
        "activity_Bq_per_mL": activity.astype(np.float32),
    }
    return _case(name, "voxel_dose_kernel", inputs, text, tolerance=OF_MAXIMUM, source=SOURCE)


def _simple() -> list[dict[str, Any]]:
    point = np.zeros((11, 13, 12))
    point[4, 7, 5] = 5e7

    line = np.zeros((14, 9, 8))
    for k in range(2, 12):
        line[k, 2 + k // 3, 1 + k // 2] = 2e6 * (1 + 0.1 * k)

    uniform = np.full((8, 7, 9), 1e6)
    sphere = 3e6 * _ball((12, 11, 13), CUBE, (5.2, 4.6, 6.9), 9.0)

    blocks = np.zeros((13, 8, 9))
    blocks[2:5, 1:3, 4:8] = 1e6
    blocks[8:12, 4:7, 1:3] = 2.5e6

    edge = np.zeros((9, 8, 10))
    edge[0, 0, 0:3] = 4e6
    edge[0:2, 7, 9] = 1e6
    return [
        _kernel_case("vox-point", CUBE, point, 0.0, "the kernel itself, and where its peak is"),
        _kernel_case("vox-line", SLAB, line, 0.0, "an oblique line: order and direction of the axes"),
        _kernel_case("vox-uniform", COARSE, uniform, 0.0, "loss at the edges of the field: nothing lies outside"),
        _kernel_case("vox-sphere", CUBE, sphere, 0.0, "a sphere with partly filled voxels"),
        _kernel_case("vox-anisotropic", SLAB, blocks, 0.0, "two blocks on voxels that are no cubes"),
        _kernel_case("vox-edge", COARSE, edge, 0.0, "sources at the corners of the field: no periodic images"),
    ]


def _phantoms() -> list[dict[str, Any]]:
    shape, size = (11, 12, 14), COARSE
    liver = _ball(shape, size, (5.4, 5.3, 6.1), 18.0)
    tumors = [_ball(shape, size, (4.0, 6.4, 4.1), 8.0), _ball(shape, size, (7.2, 4.0, 9.0), 5.5)]
    activity = 4e5 * liver + 1.6e6 * tumors[0] + 0.8e6 * tumors[1]
    ct = np.full(shape, -1060.0)
    ct[:, 1:-1, 1:-1] = 0.0
    ct[8:, 2:-2, 2:-2] = -750.0
    ct = np.where(liver > 0.5, 60.0, ct)
    ct[0:2, 8:11, 5:8] = 700.0
    # Every voxel has a little activity, like scatter, so that the mass of each has an effect.
    scattered = activity + 2e4
    rng = np.random.default_rng(3)
    counts = 1e-3 * activity + 25.0 + rng.normal(0.0, 20.0, shape)
    mask = (liver > 0.5).astype(np.float32)
    hours = 20.0
    local = {"voxel_size_mm": list(size), **LOCAL, "hours_after_administration": hours}
    by_ct = {k: v for k, v in local.items() if k != "density_g_per_mL"}
    relative = {
        "voxel_size_mm": list(size),
        **{k: LOCAL[k] for k in ("density_g_per_mL", "half_life_h", "dose_factor_Gy_kg_per_GBq")},
        "activity_in_vial_GBq": 2.0,
        "residual_fraction": 0.03,
        "lung_shunt_fraction": 0.06,
        "counts": counts.astype(np.float32),
        "liver_mask": mask,
    }
    exact = {"tolerance": EXACT, "source": SOURCE_LOCAL}
    return [
        _kernel_case("vox-phantom", size, activity, hours, "two tumors in a liver, decay back to administration"),
        _case(
            "vox-phantom-local",
            "voxel_dose_local",
            {**local, "activity_Bq_per_mL": activity.astype(np.float32)},
            "two tumors in a liver by local deposition, decay back to administration",
            **exact,
        ),
        _case(
            "vox-phantom-ct",
            "voxel_dose_local",
            {
                **by_ct,
                "HU_to_density": HU_TABLE,
                "ct_HU": ct.astype(np.float32),
                "activity_Bq_per_mL": scattered.astype(np.float32),
            },
            "each voxel's own density from a CT: air, lung, soft tissue, liver, bone",
            **exact,
        ),
        _case(
            "vox-relative",
            "voxel_dose_relative",
            relative,
            "counts scaled to what the liver holds; counts outside it, and negative voxels, which are kept",
            **exact,
        ),
    ]


def _ball(
    shape: tuple[int, ...], size_mm: tuple[float, ...], center: tuple[float, ...], radius_mm: float
) -> NDArray[np.float64]:
    """Compute the fraction of 4 x 4 x 4 points of each voxel within a ball. `center` is in voxels along (k, j, i)."""
    fraction = np.zeros(shape)
    offsets = (np.arange(4) + 0.5) / 4 - 0.5
    grid = np.indices(shape)
    for shift in np.stack(np.meshgrid(offsets, offsets, offsets), axis=-1).reshape(-1, 3):
        mm = [(grid[a] + shift[a] - center[a]) * size_mm[a] for a in range(3)]
        fraction += mm[0] ** 2 + mm[1] ** 2 + mm[2] ** 2 <= radius_mm**2
    return fraction / 64
