"""Occupancy, histograms, radiobiology, uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import evaluation as e
from ... import geometry
from ..._core import Nuclide
from ...reference import dvh, gamma, occupancy, radiobiology, uncertainty
from ._entry import Agreement, draws

NUCLIDE = Nuclide.from_dose_factor(64.05, 49.38)
T = NUCLIDE.half_life_h
LQ = {"alpha_beta_gy": 8.0, "repair_half_time_h": 1.7}


def entries() -> list[Agreement]:
    """All of them."""
    return [*_occupancy(), *_histograms(), *_gamma(), *_radiobiology(), *_uncertainty()]


def _occupancy() -> list[Agreement]:
    rng = np.random.default_rng(23)
    mask = rng.integers(0, 2, (6, 9, 7)).astype(bool)
    fine, coarse = np.diag([2.0, 2.5, 3.0, 1.0]), np.diag([4.0, 5.0, 4.5, 1.0])
    fine[:3, 3], coarse[:3, 3] = (-3.0, 4.25, 2.0), (-5.0, 3.0, -1.0)
    shape = (5, 4, 6)
    fractions = rng.uniform(0.0, 1.0, (3, 4, 5)).astype(np.float32)
    return [
        # Every face of a mask voxel falls between two of 24 parts of a dose voxel: the definition is exact.
        Agreement(
            "geometry.voxel_fractions",
            lambda: geometry.voxel_fractions(mask, fine, shape, coarse).to_array(),
            lambda: occupancy.occupancy(mask, fine, shape, coarse, samples_per_axis=24),
            1e-6,
            1e-6,
        ),
        Agreement(
            "geometry.VoxelFractions.from_mask",
            lambda: geometry.VoxelFractions.from_mask(fractions).to_array(),
            lambda: fractions,
            1e-6,
        ),
        Agreement(
            "geometry.VoxelFractions.volume_ml",
            lambda: geometry.VoxelFractions.from_mask(fractions).volume_ml(0.03),
            lambda: np.sum(fractions, dtype=np.float64) * 0.03,
            1e-7,
        ),
    ]


def _gamma() -> list[Agreement]:
    # A reference far from the evaluated doses: the least gamma lies at a corner of a cell, which is a sample.
    rng = np.random.default_rng(25)
    size_mm, affine = (3.0, 2.0, 2.5), np.diag([2.5, 2.0, 3.0, 1.0])
    a, b = rng.uniform(40.0, 50.0, (4, 6, 5)), rng.uniform(60.0, 70.0, (4, 6, 5))
    a[1] *= 0.05
    criteria: dict[str, Any] = {"dose_difference_fraction": 0.2, "distance_mm": 60.0, "lower_dose_cutoff_fraction": 0.2}
    return [
        Agreement(
            "evaluation.gamma_index",
            lambda: e.gamma_index(a, b, voxel_size_mm=size_mm, maximum_gamma=9.0, **criteria).gamma,
            lambda: gamma.gamma_index(a, affine, b, affine, maximum_gamma=9.0, samples_per_voxel=3, **criteria),
            1e-4,
        ),
    ]


def _histograms() -> list[Agreement]:
    rng = np.random.default_rng(24)
    shape = (9, 14, 11)
    dose = rng.gamma(2.0, 40.0, shape)
    dose[:, :3] = np.round(dose[:, :3])  # equal doses
    weights = rng.uniform(0.05, 1.0, shape).astype(np.float32)
    flat_dose, part = dose.ravel(), weights.ravel().astype(np.float64) * 0.03
    whole = float(part.sum())

    def histogram() -> e.DoseVolumeHistogram:
        return e.dose_volume_histograms(dose, {"s": weights}, voxel_volume_ml=0.03)["s"]

    made = histogram()
    percents, levels = [0.0, 2.0, 50.0, 95.0, 100.0], [0.0, 30.0, 90.0, 500.0]
    at = np.linspace(0.0, 300.0, 31)

    def whole_histogram() -> list[float]:
        h = histogram()
        return [h.volume_ml, h.mean_gy, h.minimum_gy, h.maximum_gy, h.standard_deviation_gy]

    def differential() -> list[Any]:
        doses, volumes = made.differential()
        return [doses, np.cumsum(np.asarray(volumes)[::-1])[::-1]]

    return [
        Agreement(
            "evaluation.dose_volume_histograms",
            whole_histogram,
            lambda: [
                whole,
                dvh.mean_dose(flat_dose, part),
                flat_dose.min(),
                flat_dose.max(),
                dvh.standard_deviation(flat_dose, part),
            ],
            1e-6,
        ),
        Agreement(
            "evaluation.DoseVolumeHistogram.dose_at_volume_percent",
            lambda: [
                [made.dose_at_volume_percent(x) for x in percents],
                [made.dose_at_volume_percent(x, interpolation="linear") for x in percents],
            ],
            lambda: [
                [dvh.dose_at_volume(flat_dose, part, x / 100 * whole) for x in percents],
                [dvh.dose_at_volume_linear(flat_dose, part, x / 100 * whole) for x in percents],
            ],
            1e-7,
        ),
        Agreement(
            "evaluation.DoseVolumeHistogram.dose_at_volume_ml",
            lambda: [made.dose_at_volume_ml(x) for x in (0.0, 0.03, 1.0, 10.0)],
            lambda: [dvh.dose_at_volume(flat_dose, part, x) for x in (0.0, 0.03, 1.0, 10.0)],
            1e-9,
        ),
        Agreement(
            "evaluation.DoseVolumeHistogram.volume_at_dose_percent",
            lambda: [made.volume_at_dose_percent(d, strict=s) for d in levels for s in (False, True)],
            lambda: [
                100 * dvh.volume_at_dose(flat_dose, part, d, strict=s) / whole for d in levels for s in (False, True)
            ],
            1e-6,
            1e-9,
        ),
        Agreement(
            "evaluation.DoseVolumeHistogram.volume_at_dose_ml",
            lambda: [made.volume_at_dose_ml(d) for d in levels],
            lambda: [dvh.volume_at_dose(flat_dose, part, d) for d in levels],
            1e-6,
            1e-9,
        ),
        Agreement(
            "evaluation.DoseVolumeHistogram.curve",
            lambda: made.curve(doses_gy=at)[1],
            lambda: [dvh.volume_at_dose(flat_dose, part, d) for d in at],
            1e-6,
            1e-9,
        ),
        Agreement(
            "evaluation.DoseVolumeHistogram.differential",
            differential,
            lambda: list(dvh.cumulative_curve(flat_dose, part)),
            1e-6,
            1e-9,
        ),
    ]


def _radiobiology() -> list[Agreement]:
    rng = np.random.default_rng(25)
    dose, volume = rng.uniform(1.0, 300.0, 4000), rng.uniform(0.1, 2.0, 4000)
    alpha = 0.02

    def pair(name: str, core: Callable[[], Any], defined: Callable[[], Any], relative: float = 1e-12) -> Agreement:
        return Agreement(f"evaluation.{name}", core, defined, relative)

    def injections() -> list[float]:
        found = e.bed_of_injections([40.0, 75.0], **LQ, nuclide=NUCLIDE)
        return [found.lower_gy, found.upper_gy]

    ratio, repair = LQ["alpha_beta_gy"], LQ["repair_half_time_h"]
    return [
        pair(
            "bed_gy", lambda: e.bed_gy(dose, **LQ, nuclide=NUCLIDE), lambda: radiobiology.bed_gy(dose, ratio, repair, T)
        ),
        pair(
            "dose_from_bed_gy",
            lambda: e.dose_from_bed_gy(dose, **LQ, nuclide=NUCLIDE),
            lambda: radiobiology.dose_from_bed_gy(dose, ratio, repair, T),
            1e-11,
        ),
        pair("eqd2_gy", lambda: e.eqd2_gy(dose, alpha_beta_gy=8.0), lambda: radiobiology.eqd2_gy(dose, 8.0)),
        pair(
            "bed_of_injections",
            injections,
            lambda: list(radiobiology.bed_of_injections_gy([40.0, 75.0], ratio, repair, T)),
        ),
        pair(
            "generalized_eud",
            lambda: [e.generalized_eud(dose, volume, a=a).value_gy for a in (-5.0, 1.0, 2.5)],
            lambda: [radiobiology.generalized_eud_gy(dose, volume, a) for a in (-5.0, 1.0, 2.5)],
            1e-11,
        ),
        pair(
            "survival_eud",
            lambda: e.survival_eud(dose, volume, alpha_per_gy=alpha).value_gy,
            lambda: radiobiology.survival_eud_gy(dose, volume, alpha),
            1e-11,
        ),
        pair(
            "effective_uniform_bed",
            lambda: e.effective_uniform_bed(dose, volume, alpha_per_gy=alpha, **LQ, nuclide=NUCLIDE).value_gy,
            lambda: radiobiology.eubed_gy(dose, volume, alpha, ratio, repair, T),
            1e-11,
        ),
        pair(
            "ntcp_lyman",
            lambda: e.ntcp_lyman(dose, volume, td50_gy=140.0, m=0.3, n=0.8).probability,
            lambda: radiobiology.lyman_ntcp(dose, volume, 140.0, 0.3, 0.8),
            1e-9,
        ),
        pair(
            "ntcp_logistic",
            lambda: e.ntcp_logistic(dose, volume, d50_gy=120.0, gamma50=1.2).probability,
            lambda: radiobiology.logistic_response(dose, volume, 120.0, 1.2),
        ),
        pair(
            "tcp_logistic",
            lambda: e.tcp_logistic(dose, volume, d50_gy=180.0, gamma50=1.7).probability,
            lambda: radiobiology.logistic_response(dose, volume, 180.0, 1.7),
        ),
        pair(
            "tcp_poisson",
            lambda: e.tcp_poisson(dose, volume, alpha_per_gy=0.1, clonogens=40.0).probability,
            lambda: radiobiology.poisson_tcp(dose, volume, 0.1, 40.0),
            1e-10,
        ),
    ]


def _uncertainty() -> list[Agreement]:
    spheres = list(draws((10.0, 90.0), (1.0, 6.0), (0.0, 12.0)))
    covariance = [[0.04, -0.003], [-0.003, 0.0025]]
    curve = e.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance=covariance)
    volumes = [0.5, 2.0, 9.0, 40.0]
    inputs = (2.0, 0.05, 0.3, 1.2, 4.0)
    relative = (0.10, 0.30, 0.15, 0.10, 0.20)

    def partition() -> list[float]:
        u = e.partition_uncertainty(
            lung_shunt_fraction=0.05,
            tumor_mass_kg=0.3,
            normal_mass_kg=1.2,
            tumor_to_normal_ratio=4.0,
            activity_uncertainty=0.10,
            lung_shunt_uncertainty=0.30,
            tumor_mass_uncertainty=0.15,
            normal_mass_uncertainty=0.10,
            ratio_uncertainty=0.20,
        )
        return [*u.tumor_sensitivity.values(), u.tumor_dose, *u.normal_sensitivity.values(), u.normal_dose]

    def defined_partition() -> list[Any]:
        found: list[Any] = []
        for tissue in (0, 1):
            g = uncertainty.relative_sensitivities(lambda *x, t=tissue: uncertainty.partition_doses(*x)[t], inputs)
            found += [*g, uncertainty.propagated(g, relative)]
        return found

    def dose(volume: float) -> float:
        return e.dose_uncertainty(
            volume, volume_uncertainty=0.2, fwhm_mm=7.0, recovery=curve, calibration_uncertainty=0.05
        ).absorbed_dose

    return [
        Agreement(
            "evaluation.sphere_volume_uncertainty",
            lambda: [e.sphere_volume_uncertainty(d, voxel_size_mm=a, fwhm_mm=w).relative for d, a, w in spheres],
            lambda: [uncertainty.sphere_volume_uncertainty(*row) for row in spheres],
        ),
        Agreement(
            "evaluation.ellipsoid_volume_uncertainty",
            lambda: e.ellipsoid_volume_uncertainty([30.0, 45.0, 70.0], voxel_size_mm=3.0, fwhm_mm=6.0).relative,
            lambda: uncertainty.ellipsoid_volume_uncertainty([30.0, 45.0, 70.0], 3.0, 6.0),
        ),
        Agreement(
            "evaluation.count_edge_factor",
            lambda: [e.count_edge_factor(radius_mm=d, fwhm_mm=w + 0.5) for d, _, w in spheres],
            lambda: [uncertainty.count_edge_factor(d, w + 0.5) for d, _, w in spheres],
            1e-9,
        ),
        Agreement(
            "evaluation.combined_uncertainty",
            lambda: e.combined_uncertainty([0.1, 0.05, 0.2]),
            lambda: uncertainty.propagated([1.0, 1.0, 1.0], [0.1, 0.05, 0.2]),
        ),
        Agreement(
            "evaluation.RecoveryCurve.recovery",
            lambda: [curve.recovery(v) for v in volumes],
            lambda: [uncertainty.recovery(v, 2.6, 1.1) for v in volumes],
        ),
        Agreement(
            "evaluation.RecoveryCurve.uncertainty",
            lambda: [curve.uncertainty(v, volume_uncertainty=0.2) for v in volumes],
            lambda: [uncertainty.recovery_uncertainty(v, 2.6, 1.1, covariance, 0.2) for v in volumes],
            1e-7,
        ),
        Agreement(
            "evaluation.dose_uncertainty",
            lambda: [dose(v) for v in volumes],
            lambda: [uncertainty.dose_uncertainty(v, 0.2, 7.0, 2.6, 1.1, covariance, 0.05, 0.001) for v in volumes],
            1e-7,
        ),
        Agreement("evaluation.partition_uncertainty", partition, defined_partition, 1e-8),
    ]
