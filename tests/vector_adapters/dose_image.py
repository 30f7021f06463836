"""Dose images."""

from __future__ import annotations

from typing import Any

import numpy as np

from yttria import Image, Nuclide, RelativeScaling, Structure, dose_image

Inputs = dict[str, Any]


def ldm_relative(i: Inputs) -> Inputs:
    # Voxels of the given volume, another length along each axis.
    size_mm = (50.0, 80.0, i["voxel_volume_mL"] * 0.25)
    counts = np.array([[i["liver_voxel_counts"]]], dtype=float)
    image = Image(counts, np.diag([*size_mm, 1.0]), "counts")
    liver = Structure("Liver", np.ones(counts.shape, bool), image.affine_lps)
    scaling = RelativeScaling(
        liver,
        vial_activity_gbq=i["activity_in_vial_GBq"],
        residual_fraction=i["residual_fraction"],
        lung_shunt_fraction=i["lung_shunt_fraction"],
    )
    nuclide = Nuclide.from_dose_factor(64.1, i["dose_factor_Gy_kg_per_GBq"])
    result = dose_image(image, scaling=scaling, density_g_per_ml=i["density_g_per_mL"], nuclide=nuclide)
    (row,) = result.table([liver])
    return {"voxel_doses_Gy": result.image.array[0, 0].tolist(), "mean_dose_Gy": row["mean_gy"]}


ADAPTERS = {"ldm_relative": ldm_relative}
