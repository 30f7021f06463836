"""yttria compared with its reference, one public function after the other, for tests, benchmark and `verify`.

Formulas have a record. Methods and maps have the work that is done on either side, once, with `side` for the
implementation; two definitions stand side by side only if the reference takes numbers in the place of objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

import yttria._core as _core

from .. import geometry, kernels
from .. import planning as p
from .. import voxel as v
from ..geometry import Image, Structure
from ..kernels import Nuclide
from ..reference import superposition
from ..reference.absorbed_dose import absorbed_dose
from ._record import COMPARED, CORE, REFERENCE, Side, draws, flat, nuclide, value_of
from .records import RECORDS
from .records.planning import DOSE, GBQ, LUNG_GBQ, LUNG_KG, MASS, SHUNT

NUCLIDE = nuclide(COMPARED)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`name` is the public name within yttria; both callables do the same work and return numbers in the same order.

    They agree where every value is within `relative` of the reference's, or within `of_maximum` of the largest.
    """

    name: str
    core: Callable[[], Any]
    reference: Callable[[], Any]
    relative: float = 1e-12
    of_maximum: float = 0.0

    def difference(self) -> float:
        """The worst deviation, 1 at the tolerance; infinite where shapes differ or one has a NaN the other has not."""
        got, expected = flat(self.core()), flat(self.reference())
        if got.shape != expected.shape:
            return float("inf")
        margin = self.relative * np.abs(expected) + self.of_maximum * np.nanmax(np.abs(expected), initial=0.0)
        apart = np.abs(got - expected)
        apart[(got == expected) | (np.isnan(got) & np.isnan(expected))] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(apart == 0.0, 0.0, apart / margin)
        return float(np.max(np.where(np.isnan(share), np.inf, share), initial=0.0))


def comparisons() -> dict[str, Comparison]:
    """Every comparison by its public name: one for each record, and those of methods and maps."""
    records = [
        Comparison(name=r.name, core=r.work(CORE), reference=r.work(REFERENCE), relative=r.relative) for r in RECORDS
    ]
    found = [
        *records,
        *_planning(),
        *_histograms(),
        *_uncertainty(),
        *_dose_maps(),
        *_superpositions(),
        *_density(),
        *_kernels(),
        *_grids(),
    ]
    by_name = {each.name: each for each in sorted(found, key=lambda each: ROOMS.index(each.name.split(".")[0]))}
    assert len(by_name) == len(found), "two comparisons share a name"
    return by_name


ROOMS = ("planning", "kernels", "voxel", "geometry", "evaluation")


def _both(name: str, work: Callable[..., Any], *ranges: tuple[float, float], **tolerance: float) -> Comparison:
    """The work of either side, at random points of the ranges if there are any."""
    points = draws(*ranges) if ranges else [[]]
    core, reference = (partial(_at, work, side, points) for side in (CORE, REFERENCE))
    return Comparison(name=name, core=core, reference=reference, **tolerance)


def _at(work: Callable[..., Any], side: Side, points: list[list[float]]) -> list[Any]:
    return [work(side, *point) for point in points]


def _territory(side: Side, name: str, shunt: float, normal_kg: float, *tumors: tuple[str, float, float]) -> Any:
    made = [side("Tumor", {}, name=n, mass_kg=kg, tumor_to_normal_ratio=ratio) for n, kg, ratio in tumors]
    terms = {"name": name, "lung_shunt_fraction": shunt, "normal_perfused_mass_kg": normal_kg}
    return side("Territory", {}, tumors=made, **terms)


def _model(side: Side, m1: float, r1: float, m2: float, r2: float, normal: float, shunt: float, lung: float) -> Any:
    territory = _territory(side, "", shunt, normal, ("", m1, r1), ("", m2, r2))
    return side("PartitionModel", COMPARED, territories=[territory], normal_total_mass_kg=2.5, lung_mass_kg=lung)


@cache
def _plan(side: Side) -> Any:
    """Two territories that share a tumor."""
    return side(
        "PartitionModel",
        COMPARED,
        territories=[
            _territory(side, "right", 0.15, 0.4, ("A", 0.6, 6.0)),
            _territory(side, "left", 0.05, 0.3, ("B", 0.3, 8.0), ("A", 0.2, 5.0)),
        ],
        overlap="disjoint",
        lung_mass_kg=0.9,
        normal_total_mass_kg=1.5,
        unperfused_tumor_mass_kg={"A": 0.1},
    )


