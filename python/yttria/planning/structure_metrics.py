"""Further quantities of structures, such as V(x), BED, EUD, TCP, NTCP, mass, activity, ratio and reserve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core import DoseVolumeHistogram
from .._foundation.choices import Device, StructureRole, Tissue
from .._foundation.numbers import one_of
from ..advisory import Advisory, advise
from ..errors import ArgumentError
from ..evaluation import DoseMetric, ParameterSet, dose_metric, metric_value, parameter_sets
from ..evaluation.dose_metrics import PARAMETERS
from ..geometry.structure import Structure
from ..geometry.structure_selection import Patterns
from ..voxel import DoseResult
from ..voxel.dose_kernel import nuclide_of
from .delivered_regions import DeliveredRegions, delivered_regions, known_mass_kg
from .delivered_roles import DeliveredRoles, delivered_roles
from .microsphere_nuclide import device_of_dose

#: Tissues by the spelling of the parameter sets.
_TISSUES: dict[str, Tissue] = {"tumor": "tumor", "normal liver": "normal_liver", "lung": "lung"}


@dataclass(frozen=True, kw_only=True)
class TissueParameters:
    """Radiobiological parameters of one tissue, and their source.

    Parameters
    ----------
    tissue : {"tumor", "normal_liver", "lung"}
        The tissue.
    values : mapping of str to float
        Parameters by the names that the functions of `yttria.evaluation` take.
    sets : tuple of str
        Ids of the published sets among them; "own" stands for values of the caller.
    advisories : tuple of Advisory
        Advisories on the sets.

    Examples
    --------
    >>> from yttria.planning import tissue_parameters
    >>> (liver,) = tissue_parameters(["liver-cremonesi-2008", "normal_liver:td50_gy=52,m=0.28,n=1"], device="resin")
    >>> liver.sets, liver.values["alpha_beta_gy"], liver.values["td50_gy"]
    (('liver-cremonesi-2008', 'own'), 2.5, 52.0)
    """

    tissue: Tissue
    values: Mapping[str, float]
    sets: tuple[str, ...]
    advisories: tuple[Advisory, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> (tumor,) = tissue_parameters(["tumor:alpha_per_gy=0.02,clonogens=1e6"])
        >>> tumor.as_dict()["tissue"]
        'tumor'
        """
        told = [advisory.as_dict() for advisory in self.advisories]
        return {"tissue": self.tissue, "values": dict(self.values), "sets": list(self.sets), "advisories": told}


@dataclass(frozen=True, kw_only=True)
class StructureMetrics:
    """Columns of a table of structures, and their values.

    Parameters
    ----------
    columns : tuple of DoseMetric
        The quantities in the order asked for.
    rows : mapping of str to mapping of str to float or None
        By structure and key of the column. None if a quantity is not defined for a structure or not known.
    parameters : tuple of TissueParameters
        Parameters of the radiobiological quantities.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    columns: tuple[DoseMetric, ...]
    rows: Mapping[str, Mapping[str, float | None]]
    parameters: tuple[TissueParameters, ...] = ()
    advisories: tuple[Advisory, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return columns and parameters as plain data, ready for JSON. The table of structures has the values.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.structure_metrics`.
        """
        return {
            "columns": [column.as_dict() for column in self.columns],
            "parameters": [parameters.as_dict() for parameters in self.parameters],
            "advisories": [advisory.as_dict() for advisory in self.advisories],
        }


