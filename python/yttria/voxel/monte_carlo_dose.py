"""Results, progress and stopping rules of a Monte Carlo run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._foundation.numbers import open_fraction
from .method_options import both_criteria
from .monte_carlo_media import whole_within

#: Smallest number of batches for a standard error, if a run is not interrupted.
MINIMUM_BATCHES = 50
#: Batches between two checks of the uncertainty, for any number of threads.
BATCHES_PER_LOOK = 10
#: Largest number of decays of a batch, and their number if the uncertainty decides when to stop.
LARGEST_BATCH, BATCH_TO_UNCERTAINTY = 200_000, 20_000


@dataclass(frozen=True, kw_only=True)
class StructureEstimate:
    """Mean dose of a structure with its standard error.

    Parameters
    ----------
    mean_gy : float
        Mean over the voxels, each weighted by its fraction inside.
    uncertainty_gy : float
        Standard error (k = 1) from the spread of the batches, with the correlation of the voxels.
    difference_weight : float
        Weight of the correlated difference, from 0 (plain) to 1.
    """

    mean_gy: float
    uncertainty_gy: float
    difference_weight: float = 0.0


@dataclass(frozen=True, kw_only=True)
class MonteCarloDose:
    """Results of a Monte Carlo run so far.

    Parameters
    ----------
    dose_gy : ndarray
        Absorbed dose after complete decay, float32, shape (k, j, i); 0 in voxels without mass.
    uncertainty_gy : ndarray
        Standard error (k = 1) of each voxel.
    structures : dict
        Mean dose of each structure by its name.
    histories : int
        Decays simulated.
    batches : int
        Number of batches of equal size.
    emitted_mev, deposited_mev, escaped_mev : float
        Mean energy per decay of the beta particles, absorbed in the map, and carried away by bremsstrahlung and by
        electrons that leave the map. The first is the sum of the others.
    relative_uncertainty : float
        Root mean square of the relative standard errors of the voxels above half of the largest dose.
    seconds : float
        Time spent on the histories.
    seed : int
        Seed of the run.
    difference_weight : ndarray
        Weight of the correlated difference in each voxel, float32, from 0 (plain) to 1.
    mean_difference_weight : float
        Its mean over the voxels, weighted by the dose.
    reference_medium : str or None
        Medium of the uniform reference; None with the plain estimator, and if all activity is in gas.
    reference_density_g_per_ml : float or None
        Its density.
    """

    dose_gy: NDArray[np.float32]
    uncertainty_gy: NDArray[np.float32]
    structures: dict[str, StructureEstimate]
    histories: int
    batches: int
    emitted_mev: float
    deposited_mev: float
    escaped_mev: float
    relative_uncertainty: float
    seconds: float
    seed: int
    difference_weight: NDArray[np.float32]
    mean_difference_weight: float
    reference_medium: str | None
    reference_density_g_per_ml: float | None


@dataclass(frozen=True, kw_only=True)
class MonteCarloProgress:
    """Progress of a Monte Carlo run.

    Parameters
    ----------
    histories : int
        Decays simulated so far.
    expected_histories : int or None
        Decays at which the run will stop. If the uncertainty decides, they are estimated from it, and None before it is
        known.
    relative_uncertainty : float or None
        Relative uncertainty at the last check, see `MonteCarloDose`; None if the number of histories decides.
    seconds : float
        Time spent on the histories.
    """

    histories: int
    expected_histories: int | None
    relative_uncertainty: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class StopCriterion:
    """Stopping rule of a run: a number of histories, or an uncertainty.

    Parameters
    ----------
    histories : int or None
        Decays, rounded up to whole batches.
    relative_uncertainty : float or None
        Within (0, 1); checked after every tenth batch from the fiftieth on.
    """

    histories: int | None
    relative_uncertainty: float | None

    @classmethod
    def of(cls, histories: object, relative_uncertainty: object, *, default: int) -> StopCriterion:
        """Choose the given criterion, or a default number of histories; `ArgumentError` if both are given."""
        if histories is not None and relative_uncertainty is not None:
            raise both_criteria()
        if relative_uncertainty is None:
            wanted = default if histories is None else histories
            return cls(histories=whole_within("histories", wanted, 2**50, least=1), relative_uncertainty=None)
        return cls(histories=None, relative_uncertainty=open_fraction("relative uncertainty", relative_uncertainty))

    @property
    def histories_per_batch(self) -> int:
        """Return the decays of a batch, which depend only on the criterion, so that a run can be continued."""
        if self.histories is None:
            return BATCH_TO_UNCERTAINTY
        return min(-(-self.histories // MINIMUM_BATCHES), LARGEST_BATCH)

    def batches_ahead(self, done: int) -> int:
        """Return the batches until the next check whether the run stops; 0 if it stops now."""
        if self.histories is not None:
            return max(-(-self.histories // self.histories_per_batch) - done, MINIMUM_BATCHES - done, 0)
        return MINIMUM_BATCHES - done if done < MINIMUM_BATCHES else -done % BATCHES_PER_LOOK

    def expected_histories(self, found: MonteCarloDose | None) -> int | None:
        """Return the decays at which the run will stop; the variance is proportional to one over their number."""
        if self.relative_uncertainty is None:
            return self.batches_ahead(0) * self.histories_per_batch
        if found is None or not found.relative_uncertainty > 0:
            return None
        ratio = (found.relative_uncertainty / self.relative_uncertainty) ** 2
        return max(math.ceil(found.histories * ratio), found.histories)
