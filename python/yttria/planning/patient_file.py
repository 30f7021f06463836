"""A patient as a TOML file: read with every key checked, planned, and written as JSON.

`example_patient_file()` is the documented schema: a complete file with a comment on each key.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from .._core import Nuclide
from .._extras import require
from ..errors import FileFormatError, YttriaError
from .comparison import Comparison, compare_models
from .mass import mass_from_volume_kg
from .partition import PartitionLimits, Tumor
from .patient import Patient

_MASSES = ("normal_perfused", "normal_total", "untreated_tumor")
_TABLES: dict[str, dict[str, type]] = {
    "": {"name": str, "device": str, "convention": str},
    "body": {"height_cm": float, "weight_kg": float},
    "liver": {
        **{f"{mass}_{unit}": float for mass in _MASSES for unit in ("mass_kg", "volume_ml")},
        "density_g_per_ml": float,
        "bilirubin_mg_per_dl": float,
        "pretreated_or_impaired": bool,
        "cirrhotic": bool,
    },
    "tumor": {"name": str, "mass_kg": float, "volume_ml": float, "tumor_to_normal_ratio": float},
    "lungs": {"shunt_fraction": float, "mass_kg": float, "prior_dose_gy": float},
    "administration": {"residual_fraction": float},
    "target": {"perfused_dose_gy": float, "tumor_dose_gy": float},
    "limits": dict.fromkeys(PartitionLimits.__dataclass_fields__, float),
    "guideline": {"name": str, "disease": str, "intent": str},
}
_WORDS = {str: "a text", float: "a number", bool: "true or false"}


def example_patient_file() -> str:
    """The text of the shipped example, with a comment on each key."""
    return files("yttria").joinpath("data", "patient_example.toml").read_text("utf-8")


def read_patient(path: str | os.PathLike[str]) -> Patient:
    """The patient in a TOML file.

    Raises `FileFormatError`, with the line where there is one, for a file that is not TOML, an unknown table or key (a
    key in another unit is such a one, and the known key is named), a value of another type, a missing required key, or
    both a mass and a volume of one thing; and what `Patient` raises for a value outside its domain, naming the file.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path}: not a TOML file: {error}") from None
    source = _Source(path, _lines(text))
    toml = require("tomllib" if sys.version_info >= (3, 11) else "tomli", "cli")
    try:
        content = toml.loads(text)
    except ValueError as error:
        raise FileFormatError(f"{path}: not a TOML file: {error}") from None
    _check(source, content)
    try:
        return _patient(source, content)
    except FileFormatError:
        raise
    except YttriaError as error:
        raise type(error)(f"{path}: {error}") from None


def plan_patient_file(path: str | os.PathLike[str], *, json_path: str | os.PathLike[str] | None = None) -> Comparison:
    """`compare_models` of the patient in a TOML file; written as JSON where a path for it is given."""
    comparison = compare_models(read_patient(path))
    if json_path is not None:
        text = json.dumps(comparison.as_dict(), indent=2, allow_nan=False)
        Path(json_path).write_text(text + "\n", "utf-8")
    return comparison


@dataclass(frozen=True)
class _Source:
    """A file and where each of its keys stands: by table, the table's index among its like, and key."""

    path: Path
    lines: dict[tuple[str, int, str], int]

    def error(self, message: str, table: str, index: int, key: str = "") -> FileFormatError:
        line = self.lines.get((table, index, key))
        return FileFormatError(f"{self.path}, line {line}: {message}" if line else f"{self.path}: {message}")


def _lines(text: str) -> dict[tuple[str, int, str], int]:
    """A reading of headers and keys that is good enough to point at a line; the values are the parser's."""
    found: dict[tuple[str, int, str], int] = {}
    table, count = "", {"": 0}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            table = header[1].strip("\"' ")
            count[table] = count.get(table, -1) + 1
            found.setdefault((table, count[table], ""), number)
        elif key := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]", line):
            found.setdefault((table, count[table], key[1]), number)
    return found


def _check(source: _Source, content: dict[str, Any]) -> None:
    for name, value in content.items():
        if isinstance(value, dict | list) and name in _TABLES:
            tables = value if isinstance(value, list) else [value]
            if isinstance(value, list) != (name == "tumor") or not all(isinstance(t, dict) for t in tables):
                brackets = "[[tumor]]" if name == "tumor" else f"[{name}]"
                raise source.error(f"'{name}' must be written as {brackets}", name, 0)
            for index, table in enumerate(tables):
                for key, entry in table.items():
                    _check_key(source, name, index, key, entry)
        elif isinstance(value, dict) or (isinstance(value, list) and all(isinstance(t, dict) for t in value)):
            known = ", ".join(f"[{table}]" for table in _TABLES if table)
            raise source.error(f"unknown table [{name}]; known are {known}", name, 0)
        else:
            _check_key(source, "", 0, name, value)