def _limits(side: Side) -> Any:
    return side(
        "PartitionLimits",
        {},
        normal_perfused_limit_gy=60.0,
        prior_normal_perfused_dose_gy=5.0,
        normal_whole_limit_gy=40.0,
        lung_limit_gy=30.0,
        cumulative_lung_limit_gy=50.0,
        prior_lung_dose_gy=12.0,
    )


def _doses(side: Side, a: float, b: float, *rest: float) -> list[Any]:
    one, d = _model(side, *rest).doses(a), _plan(side).doses([a, b])
    tumors = {t.tumor: [t.perfused_mean_dose_gy, t.whole_mean_dose_gy] for t in d.tumors}
    several = [d.tumor_portion_doses_gy, d.normal_perfused_doses_gy, tumors, d.normal_whole_dose_gy, d.lung_dose_gy]
    return [one.normal_perfused_dose_gy, one.tumor_doses_gy, one.lung_dose_gy, one.normal_whole_dose_gy, several]


def _best(side: Side) -> list[Any]:
    limits = {"lung_limit_gy": 25.0, "normal_perfused_limit_gy": 60.0}
    terms = {"objective": "max_min_tumor_dose", "tumor_dose": "perfused_mean", **limits}
    found = side("optimize_activities", {}, model=_plan(side), **terms)
    return [found.objective_value, found.delivered_activities_gbq]


def _resin(activity_gbq: float) -> p.ResinActivity:
    return p.ResinActivity(delivered_activity_gbq=activity_gbq, model="bsa", tumor_involvement_fraction=0.2)


def _reduced(side: Side, shunt: float, a: float) -> float:
    if side is CORE:
        return _resin(a).reduced_for_lung_shunt(shunt).delivered_activity_gbq
    return float(a * side("lung_shunt_reduction", {}, lung_shunt_fraction=shunt))


def _unreduced(side: Side, shunt: float, a: float) -> float:
    found = side("lung_shunt_reduction", {}, lung_shunt_fraction=shunt)
    return float(found.unreduced_activity_gbq(a) if side is CORE else a / found)


def _bounds(side: Side, shunt: float, maa: float, y90: float) -> list[Any]:
    terms = {"maa_mbq": [maa, 75.0], "delivered_activity_gbq": [y90, 1.4], "lung_mass_kg": 0.9}
    found = side("lung_dose_bounds", COMPARED, combined_lung_shunt_fraction=shunt, **terms)
    return [
        value_of(found, name) for name in ("lung_dose_equal_gy", "lung_shunt_if_all_from", "lung_dose_if_all_from_gy")
    ]


def _combined(side: Side, a: float, b: float, w: float) -> Any:
    terms = {"lung_shunt_fractions": [a, b], "weights": [w, 75.0], "weighting": "maa"}
    return value_of(side("combined_lung_shunt_fraction", {}, **terms), "lung_shunt_fraction")


def _vial(side: Side) -> list[Any]:
    times = [{"calibration_time": start, "treatment_time": end} for start, end in TIMES]
    vials = [side("vial_activity", COMPARED, calibration_activity_gbq=10.0, **each) for each in times]
    return [value_of(vial, "vial_activity_gbq") for vial in vials]


TIMES = [
    ("2024-03-10T00:00:00-05:00", "2024-03-11T12:00:00-04:00"),
    ("2024-04-14T12:00:00-04:00", "2024-04-16T10:00:00+02:00"),
    ("2025-12-31T23:30:00+09:00", "2025-12-31T08:15:30-07:00"),
]


