"""Roles of structures by name, by pattern, and as stated."""

from __future__ import annotations

import numpy as np
import pytest

from yttria import Structure
from yttria.errors import ArgumentError, DuplicateNameError, UnknownNameError
from yttria.planning import DeliveredRoles, delivered_roles


def named(*names: str) -> list[Structure]:
    return [Structure(name, np.ones((1, 1, 1), bool), np.eye(4)) for name in names]


def test_roles_follow_from_names() -> None:
    names = [
        "Liver",
        "Normal liver",
        "Perfused volume",
        "Perfused normal liver",
        "Tumor 1",
        "GTV_2",
        "Left lung",
        "BODY",
    ]
    roles = delivered_roles(named(*names))
    assert roles.as_dict() == {
        "liver": ["Liver"],
        "territories": ["Perfused volume"],
        "tumors": ["Tumor 1", "GTV_2"],
        "normal_perfused": ["Perfused normal liver"],
        "normal_whole": ["Normal liver"],
        "lungs": ["Left lung"],
    }


def test_the_union_of_tumors_is_no_further_tumor() -> None:
    assert delivered_roles(named("Tumors", "Tumor 1")).tumors == ("Tumor 1",)
    assert delivered_roles(named("Tumors", "Liver")).tumors == ("Tumors",)


def test_stated_roles_override_names() -> None:
    names = ["Liver", "Tumor 1", "Tumor 2"]
    roles = delivered_roles(named(*names), {"territories": "liver", "tumors": "*2"})
    assert (roles.territories, roles.liver, roles.tumors) == (("Liver",), ("Liver",), ("Tumor 2",))
    assert delivered_roles(named(*names), {"tumors": []}).tumors == ()


def test_wrong_roles_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="role of a structure must be one of liver"):
        delivered_roles(named("Liver"), {"tumour": "Liver"})  # type: ignore[dict-item]
    with pytest.raises(UnknownNameError, match="matches no structure"):
        delivered_roles(named("Liver"), {"lungs": "Lung*"})
    with pytest.raises(DuplicateNameError):
        DeliveredRoles(tumors=("A", "A"))
    with pytest.raises(ArgumentError):
        DeliveredRoles(tumors="A")  # type: ignore[arg-type]
