"""One case: the files and settings that are declared, and the doses they lead to.

`yttria dose` and the batch runner go through these functions, so that both give the same bits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ._core import DoseVolumeHistogram, Nuclide, __version__
from ._foundation.numbers import one_of
from ._foundation.timings import stage
from .advisory import Advisory, Severity, advise
from .advisory.bounds import implausible
from .case_checks import CONTOUR_RULES, SPELLED, no_delay, problems
from .errors import DuplicateNameError, FileFormatError, GeometryError, UndefinedError, UnknownNameError, YttriaError
from .geometry.affine import Affine, checked_affine
from .geometry.contours import END_CAPS, INTERPOLATIONS, ContourStructure
from .geometry.image import Image
from .geometry.patient_identity import patient_doubts
from .geometry.structure import Structure
from .geometry.structure_selection import select_structures
from .geometry.sub_voxel import voxel_parts
from .io import dicom, read_image, read_structures
from .io.dicom.voxel_centers import contours_follow_voxel_centers
from .io.files import may_be_dicom
from .io.opened import opened_files, record_opened
from .kernels import VoxelSValueLibrary
from .voxel import AbsoluteScaling, DensityImage, DoseResult, RelativeScaling, density_image, dose_image
from .voxel.ct_density import DEFAULT_CURVE
from .voxel.dose_image import DEFAULT_DENSITY_G_PER_ML, DEFAULT_MEDIUM, METHODS

Row = dict[str, Any]
__all__ = ["Case", "CaseInputs", "DosedCase", "dose_case", "problems", "read_case", "summary", "write_case_rtdose"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is declared of one case: its files, how its image is scaled to activity, and the dose model.

    Absolute scaling: `scan_delay_h`, hours from administration to the time that the image's activity refers to; with
    `administered_activity_gbq` (delivered to the patient) the field's total is compared with it. Relative scaling:
    `relative_to`, the name of the structure that holds what the liver received, with `administered_activity_gbq` and
    `lung_shunt_fraction`; if `residual_fraction` is given, `administered_activity_gbq` is the vial's activity. One of
    the two must be spelled out, unless the activity is DICOM: then the header's times give the delay of absolute
    scaling, and its activity is the check. `series`: the UID or number of the activity's series if a folder has several
    PET or SPECT. `unit` is needed if the activity image has none. `ct`: an image in HU, on any grid in the same space
    (`ct_series` as `series`), from which each voxel gets its own density by `ct_curve`; CT numbers beyond the curve
    take the density of its end, and beyond the CT lies `density_g_per_ml`, both reported. `structures_series` as
    `series`, for SEG and
    RTSTRUCT. `structures_transform`: a text file with a 4 x 4 matrix, found by a registration elsewhere, that maps the
    structures' LPS mm to the activity's. The `contour_` rules are `ContourStructure`'s. `contours_through_voxels_of`:
    the DICOM image that an RTSTRUCT was drawn on, where its contours run through voxel centers (see `read_rtstruct`).
    `sub_voxel_mm`: as in `DoseResult.table`. `only`, `exclude`: patterns of the names of structures whose doses are
    reported, separated by semicolons (see `yttria.select_structures`). `structures` may be several paths; their
    structures must have different names. Everything else is as in `yttria.dose_image`.

    Raises the first of `problems()`: `DTypeError`, `OutOfRangeError`, `UndefinedError`, `UnitError` or
    `UnknownNameError`. No file is looked at.
    """

    activity: Path
    structures: Path | tuple[Path, ...]
    case_id: str = ""
    series: str | None = None
    unit: str | None = None
    scan_delay_h: float | None = None
    relative_to: str | None = None
    administered_activity_gbq: float | None = None
    residual_fraction: float | None = None
    lung_shunt_fraction: float | None = None
    method: str = METHODS[0]
    medium: str = DEFAULT_MEDIUM
    density_g_per_ml: float = DEFAULT_DENSITY_G_PER_ML
    nuclide: str = "EANM2022"
    negative_voxels: str = "keep"
    ct: Path | None = None
    ct_series: str | None = None
    ct_curve: str = DEFAULT_CURVE
    low_density_voxels: str = "keep"
    structures_series: str | None = None
    structures_transform: Path | None = None
    contour_end_caps: str = END_CAPS[0]
    contour_interpolation: str = INTERPOLATIONS[0]
    contour_slice_thickness_mm: float | None = None
    contours_through_voxels_of: Path | None = None
    sub_voxel_mm: float | None = None
    only: str | None = None
    exclude: str | None = None

    def __post_init__(self) -> None:
        for _, error in problems(vars(self)):
            raise error
        object.__setattr__(self, "activity", Path(self.activity))
        structures = self.structures
        structures = tuple(map(Path, structures)) if isinstance(structures, list | tuple) else Path(structures)
        object.__setattr__(self, "structures", structures)
        for name, known in SPELLED.items():
            object.__setattr__(self, name, one_of(name, getattr(self, name), known))
        for name in ("ct", "structures_transform", "contours_through_voxels_of"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, Path(getattr(self, name)))

    @property
    def structure_files(self) -> tuple[Path, ...]:
        """The files or folders of the structures, one or more."""
        return self.structures if isinstance(self.structures, tuple) else (self.structures,)

    def scaling(
        self, structures: Sequence[Structure], timing: dicom.ActivityTiming | None = None
    ) -> AbsoluteScaling | RelativeScaling:
        """The scaling that the case spells out, or that the header's `timing` gives.

        Raises `UnknownNameError` where `relative_to` is none of the structures, `OutOfRangeError` where there is
        neither a scan delay nor a timing.
        """
        if self.relative_to is None:
            administered_activity_gbq = self.administered_activity_gbq
            if administered_activity_gbq is None and timing is not None:
                administered_activity_gbq = timing.administered_activity_gbq
            if self.scan_delay_h is not None:
                return AbsoluteScaling(
                    self.scan_delay_h, administered_activity_gbq, time_basis="scan delay given by the user"
                )
            if timing is None:
                raise no_delay()
            return AbsoluteScaling(timing.scan_delay_h, administered_activity_gbq, time_basis=timing.rule)
        named = {s.name: s for s in structures}
        if self.relative_to not in named:
            raise UnknownNameError(f"reference structure must be one of {', '.join(named)}, got '{self.relative_to}'")
        assert self.lung_shunt_fraction is not None
        vial = self.residual_fraction is not None
        return RelativeScaling(
            reference=named[self.relative_to],
            lung_shunt_fraction=self.lung_shunt_fraction,
            delivered_activity_gbq=None if vial else self.administered_activity_gbq,
            vial_activity_gbq=self.administered_activity_gbq if vial else None,
            residual_fraction=self.residual_fraction,
        )


