"""Words of a report: headings of table columns and of settings, from the keys of the JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._foundation.dose_isotope import isotope_of_record

#: Endings of keys with the unit they state, the longest first.
_UNITS = (
    ("_gy_kg_per_gbq", "Gy kg/GBq"),
    ("_mbq_per_ml_per_unit", "MBq/mL"),
    ("_g_per_ml", "g/mL"),
    ("_mg_per_dl", "mg/dL"),
    ("_umol_per_l", "umol/L"),
    ("_g_per_dl", "g/dL"),
    ("_g_per_l", "g/L"),
    ("_per_gy", "1/Gy"),
    ("_gbq", "GBq"),
    ("_mbq", "MBq"),
    ("_percent", "%"),
    ("_gy", "Gy"),
    ("_ml", "mL"),
    ("_mm", "mm"),
    ("_kg", "kg"),
    ("_cm", "cm"),
    ("_g", "g"),
    ("_h", "h"),
    ("_j", "J"),
)
#: Parts of keys that are not ordinary words.
_NAMES = {
    "bed": "BED",
    "eqd2": "EQD2",
    "eud": "EUD",
    "eubed": "EUBED",
    "td50": "TD50",
    "tcp": "TCP",
    "ntcp": "NTCP",
    "ct": "CT",
    "bsa": "BSA",
    "uid": "UID",
    "lps": "LPS",
    "pet": "PET",
    "spect": "SPECT",
}
_HEADINGS = {
    "alpha_beta_gy": "alpha/beta",
    "alpha_per_gy": "alpha",
    "structure": "Structure",
    "mean_gy": "Mean",
    "standard_deviation_gy": "SD of voxels",
    "minimum_gy": "Min",
    "maximum_gy": "Max",
    "volume_ml": "Volume",
    "outside_fraction": "Outside the image",
    "mean_uncertainty_gy": "Uncertainty of the mean",
}


#: Isotopes by their names.
_ISOTOPES: dict[str, str] = {
    "Y-90": "Yttrium-90",
    "Ho-166": "Holmium-166",
    "P-32": "Phosphorus-32",
    "Re-188": "Rhenium-188",
    "Lu-177": "Lutetium-177",
    "I-131": "Iodine-131",
}
_DRUGS = ("Lu-177", "I-131")


def treatment_words(record: Mapping[str, Any]) -> str:
    """Return the treatment of a dose or a plan by its nuclide; without one if the record does not state it."""
    isotope = isotope_of_record(record)
    if isotope is None:
        return "Radioembolization"
    return _ISOTOPES[isotope] if isotope in _DRUGS else f"{_ISOTOPES[isotope]} radioembolization"


def heading(key: str) -> tuple[str, str]:
    """Return words for a key, and its unit or "".

    Examples
    --------
    >>> heading("d95_gy"), heading("v50gy_fraction"), heading("lung_shunt_fraction")
    (('D95', 'Gy'), ('V50 Gy', ''), ('Lung shunt fraction', ''))
    """
    unit = next((unit for ending, unit in _UNITS if key.endswith(ending)), "")
    if key in _HEADINGS:
        return _HEADINGS[key], unit
    if found := re.fullmatch(r"v([\d.]+)gy_fraction", key):
        return f"V{found[1]} Gy", ""
    if found := re.fullmatch(r"d([\d.]+)(ml)?_gy", key):
        return f"D{found[1]}{' mL' if found[2] else ''}", unit
    stem = key.removesuffix(next((ending for ending, _ in _UNITS if key.endswith(ending)), ""))
    words = [_NAMES.get(word, word) for word in stem.split("_") if word]
    text = " ".join(words)
    return text[:1].upper() + text[1:], unit


def with_unit(key: str) -> str:
    """Return words for a key with its unit, such as "Scan delay / h"."""
    words, unit = heading(key)
    return f"{words} / {unit}" if unit else words


def flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Return plain values of nested dictionaries as (words, value); None and empty values are left out."""
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        words = with_unit(str(key))
        words = f"{before}: {words[:1].lower()}{words[1:]}" if before and not words[1:2].isupper() else words
        if isinstance(value, Mapping):
            found += flat(value, words)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if value and not any(isinstance(item, Mapping) for item in value):
                found.append((words, listed(value)))
        elif value is not None and value != "":
            found.append((words, "yes" if value is True else "no" if value is False else value))
    return found


def listed(values: Sequence[Any]) -> str:
    """Write the values of a list, also of nested lists, on one line."""
    parts = (
        f"[{listed(value)}]"
        if isinstance(value, Sequence) and not isinstance(value, str)
        else f"{value:.6g}"
        if isinstance(value, float)
        else str(value)
        for value in values
    )
    return ", ".join(parts)


def plural(count: int, noun: str) -> str:
    """Return a number with its noun, such as "1 warning" or "2 warnings".

    Examples
    --------
    >>> plural(1, "note"), plural(0, "note")
    ('1 note', '0 notes')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"
