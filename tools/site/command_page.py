"""Page of the command line: every command with its options, taken from the program."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from yttria.cli.app import ENTRIES, command_of


def pages() -> dict[str, str]:
    """Return the page by its name."""
    text = (
        "# Command line\n\nEvery command prints its options with `--help`. Exit codes: 0 done, 1 refused with one "
        "sentence, 2 a mistake in the options, 130 interrupted; `yttria batch run` has 3 and 4 for cases without a "
        "result. Options that take images accept NRRD, NIfTI, MetaImage, Interfile and DICOM alike.\n"
    )
    panels: dict[str, list[str]] = {}
    for name, entry in ENTRIES.items():
        panels.setdefault(entry.panel, []).append(name)
    for panel, names in panels.items():
        text += f"\n## {panel}\n"
        for name in names:
            for words, command in _commands(f"yttria {name}", command_of(name)):
                text += _section(words, command)
    return {"command_line.md": text}


def _commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield a command, or those of a group."""
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield words, command
    else:
        for name, each in subcommands.items():
            yield from _commands(f"{words} {name}", each)


def _section(words: str, command: Any) -> str:
    arguments = " ".join(each.name.upper() for each in command.params if each.param_type_name == "argument")
    text = f"\n### `{words}`\n\n"
    text += f"```text\n{words} {arguments} [options]\n```\n\n" if arguments else f"```text\n{words} [options]\n```\n\n"
    # A line that begins with a command or holds columns is kept as it is; other lines flow.
    paragraphs = inspect.cleandoc(command.help or "").replace("\f", "").replace("\b", "").split("\n\n")
    text += "\n\n".join(_plain(" ".join(each.split())) for each in paragraphs if each.strip()) + "\n\n"
    rows = [_row(each) for each in command.params if each.name not in ("help",)]
    return text + "| option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else text


def _row(parameter: Any) -> str:
    names = parameter.opts if parameter.param_type_name == "option" else [parameter.name.upper()]
    shown = ", ".join(f"`{name}`" for name in sorted(names, key=len, reverse=True))
    meaning = _plain(getattr(parameter, "help", None) or "")
    if (listed := getattr(parameter, "metavar", None) or "").startswith("["):
        meaning += " One of " + ", ".join(f"`{each}`" for each in listed.strip("[]").split("|")) + "."
    default = parameter.default
    if parameter.required:
        meaning += " Required."
    elif default is not None and default is not False and default != () and not callable(default) and str(default):
        shown_default = str(default).replace("_", "-") if listed else default
        meaning += f" Default `{shown_default}`."
    return f"| {shown} | {meaning} |"


def _plain(text: str) -> str:
    """Return a text without characters that are markup in Markdown."""
    text = re.sub(r"\[/?(bold|dim|cyan|green|yellow|red)\]", "", text)
    pieces = re.split(r"(`[^`]*`|(?<![\w-])--[a-z][\w-]*)", text)
    # An option becomes code, which is not broken at its hyphens.
    kept = [f"`{p}`" if p.startswith("--") else p if p.startswith("`") else _escaped(p) for p in pieces]
    return " ".join("".join(kept).replace("|", "\\|").split())


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_<>\[\]$])", r"\\\1", text)
