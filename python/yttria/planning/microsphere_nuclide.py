"""Nuclides that planning takes, and the nuclide of each device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from .._core import Nuclide
from .._foundation.choices import DEVICES, Device, IsotopeName, ProductName
from .._foundation.numbers import default_nuclide
from ..errors import ArgumentError, UnknownNameError
from .products import product

#: Isotopes of microspheres. Planning models assume that all activity stays where it lodges, which no drug does.
MICROSPHERE_ISOTOPES: tuple[IsotopeName, ...] = ("Y-90", "Ho-166", "P-32", "Re-188")


def planning_nuclide(nuclide: Nuclide | None) -> Nuclide:
    """Return the nuclide of a plan, by default that of the EANM guideline. Refuse one that no microspheres carry."""
    chosen = default_nuclide(nuclide)
    if isinstance(chosen, Nuclide) and chosen.isotope not in MICROSPHERE_ISOTOPES:
        raise ArgumentError(
            f"nuclide of a plan must be {in_words(MICROSPHERE_ISOTOPES)}, got {described(chosen)}: planning models are "
            f"for microspheres, which stay where they lodge, and {chosen.isotope} is given as a drug, which leaves the "
            "liver. Decay, local deposition and BED take it"
        )
    return chosen


def check_device(device: str) -> None:
    """Refuse a device that is not known."""
    if device not in DEVICES:
        raise UnknownNameError(f"device must be one of {', '.join(DEVICES)}, got {device!r:.80}")


def device_nuclide(device: Device, nuclide: Nuclide | None = None) -> Nuclide:
    """Return the nuclide of a device as given, or that of its product. Refuse one that the device does not carry."""
    check_device(device)
    if nuclide is None:
        if device == "custom":
            raise ArgumentError(
                "nuclide must be given for custom microspheres: no product says which it is; one of the presets of "
                f"{in_words(MICROSPHERE_ISOTOPES)}, such as P32"
            )
        return Nuclide(product(device).nuclide)
    chosen = planning_nuclide(nuclide)
    if device != "custom":
        carried = isotope_of(device)
        if chosen.isotope != carried:
            raise ArgumentError(
                f"nuclide of {device} microspheres must be {carried}, got {described(chosen)}: "
                f"{_device_of(chosen.isotope)}; without a nuclide, that of the device is taken"
            )
    return chosen


def _device_of(isotope: IsotopeName) -> str:
    """Name the device that carries an isotope."""
    names = [name for name in get_args(ProductName) if isotope_of(name) == isotope]
    if names:
        return f"{isotope} is the nuclide of the device {in_words(names)}"
    return f"no product in the table carries {isotope}; the device 'custom' takes it, without limits and vials"


def device_of_dose(device: Device | None, nuclide: Nuclide) -> Device | None:
    """Return the device of a dose. Refuse one that carries another nuclide.

    If none is stated, that of Ho-166 is holmium, and that of another nuclide than Y-90 is in no table.
    """
    if device is not None:
        check_device(device)
    if device is not None and device != "custom":
        carried = isotope_of(device)
        if nuclide.isotope != carried:
            raise ArgumentError(
                f"{device} microspheres carry {carried}, and the dose is of {described(nuclide)}: limits and targets "
                "of one nuclide are not those of another"
            )
    if device is None and nuclide.isotope != "Y-90":
        return "holmium" if nuclide.isotope == "Ho-166" else "custom"
    return device


def isotope_of(product_name: ProductName) -> IsotopeName:
    """Return the isotope that a product carries."""
    return Nuclide(product(product_name).nuclide).isotope


def device_in_words(device: Device, nuclide: Nuclide) -> str:
    """Return a device with its trade name, or with its isotope if it is custom."""
    if device == "custom":
        return f"custom microspheres with {nuclide.isotope}, not in the product table"
    return f"{device} ({product(device).trade_name})"


def dose_factor_in_words(nuclide: Nuclide) -> str:
    """Return dose factor and half-life with the name of the nuclide."""
    factor, half_life = nuclide.dose_factor_gy_kg_per_gbq, nuclide.half_life_h
    return f"{factor:.6g} Gy kg/GBq, half-life {half_life:.6g} h ({nuclide.name})"


def described(nuclide: Nuclide) -> str:
    """Return the name of a nuclide with its isotope."""
    return f"{nuclide.name} ({nuclide.isotope})"


def in_words(names: Sequence[str]) -> str:
    """Join names with commas and "or"."""
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
