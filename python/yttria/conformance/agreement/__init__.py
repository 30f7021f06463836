"""Core against reference, for every public function that computes: one registry for tests, benchmark and `verify`.

`registry()` has the comparisons, `EXEMPT` the public names that compute nothing of their own, with the reason, and
`missing()` the public names that are in neither: it must be empty.
"""

from __future__ import annotations

import inspect
from types import ModuleType

from ... import evaluation, geometry, kernels, planning, voxel
from ._entry import Agreement, draws, flat
from ._exempt import EXEMPT

__all__ = ["EXEMPT", "Agreement", "draws", "flat", "missing", "public_names", "registry"]

_ROOMS: tuple[ModuleType, ...] = (planning, voxel, kernels, geometry, evaluation)


def registry() -> dict[str, Agreement]:
    """Every comparison by its public name."""
    from . import _density, _evaluation, _kernels, _planning, _planning_decay, _planning_models, _voxel

    entries = (
        *_planning.entries(),
        *_planning_decay.entries(),
        *_planning_models.entries(),
        *_voxel.entries(),
        *_density.entries(),
        *_kernels.entries(),
        *_evaluation.entries(),
    )
    found = {entry.name: entry for entry in entries}
    assert len(found) == len(entries), "two comparisons share a name"
    return found


def public_names() -> set[str]:
    """Every public function of the five rooms, and every public method of their classes, as "room.name"."""
    names: set[str] = set()
    for room in _ROOMS:
        short = room.__name__.removeprefix("yttria.")
        exported = getattr(room, "__all__", None) or [n for n in vars(room) if not n.startswith("_")]
        for name in exported:
            value = getattr(room, name)
            if not getattr(value, "__module__", "yttria").startswith("yttria") or inspect.ismodule(value):
                continue
            if inspect.isclass(value):
                methods = [m for m, f in vars(value).items() if not m.startswith("_") and _is_method(f)]
                names |= {f"{short}.{name}.{method}" for method in methods}
            elif callable(value):
                names.add(f"{short}.{name}")
    return names


def _is_method(value: object) -> bool:
    return inspect.isfunction(value) or inspect.ismethoddescriptor(value) or isinstance(value, staticmethod)


def missing() -> list[str]:
    """Public names with neither a comparison nor a reason for none."""
    return sorted(public_names() - registry().keys() - EXEMPT.keys())
