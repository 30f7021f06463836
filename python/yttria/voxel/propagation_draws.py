"""Random numbers that all voxels of a structure share in one draw: factors, displacements, shifts, recovery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._foundation.choices import UncertaintySource
from .._foundation.provenance import Provenance
from ..evaluation import UncertaintyInputs
from ..evaluation.correlated_components import correlation_matrix
from .dose_components import HALF_LIFE_UNCERTAINTY, METHOD_UNCERTAINTIES

Array = NDArray[np.float64]

#: Sources with one number for all structures, then sources with one for each structure. Correlations are made in this
#: order, so that the numbers that structures share do not depend on the structure.
SHARED: tuple[UncertaintySource, ...] = (
    "calibration",
    "decay",
    "administered_activity",
    "residual",
    "lung_shunt",
    "density",
    "method",
    "recovery",
)
OF_STRUCTURE: tuple[UncertaintySource, ...] = ("counts", "volume")
#: Further independent numbers that structures share: a second input of decay and of recovery, and three for the shift.
_FURTHER = 5
#: Streams of random numbers that no draw of voxels uses.
_SHARED_STREAM, _STRUCTURE_STREAM, RIPPLE_STREAM = 1 << 62, 1 << 63, (1 << 63) | (1 << 62)


@dataclass(frozen=True, kw_only=True)
class SharedDraw:
    """One draw of shared numbers: factor of doses by all sources except counts, shift, deviations of recovery."""

    factor: float
    shift_mm: tuple[float, float, float]
    recovery_deviations: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class StructureDraw:
    """One draw of one structure: factor of its doses by counts, displacement of its contour, number of its ripples."""

    count_factor: float
    displacement_mm: float
    ripple_stream: int


class ScalarDraws:
    """Draws of all stated inputs that are not images, each from its own position in a stream of random numbers.

    Factors that must be positive are lognormal with a mean of 1 and the stated standard deviation. Times, displacements
    and shifts are normal.
    """

    def __init__(self, inputs: UncertaintyInputs, provenance: Provenance, seed: int) -> None:
        """Use the inputs; the provenance states the scaling of the image."""
        self._inputs, self._provenance, self._seed = inputs, provenance, seed
        matrix = np.array(correlation_matrix([*SHARED, *OF_STRUCTURE], inputs.correlations))
        self._mixing = _cholesky(matrix)
        self._is_absolute = provenance.scaling.get("kind") == "absolute"

    def _numbers(self, draw: int, structure: str) -> tuple[dict[str, float], Array]:
        """Draw standard normal numbers by source, correlated as stated, and the further ones."""
        shared = _core._standard_normals(self._seed, _SHARED_STREAM | draw, len(SHARED) + _FURTHER)
        own = _core._standard_normals(
            self._seed, structure_stream(_STRUCTURE_STREAM, structure, draw), len(OF_STRUCTURE)
        )
        mixed = self._mixing @ np.concatenate([shared[: len(SHARED)], own])
        return dict(zip((*SHARED, *OF_STRUCTURE), mixed.tolist(), strict=True)), shared[len(SHARED) :]

    def shared(self, draw: int) -> SharedDraw:
        """Draw the numbers that structures share."""
        z, further = self._numbers(draw, "")
        stated = self._inputs
        factor = _lognormal(z["method"], stated.method_uncertainty)
        factor /= _lognormal(z["density"], stated.density_uncertainty)
        factor *= self._decay(z["decay"], float(further[0]))
        if self._is_absolute:
            factor *= _lognormal(z["calibration"], stated.calibration_uncertainty)
        else:
            factor *= _lognormal(z["administered_activity"], stated.administered_activity_uncertainty)
            factor *= self._complement("residual_fraction", z["residual"], stated.residual_uncertainty)
            factor *= self._complement("lung_shunt_fraction", z["lung_shunt"], stated.lung_shunt_uncertainty)
        u = stated.registration_shift_mm or 0.0
        shift = (u * float(further[2]), u * float(further[3]), u * float(further[4]))
        return SharedDraw(factor=factor, shift_mm=shift, recovery_deviations=(z["recovery"], float(further[1])))

    def of_structure(
        self, draw: int, structure: str, displacement_uncertainty_mm: float, by_noise: bool
    ) -> StructureDraw:
        """Draw the numbers of one structure; its counts have no factor if noise is drawn in the image."""
        z, _ = self._numbers(draw, structure)
        counts = None if by_noise else self._inputs.of_structure("count_uncertainty", structure)
        return StructureDraw(
            count_factor=_lognormal(z["counts"], counts),
            displacement_mm=displacement_uncertainty_mm * z["volume"],
            ripple_stream=structure_stream(RIPPLE_STREAM, structure, draw),
        )

    def _decay(self, of_half_life: float, of_delay: float) -> float:
        """Return the factor of the dose by half-life and scan delay: time integral and decay to administration."""
        longer = _lognormal(of_half_life, self._inputs.half_life_uncertainty)
        if not self._is_absolute:
            return longer
        half_life_h, delay_h = self._provenance.half_life_h, float(self._provenance.scaling["scan_delay_h"])
        later_h = delay_h + (self._inputs.scan_delay_uncertainty_h or 0.0) * of_delay
        return longer * float(2.0 ** ((later_h / longer - delay_h) / half_life_h))

    def _complement(self, name: str, z: float, uncertainty: float | None) -> float:
        """Return the factor of a dose that is proportional to 1 minus a fraction of the scaling."""
        fraction: Any = self._provenance.scaling.get(name)
        if not fraction:
            return 1.0
        return max(1.0 - float(fraction) * _lognormal(z, uncertainty), 0.0) / (1.0 - float(fraction))


def recovery_parameters(inputs: UncertaintyInputs, deviations: Sequence[float]) -> tuple[float, float]:
    """Return the parameters (b1 in mL, b2) of the recovery curve in a draw; their logarithms are normal."""
    curve = inputs.recovery
    assert curve is not None
    values = np.array([curve.b1_ml, curve.b2])
    relative = np.asarray(curve.covariance, np.float64) / np.outer(values, values)
    drawn = values * np.exp(_cholesky(relative) @ np.asarray(deviations))
    return float(drawn[0]), float(drawn[1])


def with_defaults(inputs: UncertaintyInputs, provenance: Provenance) -> UncertaintyInputs:
    """Return the inputs with the defaults of half-life and dose model that the budgets name."""
    defaults: dict[str, float] = {}
    if inputs.half_life_uncertainty is None:
        defaults["half_life_uncertainty"] = HALF_LIFE_UNCERTAINTY
    if inputs.method_uncertainty is None and provenance.method in METHOD_UNCERTAINTIES:
        defaults["method_uncertainty"] = METHOD_UNCERTAINTIES[provenance.method][0]
    return inputs.replaced(**defaults)


def structure_stream(kind: int, structure: str, draw: int) -> int:
    """Return the number of a structure's stream in a draw, which depends on its name, not on other structures."""
    return kind | crc32(structure.encode()) << 30 | draw


def _lognormal(z: float, relative: float | None) -> float:
    """Return a positive number of a distribution with mean 1 and standard deviation `relative`."""
    if not relative:
        return 1.0
    sigma = sqrt(log(1.0 + relative**2))
    return exp(sigma * z - 0.5 * sigma**2)


def _cholesky(matrix: Array) -> Array:
    """Return the lower triangle L with `L L^T` equal to the matrix, which may be singular."""
    lower = np.zeros_like(matrix)
    for row in range(len(matrix)):
        for column in range(row + 1):
            rest = matrix[row, column] - lower[row, :column] @ lower[column, :column]
            if row == column:
                lower[row, row] = sqrt(max(float(rest), 0.0))
            elif lower[column, column] > 1e-9 * sqrt(float(matrix[column, column]) or 1.0):
                lower[row, column] = rest / lower[column, column]
    return lower
