"""Masses, counts, ratios and shunts of a plan from a tracer scan and a segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError, UndefinedError, UnitError, UnknownNameError
from ..geometry.image import Image
from ..geometry.patient_identity import patient_doubts
from ..geometry.structure import Structure
from ..geometry.structure_algebra import on_common_grid
from ..geometry.structure_expressions import derive_structures
from ..geometry.structure_selection import Patterns
from ..voxel.ct_density import DensityImage
from .image_measurements import MeasuredTerritory, MeasuredTumor, PlanSettings
from .image_parts import CRUMB, PlanMasses, PlanParts
from .image_plan import ImagePlan
from .image_plan_file import roles_in_words
from .image_shunt import ImageShunt, lung_mass_of, shunts_of_images
from .image_uncertainty import counts_spread, stated_of_images
from .lung_shunt import LungShunt
from .structure_checks import check_structures
from .structure_counts import StructureCounts, check_not_negative, counts_in_parts
from .structure_roles import StructureRoles, structure_roles
from .tumor_to_normal import tumor_to_normal_ratio

Each = TypeVar("Each")
#: Units of images that are not scans of a tracer.
_NO_TRACER = ("HU", "g/mL", "Gy", "mGy")
WHOLE_LIVER = "whole liver"


def from_images(
    maa: Image | Mapping[str, Image],
    structures: Sequence[Structure],
    *,
    settings: PlanSettings,
    ct: Image | None = None,
    density: DensityImage | Image | float | None = None,
    define: str | Sequence[str] = (),
    liver: str | None = None,
    tumors: Patterns = None,
    territories: Patterns | Mapping[str, str | Sequence[str]] = None,
    lungs: Patterns = None,
    lung_shunt_fraction: float | Mapping[str, float] | None = None,
    planar: LungShunt | Mapping[str, LungShunt] | None = None,
    lung_mass_kg: float | None = None,
    resolution_fwhm_mm: float | None = None,
    inputs: Mapping[str, str] | None = None,
    threads: int | None = None,
) -> ImagePlan:
    """Measure the inputs of a plan in a tracer scan and a segmentation.

    Parameters
    ----------
    maa : Image or mapping of str to Image
        Scan of the tracer (technetium-99m MAA, a scout dose), corrected for attenuation and scatter, in any unit in
        proportion to activity. It is one scan after all injections, or one for each territory by its name.
    structures : sequence of Structure
        The segmentation, on any grids.
    settings : PlanSettings
        Settings that images do not contain, such as device, limits and targets.
    ct : Image in HU, optional
        CT for the mass of the lungs.
    density : DensityImage, Image in g/mL, or float, optional
        Density for the masses of liver and tumors, from a CT (`density_image`), or one density in g/mL, by default
        1.05.
    define : str or sequence of str, default ()
        Definitions of further structures, such as "Normal = Liver - Tumors"; see `derive_structures`.
    liver, tumors, territories, lungs : optional
        Roles by name or pattern; see `structure_roles`, also for the defaults. Without territories the whole liver is
        one.
    lung_shunt_fraction : float or mapping of float, optional
        Stated shunt of all or of some territories by name. It overrides measured shunts.
    planar : LungShunt or mapping of LungShunt, optional
        Shunt by planar views, from `planar_lung_shunt`. It is used if the scan does not show enough of the lungs, and
        stated beside the other otherwise.
    lung_mass_kg : float, optional
        Mass of the lungs; by default from the CT, or 1 kg.
    resolution_fwhm_mm : float, optional
        Resolution of the scan in mm for `structure_counts`. None sums counts, and 0 or more separates the structures.
    inputs : mapping of str to str, optional
        Origin of the numbers, such as names of files, for the head of the patient file.
    threads : int, optional
        Threads; all processors if not given.

    Returns
    -------
    ImagePlan
        The measurements, from which `patient()` and `write()` make the input of a plan.

    Raises
    ------
    UndefinedError
        If the liver is not found or empty, a territory is empty, a ratio is undefined, or nothing gives a lung shunt.
        The message states the remedy.
    UnknownNameError
        If a pattern matches no structure, or a scan or shunt is for no territory.
    GeometryError
        If frames of reference or patients differ.
    UnitError
        If a scan is in HU, g/mL or Gy.
    OutOfRangeError
        If counts are negative, or a number is outside its range.
    ArgumentError
        If a scan is missing for a territory.

    Warns
    -----
    roles_recognized, whole_liver_perfused, tumors_left_out, structure_empty
        Which structures were used.
    tumors_overlap, territories_overlap, tumor_outside_liver, tumor_outside_territories, territory_outside_liver,
    normal_liver_includes_tumor
        Overlaps of structures and parts outside others (see `check_structures`).
    ratio_below_1_5, tumor_volume_small
        A ratio below 1.5, a tumor of less than 2 mL.
    lungs_cut_by_field, lung_volume_small, lung_mass_assumed, lung_mass_of_part, shunt_from_planar,
    shunt_methods_differ, one_scan_of_all_injections
        Method and limits of shunt and lung mass.
    counts_partly_outside, counts_corrected
        As `structure_counts`.

    Notes
    -----
    The normal liver of a territory is its perfused volume inside the liver without any tumor. All normal liver is the
    liver without any tumor. A tumor's part in a territory is their intersection, and an overlap of tumors counts for
    the first. The ratio is `(c_T / m_T) / (c_N / m_N)` by counts and masses inside the scan. The shunt is `c_lungs /
    (c_lungs + c_liver)` with all liver and tumor, and a voxel of both lungs and liver is liver.

    A scan in counts gives the Poisson spread of shunts and ratios. It is offered as a lower bound of their uncertainty,
    but not used. No other uncertainty is found in images; `settings` states it.

    Examples
    --------
    >>> from yttria.phantom import planning_phantom
    >>> phantom = planning_phantom((8.0, 8.0, 8.0))
    >>> plan = from_images(
    ...     phantom.maa_of_all,
    ...     phantom.structures,
    ...     settings=PlanSettings(device="glass"),
    ...     ct=phantom.ct,
    ...     resolution_fwhm_mm=0.0,
    ... )
    >>> [round(tumor.tumor_to_normal_ratio, 3) for each in plan.territories for tumor in each.tumors]
    [5.0, 3.0]
    """
    first = maa if isinstance(maa, Image) else next(iter(maa.values()), None)
    if first is None:
        raise ArgumentError("a plan from images needs a scan, got none")
    drawn = derive_structures(structures, define)
    every = on_common_grid(drawn, first)
    roles = structure_roles(every, liver=liver, tumors=tumors, territories=territories, lungs=lungs)
    roles, found = _without_empty(roles)
    doubts = check_structures(roles, every)
    found += [*roles.advisories, *doubts]
    volumes = dict(roles.territories) or {WHOLE_LIVER: roles.liver}
    scans = _by_territory(maa, list(volumes), "scan", every=True)
    for scan in scans.values():
        if scan.unit in _NO_TRACER:
            raise UnitError(f"the scan of the tracer must be in proportion to activity, got an image in {scan.unit}")
    found += _patients(scans, every, ct)
    parts = PlanParts.of(roles, volumes, disjoint="territories_overlap" not in {each.code for each in doubts})
    masses = PlanMasses(density=density, threads=threads)
    counted = _counted(scans, parts, resolution_fwhm_mm, threads)
    shunts, more = shunts_of_images(
        scans,
        counted,
        parts.lungs,
        stated=_by_territory(lung_shunt_fraction, list(volumes), "lung shunt fraction"),
        planar=_by_territory(planar, list(volumes), "planar shunt"),
        one_scan=isinstance(maa, Image),
        resolution_fwhm_mm=resolution_fwhm_mm,
        threads=threads,
    )
    found += more
    measured = [_territory(name, parts, counted[name], shunts[name], masses, found) for name in volumes]
    # The lungs are used as drawn on the CT, whose voxels are finer than the scan's.
    lungs_drawn = next((each for each in drawn if roles.lungs and each.name == roles.lungs.name), roles.lungs)
    lung_kg, lung_origin, more = lung_mass_of(lung_mass_kg, ct, lungs_drawn, threads)
    found += more
    for of_scan in counted.values():
        # The part of the lungs outside the scan is reported with their shunt.
        found += [a for key, each in of_scan.items() if key != "lungs" for a in each.advisories]
    tumor_parts = [part for of in parts.tumors.values() for part in of.values()]
    return ImagePlan(
        settings=settings,
        territories=tuple(measured),
        normal_total_mass_kg=masses.of(parts.normal_total),
        liver_mass_kg=masses.of(parts.normal_total)
        + sum(masses.of(part) for part in (*tumor_parts, *parts.outside.values())),
        unperfused_tumor_mass_kg={name: masses.of(part) for name, part in parts.outside.items()},
        lung_mass_kg=lung_kg,
        lung_mass_origin=lung_origin,
        mass_origin=masses.origin,
        counts_origin=_counts_origin(resolution_fwhm_mm),
        structures_by_role=roles_in_words(
            {
                "liver": [roles.liver.name],
                "tumors": [each.name for each in roles.tumors],
                "perfused volumes": [
                    name if name == each.name else f"{name} ({each.name})" for name, each in roles.territories.items()
                ]
                or [f"the whole of {roles.liver.name}"],
                "lungs": [] if roles.lungs is None else [roles.lungs.name],
                "not used": list(roles.unused),
            }
        ),
        inputs=dict(inputs or {}),
        liver_density_g_per_ml=masses.density_g_per_ml,
        uncertainties=stated_of_images(measured, settings.uncertainties, one_scan=isinstance(maa, Image)),
        counts_spread=counts_spread(measured, scans),
        advisories=tuple(dict.fromkeys((*found, *masses.advisories))),
    )


def _without_empty(roles: StructureRoles) -> tuple[StructureRoles, list[Advisory]]:
    """Remove empty tumors from the roles. An empty liver or perfused volume is an error."""
    for name, each in (("liver", roles.liver), *roles.territories.items()):
        if each.volume_ml == 0.0:
            raise UndefinedError(f"the plan is undefined: '{each.name}' ({name}) is empty")
    empty = [each for each in roles.tumors if each.volume_ml == 0.0]
    found = [advise("structure_empty", structure=each.name) for each in empty]
    lungs = roles.lungs
    if lungs is not None and lungs.volume_ml == 0.0:
        found.append(advise("structure_empty", structure=lungs.name))
        lungs = None
    return replace(roles, tumors=tuple(t for t in roles.tumors if t not in empty), lungs=lungs), found


def _by_territory(
    given: Each | Mapping[str, Each] | None, names: list[str], what: str, *, every: bool = False
) -> dict[str, Each]:
    """Assign one value to all territories, or each by name.

    A part of a territory's name, such as "right", is sufficient.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        return dict.fromkeys(names, given)
    found: dict[str, Each] = {}
    for key, value in given.items():
        folded = str(key).casefold()
        fitting = [name for name in names if name.casefold() == folded] or [
            name for name in names if folded in name.casefold().split()
        ]
        if len(fitting) != 1:
            raise UnknownNameError(f"a {what} is for '{key}', which names no single territory of {', '.join(names)}")
        found[fitting[0]] = value
    missing = [name for name in names if name not in found]
    if missing and every:
        raise ArgumentError(f"a {what} must be given for every territory; there is none for {', '.join(missing)}")
    return found


