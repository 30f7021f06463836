"""Known units of image values, and their spellings in files."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import UnitError
from .choices import Unit

#: The known units, each with its quantity and its size in the first unit of that quantity.
UNITS: dict[Unit, tuple[str, float]] = {
    "Bq/mL": ("activity concentration", 1.0),
    "kBq/mL": ("activity concentration", 1e3),
    "MBq/mL": ("activity concentration", 1e6),
    "mGy": ("absorbed dose", 1.0),
    "Gy": ("absorbed dose", 1e3),
    "HU": ("CT number", 1.0),
    "g/mL": ("mass density", 1.0),
    "counts": ("counts", 1.0),
    "fraction": ("fraction", 1.0),
    "1": ("number", 1.0),
}
#: Words and codes that mean a whole unit, in small letters: DICOM (C.8.9.1 Units, UCUM codes), BIDS, ITK, Slicer. A
#: standardized uptake value is a number, whatever mass and volume it is derived from.
_WORDS: dict[str, Unit] = {
    "bqml": "Bq/mL",
    "kbqml": "kBq/mL",
    "hu": "HU",
    "[hnsf'u]": "HU",
    "hounsfield": "HU",
    "hounsfield unit": "HU",
    "houndsfield unit": "HU",
    "count": "counts",
    "cnt": "counts",
    "{count}": "counts",
    "{cnt}": "counts",
    "propcnt": "counts",
    "propcount": "counts",
    "proportional to count": "counts",
    "{propcount}": "counts",
    "{propcnt}": "counts",
    "cps": "counts",
    "propcps": "counts",
    "{count}/s": "counts",
    "count/s": "counts",
    "cnt/s": "counts",
    "count/voxel": "counts",
    "count/pixel": "counts",
    "count per second": "counts",
    "j/kg": "Gy",
    "fraction": "fraction",
    "1": "1",
    "{1}": "1",
    "ratio": "1",
    "{ratio}": "1",
    "unitless": "1",
    "dimensionless": "1",
    "no unit": "1",
    "gml": "1",
    "cm2ml": "1",
    "suv": "1",
    "suvbw": "1",
    "suvlbm": "1",
    "suvbsa": "1",
    "suvibw": "1",
}
#: Texts that state nothing.
_NOTHING = {"", "none", "unknown", "n/a", "na", "-", "?", "us", "unspecified", "not specified", "undefined"}
_PREFIXES = {
    **{"": 1.0, "n": 1e-9, "nano": 1e-9, "u": 1e-6, "\u03bc": 1e-6, "micro": 1e-6, "m": 1e-3, "milli": 1e-3},
    **{"c": 1e-2, "centi": 1e-2, "k": 1e3, "kilo": 1e3, "mega": 1e6, "g": 1e9, "giga": 1e9},
}
#: Short name of a measured quantity, with the known units that it may have, each with its size in the first of them.
_BASES: dict[str, tuple[Unit, ...]] = {
    **dict.fromkeys(("bq", "becquerel"), ("Bq/mL", "kBq/mL", "MBq/mL")),
    **dict.fromkeys(("ci", "curie"), ("Bq/mL",)),
    **dict.fromkeys(("gy", "gray"), ("Gy", "mGy")),
    **dict.fromkeys(("g", "gram"), ("g/mL",)),
}
_BECQUEREL_PER_CURIE = 3.7e10
_MILLILITERS = {
    **dict.fromkeys(
        ("ml", "milliliter", "millilitre", "cc", "ccm", "cm3", "cubic centimeter", "cubic centimetre"), 1.0
    ),
    **dict.fromkeys(("l", "liter", "litre", "dm3"), 1e3),
    **dict.fromkeys(("mm3", "cubic millimeter", "cubic millimetre", "ul", "\u03bcl", "microliter", "microlitre"), 1e-3),
    **dict.fromkeys(("m3", "cubic meter", "cubic metre"), 1e6),
}


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(filter(None, words), key=len, reverse=True))


_SPELLED = re.compile(
    rf"(?P<prefix>{_any_of(_PREFIXES)})? ?(?P<base>{_any_of(_BASES)})s?"
    rf"(?: ?(?:/| per ) ?(?P<volume>{_any_of(_MILLILITERS)})s?"
    r"|[ .*\u00b7]?(?:(?P<inverse>ml|l|cc|ccm)-1|(?P<length>cm|mm|dm|m)-3))?",
    re.IGNORECASE,
)


class StatedUnit(NamedTuple):
    """Unit that a file states: `factor` times the stored values are in `unit`."""

    unit: Unit
    factor: float


def checked_unit(unit: str) -> Unit:
    """Return the unit itself if it is a known one.

    Raises
    ------
    UnitError
        If it is not known; the message lists the known ones, and the one that the spelling means.
    """
    if isinstance(unit, str) and unit in UNITS:
        return unit
    meant = stated_unit(unit) if isinstance(unit, str) else None
    hint = f" (did you mean '{meant.unit}'?)" if meant is not None and meant.factor == 1.0 else ""
    raise UnitError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}{hint}")


def states_nothing(text: str) -> bool:
    """Whether a file's text for the unit is a word for "not stated"."""
    plain = _plain(text).casefold()
    return plain in _NOTHING or not plain.strip("?")


