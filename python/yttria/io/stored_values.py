"""Values of an image that a header describes, decoded into one array of the stated size.

NRRD, MetaImage and Interfile share this module. Their text headers state a type, a shape, an encoding and often other
files.
"""

from __future__ import annotations

import math
import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .._foundation.arrays import MAX_VOXELS
from ..errors import FileFormatError
from . import _gzip
from .opened import record_opened

#: Headers are text; a longer header is something else.
LONGEST_HEADER = 1 << 22
#: Largest number of files that one header may name for its values.
MOST_FILES = 10_000
_LONGEST_LINE = _PIECE = 1 << 20
_LONGEST_NUMBER = 400
_BZIP2_RATIO, _SMALL = 5000, 1 << 28


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Description of the values by their header: shape (slowest axis first), type, byte order, encoding, bytes to skip.

    `encoding` is "raw", "gzip", "zlib", "bzip2" or "text". A `byte_skip` of -1 means that the values are at the end of
    the file. Of several files, each holds an equal share, in their order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    encoding: str = "raw"
    line_skip: int = 0
    byte_skip: int = 0


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read and record it.

    Raises
    ------
    FileFormatError
        If it is a pipe, a device or a socket, because reading those may never end.
    """
    # The file is opened without blocking, because opening a pipe without a writer would wait for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(f"{path}: must be a file, got a folder")
        if not stat.S_ISREG(mode):
            raise FileFormatError(f"{path}: must be a regular file, got a pipe, a device or a socket")
        record_opened(path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def beside(header: Path, name: str, folder: Path | None) -> Path:
    """Return the path of a file that a header names, which must lie in the header's folder, or in `folder` if given.

    Raises
    ------
    FileFormatError
        If it lies elsewhere, also by a symbolic link, because a header from another source must not choose the files
        that are read.
    """
    if not name or "\0" in name:
        raise FileFormatError(f"{header}: the values must be in a file with a plain name, got {name!a:.80}")
    allowed = (header.parent if folder is None else folder).resolve()
    path = header.parent / name
    if not path.resolve().is_relative_to(allowed):
        raise FileFormatError(
            f"{header}: its values are in {name!a:.80}, outside the folder {allowed}; if that file is meant, allow its "
            "folder with data_folder= of yttria.read_image"
        )
    return path


def read_beside(header: Path, names: Sequence[str], folder: Path | None, stored: Stored) -> npt.NDArray[Any]:
    """Read the values from files that a header names; see `beside` and `read_values`."""
    if not 0 < len(names) <= MOST_FILES:
        raise ValueError(f"the values must be in 1 to {MOST_FILES} files, got {len(names)}")
    paths = [beside(header, name, folder) for name in names]
    if len(set(paths)) < len(paths):
        raise ValueError("the files of the values must be different, but the header names one twice")
    array: npt.NDArray[Any] | None = None
    for n, path in enumerate(paths):
        try:
            file = open_regular(path)
        except OSError as error:
            why = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read as a file"
            raise FileFormatError(f"{header}: its values are in {names[n]!a:.80}, which {why}") from error
        with file:
            _check_room(stored, file, len(paths))
            array = np.empty(stored.shape, stored.dtype) if array is None else array
            _fill(stored, file, array.reshape(len(paths), -1)[n])
    assert array is not None
    return _native(array)


def read_values(stored: Stored, file: BinaryIO) -> npt.NDArray[Any]:
    """Read the values from the file's position, in native byte order, into one buffer of the stated size.

    `ValueError` is raised if the file cannot hold them, or holds more or fewer.
    """
    _check_room(stored, file, 1)
    array = np.empty(stored.shape, stored.dtype)
    _fill(stored, file, array.reshape(-1))
    return _native(array)


def _check_room(stored: Stored, file: BinaryIO, files: int) -> None:
    """Raise `ValueError` before allocation if one of the files cannot hold its share of the values."""
    shape = stored.shape
    if not shape or min(shape) < 1:
        raise ValueError(f"every axis must have at least one voxel, got sizes {shape[::-1]}")
    if (count := math.prod(shape)) > MAX_VOXELS:
        raise ValueError(f"an image must have at most {MAX_VOXELS} voxels, got sizes {shape[::-1]}")
    if count % files:
        raise ValueError(f"{count} values cannot be shared evenly by {files} files")
    size, available = count // files * stored.dtype.itemsize, os.fstat(file.fileno()).st_size
    # A number as text and the blank after it take at least two bytes.
    most = (
        (available + 1) // 2 * stored.dtype.itemsize if stored.encoding == "text" else _most(stored.encoding, available)
    )
    if size > most:
        raise ValueError(f"{available} bytes cannot hold {size} bytes of values")


def _native(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    native = array.dtype.newbyteorder("=")
    return array if array.dtype == native else array.byteswap(inplace=True).view(native)


def _fill(stored: Stored, file: BinaryIO, share: npt.NDArray[Any]) -> None:
    for _ in range(stored.line_skip):
        if not file.readline(_LONGEST_LINE):
            raise ValueError("the file has fewer lines than the header states to skip")
    if stored.encoding == "text":
        _fill_from_text(file, share)
        return
    size = share.nbytes
    skip = stored.byte_skip
    if skip == -1 and stored.encoding == "raw":
        file.seek(-size, os.SEEK_END)
    elif skip < 0:
        raise ValueError(f"byte skip {skip} is not possible with encoding {stored.encoding}")
    with ExitStack() as stack:
        stream = stack.enter_context(_decoded(file, stored.encoding))
        _skip(stream, skip)
        filled = _gzip.fill(share.view(np.uint8).data, stream)
        # Reading one byte more makes the decoder check its checksum, and reveals values that the header does not count.
        if filled < size or stream.read(1):
            raise ValueError(
                f"the header promises {size} bytes of values, but there are {'more' if filled == size else filled}"
            )


def _most(encoding: str, available: int) -> int:
    """Return the largest number of bytes of values that a file may hold."""
    if encoding == "raw":
        return available
    if encoding in ("gzip", "zlib"):
        return available * _gzip.DEFLATE_RATIO
    # bzip2 expands one byte to a million if all are equal, so small files are always allowed.
    return max(available * _BZIP2_RATIO, _SMALL)


def _skip(stream: BinaryIO, count: int) -> None:
    """Skip bytes in pieces, because a compressed file may hold many more bytes than its size."""
    while count > 0:
        passed = len(stream.read(min(count, _PIECE)))
        if not passed:
            raise ValueError("the file has fewer bytes than the header states to skip")
        count -= passed


def _decoded(file: BinaryIO, encoding: str) -> BinaryIO:
    if encoding == "raw":
        return file
    if encoding == "gzip":
        return _gzip.reader(file)
    if encoding == "zlib":
        return _Zlib(file)  # type: ignore[return-value]
    if encoding == "bzip2":
        import bz2  # Some builds of Python lack bz2.

        return bz2.BZ2File(file)  # type: ignore[return-value]
    raise ValueError(f"encoding must be raw, gzip, zlib, bzip2 or text, got '{encoding}'")


class _Zlib:
    """Stream of the decompressed bytes of a zlib or gzip stream, the encodings of MetaImage."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._decoder, self._left = file, zlib.decompressobj(32 + zlib.MAX_WBITS), b""

    def __enter__(self) -> _Zlib:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, count: int) -> bytes:
        while not self._decoder.eof:
            piece = self._decoder.unconsumed_tail or self._file.read(_PIECE)
            if found := self._decoder.decompress(piece, count):
                return found
            if not piece:
                raise ValueError("the compressed values end early")
        return b""

    def readinto(self, buffer: memoryview) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def numbers(file: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the words of a text in pieces; a word must not be longer than a number can be."""
    rest = b""
    while piece := file.read(_PIECE):
        words = (rest + piece).split()
        # The last word may continue in the next piece.
        rest = words.pop() if words and not piece[-1:].isspace() else b""
        if max(map(len, [*words, rest])) > _LONGEST_NUMBER:
            raise ValueError(f"a number has more than {_LONGEST_NUMBER} characters")
        yield words
    if rest:
        yield [rest]


def _fill_from_text(file: BinaryIO, share: npt.NDArray[Any]) -> None:
    kind: type[int] | type[float] = int if share.dtype.kind in "iu" else float
    bounds, filled = (np.iinfo if kind is int else np.finfo)(share.dtype), 0
    for words in numbers(file):
        if filled + len(words) > share.size:
            raise ValueError(f"the header promises {share.size} values, but there are more")
        found = np.array([kind(word) for word in words], dtype=None if words else share.dtype)
        if kind is int and words and (found.min() < bounds.min or found.max() > bounds.max):
            raise ValueError(f"values must be within [{bounds.min}, {bounds.max}], got {found.min()} to {found.max()}")
        share[filled : filled + len(words)] = found.astype(share.dtype)
        filled += len(words)
    if filled < share.size:
        raise ValueError(f"the header promises {share.size} values, but there are {filled}")
