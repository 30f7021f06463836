"""Memory that runs out, threads that cannot start, and Ctrl-C: an error, never the end of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from interrupts import assert_interrupts
from long_calls import CALLS

import yttria
from conftest import SUPPORT
from yttria.errors import ShapeError
from yttria.evaluation import dose_volume_histograms
from yttria.geometry.voxel_fractions import fractions_of_mask

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits of a process, as Linux keeps them")


@pytest.mark.claim("exhaustion")
@linux
@pytest.mark.parametrize("name", CALLS)
def test_exhausted_memory_and_threads_are_errors(name: str) -> None:
    limits = ["0", "0.5", "1", "2", "3", "4.5", "6", "8", "11", "16", "24", "40", "threads"]
    edge = "24" if name == "gamma_index" else "64"
    command = [sys.executable, str(SUPPORT / "exhaustion.py"), name, edge, *limits]
    # One arena and no kept blocks, so that freed memory is no hidden reserve.
    environment = os.environ | {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    outcomes = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    assert list(outcomes) == limits
    assert not {limit: text for limit, text in outcomes.items() if "unexpected" in text}, done.stderr
    assert outcomes["threads"] == "'done'"


#: Those that take at least some tenths of a second with arrays of this edge.
LONG = {
    "voxel_s_values": 400,
    "sub_voxel_histograms": 320,
    "voxel_fractions_turned": 160,
    "contour_structure": 300,
    "contour_voxel_fractions": 200,
    "resampled_turned": 160,
    "gamma_index": 128,
}


@pytest.mark.claim("interruption")
@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_ends_long_calls(name: str) -> None:
    call = CALLS[name](LONG[name])

    def repeat() -> None:
        while True:
            call()

    assert_interrupts(repeat, after_s=0.1)


def test_bytes_of_a_boolean_mask_count_as_numpy_counts_them() -> None:
    mask = np.zeros((4, 5, 6), np.uint8)
    mask[1:3, 1:4, 2:5] = np.array([1, 2, 255])
    truth, odd = mask != 0, mask.view(bool)
    for order in (np.asarray, np.asfortranarray, lambda a: a[::-1, :, ::2]):
        assert fractions_of_mask(order(odd)) == fractions_of_mask(order(truth))
        assert fractions_of_mask(order(odd)).volume_ml(1.0) == np.count_nonzero(order(mask))
    structure = yttria.Structure("odd", odd, np.eye(4))
    assert structure.volume_ml == pytest.approx(18e-3)
    dose = np.arange(120.0).reshape(4, 5, 6)
    means = [dose_volume_histograms(dose, {"a": m}, voxel_volume_ml=1.0)["a"].mean_gy for m in (odd, truth)]
    assert means[0] == means[1]
    s_values = yttria.voxel_s_values((3.0, 3.0, 3.0), medium="liver")
    doses = [yttria.absorbed_dose(dose, s_values, mask=m) for m in (odd, truth)]
    assert np.array_equal(*doses)


def test_an_array_that_is_written_to_is_not_read_from() -> None:
    plan = yttria.ConvolutionPlan((64, 64, 64), np.ones((11, 11, 11)), method="definition")
    out, array = np.zeros((64, 64, 64)), np.ones((64, 64, 64))
    everywhere = np.ones(out.shape, bool)
    writer = threading.Thread(target=lambda: [plan.apply(array, out) for _ in range(3)])
    writer.start()
    time.sleep(0.1)
    with pytest.raises(ShapeError, match="in use by another call"):
        dose_volume_histograms(out, {"all": everywhere}, voxel_volume_ml=1.0, threads=1)
    writer.join()
