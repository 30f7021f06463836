"""Data of one patient for all planning models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ..advisory import Advisory, advise
from ..errors import UndefinedError
from ._patient_checks import (
    check_masses,
    check_numbers,
    check_prior_doses,
    check_types,
    laboratory_advisories,
)
from ._patient_inputs import PRIOR_DOSES, PatientInputs, nuclide_inputs, tumor_name
from .lung import lung_limits_of_yttrium
from .model_doses import PartitionDoses
from .partition import PartitionModel
from .partition_limits import PartitionLimits
from .plan_uncertainty import PlanPropagation
from .territory import Territory, Tumor


@dataclass(frozen=True, kw_only=True)
class Patient(PatientInputs):
    """One patient and one territory, for `compare_models`.

    Parameters
    ----------
    device : {"glass", "resin", "holmium", "custom"}
        Microspheres. "custom" ones are in no table: their nuclide must be stated, and no limit is for them.
    tumors : sequence of Tumor
        Tumors in the territory; empty if none is known by itself. A ratio may be None.
    normal_perfused_mass_kg, normal_total_mass_kg : float or None
        Perfused normal liver in kg, and all normal liver. None if not known.
    lung_shunt_fraction : float
        Within [0, 1).
    lung_mass_kg : float, default 1.0
        Mass of the lungs in kg, within [0.3, 2.5].
    prior_lung_dose_gy, prior_normal_perfused_dose_gy, prior_normal_whole_dose_gy : float, optional
        Mean dose of earlier treatments in Gy to the lungs, to the normal liver of this territory and to all normal
        liver. They count in every maximum and in every comparison with a limit over all treatments.
    untreated_tumor_mass_kg : float, default 0.0
        Tumor outside the territory in kg.
    residual_fraction : float, default 0.0
        Share of the vial that is not delivered, within [0, 1).
    liver_density_g_per_ml : float
        Density by which volumes and masses are exchanged, within [0.9, 1.2] g/mL.
    height_cm, weight_kg : float, optional
        Body height and weight, both or neither; for the body surface area.
    target_perfused_dose_gy, target_tumor_dose_gy : float, optional
        Target of the single compartment and of the partition model, within (0, 2000] Gy.
    limits : PartitionLimits, optional
        The planner's own limits, for the largest activity.
    guideline, disease, intent : str, optional
        Select the limits of the table that every activity is compared with; see `yttria.planning.dose_limits`.
    bilirubin_mg_per_dl, bilirubin_umol_per_l, albumin_g_per_dl, albumin_g_per_l : float, optional
        Laboratory values, each in one of its two units.
    pretreated_or_impaired, cirrhotic, prior_radioembolization : bool, optional
        State of the liver, and whether there was an earlier radioembolization.
    nuclide : Nuclide, optional
        Dose factor and half-life of the device's nuclide. Default: that of the product table, which is Y-90 by the EANM
        guideline for glass and resin, and Ho-166 with 15.87 Gy kg/GBq for holmium.
    name : str, default ""
        Name or identifier to show.
    perfused_mass_incl_tumor_kg, liver_mass_incl_tumor_kg : float, optional
        Everything perfused, and the whole liver, both with tumors. Enough for the single compartment if tumor and
        normal liver are not known apart.
    uncertainties : PlanUncertaintyInputs, optional
        Stated uncertainties of these inputs. Without them no dose has an uncertainty.

    Raises
    ------
    UnknownNameError
        If the device is not one of these.
    OutOfRangeError
        If a value is outside its range, a mass or dose is negative, or a total mass contradicts its parts.
    UndefinedError
        If no perfused mass is given, or only one of height and weight.
    ArgumentError
        If a value has a wrong type, the device does not carry the nuclide, or custom microspheres have no nuclide. If a
        laboratory value is given in both units. If a dose of earlier treatments is given twice with two values, or
        although `prior_radioembolization` is False.

    Notes
    -----
    An input that is None makes the models that need it not applicable; it is never guessed.

    Examples
    --------
    >>> patient = Patient(
    ...     device="glass",
    ...     lung_shunt_fraction=0.05,
    ...     perfused_mass_incl_tumor_kg=0.4,
    ...     target_perfused_dose_gy=400,
    ... )
    >>> patient.partition_obstacle
    'no tumor is given'
    """

    def __post_init__(self) -> None:
        check_types(self)
        object.__setattr__(self, "tumors", tuple(self.tumors))
        check_numbers(self)
        check_masses(self)
        check_prior_doses(self)
        self._uniform_model()  # checks shunt, lungs, residual and all perfused tissue
        if self.partition_obstacle is None:
            self.partition_model()
        if self.uncertainties is not None:
            self.uncertainties.check_names([tumor_name(self.tumors, i) for i in range(len(self.tumors))], ("",))

    @property
    def partition_obstacle(self) -> str | None:
        """Reason why the partition model cannot be used, as a clause, None if it can."""
        if not self.tumors:
            return "no tumor is given"
        normal = self.perfused_normal_mass_kg
        if normal is None:
            return "the mass of the perfused normal liver is not given"
        lacking = [tumor_name(self.tumors, i) for i, t in enumerate(self.tumors) if t.tumor_to_normal_ratio is None]
        if lacking and not (normal == 0.0 and len(self.tumors) == 1):
            return f"the tumor-to-normal ratio of {', '.join(lacking)} is not given"
        return None

    def partition_model(self) -> PartitionModel:
        """Return the territory as the partition model takes it.

        Returns
        -------
        PartitionModel

        Raises
        ------
        UndefinedError
            If an input is missing; `partition_obstacle` names it.

        Examples
        --------
        >>> from yttria.planning import Tumor
        >>> patient = Patient(
        ...     device="glass",
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> round(patient.partition_model().doses(2.0).tumor_doses_gy[0], 1)
        157.3
        """
        if self.partition_obstacle is not None:
            raise UndefinedError(f"partition model is undefined: {self.partition_obstacle}")
        named = [replace(tumor, name=tumor_name(self.tumors, i)) for i, tumor in enumerate(self.tumors)]
        return self._model(named, self.perfused_normal_mass_kg or 0.0, self.all_normal_mass_kg)

    def model_for(self, kinds: Sequence[str]) -> PartitionModel | None:
        """Return a model that is valid for limits of some kinds.

        Parameters
        ----------
        kinds : sequence of str
            Kinds of limits, such as "lung" and "normal_whole".

        Returns
        -------
        PartitionModel or None
            None if an input is missing. Lung dose and activity do not depend on how the liver is divided, so that a
            model of one compartment serves for them.

        Examples
        --------
        >>> from yttria.planning import Tumor
        >>> patient = Patient(
        ...     device="glass",
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=None)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> patient.model_for(["normal_whole"]) is None, patient.model_for(["lung"]) is None
        (True, False)
        """
        if self.partition_obstacle is None:
            return self.partition_model()
        return None if any(kind.startswith("normal") for kind in kinds) else self._uniform_model()

    def doses(self, delivered_activity_gbq: float) -> PartitionDoses:
        """Compute the doses of a delivered activity.

        Parameters
        ----------
        delivered_activity_gbq : float
            Delivered activity in GBq, at least 0.

        Returns
        -------
        PartitionDoses
            By the partition model if it can be used. Otherwise only the mean dose to all perfused tissue and the lung
            dose are known, because they do not depend on the uptake of the tumor. Doses to tumors and normal liver are
            then empty and None.

        Raises
        ------
        OutOfRangeError
            If the activity is negative or not finite.

        Examples
        --------
        >>> from yttria.planning import Tumor
        >>> patient = Patient(
        ...     device="glass",
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=None)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> doses = patient.doses(2.0)
        >>> round(doses.perfused_mean_dose_gy, 1), doses.tumors
        (62.9, ())
        """
        if self.partition_obstacle is None:
            return self.partition_model().doses(delivered_activity_gbq)
        doses = self._uniform_model().doses(delivered_activity_gbq)
        return replace(doses, tumor_portion_doses_gy=((),), tumors=(), normal_perfused_doses_gy=(None,))

    def propagation(self, *, draws: int, seed: int) -> PlanPropagation | None:
        """Draw the uncertain inputs, by the model that `doses` uses.

        Parameters
        ----------
        draws : int
            Number of draws.
        seed : int
            Seed of the random numbers.

        Returns
        -------
        PlanPropagation or None
            None if no uncertainty is stated.

        Examples
        --------
        >>> from yttria.planning import Tumor
        >>> patient = Patient(
        ...     device="glass",
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> patient.propagation(draws=100, seed=0) is None
        True
        """
        if self.uncertainties is None or not self.uncertainties.stated:
            return None
        apart = self.partition_obstacle is None
        model = self.partition_model() if apart else self._uniform_model()
        return PlanPropagation(model, self.uncertainties, draws=draws, seed=seed, tissues_apart=apart)

    def limits_with_prior_doses(self) -> tuple[PartitionLimits, tuple[Advisory, ...]]:
        """Return the planner's limits with the doses of earlier treatments, and the assumptions on them.

        Returns
        -------
        limits : PartitionLimits
            The limits with prior doses in Gy.
        advisories : tuple of Advisory
            `prior_dose_not_given` for each dose of an earlier treatment that is not stated. It is taken as 0, and that
            to the whole normal liver as the share that the perfused part is known to have received.

        Examples
        --------
        >>> from yttria.planning import PartitionLimits, Tumor
        >>> patient = Patient(
        ...     device="glass",
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ...     limits=PartitionLimits(lung_limit_gy=30.0),
        ...     prior_lung_dose_gy=12.0,
        ... )
        >>> patient.limits_with_prior_doses()[0].prior_lung_dose_gy
        12.0
        """
        limits = self.limits or PartitionLimits()
        found: list[Advisory] = []
        for kind, (name, tissue) in PRIOR_DOSES.items():
            dose = self.prior_dose_gy(kind)
            limited = limits.limit(kind) is not None
            if dose is None:
                dose = 0.0
                if kind == "normal_whole" and limited:
                    dose = self.least_prior_whole_gy
                if self.treated_before and limited:
                    found.append(advise("prior_dose_not_given", tissue=tissue, field=name, taken_gy=dose))
            limits = replace(limits, **{name: dose})
        return limits, tuple(found)

    def advisories(self) -> tuple[Advisory, ...]:
        """Return advisories on the inputs, which do not depend on the model.

        Returns
        -------
        tuple of Advisory
            Doubts of laboratory values, a perfused mass that is given without tumor, and lung limits that come from
            another nuclide.

        Examples
        --------
        >>> from yttria.planning import Tumor
        >>> Patient(
        ...     device="glass",
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... ).advisories()
        ()
        """
        found = list(laboratory_advisories(self))
        if not self.tumors and self.perfused_mass_incl_tumor_kg is None:
            found.append(advise("perfused_mass_without_tumor", perfused_mass_kg=self.perfused_mass_kg))
        limits = self.limits or PartitionLimits()
        found += lung_limits_of_yttrium(self.nuclide, limits.lung_limit_gy, limits.cumulative_lung_limit_gy)
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Return every input as plain values, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> patient = Patient(device="glass", lung_shunt_fraction=0.05, perfused_mass_incl_tumor_kg=0.4)
        >>> patient.as_dict()["lung_shunt_fraction"]
        0.05
        """
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["tumors"] = [vars(tumor).copy() for tumor in self.tumors]
        plain["limits"] = None if self.limits is None else vars(self.limits).copy()
        plain["nuclide"] = nuclide_inputs(self.nuclide)
        plain["uncertainties"] = None if self.uncertainties is None else self.uncertainties.as_dict()
        return plain

    def _uniform_model(self) -> PartitionModel:
        """Make a model with all perfused tissue as one, which is valid for its mean dose and for the lungs."""
        return self._model(
            (Tumor(mass_kg=self.perfused_mass_kg, tumor_to_normal_ratio=None, name="everything perfused"),), 0.0, None
        )

    def _model(self, tumors: Sequence[Tumor], normal: float, total: float | None) -> PartitionModel:
        territory = Territory(
            tumors=tuple(tumors), normal_perfused_mass_kg=normal, lung_shunt_fraction=self.lung_shunt_fraction
        )
        return PartitionModel(
            territories=[territory],
            normal_total_mass_kg=total,
            lung_mass_kg=self.lung_mass_kg,
            residual_fraction=self.residual_fraction,
            nuclide=self.nuclide,
        )
