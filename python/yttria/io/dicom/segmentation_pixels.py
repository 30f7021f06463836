"""Pixels of a segmentation, unpacked frame by frame on request."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..._foundation.extras import require
from ...errors import FileFormatError, GeometryError
from .dataset import Dataset, items, text, whole

_IMPLICIT, _BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
_NATIVE = (_IMPLICIT, "1.2.840.10008.1.2.1", _BIG_ENDIAN)
#: Largest expansion of compressed pixel data.
_MAX_RATIO, _SMALL = 1000, 64 * 2**20


class Frames:
    """Frames of a segmentation, in which `frames[n]` are the stored numbers (rows, columns) of frame n.

    `FileFormatError` is raised if the file is incomplete, or if no decoder for its compression is installed.
    """

    shape: tuple[int, int]
    count: int
    bits: int

    def __init__(self, dataset: Dataset) -> None:
        """Compare the size that the header promises with the size of the file."""
        if "TotalPixelMatrixRows" in dataset:
            raise GeometryError("a segmentation in tiles (microscopy) has no position in the patient")
        self.shape = whole(dataset, "Rows", 1, 65535), whole(dataset, "Columns", 1, 65535)
        self.count = whole(dataset, "NumberOfFrames", 1, 2**31 - 1, default=1)
        self.bits = whole(dataset, "BitsAllocated", 1, 16)
        if self.bits not in (1, 8, 16):
            raise FileFormatError(f"a segmentation must be stored in 1, 8 or 16 bits, got {self.bits}")
        if whole(dataset, "SamplesPerPixel", 1, 65535, default=1) != 1:
            raise FileFormatError("a segmentation must have one value per pixel")
        syntax = str(dataset.file_meta.get("TransferSyntaxUID", _IMPLICIT))
        data = dataset.get("PixelData")
        stored = len(data) if isinstance(data, bytes) else 0
        promised = -(-self.count * self.shape[0] * self.shape[1] * self.bits // 8)
        self._dataset, self._data = dataset, b""
        if syntax in _NATIVE:
            limit, self._data = stored, data if isinstance(data, bytes) else b""
            if syntax == _BIG_ENDIAN and stored and dataset["PixelData"].VR == "OW":
                words = np.frombuffer(self._data[: stored // 2 * 2], "<u2")
                self._data = words.byteswap().tobytes()
        else:
            limit = max(_SMALL, _MAX_RATIO * stored) if stored else 0
        if promised > limit:
            raise FileFormatError(f"pixel data of {promised} bytes are promised, there are {stored}")
        groups = items(dataset, "PerFrameFunctionalGroupsSequence")
        if len(groups) != self.count:
            raise FileFormatError(f"each of {self.count} frames must have its functional groups, got {len(groups)}")
        if syntax not in _NATIVE:
            self._check_decoder(syntax)
        self._native = syntax in _NATIVE

    def __getitem__(self, frame: int) -> npt.NDArray[Any]:
        """Read the stored numbers (rows, columns) of one frame."""
        if not self._native:
            decoded = require("pydicom.pixels", "dicom").pixel_array(self._dataset, index=frame, raw=True)
            array: npt.NDArray[Any] = np.asarray(decoded)
            if array.shape != self.shape:
                raise FileFormatError(f"frame {frame + 1} must have {list(self.shape)} pixels, got {list(array.shape)}")
            return array
        size = self.shape[0] * self.shape[1]
        if self.bits > 1:
            dtype = np.dtype(f"<u{self.bits // 8}")
            return np.frombuffer(self._data, dtype, size, frame * size * dtype.itemsize).reshape(self.shape)
        byte, bit = divmod(frame * size, 8)
        packed = np.frombuffer(self._data, np.uint8, -(-(bit + size) // 8), byte)
        return np.unpackbits(packed, bitorder="little")[bit : bit + size].reshape(self.shape)

    @staticmethod
    def _check_decoder(syntax: str) -> None:
        """Whether pydicom knows the compression and has a decoder for it."""
        try:
            decoder = require("pydicom.pixels", "dicom").get_decoder(syntax)
        except NotImplementedError:
            known = require("pydicom.uid", "dicom").UID(syntax).name
            raise FileFormatError(
                f"the transfer syntax {known} is not supported: store the file uncompressed"
            ) from None
        if not decoder.is_available:
            raise FileFormatError(
                f"no decoder is installed for {decoder.UID.name}: pip install pylibjpeg[all], or store the file "
                "uncompressed"
            )


def segment_numbers(dataset: Dataset) -> list[int]:
    """Return the segment of each frame, which may be stated once for all frames."""
    return [
        whole(identified[0], "ReferencedSegmentNumber", 0, 65535)
        for identified in functional_groups(dataset, "SegmentIdentificationSequence")
    ]


def functional_groups(dataset: Dataset, keyword: str, *, required: bool = True) -> list[list[Dataset]]:
    """Return the items of one functional group for each frame: its own, or else those shared by all frames."""
    shared = [item for group in items(dataset, "SharedFunctionalGroupsSequence") for item in items(group, keyword)]
    found = []
    for n, group in enumerate(items(dataset, "PerFrameFunctionalGroupsSequence")):
        of_frame = items(group, keyword) or shared
        if required and not of_frame:
            raise FileFormatError(f"frame {n + 1} of {text(dataset, 'NumberOfFrames')} has no {keyword}")
        found.append(of_frame)
    return found
