"""Parts that all formats share: whole files, plain errors, and the rule for units."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .._foundation.choices import IsotopeName, NiftiMatrix, Unit
from .._foundation.units import UNITS, checked_unit, stated_unit, states_nothing
from ..advisory import Advisory, advise
from ..errors import (
    ArgumentError,
    FileFormatError,
    InsufficientMemoryError,
    MissingExtraError,
    UnitError,
    UnknownNameError,
    YttriaError,
)
from ..geometry.image import Image
from ..geometry.structure_selection import Patterns, select_structures


@contextmanager
def decoding(path: Path, kind: str) -> Iterator[None]:
    """Add the file to every error, and turn any error of a decoder on damaged input into a `FileFormatError`."""
    try:
        yield
    except (MissingExtraError, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except YttriaError as error:
        if str(error).startswith(str(path)):
            raise
        raise type(error)(f"{path}: {error}") from error
    except MemoryError as error:
        raise InsufficientMemoryError(f"{path}: its values need more memory than is available") from error
    except Exception as error:
        raise FileFormatError(f"{path}: not a readable {kind} file: {str(error) or type(error).__name__}") from error


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Statements of the caller about properties that a file may not state; see `yttria.io.read_image`.

    Sidecars of masks are not read, because a mask has no unit and no nuclide.
    """

    unit: Unit | None = None
    affine: NiftiMatrix | None = None
    orientation: str | None = None
    data_folder: Path | None = None
    isotope: IsotopeName = "Y-90"
    sidecars: bool = True


class AgreedUnit(NamedTuple):
    """Unit of an image, the factor from the stored values to it, and findings about it."""

    unit: Unit
    factor: float = 1.0
    advisories: tuple[Advisory, ...] = ()


def sha256_of(file: BinaryIO) -> str:
    """Compute the SHA-256 of the rest of an open file, read in pieces."""
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def agreed_unit(path: Path, stated: str | None, given: Unit | None) -> AgreedUnit:
    """Determine the unit of an image from the statements of the file and of the caller.

    Parameters
    ----------
    path : Path
        The file, for the message.
    stated : str, optional
        Unit in the file, in any spelling that `stated_unit` knows.
    given : str, optional
        One of `yttria.geometry.UNITS`.

    Raises
    ------
    UnitError
        If neither states a unit, or if the two differ.

    Warns
    -----
    unit_not_recognized
        The file states a unit that is not known, and the caller's unit is used.
    unit_converted
        The file is in a multiple of a known unit ("cGy").
    """
    if given is not None:
        checked_unit(given)
    if stated is None or states_nothing(stated):
        if given is None:
            raise UnitError(f"{path}: the file states no unit; pass unit= one of {', '.join(UNITS)}")
        return AgreedUnit(given)
    known = stated_unit(stated)
    if known is None:
        if given is None:
            raise UnitError(
                f"{path}: the file states the unit {stated!r}, which is not a known one; pass unit= one of "
                f"{', '.join(UNITS)}"
            )
        told = advise("unit_not_recognized", file=path.name, stated=stated, image_unit=given)
        return AgreedUnit(given, advisories=(told,))
    spelled = "" if stated == known.unit else f" (it states {stated!r})"
    if known.factor != 1.0:
        if given is not None:
            raise UnitError(f"{path}: the file is in {stated!r}, {known.factor:g} {known.unit}, not in {given}")
        converted = advise("unit_converted", file=path.name, stated=stated, factor=known.factor, image_unit=known.unit)
        return AgreedUnit(known.unit, known.factor, (converted,))
    if given is not None and given != known.unit:
        raise UnitError(f"{path}: the file is in {known.unit}{spelled}, not {given}")
    return AgreedUnit(known.unit)


def in_unit(image: Image, agreed: AgreedUnit) -> Image:
    """Convert an image to the agreed unit; its values are multiplied if necessary."""
    array = image.array if agreed.factor == 1.0 else image.array * agreed.factor
    return replace(image, array=array, unit=agreed.unit, advisories=(*image.advisories, *agreed.advisories))


def positions(
    path: Path,
    known: Sequence[str],
    names: Sequence[str] | None,
    *,
    only: Patterns = None,
    exclude: Patterns = None,
) -> list[int]:
    """Return the indices of the wanted names among the known ones, in the wanted order; all if no name is given.

    `only` and `exclude` are patterns as in `yttria.select_structures`.
    """
    if names is None:
        kept = set(select_structures(known, only=only, exclude=exclude))
        return [n for n, name in enumerate(known) if name in kept]
    if only is not None or exclude is not None:
        raise ArgumentError("give either names, or the patterns only and exclude, to select structures")
    for name in names:
        if name not in known:
            raise UnknownNameError(f"{path}: structure must be one of {', '.join(known)}, got '{name}'")
    return [n for name in names for n, other in enumerate(known) if other == name]
