"""Planning: the models of one formula each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from ... import planning as p
from ..._core import Nuclide
from ...reference import body_surface_area, energy_balance, mass, resin_activity, scores, tumor_to_normal
from ._entry import Agreement, draws

# Another half-life and dose factor than the defaults, so that neither can hide.
NUCLIDE = Nuclide.from_dose_factor(64.05, 49.38)
T, C = NUCLIDE.half_life_h, NUCLIDE.dose_factor_gy_kg_per_gbq

GBQ, LUNG_GBQ, DOSE = (0.3, 6.0), (0.3, 4.0), (40.0, 400.0)
SHUNT, MASS, LUNG_KG = (0.0, 0.3), (0.1, 2.0), (0.5, 1.5)


def each(
    name: str,
    core: Callable[..., Any],
    reference: Callable[..., Any],
    *ranges: tuple[float, float],
    relative: float = 1e-12,
) -> Agreement:
    """Both at the same random points."""
    points: list[Sequence[float]] = list(draws(*ranges))
    return Agreement(
        f"planning.{name}",
        lambda: [core(*point) for point in points],
        lambda: [reference(*point) for point in points],
        relative,
    )


def entries() -> list[Agreement]:
    """All of them."""
    return [*_resin(), *_mass(), *_scores()]


def _resin() -> list[Agreement]:
    formulas: tuple[Literal["dubois", "mosteller", "haycock"], ...] = ("dubois", "mosteller", "haycock")
    volumes = ((1.3, 2.4), (20.0, 300.0), (400.0, 900.0), (1000.0, 2500.0))
    points = [0.0, 0.05, 0.0999, 0.1, 0.12, 0.15, 0.17, 0.1999, 0.2]
    boundaries: tuple[Literal["lower_inclusive", "upper_inclusive"], ...] = ("lower_inclusive", "upper_inclusive")

    def resin(shunt: float, activity: float) -> list[float]:
        given = p.ResinActivity(
            delivered_activity_gbq=activity, model="bsa", tumor_involvement_fraction=0.2, factors=(), advisories=()
        )
        found = p.lung_shunt_reduction(shunt)
        reduced = given.reduced_for_lung_shunt(shunt)
        return [reduced.delivered_activity_gbq, found.unreduced_activity_gbq(activity)]

    def defined(shunt: float, activity: float) -> list[float]:
        factor = resin_activity.lung_shunt_factor(shunt)
        return [activity * factor, activity / factor]

    by_physician = each(
        "ResinActivity.adjusted_by_physician",
        lambda a, f: (
            p.ResinActivity(
                delivered_activity_gbq=a, model="bsa", tumor_involvement_fraction=0.2, factors=(), advisories=()
            )
            .adjusted_by_physician(f, reason="small liver")
            .delivered_activity_gbq
        ),
        lambda a, f: a * f,
        (0.5, 3.0),
        (0.5, 1.0),
    )
    reduced = each("ResinActivity.reduced_for_lung_shunt", resin, defined, (0.01, 0.2), (0.5, 3.0))
    return [
        each(
            "body_surface_area",
            lambda h, w: [p.body_surface_area(h, w, formula=f).body_surface_area_m2 for f in formulas],
            lambda h, w: [getattr(body_surface_area, f"{f}_m2")(h, w) for f in formulas],
            (130.0, 210.0),
            (35.0, 160.0),
        ),
        each(
            "bsa_activity",
            lambda b, t, _, v: (
                p.bsa_activity(b, tumor_volume_ml=t, liver_volume_incl_tumor_ml=v).delivered_activity_gbq
            ),
            lambda b, t, _, v: resin_activity.bsa_gbq(b, t, v),
            *volumes,
        ),
        each(
            "modified_bsa_activity",
            lambda b, t, part, v: (
                p.modified_bsa_activity(
                    b,
                    tumor_volume_in_treated_ml=t,
                    treated_volume_incl_tumor_ml=part,
                    liver_volume_incl_tumor_ml=v,
                ).delivered_activity_gbq
            ),
            resin_activity.modified_bsa_gbq,
            *volumes,
        ),
        each(
            "simple_lobar_bsa_activity",
            lambda b, t, part, v: (
                p.simple_lobar_bsa_activity(
                    b, tumor_volume_ml=t, treated_volume_incl_tumor_ml=part, liver_volume_incl_tumor_ml=v
                ).delivered_activity_gbq
            ),
            resin_activity.simple_lobar_bsa_gbq,
            *volumes,
        ),
        Agreement(
            "planning.empirical_activity",
            lambda: [p.empirical_activity(x).delivered_activity_gbq for x in (0.0, 0.2, 0.25, 0.26, 0.5, 0.51, 1.0)],
            lambda: resin_activity.empirical_gbq([0.0, 0.2, 0.25, 0.26, 0.5, 0.51, 1.0]),
        ),
        Agreement(
            "planning.lung_shunt_reduction",
            lambda: [p.lung_shunt_reduction(x, boundary=b).factor for b in boundaries for x in points],
            lambda: [
                resin_activity.lung_shunt_factor(x, upper_inclusive=b == "upper_inclusive")
                for b in boundaries
                for x in points
            ],
        ),
        reduced,
        Agreement("planning.LungShuntReduction.unreduced_activity_gbq", reduced.core, reduced.reference),
        by_physician,
    ]


def _mass() -> list[Agreement]:
    def energy(d: float, m: float, a: float, s: float) -> float:
        return p.energy_balance(
            d, tumor_mass_kg=m, delivered_activity_gbq=a, lung_shunt_fraction=s, nuclide=NUCLIDE
        ).fraction_of_liver_energy_in_tumor

    return [
        each(
            "mass_from_volume_kg",
            lambda v, d: p.mass_from_volume_kg(v, density_g_per_ml=d),
            mass.mass_from_volume_kg,
            (10.0, 2500.0),
            (0.9, 1.2),
        ),
        each(
            "ellipsoid_volume_ml",
            lambda a, b, c: [p.ellipsoid_volume_ml(a), p.ellipsoid_volume_ml(a, b, c)],
            lambda a, b, c: [mass.ellipsoid_volume_ml(a), mass.ellipsoid_volume_ml(a, b, c)],
            (5.0, 200.0),
            (5.0, 200.0),
            (5.0, 200.0),
        ),
        each(
            "energy_balance",
            energy,
            lambda d, m, a, s: energy_balance.fraction_of_liver_energy_in_tumor(d, m, C, a, s),
            DOSE,
            MASS,
            GBQ,
            SHUNT,
        ),
        each(
            "tumor_mass_for_dose_kg",
            lambda d, f, a, s: p.tumor_mass_for_dose_kg(
                d,
                delivered_activity_gbq=a,
                lung_shunt_fraction=s,
                fraction_of_liver_activity_in_tumor=f,
                nuclide=NUCLIDE,
            ),
            lambda d, f, a, s: energy_balance.tumor_mass_for_dose_kg(d, f, C, a, s),
            DOSE,
            (0.1, 1.0),
            GBQ,
            SHUNT,
        ),
        each(
            "tumor_to_normal_ratio",
            lambda a, m, b, n: (
                p.tumor_to_normal_ratio(
                    tumor_counts=a, tumor_mass_kg=m, normal_counts=b, normal_mass_kg=n
                ).tumor_to_normal_ratio
            ),
            tumor_to_normal.tumor_to_normal_ratio,
            (3e5, 9e5),
            MASS,
            (2e5, 5e5),
            MASS,
        ),
        each(
            "tumor_to_normal_ratio_from_activity_ratio",
            lambda r, m, n: (
                p.tumor_to_normal_ratio_from_activity_ratio(r, tumor_mass_kg=m, normal_mass_kg=n).tumor_to_normal_ratio
            ),
            tumor_to_normal.tumor_to_normal_ratio_from_activity_ratio,
            (0.5, 4.0),
            MASS,
            MASS,
        ),
        each("kao_activities", _kao, tumor_to_normal.kao_activities, GBQ, (0.5, 4.0), (0.0, 0.3)),
    ]


def _kao(activity: float, ratio: float, shunt: float) -> list[float]:
    k = p.kao_activities(activity, activity_ratio=ratio, tumor_lung_shunt_fraction=shunt)
    return [k.normal_activity_gbq, k.lung_activity_gbq, k.total_activity_gbq, k.lung_shunt_fraction]


def _scores() -> list[Agreement]:
    grades = [-3.59, -2.61, -2.60, -2.59, -2.27, -2.26, -1.39, -1.38, 0.5]
    ascites, encephalopathy = ("none", "mild", "moderate-severe"), ("none", "1-2", "3-4")
    patients = list(draws((5.0, 90.0), (20.0, 48.0), (1.0, 3.0), (0.0, 2.99), (0.0, 2.99), count=60))
    sums = list(draws((20.0, 100.0), (20.0, 100.0), (0.0, 130.0), (0.0, 1.99), count=60))

    def modified(grade: p.Albi) -> str:
        return grade.modified_grade

    return [
        each(
            "albi",
            lambda b, a: p.albi(b, a).score,
            scores.albi_score,
            (4.0, 200.0),
            (20.0, 50.0),
        ),
        Agreement(
            "planning.albi_grade",
            lambda: [modified(p.albi_grade(g)) for g in grades],
            lambda: [scores.albi_grade(g) for g in grades],
        ),
        Agreement(
            "planning.child_pugh",
            lambda: [
                p.child_pugh(b, a, i, ascites=ascites[int(x)], encephalopathy=encephalopathy[int(y)]).points
                for b, a, i, x, y in patients
            ],
            lambda: [scores.child_pugh_points(b, a, i, int(x), int(y)) for b, a, i, x, y in patients],
        ),
        Agreement(
            "planning.mrecist",
            lambda: [
                p.mrecist(b, c, nadir_viable_sum_mm=min(b, n), new_lesion=bool(int(w))).category for b, n, c, w in sums
            ],
            lambda: [scores.mrecist(b, min(b, n), c, bool(int(w))) for b, n, c, w in sums],
        ),
    ]
