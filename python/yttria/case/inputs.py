"""Reading of a case, which returns the content of its files and a list of the opened files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from .._core import Nuclide
from .._foundation.timings import stage
from ..advisory import Advisory, advise
from ..errors import ArgumentError, DuplicateNameError, OutOfRangeError, YttriaError
from ..evaluation import PartialVolumeInputs, UncertaintyInputs
from ..geometry.contours import ContourStructure
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..io import dicom, read_image, read_structures, read_transform, read_uncertainty_inputs
from ..io.files import may_be_dicom
from ..io.image_sidecar import compare_with_sidecar
from ..io.opened import opened_files
from ..io.recovery_curves import read_curve_file
from .case import FIELDS, Case
from .uncertainty import stated_partial_volume, stated_uncertainty

#: Largest difference in h between the user's scan delay and the header's without an advisory, 1/640 of the dose.
SCAN_DELAY_TOLERANCE_H = 0.1


@dataclass(frozen=True, eq=False, kw_only=True)
class CaseInputs:
    """Content of the files of a case.

    Parameters
    ----------
    activity : Image
        The activity image in its own unit.
    structures : list of Structure
        The structures of all files, in the activity's space.
    timing : ActivityTiming, optional
        Times of a DICOM activity in absolute scaling, if its header states them.
    advisories : tuple of Advisory
        Advisories of the header.
    ct : Image, optional
        The CT in HU, if the case has one.
    uncertainty : UncertaintyInputs, optional
        The stated uncertainties, if any.
    partial_volume : PartialVolumeInputs
        The stated blur of the image, and its correction.
    files : mapping of str to tuple of Path
        The files that were opened for each field of the case that names files.
    """

    activity: Image
    structures: list[Structure]
    timing: dicom.ActivityTiming | None = None
    advisories: tuple[Advisory, ...] = ()
    ct: Image | None = None
    uncertainty: UncertaintyInputs | None = None
    partial_volume: PartialVolumeInputs = field(default_factory=PartialVolumeInputs)
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict, repr=False)


def read_case(case: Case) -> CaseInputs:
    """Read the files of a case.

    Parameters
    ----------
    case : Case
        The declared case.

    Returns
    -------
    CaseInputs

    Raises
    ------
    FileFormatError
        If `read_transform` cannot read the transform of the structures.
    DuplicateNameError
        If two files hold structures of the same name.
    ArgumentError
        If a rule for contours is given and none of several files holds contours.
    YttriaError
        As `read_image`, `read_structures` and, for DICOM in absolute scaling, `activity_timing` raise it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from yttria import write_image, write_structures
    >>> from yttria.case import Case
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> write_image(phantom.activity, "pet.nrrd")
    >>> write_structures(phantom.structures[:2], "seg.seg.nrrd")
    >>> inputs = read_case(Case(activity=Path("pet.nrrd"), structures=(Path("seg.seg.nrrd"),), scan_delay_h=20.0))
    >>> inputs.activity.unit, [structure.name for structure in inputs.structures]
    ('Bq/mL', ['Liver', 'Normal liver'])
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
            frame = inputs.activity.frame_of_reference_uid
            moving = structures[0].frame_of_reference_uid if structures else None
            transform = read_transform(case.structures_transform, from_frame=moving, to_frame=frame)
        files["structures_transform"] = tuple(opened)
        source = case.structures_transform.name
        transformed = [s.transformed(transform, frame_of_reference_uid=frame, source=source) for s in inputs.structures]
        inputs = replace(inputs, structures=transformed)
    if case.ct is not None:
        with opened_files() as opened, stage("reading"):
            inputs = replace(inputs, ct=read_case_ct(case))
        files["ct"] = tuple(opened)
    of_file = None
    if case.uncertainty is not None:
        with opened_files() as opened:
            of_file = read_uncertainty_inputs(case.uncertainty)
        files["uncertainty"] = tuple(opened)
    curve, told = None, inputs.advisories
    if case.recovery_curve is not None:
        with opened_files() as opened:
            curve, of_fit = read_curve_file(case.recovery_curve)
        files["recovery_curve"], told = tuple(opened), (*told, *of_fit)
    stated = stated_uncertainty(case, of_file, curve)
    return replace(
        inputs,
        files=files,
        advisories=told,
        uncertainty=stated,
        partial_volume=stated_partial_volume(case, stated),
    )


