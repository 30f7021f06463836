"""Declarations of fields. Check, option, JSON Schema and the documentation's table are made from one declaration."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from .._core import fraction_below_one
from .._foundation.numbers import LARGEST_RELATIVE_UNCERTAINTY, one_of, relative_uncertainty
from .._foundation.numbers import number as a_number
from ..errors import ArgumentError, OutOfRangeError, UnknownNameError

Check = Callable[[Any], object]
Kind = Literal["path", "text", "number", "choice"]
Form = Literal["option", "repeated", "argument", "none"]


@dataclass(frozen=True, kw_only=True)
class Field:
    """Declaration of one field of a case.

    Parameters
    ----------
    kind : {"path", "text", "number", "choice"}
        Kind of the value. A relative path of a manifest starts from the manifest's folder.
    check : callable
        Raises a `YttriaError` if a value is wrong by itself.
    help : str
        Meaning of the field in one or two sentences. Another field is named in braces.
    unit : str
        Unit of a number; "1" for a fraction.
    limits : mapping of str to float
        Range of a number by the keywords of JSON Schema, `minimum`, `exclusiveMinimum`, `maximum` and
        `exclusiveMaximum`.
    choices : sequence of str
        The allowed values of a choice, or the usual values of a text.
    listed : bool
        Whether the help sentence ends with the choices. If it is false, the option of the command line shows them.
    named : bool
        Whether a text must have at least one character.
    form : {"option", "repeated", "argument", "none"}
        Form of the field in a command. "repeated" is an option that may be repeated, and "argument" has no name.
    option : tuple of str
        Spellings of the option, the long form first, if they are not the field's name with hyphens.
    separator : str
        Separator of the values of a repeated option in one text. It is "" if they are a tuple.
    applies_to : {"", "structures in DICOM", "contours"}
        Kind of case to which the field applies; "" is every case. Contours are also structures in DICOM.
    group : str
        Heading under which help and documentation show the field and those after it. "" continues the previous heading.
    name : str
        Name of the field, taken from the class that declares it.
    required : bool
        Whether a value must be given, taken from that class.
    default : object
        Value if the field is not given, taken from that class.
    """

    kind: Kind
    check: Check
    help: str
    unit: str = ""
    limits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    choices: Sequence[str] = ()
    listed: bool = False
    named: bool = False
    form: Form = "option"
    option: tuple[str, ...] = ()
    separator: str = ""
    applies_to: Literal["", "structures in DICOM", "contours"] = ""
    group: str = ""
    name: str = ""
    required: bool = True
    default: Any = None

    @property
    def optional(self) -> bool:
        """Whether None is allowed, which means that nothing is declared."""
        return self.default is None and not self.required

    @property
    def options(self) -> tuple[str, ...]:
        """Spellings of the option on the command line, the long form first. It is empty without an option."""
        if self.form in ("argument", "none"):
            return ()
        return self.option or (f"--{self.name.replace('_', '-')}",)

    def sentence(self, names: Mapping[str, str]) -> str:
        """Return the help with the names of other fields from `names`, and the choices if they are listed."""
        text = self.help.format_map(names)
        return f"{text.removesuffix('.')}: {', '.join(self.choices)}." if self.listed else text


def declared_fields(kind: type) -> dict[str, Field]:
    """Collect the declarations in the annotations of a dataclass by name, in its order."""
    found: dict[str, Field] = {}
    group = ""
    hints = get_type_hints(kind, include_extras=True)
    for each in dataclasses.fields(kind):
        (field,) = (one for one in get_args(hints[each.name]) if isinstance(one, Field))
        required = each.default is dataclasses.MISSING
        default = None if required else each.default
        group = field.group or group
        found[each.name] = dataclasses.replace(field, group=group, name=each.name, required=required, default=default)
    return found


def path(quantity: str, help: str, *, form: Form = "option", **more: Any) -> Field:
    """Declare the path of a file or folder. If the option may be repeated, several paths are also allowed."""

    def check(value: object) -> None:
        paths = value if form == "repeated" and isinstance(value, list | tuple) and value else [value]
        for each in paths:
            if not isinstance(each, str | Path) or each == "":
                raise ArgumentError(f"{quantity} must be a path, got {each!r}")
            if "\0" in str(each):
                raise ArgumentError(f"{quantity} must be a path without null characters, got {str(each)!r:.80}")

    return Field(kind="path", check=check, help=help, named=True, form=form, **more)


def text(quantity: str, help: str, *, check: Check | None = None, **more: Any) -> Field:
    """Declare a text."""

    def is_text(value: object) -> None:
        if not isinstance(value, str):
            raise ArgumentError(f"{quantity} must be a text, got {value!r:.80}")

    return Field(kind="text", check=check or is_text, help=help, **more)


def patterns(help: str, **more: Any) -> Field:
    """Declare one or more patterns of names of structures."""
    return text("patterns of structures", help, form="repeated", separator=";", **more)


def choice(
    quantity: str, help: str, names: Sequence[str], *, unknown: Callable[[str], object] | None = None, **more: Any
) -> Field:
    """Declare a choice of several names. Hyphens and underscores are equivalent.

    `unknown` is called with a name that is not listed, and may raise an error that explains more.
    """

    def check(value: object) -> None:
        try:
            one_of(quantity, value, names)
        except UnknownNameError:
            if unknown is not None and isinstance(value, str):
                unknown(value)
            raise

    return Field(kind="choice", check=check, help=help, choices=tuple(names), **more)


def number(help: str, unit: str, check: Check, limits: Mapping[str, float], **more: Any) -> Field:
    """Declare a number with the limits that its check enforces."""
    return Field(kind="number", check=check, help=help, unit=unit, limits=limits, **more)


def whole_number(quantity: str, value: object, *, least: int, most: int) -> int:
    """Check that a value is a whole number within limits, also if it is written as 1e7.

    Otherwise `ArgumentError` or `OutOfRangeError` is raised.
    """
    found = a_number(quantity, value)
    if not least <= found <= most:
        raise OutOfRangeError(f"{quantity} must be within [{least}, {most}], got {found:g}")
    if found != int(found):
        raise ArgumentError(f"{quantity} must be a whole number, got {found:g}")
    return int(found)


def positive(quantity: str, help: str, unit: str, **more: Any) -> Field:
    """Declare a number above 0."""

    def check(value: object) -> None:
        if not 0.0 < (found := a_number(quantity, value)) < float("inf"):
            raise OutOfRangeError(f"{quantity} must be finite and > 0, got {found:g}")

    return number(help, unit, check, {"exclusiveMinimum": 0}, **more)


def not_negative(quantity: str, help: str, unit: str, **more: Any) -> Field:
    """Declare a number of at least 0."""

    def check(value: object) -> None:
        if not 0.0 <= (found := a_number(quantity, value)) < float("inf"):
            raise OutOfRangeError(f"{quantity} must be finite and >= 0, got {found:g}")

    return number(help, unit, check, {"minimum": 0}, **more)


def standard_uncertainty(quantity: str, help: str, **more: Any) -> Field:
    """Declare the relative standard uncertainty of a quantity, a fraction within [0, 2]."""

    def check(value: object) -> None:
        relative_uncertainty(f"relative standard uncertainty of the {quantity}", value)

    return number(help, "1", check, {"minimum": 0, "maximum": LARGEST_RELATIVE_UNCERTAINTY}, **more)


def fraction(quantity: str, help: str) -> Field:
    """Declare a fraction within [0, 1)."""

    def check(value: object) -> None:
        fraction_below_one(quantity, a_number(quantity, value))

    return number(help, "1", check, {"minimum": 0, "exclusiveMaximum": 1})
