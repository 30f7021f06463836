"""Lung shunt and lung mass from images, or from planar views and assumptions if the images do not show the lungs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .._foundation.numbers import number
from ..advisory import Advisory, advise, advise_if
from ..errors import OutOfRangeError, UndefinedError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..voxel.lung_mass import lung_mass
from .lung_shunt import LungShunt, spect_lung_shunt_fraction
from .structure_counts import StructureCounts, check_not_negative

#: Least share of the lungs in the field of view that gives a shunt, as in `spect_lung_shunt_fraction`.
_LEAST_IN_VIEW = 0.5
_WHOLE = 0.999
_DEFAULT_LUNGS_KG = 1.0
#: Codes of advisories on a lung mass that is the mass of a part.
_CUT = {"structure_cut", "structure_outside_image"}


@dataclass(frozen=True, kw_only=True)
class ImageShunt:
    """A lung shunt fraction, its origin in words, and the measurement if there was one."""

    lung_shunt_fraction: float
    origin: str
    measured: LungShunt | None = None


def shunts_of_images(
    scans: Mapping[str, Image],
    counted: Mapping[str, Mapping[str, StructureCounts]],
    lungs: Structure | None,
    *,
    stated: Mapping[str, float],
    planar: Mapping[str, LungShunt],
    one_scan: bool,
    resolution_fwhm_mm: float | None,
    threads: int | None,
) -> tuple[dict[str, ImageShunt], list[Advisory]]:
    """Return the shunt of each territory as stated, by its scan, or by planar views, and the advisories on it."""
    found: list[Advisory] = []
    shunts: dict[str, ImageShunt] = {}
    done: dict[int, tuple[LungShunt | None, list[Advisory]]] = {}
    for name, scan in scans.items():
        if name in stated:
            fraction = number(f"lung shunt fraction of '{name}'", stated[name])
            if not 0.0 <= fraction < 1.0:
                raise OutOfRangeError(f"lung shunt fraction of '{name}' must be within [0, 1), got {fraction:g}")
            shunts[name] = ImageShunt(lung_shunt_fraction=fraction, origin="stated by the caller")
            continue
        if id(scan) not in done:
            done[id(scan)] = _by_scan(scan, counted[name], lungs, threads)
            found += done[id(scan)][1]
        by_scan, _ = done[id(scan)]
        shunts[name] = _chosen(name, by_scan, planar.get(name), lungs, found, resolution_fwhm_mm)
    measured = {id(scan) for name, scan in scans.items() if name not in stated}
    if one_scan and len(scans) > 1 and measured:
        common = next(shunts[name] for name in scans if name not in stated)
        found.append(advise("one_scan_of_all_injections", lung_shunt_fraction=common.lung_shunt_fraction))
    return shunts, list(dict.fromkeys(found))


def _by_scan(
    scan: Image, counted: Mapping[str, StructureCounts], lungs: Structure | None, threads: int | None
) -> tuple[LungShunt | None, list[Advisory]]:
    of_lungs = counted.get("lungs")
    if lungs is None or of_lungs is None or 1.0 - of_lungs.outside_fraction < _LEAST_IN_VIEW:
        return None, []
    check_not_negative(of_lungs)
    liver = [each.counts for key, each in counted.items() if key != "lungs"]
    in_view = 1.0 - of_lungs.outside_fraction
    found: list[Advisory] = list(advise_if("lung_volume_small", volume_ml=lungs.volume_ml))
    if in_view < _WHOLE:
        found.append(
            advise("lungs_cut_by_field", "outside", outside_fraction=of_lungs.outside_fraction, image="tracer scan")
        )
    elif _reaches_edge(scan, lungs, threads):
        found.append(advise("lungs_cut_by_field", "edge", outside_fraction=0.0, image="tracer scan"))
    shunt = spect_lung_shunt_fraction(
        lung_counts=of_lungs.counts,
        liver_counts=sum(liver),
        lung_fraction_in_field_of_view=in_view if in_view < _WHOLE else 1.0,
    )
    return replace(shunt, advisories=(*shunt.advisories, *found)), [*shunt.advisories, *found]


def _reaches_edge(image: Image, structure: Structure, threads: int | None) -> bool:
    """Whether the structure reaches the outermost voxels of the image."""
    inside = structure.voxel_fractions_on(image, threads=threads)
    low, high = np.array(inside.origin), np.array(inside.origin) + inside.weights.shape
    return bool((low == 0).any() or (high == image.shape).any())


def _chosen(
    name: str,
    by_scan: LungShunt | None,
    by_views: LungShunt | None,
    lungs: Structure | None,
    found: list[Advisory],
    fwhm: float | None,
) -> ImageShunt:
    if by_scan is not None:
        fraction = by_scan.lung_shunt_fraction
        counts = f"{by_scan.lung_counts:.4g} counts in the lungs, {by_scan.liver_counts:.4g} in the liver"
        origin = f"SPECT: {counts}"
        if fwhm is not None:
            origin += f", corrected by the transfer matrix at a resolution of {fwhm:g} mm"
        if by_views is not None:
            found.append(
                advise(
                    "shunt_methods_differ",
                    spect_fraction=fraction,
                    planar_fraction=by_views.lung_shunt_fraction,
                    taken="SPECT",
                )
            )
            origin += f"; planar views give {by_views.lung_shunt_fraction:.4g}"
        return ImageShunt(lung_shunt_fraction=fraction, origin=origin, measured=by_scan)
    if by_views is not None:
        found.append(advise("shunt_from_planar", territory=name))
        found += by_views.advisories
        counts = f"{by_views.lung_counts:.4g} in the lungs, {by_views.liver_counts:.4g} in the liver"
        origin = f"planar geometric mean: {counts}"
        return ImageShunt(lung_shunt_fraction=by_views.lung_shunt_fraction, origin=origin, measured=by_views)
    why = "there are no lungs in the segmentation" if lungs is None else "less than half of the lungs is in the scan"
    raise UndefinedError(
        f"the lung shunt fraction of '{name}' is undefined: {why}; state it (lung_shunt_fraction), or give planar "
        "views (planar)"
    )


def lung_mass_of(
    stated: float | None, ct: Image | None, lungs: Structure | None, threads: int | None
) -> tuple[float, str, list[Advisory]]:
    """Return the mass of the lungs in kg, its origin in words, and the advisories on it."""
    if stated is not None:
        return number("lung mass in kg", stated), "stated by the caller", []
    if ct is None or lungs is None:
        found = advise("lung_mass_assumed", lung_mass_kg=_DEFAULT_LUNGS_KG)
        return _DEFAULT_LUNGS_KG, "assumed; there is no CT of the lungs", [found]
    try:
        measured = lung_mass(ct, lungs, threads=threads)
    except OutOfRangeError as error:
        found = advise("lung_mass_of_part", "implausible", mass_kg=_DEFAULT_LUNGS_KG)
        return _DEFAULT_LUNGS_KG, f"assumed; by the CT, {error}", [found]
    if _CUT & {advisory.code for advisory in measured.advisories}:
        found = advise("lung_mass_of_part", "cut", mass_kg=_DEFAULT_LUNGS_KG)
        return _DEFAULT_LUNGS_KG, "assumed; the CT holds a part of the lungs", [found]
    origin = f"CT: {measured.lung_volume_ml:.4g} mL of {measured.mean_density_g_per_ml:.3g} g/mL"
    return measured.lung_mass_kg, origin, list(measured.advisories)
