"""Values of a PET-BIDS sidecar that a manifest takes over, each checked for its type and unit.

Source: BIDS specification 1.9, Positron Emission Tomography: times in s from TimeZero, `Units`,
`InjectedRadioactivity` with `InjectedRadioactivityUnits`, `TracerRadionuclide` (bids-pet).
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from .._foundation.units import stated_unit

#: Most bytes of a sidecar, which is a page of text.
_LONGEST = 1 << 24
_GBQ = {
    "bq": 1e-9,
    "kbq": 1e-6,
    "mbq": 1e-3,
    "gbq": 1.0,
    "uci": 3.7e-5,
    "\u03bcci": 3.7e-5,
    "mci": 3.7e-2,
    "ci": 37.0,
}
_Y90 = re.compile(r"\[?\^?90\^?\]?-?(y|yttrium)\]?|\[?(y|yttrium)-?\^?90\^?\]?", re.IGNORECASE)


def read_sidecar(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Read the columns of a manifest that a sidecar states.

    Parameters
    ----------
    path : Path
        The JSON file.

    Returns
    -------
    row : dict
        `unit`, `administered_activity_gbq` and `scan_delay_h`, as far as they are stated; none of them if the sidecar
        is of another nuclide than Y-90.
    notes : list of str
        Values that could not be taken over, with the reason; each note names the file.
    """
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(f"{path}: {text}")

    try:
        if path.stat().st_size > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST} bytes")
        stated = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        note(f"not readable as JSON: {error}")
        return {}, notes
    if not isinstance(stated, dict):
        note(f"must be a JSON object with the keys of BIDS, got {stated!r:.60}; nothing was taken from it")
        return {}, notes
    nuclide = stated.get("TracerRadionuclide")
    if nuclide is not None and not (isinstance(nuclide, str) and _Y90.fullmatch("".join(nuclide.split()))):
        note(f"TracerRadionuclide is {nuclide!r:.60}, not Y-90; nothing was taken from it")
        return {}, notes
    row: dict[str, Any] = {}
    if stated.get("Units") is not None:
        meant = stated_unit(stated["Units"]) if isinstance(stated["Units"], str) else None
        if meant is not None and meant.factor == 1.0:
            row["unit"] = meant.unit
        else:
            note(f"Units must be a unit that yttria knows, got {stated['Units']!r:.60}; unit is open")
    row |= _administered(stated, note)
    row |= _delay(stated, note)
    return row, notes


def _administered(stated: dict[str, Any], note: Any) -> dict[str, float]:
    injected, unit = stated.get("InjectedRadioactivity"), stated.get("InjectedRadioactivityUnits")
    if injected is None:
        return {}
    gbq = _GBQ.get("".join(unit.split()).casefold().replace("\u00b5", "\u03bc")) if isinstance(unit, str) else None
    if gbq is None:
        note(f"InjectedRadioactivityUnits must be MBq or another unit of activity, got {unit!r:.60}")
    elif not _is_number(injected) or not injected > 0:
        note(f"InjectedRadioactivity must be a number > 0, got {injected!r:.60}")
    else:
        return {"administered_activity_gbq": float(f"{injected * gbq:.12g}")}
    return {}


def _delay(stated: dict[str, Any], note: Any) -> dict[str, float]:
    start, corrected_to = stated.get("InjectionStart"), stated.get("ImageDecayCorrectionTime")
    if start is None or corrected_to is None or stated.get("ImageDecayCorrected") in (None, False):
        return {}
    wrong = {"InjectionStart": start, "ImageDecayCorrectionTime": corrected_to}
    wrong = {name: value for name, value in wrong.items() if not _is_number(value)}
    if stated["ImageDecayCorrected"] is not True:
        note(f"ImageDecayCorrected must be true or false, got {stated['ImageDecayCorrected']!r:.60}")
    elif wrong:
        note(f"{' and '.join(wrong)} must be a number of seconds, got {list(wrong.values())!r:.60}")
    elif corrected_to < start:
        where = f"ImageDecayCorrectionTime, {corrected_to:g} s, lies before InjectionStart, {start:g} s"
        note(f"{where}; scan_delay_h is open")
    else:
        return {"scan_delay_h": (corrected_to - start) / 3600.0}
    return {}


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
