"""Part of `yttria plan` from images: options, reading, and the table of measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .. import planning
from .._foundation.choices import Tracer, Unit
from ..case.record import describe_inputs
from ..errors import ArgumentError
from ..geometry import Image, PlanarViews, Structure
from ..io import dicom, read_image, read_structures, read_transform
from ..io.files import may_be_dicom
from ..io.opened import opened_files
from ..planning.structure_roles import structure_roles
from ..voxel import density_image
from .evaluation_options import stated_roles
from .output import Row, print_advisories, print_line, print_table

#: Roles of structures in a plan from images.
PLANNED_ROLES = ("liver", "tumors", "territories", "lungs")


@dataclass(frozen=True, kw_only=True)
class ImageOptions:
    """Options of `yttria plan` that belong to images, by the names of its parameters."""

    scans: Sequence[str]
    structures: Sequence[Path]
    ct: Path | None = None
    structures_transform: Path | None = None
    unit: Unit | None = None
    define: Sequence[str] = ()
    role: Sequence[str] = ()
    territory: Sequence[str] = ()
    lung_shunt_fraction: Sequence[str] = ()
    planar: Sequence[Path] = ()
    planar_regions: Path | None = None
    lung_transmission: float = 1.0
    liver_transmission: float = 1.0
    tracer: Tracer | None = None
    lung_mass_kg: float | None = None
    density_g_per_ml: float | None = None
    mass_from_ct: bool = False
    resolution_fwhm_mm: float | None = None

    def given(self) -> list[str]:
        """Return the names of the options that differ from their default."""
        return [each.name for each in fields(self) if getattr(self, each.name) not in (None, False, (), [], 1.0)]


def measure(options: ImageOptions, settings: planning.PlanSettings) -> tuple[planning.ImagePlan, dict[str, Any]]:
    """Read the files and measure; return the measurements, and each input's files with their SHA-256."""
    if not options.structures:
        raise ArgumentError("a plan from images needs a segmentation (--structures)")
    if options.mass_from_ct and (options.ct is None or options.density_g_per_ml is not None):
        raise ArgumentError("masses from a CT need the CT (--ct) and must not have a density (--density-g-per-ml)")
    files: dict[str, tuple[Path, ...]] = {}
    scans = {}
    for name, path in _named(options.scans).items():
        with _recorded(files, f"tracer scan{f' of {name}' if name else ''}"):
            scans[name] = read_image(path, unit=options.unit, isotope=settings.resolved_nuclide().isotope)
    with _recorded(files, "segmentation"):
        structures = [each for path in options.structures for each in read_structures(path)]
    if options.structures_transform is not None:
        with _recorded(files, "registration of the segmentation"):
            structures = _registered(structures, options.structures_transform, next(iter(scans.values())))
    ct = None
    if options.ct is not None:
        with _recorded(files, "CT"):
            ct = read_image(options.ct, unit="HU")
    density: Any = options.density_g_per_ml
    if options.mass_from_ct:
        assert ct is not None
        density = density_image(ct, out_of_range="clamp")
    planar = None
    if options.planar:
        with _recorded(files, "planar views and regions"):
            planar = _planar(options)
    described = describe_inputs(files)
    plan = planning.from_images(
        scans if set(scans) != {""} else scans[""],
        structures,
        settings=settings,
        ct=ct,
        density=density,
        define=list(options.define),
        **_roles(options.role, options.territory),
        lung_shunt_fraction=_shunts(options.lung_shunt_fraction),
        planar=planar,
        lung_mass_kg=options.lung_mass_kg,
        resolution_fwhm_mm=options.resolution_fwhm_mm,
        inputs={what: _in_words(paths, described[what]) for what, paths in files.items()},
    )
    return plan, described


@contextmanager
def _recorded(files: dict[str, tuple[Path, ...]], what: str) -> Iterator[None]:
    """Record the files that are opened for an input."""
    with opened_files() as opened:
        yield
    files[what] = tuple(opened)


def _in_words(paths: Sequence[Path], described: Sequence[Mapping[str, Any]]) -> str:
    """Return the path and hash of one or two files, or the folder and number of more."""
    if len(paths) <= 2:
        pairs = zip(paths, described, strict=True)
        return ", ".join(f"{path} (SHA-256 {file['sha256'][:16]}...)" for path, file in pairs)
    return f"{len(paths)} files in {paths[0].parent}"


