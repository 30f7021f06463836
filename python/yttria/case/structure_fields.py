"""Declaration of the fields of a case that concern the doses of its structures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from .._foundation.choices import (
    END_CAPS,
    INTERPOLATIONS,
    PARTIAL_VOLUME_METHODS,
    EndCaps,
    Interpolation,
    PartialVolumeMethod,
)
from .fields import (
    choice,
    not_negative,
    number,
    path,
    patterns,
    positive,
    standard_uncertainty,
    text,
    whole_number,
)


def _draws(value: float) -> None:
    whole_number("number of draws", value, least=2, most=10**6)


@dataclass(frozen=True, kw_only=True)
class StructureFields:
    """Reading of the structures of a case, their uncertainty and partial volume, and those that are reported."""

    structures_series: Annotated[
        str | None,
        text(
            "structures' series",
            "UID or number of the SEG or RTSTRUCT series; needed if a DICOM folder has several.",
            applies_to="structures in DICOM",
            group="Structures",
        ),
    ] = None
    structures_transform: Annotated[
        Path | None,
        path(
            "structures' transform",
            "Registration of the structures to the activity, as 4 x 4 matrix in text (LPS mm), ITK .tfm or DICOM REG.",
        ),
    ] = None
    contour_end_caps: Annotated[
        EndCaps,
        choice(
            "end caps of contours",
            "Extent of an RTSTRUCT beyond its last contour, half a slice or nothing.",
            END_CAPS,
            applies_to="contours",
        ),
    ] = END_CAPS[0]
    contour_interpolation: Annotated[
        Interpolation,
        choice(
            "interpolation between contours",
            "RTSTRUCT between contours: the section changes gradually, or each contour reaches half-way to the next.",
            INTERPOLATIONS,
            applies_to="contours",
        ),
    ] = INTERPOLATIONS[0]
    contour_slice_thickness_mm: Annotated[
        float | None,
        positive(
            "slice thickness of contours in mm",
            "Slice thickness of an RTSTRUCT. Structures on a single plane need it; the default is the median distance "
            "of planes.",
            "mm",
            applies_to="contours",
        ),
    ] = None
    contours_through_voxels_of: Annotated[
        Path | None,
        path(
            "image that contours were drawn on",
            "DICOM image through whose voxel centers the RTSTRUCT's contours run. They are extended to the voxels' "
            "edges.",
            applies_to="contours",
        ),
    ] = None
    sub_voxel_mm: Annotated[
        float | None,
        positive(
            "sub-voxel size in mm",
            "Largest edge of the sub-voxels that give the doses of structures, with the dose interpolated.",
            "mm",
        ),
    ] = None
    uncertainty: Annotated[
        Path | None,
        path(
            "stated uncertainties",
            "File of standard uncertainties, TOML or JSON (docs/uncertainty.md). The options below override it.",
            group="Uncertainty",
        ),
    ] = None
    fwhm_mm: Annotated[
        float | None,
        not_negative(
            "FWHM in mm",
            "Full width at half maximum of the image's point spread function. It also sets the uncertainty of "
            "outlines.",
            "mm",
        ),
    ] = None
    contour_uncertainty_mm: Annotated[
        float | None,
        not_negative(
            "standard uncertainty of outlines in mm",
            "Standard uncertainty of the outward distance of outlines, instead of that from {fwhm_mm}.",
            "mm",
        ),
    ] = None
    calibration_uncertainty: Annotated[
        float | None,
        standard_uncertainty(
            "calibration", "Relative standard uncertainty of the camera's calibration, a fraction. Absolute scaling."
        ),
    ] = None
    count_uncertainty: Annotated[
        float | None,
        standard_uncertainty(
            "counts", "Relative standard uncertainty of the counts in each structure due to noise, a fraction."
        ),
    ] = None
    scan_delay_uncertainty_h: Annotated[
        float | None,
        not_negative(
            "standard uncertainty of the scan delay in h",
            "Standard uncertainty of the time from administration to scan. Absolute scaling.",
            "h",
        ),
    ] = None
    administered_activity_uncertainty: Annotated[
        float | None,
        standard_uncertainty(
            "administered activity",
            "Relative standard uncertainty of {administered_activity_gbq}, a fraction. Relative scaling.",
        ),
    ] = None
    registration_shift_mm: Annotated[
        float | None,
        not_negative(
            "standard deviation of shifts in mm",
            "Standard deviation of the shift between structures and image along each axis.",
            "mm",
        ),
    ] = None
    propagate: Annotated[
        float | None,
        number(
            "Number of draws of the stated uncertainties, such as 1000. They give intervals if the first order is not "
            "accurate.",
            "1",
            _draws,
            {"minimum": 2, "maximum": 10**6},
        ),
    ] = None
    sphere_activity_bq: Annotated[
        float | None,
        positive(
            "activity of a microsphere in Bq",
            "Activity of one microsphere at administration. It gives numbers of microspheres and the spread that they "
            "cause.",
            "Bq",
        ),
    ] = None
    recovery_curve: Annotated[
        Path | None,
        path(
            "recovery curve",
            "Recovery coefficients of a phantom, or the curve fitted to them, TOML or JSON (docs/partial_volume.md).",
            group="Partial volume",
        ),
    ] = None
    partial_volume: Annotated[
        PartialVolumeMethod,
        choice(
            "partial_volume",
            "Also compute mean doses without the loss to the image's blur, by the recovery curve or by {fwhm_mm}.",
            PARTIAL_VOLUME_METHODS,
        ),
    ] = PARTIAL_VOLUME_METHODS[0]
    fwhm_uncertainty_mm: Annotated[
        float | None,
        not_negative(
            "standard uncertainty of the FWHM in mm",
            "Standard uncertainty of {fwhm_mm}, for the mean doses that the transfer matrix recovers.",
            "mm",
        ),
    ] = None
    only: Annotated[
        str | None, patterns("Report only structures whose names match, such as 'Tumor*'.", group="Reported structures")
    ] = None
    exclude: Annotated[
        str | None, patterns("Leave out structures whose names match, such as BODY.", option=("--except",))
    ] = None
