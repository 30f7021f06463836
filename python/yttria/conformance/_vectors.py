"""Test vectors that are shipped with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, TypedDict


class _Stated(TypedDict):
    id: str
    model: str
    inputs: dict[str, Any]
    expected: dict[str, Any]
    tolerance: dict[str, float]
    source: str


class Vector(_Stated, total=False):
    """Published test vector: inputs of a model with the numbers that it must return.

    The keys of `inputs` and `expected` end in their unit. `notes` is there for some vectors only.
    """

    notes: str


def vectors(group: str | None = None) -> list[Vector]:
    """List the published test vectors.

    Parameters
    ----------
    group : str, optional
        Group of models, such as "partition", "lung" or "dvh"; all if not given.

    Returns
    -------
    list of Vector
        The unit ends the keys of `inputs` and `expected`. Only some vectors have `notes`.

    Raises
    ------
    KeyError
        If there is no such group.

    Notes
    -----
    A number passes if it is within `tolerance["rel"]` of the expected one, or within `tolerance["abs"]` if that is
    given. Texts, truth values and `null` must be equal. `expected["error"]` means that no number may be returned.
    `expected["warnings"]` are codes that the result must contain. A model whose name ends in `_variant` is a known
    mistake (see `yttria.conformance.known_errors`).

    Examples
    --------
    >>> len(vectors("partition")) > 0
    True
    """
    folder = files("yttria").joinpath("data", "vectors")
    found = {entry.name.removesuffix(".json"): entry for entry in folder.iterdir() if entry.name.endswith(".json")}
    names = sorted(found) if group is None else [group]
    return [vector for name in names for vector in json.loads(found[name].read_text("utf-8"))["vectors"]]
