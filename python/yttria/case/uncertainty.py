"""Uncertainties that a case states in its file and in its own fields."""

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
    """Combine the fields of a case with its file, whose values they override.

    The result is None if nothing is stated.
    """
    given = {name: getattr(case, name) for name in UNCERTAINTY_FIELDS if getattr(case, name) is not None}
    if curve is not None:
        given["recovery"] = curve
    if of_file is None:
        return UncertaintyInputs(**given) if given else None
    basis = {name: words for name, words in of_file.basis.items() if name not in given}
    return of_file.replaced(**given, basis=basis)


def stated_partial_volume(case: Case, stated: UncertaintyInputs | None) -> PartialVolumeInputs:
    """Collect the statements of a case on the image's blur from its fields and its uncertainties.

    A value that the method needs and neither states raises `ArgumentError`.
    """
    return PartialVolumeInputs(
        method=case.partial_volume,
        recovery=None if stated is None else stated.recovery,
        fwhm_mm=None if stated is None else stated.fwhm_mm,
        fwhm_uncertainty_mm=case.fwhm_uncertainty_mm,
    )
