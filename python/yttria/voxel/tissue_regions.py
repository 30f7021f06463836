"""Regions of a map by tissue and distance from activity, in which methods of dosimetry differ."""

from __future__ import annotations

import numpy as np

from ..geometry.image import Image
from ..geometry.structure import Structure
from .ct_density import DensityImage
from .density import density_on
from .monte_carlo_media import MEDIUM_BOUNDS_G_PER_ML
from .superposed_image import ACTIVITY_SHARE, NEAR_ACTIVITY_MM, within_mm
from .superposition import GAS_DENSITY_G_PER_ML

#: Distance in mm that divides the region near activity.
CLOSE_MM = 6.0
#: Distance in mm from gas, which scatters few electrons back. Methods with kernels of an infinite medium overestimate
#: the dose here.
BESIDE_GAS_MM = 9.0
#: A region of fewer voxels is left out, because its mean would be that of single voxels.
LEAST_VOXELS = 20


def tissue_regions(activity: Image, density: Image | DensityImage) -> list[Structure]:
    """Divide a map into lung, soft tissue and bone, each with activity, close to it, and farther away.

    Parameters
    ----------
    activity : Image
        Activity or counts, shape (k, j, i).
    density : Image or DensityImage
        Density of each voxel in g/mL on the same grid.

    Returns
    -------
    list of Structure
        Regions of at least 20 voxels. Lung is from 0.1 to 0.65 g/mL, bone above 1.2 g/mL, soft tissue between. A voxel
        has activity above 2 % of the largest. Distances, of 6 and 15 mm, are along each axis. The part of the soft
        tissue within 9 mm of gas is a region too. The outermost layer of voxels belongs to no region, because nothing
        from beyond the image reaches it.

    Raises
    ------
    ArgumentError, UnitError, GeometryError
        If the density is not an image in g/mL on the grid of the activity.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> affine_lps = np.diag([4.0, 4.0, 4.0, 1.0])
    >>> density = np.full((12, 12, 12), 1.05)
    >>> density[6:] = 0.26
    >>> activity = np.zeros((12, 12, 12))
    >>> activity[2:6, 3:9, 3:9] = 1.0
    >>> regions = tissue_regions(Image(activity, affine_lps, "MBq/mL"), Image(density, affine_lps, "g/mL"))
    >>> [region.name for region in regions][:3]
    ['Lung to 6 mm from activity', 'Lung 6 to 15 mm from activity', 'Soft tissue with activity']
    """
    rho = density_on(density, activity).array
    peak = float(activity.array.max(initial=0))
    inner = np.zeros(activity.shape, bool)
    inner[1:-1, 1:-1, 1:-1] = True
    active = (activity.array > ACTIVITY_SHARE * peak) & (peak > 0)
    close, near = (within_mm(active, mm, activity.voxel_size_mm) for mm in (CLOSE_MM, NEAR_ACTIVITY_MM))
    _, lung_most, tissue_most = MEDIUM_BOUNDS_G_PER_ML
    tissues = {
        "Lung": (rho >= GAS_DENSITY_G_PER_ML) & (rho < lung_most),
        "Soft tissue": (rho >= lung_most) & (rho < tissue_most),
        "Bone": rho >= tissue_most,
    }
    zones = {
        "with activity": active,
        f"to {CLOSE_MM:g} mm from activity": close & ~active,
        f"{CLOSE_MM:g} to {NEAR_ACTIVITY_MM:g} mm from activity": near & ~close,
    }
    masks = {
        f"{tissue} {zone}": of_tissue & in_zone
        for tissue, of_tissue in tissues.items()
        for zone, in_zone in zones.items()
    }
    beside_gas = within_mm(rho < GAS_DENSITY_G_PER_ML, BESIDE_GAS_MM, activity.voxel_size_mm)
    for name in [f"Soft tissue {zone}" for zone in list(zones)[:2]]:
        masks[f"{name}, beside gas"] = masks[name] & beside_gas
    frame = activity.frame_of_reference_uid
    return [
        Structure(name, mask & inner, activity.affine_lps, frame_of_reference_uid=frame)
        for name, mask in masks.items()
        if np.count_nonzero(mask & inner) >= LEAST_VOXELS
    ]
