"""Results without names, paths and dates, which are doses.json, comparison.json and the JSON of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .pseudonyms import Secrets, pseudonymous, secrets_of, without_names

#: Keys without texts of the user's files. Digits of a hash in them could look like a date.
_KEPT = ("created", "yttria_version", "limits_table_version", "files")
_NO_SECRETS: Secrets = ()


def anonymous_doses(doses: Mapping[str, Any]) -> tuple[dict[str, Any], Secrets]:
    """Make the content of doses.json that `yttria dose --anonymous` writes, and list the texts that were replaced.

    A result that is already anonymous is returned unchanged.
    """
    if doses.get("anonymous"):
        return dict(doses), _NO_SECRETS
    patient, paths, inputs = (doses.get(key) or {} for key in ("patient", "paths", "inputs"))
    secrets = secrets_of(patient, _named_files(paths, inputs))
    found = _shared(doses, secrets)
    if "settings" in found:
        found["settings"] = {key: value for key, value in found["settings"].items() if key != "case_id"}
    replaced = {"patient": pseudonymous(patient), "paths": {}, "inputs": _numbered(inputs), "anonymous": True}
    return {**found, **replaced}, secrets


def anonymous_comparison(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """Make the content of comparison.json without names of files."""
    inputs = comparison.get("inputs") or {}
    found = _shared(comparison, secrets_of({}, _named_files({}, inputs)))
    return {**found, "inputs": _numbered(inputs), "anonymous": True}


def anonymous_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Make the JSON of a plan without the patient's name and names of files.

    Tumors and territories keep their names.
    """
    stated = plan.get("input_file") or {}
    inputs = plan.get("inputs") or {}
    # A plan from images lists its files there. A plan from a patient file lists the given values.
    files = {"plan": inputs} if isinstance(inputs, list) else {}
    paths = {"patient_file": [stated["path"]]} if stated.get("path") else {}
    found = _shared(plan, secrets_of({"PatientName": str(plan.get("patient") or "")}, _named_files(paths, files)))
    if files:
        found["inputs"] = _numbered(files)["plan"]
    else:
        found["inputs"] = {key: value for key, value in found.get("inputs", {}).items() if key != "name"}
    if stated:
        found["input_file"] = {"path": "file 1", "sha256": stated["sha256"]}
    return {**found, "patient": "", "anonymous": True}


def _shared(result: Mapping[str, Any], secrets: Secrets) -> dict[str, Any]:
    changed: dict[str, Any] = without_names({k: v for k, v in result.items() if k not in _KEPT}, secrets)
    return changed | {key: result[key] for key in _KEPT if key in result}


def _named_files(paths: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, list[str]]:
    roles = dict.fromkeys((*paths, *inputs))
    return {role: [*paths.get(role, ()), *(str(f["name"]) for f in inputs.get(role, ()))] for role in roles}


def _numbered(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {role: [{**f, "name": f"file {n}"} for n, f in enumerate(files, 1)] for role, files in inputs.items()}
