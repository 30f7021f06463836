"""Quantities of a structure by their usual short names, such as V70, D2mL, BED and NTCP."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram, Nuclide
from .._foundation.choices import METRIC_KINDS, MetricKind
from ..errors import OutOfRangeError, UnknownNameError
from .biologically_effective_dose import bed_gy, eqd2_gy
from .dose_response import ntcp_logistic, ntcp_lyman, tcp_logistic, tcp_poisson
from .equivalent_uniform_dose import effective_uniform_bed, generalized_eud, survival_eud

_AT_DOSE = re.compile(r"V(\d+(?:\.\d+)?)(?:GY)?(%|CC|ML)?", re.IGNORECASE)
_AT_VOLUME = re.compile(r"D(\d+(?:\.\d+)?)(%|CC|ML)?", re.IGNORECASE)
#: Metrics with a name, given by spelling, key of a row, unit and definition. Spellings are compared without case.
_NAMED: dict[MetricKind, tuple[str, str, str, str]] = {
    "bed": ("BED", "mean_bed_gy", "Gy", "mean over the volume of D (1 + D T_rep / ((T_rep + T) (alpha/beta)))"),
    "eqd2": ("EQD2", "mean_eqd2_gy", "Gy", "mean BED / (1 + 2 / (alpha/beta))"),
    "eud": ("EUD", "eud_gy", "Gy", "-ln(sum v exp(-alpha D)) / alpha"),
    "geud": ("gEUD", "geud_gy", "Gy", "(sum v D^a)^(1/a)"),
    "eubed": ("EUBED", "eubed_gy", "Gy", "-ln(sum v exp(-alpha BED)) / alpha"),
    "tcp": ("TCP", "tcp", "1", "exp(-N sum v exp(-alpha D)), or 1 / (1 + (D50 / mean D)^(4 gamma50))"),
    "ntcp": (
        "NTCP",
        "ntcp",
        "1",
        "Phi((gEUD - TD50) / (m TD50)) with a = 1/n, or 1 / (1 + (D50 / mean D)^(4 gamma50))",
    ),
    "mass": ("mass", "mass_kg", "kg", "sum of density times volume"),
    "activity": ("activity", "activity_mbq", "MBq", "activity at administration inside the structure"),
    "tn": ("T/N", "tumor_to_normal_ratio", "1", "activity per mass of the tumor over that of the normal liver"),
    "reserve": ("reserve", "hepatic_reserve_fraction", "1", "1 - perfused mass / mass of the liver"),
}
_SPELLINGS = {spelled[0].casefold(): kind for kind, spelled in _NAMED.items()} | {"tn": "tn", "tnr": "tn"}
#: Parameters of the radiobiological metrics. A metric with several models uses the first one whose parameters are
#: given.
PARAMETERS: dict[MetricKind, tuple[tuple[str, ...], ...]] = {
    "bed": (("alpha_beta_gy", "repair_half_time_h"),),
    "eqd2": (("alpha_beta_gy", "repair_half_time_h"),),
    "eud": (("alpha_per_gy",),),
    "geud": (("a",),),
    "eubed": (("alpha_per_gy", "alpha_beta_gy", "repair_half_time_h"),),
    "tcp": (("alpha_per_gy", "clonogens"), ("d50_gy", "gamma50")),
    "ntcp": (("td50_gy", "m", "n"), ("d50_gy", "gamma50")),
}


@dataclass(frozen=True, kw_only=True)
class DoseMetric:
    """One quantity that a table of structures can have as a column.

    Parameters
    ----------
    kind : {"volume_at_dose", "dose_at_volume", "bed", "eqd2", "eud", "geud", "eubed", "tcp", "ntcp", "mass", \
"activity", "tn", "reserve"}
        Kind of quantity.
    label : str
        Heading of the column, such as "V70".
    key : str
        Key of the value in a row, which ends in the unit, such as "v70gy_fraction".
    unit : str
        Unit of the value, "1" for a fraction.
    definition : str
        Formula or definition in one line.
    number : float or None
        Dose in Gy of a V, or percentage or volume in mL of a D.

    Examples
    --------
    >>> from yttria.evaluation import dose_metric
    >>> [dose_metric(text).key for text in ("V70", "V70mL", "D98", "D2cc", "NTCP")]
    ['v70gy_fraction', 'v70gy_ml', 'd98_gy', 'd2ml_gy', 'ntcp']
    """

    kind: MetricKind
    label: str
    key: str
    unit: str
    definition: str
    number: float | None = None

    @property
    def from_parameters(self) -> bool:
        """Whether the value needs parameters of a radiobiological model."""
        return self.kind in PARAMETERS

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> dose_metric("V70").as_dict()["key"]
        'v70gy_fraction'
        """
        return asdict(self)


