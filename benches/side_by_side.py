"""Voxel dose convolution beside other libraries, in one interleaved run.

Every library has its fastest setting: minimal padding to a fast size, spectrum and plan made beforehand, and output
memory that is used again if its interface allows it. Each result is compared with direct sums in float64 at random
voxels and all corners before a time is printed. The agreement is asserted for yttria, and printed for all. Sparse maps
are zero outside a two-lobed liver (4.9 % of the voxels). The FFTs do not profit from this. A user who crops to the
liver by hand would gain the ratio of the volumes.

"memory" is the largest growth of the process during set-up and one call (Linux). "of floor" is the least time that the
machine allows (`benches/limits.rs`) over the measured one. That is the time to read and write the map once, or to do
the method's multiplications and additions at the peak rate, whichever is longer. torch is timed if it can be imported.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from convolution_peers import PEERS, SLOW, WITH_A_PLAN

import yttria

CASES = {
    "A": ((128, 128, 128), (4.42, 4.42, 4.42)),
    "B": ((109, 200, 200), (3.0, 4.07, 4.07)),
    "C": ((256, 256, 256), (2.0, 2.0, 2.0)),
    "D": ((300, 512, 512), (2.0, 2.0, 2.0)),
    "E": ((256, 256, 256), (1.0, 1.0, 1.0)),
}
TOLERANCE = {"float32": 5e-7, "float64": 1e-14}


@dataclass
class Contender:
    """A way to convolve: called with a map, it returns the result."""

    name: str
    run: Callable[[np.ndarray], np.ndarray]
    setup_ms: float
    method: str | None
    error: float
    memory_mib: float | None


class Peak:
    """Growth of the process within a `with` block, in MiB; None if the system does not state it."""

    mib: float | None = None

    def __enter__(self) -> Peak:
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self._before = self._status("VmRSS")
        except OSError:
            self._before = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            self.mib = (self._status("VmHWM") - self._before) / 1024

    @staticmethod
    def _status(name: str) -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return float(next(line for line in lines if line.startswith(name)).split()[1])


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
    work = array.size * kernel.size

    def ours(fresh: bool) -> tuple[Callable[[np.ndarray], np.ndarray], str]:
        plan = yttria.ConvolutionPlan(shape, kernel, dtype, threads=threads)
        out = np.zeros(shape, dtype)
        return (plan.apply if fresh else lambda a: plan.apply(a, out)), plan.method

    makers: dict[str, Callable[[], Any]] = {"yttria, out=": lambda: ours(False), "yttria": lambda: ours(True)}
    for name, make in PEERS.items():
        if importlib.util.find_spec(name.split()[0].split(".")[0]) and work <= SLOW.get(name, sys.maxsize):
            makers[name] = lambda make=make: (make(shape, kernel, dtype, threads), None)
    for name, maker in makers.items():
        with Peak() as peak:
            begin = time.perf_counter()
            run, method = maker()
            setup_ms = (time.perf_counter() - begin) * 1e3
            result = run(array)
        error = worst_error(array, kernel, result)
        if method is not None:
            assert error <= TOLERANCE[dtype.name], f"{name}, {shape}, {dtype}: {error:.1e} of the maximum"
        yield Contender(name, run, setup_ms, method, error, peak.mib)


def machine_limits() -> dict[int, dict[str, float]]:
    """Limits of `benches/limits.rs` by number of threads; empty without cargo."""
    command = ["cargo", "bench", "--quiet", "--bench", "limits"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {row["threads"]: row for row in rows}


def floor_ms(array: np.ndarray, kernel: np.ndarray, method: str, limits: dict[str, float]) -> float:
    """The least time of the method's multiplications and additions, or of reading and writing the map once."""
    occupied = [np.flatnonzero(array.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    half = [n // 2 for n in kernel.shape]
    reached = [min(at[-1] + h + 1, n) - max(at[0] - h, 0) for at, h, n in zip(occupied, half, array.shape, strict=True)]
    octant = kernel[tuple(slice(h, None) for h in half)]
    transform = 5 * np.log2(reached[1] + half[1])
    per_voxel = {
        "direct": 2 * np.count_nonzero(octant),
        "fft_direct": transform + 2 * np.count_nonzero(octant.any(axis=1)),
    }[method]
    computing = np.prod(reached) * per_voxel / limits[f"{array.dtype.name}_gflop_per_s"]
    return max(computing, 2 * array.nbytes / limits["copy_gb_per_s"]) / 1e6


def compare(
    case: str, dtype: str, threads: int, *, sparse: bool, seconds: float, repeats: int, limits: dict[int, Any]
) -> list[dict[str, Any]]:
    shape, voxel_mm = CASES[case]
    kernel = yttria.voxel_s_values(voxel_mm, medium="soft_tissue").values
    kernel = kernel / kernel.max()
    array = make_map(shape, dtype, sparse=sparse)
    field = list(contenders(array, kernel, threads))
    times: list[list[float]] = [[] for _ in field]
    end = time.perf_counter() + seconds
    while len(times[0]) < 3 or (len(times[0]) < repeats and time.perf_counter() < end):
        for c, of_this in zip(field, times, strict=True):
            begin = time.perf_counter()
            c.run(array)
            of_this.append((time.perf_counter() - begin) * 1e3)
    medians = [statistics.median(t) for t in times]
    peers = [m for c, m in zip(field, medians, strict=True) if c.name in WITH_A_PLAN]
    rows = []
    for c, of_this, median in zip(field, times, medians, strict=True):
        known = c.method is not None and threads in limits
        rows.append({
            "map": case, "density": "sparse" if sparse else "dense", "dtype": dtype, "threads": threads,
            "name": c.name, "method": c.method, "median_ms": median, "min_ms": min(of_this), "repeats": len(of_this),
            "setup_ms": c.setup_ms, "memory_mib": c.memory_mib, "error": c.error,
            "best_peer_over_this": min(peers) / median if peers else None,
            "of_floor": floor_ms(array, kernel, c.method, limits[threads]) / median if known else None,
        })  # fmt: skip
    return rows


def batch(threads: int, maps: int = 32, repeats: int = 7) -> None:
    """Maps per second of map A, many with one plan, and the time and memory before the first call."""
    shape, voxel_mm = CASES["A"]
    begin = time.perf_counter()
    yttria.voxel_s_values(voxel_mm, medium="soft_tissue")
    kernel_ms = (time.perf_counter() - begin) * 1e3
    begin = time.perf_counter()
    kernel = yttria.voxel_s_values(voxel_mm, medium="liver").values
    again_ms = (time.perf_counter() - begin) * 1e3
    begin = time.perf_counter()
    plan = yttria.ConvolutionPlan(shape, kernel, np.float32, threads=threads)
    plan_ms = (time.perf_counter() - begin) * 1e3
    print(f"\nkernel {kernel_ms:.1f} ms ({again_ms:.1f} ms another), plan {plan_ms:.2f} ms (map A, float32)")
    for density in ("dense", "sparse"):
        arrays = [make_map(shape, np.float32, sparse=density == "sparse") for _ in range(maps)]
        outs = [np.zeros(shape, np.float32) for _ in arrays]
        rates = []
        for _ in range(repeats + 1):
            begin = time.perf_counter()
            plan.apply_many(arrays, outs)
            rates.append(maps / (time.perf_counter() - begin))
        assert worst_error(arrays[-1], kernel, outs[-1]) <= TOLERANCE["float32"]
        rates = sorted(rates[1:])
        print(f"batch of {maps} maps A, {density}, float32, {threads} thread(s): {statistics.median(rates):.0f} maps/s "
              f"({rates[0]:.0f} to {rates[-1]:.0f})", flush=True)  # fmt: skip


def show(rows: list[dict[str, Any]]) -> None:
    first = rows[0]
    print(f"\nmap {first['map']} {CASES[first['map']][0]}, {first['density']}, {first['dtype']}, "
          f"{first['threads']} thread(s), {first['repeats']} interleaved repeats, {first['method']}")  # fmt: skip
    print(f"  {'':<26}{'median':>9}{'min':>9}{'set-up':>9}{'memory':>9}{'best peer':>11}{'of floor':>9}{'error':>10}")
    for r in rows:
        memory = "" if r["memory_mib"] is None else f"{r['memory_mib']:.0f} M"
        ratio = "" if r["best_peer_over_this"] is None else f"{r['best_peer_over_this']:.2f}x"
        share = "" if r["of_floor"] is None else f"{r['of_floor']:.0%}"
        print(f"  {r['name']:<26}{r['median_ms']:>9.2f}{r['min_ms']:>9.2f}{r['setup_ms']:>9.1f}{memory:>9}{ratio:>11}"
              f"{share:>9}{r['error']:>10.1e}", flush=True)  # fmt: skip


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Ratios of the best peer's median to yttria's, by map, density and element type."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    ours = [r for r in rows if r["name"] == "yttria, out=" and r["best_peer_over_this"]]
    maps = sorted({r["map"] for r in ours})
    figure, axes = pyplot.subplots(figsize=(6, 3), layout="constrained")
    kinds = [(density, dtype) for density in ("dense", "sparse") for dtype in ("float32", "float64")]
    for offset, (density, dtype) in enumerate(kinds):
        of_kind = {r["map"]: r["best_peer_over_this"] for r in ours if (r["density"], r["dtype"]) == (density, dtype)}
        at = [i + 0.2 * (offset - 1.5) for i, name in enumerate(maps) if name in of_kind]
        heights = [of_kind[name] for name in maps if name in of_kind]
        axes.bar_label(axes.bar(at, heights, 0.2, label=f"{density}, {dtype}"), fmt="%.1f", fontsize=6)
    axes.axhline(1.0, color="black", linewidth=0.8)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xticks(range(len(maps)), [f"{name}\n{'x'.join(map(str, CASES[name][0]))}" for name in maps])
    axes.set_ylabel("best peer's time / yttria's")
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description="Convolution side by side; times in ms.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="maps A and B, few repeats (the default)")
    size.add_argument("--full", action="store_true", help="every map, 1 and 2 threads")
    parser.add_argument("--maps", help="e.g. AC")
    parser.add_argument("--threads", type=int, nargs="*")
    parser.add_argument("--densities", nargs="*", default=["dense", "sparse"])
    parser.add_argument("--dtypes", nargs="*", default=["float32", "float64"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help="of the ratios, also of those in earlier --json files")
    parser.add_argument("--with", dest="earlier", type=Path, nargs="*", default=[], help="earlier --json files")
    options = parser.parse_args()
    maps = options.maps or ("ABCDE" if options.full else "AB")
    threads = options.threads or ([1, 2] if options.full else [min(2, os.cpu_count() or 1)])
    seconds, repeats = (60.0, 21) if options.full else (4.0, 9)
    limits = machine_limits()
    print(f"yttria {yttria.__version__}, {os.cpu_count()} processors; {limits or 'limits not measured'}")
    everything = [row for path in options.earlier for row in json.loads(path.read_text())["rows"]]
    for case in maps:
        for density in options.densities:
            for dtype in options.dtypes:
                for count in threads:
                    rows = compare(case, dtype, count, sparse=density == "sparse", seconds=seconds, repeats=repeats,
                                   limits=limits)  # fmt: skip
                    show(rows)
                    everything += rows
    for count in threads:
        batch(count)
    if options.json:
        options.json.write_text(json.dumps({"limits": limits, "rows": everything}, indent=1))
    if options.plot:
        plot(everything, options.plot)


if __name__ == "__main__":
    main()
