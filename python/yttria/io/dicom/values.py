"""Meaning of the stored numbers of a series: slope and intercept of each file, and the unit with its advisories."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from ..._foundation.choices import Unit
from ..._foundation.units import UNITS, StatedUnit, stated_unit, states_nothing
from ...advisory import Advisory, advise
from ...errors import ArgumentError, FileFormatError, UnitError, YttriaError
from .._common import decoding
from .dataset import Dataset, Header, items, number, text
from .rescale import Rescale, modality_rescale
from .series import Series, same

#: Units (0054,1001) of PET that are proportional to activity concentration, with their description.
_NOT_ACTIVITY = {
    "GML": "a standardized uptake value, which has been divided by the injected activity per body weight",
    "CM2ML": "a standardized uptake value by body surface area",
    "PCNT": "a percentage",
    "NONE": "without a unit",
}
_COUNTS = ("CNTS", "PROPCNTS", "CPS", "PROPCPS")
#: Units that a caller may request if the unit of the header is proportional to activity.
_RELATIVE = ("counts", "1")
_PHILIPS, _PHILIPS_FACTOR = 0x70530010, 0x70531009
_ACTIVITY, _COUNT = UNITS["Bq/mL"][0], UNITS["counts"][0]


#: Largest relative difference between two statements of the value of a stored 1, which rounding of decimal texts
#: explains.
_SAME_SLOPE = 1e-3


class Values(NamedTuple):
    """Rescale of each file of a series in its order, and the unit of the result."""

    rescale: list[Rescale]
    unit: Unit
    advisories: tuple[Advisory, ...] = ()


def pet_values(series: Series, unit: Unit | None, philips_scale_factor: bool) -> Values:
    """Find the values of a PET series; `unit` is the unit that the caller requests. See `read_image`."""
    units = same(series, "Units")
    if philips_scale_factor:
        if units not in _COUNTS:
            raise ArgumentError(
                f"the Philips scale factor is for PET in counts (CNTS), got Units {units}: read without it"
            )
        return Values([_philips(header) for header in series.headers], "Bq/mL")
    stated = None if units is None else stated_unit(units)
    if stated is not None and UNITS[stated.unit][0] == _ACTIVITY:
        taken = [_times(rescale, stated.factor) for rescale in _modality(series)]
        return Values(taken, stated.unit, _other_mapping(series, taken, stated.unit))
    if units in _COUNTS and unit != "counts":
        mapped = [found for header in series.headers if (found := _mapped(header)) and found.unit != "counts"]
        if len(mapped) == len(series.headers) and len({found.unit for found in mapped}) == 1:
            return Values([m.rescale[0] for m in mapped], mapped[0].unit, mapped[0].advisories)
    if units in _COUNTS and unit == "counts":
        return Values(_modality(series), "counts")
    if units in _NOT_ACTIVITY and unit in _RELATIVE:
        told = advise("values_not_activity", "pet", units=units, quantity=_NOT_ACTIVITY[units])
        return Values(_modality(series), unit or "counts", (told,))
    if units in _COUNTS:
        hint = "counts; for relative scaling, request them (unit='counts')"
        if any(_PHILIPS_FACTOR in header.dataset for header in series.headers):
            hint += ", or use the Philips factor (7053,1009) to Bq/mL (philips_scale_factor=True of "
            hint += "yttria.io.dicom.read_image)"
    elif units in _NOT_ACTIVITY:
        hint = f"{_NOT_ACTIVITY[units]}; for relative scaling, request unit='counts'"
    else:
        hint = "nothing states what the values are" if units is None else "not an activity concentration"
    raise UnitError(f"PET Units (0054,1001) must be BQML, got {units}: {hint}")


def ct_values(series: Series, unit: Unit | None) -> Values:
    """Find the values of a CT series in HU, which the caller may state if RescaleType does not specify it ("US")."""
    kind = same(series, "RescaleType")
    stated = None if kind is None else stated_unit(kind)
    if kind is None or (stated is not None and stated.unit == "HU"):
        return Values(_modality(series), "HU")
    if not states_nothing(kind):
        raise UnitError(f"CT RescaleType (0028,1054) must be HU, got {kind}")
    if unit != "HU":
        raise UnitError(
            f"CT RescaleType (0028,1054) must be HU, got {kind} (not specified): pass unit='HU' if it is HU"
        )
    return Values(_modality(series), "HU", (advise("unit_not_stated", rescale_type=kind),))


def spect_values(header: Header) -> Values:
    """Find the values of a SPECT by its real world value mapping, or its Units, or as stored counts."""
    mapped = _mapped(header)
    if mapped is not None:
        return mapped
    rescale = [modality_rescale(header.dataset, optional=True)]
    units = text(header.dataset, "Units")
    stated = None if units is None else stated_unit(units)
    if stated is not None and UNITS[stated.unit][0] == _ACTIVITY:
        told = advise("units_of_nuclear_medicine", "taken", severity="note", units=units)
        return Values([_times(rescale[0], stated.factor)], stated.unit, (told,))
    others = [spelled for _, _, spelled in _mappings(header.dataset)]
    if not others and (units is None or _is_count(units)):
        return Values(rescale, "counts")
    if not others:
        told = advise("units_of_nuclear_medicine", "not_read", severity="warning", units=units)
        return Values(rescale, "counts", (told,))
    return Values(rescale, "counts", (advise("value_mapping_unused", quantities=", ".join(others)),))


def _is_count(units: str) -> bool:
    """Whether Units (0054,1001) state counts or values proportional to them, or are empty."""
    stated = stated_unit(units)
    return units in _COUNTS or states_nothing(units) or (stated is not None and stated.unit == "counts")


def _modality(series: Series) -> list[Rescale]:
    found = []
    for header in series.headers:
        with decoding(header.path, "DICOM"):
            found.append(modality_rescale(header.dataset))
    return found


def _mappings(header: Dataset) -> list[tuple[Dataset, StatedUnit | None, str]]:
    """Return the real world value mappings: each item with its unit (None if unknown) and the unit as spelled."""
    found = []
    for item in items(header, "RealWorldValueMappingSequence"):
        for code in items(item, "MeasurementUnitsCodeSequence"):
            spelled = text(code, "CodeValue") or "no unit"
            known = stated_unit(spelled) if text(code, "CodingSchemeDesignator") == "UCUM" else None
            found.append((item, known, spelled))
    return found


def _mapped(header: Header) -> Values | None:
    """Find the values by the mapping to activity concentration, or else to counts; None if there is neither."""
    known = [(item, unit) for item, unit, _ in _mappings(header.dataset) if unit is not None]
    for quantity in (_ACTIVITY, _COUNT):
        fitting = [(item, unit) for item, unit in known if UNITS[unit.unit][0] == quantity]
        if len(fitting) > 1:
            raise UnitError(f"there must be only one real world value mapping to {quantity}, got {len(fitting)}")
        for item, unit in fitting:
            return Values([_times(_linear(item), unit.factor)], unit.unit)
    return None


def _other_mapping(series: Series, taken: list[Rescale], unit: Unit) -> tuple[Advisory, ...]:
    """Report a slice whose real world value mapping and rescale give different activity concentrations."""
    for header, own in zip(series.headers, taken, strict=True):
        mapped = None
        with suppress(YttriaError):
            mapped = _mapped(header)
        if mapped is None or UNITS[mapped.unit][0] != _ACTIVITY:
            continue
        other = _times(mapped.rescale[0], UNITS[mapped.unit][1] / UNITS[unit][1])
        off = max(abs(other.slope - own.slope), abs(other.intercept - own.intercept))
        if off > _SAME_SLOPE * own.slope:
            return (
                advise(
                    "value_mapping_contradicts",
                    file=header.path.name,
                    slope=own.slope,
                    mapped_slope=other.slope,
                    image_unit=unit,
                ),
            )
    return ()


def _linear(item: Dataset) -> Rescale:
    if "RealWorldValueLUTData" in item:
        raise FileFormatError("a real world value mapping must be linear, got a table")
    double = "DoubleFloatRealWorldValueFirstValueMapped" in item
    low, high = (number(item, f"{'DoubleFloat' * double}RealWorldValue{end}ValueMapped") for end in ("First", "Last"))
    return Rescale(
        slope=number(item, "RealWorldValueSlope"), intercept=number(item, "RealWorldValueIntercept"), low=low, high=high
    )


def _philips(header: Header) -> Rescale:
    """Find Bq/mL of Philips PET in counts: the rescaled value times the private ActivityConcentrationScaleFactor."""
    with decoding(header.path, "DICOM"):
        creator = str(header.dataset[_PHILIPS].value) if _PHILIPS in header.dataset else ""
        value = header.dataset[_PHILIPS_FACTOR].value if _PHILIPS_FACTOR in header.dataset else None
        if creator.strip() != "Philips PET Private Group" or value is None:
            raise FileFormatError("the header has no activity concentration scale factor (7053,1009) of Philips PET")
        try:
            factor = float(value.decode().strip(" \0") if isinstance(value, bytes) else value)
        except (TypeError, ValueError):
            factor = 0.0
        if not 0 < factor < 1e30:
            raise FileFormatError(f"the Philips scale factor (7053,1009) must be > 0, got {value!r:.40}")
        return _times(modality_rescale(header.dataset), factor)


def _times(rescale: Rescale, factor: float) -> Rescale:
    return Rescale(
        slope=rescale.slope * factor, intercept=rescale.intercept * factor, low=rescale.low, high=rescale.high
    )