def _planning() -> list[Comparison]:
    tissue = (MASS, (1.0, 9.0), MASS, (1.0, 9.0), MASS, (0.01, 0.3), LUNG_KG)
    reduction, diameters = ((0.01, 0.2), (0.5, 3.0)), ((5.0, 200.0),) * 3

    def target(side: Side, gy: float, *rest: float) -> Any:
        return _model(side, *rest).activity_for_tumor_dose(gy, tumor=1).delivered_activity_gbq

    def maximum(side: Side, *rest: float) -> list[Any]:
        found = _model(side, *rest).maximum_activity(_limits(side))
        return [found.delivered_activity_gbq, [at.delivered_activity_gbq for at in found.at_limits]]

    def adjusted(side: Side, a: float, f: float) -> float:
        core = _resin(a).adjusted_by_physician(f, reason="small liver")
        return core.delivered_activity_gbq if side is CORE else a * f

    def volume(side: Side, a: float, b: float, c: float) -> list[float]:
        of = side.functions["ellipsoid_volume_ml"]
        return [of(a), of(a, b, c)]

    def decay(side: Side) -> list[float]:
        return [side("decay_factor", COMPARED, elapsed_h=t) for t in (-30.0, 0.0, 48.0, 640.0)]

    return [
        _both("planning.PartitionModel.doses", _doses, GBQ, GBQ, *tissue),
        _both("planning.PartitionModel.activity_for_tumor_dose", target, DOSE, *tissue),
        _both("planning.PartitionModel.maximum_activity", maximum, *tissue),
        _both("planning.optimize_activities", _best, relative=1e-9),
        _both("planning.ResinActivity.reduced_for_lung_shunt", _reduced, *reduction),
        _both("planning.LungShuntReduction.unreduced_activity_gbq", _unreduced, *reduction),
        _both("planning.ResinActivity.adjusted_by_physician", adjusted, (0.5, 3.0), (0.5, 1.0)),
        _both("planning.ellipsoid_volume_ml", volume, *diameters),
        _both("planning.elapsed_h", lambda side: [side("elapsed_h", {}, start=a, end=b) for a, b in TIMES]),
        _both("planning.vial_activity", _vial),
        _both("planning.combined_lung_shunt_fraction", _combined, SHUNT, SHUNT, (100.0, 200.0)),
        _both("planning.lung_dose_bounds", _bounds, (0.02, 0.12), (120.0, 200.0), LUNG_GBQ),
        _both("kernels.Nuclide.decay_factor", decay),
    ]


@cache
def _histogram(side: Side) -> Any:
    rng = np.random.default_rng(24)
    dose = rng.gamma(2.0, 40.0, (9, 14, 11))
    dose[:, :3] = np.round(dose[:, :3])  # equal doses
    weights = rng.uniform(0.05, 1.0, dose.shape).astype(np.float32)
    return side("dose_volume_histograms", {}, dose_gy=dose, structures={"s": weights}, voxel_volume_ml=0.03)["s"]


def _histograms() -> list[Comparison]:
    methods: dict[str, tuple[Callable[[Any], Any], dict[str, float]]] = {
        "dose_at_volume_percent": (
            lambda h: [
                [h.dose_at_volume_percent(x, interpolation=name) for x in (0.0, 2.0, 50.0, 95.0, 100.0)]
                for name in ("rank", "linear")
            ],
            {"relative": 1e-7},
        ),
        "dose_at_volume_ml": (
            lambda h: [h.dose_at_volume_ml(x) for x in (0.0, 0.03, 1.0, 10.0)],
            {"relative": 1e-9},
        ),
        "volume_at_dose_percent": (
            lambda h: [h.volume_at_dose_percent(d, strict=s) for d in LEVELS_GY for s in (False, True)],
            VOLUMES,
        ),
        "volume_at_dose_ml": (lambda h: [h.volume_at_dose_ml(d) for d in LEVELS_GY], VOLUMES),
        "curve": (lambda h: h.curve(doses_gy=np.linspace(0.0, 300.0, 31))[1], VOLUMES),
        "differential": (lambda h: h.differential(), VOLUMES),
    }
    whole = ("volume_ml", "mean_gy", "minimum_gy", "maximum_gy", "standard_deviation_gy")
    return [
        _both(
            "evaluation.dose_volume_histograms",
            lambda side: [getattr(_histogram.__wrapped__(side), name) for name in whole],
            relative=1e-6,
        ),
        *(
            _both(f"evaluation.DoseVolumeHistogram.{name}", lambda side, read=read: read(_histogram(side)), **tolerance)
            for name, (read, tolerance) in methods.items()
        ),
    ]


LEVELS_GY, VOLUMES = (0.0, 30.0, 90.0, 500.0), {"relative": 1e-6, "of_maximum": 1e-9}


