"""The patient of a file with several territories."""

from __future__ import annotations

from typing import Any, get_args

from .._core import Nuclide
from .._foundation.choices import CountedTumorDose, Objective, Overlap
from ..errors import FileFormatError
from ._patient_toml import Source, Tables, mass_kg, required
from ._uncertainty_toml import OF_TERRITORY, OF_TUMOR, TABLE, uncertainties
from .partition_limits import PartitionLimits
from .patient_territories import PatientTerritories
from .territory import Territory, Tumor

_FLAGS = ("pretreated_or_impaired", "cirrhotic", "prior_radioembolization")
_LABORATORY = ("bilirubin_mg_per_dl", "bilirubin_umol_per_l")
_TOTAL, _UNTREATED, _PERFUSED = (
    (f"{name}_mass_kg", f"{name}_volume_ml") for name in ("normal_total", "untreated_tumor", "normal_perfused")
)
TABLES: Tables = {
    "": {"name": str, "device": str, "nuclide": str},
    "territory": {
        "name": str,
        **dict.fromkeys((*_PERFUSED, "shunt_fraction", "activity_gbq", "prior_normal_perfused_dose_gy"), float),
        **dict.fromkeys(OF_TERRITORY, float),
    },
    "tumor": {
        **dict.fromkeys(("name", "territory", "overlap"), str),
        **dict.fromkeys(("mass_kg", "volume_ml", "tumor_to_normal_ratio", *OF_TUMOR), float),
    },
    "liver": {
        **dict.fromkeys((*_TOTAL, *_UNTREATED, "density_g_per_ml", *_LABORATORY, "prior_normal_whole_dose_gy"), float),
        **dict.fromkeys(_FLAGS, bool),
    },
    "lungs": {"mass_kg": float, "prior_dose_gy": float},
    "administration": {"residual_fraction": float, "start": str, "end": str},
    "optimum": {"objective": str, "tumor_dose": str},
    "target": {"tumor_dose_gy": float},
    "limits": {key: float for key in PartitionLimits.__dataclass_fields__ if not key.startswith("prior_")},
    "guideline": {"name": str, "disease": str, "intent": str},
    "uncertainty": TABLE,
}


def patient_territories(source: Source, content: dict[str, Any]) -> PatientTerritories:
    """Make the patient of a file whose tables and keys were checked."""
    liver, lungs = content.get("liver", {}), content.get("lungs", {})
    density = liver.get("density_g_per_ml", PatientTerritories.liver_density_g_per_ml)
    tables = content["territory"]
    names = [_name(source, tables, index) for index in range(len(tables))]
    tumors, unperfused, untreated = _tumors(source, content.get("tumor", []), names, density)
    territories = []
    for index, (table, name) in enumerate(zip(tables, names, strict=True)):
        normal = mass_kg(source, table, "territory", index, *_PERFUSED, density)
        if normal is None or "shunt_fraction" not in table:
            missing = "shunt_fraction" if normal is not None else " or ".join(_PERFUSED)
            raise source.error(f"{missing} is missing in [territory] '{name}'", "territory", index)
        territories.append(
            Territory(
                name=name,
                normal_perfused_mass_kg=normal,
                lung_shunt_fraction=table["shunt_fraction"],
                tumors=tuple(tumors[name]),
            )
        )
    more = mass_kg(source, liver, "liver", 0, *_UNTREATED, density) or 0.0
    guideline, administration = content.get("guideline", {}), content.get("administration", {})
    optimum = content.get("optimum", {})
    fed = [(table["name"], table) for table in content.get("tumor", []) if "territory" in table]
    optional = {
        "normal_total_mass_kg": mass_kg(source, liver, "liver", 0, *_TOTAL, density),
        "lung_mass_kg": lungs.get("mass_kg"),
        "prior_lung_dose_gy": lungs.get("prior_dose_gy"),
        "prior_normal_whole_dose_gy": liver.get("prior_normal_whole_dose_gy"),
        **{key: liver.get(key) for key in (*_LABORATORY, *_FLAGS)},
        "residual_fraction": administration.get("residual_fraction"),
        "treatment_start": administration.get("start"),
        "treatment_end": administration.get("end"),
        "objective": _chosen(source, optimum, "optimum", "objective", get_args(Objective)),
        "tumor_dose": _chosen(source, optimum, "optimum", "tumor_dose", get_args(CountedTumorDose)),
        "target_tumor_dose_gy": content.get("target", {}).get("tumor_dose_gy"),
        "limits": PartitionLimits(**content["limits"]) if content.get("limits") else None,
        "guideline": guideline.get("name"),
        "disease": guideline.get("disease"),
        "intent": guideline.get("intent"),
        "nuclide": Nuclide(content["nuclide"]) if "nuclide" in content else None,
        "uncertainties": uncertainties(content, fed, list(zip(names, tables, strict=True))),
    }
    return PatientTerritories(
        device=required(source, content, "", "device"),
        territories=tuple(territories),
        overlap=_overlaps(source, content.get("tumor", [])) or "disjoint",
        activities_gbq=_by_name(tables, names, "activity_gbq"),
        unperfused_tumor_mass_kg=unperfused,
        untreated_tumor_mass_kg=untreated + more,
        prior_normal_perfused_dose_gy=_by_name(tables, names, "prior_normal_perfused_dose_gy"),
        liver_density_g_per_ml=density,
        name=content.get("name", ""),
        **{key: value for key, value in optional.items() if value is not None},
    )


