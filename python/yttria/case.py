"""One case: the files and settings that are declared, and the doses they lead to.

`yttria dose` and the batch runner go through these functions, so that both give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from . import _core
from ._core import DoseVolumeHistogram, Nuclide, __version__
from ._inputs import number
from .advisory import Advisory
from .errors import DTypeError, OutOfRangeError, UndefinedError, UnknownNameError, YttriaError
from .image import Image, checked_unit
from .io import dicom, read_image, read_structures
from .io.files import may_be_dicom
from .kernels import VoxelSValueLibrary
from .structure import Structure
from .voxel import (
    AbsoluteScaling,
    DensityImage,
    DoseResult,
    RelativeScaling,
    ct_density_curves,
    density_image,
    dose_image,
)
from .voxel.ct_density import DEFAULT_CURVE
from .voxel.density import LOW_DENSITY_VOXELS
from .voxel.dose_image import DEFAULT_DENSITY_G_PER_ML, DEFAULT_MEDIUM, METHODS

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is declared of one case: its files, how its image is scaled to activity, and the dose model.

    Absolute scaling: `scan_delay_h`, hours from administration to the time that the image's activity refers to; with
    `administered_gbq` (delivered to the patient) the field's total is held against it. Relative scaling: `relative_to`,
    the name of the structure that holds what the liver received, with `administered_gbq` and `lung_shunt_fraction`;
    where `residual_fraction` is given, `administered_gbq` is the vial's activity. One of the two must be spelled out,
    unless the activity is DICOM: then the header's times give the delay of absolute scaling, and its activity is the
    check. `series`: the UID or number of the activity's series where a folder has several PET or SPECT. `unit` is
    needed where the activity image has none. `ct`: an image in HU, on any grid in the same space (`ct_series` as
    `series`), from which each voxel gets its own density by `ct_curve`; CT numbers beyond the curve take the density of
    its end, and beyond the CT lies `density_g_per_ml`, both reported. Everything else is as in `yttria.dose_image`.

    Raises the first of `problems()`: `DTypeError`, `OutOfRangeError`, `UndefinedError`, `UnitError` or
    `UnknownNameError`. No file is looked at.
    """

    activity: Path
    structures: Path
    case_id: str = ""
    series: str | None = None
    unit: str | None = None
    scan_delay_h: float | None = None
    relative_to: str | None = None
    administered_gbq: float | None = None
    residual_fraction: float | None = None
    lung_shunt_fraction: float | None = None
    method: str = METHODS[0]
    medium: str = DEFAULT_MEDIUM
    density_g_per_ml: float = DEFAULT_DENSITY_G_PER_ML
    convention: str = "EANM2022"
    negative_voxels: str = "keep"
    ct: Path | None = None
    ct_series: str | None = None
    ct_curve: str = DEFAULT_CURVE
    low_density_voxels: str = "keep"

    def __post_init__(self) -> None:
        for _, error in problems(vars(self)):
            raise error
        object.__setattr__(self, "activity", Path(self.activity))
        object.__setattr__(self, "structures", Path(self.structures))
        if self.ct is not None:
            object.__setattr__(self, "ct", Path(self.ct))

    def scaling(
        self, structures: Sequence[Structure], timing: dicom.ActivityTiming | None = None
    ) -> AbsoluteScaling | RelativeScaling:
        """The scaling that the case spells out, or that the header's `timing` gives.

        Raises `UnknownNameError` where `relative_to` is none of the structures, `OutOfRangeError` where there is
        neither a scan delay nor a timing.
        """
        if self.relative_to is None:
            if self.scan_delay_h is not None:
                return AbsoluteScaling(self.scan_delay_h, self.administered_gbq)
            if timing is None:
                raise _no_delay()
            administered_gbq = self.administered_gbq or timing.administered_activity_gbq
            return AbsoluteScaling(timing.hours_after_administration, administered_gbq, time_basis=timing.rule)
        named = {s.name: s for s in structures}
        if self.relative_to not in named:
            raise UnknownNameError(f"reference structure must be one of {', '.join(named)}, got '{self.relative_to}'")
        assert self.lung_shunt_fraction is not None
        vial = self.residual_fraction is not None
        return RelativeScaling(
            reference=named[self.relative_to],
            lung_shunt_fraction=self.lung_shunt_fraction,
            delivered_activity_gbq=None if vial else self.administered_gbq,
            vial_activity_gbq=self.administered_gbq if vial else None,
            residual_fraction=self.residual_fraction,
        )


#: The fields of a case that name files or folders.
FILE_FIELDS = tuple(each.name for each in fields(Case) if "Path" in str(each.type))


