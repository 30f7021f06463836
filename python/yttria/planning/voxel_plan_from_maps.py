"""Computation of a voxel-based plan from the tracer images of its injections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._core import Nuclide
from ..errors import ArgumentError, UndefinedError
from ..geometry.structure import Structure
from ..kernels import VoxelSValues
from ..voxel import DoseResult, RelativeScaling, dose_image
from .injection_maps import InjectionMap
from .microsphere_nuclide import planning_nuclide
from .summed_doses import SIZES
from .voxel_plan import VoxelPlan


def voxel_plan(
    injections: Sequence[InjectionMap],
    structures: Sequence[Structure],
    *,
    lung_mass_kg: float = 1.0,
    prior_lung_dose_gy: float = 0.0,
    nuclide: Nuclide | None = None,
    threads: int | None = None,
    **dose_settings: Any,
) -> VoxelPlan:
    """Compute the dose per GBq of each injection, from which activities are planned.

    Parameters
    ----------
    injections : sequence of InjectionMap
        Tracer images, one for each injection, all on one grid.
    structures : sequence of Structure
        Structures of goals, limits and tables.
    lung_mass_kg : float, default 1.0
        Mass of the lungs in kg, within [0.3, 2.5].
    prior_lung_dose_gy : float, default 0.0
        Mean dose of the lungs from earlier treatments in Gy.
    nuclide : Nuclide, optional
        Of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.
    threads : int, optional
        Number of threads; all processors if not given.
    **dose_settings
        `method`, `medium`, `density_g_per_ml`, `s_values`, `negative_voxels`, `density`, and every other parameter of
        `yttria.voxel.dose_image` but its image and its scaling.

    Returns
    -------
    VoxelPlan

    Raises
    ------
    UndefinedError
        If there is no injection.
    ArgumentError
        If a setting is unknown, or the nuclide is one that no microspheres carry.
    GeometryError, DuplicateNameError, OutOfRangeError
        As `VoxelPlan`, and as `dose_image` raises them.

    Warns
    -----
    activity_outside_reference
        And the other codes of `dose_image`, in the results of each injection.

    Notes
    -----
    The dose of a voxel is `D = sum_i A_i d_i`. Here `d_i` is the dose of 1 GBq that injection `i` delivers to the
    patient, of which `1 - L_i` stays in its reference. The lungs receive `C sum_i A_i L_i / m_lung`, wherever they lie.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image, Structure
    >>> from yttria.planning import InjectionMap, voxel_plan
    >>> counts = Image(np.array([[[4.0, 1.0, 1.0, 1.0]]]), np.diag([10.0, 10.0, 10.0, 1.0]), "counts")
    >>> liver = Structure("Liver", np.ones((1, 1, 4)), counts.affine_lps)
    >>> tumor = Structure("Tumor", np.array([[[1, 0, 0, 0]]]), counts.affine_lps)
    >>> maa = InjectionMap(name="right", image=counts, reference=liver, lung_shunt_fraction=0.1)
    >>> plan = voxel_plan([maa], [liver, tumor])
    >>> doses = plan.doses(0.01)
    >>> [round(row.mean_gy, 1) for row in doses.structures]
    [106.4, 243.3]
    """
    if not injections:
        raise UndefinedError("a voxel plan is undefined without an injection")
    if unknown := {"scaling", "activity"} & set(dose_settings):
        raise ArgumentError(f"{min(unknown)} must not be given for a voxel plan, because each map is scaled to 1 GBq")
    given = dose_settings.get("s_values")
    chosen = given.nuclide if nuclide is None and isinstance(given, VoxelSValues) else nuclide
    chosen = planning_nuclide(chosen)
    results = tuple(
        dose_image(
            injection.image,
            scaling=RelativeScaling(
                injection.reference,
                lung_shunt_fraction=injection.lung_shunt_fraction,
                delivered_activity_gbq=1.0,
            ),
            nuclide=chosen,
            threads=threads,
            **_settings_of(at, len(injections), structures, dose_settings),
        )
        for at, injection in enumerate(injections)
    )
    return VoxelPlan(
        injections=tuple(injections),
        dose_per_gbq=tuple(map(_without_sizes, results)),
        structures=tuple(structures),
        lung_mass_kg=lung_mass_kg,
        prior_lung_dose_gy=prior_lung_dose_gy,
        nuclide=chosen,
        threads=threads,
    )


def _settings_of(at: int, count: int, structures: Sequence[Structure], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Make the settings of one injection's dose.

    By Monte Carlo each has its own seed, so that their noise is independent.
    """
    if settings.get("method") != "monte_carlo":
        return dict(settings)
    if settings.get("state_file") is not None and count > 1:
        raise ArgumentError("state_file must be given for one injection only, got several injections")
    return {"structures": structures, **settings, "seed": settings.get("seed", 0) + at}


def _without_sizes(result: DoseResult) -> DoseResult:
    """Remove advisories on the size of doses and activities, because 1 GBq is not a planned activity."""
    sizes = (*SIZES, "administered_activity_implausible")
    return replace(result, advisories=tuple(each for each in result.advisories if each.code not in sizes))
