"""Cases of the conformance suite, which are published vectors, vectors of the project, and voxel cases."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._vectors import vectors

DICOM, NIFTI = "activity_from_dicom", "activity_from_nifti"
FILE_MODELS = (DICOM, NIFTI)
"""Models for which a file must be read."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SuiteCase:
    """One question of the suite with its answer.

    `inputs` and `expected` map quantities (the unit ends the name) to numbers, texts, truth values, lists, or float32
    arrays (k, j, i). `expected["error"]` means that no number may be given. `expected["warnings"]` are codes of yttria,
    which another implementation need not have. A number passes within `tolerance["rel"]` of the expected one,
    `tolerance["abs"]`, or `tolerance["of_maximum"]` of the largest of its array, whichever is widest.
    """

    id: str
    model: str
    inputs: dict[str, Any] = field(repr=False)
    expected: dict[str, Any] = field(repr=False)
    tolerance: dict[str, float]
    source: str
    checks: str

    @property
    def quantities(self) -> tuple[str, ...]:
        """List the quantities to be answered."""
        return tuple(name for name in self.expected if name != "warnings")

    @property
    def is_map(self) -> bool:
        """Decide whether the answer is an array."""
        return any(isinstance(value, np.ndarray) for value in self.expected.values())

    def within(self, quantity: str, got: Any) -> bool:
        """Decide whether an answer passes.

        Parameters
        ----------
        quantity : str
            Name of the quantity.
        got : object
            The answer.

        Returns
        -------
        bool
            Whether it is within the tolerance of the case.

        Examples
        --------
        >>> first = cases()[0]
        >>> quantity = first.quantities[0]
        >>> first.within(quantity, first.expected[quantity])
        True
        """
        return _within(got, self.expected[quantity], self.tolerance)


@cache
def cases() -> tuple[SuiteCase, ...]:
    """List every case, the published ones first.

    Returns
    -------
    tuple of SuiteCase
        The cases. Vectors that document a known mistake contain no question and are left out.

    Examples
    --------
    >>> len(cases()) > 100
    True
    """
    published = [from_vector(v) for v in vectors() if not v["model"].endswith("_variant")]
    folder = files("yttria").joinpath("data", "conformance")
    own = [from_vector(v) for v in json.loads(folder.joinpath("planning.json").read_text("utf-8"))["vectors"]]
    rows = {v["id"]: v for v in json.loads(folder.joinpath("voxel.json").read_text("utf-8"))["vectors"]}
    with np.load(str(folder.joinpath("voxel.npz"))) as file:
        for name in file.files:
            case, quantity = name.split("/")
            part = "expected" if quantity.endswith(("_Gy", "_MBq_s")) else "inputs"
            rows[case][part][quantity] = file[name]
    return (*published, *own, *map(from_vector, rows.values()))


def case(name: str) -> SuiteCase:
    """Look up a case.

    Parameters
    ----------
    name : str
        Id of the case.

    Returns
    -------
    SuiteCase
        The case.

    Raises
    ------
    KeyError
        If there is no such case.

    Examples
    --------
    >>> case(cases()[0].id) is cases()[0]
    True
    """
    return {each.id: each for each in cases()}[name]


def from_vector(v: Mapping[str, Any]) -> SuiteCase:
    """Make a case from a vector of the shipped files."""
    exercises = v.get("exercises") or v.get("notes") or v["model"].replace("_", " ")
    return SuiteCase(
        id=v["id"],
        model=v["model"],
        inputs=v["inputs"],
        expected=v["expected"],
        tolerance=v["tolerance"],
        source=v.get("source", ""),
        checks=exercises,
    )


def real_array(value: Any) -> NDArray[np.float64] | None:
    """Convert a value to an array of numbers, None if it is not one."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _within(got: Any, expected: Any, tolerance: dict[str, float]) -> bool:
    if isinstance(expected, np.ndarray):
        values = real_array(got)
        if values is None or values.shape != expected.shape or not np.all(np.isfinite(values)):
            return False
        margin = (
            tolerance.get("rel", 0.0) * np.abs(expected) + tolerance.get("of_maximum", 0.0) * np.abs(expected).max()
        )
        return bool(np.all(np.abs(values - expected) <= margin))
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(got) == len(expected)
            and all(_within(g, e, tolerance) for g, e in zip(got, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and got.keys() == expected.keys()
            and all(_within(got[k], e, tolerance) for k, e in expected.items())
        )
    if expected is None or isinstance(expected, str | bool):
        return type(got) is type(expected) and bool(got == expected)
    if isinstance(got, bool) or not isinstance(got, int | float) or not math.isfinite(got):
        return False
    margin = max(tolerance.get("rel", 0.0) * abs(expected), tolerance.get("abs", 0.0))
    return bool(abs(got - expected) <= (margin if expected != 0 else max(margin, 1e-12)))
