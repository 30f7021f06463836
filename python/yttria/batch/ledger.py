"""Ledgers of completed work: JSON lines that are only ever appended, one file per run.

A line of a result is `{"entry", "signature", "key", "part", "at"}`; it counts if its part is there. A line without
`part` and `at` states that a row was found again with this content. A line of a failure is
`{"entry", "row", "case_id", "error", "message", "sha256"}`. A last line that was torn counts as not written.

Each run writes a file of its own, so that lines never mix. Runs are numbered as they begin, and clocks have no part in
it. Of one entry the last line of the run with the largest number counts.
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
    """Place of a result: a part, and the row in it."""

    part: str
    at: int


class Ledger:
    """Ledger of one run, numbered after every other one in the folder."""

    def __init__(self, folder: Path) -> None:
        """Make the file."""
        inside = folder / "ledger"
        inside.mkdir(parents=True, exist_ok=True)
        number = max((_number(path) for path in inside.glob("*.jsonl")), default=0)
        while True:
            number += 1
            # Of two runs that begin together, one makes the file and the other takes the next number.
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
            # A full disk: no torn line may stand before one that is written later.
            self._file.truncate(before)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class CompletedIndex:
    """Index of the results that the ledgers of a folder list, in 56 bytes per line."""

    def __init__(self, folder: Path) -> None:
        """Read the ledgers; a result whose part is not there counts as not done."""
        records = bytearray()
        self._parts: list[str] = []
        numbers: dict[str, int] = {}
        for line in lines(folder):
            if "key" not in line:
                # A failure: an earlier result of this row does not count any more.
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
        """Number of keys that have a result."""
        return len(self._keys)

    def key_of(self, entry: str, signature: str | None = None) -> str | None:
        """Last key of a declared row if it has a result; with `signature`, only if the row was seen with it."""
        at = _find(self._entries, bytes.fromhex(entry))
        if at is None or (signature is not None and self._signatures[at] != bytes.fromhex(signature)):
            return None
        key = self._key_of[at].ljust(16, b"\0").hex()
        return key if self.place_of(key) is not None else None

    def place_of(self, key: str) -> Place | None:
        """Place of the result of a key; None if there is none."""
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
                    continue  # torn: its case is done again
                if isinstance(line, dict) and "entry" in line:
                    yield line


def _number(path: Path) -> int:
    """Number of the run whose ledger this is; 0 for any other name."""
    return int(path.stem) if path.stem.isascii() and path.stem.isdigit() else 0


def failures(folder: Path) -> dict[str, dict[str, Any]]:
    """Last failure of each declared row that has failed."""
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
