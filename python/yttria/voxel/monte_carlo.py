"""Monte Carlo runs of electrons in tissue of any density and composition, batch by batch."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import as_type, empty, real, three
from .._foundation.choices import (
    MONTE_CARLO_ESTIMATORS,
    MONTE_CARLO_MEDIA,
    MonteCarloEstimator,
    MonteCarloMedium,
)
from .._foundation.numbers import default_nuclide, one_of, thread_count
from ..advisory.bounds import warn_implausible
from ..errors import ArgumentError
from .monte_carlo_dose import MonteCarloDose, StructureEstimate
from .monte_carlo_media import media_of, of_shape, whole_within
from .monte_carlo_state import RunState, identity_of, read_state, write_state
from .uniform_reference import UniformReference, uniform_reference


class MonteCarloRun:
    """Monte Carlo run that can be stopped, read and continued.

    Beta particles and conversion electrons are followed through voxels of any density and composition: condensed
    history with a random hinge, explicit collisions above 20 keV, bremsstrahlung as energy that leaves. Auger electrons
    and soft X rays deposit their energy at the decay, and gamma rays are not included. The result depends only on the
    seed and the number of histories, not on threads or interruptions. Ctrl-C leaves a whole number of batches. Threads
    may share a run. While one of them advances it, another one that advances or reads it waits.

    Parameters
    ----------
    activity_mbq_per_ml : array_like
        Activity concentration at administration in MBq/mL, shape (k, j, i), not negative.
    density_g_per_ml : array_like
        Mass density of each voxel in g/mL, of the same shape, within [0, 30].
    voxel_size_mm : sequence of float
        Per array axis.
    medium : str or array_like
        One of water, soft_tissue, liver, lung, bone and air for all voxels, or an array of the index of each voxel's
        medium in this list, or "by_density". The last is air below 0.02, lung below 0.65, liver to 1.2 g/mL, and bone
        above.
    structures : mapping of str to array_like, optional
        Masks or voxel fractions of the same shape, whose mean dose is computed with its uncertainty.
    estimator : {"correlated_difference", "plain"}
        "plain" is the mean of the histories. "correlated_difference" follows the decays in the medium with the most
        activity a second time, with the same random numbers, in a uniform medium whose dose is known: see the notes.
    histories_per_batch : int
        Decays of a batch.
    seed : int
        From 0 to 2^64 - 1.
    nuclide : Nuclide, optional
        `Nuclide()` if not given; of Y-90, Ho-166, P-32 or Re-188. Its isotope decides the electrons. Its dose factor
        scales the dose, so that it compares with `absorbed_dose`.
    threads : int, optional
        All processors if not given.

    Raises
    ------
    ShapeError, DTypeError
        If an array is not real or not of the activity's shape.
    OutOfRangeError
        If a value is negative, not finite or out of range.
    UnknownNameError
        For an unknown medium.
    UndefinedError
        If there is no activity, or for another isotope.
    InsufficientMemoryError
        If there is no memory for the run.

    Notes
    -----
    Outside the map is vacuum. Electrons that leave it do not come back, so that the dose in the outermost layer of
    voxels in tissue is up to 5 % too low.

    The correlated difference estimates the dose as `mean(P - R) + w mean(R) + (1 - w) U`. `P` is the dose of a batch in
    the map, `R` that of the same decays in the uniform medium, and `U` its expectation, by convolution with the voxel S
    values of this transport itself. The weight `1 - w` of the difference lies within [0, 1] and follows from the
    variances of each voxel and structure. Each half of the batches uses the weight of the other half, so that it causes
    no bias. The weight is part of the result. With fewer than ten batches it is 0, which gives the plain estimate. The
    uncertainty of a voxel's difference is computed from the voxel and its neighbors of the same medium, because it may
    come from few decays.

    docs/theory/monte_carlo.md describes the physics, the source of each number, and the comparison with EGSnrc.

    Examples
    --------
    >>> import numpy as np
    >>> activity = np.zeros((9, 9, 9))
    >>> activity[4, 4, 4] = 1.0
    >>> run = MonteCarloRun(activity, np.ones((9, 9, 9)), (3.0, 3.0, 3.0), medium="water", histories_per_batch=20)
    >>> run.advance(2)
    >>> run.advance(1)
    >>> run.result().histories
    60
    """

    def __init__(
        self,
        activity_mbq_per_ml: ArrayLike,
        density_g_per_ml: ArrayLike,
        voxel_size_mm: Sequence[float],
        *,
        medium: MonteCarloMedium | ArrayLike = MONTE_CARLO_MEDIA[0],
        structures: Mapping[str, ArrayLike] | None = None,
        estimator: MonteCarloEstimator = MONTE_CARLO_ESTIMATORS[0],
        histories_per_batch: int = 10_000,
        seed: int = 0,
        nuclide: Nuclide | None = None,
        threads: int | None = None,
    ) -> None:
        """Make the tables of the media, which takes about a second."""
        activity = real("activity concentration", activity_mbq_per_ml, dimensions=3)
        shape = activity.shape
        density = of_shape("density in g/mL", density_g_per_ml, shape)
        rho = as_type("density in g/mL", density, np.dtype(np.float32))
        dk, dj, di = three("voxel size in mm", voxel_size_mm)
        used, indices = media_of(medium, density)
        self._seed = whole_within("seed", seed, 2**64 - 1)
        self._threads = thread_count(threads)
        self._names = tuple(structures or ())
        self._seconds = 0.0
        concentration = as_type("activity concentration", activity, np.dtype(np.float64))
        self._nuclide = default_nuclide(nuclide)
        self._core = _core.MonteCarloSimulation(
            (dk, dj, di),
            rho,
            indices,
            used,
            concentration,
            self._nuclide,
            self._seed,
            whole_within("histories per batch", histories_per_batch, 2**40, least=1),
        )
        regions = [of_shape(f"structure {name}", (structures or {})[name], shape) for name in self._names]
        regions = [as_type("structure", each, np.dtype(np.float32)) for each in regions]
        for each in regions:
            self._core.add_region(each)
        self._reference: UniformReference | None = None
        if one_of("estimator", estimator, MONTE_CARLO_ESTIMATORS) == "correlated_difference":
            self._reference = uniform_reference(
                concentration, rho, used, indices, (dk, dj, di), self._nuclide, self._threads
            )
        if self._reference is not None:
            self._core.correlate(self._reference.place, self._reference.density_g_per_ml)
        arrays = {"activity": [concentration], "density": [rho], "media": [indices], "structures": regions}
        settings = {"voxel size": [dk, dj, di], "names of media": used, "seed": self._seed, "estimator": estimator}
        settings |= {"isotope": self._nuclide.isotope, "histories per batch": self._core.decays_per_batch}
        self._identity = identity_of(arrays, settings)
        total_gbq = float(concentration.sum()) * dk * dj * di * 1e-6
        self._gray_kg = self._nuclide.dose_factor_gy_kg_per_gbq * total_gbq
        self._shape = shape
        warn_implausible("concentration_implausible", float(activity.max(initial=0)))

    @property
    def histories(self) -> int:
        """Decays simulated so far."""
        return self._core.batches * self._core.decays_per_batch

    @property
    def batches(self) -> int:
        """Batches done so far."""
        return self._core.batches

    @property
    def threads(self) -> int:
        """Batches that are done at once: the number of threads."""
        return self._threads or os.cpu_count() or 1

    @property
    def seconds(self) -> float:
        """Time spent on the histories, also before the run was resumed."""
        return self._seconds

    @property
    def _sums_shape(self) -> tuple[int, ...]:
        return (self._core.sums_per_voxel, *self._shape)

    def estimate_memory_bytes(self) -> int:
        """Bytes that the run takes at most besides its input and result.

        Returns
        -------
        int
            It grows with the number of threads, because each batch in progress has its own map.

        Examples
        --------
        >>> import numpy as np
        >>> run = MonteCarloRun(np.ones((4, 5, 6)), np.ones((4, 5, 6)), (3.0, 3.0, 3.0), threads=1)
        >>> run.estimate_memory_bytes() > 4 * 5 * 6 * 8
        True
        """
        voxels = self._shape[0] * self._shape[1] * self._shape[2]
        return _core._monte_carlo_memory_bytes(voxels, self._threads, self._reference is not None)

    def advance(self, batches: int) -> None:
        """Simulate further batches.

        An interruption by Ctrl-C is raised; the batches that were done are kept, and a later call continues.

        Parameters
        ----------
        batches : int
            At least 1.

        Raises
        ------
        ArgumentError, OutOfRangeError
            If `batches` is not a whole number, or less than 1.
        InsufficientMemoryError
            If there is no memory for a batch.

        Examples
        --------
        >>> import numpy as np
        >>> run = MonteCarloRun(np.ones((4, 5, 6)), np.ones((4, 5, 6)), (3.0, 3.0, 3.0), histories_per_batch=20)
        >>> run.advance(3)
        >>> run.batches
        3
        """
        count = whole_within("batches", batches, 2**40, least=1)
        start = time.perf_counter()
        try:
            self._core.run(count, self._threads)
        finally:
            self._seconds += time.perf_counter() - start

    def save(self, path: str | Path) -> None:
        """Write the state of the run to a file, from which `resume` continues in any process.

        Parameters
        ----------
        path : str or Path
            The file, 80 bytes per voxel, or 16 with the plain estimator. It is written whole; if writing fails, an
            earlier file stays.

        Raises
        ------
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import numpy as np
        >>> run = MonteCarloRun(np.ones((4, 5, 6)), np.ones((4, 5, 6)), (3.0, 3.0, 3.0), histories_per_batch=20)
        >>> run.advance(1)
        >>> run.save("state.npz")
        """
        sums: NDArray[np.float64] = empty(self._sums_shape, np.float64, "the state of the run")
        batches, energy_mev, structures = self._core.progress(sums)
        state = RunState(
            batches=batches,
            energy_mev=np.array(energy_mev),
            structures=np.array(structures).reshape(self._sums_shape[0], -1),
            sums=sums,
            seconds=self._seconds,
        )
        write_state(Path(path), self._identity, state)

    def resume(self, path: str | Path) -> None:
        """Continue from a file that `save` wrote, with the bits of a run that was never stopped.

        Parameters
        ----------
        path : str or Path
            The file. It holds the SHA-256 of every input, the seed, and the version of yttria.

        Raises
        ------
        ArgumentError
            If the file is the state of a run with other inputs; the message names the differences.
        FileFormatError
            If the file is not a state, or is damaged.
        OutOfRangeError
            If a sum in it is negative or not finite.
        UndefinedError
            If this run has done batches already.
        OSError
            If the file cannot be read.

        Examples
        --------
        >>> import numpy as np
        >>> def begin():
        ...     return MonteCarloRun(np.ones((4, 5, 6)), np.ones((4, 5, 6)), (3.0, 3.0, 3.0), histories_per_batch=20)
        >>> run = begin()
        >>> run.advance(3)
        >>> run.save("state.npz")
        >>> run.advance(2)
        >>> later = begin()
        >>> later.resume("state.npz")
        >>> later.advance(2)
        >>> bool((later.result().dose_gy == run.result().dose_gy).all())
        True
        """
        state = read_state(Path(path), self._identity, self._sums_shape, len(self._names))
        summary = state.batches, state.energy_mev.tolist(), state.structures.ravel().tolist()
        self._core.restore(summary, state.sums)
        self._seconds = state.seconds

    def result(self) -> MonteCarloDose:
        """Compute dose and uncertainty from the batches so far; with fewer than two, the uncertainty is NaN.

        Returns
        -------
        MonteCarloDose

        Raises
        ------
        ArgumentError
            Before the first batch.

        Examples
        --------
        >>> import numpy as np
        >>> run = MonteCarloRun(np.ones((4, 5, 6)), np.ones((4, 5, 6)), (3.0, 3.0, 3.0), histories_per_batch=20)
        >>> run.advance(2)
        >>> run.result().dose_gy.shape
        (4, 5, 6)
        """
        if self.batches == 0:
            raise ArgumentError("there is no result before the first batch")
        dose: NDArray[np.float32] = empty(self._shape, np.float32, "the absorbed dose")
        error: NDArray[np.float32] = empty(self._shape, np.float32, "the uncertainty of the dose")
        weight: NDArray[np.float32] = empty(self._shape, np.float32, "the weight of the correlated difference")
        reference = self._reference
        uniform = np.zeros((0, 0, 0)) if reference is None else reference.dose_gy
        self._core.dose(self._gray_kg, uniform, dose, error, weight)
        regions = self._core.regions(self._gray_kg, uniform)
        emitted, deposited, escaped = self._core.balance()
        high = dose > 0.5 * dose.max()
        return MonteCarloDose(
            dose_gy=dose,
            uncertainty_gy=error,
            structures={
                name: StructureEstimate(mean_gy=mean, uncertainty_gy=sigma, difference_weight=of_difference)
                for name, (mean, sigma, of_difference) in zip(self._names, regions, strict=True)
            },
            histories=self.histories,
            batches=self.batches,
            emitted_mev=emitted,
            deposited_mev=deposited,
            escaped_mev=escaped,
            relative_uncertainty=float(np.sqrt(np.mean((error[high] / dose[high]) ** 2))) if high.any() else 0.0,
            seconds=self._seconds,
            seed=self._seed,
            difference_weight=weight,
            mean_difference_weight=float(np.average(weight, weights=dose)) if dose.any() else 0.0,
            reference_medium=None if reference is None else reference.medium,
            reference_density_g_per_ml=None if reference is None else reference.density_g_per_ml,
        )
