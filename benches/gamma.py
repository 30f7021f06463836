"""Gamma of two 128^3 maps at 3 % / 3 mm against pymedphys, where that is installed (`pip install pymedphys numba`).

Three pairs, 2 mm voxels: "scaled", a smooth map times a smooth factor of 0.95 to 1.05; "shifted", the same map 1.5 mm
aside; and "noisy", with noise of 1.5 % of the maximum, the hardest for a search that must be sure of its minimum.
pymedphys runs as its documentation shows it (interp_fraction=10, maximum gamma 2), after a small run that compiles its
interpolation; it may use all processors, as yttria may. Fair to it: asked only for pass or fail (skip_once_passed) it
would be faster.

    python benches/gamma.py [size [pair ...]]
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from yttria.evaluation import gamma_index

VOXEL_MM = 2.0
CUTOFF = 0.1


def smooth(size: int, seed: int, sigma: float, shift: float = 0.0) -> NDArray[np.float64]:
    """A random map without edges: Fourier noise under a Gaussian of `sigma` voxels, moved along i, within [0, 1]."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfftn(rng.random((size, size, size)))
    frequencies = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij")
    spectrum *= np.exp(-2 * (np.pi * sigma) ** 2 * sum(f * f for f in frequencies))
    spectrum *= np.exp(-2j * np.pi * shift * frequencies[2])
    values = np.fft.irfftn(spectrum, s=(size, size, size), axes=(0, 1, 2))
    return (values - values.min()) / (values.max() - values.min())


def pairs(size: int) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    a = 100 * smooth(size, 0, 3.0)
    noise = np.random.default_rng(1).normal(0.0, 1.5, a.shape)
    return {
        "scaled": (a, a * (0.95 + 0.1 * smooth(size, 2, 3.0))),
        "shifted": (a, 100 * smooth(size, 0, 3.0, 1.5 / VOXEL_MM)),
        "noisy": (a, a + noise),
    }


def with_pymedphys(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    import pymedphys

    axes = tuple(np.arange(n) * VOXEL_MM for n in a.shape)
    return pymedphys.gamma(axes, a, axes, b, 3, 3, 100 * CUTOFF, interp_fraction=10, max_gamma=2)


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 128
    peer = find_spec("pymedphys") is not None
    if peer:
        with_pymedphys(*(x[:8, :8, :8] for x in pairs(16)["shifted"]))
    for name, (a, b) in pairs(size).items():
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        times = []
        for _ in range(3):
            start = time.perf_counter()
            result = gamma_index(a, b, voxel_size_mm=(VOXEL_MM,) * 3, lower_dose_cutoff_fraction=CUTOFF)
            times.append(time.perf_counter() - start)
        seconds = sorted(times)[1]
        line = f"{name:8s} {size}^3, {result.evaluated_voxels} evaluated: "
        line += f"yttria {seconds:.3f} s, {result.passing_fraction:.5%} pass"
        if peer:
            start = time.perf_counter()
            sampled = with_pymedphys(a, b)
            theirs = time.perf_counter() - start
            evaluated = ~np.isnan(sampled)
            above = sampled[evaluated] - result.gamma[evaluated]
            assert np.array_equal(evaluated, ~np.isnan(result.gamma))
            assert above.min() >= -1.1e-4, "gamma above a sampled minimum"
            line += (
                f"; pymedphys {theirs:.1f} s, {(sampled[evaluated] <= 1).mean():.5%} pass, gamma +{above.mean():.4f}"
            )
            line += f" on average, up to +{above.max():.3f}: {theirs / seconds:.0f}x"
        print(line, flush=True)


if __name__ == "__main__":
    main()
