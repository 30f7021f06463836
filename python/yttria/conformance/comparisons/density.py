"""Density, resampling and masses."""

from __future__ import annotations

import numpy as np

from ...geometry import Image, Structure
from ...reference import ct_density as reference
from ...reference import lung as lung_reference
from ...reference import resampling as resampling_reference
from ...voxel import ct_density_curve, density_image, lung_mass, structure_mass
from ._comparison import Comparison

SHAPE, SIZE_MM = (4, 6, 5), (4.0, 3.0, 2.5)


def entries() -> list[Comparison]:
    """All of them."""
    rng = np.random.default_rng(27)
    affine = np.diag([*SIZE_MM[::-1], 1.0])
    hounsfield = rng.uniform(-1100, 1500, SHAPE)
    ct = Image(hounsfield, affine, "HU")
    curve = ct_density_curve("schneider_1996")
    nodes = (curve.hounsfield_units, curve.density_g_per_ml)
    density = density_image(ct, out_of_range="clamp")
    rho = density.image.array
    region = rng.random(SHAPE) < 0.4
    organ = Structure("Lungs", region, affine)
    voxel_ml = float(np.prod(SIZE_MM)) / 1000.0
    # Voxels of 2 x 1.5 x 1 of the old size: the faces of the old ones lie between equal quarters and thirds of theirs.
    coarse = affine @ np.diag([1.0, 1.5, 2.0, 1.0])
    coarse[:3, 3] = affine[:3, :3] @ [0.0, 0.25, 0.5]
    grid = ((2, 4, 5), coarse)

    def averaged() -> object:
        return resampling_reference.resampled(rho, affine, *grid, samples_per_axis=6)

    def mass_kg() -> float:
        return reference.structure_mass_kg(reference.density_from_ct(hounsfield, *nodes), region, voxel_ml)

    lung_ct = rng.normal(-780.0, 150.0, 1500)
    return [
        Comparison(
            name="voxel.density_image",
            core=lambda: density_image(ct, out_of_range="clamp").image.array,
            reference=lambda: reference.density_from_ct(hounsfield, *nodes),
        ),
        Comparison(
            name="voxel.DensityImage.resampled_on",
            core=lambda: density.resampled_on(grid).image.array,
            reference=averaged,
        ),
        Comparison(name="voxel.structure_mass", core=lambda: structure_mass(density, organ).mass_kg, reference=mass_kg),
        Comparison(
            name="voxel.lung_mass",
            core=lambda: lung_mass(lung_ct, voxel_volume_ml=3.0).lung_mass_kg,
            reference=lambda: lung_reference.lung_mass(lung_ct, 3.0),
        ),
    ]
