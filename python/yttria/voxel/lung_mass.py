"""Mass of the lungs from a CT, for the lung dose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._foundation.arrays import flat, real
from .._foundation.numbers import number
from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError, UndefinedError, UnitError
from ..geometry.image import Image
from ..geometry.structure import Structure
from .mass import structure_fractions

#: Usual lung masses in kg.
USUAL_LUNGS_KG = (0.6, 1.4)
#: Lung masses in kg that the planning models accept.
POSSIBLE_LUNGS_KG = (0.3, 2.5)


@dataclass(frozen=True, kw_only=True)
class LungMass:
    """Lung mass from a CT, with volume, mean density after clipping, and number of clipped voxels.

    `outside_fraction` is the share of the lungs' volume beyond the CT, which is not in the mass.
    """

    lung_mass_kg: float
    lung_volume_ml: float
    mean_density_g_per_ml: float
    clipped_low_voxels: int
    clipped_high_voxels: int
    outside_fraction: float = 0.0
    advisories: tuple[Advisory, ...] = ()


def lung_mass(
    ct: Image | ArrayLike,
    lungs: Structure | Sequence[Structure] | ArrayLike | None = None,
    *,
    voxel_volume_ml: float | None = None,
    density_clip_g_per_ml: tuple[float, float] = (0.0, 1.1),
    threads: int | None = None,
) -> LungMass:
    """Compute the mass of the lungs from a CT.

    Parameters
    ----------
    ct : Image in HU, or array of CT numbers in HU
        Voxels outside the lungs are not read and may have any value.
    lungs : Structure, sequence of Structure, or boolean array
        With an image: the lungs, or their lobes, on any grid. With an array: a mask of its shape; None if every value
        is lung.
    voxel_volume_ml : float, optional
        Volume of one voxel in mL, needed with an array and taken from an image.
    density_clip_g_per_ml : (float, float), default (0.0, 1.1)
        Least and largest density in g/mL of a voxel of lung.
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    LungMass
        Mass in kg, volume in mL, mean density in g/mL, and the number of clipped voxels.

    Raises
    ------
    ArgumentError, UnitError
        If `lungs` does not fit the kind of `ct`, `voxel_volume_ml` is missing or superfluous, or the image is not in
        HU.
    DTypeError, ShapeError
        If an array holds no real numbers, or the mask is not boolean or of another shape.
    UndefinedError
        If no voxel lies inside the lungs.
    OutOfRangeError
        If a CT number inside the lungs is not finite, or the mass of lungs that lie wholly inside is outside 0.3 to
        2.5 kg.

    Warns
    -----
    lung_mass_unusual
        The mass is outside 0.6 to 1.4 kg.
    lung_mass_implausible
        The mass of cut lungs is outside 0.3 to 2.5 kg (severity error).
    density_clipped
        More than 1 % of the voxels had their density clipped.
    structure_outside_image, structure_cut
        The lungs lie partly outside the CT, or reach its outermost voxels, so that more of them may lie beyond. A CT of
        the abdomen cuts the lungs. The mass is then that of the visible part, not of the lungs.

    Notes
    -----
    `m = sum w V clip((HU + 1000) / 1000, low, high)`, with the fraction `w` of a voxel inside the lungs and its volume
    `V`. Sources: kao2014; the clip is that of the Taranis software (taranis).

    Examples
    --------
    >>> import numpy as np
    >>> round(lung_mass(np.full(1000, -800.0), voxel_volume_ml=4.5).lung_mass_kg, 3)
    0.9
    """
    if len(density_clip_g_per_ml) != 2:
        raise ArgumentError(f"density clip in g/mL must be two numbers, got {len(density_clip_g_per_ml)}")
    low, high = (number("density clip in g/mL", clip) for clip in density_clip_g_per_ml)
    if isinstance(ct, Image):
        values, inside, voxel_ml, outside, found = _of_image(ct, lungs, voxel_volume_ml, threads)
    else:
        values, voxel_ml = _of_array(ct, lungs, voxel_volume_ml)
        inside, outside, found = None, 0.0, ()
    mass, volume, clipped_low, clipped_high = _core.lung_mass_from_ct(values, inside, voxel_ml, [low, high])
    advisories = list(found)
    if not POSSIBLE_LUNGS_KG[0] <= mass <= POSSIBLE_LUNGS_KG[1]:
        message = f"lung mass in kg must be within [{POSSIBLE_LUNGS_KG[0]}, {POSSIBLE_LUNGS_KG[1]}], got {mass:.4g}"
        if not found:
            raise OutOfRangeError(message)
        # The lungs are cut, so the number is that of a part, as the message states.
        limit = POSSIBLE_LUNGS_KG[mass > POSSIBLE_LUNGS_KG[1]]
        low_kg, high_kg = POSSIBLE_LUNGS_KG
        advisories.append(advise("lung_mass_implausible", lung_mass_kg=mass, low=low_kg, high=high_kg, limit_kg=limit))
    elif not USUAL_LUNGS_KG[0] <= mass <= USUAL_LUNGS_KG[1]:
        low_kg, high_kg = USUAL_LUNGS_KG
        limit = high_kg if mass > high_kg else low_kg
        advisories.append(advise("lung_mass_unusual", lung_mass_kg=mass, low=low_kg, high=high_kg, limit_kg=limit))
    voxels = values.size if inside is None else np.count_nonzero(inside)
    advisories += advise_if("density_clipped", clipped_fraction=(clipped_low + clipped_high) / voxels)
    return LungMass(
        lung_mass_kg=mass,
        lung_volume_ml=volume,
        mean_density_g_per_ml=1000.0 * mass / volume,
        clipped_low_voxels=clipped_low,
        clipped_high_voxels=clipped_high,
        outside_fraction=outside,
        advisories=tuple(advisories),
    )


def _of_image(
    ct: Image, lungs: object, voxel_volume_ml: float | None, threads: int | None
) -> tuple[NDArray[Any], NDArray[Any], float, float, tuple[Advisory, ...]]:
    """Return CT numbers and fractions inside the lungs, in the box around them."""
    if ct.unit != "HU":
        raise UnitError(f"the CT must be in HU, got {ct.unit}")
    if voxel_volume_ml is not None:
        raise ArgumentError("voxel_volume_ml must be given only for arrays, because an image has its own voxel size")
    parts = [lungs] if isinstance(lungs, Structure) else list(lungs) if isinstance(lungs, list | tuple) else []
    if not parts or not all(isinstance(part, Structure) for part in parts):
        raise ArgumentError(f"lungs must be a Structure or several for an Image, got {type(lungs).__name__}")
    inside = structure_fractions(parts, ct, threads)
    if inside is None:
        names = ", ".join(part.name for part in parts)
        raise UndefinedError(f"the mass of '{names}' is undefined: no part of it lies inside the CT")
    box = np.ascontiguousarray(ct.array[inside.box], dtype=np.float64)
    fractions = np.ascontiguousarray(inside.fractions, dtype=np.float64)
    return box.reshape(-1), fractions.reshape(-1), ct.voxel_volume_ml, inside.outside_fraction, inside.advisories


def _of_array(ct: ArrayLike, lungs: object, voxel_volume_ml: float | None) -> tuple[NDArray[Any], float]:
    if voxel_volume_ml is None:
        raise ArgumentError("voxel_volume_ml must be given for an array of CT numbers, which has no voxel size")
    values = real("CT numbers", ct)
    if lungs is not None:
        if isinstance(lungs, Structure):
            raise ArgumentError("lungs must be a boolean array for an array of CT numbers; give the CT as an Image")
        mask = real("lung mask", lungs)
        if mask.dtype != np.bool_:
            raise DTypeError(f"lung mask must be boolean, got dtype {mask.dtype}")
        if mask.shape != values.shape:
            raise ShapeError(f"lung mask must be of the shape of the CT, {values.shape}, got {mask.shape}")
        values = values[mask.view(np.uint8) != 0]
    return flat("CT numbers", values), number("voxel volume in mL", voxel_volume_ml)
