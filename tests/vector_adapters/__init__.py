"""How each vector's model is called: `ADAPTERS[model](inputs)` renames inputs and results, and does nothing else.

Each module beside this has `ADAPTERS`, and may have `OWN`: for a model that documents a known mistake, the library's
own answer to the same question, which must be another number. A model whose name ends in `_err` is called as the one
without that ending, unless it has an adapter of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Adapter = Callable[[dict[str, Any]], dict[str, Any]]


def collect(table: str) -> dict[str, Adapter]:
    found: dict[str, Adapter] = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        for model, adapter in getattr(import_module(f"vector_adapters.{path.stem}"), table, {}).items():
            assert model not in found, f"two adapters for {model}"
            found[model] = adapter
    return found
