"""Parameters that take one name of a list have that list as their type."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from types import SimpleNamespace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from yttria._core import Nuclide, _media
from yttria._foundation import choices
from yttria.advisory import Severity
from yttria.errors import YttriaError
from yttria.planning.limit_table import limit_table

ROOMS = (
    "yttria",
    "yttria.case",
    "yttria.evaluation",
    "yttria.geometry",
    "yttria.io",
    "yttria.io.dicom",
    "yttria.kernels",
    "yttria.outcomes",
    "yttria.planning",
    "yttria.report",
    "yttria.voxel",
)
#: Parameters that hold a free text, although others with the same name are a listed choice.
FREE_TEXTS = {
    "ActivityTiming.nuclide",  # as the header spells it
    "ParameterSet.endpoint",  # in the words of the publication
    "Provenance.nuclide",  # may be the caller's own
    "DoseMetric.unit",  # kg and MBq too
    "ParameterSet.tissue",  # as the table of sets spells it
    "Constraint.unit",  # composed by the core
    "ShadowPrice.unit",
    "Optimum.binding",
    "VoxelOptimum.binding",
    "first_file.modalities",  # any of DICOM's
}
#: Parameters that are a listed choice in one class and something else in the others.
NAMESAKES = {
    "name",
    "source",  # of an uncertainty; of an image, a transform or a parameter it is a text
}
#: Names that modules import for type checkers only.
EXPORTED = {name: getattr(room, name) for room in map(importlib.import_module, ROOMS) for name in room.__all__}
LISTED = {name: frozenset(get_args(value)) for name, value in vars(choices).items() if get_origin(value) is Literal}


def _functions() -> Iterator[tuple[str, Any, Any]]:
    """Each function and method that the package exports, once: its name, the exported object, and itself."""
    seen: set[Any] = set()
    for room in map(importlib.import_module, ROOMS):
        for name in room.__all__:
            exported = getattr(room, name)
            members = vars(exported).items() if inspect.isclass(exported) else [("", exported)]
            for method, member in members:
                function = inspect.unwrap(getattr(member, "__func__", member))
                if (
                    not inspect.isfunction(function)
                    or function in seen
                    or (method.startswith("_") and method != "__init__")
                ):
                    continue
                seen.add(function)
                yield f"{name}.{method}".removesuffix(".__init__").rstrip("."), exported, function


def _parameters() -> Iterator[tuple[str, str, Any, Any, str]]:
    """Function, parameter, annotation, default and the function's documentation."""
    for name, owner, function in _functions():
        # A dataclass may inherit fields whose annotations only the other class's module can resolve.
        holder = owner if function.__name__ == "__init__" and dataclasses.is_dataclass(owner) else function
        hints = _hints(holder)
        documented = inspect.getdoc(function) or ""
        for parameter in inspect.signature(function).parameters.values():
            if parameter.name in hints:
                yield name, parameter.name, hints[parameter.name], parameter.default, documented


def _hints(holder: Any) -> dict[str, Any]:
    names = dict(EXPORTED)
    while True:
        try:
            return get_type_hints(holder, None, names)
        except NameError as error:  # a class of an extra, imported for type checkers alone
            if error.name not in _FOREIGN or error.name in names:
                raise
            names[error.name] = _FOREIGN[error.name]


#: Classes of other libraries in annotations, and those libraries.
_FOREIGN = {
    "Figure": object,
    "SimpleITK": SimpleNamespace(Image=object),
    "highdicom": SimpleNamespace(Volume=object),
    "nibabel": SimpleNamespace(Nifti1Image=object),
    "xarray": SimpleNamespace(DataArray=object),
}


def _literals(hint: Any) -> frozenset[str]:
    """The names that an annotation lists, in a union or in a container too."""
    if get_origin(hint) is Literal:
        return frozenset(get_args(hint))
    return frozenset().union(*map(_literals, get_args(hint)))


def _takes_any_text(hint: Any) -> bool:
    return hint is str or any(_takes_any_text(part) for part in get_args(hint) if get_origin(hint) is not Literal)


PARAMETERS = list(_parameters())
#: Names of parameters that are a listed choice somewhere.
CHOSEN = {parameter for _, parameter, hint, *_ in PARAMETERS if _literals(hint)}


def test_the_walk_meets_the_public_functions() -> None:
    names = {name for name, *_ in PARAMETERS}
    assert {"dose_image", "ConvolutionPlan", "Image.resampled_on", "read_rtdose", "dose_limits", "gamma_index"} <= names
    assert {"method", "medium", "unit", "device", "out_of_range", "scaling"} - CHOSEN == {"scaling"}


