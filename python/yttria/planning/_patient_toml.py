"""Reading of a patient file in TOML. Every table and key is checked, and errors name the line."""

from __future__ import annotations

import codecs
import difflib
import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._foundation.extras import require
from ..errors import FileFormatError
from ..io.opened import record_opened
from .mass import mass_from_volume_kg

_LARGEST_BYTES = 1 << 20
_WORDS = {str: "a text", float: "a number", bool: "true or false"}
#: Tables that may appear several times, written in double brackets.
_LISTS = ("tumor", "territory")
#: Known keys of each table, each with the type of its value. "" holds those before the first table.
Tables = Mapping[str, Mapping[str, type]]


@dataclass(frozen=True, kw_only=True)
class PatientToml:
    """Content of a file, with the SHA-256 of its bytes and the line of each key."""

    source: Source
    content: dict[str, Any]
    sha256: str


def read_toml(path: Path) -> PatientToml:
    """Read a TOML file of at most 1 MiB, without checking its tables and keys."""
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
    source = Source(path=path, lines=lines_of(text))
    toml = require("tomllib" if sys.version_info >= (3, 11) else "tomli", "cli")
    try:
        tables = toml.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: not a TOML file: {error}") from None
    return PatientToml(source=source, content=tables, sha256=hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file with the line of each key, by the table, its index among tables of that name, and the key."""

    path: Path
    lines: dict[tuple[str, int, str], int]

    def error(self, message: str, table: str, index: int, key: str = "") -> FileFormatError:
        line = self.lines.get((table, index, key))
        return FileFormatError(f"{self.path}, line {line}: {message}" if line else f"{self.path}: {message}")


def lines_of(text: str) -> dict[tuple[str, int, str], int]:
    """Find the lines of headers and keys for messages. The values come from the TOML parser."""
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


def check_tables(source: Source, content: dict[str, Any], known: Tables) -> None:
    """Refuse a table or key that is not known, and a value of another type."""
    for name, value in content.items():
        if isinstance(value, dict | list) and name in known:
            tables = value if isinstance(value, list) else [value]
            if isinstance(value, list) != (name in _LISTS) or not all(isinstance(t, dict) for t in tables):
                brackets = f"[[{name}]]" if name in _LISTS else f"[{name}]"
                raise source.error(f"'{name}' must be written as {brackets}", name, 0)
            for index, table in enumerate(tables):
                for key, entry in table.items():
                    _check_key(source, known, name, index, key, entry)
        elif isinstance(value, dict) or (isinstance(value, list) and all(isinstance(t, dict) for t in value)):
            listed = ", ".join(f"[{table}]" for table in known if table)
            raise source.error(f"unknown table [{name}]; known are {listed}", name, 0)
        else:
            _check_key(source, known, "", 0, name, value)


def _check_key(source: Source, tables: Tables, table: str, index: int, key: str, value: Any) -> None:
    known = tables[table]
    where = f" in [{table}]" if table else ""
    if key not in known:
        stem = key.rsplit("_", 1)[0]
        alike = [k for k in known if k.startswith(f"{stem}_")] or difflib.get_close_matches(key, known)
        elsewhere = [name for name, keys in tables.items() if name and key in keys]
        hint = f"; did you mean {' or '.join(alike)}?" if alike else f"; known are {', '.join(known)}"
        if elsewhere:
            hint = f"; it belongs to {' or '.join(f'[{name}]' for name in elsewhere)}"
        raise source.error(f"unknown key '{key}'{where}{hint}", table, index, key)
    wanted = known[key]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number if wanted is float else isinstance(value, wanted)):
        raise source.error(f"{key}{where} must be {_WORDS[wanted]}, got {value!r}", table, index, key)


def required(source: Source, content: dict[str, Any], table: str, key: str) -> Any:
    """Return a required value."""
    inside = content.get(table, {}) if table else content
    if key not in inside:
        raise source.error(f"{key} is missing{f' in [{table}]' if table else ''}", table, 0)
    return inside[key]


def mass_kg(
    source: Source, inside: dict[str, Any], table: str, index: int, mass: str, volume: str, density_g_per_ml: float
) -> float | None:
    """Return a mass as given or from its volume, None if neither is given."""
    if mass in inside and volume in inside:
        raise source.error(f"both {mass} and {volume} in [{table}]; give one", table, index, volume)
    if volume in inside:
        if inside[volume] == 0 and mass == "untreated_tumor_mass_kg":
            return 0.0
        return mass_from_volume_kg(inside[volume], density_g_per_ml=density_g_per_ml)
    return inside.get(mass)
