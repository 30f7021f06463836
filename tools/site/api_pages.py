"""Pages of the API reference: one for each room of the package, with the names that it offers."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

import yttria
import yttria.reference

#: Rooms in the order of the page, with the question that each answers.
ROOMS = {
    "voxel": "Absorbed dose from images and arrays",
    "geometry": "Images, structures and grids",
    "io": "Files",
    "io.dicom": "DICOM",
    "kernels": "Nuclides, kernels and voxel S values",
    "evaluation": "Evaluation of a dose distribution",
    "planning": "Activities",
    "case": "One case from its files to its record",
    "batch": "Many cases",
    "outcomes": "Follow-up of a cohort",
    "report": "Pictures and reports",
    "phantom": "Phantoms with known truth",
    "conformance": "Comparison with another implementation",
    "advisory": "Notes, warnings and errors in results",
    "sources": "Sources of numbers and formulas",
    "errors": "Exceptions",
}


def pages() -> dict[str, str]:
    """Return the pages of the API reference by their names."""
    made = {"api/index.md": _index()}
    at: dict[int, str] = {}
    for room in ROOMS:
        made |= _room(import_module(f"yttria.{room}"), ROOMS[room], at)
    modules = [each.name for each in pkgutil.iter_modules(yttria.reference.__path__)]
    listed = "\n".join(f"   reference/{name}" for name in modules)
    first = inspect.getdoc(yttria.reference) or ""
    made["api/reference.rst"] = (
        f"Definitions\n===========\n\n``yttria.reference``: {first}\n\n.. toctree::\n   :maxdepth: 1\n\n{listed}\n"
    )
    for name in modules:
        made[f"api/reference/{name}.rst"] = _module(f"yttria.reference.{name}")
    return made


def public_names(module: ModuleType) -> list[str]:
    """Return the public names of a room: its `__all__`, or the public names that it defines."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        values = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        listed = [n for n, value in values.items() if getattr(value, "__module__", None) == module.__name__]
    return [name for name in listed if not inspect.ismodule(getattr(module, name))]


def _room(module: ModuleType, title: str, at: dict[int, str]) -> dict[str, str]:
    """Return the page of a room and of each of its names. A name of an earlier room (`at`) has its page there."""
    name = module.__name__
    room = name.removeprefix("yttria.")
    heading = f"{title}: {name}"
    text = f"{heading}\n{'=' * len(heading)}\n\n.. module:: {name}\n\n{inspect.getdoc(module)}\n"
    made: dict[str, str] = {}
    kinds: dict[str, list[str]] = {"Functions": [], "Classes": [], "Data": []}
    for each in sorted(public_names(module), key=str.lower):
        value = getattr(module, each)
        kind = "Classes" if inspect.isclass(value) else "Functions" if callable(value) else "Data"
        full = at.setdefault(id(value), f"{name}.{each}")
        own = full == f"{name}.{each}"
        kinds[kind].append(each if own else f"~{full}")
        if own:
            made[f"api/made/{full}.rst"] = _object(name, each, kind, f"{title} <../{room}>")
    for kind, names in kinds.items():
        if names:
            listed = "\n".join(f"   {each}" for each in names)
            text += f"\n.. rubric:: {kind}\n\n.. autosummary::\n   :nosignatures:\n\n{listed}\n"
    return made | {f"api/{room}.rst": text}


def _object(module: str, name: str, kind: str, room: str) -> str:
    """Return the page of one name. It stands in no table of contents, whose length would be on every page."""
    directive = {"Functions": "autofunction", "Classes": "autoclass", "Data": "autodata"}[kind]
    members = "   :members:\n" if kind == "Classes" else ""
    return (
        f":orphan:\n\n{name}\n{'=' * len(name)}\n\nRoom: :doc:`{room}`\n\n"
        f".. currentmodule:: {module}\n\n.. {directive}:: {name}\n{members}"
    )


def _module(name: str) -> str:
    heading = name.removeprefix("yttria.")
    values = vars(import_module(name)).items()
    functions = [n for n, value in values if getattr(value, "__module__", "") == name and not n.startswith("_")]
    return f"{heading}\n{'=' * len(heading)}\n\n.. automodule:: {name}\n   :members: {', '.join(functions)}\n"


def _index() -> str:
    rows = "\n".join(f"| [`yttria.{room}`]({room}.rst) | {title} |" for room, title in ROOMS.items())
    shorts = ", ".join(f"`{name}`" for name in yttria.__all__ if name != "__version__" and name not in ROOMS)
    listed = "\n".join((*ROOMS, "reference"))
    return (
        "# API by room\n\nThe package is divided into rooms, one for each concern. A room uses only those below it.\n\n"
        f"| room | content |\n|---|---|\n{rows}\n"
        "| [`yttria.reference`](reference.rst) | every formula as its definition |\n\n"
        f"The most used names can be taken from `yttria` itself: {shorts}.\n\n"
        f"```{{toctree}}\n:hidden:\n:maxdepth: 1\n\n{listed}\n```\n"
    )