def tissue_parameters(given: Sequence[str | ParameterSet], *, device: Device | None = None) -> list[TissueParameters]:
    """Gather radiobiological parameters by tissue.

    Parameters
    ----------
    given : sequence of str or ParameterSet
        Ids of published sets ("liver-cremonesi-2008"), or own values ("tumor:alpha_per_gy=0.02,clonogens=1e6").
    device : {"glass", "resin", "holmium", "custom"}, optional
        Microspheres that were used; a set of another device gives a warning.

    Returns
    -------
    list of TissueParameters
        One for each tissue.

    Raises
    ------
    UnknownNameError
        If a set or tissue is not known.
    ArgumentError
        If a parameter is given twice with two values, or no model takes it.

    Warns
    -----
    parameters_not_verified, device_mismatch
        As `ParameterSet.advisories`.

    Examples
    --------
    >>> (tumor,) = tissue_parameters(["tumor:alpha_per_gy=0.02,clonogens=1e6"])
    >>> tumor.tissue
    'tumor'
    """
    known = {name for models in PARAMETERS.values() for names in models for name in names}
    found: dict[Tissue, tuple[dict[str, float], list[str], list[Advisory]]] = {}
    for each in given:
        tissue, values, name, told = _parsed(each, device)
        into, sets, advisories = found.setdefault(tissue, ({}, [], []))
        for parameter, value in values.items():
            if parameter not in known:
                raise ArgumentError(f"parameter must be one of {', '.join(sorted(known))}, got '{parameter}'")
            if into.setdefault(parameter, value) != value:
                raise ArgumentError(
                    f"{parameter} of {tissue.replace('_', ' ')} must be given once, got {into[parameter]:g} and "
                    f"{value:g}"
                )
        sets.append(name)
        advisories += told
    return [
        TissueParameters(tissue=tissue, values=values, sets=tuple(dict.fromkeys(sets)), advisories=tuple(advisories))
        for tissue, (values, sets, advisories) in found.items()
    ]


def _parsed(
    given: str | ParameterSet, device: Device | None
) -> tuple[Tissue, dict[str, float], str, tuple[Advisory, ...]]:
    if isinstance(given, ParameterSet) or given in parameter_sets():
        entry = given if isinstance(given, ParameterSet) else parameter_sets()[given]
        return _TISSUES[entry.tissue], dict(entry.values), entry.id, entry.advisories(device)
    tissue, colon, texts = given.partition(":")
    pairs = [text.partition("=") for text in texts.split(",")]
    if not colon or not all(equals for _, equals, _ in pairs):
        raise ArgumentError(
            f"parameters must be one of {', '.join(parameter_sets())}, or like tumor:alpha_per_gy=0.02,clonogens=1e6, "
            f"got {given!r:.120}"
        )
    values = {}
    for name, _, text in pairs:
        try:
            values[name.strip()] = float(text)
        except ValueError:
            raise ArgumentError(f"{name.strip()} must be a number, got {text!r:.80}") from None
    return one_of("tissue", tissue.strip().replace(" ", "_"), tuple(_TISSUES.values())), values, "own", ()


