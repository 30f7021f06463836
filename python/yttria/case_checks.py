"""What is wrong with the declared values of a case, before a file is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import _core
from ._core import Nuclide
from ._foundation.numbers import number, one_of
from ._foundation.units import checked_unit
from .advisory.bounds import check_density
from .errors import DTypeError, OutOfRangeError, UndefinedError, YttriaError
from .geometry.contours import END_CAPS, INTERPOLATIONS
from .io.files import may_be_dicom
from .voxel import AbsoluteScaling, ct_density_curves
from .voxel.density import LOW_DENSITY_VOXELS
from .voxel.dose_image import METHODS

#: The rules for contours, and what they are where nothing else is asked for.
CONTOUR_RULES = {
    "contour_end_caps": END_CAPS[0],
    "contour_interpolation": INTERPOLATIONS[0],
    "contour_slice_thickness_mm": None,
    "contours_through_voxels_of": None,
}


#: Choices that may be spelled with hyphens, as on the command line.
SPELLED: dict[str, Sequence[str]] = {
    "method": METHODS,
    "contour_end_caps": END_CAPS,
    "contour_interpolation": INTERPOLATIONS,
    "medium": [name for name, *_ in _core._media()],
}


def problems(declared: dict[str, Any]) -> Iterator[tuple[str, YttriaError]]:
    """Everything wrong with the declared values of a case, as (field, error); none of the files is looked at."""
    wrong = False
    for name, check in _CHECKS.items():
        try:
            check(declared.get(name))
        except YttriaError as error:
            wrong = True
            yield name, error
    if wrong:
        return
    if one_of("method", declared["method"], METHODS) == "voxel_s_values":
        try:
            _core._density_g_per_ml(
                one_of("medium", declared["medium"], SPELLED["medium"]), declared["density_g_per_ml"]
            )
        except YttriaError as error:
            yield "density_g_per_ml", error
        if declared.get("ct") is not None:
            yield "ct", UndefinedError("voxel S values are of one density: a CT needs method local_deposition")
    given = declared["structures"]
    files = [Path(path) for path in (given if isinstance(given, list | tuple) else [given])]
    if not any(map(may_be_dicom, files)):
        rules = {"structures_series": None} | CONTOUR_RULES
        for name in (name for name, usual in rules.items() if declared.get(name, usual) not in (usual, None)):
            yield name, UndefinedError(f"{name} is for structures in DICOM, got {', '.join(f.name for f in files)}")
    absolute, relative = declared.get("scan_delay_h") is not None, declared.get("relative_to") is not None
    if absolute and relative:
        yield (
            "scan_delay_h",
            OutOfRangeError(
                "scan delay (scan_delay_h) has no part in relative scaling: the image is scaled to the delivered "
                "activity"
            ),
        )
    elif relative:
        for name in ("administered_activity_gbq", "lung_shunt_fraction"):
            if declared.get(name) is None:
                yield (
                    name,
                    OutOfRangeError(
                        "relative scaling needs administered_activity_gbq and lung_shunt_fraction (0 is a valid "
                        "fraction)"
                    ),
                )
    elif not absolute and not may_be_dicom(declared["activity"]):
        yield "scan_delay_h", no_delay()
    else:
        for name in ("lung_shunt_fraction", "residual_fraction"):
            if declared.get(name) is not None:
                yield (
                    name,
                    OutOfRangeError(
                        "lung shunt and residual fraction belong to relative scaling (relative_to); an absolute image "
                        "has them in it"
                    ),
                )


def no_delay() -> OutOfRangeError:
    """Neither scaling is spelled out."""
    return OutOfRangeError(
        "scan delay in h must be given (scan_delay_h; 0 if the image is already corrected to administration), or "
        "relative scaling asked for (relative_to)"
    )


def _optional(check: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda value: None if value is None else check(value)


def _fraction(quantity: str) -> Callable[[Any], object]:
    return lambda value: _core.fraction_below_one(quantity, number(quantity, value))


def _one_of(quantity: str, known: Sequence[str]) -> Callable[[Any], object]:
    return lambda value: one_of(quantity, value, known)


def _path(quantity: str, *, several: bool = False) -> Callable[[Any], object]:
    def check(value: object) -> None:
        paths = value if several and isinstance(value, list | tuple) and value else [value]
        for path in paths:
            if not isinstance(path, str | Path) or path == "":
                raise UndefinedError(f"{quantity} must be a path, got {path!r}")
            if "\0" in str(path):
                raise UndefinedError(f"{quantity} must be a path without null characters, got {str(path)!r:.80}")

    return check


def _text(quantity: str) -> Callable[[Any], object]:
    def check(value: object) -> None:
        if not isinstance(value, str):
            raise DTypeError(f"{quantity} must be a text, got {value!r:.80}")

    return check


def _positive(quantity: str) -> Callable[[Any], object]:
    def check(value: object) -> None:
        if not 0.0 < (found := number(quantity, value)) < float("inf"):
            raise OutOfRangeError(f"{quantity} must be finite and > 0, got {found:g}")

    return check


#: What each field must be by itself.
_CHECKS: dict[str, Callable[[Any], object]] = {
    "activity": _path("activity image"),
    "structures": _path("structures", several=True),
    "structures_series": _optional(_text("structures' series")),
    "structures_transform": _optional(_path("structures' transform")),
    "contour_end_caps": _one_of("end caps of contours", END_CAPS),
    "contour_interpolation": _one_of("interpolation between contours", INTERPOLATIONS),
    "contour_slice_thickness_mm": _optional(_positive("slice thickness of contours in mm")),
    "contours_through_voxels_of": _optional(_path("image that contours were drawn on")),
    "case_id": _text("case id"),
    "series": _optional(_text("series")),
    "unit": _optional(checked_unit),
    "scan_delay_h": _optional(AbsoluteScaling),
    "relative_to": _optional(_text("reference structure")),
    "administered_activity_gbq": _optional(lambda value: AbsoluteScaling(0.0, value)),
    "residual_fraction": _optional(_fraction("residual fraction")),
    "lung_shunt_fraction": _optional(_fraction("lung shunt fraction")),
    "method": _one_of("method", METHODS),
    "medium": _one_of("medium", SPELLED["medium"]),
    "density_g_per_ml": lambda value: check_density(number("density in g/mL", value)),
    "nuclide": _one_of("nuclide", Nuclide.presets()),
    "negative_voxels": _one_of("negative_voxels", ("keep", "clip")),
    "ct": _optional(_path("CT")),
    "ct_series": _optional(_text("CT series")),
    "ct_curve": _one_of("CT density curve", list(ct_density_curves())),
    "low_density_voxels": _one_of("low_density_voxels", LOW_DENSITY_VOXELS),
    "sub_voxel_mm": _optional(_positive("sub-voxel size in mm")),
    "only": _optional(_text("patterns of structures")),
    "exclude": _optional(_text("patterns of structures")),
}
