"""Plan inputs measured on images: masses, counts, ratios and shunts, each with its origin."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import __version__
from .._foundation.brief import brief
from .._foundation.provenance import RESEARCH_USE
from .._foundation.whole_files import atomic
from ..errors import ResultsExistError
from .image_measurements import ImageMeasurements, MeasuredTerritory
from .image_plan_file import image_plan_toml
from .patient import Patient
from .patient_territories import PatientTerritories
from .territory import Territory, Tumor


@dataclass(frozen=True, eq=False, kw_only=True)
class ImagePlan(ImageMeasurements):
    """Plan inputs measured on images, ready to be planned and to be written as a patient file.

    Parameters
    ----------
    settings : PlanSettings
        Settings that images do not contain.
    territories : tuple of MeasuredTerritory
        One for each injection.
    normal_total_mass_kg, liver_mass_kg : float
        All normal liver, and the whole liver with its tumors.
    unperfused_tumor_mass_kg : mapping of float
        Mass in kg that no territory feeds, for each tumor with such a part.
    lung_mass_kg : float
        Mass of the lungs.
    lung_mass_origin, mass_origin, counts_origin : str
        Origin of the mass of the lungs, of the masses of the liver, and of the counts, in words.
    structures_by_role : mapping of str to str
        Structures of each role in words.
    inputs : mapping of str to str
        Origin of the numbers, such as names of files.
    uncertainties : PlanUncertaintyInputs
        Stated uncertainties; ratios depend on the masses by which they were computed.
    counts_spread : PlanUncertaintyInputs
        Poisson spread of shunts and ratios by the counts of the scan. It is a lower bound of their uncertainty, which
        `patient()` does not use. Empty if the scan is not in counts.
    advisories : tuple of Advisory
        Advisories on the measurements.
    """

    __repr__ = brief

    def patient(self) -> Patient | PatientTerritories:
        """Return the patient: one territory for `compare_models`, several for `plan_territories`.

        Returns
        -------
        Patient or PatientTerritories
            The patient with the measured numbers. A patient file states them to six figures.

        Raises
        ------
        YttriaError
            As these classes raise it, for example if a mass or a ratio is outside its range.

        Examples
        --------
        >>> from yttria.phantom import planning_phantom
        >>> from yttria.planning import PlanSettings, from_images
        >>> phantom, settings = planning_phantom((10.0, 10.0, 10.0)), PlanSettings(device="glass")
        >>> plan = from_images(phantom.maa_of_all, phantom.structures, settings=settings, ct=phantom.ct)
        >>> [territory.name for territory in plan.patient().territories]
        ['Perfused right', 'Perfused left']
        """
        settings = self.settings
        shared: dict[str, Any] = {
            "device": settings.device,
            "nuclide": settings.resolved_nuclide(),
            "name": settings.name,
            "normal_total_mass_kg": self.normal_total_mass_kg,
            "lung_mass_kg": self.lung_mass_kg,
            "residual_fraction": settings.residual_fraction,
            "liver_density_g_per_ml": self.liver_density_g_per_ml,
            "limits": settings.limits,
            "guideline": settings.guideline,
            "disease": settings.disease,
            "intent": settings.intent,
            "target_tumor_dose_gy": settings.target_tumor_dose_gy,
            "uncertainties": self.uncertainties,
        }
        if len(self.territories) == 1:
            (only,) = self.territories
            return Patient(
                tumors=_tumors(only),
                normal_perfused_mass_kg=only.normal_mass_kg,
                lung_shunt_fraction=only.lung_shunt_fraction,
                untreated_tumor_mass_kg=self.untreated_tumor_mass_kg,
                target_perfused_dose_gy=settings.target_perfused_dose_gy,
                **shared,
            )
        fed = {tumor.name for territory in self.territories for tumor in territory.tumors}
        outside = self.unperfused_tumor_mass_kg
        return PatientTerritories(
            territories=tuple(
                Territory(
                    name=each.name,
                    normal_perfused_mass_kg=each.normal_mass_kg,
                    lung_shunt_fraction=each.lung_shunt_fraction,
                    tumors=_tumors(each),
                )
                for each in self.territories
            ),
            objective=settings.objective,
            treatment_start=settings.treatment_start,
            treatment_end=settings.treatment_end,
            unperfused_tumor_mass_kg={name: mass for name, mass in outside.items() if name in fed},
            untreated_tumor_mass_kg=sum(mass for name, mass in outside.items() if name not in fed),
            **shared,
        )

    def toml(self) -> str:
        """Write the patient file as text, each number with a comment on its origin.

        Returns
        -------
        str
            TOML for `read_patient`.

        Examples
        --------
        >>> from yttria.phantom import planning_phantom
        >>> from yttria.planning import PlanSettings, from_images
        >>> phantom, settings = planning_phantom((10.0, 10.0, 10.0)), PlanSettings(device="glass")
        >>> plan = from_images(phantom.maa_of_all, phantom.structures, settings=settings, ct=phantom.ct)
        >>> plan.toml().count("[[territory]]")
        2
        """
        return image_plan_toml(self)

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the patient file.

        Parameters
        ----------
        path : str or path-like
            A TOML file for `yttria plan`, `read_patient` and `plan_patient_file`.
        overwrite : bool, default False
            Replace an existing file, which a person may have changed.

        Raises
        ------
        ResultsExistError
            If the file exists and `overwrite` is false.

        Examples
        --------
        >>> from yttria.phantom import planning_phantom
        >>> from yttria.planning import PlanSettings, from_images, read_patient
        >>> phantom, settings = planning_phantom((10.0, 10.0, 10.0)), PlanSettings(device="glass")
        >>> plan = from_images(phantom.maa_of_all, phantom.structures, settings=settings, ct=phantom.ct)
        >>> plan.write("patient.toml")
        >>> read_patient("patient.toml").device
        'glass'
        """
        path = Path(path)
        if path.exists() and not overwrite:
            raise ResultsExistError(
                f"{path}: there is a patient file, which may have been changed by hand; choose another name, or "
                "replace it (overwrite)"
            )
        with atomic(path) as file:
            file.write(self.toml().encode("utf-8"))

    def as_dict(self) -> dict[str, Any]:
        """Return everything measured as plain values, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.from_images`.
        """
        return {
            "inputs": dict(self.inputs),
            "structures_by_role": dict(self.structures_by_role),
            "territories": [
                {
                    "territory": each.name,
                    "volume_ml": each.volume_ml,
                    "normal_volume_ml": each.normal_volume_ml,
                    "normal_mass_kg": each.normal_mass_kg,
                    "normal_counts": each.normal_counts,
                    "lung_shunt_fraction": each.lung_shunt_fraction,
                    "shunt_origin": each.shunt_origin,
                    "tumors": [vars(tumor).copy() for tumor in each.tumors],
                }
                for each in self.territories
            ],
            "normal_total_mass_kg": self.normal_total_mass_kg,
            "liver_mass_kg": self.liver_mass_kg,
            "unperfused_tumor_mass_kg": dict(self.unperfused_tumor_mass_kg),
            "lung_mass_kg": self.lung_mass_kg,
            "lung_mass_origin": self.lung_mass_origin,
            "mass_origin": self.mass_origin,
            "counts_origin": self.counts_origin,
            "uncertainties": self.uncertainties.as_dict(),
            "counts_spread": self.counts_spread.as_dict(),
            "advisories": [advisory.as_dict() for advisory in self.advisories],
            "yttria_version": __version__,
            "use": RESEARCH_USE,
        }


def _tumors(territory: MeasuredTerritory) -> tuple[Tumor, ...]:
    return tuple(
        Tumor(name=each.name, mass_kg=each.mass_kg, tumor_to_normal_ratio=each.tumor_to_normal_ratio)
        for each in territory.tumors
    )
