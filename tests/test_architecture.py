"""Dependencies run one way: between the core's rooms, the Python rooms, and never from the reference to the core."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

SRC = ROOT / "src"
PACKAGE = ROOT / "python" / "yttria"

RUST_ROOMS = {
    "error": set(),
    "memory": {"error"},
    "nuclide": {"error"},
    "grid": {"error"},
    "parallel": {"error", "memory"},
    "simd": set(),
    "kernels": {"error", "memory", "nuclide", "grid", "parallel"},
    "planning": {"error", "memory", "nuclide", "parallel"},
    "voxel": {"error", "memory", "nuclide", "grid", "parallel", "simd", "kernels"},
    "evaluation": {"error", "memory", "nuclide", "grid", "parallel", "simd"},
}
#: What every room but the reference may use.
PYTHON_SHARED = {"_arguments", "_arrays", "_brief", "_inputs"}
PYTHON_ROOMS = {
    "reference": set(),
    "_arrays": {"errors"},
    "_brief": set(),
    "_arguments": {"errors", "planning"},
    "errors": set(),
    "advisory": set(),
    "_inputs": {"_core", "errors"},
    "_text": set(),
    "_csv": {"_text", "io"},
    "tissue": set(),
    "bounds": {"advisory", "errors"},
    "planning": {
        "_core",
        "_inputs",
        "_text",
        "errors",
        "advisory",
        "data",
        "_extras",
        "io",
        "provenance",
        "tissue",
        "voxel",
    },
    "kernels": {"_core", "errors", "advisory"},
    # `structure` as a type alone: structures bring their occupancy themselves.
    "evaluation": {
        "_core",
        "_inputs",
        "errors",
        "advisory",
        "data",
        "affine",
        "image",
        "patient_identity",
        "structure",
    },
    "patient_identity": {"advisory", "errors"},
    "voxel": {
        "_core",
        "_inputs",
        "errors",
        "advisory",
        "bounds",
        "kernels",
        "image",
        "structure",
        "provenance",
        "evaluation",
        "affine",
        "data",
        "tissue",
    },
    "provenance": set(),
    "affine": {"errors"},
    "units": {"errors"},
    "nifti_affine": {"advisory", "affine", "errors"},
    "image": {"advisory", "errors", "affine", "nifti_affine", "resampling", "units"},
    "resampling": {"_core", "errors", "advisory", "affine", "image"},
    "structure": {"_core", "advisory", "errors", "affine", "image", "evaluation"},
    "contours": {"_core", "_inputs", "errors", "advisory", "affine", "evaluation", "image", "structure"},
    "structure_selection": {"errors", "structure"},
    "io": {
        "nifti_affine",
        "units",
        "_core",
        "errors",
        "advisory",
        "_extras",
        "affine",
        "contours",
        "image",
        "structure",
        "structure_selection",
        "provenance",
    },
    "batch": {"_core", "_csv", "_extras", "_text", "advisory", "case", "errors", "image", "io", "kernels", "units"},
    "case_checks": {"_core", "_inputs", "bounds", "contours", "errors", "image", "io", "voxel"},
    "case_record": {"_core", "case", "io"},
    "case": {
        "_core",
        "_inputs",
        "advisory",
        "affine",
        "bounds",
        "case_checks",
        "contours",
        "errors",
        "evaluation",
        "image",
        "io",
        "kernels",
        "patient_identity",
        "structure",
        "structure_selection",
        "voxel",
    },
}


def _rust_files(room: str) -> list[Path]:
    return [p for p in SRC.rglob("*.rs") if p.relative_to(SRC).parts[0] in {room, f"{room}.rs"}]


@pytest.mark.parametrize("room", RUST_ROOMS)
def test_rust_rooms_depend_one_way(room: str) -> None:
    for path in _rust_files(room):
        used = set(re.findall(r"\bcrate::(\w+)", path.read_text())) & set(RUST_ROOMS)
        assert used <= RUST_ROOMS[room] | {room}, f"{path.relative_to(ROOT)} uses {used - RUST_ROOMS[room]}"


def test_only_the_glue_names_pyo3_or_numpy() -> None:
    for path in SRC.rglob("*.rs"):
        if path.relative_to(SRC).parts[0] != "python":
            assert not re.search(r"\b(pyo3|numpy)\b", path.read_text()), path


def _imports(path: Path) -> set[str]:
    """Modules a file imports, relative ones resolved to the room under `yttria`."""
    depth = len(path.relative_to(PACKAGE).parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                found.add(node.module or "")
            elif node.level >= depth:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                found |= {f"yttria.{name}" for name in names}
    return found


@pytest.mark.parametrize("room", PYTHON_ROOMS)
def test_python_rooms_depend_one_way(room: str) -> None:
    files = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else list((PACKAGE / room).rglob("*.py"))
    for path in files:
        rooms = {name.split(".")[1] for name in _imports(path) if name.startswith("yttria.")}
        shared = PYTHON_SHARED if room != "reference" else set()
        assert rooms <= PYTHON_ROOMS[room] | {room} | shared, (
            f"{path.relative_to(ROOT)} imports {rooms - PYTHON_ROOMS[room]}"
        )


def test_the_reference_knows_numpy_alone() -> None:
    allowed = {"numpy", "yttria", *sys.stdlib_module_names}
    for path in (PACKAGE / "reference").rglob("*.py"):
        used = {name.split(".")[0] for name in _imports(path)}
        assert used <= allowed, f"{path.relative_to(ROOT)} imports {used - allowed}"


def test_importing_the_package_imports_numpy_alone() -> None:
    code = "import sys, yttria; print('\\n'.join(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    extras = {
        "nrrd",
        "nibabel",
        "matplotlib",
        "typer",
        "rich",
        "scipy",
        "SimpleITK",
        "pydicom",
        "pyarrow",
        "distributed",
        "zlib_ng",
    }
    assert not loaded & extras
