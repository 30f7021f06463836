"""NRRD (http://teem.sourceforge.net/nrrd/format.html), attached and detached.

pynrrd parses the header. Values are read here, straight into the array that is returned: one buffer of the size the
header promises, whatever the compressed stream would expand to.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .._extras import require
from ..affine import Affine
from ..errors import DTypeError, FileFormatError, GeometryError, UnitError
from ..image import Image
from ..units import stated_unit, states_nothing
from . import _gzip
from ._common import agreed_unit, atomic, in_unit

#: The key that carries the unit in files written here; NRRD's own `sample units` is read as well.
UNIT_KEY = "yttria_unit"
_UNIT_KEYS = (UNIT_KEY, "sample units")
_TO_LPS = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}
#: NRRD's names of the types, the one that is written first.
_NAMES = {
    "i1": ["int8", "int8_t", "signed char"],
    "u1": ["uint8", "uint8_t", "uchar", "unsigned char"],
    "i2": ["int16", "int16_t", "short", "short int", "signed short", "signed short int"],
    "u2": ["uint16", "uint16_t", "ushort", "unsigned short", "unsigned short int"],
    "i4": ["int32", "int32_t", "int", "signed int"],
    "u4": ["uint32", "uint32_t", "uint", "unsigned int"],
    "i8": ["int64", "int64_t", "longlong", "long long", "long long int", "signed long long", "signed long long int"],
    "u8": ["uint64", "uint64_t", "ulonglong", "unsigned long long", "unsigned long long int"],
    "f4": ["float"],
    "f8": ["double"],
}
_TYPES = {name: code for code, names in _NAMES.items() for name in names}
_LONGEST_LINE = 1 << 20
_BZIP2_RATIO, _SMALL = 5000, 1 << 28


def read_image(path: Path, unit: str | None) -> Image:
    """See `yttria.io.read_image`."""
    header, array = read(path)
    if any(key.startswith("Segment0_") for key in header):
        raise FileFormatError(f"{path}: holds a segmentation, not an image: use read_structures")
    volumes, affine = placed(path, header, array)
    if len(volumes) != 1:
        raise FileFormatError(f"{path}: an image must have one value per voxel, got {len(volumes)}")
    return in_unit(Image(volumes[0], affine, "1"), agreed_unit(path, _stated_unit(path, header), unit))


def write_image(image: Image, path: Path) -> None:
    """See `yttria.io.write_image`."""
    write(path, image.array, image.affine_lps, {UNIT_KEY: image.unit})


def read(path: Path) -> tuple[dict[str, Any], npt.NDArray[Any]]:
    """Header and values; the array's axes are the file's in reverse (slowest first), its byte order is native."""
    with path.open("rb") as file:
        header = _read_header(path, file)
        data = header.get("data file", header.get("datafile"))
        if data is None:
            return header, _read_values(header, file)
        if data.split()[0] == "LIST" or "%" in data:
            raise FileFormatError(f"{path}: values in several files ('{data}') are not supported")
        with (path.parent / data).open("rb") as values:
            return header, _read_values(header, values)


def placed(path: Path, header: Mapping[str, Any], array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Affine]:
    """The values as volumes (n, k, j, i), n > 1 where each voxel holds a list, and the affine that places them.

    Raises `GeometryError` unless the file states an anatomical space and a direction in mm for exactly three axes.
    """
    space = str(header.get("space", "")).casefold()
    if space not in _TO_LPS:
        raise GeometryError(f"{path}: space must be one of {', '.join(_TO_LPS)}, got '{space}'")
    for field in ("space directions", "space origin"):
        if header.get(field) is None:
            raise GeometryError(f"{path}: the header has no '{field}'")
    units = {unit for unit in header.get("space units", []) if unit}
    if not units <= {"mm"}:
        raise GeometryError(f"{path}: space units must be mm, got {', '.join(sorted(units))}")
    nowhere = np.full(3, np.nan)
    directions = [nowhere if d is None else np.asarray(d) for d in header["space directions"]]
    spatial = [axis for axis, direction in enumerate(directions) if not np.isnan(direction).all()]
    if len(spatial) != 3 or len(directions) != array.ndim or array.ndim > 4:
        raise GeometryError(
            f"{path}: three axes must have a direction and one more may have none, got {len(spatial)} of "
            f"{array.ndim} axes with one"
        )
    affine = np.eye(4)
    affine[:3, :3] = np.array([directions[axis] for axis in spatial]).T
    affine[:3, 3] = header["space origin"]
    affine[:3] *= np.array(_TO_LPS[space])[:, None]
    affine[:3] += 0.0  # a flipped zero is zero, not -0.0
    if array.ndim == 3:
        return array[np.newaxis], affine
    (list_axis,) = set(range(4)) - set(spatial)
    return np.moveaxis(array, array.ndim - 1 - list_axis, 0), affine


def write(path: Path, array: npt.NDArray[Any], affine_lps: Affine, keys: Mapping[str, str]) -> None:
    """Write values (k, j, i) or (k, j, i, list) with their place and key/value pairs, gzip-compressed."""
    code = array.dtype.str[1:]
    if code not in _NAMES:
        raise DTypeError(f"{path}: NRRD has no type for {array.dtype}; convert the array first")
    lists = array.ndim - 3
    vectors = [f"({','.join(repr(float(x)) for x in column)})" for column in affine_lps[:3].T]
    fields = {
        "type": _NAMES[code][0],
        "dimension": str(array.ndim),
        "space": "left-posterior-superior",
        "sizes": " ".join(str(n) for n in reversed(array.shape)),
        "space directions": " ".join(["none"] * lists + vectors[:3]),
        "kinds": " ".join(["list"] * lists + ["domain"] * 3),
        "endian": "little",
        "encoding": "gzip",
        "space origin": vectors[3],
    }
    detached = path.with_suffix(".raw.gz") if path.suffix.casefold() == ".nhdr" else None
    if detached:
        fields["data file"] = detached.name
    lines = ["NRRD0004", *(f"{k}: {v}" for k, v in fields.items()), *(f"{k}:={_escaped(v)}" for k, v in keys.items())]
    with atomic(path) as file:
        file.write(("\n".join(lines) + "\n\n").encode())
        if detached:
            with atomic(detached) as values:
                _write_values(array, values)
        else:
            _write_values(array, file)


def _stated_unit(path: Path, header: Mapping[str, Any]) -> str | None:
    """The text for the unit; `UnitError` if the file states two units that differ."""
    found = [str(header[key]) for key in _UNIT_KEYS if key in header]
    stated = [text for text in found if not states_nothing(text)]
    if len({stated_unit(text) or text for text in stated}) > 1:
        raise UnitError(f"{path}: the file states two units, {' and '.join(map(repr, stated))}")
    return stated[0] if stated else None


def _read_header(path: Path, file: BinaryIO) -> dict[str, Any]:
    pynrrd = require("nrrd", "nrrd")
    lines = [file.readline(_LONGEST_LINE)]
    if not lines[0].startswith(b"NRRD"):
        raise FileFormatError(f"{path}: not a NRRD file: it does not begin with 'NRRD'")
    while (line := file.readline(_LONGEST_LINE)).strip():
        lines.append(line)
    # Given text, pynrrd keeps the letters beyond ASCII that it drops from bytes.
    header: dict[str, Any] = pynrrd.read_header([line.decode(errors="backslashreplace").rstrip() for line in lines])
    for field in ("type", "dimension", "sizes", "encoding"):
        if field not in header:
            raise FileFormatError(f"{path}: the header has no '{field}'")
    return {key: _unescaped(value) if isinstance(value, str) else value for key, value in header.items()}


def _read_values(header: Mapping[str, Any], file: BinaryIO) -> npt.NDArray[Any]:
    shape = tuple(int(n) for n in reversed(header["sizes"]))
    if len(shape) != header["dimension"] or min(shape) < 1:
        raise ValueError(f"dimension {header['dimension']} and sizes {shape[::-1]} do not fit")
    if header["type"] not in _TYPES:
        raise ValueError(f"unknown type '{header['type']}'")
    dtype = np.dtype(_TYPES[header["type"]])
    encoding = header["encoding"].casefold()
    for _ in range(header.get("line skip", header.get("lineskip", 0))):
        if not file.readline():
            raise ValueError("there are fewer lines than the header says to skip")
    if encoding in ("ascii", "text", "txt"):
        return np.array(file.read().split()).astype(dtype).reshape(shape)
    if dtype.itemsize > 1 and header.get("endian") not in ("little", "big"):
        raise ValueError(f"endian must be little or big, got '{header.get('endian')}'")
    size, available = math.prod(shape) * dtype.itemsize, os.fstat(file.fileno()).st_size
    if size > _most(encoding, available):
        raise ValueError(f"{available} bytes cannot hold {size} bytes of values")
    skip = header.get("byte skip", header.get("byteskip", 0))
    if skip == -1 and encoding == "raw":
        file.seek(-size, os.SEEK_END)
    elif skip < 0:
        raise ValueError(f"byte skip {skip} does not fit encoding {encoding}")
    array = np.empty(shape, dtype)
    with _decoded(file, encoding) as stream:
        _skip(stream, skip)
        filled = _gzip.fill(array.reshape(-1).view(np.uint8).data, stream)
        # One byte more makes the decoder check its sum, and shows values that the header does not count.
        if filled < size or stream.read(1):
            raise ValueError(
                f"the header promises {size} bytes of values, there are {'more' if filled == size else filled}"
            )
    swapped = dtype.itemsize > 1 and header["endian"] != sys.byteorder
    return array.byteswap(inplace=True) if swapped else array


def _most(encoding: str, available: int) -> int:
    """How many bytes of values a file may hold."""
    if encoding == "raw":
        return available
    if encoding in ("gzip", "gz"):
        return available * _gzip.DEFLATE_RATIO
    # bzip2 makes a million bytes out of one where all are alike; what is small may be.
    return max(available * _BZIP2_RATIO, _SMALL)


def _skip(stream: BinaryIO, count: int) -> None:
    """Pass over bytes in pieces, for compressed ones may be many more than the file has."""
    while count > 0:
        passed = len(stream.read(min(count, _LONGEST_LINE)))
        if not passed:
            raise ValueError("there are fewer bytes than the header says to skip")
        count -= passed


def _decoded(file: BinaryIO, encoding: str) -> BinaryIO:
    if encoding == "raw":
        return file
    if encoding in ("gzip", "gz"):
        return _gzip.reader(file)
    if encoding in ("bzip2", "bz2"):
        import bz2  # not in every build of Python

        return bz2.BZ2File(file)  # type: ignore[return-value]
    raise ValueError(f"encoding must be raw, gzip, bzip2 or ascii, got '{encoding}'")


def _write_values(array: npt.NDArray[Any], file: BinaryIO) -> None:
    with _gzip.writer(file) as stream:
        for slab in array:
            stream.write(np.ascontiguousarray(slab, dtype=slab.dtype.newbyteorder("<")).data)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(value: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in value.split("\\\\"))
