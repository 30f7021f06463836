"""The uncertainties that a case states: those of its file, and those of its own fields."""

from __future__ import annotations

from ..evaluation import PartialVolumeInputs, RecoveryCurve, UncertaintyInputs
from .case import Case

#: Fields of a case that are inputs of an uncertainty.
UNCERTAINTY_FIELDS = (
    "fwhm_mm",
    "contour_uncertainty_mm",
    "calibration_uncertainty",
    "count_uncertainty",
    "scan_delay_uncertainty_h",
    "administered_activity_uncertainty",
    "registration_shift_mm",
    "sphere_activity_bq",
)


def stated_uncertainty(
    case: Case, of_file: UncertaintyInputs | None, curve: RecoveryCurve | None = None
) -> UncertaintyInputs | None:
    """Put the fields of a case in the place of what its file states; None if neither states anything."""
    given = {name: getattr(case, name) for name in UNCERTAINTY_FIELDS if getattr(case, name) is not None}
    if curve is not None:
        given["recovery"] = curve
    if of_file is None:
        return UncertaintyInputs(**given) if given else None
    basis = {name: words for name, words in of_file.basis.items() if name not in given}
    return of_file.replaced(**given, basis=basis)


def stated_partial_volume(case: Case, stated: UncertaintyInputs | None) -> PartialVolumeInputs:
    """Statements of a case on the image's blur, in its fields or among its uncertainties.

    `ArgumentError` if the method needs what neither states.
    """
    return PartialVolumeInputs(
        method=case.partial_volume,
        recovery=None if stated is None else stated.recovery,
        fwhm_mm=None if stated is None else stated.fwhm_mm,
        fwhm_uncertainty_mm=case.fwhm_uncertainty_mm,
    )
