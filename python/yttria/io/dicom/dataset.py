"""One DICOM file by pydicom: header values that are what they claim to be, and every failure an error of ours.

Read values within `quiet()`: pydicom converts them when they are first asked for, and warns then.
"""

from __future__ import annotations

import io
import math
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ..._foundation.extras import require
from ...errors import FileFormatError, YttriaError
from .._common import decoding
from ..opened import record_opened

#: A pydicom Dataset; the library is optional and brings no types.
Dataset = Any

_WARNINGS = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """pydicom's warnings off: what they are about is checked where it matters. One thread at a time, for Python's
    warning filters belong to the whole process."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_dataset(path: str | os.PathLike[str], *, pixels: bool = True) -> Dataset:
    """A DICOM file as a pydicom Dataset, without its pixel data where `pixels` is false.

    Raises `FileFormatError` where it is damaged, nested too deep, deflated (which could expand to anything) or no
    DICOM file, `FileNotFoundError`, and `MissingExtraError` (extra `dicom`).
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with decoding(path, "DICOM"), quiet(), Opened(path) as file:
        if not _begins_as_dicom(file.read(_HEAD)):
            raise FileFormatError("not a DICOM file: it has neither 'DICM' after 128 bytes nor a bare data set")
        file.seek(0)
        dataset = _parsed(file, () if pixels else _PIXELS, None)
        if file.ended_early or (pixels and not _whole(dataset)):
            raise FileFormatError(_CUT)
        return dataset


_CUT = "the file is damaged: it ends in the middle of an element"
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
#: Long sequences of reports, contours, plans, frames and waveforms; behind them stands nothing that `keywords` name.
_LONG = (0x0040A730, 0x30060039, 0x300A0070, 0x300A00B0, 0x52009229, 0x52009230, 0x54000100)


@dataclass(frozen=True, kw_only=True)
class Header:
    """The header of one file, where its pixel data begin, their first bytes, and the size of the file."""

    path: Path
    dataset: Dataset = field(repr=False)
    pixel_offset: int
    pixel_head: bytes = field(repr=False)
    size: int


def read_header(path: Path, keywords: str | None = None) -> Header | None:
    """A header up to the pixel data, all of it or what `keywords` names; None for what is no DICOM file.

    To be called within `quiet()` and `decoding`.
    """
    with Opened(path) as file:
        head = file.read(_HEAD)
        if not _begins_as_dicom(head):
            return None
        has_preamble = head[128:132] == b"DICM"
        file.seek(0)
        stop, tags = (_PIXELS, None) if keywords is None else ((*_PIXELS, *_LONG), _tags(keywords))
        dataset = _parsed(file, stop, tags)
        if "SOPClassUID" not in dataset and not has_preamble:
            return None
        size, offset = os.fstat(file.fileno()).st_size, file.tell()
        if file.ended_early or offset > size or (offset == size and not _whole(dataset)):
            raise FileFormatError(_CUT)
        return Header(path=path, dataset=dataset, pixel_offset=offset, pixel_head=file.read(12), size=size)


def _parsed(file: Opened, stop: tuple[int, ...], tags: list[Any] | None) -> Dataset:
    """Let pydicom parse a file up to the first of the tags `stop`; errors are those of this package."""
    reader = require("pydicom.filereader", "dicom")
    at = frozenset(stop)
    try:
        found = reader.read_partial(file, lambda tag_, vr, length: int(tag_) in at, force=True, specific_tags=tags)
    except (YttriaError, MemoryError, OSError):
        raise
    except RecursionError as error:
        raise FileFormatError("the header is damaged: sequences are nested too deep (recursion)") from error
    except Exception as error:
        raise FileFormatError("the header is damaged: its elements cannot be parsed") from error
    return _with_syntax(found)


def _whole(dataset: Dataset) -> bool:
    """Whether every value is as long as its element states."""
    for raw in dataset.values():
        length = raw.length if getattr(raw, "is_raw", False) else 0
        if length not in (0, 0xFFFFFFFF) and len(raw.value or b"") < length:
            return False
    return True


@cache
def _tags(keywords: str) -> list[Any]:
    return [tag(keyword) for keyword in keywords.split()]


class Opened(io.BufferedReader):
    """A file to parse. pydicom asks for all the rest of it in one case only: to inflate it, however much that gives."""

    ended_early: bool

    def __init__(self, path: Path) -> None:
        """Open for reading, and record that the file was looked at."""
        super().__init__(io.FileIO(record_opened(path)))
        self.ended_early = False

    def read(self, size: int | None = -1) -> bytes:
        """Read so many bytes; `FileFormatError` where all are asked for."""
        if size is None or size < 0:
            raise FileFormatError("the deflated transfer syntax is not supported: store the file uncompressed")
        found = super().read(size)
        # pydicom takes an end within an element for one before it. Up to 7 zeros are padding, as some writers leave.
        if 0 < len(found) < size and size != _HEAD and (size != 8 or any(found)):
            self.ended_early = True
        return found


def is_dicom(path: Path) -> bool:
    """Decide whether a file begins as DICOM files do.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        Whether it has 128 bytes of any kind and then "DICM", or begins as a data set without these.

    Examples
    --------
    >>> _ = Path("note.txt").write_text("no image")
    >>> is_dicom(Path("note.txt"))
    False
    """
    with record_opened(path).open("rb") as file:
        return _begins_as_dicom(file.read(_HEAD))


def _begins_as_dicom(head: bytes) -> bool:
    return head[128:132] == b"DICM" or _is_bare(head)


