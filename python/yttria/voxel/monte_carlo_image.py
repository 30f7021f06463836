"""Monte Carlo on images: dose and its uncertainty, means of structures, treatment of gas, and advisories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import Nuclide, VoxelFractions
from .._foundation.arrays import Map
from .._foundation.choices import ON_INTERRUPT, OnInterrupt
from .._foundation.numbers import one_of
from ..advisory import Advisory, advise, advise_if
from ..errors import OutOfRangeError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_selection import check_unique_names
from .ct_density import DensityImage
from .monte_carlo import MonteCarloRun
from .monte_carlo_dose import MonteCarloDose, MonteCarloProgress, StopCriterion
from .monte_carlo_media import MEDIUM_BOUNDS_G_PER_ML
from .monte_carlo_simulation import simulate
from .structure_fractions import fractions_key, without_gas
from .superposed_image import advisories_near_activity, transported_density
from .superposition import GAS_DENSITY_G_PER_ML

#: A voxel is noisy if its standard uncertainty is above this share of its dose and above this dose in Gy
#: (yttria-choice).
NOISY_FRACTION, NOISY_GY = 0.3, 1.0
#: Decays of a dose image if the caller states neither their number nor an uncertainty. They give about 3 % per voxel of
#: a liver.
DEFAULT_HISTORIES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class MonteCarloOptions:
    """Settings of a simulation, named as the parameters of `dose_image`.

    Parameters
    ----------
    histories, relative_uncertainty, seed
        Stopping rule, and seed of the random numbers.
    structures : sequence of Structure
        Structures whose mean doses have an uncertainty.
    progress, state_file, on_interrupt
        Function that is called with the progress, file of the state, and effect of Ctrl-C.
    """

    histories: int | None = None
    relative_uncertainty: float | None = None
    seed: int = 0
    structures: Sequence[Structure] = ()
    progress: Callable[[MonteCarloProgress], object] | None = None
    state_file: str | Path | None = None
    on_interrupt: OnInterrupt = "raise"


@dataclass(frozen=True, eq=False, kw_only=True)
class MonteCarloImage:
    """A dose by Monte Carlo with its uncertainty, provenance, gas and advisories."""

    dose: Map
    uncertainty: Map
    density_terms: dict[str, Any]
    terms: dict[str, Any]
    gas: NDArray[np.bool_] | None
    #: Standard uncertainty in Gy of the mean dose over voxel fractions, by their `fractions_key`.
    mean_uncertainties_gy: dict[str, float]
    advisories: tuple[Advisory, ...]


def monte_carlo_image(
    activity: Image,
    concentration: Map,
    density: Image | DensityImage,
    *,
    nuclide: Nuclide,
    options: MonteCarloOptions,
    threads: int | None,
) -> MonteCarloImage:
    """Compute the dose of an activity image from its concentrations at administration in MBq/mL.

    Errors are those of `dose_image` for Monte Carlo.
    """
    stop = StopCriterion.of(options.histories, options.relative_uncertainty, default=DEFAULT_HISTORIES)
    on_interrupt = one_of("on_interrupt", options.on_interrupt, ON_INTERRUPT)
    if concentration.min(initial=0) < 0:
        raise OutOfRangeError(
            f"activity must be >= 0 for Monte Carlo, got {int(np.count_nonzero(concentration < 0))} negative voxels: "
            "negative_voxels='clip' sets them to zero"
        )
    rho, density_terms = transported_density(density, activity, np.dtype(np.float32))
    gas = rho < GAS_DENSITY_G_PER_ML
    fractions, names = _fractions(options.structures, activity, gas, threads)
    run = MonteCarloRun(
        concentration,
        rho,
        activity.voxel_size_mm,
        medium="by_density",
        structures={key: each.to_array() for key, each in fractions.items()},
        histories_per_batch=stop.histories_per_batch,
        seed=options.seed,
        nuclide=nuclide,
        threads=threads,
    )
    state_file = None if options.state_file is None else Path(options.state_file)
    if state_file is not None and state_file.exists():
        run.resume(state_file)
    found, reached = simulate(run, stop, progress=options.progress, state_file=state_file, on_interrupt=on_interrupt)
    dose, uncertainty = np.empty_like(concentration), np.empty_like(concentration)
    dose[...] = np.where(gas, 0, found.dose_gy)
    uncertainty[...] = np.where(gas, 0, found.uncertainty_gy)
    gas_count = int(np.count_nonzero(gas))
    return MonteCarloImage(
        dose=dose,
        uncertainty=uncertainty,
        density_terms=density_terms,
        terms=_terms(found, stop, reached) | {"gas_voxel_count": gas_count},
        gas=gas if gas_count else None,
        mean_uncertainties_gy={key: each.uncertainty_gy for key, each in found.structures.items()},
        advisories=(
            *(density.advisories if isinstance(density, DensityImage) else ()),
            *advise_if("energy_leaves_image", escaped_fraction=found.escaped_mev / found.emitted_mev),
            *advisories_near_activity(concentration, rho, activity.voxel_size_mm),
            *_advisories_of_noise(found, stop, reached),
            *_noise_in_structures(dose, uncertainty, {name: fractions[key] for name, key in names.items()}),
        ),
    )


def _fractions(
    structures: Sequence[Structure], grid: Image, gas: NDArray[np.bool_], threads: int | None
) -> tuple[dict[str, VoxelFractions], dict[str, str]]:
    """Return the voxel fractions without gas of structures that are not empty, by hash, and the hashes by name."""
    found: dict[str, VoxelFractions] = {}
    names: dict[str, str] = {}
    for structure in check_unique_names(structures):
        structure.check_frame(grid)
        fractions = without_gas(structure.voxel_fractions_on(grid, threads=threads), gas)
        if fractions.weights.any():
            names[structure.name] = fractions_key(fractions)
            found[names[structure.name]] = fractions
    return found, names


def _noise_in_structures(dose: Map, uncertainty: Map, structures: dict[str, VoxelFractions]) -> list[Advisory]:
    """Report structures in which more than a few voxels are noisy."""
    noisy = (uncertainty > NOISY_GY) & (uncertainty > NOISY_FRACTION * dose)
    told: list[Advisory] = []
    for name, inside in structures.items():
        box = tuple(slice(at, at + n) for at, n in zip(inside.origin, inside.weights.shape, strict=True))
        share = float(inside.weights[noisy[box]].sum(dtype=np.float64) / inside.weights.sum(dtype=np.float64))
        told += advise_if(
            "monte_carlo_noise_in_structure", structure=name, share=share, most=NOISY_FRACTION, gray=NOISY_GY
        )
    return told


def _terms(found: MonteCarloDose, stop: StopCriterion, reached: bool) -> dict[str, Any]:
    by_number = stop.relative_uncertainty is None
    return {
        "histories": found.histories,
        "batches": found.batches,
        "histories_per_batch": stop.histories_per_batch,
        "seed": found.seed,
        "stop_criterion": "histories" if by_number else "relative_uncertainty",
        "stop_at": stop.histories if by_number else stop.relative_uncertainty,
        "stop_reached": reached,
        "relative_uncertainty": found.relative_uncertainty,
        "relative_uncertainty_of": "root mean square over the voxels above half of the largest dose, k = 1",
        "estimator": "plain" if found.reference_medium is None else "correlated_difference",
        "reference_medium": found.reference_medium,
        "reference_density_g_per_ml": found.reference_density_g_per_ml,
        "mean_difference_weight": found.mean_difference_weight,
        "deposited_fraction": found.deposited_mev / found.emitted_mev,
        "escaped_fraction": found.escaped_mev / found.emitted_mev,
        "medium": "by density: air, lung, liver, bone",
        "medium_bounds_g_per_ml": list(MEDIUM_BOUNDS_G_PER_ML),
        "gas_density_g_per_ml": GAS_DENSITY_G_PER_ML,
        "beyond_the_map": "vacuum without activity; electrons that leave do not come back",
    }


def _advisories_of_noise(found: MonteCarloDose, stop: StopCriterion, reached: bool) -> tuple[Advisory, ...]:
    noise = advise_if("monte_carlo_noise", relative_uncertainty=found.relative_uncertainty)
    if reached:
        return noise
    asked = (
        f"{stop.histories} histories"
        if stop.relative_uncertainty is None
        else f"a relative uncertainty of {stop.relative_uncertainty:g}"
    )
    return (advise("monte_carlo_stopped", histories=found.histories, asked=asked), *noise)
