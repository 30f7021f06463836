"""Planning: decay, delivery, lungs."""

from __future__ import annotations

from typing import Any

from ... import planning as p
from ...reference import combined_shunt, decay, delivery, lung, single_compartment
from ._entry import Agreement
from ._planning import GBQ, LUNG_GBQ, LUNG_KG, NUCLIDE, SHUNT, C, T, each


def entries() -> list[Agreement]:
    """All of them."""
    return [*_decay(), *_lung()]


def _decay() -> list[Agreement]:
    times = [
        ("2024-03-10T00:00:00-05:00", "2024-03-11T12:00:00-04:00"),
        ("2024-04-14T12:00:00-04:00", "2024-04-16T10:00:00+02:00"),
        ("2025-12-31T23:30:00+09:00", "2025-12-31T08:15:30-07:00"),
    ]
    corrections = ("ADMIN", "START", "NONE")

    def residual(before: float, after: float, background: float, hours: float) -> float:
        return p.residual_fraction(
            before, after, background=background, elapsed_h=hours, nuclide=NUCLIDE
        ).residual_fraction

    def timing(size: float, needed: float, tolerance: float) -> list[float]:
        found = p.vial_timing(size, needed, tolerance_fraction=tolerance, nuclide=NUCLIDE)
        return [found.hours_after_calibration, found.earliest_h, found.latest_h]

    return [
        each(
            "decayed_activity_gbq",
            lambda a, t: p.decayed_activity_gbq(a, t, nuclide=NUCLIDE),
            lambda a, t: decay.decayed_activity(a, t, T),
            GBQ,
            (-200.0, 600.0),
        ),
        each(
            "hours_to_decay",
            lambda a, b: p.hours_to_decay(a, b, nuclide=NUCLIDE),
            lambda a, b: decay.hours_to_decay(a, b, T),
            (3.0, 20.0),
            (0.2, 2.5),
        ),
        Agreement(
            "planning.elapsed_h",
            lambda: [p.elapsed_h(*pair) for pair in times],
            lambda: [decay.elapsed_h(*pair) for pair in times],
        ),
        Agreement(
            "planning.vial_activity",
            lambda: [p.vial_activity(10.0, *pair, nuclide=NUCLIDE).vial_activity_gbq for pair in times],
            lambda: [decay.decayed_activity(10.0, decay.elapsed_h(*pair), T) for pair in times],
        ),
        each(
            "factor_to_administration",
            lambda t, d: [
                p.factor_to_administration(c, t, frame_duration_h=d, nuclide=NUCLIDE).factor for c in corrections
            ],
            lambda t, d: [decay.factor_to_administration(c, t, d, T) for c in corrections],
            (0.0, 40.0),
            (0.05, 2.0),
        ),
        each("gbq_from_mci", p.gbq_from_mci, decay.gbq_from_mci, (1.0, 500.0)),
        each("mci_from_gbq", p.mci_from_gbq, decay.mci_from_gbq, GBQ),
        each(
            "historic_dose_factor",
            p.historic_dose_factor,
            decay.historic_dose_factor,
            (1.8, 2.2),
            (1.44, 1.45),
            (63.5, 65.0),
        ),
        each(
            "time_integrated_activity_gbq_h",
            lambda a: p.time_integrated_activity_gbq_h(a, nuclide=NUCLIDE),
            lambda a: decay.time_integrated_activity(a, T),
            GBQ,
        ),
        each(
            "delivered_activity_gbq",
            p.delivered_activity_gbq,
            delivery.delivered_activity_gbq,
            GBQ,
            (0.0, 0.4),
        ),
        each("number_of_spheres", p.number_of_spheres, delivery.number_of_spheres, GBQ, (40.0, 2600.0)),
        each("sphere_activity_bq", p.sphere_activity_bq, delivery.sphere_activity_bq, GBQ, (1e6, 5e7)),
        each(
            "residual_fraction",
            residual,
            lambda before, after, background, hours: delivery.residual_fraction(before, after, background, hours, T),
            (80.0, 120.0),
            (3.0, 9.0),
            (0.5, 2.0),
            (0.0, 6.0),
        ),
        each(
            "vial_timing",
            timing,
            lambda size, needed, x: [
                delivery.vial_time(size, needed, T),
                *delivery.vial_window(size, needed, x, T),
            ],
            (8.0, 20.0),
            (1.0, 5.0),
            (0.01, 0.2),
        ),
    ]


