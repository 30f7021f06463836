"""Declaration of the fields of a case that make its dose image: files, scaling to activity, and dose model."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

from .._core import Nuclide
from .._foundation.choices import (
    CT_CURVES,
    DEFAULT_MEDIUM,
    LOW_DENSITY_VOXELS,
    MEDIA,
    METHODS,
    NEGATIVE_VOXELS,
    RAY_SETTINGS,
    CtCurve,
    LowDensityVoxels,
    MediumName,
    Method,
    NegativeVoxels,
    NuclidePreset,
    RaySetting,
    Unit,
)
from .._foundation.numbers import number as a_number
from .._foundation.numbers import open_fraction
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from .._foundation.units import UNITS, checked_unit
from ..advisory.bounds import check_density
from ..errors import UnknownNameError
from .fields import (
    choice,
    fraction,
    number,
    path,
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


def _relative_uncertainty(value: float) -> None:
    open_fraction("relative uncertainty", value)


@dataclass(frozen=True, kw_only=True)
class ImageFields:
    """Files of a case, the scaling of its image to activity, and the dose model."""

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
