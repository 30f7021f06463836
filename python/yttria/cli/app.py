"""The application: its subcommands, and how a refusal reads."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, ParamSpec

import typer

from .._core import __version__
from ..errors import YttriaError
from . import batch
from .compare import compare
from .conformance import export_suite, score_results
from .demo import demo
from .dose import dose
from .inspect import inspect
from .kernel import kernel
from .limits import limits
from .options import StrictCommand, in_option_names, option_names
from .output import print_line
from .planning import plan, vial
from .verify import verify

P = ParamSpec("P")

app = typer.Typer(
    name="yttria",
    help="Yttrium-90 radioembolization dosimetry. For research use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def in_one_sentence(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a refusal into one sentence on the error stream and exit code 1; anything else is a bug and shows itself."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with option_names(command):
            try:
                command(*args, **kwargs)
            except (YttriaError, OSError) as error:
                if isinstance(error, OSError) and error.filename:
                    text = f"{error.strerror}: {error.filename}"
                else:
                    text = in_option_names(str(error))
                print_line("error:", text, style="bold red", error=True)
                raise typer.Exit(1) from None

    return run


def _show_version(value: bool) -> None:
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


_batch = typer.Typer(help="Many cases: manifest, run, summary.", no_args_is_help=True)
for _command in (batch.init, batch.check, batch.run, batch.summary):
    _batch.command(cls=StrictCommand)(in_one_sentence(_command))
app.add_typer(_batch, name="batch", rich_help_panel="Dose")

PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Dose": (dose, inspect, demo, kernel),
    "Planning": (plan, limits, vial),
    "Comparison": (compare,),
}
for _panel, _commands in PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel, cls=StrictCommand)(in_one_sentence(_command))

_suite = typer.Typer(help="Compare another implementation with the conformance suite.", no_args_is_help=True)
_suite.command("export", cls=StrictCommand)(in_one_sentence(export_suite))
_suite.command("score", cls=StrictCommand)(in_one_sentence(score_results))
app.add_typer(_suite, name="conformance", rich_help_panel="Validation")
app.command(rich_help_panel="Validation", cls=StrictCommand)(in_one_sentence(verify))