def _name(source: Source, tables: list[dict[str, Any]], index: int) -> str:
    name: str = tables[index].get("name", "")
    if not name:
        raise source.error("name is missing in [territory]", "territory", index)
    if name in (table.get("name") for table in tables[:index]):
        raise source.error(f"two territories are named '{name}'", "territory", index, "name")
    return name


def _by_name(tables: list[dict[str, Any]], names: list[str], key: str) -> dict[str, float]:
    return {name: table[key] for name, table in zip(names, tables, strict=True) if key in table}


def _tumors(
    source: Source, tables: list[dict[str, Any]], territories: list[str], density_g_per_ml: float
) -> tuple[dict[str, list[Tumor]], dict[str, float], float]:
    """Return the tumors of each territory, the mass of their unperfused parts by name, and that of other tumors."""
    tumors: dict[str, list[Tumor]] = {name: [] for name in territories}
    outside: dict[str, float] = {}
    for index, table in enumerate(tables):
        mass = mass_kg(source, table, "tumor", index, "mass_kg", "volume_ml", density_g_per_ml)
        name, territory = table.get("name", ""), table.get("territory")
        if mass is None or not name:
            raise source.error(f"{'name' if mass else 'mass_kg or volume_ml'} is missing in [tumor]", "tumor", index)
        if territory is None:
            outside[name] = outside.get(name, 0.0) + mass
        elif territory not in tumors:
            raise source.error(
                f"territory of '{name}' must be one of {', '.join(territories)}, got '{territory}'",
                "tumor",
                index,
                "territory",
            )
        else:
            ratio = table.get("tumor_to_normal_ratio")
            tumors[territory].append(Tumor(mass_kg=mass, tumor_to_normal_ratio=ratio, name=name))
    fed = {tumor.name for each in tumors.values() for tumor in each}
    unperfused = {name: mass for name, mass in outside.items() if name in fed}
    return tumors, unperfused, sum(mass for name, mass in outside.items() if name not in fed)


def _overlaps(source: Source, tables: list[dict[str, Any]]) -> dict[str, Overlap]:
    """Read the overlap of the portions of each tumor."""
    found: dict[str, Overlap] = {}
    for index, table in enumerate(tables):
        if table.get("territory") is None:
            continue
        name: str = table.get("name", "")
        overlap = _chosen(source, table, "tumor", "overlap", get_args(Overlap), index)
        if overlap is not None and found.get(name, overlap) != overlap:
            raise source.error(f"overlap of '{name}' is given twice and differs", "tumor", index, "overlap")
        if overlap is not None:
            found[name] = overlap
        else:
            found.setdefault(name, "disjoint")
    return found


def _chosen(
    source: Source, inside: dict[str, Any], table: str, key: str, names: tuple[str, ...], index: int = 0
) -> Any:
    """A value that must be one of a list; None if it is not there."""
    value = inside.get(key)
    if value is not None and value not in names:
        error: FileFormatError = source.error(
            f"{key} must be one of {', '.join(names)}, got '{value}'", table, index, key
        )
        raise error
    return value
