"""What was done: JSON lines that are only ever appended to, one file per runner.

A runner writes to a file of its own, so lines never mix. A line is written after the part that it names is on the disk;
a last line that was torn is as if it had not been written. Lines are either
`{"entry", "signature", "key", "part", "at"}` (done, and where), the same without a place (seen again with this
content), or `{"entry", "row", "case_id", "error", "message", "sha256"}` (failed). Of one entry the last line counts:
that of the run that began last, and in it the last one. Runs are numbered as they begin; clocks have no part in it.
"""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_RECORD = struct.Struct("<16s16s16sii")
_DTYPE = np.dtype([("entry", "S16"), ("signature", "S16"), ("key", "S16"), ("part", "i4"), ("at", "i4")])
_NONE = bytes(16)


class Place(NamedTuple):
    """Where a result lies: a part, and the row in it."""

    part: str
    at: int


class Ledger:
    """One runner's file to append to, numbered after every other one that there is."""

    def __init__(self, folder: Path) -> None:
        """Make the runner's file."""
        inside = folder / "ledger"
        inside.mkdir(parents=True, exist_ok=True)
        number = max((_number(path) for path in inside.glob("*.jsonl")), default=0)
        while True:
            number += 1
            # Of two runners that begin together, one makes the file and the other takes the next number.
            with suppress(FileExistsError):
                self._file = (inside / f"{number:08}.jsonl").open("xb", buffering=0)
                return

    def append(self, lines: Iterable[dict[str, Any]]) -> None:
        """Write lines and see them onto the disk."""
        now, before = time.time(), os.fstat(self._file.fileno()).st_size
        text = "".join(json.dumps({"t": now, **line}, ensure_ascii=True) + "\n" for line in lines).encode()
        try:
            while text:
                text = text[self._file.write(text) :]
            os.fsync(self._file.fileno())
        except OSError:
            # A full disk: nothing torn may stand before what is written later.
            self._file.truncate(before)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Known:
    """Everything that the ledgers of a folder list as done, in 56 bytes per line."""

    def __init__(self, folder: Path) -> None:
        """Read them. A result whose part is not there counts as not done."""
        records = bytearray()
        self._parts: list[str] = []
        numbers: dict[str, int] = {}
        for line in lines(folder):
            if "key" not in line:
                # A failure: what was known of this row before does not stand.
                records += _RECORD.pack(bytes.fromhex(line["entry"]), _NONE, _NONE, -1, -1)
                continue
            part = line.get("part")
            if part is not None and part not in numbers:
                numbers[part] = len(self._parts) if (folder / "parts" / part).is_file() else -1
                if numbers[part] >= 0:
                    self._parts.append(part)
            number = -1 if part is None else numbers[part]
            if part is not None and number < 0:
                continue
            records += _RECORD.pack(
                bytes.fromhex(line["entry"]),
                bytes.fromhex(line["signature"]) if line["signature"] else _NONE,
                bytes.fromhex(line["key"]),
                number,
                line.get("at", -1),
            )
        found = np.frombuffer(records, _DTYPE)
        placed = found[found["part"] >= 0]
        placed = placed[np.unique(placed["key"], return_index=True)[1]]
        self._keys, self._part, self._at = (placed[name].copy() for name in ("key", "part", "at"))
        # Of one entry the last line counts; a stable sort keeps the order of the ledgers.
        found = found[np.argsort(found["entry"], kind="stable")]
        last = np.append(found["entry"][1:] != found["entry"][:-1], True) if len(found) else np.zeros(0, bool)
        self._entries, self._signatures, self._key_of = (
            found[last][name].copy() for name in ("entry", "signature", "key")
        )

    def __len__(self) -> int:
        """How many keys have a result."""
        return len(self._keys)

    def key_of(self, entry: str, signature: str | None = None) -> str | None:
        """The key last seen for a declared row, if it has a result; with `signature`, only if seen with just that."""
        at = _find(self._entries, bytes.fromhex(entry))
        if at is None or (signature is not None and self._signatures[at] != bytes.fromhex(signature)):
            return None
        key = self._key_of[at].ljust(16, b"\0").hex()
        return key if self.place_of(key) is not None else None

    def place_of(self, key: str) -> Place | None:
        """Where the result of a key lies."""
        at = _find(self._keys, bytes.fromhex(key))
        return None if at is None else Place(self._parts[self._part[at]], int(self._at[at]))


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """Every whole line of every ledger in the folder, in the order in which the runs began."""
    numbered = ((_number(path), path) for path in (folder / "ledger").glob("*.jsonl"))
    for _, path in sorted((number, path) for number, path in numbered if number):
        with path.open("rb") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except ValueError:
                    continue  # torn: what it would have said is done again
                if isinstance(line, dict) and "entry" in line:
                    yield line


def _number(path: Path) -> int:
    """The number of the run whose ledger this is; 0 for any other name."""
    return int(path.stem) if path.stem.isascii() and path.stem.isdigit() else 0


def failures(folder: Path) -> dict[str, dict[str, Any]]:
    """The last failure of each declared row that has failed."""
    last: dict[str, dict[str, Any]] = {}
    for line in lines(folder):
        if "error" in line:
            last[line["entry"]] = line
    return last


def _find(column: Any, value: bytes) -> int | None:
    # numpy drops zeros at the end of such values.
    wanted = np.bytes_(value.rstrip(b"\0"))
    at = int(np.searchsorted(column, wanted))
    return at if at < len(column) and column[at] == wanted else None
