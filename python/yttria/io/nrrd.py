"""Reader and writer of NRRD (http://teem.sourceforge.net/nrrd/format.html), attached and detached."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .._foundation.extras import require
from .._foundation.units import stated_unit, states_nothing
from .._foundation.whole_files import atomic
from ..errors import DTypeError, FileFormatError, GeometryError, UnitError
from ..geometry.affine import Affine
from ..geometry.image import Image
from ..geometry.nifti_affine import SAME_SIZE
from . import _gzip
from ._common import ReadOptions, agreed_unit, in_unit, sha256_of
from .stored_values import LONGEST_HEADER, MOST_FILES, Stored, open_regular, read_beside, read_values

#: The key of the unit in files written here. NRRD's own `sample units` is read too.
UNIT_KEY = "yttria_unit"
_UNIT_KEYS = (UNIT_KEY, "sample units", "unit", "units", "Unit", "Units")
_TO_LPS = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}
_MILLIMETERS = ("mm", "millimeter", "millimeters", "millimetre", "millimetres")
#: Names of the types in NRRD; the first one is written.
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
_ENCODINGS = {"raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
_ENCODINGS |= dict.fromkeys(("ascii", "text", "txt"), "text")
_LIST = re.compile(rb"data ?file:\s*LIST\b")
#: The keys of a Slicer segmentation.
SEGMENT_KEY = re.compile(r"Segment(\d+)_(\w+)")


def read_image(path: Path, options: ReadOptions) -> Image:
    """Read an image; see `yttria.io.read_image`."""
    header, array = read(path, options)
    if any(SEGMENT_KEY.match(key) for key in header):
        raise FileFormatError(f"{path}: holds a segmentation, not an image: use read_structures")
    volumes, affine = placed(path, header, array)
    if len(volumes) != 1:
        raise FileFormatError(f"{path}: an image must have one value per voxel, got {len(volumes)}")
    return in_unit(Image(volumes[0], affine, "1"), agreed_unit(path, stated_unit_of(path, header), options.unit))


def write_image(image: Image, path: Path) -> None:
    """Write an image; see `yttria.io.write_image`."""
    write(path, image.array, image.affine_lps, {UNIT_KEY: image.unit})


def read(path: Path, options: ReadOptions) -> tuple[dict[str, Any], npt.NDArray[Any]]:
    """Read header and values; the array's axes are those of the file reversed (slowest first), in native byte order."""
    with open_regular(path) as file:
        header = _read_header(path, file)
        stored = _stored(header)
        data = header.get("data file", header.get("datafile"))
        if data is None:
            return header, read_values(stored, file)
        return header, read_beside(path, _data_files(str(data), stored.shape, file), options.data_folder, stored)


def _data_files(data: str, shape: tuple[int, ...], file: BinaryIO) -> list[str]:
    """Return the file names of the field "data file": one name, a numbered pattern, or the lines after the header."""
    words = data.split()
    if words and words[0] == "LIST":
        _joined(words[1:], len(shape))
        lines = [line.decode(errors="surrogateescape").strip() for line in file.readlines(LONGEST_HEADER)]
        return [line for line in lines if line]
    if "%" in data and len(words) in (4, 5):
        _joined(words[4:], len(shape))
        first, last, step = (int(word) for word in words[1:4])
        found = range(first, last + (1 if step > 0 else -1), step)
        if not re.fullmatch(r"[^%]*%0?\d{0,2}d[^%]*", words[0]) or not 0 < len(found) <= MOST_FILES:
            raise ValueError(f"data file must name 1 to {MOST_FILES} files by one number, got '{data}'")
        return [words[0] % n for n in found]
    return [data]


def _joined(words: list[str], dimension: int) -> None:
    """Check the axes of one of several files, which are joined along the slowest axes."""
    if words and not 1 <= int(words[0]) <= dimension:
        raise ValueError(f"the axes of one data file must be 1 to {dimension}, got {words[0]}")


