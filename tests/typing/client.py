"""A program that uses yttria, as a type checker sees it: `mypy --strict` must accept every line and every type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from typing_extensions import assert_type

import yttria
from yttria import evaluation, geometry, kernels, planning, voxel
from yttria.io.dicom import read_rtdose

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


def arrays(single: F32, double: F64, listed: list[list[list[float]]], s_values: yttria.VoxelSValues) -> None:
    assert_type(yttria.absorbed_dose(single, s_values), F32)
    assert_type(yttria.absorbed_dose(double, s_values, threads=2, method="auto"), F64)
    assert_type(yttria.absorbed_dose(listed, s_values), F32 | F64)
    assert_type(yttria.local_deposition(single, density_g_per_ml=1.06, out=single.copy()), F32)
    assert_type(yttria.local_deposition(double, density_g_per_ml=1.06), F64)
    assert_type(yttria.superposed_dose(single, single, (3.0, 4.0, 4.0)), F32)
    assert_type(yttria.superposed_dose(double, double, (3.0, 4.0, 4.0)), F64)
    plan = yttria.ConvolutionPlan((2, 3, 4), s_values.gy_per_mbq_per_ml(), np.float32)
    assert_type(plan.apply(single), F32)
    rays = yttria.SuperpositionPlan(single, (3.0, 4.0, 4.0))
    assert_type(rays.apply(single), F32)
    hot = {"hot": geometry.fractions_of_mask(double > 1)}
    histograms = evaluation.dose_volume_histograms(double, hot, voxel_volume_ml=0.1)
    assert_type(histograms, dict[str, evaluation.DoseVolumeHistogram])
    assert_type(histograms["hot"].mean_gy, float)


def images(folder: Path) -> list[float | None]:
    activity = yttria.read_image(folder / "activity.nrrd", unit="Bq/mL")
    assert_type(activity, yttria.Image)
    structures = yttria.read_structures(folder / "structures.seg.nrrd")
    scaling = yttria.AbsoluteScaling(scan_delay_h=20.0)
    result = yttria.dose_image(activity, scaling=scaling, method="voxel_s_values", medium="liver")
    assert_type(result, yttria.DoseResult)
    assert_type(result.image.to("mGy").voxel_size_mm, tuple[float, float, float])
    rows = result.table(structures)
    yttria.write_image(result.image, folder / "dose.nrrd")
    for advisory in result.advisories:
        assert_type(advisory, yttria.Advisory)
        print(advisory.code, advisory.message)
    assert_type(read_rtdose(folder / "dose.dcm"), yttria.Image)
    return [row.mean_gy for row in rows]


def plans() -> float:
    dose_gy = planning.single_compartment_dose(1.5, mass_kg=1.2, lung_shunt_fraction=0.05)
    assert_type(dose_gy, planning.SingleCompartment)
    medium = kernels.media()
    print(medium, voxel.ct_density_curves(), planning.dose_limits)
    return planning.gbq_from_mci(27.0)
