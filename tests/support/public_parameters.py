"""The parameters of every public function, class and method."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

ROOMS = tuple(
    f"yttria{room}"
    for room in ("", ".case", ".evaluation", ".geometry", ".io", ".io.dicom", ".kernels", ".phantom", ".planning",
                 ".report", ".voxel")
)  # fmt: skip


def public_parameters() -> Iterator[tuple[str, tuple[inspect.Parameter, ...]]]:
    """Walk the functions, classes and methods that have a signature, by "name" or "name.method"."""
    for room in map(importlib.import_module, ROOMS):
        for name in room.__all__:
            exported = getattr(room, name)
            members = {"": exported}
            if inspect.isclass(exported):
                members |= {
                    key: value
                    for key, value in inspect.getmembers(exported)
                    if not key.startswith("_") and not isinstance(value, property)
                }
            for key, member in members.items():
                try:
                    parameters = inspect.signature(member).parameters.values()
                except (TypeError, ValueError):
                    continue
                yield f"{name}.{key}".rstrip("."), tuple(parameters)
