"""Microspheres and budgets of uncertainty of the structures in a dose image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..evaluation import RecoveredMean, StructureSpheres, UncertaintyBudget, UncertaintyInputs
from ..geometry.structure import Structure
from .dosed_image import DosedImage
from .microspheres import microsphere_spread
from .structure_fractions import fractions_key
from .structure_uncertainty import EvaluatedStructures, budgets_of_structures


def structure_spheres(
    dose: DosedImage, structures: Sequence[Structure], inputs: UncertaintyInputs | None, threads: int | None
) -> dict[str, StructureSpheres]:
    """Return the microspheres of each structure; empty if their activity is not stated."""
    if inputs is None or inputs.sphere_activity_bq is None:
        return {}
    spread = microsphere_spread(dose, structures, sphere_activity_bq=inputs.sphere_activity_bq, threads=threads)
    return {each.structure: each for each in spread.structures}


def structure_budgets_of(
    dose: DosedImage,
    structures: Sequence[Structure],
    inputs: UncertaintyInputs,
    spheres: Mapping[str, StructureSpheres],
    *,
    reference: Structure | None,
    sub_voxel_mm: float | None,
    threads: int | None,
    recovered: Mapping[str, RecoveredMean] = MappingProxyType({}),
    fwhm_mm: float | None = None,
) -> list[UncertaintyBudget]:
    """Compute the budgets of the structures of a dose image; see `DoseResult.uncertainty_budgets`."""
    evaluated = dose._evaluated(structures, sub_voxel_mm, threads)
    known = {s.name: s for s in structures}
    if reference is not None:
        known.setdefault(reference.name, reference)
    fractions = dose.voxel_fractions(list(known.values()), threads=threads)
    statistics = {n: dose._mean_uncertainties_gy.get(fractions_key(f)) for n, f in fractions.items()}
    budgets = budgets_of_structures(
        EvaluatedStructures(
            dose=dose.image,
            activity=dose.activity,
            provenance=dose.provenance,
            structures=known,
            fractions=fractions,
            histograms={name: found[2] for name, found in evaluated.items() if found[2] is not None},
            statistics_gy={name: u for name, u in statistics.items() if u is not None},
            microspheres_gy={
                name: each.mean_uncertainty_gy for name, each in spheres.items() if each.mean_uncertainty_gy is not None
            },
            gas=dose.gas,
            recovered=recovered,
            fwhm_mm=fwhm_mm,
        ),
        inputs,
        threads,
    )
    return [budget for of_structure in budgets.values() for budget in of_structure]
