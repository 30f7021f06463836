"""Dependencies run one way: between rooms, between the files of a room, and never from the reference to the core."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from conftest import ROOT

SRC = ROOT / "src"
PACKAGE = ROOT / "python" / "yttria"

#: Rooms from the ground up. A room may use those before it, and no exception can permit an arrow upward.
RUST_FLOORS = (
    "error",
    "memory",
    "parallel",
    "simd",
    "beta_spectrum",
    "isotope",
    "nuclide",
    "random",
    "error_function",
    "geometry",
    "kernels",
    "monte_carlo",
    "planning",
    "voxel",
    "evaluation",
    "python",
)
PYTHON_FLOORS = (
    "errors",
    "sources",
    "advisory",
    "_core",
    "_foundation",
    "kernels",
    "geometry",
    "evaluation",
    "io",
    "voxel",
    "planning",
    "report",
    "phantom",
    "case",
    "reference",
    "conformance",
    "batch",
    "outcomes",
    "cli",
    "__main__",
)
#: Rooms that do not know each other, whatever their floors.
STRANGERS = (
    ("planning", "voxel"),
    ("planning", "evaluation"),
    ("voxel", "evaluation"),
    ("monte_carlo", "voxel"),
    ("monte_carlo", "planning"),
    ("monte_carlo", "evaluation"),
)

Graph = Mapping[str, set[str]]


def rooms_of(files: Graph) -> dict[str, set[str]]:
    """The graph between rooms of a graph between files."""
    graph: dict[str, set[str]] = {}
    for file, used in files.items():
        room = file.split("/")[0]
        graph.setdefault(room, set()).update({name.split("/")[0] for name in used} - {room})
    return graph


def circle_of(graph: Graph) -> list[str]:
    """Find one circle of a graph by a topological sort, empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def upward(files: Graph, floors: tuple[str, ...]) -> list[str]:
    """List the arrows from a room to a later one."""
    floor = {room: n for n, room in enumerate(floors)}
    return [
        f"{file} -> {used}"
        for file, names in files.items()
        for used in names
        if floor[used.split("/")[0]] > floor[file.split("/")[0]]
    ]


def python_files() -> dict[str, set[str]]:
    """Each file of the package and the files it imports, also where only a type checker or a function does."""
    modules = {}
    for path in PACKAGE.rglob("*.py*"):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        modules[name] = "/".join(path.relative_to(PACKAGE).with_suffix("").parts)
    graph: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        package = list(path.relative_to(PACKAGE.parent).parts[:-1])
        own = "/".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {modules[alias.name] for alias in node.names if alias.name in modules}
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                for alias in node.names:
                    target = modules.get(f"{module}.{alias.name}") or modules.get(module)
                    found |= {target} if target else set()
        graph[own] = found - {own}
    return graph


def rust_files() -> dict[str, set[str]]:
    """Each file of the crate and the files whose names it takes by `crate::` or `super::`."""
    files = {p.relative_to(SRC).with_suffix("").as_posix().removesuffix("/mod") for p in SRC.rglob("*.rs")}
    graph: dict[str, set[str]] = {}
    for path in SRC.rglob("*.rs"):
        own = path.relative_to(SRC).with_suffix("").as_posix().removesuffix("/mod")
        if own == "lib":
            continue
        code = re.sub(r"//.*", "", path.read_text().split("#[cfg(test)]")[0])
        found: set[str] = set()
        for start, rest in re.findall(r"\b(crate|super(?:::super)*)((?:::\w+)+(?:::\{[^;]*?\})?)", code):
            base = [] if start == "crate" else own.split("/")[: -start.count("super")]
            for names in expanded(rest.removeprefix("::")):
                parts = [*base, *names.split("::")]
                while parts and "/".join(parts) not in files:
                    parts.pop()
                found |= {"/".join(parts)} if parts else set()
        graph[own] = found - {own}
    return graph


def expanded(path: str) -> Iterable[str]:
    """Paths of a `use`, with one level of braces spelled out."""
    head, brace, inside = path.partition("::{")
    return [f"{head}::{name.strip()}" for name in inside.rstrip("}").split(",")] if brace else [head]


@pytest.mark.parametrize(("files", "floors"), [(python_files(), PYTHON_FLOORS), (rust_files(), RUST_FLOORS)])
def test_every_room_is_listed(files: Graph, floors: tuple[str, ...]) -> None:
    rooms = set(rooms_of(files)) - {"__init__"}
    assert rooms - {"_core"} == set(floors) - {"_core"}


@pytest.mark.parametrize(("files", "floors"), [(python_files(), PYTHON_FLOORS), (rust_files(), RUST_FLOORS)])
def test_no_room_uses_one_above_it(files: Graph, floors: tuple[str, ...]) -> None:
    known = {file: used - {"__init__"} for file, used in files.items() if file != "__init__"}
    assert not upward(known, floors)


@pytest.mark.parametrize("files", [python_files(), rust_files()])
def test_no_files_use_each_other_in_a_circle(files: Graph) -> None:
    assert not circle_of(files)
    assert not circle_of(rooms_of(files))


def test_no_room_imports_the_top_of_the_package() -> None:
    assert not [file for file, used in python_files().items() if "__init__" in used]


def test_the_models_of_the_core_do_not_use_each_other() -> None:
    rooms = rooms_of(rust_files())
    for one, other in STRANGERS:
        assert other not in rooms[one]
        assert one not in rooms[other]


def test_only_the_bindings_name_pyo3_or_numpy() -> None:
    for path in SRC.rglob("*.rs"):
        if path.relative_to(SRC).parts[0] != "python":
            assert not re.search(r"\b(pyo3|numpy)\b", path.read_text()), path


def test_the_reference_imports_only_numpy() -> None:
    allowed = {"numpy", "yttria", "__future__", *sys.stdlib_module_names}
    for path in (PACKAGE / "reference").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert {name.split(".")[0] for name in names} <= allowed, path
    assert rooms_of(python_files())["reference"] == set()


def test_importing_the_package_imports_numpy_alone() -> None:
    code = "import sys, yttria; print('\\n'.join(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    extras = "nrrd nibabel matplotlib typer rich scipy SimpleITK pydicom pyarrow distributed zlib_ng statsmodels pandas"
    assert not loaded & set(extras.split())


def test_circles_and_upward_arrows_would_be_found() -> None:
    assert circle_of({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert upward({"low/x": {"high/y"}, "high/y": set()}, ("low", "high")) == ["low/x -> high/y"]