#: A scan delay given by the user may differ from that of the header by this much: one in 640 of the dose.
SCAN_DELAY_TOLERANCE_H = 0.1
#: The fields of a case that name files or folders.
FILE_FIELDS = tuple(each.name for each in fields(Case) if "Path" in str(each.type))


@dataclass(frozen=True, eq=False)
class CaseInputs:
    """Content of the files of a case.

    `timing` is there if it was read from the activity's header, `ct` if the case has one. `files` holds, for each field
    of the case that names files, every file that was opened for it.
    """

    activity: Image
    structures: list[Structure]
    timing: dicom.ActivityTiming | None = None
    advisories: tuple[Advisory, ...] = ()
    ct: Image | None = None
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False)
class DosedCase:
    """A case with its result: the dose image, `rows` (the table of its structures, see `DoseResult.table`), and the
    histograms that the rows were read from.
    """

    case: Case
    structures: list[Structure]
    result: DoseResult
    rows: list[Row] = field(repr=False)
    histograms: dict[str, DoseVolumeHistogram] = field(repr=False)


def read_case(case: Case) -> CaseInputs:
    """Read the files of a case.

    Raises whatever `read_image`, `read_structures` and, for DICOM in absolute scaling, `activity_timing` raise, and
    `FileFormatError` for a transform.
    """
    files: dict[str, tuple[Path, ...]] = {}
    with opened_files() as opened, stage("structures"):
        structures = _read_structures(case)
    files["structures"] = tuple(opened)
    with opened_files() as opened, stage("reading"):
        inputs = _read_activity(case, structures)
    files["activity"] = tuple(opened)
    if case.structures_transform is not None:
        with opened_files() as opened:
            transform, frame = _read_transform(case.structures_transform), inputs.activity.frame_of_reference_uid
        files["structures_transform"] = tuple(opened)
        source = case.structures_transform.name
        moved = [s.transformed(transform, frame_of_reference_uid=frame, source=source) for s in inputs.structures]
        inputs = replace(inputs, structures=moved)
    if case.ct is not None:
        with opened_files() as opened, stage("reading"):
            inputs = replace(inputs, ct=_read_ct(case.ct, case.ct_series))
        files["ct"] = tuple(opened)
    return replace(inputs, files=files)


def _read_structures(case: Case) -> list[Structure]:
    """The structures of all files of the case.

    Raises `DuplicateNameError` if two files hold a structure of one name: it is not known which of them is meant.
    """
    found: dict[str, Path] = {}
    structures: list[Structure] = []
    for path in case.structure_files:
        for structure in _read_structure_file(case, path):
            if found.setdefault(structure.name, path) is not path:
                raise DuplicateNameError(
                    f"structure names must be unique, got '{structure.name}' in {found[structure.name]} and in {path}"
                )
            structures.append(structure)
    if len(case.structure_files) > 1 and not any(isinstance(s, ContourStructure) for s in structures):
        for name, usual in CONTOUR_RULES.items():
            if getattr(case, name) != usual and name != "contour_slice_thickness_mm":
                raise UndefinedError(f"{name} is for contours, and no file of the structures holds any")
    return structures


