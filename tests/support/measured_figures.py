"""The figures that tests measure, for the pages of the validation: `pytest --measured FILE` writes them.

`@pytest.mark.claim("ID")` names the claim of docs/validation that a test checks. The fixture `measured` takes its
figures.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

#: Function that a test calls with a label, a value and its unit; `digits` are significant digits.
Measured = Callable[..., None]
#: By claim and label.
FIGURES = pytest.StashKey[dict[str, dict[str, dict[str, object]]]]()
#: By claim, the tests that passed.
PASSED = pytest.StashKey[dict[str, set[str]]]()


def claims_of(item: pytest.Item) -> list[str]:
    return [str(mark.args[0]) for mark in item.iter_markers("claim")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--measured", metavar="FILE", help="write the figures that the tests measured to this JSON file")
    parser.addoption("--claims", action="store_true", help="run only the tests that check a claim of docs/validation")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "claim(id): the claim of docs/validation that a test checks")
    config.stash[FIGURES] = {}
    config.stash[PASSED] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--claims"):
        config.hook.pytest_deselected(items=[item for item in items if not claims_of(item)])
        items[:] = [item for item in items if claims_of(item)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call" and report.passed:
        for claim in claims_of(item):
            item.config.stash[PASSED].setdefault(claim, set()).add(item.nodeid.partition("[")[0])
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if target := session.config.getoption("--measured"):
        figures = session.config.stash[FIGURES]
        found = {
            claim: {"tests": sorted(tests), "figures": figures.get(claim, {})}
            for claim, tests in sorted(session.config.stash[PASSED].items())
        }
        Path(target).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Take a figure of the claim that the test is marked with; of one label the largest, or the sum."""
    claims = claims_of(request.node)
    assert claims, "a test that measures must be marked with its claim"

    def take(
        label: str,
        value: float,
        unit: str = "",
        *,
        digits: int = 2,
        signed: bool = False,
        plus_minus: float | None = None,
        summed: bool = False,
        claim: str = claims[0],
    ) -> None:
        kept: dict[str, dict[str, object]] = request.config.stash[FIGURES].setdefault(claim, {})
        known = kept.get(label)
        count = 1 if known is None else int(str(known["of"])) + 1
        if summed:
            value += 0.0 if known is None else float(str(known["value"]))
            count = 1
        if known is None or abs(value) >= abs(float(str(known["value"]))):
            kept[label] = {"value": float(f"{value:.{digits}g}"), "unit": unit, "of": count}
            if signed:
                kept[label]["signed"] = True
            if plus_minus is not None:
                kept[label]["plus_minus"] = float(f"{plus_minus:.{digits}g}")
        else:
            known["of"] = count

    return take
