"""Checks of a patient's inputs, whose errors name the quantity, its value and its allowed range."""

from __future__ import annotations

from collections.abc import Sequence

from .._core import Nuclide
from .._foundation.numbers import number, optional_number
from ..advisory import Advisory
from ..errors import ArgumentError, OutOfRangeError, UndefinedError
from . import laboratory
from ._patient_inputs import PRIOR_DOSES, PatientInputs, tumor_name
from .body_surface_area import body_surface_area
from .microsphere_nuclide import check_device, device_nuclide
from .partition_inputs import check_prior_whole
from .partition_limits import PartitionLimits
from .plan_uncertainty_inputs import PlanUncertaintyInputs
from .territory import Tumor

#: Name in messages and allowed range of each number that may be absent.
_RANGES = {
    "liver_density_g_per_ml": ("liver density in g/mL", 0.9, 1.2),
    "untreated_tumor_mass_kg": ("untreated tumor mass in kg", 0.0, 10.0),
    "normal_perfused_mass_kg": ("perfused normal liver mass in kg", 0.0, 10.0),
    "normal_total_mass_kg": ("total normal liver mass in kg", 0.0, 10.0),
    "perfused_mass_incl_tumor_kg": ("perfused mass with tumor in kg", 0.001, 10.0),
    "liver_mass_incl_tumor_kg": ("liver mass with tumor in kg", 0.001, 10.0),
    "prior_lung_dose_gy": ("prior lung dose in Gy", 0.0, 1000.0),
    "prior_normal_perfused_dose_gy": ("prior dose to the perfused normal liver in Gy", 0.0, 1000.0),
    "prior_normal_whole_dose_gy": ("prior dose to the whole normal liver in Gy", 0.0, 1000.0),
}
_TARGETS = {
    "target_perfused_dose_gy": "target perfused dose in Gy",
    "target_tumor_dose_gy": "target tumor dose in Gy",
}
#: Allowed difference of a total mass from the sum of its parts, due to rounding of values that people write down.
_TOLERANCE = 0.02


def check_types(patient: PatientInputs) -> None:
    """Check the inputs that are not numbers. Without a nuclide, the patient takes that of the device."""
    check_device(patient.device)
    if isinstance(patient.tumors, str) or not isinstance(patient.tumors, Sequence):
        raise ArgumentError(f"tumors must be a sequence of Tumor, got {patient.tumors!r:.80}")
    for what, value, kind in (
        *(("each of tumors", tumor, Tumor) for tumor in patient.tumors),
        ("limits", PartitionLimits() if patient.limits is None else patient.limits, PartitionLimits),
        ("uncertainties", patient.uncertainties or PlanUncertaintyInputs(), PlanUncertaintyInputs),
        ("nuclide", Nuclide() if patient.nuclide is None else patient.nuclide, Nuclide),
        ("name", patient.name, str),
    ):
        if not isinstance(value, kind):
            raise ArgumentError(f"{what} must be of type {kind.__name__}, got {value!r:.80}")
    object.__setattr__(patient, "nuclide", device_nuclide(patient.device, patient.nuclide))
    for name in ("pretreated_or_impaired", "cirrhotic", "prior_radioembolization"):
        flag = getattr(patient, name)
        if flag is not None and not isinstance(flag, bool):
            raise ArgumentError(f"{name} must be True, False or None, got {flag!r:.80}")


def check_numbers(patient: PatientInputs) -> None:
    """Check every number by itself."""
    for name, (quantity, low, high) in _RANGES.items():
        _check_within(quantity, getattr(patient, name), low, high)
    for name, quantity in _TARGETS.items():
        _check_within(quantity, getattr(patient, name), 0.0, 2000.0, positive=True)
    laboratory_advisories(patient)
    for index, tumor in enumerate(patient.tumors):
        name = tumor_name(patient.tumors, index)
        _check_within(f"mass in kg of {name}", number(f"mass in kg of {name}", tumor.mass_kg), 0.0, 10.0, positive=True)
        _check_within(f"tumor-to-normal ratio of {name}", tumor.tumor_to_normal_ratio, 0.0, 1e6)
    for name, value in ({} if patient.limits is None else vars(patient.limits)).items():
        _check_within(f"{name} of the limits", value, 0.0, 2000.0, positive=not name.startswith("prior_"))
    if (patient.height_cm is None) != (patient.weight_kg is None):
        raise UndefinedError("body surface area is undefined: it needs both height and weight")
    if patient.height_cm is not None and patient.weight_kg is not None:
        body_surface_area(patient.height_cm, patient.weight_kg)


