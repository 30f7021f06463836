"""The application with its subcommands, each imported when it is run, and the form of its error messages."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, NamedTuple, ParamSpec

import typer
from typer.core import TyperCommand, TyperGroup

from .options import StrictCommand, in_option_names, option_names

P = ParamSpec("P")


class Entry(NamedTuple):
    """One subcommand with the module of its functions, its panel in the help, and its line of help."""

    function: str
    panel: str
    help: str


#: Subcommands in the order of the help. A test compares each line of help with the function's own.
ENTRIES = {
    "dose": Entry(
        "dose:dose",
        "Dose",
        "Absorbed dose map, doses per structure and a picture, from a post-treatment activity image.",
    ),
    "inspect": Entry(
        "inspect:inspect",
        "Dose",
        "List the series in a folder of DICOM: units, times, geometry, structures, and what is missing for dosimetry.",
    ),
    "demo": Entry(
        "demo:demo",
        "Dose",
        "Plan and dose a phantom with known truth: images in; plan, dose map, table, picture and report out.",
    ),
    "kernel": Entry(
        "kernel:kernel", "Dose", "Voxel S values in mGy/(MBq s) for any voxel size from 0.5 to 20 mm, also anisotropic."
    ),
    "batch": Entry(
        "batch:init,check,run,export,summary;outcomes:outcomes", "Dose", "Many cases: manifest, run, summary, outcomes."
    ),
    "plan": Entry(
        "planning:plan",
        "Planning",
        "Compare the models that can be run for one patient: activity, doses, limits, warnings, and why they differ.",
    ),
    "plan-voxels": Entry(
        "plan_voxels:plan_voxels",
        "Planning",
        "Plan activities on tracer images voxel by voxel: the best ones under limits, or the doses of given ones.",
    ),
    "limits": Entry(
        "limits:limits",
        "Planning",
        "Limits and targets of guidelines and studies: when each applies, and whether it was read in its source.",
    ),
    "vial": Entry(
        "vial:vial",
        "Planning",
        "List vials, and the times within the treatment window at which each holds the needed activity.",
    ),
    "compare": Entry(
        "compare:compare",
        "Comparison",
        "Compare dose map B with dose map A: differences, doses of structures, isodoses, gamma index.",
    ),
    "compare-plan": Entry(
        "compare_plan:compare_plan",
        "Comparison",
        "Compare a treatment as delivered with its plan: activity, shunt, doses, limits, and why they differ.",
    ),
    "accumulate": Entry(
        "accumulate:accumulate",
        "Dose",
        "Add up the doses of several treatments: doses and BED of structures, and the prior doses for the next plan.",
    ),
    "report": Entry(
        "report:report",
        "Comparison",
        "Write one page of HTML on a patient's dose, plan and comparison, or on a cohort: to read, print and file.",
    ),
    "verify-dose": Entry(
        "verify_dose:verify_dose",
        "Validation",
        "Check the doses of a case by Monte Carlo on its own images: by structure and by tissue, with z-scores.",
    ),
    "verify": Entry(
        "verify:verify",
        "Validation",
        "Run the validation with the installed core, and print a dated report with its SHA-256.",
    ),
    "conformance": Entry(
        "conformance:export_suite,score_results",
        "Validation",
        "Compare another implementation with the conformance suite.",
    ),
}
#: Names of subcommands that differ from their function's name.
_NAMES = {
    "compare_plan": "compare-plan",
    "plan_voxels": "plan-voxels",
    "export_suite": "export",
    "score_results": "score",
    "verify_dose": "verify-dose",
}


class LazyGroup(TyperGroup):
    """The subcommands of `ENTRIES`, whose modules are imported when one is run, not for the common help."""

    listing: bool

    listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        return list(ENTRIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a subcommand, or only its line of help while the common help is written."""
        entry = ENTRIES.get(cmd_name)
        if entry is None:
            return None
        if self.listing:
            return TyperCommand(cmd_name, help=entry.help, rich_help_panel=entry.panel)
        return command_of(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of all subcommands without importing them."""
        self.listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.listing = False


def functions_of(name: str) -> list[Callable[..., None]]:
    """Import the functions of a subcommand."""
    found = []
    for place in ENTRIES[name].function.split(";"):
        module, _, functions = place.partition(":")
        imported = import_module(f".{module}", __package__)
        found += [getattr(imported, function) for function in functions.split(",")]
    return found


def command_of(name: str) -> Any:
    """Make a subcommand, or a group of several, from its functions."""
    functions = functions_of(name)
    made = typer.Typer(
        name=name,
        help=ENTRIES[name].help,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings=CONTEXT,
    )
    for function in functions:
        own = _NAMES.get(function.__name__, function.__name__)
        made.command(own, cls=StrictCommand)(in_one_sentence(function))
    made.callback()(lambda: None)
    group = typer.main.get_group(made)
    return group if len(functions) > 1 else group.commands[name]


def in_one_sentence(command: Callable[P, None]) -> Callable[P, None]:
    """Print an error of yttria as one sentence on the error stream with exit code 1; other errors are bugs and pass."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from ..errors import YttriaError
        from .output import print_line

        with option_names(command):
            try:
                command(*args, **kwargs)
            except (YttriaError, OSError) as error:
                if isinstance(error, OSError) and error.filename:
                    missing = isinstance(error, FileNotFoundError)
                    text = f"{'No such file or folder' if missing else error.strerror}: {error.filename}"
                else:
                    text = in_option_names(str(error))
                print_line("error:", text, style="bold red", error=True)
                raise typer.Exit(1) from None

    return run


CONTEXT = {"help_option_names": ["-h", "--help"]}
app: typer.Typer = typer.Typer(
    name="yttria",
    cls=LazyGroup,
    help="Yttrium-90 radioembolization dosimetry. For research use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings=CONTEXT,
)


def _show_version(value: bool) -> None:
    if value:
        from .._core import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass
