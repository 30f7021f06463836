"""Pixel data as stored numbers; sizes are compared with the file before decoding.

Uncompressed pixel data are read directly from the file. Compressed pixel data are decoded by pydicom.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._foundation.arrays import MAX_VOXELS
from ..._foundation.extras import require
from ...advisory.warning_filters import quiet
from ...errors import FileFormatError, ShapeError
from ..opened import record_opened
from .dataset import Header, read_dataset, text, whole

#: Transfer syntaxes without compression, with the byte order of each.
_NATIVE = {"1.2.840.10008.1.2": "<", "1.2.840.10008.1.2.1": "<", "1.2.840.10008.1.2.2": ">"}
_IMPLICIT = "1.2.840.10008.1.2"
#: Elements of the group 7FE0 with pixel data: floating point of 32 and 64 bits, and whole numbers.
_KINDS = {0x0008: "f", 0x0009: "f", 0x0010: ""}
#: Largest expansion of compressed pixel data. Encoders of scans stay below it, except for blank slices, which are
#: small.
_MAX_RATIO, _SMALL = 1000, 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class PixelPlan:
    """Position and encoding of the pixel data of one file; `shape` is (frames, rows, columns)."""

    path: Path
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    unused_bits: int
    #: Position of the first value in the file; None if the values are compressed.
    offset: int | None

    def read(self) -> npt.NDArray[Any]:
        """Read the stored numbers (frames, rows, columns)."""
        record_opened(self.path)
        if self.offset is None:
            return self._decoded()
        values = np.empty(self.shape, self.dtype)
        with self.path.open("rb") as file:
            file.seek(self.offset)
            if file.readinto(values.reshape(-1).view(np.uint8).data) < values.nbytes:
                raise FileFormatError(f"{self.path}: its pixel data end early")
        if self.unused_bits:
            # The unused high bits may hold anything (formerly overlays). Shifting left and back extends the sign, if
            # there is one.
            values <<= self.unused_bits
            values >>= self.unused_bits
        return values

    def _decoded(self) -> npt.NDArray[Any]:
        dataset = read_dataset(self.path)
        with quiet():
            array: npt.NDArray[Any] = np.asarray(dataset.pixel_array)
        if array.size != np.prod(self.shape):
            raise FileFormatError(f"{self.path}: its pixel data hold {array.size} values, not {np.prod(self.shape)}")
        return array.reshape(self.shape)


def plan(file: Header) -> PixelPlan:
    """Find the encoding of a file's pixel data from its header, without reading or allocating more.

    `FileFormatError` is raised unless there is one gray value per pixel in 8, 16 or 32 bits, and if the header promises
    more than the file can hold. More than 2^33 voxels raise `ShapeError`.
    """
    header = file.dataset
    rows, columns = whole(header, "Rows", 1, 65535), whole(header, "Columns", 1, 65535)
    frames = whole(header, "NumberOfFrames", 1, 2**31 - 1, default=1)
    syntax = str(header.file_meta.get("TransferSyntaxUID", _IMPLICIT))
    order = _NATIVE.get(syntax)
    kind, length, start = _element(file.pixel_head, syntax, order or "<")
    bits = whole(header, "BitsAllocated", 1, 64)
    stored = whole(header, "BitsStored", 1, 64, default=bits)
    high = whole(header, "HighBit", 0, 63, default=stored - 1)
    if kind == "f":
        stored, high = bits, bits - 1
    else:
        kind = "i" if whole(header, "PixelRepresentation", 0, 1) else "u"
    photometric = text(header, "PhotometricInterpretation")
    if whole(header, "SamplesPerPixel", 1, 65535, default=1) != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise FileFormatError(f"pixels must be one gray value each, got {photometric}")
    if bits not in ((32, 64) if kind == "f" else (8, 16, 32)) or not (1 <= stored <= bits and high == stored - 1):
        raise FileFormatError(
            f"values must be stored in the low bits of 8, 16 or 32, got {stored} bits of {bits} below bit {high}"
        )
    shape = (frames, rows, columns)
    if frames * rows * columns > MAX_VOXELS:
        raise ShapeError(f"pixel data must have at most 2^33 voxels, got shape {list(shape)}")
    size, in_file = frames * rows * columns * bits // 8, file.size - file.pixel_offset
    dtype = np.dtype(f"{order or '='}{kind}{bits // 8}")
    if order is None:
        if size > max(_SMALL, _MAX_RATIO * in_file):
            raise FileFormatError(f"{in_file} compressed bytes cannot hold {size} bytes of pixel data")
        _check_compressed(syntax)
        return PixelPlan(path=file.path, shape=shape, dtype=dtype, unused_bits=0, offset=None)
    if length < size or length > in_file - start:
        raise FileFormatError(
            f"pixel data of {size} bytes are promised ({frames} x {rows} x {columns} values of {bits} bits), there "
            f"are {min(length, in_file - start)}"
        )
    return PixelPlan(
        path=file.path, shape=shape, dtype=dtype, unused_bits=bits - stored, offset=file.pixel_offset + start
    )


def _element(head: bytes, syntax: str, order: str) -> tuple[str, int, int]:
    """Return the kind of the pixel data ("f" for floating point, else ""), their length, and their offset."""
    group, element = struct.unpack(f"{order}HH", head[:4].ljust(4, b"\0"))
    if group != 0x7FE0 or element not in _KINDS or len(head) < 12:
        raise FileFormatError("there are no pixel data")
    long_form = syntax != _IMPLICIT
    (length,) = struct.unpack(f"{order}I", head[8:12] if long_form else head[4:8])
    return _KINDS[element], length, 12 if long_form else 8


def _check_compressed(syntax: str) -> None:
    """Whether pydicom knows the compression and has a decoder for it."""
    decoders = require("pydicom.pixels", "dicom")
    try:
        decoder = decoders.get_decoder(syntax)
    except NotImplementedError:
        raise FileFormatError(f"the transfer syntax {syntax} is not supported: store the file uncompressed") from None
    if not decoder.is_available:
        raise FileFormatError(
            f"no decoder is installed for {decoder.UID.name}: pip install yttria[dicom] brings them, or store the file "
            "uncompressed"
        )