def print_measured(plan: planning.ImagePlan) -> None:
    """Print a line for each tissue, the shunts, and every advisory."""
    rows: list[Row] = []
    several = len(plan.territories) > 1
    for territory in plan.territories:
        of = f", {territory.name}" if several else ""
        total = territory.normal_counts + sum(tumor.counts for tumor in territory.tumors)
        rows += [
            {
                "structure": f"{tumor.name}{of}",
                "volume_ml": tumor.volume_ml,
                "mass_kg": tumor.mass_kg,
                "share": 100.0 * tumor.counts / total,
                "ratio": tumor.tumor_to_normal_ratio,
            }
            for tumor in territory.tumors
        ]
        rows.append(
            {
                "structure": f"Perfused normal liver{of}",
                "volume_ml": territory.normal_volume_ml,
                "mass_kg": territory.normal_mass_kg,
                "share": 100.0 * territory.normal_counts / total,
                "ratio": 1.0 if territory.normal_mass_kg else None,
            }
        )
    headings = {"structure": "Structure", "volume_ml": "mL", "mass_kg": "kg", "share": "Uptake / %", "ratio": "Ratio"}
    title = "Measured before treatment; uptake is the share of the territory"
    print_table(rows, title=title, headings=headings, folded=("structure",))
    for territory in plan.territories:
        label = f"lung shunt of {territory.name}:" if several else "lung shunt:"
        print_line(label, f"{100.0 * territory.lung_shunt_fraction:.3g} % ({territory.shunt_origin})", wrap=True)
    print_line("lungs:", f"{plan.lung_mass_kg:.4g} kg ({plan.lung_mass_origin})", wrap=True)
    print_line("masses:", plan.mass_origin, wrap=True)
    print_line("counts:", plan.counts_origin, wrap=True)
    print_advisories(plan.advisories)


def _registered(structures: Sequence[Structure], transform: Path, scan: Image) -> list[Structure]:
    """Read the structures, transformed to the space of the scan."""
    frame, found = scan.frame_of_reference_uid, []
    for each in structures:
        matrix = read_transform(transform, from_frame=each.frame_of_reference_uid, to_frame=frame)
        found.append(each.transformed(matrix, frame_of_reference_uid=frame, source=transform.name))
    return found


def _named(given: Sequence[str]) -> dict[str, Path]:
    """Return scans by territory from NAME=PATH, or one scan of all."""
    found: dict[str, Path] = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or Path(text).exists() or "/" in name:
            name, path = "", text
        if name in found:
            whose = f"'{name}'" if name else "all territories"
            raise ArgumentError(f"two scans are given for {whose}: name the territory of each (--from NAME=PATH)")
        found[name] = Path(path)
    if "" in found and len(found) > 1:
        raise ArgumentError("give either one scan of all territories or scans of single ones (--from)")
    return found


def _roles(roles: Sequence[str], territories: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of `from_images` from ROLE=PATTERN and NAME=PATTERN."""
    found: dict[str, Any] = {str(name): patterns for name, patterns in stated_roles(list(roles)).items()}
    if unknown := [name for name in found if name not in PLANNED_ROLES]:
        raise ArgumentError(
            f"{unknown[0]} is not a role of a plan from images, because normal liver is the liver without tumors "
            "(--role)"
        )
    if "liver" in found:
        if len(found["liver"]) != 1:
            raise ArgumentError("the liver must be one structure: give --role liver=NAME once")
        (found["liver"],) = found["liver"]
    by_name: dict[str, list[str]] = {}
    for text in territories:
        name, equals, pattern = text.partition("=")
        if not equals or not name.strip() or not pattern.strip():
            raise ArgumentError(
                f"a territory must be NAME=PATTERN, such as right=Segment* (--territory), got {text!r:.80}"
            )
        by_name.setdefault(name.strip(), []).append(pattern.strip())
    if by_name and "territories" in found:
        raise ArgumentError("give territories either with names (--territory) or by their role (--role)")
    return found | ({"territories": by_name} if by_name else {})


def _shunts(given: Sequence[str]) -> float | dict[str, float] | None:
    """Return one fraction, or one for each territory from NAME=FRACTION."""
    found: dict[str, float] = {}
    for text in given:
        name, _, value = text.rpartition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise ArgumentError(f"a lung shunt must be a fraction, or NAME=FRACTION, got {text!r:.80}") from None
    if "" in found and len(found) > 1:
        raise ArgumentError("give either one shunt of all territories or shunts of single ones (--lung-shunt-fraction)")
    return found.get("", found or None)


def _planar(options: ImageOptions) -> planning.LungShunt | None:
    if not options.planar:
        return None
    if options.planar_regions is None:
        raise ArgumentError("planar views need regions of lungs and liver (--planar-regions)")
    first = options.planar[0]
    views = (
        dicom.read_planar(options.planar)
        if may_be_dicom(first)
        else PlanarViews.from_image(read_image(first, unit=options.unit))
    )
    regions = read_structures(options.planar_regions)
    by_name: Mapping[str, Structure] = {each.name.casefold(): each for each in regions}
    roles = structure_roles(regions, tumors=[], territories=[])
    if roles.lungs is None:
        raise ArgumentError(f"{options.planar_regions}: one region must have the name of the lungs")
    return planning.planar_lung_shunt(
        views,
        lungs=roles.lungs,
        liver=roles.liver,
        background=by_name.get("background"),
        lung_transmission=options.lung_transmission,
        liver_transmission=options.liver_transmission,
        tracer_half_life_h=planning.tracer_half_life_h(options.tracer or "Tc-99m"),
    )
