"""Notes, warnings and errors as data, for the reader of a result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from ..sources import Read, read_of

Severity = Literal["note", "warning", "error"]


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """Statement about a result that its reader must know, in a form a program can act on.

    Parameters
    ----------
    code : str
        Stable name for programs, such as "lung_shunt_above_20_percent". `advisory_kinds` explains each.
    message : str
        One plain sentence for people.
    value : float, optional
        The value found, in the unit that the message names.
    limit : float, optional
        The limit with which `value` was compared, in the same unit.
    source : str, default ""
        Origin of the limit: citation keys of `yttria.sources`.
    severity : {"note", "warning", "error"}, default "warning"
        "note": an assumption or a choice that a careful reader wants to see; the number stands. "warning": the number
        may be wrong or the plan may be unsafe, and a person has to look. "error": the value is not possible, and the
        result is kept only so that the cause can be found. If no result can be computed at all, an exception is raised
        instead.

    Examples
    --------
    >>> Advisory(code="tumor_small", message="The tumor has 1.2 mL.", value=1.2, limit=2.0).severity
    'warning'
    """

    code: str
    message: str
    value: float | None = None
    limit: float | None = None
    source: str = ""
    severity: Severity = "warning"

    def __post_init__(self) -> None:
        """Keep plain numbers, because JSON cannot store those of NumPy."""
        for name in ("value", "limit"):
            number = getattr(self, name)
            if number is not None and type(number) is not float and hasattr(number, "item"):
                object.__setattr__(self, name, number.item())

    @property
    def source_read(self) -> Read | None:
        """Part of the source that was read (`yttria.sources.Source.read`); None without a source of the table."""
        return read_of(self.source)

    def as_dict(self) -> dict[str, str | float | None]:
        """Return the fields and `source_read` as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> Advisory(code="tumor_small", message="The tumor has 1.2 mL.", value=1.2, limit=2.0).as_dict()["limit"]
        2.0
        """
        return asdict(self) | {"source_read": self.source_read}
