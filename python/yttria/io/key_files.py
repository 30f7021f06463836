"""Reader of small files of keys and values in TOML or JSON, written by users."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .._foundation.extras import require
from ..errors import FileFormatError
from .opened import record_opened

_LARGEST_BYTES = 1 << 20


def read_key_file(path: Path, what: str) -> dict[str, Any]:
    """Read a file of at most 1 MiB as JSON if it ends in `.json`, else as TOML; `what` names its content in errors.

    The keys are not checked. `FileFormatError`, `FileNotFoundError`, and `MissingExtraError` are raised, the last if
    TOML needs the extra `cli` (Python before 3.11).
    """
    record_opened(path)
    if path.exists() and not path.is_file():
        raise FileFormatError(f"{path}: not {what}: it is not a regular file")
    with path.open("rb") as file:
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise FileFormatError(f"{path}: not {what}: it has more than {_LARGEST_BYTES} bytes")
    is_json = path.suffix.lower() == ".json"
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        toml = None if is_json else require("tomllib" if sys.version_info >= (3, 11) else "tomli", "cli")
        keys = json.loads(text) if toml is None else toml.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: not a {'JSON' if is_json else 'TOML'} file: {error}") from error
    if not isinstance(keys, dict):
        raise FileFormatError(f"{path}: not {what}: it must be a table of keys")
    return keys
