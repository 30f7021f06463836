"""Uncertainty budgets in the results of `yttria dose`, for commands that compare doses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from .._foundation.choices import UNCERTAINTY_SOURCES, UncertaintySource
from .._foundation.numbers import one_of
from ..case.budgets import CaseUncertainty
from ..errors import ArgumentError, FileFormatError
from ..evaluation import UncertainDifference, UncertaintyBudget
from ..io.opened import record_opened
from .output import Row, print_line, print_table

Common = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SOURCE",
        help="Source of uncertainty that both share, such as calibration for doses of one image or volume for one set "
        f"of outlines; repeat for more. One of {', '.join(UNCERTAINTY_SOURCES)}.",
        show_default=False,
    ),
]


def common_sources(given: Sequence[str] | None, *budgets: Sequence[UncertaintyBudget]) -> tuple[UncertaintySource, ...]:
    """Check the sources of uncertainty that both have in common.

    An unknown one raises `UnknownNameError`, and a side without uncertainty raises `ArgumentError`.
    """
    if given and not all(budgets):
        raise ArgumentError("--common needs the uncertainties of both results, but one of them states none")
    return tuple(one_of("source of uncertainty", each, UNCERTAINTY_SOURCES) for each in given or ())


def read_budgets(path: Path) -> list[UncertaintyBudget]:
    """Read the budgets of a folder of `yttria dose`, or of its doses.json.

    `FileFormatError` is raised if the file is something else, or states no uncertainty.
    """
    file = path / "doses.json" if path.is_dir() else path
    try:
        record = json.loads(file.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FileFormatError(f"{file}: not a result of `yttria dose`: {error}") from None
    record_opened(file)
    if not isinstance(record, dict) or "structures" not in record:
        raise FileFormatError(f"{file}: not a result of `yttria dose`")
    if "uncertainty" not in record:
        raise FileFormatError(
            f"{file}: the result states no uncertainty: compute it with options such as --fwhm-mm and "
            "--calibration-uncertainty"
        )
    try:
        return CaseUncertainty.from_dict(record["uncertainty"]).budgets
    except FileFormatError as error:
        raise FileFormatError(f"{file}: {error}") from None


def budgets_if_stated(folder: Path) -> list[UncertaintyBudget]:
    """Read the budgets of a folder; none if its result states no uncertainty, or is not one of `yttria dose`."""
    file = folder / "doses.json"
    if not file.is_file() or "uncertainty" not in json.loads(file.read_text("utf-8")):
        return []
    return read_budgets(folder)


def print_uncertain_differences(differences: Sequence[UncertainDifference], a: str = "A", b: str = "B") -> None:
    """Print each difference with its uncertainty, the common sources, and the sources that are not included."""
    rows: list[Row] = [
        {
            "structure": each.structure,
            "quantity": f"{_quantity(each.quantity)} / {each.unit}",
            "difference": each.difference,
            "u_a": each.a_standard_uncertainty,
            "u_b": each.b_standard_uncertainty,
            "u": each.standard_uncertainty,
            "z": each.z,
            "normalized_error": each.normalized_error,
        }
        for each in differences
    ]
    print_table(
        rows,
        title=f"z = ({b} - {a}) / u, E_n = ({b} - {a}) / (k u)",
        headings={
            "structure": "Structure",
            "quantity": "Quantity",
            "difference": f"{b} - {a}",
            "u_a": f"u({a})",
            "u_b": f"u({b})",
            "u": f"u({b} - {a})",
            "z": "z",
            "normalized_error": "E_n",
        },
    )
    common = tuple(dict.fromkeys(source for each in differences for source in each.common))
    missing = tuple(dict.fromkeys(source for each in differences for source in each.not_included))
    print_line("common:", in_words(common) or f"nothing; {a} and {b} are treated as independent (--common)", wrap=True)
    print_line("not included:", in_words(missing) or "nothing", wrap=True)


def _quantity(name: str) -> str:
    """Return "D70" for "d70_gy" and "mean" for "mean_gy"."""
    stem = name.rpartition("_")[0]
    return stem.upper() if stem[1:].isdigit() else stem


def in_words(sources: Sequence[str]) -> str:
    """Return the sources as words of a sentence."""
    return ", ".join(source.replace("_", " ") for source in sources)
