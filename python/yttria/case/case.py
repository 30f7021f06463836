"""The declaration of a case. Options, the manifest's schema and the documentation's table are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._core import Nuclide, _media
from .._foundation.choices import (
    CT_CURVES,
    DEFAULT_MEDIUM,
    END_CAPS,
    INTERPOLATIONS,
    LOW_DENSITY_VOXELS,
    METHODS,
    NEGATIVE_VOXELS,
    EndCaps,
    Interpolation,
    LowDensityVoxels,
    Method,
    NegativeVoxels,
)
from .._foundation.numbers import number as a_number
from .._foundation.numbers import one_of
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from .._foundation.units import UNITS, checked_unit
from ..advisory.bounds import check_density
from ..errors import YttriaError
from .checks import wrong_alone, wrong_together
from .fields import choice, declared_fields, fraction, number, path, patterns, positive, text


def _scan_delay(value: float) -> None:
    from ..voxel.scaling import AbsoluteScaling

    AbsoluteScaling(scan_delay_h=value)


def _activity(value: float) -> None:
    from ..voxel.scaling import AbsoluteScaling

    AbsoluteScaling(scan_delay_h=0.0, administered_activity_gbq=value)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Declaration of one case: its files, how its image is scaled to activity, and the dose model.

    Every field is described in docs/case.md. `structures` may be several paths; their structures must have different
    names.

    Raises
    ------
    YttriaError
        The first of `problems()`: `DTypeError`, `OutOfRangeError`, `UndefinedError`, `UnitError` or
        `UnknownNameError`. No file is read.

    Notes
    -----
    Absolute scaling needs `scan_delay_h`. Relative scaling needs `relative_to`, `administered_activity_gbq` and
    `lung_shunt_fraction`. One of the two must be given, unless the activity is DICOM: then the header's times give the
    delay of absolute scaling, and the header's activity is compared with the field's total.

    CT numbers beyond the curve take the density of its end, and voxels beyond the CT take `density_g_per_ml`. Both are
    reported.
    """

    activity: Path = field(
        metadata=path(
            "activity image",
            "Activity image: NRRD, NIfTI, MetaImage, Interfile, or a folder of DICOM.",
            form="argument",
            group="Files",
        )
    )
    structures: Path | tuple[Path, ...] = field(
        metadata=path(
            "structures",
            "Segmentation: .seg.nrrd, a labelmap, a folder of masks, SEG or RTSTRUCT.",
            form="repeated",
            option=("--structures", "-s"),
        )
    )
    case_id: str = field(
        default="", metadata=text("case id", "Name of the case, unique in the manifest.", named=True, form="none")
    )
    series: str | None = field(
        default=None,
        metadata=text("series", "UID or number of the PET or SPECT series; needed if a DICOM folder has several."),
    )
    unit: str | None = field(
        default=None,
        metadata=text(
            "unit",
            "Unit of the activity image (Bq/mL, kBq/mL, MBq/mL, counts); needed if the file states none.",
            check=checked_unit,
            choices=tuple(UNITS),
        ),
    )
    scan_delay_h: float | None = field(
        default=None,
        metadata=number(
            "Hours from administration to the time the image's activity refers to, 0 if it is corrected to "
            "administration; DICOM has it in its header. Absolute scaling.",
            "h",
            _scan_delay,
            {"minimum": 0, "maximum": 720},
            group="Scaling",
        ),
    )
    relative_to: str | None = field(
        default=None,
        metadata=text(
            "reference structure",
            "Structure that holds what the liver received. Relative scaling, from any counts.",
            named=True,
        ),
    )
    administered_activity_gbq: float | None = field(
        default=None,
        metadata=number(
            "Activity delivered to the patient: needed by relative scaling, else a check.",
            "GBq",
            _activity,
            {"exclusiveMinimum": 0, "maximum": 100},
        ),
    )
    residual_fraction: float | None = field(
        default=None,
        metadata=fraction(
            "residual fraction",
            "Fraction left in vial and line; then {administered_activity_gbq} is the vial's activity.",
        ),
    )
    lung_shunt_fraction: float | None = field(
        default=None,
        metadata=fraction("lung shunt fraction", "Fraction of the activity that went to the lungs. Relative scaling."),
    )
    method: Method = field(default=METHODS[0], metadata=choice("method", "Dose model.", METHODS, group="Dose model"))
    medium: str = field(
        default=DEFAULT_MEDIUM,
        metadata=choice("medium", "Medium of the voxel S values.", [name for name, *_ in _media()], listed=True),
    )
    density_g_per_ml: float = field(
        default=LIVER_DENSITY_G_PER_ML,
        metadata=number(
            "Density of the tissue; with {ct}, of what lies beyond the CT.",
            "g/mL",
            lambda value: check_density(a_number("density in g/mL", value)),
            {"exclusiveMinimum": 0},
        ),
    )
    nuclide: str = field(
        default="EANM2022",
        metadata=choice("nuclide", "Dose factor and half-life.", Nuclide.presets(), listed=True),
    )
    negative_voxels: NegativeVoxels = field(
        default=NEGATIVE_VOXELS[0],
        metadata=choice("negative_voxels", "Keep or clip negative voxels.", NEGATIVE_VOXELS),
    )
    ct: Path | None = field(
        default=None,
        metadata=path("CT", "CT on any grid: each voxel gets its own density. Local deposition."),
    )
    ct_series: str | None = field(
        default=None,
        metadata=text("CT series", "UID or number of the CT series; needed if a DICOM folder has several."),
    )
    ct_curve: str = field(
        default=CT_CURVES[0],
        metadata=choice("CT density curve", "From CT numbers to density.", CT_CURVES, listed=True),
    )
    low_density_voxels: LowDensityVoxels = field(
        default=LOW_DENSITY_VOXELS[0],
        metadata=choice(
            "low_density_voxels",
            "Voxels below 0.05 g/mL: keep, clip to that density, zero their dose, or refuse.",
            LOW_DENSITY_VOXELS,
        ),
    )
    structures_series: str | None = field(
        default=None,
        metadata=text(
            "structures' series",
            "UID or number of the SEG or RTSTRUCT series; needed if a DICOM folder has several.",
            applies_to="structures in DICOM",
            group="Structures",
        ),
    )
    structures_transform: Path | None = field(
        default=None,
        metadata=path(
            "structures' transform",
            "Text file with the 4 x 4 matrix of a registration: structures' LPS mm to the activity's.",
        ),
    )
    contour_end_caps: EndCaps = field(
        default=END_CAPS[0],
        metadata=choice(
            "end caps of contours",
            "RTSTRUCT: the last contour goes on for half a slice, or not at all.",
            END_CAPS,
            applies_to="contours",
        ),
    )
    contour_interpolation: Interpolation = field(
        default=INTERPOLATIONS[0],
        metadata=choice(
            "interpolation between contours",
            "RTSTRUCT: sections change from contour to contour, or each reaches half-way to the next.",
            INTERPOLATIONS,
            applies_to="contours",
        ),
    )
    contour_slice_thickness_mm: float | None = field(
        default=None,
        metadata=positive(
            "slice thickness of contours in mm",
            "RTSTRUCT: needed by structures on a single plane, else the median distance of planes.",
            "mm",
            applies_to="contours",
        ),
    )
    contours_through_voxels_of: Path | None = field(
        default=None,
        metadata=path(
            "image that contours were drawn on",
            "RTSTRUCT with contours through the voxel centers of this DICOM image: carried to the voxels' edges.",
            applies_to="contours",
        ),
    )
    sub_voxel_mm: float | None = field(
        default=None,
        metadata=positive(
            "sub-voxel size in mm",
            "Doses of structures from sub-voxels, at most that long, with the dose interpolated.",
            "mm",
        ),
    )
    only: str | None = field(
        default=None, metadata=patterns("Report only structures whose names match, such as 'Tumor*'.")
    )
    exclude: str | None = field(
        default=None,
        metadata=patterns("Leave out structures whose names match, such as BODY.", option=("--except",)),
    )

    def __post_init__(self) -> None:
        for _, error in problems(vars(self)):
            raise error
        for name, declared in FIELDS.items():
            value = getattr(self, name)
            if declared.kind == "choice":
                object.__setattr__(self, name, one_of(name, value, declared.choices))
            elif declared.kind == "path" and value is not None:
                several = isinstance(value, list | tuple)
                object.__setattr__(self, name, tuple(map(Path, value)) if several else Path(value))

    @property
    def structure_files(self) -> tuple[Path, ...]:
        """The files or folders of the structures, one or more."""
        return self.structures if isinstance(self.structures, tuple) else (self.structures,)


#: The declaration of each field by its name, in the order of the class.
FIELDS = declared_fields(Case)
#: The fields of a case that name files or folders.
FILE_FIELDS = tuple(name for name, declared in FIELDS.items() if declared.kind == "path")


def problems(declared: dict[str, Any]) -> Iterator[tuple[str, YttriaError]]:
    """Everything wrong with the declared values of a case, as (field, error); no file is read."""
    found = list(wrong_alone(FIELDS, declared))
    yield from found or wrong_together(FIELDS, declared)
