"""Values of a PET-BIDS sidecar for a manifest, each checked for its type and unit.

Source: BIDS specification 1.9, Positron Emission Tomography. It defines times in s from TimeZero, `Units`,
`InjectedRadioactivity` with `InjectedRadioactivityUnits`, `TracerRadionuclide`, `ImageDecayCorrected` with
`ImageDecayCorrectionTime`, `FrameTimesStart` and `FrameDuration` (bids-pet).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._core import Nuclide
from .._foundation.units import stated_unit
from ..case import Case
from ..io.bids import inherited_files, stem_of

#: Largest size of a sidecar in bytes. A sidecar is a page of text.
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
#: Symbols of elements by the names that a nuclide may have; its mass stands before or after.
_SYMBOLS = {"yttrium": "Y", "holmium": "HO", "phosphorus": "P", "rhenium": "RE", "lutetium": "LU", "iodine": "I"}
_SYMBOLS |= {symbol.casefold(): symbol for symbol in _SYMBOLS.values()}
_NUCLIDE = re.compile(
    r"(?P<mass>\d+m?)(?P<element>[a-z]+)|(?P<element_first>[a-z]+)(?P<mass_last>\d+m?)", re.IGNORECASE
)
#: The nuclide of a manifest without a column for it, and the presets of the others by their names.
_Y90 = "Y90"
_OTHERS = tuple(name for name in Nuclide.presets() if re.fullmatch(rf"({'|'.join(_SYMBOLS.values())})\d+", name))
#: Without any of these keys, a sidecar does not speak of the scan delay.
_TIMES = ("InjectionStart", "ImageDecayCorrected", "ImageDecayCorrectionTime")


def read_sidecar(files: Sequence[Path]) -> tuple[dict[str, Any], list[str]]:
    """Read the columns of a manifest that the sidecars of an image state.

    Parameters
    ----------
    files : sequence of Path
        The JSON files, the most general first. A value of a later file replaces that of an earlier one.

    Returns
    -------
    row : dict
        `unit`, `nuclide` (if it is not Y-90), `administered_activity_gbq` and `scan_delay_h`, as far as they are
        stated. It is empty if the sidecars state a nuclide that is not one of `yttria.Nuclide.presets()`.
    notes : list of str
        Values that could not be used, with the reason. Each note names the file.
    """
    row, notes = _stated_columns(files)
    if row.get("nuclide") == _Y90:
        del row["nuclide"]
    return row, notes


def sidecars_of(image: Path) -> list[Path]:
    """The JSON files that describe an image: by the inheritance principle of BIDS, or else the one of its name."""
    if files := inherited_files(image, ".json"):
        return files
    own = image.with_name(f"{stem_of(image)}.json")
    return [own] if own.is_file() else []


def contradictions(case: Case) -> list[str]:
    """Find what a case declares otherwise than the sidecars of its activity state.

    Parameters
    ----------
    case : Case
        The declared case.

    Returns
    -------
    list of str
        A sentence for each column: another unit, another nuclide, or a number that differs by more than 0.1 %; and
        each nuclide that yttria does not know. It is empty if there is no sidecar.
    """
    files = sidecars_of(case.activity)
    if not files:
        return []
    stated, notes = _stated_columns(files)
    found = [note for note in notes if "TracerRadionuclide must be" in note]
    isotope = next((name for name in _OTHERS if case.nuclide.startswith(name)), _Y90)
    declared = {name: getattr(case, name) for name in stated} | ({"nuclide": isotope} if "nuclide" in stated else {})
    for name, value in stated.items():
        other = declared[name]
        same = math.isclose(other, value, rel_tol=1e-3) if isinstance(other, float) else other in (value, None)
        if not same:
            found.append(f"{files[-1]}: {name} is {_shown(value)} by the sidecar, and {_shown(other)} by the manifest")
    return found


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _stated_columns(files: Sequence[Path]) -> tuple[dict[str, Any], list[str]]:
    """Columns and notes as `read_sidecar` returns them, with Y-90 as a nuclide too."""
    notes: list[str] = []
    stated: dict[str, Any] = {}
    origin: dict[str, Path] = {}
    for file in files:
        found = _object(file, notes)
        stated |= found
        origin |= dict.fromkeys(found, file)

    def note(key: str, text: str) -> None:
        notes.append(f"{origin.get(key, files[-1])}: {text}")

    row: dict[str, Any] = {}
    nuclide = stated.get("TracerRadionuclide")
    if nuclide is not None:
        preset = _preset(nuclide)
        if preset is None:
            note(
                "TracerRadionuclide",
                f"TracerRadionuclide must be one of {', '.join((_Y90, *_OTHERS))}, got {nuclide!r:.60}; nothing was "
                "taken from the sidecar",
            )
            return {}, notes
        row["nuclide"] = preset
    if stated.get("Units") is not None:
        meant = stated_unit(stated["Units"]) if isinstance(stated["Units"], str) else None
        if meant is not None and meant.factor == 1.0:
            row["unit"] = meant.unit
        else:
            note("Units", f"Units must be a unit that yttria knows, got {stated['Units']!r:.60}; unit is open")
    row |= _administered(stated, note)
    row |= _delay(stated, note)
    if nuclide is None and row:
        note("TracerRadionuclide", "TracerRadionuclide is not stated; the image is taken as one of Y-90")
    return row, notes


def _object(path: Path, notes: list[str]) -> dict[str, Any]:
    """Content of a sidecar; empty, with a note, if it is no JSON object."""
    try:
        if path.stat().st_size > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST} bytes")
        stated = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        notes.append(f"{path}: not readable as JSON: {error}")
        return {}
    if not isinstance(stated, dict):
        notes.append(
            f"{path}: must be a JSON object with the keys of BIDS, got {stated!r:.60}; nothing was taken from it"
        )
        return {}
    return stated


def _preset(stated: object) -> str | None:
    """Preset of a nuclide that is stated in any of its usual spellings, or "Y90"; None for every other nuclide."""
    match = _NUCLIDE.fullmatch(re.sub(r"[\s\[\]{}^-]", "", stated)) if isinstance(stated, str) else None
    if match is None:
        return None
    symbol = _SYMBOLS.get((match["element"] or match["element_first"]).casefold(), "")
    name = symbol + (match["mass"] or match["mass_last"])
    return name if name in (_Y90, *_OTHERS) else None


def _administered(stated: dict[str, Any], note: Any) -> dict[str, float]:
    injected, unit = stated.get("InjectedRadioactivity"), stated.get("InjectedRadioactivityUnits")
    if injected is None:
        return {}
    gbq = _GBQ.get("".join(unit.split()).casefold().replace("\u00b5", "\u03bc")) if isinstance(unit, str) else None
    if gbq is None:
        note(
            "InjectedRadioactivityUnits",
            f"InjectedRadioactivityUnits must be MBq or another unit of activity, got {unit!r:.60}",
        )
    elif not _is_number(injected) or not injected > 0:
        note("InjectedRadioactivity", f"InjectedRadioactivity must be a number > 0, got {injected!r:.60}")
    else:
        return {"administered_activity_gbq": float(f"{injected * gbq:.12g}")}
    return {}


def _delay(stated: dict[str, Any], note: Any) -> dict[str, float]:
    """Time from the injection to what the image's activity refers to: that of its decay correction, or of its frame."""
    if all(stated.get(key) is None for key in _TIMES):
        return {}
    corrected = stated.get("ImageDecayCorrected")
    needed = _TIMES[:2] if corrected is False else _TIMES
    if missing := [key for key in needed if stated.get(key) is None]:
        note(missing[0], f"{' and '.join(missing)} must be stated to know the scan delay; scan_delay_h is open")
        return {}
    if not isinstance(corrected, bool):
        note("ImageDecayCorrected", f"ImageDecayCorrected must be true or false, got {corrected!r:.60}")
        return {}
    times = {"InjectionStart": stated["InjectionStart"]}
    if corrected:
        key = "ImageDecayCorrectionTime"
        times[key] = stated.get(key)
    else:
        key = "FrameTimesStart"
        for name in (key, "FrameDuration"):
            frames = stated.get(name)
            if not isinstance(frames, list) or len(frames) != 1:
                note(name, f"an image without decay correction needs one frame in {name}; scan_delay_h is open")
                return {}
            times[name] = frames[0]
    if wrong := {name: value for name, value in times.items() if not _is_number(value)}:
        note(next(iter(wrong)), f"{' and '.join(wrong)} must be a number of seconds, got {list(wrong.values())!r:.60}")
        return {}
    # Without correction the values are means over the frame, which for half-lives of days are those of its middle.
    refers_to_s = times[key] + times.get("FrameDuration", 0.0) / 2.0
    if refers_to_s < times["InjectionStart"]:
        where = f"{key}, {refers_to_s:g} s, lies before InjectionStart, {times['InjectionStart']:g} s"
        note(key, f"{where}; scan_delay_h is open")
        return {}
    return {"scan_delay_h": (refers_to_s - times["InjectionStart"]) / 3600.0}


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
