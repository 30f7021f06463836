"""Reader of MetaImage (https://itk.org/Wiki/ITK/MetaIO/Documentation), `.mhd` and `.mha`.

The values are beside a `.mhd` and inside a `.mha`. As in ITK, TransformMatrix holds one axis after the other, and
positions are left-posterior-superior.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..advisory import Advisory, advise
from ..errors import GeometryError
from ..geometry.affine import Affine
from ..geometry.image import Image
from ..geometry.nifti_affine import SAME_SIZE
from ..geometry.structure import Structure
from ._common import ReadOptions, agreed_unit, in_unit
from .labelmap import from_labelmap
from .stored_values import LONGEST_HEADER, MOST_FILES, Stored, open_regular, read_beside, read_values
from .text_header import TextHeader, checked_sizes

_TYPES = {
    **{"MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4"},
    **{"MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8"},
    **{"MET_FLOAT": "f4", "MET_DOUBLE": "f8"},
}
_UNIT_KEYS = ("yttria_unit", "ElementUnits", "ElementUnit", "Units", "Unit")
#: The axis of each letter of AnatomicalOrientation.
_AXES = {"R": 0, "L": 0, "A": 1, "P": 1, "I": 2, "S": 2}


def read_image(path: Path, options: ReadOptions) -> Image:
    """Read an image; see `yttria.io.read_image`."""
    header, array = _read(path, options)
    affine, advisories = _affine(path, header)
    image = Image(array, affine, "1", advisories=advisories)
    return in_unit(image, agreed_unit(path, header.text(*_UNIT_KEYS), options.unit))


def read_structures(
    path: Path, names: Sequence[str] | None, labels: Mapping[int, str] | None, options: ReadOptions
) -> list[Structure]:
    """Read structures; see `yttria.io.read_structures`."""
    header, array = _read(path, options)
    affine, advisories = _affine(path, header)
    image = Image(array, affine, "1", advisories=advisories)
    return from_labelmap(path, image, names, labels, {}, unit=header.text(*_UNIT_KEYS))


def _read(path: Path, options: ReadOptions) -> tuple[TextHeader, npt.NDArray[Any]]:
    with open_regular(path) as file:
        header = _header(file)
        stored = _stored(header)
        data = header.text("ElementDataFile")
        if data is None:
            raise ValueError("the header has no 'ElementDataFile'")
        if data.upper() == "LOCAL":
            return header, read_values(stored, file)
        return header, read_beside(path, _data_files(data, file), options.data_folder, stored)


def _header(file: BinaryIO) -> TextHeader:
    fields: dict[str, str] = {}
    left = LONGEST_HEADER
    while line := file.readline(left):
        left -= len(line)
        key, sign, value = line.decode(errors="replace").partition("=")
        if not sign or left <= 0:
            raise ValueError("a line of the header is not 'Key = value'" if left > 0 else "the header does not end")
        if fields.setdefault(key.strip(), value.strip()) != value.strip():
            raise ValueError(f"the header states {key.strip()} twice, with different values")
        if key.strip() == "ElementDataFile":
            break
    return TextHeader(fields=fields)


def _stored(header: TextHeader) -> Stored:
    if (kind := header.text("ObjectType") or "Image") != "Image":
        raise ValueError(f"ObjectType must be Image, got {kind}")
    dimensions = header.whole("NDims")
    if dimensions not in (3, 4):
        raise ValueError(f"NDims must be 3, got {dimensions}")
    sizes = header.numbers(dimensions, "DimSize")
    if sizes is None or any(size != int(size) for size in sizes):
        raise ValueError("DimSize must be whole numbers")
    if dimensions == 4 and sizes[3] != 1:
        raise ValueError(f"an image must have 3 dimensions, got {sizes[3]:g} volumes")
    if (channels := header.whole("ElementNumberOfChannels") or 1) != 1:
        raise ValueError(f"an image must have one value per voxel, got {channels}")
    for key, neutral in (("ElementToIntensityFunctionSlope", 1.0), ("ElementToIntensityFunctionOffset", 0.0)):
        if (found := header.number(key)) is not None and found != neutral:
            raise ValueError(
                f"{key} must be {neutral:g}, because some programs apply it and some do not, got {found:g}"
            )
    if (name := header.text("ElementType")) not in _TYPES:
        raise ValueError(f"ElementType must be one of {', '.join(_TYPES)}, got {name}")
    big = _flag(header, "BinaryDataByteOrderMSB", "ElementByteOrderMSB")
    dtype = np.dtype(_TYPES[name]).newbyteorder(">" if big else "<")
    encoding = "raw"
    if not _flag(header, "BinaryData", default=True):
        encoding = "text"
    elif _flag(header, "CompressedData"):
        encoding = "zlib"
    shape = tuple(int(size) for size in reversed(sizes[:3]))
    return Stored(shape=shape, dtype=dtype, encoding=encoding, line_skip=0, byte_skip=header.whole("HeaderSize") or 0)


def _flag(header: TextHeader, *keys: str, default: bool = False) -> bool:
    text = header.text(*keys)
    if text is None:
        return default
    if text[0].upper() not in "TF10YN":
        raise ValueError(f"{keys[0]} must be True or False, got {text}")
    return text[0].upper() in "T1Y"


def _data_files(data: str, file: BinaryIO) -> list[str]:
    words = data.split()
    if words[0].upper() == "LIST":
        if len(words) > 1 and int(words[1].rstrip("Dd")) not in (2, 3):
            raise ValueError(f"each file of a list must hold 2 or 3 dimensions, got {words[1]}")
        lines = [line.decode(errors="surrogateescape").strip() for line in file.readlines(LONGEST_HEADER)]
        return [line for line in lines if line]
    if "%" in data and len(words) == 4:
        found = range(int(words[1]), int(words[2]) + 1, int(words[3]))
        if not re.fullmatch(r"[^%]*%0?\d{0,2}d[^%]*", words[0]) or not 0 < len(found) <= MOST_FILES:
            raise ValueError(f"ElementDataFile must name 1 to {MOST_FILES} files by one number, got '{data}'")
        return [words[0] % n for n in found]
    return [data]


def _affine(path: Path, header: TextHeader) -> tuple[Affine, tuple[Advisory, ...]]:
    dimensions = header.whole("NDims") or 3
    if (unit := header.text("DistanceUnits") or "mm").casefold() not in ("mm", "?"):
        raise GeometryError(f"DistanceUnits must be mm, got {unit}")
    size = header.numbers(dimensions, "ElementSize")
    sizes = checked_sizes(header.numbers(dimensions, "ElementSpacing") or size, "ElementSpacing")
    matrix = header.numbers(dimensions**2, "TransformMatrix", "Rotation", "Orientation")
    offset = header.numbers(dimensions, "Offset", "Position", "Origin")
    advisories = []
    if size is not None and not np.allclose(size[:3], sizes[:3], rtol=SAME_SIZE, atol=0):
        advisories.append(advise("element_size_differs", file=path.name, spacing=sizes[:3], size=size[:3]))
    if matrix is None or offset is None:
        missing = " and ".join(n for n, v in (("TransformMatrix", matrix), ("Offset", offset)) if v is None)
        advisories.append(advise("position_assumed", "metaimage", file=path.name, missing=missing))
    axes = np.eye(dimensions) if matrix is None else np.reshape(matrix, (dimensions, dimensions))
    lengths = np.linalg.norm(axes[:3, :3], axis=1)
    if np.abs(lengths - 1).max() > 1e-3:
        raise GeometryError(f"each axis of TransformMatrix must have the length 1, got {lengths.tolist()}")
    affine = np.eye(4)
    affine[:3, :3] = axes[:3, :3].T * sizes[:3]
    affine[:3, 3] = 0.0 if offset is None else offset[:3]
    return affine, (*advisories, *_compared(path, header.text("AnatomicalOrientation"), axes))


def _compared(path: Path, stated: str | None, axes: npt.NDArray[Any]) -> list[Advisory]:
    """Report an AnatomicalOrientation, which ITK ignores, that differs from that of the matrix."""
    if stated is None or len(stated) != 3 or {_AXES.get(letter) for letter in stated.upper()} != {0, 1, 2}:
        return []
    toward = "".join(
        "LPS"[axis] if row[axis] > 0 else "RAI"[axis] for row in axes[:3, :3] for axis in [np.abs(row).argmax()]
    )
    # ITK names the side from which an axis comes, other programs the side to which it goes.
    opposite = toward.translate(str.maketrans("LPSRAI", "RAILPS"))
    if stated.upper() in (toward, opposite):
        return []
    return [advise("anatomical_orientation_differs", file=path.name, stated=stated, toward=toward)]
