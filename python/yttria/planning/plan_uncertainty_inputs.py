"""Stated uncertainties of a plan's inputs, which are shunt, ratios, masses, activity meter and residual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .._foundation.numbers import number
from ..errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError

#: Relative standard uncertainty of one quantity, or of several by name.
ByName = float | Mapping[str, float]

#: Fields with one number for all, or one for each tumor or territory by name.
OF_TUMORS = ("tumor_mass_uncertainty", "tumor_to_normal_ratio_uncertainty")
OF_TERRITORIES = ("lung_shunt_uncertainty", "normal_mass_uncertainty")
_SINGLE = (
    "administered_activity_uncertainty",
    "residual_uncertainty",
    "common_mass_uncertainty",
    "perfused_mass_uncertainty",
    "normal_total_mass_uncertainty",
    "lung_mass_uncertainty",
    "method_uncertainty",
)
#: Fields that hold uncertainties, and those that state how inputs depend on each other.
UNCERTAINTIES = (*_SINGLE, *OF_TERRITORIES, *OF_TUMORS)
FLAGS = ("ratio_from_counts", "normal_mass_from_difference", "shunts_from_one_scan")
#: Largest relative standard uncertainty of a measured quantity, chosen by this project.
_LARGEST = 2.0


@dataclass(frozen=True, kw_only=True)
class PlanUncertaintyInputs:
    """Stated standard uncertainties of a plan's inputs. None means not stated, which is not zero.

    Each is a relative standard uncertainty: a fraction of the value, coverage factor 1.

    Parameters
    ----------
    administered_activity_uncertainty : float, optional
        Uncertainty of the activity meter, common to all injections.
    residual_uncertainty : float, optional
        Uncertainty of the residual fraction, relative to that fraction.
    lung_shunt_uncertainty : float or mapping of float, optional
        Uncertainty of the lung shunt fraction, relative to that fraction, for every territory or by its name.
    tumor_mass_uncertainty, tumor_to_normal_ratio_uncertainty : float or mapping of float, optional
        Uncertainty of mass and ratio, for every tumor or by its name.
    normal_mass_uncertainty : float or mapping of float, optional
        Uncertainty of the perfused normal liver, for every territory or by its name.
    common_mass_uncertainty : float, optional
        Uncertainty that all masses of liver and tumors have in common because they come from one image, such as that of
        its density and its rule of outlining. The other uncertainties of masses are then independent of each other.
    perfused_mass_uncertainty : float, optional
        Uncertainty of all perfused tissue, if tumor and normal liver are not separate, or with
        `normal_mass_from_difference`.
    normal_total_mass_uncertainty : float, optional
        Uncertainty of all normal liver, if that is more than the perfused part.
    lung_mass_uncertainty : float, optional
        Uncertainty of the mass of the lungs.
    method_uncertainty : float, optional
        Uncertainty of the model, common to all doses, for example of the prediction of microspheres by the tracer.
    ratio_from_counts : bool, default False
        The ratios were found as counts over these masses. `tumor_to_normal_ratio_uncertainty` is then that of the
        counts alone, and an error of a mass enters the ratio.
    normal_mass_from_difference : bool, default False
        The perfused normal liver is everything perfused less the tumors, so that a larger outline of a tumor makes the
        normal liver smaller. `perfused_mass_uncertainty` takes the place of `normal_mass_uncertainty`.
    shunts_from_one_scan : bool, default False
        The shunts of all territories are one measured number, so that they have one error.
    basis : mapping of str to str
        Place in which each number was stated, by the name of its field.

    Raises
    ------
    OutOfRangeError
        If an uncertainty is not within [0, 2].
    ArgumentError
        If a value has another type.
    UndefinedError
        If both `normal_mass_uncertainty` and `normal_mass_from_difference` are given.
    UnknownNameError
        If `basis` names no field.

    Examples
    --------
    >>> stated = PlanUncertaintyInputs(lung_shunt_uncertainty=0.2, tumor_mass_uncertainty={"A": 0.3})
    >>> stated.stated, stated.value_of("tumor_mass_uncertainty", "B")
    (('lung_shunt_uncertainty', 'tumor_mass_uncertainty'), None)
    """

    administered_activity_uncertainty: float | None = None
    residual_uncertainty: float | None = None
    lung_shunt_uncertainty: ByName | None = None
    tumor_mass_uncertainty: ByName | None = None
    tumor_to_normal_ratio_uncertainty: ByName | None = None
    normal_mass_uncertainty: ByName | None = None
    common_mass_uncertainty: float | None = None
    perfused_mass_uncertainty: float | None = None
    normal_total_mass_uncertainty: float | None = None
    lung_mass_uncertainty: float | None = None
    method_uncertainty: float | None = None
    ratio_from_counts: bool = False
    normal_mass_from_difference: bool = False
    shunts_from_one_scan: bool = False
    basis: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name in UNCERTAINTIES:
            given = getattr(self, name)
            if isinstance(given, Mapping):
                if name in _SINGLE:
                    raise ArgumentError(f"{name} must be one number, got a mapping")
                checked: Any = {str(key): _uncertainty(f"{name} of '{key}'", each) for key, each in given.items()}
            else:
                checked = None if given is None else _uncertainty(name, given)
            object.__setattr__(self, name, checked)
        for name in FLAGS:
            if not isinstance(getattr(self, name), bool):
                raise ArgumentError(f"{name} must be True or False, got {getattr(self, name)!r:.80}")
        if self.normal_mass_from_difference and self.normal_mass_uncertainty is not None:
            raise UndefinedError(
                "normal_mass_uncertainty has no meaning with normal_mass_from_difference, because the normal liver is "
                "everything perfused less the tumors; give perfused_mass_uncertainty"
            )
        if unknown := sorted(set(self.basis) - {*UNCERTAINTIES, *FLAGS}):
            raise UnknownNameError(f"basis names inputs that do not exist: {', '.join(unknown)}")
        object.__setattr__(self, "basis", dict(self.basis))

    @property
    def stated(self) -> tuple[str, ...]:
        """Names of the uncertainties that are stated."""
        names = (each.name for each in fields(self) if each.name in UNCERTAINTIES)
        return tuple(name for name in names if getattr(self, name) not in (None, {}))

    def value_of(self, name: str, key: str = "") -> float | None:
        """Return one uncertainty.

        Parameters
        ----------
        name : str
            Name of a field, such as "tumor_mass_uncertainty".
        key : str, default ""
            The tumor or territory.

        Returns
        -------
        float or None
            The relative standard uncertainty; None if it is not stated.

        Examples
        --------
        >>> PlanUncertaintyInputs(lung_shunt_uncertainty=0.2).value_of("lung_shunt_uncertainty", "right")
        0.2
        """
        given = getattr(self, name)
        found: float | None = given.get(key) if isinstance(given, Mapping) else given
        return found

    def basis_of(self, name: str) -> str:
        """Return the place in which an uncertainty was stated, in words.

        Parameters
        ----------
        name : str
            Name of a field.

        Returns
        -------
        str
            "stated" if nothing else was given.

        Examples
        --------
        >>> PlanUncertaintyInputs(lung_mass_uncertainty=0.2).basis_of("lung_mass_uncertainty")
        'stated'
        """
        return self.basis.get(name, "stated")

    def check_names(self, tumors: Sequence[str], territories: Sequence[str]) -> None:
        """Refuse an uncertainty of a tumor or a territory that does not exist.

        Parameters
        ----------
        tumors, territories : sequence of str
            Names that are there.

        Raises
        ------
        UnknownNameError
            With the name and those that are there.
        ArgumentError
            For uncertainties by name if nothing has a name.

        Examples
        --------
        >>> PlanUncertaintyInputs(tumor_mass_uncertainty={"A": 0.1}).check_names(["A", "B"], [""])
        """
        for names, known in ((OF_TUMORS, tumors), (OF_TERRITORIES, territories)):
            for name in names:
                given = getattr(self, name)
                if isinstance(given, Mapping) and not any(known):
                    raise ArgumentError(f"{name} must be one number, because nothing here has a name")
                for key in given if isinstance(given, Mapping) else ():
                    if key not in known:
                        raise UnknownNameError(f"{name} must be of one of {', '.join(known)}, got {key!r}")

    def updated(self, others: Mapping[str, Any], *, basis: str) -> PlanUncertaintyInputs:
        """Return the inputs with those of `others` that are not None in their place.

        Parameters
        ----------
        others : mapping of str to object
            By the names of the fields.
        basis : str
            Where the others were stated, in words.

        Returns
        -------
        PlanUncertaintyInputs
            New inputs.

        Examples
        --------
        >>> stated = PlanUncertaintyInputs(lung_shunt_uncertainty=0.2)
        >>> changed = stated.updated({"lung_shunt_uncertainty": 0.1}, basis="phantom")
        >>> changed.lung_shunt_uncertainty, changed.basis_of("lung_shunt_uncertainty")
        (0.1, 'phantom')
        """
        given = {name: value for name, value in others.items() if value is not None}
        plain = {each.name: getattr(self, each.name) for each in fields(self)} | given
        return PlanUncertaintyInputs(**plain | {"basis": {**self.basis, **dict.fromkeys(given, basis)}})

    def as_dict(self) -> dict[str, Any]:
        """Return the stated fields as plain values, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> PlanUncertaintyInputs(lung_shunt_uncertainty=0.2).as_dict()["lung_shunt_uncertainty"]
        0.2
        """
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value not in (None, {}, False):
                found[each.name] = dict(value) if isinstance(value, Mapping) else value
        return found


def _uncertainty(name: str, given: object) -> float:
    value = number(name, given)
    if not 0.0 <= value <= _LARGEST:
        hint = f"; {value:g} % is {value / 100.0:g}" if _LARGEST < value <= 100.0 else ""
        raise OutOfRangeError(f"{name} must be a fraction within [0, {_LARGEST:g}], got {value:g}{hint}")
    return value
