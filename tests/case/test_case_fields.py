"""A field of a case is declared once: option, limits and documentation follow from the declaration."""

from __future__ import annotations

import math
import runpy
from typing import Any, get_args, get_type_hints

import pytest

pytest.importorskip("typer")

from conftest import ROOT
from yttria.case import FIELDS, Case
from yttria.cli.app import command_of
from yttria.cli.dose import dose
from yttria.errors import YttriaError
from yttria.voxel import ct_density_curves

OPTIONS = {name: field for name, field in FIELDS.items() if field.form != "none"}
NUMBERS = {name: field for name, field in FIELDS.items() if field.kind == "number"}


def parameters() -> dict[str, Any]:
    return {each.name: each for each in command_of("dose").params}


def test_every_field_but_the_case_id_is_an_option_of_dose() -> None:
    assert set(FIELDS) - set(OPTIONS) == {"case_id"}
    assert set(OPTIONS) <= set(parameters())


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_as_its_field_is_declared(name: str) -> None:
    field, parameter = FIELDS[name], parameters()[name]
    if field.form == "argument":
        assert parameter.param_type_name == "argument"
    else:
        assert tuple(parameter.opts) == field.options
        assert parameter.multiple == (field.form == "repeated")
    assert parameter.required == field.required
    if not field.required:
        assert parameter.default == (None if field.form == "repeated" else field.default)
    words = field.sentence({each: (FIELDS[each].options or ("",))[0] for each in FIELDS})
    assert parameter.help.startswith(words.removesuffix("."))
    kind = str(get_args(get_type_hints(dose, include_extras=True)[name])[0])
    assert [word in kind for word in ("Path", "float")] == [field.kind == "path", field.kind == "number"]


@pytest.mark.parametrize("name", NUMBERS)
def test_declared_limits_are_those_of_the_check(name: str) -> None:
    field = FIELDS[name]
    for word, limit in field.limits.items():
        beyond = math.nextafter(limit, -math.inf if "inimum" in word else math.inf)
        inside = limit if word.islower() else math.nextafter(limit, math.inf if "inimum" in word else -math.inf)
        field.check(inside)
        for wrong in (beyond, *(() if word.islower() else (limit,))):
            with pytest.raises(YttriaError):
                field.check(wrong)


def test_the_curves_are_those_of_the_data() -> None:
    assert tuple(FIELDS["ct_curve"].choices) == tuple(ct_density_curves())


def test_a_default_is_a_value_of_its_field() -> None:
    for field in FIELDS.values():
        if field.default is not None:
            field.check(field.default)


def test_every_choice_may_be_spelled_with_hyphens() -> None:
    given = {name: field.default.replace("_", "-") for name, field in FIELDS.items() if field.kind == "choice"}
    case = Case(activity="a.nrrd", structures="s.dcm", scan_delay_h=1.0, **given)
    assert {name: getattr(case, name) for name in given} == {name: FIELDS[name].default for name in given}


def test_the_documentation_lists_every_field() -> None:
    pages = runpy.run_path(str(ROOT / "tools" / "reference_pages.py"))
    assert (ROOT / "docs" / "case.md").read_text(encoding="utf-8") == pages["case_page"]()
