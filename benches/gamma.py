"""Gamma of two 128^3 maps at 3 % / 3 mm against pymedphys, if that is installed (`pip install pymedphys numba`).

Four pairs, 2 mm voxels: "scaled", a smooth map times a smooth factor of 0.95 to 1.05; "shifted", the same map 1.5 mm
aside; "noisy", with noise of 1.5 % of the maximum, the hardest for a search that must prove its minimum; and
"patient", the Y-90 PET of the sample images on 2 mm around the liver, dose by local deposition against dose by voxel
S values (skipped if the images are missing: $YTTRIA_TEST_DATA, or shared/data beside the repository).

pymedphys runs as its documentation shows it (interp_fraction=10, maximum gamma 2), after a small run that compiles its
interpolation; it may use all processors, as yttria may. It is also timed with skip_once_passed, its fastest setting.
That leaves a voxel at the first sample that passes, so that gamma shows only pass or fail. yttria still gives the whole
map. With --peer FILE its result is stored in the file, and read from it the next time.

    python benches/gamma.py [--peer FILE.npz] [size [pair ...]]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yttria.evaluation import gamma_index
from yttria.io import read_image, read_structures
from yttria.voxel import AbsoluteScaling, dose_image

Map = NDArray[np.float64]

VOXEL_MM = 2.0
CUTOFF = 0.1
PAIRS = ("scaled", "shifted", "noisy", "patient")
IMAGES = Path(os.environ.get("YTTRIA_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "images"


def smooth(size: int, seed: int, sigma: float, shift: float = 0.0) -> Map:
    """A random map without edges: Fourier noise under a Gaussian of `sigma` voxels, moved along i, within [0, 1]."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfftn(rng.random((size, size, size)))
    frequencies = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij")
    spectrum *= np.exp(-2 * (np.pi * sigma) ** 2 * sum(f * f for f in frequencies))
    spectrum *= np.exp(-2j * np.pi * shift * frequencies[2])
    values = np.fft.irfftn(spectrum, s=(size, size, size), axes=(0, 1, 2))
    return (values - values.min()) / (values.max() - values.min())


def patient(size: int) -> tuple[Map, Map]:
    """Dose of the sample PET on a cube of 2 mm voxels around the liver: local deposition, voxel S values."""
    pet = read_image(IMAGES / "patient_1_Y90_PET.nrrd", unit="Bq/mL")
    liver = next(s for s in read_structures(IMAGES / "patient_1_Segmentation.seg.nrrd") if s.name == "Liver")
    middle = liver.affine_lps @ [*np.argwhere(liver.mask).mean(axis=0)[::-1], 1.0]
    grid = np.diag([VOXEL_MM] * 3 + [1.0])
    grid[:3, 3] = middle[:3] - VOXEL_MM * (size - 1) / 2
    activity = pet.resampled_on(((size,) * 3, grid), method="linear", fill_value=0.0).image
    doses = [
        dose_image(activity, scaling=AbsoluteScaling(scan_delay_h=0.0), method=m)
        for m in ("local_deposition", "voxel_s_values")
    ]
    local, convolved = (dose.image.to("Gy").array.astype(np.float64) for dose in doses)
    return local, convolved


def pair(name: str, size: int) -> tuple[Map, Map]:
    if name == "patient":
        return patient(size)
    a = 100 * smooth(size, 0, 3.0)
    if name == "scaled":
        return a, a * (0.95 + 0.1 * smooth(size, 2, 3.0))
    if name == "shifted":
        return a, 100 * smooth(size, 0, 3.0, 1.5 / VOXEL_MM)
    return a, a + np.random.default_rng(1).normal(0.0, 1.5, a.shape)


def with_pymedphys(a: Map, b: Map, **options: Any) -> Map:
    import pymedphys

    axes = tuple(np.arange(n) * VOXEL_MM for n in a.shape)
    return pymedphys.gamma(axes, a, axes, b, 3, 3, 100 * CUTOFF, interp_fraction=10, max_gamma=2, **options)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measured(name: str, a: Map, b: Map, kept: dict[str, Any]) -> bool:
    """Whether `kept` has its gamma and times, which are added if pymedphys is installed."""
    if name not in kept and find_spec("pymedphys") and find_spec("numba"):
        with_pymedphys(a[:8, :8, :8], a[:8, :8, :8])
        kept[f"{name} seconds"], kept[name] = timed(lambda: with_pymedphys(a, b))
        kept[f"{name} pass-fail seconds"], _ = timed(lambda: with_pymedphys(a, b, skip_once_passed=True))
    return name in kept


def compared(name: str, seconds: float, ours: NDArray[np.float32], kept: dict[str, Any]) -> str:
    theirs, alone, sampled = (kept[key] for key in (f"{name} seconds", f"{name} pass-fail seconds", name))
    evaluated = ~np.isnan(sampled)
    above = sampled[evaluated] - ours[evaluated]
    assert np.array_equal(evaluated, ~np.isnan(ours))
    assert above.min() >= -1.1e-4, "gamma above a sampled minimum"
    return (
        f"; pymedphys {theirs:.2f} s, {(sampled[evaluated] <= 1).mean():.5%} pass, "
        f"gamma +{above.mean():.4f} on average, up to +{above.max():.3f}: {theirs / seconds:.0f}x; "
        f"pass or fail alone {alone:.2f} s: {alone / seconds:.1f}x"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="gamma against pymedphys")
    parser.add_argument("--peer", type=Path, help="result of pymedphys, stored and read again")
    parser.add_argument("size", type=int, nargs="?", default=128)
    parser.add_argument("pair", nargs="*", default=PAIRS)
    given = parser.parse_args()
    kept: dict[str, Any] = dict(np.load(given.peer)) if given.peer and given.peer.exists() else {}
    for name in given.pair:
        if name == "patient" and not IMAGES.is_dir():
            print(f"{name:8s} skipped: no images at {IMAGES}; set YTTRIA_TEST_DATA")
            continue
        a, b = pair(name, given.size)
        runs = [
            timed(lambda a=a, b=b: gamma_index(a, b, voxel_size_mm=(VOXEL_MM,) * 3, lower_dose_cutoff_fraction=CUTOFF))
            for _ in range(5)
        ]
        seconds, result = median(taken for taken, _ in runs), runs[0][1]
        line = f"{name:8s} {given.size}^3, {result.evaluated_voxels} evaluated: "
        line += f"yttria {seconds:.3f} s, {result.passing_fraction:.5%} pass"
        if measured(name, a, b, kept):
            line += compared(name, seconds, result.gamma, kept)
        print(line, flush=True)
    if given.peer:
        np.savez(given.peer, **kept)


if __name__ == "__main__":
    main()
