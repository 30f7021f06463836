"""Choice of vials and times, with every vial of a product that fits the needed activity in a treatment window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta, timezone
from math import inf
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .._core import Nuclide
from .._foundation.choices import VIAL_SIZES, ProductName, VialSizes
from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, OutOfRangeError, TimeZoneError, UnknownNameError
from .decay import decayed_activity_gbq, elapsed_h, hours_to_decay, require_timezone
from .delivery import number_of_spheres, vial_timing
from .microsphere_nuclide import device_nuclide
from .products import Product, product
from .working_hours import WorkingHours

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CALIBRATION_FACTS = ("calibration_weekday", "calibration_clock", "calibration_zone")
_LONGEST_WINDOW_H = 24.0 * 366


@dataclass(frozen=True, kw_only=True)
class VialOption:
    """One vial at one time.

    Parameters
    ----------
    vial_size_gbq : float
        Activity in GBq at calibration, which is a size, or the activity to order if vials are made to order.
    calibration_time, time, earliest, latest : datetime
        Calibration, best time, and bounds of the time in which it fits.
    hours_after_calibration : float
        Age of the vial in h at the best time.
    vial_activity_gbq : float
        Activity in GBq at that time.
    deviation_fraction : float
        Relative deviation from the activity needed.
    drawn_fraction : float
        Share of the vial that is used; 1 if it is given as a whole.
    sphere_activity_bq : float or None
        Activity per sphere in Bq at that time; None if the product table does not have it at calibration.
    spheres_million : float or None
        Spheres used, in millions; None if the activity per sphere is not known.
    in_working_hours : bool or None
        Whether the best time is within working hours; None if no working hours were stated.
    """

    vial_size_gbq: float
    calibration_time: datetime
    time: datetime
    earliest: datetime
    latest: datetime
    hours_after_calibration: float
    vial_activity_gbq: float
    deviation_fraction: float
    drawn_fraction: float
    sphere_activity_bq: float | None
    spheres_million: float | None
    in_working_hours: bool | None = None

    def as_dict(self) -> dict[str, float | str | None]:
        """The fields as a plain dictionary, times as ISO 8601.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> choice = vial_choice(
        ...     3.5, start="2026-11-30T08:00+01:00", end="2026-12-04T16:00+01:00", spheres="glass"
        ... )
        >>> choice.options[0].as_dict()["vial_size_gbq"]
        5.0
        """
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(self).items()}


@dataclass(frozen=True, kw_only=True)
class VialChoice:
    """Vials that fit, the closest in activity first, then the earliest.

    Parameters
    ----------
    product : {"glass", "resin", "holmium"}
        Kind of microspheres.
    needed_activity_gbq, tolerance_fraction : float
        Needed activity in the vial.
    options : tuple of VialOption
        Vials that fit.
    advisories : tuple of Advisory
        Facts that were not verified; whether none fits.
    nearest : VialOption or None
        If no vial fits, the vial and time whose activity is closest within the window and the shelf life. None if no
        vial can be used in the window.
    """

    product: ProductName
    needed_activity_gbq: float
    tolerance_fraction: float
    options: tuple[VialOption, ...]
    advisories: tuple[Advisory, ...]
    nearest: VialOption | None = None


def vial_choice(
    needed_activity_gbq: float,
    *,
    start: datetime | str,
    end: datetime | str,
    spheres: ProductName,
    tolerance_fraction: float = 0.05,
    sizes: VialSizes = "standard",
    calibration_times: Iterable[datetime | str] | None = None,
    nuclide: Nuclide | None = None,
    working_hours: str | None = None,
) -> VialChoice:
    """Find the vials, and their times in a window, that hold the activity that is needed.

    Parameters
    ----------
    needed_activity_gbq : float
        Activity in the vial at treatment in GBq, residual included.
    start, end : datetime or str
        Treatment window; times carry a zone, as in `require_timezone`.
    spheres : {"glass", "resin", "holmium"}
        Product.
    tolerance_fraction : float
        Allowed deviation as a fraction.
    sizes : {"standard", "custom"}
        Sizes to ask the maker for; custom ones are glass of 3 to 20 GBq in steps of 0.5.
    calibration_times : sequence of datetime or str, optional
        Calibrations with a zone. The weekly calibration of the product table if not given, which only glass has.
    nuclide : Nuclide, optional
        Half-life; that of the product if not given.
    working_hours : str, optional
        Hours of a day from Monday to Friday, such as "08:00-18:00", in the time zone of `start`. The best time of a
        vial is then within these hours, if the vial fits in them. Vials that do not fit in them come last.

    Returns
    -------
    VialChoice
        Every vial that fits, and the nearest if none does.

    Raises
    ------
    TimeZoneError
        If a time does not name one instant.
    OutOfRangeError
        If a number is outside its range.
    UnknownNameError
        If there is no such device or list of sizes.
    ArgumentError
        If the product table names no calibration and `calibration_times` is not given, or for a nuclide that the
        product does not carry. Also if `working_hours` cannot be read.

    Notes
    -----
    A glass vial is given as a whole. It fits while its activity is within the tolerance, and the time nearest to the
    exact activity is chosen. Of a resin vial a part is drawn. It fits while it contains enough, and the earliest time
    is chosen. Both fit only within the shelf life of the product. Holmium vials are made to order. The order is the
    activity that decays to the needed one in the middle of the window, and the vial fits while it is within the
    tolerance. Advisories name facts of the table that were not verified, and bounds that it does not have.

    Examples
    --------
    >>> choice = vial_choice(
    ...     3.5, start="2026-11-30T08:00+01:00", end="2026-12-04T16:00+01:00", spheres="glass"
    ... )
    >>> choice.options[0].vial_size_gbq
    5.0
    """
    item = product(spheres)
    nuclide = device_nuclide(item.name, nuclide)
    needed = number("activity needed in the vial", needed_activity_gbq)
    tolerance = number("tolerance", tolerance_fraction)
    hours = None if working_hours is None else WorkingHours.from_text(working_hours)
    window = (require_timezone(start), require_timezone(end))
    length = elapsed_h(*window)
    if length < 0.0:
        raise ArgumentError(
            f"the treatment window must not end before it starts, got start {window[0].isoformat()} and end "
            f"{window[1].isoformat()}"
        )
    if length > _LONGEST_WINDOW_H:
        raise OutOfRangeError(f"treatment window in h must be within [0, {_LONGEST_WINDOW_H:g}], got {length:g}")
    # Both numbers are checked even if no vial is requested.
    vial_timing(needed, needed, tolerance_fraction=tolerance, nuclide=nuclide)
    size_fact = _size_fact(sizes)
    facts = ["sphere_activity_at_calibration_bq", "usable_from_h", "shelf_life_h", size_fact]
    if calibration_times is None:
        facts += _CALIBRATION_FACTS
        times = list(_weekly_calibrations(item, *window))
    else:
        times = [require_timezone(moment) for moment in calibration_times]
    offered = [
        (calibration, size)
        for calibration in times
        for size in _sizes(item, size_fact, calibration, window, needed, nuclide)
    ]
    options = [
        option
        for calibration, size in offered
        if (option := _option(item, size, calibration, window, needed, tolerance, nuclide, hours)) is not None
    ]
    options.sort(key=_order)
    advisories = [*item.advisories(*filter(item.has, facts)), *_open_facts(item)]
    nearest = None
    if not options:
        usable = [
            option
            for calibration, size in offered
            if (option := _option(item, size, calibration, window, needed, None, nuclide, hours)) is not None
        ]
        nearest = min(usable, key=_order, default=None)
        terms: dict[str, Any] = {"product": item.name, "needed_gbq": needed, "tolerance_fraction": tolerance}
        if nearest is None:
            advisories.append(advise("no_vial_fits", "outside_shelf_life", **terms))
        else:
            advisories.append(
                advise(
                    "no_vial_fits",
                    "nearest",
                    size_gbq=nearest.vial_size_gbq,
                    time=nearest.time.isoformat(timespec="minutes"),
                    nearest_gbq=nearest.vial_activity_gbq,
                    deviation=nearest.deviation_fraction,
                    **terms,
                )
            )
    return VialChoice(
        product=item.name,
        needed_activity_gbq=needed,
        tolerance_fraction=tolerance,
        options=tuple(options),
        advisories=tuple(advisories),
        nearest=nearest,
    )


def _order(option: VialOption) -> tuple[bool, float, datetime, float]:
    """Put vials within working hours first, then the closest in activity, then the earliest, then the smallest."""
    deviation = round(abs(option.deviation_fraction), 9)
    outside = option.in_working_hours is False
    return outside, deviation, option.time.astimezone(timezone.utc), option.vial_size_gbq


def _option(
    item: Product,
    size: float,
    calibration: datetime,
    window: tuple[datetime, datetime],
    needed: float,
    tolerance: float | None,
    nuclide: Nuclide,
    working_hours: WorkingHours | None,
) -> VialOption | None:
    """Return the vial at its best time within the tolerance; without a tolerance, within window and shelf life."""
    exact = hours_to_decay(size, needed, nuclide=nuclide)
    usable_from_h, shelf_life_h = _usable_h(item)
    first = max(elapsed_h(calibration, window[0]), usable_from_h)
    last = min(elapsed_h(calibration, window[1]), shelf_life_h)
    if tolerance is not None:
        last = min(last, hours_to_decay(size, (1.0 - tolerance) * needed, nuclide=nuclide))
        if item.whole_vial:
            first = max(first, hours_to_decay(size, (1.0 + tolerance) * needed, nuclide=nuclide))
    if first > last:
        return None
    hours = min(max(exact, first), last) if item.whole_vial else first

    def moment(after: float) -> datetime:
        utc = calibration.astimezone(timezone.utc) + timedelta(hours=after)
        return utc.astimezone(window[0].tzinfo)

    in_hours = None
    if working_hours is not None:
        at_work = working_hours.nearest(moment(hours), moment(first), moment(last))
        in_hours = at_work is not None
        hours = hours if at_work is None else elapsed_h(calibration, at_work)
    activity = decayed_activity_gbq(size, hours, nuclide=nuclide)
    used = activity if item.whole_vial else min(needed, activity)
    sphere = None
    if item.has("sphere_activity_at_calibration_bq"):
        sphere = decayed_activity_gbq(item.value("sphere_activity_at_calibration_bq"), hours, nuclide=nuclide)

    return VialOption(
        vial_size_gbq=size,
        calibration_time=calibration,
        time=moment(hours),
        earliest=moment(first),
        latest=moment(last),
        hours_after_calibration=hours,
        vial_activity_gbq=activity,
        deviation_fraction=used / needed - 1.0,
        drawn_fraction=used / activity,
        sphere_activity_bq=sphere,
        spheres_million=None if sphere is None else number_of_spheres(used, sphere) / 1e6,
        in_working_hours=in_hours,
    )


def _size_fact(sizes: VialSizes) -> str:
    if sizes not in VIAL_SIZES:
        raise UnknownNameError(f"vial sizes must be one of {', '.join(VIAL_SIZES)}, got {sizes!r}")
    return "vial_sizes_gbq" if sizes == "standard" else "custom_vial_sizes_gbq"


def _sizes(
    item: Product,
    fact: str,
    calibration: datetime,
    window: tuple[datetime, datetime],
    needed: float,
    nuclide: Nuclide,
) -> list[float]:
    """Sizes of the product at calibration, or the one to order."""
    if item.made_to_order:
        middle_h = 0.5 * (elapsed_h(calibration, window[0]) + elapsed_h(calibration, window[1]))
        return [decayed_activity_gbq(needed, -middle_h, nuclide=nuclide)] if middle_h >= 0.0 else []
    values = item.values(fact)
    if fact == "vial_sizes_gbq":
        return list(values)
    low, high, step = values
    return [low + step * i for i in range(round((high - low) / step) + 1)]


def _usable_h(item: Product) -> tuple[float, float]:
    """Return the usable times of a vial in h after calibration: from calibration on and without end if not known."""
    return (
        item.value("usable_from_h") if item.has("usable_from_h") else 0.0,
        item.value("shelf_life_h") if item.has("shelf_life_h") else inf,
    )


def _open_facts(item: Product) -> list[Advisory]:
    """Advise on facts that bound a vial and are not in the table."""
    return [
        advise("product_fact_not_known", fact=fact, product=item.name)
        for fact in ("shelf_life_h", "sphere_activity_at_calibration_bq")
        if not item.has(fact)
    ]


def _weekly_calibrations(item: Product, start: datetime, end: datetime) -> Iterator[datetime]:
    try:
        weekday, clock, name = (str(item.fact(fact).value) for fact in _CALIBRATION_FACTS)
    except UnknownNameError as error:
        raise ArgumentError(
            f"calibration_times must be given for {item.name} vials, because the product table has none"
        ) from error
    try:
        zone = ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise TimeZoneError(
            f"zone {name} of the calibration is not known here; pip install tzdata, or give calibration_times"
        ) from error
    at = time.fromisoformat(clock)
    day = (start.astimezone(zone) - timedelta(hours=item.value("shelf_life_h"))).date()
    day += timedelta(days=(_WEEKDAYS.index(weekday) - day.weekday()) % 7)
    last: date = (end.astimezone(zone) - timedelta(hours=item.value("usable_from_h"))).date()
    while day <= last:
        yield datetime.combine(day, at, tzinfo=zone)
        day += timedelta(days=7)
