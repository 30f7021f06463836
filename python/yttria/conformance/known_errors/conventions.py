"""Known mistakes with constants and times, which are dose factor, half-life, density and clocks."""

from __future__ import annotations

from ...reference.decay import decayed_activity_gbq
from .._cases import DICOM
from .._record import half_life
from ._registered import Answer, Implementation, Inputs, Variant, changed_inputs, inputs, outputs, registered, replaced


@changed_inputs("calibrated_activity", "elapsed_across_dst")
def clocks_without_zones(i: Inputs) -> Inputs:
    """Subtracts wall clock times of different zones, or across a change of the clocks (section 12)."""
    times = ("calibration_time", "treatment_time", "from", "to")
    return {t: i[t][:19] + "+00:00" for t in times if t in i}


@registered
def dates_ignored(inner: Implementation) -> Implementation:
    """Computes decay from the time of day without the date (DICOM tools)."""

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

    timed = outputs(outputs(inner, change, "calibrated_activity"), across, "elapsed_across_dst")
    return inputs(timed, in_file, DICOM)


@changed_inputs("decay_correction_to_admin", DICOM)
def start_taken_for_administration(i: Inputs) -> Inputs:
    """Takes a PET image that is corrected to the start of the scan for one at administration (section 12)."""
    return {"DecayCorrection": "ADMIN"} if i["DecayCorrection"] == "START" else {}


def _constant(published: str, value: float, *exempt: str, everywhere: bool = False) -> Variant:
    """Register another constant for cases that state one, or for all cases."""

    def variant(inner: Implementation) -> Implementation:
        def answer(model: str, given: Inputs) -> Answer:
            changed = {published: value} if everywhere else replaced(given, published, value)
            return inner(model, given if model in exempt else given | changed)

        return answer

    return variant


_DENSITY, _HALF_LIFE, _FACTOR = "density_g_per_mL", "half_life_h", "dose_factor_Gy_kg_per_GBq"
# A formula that computes a dose factor from a half-life, or a dose from a density, keeps its constant.
_OF_ENERGY = ("dose_factor", "dose_factor_historic", "vsv_infinite_uniform")

for _name, _value, _text in (
    ("half_life_64_0_h", 64.0, "Half-life 64.0 h where the case states another (section 12)."),
    ("half_life_64_2_h", 64.2, "Half-life 64.2 h, 2.675 d, where the case states another (section 12)."),
    (
        "half_life_64_8_h",
        64.8,
        "Half-life 64.8 h, 2.7 d, where the case states another (thesis codes, a calibration script).",
    ),
):
    registered(_constant(_HALF_LIFE, _value, *_OF_ENERGY), _name, _text)

for _name, _value, _text in (
    ("dose_factor_50", 50.0, "Dose factor 50 Gy kg/GBq (glass instructions for use) where the case states 49.67."),
    ("dose_factor_49_38", 49.38, "Dose factor 49.38 Gy kg/GBq (AAPM) where the case states another."),
    ("dose_factor_50_2", 50.2, "Dose factor 50.2 Gy kg/GBq (0.94 MeV, 64.2 h) where the case states another."),
    ("dose_factor_50_5", 50.5, "Dose factor 50.5 Gy kg/GBq (0.9367 MeV, 64.8 h) where the case states another."),
):
    registered(_constant(_FACTOR, _value, everywhere=True), _name, _text)


def _of_yttrium(published: str, value: float, low: float, high: float) -> Variant:
    """Register the constant of yttrium-90 for cases that state one outside its range."""

    def variant(inner: Implementation) -> Implementation:
        def answer(model: str, given: Inputs) -> Answer:
            stated = given.get(published)
            other = stated is not None and not low <= stated <= high and model not in _OF_ENERGY
            return inner(model, given | {published: value} if other else given)

        return answer

    return variant


registered(
    _of_yttrium(_HALF_LIFE, 64.1, 63.0, 66.0),
    "half_life_of_yttrium_90",
    "Half-life of yttrium-90 where the case states that of another nuclide (a worksheet copied for holmium-166).",
)
registered(
    _of_yttrium(_FACTOR, 49.67, 45.0, 55.0),
    "dose_factor_of_yttrium_90",
    "Dose factor of yttrium-90 where the case states that of another nuclide (a worksheet copied for holmium-166).",
)


@registered
def dose_factor_16_of_holmium(inner: Implementation) -> Implementation:
    """Takes 16 Gy kg/GBq for holmium-166 where the case states another factor (a formula in a thesis, page 125)."""

    def answer(model: str, given: Inputs) -> Answer:
        stated = given.get(_FACTOR)
        of_holmium = stated is not None and 15.0 <= stated < 15.95 and model not in _OF_ENERGY
        return inner(model, given | {_FACTOR: 16.0} if of_holmium else given)

    return answer


for _name, _value, _text in (
    ("density_1_00", 1.00, "Density 1.00 g/mL where the case states a liver's (section 12)."),
    ("density_1_03", 1.03, "Density 1.03 g/mL where the case states another (section 12)."),
    ("density_1_05", 1.05, "Density 1.05 g/mL where the case states another (section 12)."),
    ("density_1_06", 1.06, "Density 1.06 g/mL where the case states another (section 12)."),
):
    registered(_constant(_DENSITY, _value, "vsv_infinite_uniform"), _name, _text)
