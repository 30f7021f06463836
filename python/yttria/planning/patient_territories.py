"""Patient with several territories, each with its own injection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .._core import Nuclide
from .._foundation.choices import (
    CountedTumorDose,
    Device,
    Disease,
    Guideline,
    Intent,
    Objective,
    Overlap,
)
from .._foundation.numbers import number
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from ..errors import ArgumentError, OutOfRangeError
from ._patient_inputs import NUCLIDE_OF_DEVICE, nuclide_inputs
from .decay import elapsed_h
from .microsphere_nuclide import device_nuclide
from .partition import PartitionModel
from .partition_limits import PartitionLimits
from .plan_uncertainty_inputs import PlanUncertaintyInputs
from .territory import Territory


@dataclass(frozen=True, kw_only=True)
class PatientTerritories:
    """One patient with several territories, for `plan_territories`.

    Parameters
    ----------
    device : {"glass", "resin", "holmium", "custom"}
        Microspheres, as in `Patient`.
    territories : sequence of Territory
        One for each injection, each with a name, its tumors, its perfused normal liver and its own lung shunt.
    overlap : {"disjoint", "same_tissue"} or mapping of it by tumor, default "disjoint"
        Overlap of the portions of a tumor in several territories (see `PartitionModel`).
    activities_gbq : mapping of float, optional
        Activity to be delivered into each territory in GBq, if it was decided. Its doses are computed beside the
        optimum.
    objective : {"max_min_tumor_dose", "max_tumor_energy", "min_lung_energy"}, optional
        Objective of the optimum; without it there is none.
    tumor_dose : {"portion", "perfused_mean", "whole_mean"}, default "portion"
        The tumor dose that objective and target mean.
    target_tumor_dose_gy : float, optional
        Least dose of every tumor in Gy.
    limits : PartitionLimits, optional
        The planner's own. The limit of the perfused normal liver and that of the activity hold in each territory. Doses
        of earlier treatments stand in the fields below and not in the limits.
    normal_total_mass_kg : float, optional
        All normal liver in kg, perfused or not.
    unperfused_tumor_mass_kg : mapping of float, optional
        Mass of a tumor that no territory feeds, in kg by its name.
    untreated_tumor_mass_kg : float, default 0.0
        Tumors of which no territory feeds any part, in kg.
    lung_mass_kg : float, default 1.0
        Within [0.3, 2.5] kg.
    residual_fraction : float, default 0.0
        Share of each vial that is not delivered, within [0, 1).
    treatment_start, treatment_end : str, optional
        Window of the treatment, ISO 8601 with a zone, both or neither: vials are then chosen.
    prior_lung_dose_gy, prior_normal_whole_dose_gy : float, optional
        Mean doses of earlier treatments in Gy.
    prior_normal_perfused_dose_gy : mapping of float, optional
        The same to the normal liver of each territory.
    liver_density_g_per_ml : float, default 1.05
        Density by which volumes were exchanged for masses.
    guideline, disease, intent : str, optional
        Select the limits of the table that the doses are compared with.
    bilirubin_mg_per_dl, bilirubin_umol_per_l : float, optional
        Total bilirubin, in one of its two units.
    pretreated_or_impaired, cirrhotic, prior_radioembolization : bool, optional
        State of the liver, and whether there was an earlier radioembolization.
    nuclide : Nuclide, optional
        Dose factor and half-life, as in `Patient`.
    name : str, default ""
        Name or identifier to show.
    uncertainties : PlanUncertaintyInputs, optional
        Stated uncertainties of these inputs. Without them no dose has an uncertainty.

    Raises
    ------
    UnknownNameError
        If the device is not one of these, or if a territory or tumor does not exist.
    OutOfRangeError, UndefinedError
        As `PartitionModel`, or for an activity below 0.
    ArgumentError
        If the device does not carry the nuclide, activities leave out a territory, or the limits contain doses of
        earlier treatments. If only one end of the window is given, or the window ends before it starts.

    Examples
    --------
    >>> from yttria.planning import Territory, Tumor
    >>> right = Territory(
    ...     name="right",
    ...     normal_perfused_mass_kg=0.8,
    ...     lung_shunt_fraction=0.05,
    ...     tumors=[Tumor(name="A", mass_kg=0.1, tumor_to_normal_ratio=4.0)],
    ... )
    >>> patient = PatientTerritories(device="glass", territories=[right], activities_gbq={"right": 2.0})
    >>> round(patient.model().doses(patient.activities_gbq).lung_dose_gy, 3)
    4.967
    """

    device: Device
    territories: Sequence[Territory]
    overlap: Overlap | Mapping[str, Overlap] = "disjoint"
    activities_gbq: Mapping[str, float] = field(default_factory=dict)
    objective: Objective | None = None
    tumor_dose: CountedTumorDose = "portion"
    target_tumor_dose_gy: float | None = None
    limits: PartitionLimits | None = None
    normal_total_mass_kg: float | None = None
    unperfused_tumor_mass_kg: Mapping[str, float] = field(default_factory=dict)
    untreated_tumor_mass_kg: float = 0.0
    lung_mass_kg: float = 1.0
    residual_fraction: float = 0.0
    treatment_start: str | None = None
    treatment_end: str | None = None
    prior_lung_dose_gy: float | None = None
    prior_normal_whole_dose_gy: float | None = None
    prior_normal_perfused_dose_gy: Mapping[str, float] = field(default_factory=dict)
    liver_density_g_per_ml: float = LIVER_DENSITY_G_PER_ML
    guideline: Guideline = "EANM2022"
    disease: Disease | None = None
    intent: Intent | None = None
    bilirubin_mg_per_dl: float | None = None
    bilirubin_umol_per_l: float | None = None
    pretreated_or_impaired: bool | None = None
    cirrhotic: bool | None = None
    prior_radioembolization: bool | None = None
    nuclide: Nuclide = NUCLIDE_OF_DEVICE
    name: str = ""
    uncertainties: PlanUncertaintyInputs | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "nuclide", device_nuclide(self.device, self.nuclide))
        object.__setattr__(self, "territories", tuple(self.territories))
        names = [territory.name for territory in self.territories]
        if not all(names):
            raise ArgumentError("each territory must be given a name")
        if self.activities_gbq and set(self.activities_gbq) != set(names):
            raise ArgumentError(
                f"activities must be given for every territory or for none, {', '.join(names)}; got "
                f"{', '.join(map(str, self.activities_gbq))}"
            )
        for name, activity in self.activities_gbq.items():
            if not number(f"activity of '{name}' in GBq", activity) >= 0.0:
                raise OutOfRangeError(f"activity of '{name}' in GBq must be >= 0, got {activity:g}")
        if (self.treatment_start is None) != (self.treatment_end is None):
            raise ArgumentError("the window of the treatment must have a start and an end, or neither")
        if self.treatment_start is not None and self.treatment_end is not None:
            length = elapsed_h(self.treatment_start, self.treatment_end)
            if length < 0.0:
                raise ArgumentError(f"the window of the treatment must not end before it starts, got {length:g} h")
        limits = self.limits or PartitionLimits()
        if limits.prior_lung_dose_gy or limits.prior_normal_perfused_dose_gy or limits.prior_normal_whole_dose_gy:
            raise ArgumentError("doses of earlier treatments of several territories must not stand in the limits")
        untreated = number("untreated tumor mass in kg", self.untreated_tumor_mass_kg)
        if not 0.0 <= untreated <= 10.0:
            raise OutOfRangeError(f"untreated tumor mass in kg must be within [0, 10], got {untreated:g}")
        model = self.model()
        if not isinstance(self.uncertainties or PlanUncertaintyInputs(), PlanUncertaintyInputs):
            raise ArgumentError(f"uncertainties must be of type PlanUncertaintyInputs, got {self.uncertainties!r:.80}")
        if self.uncertainties is not None:
            self.uncertainties.check_names(model.tumors, names)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the territories, in order."""
        return tuple(territory.name for territory in self.territories)

    @property
    def perfused_mass_kg(self) -> float:
        """Mass of everything perfused, tumors and normal liver of all territories."""
        return sum(t.normal_perfused_mass_kg + sum(p.mass_kg for p in t.tumors) for t in self.territories)

    @property
    def liver_mass_kg(self) -> float | None:
        """Mass of the whole liver with all tumors, None if that of the normal liver is not known."""
        if self.normal_total_mass_kg is None:
            return None
        treated = sum(p.mass_kg for t in self.territories for p in t.tumors)
        outside = sum(self.unperfused_tumor_mass_kg.values()) + self.untreated_tumor_mass_kg
        return self.normal_total_mass_kg + treated + outside

    @property
    def treated_before(self) -> bool | None:
        """Whether there was an earlier radioembolization, as given or as the doses of earlier treatments show."""
        doses = (self.prior_lung_dose_gy, self.prior_normal_whole_dose_gy, *self.prior_normal_perfused_dose_gy.values())
        return True if any(doses) else self.prior_radioembolization

    def model(self) -> PartitionModel:
        """Return the territories as the partition model takes them.

        Returns
        -------
        PartitionModel

        Examples
        --------
        >>> from yttria.planning import Territory, Tumor
        >>> lobes = [
        ...     Territory(
        ...         name=name,
        ...         tumors=[Tumor(mass_kg=0.2, tumor_to_normal_ratio=4.0)],
        ...         normal_perfused_mass_kg=0.7,
        ...         lung_shunt_fraction=0.05,
        ...     )
        ...     for name in ("right", "left")
        ... ]
        >>> len(PatientTerritories(device="glass", territories=lobes).model().territories)
        2
        """
        return PartitionModel(
            territories=self.territories,
            overlap=self.overlap,
            normal_total_mass_kg=self.normal_total_mass_kg,
            lung_mass_kg=self.lung_mass_kg,
            unperfused_tumor_mass_kg=self.unperfused_tumor_mass_kg,
            residual_fraction=self.residual_fraction,
            prior_lung_dose_gy=self.prior_lung_dose_gy or 0.0,
            prior_normal_perfused_dose_gy=self.prior_normal_perfused_dose_gy,
            prior_normal_whole_dose_gy=self.prior_normal_whole_dose_gy,
            nuclide=self.nuclide,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return every input as plain values, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.PatientTerritories`.
        """
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in ("activities_gbq", "unperfused_tumor_mass_kg", "prior_normal_perfused_dose_gy"):
            plain[name] = dict(plain[name])
        plain["overlap"] = dict(self.overlap) if isinstance(self.overlap, Mapping) else self.overlap
        plain["territories"] = [
            vars(territory) | {"tumors": [vars(tumor).copy() for tumor in territory.tumors]}
            for territory in self.territories
        ]
        plain["limits"] = None if self.limits is None else vars(self.limits).copy()
        plain["nuclide"] = nuclide_inputs(self.nuclide)
        plain["uncertainties"] = None if self.uncertainties is None else self.uncertainties.as_dict()
        return plain
