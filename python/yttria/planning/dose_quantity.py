"""Quantities of the dose in a structure, and limits on them, as objects and as text like "Liver: V30 <= 70 %"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from types import MappingProxyType

from .._foundation.choices import DOSE_MEASURES, DoseMeasure, LimitSign, QuantityUnit
from .._foundation.numbers import number, one_of
from ..errors import ArgumentError, OutOfRangeError
from ..evaluation import parameter_set

#: Name of the whole lungs in goals and limits, whose mean dose follows from shunt and mass.
LUNGS = "lungs"
_EXAMPLES = '"Tumor: mean", "Tumor: D70", "Liver: V30", "Tumor: EUD(alpha_per_gy=0.03)"'
#: Sets of parameters of each measure, of which each is a model.
_PARAMETERS: dict[DoseMeasure, tuple[tuple[str, ...], ...]] = {
    "mean": ((),),
    "D": (("volume_percent",),),
    "V": (("dose_gy",),),
    "gEUD": (("a",),),
    "EUD": (("alpha_per_gy",),),
    "TCP": (("alpha_per_gy", "clonogens"), ("d50_gy", "gamma50")),
    "NTCP": (("td50_gy", "m", "n"), ("d50_gy", "gamma50")),
}
_SHORT = re.compile(r"([DV])(\d+(?:\.\d+)?)\s*(%|Gy)?")
_CALLED = re.compile(r"(\w+)\((.*)\)")
_LIMIT = re.compile(r"(.*\S)\s*(<=|>=|≤|≥)\s*(\S+?)\s*(Gy|%)?")


@dataclass(frozen=True, kw_only=True)
class DoseQuantity:
    """Quantity of the dose in one structure.

    Parameters
    ----------
    structure : str
        Name of the structure. "lungs" with "mean" is the mean dose of the lungs by shunt and mass.
    measure : {"mean", "D", "V", "gEUD", "EUD", "TCP", "NTCP"}
        "D" is the minimum dose of the hottest part of the volume, and "V" is the share of the volume with at least a
        dose. "gEUD" and "EUD" are equivalent uniform doses, generalized and by survival. "TCP" and "NTCP" are
        probabilities.
    parameters : mapping of str to float
        Parameters of the functions of `yttria.evaluation`. "D" has `volume_percent`, "V" `dose_gy`, "gEUD" `a` and
        "EUD" `alpha_per_gy`. "TCP" has `alpha_per_gy` and `clonogens` (Poisson), or `d50_gy` and `gamma50` (logistic).
        "NTCP" has `td50_gy`, `m` and `n` (Lyman), or `d50_gy` and `gamma50`.
    parameter_set : str, optional
        Id of a published set that brings the parameters of "NTCP".

    Raises
    ------
    ArgumentError
        If the parameters are not those of the measure.
    OutOfRangeError
        If a parameter is outside its range.
    UnknownNameError
        If the measure or the set is unknown.

    Examples
    --------
    >>> from yttria.planning import DoseQuantity
    >>> DoseQuantity.from_text("Tumor: D70")
    DoseQuantity.from_text('Tumor: D70')
    >>> DoseQuantity.from_text("Normal: NTCP(strigari-2010-resin-hcc)").parameters["td50_gy"]
    52.0
    """

    structure: str
    measure: DoseMeasure
    parameters: Mapping[str, float] = field(default_factory=dict, hash=False)
    parameter_set: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.structure, str) or not self.structure.strip():
            raise ArgumentError(f"name of a structure must be a text, got {self.structure!r:.80}")
        measure = one_of("measure", self.measure, DOSE_MEASURES)
        object.__setattr__(self, "measure", measure)
        given = dict(self.parameters)
        if self.parameter_set is not None:
            found = parameter_set(self.parameter_set)
            if found.model != "lyman" or measure != "NTCP" or given:
                raise ArgumentError(
                    f"parameter set '{found.id}' must be of the Lyman model for NTCP and stand alone, got {measure} "
                    f"and the model {found.model}"
                )
            given = dict(found.values)
        if set(given) not in map(set, _PARAMETERS[measure]):
            needed = ", or ".join(", ".join(names) or "no parameters" for names in _PARAMETERS[measure])
            raise ArgumentError(f"{measure} needs {needed}, got {', '.join(map(str, given)) or 'none'}")
        values = {name: _checked(measure, name, value) for name, value in given.items()}
        object.__setattr__(self, "parameters", MappingProxyType(values))

    def __reduce__(self) -> tuple[Callable[[], DoseQuantity], tuple[()]]:
        """Pickle through the constructor, because a read-only view cannot be pickled."""
        own = {} if self.parameter_set else dict(self.parameters)
        names = {"structure": self.structure, "measure": self.measure, "parameter_set": self.parameter_set}
        return partial(DoseQuantity, **names, parameters=own), ()  # type: ignore[arg-type]

    @classmethod
    def from_text(cls, text: str) -> DoseQuantity:
        """Read a quantity from text, which is the structure, a colon, and the measure.

        Parameters
        ----------
        text : str
            Such as "Tumor: mean", "Tumor: D70" (70 % of the volume), "Liver: V30" (30 Gy), "Normal: gEUD(a=4)",
            "Tumor: EUD(alpha_per_gy=0.03)", "Tumor: TCP(alpha_per_gy=0.03, clonogens=1e6)", or
            "Normal: NTCP(strigari-2010-resin-hcc)".

        Returns
        -------
        DoseQuantity

        Raises
        ------
        ArgumentError
            If the text has another form.

        Examples
        --------
        >>> DoseQuantity.from_text("Tumor: D70").measure
        'D'
        """
        structure, colon, measure = text.rpartition(":") if isinstance(text, str) else ("", "", "")
        structure, measure = structure.strip(), measure.strip()
        if not colon or not structure or not measure:
            raise ArgumentError(f"a quantity must read like {_EXAMPLES}, got {text!r:.80}")
        if measure.casefold() == "mean":
            return cls(structure=structure, measure="mean")
        if short := _SHORT.fullmatch(measure):
            kind, value, unit = short.groups()
            if unit not in (None, "%" if kind == "D" else "Gy"):
                raise ArgumentError(
                    f"{kind}{value} has the unit {'%' if kind == 'D' else 'Gy'}, got {unit!r} in {text!r:.80}"
                )
            name = "volume_percent" if kind == "D" else "dose_gy"
            return cls(structure=structure, measure=kind, parameters={name: float(value)})  # type: ignore[arg-type]
        if called := _CALLED.fullmatch(measure):
            kind, inside = called.groups()
            known = one_of("measure", kind, DOSE_MEASURES)
            if "=" not in inside and inside.strip() and known in ("TCP", "NTCP"):
                return cls(structure=structure, measure=known, parameter_set=inside.strip())
            return cls(structure=structure, measure=known, parameters=_named_numbers(inside, text))
        raise ArgumentError(f"a quantity must read like {_EXAMPLES}, got {text!r:.80}")

    @property
    def unit(self) -> QuantityUnit:
        """Unit of the value: "Gy", or "fraction" of V, TCP and NTCP."""
        return "fraction" if self.measure in ("V", "TCP", "NTCP") else "Gy"

    @property
    def of_lungs(self) -> bool:
        """Whether it is the mean dose of the lungs as a whole, by shunt and mass."""
        return self.measure == "mean" and self.structure.casefold() == LUNGS

    @property
    def measure_text(self) -> str:
        """The measure as `from_text` reads it, without the structure."""
        if self.measure in ("D", "V"):
            (value,) = self.parameters.values()
            return f"{self.measure}{_plain(value)}"
        if not self.parameters:
            return self.measure
        inside = self.parameter_set or ", ".join(f"{name}={_plain(value)}" for name, value in self.parameters.items())
        return f"{self.measure}({inside})"

    def shown(self, value: float) -> str:
        """Write a value of the quantity in words.

        Parameters
        ----------
        value : float
            In Gy, or a fraction.

        Returns
        -------
        str
            With its unit; a fraction in percent.

        Examples
        --------
        >>> DoseQuantity.from_text("Liver: V30").shown(0.7)
        '70 %'
        """
        return f"{100.0 * value:.4g} %" if self.unit == "fraction" else f"{value:.4g} Gy"

    def __str__(self) -> str:
        return f"{self.structure}: {self.measure_text}"

    def __repr__(self) -> str:
        return f"DoseQuantity.from_text({str(self)!r})"


@dataclass(frozen=True, kw_only=True)
class DoseLimit:
    """Maximum or minimum of a quantity.

    Parameters
    ----------
    quantity : DoseQuantity
        The limited quantity.
    sign : {"<=", ">="}
        "<=" for a limit, ">=" for a target.
    value : float
        In Gy, or as a fraction for V, TCP and NTCP.
    source : str, default ""
        Source of the limit, such as "EANM2022", empty for a limit of the caller.
    prior_gy : float, default 0.0
        Dose of earlier treatments to the structure in Gy, which counts against the limit. It applies only to "mean".

    Raises
    ------
    ArgumentError
        If the sign is another, or a prior dose is given for another quantity than a mean.
    OutOfRangeError
        If the value is not finite or not positive, or a fraction is not within (0, 1).

    Examples
    --------
    >>> from yttria.planning import DoseLimit
    >>> limit = DoseLimit.from_text("Liver: V30 <= 70 %")
    >>> limit.value, limit.quantity.unit
    (0.7, 'fraction')
    """

    quantity: DoseQuantity
    sign: LimitSign
    value: float
    source: str = ""
    prior_gy: float = 0.0

    def __post_init__(self) -> None:
        if self.sign not in ("<=", ">="):
            raise ArgumentError(f"sign of a limit must be <= or >=, got {self.sign!r:.80}")
        value = number(f"limit on {self.quantity}", self.value)
        if self.quantity.unit == "fraction":
            if not 0.0 < value < 1.0:
                raise OutOfRangeError(f"limit on {self.quantity} must be within (0, 100) %, got {100.0 * value:g} %")
        elif not (isfinite(value) and value > 0.0):
            raise OutOfRangeError(f"limit on {self.quantity} must be finite and > 0 Gy, got {value:g}")
        prior = number(f"prior dose of {self.quantity.structure} in Gy", self.prior_gy)
        if not (isfinite(prior) and prior >= 0.0):
            raise OutOfRangeError(
                f"prior dose of {self.quantity.structure} in Gy must be finite and >= 0, got {prior:g}"
            )
        if prior and self.quantity.measure != "mean":
            raise ArgumentError(f"a prior dose counts for a mean dose alone, got it for {self.quantity}")
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "prior_gy", prior)

    @classmethod
    def from_text(cls, text: str) -> DoseLimit:
        """Read a limit from text: a quantity, "<=" or ">=", and a value in Gy or %.

        Parameters
        ----------
        text : str
            Such as "Normal: mean <= 40 Gy", "Liver: V30 <= 70 %", "Tumor: D70 >= 100 Gy", "lungs: mean <= 30 Gy".

        Returns
        -------
        DoseLimit

        Raises
        ------
        ArgumentError
            If the text has another form, or the unit is not that of the quantity.

        Examples
        --------
        >>> limit = DoseLimit.from_text("Liver: V30 <= 70 %")
        >>> limit.value, limit.sign
        (0.7, '<=')
        """
        found = _LIMIT.fullmatch(text.strip()) if isinstance(text, str) else None
        if found is None:
            raise ArgumentError(
                f'a limit must read like "Normal: mean <= 40 Gy" or "Liver: V30 <= 70 %", got {text!r:.80}'
            )
        quantity = DoseQuantity.from_text(found[1])
        expected = "%" if quantity.unit == "fraction" else "Gy"
        if found[4] != expected:
            raise ArgumentError(f"a limit on {quantity} must be in {expected}, got {text!r:.80}")
        value = _float(found[3], text)
        sign: LimitSign = "<=" if found[2] in "<=≤" else ">="
        return cls(quantity=quantity, sign=sign, value=value / 100.0 if expected == "%" else value)

    def met_by(self, value: float, *, relative_tolerance: float = 1e-9) -> bool:
        """Decide whether a value keeps the limit within rounding.

        Parameters
        ----------
        value : float
            In the unit of the quantity, doses of earlier treatments included.
        relative_tolerance : float, default 1e-9
            Allowed excess of a value over the limit, as a fraction of the limit.

        Returns
        -------
        bool

        Examples
        --------
        >>> DoseLimit.from_text("Normal: mean <= 40 Gy").met_by(40.1)
        False
        """
        slack = relative_tolerance * self.value
        return value <= self.value + slack if self.sign == "<=" else value >= self.value - slack

    def __str__(self) -> str:
        named = f" ({self.source})" if self.source else ""
        return f"{self.quantity} {self.sign} {self.quantity.shown(self.value)}{named}"


def as_quantity(given: str | DoseQuantity) -> DoseQuantity:
    """Return the quantity itself, or the one that a text states."""
    return given if isinstance(given, DoseQuantity) else DoseQuantity.from_text(given)


def as_limit(given: str | DoseLimit) -> DoseLimit:
    """Return the limit itself, or the one that a text states."""
    return given if isinstance(given, DoseLimit) else DoseLimit.from_text(given)


def _checked(measure: DoseMeasure, name: str, given: object) -> float:
    value = number(f"{name} of {measure}", given)
    if not isfinite(value):
        raise OutOfRangeError(f"{name} of {measure} must be finite, got {value:g}")
    if name == "volume_percent" and not 0.0 < value <= 100.0:
        raise OutOfRangeError(f"volume of D must be within (0, 100] %, got {value:g}")
    if name == "a" and value == 0.0:
        raise OutOfRangeError("a of gEUD must not be 0")
    if name != "a" and value <= 0.0:
        raise OutOfRangeError(f"{name} of {measure} must be > 0, got {value:g}")
    return value


def _named_numbers(inside: str, text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in filter(None, map(str.strip, inside.split(","))):
        name, equals, value = map(str.strip, part.partition("="))
        if not equals or name in found:
            raise ArgumentError(f"parameters must read like name=number, once each, got {part!r:.40} in {text!r:.80}")
        found[name] = _float(value, text)
    return found


def _float(value: str, text: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ArgumentError(f"{value!r:.40} must be a number in {text!r:.80}") from None


def _plain(value: float) -> str:
    """Write the shortest text that reads back as the same number."""
    return repr(value).removesuffix(".0")
