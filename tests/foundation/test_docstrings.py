"""The public API is documented: parameters, results, examples that run, and compiled members like their stub."""

from __future__ import annotations

import ast
import doctest
import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import yttria
from yttria import _core

#: Rooms whose public functions and methods are documented wholly.
ROOMS = (
    "yttria.advisory",
    "yttria.batch",
    "yttria.case",
    "yttria.conformance",
    "yttria.evaluation",
    "yttria.geometry",
    "yttria.io",
    "yttria.io.dicom",
    "yttria.kernels",
    "yttria.outcomes",
    "yttria.phantom",
    "yttria.planning",
    "yttria.report",
    "yttria.voxel",
)
#: Classes of the core that a user holds.
COMPILED = ("Nuclide", "VoxelFractions", "DoseVolumeHistogram")
STUB = Path(yttria.__file__).with_name("_core.pyi")


def members(value: type) -> Iterator[tuple[str, Any]]:
    """Public methods of a class, as functions."""
    for name, member in vars(value).items():
        function = getattr(member, "__func__", member)
        property_like = isinstance(function, property | cached_property) or inspect.isgetsetdescriptor(function)
        if not name.startswith("_") and inspect.isroutine(function) and not property_like:
            yield name, function


def functions() -> Iterator[tuple[str, Any]]:
    """Public functions and methods of `ROOMS`, by name."""
    for room in map(import_module, ROOMS):
        for name in room.__all__:
            value = getattr(room, name)
            if inspect.isclass(value):
                yield from ((f"{room.__name__}.{name}.{each}", member) for each, member in members(value))
            elif inspect.isroutine(value):
                yield f"{room.__name__}.{name}", value


FUNCTIONS = dict(functions())


def section(docstring: str, title: str) -> str:
    """Read the text of one numpydoc section, empty if it is missing."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", docstring, flags=re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_results_and_an_example_are_documented(name: str) -> None:
    function, docstring = FUNCTIONS[name], inspect.getdoc(FUNCTIONS[name]) or ""
    assert re.match(r"[A-Z][^\n]*\.\n?", docstring), "the first line is one sentence"
    parameters = section(docstring, "Parameters")
    for parameter in inspect.signature(function).parameters:
        if parameter not in ("self", "cls"):
            assert re.search(rf"^\**(\w+, )*{parameter}\b", parameters, flags=re.MULTILINE), parameter
    returned = inspect.signature(function).return_annotation
    assert returned in (None, "None") or section(docstring, "Returns") or section(docstring, "Yields"), "Returns"
    # One example may serve several functions that are used together.
    example = section(docstring, "Examples")
    assert ">>> " in example or re.search(r"^See `[\w.]+`", example, flags=re.MULTILINE), "an example"


def compiled_members() -> dict[str, Any]:
    """Compiled classes and their public members by name."""
    found: dict[str, Any] = {}
    for name in COMPILED:
        found[name] = getattr(_core, name)
        found |= {
            f"{name}.{key}": getattr(found[name], key) for key in sorted(vars(found[name])) if not key.startswith("_")
        }
    return found


def stubbed() -> dict[str, str]:
    """Docstrings in the stub by name."""
    classes = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ClassDef)]
    found: dict[str, str] = {}
    for node in classes:
        found[node.name] = ast.get_docstring(node) or ""
        for each in node.body:
            if isinstance(each, ast.FunctionDef):
                found[f"{node.name}.{each.name}"] = ast.get_docstring(each) or ""
    return found


@pytest.mark.parametrize("name", compiled_members())
def test_compiled_members_have_the_docstring_of_their_stub(name: str) -> None:
    docstring = inspect.getdoc(compiled_members()[name])
    assert docstring
    assert docstring.split() == stubbed()[name].split()


@pytest.mark.parametrize("name", compiled_members())
def test_examples_of_compiled_members_run(name: str) -> None:
    docstring = inspect.getdoc(compiled_members()[name]) or ""
    example = doctest.DocTestParser().get_doctest(docstring, dict(vars(yttria.kernels)), name, None, None)
    assert not doctest.DocTestRunner().run(example).failed


def test_no_docstring_begins_with_a_question_word() -> None:
    """The first line is an imperative or a noun phrase, which makes sense in an index."""
    found = [
        f"{path.name}: {line.strip()}"
        for path in Path(yttria.__file__).parent.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r'\s*"""(What|Who|How|Where) ', line)
    ]
    assert not found
