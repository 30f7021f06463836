"""Patient as a TOML file, which is read with every key checked, planned, and written as JSON.

`example_patient_file()` is the documented schema: a complete file with a comment on each key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from .._core import Nuclide
from .._foundation.whole_files import atomic
from ..errors import ArgumentError, FileFormatError, YttriaError
from ._patient_inputs import tumor_name
from ._patient_toml import Source, check_tables, mass_kg, read_toml, required
from ._uncertainty_toml import OF_TUMOR, TABLE_OF_ONE, uncertainties
from .comparison import ModelComparison, compare_models
from .partition_limits import PartitionLimits
from .patient import Patient
from .patient_territories import PatientTerritories
from .plan_uncertainty import DRAWS, SEED
from .plan_uncertainty_inputs import PlanUncertaintyInputs
from .prior_doses import PriorDoses, with_prior_doses
from .territories_file import TABLES as TERRITORY_TABLES
from .territories_file import patient_territories
from .territory import Tumor
from .territory_plan import TerritoryPlan, plan_territories

#: Masses of the liver, each with the key of its volume. A mass ends in "_kg" and is a field of `Patient`.
_MASSES = {
    "normal_perfused_mass_kg": "normal_perfused_volume_ml",
    "normal_total_mass_kg": "normal_total_volume_ml",
    "untreated_tumor_mass_kg": "untreated_tumor_volume_ml",
    "perfused_mass_incl_tumor_kg": "perfused_volume_incl_tumor_ml",
    "liver_mass_incl_tumor_kg": "liver_volume_incl_tumor_ml",
}
_LABORATORY = ("bilirubin_mg_per_dl", "bilirubin_umol_per_l", "albumin_g_per_dl", "albumin_g_per_l")
_PRIOR_LIVER = ("prior_normal_perfused_dose_gy", "prior_normal_whole_dose_gy")
_FLAGS = ("pretreated_or_impaired", "cirrhotic", "prior_radioembolization")
_TABLES: dict[str, dict[str, type]] = {
    "": {"name": str, "device": str, "nuclide": str},
    "body": {"height_cm": float, "weight_kg": float},
    "liver": {
        **dict.fromkeys((*_MASSES, *_MASSES.values(), "density_g_per_ml", *_LABORATORY, *_PRIOR_LIVER), float),
        **dict.fromkeys(_FLAGS, bool),
    },
    "tumor": {
        "name": str,
        **dict.fromkeys(("mass_kg", "volume_ml", "tumor_to_normal_ratio", *OF_TUMOR), float),
    },
    "lungs": {"shunt_fraction": float, "mass_kg": float, "prior_dose_gy": float},
    "administration": {"residual_fraction": float},
    "target": {"perfused_dose_gy": float, "tumor_dose_gy": float},
    "limits": dict.fromkeys(PartitionLimits.__dataclass_fields__, float),
    "guideline": {"name": str, "disease": str, "intent": str},
    "uncertainty": TABLE_OF_ONE,
}


def example_patient_file(*, several_territories: bool = False) -> str:
    """Return the text of a shipped example, with a comment on each key.

    Parameters
    ----------
    several_territories : bool, default False
        The example of a patient with one `[[territory]]` for each injection.

    Returns
    -------
    str
        A patient file in TOML.

    Examples
    --------
    >>> "[[territory]]" in example_patient_file(several_territories=True)
    True
    """
    name = "patient_territories_example.toml" if several_territories else "patient_example.toml"
    return files("yttria").joinpath("data", name).read_text("utf-8")


def read_patient(path: str | os.PathLike[str]) -> Patient | PatientTerritories:
    """Read the patient of a TOML file. `example_patient_file` shows every key.

    Parameters
    ----------
    path : str or path-like
        A TOML file in UTF-8, with or without a byte order mark, of at most 1 MiB.

    Returns
    -------
    Patient or PatientTerritories
        The patient; one with several territories if the file has a `[[territory]]`. Keys that the file does not have
        keep the defaults of the class.

    Raises
    ------
    FileFormatError
        If the file is not TOML, has an unknown table or key or a value of another type, states both mass and volume of
        a tissue, or lacks a required key. The message names the line if there is one, and for an unknown key those that
        are like it.
    OSError
        If the file cannot be opened.
    YttriaError
        As the class raises it for a value outside its range, with the name of the file.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("patient.toml").write_text(example_patient_file(), encoding="utf-8")
    >>> read_patient("patient.toml").device
    'resin'
    """
    return _read(Path(path))[0]


def plan_patient_file(
    path: str | os.PathLike[str],
    *,
    json_path: str | os.PathLike[str] | None = None,
    prior: PriorDoses | None = None,
    uncertainties: Mapping[str, Any] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> ModelComparison | TerritoryPlan:
    """Plan the patient of a TOML file, and write the result as JSON if `json_path` is given.

    Parameters
    ----------
    path : str or path-like
        The patient file; see `read_patient`, also for the errors.
    json_path : str or path-like, optional
        Path of the JSON file. An existing file is replaced in one step.
    prior : PriorDoses, optional
        Doses of earlier treatments, which the file need not state; see `with_prior_doses` and `PriorDoses.advisories`.
    uncertainties : mapping of str to object, optional
        Fields of `PlanUncertaintyInputs` that go before those of the file; None is not stated.
    draws, seed : int
        Draws of the uncertain inputs and the seed of their random numbers, as in `plan_uncertainty`.

    Returns
    -------
    ModelComparison or TerritoryPlan
        As `compare_models`, or as `plan_territories` if the file has several territories; with path and SHA-256 of the
        file in `input_file`.

    Raises
    ------
    ArgumentError
        If the JSON would replace the patient file, or as `with_prior_doses`.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("patient.toml").write_text(example_patient_file(), encoding="utf-8")
    >>> plan = plan_patient_file("patient.toml", json_path="plan.json")
    >>> [run.model for run in plan.runs][:2]
    ['bsa', 'modified_bsa']
    """
    path = Path(path)
    if json_path is not None and Path(json_path).resolve() == path.resolve():
        raise ArgumentError(f"{json_path}: the JSON would replace the patient file; choose another name")
    patient, digest = _read(path)
    if prior is not None:
        patient = with_prior_doses(patient, prior)
    if uncertainties is not None and any(value is not None for value in uncertainties.values()):
        stated = patient.uncertainties or PlanUncertaintyInputs()
        patient = replace(patient, uncertainties=stated.updated(uncertainties, basis="stated by the caller"))
    file = {"path": str(path), "sha256": digest}
    found: ModelComparison | TerritoryPlan
    told = () if prior is None else prior.advisories(patient.nuclide)
    if isinstance(patient, PatientTerritories):
        found = replace(plan_territories(patient, draws=draws, seed=seed), input_file=file)
        plans = (replace(plan, advisories=(*told, *plan.advisories)) for plan in found.plans)
        found = replace(found, plans=tuple(plans))
    else:
        found = replace(compare_models(patient, draws=draws, seed=seed), input_file=file)
        found = replace(found, advisories=(*told, *found.advisories))
    if json_path is not None:
        text = json.dumps(found.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        with atomic(Path(json_path)) as opened:
            opened.write((text + "\n").encode("utf-8"))
    return found


def _read(path: Path) -> tuple[Patient | PatientTerritories, str]:
    """Read the patient, and compute the SHA-256 of the file."""
    toml = read_toml(path)
    several = "territory" in toml.content
    check_tables(toml.source, toml.content, TERRITORY_TABLES if several else _TABLES)
    try:
        make = patient_territories if several else _patient
        return make(toml.source, toml.content), toml.sha256
    except FileFormatError:
        raise
    except YttriaError as error:
        raise type(error)(f"{path}: {error}") from None


def _patient(source: Source, content: dict[str, Any]) -> Patient:
    liver, lungs, target = content.get("liver", {}), content.get("lungs", {}), content.get("target", {})
    density = liver.get("density_g_per_ml", Patient.liver_density_g_per_ml)
    tumors = []
    for index, table in enumerate(content.get("tumor", [])):
        mass = mass_kg(source, table, "tumor", index, "mass_kg", "volume_ml", density)
        if mass is None:
            raise source.error("mass_kg or volume_ml is missing in [tumor]", "tumor", index)
        tumors.append(
            Tumor(mass_kg=mass, tumor_to_normal_ratio=table.get("tumor_to_normal_ratio"), name=table.get("name", ""))
        )
    masses = {mass: mass_kg(source, liver, "liver", 0, mass, volume, density) for mass, volume in _MASSES.items()}
    if masses["normal_perfused_mass_kg"] is None and masses["perfused_mass_incl_tumor_kg"] is None:
        raise source.error(
            "normal_perfused_mass_kg or normal_perfused_volume_ml is missing in [liver]; if tumor and normal liver are "
            "not known apart, give perfused_mass_incl_tumor_kg or perfused_volume_incl_tumor_ml",
            "liver",
            0,
        )
    guideline = content.get("guideline", {})
    optional = {
        **masses,
        **{key: liver.get(key) for key in (*_LABORATORY, *_PRIOR_LIVER, *_FLAGS)},
        **content.get("body", {}),
        "lung_mass_kg": lungs.get("mass_kg"),
        "prior_lung_dose_gy": lungs.get("prior_dose_gy"),
        "residual_fraction": content.get("administration", {}).get("residual_fraction"),
        "guideline": guideline.get("name"),
        "disease": guideline.get("disease"),
        "intent": guideline.get("intent"),
        "nuclide": Nuclide(content["nuclide"]) if "nuclide" in content else None,
        "target_perfused_dose_gy": target.get("perfused_dose_gy"),
        "target_tumor_dose_gy": target.get("tumor_dose_gy"),
        "limits": PartitionLimits(**content["limits"]) if content.get("limits") else None,
        "uncertainties": uncertainties(
            content, [(tumor_name(tumors, i), table) for i, table in enumerate(content.get("tumor", []))]
        ),
    }
    return Patient(
        device=required(source, content, "", "device"),
        tumors=tuple(tumors),
        lung_shunt_fraction=required(source, content, "lungs", "shunt_fraction"),
        liver_density_g_per_ml=density,
        name=content.get("name", ""),
        **{key: value for key, value in optional.items() if value is not None},
    )
