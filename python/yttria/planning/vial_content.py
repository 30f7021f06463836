"""Activity that a vial must hold at treatment, compared with what one vial of a product holds."""

from __future__ import annotations

from functools import cache

from .._foundation.choices import Device
from ..advisory import Advisory, advise
from .decay import decayed_activity_gbq
from .products import product

#: Codes of the advisories that `vial_content` gives.
VIAL_CODES = ("activity_below_usual", "activity_above_vial")


def vial_content(vial_activity_gbq: float, device: Device | None = None) -> tuple[Advisory, ...]:
    """Compare the activity in the vial at treatment with what one vial holds.

    Parameters
    ----------
    vial_activity_gbq : float
        Activity in the vial at treatment in GBq, residual included, >= 0.
    device : {"glass", "resin"}, optional
        Microspheres. None compares with the largest vial of any device, and with no smallest one.

    Returns
    -------
    tuple of Advisory
        `activity_above_vial` if the activity is above the largest vial at calibration; `activity_below_usual` if it is
        above 0 and below the smallest in use. Empty otherwise. An activity of exactly 0 needs no vial.

    Notes
    -----
    Largest: 20 GBq (glass), 3 GBq (resin), from the product table. Smallest: 0.3 GBq for resin, the choice of this
    project; for glass the 3 GBq vial at the end of its shelf life.

    Examples
    --------
    >>> [advisory.code for advisory in vial_content(6.5, "resin")]
    ['activity_above_vial']
    >>> vial_content(6.5, "glass")
    ()
    """
    largest, smallest, source, smallest_source = _bounds(device)
    if vial_activity_gbq > largest:
        return (
            advise(
                "activity_above_vial",
                source=source,
                vial_activity_gbq=vial_activity_gbq,
                device=device or "any",
                largest_gbq=largest,
            ),
        )
    if 0.0 < vial_activity_gbq < smallest:
        return (
            advise(
                "activity_below_usual",
                source=smallest_source,
                vial_activity_gbq=vial_activity_gbq,
                device=device,
                smallest_gbq=smallest,
            ),
        )
    return ()


@cache
def _bounds(device: Device | None) -> tuple[float, float, str, str]:
    """The largest and the smallest activity, and the source of each."""
    if device is None:
        largest, _, source, _ = _bounds("glass")
        return largest, 0.0, source, ""
    item = product(device)
    sizes = item.values("vial_sizes_gbq")
    source = item.fact("vial_sizes_gbq").source
    if device == "resin":
        return max(sizes), 0.3, source, "yttria-choice"
    oldest = decayed_activity_gbq(min(sizes), item.value("shelf_life_h"))
    return max(sizes), oldest, source, f"{source}, {item.fact('shelf_life_h').source}"
