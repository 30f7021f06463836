"""A row of the comparison of models: an activity, the doses that it gives, and their standard uncertainties."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ._side_by_side import ModelRun
from .plan_uncertainty_text import dose_uncertainties


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """Activity of one model and the doses that it gives.

    Parameters
    ----------
    model : str
        Name of the model.
    delivered_activity_gbq, vial_activity_gbq : float
        Activity that reaches the patient, and activity in the vial at treatment, in GBq.
    perfused_mean_dose_gy : float
        Mean dose to everything perfused in Gy.
    lowest_tumor_dose_gy, highest_tumor_dose_gy : float or None
        Lowest and highest mean dose of the tumors in Gy; None if no tumor is known by itself.
    normal_perfused_dose_gy, normal_whole_dose_gy : float or None
        Mean dose to the perfused normal liver and to all normal liver in Gy; None if not known.
    lung_dose_gy : float
        Mean dose to the lungs in Gy.
    needed_activity_standard_uncertainty_gbq : float or None
        Standard uncertainty of the activity that the model's target or limit asks for; None if the model has neither,
        or no uncertainty is stated.
    perfused_mean_dose_standard_uncertainty_gy, lowest_tumor_dose_standard_uncertainty_gy : float or None
    highest_tumor_dose_standard_uncertainty_gy, normal_perfused_dose_standard_uncertainty_gy : float or None
    normal_whole_dose_standard_uncertainty_gy, lung_dose_standard_uncertainty_gy : float or None
        Standard uncertainties of the doses, given this activity; None if none is stated of any input.
    coverage_factor : float or None
        Factor to half the width of a 95 % interval.
    breaks : str
        Sentences on the limits that are certainly exceeded and the targets that are certainly missed; "" if there is
        none.
    why : str
        Difference of the model from the others, in one sentence.
    """

    model: str
    delivered_activity_gbq: float
    vial_activity_gbq: float
    perfused_mean_dose_gy: float
    lowest_tumor_dose_gy: float | None
    highest_tumor_dose_gy: float | None
    normal_perfused_dose_gy: float | None
    normal_whole_dose_gy: float | None
    lung_dose_gy: float
    needed_activity_standard_uncertainty_gbq: float | None = None
    perfused_mean_dose_standard_uncertainty_gy: float | None = None
    lowest_tumor_dose_standard_uncertainty_gy: float | None = None
    highest_tumor_dose_standard_uncertainty_gy: float | None = None
    normal_perfused_dose_standard_uncertainty_gy: float | None = None
    normal_whole_dose_standard_uncertainty_gy: float | None = None
    lung_dose_standard_uncertainty_gy: float | None = None
    coverage_factor: float | None = None
    breaks: str
    why: str

    @classmethod
    def of(cls, run: ModelRun) -> ModelRow:
        """Make the row from the run of a model.

        Parameters
        ----------
        run : ModelRun
            One of `ModelComparison.runs`.

        Returns
        -------
        ModelRow

        Examples
        --------
        >>> from yttria.planning import Patient, compare_models
        >>> patient = Patient(
        ...     device="glass",
        ...     lung_shunt_fraction=0.05,
        ...     perfused_mass_incl_tumor_kg=0.4,
        ...     target_perfused_dose_gy=400,
        ... )
        >>> row = ModelRow.of(compare_models(patient)["single_compartment"])
        >>> round(row.perfused_mean_dose_gy, 1)
        400.0
        """
        return cls(
            model=run.model,
            delivered_activity_gbq=run.delivered_activity_gbq,
            vial_activity_gbq=run.vial_activity_gbq,
            perfused_mean_dose_gy=run.doses.perfused_mean_dose_gy,
            lowest_tumor_dose_gy=min(run.doses.tumor_doses_gy, default=None),
            highest_tumor_dose_gy=max(run.doses.tumor_doses_gy, default=None),
            normal_perfused_dose_gy=run.doses.normal_perfused_dose_gy,
            normal_whole_dose_gy=run.doses.normal_whole_dose_gy,
            lung_dose_gy=run.doses.lung_dose_gy,
            **dose_uncertainties(run),
            breaks="; ".join(map(str, run.breaks)),
            why=run.why,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.ModelComparison.rows`.
        """
        return asdict(self)
