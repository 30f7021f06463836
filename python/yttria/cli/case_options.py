"""Options of a command that takes a case, made from the declarations of its fields."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ..case.case import FIELDS
from ..case.fields import Field
from .options import choice, evaluated_signature


def with_case_options(
    command: Callable[..., None], *, defaults: Mapping[str, object] | None = None
) -> Callable[..., None]:
    """Give a command an option for each field of a case.

    Parameters
    ----------
    command : callable
        Its first parameter takes the declared values of a case by field; the others are its own options.
    defaults : mapping of str to object, optional
        Defaults of this command by field that differ from those of a case.

    Returns
    -------
    callable
        The command for typer. Its signature has the options of the fields, and then those of the command.
    """
    _, *own = evaluated_signature(command).parameters.values()
    fields = [replace(field, default=(defaults or {}).get(name, field.default)) for name, field in FIELDS.items()]
    parameters = [_parameter(field) for field in fields if field.form != "none"]
    parameters += [each.replace(kind=each.KEYWORD_ONLY) for each in own]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        declared = {name: _value(field, given.pop(name)) for name, field in FIELDS.items() if name in given}
        command(declared, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _parameter(field: Field) -> inspect.Parameter:
    """Make the parameter of a field, annotated for typer."""
    kind: Any = {"path": Path, "number": float}.get(field.kind, str)
    if field.form == "repeated":
        kind = types.GenericAlias(list, (kind,))
    if field.optional:
        kind = kind | None
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if field.required else field.default,
        annotation=Annotated[kind, _info(field)],
    )


def _info(field: Field) -> Any:
    help = field.sentence({name: each.options[0] for name, each in FIELDS.items() if each.options})
    if field.form == "argument":
        return typer.Argument(help=help, show_default=False)
    if field.form == "repeated":
        help = f"{help.removesuffix('.')}; repeat for more."
    if field.kind == "choice" and not field.listed:
        return choice(field.choices, help, field.group)
    return typer.Option(*field.options, help=help, show_default=not field.required, rich_help_panel=field.group)


def _value(field: Field, given: Any) -> Any:
    """Return the value of a field, in which the values of a repeated option become one."""
    if field.form != "repeated" or not given:
        return None if field.form == "repeated" else given
    if field.separator:
        return field.separator.join(given)
    return tuple(given) if len(given) > 1 else given[0]
