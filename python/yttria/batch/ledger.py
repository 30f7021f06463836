"""Ledgers of completed work, which are files of JSON lines. Each run appends to a file of its own.

The line of a result is `{"entry", "signature", "key", "part", "at"}`. It counts if its part exists. A line without
`part` and `at` states that a row was found again with this content. A line of a failure is `{"entry", "row", "case_id",
"error", "message", "sha256"}`. An incomplete last line counts as not written.

Because each run writes its own file, lines never mix. Runs are numbered in the order in which they begin, without use
of a clock. If an entry has several lines, the last line of the run with the largest number counts.
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
    """Place of a result, given by a part and the row in it."""

    part: str
    at: int


class Ledger:
    """Ledger of one run, with a number above that of every other one in the folder."""

    def __init__(self, folder: Path) -> None:
        """Make the file."""
        inside = folder / "ledger"
        inside.mkdir(parents=True, exist_ok=True)
        number = max((_number(path) for path in inside.glob("*.jsonl")), default=0)
        while True:
            number += 1
            # If two runs begin together, one makes the file and the other takes the next number.
            with suppress(FileExistsError):
                self._file = (inside / f"{number:08}.jsonl").open("xb", buffering=0)
                return

    def append(self, lines: Iterable[dict[str, Any]]) -> None:
        """Write lines, and sync them to the disk."""
        now, before = time.time(), os.fstat(self._file.fileno()).st_size
        text = "".join(json.dumps({"t": now, **line}, ensure_ascii=True) + "\n" for line in lines).encode()
        try:
            while text:
                text = text[self._file.write(text) :]
            os.fsync(self._file.fileno())
        except OSError:
            # On a full disk, an incomplete line must not come before one that is written later.
            self._file.truncate(before)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class CompletedIndex:
    """Index of the results that the ledgers of a folder list, in 56 bytes per line."""

    def __init__(self, folder: Path) -> None:
        """Read the ledgers. A result whose part is missing counts as not done."""
        records = bytearray()
        self._parts: list[str] = []
        numbers: dict[str, int] = {}
        for line in lines(folder):
            if "key" not in line:
                # After a failure, an earlier result of this row no longer counts.
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
        # The last line of an entry counts. A stable sort keeps the order of the ledgers.
        found = found[np.argsort(found["entry"], kind="stable")]
        last = np.append(found["entry"][1:] != found["entry"][:-1], True) if len(found) else np.zeros(0, bool)
        self._entries, self._signatures, self._key_of = (
            found[last][name].copy() for name in ("entry", "signature", "key")
        )

    def __len__(self) -> int:
        """Number of keys that have a result."""
        return len(self._keys)

    def key_of(self, entry: str, signature: str | None = None) -> str | None:
        """Find the last key of a declared row that has a result.

        With `signature`, the row must have been seen with it.
        """
        at = _find(self._entries, bytes.fromhex(entry))
        if at is None or (signature is not None and self._signatures[at] != bytes.fromhex(signature)):
            return None
        key = self._key_of[at].ljust(16, b"\0").hex()
        return key if self.place_of(key) is not None else None

    def place_of(self, key: str) -> Place | None:
        """Find the place of the result of a key, None without a result."""
        at = _find(self._keys, bytes.fromhex(key))
        return None if at is None else Place(self._parts[self._part[at]], int(self._at[at]))


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """Read every whole line of every ledger in the folder, in the order in which the runs began."""
    numbered = ((_number(path), path) for path in (folder / "ledger").glob("*.jsonl"))
    for _, path in sorted((number, path) for number, path in numbered if number):
        with path.open("rb") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except ValueError:
                    continue  # an incomplete line; its case is dosed again
                if isinstance(line, dict) and "entry" in line:
                    yield line


def _number(path: Path) -> int:
    """Read the number of the run from the name of its ledger, 0 from any other name."""
    return int(path.stem) if path.stem.isascii() and path.stem.isdigit() else 0


def failures(folder: Path) -> dict[str, dict[str, Any]]:
    """Find the last failure of each declared row that has failed."""
    last: dict[str, dict[str, Any]] = {}
    for line in lines(folder):
        if "error" in line:
            last[line["entry"]] = line
    return last


def _find(column: Any, value: bytes) -> int | None:
    # NumPy drops zero bytes at the end of such values.
    wanted = np.bytes_(value.rstrip(b"\0"))
    at = int(np.searchsorted(column, wanted))
    return at if at < len(column) and column[at] == wanted else None
