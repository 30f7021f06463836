"""Declaration of a case. The options, the manifest's schema and the documentation's table are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._foundation.numbers import one_of
from ..errors import YttriaError
from .checks import field_problems, joint_problems
from .fields import (
    declared_fields,
)
from .image_fields import ImageFields
from .structure_fields import StructureFields


@dataclass(frozen=True, kw_only=True)
class Case(StructureFields, ImageFields):
    """Declaration of one case with its files, the scaling of its image to activity, and the dose model.

    Every field is described in docs/case.md. `structures` may be several paths, whose structures must have different
    names.

    Raises
    ------
    YttriaError
        The first of `problems()`: `ArgumentError`, `OutOfRangeError`, `UnitError` or
        `UnknownNameError`. No file is read.

    Notes
    -----
    Absolute scaling needs `scan_delay_h`. Relative scaling needs `relative_to`, `administered_activity_gbq` and
    `lung_shunt_fraction`. One of the two must be given, unless the activity is DICOM. In DICOM the header's times give
    the delay of absolute scaling, and the header's activity is compared with the field's total.

    CT numbers beyond the curve take the density of its end, and voxels beyond the CT take `density_g_per_ml`. Both are
    reported.
    """

    def __post_init__(self) -> None:
        for _, error in problems(vars(self)):
            raise error
        for name, declared in FIELDS.items():
            value = getattr(self, name)
            if value is declared.default:
                continue
            if declared.kind == "choice":
                object.__setattr__(self, name, one_of(name, value, declared.choices))
            elif declared.kind == "path" and value is not None:
                several = isinstance(value, list | tuple)
                object.__setattr__(self, name, tuple(map(Path, value)) if several else Path(value))

    @property
    def structure_files(self) -> tuple[Path, ...]:
        """Files or folders of the structures, one or more."""
        return self.structures if isinstance(self.structures, tuple) else (self.structures,)


#: Declaration of each field by its name, in the order of the class.
FIELDS = declared_fields(Case)
#: Fields of a case that name files or folders.
FILE_FIELDS = tuple(name for name, declared in FIELDS.items() if declared.kind == "path")


def problems(declared: dict[str, Any]) -> Iterator[tuple[str, YttriaError]]:
    """Find everything that is wrong with the declared values of a case.

    Parameters
    ----------
    declared : dict of str to value
        Values by the names of the fields of `Case`.

    Yields
    ------
    field : str
        Name of the field.
    error : YttriaError
        The mistake. No file is read.

    Examples
    --------
    >>> declared = {"activity": "pet.nrrd", "structures": "seg.nrrd", "method": "guess"}
    >>> "method" in {field for field, _ in problems(declared)}
    True
    """
    found = list(field_problems(FIELDS, declared))
    yield from found or joint_problems(FIELDS, declared)
