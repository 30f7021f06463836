"""Sources of the package's numbers and formulas: one table, looked up by citation key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from .errors import UnknownNameError

Read = Literal["own", "primary", "secondary", "no"]
#: From values that need no check to values that were not checked.
_READ: tuple[Read, ...] = ("own", "primary", "secondary", "no")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source: a publication, a text of a manufacturer, or a choice of this project.

    Parameters
    ----------
    key : str
        Citation key, such as "kao2014"; docstrings and results cite it.
    citation : str
        Authors, journal, year and pages, as far as they are known.
    read : {"primary", "secondary", "no", "own"}
        "primary": the source itself was read. "secondary": a text that quotes it was read. "no": neither was read,
        and its values must be checked before use. "own": it is not a publication.
    checked : str
        Parts of it that were read, and values that were compared with it.
    """

    key: str
    citation: str
    read: Read
    checked: str

    def as_dict(self) -> dict[str, str]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        return asdict(self)


@cache
def sources() -> Mapping[str, Source]:
    """All sources by their citation key.

    Examples
    --------
    >>> sources()["kao2014"].citation
    'Kao 2014, EJNMMI Res 4:33'
    """
    from importlib.resources import files

    table = json.loads((files("yttria") / "data" / "sources.json").read_text(encoding="utf-8"))
    return MappingProxyType({key: Source(key=key, **row) for key, row in table["sources"].items()})


def source(key: str) -> Source:
    """Look up one source.

    Parameters
    ----------
    key : str
        Citation key, such as "kao2014".

    Raises
    ------
    UnknownNameError
        If the table has no such key; the message names the keys.
    """
    if key not in sources():
        raise UnknownNameError(f"source must be one of {', '.join(sources())}, got {key!r:.80}")
    return sources()[key]


def cited(text: str) -> tuple[Source, ...]:
    """Find the sources that a text cites by their keys.

    Parameters
    ----------
    text : str
        For example the `source` of an advisory or of a nuclide: "weber2022, lam2014".

    Returns
    -------
    tuple of Source
        In the order of the text, each once. Empty if the text holds no key.

    Examples
    --------
    >>> [found.read for found in cited("weber2022, lam2014")]
    ['primary', 'primary']
    """
    known = sources()
    words = (word.rstrip(".") for word in re.findall(r"[a-z0-9.-]+", text))
    return tuple(dict.fromkeys(known[word] for word in words if word in known))


def read_of(text: str) -> Read | None:
    """State how well the sources that a text cites were read; the least read one decides.

    Parameters
    ----------
    text : str
        Text with citation keys.

    Returns
    -------
    {"own", "primary", "secondary", "no"} or None
        None if the text cites no source of the table.

    Examples
    --------
    >>> read_of("lencioni2010")
    'secondary'
    """
    return max((found.read for found in cited(text)), key=_READ.index, default=None)