def _read_structure_file(case: Case, path: Path) -> list[Structure]:
    if not may_be_dicom(path):
        return read_structures(path)
    drawn_on = case.contours_through_voxels_of
    several = len(case.structure_files) > 1
    with _in_fields(
        series="structures_series",
        end_caps="contour_end_caps",
        interpolation="contour_interpolation",
        through_voxel_centers_of="contours_through_voxels_of",
    ):
        return dicom.read_structures(
            path,
            series=case.structures_series,
            end_caps=case.contour_end_caps,
            interpolation=case.contour_interpolation,
            slice_thickness_mm=case.contour_slice_thickness_mm,
            through_voxel_centers_of=None if drawn_on is None else dicom.read_grid(drawn_on),
            # A segmentation beside an RTSTRUCT has no contours for these rules.
            refuse_unused_rules=not several,
        )


@contextmanager
def _in_fields(**fields: str) -> Iterator[None]:
    """Let a refusal of a reader name the fields of a case instead of the reader's parameters."""
    try:
        yield
    except YttriaError as error:
        names = "|".join(fields)
        text = re.sub(rf"\b({names})=|(?<=\()({names})(?=\))", lambda m: fields[m[1] or m[2]], str(error))
        error.args = (text, *error.args[1:])
        raise


def _read_transform(path: Path) -> Affine:
    try:
        return checked_affine(np.loadtxt(record_opened(path), ndmin=2))
    except GeometryError as error:
        raise FileFormatError(f"{path}: must hold a 4 x 4 matrix as text, LPS mm to LPS mm: {error}") from error
    except ValueError as error:
        raise FileFormatError(
            f"{path}: must hold a 4 x 4 matrix as text, LPS mm to LPS mm: 4 rows of 4 numbers and nothing else"
        ) from error


def _read_ct(path: Path, series: str | None) -> Image:
    with _in_fields(series="ct_series"):
        if may_be_dicom(path):
            return dicom.read_image(path, "HU", series=series, modalities=("CT",))
        return read_image(path, unit="HU", series=series)


def _read_activity(case: Case, structures: list[Structure]) -> CaseInputs:
    if not may_be_dicom(case.activity):
        return CaseInputs(read_image(case.activity, unit=case.unit), structures)
    image = dicom.read_image(case.activity, case.unit, series=case.series, modalities=dicom.ACTIVITY_MODALITIES)
    if case.relative_to is not None:
        return CaseInputs(image, structures)
    if case.scan_delay_h is None:
        timing = dicom.activity_timing(case.activity, series=case.series)
        return CaseInputs(image, structures, timing, timing.advisories)
    found = dicom.check_nuclide(case.activity, series=case.series)
    try:
        timing = dicom.activity_timing(case.activity, series=case.series)
    except YttriaError as error:
        told = advise("scan_delay_not_compared", scan_delay_h=case.scan_delay_h, reason=error)
        return CaseInputs(image, structures, None, (*found, told))
    difference = case.scan_delay_h - timing.scan_delay_h
    if abs(difference) > SCAN_DELAY_TOLERANCE_H:
        told = advise(
            "scan_delay_differs_from_header",
            scan_delay_h=case.scan_delay_h,
            header_h=timing.scan_delay_h,
            rule=timing.rule,
        )
        found = (*found, told)
    return CaseInputs(image, structures, timing, found)


def dose_case(
    case: Case,
    inputs: CaseInputs | None = None,
    *,
    kernels: VoxelSValueLibrary | None = None,
    threads: int | None = None,
) -> DosedCase:
    """Dose one case. `inputs`: read before; else they are read. `kernels`: voxel S values shared between cases.

    Raises whatever `read_case`, `Case.scaling`, `dose_image` and `DoseResult.table` raise.
    """
    inputs = read_case(case) if inputs is None else inputs
    scaling = case.scaling(inputs.structures, inputs.timing)
    nuclide = Nuclide(case.nuclide)
    with stage("dose"):
        s_values = None
        if kernels is not None and case.method == "voxel_s_values":
            s_values = kernels.get(
                inputs.activity.voxel_size_mm,
                medium=case.medium,
                density_g_per_ml=case.density_g_per_ml,
                nuclide=nuclide,
                threads=threads,
            )
        density = None if inputs.ct is None else _density(case, inputs.activity, inputs.ct, threads)
        result = dose_image(
            inputs.activity,
            scaling=scaling,
            method=case.method,
            medium=case.medium,
            density_g_per_ml=case.density_g_per_ml if density is None else None,
            density=density,
            low_density_voxels=case.low_density_voxels,
            nuclide=nuclide,
            s_values=s_values,
            negative_voxels=case.negative_voxels,
            threads=threads,
        )
    advisories = (*result.advisories, *inputs.advisories, *_contour_advisories(case, inputs), *_doubts(inputs))
    provenance = replace(result.provenance, evaluation=_evaluation(case, inputs))
    result = replace(result, provenance=provenance)
    chosen = select_structures(inputs.structures, only=_patterns(case.only), exclude=_patterns(case.exclude))
    with stage("table"):
        evaluated, histograms = result.evaluate(chosen, sub_voxel_mm=case.sub_voxel_mm, threads=threads)
        rows = [row.as_dict() for row in evaluated]
    result = replace(result, advisories=(*advisories, *_row_advisories(rows)))
    return DosedCase(case, chosen, result, rows, histograms)