def _uncertainty() -> list[Comparison]:
    volumes = [0.5, 2.0, 9.0, 40.0]

    def curve(side: Side) -> Any:
        return side("RecoveryCurve", {}, b1_ml=2.6, b2=1.1, covariance=[[0.04, -0.003], [-0.003, 0.0025]])

    def dose(side: Side) -> list[Any]:
        terms = {"volume_uncertainty": 0.2, "fwhm_mm": 7.0, "recovery": curve(side), "calibration_uncertainty": 0.05}
        found = [side("dose_uncertainty", {}, volume_ml=each, **terms) for each in volumes]
        return [value_of(each, "absorbed_dose") for each in found]

    def uncertainty(side: Side) -> list[Any]:
        return [curve(side).uncertainty(each, volume_uncertainty=0.2) for each in volumes]

    return [
        _both("evaluation.RecoveryCurve.recovery", lambda side: [curve(side).recovery(each) for each in volumes]),
        _both("evaluation.RecoveryCurve.uncertainty", uncertainty, relative=1e-7),
        _both("evaluation.dose_uncertainty", dose, relative=1e-7),
    ]


def _dose_maps() -> list[Comparison]:
    shape, size_mm = (7, 11, 9), (5.0, 4.0, 7.0)
    rng = np.random.default_rng(26)
    activity = rng.gamma(1.0, 2.0, shape) * (rng.random(shape) < 0.6)
    density, second = rng.uniform(0.3, 1.9, shape), activity[::-1] + 0.3
    s = kernels.voxel_s_values(size_mm, medium="liver", nuclide=NUCLIDE)
    affine = np.diag([*size_mm[::-1], 1.0])
    counts, bq_per_ml = Image(activity * 40.0, affine, "counts"), Image(activity * 1e6, affine, "Bq/mL")
    liver = Structure("Liver", rng.random(shape) < 0.7, affine)
    shares = {"vial_activity_gbq": 2.0, "residual_fraction": 0.02, "lung_shunt_fraction": 0.05}
    exact = {"relative": 0.0, "of_maximum": 1e-13}

    @cache
    def plan(side: Side) -> Any:
        return side("ConvolutionPlan", {}, shape=shape, kernel=s.gy_per_mbq_per_ml())

    def by_time(side: Side) -> Any:
        return side("AbsoluteScaling", {}, scan_delay_h=20.0)

    def by_counts(side: Side) -> Any:
        return side("RelativeScaling", {}, reference=liver, **shares)

    def local(side: Side) -> Any:
        return side("local_deposition", COMPARED, activity_mbq_per_ml=activity, density_g_per_ml=density)

    def maps(side: Side) -> list[Any]:
        local = side("dose_image", COMPARED, activity=bq_per_ml, scaling=by_time(side), density_g_per_ml=1.05)
        by_kernel = {"scaling": by_counts(side), "method": "voxel_s_values", "s_values": s}
        found = [local, side.functions["dose_image"](counts, **by_kernel)]
        return [each.image.array if side is CORE else each for each in found]

    def absorbed(side: Side) -> Any:
        return side("absorbed_dose", {}, activity_mbq_per_ml=activity, s_values=s)

    return [
        _both("voxel.local_deposition", local, relative=1e-14),
        _both("voxel.absorbed_dose", absorbed, **exact),
        _both("voxel.ConvolutionPlan.apply", lambda side: plan(side).apply(activity), **exact),
        _both("voxel.ConvolutionPlan.apply_many", lambda side: plan(side).apply_many([activity, second]), **exact),
        _both(
            "voxel.ConvolutionPlan.apply_combined",
            lambda side: plan(side).apply_combined([activity, second], [1.7, 0.4]),
            **exact,
        ),
        _both("voxel.ConvolutionPlan.variance_plan", lambda side: plan(side).variance_plan().apply(activity), **exact),
        _both("voxel.AbsoluteScaling.scale", lambda side: by_time(side).scale(bq_per_ml, NUCLIDE).mbq_per_ml_per_unit),
        _both("voxel.RelativeScaling.scale", lambda side: by_counts(side).scale(counts, NUCLIDE).mbq_per_ml_per_unit),
        _both("voxel.dose_image", maps, **exact),
    ]


