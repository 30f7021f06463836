"""Batches: cases per second, time of each stage, memory, scaling, and the runner's own share.

    python benches/batch.py make FOLDER [--cases N] [--files M] [--method METHOD]
                                                                     synthetic cohort: 128^3, liver-only, 4 structures
    python benches/batch.py mixed FOLDER PET.nrrd SEG.seg.nrrd       patient 1 on several grids
    python benches/batch.py run MANIFEST [--workers 1 2] [--executor processes]
    python benches/batch.py empty [--cases N]                        a run whose cases do nothing

Many rows share few files and differ in their administered activity, so that each has its own key, dose and result.
Reading from the page cache is the best case for reading and the worst for the rest.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import yttria
from yttria.batch import CaseOutcome, executors, run_manifest, runner, write_manifest
from yttria.batch.content_hash import Options
from yttria.batch.worker import Task, dose_all

SHAPE, VOXEL_MM = (128, 128, 128), 4.42
STRUCTURES = ("Normal liver", "Tumor 1", "Tumor 2", "Tumor 3")


def make_files(folder: Path, n: int) -> None:
    """Counts like those of a camera, in the liver alone, and a labelmap of four structures on its grid."""
    rng = np.random.default_rng(n)
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = -0.5 * (SHAPE[0] - 1) * VOXEL_MM
    z, y, x = np.meshgrid(*([(np.arange(m) - 0.5 * (m - 1)) * VOXEL_MM for m in SHAPE]), indexing="ij", sparse=True)
    liver = ((x + 55) / 88) ** 2 + ((y + 5) / 68) ** 2 + (z / 62) ** 2 <= 1.0
    labels = liver.astype(np.uint8)
    for tumor in range(3):
        center = np.array([(-90.0, -5.0, 0.0), (-30.0, -20.0, 10.0), (-50.0, 25.0, -20.0)][tumor]) + rng.uniform(
            -8, 8, 3
        )
        radius = rng.uniform(10, 20)
        inside = (x - center[0]) ** 2 + (y - center[1]) ** 2 + (z - center[2]) ** 2 <= radius**2
        labels[inside & liver] = 2 + tumor
    # Lung over the dome of the liver.
    ct = np.where((z > 20) & ~liver, -750, 55).astype(np.int16)
    yttria.write_image(yttria.Image(ct, affine, "HU"), folder / f"ct_{n:03d}.nii.gz")
    mean = np.array([0.0, 20.0, 100.0, 60.0, 80.0])[labels]
    counts = rng.gamma(9.0, mean / 9.0).astype(np.float32)
    yttria.write_image(yttria.Image(counts, affine, "counts"), folder / f"activity_{n:03d}.nii.gz")
    parts = [yttria.Structure(name, labels == k, affine, label=k) for k, name in enumerate(STRUCTURES, 1)]
    yttria.write_structures(parts, folder / f"structures_{n:03d}.nii.gz")


def make(folder: Path, cases: int, files: int, method: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(files):
        make_files(folder, n)
    write_manifest(
        (
            {
                "case_id": f"case {n:07d}",
                "activity": f"activity_{n % files:03d}.nii.gz",
                "structures": f"structures_{n % files:03d}.nii.gz",
                "relative_to": STRUCTURES[0],
                "administered_activity_gbq": 1.0 + 1e-6 * n,
                "lung_shunt_fraction": 0.05,
                "method": method,
                **({"ct": f"ct_{n % files:03d}.nii.gz"} if method == "superposition" else {}),
            }
            for n in range(cases)
        ),
        folder / "manifest.csv",
    )


def mixed(folder: Path, pet: Path, segmentation: Path, cases: int) -> None:
    """A PET on grids of other voxel sizes (nearest voxel, so that it stays as noisy), its structures as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    image = yttria.read_image(pet, unit="Bq/mL")
    sizes = [(1.0, 1.0, 1.0), (1.0, 1.5, 1.5), (1.5, 2.0, 2.0), (1.0, 2.0, 1.0)]
    for n, step in enumerate(sizes):
        index = [np.floor(np.arange(int(m / s)) * s).astype(int) for m, s in zip(image.shape, step, strict=True)]
        affine = image.affine_lps.copy()
        affine[:3, :3] *= step[::-1]
        yttria.write_image(yttria.Image(image.array[np.ix_(*index)], affine, "Bq/mL"), folder / f"pet_{n}.nii.gz")
    link = folder / "structures.seg.nrrd"
    link.write_bytes(segmentation.read_bytes())
    write_manifest(
        (
            {
                "case_id": f"case {n:05d}",
                "activity": f"pet_{n % 4}.nii.gz",
                "structures": link.name,
                "scan_delay_h": 20.4,
                "administered_activity_gbq": 1.4 + 1e-6 * n,
                "method": ("local_deposition", "voxel_s_values")[n // 4 % 2],
            }
            for n in range(cases)
        ),
        folder / "manifest.csv",
    )


def memory_mib() -> dict[str, float]:
    """The resident memory of this process and of all its children together."""
    own = psutil.Process()
    workers = 0
    for child in own.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            workers += child.memory_info().rss
    return {"runner": own.memory_info().rss / 2**20, "workers": workers / 2**20}


@contextmanager
def peak_memory() -> Iterator[dict[str, float]]:
    """The largest resident memory, in MiB."""
    peak = {"runner": 0.0, "workers": 0.0}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            for name, now in memory_mib().items():
                peak[name] = max(peak[name], now)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield peak
    ended.set()
    thread.join()


def run(manifest: Path, workers: list[int], executor: str, maps: str | None, out: Path | None) -> None:
    rates = {}
    for count in workers:
        marks = [1000, 2000, 5000, 10_000, 20_000, 50_000]

        def on_progress(run: runner.Run, wall_s: float, marks: list[int] = marks) -> None:
            if marks and run.counts.finished >= marks[0]:
                told = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in memory_mib().items())
                print(f"  after {marks.pop(0)} cases, {wall_s:.1f} s: {told}")

        with tempfile.TemporaryDirectory(dir=manifest.parent) as temporary, peak_memory() as peak:
            make_pool: Any = getattr(executors, executor)
            with make_pool(count) as pool:
                # Workers start before the clock does.
                for started in [pool.executor.submit(dose_all, [], Options(), None) for _ in range(4 * count)]:
                    started.result()
                began = time.perf_counter()
                options: Any = {"executor": nullcontext(pool), "maps": maps, "on_progress": on_progress}
                report = run_manifest(manifest, out or temporary, **options)
                wall_s = time.perf_counter() - began
        done, spent = report.counts.done, report.counts.seconds
        rates[count] = done / wall_s
        shares = ", ".join(f"{stage} {s / sum(spent.values()):.1%}" for stage, s in spent.items())
        per_case_ms = 1e3 * (wall_s * count - sum(spent.values())) / done
        print(
            f"{executor} {count}: {done} cases in {wall_s:.1f} s, {rates[count]:.1f} cases/s, "
            f"{rates[count] / rates[workers[0]]:.2f}x; in the workers {shares}; the rest {per_case_ms:.2f} ms a case; "
            f"peak memory {peak['runner']:.0f} MiB runner, {peak['workers']:.0f} MiB workers; "
            f"{report.quarantined} in quarantine",
            flush=True,
        )


