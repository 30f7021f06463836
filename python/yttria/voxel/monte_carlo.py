"""Absorbed dose in tissue of any density and composition, by Monte Carlo."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import as_type, empty, real, three
from .._foundation.choices import MONTE_CARLO_MEDIA, SUBSTANCES, MonteCarloMedium
from .._foundation.numbers import default_nuclide, number, one_of, thread_count
from ..advisory.bounds import warn_implausible
from ..errors import ArgumentError, OutOfRangeError, ShapeError

#: Upper densities in g/mL of air, lung and liver where the medium follows the density; above is bone (yttria-choice).
MEDIUM_BOUNDS_G_PER_ML = (0.02, 0.65, 1.2)
_BY_DENSITY: tuple[MonteCarloMedium, ...] = ("air", "lung", "liver", "bone")
#: Batches from which a standard error is computed at least.
MINIMUM_BATCHES = 50
#: Batches between two looks at the uncertainty, whatever the number of threads.
_BLOCK = 10


@dataclass(frozen=True, kw_only=True)
class StructureEstimate:
    """Mean dose of a structure with its standard error.

    Parameters
    ----------
    mean_gy : float
        Mean over the voxels, each weighted by the fraction of it inside.
    uncertainty_gy : float
        Standard error (k = 1) from the spread of the batches, with the correlation of the voxels.
    """

    mean_gy: float
    uncertainty_gy: float


@dataclass(frozen=True, kw_only=True)
class MonteCarloDose:
    """What a Monte Carlo run has found so far.

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
        Batches of equal size that they were done in.
    emitted_mev, deposited_mev, escaped_mev : float
        Mean energy per decay: of the beta, absorbed in the map, carried away by bremsstrahlung and by electrons that
        leave the map. The first is the sum of the others.
    relative_uncertainty : float
        Root mean square of the relative standard errors of the voxels above half of the largest dose.
    seconds : float
        Time spent on the histories.
    seed : int
        Seed of the run.
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


