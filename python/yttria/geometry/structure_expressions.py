"""Structures derived from others by definitions such as `Normal = Liver - Tumors`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from .._foundation.text import plain
from ..advisory import advise
from ..errors import ArgumentError, UndefinedError, UnknownNameError
from .structure import Structure
from .structure_algebra import difference, intersection, union
from .structure_selection import select_structures

_LONGEST, _DEEPEST = 1000, 40
#: An operator has blanks or a parenthesis around it, so that names like "Tumor-1" need no quotes.
_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<quoted>"[^"]*"|'[^']*')
    |(?P<paren>[()])
    |(?P<comma>,)
    |(?P<operator>[-+|&](?=[\s(]))
    |(?P<word>[^\s(),]+)""",
    re.VERBOSE,
)
_OF = {"union": union, "intersection": intersection}


@dataclass(frozen=True, kw_only=True)
class _Token:
    kind: str
    text: str


def derive_structures(structures: Sequence[Structure], definitions: str | Sequence[str]) -> list[Structure]:
    """Derive structures from others by definitions such as `Normal = Liver - Tumors`.

    Parameters
    ----------
    structures : sequence of Structure
        Structures that the definitions may name, on any grids.
    definitions : str or sequence of str
        Each is `NAME = EXPRESSION`. They are evaluated in order, and each may use those before it.

    Returns
    -------
    list of Structure
        The structures that were given and then the derived ones, each with the note `structure_derived`.

    Raises
    ------
    ArgumentError
        If a definition cannot be read, or its name is that of an existing structure. The message shows the position.
    UnknownNameError
        If a name or pattern matches no structure. The message lists similar names.
    UndefinedError, GeometryError, ShapeError
        As for `union`.

    Warns
    -----
    structure_derived
        A note with the definition, on each derived structure.

    Notes
    -----
    `A - B` is A without B, `A + B` and `A | B` their union, `A & B` their intersection. `&` binds most strongly; the
    others are taken from left to right; parentheses group. `union of PATTERN, PATTERN` and `intersection of PATTERN`
    take every structure whose name matches, as `select_structures` does. An operator needs a blank on each side, so
    that `Tumor-1` is a name. A name needs quotes if it contains a comma, a parenthesis, an operator between blanks or
    the words `union of`. Case is ignored.

    Examples
    --------
    >>> import numpy as np
    >>> affine = np.diag([2.0, 2.0, 2.0, 1.0])
    >>> liver = Structure("Liver", np.ones((1, 1, 4), bool), affine)
    >>> tumors = [Structure(f"Tumor {n}", np.eye(4, dtype=bool)[n].reshape(1, 1, 4), affine) for n in (1, 2)]
    >>> made = derive_structures([liver, *tumors], ["Tumors = union of tumor*", "Normal = Liver - Tumors"])
    >>> made[-1].name, made[-1].mask.tolist()
    ('Normal', [[[True, False, False, True]]])
    """
    known = list(structures)
    for definition in [definitions] if isinstance(definitions, str) else list(definitions):
        if not isinstance(definition, str):
            raise ArgumentError(f"a definition must be a text, got {definition!r:.80}")
        known.append(_derived(definition, known))
    return known


def _derived(definition: str, known: list[Structure]) -> Structure:
    if len(definition) > _LONGEST:
        raise ArgumentError(f"a definition must have at most {_LONGEST} characters, got {len(definition)}")
    head, equals, expression = definition.partition("=")
    name = head.strip()
    if len(name) > 1 and name[0] in "\"'" and name[-1] == name[0]:
        name = name[1:-1].strip()
    if not equals or not name or not expression.strip():
        raise ArgumentError(f"a definition must read NAME = EXPRESSION, got {plain(definition)!r:.200}")
    if any(each.name.casefold() == name.casefold() for each in known):
        raise ArgumentError(f"{plain(definition)!r:.200}: a structure named '{plain(name)}' exists already")
    parsed = _Parser(expression, known).structure()
    note = advise("structure_derived", structure=name, definition=" ".join(expression.split()))
    advisories = tuple(dict.fromkeys((*parsed.advisories, note)))
    return replace(_as_mask(parsed), name=name, label=None, color=None, advisories=advisories)