def _nothing(tasks: list[Task], options: Any, folder: Path) -> list[CaseOutcome]:
    zero = {"structure": "Liver", "volume_ml": 1.0, "outside_fraction": 0.0, "mean_gy": 0.0}
    return [
        CaseOutcome(
            row=t.row,
            case_id=t.case.case_id,
            key=f"{t.row:032x}",
            rows=[zero],
            dvh_volume_ml={"Liver": np.zeros(2)},
            provenance={"method": "none"},
        )
        for t in tasks
    ]


def empty(cases: int) -> None:
    original, runner.dose_all = runner.dose_all, _nothing  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        make(path, cases, 1, "voxel_s_values")
        began = time.perf_counter()
        with peak_memory() as peak:
            report = run_manifest(path / "manifest.csv", path / "results", executor=executors.threads(1))
        wall_s = time.perf_counter() - began
    runner.dose_all = original
    print(f"{report.counts.done} empty cases: {1e3 * wall_s / cases:.3f} ms a case, runner {peak['runner']:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "mixed", "run", "empty"])
    parser.add_argument("paths", type=Path, nargs="*")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--files", type=int, default=32)
    parser.add_argument("--method", default="voxel_s_values", choices=["voxel_s_values", "superposition"])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--executor", default="processes", choices=["processes", "threads"])
    parser.add_argument("--maps")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    executors.keep_memory()
    if given.what == "make":
        make(given.paths[0], given.cases, given.files, given.method)
    elif given.what == "mixed":
        mixed(*given.paths, given.cases)
    elif given.what == "run":
        run(given.paths[0], given.workers, given.executor, given.maps, given.out)
    else:
        empty(given.cases)


if __name__ == "__main__":
    main()
