"""Components of the uncertainty of a dose that do not depend on the structure's position, and that of an outline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log, prod

import yttria._core as _core

from .._foundation.choices import InputUnit, Method, UncertaintySource
from .._foundation.provenance import Provenance
from ..evaluation import UncertaintyComponent, UncertaintyInputs

#: Relative standard uncertainty of a half-life if none is stated.
HALF_LIFE_UNCERTAINTY = 0.001
_OF_HALF_LIFE = "default: yttria-choice, about what half-lives in use differ by"
#: Relative standard uncertainty of each dose model if none is stated. It is the accepted difference from Monte Carlo,
#: with the row of VALIDATION.md that states it and the measured difference. The error of local deposition depends on
#: the structure.
METHOD_UNCERTAINTIES: Mapping[Method, tuple[float, str]] = {
    "voxel_s_values": (0.007, "Voxel S values follow Monte Carlo"),
    "superposition": (0.01, "Beside lung and bone, superposition follows Monte Carlo"),
    "monte_carlo": (0.007, "Monte Carlo transport follows EGSnrc in voxels"),
}
#: Sources of uncertainty that contribute to every dose of a structure.
_OF_EVERY_DOSE: tuple[UncertaintySource, ...] = (
    "volume",
    "counts",
    "recovery",
    "decay",
    "density",
    "method",
    "registration",
    "microspheres",
)


@dataclass(frozen=True, kw_only=True)
class OutlineUncertainty:
    """Standard uncertainty of the displacement of one outline in mm, and its origin."""

    displacement_mm: float
    basis: str
    is_default: bool


def outline_uncertainty(
    inputs: UncertaintyInputs, structure: str, voxel_size_mm: Sequence[float]
) -> OutlineUncertainty | None:
    """Return the uncertainty of an outline, as stated, or half of that of a diameter from voxel size and blur.

    For anisotropic voxels, the edge of a cube with their volume is used. The result is None if neither the uncertainty
    nor the blur is stated.
    """
    stated = inputs.of_structure("contour_uncertainty_mm", structure)
    if stated is not None:
        basis = inputs.basis_of("contour_uncertainty_mm")
        return OutlineUncertainty(displacement_mm=stated, basis=basis, is_default=False)
    if inputs.fwhm_mm is None:
        return None
    edge_mm = prod(voxel_size_mm) ** (1 / 3)
    return OutlineUncertainty(
        displacement_mm=0.5 * _core.diameter_uncertainty_mm(edge_mm, inputs.fwhm_mm),
        basis=f"default: gear2018 with voxels of {edge_mm:.3g} mm and a FWHM of {inputs.fwhm_mm:g} mm",
        is_default=True,
    )


def component(
    source: UncertaintySource,
    words: str,
    u: float,
    contribution: float,
    basis: str,
    *,
    unit: InputUnit = "fraction",
    is_default: bool = False,
) -> UncertaintyComponent:
    """Make a component."""
    return UncertaintyComponent(
        source=source,
        input=words,
        input_standard_uncertainty=u,
        input_unit=unit,
        contribution=contribution,
        basis=basis,
        is_default=is_default,
    )


def scaled(relative: UncertaintyComponent, value: float) -> UncertaintyComponent:
    """Convert a component with a relative contribution to one of a value."""
    return replace(relative, contribution=relative.contribution * value)


def relative_components(
    inputs: UncertaintyInputs, provenance: Provenance, structure: str
) -> list[UncertaintyComponent]:
    """Make the components that are the same share of every dose of a structure, with relative signed contributions.

    The dose is `D = s c / rho` with the half-life T and the time t to the scan. The relative sensitivity is 1 for
    factors of the image or of the counts in the structure. It is -1 for the density, because the energy in the
    structure stays the same. It is `ln 2 / T` per hour of t. It is `1 - ln 2 t / T` for T, because the time integral
    grows with T and the decay to the scan becomes smaller. In relative scaling, the time of the scan and the
    calibration do not contribute, and the sensitivity is `-x / (1 - x)` for residual and lung shunt fractions x.
    """
    found = _of_scaling(inputs, provenance)
    of_half_life = _of_half_life(provenance)
    found += _stated(inputs, "decay", "half_life_uncertainty", "half-life", of_half_life)
    if inputs.half_life_uncertainty is None:
        u = HALF_LIFE_UNCERTAINTY
        found.append(component("decay", "half-life", u, of_half_life * u, _OF_HALF_LIFE, is_default=True))
    found += _stated(inputs, "density", "density_uncertainty", "density", -1.0)
    found += _stated(inputs, "method", "method_uncertainty", "dose model", 1.0)
    if inputs.method_uncertainty is None and provenance.method in METHOD_UNCERTAINTIES:
        u, claim = METHOD_UNCERTAINTIES[provenance.method]
        found.append(component("method", "dose model", u, u, f"default: VALIDATION.md: {claim}", is_default=True))
    u_counts = inputs.of_structure("count_uncertainty", structure)
    if u_counts is not None:
        found.append(
            component("counts", "counts in the structure", u_counts, u_counts, inputs.basis_of("count_uncertainty"))
        )
    return found


def _of_scaling(inputs: UncertaintyInputs, provenance: Provenance) -> list[UncertaintyComponent]:
    scaling = provenance.scaling
    if _is_absolute(provenance):
        per_h = log(2.0) / provenance.half_life_h
        return [
            *_stated(inputs, "calibration", "calibration_uncertainty", "calibration factor", 1.0),
            *_stated(inputs, "decay", "scan_delay_uncertainty_h", "time from administration to scan", per_h, "h"),
        ]
    found = _stated(inputs, "administered_activity", "administered_activity_uncertainty", "administered activity", 1.0)
    for source, name in _FRACTIONS.items():
        x = float(scaling.get(name) or 0.0)
        if x > 0.0:
            found += _stated(inputs, source, f"{source}_uncertainty", name.replace("_", " "), -x / (1.0 - x))
    return found


_FRACTIONS: dict[UncertaintySource, str] = {"residual": "residual_fraction", "lung_shunt": "lung_shunt_fraction"}


def _stated(
    inputs: UncertaintyInputs,
    source: UncertaintySource,
    name: str,
    words: str,
    sensitivity: float,
    unit: InputUnit = "fraction",
) -> list[UncertaintyComponent]:
    u = getattr(inputs, name)
    return [] if u is None else [component(source, words, u, sensitivity * u, inputs.basis_of(name), unit=unit)]


def _is_absolute(provenance: Provenance) -> bool:
    return provenance.scaling.get("kind") == "absolute"


def _of_half_life(provenance: Provenance) -> float:
    if not _is_absolute(provenance):
        return 1.0
    return 1.0 - log(2.0) * float(provenance.scaling["scan_delay_h"]) / provenance.half_life_h


def not_included(
    components: Sequence[UncertaintyComponent],
    inputs: UncertaintyInputs,
    provenance: Provenance,
    *,
    knows_reference: bool,
) -> tuple[UncertaintySource, ...]:
    """List the sources that contribute to a dose of this scaling, but were not stated.

    A source that was stated only in part is among them. This is "decay" if the half-life is included and the time of
    the scan is not. It is "volume" if the outline of the structure is included and that of the reference of relative
    scaling is not.
    """
    known = {each.source for each in components}
    if not (knows_reference or _is_absolute(provenance)):
        known.discard("volume")
    sources: list[UncertaintySource] = list(_OF_EVERY_DOSE)
    if _is_absolute(provenance):
        sources.append("calibration")
        if inputs.scan_delay_uncertainty_h is None and float(provenance.scaling["scan_delay_h"]) > 0.0:
            known.discard("decay")
    else:
        sources.append("administered_activity")
        sources += [source for source, name in _FRACTIONS.items() if provenance.scaling.get(name)]
    return tuple(source for source in sources if source not in known)
