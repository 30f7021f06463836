"""Doses and volumes of structures with outlines displaced or shifted by their standard uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram, SignedDistance, VoxelFractions
from ..geometry.image import Image
from ..geometry.structure import Structure
from .structure_fractions import without_gas
from .structure_histograms import of_fractions

#: Quantities of a structure that have a budget, as the tables name them.
DOSES = ("mean_gy", "d70_gy", "d95_gy")
QUANTITIES = (*DOSES, "volume_ml")
Values = Mapping[str, float]
#: Largest displacement in voxels. The uncertainty of a larger one is scaled, because it is of first order.
_LARGEST_STEP = 0.8


@dataclass(frozen=True, kw_only=True)
class DisplacedDoses:
    """Quantities of one structure unchanged, with its outline displaced, and shifted.

    Parameters
    ----------
    nominal : mapping of str to float
        Quantities of the unchanged structure by the names of `QUANTITIES`.
    outward, inward : mapping of str to float, optional
        Quantities with the whole outline displaced outward and inward by the same step; None if that was not requested,
        or if no volume is left.
    steps : float
        Ratio of the standard uncertainty of the displacement to that step.
    shifted : tuple of pairs of mappings
        Quantities after a shift forth and back along each axis of the patient; empty if that was not requested.
    """

    nominal: Values
    outward: Values | None = None
    inward: Values | None = None
    steps: float = 1.0
    shifted: tuple[tuple[Values | None, Values | None], ...] = ()

    def by_outline(self, quantity: str) -> float:
        """Return the signed change of a quantity if the outline lies one standard uncertainty farther out.

        It is the central difference, or the one to the side on which the structure still has a volume.
        """
        return self.change({name: each[quantity] for name, each in self._sides().items()})

    def _sides(self) -> dict[str, Values]:
        sides = {"nominal": self.nominal, "outward": self.outward, "inward": self.inward}
        return {name: each for name, each in sides.items() if each is not None}

    @property
    def sides(self) -> Mapping[str, Values]:
        """Return the quantities "nominal", and "outward" and "inward" if they exist."""
        return self._sides()

    def change(self, value: Mapping[str, float]) -> float:
        """Return the change of a value if the outline lies one standard uncertainty farther out."""
        return self.steps * central_difference(value)

    def by_shift(self, quantity: str) -> float:
        """Return the standard uncertainty of a quantity by shifts of one standard deviation along each axis.

        With `y(z) = y + l z + q z^2` along an axis and a standard normal z, the variance is `l^2 + 2 q^2`. A dose often
        has its maximum at the position of the structure, where the first order alone would be 0.
        """
        variance, at = 0.0, self.nominal[quantity]
        for forth, back in self.shifted:
            if forth is None or back is None:
                one = forth or back
                variance += 0.0 if one is None else (one[quantity] - at) ** 2
                continue
            linear = 0.5 * (forth[quantity] - back[quantity])
            curved = 0.5 * (forth[quantity] + back[quantity]) - at
            variance += linear**2 + 2.0 * curved**2
        return sqrt(variance)


def central_difference(value: Mapping[str, float]) -> float:
    """Return the change of a value by a step outward, from its values "nominal", "outward" and "inward"."""
    if "outward" in value and "inward" in value:
        return 0.5 * (value["outward"] - value["inward"])
    if "outward" in value:
        return value["outward"] - value["nominal"]
    return value["nominal"] - value["inward"] if "inward" in value else 0.0


def displaced_both_ways(
    structure: VoxelFractions, voxel_size_mm: Sequence[float], displacement_mm: float, threads: int | None
) -> tuple[float, dict[str, VoxelFractions]]:
    """Displace the outline of a structure outward and inward.

    Parameters
    ----------
    structure : VoxelFractions
        The structure on a grid.
    voxel_size_mm : sequence of float
        Voxel size (k, j, i) in mm.
    displacement_mm : float
        Displacement in mm, above 0.
    threads : int, optional
        All processors if not given.

    Returns
    -------
    step_mm : float
        The displacement, but at most 0.8 of the smallest voxel size, because the uncertainty is of first order.
    sides : dict of str to VoxelFractions
        The structure "outward" and "inward" by that step.
    """
    one, two, three = voxel_size_mm
    step_mm = min(displacement_mm, _LARGEST_STEP * min(voxel_size_mm))
    distance = SignedDistance(structure, (one, two, three), step_mm, threads)
    sides = (("outward", step_mm), ("inward", -step_mm))
    return step_mm, {side: distance.displaced(by_mm, (0.0, 0.0, 0.0), threads) for side, by_mm in sides}


def displaced_doses(
    dose: Image,
    fractions: Mapping[str, VoxelFractions],
    histograms: Mapping[str, DoseVolumeHistogram],
    *,
    displacements_mm: Mapping[str, float],
    structures: Mapping[str, Structure],
    shift_mm: float = 0.0,
    gas: NDArray[np.bool_] | None = None,
    threads: int | None = None,
) -> dict[str, DisplacedDoses]:
    """Compute the quantities of structures with displaced outlines, and shifted.

    Parameters
    ----------
    dose : Image
        Dose in Gy, shape (k, j, i).
    fractions : mapping of str to VoxelFractions
        The structures on the grid of the dose.
    histograms : mapping of str to DoseVolumeHistogram
        Histograms of the unchanged structures; a structure without one is left out.
    structures : mapping of str to Structure
        Structures that are shifted.
    displacements_mm : mapping of str to float
        Displacement in mm of each structure's outline; a structure that is not named, or has 0, is not displaced.
    shift_mm : float
        Shift in mm along each axis of the patient, forth and back; 0 for none.
    gas : array of bool, optional
        Voxels that are excluded from the doses.
    threads : int, optional
        All processors if not given.

    Returns
    -------
    dict of str to DisplacedDoses
        By the structure's name.
    """
    made: dict[str, VoxelFractions] = {}
    steps: dict[str, float] = {}
    for name in histograms:
        by_mm = displacements_mm.get(name, 0.0)
        if by_mm:
            step_mm, sides = displaced_both_ways(fractions[name], dose.voxel_size_mm, by_mm, threads)
            steps[name] = by_mm / step_mm
            made |= {_key(name, side): displaced for side, displaced in sides.items()}
        if shift_mm:
            for axis, side in product(range(3), ("forth", "back")):
                shift = np.eye(4)
                shift[axis, 3] = shift_mm if side == "forth" else -shift_mm
                shifted = structures[name].transformed(shift)
                made[_key(name, f"{side} {axis}")] = shifted.voxel_fractions_on(
                    (dose.shape, dose.affine_lps), threads=threads
                )
    if gas is not None:
        made = {key: without_gas(each, gas) for key, each in made.items()}
    evaluated = of_fractions(dose, made, threads)
    found = {key: values_of(each.histogram) for key, each in evaluated.items() if each.histogram is not None}
    return {
        name: _collected(name, values_of(histogram), found, steps.get(name, 1.0))
        for name, histogram in histograms.items()
    }


def values_of(histogram: DoseVolumeHistogram) -> dict[str, float]:
    """Return the quantities of a histogram."""
    doses = {f"d{percent}_gy": histogram.dose_at_volume_percent(percent) for percent in (70, 95)}
    return {"mean_gy": histogram.mean_gy, **doses, "volume_ml": histogram.volume_ml}


def _key(name: str, side: str) -> str:
    # Structures may have any name, but no two have the same.
    return f"{side}/{name}"


def _collected(name: str, nominal: Values, found: Mapping[str, Values], steps: float) -> DisplacedDoses:
    def at(side: str) -> Values | None:
        return found.get(_key(name, side))

    pairs: Sequence[tuple[Values | None, Values | None]] = [(at(f"forth {a}"), at(f"back {a}")) for a in range(3)]
    return DisplacedDoses(
        nominal=nominal,
        outward=at("outward"),
        inward=at("inward"),
        steps=steps,
        shifted=tuple(pairs) if any(one or other for one, other in pairs) else (),
    )
