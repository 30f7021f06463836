"""JSON Schema of a row of a manifest, made from the declarations of a case's fields."""

from __future__ import annotations

from typing import Any

from ..case import FIELDS
from ..case.fields import Field
from .manifest import COLUMNS, REQUIRED


def schema() -> dict[str, Any]:
    """Make the JSON Schema of a row from the declared fields of a case.

    Returns
    -------
    dict
        The schema, draft 2020-12. It cannot find mistakes outside the row, such as a missing file.

    Examples
    --------
    >>> schema()["required"]
    ['case_id', 'activity', 'structures']
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "yttria manifest row",
        "description": (
            "One case of a batch. Columns of a CSV or Parquet manifest; an empty cell means that nothing is declared. "
            "Paths are relative to the manifest's folder. Either scan_delay_h (absolute scaling; DICOM states it "
            "itself) or relative_to with administered_activity_gbq and lung_shunt_fraction (relative scaling)."
        ),
        "type": "object",
        "additionalProperties": False,
        "required": list(REQUIRED),
        "oneOf": [
            {"properties": dict.fromkeys(("relative_to", "lung_shunt_fraction", "residual_fraction"), False)},
            {
                "required": ["relative_to", "administered_activity_gbq", "lung_shunt_fraction"],
                "properties": {"scan_delay_h": False},
            },
        ],
        "properties": {name: _column(FIELDS[name]) for name in COLUMNS},
    }


def _column(field: Field) -> dict[str, Any]:
    found: dict[str, Any]
    if field.choices:
        found = {"enum": list(field.choices)}
    elif field.kind == "number":
        found = {"type": "number", **field.limits}
    else:
        found = {"type": "string", **({"minLength": 1} if field.named else {})}
    if field.default not in (None, ""):
        found["default"] = field.default
    meaning = field.sentence({name: name for name in FIELDS})
    if field.separator == ";":
        meaning = f"{meaning.removesuffix('.')}; semicolons separate several."
    return found | {"description": meaning}
