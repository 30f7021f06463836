"""Make the files of the conformance suite from the reference: `python tools/conformance/make_suite.py [FOLDER]`.

It takes half a minute, nearly all of it for the voxel S values. The same code gives the same files.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from file_cases import file_cases
from numpy.typing import NDArray
from project_vectors import project_vectors
from voxel_cases import COARSE, CUBE, SLAB, voxel_cases

from yttria import dose_point_kernel
from yttria.conformance.answers import reference_answer
from yttria.reference.convolution import convolve
from yttria.reference.voxel_s_values import voxel_s_values

SIZES_MM = (CUBE, SLAB, COARSE, *((mm, mm, mm) for mm in (2.03, 2.21, 3.0, 4.42)))
"""Voxel sizes of the cases, and those that only known mistakes use."""

LIVER_G_PER_ML = 1.06


def s_value_octants(sizes: tuple[tuple[float, ...], ...] = SIZES_MM) -> dict[str, NDArray[np.float64]]:
    """Compute octants of voxel S values by "k x j x i" in mm. Only the dose point kernel comes from the core."""
    kernel = dose_point_kernel("liver")
    made = {}
    for size in sizes:
        k, j, i = size
        s = voxel_s_values(
            kernel.edge_mm, kernel.energy_mev, (k, j, i), LIVER_G_PER_ML, 12.0 / LIVER_G_PER_ML, directions=96
        )
        made["x".join(f"{mm:g}" for mm in size)] = s[tuple(slice(n // 2, None) for n in s.shape)]
    return made


def with_answer(case: dict[str, Any]) -> dict[str, Any]:
    """Complete a case with the answer of the reference, by the definition of the convolution."""
    found = reference_answer(case["model"], case["inputs"] | {"_convolve": convolve})
    return case | {"expected": {name: value for name, value in found.items() if value is not None}}


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else str(files("yttria").joinpath("data", "conformance")))
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "s_values.npz", **s_value_octants())  # type: ignore[arg-type]
    arrays: dict[str, NDArray[Any]] = {}
    rows = []
    for case in (*voxel_cases(), *file_cases()):
        made = with_answer(case)
        row: dict[str, Any] = {**made, "inputs": {}, "expected": {}}
        for part in ("inputs", "expected"):
            for name, value in made[part].items():
                if isinstance(value, np.ndarray):
                    arrays[f"{made['id']}/{name}"] = value.astype(np.float32)
                else:
                    row[part][name] = value
        rows.append(row)
    np.savez_compressed(folder / "voxel.npz", **arrays)  # type: ignore[arg-type]
    _write(folder / "voxel.json", rows)
    _write(folder / "planning.json", [with_answer(case) for case in project_vectors()])


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"schema_version": 1, "vectors": rows}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
