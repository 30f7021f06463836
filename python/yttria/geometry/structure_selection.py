"""Selection of structures by the patterns of their names."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from .._foundation.text import did_you_mean
from ..errors import ArgumentError, DuplicateNameError, UndefinedError, UnknownNameError
from .structure import Structure

Named = TypeVar("Named", Structure, str)
#: One pattern, several, or none.
Patterns = str | Sequence[str] | None
#: Largest number of names that a message lists.
_LISTED = 40


def check_unique_names(structures: Sequence[Structure]) -> Sequence[Structure]:
    """Return the structures; two of the same name raise `DuplicateNameError`."""
    seen: set[str] = set()
    for structure in structures:
        if structure.name in seen:
            raise DuplicateNameError(f"structure names must be unique, got '{structure.name}' twice")
        seen.add(structure.name)
    return structures


def select_structures(structures: Sequence[Named], *, only: Patterns = None, exclude: Patterns = None) -> list[Named]:
    """Select structures by the patterns of their names, in the order given.

    Parameters
    ----------
    structures : sequence of Structure or of str
        The structures, or their names alone.
    only : str or sequence of str, optional
        Patterns of the names to keep. All structures are kept if there is no pattern.
    exclude : str or sequence of str, optional
        Patterns of the names to leave out. They are applied after `only`.

    Returns
    -------
    list
        The selected members of `structures`.

    Raises
    ------
    UnknownNameError
        If a pattern matches no structure. The message lists the names of the structures.
    UndefinedError
        If no structure is left.
    ArgumentError
        If a pattern is not a text, or `structures` is one structure.

    Notes
    -----
    Patterns ignore case. `*` matches any text, `?` one character, and `[abc]` one of several characters. A name always
    matches itself, whatever characters it has.

    Examples
    --------
    >>> select_structures(["Liver", "Tumor 1", "Tumor 2", "BODY"], only="tumor*", exclude=["*2"])
    ['Tumor 1']
    """
    if isinstance(structures, str | Structure):
        raise ArgumentError("structures must be a list of structures or of names, got one of them")
    found = list(structures)
    names = [item if isinstance(item, str) else item.name for item in found]
    kept = _matching("only", only, names) if _patterns("only", only) else set(range(len(found)))
    kept -= _matching("exclude", exclude, names)
    if found and not kept:
        raise UndefinedError(f"no structure is left by only={only!r} and exclude={exclude!r}; {_listed(names)}")
    return [item for n, item in enumerate(found) if n in kept]


def _patterns(argument: str, patterns: Patterns) -> list[str]:
    listed = [patterns] if isinstance(patterns, str) else list(patterns or ())
    for pattern in listed:
        if not isinstance(pattern, str):
            raise ArgumentError(f"{argument} must hold patterns of structure names, got {pattern!r}")
    return listed


def _matching(argument: str, patterns: Patterns, names: Sequence[str]) -> set[int]:
    """Return the indices of the names that at least one pattern matches."""
    folded, found = [name.casefold() for name in names], set()
    for pattern in _patterns(argument, patterns):
        wanted = pattern.strip().casefold()
        places = {n for n, name in enumerate(folded) if name == wanted or fnmatchcase(name, wanted)}
        if not places:
            hint = did_you_mean(pattern, names)
            raise UnknownNameError(f"{argument}={pattern!r} matches no structure; {_listed(names)}{hint}")
        found |= places
    return found


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "no structure was given"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"the structures are {', '.join(names[:_LISTED])}{more}"
