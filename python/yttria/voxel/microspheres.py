"""Number of microspheres in voxels and structures, and the spread of doses by its random variation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._foundation.brief import brief
from .._foundation.numbers import number
from ..errors import ArgumentError, OutOfRangeError
from ..evaluation.structure_spheres import StructureSpheres
from ..geometry.image import Image
from ..geometry.structure import Structure
from .dosed_image import DosedImage
from .transport import transport_of


@dataclass(frozen=True, eq=False, kw_only=True)
class MicrosphereSpread:
    """Number of microspheres in each voxel, and the standard uncertainty of doses from its random variation.

    Parameters
    ----------
    spheres : Image
        Expected number of microspheres in each voxel.
    uncertainty : Image
        Standard uncertainty (k = 1) of the dose of each voxel in Gy.
    structures : tuple of StructureSpheres
        Rows of structures.
    sphere_activity_bq : float
        Activity of one microsphere in Bq at administration.
    transport : str
        Description of the spread of energy from one microsphere.
    """

    spheres: Image
    uncertainty: Image
    structures: tuple[StructureSpheres, ...]
    sphere_activity_bq: float
    transport: str

    __repr__ = brief


def microsphere_spread(
    result: DosedImage,
    structures: Sequence[Structure] = (),
    *,
    sphere_activity_bq: float,
    threads: int | None = None,
) -> MicrosphereSpread:
    """Compute the number of microspheres in voxels and structures, and the spread of doses that it causes.

    Parameters
    ----------
    result : DosedImage
        A `DoseResult`, made by `dose_image`.
    structures : sequence of Structure
        Structures with unique names.
    sphere_activity_bq : float
        Activity of one microsphere in Bq at administration, positive. It depends on the product and on the age of the
        vial: `VialOption.sphere_activity_bq` states it.
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    MicrosphereSpread
        Images on the grid of the dose, and rows of structures.

    Raises
    ------
    OutOfRangeError
        If the activity of a microsphere is not finite and positive.
    ArgumentError
        If the result does not hold its activity image.

    Notes
    -----
    A voxel of concentration c at administration and volume V holds on average `n = c V / a` microspheres of activity a.
    Their number is assumed to be Poisson distributed and independent between voxels. Clusters of microspheres increase
    the spread. With the dose `K(d)` in Gy per concentration at distance d, the variance of a voxel is `(a / V) sum_d
    K(d)^2 c(v - d)`, and that of the mean with weights w is `(a / V) sum_v c(v) (K * w)(v)^2 / (sum w)^2`. Without
    transport `K` is the dose factor over the density, and the relative uncertainty of a voxel is `1 / sqrt(n)`. By
    voxel S values `K` is their kernel. For superposition and Monte Carlo it is the kernel of liver, or of the medium of
    the result, at its reference density; `transport` states which. Negative concentrations count as 0.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import AbsoluteScaling, Image, dose_image
    >>> pet = Image(np.full((20, 21, 22), 2.0), np.diag([4.42, 4.42, 4.42, 1.0]), "MBq/mL")
    >>> result = dose_image(pet, scaling=AbsoluteScaling(0.0))
    >>> spread = microsphere_spread(result, sphere_activity_bq=2500.0)
    >>> round(float(spread.spheres.array[10, 10, 10]), 1)
    69.1
    """
    activity_bq = number("activity of a microsphere in Bq", sphere_activity_bq)
    if not (np.isfinite(activity_bq) and activity_bq > 0):
        raise OutOfRangeError(f"activity of a microsphere in Bq must be finite and > 0, got {activity_bq:g}")
    if result.activity is None:
        raise ArgumentError("the result must hold its activity image, as one of `dose_image` does")
    image, volume_ml = result.image, result.image.voxel_volume_ml
    concentration = np.maximum(result.activity.array * np.float64(result.provenance.mbq_per_ml_per_unit), 0.0)
    per_ml = activity_bq * 1e-6 / volume_ml
    spheres, transport = concentration / per_ml, transport_of(result.provenance, image, result.density, threads)
    of_voxels = per_ml * np.maximum(transport.variance(concentration), 0.0)
    if result.gas is not None:
        of_voxels[result.gas] = 0.0
    rows = []
    for name, fractions in result.voxel_fractions(structures, threads=threads).items():
        weights = fractions.to_array().astype(np.float64)
        total, held = float(weights.sum()), float(np.sum(weights * spheres))
        if total == 0.0:
            rows.append(StructureSpheres(structure=name, spheres=0.0))
            continue
        mean_gy = float(np.sum(weights * image.array) / total)
        of_mean = per_ml * float(np.sum(concentration * transport.adjoint(weights) ** 2)) / total**2
        of_voxel = float(np.sqrt(np.sum(weights * of_voxels) / total))
        rows.append(
            StructureSpheres(
                structure=name,
                spheres=held,
                spheres_per_ml=held / (total * volume_ml),
                spheres_per_voxel=held / total,
                mean_gy=mean_gy,
                mean_uncertainty_gy=float(np.sqrt(of_mean)),
                voxel_relative_uncertainty=of_voxel / mean_gy if mean_gy > 0.0 else None,
            )
        )
    return MicrosphereSpread(
        spheres=image.with_array(spheres, "1"),
        uncertainty=image.with_array(np.sqrt(of_voxels), "Gy"),
        structures=tuple(rows),
        sphere_activity_bq=activity_bq,
        transport=transport.words,
    )