@dataclass(frozen=True, eq=False)
class CaseInputs:
    """What the files of a case hold; `timing` where it was read from the activity's header, `ct` where there is one."""

    activity: Image
    structures: list[Structure]
    timing: dicom.ActivityTiming | None = None
    advisories: tuple[Advisory, ...] = ()
    ct: Image | None = None


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

    Raises whatever `read_image`, `read_structures` and, for DICOM in absolute scaling, `activity_timing` raise.
    """
    inputs = _read_activity(case, read_structures(case.structures))
    return inputs if case.ct is None else replace(inputs, ct=_read_ct(case.ct, case.ct_series))


def _read_ct(path: Path, series: str | None) -> Image:
    if may_be_dicom(path):
        return dicom.read_image(path, "HU", series=series, modalities=("CT",))
    return read_image(path, unit="HU", series=series)


def _read_activity(case: Case, structures: list[Structure]) -> CaseInputs:
    if not may_be_dicom(case.activity):
        return CaseInputs(read_image(case.activity, unit=case.unit), structures)
    image = dicom.read_image(case.activity, case.unit, series=case.series, modalities=dicom.ACTIVITY_MODALITIES)
    if case.relative_to is not None:
        return CaseInputs(image, structures)
    if case.scan_delay_h is not None:
        return CaseInputs(image, structures, None, dicom.check_nuclide(case.activity, series=case.series))
    timing = dicom.activity_timing(case.activity, series=case.series)
    return CaseInputs(image, structures, timing, timing.advisories)


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
    nuclide = Nuclide(case.convention)
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
    result = replace(result, advisories=(*result.advisories, *inputs.advisories))
    return DosedCase(case, inputs.structures, result, *result.evaluate(inputs.structures, threads=threads))


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
    if declared["method"] == "voxel_s_values":
        try:
            _core._density_g_per_ml(declared["medium"], declared["density_g_per_ml"])
        except YttriaError as error:
            yield "density_g_per_ml", error
        if declared.get("ct") is not None:
            yield "ct", UndefinedError("voxel S values are of one density: a CT needs method local_deposition")
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
        for name in ("administered_gbq", "lung_shunt_fraction"):
            if declared.get(name) is None:
                yield (
                    name,
                    OutOfRangeError(
                        "relative scaling needs administered_gbq and lung_shunt_fraction (0 is a valid fraction)"
                    ),
                )
    elif not absolute and not may_be_dicom(declared["activity"]):
        yield "scan_delay_h", _no_delay()
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


def _no_delay() -> OutOfRangeError:
    return OutOfRangeError(
        "scan delay in h must be given (scan_delay_h; 0 where the image is already corrected to administration), or "
        "relative scaling asked for (relative_to)"
    )


def _optional(check: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda value: None if value is None else check(value)


def _fraction(quantity: str) -> Callable[[Any], object]:
    return lambda value: _core.fraction_below_one(quantity, number(quantity, value))


def _one_of(quantity: str, known: Sequence[str]) -> Callable[[Any], object]:
    def check(value: object) -> None:
        if value not in known:
            raise UnknownNameError(f"{quantity} must be one of {', '.join(known)}, got {value!r}")

    return check


def _path(quantity: str) -> Callable[[Any], object]:
    def check(value: object) -> None:
        if not isinstance(value, str | Path) or value == "":
            raise UndefinedError(f"{quantity} must be a path, got {value!r}")

    return check


def _text(quantity: str) -> Callable[[Any], object]:
    def check(value: object) -> None:
        if not isinstance(value, str):
            raise DTypeError(f"{quantity} must be a text, got {value!r:.80}")

    return check


def _positive_density(value: object) -> None:
    density = number("density in g/mL", value)
    if not 0.0 < density < float("inf"):
        raise OutOfRangeError(f"density in g/mL must be finite and > 0, got {density:g}")


#: What each field must be by itself.
_CHECKS: dict[str, Callable[[Any], object]] = {
    "activity": _path("activity image"),
    "structures": _path("structures"),
    "case_id": _text("case id"),
    "series": _optional(_text("series")),
    "unit": _optional(checked_unit),
    "scan_delay_h": _optional(AbsoluteScaling),
    "relative_to": _optional(_text("reference structure")),
    "administered_gbq": _optional(lambda value: AbsoluteScaling(0.0, value)),
    "residual_fraction": _optional(_fraction("residual fraction")),
    "lung_shunt_fraction": _optional(_fraction("lung shunt fraction")),
    "method": _one_of("method", METHODS),
    "medium": _one_of("medium", [name for name, *_ in _core._media()]),
    "density_g_per_ml": _positive_density,
    "convention": _one_of("convention", Nuclide.presets()),
    "negative_voxels": _one_of("negative_voxels", ("keep", "clip")),
    "ct": _optional(_path("CT")),
    "ct_series": _optional(_text("CT series")),
    "ct_curve": _one_of("CT density curve", list(ct_density_curves())),
    "low_density_voxels": _one_of("low_density_voxels", LOW_DENSITY_VOXELS),
}
