"""Records of voxel-based plans of two injections into a small liver."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from ... import planning
from ...geometry import Image, Structure
from ...reference import voxel_plan as reference
from .._record import COMPARED, Record, dose_factor, in_room, nuclide

_planning = in_room("planning")
SHAPE, SIZE_MM, SHUNTS = (4, 5, 6), (4.0, 5.0, 3.0), (0.1, 0.04)
#: A mean, a dose at a volume, a volume at a dose, and a model of each kind, as text and in the form of the reference.
QUANTITIES: dict[str, tuple[str, str, dict[str, float]]] = {
    "Tumor: mean": ("Tumor", "mean", {}),
    "Tumor: D70": ("Tumor", "D", {"volume_percent": 70.0}),
    "Liver: V60": ("Liver", "V", {"dose_gy": 60.0}),
    "Liver: gEUD(a=3)": ("Liver", "gEUD", {"a": 3.0}),
    "Tumor: EUD(alpha_per_gy=0.01)": ("Tumor", "EUD", {"alpha_per_gy": 0.01}),
    "Tumor: TCP(alpha_per_gy=0.01, clonogens=20)": ("Tumor", "TCP", {"alpha_per_gy": 0.01, "clonogens": 20.0}),
    "Liver: NTCP(td50_gy=80, m=0.3, n=0.5)": ("Liver", "NTCP", {"td50_gy": 80.0, "m": 0.3, "n": 0.5}),
}


def records() -> tuple[Record, ...]:
    """List the records of this file."""
    rng = np.random.default_rng(41)
    affine, volume_ml = np.diag([*SIZE_MM[::-1], 1.0]), float(np.prod(SIZE_MM)) * 1e-3
    counts = rng.gamma(1.0, 1.0, SHAPE) + 0.05
    left = np.zeros(SHAPE)
    left[..., :3], left[..., 3] = 1.0, 0.25
    halves, tumor, whole = (left, 1.0 - left), rng.random(SHAPE) < 0.3, np.ones(SHAPE, bool)
    image = Image(counts, affine, "counts")
    territories = [Structure(name, half, affine) for name, half in zip(("left", "right"), halves, strict=True)]
    structures = [Structure("Tumor", tumor, affine), Structure("Liver", whole, affine)]
    parts = reference.split_by_territories(counts, halves)
    activities = np.array([0.006, 0.011])

    def injections() -> list[planning.InjectionMap]:
        return [
            planning.InjectionMap(
                name=territory.name, image=image.with_array(part, "counts"), reference=territory, lung_shunt_fraction=L
            )
            for territory, part, L in zip(territories, parts, SHUNTS, strict=True)
        ]

    def plan() -> planning.VoxelPlan:
        return planning.voxel_plan(injections(), structures, density_g_per_ml=1.05, nuclide=nuclide(COMPARED))

    def split() -> SimpleNamespace:
        shunts = dict(zip(("left", "right"), SHUNTS, strict=True))

        def images() -> Any:
            maps = planning.split_by_territories(image, territories, lung_shunt_fraction=shunts)
            return [each.image.array for each in maps]

        return SimpleNamespace(split_by_territories=images)

    def made() -> SimpleNamespace:
        return SimpleNamespace(voxel_plan=lambda: [result.image.array for result in plan().dose_per_gbq])

    def doses() -> SimpleNamespace:
        def found() -> list[Any]:
            result = plan().doses(activities.tolist(), quantities=tuple(QUANTITIES))
            values = [each.value for each in result.quantities]
            return [result.result.image.array, values, result.lungs.lung_dose_gy]

        return SimpleNamespace(doses=found)

    def best() -> SimpleNamespace:
        def goal() -> float:
            limits = ["Liver: D40 <= 60 Gy"]
            one = planning.voxel_plan(injections()[:1], structures, density_g_per_ml=1.05, nuclide=nuclide(COMPARED))
            return planning.optimize_voxel_activities(
                one, goal="Tumor: mean", limits=limits, lung_limit_gy=None, cumulative_lung_limit_gy=None
            ).goal_value

        return SimpleNamespace(optimize_voxel_activities=goal)

    def defined() -> Any:
        return reference.voxel_plan(list(parts), halves, SHUNTS, volume_ml, 1.05, dose_factor(COMPARED))

    def defined_doses() -> list[Any]:
        image_gy = np.tensordot(activities, defined(), 1)
        masks = {"Tumor": tumor, "Liver": whole}
        values = [reference.dose_measure(image_gy, masks[of], name, given) for of, name, given in QUANTITIES.values()]
        return [image_gy, values, dose_factor(COMPARED) * float(activities @ SHUNTS)]

    def defined_best() -> float:
        of = {"Tumor": defined()[:1, tumor], "Liver": defined()[:1, whole]}
        shares = {name: np.ones(array.shape[1]) for name, array in of.items()}
        limits: list[reference.Limit] = [("Liver", "D", {"volume_percent": 40.0}, "<=", 60.0)]
        goal = QUANTITIES["Tumor: mean"]
        found = reference.optimize_voxel_activities(of, shares, goal, limits, 100.0, steps=1)
        assert found is not None
        return found[0]

    return (
        _planning("split_by_territories", {}, of=split, reference=lambda: parts, relative=1e-12),
        _planning("voxel_plan", {}, of=made, reference=defined, relative=1e-7),
        _planning("VoxelPlan.doses", {}, of=doses, reference=defined_doses, relative=1e-7),
        _planning("optimize_voxel_activities", {}, of=best, reference=defined_best, relative=1e-9),
    )
