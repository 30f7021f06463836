"""Voxel dose convolution beside the libraries people use for it, in one interleaved run.

Every library gets what makes it fastest: minimal padding to a size it likes, spectrum and plan made beforehand, output
memory reused where its interface allows. Each result is held against direct sums in float64 at random voxels and all
corners before a time is printed: asserted for yttria, and printed for all. Sparse maps are zero outside a two-lobed
liver (4.9 % of the voxels): the FFTs do not profit, and a user who crops to the liver by hand would be as far ahead of
them as the ratio of the volumes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import yttria

CASES = {
    "A": ((128, 128, 128), (4.42, 4.42, 4.42)),
    "B": ((109, 200, 200), (3.0, 4.07, 4.07)),
    "C": ((256, 256, 256), (2.0, 2.0, 2.0)),
    "D": ((300, 512, 512), (2.0, 2.0, 2.0)),
    "E": ((256, 256, 256), (1.0, 1.0, 1.0)),
}
TOLERANCE = {"float32": 5e-7, "float64": 1e-14}
PEERS_WITH_A_PLAN = ("pyfftw", "ducc0", "scipy.fft")


@dataclass
class Contender:
    """A way to convolve: called with a map, it returns the result."""

    name: str
    run: Callable[[np.ndarray], np.ndarray]
    setup_ms: float
    memory_mib: float | None


def make_map(shape: tuple[int, ...], dtype: Any, *, sparse: bool) -> np.ndarray:
    values = np.random.default_rng(7).uniform(0.0, 1.0, shape)
    if sparse:
        at = np.meshgrid(*[np.arange(n) / n for n in shape], indexing="ij", sparse=True)
        lobes = [((0.5, 0.45, 0.38), (0.25, 0.22, 0.16)), ((0.52, 0.40, 0.62), (0.14, 0.14, 0.16))]
        inside = [sum(((x - c) / r) ** 2 for x, c, r in zip(at, *lobe, strict=True)) < 1.0 for lobe in lobes]
        values *= inside[0] | inside[1]
    return np.ascontiguousarray(values, dtype=dtype)


def worst_error(array: np.ndarray, kernel: np.ndarray, result: np.ndarray, samples: int = 60) -> float:
    """Largest deviation from direct sums in float64 at corners and random voxels, per largest result."""
    rng = np.random.default_rng(3)
    occupied = np.argwhere(result > 0.1 * result.max())
    voxels = [
        tuple(s if c else 0 for s, c in zip(np.array(array.shape) - 1, corner, strict=True))
        for corner in np.ndindex(2, 2, 2)
    ]
    voxels += [tuple(rng.integers(0, array.shape)) for _ in range(samples // 2)]
    voxels += [tuple(v) for v in rng.choice(occupied, samples // 2)]
    half = [n // 2 for n in kernel.shape]
    worst = 0.0
    for voxel in voxels:
        low = [max(v - h, 0) for v, h in zip(voxel, half, strict=True)]
        high = [min(v + h + 1, n) for v, h, n in zip(voxel, half, array.shape, strict=True)]
        near = array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float64)
        # The kernel is even: its window is the array's, mirrored or not.
        weights = kernel[tuple(slice(a - v + h, b - v + h) for a, b, v, h in zip(low, high, voxel, half, strict=True))]
        worst = max(worst, abs(float((near * weights).sum()) - float(result[voxel])))
    return worst / float(np.abs(result).max())


def contenders(array: np.ndarray, kernel: np.ndarray, threads: int) -> Iterator[Contender]:
    shape, dtype = array.shape, array.dtype

    def timed(name: str, make: Callable[[], tuple[Callable[[np.ndarray], np.ndarray], float | None]]) -> Contender:
        begin = time.perf_counter()
        run, memory = make()
        return Contender(name, run, (time.perf_counter() - begin) * 1e3, memory)

    def ours(fresh: bool) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
        plan = yttria.ConvolutionPlan(shape, kernel, dtype, threads=threads)
        out = np.empty(shape, dtype)
        return (plan.apply if fresh else lambda a: plan.apply(a, out)), plan.estimate_memory_bytes() / 2**20

    yield timed("yttria, out=", lambda: ours(False))
    yield timed("yttria", lambda: ours(True))
    for name, make in PEERS.items():
        try:
            importlib.import_module(name.split()[0])
        except ImportError:
            continue
        yield timed(name, lambda make=make: make(shape, kernel, dtype, threads))


def _padded(shape: tuple[int, ...], kernel: np.ndarray, dtype: Any) -> tuple[tuple[int, ...], np.ndarray, Any]:
    """A fast size that keeps what wraps around out of the result, the kernel centred at the origin, the crop."""
    from scipy.fft import next_fast_len

    half = [n // 2 for n in kernel.shape]
    size = tuple(next_fast_len(n + h, real=True) for n, h in zip(shape, half, strict=True))
    centred = np.zeros(size, dtype)
    centred[tuple(slice(0, n) for n in kernel.shape)] = kernel
    return size, np.roll(centred, [-h for h in half], (0, 1, 2)), tuple(slice(0, n) for n in shape)


def _memory_mib(size: tuple[int, ...], dtype: Any) -> float:
    """A padded map and two half spectra."""
    spectrum = size[0] * size[1] * (size[2] // 2 + 1) * 2
    return (np.prod(size) + 2 * spectrum) * np.dtype(dtype).itemsize / 2**20


def pyfftw(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    import pyfftw as fftw

    size, centred, crop = _padded(shape, kernel, dtype)
    complex_dtype = np.result_type(dtype, np.complex64)
    a = fftw.zeros_aligned(size, dtype)
    b = fftw.zeros_aligned((*size[:2], size[2] // 2 + 1), complex_dtype)
    options = {"axes": (0, 1, 2), "threads": threads, "flags": ("FFTW_MEASURE",), "planning_timelimit": 10.0}
    forward = fftw.FFTW(a, b, direction="FFTW_FORWARD", **options)
    inverse = fftw.FFTW(b, a, direction="FFTW_BACKWARD", **options)
    a[...] = centred
    forward()
    spectrum = b / np.prod(size).astype(dtype)

    def run(array: np.ndarray) -> np.ndarray:
        a[crop] = array
        a[shape[0] :] = 0
        a[:, shape[1] :] = 0
        a[:, :, shape[2] :] = 0
        forward.execute()
        np.multiply(b, spectrum, out=b)
        inverse.execute()
        return a[crop]

    return run, _memory_mib(size, dtype)


def ducc0(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    from ducc0 import fft

    size, centred, crop = _padded(shape, kernel, dtype)
    spectrum = fft.r2c(centred, nthreads=threads)
    padded = np.zeros(size, dtype)
    transformed, back = np.empty_like(spectrum), np.empty_like(padded)

    def run(array: np.ndarray) -> np.ndarray:
        padded[crop] = array
        fft.r2c(padded, nthreads=threads, out=transformed)
        np.multiply(transformed, spectrum, out=transformed)
        fft.c2r(transformed, lastsize=size[2], forward=False, inorm=2, nthreads=threads, out=back)
        return back[crop]

    return run, _memory_mib(size, dtype) + back.nbytes / 2**20


def scipy_fft(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    from scipy import fft

    size, centred, crop = _padded(shape, kernel, dtype)
    spectrum = fft.rfftn(centred, workers=threads)

    def run(array: np.ndarray) -> np.ndarray:
        transformed = fft.rfftn(array, size, workers=threads)
        transformed *= spectrum
        return fft.irfftn(transformed, size, workers=threads, overwrite_x=True)[crop]

    return run, _memory_mib(size, dtype)


def fftconvolve(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    from scipy.signal import fftconvolve

    k = kernel.astype(dtype)
    return lambda array: fftconvolve(array, k, mode="same"), None


def simple_itk(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    import SimpleITK as sitk  # noqa: N813

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    k = sitk.GetImageFromArray(kernel.astype(dtype))

    def run(array: np.ndarray) -> np.ndarray:
        image = sitk.GetImageFromArray(array)
        done = sitk.FFTConvolution(
            image, k, False, sitk.FFTConvolutionImageFilter.ZERO_PAD, sitk.FFTConvolutionImageFilter.SAME
        )
        return sitk.GetArrayFromImage(done)

    return run, None


def torch_conv3d(shape: Any, kernel: Any, dtype: Any, threads: int) -> Any:
    import torch

    torch.set_num_threads(threads)
    k = torch.from_numpy(kernel.astype(dtype))[None, None]
    half = [n // 2 for n in kernel.shape]

    def run(array: np.ndarray) -> np.ndarray:
        return torch.nn.functional.conv3d(torch.from_numpy(array)[None, None], k, padding=half)[0, 0].numpy()

    return run, None


PEERS: dict[str, Callable[..., Any]] = {
    "pyfftw": pyfftw,
    "ducc0": ducc0,
    "scipy.fft": scipy_fft,
    "scipy.signal fftconvolve": fftconvolve,
    "SimpleITK FFTConvolution": simple_itk,
    "torch conv3d": torch_conv3d,
}
# Beyond a minute per call, nobody waits.
SLOW = {"torch conv3d": 13**3 * 128**3, "SimpleITK FFTConvolution": 256**3 * 13**3}


def copy_gb_per_s() -> float:
    source, target = np.ones(2**25, np.float32), np.ones(2**25, np.float32)
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - begin)
    return 2 * source.nbytes / min(times) / 1e9


def compare(case: str, dtype: str, threads: int, *, sparse: bool, seconds: float, repeats: int) -> list[dict[str, Any]]:
    shape, voxel_mm = CASES[case]
    kernel = yttria.voxel_s_values(voxel_mm, medium="soft_tissue").values
    kernel = kernel / kernel.max()
    array = make_map(shape, dtype, sparse=sparse)
    work = int(np.prod(shape)) * kernel.size
    field = [c for c in contenders(array, kernel, threads) if work <= SLOW.get(c.name, sys.maxsize)]
    rows = []
    for c in field:
        error = worst_error(array, kernel, c.run(array))
        if c.name.startswith("yttria"):
            assert error <= TOLERANCE[dtype], f"{c.name}, map {case}, {dtype}: {error:.1e} of the maximum"
        rows.append({"name": c.name, "error": error, "times": []})
    end = time.perf_counter() + seconds
    while len(rows[0]["times"]) < 3 or (len(rows[0]["times"]) < repeats and time.perf_counter() < end):
        for c, row in zip(field, rows, strict=True):
            begin = time.perf_counter()
            c.run(array)
            row["times"].append((time.perf_counter() - begin) * 1e3)
    peers = [statistics.median(r["times"]) for r in rows if r["name"] in PEERS_WITH_A_PLAN]
    for c, row in zip(field, rows, strict=True):
        times = row.pop("times")
        median = statistics.median(times)
        row |= {
            "map": case, "density": "sparse" if sparse else "dense", "dtype": dtype, "threads": threads,
            "median_ms": median, "min_ms": min(times), "repeats": len(times), "setup_ms": c.setup_ms,
            "memory_mib": c.memory_mib, "best_peer_over_this": min(peers) / median if peers else None,
            "gb_per_s": 2 * array.nbytes / median / 1e6,
        }  # fmt: skip
    return rows


def show(rows: list[dict[str, Any]], copy: float) -> None:
    first = rows[0]
    print(f"\nmap {first['map']} {CASES[first['map']][0]}, {first['density']}, {first['dtype']}, "
          f"{first['threads']} thread(s), {first['repeats']} interleaved repeats")  # fmt: skip
    print(f"  {'':<26}{'median':>9}{'min':>9}{'set-up':>9}{'memory':>9}{'best peer':>11}{'of copy':>9}{'error':>10}")
    for r in rows:
        memory = "" if r["memory_mib"] is None else f"{r['memory_mib']:.1f} M"
        ratio = "" if r["best_peer_over_this"] is None else f"{r['best_peer_over_this']:.2f}x"
        print(f"  {r['name']:<26}{r['median_ms']:>9.2f}{r['min_ms']:>9.2f}{r['setup_ms']:>9.1f}{memory:>9}{ratio:>11}"
              f"{r['gb_per_s'] / copy:>8.0%}{r['error']:>11.1e}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Convolution side by side; times in ms.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="maps A and B, few repeats (the default)")
    size.add_argument("--full", action="store_true", help="every map, 1 and 2 threads")
    parser.add_argument("--maps", help="e.g. AC")
    parser.add_argument("--threads", type=int, nargs="*")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    maps = options.maps or ("ABCDE" if options.full else "AB")
    threads = options.threads or ([1, 2] if options.full else [min(2, os.cpu_count() or 1)])
    seconds, repeats = (60.0, 21) if options.full else (4.0, 9)
    copy = copy_gb_per_s()
    print(f"yttria {yttria.__version__}, {os.cpu_count()} processors; one thread copies {copy:.1f} GB/s")
    everything = []
    for case in maps:
        for sparse in (False, True):
            for dtype in ("float32", "float64"):
                for count in threads:
                    rows = compare(case, dtype, count, sparse=sparse, seconds=seconds, repeats=repeats)
                    show(rows, copy)
                    everything += rows
    if options.json:
        options.json.write_text(json.dumps({"copy_gb_per_s": copy, "rows": everything}, indent=1))


if __name__ == "__main__":
    main()
