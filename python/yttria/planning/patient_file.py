"""A patient as a TOML file: read with every key checked, planned, and written as JSON.

`example_patient_file()` is the documented schema: a complete file with a comment on each key.
"""

from __future__ import annotations

import codecs
import difflib
import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from .._core import Nuclide
from .._foundation.extras import require
from .._foundation.whole_files import atomic
from ..errors import ArgumentError, FileFormatError, YttriaError
from ..io.opened import record_opened
from .comparison import ModelComparison, compare_models
from .mass import mass_from_volume_kg
from .partition_limits import PartitionLimits
from .patient import Patient
from .territory import Tumor

#: Masses of the liver, each with the key of its volume; a mass ends in "_kg" and is a field of `Patient`.
_MASSES = {
    "normal_perfused_mass_kg": "normal_perfused_volume_ml",
    "normal_total_mass_kg": "normal_total_volume_ml",
    "untreated_tumor_mass_kg": "untreated_tumor_volume_ml",
    "perfused_mass_incl_tumor_kg": "perfused_volume_incl_tumor_ml",
    "liver_mass_incl_tumor_kg": "liver_volume_incl_tumor_ml",
}
_LABORATORY = ("bilirubin_mg_per_dl", "bilirubin_umol_per_l", "albumin_g_per_dl", "albumin_g_per_l")
_PRIOR_LIVER = ("prior_normal_perfused_dose_gy", "prior_normal_whole_dose_gy")
_FLAGS = ("pretreated_or_impaired", "cirrhotic", "prior_radioembolization")
_TABLES: dict[str, dict[str, type]] = {
    "": {"name": str, "device": str, "nuclide": str},
    "body": {"height_cm": float, "weight_kg": float},
    "liver": {
        **dict.fromkeys((*_MASSES, *_MASSES.values(), "density_g_per_ml", *_LABORATORY, *_PRIOR_LIVER), float),
        **dict.fromkeys(_FLAGS, bool),
    },
    "tumor": {"name": str, "mass_kg": float, "volume_ml": float, "tumor_to_normal_ratio": float},
    "lungs": {"shunt_fraction": float, "mass_kg": float, "prior_dose_gy": float},
    "administration": {"residual_fraction": float},
    "target": {"perfused_dose_gy": float, "tumor_dose_gy": float},
    "limits": dict.fromkeys(PartitionLimits.__dataclass_fields__, float),
    "guideline": {"name": str, "disease": str, "intent": str},
}
_LARGEST_BYTES = 1 << 20
_WORDS = {str: "a text", float: "a number", bool: "true or false"}


def example_patient_file() -> str:
    """The text of the shipped example, with a comment on each key."""
    return files("yttria").joinpath("data", "patient_example.toml").read_text("utf-8")


def read_patient(path: str | os.PathLike[str]) -> Patient:
    """Read the patient of a TOML file; `example_patient_file` shows every key.

    Parameters
    ----------
    path : str or path-like
        A TOML file in UTF-8, with or without a byte order mark, of at most 1 MiB.

    Returns
    -------
    Patient
        The patient; keys that the file does not have keep the defaults of `Patient`.

    Raises
    ------
    FileFormatError
        If the file is not TOML, has an unknown table or key, a value of another type, both a mass and a volume of one
        thing, or lacks a required key. The message names the line if there is one, and for an unknown key those that
        are like it.
    OSError
        If the file cannot be opened.
    YttriaError
        What `Patient` raises for a value outside its range, with the name of the file.
    """
    return _read(Path(path))[0]