def _as_mask(structure: Structure) -> Structure:
    """Convert contours to a mask, so that a derived structure that only renames them is a mask like the others."""
    if type(structure) is Structure:
        return structure
    return union([structure], name=structure.name)


class _Parser:
    """One expression, read from left to right."""

    def __init__(self, expression: str, known: list[Structure]) -> None:
        self.expression, self.known = expression.strip(), known
        self.tokens = [
            _Token(kind=str(found.lastgroup), text=found.group()) for found in _TOKEN.finditer(self.expression)
        ]
        self.place, self.depth = 0, 0

    def structure(self) -> Structure:
        found = self.sum()
        if self.peek() is not None:
            self.fail(f"an operator was expected before {self.peek().text!r}")  # type: ignore[union-attr]
        return found

    def fail(self, problem: str) -> NoReturn:
        raise ArgumentError(f"{plain(self.expression)!r:.200} cannot be read: {plain(problem)}")

    def peek(self) -> _Token | None:
        """Return the next token that is not blank."""
        while self.place < len(self.tokens) and self.tokens[self.place].kind == "blank":
            self.place += 1
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self, *texts: str) -> str | None:
        """Take the next token if it is an operator or a parenthesis with one of these texts."""
        token = self.peek()
        if token is None or token.kind not in ("operator", "paren", "comma") or token.text not in texts:
            return None
        self.place += 1
        return token.text

    def sum(self) -> Structure:
        found = self.product()
        while operator := self.take("+", "|", "-"):
            other = self.product()
            name = f"{found.name} {operator} {other.name}"
            found = difference(found, other, name=name) if operator == "-" else union([found, other], name=name)
        return found

    def product(self) -> Structure:
        found = self.operand()
        while self.take("&"):
            other = self.operand()
            found = intersection([found, other], name=f"{found.name} & {other.name}")
        return found

    def operand(self) -> Structure:
        if self.take("("):
            self.depth += 1
            if self.depth > _DEEPEST:
                self.fail(f"parentheses are nested more than {_DEEPEST} deep")
            found = self.sum()
            if not self.take(")"):
                self.fail("a closing parenthesis is missing")
            self.depth -= 1
            return found
        name, quoted = self.name()
        of = re.fullmatch(r"(union|intersection)\s+of(?:\s+(.*))?", name, re.IGNORECASE | re.DOTALL)
        if of and not quoted:
            return self.selection(of[1].casefold(), of[2])
        return self.named(name, quoted)

    def name(self) -> tuple[str, bool]:
        """Read a name to its end, and whether it was in quotes."""
        token = self.peek()
        if token is None or token.kind in ("operator", "comma") or token.text == ")":
            self.fail(f"a name was expected {'at the end' if token is None else f'before {token.text!r}'}")
        if token.kind == "quoted":
            self.place += 1
            return token.text[1:-1].strip(), True
        start = self.place
        while self.place < len(self.tokens) and self.tokens[self.place].kind in ("word", "blank"):
            self.place += 1
        return " ".join("".join(token.text for token in self.tokens[start : self.place]).split()), False

    def selection(self, kind: str, first: str | None) -> Structure:
        """Read `union of PATTERN, PATTERN`; each pattern may be in quotes."""
        patterns = [first if first is not None else self.name()[0]]
        while self.take(","):
            patterns.append(self.name()[0])
        parts = select_structures(self.known, only=patterns)
        return _OF[kind](parts, name=f"{kind} of {', '.join(patterns)}")

    def named(self, name: str, quoted: bool) -> Structure:
        found = [each for each in self.known if each.name == name]
        found = found or [each for each in self.known if each.name.casefold() == name.casefold()]
        if len(found) == 1:
            return found[0]
        if found:
            raise UndefinedError(f"'{plain(name)}' is ambiguous: {len(found)} structures have that name")
        if not quoted and re.search(r"[*?]", name):
            self.fail(f"a pattern must follow 'union of' or 'intersection of': write union of {name}")
        from difflib import get_close_matches

        names = [each.name for each in self.known]
        by_fold = {each.casefold(): each for each in names}
        alike = [by_fold[each] for each in get_close_matches(name.casefold(), by_fold)]
        hint = f"did you mean {' or '.join(map(repr, alike))}?" if alike else f"the structures are {', '.join(names)}"
        raise UnknownNameError(f"no structure is named '{plain(name)}'; {plain(hint)}")
