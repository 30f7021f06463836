"""Records take their fields by keyword, so that a new field cannot change the meaning of an old call."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil

import yttria

#: Classes that are typed often, with the fields whose order is obvious; in `reference`, those of the public class.
POSITIONAL = {
    "AbsoluteScaling": ("scan_delay_h",),
    "ContourStructure": ("name", "contours"),
    "ConvolutionPlan": ("shape", "kernel"),
    "DoseVolumeHistogram": ("dose_gy", "volume"),
    "Estimate": ("value", "lower", "upper"),
    "Image": ("array", "affine_lps", "unit"),
    "RelativeScaling": ("reference",),
    "SharedMask": ("name", "mask", "affine_lps"),
    "Structure": ("name", "mask", "affine_lps"),
}


def records() -> dict[str, type]:
    """Every dataclass of the package by its name."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(yttria.__path__, "yttria."):
        for name, kind in vars(importlib.import_module(module.name)).items():
            if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == module.name:
                found[name] = kind
    return found


def positional(kind: type) -> tuple[str, ...]:
    parameters = inspect.signature(kind).parameters.values()
    return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)


def test_fields_are_given_by_keyword() -> None:
    found = {name: positional(kind) for name, kind in records().items()}
    assert {name: order for name, order in found.items() if order} == POSITIONAL
