"""Facts about the microsphere products, from one data table, each with its source and whether it was verified."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from .._foundation.choices import Device, ValueStatus
from ..advisory import Advisory, advise
from ..errors import UndefinedError, UnknownNameError


@dataclass(frozen=True, kw_only=True)
class ProductFact:
    """One fact about a product.

    Parameters
    ----------
    name : str
        Such as "shelf_life_h".
    value : float, str or tuple of float
        The fact.
    status : {"read", "secondary", "not verified"}
        Whether the value itself was read in the source, in a text that quotes it, or not at all.
    source : str
        Citation key of `yttria.sources`.
    where : str
        What the source states, if that is more than the value.
    """

    name: str
    value: float | str | tuple[float, ...]
    status: ValueStatus
    source: str
    where: str = ""

    @property
    def verified(self) -> bool:
        """Whether it was read, in the source or in a text that quotes it."""
        return self.status != "not verified"


@dataclass(frozen=True, kw_only=True)
class Product:
    """A microsphere product. `whole_vial`: the vial is given as a whole, no part of it can be drawn."""

    name: Device
    trade_name: str
    whole_vial: bool
    facts: tuple[ProductFact, ...]
    table_version: str

    def fact(self, name: str) -> ProductFact:
        """Return the fact of that name; `UnknownNameError` if the table has none for this product."""
        for fact in self.facts:
            if fact.name == name:
                return fact
        known = ", ".join(fact.name for fact in self.facts)
        raise UnknownNameError(f"fact of {self.name} spheres must be one of {known}, got {name!r:.80}")

    def value(self, name: str) -> float:
        """The number of a fact."""
        return float(self.fact(name).value)  # type: ignore[arg-type]

    def values(self, name: str) -> tuple[float, ...]:
        """The numbers of a fact that is a list."""
        value = self.fact(name).value
        if not isinstance(value, tuple):
            raise UndefinedError(f"{name} of {self.name} spheres is undefined as a list: it is {value!r}")
        return value

    def advisories(self, *names: str) -> tuple[Advisory, ...]:
        """One advisory for each of these facts that was not verified."""
        return tuple(
            advise(
                "product_fact_not_verified",
                source=fact.source,
                fact=fact.name,
                product=self.name,
                fact_value=fact.value,
                number=fact.value if isinstance(fact.value, float) else None,
            )
            for fact in map(self.fact, names)
            if not fact.verified
        )


@cache
def _products() -> dict[Device, Product]:
    table = json.loads((files("yttria") / "data" / "products.json").read_text(encoding="utf-8"))
    return {
        entry["name"]: Product(
            name=entry["name"],
            trade_name=entry["trade_name"],
            whole_vial=entry["whole_vial"],
            facts=tuple(
                ProductFact(
                    name=name,
                    value=_value(fact["value"]),
                    status=fact["status"],
                    source=fact["source"],
                    where=fact["where"],
                )
                for name, fact in entry["facts"].items()
            ),
            table_version=table["version"],
        )
        for entry in table["products"]
    }


def _value(raw: Any) -> float | str | tuple[float, ...]:
    if isinstance(raw, str):
        return raw
    return tuple(map(float, raw)) if isinstance(raw, list) else float(raw)


def product(name: Device) -> Product:
    """The product "glass" or "resin". Raises `UnknownNameError`."""
    known = _products()
    if name not in known:
        raise UnknownNameError(f"product must be one of {', '.join(known)}, got {name!r}")
    return known[name]
