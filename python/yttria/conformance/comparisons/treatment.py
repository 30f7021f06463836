"""Planning: the partition model, territories and their optimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import planning as p
from ...reference import decay, optimum, partition, territories
from ..records.planning import DOSE, GBQ, LUNG_KG, MASS
from ._comparison import NUCLIDE, C, Comparison, T, each

RATIO = (1.0, 9.0)


def entries() -> list[Comparison]:
    """All of them."""
    return [*_partition(), *_arrays(), *_territories(), _nuclide()]


def _nuclide() -> Comparison:
    return Comparison(
        name="kernels.Nuclide.decay_factor",
        core=lambda: [NUCLIDE.decay_factor(t) for t in (-30.0, 0.0, 48.0, 640.0)],
        reference=lambda: [decay.decay_factor(t, T) for t in (-30.0, 0.0, 48.0, 640.0)],
    )


def _model(m1: float, r1: float, m2: float, r2: float, normal: float, shunt: float, lung: float) -> p.PartitionModel:
    territory = p.Territory(
        tumors=[_tumor("", m1, r1), _tumor("", m2, r2)], normal_perfused_mass_kg=normal, lung_shunt_fraction=shunt
    )
    return p.PartitionModel(territories=[territory], normal_total_mass_kg=2.5, lung_mass_kg=lung, nuclide=NUCLIDE)


def _tumor(name: str, mass_kg: float, ratio: float) -> p.Tumor:
    return p.Tumor(name=name, mass_kg=mass_kg, tumor_to_normal_ratio=ratio)


def _partition() -> list[Comparison]:
    ranges = (MASS, RATIO, MASS, RATIO, MASS, (0.01, 0.3), LUNG_KG)

    def row(d: p.PartitionDoses) -> list[Any]:
        return [d.normal_perfused_dose_gy, d.tumor_doses_gy, d.lung_dose_gy]

    def defined(a: float, *rest: float) -> list[Any]:
        m1, r1, m2, r2, normal, shunt, lung = rest
        tissue = ([m1, m2], [r1, r2], normal, shunt, lung)
        return list(partition.partition_doses(a, *tissue, dose_factor_gy_kg_per_gbq=C).values())

    def inverse(d: float, *rest: float) -> Any:
        m1, r1, m2, r2, normal, shunt, _ = rest
        return partition.partition_activities(d, [m1, m2], [r1, r2], normal, shunt, 1, dose_factor_gy_kg_per_gbq=C)

    limits = p.PartitionLimits(
        normal_perfused_limit_gy=60.0,
        prior_normal_perfused_dose_gy=5.0,
        normal_whole_limit_gy=40.0,
        lung_limit_gy=30.0,
        cumulative_lung_limit_gy=50.0,
        prior_lung_dose_gy=12.0,
    )

    def maximum(*rest: float) -> list[Any]:
        found = _model(*rest).maximum_activity(limits)
        return [found.delivered_activity_gbq, [at.delivered_activity_gbq for at in found.at_limits]]

    def defined_maximum(*rest: float) -> list[Any]:
        m1, r1, m2, r2, normal, shunt, lung = rest
        tissue = ([m1, m2], [r1, r2], normal, shunt)
        each_limit = [
            partition.activity_at_normal_limit_gbq(C, 60.0, *tissue, prior_gy=5.0),
            partition.activity_at_normal_limit_gbq(C, 40.0, *tissue, normal_total_mass_kg=2.5),
            partition.activity_at_lung_limit_gbq(C, 30.0, shunt, lung),
            partition.activity_at_lung_limit_gbq(C, 50.0, shunt, lung, prior_gy=12.0),
        ]
        return [min(each_limit), each_limit]

    return [
        _both(
            each("planning.PartitionModel.doses", lambda a, *rest: row(_model(*rest).doses(a)), defined, GBQ, *ranges),
            _doses_of_several(),
        ),
        each(
            "planning.PartitionModel.activity_for_tumor_dose",
            lambda d, *rest: _model(*rest).activity_for_tumor_dose(d, tumor=1).delivered_activity_gbq,
            inverse,
            DOSE,
            *ranges,
        ),
        each("planning.PartitionModel.maximum_activity", maximum, defined_maximum, *ranges),
    ]


def _arrays() -> list[Comparison]:
    rng = np.random.default_rng(22)
    n = 20_000
    activity, target = rng.uniform(0.5, 5.0, n), rng.uniform(50.0, 300.0, n)
    tissue: dict[str, Any] = {"tumor_mass_kg": rng.uniform(0.05, 0.8, (n, 3))}
    tissue["tumor_to_normal_ratio"] = rng.uniform(1.0, 9.0, (n, 3))
    tissue["normal_perfused_mass_kg"], tissue["lung_shunt_fraction"] = (
        rng.uniform(0.2, 2.0, n),
        rng.uniform(0.0, 0.3, n),
    )
    lung = rng.uniform(0.5, 1.5, n)

    def doses() -> list[Any]:
        d = p.partition_doses(activity, **tissue, lung_mass_kg=lung, nuclide=NUCLIDE)
        return [d.normal_perfused_dose_gy, d.tumor_doses_gy, d.lung_dose_gy]

    def defined_doses() -> list[Any]:
        found = partition.partition_doses(activity, **tissue, lung_mass_kg=lung, dose_factor_gy_kg_per_gbq=C)
        return list(found.values())

    return [
        Comparison(name="planning.partition_doses", core=doses, reference=defined_doses),
        Comparison(
            name="planning.partition_activities",
            core=lambda: p.partition_activities(target, tumor=2, **tissue, nuclide=NUCLIDE).delivered_activity_gbq,
            reference=lambda: partition.partition_activities(target, **tissue, tumor=2, dose_factor_gy_kg_per_gbq=C),
        ),
    ]


PLAN = p.PartitionModel(
    territories=[
        p.Territory(
            name="right",
            lung_shunt_fraction=0.15,
            normal_perfused_mass_kg=0.4,
            tumors=[_tumor("A", 0.6, 6.0)],
        ),
        p.Territory(
            name="left",
            lung_shunt_fraction=0.05,
            normal_perfused_mass_kg=0.3,
            tumors=[_tumor("B", 0.3, 8.0), _tumor("A", 0.2, 5.0)],
        ),
    ],
    overlap="disjoint",
    lung_mass_kg=0.9,
    normal_total_mass_kg=1.5,
    unperfused_tumor_mass_kg={"A": 0.1},
    nuclide=NUCLIDE,
)


def _several_doses(d: p.PartitionDoses) -> list[Any]:
    return [
        d.tumor_portion_doses_gy,
        d.normal_perfused_doses_gy,
        [[t.perfused_mean_dose_gy, t.whole_mean_dose_gy] for t in d.tumors],
        d.normal_whole_dose_gy,
        d.lung_dose_gy,
    ]


def _several_defined(a: float, b: float) -> list[Any]:
    right, normal_right = territories.territory_doses(a, 0.15, 0.4, [0.6], [6.0], C)
    left, normal_left = territories.territory_doses(b, 0.05, 0.3, [0.3, 0.2], [8.0, 5.0], C)
    of_a, mass_a = [right[0], left[1]], [0.6, 0.2]
    normal = [normal_right, normal_left]
    return [
        [right, left],
        normal,
        [
            [territories.mean_dose(mass_a, of_a), territories.mean_dose(mass_a, of_a, 0.9)],
            [left[0], left[0]],
        ],
        territories.mean_dose([0.4, 0.3], normal, 1.5),
        territories.lung_dose([a, b], [0.15, 0.05], 0.9, C),
    ]


def _doses_of_several() -> Comparison:
    return each(
        "planning.PartitionModel.doses", lambda a, b: _several_doses(PLAN.doses([a, b])), _several_defined, GBQ, GBQ
    )


def _both(first: Comparison, second: Comparison) -> Comparison:
    return Comparison(
        name=first.name,
        core=lambda: [first.core(), second.core()],
        reference=lambda: [first.reference(), second.reference()],
        relative=first.relative,
    )


def _territories() -> list[Comparison]:
    def best() -> list[Any]:
        found = p.optimize_activities(
            PLAN,
            objective="max_min_tumor_dose",
            tumor_dose="perfused_mean",
            lung_limit_gy=25.0,
            normal_perfused_limit_gy=60.0,
        )
        return [found.objective_value, found.delivered_activities_gbq]

    def corner() -> list[Any]:
        # Variables: two activities, and the smallest tumor dose.
        one, two = np.eye(2)

        def doses(activity: Any) -> list[Any]:
            return _several_defined(float(activity[0]), float(activity[1]))

        def linear(pick: Any) -> list[float]:
            return [pick(doses(one)), pick(doses(two))]

        rows = [
            [*(-np.array(linear(lambda d: d[2][0][0]))), 1.0],
            [*(-np.array(linear(lambda d: d[2][1][0]))), 1.0],
            [*linear(lambda d: d[1][0]), 0.0],
            [*linear(lambda d: d[1][1]), 0.0],
            [*linear(lambda d: d[4]), 0.0],
        ]
        found = optimum.linear_programme([0.0, 0.0, 1.0], rows, [0.0, 0.0, 60.0, 60.0, 25.0])
        assert found is not None
        return [found[0], found[1][:2]]

    return [
        Comparison(name="planning.optimize_activities", core=best, reference=corner, relative=1e-9),
    ]
