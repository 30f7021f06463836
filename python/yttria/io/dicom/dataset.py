"""One DICOM file by pydicom: header values that are what they claim to be, and every failure an error of ours.

Read values within `quiet()`: pydicom converts them when they are first asked for, and warns then.
"""

from __future__ import annotations

import math
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..._extras import require
from ...errors import FileFormatError
from .._common import decoding

#: A pydicom Dataset; the library is optional and brings no types.
Dataset = Any

DEFLATED = "1.2.840.10008.1.2.1.99"
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
    pydicom = require("pydicom", "dicom")
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with decoding(path, "DICOM"), quiet():
        syntax = pydicom.filereader.read_file_meta_info(path).get("TransferSyntaxUID")
        if syntax == DEFLATED:
            raise FileFormatError("the deflated transfer syntax is not supported: store the file uncompressed")
        return pydicom.dcmread(path, stop_before_pixels=not pixels)


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do: 128 bytes of any kind, then "DICM"."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def text(dataset: Dataset, keyword: str) -> str | None:
    """A value as text without blank ends; None where it is absent or empty. Several values: joined by backslashes."""
    value = dataset.get(keyword)
    if value is None:
        return None
    joined = value if isinstance(value, str) else "\\".join(map(str, value)) if _several(value) else str(value)
    return joined.strip(" \0") or None


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> tuple[float, ...]:
    """Finite numbers, `count` of them where that is given; `FileFormatError` where absent or anything else."""
    value = dataset.get(keyword)
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
    if default is not None and dataset.get(keyword) in (None, ""):
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
    tag = require("pydicom", "dicom").datadict.tag_for_keyword(keyword)
    return f"{keyword} ({tag >> 16:04X},{tag & 0xFFFF:04X})" if tag is not None else keyword
