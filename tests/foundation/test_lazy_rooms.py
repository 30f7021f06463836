"""Rooms that import by name: modules that an import loads, and equal names for type checkers and Python."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys

import pytest

import yttria
from conftest import ROOT
from yttria._foundation.rooms import LazyRoom

PACKAGE = ROOT / "python" / "yttria"
#: Packages that call `lazy_room`.
ROOMS = sorted(
    ".".join(path.parent.relative_to(PACKAGE.parent).parts)
    for path in PACKAGE.rglob("__init__.py")
    if "lazy_room(" in path.read_text()
)
EXTRAS = {
    "SimpleITK",
    "dask",
    "highdicom",
    "itk",
    "matplotlib",
    "nibabel",
    "nrrd",
    "pyarrow",
    "pydicom",
    "rich",
    "scipy",
}


def loaded_by(code: str) -> set[str]:
    """Modules that a fresh interpreter holds after running `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def typed_imports(room: str) -> dict[str, set[str]]:
    """Imports of the block for type checkers imports, in the form of the map of `lazy_room`."""
    tree = ast.parse((PACKAGE.parent / room.replace(".", "/") / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    found: dict[str, set[str]] = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            if node.module is None:
                found.setdefault("." * node.level + alias.name, set())
            else:
                entry = alias.name + (f" as {alias.asname}" if alias.asname else "")
                found.setdefault("." * node.level + node.module, set()).add(entry)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_imports_none_of_its_files(room: str) -> None:
    loaded = {name for name in loaded_by(f"import {room}") if name.startswith("yttria")}
    parents = {room.rsplit(".", n)[0] for n in range(room.count(".") + 1)}
    assert loaded == parents | {"yttria._foundation", "yttria._foundation.rooms"}


def test_one_function_imports_only_the_modules_that_it_needs() -> None:
    loaded = loaded_by("from yttria import absorbed_dose")
    assert "yttria.voxel.convolution" in loaded
    assert not {"yttria.geometry.image", "yttria.evaluation.tables", "yttria.voxel.dose_image"} & loaded


def test_the_dose_of_an_image_needs_neither_files_nor_plans_nor_extras() -> None:
    loaded = loaded_by("from yttria import dose_image")
    assert not {name for name in loaded if name.startswith(("yttria.io", "yttria.planning", "yttria.case"))}
    assert not EXTRAS & {name.split(".")[0] for name in loaded}
    # Each takes longer to import than all declarations of doses together.
    assert not {"socket", "zipfile", "hashlib", "tempfile", "difflib"} & loaded - loaded_by("import numpy")


@pytest.mark.parametrize("room", ROOMS)
def test_python_and_type_checkers_find_the_same_names(room: str) -> None:
    package = importlib.import_module(room)
    assert isinstance(package, LazyRoom)
    stated = {module: set(entries) for module, entries in vars(package)["_modules"].items()}
    assert stated == typed_imports(room)
    names = {entry.split(" as ")[-1] for entries in stated.values() for entry in entries}
    names |= {module[1:] for module, entries in stated.items() if not entries}
    assert names == set(package.__all__)
    assert names <= set(dir(package))
    for name in names:
        assert getattr(package, name) is getattr(package, name)


@pytest.mark.parametrize("name", ["absorbed_dose", "monte_carlo"])
def test_a_function_is_not_replaced_by_the_file_of_its_name(name: str) -> None:
    code = f"import sys, yttria.voxel.{name}, yttria.voxel as v; print(callable(v.{name}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_arguments_are_checked_if_the_class_of_the_object_was_not_imported() -> None:
    code = (
        "import numpy as np, yttria.geometry.image as file\n"
        "image = file.Image(np.ones((2, 2, 2)), np.eye(4), 'Gy')\n"
        "try:\n    image.with_array(np.ones((2, 2, 2)), 5)\n"
        "except Exception as error:\n    print(type(error).__mro__[0].__name__, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=True)
    assert done.stderr.strip() in {"ArgumentError", "UnitError"}


def test_an_unknown_name_is_an_attribute_error_that_names_the_room() -> None:
    with pytest.raises(AttributeError, match=r"'yttria\.voxel' has no attribute 'dose'"):
        _ = yttria.voxel.dose  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match=r"cannot import name 'dose' from 'yttria\.voxel'"):
        exec("from yttria.voxel import dose")
