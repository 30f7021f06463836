"""Uncertainty budgets of the doses and volumes of structures in a dose image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram, VoxelFractions
from .._foundation.provenance import Provenance
from ..errors import UndefinedError
from ..evaluation import RecoveredMean, UncertaintyBudget, UncertaintyComponent, UncertaintyInputs
from ..geometry.image import Image
from ..geometry.structure import Structure
from .displaced_doses import central_difference, displaced_both_ways, displaced_doses, values_of
from .dose_budget import StructureState, structure_budgets
from .dose_components import OutlineUncertainty, component, outline_uncertainty
from .structure_fractions import sum_inside


@dataclass(frozen=True, eq=False, kw_only=True)
class EvaluatedStructures:
    """Structures in a dose image, with the inputs of their budgets.

    Parameters
    ----------
    dose : Image
        Dose in Gy.
    activity : Image, optional
        Activity image of the dose; the outline of the reference of relative scaling needs it.
    provenance : Provenance
        Scaling, nuclide and method of the dose.
    structures : mapping of str to Structure
        The structures, and the reference of relative scaling if it is known.
    fractions : mapping of str to VoxelFractions
        The structures on the grid of the dose.
    histograms : mapping of str to DoseVolumeHistogram
        Histograms of the structures that have budgets, as for their table.
    statistics_gy, microspheres_gy : mapping of str to float
        Standard uncertainty of the mean dose in Gy by the statistics of Monte Carlo and by the number of microspheres.
    gas : array of bool, optional
        Voxels that are excluded from the doses.
    recovered : mapping of str to RecoveredMean
        Mean doses corrected by the transfer matrix; empty if it was not requested.
    fwhm_mm : float, optional
        Resolution with which they were corrected.
    """

    dose: Image
    activity: Image | None
    provenance: Provenance
    structures: Mapping[str, Structure]
    fractions: Mapping[str, VoxelFractions]
    histograms: Mapping[str, DoseVolumeHistogram]
    statistics_gy: Mapping[str, float]
    microspheres_gy: Mapping[str, float]
    gas: NDArray[np.bool_] | None = None
    recovered: Mapping[str, RecoveredMean] = field(default_factory=dict)
    fwhm_mm: float | None = None


def budgets_of_structures(
    evaluated: EvaluatedStructures, inputs: UncertaintyInputs, threads: int | None
) -> dict[str, tuple[UncertaintyBudget, ...]]:
    """Make the budgets of each structure that has a histogram.

    `UndefinedError` is raised if the dose does not come from one image that was scaled once.
    """
    provenance, size_mm = evaluated.provenance, evaluated.dose.voxel_size_mm
    kind = provenance.scaling.get("kind")
    if kind not in ("absolute", "relative"):
        raise UndefinedError(
            "uncertainty budget is undefined: the dose must come from one image with its scaling, got "
            f"{kind or 'an unknown kind'}"
        )
    outlines = {name: outline_uncertainty(inputs, name, size_mm) for name in evaluated.fractions}
    displaced = displaced_doses(
        evaluated.dose,
        evaluated.fractions,
        evaluated.histograms,
        structures=evaluated.structures,
        displacements_mm={name: each.displacement_mm for name, each in outlines.items() if each is not None},
        shift_mm=inputs.registration_shift_mm or 0.0,
        gas=evaluated.gas,
        threads=threads,
    )
    reference = provenance.scaling.get("reference") if kind == "relative" else None
    of_reference = (
        None if reference is None else _reference_outline(reference, evaluated, outlines.get(reference), threads)
    )
    return {
        name: structure_budgets(
            StructureState(
                structure=name,
                values=values_of(histogram),
                displaced=displaced[name],
                outline=outlines[name],
                reference_outline=of_reference,
                is_reference=name == reference,
                statistics_gy=evaluated.statistics_gy.get(name),
                microspheres_gy=evaluated.microspheres_gy.get(name),
                recovered=evaluated.recovered.get(name),
                fwhm_mm=evaluated.fwhm_mm,
            ),
            inputs,
            provenance,
        )
        for name, histogram in evaluated.histograms.items()
    }


def _reference_outline(
    name: str, evaluated: EvaluatedStructures, outline: OutlineUncertainty | None, threads: int | None
) -> UncertaintyComponent | None:
    """Return the relative contribution of the reference region's outline; doses are inverse to its counts."""
    if outline is None or evaluated.activity is None or outline.displacement_mm == 0.0:
        return None
    inside, u, size_mm = evaluated.fractions[name], outline.displacement_mm, evaluated.dose.voxel_size_mm
    step_mm, sides = displaced_both_ways(inside, size_mm, u, threads)
    structures = {"nominal": inside, **sides}
    counts = {side: sum_inside(fractions, evaluated.activity) for side, fractions in structures.items()}
    factors = {side: counts["nominal"] / total for side, total in counts.items() if total > 0.0}
    change = central_difference(factors) * u / step_mm
    words = f"outline of the reference '{name}'"
    return component("volume", words, u, change, outline.basis, unit="mm", is_default=outline.is_default)