def dose_metric(text: str) -> DoseMetric:
    """Read a quantity from its usual short name.

    Parameters
    ----------
    text : str
        "V70" (share of the volume that receives at least 70 Gy), "V70mL" or "V70cc" (that volume), "D98" (minimum dose
        of the hottest 98 % of the volume), "D2mL" or "D2cc" (of the hottest 2 mL), or one of BED, EQD2, EUD, gEUD,
        EUBED, TCP, NTCP, mass, activity, T/N and reserve. Case does not matter.

    Returns
    -------
    DoseMetric

    Raises
    ------
    UnknownNameError
        If the text is not one of these names.
    OutOfRangeError
        If a percentage is above 100, or a volume is 0.

    Examples
    --------
    >>> metric = dose_metric("v70")
    >>> metric.label, metric.unit, metric.definition
    ('V70', '1', 'share of the volume that receives at least 70 Gy')
    """
    given = text.strip() if isinstance(text, str) else ""
    if (found := _AT_DOSE.fullmatch(given)) is not None:
        return _volume_at_dose(float(found[1]), (found[2] or "%").casefold() != "%")
    if (found := _AT_VOLUME.fullmatch(given)) is not None:
        return _dose_at_volume(float(found[1]), (found[2] or "%").casefold() != "%")
    kind = _SPELLINGS.get(given.casefold())
    if kind is None:
        names = ", ".join(spelled[0] for spelled in _NAMED.values())
        raise UnknownNameError(f"metric must be like V70, V70mL, D98 or D2mL, or one of {names}, got {text!r:.80}")
    label, key, unit, definition = _NAMED[kind]
    return DoseMetric(kind=kind, label=label, key=key, unit=unit, definition=definition)


def _volume_at_dose(dose: float, in_ml: bool) -> DoseMetric:
    if not isfinite(dose):
        raise OutOfRangeError(f"dose of V in Gy must be finite, got {dose:g}")
    share = "volume" if in_ml else "share of the volume"
    return DoseMetric(
        kind="volume_at_dose",
        label=f"V{dose:g}{' mL' if in_ml else ''}",
        key=f"v{dose:g}gy_{'ml' if in_ml else 'fraction'}",
        unit="mL" if in_ml else "1",
        definition=f"{share} that receives at least {dose:g} Gy",
        number=dose,
    )


def _dose_at_volume(volume: float, in_ml: bool) -> DoseMetric:
    if not isfinite(volume) or (volume == 0.0 if in_ml else volume > 100.0):
        allowed = "finite and > 0 mL" if in_ml else "within [0, 100] %"
        raise OutOfRangeError(f"volume of D must be {allowed}, got {volume:g}")
    unit = "mL" if in_ml else "%"
    return DoseMetric(
        kind="dose_at_volume",
        label=f"D{volume:g}{' mL' if in_ml else ''}",
        key=f"d{volume:g}{'ml' if in_ml else ''}_gy",
        unit="Gy",
        definition=f"minimum dose of the hottest {volume:g} {unit} of the volume",
        number=volume,
    )