def structure_metrics(
    result: DoseResult,
    structures: Sequence[Structure],
    metrics: Sequence[str | DoseMetric],
    *,
    roles: DeliveredRoles | Mapping[StructureRole, Patterns] | None = None,
    parameters: Sequence[str | ParameterSet] = (),
    device: Device | None = None,
    hepatic_reserve_fraction: float | None = None,
    histograms: Mapping[str, DoseVolumeHistogram] | None = None,
    threads: int | None = None,
) -> StructureMetrics:
    """Compute further quantities of structures.

    Parameters
    ----------
    result : DoseResult
        The dose image with its scaling and densities.
    structures : sequence of Structure
        Structures in its space.
    metrics : sequence of str or DoseMetric
        Short names as `dose_metric` reads them.
    roles : DeliveredRoles, or mapping of str to str or sequence of str, optional
        Roles of the structures; by name if not given.
    parameters : sequence of str or ParameterSet, optional
        As `tissue_parameters` takes them. A tumor takes those of the tumor, lungs those of the lung, liver, perfused
        volume and normal liver those of the normal liver, and a structure without a role none.
    device : {"glass", "resin", "holmium", "custom"}, optional
        Microspheres that were used. If they are not stated, those of a dose of Ho-166 are holmium ones, and those of
        a further nuclide are custom ones.
    hepatic_reserve_fraction : float, optional
        Stated in the row of the liver; by default it follows from the masses of liver and perfused volume.
    histograms : mapping of str to DoseVolumeHistogram, optional
        Doses of the structures, if they were computed before.
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    StructureMetrics

    Raises
    ------
    UnknownNameError
        If a metric, a set or a role is not known.
    ArgumentError
        If a metric needs parameters that no tissue has, or if the microspheres carry another nuclide than that of the
        dose.
    GeometryError
        If a structure lies in another frame of reference.

    Warns
    -----
    parameters_not_verified, device_mismatch
        As `ParameterSet.advisories`.
    negative_doses_as_zero
        A radiobiological model took negative doses as 0.

    Examples
    --------
    >>> from yttria import AbsoluteScaling, dose_image
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((6.0, 8.0, 8.0))
    >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0))
    >>> found = structure_metrics(result, phantom.structures, ["V70", "T/N", "mass"])
    >>> round(found.rows["Tumor 1"]["tumor_to_normal_ratio"], 1)
    4.6
    """
    nuclide = nuclide_of(result.provenance)
    columns, tissues = checked_metrics(metrics, parameters, device_of_dose(device, nuclide))
    if not isinstance(roles, DeliveredRoles):
        roles = delivered_roles(structures, roles)
    if histograms is None:
        histograms = result.evaluate(structures, threads=threads)[1]
    regions = DeliveredRegions(by_role={}, tumors={})
    if any(column.kind in ("tn", "reserve") for column in columns):
        regions = delivered_regions(result, structures, roles, threads=threads)
    inside = result.voxel_fractions(structures, threads=threads)
    reserve = regions.hepatic_reserve_fraction if hepatic_reserve_fraction is None else hepatic_reserve_fraction
    ratios, of_liver = regions.tumor_to_normal_ratios, roles.liver[0] if len(roles.liver) == 1 else None

    def value(column: DoseMetric, name: str) -> float | None:
        if column.kind == "mass":
            return known_mass_kg(result, inside[name])
        if column.kind == "activity":
            return None if result.activity is None else result.activity_mbq(inside[name])
        if column.kind == "tn":
            return ratios.get(name)
        if column.kind == "reserve":
            return reserve if name == of_liver else None
        foreign = column.kind == ("ntcp" if name in roles.tumors else "tcp")
        if foreign or name not in histograms:
            return None
        return metric_value(column, histograms[name], _values_of(name, roles, tissues), nuclide=nuclide)

    rows = {each.name: {column.key: value(column, each.name) for column in columns} for each in structures}
    used = tuple(tissues.values())
    advisories = [told for entry in used for told in entry.advisories]
    advisories += [advise("model_not_validated", model=c.label) for c in columns if c.kind in ("tcp", "ntcp")]
    if any(column.from_parameters for column in columns):
        modelled = [name for name in histograms if _values_of(name, roles, tissues) is not None]
        advisories += _negative({name: histograms[name] for name in modelled})
    return StructureMetrics(columns=columns, rows=rows, parameters=used, advisories=tuple(dict.fromkeys(advisories)))


def checked_metrics(
    metrics: Sequence[str | DoseMetric], parameters: Sequence[str | ParameterSet], device: Device | None
) -> tuple[tuple[DoseMetric, ...], dict[Tissue, TissueParameters]]:
    """Return the columns and the parameters by tissue, checked. Raises as `structure_metrics`."""
    columns = tuple(metric if isinstance(metric, DoseMetric) else dose_metric(metric) for metric in metrics)
    tissues = {entry.tissue: entry for entry in tissue_parameters(parameters, device=device)}
    for column in columns:
        _check_parameters(column, tissues)
    return columns, tissues


def _check_parameters(column: DoseMetric, tissues: Mapping[Tissue, TissueParameters]) -> None:
    models = PARAMETERS.get(column.kind)
    if models is None:
        return
    if not any(all(name in entry.values for name in names) for entry in tissues.values() for names in models):
        needed = ", or ".join(" and ".join(names) for names in models)
        raise ArgumentError(
            f"{column.label} needs {needed} of a tissue: give a published set ({', '.join(parameter_sets())}) or own "
            "values, such as tumor:alpha_per_gy=0.02,clonogens=1e6 (parameters)"
        )


def _values_of(
    name: str, roles: DeliveredRoles, tissues: Mapping[Tissue, TissueParameters]
) -> Mapping[str, float] | None:
    """The parameters of a structure by its role; None without a role or without parameters of its tissue."""
    found = [entry.values for tissue, entry in tissues.items() if name in roles.of_tissue(tissue)]
    return found[0] if found else None


def _negative(histograms: Mapping[str, DoseVolumeHistogram]) -> list[Advisory]:
    found = []
    for name, histogram in histograms.items():
        doses, volumes = histogram.differential()
        below = float(volumes[np.asarray(doses) < 0.0].sum())
        if below > 0.0:
            share = below / histogram.volume_ml
            found.append(advise("negative_doses_as_zero", structure=name, volume_fraction=share))
    return found
