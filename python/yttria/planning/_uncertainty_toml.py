"""Uncertainties of a patient file, in a table for all and in keys of single tumors and territories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .plan_uncertainty_inputs import FLAGS, UNCERTAINTIES, PlanUncertaintyInputs

#: Keys of the table [uncertainty] of several territories, and of one.
TABLE: dict[str, type] = {**dict.fromkeys(UNCERTAINTIES, float), **dict.fromkeys(FLAGS, bool)}
TABLE_OF_ONE = {name: kind for name, kind in TABLE.items() if name != "shunts_from_one_scan"}
#: Keys of one tumor or territory, each with the field of which it states one value.
OF_TUMOR = {
    "mass_uncertainty": "tumor_mass_uncertainty",
    "tumor_to_normal_ratio_uncertainty": "tumor_to_normal_ratio_uncertainty",
}
OF_TERRITORY = {name: name for name in ("lung_shunt_uncertainty", "normal_mass_uncertainty")}
BASIS = "patient file"

Tables = Sequence[tuple[str, Mapping[str, Any]]]
"""Tables of tumors or territories, each with its name."""


def uncertainties(content: Mapping[str, Any], tumors: Tables, territories: Tables = ()) -> PlanUncertaintyInputs | None:
    """Read the uncertainties of a file, None without any. A key of one tumor or territory overrides that of all."""
    given = dict(content.get("uncertainty", {}))
    for tables, keys in ((tumors, OF_TUMOR), (territories, OF_TERRITORY)):
        for key, field in keys.items():
            own = {name: table[key] for name, table in tables if key in table}
            if own:
                for_all = {name: given[field] for name, _ in tables} if field in given else {}
                given[field] = for_all | own
    return PlanUncertaintyInputs(**given, basis=dict.fromkeys(given, BASIS)) if given else None