def _check_within(quantity: str, value: object, low: float, high: float, *, positive: bool = False) -> None:
    given = optional_number(quantity, value)
    if given is None or (low <= given <= high and not (positive and given == 0.0)):
        return
    grams = "in kg" in quantity and 10.0 * high <= given <= 1000.0 * high
    hint = f" (did you mean {given / 1000.0:g} kg? {given:g} looks like g)" if grams else ""
    within = f"{'(' if positive else '['}{low:g}, {high:g}]"
    raise OutOfRangeError(f"{quantity} must be within {within}, got {given:g}{hint}")


def laboratory_advisories(patient: PatientInputs) -> tuple[Advisory, ...]:
    """Check the laboratory values that are given, and return advisories on doubtful units."""
    found: tuple[Advisory, ...] = ()
    for convert, first, second in (
        (laboratory.bilirubin_umol_per_l, patient.bilirubin_umol_per_l, patient.bilirubin_mg_per_dl),
        (laboratory.albumin_g_per_l, patient.albumin_g_per_l, patient.albumin_g_per_dl),
    ):
        if first is not None or second is not None:
            found += convert(first, second)[1]
    return found


def check_prior_doses(patient: PatientInputs) -> None:
    """Check that doses of earlier treatments are given once and do not contradict each other."""
    for name, tissue in PRIOR_DOSES.values():
        given, by_limits = getattr(patient, name), getattr(patient.limits, name, 0.0)
        if given is not None and by_limits and by_limits != given:
            raise ArgumentError(
                f"the dose of earlier treatments to {tissue} is given twice: {given:g} Gy ({name}) and "
                f"{by_limits:g} Gy ({name} of the limits); give one of them"
            )
    whole, least = patient.prior_dose_gy("normal_whole"), patient.least_prior_whole_gy
    if whole is not None:
        check_prior_whole(whole, least)
    if patient.prior_radioembolization is False and patient.treated_before:
        raise ArgumentError("a dose of earlier treatments is given, although prior_radioembolization is False")


def check_masses(patient: PatientInputs) -> None:
    """Check that enough masses are given and that they fit each other."""
    normal, total = patient.normal_perfused_mass_kg, patient.normal_total_mass_kg
    perfused, liver = patient.perfused_mass_incl_tumor_kg, patient.liver_mass_incl_tumor_kg
    if normal is None and perfused is None:
        raise ArgumentError(
            "perfused mass must be given by perfused_mass_incl_tumor_kg, or by normal_perfused_mass_kg and the tumors"
        )
    if normal is not None and total is not None and normal > total:
        raise OutOfRangeError(
            f"total normal liver mass in kg must be at least the perfused part, {normal:g} kg, got {total:g}"
        )
    tumor = patient.treated_tumor_mass_kg or 0.0
    everything = bool(patient.tumors)  # all parts are known
    _check_total("perfused mass with tumor", perfused, normal, tumor, everything)
    _check_total("liver mass with tumor", liver, total, tumor + patient.untreated_tumor_mass_kg, everything)
    of_liver = patient.liver_mass_kg
    if of_liver is not None and patient.perfused_mass_kg > of_liver * (1.0 + _TOLERANCE):
        raise OutOfRangeError(
            f"perfused mass in kg must be at most that of the liver, {of_liver:.4g}, got {patient.perfused_mass_kg:.4g}"
        )


def _check_total(quantity: str, total: float | None, normal: float | None, tumor: float, everything: bool) -> None:
    if total is None:
        return
    parts = (normal or 0.0) + tumor
    if parts > total * (1.0 + _TOLERANCE):
        raise OutOfRangeError(f"{quantity} in kg must be at least that of its parts, {parts:.4g}, got {total:g}")
    if everything and normal is not None and parts < total * (1.0 - _TOLERANCE):
        raise OutOfRangeError(f"{quantity} in kg must be the sum of its parts, {parts:.4g}, got {total:g}")
