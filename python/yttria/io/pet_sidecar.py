"""Values of a PET-BIDS sidecar, each checked for its type and unit, for manifests and for images in NIfTI.

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
from .._foundation.choices import IsotopeName
from .._foundation.units import stated_unit
from .bids import inherited_files
from .stored_values import open_regular

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
YTTRIUM = "Y90"
OTHER_NUCLIDES = tuple(name for name in Nuclide.presets() if re.fullmatch(rf"({'|'.join(_SYMBOLS.values())})\d+", name))
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
    row, notes = stated_columns(files)
    if row.get("nuclide") == YTTRIUM:
        del row["nuclide"]
    return row, notes


def sidecars_of(image: Path) -> list[Path]:
    """The JSON files that describe an image by the inheritance principle of BIDS, the most general first."""
    return inherited_files(image, ".json")


def merged_sidecars(files: Sequence[Path]) -> tuple[dict[str, Any], dict[str, Path], list[tuple[Path, str]]]:
    """Merge the keys of sidecars, of which a later one replaces an earlier one.

    Parameters
    ----------
    files : sequence of Path
        The JSON files, the most general first.

    Returns
    -------
    stated : dict of str to object
        The values by key.
    origin : dict of str to Path
        The file of each value.
    notes : list of (Path, str)
        Files that could not be used, each with the reason.
    """
    notes: list[tuple[Path, str]] = []
    stated: dict[str, Any] = {}
    origin: dict[str, Path] = {}
    for file in files:
        found = _object(file, notes)
        stated |= found
        origin |= dict.fromkeys(found, file)
    return stated, origin, notes


def stated_columns(files: Sequence[Path]) -> tuple[dict[str, Any], list[str]]:
    """Columns and notes as `read_sidecar` returns them, with Y-90 as a nuclide too."""
    stated, origin, unusable = merged_sidecars(files)
    notes = [f"{file}: {reason}" for file, reason in unusable]

    def note(key: str, text: str) -> None:
        notes.append(f"{origin.get(key, files[-1])}: {text}")

    row: dict[str, Any] = {}
    nuclide = stated.get("TracerRadionuclide")
    if nuclide is not None:
        preset = preset_of(nuclide)
        if preset is None:
            note(
                "TracerRadionuclide",
                f"TracerRadionuclide must be one of {', '.join((YTTRIUM, *OTHER_NUCLIDES))}, got {nuclide!r:.60}; "
                "nothing was taken from the sidecar",
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


def _object(path: Path, notes: list[tuple[Path, str]]) -> dict[str, Any]:
    """Content of a sidecar; empty, with a note, if it is no JSON object."""
    try:
        with open_regular(path) as file:
            content = file.read(_LONGEST + 1)
        if len(content) > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST} bytes")
        stated = json.loads(content.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        notes.append((path, f"not readable as JSON: {error}"))
        return {}
    if not isinstance(stated, dict):
        notes.append(
            (path, f"must be a JSON object with the keys of BIDS, got {stated!r:.60}; nothing was taken from it")
        )
        return {}
    return stated


def isotope_of(stated: object) -> IsotopeName | None:
    """Isotope that a nuclide of a sidecar means; None for a nuclide that yttria does not know."""
    preset = preset_of(stated)
    return None if preset is None else "Y-90" if preset == YTTRIUM else Nuclide(preset).isotope  # type: ignore[arg-type]


def states_nuclide(stated: object) -> bool:
    """Whether a text has the form of a nuclide, such as "F18", which yttria need not know."""
    return isinstance(stated, str) and _matched(stated) is not None


def _matched(stated: str) -> re.Match[str] | None:
    return _NUCLIDE.fullmatch(re.sub(r"[\s\[\]{}^-]", "", stated))


def preset_of(stated: object) -> str | None:
    """Preset of a nuclide that is stated in any of its usual spellings, or "Y90"; None for every other nuclide."""
    match = _matched(stated) if isinstance(stated, str) else None
    if match is None:
        return None
    symbol = _SYMBOLS.get((match["element"] or match["element_first"]).casefold(), "")
    name = symbol + (match["mass"] or match["mass_last"])
    return name if name in (YTTRIUM, *OTHER_NUCLIDES) else None


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
    elif not is_number(injected) or not injected > 0:
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
    if wrong := {name: value for name, value in times.items() if not is_number(value)}:
        note(next(iter(wrong)), f"{' and '.join(wrong)} must be a number of seconds, got {list(wrong.values())!r:.60}")
        return {}
    # Without correction the values are means over the frame, which for half-lives of days are those of its middle.
    refers_to_s = times[key] + times.get("FrameDuration", 0.0) / 2.0
    if refers_to_s < times["InjectionStart"]:
        where = f"{key}, {refers_to_s:g} s, lies before InjectionStart, {times['InjectionStart']:g} s"
        note(key, f"{where}; scan_delay_h is open")
        return {}
    return {"scan_delay_h": (refers_to_s - times["InjectionStart"]) / 3600.0}


def is_number(value: object) -> bool:
    """Whether a value is a finite number, and not a truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
