"""Reading a CT of 300 slices and a PET of 200, beside pydicom's own pixel access on the same files.

    python benches/dicom.py [repeats]

"pixels": every file read and its `pixel_array` taken, nothing else. "stacked": the same put into one array, rescaled in
float64, in the order of the file names. yttria does that and checks and sorts. Runs alternate; files are in the cache.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from dicom_samples import write_series

import yttria

SERIES = {"CT": ((300, 512, 512), (0.8, 0.8, 1.5)), "PT": ((200, 400, 400), (2.0, 2.0, 1.6))}


def pixels(files: list[Path]) -> list[npt.NDArray[np.generic]]:
    return [pydicom.dcmread(f).pixel_array for f in files]


def stacked(files: list[Path]) -> npt.NDArray[np.float32]:
    first = pydicom.dcmread(files[0])
    out = np.empty((len(files), first.Rows, first.Columns), np.float32)
    for n, path in enumerate(files):
        dataset = pydicom.dcmread(path)
        out[n] = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    return out


def main(repeats: int) -> None:
    generator = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as folder:
        for modality, (shape, size) in SERIES.items():
            values = generator.integers(-1000, 1500, shape) if modality == "CT" else generator.gamma(0.2, 4e4, shape)
            slopes = None if modality == "CT" else generator.uniform(10, 40, len(values)).tolist()
            affine = np.diag([*size, 1.0])
            path = write_series(Path(folder) / modality, values, affine, modality, slopes=slopes)
            files = sorted(path.iterdir())
            assert (yttria.read_image(path).array == stacked(files)).all()
            ways: dict[str, Callable[[], object]] = {
                "pydicom, pixels": lambda files=files: pixels(files),
                "pydicom, stacked": lambda files=files: stacked(files),
                "yttria": lambda path=path: yttria.read_image(path),
            }
            times: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(repeats):
                for name, way in ways.items():
                    start = time.perf_counter()
                    way()
                    times[name].append(time.perf_counter() - start)
            base = statistics.median(times["pydicom, pixels"])
            print(f"{modality}, {' x '.join(map(str, shape))}")
            for name, seconds in times.items():
                median = statistics.median(seconds)
                print(f"  {name:18} median {median:6.3f} s  min {min(seconds):6.3f} s  {median / base:5.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
