"""Optional dependencies, imported at use; if one is absent, the error names the extra that brings it."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from threading import Thread
from types import ModuleType

from ..errors import MissingExtraError


def require(module: str, extra: str | None) -> ModuleType:
    """Import `module`, or raise `MissingExtraError` naming `pip install 'yttria[extra]'`, or the module without one."""
    try:
        return import_module(module)
    except ImportError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        package = module.split(".")[0]
        remedy = package if extra is None else f"'yttria[{extra}]'"
        raise MissingExtraError(f"{package} is not installed: pip install {remedy}", name=error.name) from error


def import_ahead(*modules: str) -> None:
    """Import modules in a separate thread while files are read; an absent module is reported when it is required."""

    def load() -> None:
        for module in modules:
            with suppress(ImportError):
                import_module(module)

    Thread(target=load, daemon=True).start()