def placed(path: Path, header: Mapping[str, Any], array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Affine]:
    """Return the values as volumes (n, k, j, i), with n > 1 if each voxel holds a list, and their affine.

    `GeometryError` is raised unless the file states an anatomical space and a direction in mm for exactly three axes.
    """
    space = str(header.get("space", "")).casefold()
    if space not in _TO_LPS:
        raise GeometryError(f"{path}: space must be one of {', '.join(_TO_LPS)}, got '{space}'")
    for field in ("space directions", "space origin"):
        if header.get(field) is None:
            raise GeometryError(f"{path}: the header has no '{field}'")
    _check_lengths(path, "space units", header.get("space units", []))
    nowhere = np.full(3, np.nan)
    directions = [nowhere if d is None else np.asarray(d) for d in header["space directions"]]
    spatial = [axis for axis, direction in enumerate(directions) if not np.isnan(direction).all()]
    if len(spatial) != 3 or len(directions) != array.ndim or array.ndim > 4:
        raise GeometryError(
            f"{path}: three axes must have a direction and one more may have none, got {len(spatial)} of "
            f"{array.ndim} axes with one"
        )
    axis_units = header.get("units")
    if isinstance(axis_units, list) and len(axis_units) == array.ndim:
        _check_lengths(path, "units", [axis_units[axis] for axis in spatial])
    affine = np.eye(4)
    affine[:3, :3] = np.array([directions[axis] for axis in spatial]).T
    _check_spacings(path, header, affine, spatial)
    affine[:3, 3] = header["space origin"]
    affine[:3] *= np.array(_TO_LPS[space])[:, None]
    affine[:3] += 0.0  # This turns -0.0 into 0.
    if array.ndim == 3:
        return array[np.newaxis], affine
    (list_axis,) = set(range(4)) - set(spatial)
    return np.moveaxis(array, array.ndim - 1 - list_axis, 0), affine


def _check_lengths(path: Path, field: str, units: Iterable[str]) -> None:
    """Raise `GeometryError` if axes are in another unit than the millimeter."""
    others = sorted({unit for unit in units if unit and unit.casefold() not in _MILLIMETERS})
    if others:
        raise GeometryError(f"{path}: {field} must be mm, got {', '.join(others)}")


def _check_spacings(path: Path, header: Mapping[str, Any], affine: Affine, spatial: list[int]) -> None:
    """Raise `GeometryError` if the field "spacings", which is redundant with directions, contradicts them."""
    stated = header.get("spacings")
    if stated is None or len(stated) <= max(spatial):
        return
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    spacings = np.abs(np.array([stated[axis] for axis in spatial], dtype=np.float64))
    if (np.abs(spacings - sizes) > SAME_SIZE * sizes).any():
        raise GeometryError(
            f"{path}: the header contradicts itself: voxels are {sizes.tolist()} mm by its space directions and "
            f"{spacings.tolist()} mm by its spacings"
        )


def write(path: Path, array: npt.NDArray[Any], affine_lps: Affine, keys: Mapping[str, str]) -> None:
    """Write values (k, j, i) or (k, j, i, list) with their position and key/value pairs, gzip-compressed."""
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
    if path.suffix.casefold() == ".nhdr":
        _write_detached(path, array, fields, keys)
        return
    with atomic(path) as file:
        file.write(_header_text(fields, keys))
        _write_values(array, file)


def _header_text(fields: Mapping[str, str], keys: Mapping[str, str]) -> bytes:
    lines = ["NRRD0004", *(f"{k}: {v}" for k, v in fields.items()), *(f"{k}:={_escaped(v)}" for k, v in keys.items())]
    return ("\n".join(lines) + "\n\n").encode()


def _write_detached(path: Path, array: npt.NDArray[Any], fields: dict[str, str], keys: Mapping[str, str]) -> None:
    """Write values under a name that no header uses, then rename the header into place, then remove the old values."""
    before = _own_data_file(path)
    unfinished = path.with_suffix(".raw.gz.unfinished")
    with atomic(unfinished) as values:
        _write_values(array, values)
    try:
        data = path.with_suffix(".raw.gz")
        if data.exists():
            with unfinished.open("rb") as written:
                data = path.with_suffix(f".{sha256_of(written)[:16]}.raw.gz")
        new = not data.exists()
        unfinished.replace(data)
        try:
            with atomic(path) as file:
                file.write(_header_text({**fields, "data file": data.name}, keys))
        except BaseException:
            if new:
                data.unlink()
            raise
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    if before is not None and before != data:
        with suppress(FileNotFoundError):
            before.unlink()


