"""The shipped test vectors."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def vectors(group: str | None = None) -> list[dict[str, Any]]:
    """The published test vectors, all or those of one group of models ("partition", "lung", "dvh", ...).

    Each is a dictionary: `id`, `model`, `inputs` (the unit ends the key), `expected`, `tolerance`, `source`, `notes`. A
    number passes if it is within `tolerance["rel"]` of the expected one (or within `tolerance["abs"]`, where given);
    text, truth values and `null` must be equal; `expected["error"]` means that no number may be returned;
    `expected["warnings"]` are codes that the result must carry at least. A model whose name ends in `_variant` is a
    known mistake: see `yttria.conformance.known_errors`.

    Raises `KeyError` for a group that does not exist.
    """
    folder = files("yttria").joinpath("data", "vectors")
    found = {entry.name.removesuffix(".json"): entry for entry in folder.iterdir() if entry.name.endswith(".json")}
    names = sorted(found) if group is None else [group]
    return [vector for name in names for vector in json.loads(found[name].read_text("utf-8"))["vectors"]]