def _superpositions() -> list[Comparison]:
    """Every ray by itself. Relative to bone the factor of the medium is 1 whatever the density."""
    rng = np.random.default_rng(31)
    shape, size_mm, rho = (3, 5, 4), (4.0, 3.0, 5.0), 1.92
    density, activity = rng.choice([0.26, 1.06, 1.92], shape), rng.gamma(1.0, 2.0, shape)
    s = kernels.voxel_s_values(size_mm, medium="bone", density_g_per_ml=rho, nuclide=NUCLIDE)
    bone: dict[str, Any] = {"medium": "bone", "nuclide": NUCLIDE}
    plan = v.SuperpositionPlan(density, size_mm, ray_setting="fast", **bone)
    unblended = v.SuperpositionPlan(
        density, size_mm, ray_setting="fast", blended=False, gas_density_g_per_ml=0.0, **bone
    )

    def energy(setting: str, depth: Any) -> Any:
        rays = _core._superposition_rays(setting, size_mm)
        kernel = superposition.modes_double_integral(_core._kernel_modes("bone"))
        return superposition.superposed_energy(activity, depth, size_mm, rays, kernel)

    def defined(setting: str) -> Any:
        uniform, convolved = energy(setting, np.full(shape, rho)), absorbed_dose(activity, s)
        factor = NUCLIDE.dose_factor_gy_kg_per_gbq
        return superposition.superposed_dose(density, factor, energy(setting, density), uniform, convolved, rho)

    def applied(side: Side) -> Any:
        return plan.apply(activity) if side is CORE else defined("fast")

    def balance(side: Side) -> list[float]:
        if side is REFERENCE:
            return [energy("fast", density).sum() / (activity.sum() * s.energy_inside_fraction), 1.0]
        found = unblended.apply_with_balance(activity)[1]
        return [found.deposited_fraction, found.deposited_fraction + found.escaped_fraction]

    def dose(side: Side) -> Any:
        if side is REFERENCE:
            return defined("standard")
        return v.superposed_dose(activity, density, size_mm, ray_setting="standard", **bone)

    return [
        _both("voxel.SuperpositionPlan.apply", applied),
        _both("voxel.SuperpositionPlan.apply_with_balance", balance),
        _both("voxel.superposed_dose", dose),
    ]


def _density() -> list[Comparison]:
    shape, affine = (4, 6, 5), np.diag([2.5, 3.0, 4.0, 1.0])
    rng = np.random.default_rng(27)
    ct = Image(rng.uniform(-1100, 1500, shape), affine, "HU")
    curve = v.ct_density_curve("schneider_1996")
    density = v.density_image(ct, out_of_range="clamp")
    organ = Structure("Lungs", rng.random(shape) < 0.4, affine)
    lung_ct = rng.normal(-780.0, 150.0, 1500)
    # Voxels of 2 x 1.5 x 1 of the old size: the faces of the old ones lie between equal quarters and thirds of theirs.
    coarse = affine @ np.diag([1.0, 1.5, 2.0, 1.0])
    coarse[:3, 3] = affine[:3, :3] @ [0.0, 0.25, 0.5]
    grid = ((2, 4, 5), coarse)

    def mapped(side: Side) -> Any:
        if side is CORE:
            return v.density_image(ct, out_of_range="clamp").image.array
        terms = {"hounsfield_units": curve.hounsfield_units, "density_g_per_ml": curve.density_g_per_ml}
        return side("density_from_ct", {}, ct_hu=ct.array, **terms)

    def averaged(side: Side) -> Any:
        if side is CORE:
            return density.resampled_on(grid).image.array
        terms = {"shape": grid[0], "affine_lps": coarse, "samples_per_axis": 6}
        return side("resampled", {}, array=density.image.array, array_affine_lps=affine, **terms)

    def mass(side: Side) -> Any:
        if side is CORE:
            return v.structure_mass(density, organ).mass_kg
        terms = {"voxel_fractions": organ.mask, "voxel_volume_ml": ct.voxel_volume_ml}
        return side("structure_mass_kg", {}, density_g_per_ml=mapped(side), **terms)

    def lungs(side: Side) -> Any:
        return value_of(side("lung_mass", {}, ct=lung_ct, voxel_volume_ml=3.0), "lung_mass_kg")

    return [
        _both("voxel.density_image", mapped),
        _both("voxel.DensityImage.resampled_on", averaged),
        _both("voxel.structure_mass", mass),
        _both("voxel.lung_mass", lungs),
    ]