#: Bytes that tell a DICOM file: its preamble, or its first two elements.
_HEAD = 512


def _is_bare(head: bytes) -> bool:
    """Whether bytes begin as a little endian data set does that has no preamble: two elements in ascending order.

    The first is of the file meta group or of the identifying group, and short. Radiotherapy systems store such files.
    """
    if head[128:132] == b"DICM" or len(head) < 16:
        return False
    first = _element_head(head, 0)
    if first is None or first[0] >> 16 not in (0x0002, 0x0008) or first[0] & 0xFFFF > 0x0100:
        return False
    second = _element_head(head, first[1])
    return second is not None and first[0] < second[0] and second[0] >> 16 <= 0x0040


def _element_head(head: bytes, at: int) -> tuple[int, int] | None:
    """Tag of the element at a place, and the place of the next; None if no short element can be there."""
    if at + 8 > len(head):
        return None
    group, element, length = struct.unpack_from("<HHI", head, at)
    if head[at + 4 : at + 6] in _SHORT_VR:
        length = struct.unpack_from("<H", head, at + 6)[0]
    elif head[at + 4 : at + 8] == b"OB\0\0" and at + 12 <= len(head):
        # The version of the file meta information, with its length in four more bytes.
        length, at = struct.unpack_from("<I", head, at + 8)[0], at + 4
    return None if length % 2 or length > 256 else (group << 16 | element, at + 8 + length)


_SHORT_VR = frozenset([b"AE", b"CS", b"DA", b"DT", b"IS", b"LO", b"PN", b"SH", b"ST", b"TM", b"UI", b"UL", b"US"])
_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def _with_syntax(dataset: Dataset) -> Dataset:
    """The data set, with the transfer syntax that it was read with if the file does not state one."""
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = _IMPLICIT if dataset.original_encoding[0] else _EXPLICIT
    return dataset


#: Types of values that need no character set.
_PLAIN = frozenset(["CS", "DA", "TM", "DT", "UI", "IS", "DS", "US", "SS", "UL", "SL", "FD", "FL"])
_LONGEST = 256


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Value as pydicom converts it; None if there is none.

    Slices of a series have most of their values in common: equal bytes are converted once.
    """
    raw = dataset.get_item(tag(keyword))
    if raw is None:
        return None
    if getattr(raw, "is_raw", False) and raw.VR in _PLAIN and 0 < len(raw.value or b"") <= _LONGEST:
        return _converted(raw.tag, raw.VR, raw.value, raw.is_implicit_VR, raw.is_little_endian)
    return dataset.get(keyword)


@lru_cache(4096)
def _converted(tag_: Any, vr: str, value: bytes, implicit: bool, little: bool) -> Any:
    elements = require("pydicom.dataelem", "dicom")
    raw = elements.RawDataElement(tag_, vr, len(value), value, 0, implicit, little)
    return elements.convert_raw_data_element(raw).value


@cache
def tag(keyword: str) -> Any:
    """The tag of a keyword."""
    return require("pydicom.tag", "dicom").Tag(keyword)


def text(dataset: Dataset, keyword: str) -> str | None:
    """A value as text without blank ends; None where it is absent or empty. Several values: joined by backslashes."""
    value = value_of(dataset, keyword)
    if value is None:
        return None
    joined = value if isinstance(value, str) else "\\".join(map(str, value)) if _several(value) else str(value)
    return joined.strip(" \0") or None


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> tuple[float, ...]:
    """Finite numbers, `count` of them where that is given; `FileFormatError` where absent or anything else."""
    value = value_of(dataset, keyword)
    if value is None or value == "":
        raise FileFormatError(f"the header has no {_named(keyword)}")
    values = tuple(value) if _several(value) else (value,)
    try:
        found = tuple(float(v) for v in values)
    except (TypeError, ValueError):
        found = (math.nan,)
    if not all(map(math.isfinite, found)) or count not in (None, len(found)):
        expected = "finite numbers" if count is None else f"{count} finite number{'s' * (count > 1)}"
        raise FileFormatError(f"{_named(keyword)} must be {expected}, got {values!r:.100}")
    return found


def number(dataset: Dataset, keyword: str, default: float | None = None) -> float:
    """One finite number; `default`, where there is one, stands for an absent or empty value."""
    value = value_of(dataset, keyword)
    if isinstance(value, int):
        return float(value)
    if default is not None and value in (None, ""):
        return default
    return numbers(dataset, keyword, 1)[0]


def whole(dataset: Dataset, keyword: str, low: int, high: int, default: int | None = None) -> int:
    """One whole number within [low, high]."""
    value = number(dataset, keyword, default)
    if not (low <= value <= high and value == int(value)):
        raise FileFormatError(f"{_named(keyword)} must be a whole number within [{low}, {high}], got {value:g}")
    return int(value)


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence, none where it is absent; `FileFormatError` where it is no sequence."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    if not all(hasattr(item, "get_item") for item in value):
        raise FileFormatError(f"{_named(keyword)} must be a sequence")
    return list(value)


def _several(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes) and not hasattr(value, "components")


def _named(keyword: str) -> str:
    """ "PixelSpacing (0028,0030)"."""
    number_ = int(tag(keyword))
    return f"{keyword} ({number_ >> 16:04X},{number_ & 0xFFFF:04X})"


def decimal(value: float) -> str:
    """The nearest decimal string of at most 16 characters."""
    return str(require("pydicom.valuerep", "dicom").format_number_as_ds(float(value) + 0.0))