def _patients(scans: Mapping[str, Image], structures: Sequence[Structure], ct: Image | None) -> list[Advisory]:
    images = list({id(scan): scan for scan in scans.values()}.values())
    first, *more = images
    others = [(image, "another scan") for image in more] + ([(ct, "the CT")] if ct is not None else [])
    return [
        *patient_doubts(first, "the scan", [*others, *((each, f"'{each.name}'") for each in structures)]),
        *(
            a
            for image in (*images, *([] if ct is None else [ct]))
            if isinstance(image, Image)
            for a in image.advisories
        ),
    ]


def _counted(
    scans: Mapping[str, Image], parts: PlanParts, fwhm: float | None, threads: int | None
) -> dict[str, dict[str, StructureCounts]]:
    """Count every part in the scan of each territory. A scan of several territories is counted once."""
    done: dict[int, dict[str, StructureCounts]] = {}
    wanted = parts.counted()
    for scan in scans.values():
        if id(scan) in done:
            continue
        every = dict(wanted)
        if parts.lungs is not None and parts.lungs.voxel_fractions_on(scan, threads=threads).weights.size:
            every["lungs"] = parts.lungs
        counts = counts_in_parts(scan, list(every.values()), resolution_fwhm_mm=fwhm, threads=threads)
        done[id(scan)] = dict(zip(every, counts, strict=True))
    return {name: done[id(scan)] for name, scan in scans.items()}


