"""Reader and writer of NIfTI-1 by nibabel, with right-anterior-superior coordinates and arrays (i, j, k)."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .._foundation.arrays import MAX_VOXELS
from .._foundation.extras import require
from .._foundation.whole_files import atomic
from ..errors import DTypeError, FileFormatError
from ..geometry.affine import Affine, flip_lps_ras
from ..geometry.image import Image
from ..geometry.structure import Structure
from . import _gzip
from ._common import ReadOptions, agreed_unit, in_unit
from .image_sidecar import read_image_sidecar
from .label_names import names_of_labels
from .labelmap import from_labelmap, to_layers
from .stored_values import open_regular

_UNIT = re.compile(r"yttria_unit=(\S+)")
_LABELS = "yttria_labels"
#: The NIfTI extension code for a comment.
_COMMENT = 6
#: Largest offset of the values.
_LATEST_VALUES = 1 << 24
#: Largest number of bytes after the values.
_LONGEST_TAIL = 1 << 20


def read_image(path: Path, options: ReadOptions) -> Image:
    """Read an image; see `yttria.io.read_image`."""
    image, header = _read(path, options)
    if not options.sidecars:
        return in_unit(image, agreed_unit(path, _unit(header), options.unit))
    sidecar = read_image_sidecar(path)
    image = in_unit(image, agreed_unit(*sidecar.unit(path, _unit(header)), options.unit))
    return replace(image, advisories=(*image.advisories, *sidecar.advisories(options.isotope)))


def write_image(image: Image, path: Path) -> None:
    """Write an image; see `yttria.io.write_image`."""
    _write(path, image.array, image.affine_lps, f"yttria_unit={image.unit}", None)


def read_structures(
    path: Path, names: Sequence[str] | None, labels: Mapping[int, str] | None, options: ReadOptions
) -> list[Structure]:
    """Read structures; see `yttria.io.read_structures`."""
    image, header = _read(path, options)
    own: dict[int, str] = {}
    tables: list[str] = []
    for extension in header.extensions:
        text = _text(extension)
        if extension.get_code() == _COMMENT and _LABELS in text:
            own = {int(label): str(name) for label, name in json.loads(text)[_LABELS].items()}
        else:
            tables.append(text)
    known = {} if own else names_of_labels(path, tables)
    return from_labelmap(path, image, names, labels, own, known, _unit(header))


def write_structures(structures: Sequence[Structure], path: Path) -> None:
    """Write structures; see `yttria.io.write_structures`."""
    layers, places = to_layers(structures)
    if len(layers) > 1:
        raise FileFormatError(f"{path}: a labelmap cannot hold structures that overlap: write a .seg.nrrd")
    labels = {value: structure.name for structure, (_, value) in zip(structures, places, strict=True)}
    _write(path, layers[0], structures[0].affine_lps, "", json.dumps({_LABELS: labels}, ensure_ascii=True))


def _text(extension: Any) -> str:
    """Return the content of a header extension as text, which holds no names if the content is not text."""
    try:
        content = extension.get_content()
    except NotImplementedError:
        # Newer versions of nibabel know some codes, such as Caret's, but cannot interpret their bytes.
        content = extension.content
    return content if isinstance(content, str) else bytes(content).decode(errors="backslashreplace")


def _unit(header: Any) -> str | None:
    match = _UNIT.search(header["descrip"].item().decode("latin-1"))
    return match[1] if match else None


def _read(path: Path, options: ReadOptions) -> tuple[Image, Any]:
    nibabel = require("nibabel", "nifti")
    with open_regular(path) as file:
        gzipped = path.suffix.casefold() == ".gz"
        stream = _gzip.reader(file) if gzipped else file
        start = stream.read(4)
        kinds = {348: nibabel.Nifti1Header, 540: nibabel.Nifti2Header}
        kind = kinds.get(int.from_bytes(start, "little"), kinds.get(int.from_bytes(start, "big")))
        if kind is None:
            raise ValueError("its header is neither 348 nor 540 bytes long")
        stored = kind(start + stream.read(kind.sizeof_hdr - 4), check=False)
        _check_offset(stored)
        if not stored["magic"].item().startswith((b"n+1", b"n+2")):
            raise ValueError("its magic number is not that of one file with header and values (n+1 or n+2)")
        stream.seek(0)
        header = kind.from_fileobj(stream)
        available = os.fstat(file.fileno()).st_size * (_gzip.DEFLATE_RATIO if gzipped else 1)
        array = _read_values(header, stream, available)
    # The caller of this function determines the unit of the values; it is "1" until then. The position is read from the
    # stored header, because nibabel silently corrects sizes that are negative or zero.
    read = SimpleNamespace(dataobj=array.T, affine=None, header=stored)
    return Image.from_any(read, unit="1", affine=options.affine), header


def _check_offset(header: Any) -> None:
    """Check the offset of the values: extensions before it are read whole, and a header may claim any length."""
    offset = header.get_data_offset()
    if offset > _LATEST_VALUES:
        raise ValueError(f"its values must begin within the first {_LATEST_VALUES} bytes, got {offset}")


def _read_values(header: Any, stream: BinaryIO, available: int) -> npt.NDArray[Any]:
    """Read the values with the axes of the file reversed, in native byte order, and scaled as the header states."""
    shape, dtype = tuple(reversed(header.get_data_shape())), header.get_data_dtype()
    size = math.prod(shape) * dtype.itemsize
    if dtype.kind not in "iuf":
        raise ValueError(f"values must be real numbers, got type {dtype}")
    if math.prod(shape) > MAX_VOXELS:
        raise ValueError(f"an image must have at most {MAX_VOXELS} voxels, got sizes {shape[::-1]}")
    if not 0 < size <= available:
        raise ValueError(f"{available} bytes cannot hold {size} bytes of values")
    stream.seek(header.get_data_offset())
    array = np.empty(shape, dtype)
    if (filled := _gzip.fill(array.reshape(-1).view(np.uint8).data, stream)) < size:
        raise ValueError(f"the header promises {size} bytes of values, but there are {filled}")
    # The file is read to its end, because there a decoder checks its checksum.
    if len(stream.read(_LONGEST_TAIL)) == _LONGEST_TAIL:
        raise ValueError(f"the file goes on for more than {_LONGEST_TAIL} bytes after its values")
    # NaN and 0 mean that values are not scaled. An infinite factor is an error.
    if np.isinf(header["scl_slope"]) or np.isinf(header["scl_inter"]):
        raise ValueError(f"slope and intercept must be finite, got {header['scl_slope']} and {header['scl_inter']}")
    slope, intercept = header.get_slope_inter()
    if (slope, intercept) not in ((None, None), (1.0, 0.0)):
        volumeutils = require("nibabel.volumeutils", "nifti")
        array = volumeutils.apply_read_scaling(array, slope, intercept)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _write(path: Path, array: npt.NDArray[Any], affine_lps: Affine, description: str, comment: str | None) -> None:
    nibabel = require("nibabel", "nifti")
    if array.dtype.str[1:] not in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"):
        raise DTypeError(f"{path}: NIfTI has no type for {array.dtype}; convert the array first")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    image = nibabel.Nifti1Image(little.T, flip_lps_ras(affine_lps), dtype=little.dtype)
    image.set_sform(flip_lps_ras(affine_lps), code="scanner")
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = description.encode()
    if comment is not None:
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(_COMMENT, comment.encode()))
    with atomic(path) as file:
        if path.suffix.casefold() == ".gz":
            with _gzip.writer(file) as stream:
                image.to_stream(stream)
        else:
            image.to_stream(file)
