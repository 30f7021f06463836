"""Options of a dose model that contradict each other, for `dose_image` and for the declaration of a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._foundation.choices import METHOD_NAMES, LowDensityVoxels, Method
from ..errors import ArgumentError


def method_problems(
    method: Method,
    *,
    density: str,
    has_density: bool,
    low_density_voxels: LowDensityVoxels,
    has_medium: bool,
    simulation: Mapping[str, object],
) -> Iterator[tuple[str, ArgumentError]]:
    """Find options that a dose model cannot use, or needs.

    Parameters
    ----------
    method : str
        The dose model.
    density : str
        The option that gives the density of each voxel, in words.
    has_density, has_medium : bool
        Whether the density of each voxel, and another medium than the default, are given.
    low_density_voxels : str
        Treatment of voxels with a low density.
    simulation : mapping of str to object
        Options of Monte Carlo by name, None if they are not given.

    Yields
    ------
    option : str
        Name of the option; "density" for the density of each voxel.
    error : ArgumentError
        The mistake.
    """
    name = METHOD_NAMES[method]
    if method != "monte_carlo":
        for option, value in simulation.items():
            if value is not None:
                yield option, ArgumentError(f"{option} applies only to method monte_carlo, got method {method}")
    else:
        if has_medium:
            words = "medium applies only to kernels; Monte Carlo takes the medium of each voxel from its density"
            yield "medium", ArgumentError(words)
        if None not in (simulation.get("histories"), simulation.get("relative_uncertainty")):
            yield "relative_uncertainty", both_criteria()
    if method in ("superposition", "monte_carlo"):
        if not has_density:
            yield "density", ArgumentError(f"{name} needs the density of each voxel: give {density}")
        if low_density_voxels != "keep":
            words = f"applies only to local_deposition; {name} computes the transport of electrons through gas"
            yield "low_density_voxels", ArgumentError(f"low_density_voxels {words}")
    elif method == "voxel_s_values" and has_density:
        words = "method must be superposition, monte_carlo or local_deposition for"
        yield "density", ArgumentError(f"voxel S values have one density; {words} {density}")


def both_criteria() -> ArgumentError:
    """Make the error of a simulation with two criteria of its end."""
    words = "a number of histories (histories) or a relative uncertainty (relative_uncertainty)"
    return ArgumentError(f"give either {words}")
