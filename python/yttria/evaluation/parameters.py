"""Radiobiological parameter sets as data: where each comes from, and whether anyone here has read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from .._foundation.choices import Device, ValueStatus
from ..advisory import Advisory, advise
from ..errors import UnknownNameError

_READ = {"secondary": "read in a text that quotes the source", "not verified": "not read"}


@dataclass(frozen=True, kw_only=True)
class ParameterSet:
    """One published set. `values` are the keyword arguments of the functions of its `model`; none is a default.

    `device` None means any. `source` holds citation keys of `yttria.sources`. `status` is "read" (the values were read
    in the source), "secondary" (in a text that quotes it) or "not verified".
    """

    id: str
    model: str
    tissue: str
    endpoint: str
    device: Device | None
    values: Mapping[str, float] = field(hash=False)
    source: str
    status: ValueStatus
    remark: str

    def __reduce__(self) -> tuple[Callable[[str], ParameterSet], tuple[str]]:
        """Pickled by its id: the table is the same on the other side."""
        return parameter_set, (self.id,)

    @property
    def verified(self) -> bool:
        """Whether it was read in the paper itself."""
        return self.status == "read"

    def advisories(self, device: Device | None = None) -> tuple[Advisory, ...]:
        """What to know before using it with microspheres of `device` ("glass" or "resin"; None: not stated).

        `parameters_not_verified` if the paper was not read; `device_mismatch` if the set belongs to another device:
        biology per gray differs between them (walrand2014).
        """
        found = []
        if not self.verified:
            found.append(advise("parameters_not_verified", source=self.source, set=self.id, read=_READ[self.status]))
        if self.device is not None and device != self.device:
            used_for = f"{device} ones" if device else "unstated ones"
            found.append(
                advise("device_mismatch", source=self.source, set=self.id, device=self.device, used_for=used_for)
            )
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
