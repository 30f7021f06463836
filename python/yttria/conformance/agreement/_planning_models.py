"""Planning: the models of several tissues or several formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import planning as p
from ...reference import decay, optimum, partition, single_compartment, territories
from ._entry import Agreement
from ._planning import DOSE, GBQ, LUNG_KG, MASS, NUCLIDE, SHUNT, C, T, each

RATIO = (1.0, 9.0)


def entries() -> list[Agreement]:
    """All of them."""
    return [*_single(), *_partition(), *_arrays(), *_territories(), _nuclide()]


def _nuclide() -> Agreement:
    return Agreement(
        "kernels.Nuclide.decay_factor",
        lambda: [NUCLIDE.decay_factor(t) for t in (-30.0, 0.0, 48.0, 640.0)],
        lambda: [decay.decayed_activity(1.0, t, T) for t in (-30.0, 0.0, 48.0, 640.0)],
    )


def _single() -> list[Agreement]:
    def row(s: p.SingleCompartment) -> list[float]:
        return [
            s.vial_activity_gbq,
            s.delivered_activity_gbq,
            s.perfused_dose_gy,
            s.lung_dose_gy,
        ]

    def defined(vial: float, m: float, s: float, r: float, lung: float) -> list[Any]:
        delivered = vial * (1 - r)
        return [
            vial,
            delivered,
            single_compartment.perfused_dose_gy(C, delivered, s, m),
            single_compartment.lung_dose_gy(C, delivered, s, lung),
        ]

    def inverse(d: float, m: float, s: float, r: float, lung: float) -> list[Any]:
        return defined(single_compartment.vial_activity_gbq(C, d, m, s, r), m, s, r, lung)

    names = ("mass_kg", "lung_shunt_fraction", "residual_fraction", "lung_mass_kg")
    return [
        each(
            "single_compartment_dose",
            lambda a, *rest: row(p.single_compartment_dose(a, **dict(zip(names, rest, strict=True)), nuclide=NUCLIDE)),
            defined,
            (0.1, 1.0),
            (0.2, 2.0),
            SHUNT,
            (0.0, 0.3),
            LUNG_KG,
        ),
        each(
            "single_compartment_activity",
            lambda d, *rest: row(
                p.single_compartment_activity(d, **dict(zip(names, rest, strict=True)), nuclide=NUCLIDE)
            ),
            inverse,
            DOSE,
            (0.2, 2.0),
            SHUNT,
            (0.0, 0.3),
            LUNG_KG,
        ),
    ]


def _model(m1: float, r1: float, m2: float, r2: float, normal: float, shunt: float, lung: float) -> p.PartitionModel:
    return p.PartitionModel(
        (p.Tumor(m1, r1), p.Tumor(m2, r2)), normal, shunt, normal_total_mass_kg=2.5, lung_mass_kg=lung, nuclide=NUCLIDE
    )


def _partition() -> list[Agreement]:
    ranges = (MASS, RATIO, MASS, RATIO, MASS, (0.01, 0.3), LUNG_KG)

    def row(d: p.PartitionDoses) -> list[Any]:
        return [d.normal_perfused_dose_gy, d.tumor_doses_gy, d.lung_dose_gy]

    def defined(a: float, *rest: float) -> list[Any]:
        m1, r1, m2, r2, normal, shunt, lung = rest
        found = partition.doses_gy(C, np.float64(a), [m1, m2], [r1, r2], normal, shunt, lung)
        return [found[0], found[1], found[2]]

    def inverse(d: float, *rest: float) -> Any:
        m1, r1, m2, r2, normal, shunt, _ = rest
        return partition.delivered_activity_gbq(C, d, 1, [m1, m2], [r1, r2], normal, shunt)

    limits = p.PartitionLimits(
        normal_perfused_gy=60.0,
        prior_normal_perfused_dose_gy=5.0,
        normal_whole_gy=40.0,
        lung_gy=30.0,
        lung_cumulative_gy=50.0,
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
        each("PartitionModel.doses", lambda a, *rest: row(_model(*rest).doses(a)), defined, GBQ, *ranges),
        each(
            "PartitionModel.activity_for_tumor_dose",
            lambda d, *rest: _model(*rest).activity_for_tumor_dose(d, tumor=1).delivered_activity_gbq,
            inverse,
            DOSE,
            *ranges,
        ),
        each("PartitionModel.maximum_activity", maximum, defined_maximum, *ranges),
    ]


def _arrays() -> list[Agreement]:
    rng = np.random.default_rng(22)
    n = 20_000
    activity, target = rng.uniform(0.5, 5.0, n), rng.uniform(50.0, 300.0, n)
    masses, ratios = rng.uniform(0.05, 0.8, (n, 3)), rng.uniform(1.0, 9.0, (n, 3))
    normal, shunt, lung = rng.uniform(0.2, 2.0, n), rng.uniform(0.0, 0.3, n), rng.uniform(0.5, 1.5, n)

    def doses() -> list[Any]:
        d = p.partition_doses(
            activity,
            tumor_mass_kg=masses,
            tumor_to_normal_ratio=ratios,
            normal_perfused_mass_kg=normal,
            lung_shunt_fraction=shunt,
            lung_mass_kg=lung,
            nuclide=NUCLIDE,
        )
        return [d.normal_perfused_dose_gy, d.tumor_doses_gy, d.lung_dose_gy]

    return [
        Agreement(
            "planning.partition_doses",
            doses,
            lambda: list(partition.doses_gy(C, activity, masses, ratios, normal, shunt, lung)),
        ),
        Agreement(
            "planning.partition_activities",
            lambda: (
                p.partition_activities(
                    target,
                    tumor=2,
                    tumor_mass_kg=masses,
                    tumor_to_normal_ratio=ratios,
                    normal_perfused_mass_kg=normal,
                    lung_shunt_fraction=shunt,
                    nuclide=NUCLIDE,
                ).delivered_activity_gbq
            ),
            lambda: partition.delivered_activity_gbq(C, target, 2, masses, ratios, normal, shunt),
        ),
    ]


PLAN = p.TerritoryPlan(
    [
        p.Territory("right", 0.15, 0.4, [p.TumorPortion("A", 0.6, 6.0)]),
        p.Territory("left", 0.05, 0.3, [p.TumorPortion("B", 0.3, 8.0), p.TumorPortion("A", 0.2, 5.0)]),
    ],
    overlap="disjoint",
    lung_mass_kg=0.9,
    normal_total_mass_kg=1.5,
    unperfused_tumor_mass_kg={"A": 0.1},
    nuclide=NUCLIDE,
)


def _territories() -> list[Agreement]:
    def row(d: p.TerritoryDoses) -> list[Any]:
        return [
            d.tumor_portions_gy,
            d.normal_perfused_gy,
            [[t.perfused_mean_gy, t.whole_mean_gy] for t in d.tumors],
            d.normal_whole_gy,
            d.lung_dose_gy,
        ]

    def defined(a: float, b: float) -> list[Any]:
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
            return defined(float(activity[0]), float(activity[1]))

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
        each("TerritoryPlan.doses", lambda a, b: row(PLAN.doses([a, b])), defined, GBQ, GBQ),
        Agreement("planning.optimize_activities", best, corner, 1e-9),
    ]