def _kernels() -> list[Comparison]:
    size_mm, kernel = (5.0, 4.0, 7.0), kernels.dose_point_kernel("liver")
    made_by = Nuclide.from_energy(64.05, kernel.emitted_mev)
    s_values = kernels.voxel_s_values(size_mm, medium="liver", nuclide=made_by)
    carries = s_values.values > 1e-4 * s_values.values.max()

    def energies(side: Side, half_life_h: float, mev: float) -> Any:
        return side("dose_factor", {}, half_life_h=half_life_h, mean_energy_mev=mev)

    def table(side: Side) -> Any:
        if side is CORE:
            return kernels.voxel_s_values(size_mm, medium="liver", nuclide=made_by).values[carries]
        rho = kernel.density_g_per_ml
        terms = {"edge_mm": kernel.edge_mm, "energy_mev": kernel.energy_mev, "support_mm": 12.0 / rho}
        return side("voxel_s_values", {}, voxel_size_mm=size_mm, density_g_per_ml=rho, directions=24, **terms)[carries]

    def concentrations(side: Side) -> Any:
        if side is CORE:
            return s_values.gy_per_mbq_per_ml()
        return side("gy_per_mbq_per_ml", COMPARED, s_mgy_per_mbq_s=s_values.values, voxel_size_mm=size_mm)

    return [
        _both("kernels.Nuclide.from_energy", energies, (63.5, 64.5), (0.9, 0.95)),
        # Two quadratures of one integral; 24 directions leave the reference's own error at 1e-3 of far voxels.
        _both("kernels.voxel_s_values", table, relative=5e-3, of_maximum=2e-4),
        _both("kernels.VoxelSValues.gy_per_mbq_per_ml", concentrations),
    ]


def _grids() -> list[Comparison]:
    rng = np.random.default_rng(23)
    mask = rng.integers(0, 2, (6, 9, 7)).astype(bool)
    fine, coarse = np.diag([2.0, 2.5, 3.0, 1.0]), np.diag([4.0, 5.0, 4.5, 1.0])
    fine[:3, 3], coarse[:3, 3] = (-3.0, 4.25, 2.0), (-5.0, 3.0, -1.0)
    fractions = rng.uniform(0.0, 1.0, (3, 4, 5)).astype(np.float32)
    # A reference far from the evaluated doses: the least gamma lies at a corner of a cell, which is a sample.
    rng = np.random.default_rng(25)
    affine = np.diag([2.5, 2.0, 3.0, 1.0])
    a, b = rng.uniform(40.0, 50.0, (4, 6, 5)), rng.uniform(60.0, 70.0, (4, 6, 5))
    a[1] *= 0.05
    criteria = {"dose_difference_fraction": 0.2, "distance_mm": 60.0, "lower_dose_cutoff_fraction": 0.2}

    def shares(side: Side) -> Any:
        terms = {"mask_affine_lps": fine, "shape": (5, 4, 6), "affine_lps": coarse, "samples_per_axis": 24}
        found = side("voxel_fractions", {}, mask=mask, **terms)
        return found.to_array() if side is CORE else found

    def volume(side: Side) -> Any:
        core = geometry.fractions_of_mask(fractions)
        return core.volume_ml(0.03) if side is CORE else np.sum(fractions, dtype=np.float64) * 0.03

    def gamma(side: Side) -> Any:
        if side is CORE:
            arrays = {"reference": a, "evaluated": b, "voxel_size_mm": (3.0, 2.0, 2.5)}
            return side("gamma_index", {}, **arrays, maximum_gamma=9.0, **criteria).gamma
        arrays = {"reference_gy": a, "evaluated_gy": b, "reference_affine_lps": affine, "evaluated_affine_lps": affine}
        return side("gamma_index", {}, **arrays, maximum_gamma=9.0, samples_per_voxel=3, **criteria)

    def same(side: Side) -> Any:
        return geometry.fractions_of_mask(fractions).to_array() if side is CORE else fractions

    return [
        # Every face of a mask voxel falls between two of 24 parts of a dose voxel: the definition is exact.
        _both("geometry.voxel_fractions", shares, relative=1e-6, of_maximum=1e-6),
        _both("geometry.fractions_of_mask", same, relative=1e-6),
        _both("geometry.VoxelFractions.volume_ml", volume, relative=1e-7),
        _both("evaluation.gamma_index", gamma, relative=1e-4),
    ]
