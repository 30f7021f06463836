"""Call the compiled functions from many threads at once, and compare every result with that of one thread, bit by bit.

    python tests/support/thread_stress.py [threads [rounds]]

For interpreters without a global lock (3.14t). It also states whether the lock stayed off after import.
It runs on any other as well, and needs yttria and NumPy only.
"""

from __future__ import annotations

import hashlib
import sys
import sysconfig
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import yttria
from yttria.evaluation import dose_volume_histograms, gamma_index
from yttria.planning import PartitionLimits, PartitionModel, Territory, Tumor


def digest(*arrays: Any) -> str:
    """The bytes of arrays or numbers as one hash."""
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


def works() -> dict[str, Callable[[], str]]:
    """Calls on objects that all threads share, each with the hash of its result."""
    rng = np.random.default_rng(1)
    activity = rng.random((21, 30, 26)).astype(np.float32)
    density = np.where(activity > 0.9, 0.3, 1.06).astype(np.float32)
    s_values = yttria.voxel_s_values((3.0, 3.0, 3.0), medium="liver")
    plan = yttria.ConvolutionPlan(activity.shape, s_values.gy_per_mbq_per_ml(), np.float32)
    superposition = yttria.SuperpositionPlan(density, (3.0, 3.0, 3.0))
    dose = plan.apply(activity)
    masks = {"a": activity > 0.5, "b": activity > 0.8}
    lobe = Territory(
        tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)], normal_perfused_mass_kg=1.2, lung_shunt_fraction=0.05
    )
    model = PartitionModel(territories=[lobe], lung_mass_kg=1.0)
    limits = PartitionLimits(normal_perfused_limit_gy=70.0, lung_limit_gy=30.0)

    def histograms() -> str:
        found = dose_volume_histograms(dose, masks, voxel_volume_ml=0.027)
        return digest(*(histogram.mean_gy for histogram in found.values()))

    return {
        "voxel_s_values": lambda: digest(yttria.voxel_s_values((2.0, 3.0, 4.0), medium="bone").gy_per_mbq_per_ml()),
        "ConvolutionPlan.apply": lambda: digest(plan.apply(activity)),
        "SuperpositionPlan.apply": lambda: digest(superposition.apply(activity)),
        "local_deposition": lambda: digest(yttria.local_deposition(activity, density_g_per_ml=1.06)),
        "dose_volume_histograms": histograms,
        "gamma_index": lambda: digest(gamma_index(dose, dose * 1.02, voxel_size_mm=(3.0, 3.0, 3.0)).gamma),
        "maximum_activity": lambda: digest(model.maximum_activity(limits).delivered_activity_gbq),
    }


def stress(threads: int = 8, rounds: int = 10) -> int:
    """Run every call in every thread, each thread in an order of its own; give the number of calls."""
    calls = works()
    alone = {name: call() for name, call in calls.items()}
    start = threading.Barrier(threads)
    wrong: list[str] = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        start.wait()
        try:
            for _ in range(rounds):
                for name in rng.permutation(list(calls)):
                    if calls[name]() != alone[name]:
                        wrong.append(str(name))
        except BaseException as error:
            wrong.append(repr(error))
            raise

    running = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert not wrong, f"not what one thread gives: {sorted(set(wrong))}"
    return threads * rounds * len(calls)


if __name__ == "__main__":
    count = stress(*map(int, sys.argv[1:]))
    is_free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    lock_is_on = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(
        f"{sys.version.split()[0]}, free-threaded build: {is_free}, lock on: {lock_is_on}; {count} calls, the same bits"
    )
    assert not (is_free and lock_is_on), "the import turned the lock on"