def _lung() -> list[Agreement]:
    counts = ((3e4, 9e4), (3e4, 9e4), (5e5, 1e6), (5e5, 1e6), (0.0, 4.0))

    def planar(la: float, lp: float, ha: float, hp: float, background: float) -> float:
        return p.planar_lung_shunt_fraction(
            lung_anterior_counts=[0.4 * la, 0.6 * la],
            lung_posterior_counts=[0.3 * lp, 0.7 * lp],
            liver_anterior_counts=ha,
            liver_posterior_counts=hp,
            background_counts_per_pixel=background,
            lung_pixels=4000,
            liver_pixels=3000,
        ).lung_shunt_fraction

    def defined(la: float, lp: float, ha: float, hp: float, background: float) -> Any:
        return lung.lung_shunt_fraction(
            lung.geometric_mean([0.4 * la, 0.6 * la], [0.3 * lp, 0.7 * lp], background, 4000),
            lung.geometric_mean(ha, hp, background, 3000),
        )

    def bounds(shunt: float, maa: float, y90: float) -> list[Any]:
        found = p.lung_dose_bounds(
            shunt, maa_mbq=[maa, 75.0], delivered_activity_gbq=[y90, 1.4], lung_mass_kg=0.9, nuclide=NUCLIDE
        )
        return [found.lung_dose_equal_gy, *found.lung_shunt_if_all_from, *found.lung_dose_if_all_from_gy]

    def defined_bounds(shunt: float, maa: float, y90: float) -> list[Any]:
        alone = [combined_shunt.lung_shunt_if_all_from(shunt, [maa, 75.0], i) for i in (0, 1)]
        doses = [
            single_compartment.lung_dose_gy(C, a, s, 0.9)
            for a, s in [(y90 + 1.4, shunt), (y90, alone[0]), (1.4, alone[1])]
        ]
        return [doses[0], *alone, *doses[1:]]

    return [
        each("planar_lung_shunt_fraction", planar, defined, *counts),
        each(
            "spect_lung_shunt_fraction",
            lambda a, b, v: (
                p.spect_lung_shunt_fraction(
                    lung_counts=a, liver_counts=b, lung_fraction_in_field_of_view=v
                ).lung_shunt_fraction
            ),
            lung.spect_lung_shunt_fraction,
            (100.0, 900.0),
            (5000.0, 9000.0),
            (0.55, 1.0),
        ),
        each(
            "scatter_corrected_counts",
            lambda main, low, w, v: p.scatter_corrected_counts(
                main_window_counts=main, lower_window_counts=low, main_window_kev=w, lower_window_kev=v
            ),
            lung.scatter_corrected_counts,
            (5e4, 9e4),
            (1e3, 2e4),
            (25.0, 32.0),
            (10.0, 16.0),
        ),
        each(
            "lung_dose",
            lambda a, s, m: p.lung_dose(a, lung_shunt_fraction=s, lung_mass_kg=m, nuclide=NUCLIDE).lung_dose_gy,
            lambda a, s, m: single_compartment.lung_dose_gy(C, a, s, m),
            LUNG_GBQ,
            SHUNT,
            LUNG_KG,
        ),
        each(
            "lung_mass_for_dose_kg",
            lambda a, s, d: p.lung_mass_for_dose_kg(
                d, delivered_activity_gbq=a, lung_shunt_fraction=s, nuclide=NUCLIDE
            ),
            lambda a, s, d: lung.lung_mass_for_dose_kg(C, a, s, d),
            LUNG_GBQ,
            (0.02, 0.3),
            (5.0, 30.0),
        ),
        each(
            "lung_shunt_for_dose",
            lambda a, m, d: p.lung_shunt_for_dose(d, delivered_activity_gbq=a, lung_mass_kg=m, nuclide=NUCLIDE),
            lambda a, m, d: lung.lung_shunt_for_dose(C, a, m, d),
            (2.0, 4.0),
            LUNG_KG,
            (5.0, 30.0),
        ),
        each(
            "combined_lung_shunt_fraction",
            lambda a, b, w: p.combined_lung_shunt_fraction([a, b], [w, 75.0], weighting="maa").lung_shunt_fraction,
            lambda a, b, w: combined_shunt.combined_lung_shunt_fraction([a, b], [w, 75.0]),
            SHUNT,
            SHUNT,
            (100.0, 200.0),
        ),
        each("lung_dose_bounds", bounds, defined_bounds, (0.02, 0.12), (120.0, 200.0), LUNG_GBQ),
    ]