def _check_key(source: _Source, table: str, index: int, key: str, value: Any) -> None:
    known = _TABLES[table]
    where = f" in [{table}]" if table else ""
    if key not in known:
        stem = key.rsplit("_", 1)[0]
        alike = [k for k in known if k.startswith(f"{stem}_")] or difflib.get_close_matches(key, known)
        hint = f"; did you mean {' or '.join(alike)}?" if alike else f"; known are {', '.join(known)}"
        raise source.error(f"unknown key '{key}'{where}{hint}", table, index, key)
    wanted = known[key]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number if wanted is float else isinstance(value, wanted)):
        raise source.error(f"{key}{where} must be {_WORDS[wanted]}, got {value!r}", table, index, key)


def _required(source: _Source, content: dict[str, Any], table: str, key: str) -> Any:
    inside = content.get(table, {}) if table else content
    if key not in inside:
        raise source.error(f"{key} is missing{f' in [{table}]' if table else ''}", table, 0)
    return inside[key]


def _mass_kg(
    source: _Source, inside: dict[str, Any], table: str, index: int, stem: str, density_g_per_ml: float
) -> float | None:
    mass, volume = f"{stem}mass_kg", f"{stem}volume_ml"
    if mass in inside and volume in inside:
        raise source.error(f"both {mass} and {volume} in [{table}]; give one", table, index, volume)
    if volume in inside:
        if inside[volume] == 0 and stem == "untreated_tumor_":
            return 0.0
        return mass_from_volume_kg(inside[volume], density_g_per_ml=density_g_per_ml)
    return inside.get(mass)


def _patient(source: _Source, content: dict[str, Any]) -> Patient:
    liver, lungs, target = content.get("liver", {}), content.get("lungs", {}), content.get("target", {})
    density = liver.get("density_g_per_ml", 1.03)
    tumors = []
    for index, table in enumerate(content.get("tumor", [])):
        mass = _mass_kg(source, table, "tumor", index, "", density)
        if mass is None:
            raise source.error("mass_kg or volume_ml is missing in [tumor]", "tumor", index)
        tumors.append(Tumor(mass, table.get("tumor_to_normal_ratio"), table.get("name", "")))
    if not tumors:
        raise source.error("no [[tumor]]; at least one is needed", "tumor", 0)
    masses = {stem: _mass_kg(source, liver, "liver", 0, f"{stem}_", density) for stem in _MASSES}
    for stem in ("normal_perfused", "normal_total"):
        if masses[stem] is None:
            raise source.error(f"{stem}_mass_kg or {stem}_volume_ml is missing in [liver]", "liver", 0)
    optional = {
        "lung_mass_kg": lungs.get("mass_kg"),
        "prior_lung_dose_gy": lungs.get("prior_dose_gy"),
        "untreated_tumor_mass_kg": masses["untreated_tumor"],
        "residual_fraction": content.get("administration", {}).get("residual_fraction"),
        "guideline": content.get("guideline", {}).get("name"),
        "nuclide": Nuclide(content["convention"]) if "convention" in content else None,
        "target_perfused_dose_gy": target.get("perfused_dose_gy"),
        "target_tumor_dose_gy": target.get("tumor_dose_gy"),
        "limits": PartitionLimits(**content["limits"]) if content.get("limits") else None,
        "bilirubin_mg_per_dl": liver.get("bilirubin_mg_per_dl"),
        "pretreated_or_impaired": liver.get("pretreated_or_impaired"),
        "cirrhotic": liver.get("cirrhotic"),
        **content.get("body", {}),
        **{key: value for key, value in content.get("guideline", {}).items() if key != "name"},
    }
    return Patient(
        device=_required(source, content, "", "device"),
        tumors=tuple(tumors),
        normal_perfused_mass_kg=masses["normal_perfused"] or 0.0,
        normal_total_mass_kg=masses["normal_total"] or 0.0,
        lung_shunt_fraction=_required(source, content, "lungs", "shunt_fraction"),
        liver_density_g_per_ml=density,
        name=content.get("name", ""),
        **{key: value for key, value in optional.items() if value is not None},
    )