def _patterns(text: str | None) -> list[str]:
    """Patterns separated by semicolons."""
    return [pattern.strip() for pattern in (text or "").split(";") if pattern.strip()]


def _row_advisories(rows: list[Row]) -> list[Advisory]:
    """Advisories on the table: structures outside the image, and mean doses that no treatment gives."""
    found: list[Advisory] = []
    for row in rows:
        name = f"'{row['structure']}'"
        if row["mean_gy"] is not None:
            found += implausible("mean_dose_implausible", row["mean_gy"], subject=name)
        for advisory in implausible("structure_outside_image", row["outside_fraction"]):
            message = (
                f"{name}: {row['outside_fraction']:.1%} of its volume lies outside the dose image and has no dose."
            )
            severity: Severity = "warning" if row["mean_gy"] is not None else "error"
            found.append(replace(advisory, message=message, severity=severity))
    return found


def _evaluation(case: Case, inputs: CaseInputs) -> dict[str, Any]:
    """By what rules the structures' doses are read."""
    size, drawn_on = inputs.activity.voxel_size_mm, case.contours_through_voxels_of
    return {
        "sub_voxel_mm": case.sub_voxel_mm,
        "parts_per_voxel": None if case.sub_voxel_mm is None else voxel_parts(size, case.sub_voxel_mm),
        "contours_through_voxels_of": None if drawn_on is None else drawn_on.name,
        "structures": [structure.as_dict() for structure in inputs.structures],
    }


def _contour_advisories(case: Case, inputs: CaseInputs) -> list[Advisory]:
    """What was wrong with contours, and those that seem to run half a voxel inside of what they mean."""
    found: list[Advisory] = []
    for structure in inputs.structures:
        found += structure.advisories
        if not isinstance(structure, ContourStructure):
            continue
        if case.contours_through_voxels_of is None and contours_follow_voxel_centers(
            structure.contours, inputs.activity
        ):
            found.append(
                advise("contour_through_voxel_centers", structure=structure.name, volume_ml=structure.volume_ml)
            )
    # What is known of a file stands with each of its structures.
    return list(dict.fromkeys(found))


def _doubts(inputs: CaseInputs) -> list[Advisory]:
    """Advisories on the CT, and on files that state different patients."""
    ct = [] if inputs.ct is None else [(inputs.ct, "the CT")]
    structures = [(structure, f"'{structure.name}'") for structure in inputs.structures]
    of_ct = [replace(told, message=f"CT: {told.message}") for image, _ in ct for told in image.advisories]
    return [*of_ct, *patient_doubts(inputs.activity, "the activity", [*structures, *ct])]


def _density(case: Case, activity: Image, ct: Image, threads: int | None) -> DensityImage:
    """The density of each voxel of the activity: the mean of the CT's voxels in it."""
    density = density_image(ct, curve=case.ct_curve, outside="clamp", threads=threads)
    if ct.same_grid(activity):
        return density
    return density.resampled_on(activity, outside=case.density_g_per_ml, threads=threads)


def write_case_rtdose(dosed: DosedCase, path: Path) -> tuple[Advisory, ...]:
    """Write the dose as RTDOSE, of the patient and frame of reference of the DICOM activity or CT; what to know of it.

    Raises whatever `write_rtdose` raises.
    """
    case, reference = dosed.case, None
    if may_be_dicom(case.activity):
        reference = dicom.first_file(case.activity, case.series, dicom.ACTIVITY_MODALITIES)
    elif case.ct is not None and may_be_dicom(case.ct):
        reference = dicom.first_file(case.ct, case.ct_series, ("CT",))
    return dicom.write_rtdose(dosed.result, path, reference=reference, negative_doses="clip").advisories


def summary(result: DoseResult, rows: list[Row]) -> dict[str, Any]:
    """A result as plain data: doses, provenance, advisories."""
    return {
        "yttria_version": __version__,
        "structures": rows,
        "provenance": result.provenance.as_dict(),
        "advisories": [a.as_dict() for a in result.advisories],
    }
