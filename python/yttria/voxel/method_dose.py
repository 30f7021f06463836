"""Dose of an activity concentration by each dose model, with what the result states about the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from .._core import Nuclide
from .._foundation.choices import DEFAULT_MEDIUM, LowDensityVoxels, MediumName, Method, RaySetting
from ..advisory import Advisory
from ..geometry.image import Image
from ..kernels import VoxelSValues
from .absorbed_dose import convolved
from .ct_density import DensityImage
from .density import density_in_g_per_ml, resolved_density
from .local_deposition import deposited
from .monte_carlo_image import MonteCarloOptions, monte_carlo_image
from .superposed_image import superposed_image

Map = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class MethodOptions:
    """Options of the dose models, named as the parameters of `dose_image`; `density_g_per_ml` is resolved."""

    medium: MediumName | None
    density_g_per_ml: float
    ray_setting: RaySetting
    low_density_voxels: LowDensityVoxels
    low_density_limit_g_per_ml: float
    simulation: MonteCarloOptions
    threads: int | None


@dataclass(frozen=True, eq=False, kw_only=True)
class MethodDose:
    """A dose with what the dose model adds to its result.

    Parameters
    ----------
    dose : array
        Dose in Gy, shape (k, j, i).
    terms : dict
        Fields of the provenance that depend on the dose model.
    density : Image, optional
        Density of each voxel in g/mL as the model used it.
    gas : array of bool, optional
        Voxels without dose.
    uncertainty : array, optional
        Standard uncertainty of each voxel in Gy.
    mean_uncertainties_gy : dict
        Standard uncertainties of mean doses by the hash of the structure.
    advisories : tuple of Advisory
        Findings of the dose model.
    """

    dose: Map
    terms: dict[str, Any]
    density: Image | None = None
    gas: NDArray[Any] | None = None
    uncertainty: Map | None = None
    mean_uncertainties_gy: dict[str, float] = field(default_factory=dict)
    advisories: tuple[Advisory, ...] = ()


def method_dose(
    method: Method,
    activity: Image,
    concentration: Map,
    density: Image | DensityImage | None,
    kernel: VoxelSValues | None,
    nuclide: Nuclide,
    options: MethodOptions,
) -> MethodDose:
    """Compute the dose of concentrations at administration in MBq/mL, from the checked arguments of `dose_image`."""
    if density is not None and method == "superposition":
        return _superposed(activity, concentration, density, nuclide, options)
    if density is not None and method == "monte_carlo":
        return _simulated(activity, concentration, density, nuclide, options)
    if kernel is not None:
        return MethodDose(
            dose=convolved(concentration, kernel, threads=options.threads),
            terms={
                "density_g_per_ml": options.density_g_per_ml,
                "kernel_medium": kernel.medium,
                "kernel_voxel_size_mm": kernel.voxel_size_mm,
                "kernel_energy_beyond_fraction": kernel.energy_beyond_fraction,
                "kernel_tail_folded": kernel.tail_folded,
                "kernel_source": kernel.source,
            },
        )
    return _deposited(activity, concentration, density, nuclide, options)


def _superposed(
    activity: Image, concentration: Map, density: Image | DensityImage, nuclide: Nuclide, options: MethodOptions
) -> MethodDose:
    found = superposed_image(
        activity,
        concentration,
        density,
        medium=DEFAULT_MEDIUM if options.medium is None else options.medium,
        reference_density_g_per_ml=options.density_g_per_ml,
        ray_setting=options.ray_setting,
        nuclide=nuclide,
        threads=options.threads,
    )
    return MethodDose(
        dose=found.dose,
        terms={
            "density_g_per_ml": options.density_g_per_ml,
            "kernel_medium": found.medium,
            "density_image": found.density_terms,
            "superposition": found.terms,
        },
        density=density_in_g_per_ml(density),
        gas=found.gas,
        advisories=found.advisories,
    )


def _simulated(
    activity: Image, concentration: Map, density: Image | DensityImage, nuclide: Nuclide, options: MethodOptions
) -> MethodDose:
    found = monte_carlo_image(
        activity, concentration, density, nuclide=nuclide, options=options.simulation, threads=options.threads
    )
    return MethodDose(
        dose=found.dose,
        terms={"density_g_per_ml": None, "density_image": found.density_terms, "monte_carlo": found.terms},
        density=density_in_g_per_ml(density),
        gas=found.gas,
        uncertainty=found.uncertainty,
        mean_uncertainties_gy=found.mean_uncertainties_gy,
        advisories=found.advisories,
    )


def _deposited(
    activity: Image, concentration: Map, density: Image | DensityImage | None, nuclide: Nuclide, options: MethodOptions
) -> MethodDose:
    uniform = options.density_g_per_ml
    if density is None:
        dose = deposited(concentration, uniform, nuclide, None, options.threads)
        return MethodDose(dose=dose, terms={"density_g_per_ml": uniform})
    found = resolved_density(
        density, activity, concentration, options.low_density_voxels, options.low_density_limit_g_per_ml
    )
    return MethodDose(
        dose=deposited(concentration, found.array, nuclide, None, options.threads),
        terms={"density_g_per_ml": None, "density_image": found.terms},
        density=activity.with_array(found.array, "g/mL"),
        advisories=found.advisories,
    )