def metric_value(
    metric: DoseMetric,
    histogram: DoseVolumeHistogram,
    parameters: Mapping[str, float] | None = None,
    *,
    nuclide: Nuclide | None = None,
) -> float | None:
    """Compute a quantity from the doses of a structure.

    Parameters
    ----------
    metric : DoseMetric
        A quantity that can be computed from doses. Mass, activity, T/N and reserve cannot.
    histogram : DoseVolumeHistogram
        Histogram of the structure's doses.
    parameters : mapping of str to float, optional
        Parameters of a radiobiological model by their names, as in `ParameterSet.values`.
    nuclide : Nuclide, optional
        Nuclide whose half-life enters the BED; `Nuclide()` if not given.

    Returns
    -------
    float or None
        Value in the unit of the metric. None if parameters are missing, or if a D needs more volume than the structure
        has.

    Raises
    ------
    UnknownNameError
        If the metric cannot be computed from doses.
    OutOfRangeError
        If a parameter is outside its range.

    Notes
    -----
    Negative doses due to noise count as 0 in radiobiological models.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria.evaluation import dose_volume_histograms
    >>> dose = np.full((1, 1, 4), 60.0)
    >>> inside = {"all": np.ones((1, 1, 4), bool)}
    >>> histogram = dose_volume_histograms(dose, inside, voxel_volume_ml=1.0)["all"]
    >>> metric_value(dose_metric("V50"), histogram)
    1.0
    >>> model = {"alpha_beta_gy": 2.5, "repair_half_time_h": 2.5}
    >>> round(metric_value(dose_metric("BED"), histogram, model), 1)
    114.1
    """
    number = metric.number or 0.0
    if metric.kind == "volume_at_dose":
        in_ml = metric.unit == "mL"
        return histogram.volume_at_dose_ml(number) if in_ml else histogram.volume_at_dose_percent(number) / 100.0
    if metric.kind == "dose_at_volume":
        if "ml_" not in metric.key:
            return histogram.dose_at_volume_percent(number)
        return histogram.dose_at_volume_ml(number) if number <= histogram.volume_ml else None
    if metric.kind not in PARAMETERS:
        raise UnknownNameError(f"metric must follow from doses, got {metric.label}")
    chosen = _chosen(metric.kind, parameters or {})
    if chosen is None:
        return None
    doses, volumes = histogram.differential()
    return _MODELS[metric.kind](np.maximum(doses, 0.0), volumes, chosen, nuclide)


def _chosen(kind: MetricKind, parameters: Mapping[str, float]) -> dict[str, float] | None:
    """Choose the parameters of the first model for which all are given."""
    for names in PARAMETERS[kind]:
        if all(name in parameters for name in names):
            return {name: parameters[name] for name in names}
    return None


Array = NDArray[np.float64]
Values = dict[str, float]


def _mean_bed(doses: Array, volumes: Array, values: Values, nuclide: Nuclide | None) -> float:
    beds = bed_gy(doses, **values, nuclide=nuclide)
    return float(volumes @ beds / volumes.sum())


def _mean_eqd2(doses: Array, volumes: Array, values: Values, nuclide: Nuclide | None) -> float:
    return eqd2_gy(_mean_bed(doses, volumes, values, nuclide), alpha_beta_gy=values["alpha_beta_gy"])


def _tcp(doses: Array, volumes: Array, values: Values, _: Nuclide | None) -> float:
    model: Callable[..., Any] = tcp_poisson if "clonogens" in values else tcp_logistic
    return float(model(doses, volumes, **values).probability)


def _ntcp(doses: Array, volumes: Array, values: Values, _: Nuclide | None) -> float:
    model: Callable[..., Any] = ntcp_lyman if "n" in values else ntcp_logistic
    return float(model(doses, volumes, **values).probability)


_MODELS: dict[MetricKind, Callable[[Array, Array, Values, Nuclide | None], float]] = {
    "bed": _mean_bed,
    "eqd2": _mean_eqd2,
    "eud": lambda doses, volumes, values, _: survival_eud(doses, volumes, **values).value_gy,
    "geud": lambda doses, volumes, values, _: generalized_eud(doses, volumes, **values).value_gy,
    "eubed": lambda doses, volumes, values, nuclide: (
        effective_uniform_bed(doses, volumes, **values, nuclide=nuclide).value_gy
    ),
    "tcp": _tcp,
    "ntcp": _ntcp,
}
assert _NAMED.keys() | {"volume_at_dose", "dose_at_volume"} == set(METRIC_KINDS)
