"""Radiobiological parameter sets as data, with the source of each set and whether the source was read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from .._foundation.choices import Device, ValueStatus
from ..advisory import Advisory, advise
from ..errors import UnknownNameError

_READ = {"secondary": "read in a text that quotes the source", "not verified": "not read"}


@dataclass(frozen=True, kw_only=True)
class ParameterSet:
    """One published set of radiobiological parameters. No set is a default.

    Parameters
    ----------
    id : str
        Name of the set.
    model : str
        Model to which the values belong.
    tissue, endpoint : str
        Observed tissue and endpoint.
    device : str or None
        "glass" or "resin", None if the set belongs to no device.
    values : mapping of str to float
        Keyword arguments of the functions of the model.
    source : str
        Citation keys of `yttria.sources`.
    status : str
        "read" (the values were read in the source), "secondary" (they were read in a text that quotes it) or "not
        verified".
    remark : str
        Further remarks for users.
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
        """Pickle the set by its id, because the table is the same in every process."""
        return parameter_set, (self.id,)

    @property
    def verified(self) -> bool:
        """Whether the values were read in the source itself."""
        return self.status == "read"

    def advisories(self, device: Device | None = None) -> tuple[Advisory, ...]:
        """List the advisories on a use of the set.

        Parameters
        ----------
        device : {"glass", "resin", "holmium", "custom"}, optional
            Microspheres that it is to be used for. None if that is not known.

        Returns
        -------
        tuple of Advisory
            `parameters_not_verified` if the source was not read. `device_mismatch` if the set belongs to another
            device, because the effect of one gray differs between devices.

        References
        ----------
        walrand2014

        Examples
        --------
        >>> [advisory.code for advisory in parameter_set("liver-cremonesi-2008").advisories()]
        ['parameters_not_verified']
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
    """List all parameter sets by their id.

    Returns
    -------
    mapping of str to ParameterSet
        The sets in a read-only mapping.

    Examples
    --------
    >>> "liver-cremonesi-2008" in parameter_sets()
    True
    """
    from importlib.resources import files

    table = json.loads((files("yttria") / "data" / "radiobiology.json").read_text(encoding="utf-8"))
    sets = (ParameterSet(**{**entry, "values": MappingProxyType(entry["values"])}) for entry in table["sets"])
    return MappingProxyType({entry.id: entry for entry in sets})


def parameter_set(id: str) -> ParameterSet:
    """Look up one parameter set.

    Parameters
    ----------
    id : str
        One of the keys of `parameter_sets()`.

    Returns
    -------
    ParameterSet
        The set.

    Raises
    ------
    UnknownNameError
        If there is no such set. The message lists the existing ones.

    Examples
    --------
    >>> dict(parameter_set("liver-repair-1.5h").values)
    {'alpha_beta_gy': 2.5, 'repair_half_time_h': 1.5}
    """
    try:
        return parameter_sets()[id]
    except (KeyError, TypeError):
        known = ", ".join(parameter_sets())
        raise UnknownNameError(f"parameter set must be one of {known}, got {id!r}") from None