def test_a_parameter_that_is_a_listed_choice_somewhere_is_one_everywhere() -> None:
    loose = [
        f"{name}.{parameter}"
        for name, parameter, hint, *_ in PARAMETERS
        if parameter in CHOSEN - NAMESAKES and _takes_any_text(hint) and not _literals(hint)
    ]
    assert set(loose) == FREE_TEXTS


def test_a_default_that_is_a_listed_name_belongs_to_a_parameter_of_that_list() -> None:
    known = frozenset().union(*LISTED.values())
    loose = [
        f"{name}.{parameter}"
        for name, parameter, hint, default, _ in PARAMETERS
        if isinstance(default, str) and default in known and default not in _literals(hint)
    ]
    assert loose == []


def test_the_documentation_of_a_choice_lists_the_names_of_its_type() -> None:
    contradicted = []
    for name, parameter, hint, _, documented in PARAMETERS:
        found = re.search(rf"^(?:\w+, )*{parameter}(?:, \w+)* : {{([^}}]*)}}", documented, re.MULTILINE)
        if found and set(re.findall(r'"([^"]*)"', found[1])) != _literals(hint):
            contradicted.append(f"{name}.{parameter}: {found[1]}")
    assert contradicted == []


def test_every_choice_is_declared_in_one_place() -> None:
    # The severities belong to the room of advisories, on which the foundation is built.
    lists = [*LISTED.values(), frozenset(get_args(Severity))]
    stated = [
        f"{name}.{parameter}"
        for name, parameter, hint, *_ in PARAMETERS
        if _literals(hint) and _literals(hint) - {"", "own"} not in lists
    ]
    assert stated == []


def _table(name: str, key: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((files("yttria") / "data" / name).read_text(encoding="utf-8"))[key]
    return entries


def test_names_are_those_of_the_data_tables() -> None:
    assert [entry["name"] for entry in _table("ct_density.json", "curves")] == list(choices.CT_CURVES)
    assert [entry["name"] for entry in _table("products.json", "products")] == list(choices.PRODUCTS)
    assert (*choices.PRODUCTS, "custom") == choices.DEVICES
    limits = limit_table()[1]
    for field, listed in (
        ("guideline", choices.Guideline),
        ("device", choices.ProductName),
        ("disease", choices.Disease),
        ("kind", choices.LimitTissue),
        ("direction", choices.LimitDirection),
        ("unit", choices.LimitUnit),
        ("over", choices.LimitPeriod),
    ):
        assert {getattr(limit, field) for limit in limits} - {None} == set(get_args(listed)), field
    assert {intent for limit in limits for intent in limit.intents} == set(get_args(choices.Intent))
    assert {limit.status for limit in limits} <= set(get_args(choices.ValueStatus))


def test_names_are_those_of_the_core() -> None:
    assert tuple(name for name, *_ in _media()) == choices.MEDIA
    assert tuple(Nuclide.presets()) == choices.NUCLIDE_PRESETS


@pytest.mark.parametrize(
    ("listed", "call"),
    [
        (choices.ConvolutionMethod, "ConvolutionPlan((1, 1, 1), [[[1.0]]], method={})"),
        (choices.EndCaps, "ContourStructure('x', [[[0, 0, z], [1, 0, z], [0, 1, z]] for z in (0, 1)], end_caps={})"),
        (
            choices.Interpolation,
            "ContourStructure('x', [[[0, 0, z], [1, 0, z], [0, 1, z]] for z in (0, 1)], interpolation={})",
        ),
        (choices.DecayCorrection, "planning.factor_to_administration({}, 1.0, frame_duration_h=1.0)"),
        (choices.BodySurfaceAreaFormula, "planning.body_surface_area(170, 70, formula={})"),
        (choices.ShuntBoundary, "planning.lung_shunt_reduction(0.05, boundary={})"),
        (choices.Ascites, "planning.child_pugh(20, 40, 1.0, ascites={}, encephalopathy='none')"),
        (choices.Encephalopathy, "planning.child_pugh(20, 40, 1.0, ascites='none', encephalopathy={})"),
    ],
)
def test_the_core_takes_the_listed_names_and_names_them_all_in_its_refusal(listed: Any, call: str) -> None:
    names = EXPORTED | {"planning": importlib.import_module("yttria.planning")}
    for name in get_args(listed):
        eval(call.format(repr(name)), names)
    with pytest.raises(YttriaError) as refused:
        eval(call.format("'no such name'"), names)
    assert f"one of {', '.join(get_args(listed))}" in str(refused.value)
