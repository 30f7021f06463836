"""Density from a CT, resampling onto a PET grid and RTDOSE, beside scripts with NumPy.

python benches/density.py [VOXELS_OF_THE_DOSE_ALONG_AN_AXIS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pydicom

from yttria import Image, density_image
from yttria.io.dicom import read_rtdose, write_rtdose
from yttria.voxel import ct_density_curve


def timed(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median milliseconds, and the result of the last call."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return 1000 * median(seconds), result


def line(what: str, ours: float, theirs: float, named: str) -> None:
    print(f"{what:<46} {ours:9.1f} ms   {named} {theirs:9.1f} ms   {theirs / ours:6.1f}x")


def density(rng: np.random.Generator) -> None:
    curve = ct_density_curve("schneider_1996")
    nodes = (curve.hounsfield_units, curve.density_g_per_ml)
    hounsfield = rng.integers(-1000, 1376, (300, 512, 512), np.int16)
    for dtype in (np.int16, np.float32):
        array = hounsfield.astype(dtype, copy=False)
        ct = Image(array, np.diag([0.8, 0.8, 2.0, 1.0]), "HU")
        ours, found = timed(lambda ct=ct: density_image(ct), 5)
        theirs, expected = timed(lambda array=array: np.interp(array, *nodes), 1)
        assert np.abs(found.image.array - expected).max() < 1e-6
        line(f"512 x 512 x 300 CT to density, {np.dtype(dtype)}", ours, theirs, "np.interp")
        del expected
    pet = ((120, 100, 100), np.array([[4.07, 0, 0, 1.6], [0, 4.07, 0, 1.6], [0, 0, 5.0, 1.5], [0, 0, 0, 1]]))
    ours, found = timed(lambda: found.resampled_on(pet, fill_value=0.0), 5)
    print(f"{'its mean over 100 x 100 x 120 PET voxels':<46} {ours:9.1f} ms")


def rtdose(rng: np.random.Generator, size: int, folder: Path) -> None:
    dose = Image(rng.uniform(0, 300, (size, size, size)).astype(np.float32), np.diag([2.0, 2.0, 2.0, 1.0]), "Gy")
    path = folder / "dose.dcm"
    ours, written = timed(lambda: write_rtdose(dose, path, reference=None), 5)

    def by_hand() -> None:
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        scaling = float(dose.array.max()) / (2**32 - 1)
        dataset.PixelData = np.rint(dose.array.astype(np.float64) / scaling).astype("<u4").tobytes()
        dataset["PixelData"].VR = "OW"
        pydicom.dcmwrite(folder / "by_hand.dcm", dataset)

    theirs, _ = timed(by_hand, 5)
    line(f"RTDOSE of {size}^3 written", ours, theirs, "numpy, pydicom")

    def read_by_hand() -> Any:
        dataset = pydicom.dcmread(path)
        return dataset.pixel_array * float(dataset.DoseGridScaling)

    ours, back = timed(lambda: read_rtdose(path), 5)
    theirs, expected = timed(read_by_hand, 5)
    assert np.array_equal(back.array, expected)
    assert np.abs(back.array - dose.array).max() <= 0.5 * written.step_gy * (1 + 1e-6)
    line(f"RTDOSE of {size}^3 read", ours, theirs, "numpy, pydicom")


def main() -> None:
    rng = np.random.default_rng(1)
    density(rng)
    with tempfile.TemporaryDirectory() as folder:
        rtdose(rng, int(sys.argv[1]) if len(sys.argv) > 1 else 256, Path(folder))


if __name__ == "__main__":
    main()
