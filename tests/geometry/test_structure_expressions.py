"""Definitions such as `Normal = Liver - Tumors`: their sets, and errors that show the text that cannot be read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yttria import Structure
from yttria.errors import ArgumentError, UndefinedError, UnknownNameError, YttriaError
from yttria.geometry import derive_structures

#: Each structure has one bit of the eight voxels.
PLACE = np.diag([1.0, 2.0, 3.0, 1.0])


def bits(name: str, value: int) -> Structure:
    return Structure(name, np.array([value >> n & 1 for n in range(8)], bool).reshape(2, 2, 2), PLACE)


GIVEN = [
    bits("Liver", 0b11111110),
    bits("Tumor 1", 0b00000110),
    bits("Tumor-2", 0b00011000),
    bits("Lobe (right)", 0b11110000),
    bits("A - B", 0b00000001),
    bits("union of all", 0b10000001),
]


def value(structure: Structure) -> int:
    return sum(int(bit) << n for n, bit in enumerate(structure.mask.ravel()))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Liver", 0b11111110),
        ("liver - TUMOR 1", 0b11111000),
        ("Liver - Tumor 1 - Tumor-2", 0b11100000),
        ("Liver - (Tumor 1 + Tumor-2)", 0b11100000),
        ("Liver-(Tumor 1)", None),
        ("(Liver) -(Tumor 1)", 0b11111000),
        ("Tumor 1 + Tumor-2 & 'Lobe (right)'", 0b00010110),
        ('(Tumor 1 | Tumor-2) & "Lobe (right)"', 0b00010000),
        ("union of Tumor*", 0b00011110),
        ("Union of tumor*, 'lobe*'", 0b11111110),
        ("union of 'A - B', Tumor 1", 0b00000111),
        ("Liver - union of Tumor* & 'Lobe (right)'", 0b11101110),
        ("intersection of Liver, Tumor 1", 0b00000110),
        ("'A - B' + Tumor 1", 0b00000111),
        ("'union of all'", 0b10000001),
    ],
)
def test_an_expression_means_its_set(expression: str, expected: int | None) -> None:
    if expected is None:
        with pytest.raises(YttriaError):
            derive_structures(GIVEN, f"X = {expression}")
        return
    made = derive_structures(GIVEN, f"X = {expression}")
    assert made[:-1] == GIVEN
    assert made[-1].name == "X"
    assert value(made[-1]) == expected
    (note,) = made[-1].advisories
    assert (note.code, note.severity) == ("structure_derived", "note")
    assert note.message == f"'X' is {expression}."


def test_a_definition_may_use_those_before_it() -> None:
    made = derive_structures(GIVEN, ["Tumors = union of Tumor*", "'Normal liver' = Liver - Tumors"])
    assert [each.name for each in made[-2:]] == ["Tumors", "Normal liver"]
    assert value(made[-1]) == 0b11100000
    assert [note.message for note in made[-1].advisories] == [
        "'Tumors' is union of Tumor*.",
        "'Normal liver' is Liver - Tumors.",
    ]


@pytest.mark.parametrize(
    ("definition", "error", "message"),
    [
        ("Liver - Tumor 1", ArgumentError, "must read NAME = EXPRESSION"),
        (" = Liver", ArgumentError, "must read NAME = EXPRESSION"),
        ("X =  ", ArgumentError, "must read NAME = EXPRESSION"),
        ("liver = Tumor 1", ArgumentError, "a structure named 'liver' exists already"),
        ("X = Livr - Tumor 1", UnknownNameError, "no structure is named 'Livr'; did you mean 'Liver'"),
        ("X = Spleen", UnknownNameError, "the structures are Liver, Tumor 1"),
        ("X = Tumor*", ArgumentError, r"write union of Tumor\*"),
        ("X = union of Kidney*", UnknownNameError, r"'Kidney\*' matches no structure"),
        ("X = (Liver - Tumor 1", ArgumentError, "a closing parenthesis is missing"),
        ("X = Liver) - Tumor 1", ArgumentError, r"an operator was expected before '\)'"),
        ("X = Lobe (right)", UnknownNameError, "no structure is named 'Lobe'"),
        ("X = Liver - ", UnknownNameError, "no structure is named 'Liver -'; did you mean 'Liver'"),
        ("X = Liver & & Tumor 1", ArgumentError, "a name was expected before '&'"),
        ("X = Liver, Tumor 1", ArgumentError, "an operator was expected before ','"),
        ("X = " + "(" * 60 + "Liver" + ")" * 60, ArgumentError, "more than 40 deep"),
        ("X = " + "Liver + " * 200 + "Liver", ArgumentError, "at most 1000 characters"),
    ],
)
def test_a_definition_that_cannot_be_read_shows_why(definition: str, error: type[YttriaError], message: str) -> None:
    with pytest.raises(error, match=message):
        derive_structures(GIVEN, definition)


def test_a_name_that_two_structures_have_is_refused() -> None:
    with pytest.raises(UndefinedError, match="2 structures have that name"):
        derive_structures([bits("Lobe", 1), bits("LOBE", 2)], "X = lobe")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="LiverTumor 12-+&|(),'\"*=?\n\t\x1b", max_size=40))
def test_any_text_is_a_structure_or_an_error_of_yttria(text: str) -> None:
    try:
        made = derive_structures(GIVEN, text)
    except YttriaError as error:
        message = str(error)
    else:
        message = ""
        assert len(made) == len(GIVEN) + 1
    assert "\x1b" not in message
