"""Stated uncertainties of the inputs of a dose as plain numbers, each None if it was not given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from math import isfinite
from typing import Any

from .._foundation.choices import UNCERTAINTY_SOURCES, UncertaintySource
from .._foundation.numbers import number, one_of, relative_uncertainty
from ..errors import ArgumentError, OutOfRangeError, UnknownNameError
from .recovery import RecoveryCurve

#: Coverage factor of an interval with 95 % of a normal distribution.
COVERAGE_FACTOR = 1.96
#: Inputs that may differ between structures.
BY_STRUCTURE = ("contour_uncertainty_mm", "count_uncertainty")
_NOT_NUMBERS = ("recovery", "correlations", "basis")

Pair = tuple[UncertaintySource, UncertaintySource]


@dataclass(frozen=True, kw_only=True)
class UncertaintyInputs:
    """Stated standard uncertainties of the inputs between an image and a dose.

    Every uncertainty is a relative standard uncertainty (coverage factor 1, a fraction) unless its name ends in a unit.
    An input that is None was not given. A budget lists it as not included, or uses a default that it names.

    Parameters
    ----------
    fwhm_mm : float, optional
        Full width at half maximum of the image's point spread function in mm, at least 0. With the voxel size it gives
        the uncertainty of an outline (gear2018) if `contour_uncertainty_mm` is not given.
    contour_uncertainty_mm : float or mapping of str to float, optional
        Standard uncertainty in mm of the outward displacement of a whole outline, which is half of that of a diameter.
        It is one number for all structures, or a mapping by the structure's name.
    count_uncertainty : float or mapping of str to float, optional
        Uncertainty of the counts in a structure due to noise. It is one number for all structures, or a mapping by the
        structure's name.
    calibration_uncertainty : float, optional
        Uncertainty of the camera's calibration factor.
    recovery : RecoveryCurve, optional
        Recovery coefficient against volume, with the covariance of its fit.
    half_life_uncertainty : float, optional
        Uncertainty of the nuclide's half-life.
    scan_delay_uncertainty_h : float, optional
        Uncertainty of the time from administration to the scan in h.
    administered_activity_uncertainty : float, optional
        Uncertainty of the activity in the vial or delivered, by the activity meter.
    residual_uncertainty : float, optional
        Uncertainty of the residual fraction, relative to that fraction.
    lung_shunt_uncertainty : float, optional
        Uncertainty of the lung shunt fraction, relative to that fraction.
    density_uncertainty : float, optional
        Uncertainty of the density of a structure.
    method_uncertainty : float, optional
        Uncertainty of the dose model.
    registration_shift_mm : float, optional
        Standard deviation in mm of each component of the shift between structures and image.
    sphere_activity_bq : float, optional
        Activity of one microsphere in Bq at administration, which gives the random number of microspheres.
    correlations : mapping of (str, str) to float
        Correlation coefficients between two sources, within [-1, 1]. Pairs that are not named are independent.
    basis : mapping of str to str
        Place in which an input was stated, in words, by the name of the parameter.
    coverage_factor : float
        Factor between standard uncertainty and half the width of an interval, positive.

    Raises
    ------
    OutOfRangeError
        If a number is negative or not finite, a relative uncertainty is above 2, the coverage factor is not positive,
        or a correlation is outside [-1, 1].
    ArgumentError
        If an input is not a number, or if a source is correlated with itself.
    UnknownNameError
        If a correlation names an unknown source, or `basis` an unknown input.

    References
    ----------
    gear2018, gum2008

    Examples
    --------
    >>> inputs = UncertaintyInputs(fwhm_mm=6.0, calibration_uncertainty=0.05, count_uncertainty={"Tumor": 0.08})
    >>> inputs.of_structure("count_uncertainty", "Tumor"), inputs.of_structure("count_uncertainty", "Liver")
    (0.08, None)
    """

    fwhm_mm: float | None = None
    contour_uncertainty_mm: float | Mapping[str, float] | None = None
    count_uncertainty: float | Mapping[str, float] | None = None
    calibration_uncertainty: float | None = None
    recovery: RecoveryCurve | None = None
    half_life_uncertainty: float | None = None
    scan_delay_uncertainty_h: float | None = None
    administered_activity_uncertainty: float | None = None
    residual_uncertainty: float | None = None
    lung_shunt_uncertainty: float | None = None
    density_uncertainty: float | None = None
    method_uncertainty: float | None = None
    registration_shift_mm: float | None = None
    sphere_activity_bq: float | None = None
    correlations: Mapping[Pair, float] = field(default_factory=dict, hash=False)
    basis: Mapping[str, str] = field(default_factory=dict, hash=False)
    coverage_factor: float = COVERAGE_FACTOR

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, Mapping):
                if name not in BY_STRUCTURE:
                    raise ArgumentError(f"{name} must be one number, got a mapping")
                checked: Any = {str(each): _checked(name, u, f" of '{each}'") for each, u in value.items()}
            else:
                checked = _checked(name, value)
            object.__setattr__(self, name, checked)
        if self.coverage_factor == 0.0:
            raise OutOfRangeError("coverage_factor must be > 0, got 0")
        if self.sphere_activity_bq == 0.0:
            raise OutOfRangeError("sphere_activity_bq must be > 0, got 0")
        if self.recovery is not None and not isinstance(self.recovery, RecoveryCurve):
            raise ArgumentError(f"recovery must be a RecoveryCurve, got {self.recovery!r:.80}")
        object.__setattr__(self, "correlations", _correlations(self.correlations))
        if unknown := sorted(set(self.basis) - set(self.names())):
            raise UnknownNameError(f"basis names inputs that do not exist: {', '.join(unknown)}")
        object.__setattr__(self, "basis", dict(self.basis))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the inputs that can be stated.

        Returns
        -------
        tuple of str
            Names in the order of the parameters, without correlations, basis and coverage factor.

        Examples
        --------
        >>> UncertaintyInputs.names()[:2]
        ('fwhm_mm', 'contour_uncertainty_mm')
        """
        return tuple(each.name for each in fields(cls) if each.name not in ("correlations", "basis", "coverage_factor"))

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> UncertaintyInputs:
        """Make the inputs from the plain data of a TOML or JSON file.

        Parameters
        ----------
        stated : mapping of str to object
            Values by the names of the parameters. `recovery` is a mapping in the form of a recovery curve's file (see
            `yttria.io.read_recovery_curve`), and `correlations` is a list of `[source, source, coefficient]`. None
            means not given.

        Returns
        -------
        UncertaintyInputs

        Raises
        ------
        UnknownNameError
            If a name is unknown.
        YttriaError
            As the constructor raises it.

        Examples
        --------
        >>> UncertaintyInputs.from_dict({"calibration_uncertainty": 0.05}).calibration_uncertainty
        0.05
        """
        # Only files need fitting and spelling suggestions, so that they are imported here and do not delay a dose.
        from difflib import get_close_matches

        from .recovery_fit import recovery_curve_of

        known = [each.name for each in fields(cls)]
        given = {name: value for name, value in stated.items() if value is not None}
        if unknown := sorted(set(given) - set(known)):
            near = get_close_matches(unknown[0], known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise UnknownNameError(f"'{unknown[0]}' is no input of an uncertainty: {hint}")
        curve = given.get("recovery")
        if isinstance(curve, Mapping):
            given["recovery"] = recovery_curve_of(curve)[0]
        pairs = given.get("correlations", {})
        if not isinstance(pairs, Mapping):
            try:
                given["correlations"] = {(first, second): value for first, second, value in pairs}
            except (TypeError, ValueError) as error:
                raise ArgumentError(f"correlations must be [source, source, coefficient], got {pairs!r:.80}") from error
        return cls(**given)

    def as_dict(self) -> dict[str, Any]:
        """Return the given inputs as plain data, ready for JSON. `from_dict` reads them back.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> UncertaintyInputs(fwhm_mm=6.0).as_dict()["fwhm_mm"]
        6.0
        """
        found: dict[str, Any] = {}
        for name in self.names():
            value = getattr(self, name)
            if isinstance(value, RecoveryCurve):
                value = asdict(value) | {"covariance": [list(map(float, row)) for row in value.covariance]}
            if value is not None:
                found[name] = dict(value) if isinstance(value, Mapping) else value
        if self.correlations:
            found["correlations"] = [[first, second, r] for (first, second), r in self.correlations.items()]
        if self.basis:
            found["basis"] = dict(self.basis)
        return found | {"coverage_factor": self.coverage_factor}

    def replaced(self, **changes: Any) -> UncertaintyInputs:
        """Return the inputs with some of them changed.

        Parameters
        ----------
        **changes
            New values by the names of the parameters.

        Returns
        -------
        UncertaintyInputs

        Raises
        ------
        YttriaError
            As the constructor raises it.

        Examples
        --------
        >>> UncertaintyInputs(fwhm_mm=6.0).replaced(calibration_uncertainty=0.05).fwhm_mm
        6.0
        """
        return replace(self, **changes)

    def of_structure(self, name: str, structure: str) -> float | None:
        """Return the input that applies to a structure.

        Parameters
        ----------
        name : str
            Name of an input that is a number, such as "count_uncertainty".
        structure : str
            Name of the structure.

        Returns
        -------
        float or None
            The input, None if it was not given for this structure.

        Examples
        --------
        >>> UncertaintyInputs(count_uncertainty={"Tumor": 0.08}).of_structure("count_uncertainty", "Tumor")
        0.08
        """
        value: float | Mapping[str, float] | None = getattr(self, name)
        return value.get(structure) if isinstance(value, Mapping) else value

    def basis_of(self, name: str) -> str:
        """Return the place in which an input was stated, in words.

        Parameters
        ----------
        name : str
            Name of an input.

        Returns
        -------
        str
            The words, or "stated" if none were given.

        Examples
        --------
        >>> UncertaintyInputs(fwhm_mm=6.0, basis={"fwhm_mm": "line source"}).basis_of("fwhm_mm")
        'line source'
        """
        return self.basis.get(name, "stated")


_NUMBERS = tuple(each.name for each in fields(UncertaintyInputs) if each.name not in _NOT_NUMBERS)


def _checked(name: str, value: object, of: str = "") -> float:
    if name.endswith("_uncertainty"):
        return relative_uncertainty(f"{name}{of}", value)
    found = number(f"{name}{of}", value)
    if not (isfinite(found) and found >= 0.0):
        raise OutOfRangeError(f"{name}{of} must be finite and >= 0, got {found:g}")
    return found


def _correlations(given: Mapping[Pair, float]) -> dict[Pair, float]:
    """Check that each pair of sources is known, different, and given only once."""
    found: dict[Pair, float] = {}
    for pair, value in given.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ArgumentError(f"a correlation must have two sources, got {pair!r:.80}")
        first, second = (one_of("source of uncertainty", each, UNCERTAINTY_SOURCES) for each in pair)
        coefficient = number(f"correlation of {first} and {second}", value)
        if first == second or (second, first) in found:
            raise ArgumentError(f"a correlation must have two different sources, each pair once, got {first}, {second}")
        if not -1.0 <= coefficient <= 1.0:
            raise OutOfRangeError(f"correlation of {first} and {second} must be within [-1, 1], got {coefficient:g}")
        found[first, second] = coefficient
    return found
