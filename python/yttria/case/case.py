"""Declaration of a case. The options, the manifest's schema and the documentation's table are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

from .._core import Nuclide
from .._foundation.choices import (
    CT_CURVES,
    DEFAULT_MEDIUM,
    END_CAPS,
    INTERPOLATIONS,
    LOW_DENSITY_VOXELS,
    MEDIA,
    METHODS,
    NEGATIVE_VOXELS,
    PARTIAL_VOLUME_METHODS,
    RAY_SETTINGS,
    CtCurve,
    EndCaps,
    Interpolation,
    LowDensityVoxels,
    MediumName,
    Method,
    NegativeVoxels,
    NuclidePreset,
    PartialVolumeMethod,
    RaySetting,
    Unit,
)
from .._foundation.numbers import number as a_number
from .._foundation.numbers import one_of, open_fraction
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from .._foundation.units import UNITS, checked_unit
from ..advisory.bounds import check_density
from ..errors import UnknownNameError, YttriaError
from .checks import field_problems, joint_problems
from .fields import (
    choice,
    declared_fields,
    fraction,
    not_negative,
    number,
    path,
    patterns,
    positive,
    standard_uncertainty,
    text,
    whole_number,
)

# The checks are named functions, because a lambda in an annotation would not find the names of this module.


def _tracer(name: str) -> None:
    """Explain the refusal of a tracer, of which there is no dose."""
    with suppress(UnknownNameError):
        Nuclide(cast("NuclidePreset", name))


def _scan_delay(value: float) -> None:
    from ..voxel.scaling import AbsoluteScaling

    AbsoluteScaling(scan_delay_h=value)


def _activity(value: float) -> None:
    from ..voxel.scaling import AbsoluteScaling

    AbsoluteScaling(scan_delay_h=0.0, administered_activity_gbq=value)


def _density(value: float) -> None:
    check_density(a_number("density in g/mL", value))


def _histories(value: float) -> None:
    whole_number("histories", value, least=1, most=2**50)


def _seed(value: float) -> None:
    whole_number("seed", value, least=0, most=2**53)


def _draws(value: float) -> None:
    whole_number("number of draws", value, least=2, most=10**6)


def _relative_uncertainty(value: float) -> None:
    open_fraction("relative uncertainty", value)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Declaration of one case with its files, the scaling of its image to activity, and the dose model.

    Every field is described in docs/case.md. `structures` may be several paths, whose structures must have different
    names.

    Raises
    ------
    YttriaError
        The first of `problems()`: `ArgumentError`, `OutOfRangeError`, `UnitError` or
        `UnknownNameError`. No file is read.

    Notes
    -----
    Absolute scaling needs `scan_delay_h`. Relative scaling needs `relative_to`, `administered_activity_gbq` and
    `lung_shunt_fraction`. One of the two must be given, unless the activity is DICOM. In DICOM the header's times give
    the delay of absolute scaling, and the header's activity is compared with the field's total.

    CT numbers beyond the curve take the density of its end, and voxels beyond the CT take `density_g_per_ml`. Both are
    reported.
    """

    activity: Annotated[
        Path,
        path(
            "activity image",
            "Activity image: NRRD, NIfTI, MetaImage, Interfile, or a folder of DICOM.",
            form="argument",
            group="Files",
        ),
    ]
    structures: Annotated[
        Path | tuple[Path, ...],
        path(
            "structures",
            "Segmentation: .seg.nrrd, a labelmap, a folder of masks, SEG or RTSTRUCT.",
            form="repeated",
            option=("--structures", "-s"),
        ),
    ]
    case_id: Annotated[str, text("case id", "Name of the case, unique in the manifest.", named=True, form="none")] = ""
    series: Annotated[
        str | None, text("series", "UID or number of the PET or SPECT series; needed if a DICOM folder has several.")
    ] = None
    unit: Annotated[
        Unit | None,
        text(
            "unit",
            "Unit of the activity image (Bq/mL, kBq/mL, MBq/mL, counts); needed if the file states none.",
            check=checked_unit,
            choices=tuple(UNITS),
        ),
    ] = None
    scan_delay_h: Annotated[
        float | None,
        number(
            "Hours from administration to the time to which the image's activity refers, 0 if it is corrected to "
            "administration. A DICOM header states it. Absolute scaling.",
            "h",
            _scan_delay,
            {"minimum": 0, "maximum": 720},
            group="Scaling",
        ),
    ] = None
    relative_to: Annotated[
        str | None,
        text(
            "reference structure",
            "Structure that contains all activity in the liver. Relative scaling, from any counts.",
            named=True,
        ),
    ] = None
    administered_activity_gbq: Annotated[
        float | None,
        number(
            "Activity delivered to the patient. Relative scaling needs it; absolute scaling compares with it.",
            "GBq",
            _activity,
            {"exclusiveMinimum": 0, "maximum": 100},
        ),
    ] = None
    residual_fraction: Annotated[
        float | None,
        fraction(
            "residual fraction",
            "Fraction left in vial and line. If it is given, {administered_activity_gbq} is the vial's activity.",
        ),
    ] = None
    lung_shunt_fraction: Annotated[
        float | None,
        fraction("lung shunt fraction", "Fraction of the activity that went to the lungs. Relative scaling."),
    ] = None
    method: Annotated[Method, choice("method", "Dose model.", METHODS, group="Dose model")] = METHODS[0]
    medium: Annotated[MediumName, choice("medium", "Medium of the dose point kernel.", MEDIA, listed=True)] = (
        DEFAULT_MEDIUM
    )
    density_g_per_ml: Annotated[
        float,
        number(
            "Density of the tissue and of voxels beyond {ct}. For superposition it is the reference density.",
            "g/mL",
            _density,
            {"exclusiveMinimum": 0},
        ),
    ] = LIVER_DENSITY_G_PER_ML
    nuclide: Annotated[
        NuclidePreset, choice("nuclide", "Dose factor and half-life.", Nuclide.presets(), unknown=_tracer, listed=True)
    ] = "EANM2022"
    negative_voxels: Annotated[
        NegativeVoxels, choice("negative_voxels", "Keep or clip negative voxels.", NEGATIVE_VOXELS)
    ] = NEGATIVE_VOXELS[0]
    ct: Annotated[
        Path | None,
        path("CT", "CT on any grid, for the density of each voxel. Superposition and Monte Carlo need it."),
    ] = None
    ct_series: Annotated[
        str | None, text("CT series", "UID or number of the CT series; needed if a DICOM folder has several.")
    ] = None
    ct_curve: Annotated[
        CtCurve, choice("CT density curve", "Curve from CT numbers to density.", CT_CURVES, listed=True)
    ] = CT_CURVES[0]
    low_density_voxels: Annotated[
        LowDensityVoxels,
        choice(
            "low_density_voxels",
            "Treatment of voxels below 0.05 g/mL: keep, clip to that density, zero their dose, or refuse.",
            LOW_DENSITY_VOXELS,
        ),
    ] = LOW_DENSITY_VOXELS[0]
    ray_setting: Annotated[RaySetting, choice("ray_setting", "Number of rays of superposition.", RAY_SETTINGS)] = (
        RAY_SETTINGS[0]
    )
    histories: Annotated[
        float | None,
        number(
            "Number of decays that Monte Carlo simulates, 10 million if neither this nor {relative_uncertainty} is "
            "given.",
            "1",
            _histories,
            {"minimum": 1, "maximum": 2**50},
        ),
    ] = None
    relative_uncertainty: Annotated[
        float | None,
        number(
            "Relative standard uncertainty of voxels with a high dose at which Monte Carlo ends.",
            "1",
            _relative_uncertainty,
            {"exclusiveMinimum": 0, "exclusiveMaximum": 1},
        ),
    ] = None
    seed: Annotated[
        float,
        number(
            "Seed of the random numbers of Monte Carlo and {propagate}, a whole number.",
            "1",
            _seed,
            {"minimum": 0, "maximum": 2**53},
        ),
    ] = 0
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

    def __post_init__(self) -> None:
        for _, error in problems(vars(self)):
            raise error
        for name, declared in FIELDS.items():
            value = getattr(self, name)
            if value is declared.default:
                continue
            if declared.kind == "choice":
                object.__setattr__(self, name, one_of(name, value, declared.choices))
            elif declared.kind == "path" and value is not None:
                several = isinstance(value, list | tuple)
                object.__setattr__(self, name, tuple(map(Path, value)) if several else Path(value))

    @property
    def structure_files(self) -> tuple[Path, ...]:
        """Files or folders of the structures, one or more."""
        return self.structures if isinstance(self.structures, tuple) else (self.structures,)


#: Declaration of each field by its name, in the order of the class.
FIELDS = declared_fields(Case)
#: Fields of a case that name files or folders.
FILE_FIELDS = tuple(name for name, declared in FIELDS.items() if declared.kind == "path")


def problems(declared: dict[str, Any]) -> Iterator[tuple[str, YttriaError]]:
    """Find everything that is wrong with the declared values of a case.

    Parameters
    ----------
    declared : dict of str to value
        Values by the names of the fields of `Case`.

    Yields
    ------
    field : str
        Name of the field.
    error : YttriaError
        The mistake. No file is read.

    Examples
    --------
    >>> declared = {"activity": "pet.nrrd", "structures": "seg.nrrd", "method": "guess"}
    >>> "method" in {field for field, _ in problems(declared)}
    True
    """
    found = list(field_problems(FIELDS, declared))
    yield from found or joint_problems(FIELDS, declared)
