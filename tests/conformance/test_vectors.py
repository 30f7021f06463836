"""Every vector passes; mandatory rejections reject, mandatory warnings warn, known mistakes are never the answer."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from yttria.conformance import cases, vectors
from yttria.conformance._cases import FILE_MODELS, SuiteCase, from_vector
from yttria.conformance.answers import reference_answer, yttria_answer
from yttria.conformance.known_errors import KNOWN_ERRORS
from yttria.errors import YttriaError

SPECIFICATION = ROOT.parent / "shared" / "spec" / "vectors.json"

Vector = dict[str, Any]

# Question, variants and quantity of each vector that documents a mistake.
ZONED = {"calibration_time": "2024-04-14T12:00:00-04:00", "treatment_time": "2024-04-16T10:00:00+02:00"}
MISTAKES: dict[str, tuple[str, dict[str, Any], tuple[str, ...], str]] = {
    "calibrated_activity_naive_variant": ("calibrated_activity", ZONED, ("clocks_without_zones",), "activity_GBq"),
    "resin_bsa_double_count_variant": ("resin_bsa", {}, ("bsa_liver_counts_tumor_twice",), "activity_GBq"),
    "single_compartment_wrong_variant": (
        "single_compartment_inverse",
        {},
        ("shunt_multiplied_single_compartment",),
        "activity_delivered_GBq",
    ),
    "partition_wrong_variant": (
        "partition_inverse_target",
        {},
        ("partition_weight_of_one_mass", "shunt_multiplied_partition"),
        "activity_delivered_GBq",
    ),
}


def _read(path: Path) -> list[Vector]:
    return json.loads(path.read_text("utf-8"))["vectors"]


def _all() -> list[Vector]:
    given = os.environ.get("YTTRIA_VECTORS")
    return _read(Path(given)) if given else vectors()


def _is_mistake(vector: Vector) -> bool:
    return vector["model"].endswith("_variant")


def _check(case: SuiteCase) -> None:
    if case.model in FILE_MODELS:
        pytest.importorskip("pydicom")
        pytest.importorskip("nibabel")
    if "error" in case.expected:
        with pytest.raises(YttriaError):
            yttria_answer(case.model, case.inputs)
        return
    got = yttria_answer(case.model, case.inputs)
    assert set(case.expected.get("warnings", [])) <= set(got.get("warnings", []))
    for quantity in case.quantities:
        assert quantity in got, f"the record of {case.model} has no {quantity}"
        assert case.within(quantity, got[quantity]), (
            f"{quantity}: got {got[quantity]}, expected {case.expected[quantity]}"
        )


@pytest.mark.claim("published_vectors")
@pytest.mark.parametrize("vector", [v for v in _all() if not _is_mistake(v)], ids=lambda v: v["id"])
def test_the_core_gives_the_expected_answer_of_each_vector(vector: Vector) -> None:
    _check(from_vector(vector))


@pytest.mark.claim("published_vectors")
@pytest.mark.parametrize(
    "case", [c for c in cases() if c.id.startswith(("own-", "vox-", "s-", "file-"))], ids=lambda c: c.id
)
def test_the_core_gives_the_expected_answer_of_each_case_of_this_project(case: SuiteCase) -> None:
    _check(case)


@pytest.mark.parametrize("case", [c for c in cases() if "error" not in c.expected], ids=lambda c: c.id)
def test_the_reference_gives_the_expected_answer(case: SuiteCase) -> None:
    got = reference_answer(case.model, case.inputs)
    for quantity in case.quantities:
        assert case.within(quantity, got[quantity]), quantity


@pytest.mark.claim("published_wrong_numbers")
@pytest.mark.parametrize("vector", [v for v in _all() if _is_mistake(v)], ids=lambda v: v["id"])
def test_a_known_mistake_is_a_variant_and_not_the_answer(vector: Vector) -> None:
    assert vector["model"] in MISTAKES, f"no variants for {vector['model']}: say which make it in MISTAKES"
    model, times, names, quantity = MISTAKES[vector["model"]]
    inputs = vector["inputs"] | times
    wrong = reference_answer
    for name in names:
        wrong = KNOWN_ERRORS[name](wrong)
    (expected,) = (v for k, v in vector["expected"].items() if k == "activity_GBq")
    assert wrong(model, inputs)[quantity] == pytest.approx(expected, rel=1e-9)
    assert not math.isclose(yttria_answer(model, inputs)[quantity], expected, rel_tol=1e-3)


def test_the_shipped_vectors_are_the_specification() -> None:
    if not SPECIFICATION.is_file():
        pytest.skip("no specification beside the repository")
    by_id = {v["id"]: v for v in vectors()}
    assert by_id == {v["id"]: v for v in _read(SPECIFICATION)}
    assert len(by_id) == len(vectors())


@pytest.mark.parametrize(
    ("got", "expected", "passes"),
    [
        (1.0, 1.0, True),
        (1.0 + 1e-8, 1.0, False),
        ([1.0], [1.0, 2.0], False),
        (float("nan"), 1.0, False),
        (None, 0.0, False),
        (False, True, False),
        (True, 1.0, False),
        ("lung", "lung", True),
        ({"A": 1.0}, {"A": 1.0, "L": 2.0}, False),
    ],
)
def test_a_wrong_answer_fails(got: object, expected: object, passes: bool) -> None:
    case = SuiteCase(
        id="x", model="m", inputs={}, expected={"q": expected}, tolerance={"rel": 1e-9}, source="", checks=""
    )
    assert case.within("q", got) is passes


def test_an_unknown_group_of_vectors_is_refused() -> None:
    assert {v["model"] for v in vectors("decay")} >= {"decay_factor", "calibrated_activity"}
    with pytest.raises(KeyError):
        vectors("no such group")
