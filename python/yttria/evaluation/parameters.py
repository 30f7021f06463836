"""Radiobiological parameter sets as data: where each comes from, and whether anyone here has read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from ..advisory import Advisory
from ..errors import UnknownNameError


@dataclass(frozen=True)
class ParameterSet:
    """One published set. `values` are the keyword arguments of the functions of its `model`; none is a default.

    `device` None means any. `status` is "read", "secondary" (read in a text that quotes it) or "memory".
    """

    id: str
    model: str
    tissue: str
    endpoint: str
    device: str | None
    values: Mapping[str, float] = field(hash=False)
    source: str
    status: str
    remark: str

    def __reduce__(self) -> tuple[Callable[[str], ParameterSet], tuple[str]]:
        """Pickled by its id: the table is the same on the other side."""
        return parameter_set, (self.id,)

    @property
    def verified(self) -> bool:
        """Whether it was read in the paper itself."""
        return self.status == "read"

    def advisories(self, device: str | None = None) -> tuple[Advisory, ...]:
        """What to know before using it with microspheres of `device` ("glass" or "resin"; None: not stated).

        `parameters_unverified` where the paper was not read; `device_mismatch` where the set belongs to another device:
        biology per gray differs between them (Walrand 2014, read in abstract).
        """
        found = []
        if not self.verified:
            message = f"parameter set {self.id} is not verified ({self.status}): {self.source}"
            found.append(Advisory("parameters_unverified", message, source=self.source))
        if self.device is not None and device != self.device:
            message = f"parameter set {self.id} is for {self.device} microspheres, used for {device or 'unstated ones'}"
            found.append(Advisory("device_mismatch", message, source=self.source))
        return tuple(found)


@cache
def parameter_sets() -> Mapping[str, ParameterSet]:
    """All sets by their id."""
    table = json.loads((files("yttria") / "data" / "radiobiology.json").read_text(encoding="utf-8"))
    sets = (ParameterSet(**{**entry, "values": MappingProxyType(entry["values"])}) for entry in table["sets"])
    return MappingProxyType({entry.id: entry for entry in sets})


def parameter_set(id: str) -> ParameterSet:
    """The set of that id. Raises `UnknownNameError`, which names the known ones."""
    try:
        return parameter_sets()[id]
    except (KeyError, TypeError):
        known = ", ".join(parameter_sets())
        raise UnknownNameError(f"parameter set must be one of {known}, got {id!r}") from None
