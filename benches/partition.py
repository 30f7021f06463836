"""A million partition evaluations, core against the NumPy reference: same run, same inputs, agreement asserted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from yttria.planning import partition_activities, partition_doses
from yttria.reference import partition as reference

COUNT = 1_000_000


def best_ms(work: Callable[[], object], repeats: int = 9) -> float:
    """The least of several runs, because other work of the machine only adds time."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def main() -> None:
    rng = np.random.default_rng(0)
    print(f"{COUNT} evaluations, {os.cpu_count()} processors; milliseconds, best of 9")
    print(f"{'':48}{'NumPy':>9}{'1 thread':>10}{'all':>8}{'gain':>7}")
    for tumors in (1, 3):
        every = {
            "tumor_mass_kg": rng.uniform(0.01, 1, (COUNT, tumors)),
            "tumor_to_normal_ratio": rng.uniform(1, 15, (COUNT, tumors)),
            "normal_perfused_mass_kg": rng.uniform(0.1, 2, COUNT),
            "lung_shunt_fraction": rng.uniform(0, 0.2, COUNT),
            "lung_mass_kg": rng.uniform(0.7, 1.2, COUNT),
        }
        scalars = {name: every[name][0] for name in every if name != "tumor_to_normal_ratio"}
        side = 1000
        of_patients = {name: array.reshape(side, side, *array.shape[1:])[:, :1] for name, array in every.items()}
        for label, given, activity in (
            ("all inputs arrays", every, rng.uniform(0.5, 5, COUNT)),
            ("only the ratio an array", scalars | {"tumor_to_normal_ratio": every["tumor_to_normal_ratio"]}, 2.0),
            ("1000 patients x 1000 activities", of_patients, rng.uniform(0.5, 5, side)),
        ):
            expected = list(reference.partition_doses(activity, **given, dose_factor_gy_kg_per_gbq=49.67).values())
            got = partition_doses(activity, **given)
            np.testing.assert_allclose(got.normal_perfused_dose_gy, expected[0], rtol=1e-12)
            np.testing.assert_allclose(got.tumor_doses_gy, expected[1], rtol=1e-12)
            np.testing.assert_allclose(
                got.lung_dose_gy, np.broadcast_to(expected[2], got.lung_dose_gy.shape), rtol=1e-12
            )
            row(
                f"forward, {tumors} tumor(s), {label}",
                lambda a=activity, g=given: reference.partition_doses(a, **g, dose_factor_gy_kg_per_gbq=49.67),
                lambda threads, a=activity, g=given: partition_doses(a, **g, threads=threads),
            )
        inverse = {name: array for name, array in every.items() if name != "lung_mass_kg"}
        target = rng.uniform(100, 400, COUNT)
        np.testing.assert_allclose(
            partition_activities(target, **inverse).delivered_activity_gbq,
            reference.partition_activities(target, **inverse, dose_factor_gy_kg_per_gbq=49.67),
            rtol=1e-12,
        )
        row(
            f"inverse, {tumors} tumor(s), all arrays",
            lambda g=inverse, t=target: reference.partition_activities(t, **g, dose_factor_gy_kg_per_gbq=49.67),
            lambda threads, g=inverse, t=target: partition_activities(t, **g, threads=threads),
        )


def row(label: str, numpy: Callable[[], object], core: Callable[[int | None], object]) -> None:
    by_numpy, one, every = best_ms(numpy), best_ms(lambda: core(1)), best_ms(lambda: core(None))
    print(f"{label:48}{by_numpy:9.1f}{one:10.1f}{every:8.1f}{by_numpy / every:6.1f}x")


if __name__ == "__main__":
    main()
