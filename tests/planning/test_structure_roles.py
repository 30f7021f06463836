"""Roles of structures by name and as stated, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from yttria import Structure
from yttria.errors import ArgumentError, UndefinedError, UnknownNameError
from yttria.planning import derived_structures, structure_roles
from yttria.planning.structure_roles import StructureRoles

VOXEL = np.diag([2.0, 3.0, 4.0, 1.0])


def named(*names: str) -> list[Structure]:
    """One voxel for each structure, all different."""
    return [Structure(name, np.arange(len(names)).reshape(1, 1, -1) == n, VOXEL) for n, name in enumerate(names)]


def names(roles: StructureRoles) -> tuple[str, list[str], list[str], str | None]:
    lungs = None if roles.lungs is None else roles.lungs.name
    return roles.liver.name, [each.name for each in roles.tumors], list(roles.territories), lungs


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["LIVER", "TUMOUR_1", "PERFUSED_RIGHT", "LUNGS"], ("LIVER", ["TUMOUR_1"], ["PERFUSED_RIGHT"], "LUNGS")),
        (["whole-liver", "Lesion A", "hcc seg 4"], ("whole-liver", ["Lesion A", "hcc seg 4"], [], None)),
        (["liver", "Whole liver"], ("liver", [], [], None)),
        (["Liver", "Normal liver", "Perfused normal liver", "Normal"], ("Liver", [], [], None)),
        (["Liver", "Liver tumor", "Perfused tumor"], ("Liver", ["Liver tumor"], [], None)),
        (["Liver", "Lung nodule", "lung_upper_lobe_left", "lung_lower_lobe_left"], ("Liver", [], [], "Lungs")),
        (["Liver", "Left lung", "Lungs"], ("Liver", [], [], "Lungs")),
        (["Liver", "Tumors", "Tumor 1"], ("Liver", ["Tumor 1"], [], None)),
        (["Liver", "Tumors"], ("Liver", ["Tumors"], [], None)),
        (["Liver", "Territory 1", "Territory 2"], ("Liver", [], ["Territory 1", "Territory 2"], None)),
    ],
)
def test_roles_are_recognized_by_name(given: list[str], expected: tuple[object, ...]) -> None:
    assert names(structure_roles(named(*given))) == expected


def test_recognized_roles_are_reported() -> None:
    roles = structure_roles(named("Liver", "Tumor 1", "Tumors", "Spleen"))
    assert [advisory.message for advisory in roles.advisories] == [
        "Recognized by name as liver: 'Liver'.",
        "No structure has the name of a perfused volume. The whole of 'Liver' is taken as perfused.",
        "'Tumors' was left out, because each tumor is a structure of its own: 'Tumor 1'.",
        "Recognized by name as tumors: 'Tumor 1'.",
    ]
    assert {advisory.severity for advisory in roles.advisories} == {"note"}
    assert roles.unused == ("Tumors", "Spleen")


def test_stated_roles_override_names() -> None:
    given = named("Liver", "Leber", "Tumor 1", "Herd", "Perfused", "Seg 5", "Seg 6", "Lungs", "Lunge")
    roles = structure_roles(
        given,
        liver="leber",
        tumors="Herd",
        territories={"right": ["Seg 5", "Seg 6"], "left": "Perfused"},
        lungs="Lunge",
    )
    assert names(roles) == ("Leber", ["Herd"], ["right", "left"], "Lunge")
    assert roles.advisories == ()
    assert roles.territories["right"].volume_ml == pytest.approx(2 * given[0].volume_ml)
    assert roles.unused == ("Liver", "Tumor 1", "Lungs")


def test_a_role_can_be_stated_to_have_no_structure() -> None:
    roles = structure_roles(named("Liver", "Tumor 1", "Perfused", "Lungs"), tumors=[], territories=[], lungs=[])
    assert names(roles) == ("Liver", [], [], None)
    assert "whole_liver_perfused" not in {advisory.code for advisory in roles.advisories}


def test_tumors_and_normal_liver_are_derived() -> None:
    place = np.diag([1.0, 1.0, 1.0, 1.0])
    masks = {"Liver": 0b1111110, "Tumor 1": 0b0000110, "Tumor 2": 0b0011000, "Perfused": 0b1110000}
    given = [Structure(n, np.array([[[v >> k & 1 for k in range(7)]]], bool), place) for n, v in masks.items()]
    made = {each.name: each.mask.ravel().tolist() for each in derived_structures(structure_roles(given))}
    assert made == {
        "Tumors": [bool(0b0011110 >> k & 1) for k in range(7)],
        "Normal liver": [bool(0b1100000 >> k & 1) for k in range(7)],
        "Perfused normal liver": [bool(0b1100000 >> k & 1) for k in range(7)],
    }
    whole = derived_structures(structure_roles(given[:1]))
    assert [each.name for each in whole] == ["Normal liver", "Perfused normal liver"]
    np.testing.assert_array_equal(whole[1].mask, given[0].mask)


def test_ambiguous_and_unknown_roles_are_refused() -> None:
    with pytest.raises(UndefinedError, match=r"the liver is undefined.*liver=NAME.*Spleen, Tumor"):
        structure_roles(named("Spleen", "Tumor"))
    with pytest.raises(UndefinedError, match="matches Liver, Liver 2"):
        structure_roles(named("Liver", "Liver 2"), liver="liver*")
    with pytest.raises(UnknownNameError, match="matches no structure"):
        structure_roles(named("Liver"), tumors="Tumor*")
    with pytest.raises(ArgumentError, match="got 'Liver' twice"):
        structure_roles(named("Liver", "Liver"))
    with pytest.raises(ArgumentError, match="'Liver' cannot be a tumor and the liver"):
        structure_roles(named("Liver", "Tumor"), tumors="*")
