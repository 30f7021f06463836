"""Facts about the microsphere products from one data table, with their sources and states of verification."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from .._foundation.choices import NuclidePreset, ProductName, ValueStatus
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
        Further statement of the source.
    """

    name: str
    value: float | str | tuple[float, ...]
    status: ValueStatus
    source: str
    where: str = ""

    @property
    def verified(self) -> bool:
        """Whether the fact was read, in the source or in a text that quotes it."""
        return self.status != "not verified"


@dataclass(frozen=True, kw_only=True)
class Product:
    """Microsphere product with its facts.

    Parameters
    ----------
    name : {"glass", "resin", "holmium"}
        Kind of microspheres.
    trade_name : str
        Name of the maker.
    nuclide : str
        Preset of `Nuclide` that is taken for these microspheres if no other one is stated.
    whole_vial : bool
        Whether the vial is given as a whole, because no part of it can be drawn.
    made_to_order : bool
        Whether each vial is made with the activity that is ordered, so that there are no sizes.
    facts : tuple of ProductFact
        Facts with their sources.
    table_version : str
        Version of the table.
    """

    name: ProductName
    trade_name: str
    nuclide: NuclidePreset
    whole_vial: bool
    made_to_order: bool
    facts: tuple[ProductFact, ...]
    table_version: str

    def fact(self, name: str) -> ProductFact:
        """Look up a fact.

        Parameters
        ----------
        name : str
            Name of the fact.

        Returns
        -------
        ProductFact
            The fact with its source.

        Raises
        ------
        UnknownNameError
            If the table has no such fact for this product.

        Examples
        --------
        >>> product("glass").fact("shelf_life_h").status in ("read", "secondary", "not verified")
        True
        """
        found = self._found(name)
        if found is None:
            known = ", ".join(fact.name for fact in self.facts)
            raise UnknownNameError(f"fact of {self.name} spheres must be one of {known}, got {name!r:.80}")
        return found

    def has(self, name: str) -> bool:
        """Return whether the table has a fact.

        Parameters
        ----------
        name : str
            Name of the fact.

        Returns
        -------
        bool
            False if the fact is not known, which is not the same as not verified.

        Examples
        --------
        >>> product("glass").has("shelf_life_h"), product("holmium").has("shelf_life_h")
        (True, False)
        """
        return self._found(name) is not None

    def _found(self, name: str) -> ProductFact | None:
        return next((fact for fact in self.facts if fact.name == name), None)

    def value(self, name: str) -> float:
        """Look up the number of a fact.

        Parameters
        ----------
        name : str
            Name of the fact.

        Returns
        -------
        float
            Its value.

        Raises
        ------
        UnknownNameError
            If the table has no such fact for this product.

        Examples
        --------
        >>> product("glass").value("shelf_life_h")
        288.0
        """
        return float(self.fact(name).value)  # type: ignore[arg-type]

    def values(self, name: str) -> tuple[float, ...]:
        """Look up the numbers of a fact that is a list.

        Parameters
        ----------
        name : str
            Name of the fact.

        Returns
        -------
        tuple of float
            Its values.

        Raises
        ------
        UnknownNameError
            If the table has no such fact for this product.

        Examples
        --------
        >>> 3.0 in product("glass").values("vial_sizes_gbq")
        True
        """
        value = self.fact(name).value
        if not isinstance(value, tuple):
            raise UndefinedError(f"{name} of {self.name} spheres is undefined as a list: it is {value!r}")
        return value

    def advisories(self, *names: str) -> tuple[Advisory, ...]:
        """List advisories on facts that were not verified.

        Parameters
        ----------
        *names : str
            Facts that were used.

        Returns
        -------
        tuple of Advisory
            One for each of them that was not verified.

        Examples
        --------
        >>> isinstance(product("glass").advisories("shelf_life_h"), tuple)
        True
        """
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
def _products() -> dict[ProductName, Product]:
    table = json.loads((files("yttria") / "data" / "products.json").read_text(encoding="utf-8"))
    return {
        entry["name"]: Product(
            name=entry["name"],
            trade_name=entry["trade_name"],
            nuclide=entry["nuclide"],
            whole_vial=entry["whole_vial"],
            made_to_order=entry["made_to_order"],
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


def product(name: ProductName) -> Product:
    """Look up a microsphere product.

    Parameters
    ----------
    name : {"glass", "resin", "holmium"}
        Kind of microspheres.

    Returns
    -------
    Product
        Its facts with their sources.

    Raises
    ------
    UnknownNameError
        If there is no such product.

    Examples
    --------
    >>> product("resin").whole_vial
    False
    """
    known = _products()
    if name not in known:
        raise UnknownNameError(f"product must be one of {', '.join(known)}, got {name!r}")
    return known[name]
