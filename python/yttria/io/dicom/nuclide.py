"""Name and half-life of the nuclide in a PET or SPECT header, compared with those of the expected isotope."""

from __future__ import annotations

import re
from typing import Any

from ..._foundation.choices import IsotopeName
from ..._foundation.dose_isotope import isotope_of_dose
from ...advisory import Advisory, advise
from ...errors import YttriaError
from ...kernels import decay_data
from .dataset import Dataset, items, number, text

#: Range of the published half-lives of yttrium-90 in h. The half-life in a header may be off by 1 %.
HALF_LIFE_H = (64.04, 64.24)
HALF_LIFE_TOLERANCE = 0.01
_ELEMENTS = {
    "Y": "yttrium",
    "Ho": "holmium",
    "P": "phosphorus",
    "Re": "rhenium",
    "Lu": "lutetium",
    "I": "iodine",
}


def nuclide_name(drug: Dataset) -> str | None:
    """Return the name of the nuclide in an item of RadiopharmaceuticalInformationSequence as spelled, or its code."""
    codes = [text(code, "CodeValue") for code in items(drug, "RadionuclideCodeSequence")]
    return _spelled(drug) or next(filter(None, codes), None)


def _spelled(drug: Dataset) -> str | None:
    meanings = [text(code, "CodeMeaning") for code in items(drug, "RadionuclideCodeSequence")]
    return next(filter(None, meanings), None) or text(drug, "Radionuclide")


def readable_nuclide(name: str) -> str:
    """Return a readable name of a nuclide, such as "Yttrium-90" for "^90^Yttrium", where ^ marks raised digits."""
    return re.sub(r"^\^(\d+m?)\^([A-Za-z]+)$", r"\2-\1", name)


def is_name_of(name: str, isotope: IsotopeName) -> bool | None:
    """Whether a name means an isotope, such as "Y-90", "90Y", "^90^Yttrium"; None if it has no mass number."""
    symbol, mass = isotope.split("-")
    element = f"({symbol.lower()}|{_ELEMENTS[symbol]})"
    if re.search(
        rf"(?<![a-z]){element}[^a-z0-9]*{mass}(?![0-9m])|(?<!\d){mass}[^a-z0-9]*{element}(?![a-z])", name.casefold()
    ):
        return True
    return False if re.search(r"\d", name) else None


def expected_in_words(isotope: IsotopeName) -> str:
    """Return the name of an isotope for a message."""
    symbol, mass = isotope.split("-")
    return f"{_ELEMENTS[symbol]}-{mass}"


def described_dose(half_life_h: float | None, dose_factor_gy_kg_per_gbq: float | None) -> str:
    """Return a description of a dose with its isotope; without one if the nuclide of the dose is not known."""
    if half_life_h is None or dose_factor_gy_kg_per_gbq is None:
        return "Absorbed dose"
    return f"Absorbed dose, {isotope_of_dose(half_life_h, dose_factor_gy_kg_per_gbq)}"


def half_life_range_h(isotope: IsotopeName) -> tuple[float, float]:
    """Return the lowest and the highest published half-life of an isotope in h."""
    if isotope == "Y-90":
        return HALF_LIFE_H
    half_life_h = decay_data(isotope).half_life_h
    return half_life_h, half_life_h


def is_half_life(half_life_h: float, isotope: IsotopeName = "Y-90") -> bool:
    """Whether a half-life is that of an isotope within 1 %."""
    published = half_life_range_h(isotope)
    low, high = published[0] * (1 - HALF_LIFE_TOLERANCE), published[1] * (1 + HALF_LIFE_TOLERANCE)
    return low <= half_life_h <= high


def stated_nuclide(header: Dataset) -> str | None:
    """Return a readable nuclide of a PET or SPECT header, by its name or else its half-life; None without both."""
    for drug in items(header, "RadiopharmaceuticalInformationSequence"):
        if name := nuclide_name(drug):
            return name
        if (half_life_h := _half_life_h(drug)) is not None:
            return "Y-90, by its half-life" if is_half_life(half_life_h) else f"half-life {half_life_h:.4g} h"
    return None


def nuclide_doubts(header: Dataset, isotope: IsotopeName = "Y-90") -> tuple[Advisory, ...]:
    """Report a header that states another nuclide than the expected one, or contradicts itself about it."""
    expected: dict[str, Any] = {"expected": expected_in_words(isotope), "expected_h": half_life_range_h(isotope)[0]}
    found = []
    for drug in items(header, "RadiopharmaceuticalInformationSequence"):
        name, half_life_h = _spelled(drug), _half_life_h(drug)
        by_name = None if name is None else is_name_of(name, isotope)
        by_half_life = None if half_life_h is None else is_half_life(half_life_h, isotope)
        stated = ", ".join(
            [f"the nuclide {readable_nuclide(name or '')}"] * (name is not None)
            + [f"a half-life of {half_life_h or 0:.4g} h"] * bool(half_life_h)
        )
        if None not in (by_name, by_half_life) and by_name != by_half_life:
            found.append(advise("nuclide_contradicted", stated=stated, half_life_h=half_life_h, **expected))
        elif False in (by_name, by_half_life):
            found.append(advise("other_nuclide", stated=stated, half_life_h=half_life_h, **expected))
    return tuple(found)


def _half_life_h(drug: Dataset) -> float | None:
    try:
        return number(drug, "RadionuclideHalfLife", 0.0) / 3600.0 or None
    except YttriaError:
        return None