def _read_structures(case: Case) -> list[Structure]:
    """Read the structures of all files of the case.

    Two structures of the same name raise `DuplicateNameError`, because it is not known which of them is meant.
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
        for name, declared in FIELDS.items():
            rule = declared.applies_to == "contours" and name != "contour_slice_thickness_mm"
            if rule and getattr(case, name) != declared.default:
                raise ArgumentError(f"{name} applies only to contours, and no file of the structures contains any")
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
            # These rules do not apply to a segmentation that is given together with an RTSTRUCT.
            refuse_unused_rules=not several,
        )


@contextmanager
def _in_fields(**fields: str) -> Iterator[None]:
    """Replace the reader's parameters by the fields of a case in the messages of its errors."""
    try:
        yield
    except YttriaError as error:
        names = "|".join(fields)
        text = re.sub(rf"\b({names})=|(?<=\()({names})(?=\))", lambda m: fields[m[1] or m[2]], str(error))
        error.args = (text, *error.args[1:])
        raise


def read_case_ct(case: Case) -> Image:
    """Read the CT of a case that has one."""
    path, series = case.ct, case.ct_series
    assert path is not None
    with _in_fields(series="ct_series"):
        if may_be_dicom(path):
            return dicom.read_image(path, "HU", series=series, modalities=("CT",))
        return read_image(path, unit="HU", series=series)


def _refuse_other_nuclide(path: Path, image: Image) -> None:
    """Refuse absolute scaling of an image whose file states another nuclide, as for DICOM."""
    for told in image.advisories:
        if told.code == "other_nuclide":
            raise OutOfRangeError(
                f"{path}: {told.message} Absolute scaling is refused, because decay and branching ratio of that "
                "nuclide are in the values; state the nuclide of the image (nuclide), or use relative scaling "
                "(relative_to)"
            )


def _read_activity(case: Case, structures: list[Structure]) -> CaseInputs:
    isotope = Nuclide(case.nuclide).isotope
    if not may_be_dicom(case.activity):
        image = read_image(case.activity, unit=case.unit, isotope=isotope)
        if case.scan_delay_h is not None:
            _refuse_other_nuclide(case.activity, image)
        found: tuple[Advisory, ...] = ()
        if case.activity.name.casefold().endswith((".nii", ".nii.gz")):
            found = compare_with_sidecar(
                case.activity,
                scan_delay_h=case.scan_delay_h,
                administered_activity_gbq=case.administered_activity_gbq,
            )
        return CaseInputs(activity=image, structures=structures, advisories=found)
    image = dicom.read_image(
        case.activity, case.unit, series=case.series, modalities=dicom.ACTIVITY_MODALITIES, isotope=isotope
    )
    inputs = CaseInputs(activity=image, structures=structures)
    if case.relative_to is not None:
        return inputs
    if case.scan_delay_h is None:
        timing = dicom.activity_timing(case.activity, series=case.series, isotope=isotope)
        return replace(inputs, timing=timing, advisories=timing.advisories)
    found = dicom.check_nuclide(case.activity, series=case.series, isotope=isotope)
    try:
        timing = dicom.activity_timing(case.activity, series=case.series, isotope=isotope)
    except YttriaError as error:
        told = advise("scan_delay_not_compared", scan_delay_h=case.scan_delay_h, reason=error)
        return replace(inputs, advisories=(*found, told))
    difference = case.scan_delay_h - timing.scan_delay_h
    if abs(difference) > SCAN_DELAY_TOLERANCE_H:
        told = advise(
            "scan_delay_differs_from_header",
            scan_delay_h=case.scan_delay_h,
            header_h=timing.scan_delay_h,
            rule=timing.rule,
        )
        found = (*found, told)
    return replace(inputs, timing=timing, advisories=found)
