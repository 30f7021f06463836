"""Packages whose names are imported at first use (PEP 562), with checks of the arguments of each function."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

#: Two threads that use a name for the first time must get one object: pickle compares it with that of the file.
_EXPORTING = threading.RLock()


class LazyRoom(ModuleType):
    """A package that imports a file when one of its names is first used.

    Python binds a file to its package when it has been executed. This class acts at that moment for two reasons. A
    function that has the name of its file (`yttria.voxel.absorbed_dose`) must not be replaced by the file. Every
    exported function and class must check its arguments, however it was imported.
    """

    def __getattr__(self, name: str) -> Any:
        modules: Mapping[str, tuple[str, ...]] = self.__dict__["_modules"]
        for module, entries in modules.items():
            if name in map(_public_name, entries):
                self._export(_imported(module, self.__name__), entries)
                return self.__dict__[name]
        if f".{name}" in modules:
            return _imported(f".{name}", self.__name__)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        modules: Mapping[str, tuple[str, ...]] = self.__dict__["_modules"]
        if isinstance(value, ModuleType):
            self._export(value, modules.get(f".{name}", ()))
            # `yttria.voxel.monte_carlo` is the function of another file.
            if any(name in map(_public_name, entries) for entries in modules.values()):
                return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        modules = (module.removeprefix(".") for module in self.__dict__["_modules"])
        return sorted({*self.__dict__, *self.__dict__["__all__"], *(name for name in modules if "." not in name)})

    def _export(self, module: object, entries: tuple[str, ...]) -> None:
        if not entries:
            return
        # The checks need NumPy, and a room without functions must not import it.
        from .arguments import public

        found = {_public_name(entry): entry.split(" as ")[0] for entry in entries}
        for name in found.values():
            getattr(module, name)  # imports what is lazy itself, so that no thread imports while it has the lock
        with _EXPORTING:
            for name, original in found.items():
                if name not in self.__dict__:
                    self.__dict__[name] = public(getattr(module, original))


def lazy_room(room: str, modules: Mapping[str, tuple[str, ...]]) -> None:
    """Make a package lazy.

    Parameters
    ----------
    room : str
        Name of the package, which has `__all__`.
    modules : mapping of str to tuple of str
        The names that each module exports. The module is spelled as in a relative import, and a name may have "as".
    """
    package = sys.modules[room]
    package.__dict__["_modules"] = modules
    package.__class__ = LazyRoom


def _imported(module: str, room: str) -> ModuleType:
    try:
        return import_module(module, room)
    except ImportError as error:
        from .subinterpreters import explain

        explain(error)
        raise


def _public_name(entry: str) -> str:
    return entry.split(" as ")[-1]