def _territory(
    name: str,
    parts: PlanParts,
    counted: Mapping[str, StructureCounts],
    shunt: ImageShunt,
    masses: PlanMasses,
    found: list[Advisory],
) -> MeasuredTerritory:
    normal = parts.normal[name]
    whole = sum(part.volume_ml for part in parts.tumors[name].values()) + normal.volume_ml
    has_normal = normal.volume_ml > CRUMB * whole
    normal_counts = counted.get(f"normal/{name}")
    tumors = []
    for tumor, part in parts.tumors[name].items():
        counts = counted[f"tumor/{name}/{tumor}"]
        check_not_negative(counts)
        ratio = None
        if has_normal and normal_counts is not None:
            check_not_negative(normal_counts)
            if normal_counts.counts == 0.0:
                raise UndefinedError(
                    f"the tumor-to-normal ratio of '{tumor}' is undefined: the scan shows no counts in the normal "
                    f"liver of '{name}'"
                )
            ratio = tumor_to_normal_ratio(
                tumor_counts=counts.counts,
                tumor_mass_kg=masses.of(part) * (1.0 - counts.outside_fraction),
                normal_counts=normal_counts.counts,
                normal_mass_kg=masses.of(normal) * (1.0 - normal_counts.outside_fraction),
            ).tumor_to_normal_ratio
            where = f" in '{name}'" if len(parts.volumes) > 1 else ""
            found += advise_if("ratio_below_1_5", tumor=tumor, territory=where, tumor_to_normal_ratio=ratio)
        found += advise_if("tumor_volume_small", tumor=tumor, volume_ml=part.volume_ml)
        tumors.append(
            MeasuredTumor(
                name=tumor,
                volume_ml=part.volume_ml,
                mass_kg=masses.of(part),
                counts=counts.counts,
                tumor_to_normal_ratio=ratio,
            )
        )
    return MeasuredTerritory(
        name=name,
        volume_ml=parts.volumes[name].volume_ml,
        normal_volume_ml=normal.volume_ml if has_normal else 0.0,
        normal_mass_kg=masses.of(normal) if has_normal else 0.0,
        normal_counts=normal_counts.counts if has_normal and normal_counts is not None else 0.0,
        tumors=tuple(tumors),
        lung_shunt_fraction=shunt.lung_shunt_fraction,
        shunt_origin=shunt.origin,
        shunt=shunt.measured,
    )


def _counts_origin(fwhm: float | None) -> str:
    if fwhm is None:
        return "sums by voxel fractions, without correction for the blur"
    return f"corrected by the transfer matrix at a resolution of {fwhm:g} mm"
