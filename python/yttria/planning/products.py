"""Facts about the microsphere products, from one data table, each with its source and whether it was verified."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ..advisory import Advisory
from ..errors import UndefinedError, UnknownNameError


@dataclass(frozen=True)
class ProductFact:
    """One fact. `status` is "read" (in the manufacturer's text), "secondary" (in a text that quotes it) or "memory"."""

    name: str
    value: float | str | tuple[float, ...]
    status: str
    source: str

    @property
    def verified(self) -> bool:
        """Whether it was read rather than remembered."""
        return self.status != "memory"


@dataclass(frozen=True)
class Product:
    """A microsphere product. `whole_vial`: the vial is given as a whole, no part of it can be drawn."""

    name: str
    trade_name: str
    whole_vial: bool
    facts: tuple[ProductFact, ...]
    table_version: str

    def fact(self, name: str) -> ProductFact:
        """The fact of that name; `UndefinedError` where the table has none for this product."""
        for fact in self.facts:
            if fact.name == name:
                return fact
        raise UndefinedError(f"{name} of {self.name} spheres is undefined: the product table holds no such fact")

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
            Advisory(
                "product_fact_not_verified",
                f"{fact.name} of {self.name} spheres, {fact.value!r}, was not read in its source; check it before use.",
                fact.value if isinstance(fact.value, float) else None,
                None,
                fact.source,
            )
            for fact in map(self.fact, names)
            if not fact.verified
        )


@cache
def _products() -> dict[str, Product]:
    table = json.loads((files("yttria") / "data" / "products.json").read_text(encoding="utf-8"))
    return {
        entry["name"]: Product(
            entry["name"],
            entry["trade_name"],
            entry["whole_vial"],
            tuple(
                ProductFact(name, _value(fact["value"]), fact["status"], fact["source"])
                for name, fact in entry["facts"].items()
            ),
            table["version"],
        )
        for entry in table["products"]
    }


def _value(raw: Any) -> float | str | tuple[float, ...]:
    if isinstance(raw, str):
        return raw
    return tuple(map(float, raw)) if isinstance(raw, list) else float(raw)


def product(name: str) -> Product:
    """The product "glass" or "resin". Raises `UnknownNameError`."""
    known = _products()
    if name not in known:
        raise UnknownNameError(f"product must be one of {', '.join(known)}, got {name!r}")
    return known[name]
