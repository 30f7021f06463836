"""Voxel fractions, histograms, gamma, recovery."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import evaluation as e
from ... import geometry
from ...reference import dvh, gamma, uncertainty, voxel_fractions
from ._comparison import Comparison


def entries() -> list[Comparison]:
    """All of them."""
    return [*_voxel_fractions(), *_histograms(), *_gamma(), *_uncertainty()]


def _voxel_fractions() -> list[Comparison]:
    rng = np.random.default_rng(23)
    mask = rng.integers(0, 2, (6, 9, 7)).astype(bool)
    fine, coarse = np.diag([2.0, 2.5, 3.0, 1.0]), np.diag([4.0, 5.0, 4.5, 1.0])
    fine[:3, 3], coarse[:3, 3] = (-3.0, 4.25, 2.0), (-5.0, 3.0, -1.0)
    shape = (5, 4, 6)
    fractions = rng.uniform(0.0, 1.0, (3, 4, 5)).astype(np.float32)
    return [
        # Every face of a mask voxel falls between two of 24 parts of a dose voxel: the definition is exact.
        Comparison(
            name="geometry.voxel_fractions",
            core=lambda: geometry.voxel_fractions(mask, fine, shape, coarse).to_array(),
            reference=lambda: voxel_fractions.voxel_fractions(mask, fine, shape, coarse, samples_per_axis=24),
            relative=1e-6,
            of_maximum=1e-6,
        ),
        Comparison(
            name="geometry.fractions_of_mask",
            core=lambda: geometry.fractions_of_mask(fractions).to_array(),
            reference=lambda: fractions,
            relative=1e-6,
        ),
        Comparison(
            name="geometry.VoxelFractions.volume_ml",
            core=lambda: geometry.fractions_of_mask(fractions).volume_ml(0.03),
            reference=lambda: np.sum(fractions, dtype=np.float64) * 0.03,
            relative=1e-7,
        ),
    ]


def _gamma() -> list[Comparison]:
    # A reference far from the evaluated doses: the least gamma lies at a corner of a cell, which is a sample.
    rng = np.random.default_rng(25)
    size_mm, affine = (3.0, 2.0, 2.5), np.diag([2.5, 2.0, 3.0, 1.0])
    a, b = rng.uniform(40.0, 50.0, (4, 6, 5)), rng.uniform(60.0, 70.0, (4, 6, 5))
    a[1] *= 0.05
    criteria: dict[str, Any] = {"dose_difference_fraction": 0.2, "distance_mm": 60.0, "lower_dose_cutoff_fraction": 0.2}
    return [
        Comparison(
            name="evaluation.gamma_index",
            core=lambda: e.gamma_index(a, b, voxel_size_mm=size_mm, maximum_gamma=9.0, **criteria).gamma,
            reference=lambda: gamma.gamma_index(
                a, affine, b, affine, maximum_gamma=9.0, samples_per_voxel=3, **criteria
            ),
            relative=1e-4,
        ),
    ]


def _histograms() -> list[Comparison]:
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
        Comparison(
            name="evaluation.dose_volume_histograms",
            core=whole_histogram,
            reference=lambda: [
                whole,
                dvh.mean_dose(flat_dose, part),
                flat_dose.min(),
                flat_dose.max(),
                dvh.standard_deviation(flat_dose, part),
            ],
            relative=1e-6,
        ),
        Comparison(
            name="evaluation.DoseVolumeHistogram.dose_at_volume_percent",
            core=lambda: [
                [made.dose_at_volume_percent(x) for x in percents],
                [made.dose_at_volume_percent(x, interpolation="linear") for x in percents],
            ],
            reference=lambda: [
                [dvh.dose_at_volume(flat_dose, part, x / 100 * whole) for x in percents],
                [dvh.dose_at_volume_linear(flat_dose, part, x / 100 * whole) for x in percents],
            ],
            relative=1e-7,
        ),
        Comparison(
            name="evaluation.DoseVolumeHistogram.dose_at_volume_ml",
            core=lambda: [made.dose_at_volume_ml(x) for x in (0.0, 0.03, 1.0, 10.0)],
            reference=lambda: [dvh.dose_at_volume(flat_dose, part, x) for x in (0.0, 0.03, 1.0, 10.0)],
            relative=1e-9,
        ),
        Comparison(
            name="evaluation.DoseVolumeHistogram.volume_at_dose_percent",
            core=lambda: [made.volume_at_dose_percent(d, strict=s) for d in levels for s in (False, True)],
            reference=lambda: [
                100 * dvh.volume_at_dose(flat_dose, part, d, strict=s) / whole for d in levels for s in (False, True)
            ],
            relative=1e-6,
            of_maximum=1e-9,
        ),
        Comparison(
            name="evaluation.DoseVolumeHistogram.volume_at_dose_ml",
            core=lambda: [made.volume_at_dose_ml(d) for d in levels],
            reference=lambda: [dvh.volume_at_dose(flat_dose, part, d) for d in levels],
            relative=1e-6,
            of_maximum=1e-9,
        ),
        Comparison(
            name="evaluation.DoseVolumeHistogram.curve",
            core=lambda: made.curve(doses_gy=at)[1],
            reference=lambda: [dvh.volume_at_dose(flat_dose, part, d) for d in at],
            relative=1e-6,
            of_maximum=1e-9,
        ),
        Comparison(
            name="evaluation.DoseVolumeHistogram.differential",
            core=differential,
            reference=lambda: list(dvh.cumulative_curve(flat_dose, part)),
            relative=1e-6,
            of_maximum=1e-9,
        ),
    ]


def _uncertainty() -> list[Comparison]:
    covariance = [[0.04, -0.003], [-0.003, 0.0025]]
    curve = e.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance=covariance)
    volumes = [0.5, 2.0, 9.0, 40.0]

    def dose(volume: float) -> float:
        return e.dose_uncertainty(
            volume, volume_uncertainty=0.2, fwhm_mm=7.0, recovery=curve, calibration_uncertainty=0.05
        ).absorbed_dose

    return [
        Comparison(
            name="evaluation.RecoveryCurve.recovery",
            core=lambda: [curve.recovery(v) for v in volumes],
            reference=lambda: [uncertainty.recovery(v, 2.6, 1.1) for v in volumes],
        ),
        Comparison(
            name="evaluation.RecoveryCurve.uncertainty",
            core=lambda: [curve.uncertainty(v, volume_uncertainty=0.2) for v in volumes],
            reference=lambda: [uncertainty.recovery_uncertainty(v, 2.6, 1.1, covariance, 0.2) for v in volumes],
            relative=1e-7,
        ),
        Comparison(
            name="evaluation.dose_uncertainty",
            core=lambda: [dose(v) for v in volumes],
            reference=lambda: [
                uncertainty.dose_uncertainty(v, 0.2, 7.0, 2.6, 1.1, covariance, 0.05, 0.001) for v in volumes
            ],
            relative=1e-7,
        ),
    ]