def _own_data_file(path: Path) -> Path | None:
    """Return the file of values of a header that was written here, if there is such a header."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        text = file.read(LONGEST_HEADER)
    match = re.search(rb"^data file: (.+)$", text, re.MULTILINE)
    name = match[1].decode(errors="replace") if match else ""
    own = re.fullmatch(re.escape(path.stem) + r"(\.[0-9a-f]{16})?\.raw\.gz", name)
    return path.with_name(name) if own else None


def stated_unit_of(path: Path, header: Mapping[str, Any]) -> str | None:
    """Return the text of the unit; `UnitError` if the file states two units that differ."""
    # The field "units" states the unit of the axes, a key of that name the unit of the values.
    found = [str(header[key]) for key in _UNIT_KEYS if key in header and not isinstance(header[key], list)]
    stated = [text for text in found if not states_nothing(text)]
    if len({stated_unit(text) or text for text in stated}) > 1:
        raise UnitError(f"{path}: the file states two units, {' and '.join(map(repr, stated))}")
    return stated[0] if stated else None


def _read_header(path: Path, file: BinaryIO) -> dict[str, Any]:
    pynrrd = require("nrrd", "nrrd")
    lines, left = [file.readline(LONGEST_HEADER)], LONGEST_HEADER
    if not lines[0].startswith(b"NRRD"):
        raise FileFormatError(f"{path}: not a NRRD file: it does not begin with 'NRRD'")
    # A list of files ends the header without a blank line, and the names follow directly.
    while not _LIST.match(lines[-1]) and (line := file.readline(left)).strip():
        lines.append(line)
        left -= len(line)
        if left <= 0:
            raise FileFormatError(f"{path}: the header is longer than {LONGEST_HEADER} bytes")
    # From text, pynrrd keeps letters beyond ASCII, which it drops from bytes.
    header: dict[str, Any] = pynrrd.read_header([line.decode(errors="backslashreplace").rstrip() for line in lines])
    for field in ("type", "dimension", "sizes", "encoding"):
        if field not in header:
            raise FileFormatError(f"{path}: the header has no '{field}'")
    return {key: _unescaped(value) if isinstance(value, str) else value for key, value in header.items()}


def _stored(header: Mapping[str, Any]) -> Stored:
    shape = tuple(int(n) for n in reversed(header["sizes"]))
    if len(shape) != header["dimension"]:
        raise ValueError(f"dimension {header['dimension']} and sizes {shape[::-1]} do not agree")
    if header["type"] not in _TYPES:
        raise ValueError(f"unknown type '{header['type']}'")
    encoding = _ENCODINGS.get(header["encoding"].casefold())
    if encoding is None:
        raise ValueError(f"encoding must be raw, gzip, bzip2 or ascii, got '{header['encoding']}'")
    dtype = np.dtype(_TYPES[header["type"]])
    if dtype.itemsize > 1 and encoding != "text":
        if header.get("endian") not in ("little", "big"):
            raise ValueError(f"endian must be little or big, got '{header.get('endian')}'")
        dtype = dtype.newbyteorder("<" if header["endian"] == "little" else ">")
    line_skip = header.get("line skip", header.get("lineskip", 0))
    byte_skip = header.get("byte skip", header.get("byteskip", 0))
    return Stored(shape=shape, dtype=dtype, encoding=encoding, line_skip=line_skip, byte_skip=byte_skip)


def _write_values(array: npt.NDArray[Any], file: BinaryIO) -> None:
    with _gzip.writer(file) as stream:
        for slab in array:
            stream.write(np.ascontiguousarray(slab, dtype=slab.dtype.newbyteorder("<")).data)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(value: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in value.split("\\\\"))
