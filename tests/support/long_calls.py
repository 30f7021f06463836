"""Every call that computes on arrays, large enough to take long or much memory: by name, with its inputs made first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import yttria
from yttria import evaluation, geometry, planning
from yttria.geometry.contours import ContourStructure
from yttria.geometry.voxel_fractions import fractions_of_mask

Call = Callable[[], object]


def _turned(size_mm: float, degrees: float = 20.0) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    affine = np.eye(4)
    affine[:3, :3] = (
        np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) * size_mm
    )
    return affine


def _maps(edge: int) -> tuple[np.ndarray, np.ndarray]:
    """A dose map without equal values, and a ball in it."""
    k, j, i = np.ogrid[:edge, :edge, :edge]
    squared = (k - edge / 2) ** 2 + (j - edge / 2.1) ** 2 + (i - edge / 1.9) ** 2
    dose = 100 * np.exp(-squared / edge**2) * (1 + 0.1 * np.sin(0.7 * k + 1.3 * j + 1.9 * i))
    return dose.astype(np.float32), squared < (0.45 * edge) ** 2


def _contours(planes: int, points: int) -> list[np.ndarray]:
    """A wavy cylinder."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    contours = []
    for plane in range(planes):
        radius = 60 + 5 * np.sin(7 * angle + plane)
        contours.append(np.c_[radius * np.cos(angle), radius * np.sin(angle), np.full(points, 3.0 * plane)])
    return contours


def _absorbed_dose(edge: int) -> Call:
    s_values = yttria.voxel_s_values((3.0, 3.0, 3.0), medium="liver")
    activity = _maps(edge)[0]
    return lambda: yttria.absorbed_dose(activity, s_values)


def _local_deposition(edge: int) -> Call:
    dose = _maps(edge)[0]
    return lambda: yttria.local_deposition(dose, density_g_per_ml=1.05)


def _s_values(edge: int) -> Call:
    size = 0.8 if edge > 100 else 2.5
    return lambda: yttria.voxel_s_values((size, 1.1 * size, 1.2 * size), medium="lung")


def _dvh(edge: int) -> Call:
    dose, ball = _maps(edge)
    fractions = ball * np.float32(0.7)
    shapes = {"whole": ball, "part": fractions}
    return lambda: evaluation.dose_volume_histograms(dose, shapes, voxel_volume_ml=0.027)


def _sub_voxel_dvh(edge: int) -> Call:
    dose, ball = _maps(edge // 4)
    fine = np.repeat(np.repeat(np.repeat(ball, 4, 0), 4, 1), 4, 2)
    return lambda: evaluation.dose_volume_histograms(
        dose, {"ball": fine}, voxel_volume_ml=0.027, subvoxel_counts=(4, 4, 4)
    )


def _curve(edge: int) -> Call:
    dose, ball = _maps(edge)
    histogram = evaluation.dose_volume_histograms(dose, {"ball": ball}, voxel_volume_ml=0.027)["ball"]
    return lambda: (histogram.curve(), histogram.differential(), histogram.curve(doses_gy=np.arange(edge**2)))


def _from_mask(edge: int) -> Call:
    ball = _maps(edge)[1]
    return lambda: fractions_of_mask(ball).to_array()


def _aligned_voxel_fractions(edge: int) -> Call:
    ball = _maps(edge)[1]
    return lambda: geometry.voxel_fractions(ball, np.eye(4), (edge, edge, edge), np.diag([1.01, 1.02, 0.99, 1.0]))


def _turned_voxel_fractions(edge: int) -> Call:
    ball = _maps(edge)[1]
    return lambda: geometry.voxel_fractions(ball, np.eye(4), (edge, edge, edge), _turned(0.97))


def _contour_structure(edge: int) -> Call:
    contours = _contours(planes=max(edge // 3, 4), points=12 * edge)
    return lambda: ContourStructure("wave", contours)


def _contour_voxel_fractions(edge: int) -> Call:
    structure = ContourStructure("wave", _contours(planes=20, points=200))
    affine = _turned(0.5)
    affine[:3, 3] = (-70, -70, -10)
    return lambda: structure.voxel_fractions_on(((edge, edge, edge), affine))


def _resampled(edge: int, turned: bool, method: str) -> Call:
    image = yttria.Image(_maps(edge)[0], np.eye(4), "Gy")
    affine = _turned(0.97) if turned else np.diag([0.97, 1.01, 1.02, 1.0])
    return lambda: image.resampled_on(((edge, edge, edge), affine), method=method, fill_value=0.0)


def _gamma(edge: int) -> Call:
    dose = _maps(edge)[0]
    other = dose * np.float32(1.05)
    return lambda: evaluation.gamma_index(
        dose, other, voxel_size_mm=(1.0, 1.1, 1.2), distance_mm=2.0, lower_dose_cutoff_fraction=0.0
    )


def _density(edge: int) -> Call:
    ct = yttria.Image((_maps(edge)[0] * 5).astype(np.int16), np.eye(4), "HU")
    return lambda: yttria.density_image(ct)


def _radiobiology(edge: int) -> Call:
    dose = _maps(edge)[0]
    lq = {"alpha_beta_gy": 2.5, "repair_half_time_h": 2.5}

    def all_of_it() -> None:
        bed = evaluation.bed_gy(dose, **lq)
        evaluation.eqd2_gy(bed, alpha_beta_gy=2.5)
        evaluation.dose_from_bed_gy(bed, **lq)
        evaluation.generalized_eud(dose, a=3.0)
        evaluation.effective_uniform_bed(dose, alpha_per_gy=0.01, **lq)

    return all_of_it


def _partition(edge: int) -> Call:
    activity = np.linspace(0.5, 5.0, edge**3)
    return lambda: planning.partition_doses(
        activity,
        tumor_mass_kg=[0.3, 0.1],
        tumor_to_normal_ratio=[4.0, 3.0],
        normal_perfused_mass_kg=1.2,
        lung_shunt_fraction=0.05,
        lung_mass_kg=1.0,
    )


#: Each takes the edge of its arrays and returns the call.
CALLS: dict[str, Callable[[int], Call]] = {
    "absorbed_dose": _absorbed_dose,
    "local_deposition": _local_deposition,
    "voxel_s_values": _s_values,
    "dose_volume_histograms": _dvh,
    "sub_voxel_histograms": _sub_voxel_dvh,
    "curves": _curve,
    "voxel_fractions_from_mask": _from_mask,
    "voxel_fractions_aligned": _aligned_voxel_fractions,
    "voxel_fractions_turned": _turned_voxel_fractions,
    "contour_structure": _contour_structure,
    "contour_voxel_fractions": _contour_voxel_fractions,
    "resampled_average": lambda edge: _resampled(edge, False, "average"),
    "resampled_linear": lambda edge: _resampled(edge, False, "linear"),
    "resampled_turned": lambda edge: _resampled(edge, True, "average"),
    "gamma_index": _gamma,
    "density_image": _density,
    "radiobiology": _radiobiology,
    "partition_doses": _partition,
}
