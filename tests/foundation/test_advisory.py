"""Every advisory is a row of one table, and every row is used."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import ROOT
from yttria.advisory import Advisory, advise, advise_if, advisory_kinds
from yttria.errors import InternalError
from yttria.sources import cited

PACKAGE = ROOT / "python" / "yttria"
PAGES = runpy.run_path(str(ROOT / "tools" / "reference_pages.py"))
#: Groups whose codes no call spells: the table of bounds and the Rust core hold them.
CORE = "Contours of the core"
ELSEWHERE = {code for code, kind in advisory_kinds().items() if kind.group in ("Implausible values", CORE)} | {
    f"{kind}_limit_already_exceeded" for kind in ("lung_cumulative", "normal_perfused", "normal_whole")
}


def calls(*names: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of these functions in the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield path, node


SPELLED = {
    f"{path.relative_to(PACKAGE)}:{node.lineno}": ([a.value for a in node.args if isinstance(a, ast.Constant)], node)
    for path, node in calls("advise", "advise_if")
    if isinstance(node.args[0], ast.Constant)
}


def test_only_the_table_makes_advisories() -> None:
    assert {path.name for path, _ in calls("Advisory")} == {"table.py"}


@pytest.mark.parametrize("place", SPELLED)
def test_a_call_gives_the_fields_of_its_row(place: str) -> None:
    (code, *forms), node = SPELLED[place]
    kind = advisory_kinds()[code]
    given = {keyword.arg for keyword in node.keywords}
    assert ("source" in given) == (kind.source == "given")
    assert len(kind.severities) == 1 or "severity" in given
    for form in forms or (kind.sentences if len(node.args) > 1 else [""]):
        named = given - {"source", "severity", None}
        # Arguments passed by ** are not checked by name. A call that does not fit is a defect.
        assert named <= kind.fields(form) if None in given else named == kind.fields(form)


def test_every_row_is_used() -> None:
    assert {code for (code, *_), _ in SPELLED.values()} | ELSEWHERE == set(advisory_kinds())
    core = "".join(path.read_text() for path in (ROOT / "src").rglob("*.rs"))
    assert all(f'"{code}"' in core for code, kind in advisory_kinds().items() if kind.group == CORE)


@pytest.mark.parametrize("code", advisory_kinds())
def test_a_row_is_complete(code: str) -> None:
    kind = advisory_kinds()[code]
    assert kind.what_to_do.endswith(".")
    assert kind.source in ("", "given") or len(cited(kind.source)) == len(kind.source.split(", "))
    assert kind.unit or kind.limit == ""
    for sentence in kind.sentences.values():
        assert sentence[0].isupper() or sentence[0] in "{'"
        assert sentence.endswith((".", "}"))


@pytest.mark.parametrize(
    "call",
    [
        lambda: advise("no_such_code"),
        lambda: advise("lung_shunt_above_20_percent"),
        lambda: advise("lung_shunt_above_20_percent", lung_shunt_fraction=0.3, mass_kg=1.0),
        lambda: advise("lung_shunt_above_20_percent", "no_such_form", lung_shunt_fraction=0.3),
        lambda: advise("lung_shunt_above_20_percent", lung_shunt_fraction=0.3, source="kao2014"),
        lambda: advise("lung_shunt_above_20_percent", lung_shunt_fraction=0.3, severity="note"),
    ],
)
def test_a_wrong_call_is_a_defect(call: Callable[[], Advisory]) -> None:
    with pytest.raises(InternalError):
        call()


def test_a_value_at_its_limit_keeps_it() -> None:
    assert advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=0.2) == ()
    (advisory,) = advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=0.23)
    assert (advisory.value, advisory.limit, advisory.severity) == (0.23, 0.2, "warning")
    assert advisory.message == "The lung shunt fraction 0.23 is above 0.20."
    assert advise_if("ratio_below_1", tumor_to_normal_ratio=1.0, of="") == ()
    assert advise_if("ratio_below_1", tumor_to_normal_ratio=0.5, of="")[0].value == 0.5


def test_a_limit_whose_source_was_not_read_is_marked() -> None:
    advisory = advise("lung_shunt_above_20_percent", lung_shunt_fraction=0.23)
    assert advisory.as_dict()["source_read"] == "no"
    assert advise("structure_cut", structure="Liver").as_dict()["source_read"] is None


@pytest.mark.parametrize("name", ["advisories", "sources"])
def test_the_page_is_that_of_the_table(name: str) -> None:
    assert (ROOT / "docs" / f"{name}.md").read_text() == PAGES[f"{name}_page"]()
