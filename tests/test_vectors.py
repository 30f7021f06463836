"""Every vector passes; mandatory rejections reject, mandatory warnings warn, known mistakes are never the answer."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from vector_adapters import collect

from conftest import ROOT
from yttria.conformance import vectors
from yttria.errors import YttriaError

ADAPTERS = collect("ADAPTERS")
OWN = collect("OWN")
SPECIFICATION = ROOT.parent / "shared" / "spec" / "vectors.json"

Vector = dict[str, Any]


def _read(path: Path) -> list[Vector]:
    return json.loads(path.read_text("utf-8"))["vectors"]


def _all() -> list[Vector]:
    given = os.environ.get("YTTRIA_VECTORS")
    return _read(Path(given)) if given else vectors()


def _adapter(model: str) -> Any:
    adapter = ADAPTERS.get(model, ADAPTERS.get(model.removesuffix("_err")))
    assert adapter, f"no adapter for the model '{model}': add one to tests/vector_adapters"
    return adapter


def _matches(got: Any, expected: Any, tolerance: dict[str, float]) -> bool:
    if isinstance(expected, list):
        return len(got) == len(expected) and all(_matches(g, e, tolerance) for g, e in zip(got, expected, strict=True))
    if isinstance(expected, dict):
        return got.keys() == expected.keys() and all(_matches(got[k], e, tolerance) for k, e in expected.items())
    if expected is None or isinstance(expected, str | bool):
        return bool(got == expected)
    if got is None or not math.isfinite(got):
        return False
    margin = max(tolerance.get("rel", 0.0) * abs(expected), tolerance.get("abs", 0.0))
    return abs(got - expected) <= (margin if expected != 0 else max(margin, 1e-12))


@pytest.mark.parametrize("vector", _all(), ids=lambda v: v["id"])
def test_vector(vector: Vector) -> None:
    adapter = _adapter(vector["model"])
    expected = dict(vector["expected"])
    if "error" in expected:
        with pytest.raises(YttriaError):
            adapter(vector["inputs"])
        return
    got = adapter(vector["inputs"])
    assert set(expected.pop("warnings", [])) <= set(got.get("warnings", []))
    for quantity, value in expected.items():
        assert quantity in got, f"the adapter for {vector['model']} returns no {quantity}"
        assert _matches(got[quantity], value, vector["tolerance"]), f"{quantity}: got {got[quantity]}, expected {value}"


@pytest.mark.parametrize("vector", [v for v in _all() if v["model"].endswith("_variant")], ids=lambda v: v["id"])
def test_a_known_mistake_is_not_the_answer(vector: Vector) -> None:
    _adapter(vector["model"])
    assert vector["model"] in OWN, f"no own answer for {vector['model']} in tests/vector_adapters"
    own = OWN[vector["model"]](vector["inputs"])
    shared = vector["expected"].keys() & own.keys()
    assert shared
    for quantity in shared:
        assert not math.isclose(own[quantity], vector["expected"][quantity], rel_tol=1e-3)


def test_the_shipped_vectors_are_the_specification() -> None:
    if not SPECIFICATION.is_file():
        pytest.skip("no specification beside the repository")
    by_id = {v["id"]: v for v in vectors()}
    assert by_id == {v["id"]: v for v in _read(SPECIFICATION)}
    assert len(by_id) == len(vectors())


def test_a_wrong_number_fails() -> None:
    """The comparison itself can fail: by a relative 1e-8, by a missing element, by a number for nothing."""
    assert _matches(1.0, 1.0, {"rel": 1e-9})
    assert not _matches(1.0 + 1e-8, 1.0, {"rel": 1e-9})
    assert not _matches([1.0], [1.0, 2.0], {"rel": 1e-9})
    assert not _matches(float("nan"), 1.0, {"rel": 1e-9})
    assert not _matches(None, 0.0, {"rel": 1e-9})
    assert not _matches(False, True, {"rel": 1e-9})


def test_the_groups_are_named() -> None:
    assert {v["model"] for v in vectors("decay")} >= {"decay_factor", "calibrated_activity"}
    with pytest.raises(KeyError):
        vectors("no such group")