def plan_patient_file(
    path: str | os.PathLike[str], *, json_path: str | os.PathLike[str] | None = None
) -> ModelComparison:
    """Compare all models for the patient of a TOML file, and write the result as JSON if `json_path` is given.

    Parameters
    ----------
    path : str or path-like
        The patient file; see `read_patient`, also for the errors.
    json_path : str or path-like, optional
        Where the JSON goes; an existing file is replaced in one step.

    Returns
    -------
    ModelComparison
        As `compare_models`, with path and SHA-256 of the file in `input_file`.

    Raises
    ------
    ArgumentError
        If the JSON would replace the patient file.
    """
    path = Path(path)
    if json_path is not None and Path(json_path).resolve() == path.resolve():
        raise ArgumentError(f"{json_path}: the JSON would replace the patient file; choose another name")
    patient, digest = _read(path)
    comparison = replace(compare_models(patient), input_file={"path": str(path), "sha256": digest})
    if json_path is not None:
        text = json.dumps(comparison.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        with atomic(Path(json_path)) as file:
            file.write((text + "\n").encode("utf-8"))
    return comparison


def _read(path: Path) -> tuple[Patient, str]:
    """The patient, and the SHA-256 of the bytes that were read."""
    record_opened(path)
    if path.exists() and not path.is_file():
        raise FileFormatError(f"{path}: not a patient file: it is not a regular file")
    with path.open("rb") as file:
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise FileFormatError(f"{path}: not a patient file: it has more than {_LARGEST_BYTES} bytes")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileFormatError(f"{path}: not a TOML file: it is UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path}: not a TOML file: it must be UTF-8; {error}") from None
    source = _Source(path=path, lines=_lines(text))
    toml = require("tomllib" if sys.version_info >= (3, 11) else "tomli", "cli")
    try:
        tables = toml.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: not a TOML file: {error}") from None
    _check(source, tables)
    try:
        return _patient(source, tables), hashlib.sha256(content).hexdigest()
    except FileFormatError:
        raise
    except YttriaError as error:
        raise type(error)(f"{path}: {error}") from None


@dataclass(frozen=True, kw_only=True)
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
        elsewhere = [name for name, keys in _TABLES.items() if name and key in keys]
        hint = f"; did you mean {' or '.join(alike)}?" if alike else f"; known are {', '.join(known)}"
        if elsewhere:
            hint = f"; it belongs to {' or '.join(f'[{name}]' for name in elsewhere)}"
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
    source: _Source, inside: dict[str, Any], table: str, index: int, mass: str, volume: str, density_g_per_ml: float
) -> float | None:
    if mass in inside and volume in inside:
        raise source.error(f"both {mass} and {volume} in [{table}]; give one", table, index, volume)
    if volume in inside:
        if inside[volume] == 0 and mass == "untreated_tumor_mass_kg":
            return 0.0
        return mass_from_volume_kg(inside[volume], density_g_per_ml=density_g_per_ml)
    return inside.get(mass)


def _patient(source: _Source, content: dict[str, Any]) -> Patient:
    liver, lungs, target = content.get("liver", {}), content.get("lungs", {}), content.get("target", {})
    density = liver.get("density_g_per_ml", Patient.liver_density_g_per_ml)
    tumors = []
    for index, table in enumerate(content.get("tumor", [])):
        mass = _mass_kg(source, table, "tumor", index, "mass_kg", "volume_ml", density)
        if mass is None:
            raise source.error("mass_kg or volume_ml is missing in [tumor]", "tumor", index)
        tumors.append(
            Tumor(mass_kg=mass, tumor_to_normal_ratio=table.get("tumor_to_normal_ratio"), name=table.get("name", ""))
        )
    masses = {mass: _mass_kg(source, liver, "liver", 0, mass, volume, density) for mass, volume in _MASSES.items()}
    if masses["normal_perfused_mass_kg"] is None and masses["perfused_mass_incl_tumor_kg"] is None:
        raise source.error(
            "normal_perfused_mass_kg or normal_perfused_volume_ml is missing in [liver]; if tumor and normal liver are "
            "not known apart, give perfused_mass_incl_tumor_kg or perfused_volume_incl_tumor_ml",
            "liver",
            0,
        )
    guideline = content.get("guideline", {})
    optional = {
        **masses,
        **{key: liver.get(key) for key in (*_LABORATORY, *_PRIOR_LIVER, *_FLAGS)},
        **content.get("body", {}),
        "lung_mass_kg": lungs.get("mass_kg"),
        "prior_lung_dose_gy": lungs.get("prior_dose_gy"),
        "residual_fraction": content.get("administration", {}).get("residual_fraction"),
        "guideline": guideline.get("name"),
        "disease": guideline.get("disease"),
        "intent": guideline.get("intent"),
        "nuclide": Nuclide(content["nuclide"]) if "nuclide" in content else None,
        "target_perfused_dose_gy": target.get("perfused_dose_gy"),
        "target_tumor_dose_gy": target.get("tumor_dose_gy"),
        "limits": PartitionLimits(**content["limits"]) if content.get("limits") else None,
    }
    return Patient(
        device=_required(source, content, "", "device"),
        tumors=tuple(tumors),
        lung_shunt_fraction=_required(source, content, "lungs", "shunt_fraction"),
        liver_density_g_per_ml=density,
        name=content.get("name", ""),
        **{key: value for key, value in optional.items() if value is not None},
    )
