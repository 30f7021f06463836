"""Planning: methods, times and lists."""

from __future__ import annotations

from ... import planning as p
from ...reference import decay, lung, mass, resin_activity
from ..records.planning import LUNG_GBQ, SHUNT
from ._comparison import NUCLIDE, C, Comparison, T, each

TIMES = [
    ("2024-03-10T00:00:00-05:00", "2024-03-11T12:00:00-04:00"),
    ("2024-04-14T12:00:00-04:00", "2024-04-16T10:00:00+02:00"),
    ("2025-12-31T23:30:00+09:00", "2025-12-31T08:15:30-07:00"),
]


def _resin(activity_gbq: float) -> p.ResinActivity:
    return p.ResinActivity(
        delivered_activity_gbq=activity_gbq, model="bsa", tumor_involvement_fraction=0.2, factors=(), advisories=()
    )


def _bounds(shunt: float, maa: float, y90: float) -> list[object]:
    terms = {"maa_mbq": [maa, 75.0], "delivered_activity_gbq": [y90, 1.4], "lung_mass_kg": 0.9}
    b = p.lung_dose_bounds(shunt, **terms, nuclide=NUCLIDE)  # type: ignore[arg-type]
    return [b.lung_dose_equal_gy, b.lung_shunt_if_all_from, b.lung_dose_if_all_from_gy]


def entries() -> list[Comparison]:
    """All of them."""
    diameters = ((5.0, 200.0),) * 3
    return [
        each(
            "planning.ResinActivity.reduced_for_lung_shunt",
            lambda shunt, a: _resin(a).reduced_for_lung_shunt(shunt).delivered_activity_gbq,
            lambda shunt, a: a * resin_activity.lung_shunt_reduction(shunt),
            *((0.01, 0.2), (0.5, 3.0)),
        ),
        each(
            "planning.LungShuntReduction.unreduced_activity_gbq",
            lambda shunt, a: p.lung_shunt_reduction(shunt).unreduced_activity_gbq(a),
            lambda shunt, a: a / resin_activity.lung_shunt_reduction(shunt),
            *((0.01, 0.2), (0.5, 3.0)),
        ),
        each(
            "planning.ResinActivity.adjusted_by_physician",
            lambda a, f: _resin(a).adjusted_by_physician(f, reason="small liver").delivered_activity_gbq,
            lambda a, f: a * f,
            *((0.5, 3.0), (0.5, 1.0)),
        ),
        each(
            "planning.ellipsoid_volume_ml",
            lambda a, b, c: [p.ellipsoid_volume_ml(a), p.ellipsoid_volume_ml(a, b, c)],
            lambda a, b, c: [mass.ellipsoid_volume_ml(a), mass.ellipsoid_volume_ml(a, b, c)],
            *diameters,
        ),
        Comparison(
            name="planning.elapsed_h",
            core=lambda: [p.elapsed_h(*pair) for pair in TIMES],
            reference=lambda: [decay.elapsed_h(*pair) for pair in TIMES],
        ),
        Comparison(
            name="planning.vial_activity",
            core=lambda: [p.vial_activity(10.0, *pair, nuclide=NUCLIDE).vial_activity_gbq for pair in TIMES],
            reference=lambda: [decay.vial_activity(10.0, *pair, T)["vial_activity_gbq"] for pair in TIMES],
        ),
        each(
            "planning.combined_lung_shunt_fraction",
            lambda a, b, w: p.combined_lung_shunt_fraction([a, b], [w, 75.0], weighting="maa").lung_shunt_fraction,
            lambda a, b, w: lung.combined_lung_shunt_fraction([a, b], [w, 75.0]),
            *(SHUNT, SHUNT, (100.0, 200.0)),
        ),
        each(
            "planning.lung_dose_bounds",
            _bounds,
            lambda s, maa, y90: list(
                lung.lung_dose_bounds(s, [maa, 75.0], [y90, 1.4], 0.9, dose_factor_gy_kg_per_gbq=C).values()
            ),
            *((0.02, 0.12), (120.0, 200.0), LUNG_GBQ),
        ),
    ]