def stated_unit(text: str) -> StatedUnit | None:
    """Read a unit as files spell it.

    Parameters
    ----------
    text : str
        For example "Bq/ml", "BQML", "kBq/cc", "becquerel per milliliter", "MBq.mL-1", "[hnsf'U]", "cGy", "GML".

    Returns
    -------
    StatedUnit or None
        The known unit and the factor that converts to it; None if the spelling is not known or has two meanings.

    Notes
    -----
    Case matters only for M (mega) and m (milli). "mbq/ml" and "MGY" could mean either and are not known. A standardized
    uptake value ("SUVbw", "GML", "{SUVbw}g/ml") is the number "1", whereas "g/ml" alone is a mass density.

    Examples
    --------
    >>> stated_unit("Bq/ml"), stated_unit("kBq/mm3"), stated_unit("cGy")
    (StatedUnit(unit='Bq/mL', factor=1.0), StatedUnit(unit='MBq/mL', factor=1.0), StatedUnit(unit='Gy', factor=0.01))
    """
    if text in UNITS:
        return StatedUnit(text, 1.0)
    plain = _plain(text)
    word = plain.casefold()
    for known in (word, word.removesuffix("s"), word.replace("counts", "count").replace("cnts", "cnt")):
        if known in _WORDS:
            return StatedUnit(_WORDS[known], 1.0)
    if "{suv" in word:
        return StatedUnit("1", 1.0)
    if word in ("%", "percent", "pcnt"):
        return StatedUnit("fraction", 0.01)
    match = _SPELLED.fullmatch(plain)
    return None if match is None else _measured(match)


def _plain(text: str) -> str:
    """Normalize a text: compatible characters, single blanks, no quotes around it, exponents as in "cm3"."""
    plain = " ".join(unicodedata.normalize("NFKC", text).replace("\u2212", "-").split()).strip("\"' ")
    return re.sub(r"(?:\^|\*\*)[{(]?(-?\d)[)}]?", r"\1", plain)


def _measured(match: re.Match[str]) -> StatedUnit | None:
    prefix, base = match["prefix"] or "", match["base"]
    units = _BASES[base.casefold()]
    size = _PREFIXES[prefix.casefold()]
    if prefix in ("m", "M"):
        milli = prefix == "m"
        if units[0] == "Gy":
            clear = milli
        elif units[0] == "g/mL":
            clear = milli or base.islower()
        else:
            clear = not (milli and base.islower())
        if not clear:
            return None
        size = 1e-3 if milli else 1e6
    volume = match["volume"] or match["inverse"] or (match["length"] and f"{match['length']}3")
    if (volume is None) != (units[0] == "Gy"):
        return None
    size /= _MILLILITERS[volume.casefold()] if volume else 1.0
    if base.casefold() in ("ci", "curie"):
        size *= _BECQUEREL_PER_CURIE
    first = UNITS[units[0]][1]
    for unit in units:
        if math.isclose(size, UNITS[unit][1] / first, rel_tol=1e-9):
            return StatedUnit(unit, 1.0)
    return StatedUnit(units[0], float(f"{size:.12g}"))
