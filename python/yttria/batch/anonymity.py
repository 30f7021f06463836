"""Tables to be shared: rows of the manifest instead of case ids, and no text that could hold a name or a path."""

from __future__ import annotations

import json
from typing import Any

#: Texts of the provenance that name files, times or structures by their origin.
_DROPPED = ("evaluation", "image_transform_source", "density_image")
_LEFT_OUT = "left out, for the tables are anonymous"


def case_name(row: int) -> str:
    """Name of a case in an anonymous table: its row in the manifest, which its owner has."""
    return f"case {row}"


def anonymous_advisories(text: str) -> str:
    """Advisories (JSON) with their codes, severities and numbers, without their messages."""
    return json.dumps([{**advisory, "message": _LEFT_OUT} for advisory in json.loads(text)], sort_keys=True)


def anonymous_provenance(text: str) -> str:
    """Provenance (JSON) without the names of files and the times of the scan."""
    found: dict[str, Any] = {k: v for k, v in json.loads(text).items() if k not in _DROPPED}
    if isinstance(found.get("scaling"), dict):
        found["scaling"] = {k: v for k, v in found["scaling"].items() if k != "time_basis"}
    return json.dumps(found, sort_keys=True)


def anonymous_failure(line: dict[str, Any]) -> dict[str, Any]:
    """A failure with its class alone: its message names files, and may name a patient."""
    return {**line, "message": _LEFT_OUT}
