"""One DICOM file read by pydicom, with checked header values and errors of this package.

Read values within `quiet()`, because pydicom converts them at first access and warns then.
"""

from __future__ import annotations

import io
import math
import os
import struct
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ..._foundation.extras import require
from ...advisory.warning_filters import quiet
from ...errors import FileFormatError, YttriaError
from .._common import decoding
from ..opened import record_opened

#: A pydicom Dataset. The library is optional and has no types.
Dataset = Any


def read_dataset(path: str | os.PathLike[str], *, pixels: bool = True) -> Dataset:
    """Read a DICOM file as a pydicom Dataset, without its pixel data if `pixels` is false.

    `FileFormatError` is raised if it is damaged, nested too deep, deflated (which could expand to any size) or not a
    DICOM file. `FileNotFoundError` and `MissingExtraError` (extra `dicom`) are raised too.
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
#: Long sequences of reports, contours, plans, frames and waveforms. No element that `keywords` name follows them.
_LONG = (0x0040A730, 0x30060039, 0x300A0070, 0x300A00B0, 0x52009229, 0x52009230, 0x54000100)


@dataclass(frozen=True, kw_only=True)
class Header:
    """Header of one file, position of its pixel data, their first bytes, and the size of the file."""

    path: Path
    dataset: Dataset = field(repr=False)
    pixel_offset: int
    pixel_head: bytes = field(repr=False)
    size: int


def read_header(path: Path, keywords: str | None = None) -> Header | None:
    """Read a header up to the pixel data, all of it or the given `keywords`; None if it is not a DICOM file.

    Call it within `quiet()` and `decoding`.
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
    """Let pydicom parse a file up to the first of the tags `stop`, with errors of this package."""
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
    """A file to parse. pydicom reads all the rest of it only to inflate it, to any size."""

    ended_early: bool

    def __init__(self, path: Path) -> None:
        """Open for reading, and record the file as opened."""
        super().__init__(io.FileIO(record_opened(path)))
        self.ended_early = False

    def read(self, size: int | None = -1) -> bytes:
        """Read a number of bytes; `FileFormatError` if all are requested."""
        if size is None or size < 0:
            raise FileFormatError("the deflated transfer syntax is not supported: store the file uncompressed")
        found = super().read(size)
        # pydicom treats the end of a file within an element like one before the element. Some writers pad with up to 7
        # zeros.
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
        True if "DICM" follows the first 128 bytes, or if the file begins with a data set without this preamble.

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


#: Number of bytes that identify a DICOM file by its preamble, or by its first two elements.
_HEAD = 512


def _is_bare(head: bytes) -> bool:
    """Whether bytes begin with a little endian data set without preamble: two elements in ascending order.

    The first element is short and belongs to the file meta group or the identifying group. Radiotherapy systems store
    such files.
    """
    if head[128:132] == b"DICM" or len(head) < 16:
        return False
    first = _element_head(head, 0)
    if first is None or first[0] >> 16 not in (0x0002, 0x0008) or first[0] & 0xFFFF > 0x0100:
        return False
    second = _element_head(head, first[1])
    return second is not None and first[0] < second[0] and second[0] >> 16 <= 0x0040


def _element_head(head: bytes, at: int) -> tuple[int, int] | None:
    """Read the tag of the element at a position, and the position of the next; None if there is no short element."""
    if at + 8 > len(head):
        return None
    group, element, length = struct.unpack_from("<HHI", head, at)
    if head[at + 4 : at + 6] in _SHORT_VR:
        length = struct.unpack_from("<H", head, at + 6)[0]
    elif head[at + 4 : at + 8] == b"OB\0\0" and at + 12 <= len(head):
        # The version of the file meta information has four more bytes for its length.
        length, at = struct.unpack_from("<I", head, at + 8)[0], at + 4
    return None if length % 2 or length > 256 else (group << 16 | element, at + 8 + length)


_SHORT_VR = frozenset([b"AE", b"CS", b"DA", b"DT", b"IS", b"LO", b"PN", b"SH", b"ST", b"TM", b"UI", b"UL", b"US"])
_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def _with_syntax(dataset: Dataset) -> Dataset:
    """Return the data set; if the file states no transfer syntax, that of the reading is added."""
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = _IMPLICIT if dataset.original_encoding[0] else _EXPLICIT
    return dataset


#: Value representations that need no character set.
_PLAIN = frozenset(["CS", "DA", "TM", "DT", "UI", "IS", "DS", "US", "SS", "UL", "SL", "FD", "FL"])
_LONGEST = 256


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Return a value as pydicom converts it; None if there is no value.

    Slices of a series share most of their values, so equal bytes are converted once.
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
    """Return the tag of a keyword."""
    return require("pydicom.tag", "dicom").Tag(keyword)


def text(dataset: Dataset, keyword: str) -> str | None:
    """Return a value as text without blank ends, several joined by backslashes; None if it is absent or empty."""
    value = value_of(dataset, keyword)
    if value is None:
        return None
    joined = value if isinstance(value, str) else "\\".join(map(str, value)) if _several(value) else str(value)
    return joined.strip(" \0") or None


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> tuple[float, ...]:
    """Return finite numbers, `count` of them if that is given; `FileFormatError` if they are absent or different."""
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
    """Return one finite number; `default`, if given, replaces an absent or empty value."""
    value = value_of(dataset, keyword)
    if isinstance(value, int):
        return float(value)
    if default is not None and value in (None, ""):
        return default
    return numbers(dataset, keyword, 1)[0]


def whole(dataset: Dataset, keyword: str, low: int, high: int, default: int | None = None) -> int:
    """Return one whole number within [low, high]."""
    value = number(dataset, keyword, default)
    if not (low <= value <= high and value == int(value)):
        raise FileFormatError(f"{_named(keyword)} must be a whole number within [{low}, {high}], got {value:g}")
    return int(value)


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence, none if it is absent; `FileFormatError` if it is not a sequence."""
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
    """Return the nearest decimal string of at most 16 characters."""
    return str(require("pydicom.valuerep", "dicom").format_number_as_ds(float(value) + 0.0))
