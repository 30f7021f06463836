"""Rules for all options: choices in both spellings, no repetition, messages with the command's options."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, get_args

import typer
from typer.core import TyperCommand
from typer.models import OptionInfo

#: Classes of Python that a message may name, by the parameter with the same meaning on the command line.
_CLASSES = {"RelativeScaling": "relative_to", "AbsoluteScaling": "scan_delay_h"}
_options: ContextVar[dict[str, str] | None] = ContextVar("yttria_options", default=None)


def choice(names: Sequence[str], help: str, panel: str | None = None) -> Any:
    """Option with one of several names, spelled with hyphens or underscores; its value is the name."""
    spelled = [name.replace("_", "-") for name in names]

    def parse(value: str) -> str:
        for name in names:
            if name.replace("-", "_") == value.replace("-", "_"):
                return name
        raise typer.BadParameter(f"must be one of {', '.join(spelled)}, got {value!r}")

    return typer.Option(parser=parse, metavar=f"[{'|'.join(spelled)}]", help=help, rich_help_panel=panel)


def evaluated_signature(command: Callable[..., None]) -> inspect.Signature:
    """Return the signature of a command with the types and options that its annotations declare.

    `typing.get_type_hints` of CPython 3.10 wraps the type of every parameter whose default is None in one more
    Optional, which hides the option from typer.
    """
    return inspect.signature(command, eval_str=True)


class StrictCommand(TyperCommand):
    """Command that rejects an option given twice, unless the option collects its values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, and reject an option that was given twice, because the last value would be used silently."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter, count in Counter(order).items():
            option: Any = parameter
            single = option.param_type_name == "option" and not (option.multiple or option.count)
            if single and count > 1:
                raise typer.BadParameter(f"must be given once, got {count} times", ctx=ctx, param=option)
        return super().parse_args(ctx, args)


@contextmanager
def option_names(command: Callable[..., None]) -> Iterator[None]:
    """Let `in_option_names` use the options of a command while it runs."""
    token = _options.set(_names(command))
    try:
        yield
    finally:
        _options.reset(token)


def _names(command: Callable[..., None]) -> dict[str, str]:
    """Return the option of each parameter of a command, in its long form."""
    names = {}
    for name, parameter in evaluated_signature(command).parameters.items():
        info = next((each for each in get_args(parameter.annotation) if isinstance(each, OptionInfo)), None)
        if info is not None:
            # Typer stores the first spelling of an annotated option in the place of a default.
            given = (info.default, *(info.param_decls or ()))
            spelled = [text for text in given if isinstance(text, str) and text.startswith("--")]
            names[name] = spelled[0].split("/")[0] if spelled else f"--{name.replace('_', '-')}"
    # The readers of structures have these parameters without the prefix, such as slice_thickness_mm.
    bare = {name.removeprefix("contour_"): option for name, option in names.items() if name.startswith("contour_")}
    return {name: option for name, option in bare.items() if "_" in name} | names


def in_option_names(message: str) -> str:
    """Replace Python's parameters in a message of the library by the options of the running command.

    Examples
    --------
    >>> in_option_names("the file states no unit; pass unit='Bq/mL'")
    "the file states no unit; pass unit='Bq/mL'"
    """
    options = _options.get() or {}
    options = options | {name: options[of] for name, of in _CLASSES.items() if of in options}
    # A parameter is named as `name=`, alone in parentheses, or by a name that is not an ordinary word.
    every = _alternatives(options)
    compound = _alternatives(name for name in options if "_" in name or name in _CLASSES)
    pattern = rf"(?<![\w.-])(?:({every})=|(?<=\()({every})(?=\))|({compound})(?![\w(]|\.\w))"

    def option(found: re.Match[str]) -> str:
        before_value = found.group(1) and found.string[found.end() : found.end() + 1].strip(" ,;:.)")
        return options[found.group(1) or found.group(2) or found.group(3)] + (" " if before_value else "")

    return re.sub(pattern, option, message)


def _alternatives(names: Iterable[str]) -> str:
    """Return a pattern for any of the names, the longest first; without names, one that never matches."""
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)"
