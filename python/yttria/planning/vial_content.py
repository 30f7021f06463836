"""Comparison of the needed activity in a vial at treatment with the content of vials of a product."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import inf

from .._core import Nuclide
from .._foundation.choices import PRODUCTS, Device
from ..advisory import Advisory, advise
from .decay import decayed_activity_gbq
from .microsphere_nuclide import isotope_of
from .products import product

#: Codes of the advisories that `vial_content` gives.
VIAL_CODES = ("activity_below_usual", "activity_above_vial")


def vial_content(
    vial_activity_gbq: float, device: Device | None = None, *, nuclide: Nuclide | None = None
) -> tuple[Advisory, ...]:
    """Compare the activity in the vial at treatment with the content of one vial.

    Parameters
    ----------
    vial_activity_gbq : float
        Activity in the vial at treatment in GBq, residual included, >= 0.
    device : {"glass", "resin", "holmium", "custom"}, optional
        Microspheres. None compares with the largest vial of any device with the nuclide, and with no smallest one.
        Nothing is known of custom ones.
    nuclide : Nuclide, optional
        Nuclide of the microspheres if the device is not given; Y-90 if neither is.

    Returns
    -------
    tuple of Advisory
        `activity_above_vial` if the activity is above the largest vial at calibration; `activity_below_usual` if it is
        above 0 and below the smallest in use. Empty otherwise. An activity of exactly 0 needs no vial.

    Notes
    -----
    Largest: 20 GBq (glass), 3 GBq (resin), 12 GBq at treatment (holmium, made to order), from the product table.
    Smallest: 0.3 GBq for resin, the choice of this project; for glass the 3 GBq vial at the end of its shelf life;
    none for holmium.

    Examples
    --------
    >>> [advisory.code for advisory in vial_content(6.5, "resin")]
    ['activity_above_vial']
    >>> vial_content(6.5, "glass")
    ()
    """
    isotope = "Y-90" if nuclide is None else nuclide.isotope
    bounds = [_bounds(device)] if device else [_bounds(name) for name in PRODUCTS if isotope_of(name) == isotope]
    largest = max(bounds, key=lambda bound: bound.largest_gbq, default=_UNKNOWN)
    if vial_activity_gbq > largest.largest_gbq:
        return (
            advise(
                "activity_above_vial",
                "made_to_order" if largest.made_to_order else "",
                source=largest.source,
                vial_activity_gbq=vial_activity_gbq,
                device=device or ("any" if len(bounds) > 1 else largest.device),
                largest_gbq=largest.largest_gbq,
            ),
        )
    if device and 0.0 < vial_activity_gbq < largest.smallest_gbq:
        return (
            advise(
                "activity_below_usual",
                source=largest.smallest_source,
                vial_activity_gbq=vial_activity_gbq,
                device=device,
                smallest_gbq=largest.smallest_gbq,
            ),
        )
    return ()


@dataclass(frozen=True, kw_only=True)
class _Bounds:
    """Least and largest activity in use in GBq, and the source of each."""

    largest_gbq: float
    device: str = ""
    source: str = ""
    smallest_gbq: float = 0.0
    smallest_source: str = ""
    made_to_order: bool = False


_UNKNOWN = _Bounds(largest_gbq=inf)


@cache
def _bounds(device: Device) -> _Bounds:
    if device == "custom":
        return _UNKNOWN
    item = product(device)
    if item.made_to_order:
        fact = item.fact("activity_at_treatment_gbq")
        return _Bounds(largest_gbq=max(item.values(fact.name)), device=device, source=fact.source, made_to_order=True)
    sizes, source = item.values("vial_sizes_gbq"), item.fact("vial_sizes_gbq").source
    if device == "resin":
        return _Bounds(largest_gbq=max(sizes), source=source, smallest_gbq=0.3, smallest_source="yttria-choice")
    return _Bounds(
        largest_gbq=max(sizes),
        source=source,
        smallest_gbq=decayed_activity_gbq(min(sizes), item.value("shelf_life_h"), nuclide=Nuclide(item.nuclide)),
        smallest_source=f"{source}, {item.fact('shelf_life_h').source}",
    )