class MonteCarloRun:
    """A Monte Carlo run that can be stopped, looked at and continued.

    Electrons of Y-90 are followed through voxels of any density and composition: condensed history with a random
    hinge, explicit collisions above 20 keV, bremsstrahlung as energy that leaves. The result depends on the seed and
    the number of histories alone, not on threads or interruptions: Ctrl-C leaves a whole number of batches.

    Parameters
    ----------
    activity_mbq_per_ml : array_like
        Activity concentration at administration in MBq/mL, shape (k, j, i), not negative.
    density_g_per_ml : array_like
        Mass density of each voxel in g/mL, of the same shape, within [0, 30].
    voxel_size_mm : sequence of float
        Per array axis.
    medium : str or array_like
        A name out of water, soft_tissue, liver, lung, bone and air for all voxels; whole numbers, the index of each
        voxel's medium in that list; or "by_density": air below 0.02, lung below 0.65, liver to 1.2 g/mL, bone above.
    structures : mapping of str to array_like, optional
        Masks or fractions inside, of the same shape, whose mean dose is wanted with its uncertainty.
    histories_per_batch : int
        Decays of a batch.
    seed : int
        From 0 to 2^64 - 1.
    nuclide : Nuclide, optional
        Its dose factor scales the dose, so that it compares with `absorbed_dose`; `Nuclide()` if not given.
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
        If there is no activity.
    InsufficientMemoryError
        If there is no memory for the run.

    Notes
    -----
    Outside the map is vacuum: electrons that leave it do not come back, so that the outermost layer of voxels has up
    to 5 % too little dose in tissue. docs/theory/monte_carlo.md has the physics, the source of each number, and the
    comparison with EGSnrc.

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
        histories_per_batch: int = 10_000,
        seed: int = 0,
        nuclide: Nuclide | None = None,
        threads: int | None = None,
    ) -> None:
        """Make the tables of the media; a matter of a second."""
        activity = real("activity concentration", activity_mbq_per_ml, dimensions=3)
        shape = activity.shape
        density = _of_shape("density in g/mL", density_g_per_ml, shape)
        dk, dj, di = three("voxel size in mm", voxel_size_mm)
        used, indices = _media(medium, density)
        self._seed = _whole("seed", seed, 2**64 - 1)
        self._threads = thread_count(threads)
        self._names = tuple(structures or ())
        self._seconds = 0.0
        concentration = as_type("activity concentration", activity, np.dtype(np.float64))
        self._core = _core.MonteCarloSimulation(
            (dk, dj, di),
            as_type("density in g/mL", density, np.dtype(np.float32)),
            indices,
            used,
            concentration,
            self._seed,
            _whole("histories per batch", histories_per_batch, 2**40, least=1),
        )
        for name in self._names:
            fractions = _of_shape(f"structure {name}", (structures or {})[name], shape)
            self._core.add_region(as_type(f"structure {name}", fractions, np.dtype(np.float32)))
        total_gbq = float(concentration.sum()) * dk * dj * di * 1e-6
        self._gray_kg = default_nuclide(nuclide).dose_factor_gy_kg_per_gbq * total_gbq
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

    def estimate_memory_bytes(self) -> int:
        """Bytes that the run takes at most besides its input and result."""
        voxels = self._shape[0] * self._shape[1] * self._shape[2]
        return _core._monte_carlo_memory_bytes(voxels, self._threads)

    def advance(self, batches: int) -> None:
        """Simulate so many batches more.

        An interruption by Ctrl-C is raised; the batches that were done are kept, and a later call continues.

        Parameters
        ----------
        batches : int
            At least 1.
        """
        count = _whole("batches", batches, 2**40, least=1)
        start = time.perf_counter()
        try:
            self._core.run(count, self._threads)
        finally:
            self._seconds += time.perf_counter() - start

    def result(self) -> MonteCarloDose:
        """Dose and uncertainty from the batches so far; the uncertainty is not a number with fewer than two.

        Raises
        ------
        ArgumentError
            Before the first batch.
        """
        if self.batches == 0:
            raise ArgumentError("there is no result before the first batch")
        dose: NDArray[np.float32] = empty(self._shape, np.float32, "the absorbed dose")
        error: NDArray[np.float32] = empty(self._shape, np.float32, "the uncertainty of the dose")
        self._core.dose(self._gray_kg, dose, error)
        regions = self._core.regions(self._gray_kg)
        emitted, deposited, escaped = self._core.balance()
        high = dose > 0.5 * dose.max()
        return MonteCarloDose(
            dose_gy=dose,
            uncertainty_gy=error,
            structures={
                name: StructureEstimate(mean_gy=mean, uncertainty_gy=sigma)
                for name, (mean, sigma) in zip(self._names, regions, strict=True)
            },
            histories=self.histories,
            batches=self.batches,
            emitted_mev=emitted,
            deposited_mev=deposited,
            escaped_mev=escaped,
            relative_uncertainty=float(np.sqrt(np.mean((error[high] / dose[high]) ** 2))) if high.any() else 0.0,
            seconds=self._seconds,
            seed=self._seed,
        )


def monte_carlo(
    activity_mbq_per_ml: ArrayLike,
    density_g_per_ml: ArrayLike,
    voxel_size_mm: Sequence[float],
    *,
    medium: MonteCarloMedium | ArrayLike = MONTE_CARLO_MEDIA[0],
    structures: Mapping[str, ArrayLike] | None = None,
    histories: int | None = None,
    relative_uncertainty: float | None = None,
    seed: int = 0,
    nuclide: Nuclide | None = None,
    threads: int | None = None,
    progress: Callable[[MonteCarloDose], object] | None = None,
) -> MonteCarloDose:
    """Absorbed dose after complete decay with its standard error, by Monte Carlo.

    Parameters
    ----------
    activity_mbq_per_ml, density_g_per_ml, voxel_size_mm, medium, structures, seed, nuclide, threads
        As for `MonteCarloRun`, which can be stopped and continued.
    histories : int, optional
        Decays to simulate, in 50 batches, rounded up to a whole number of each; 1 000 000 if neither this nor
        `relative_uncertainty` is given.
    relative_uncertainty : float, optional
        Within (0, 1): simulate until the root mean square of the relative standard errors of the voxels above half of
        the largest dose is no more than this, looking after every tenth batch from the fiftieth on. Not together with
        `histories`.
    progress : callable, optional
        Called with the result so far after every tenth batch; what it raises ends the run.

    Returns
    -------
    MonteCarloDose
        The same bits for any number of threads.

    Raises
    ------
    ArgumentError
        If `histories` and `relative_uncertainty` are both given.
    YttriaError
        As `MonteCarloRun` raises it.

    Warns
    -----
    ImplausibleValueWarning
        Above 1000 MBq/mL.

    Notes
    -----
    The relative standard error of a voxel is about 0.75 over the square root of the decays simulated in it.

    Examples
    --------
    >>> import numpy as np
    >>> density = np.full((12, 9, 9), 0.26)
    >>> density[:6] = 1.06
    >>> activity = np.where(density > 1, 1.0, 0.0)
    >>> result = monte_carlo(activity, density, (4.0, 4.0, 4.0), histories=20_000, structures={"lung": density < 1})
    >>> 3 < result.structures["lung"].mean_gy < 6
    True
    >>> abs(result.deposited_mev + result.escaped_mev - result.emitted_mev) < 1e-6
    True
    """
    if histories is not None and relative_uncertainty is not None:
        raise ArgumentError("give histories or relative_uncertainty, not both")
    if relative_uncertainty is not None:
        target = number("relative uncertainty", relative_uncertainty)
        if not 0 < target < 1:
            raise OutOfRangeError(f"relative uncertainty must be within (0, 1), got {target}")
        per_batch = 10_000
    else:
        target = None
        wanted = 1_000_000 if histories is None else _whole("histories", histories, 2**50, least=1)
        per_batch = -(-wanted // MINIMUM_BATCHES)
    run = MonteCarloRun(
        activity_mbq_per_ml,
        density_g_per_ml,
        voxel_size_mm,
        medium=medium,
        structures=structures,
        histories_per_batch=per_batch,
        seed=seed,
        nuclide=nuclide,
        threads=threads,
    )
    while True:
        run.advance(_BLOCK)
        result = run.result()
        if progress is not None:
            progress(result)
        if run.batches >= MINIMUM_BATCHES and (target is None or result.relative_uncertainty <= target):
            return result


def _of_shape(quantity: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    array = real(quantity, values, dimensions=3)
    if array.shape != shape:
        raise ShapeError(f"{quantity} must be of the activity's shape {list(shape)}, got {list(array.shape)}")
    return array


def _whole(quantity: str, value: object, most: int, *, least: int = 0) -> int:
    try:
        whole = index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ArgumentError(f"{quantity} must be a whole number, got {value!r:.80}") from None
    if not least <= whole <= most:
        raise OutOfRangeError(f"{quantity} must be within [{least}, {most}], got {whole}")
    return whole


def _media(medium: MonteCarloMedium | ArrayLike, density: NDArray[Any]) -> tuple[list[str], NDArray[np.uint8]]:
    """Return the media in use and the index of each voxel's among them."""
    if isinstance(medium, str):
        name = one_of("medium", medium, MONTE_CARLO_MEDIA)
        if name != "by_density":
            return [name], np.zeros(density.shape, np.uint8)
        chosen = np.digitize(density, MEDIUM_BOUNDS_G_PER_ML)
        order = np.array([SUBSTANCES.index(name) for name in _BY_DENSITY])
        chosen = order[chosen]
    else:
        chosen = _of_shape("medium", medium, density.shape)
        if chosen.dtype.kind not in "iu":
            raise ArgumentError(f"medium must be a name or whole numbers, got an array of {chosen.dtype}")
        if chosen.size and not 0 <= int(chosen.min()) <= int(chosen.max()) < len(SUBSTANCES):
            raise OutOfRangeError(f"medium must be within [0, {len(SUBSTANCES) - 1}]")
    used, indices = np.unique(chosen, return_inverse=True)
    names: list[str] = [SUBSTANCES[n] for n in used]
    return names, np.ascontiguousarray(indices.reshape(density.shape), np.uint8)
