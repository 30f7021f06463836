"""Constants and times: dose factor, half-life, density, clocks."""

from __future__ import annotations

from ...reference.decay import decayed_activity_gbq
from .._cases import DICOM
from .._record import half_life
from ._wrap import Answer, Implementation, Inputs, answered, asked, known, replaced


@known
def clocks_without_zones(inner: Implementation) -> Implementation:
    """Subtracts wall clock times of different zones, or across a change of the clocks (section 12)."""
    times = ("calibration_time", "treatment_time", "from", "to")
    return asked(
        inner,
        lambda i: {t: i[t][:19] + "+00:00" for t in times if t in i},
        "calibrated_activity",
        "elapsed_across_dst",
    )


@known
def dates_ignored(inner: Implementation) -> Implementation:
    """Reckons decay from the time of day alone (DICOM tools)."""

    def change(i: Inputs, answer: Answer) -> Answer:
        hours = answer["elapsed_h"] % 24.0
        return {
            "elapsed_h": hours,
            "activity_GBq": decayed_activity_gbq(i["calibration_activity_GBq"], hours, half_life(i)),
        }

    def across(_: Inputs, answer: Answer) -> Answer:
        return {"elapsed_h": answer["elapsed_h"] % 24.0}

    def in_file(i: Inputs) -> Inputs:
        day = i["RadiopharmaceuticalStartDateTime"][:10]
        return {"AcquisitionDateTime": day + i["AcquisitionDateTime"][10:]}

    timed = answered(answered(inner, change, "calibrated_activity"), across, "elapsed_across_dst")
    return asked(timed, in_file, DICOM)


@known
def start_taken_for_administration(inner: Implementation) -> Implementation:
    """Takes a PET image that is corrected to the start of the scan for one at administration (section 12)."""

    def change(i: Inputs) -> Inputs:
        return {"DecayCorrection": "ADMIN"} if i["DecayCorrection"] == "START" else {}

    return asked(inner, change, "decay_correction_to_admin", DICOM)


def _half_life(inner: Implementation, hours: float) -> Implementation:
    """In everything but the formulas that make a dose factor from a half-life."""

    def answer(model: str, inputs: Inputs) -> Answer:
        exempt = ("dose_factor", "dose_factor_historic", "vsv_infinite_uniform")
        changed = replaced(inputs, "half_life_h", hours) if model not in exempt else {}
        return inner(model, inputs | changed)

    return answer


@known
def half_life_64_0_h(inner: Implementation) -> Implementation:
    """Half-life 64.0 h where the case states another (section 12)."""
    return _half_life(inner, 64.0)


@known
def half_life_64_2_h(inner: Implementation) -> Implementation:
    """Half-life 64.2 h, 2.675 d, where the case states another (section 12)."""
    return _half_life(inner, 64.2)


@known
def half_life_64_8_h(inner: Implementation) -> Implementation:
    """Half-life 64.8 h, 2.7 d, where the case states another (thesis codes, a calibration script)."""
    return _half_life(inner, 64.8)


def _factor(inner: Implementation, gy_kg_per_gbq: float) -> Implementation:
    return asked(inner, lambda _: {"dose_factor_Gy_kg_per_GBq": gy_kg_per_gbq})


@known
def dose_factor_50(inner: Implementation) -> Implementation:
    """Dose factor 50 Gy kg/GBq (glass instructions for use) where the case states 49.67."""
    return _factor(inner, 50.0)


@known
def dose_factor_49_38(inner: Implementation) -> Implementation:
    """Dose factor 49.38 Gy kg/GBq (AAPM) where the case states another."""
    return _factor(inner, 49.38)


@known
def dose_factor_50_2(inner: Implementation) -> Implementation:
    """Dose factor 50.2 Gy kg/GBq (0.94 MeV, 64.2 h) where the case states another."""
    return _factor(inner, 50.2)


@known
def dose_factor_50_5(inner: Implementation) -> Implementation:
    """Dose factor 50.5 Gy kg/GBq (0.9367 MeV, 64.8 h) where the case states another."""
    return _factor(inner, 50.5)


def _density(inner: Implementation, g_per_ml: float) -> Implementation:
    def answer(model: str, inputs: Inputs) -> Answer:
        changed = replaced(inputs, "density_g_per_mL", g_per_ml) if model != "vsv_infinite_uniform" else {}
        return inner(model, inputs | changed)

    return answer


@known
def density_1_00(inner: Implementation) -> Implementation:
    """Density 1.00 g/mL where the case states a liver's (section 12)."""
    return _density(inner, 1.00)


@known
def density_1_03(inner: Implementation) -> Implementation:
    """Density 1.03 g/mL where the case states another (section 12)."""
    return _density(inner, 1.03)


@known
def density_1_05(inner: Implementation) -> Implementation:
    """Density 1.05 g/mL where the case states another (section 12)."""
    return _density(inner, 1.05)


@known
def density_1_06(inner: Implementation) -> Implementation:
    """Density 1.06 g/mL where the case states another (section 12)."""
    return _density(inner, 1.06)
