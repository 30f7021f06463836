"""Every cited key is in the one table of sources, and only this table states which sources were read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from conftest import ROOT
from yttria.errors import UnknownNameError
from yttria.sources import cited, read_of, source, sources

TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], list[str]]]] = {
    "limits.json": ("limits", lambda row: [row["source"]]),
    "products.json": ("products", lambda row: [fact["source"] for fact in row["facts"].values()]),
    "radiobiology.json": ("sets", lambda row: row["source"].split(", ")),
    "ct_density.json": ("curves", lambda row: [row["source"]]),
}


@pytest.mark.parametrize("key", sources())
def test_a_source_states_its_state_of_reading(key: str) -> None:
    found = source(key)
    assert found.read in ("primary", "secondary", "no", "own")
    assert re.fullmatch(r"[a-z0-9.-]+", key)
    assert found.citation
    assert found.checked


@pytest.mark.parametrize("name", TABLES)
def test_tables_cite_keys(name: str) -> None:
    rows, keys = TABLES[name]
    table = json.loads((ROOT / "python" / "yttria" / "data" / name).read_text())
    assert {key for row in table[rows] for key in keys(row)} <= set(sources())


def test_only_the_table_of_sources_states_which_sources_were_not_read() -> None:
    files = [path for folder in ("python", "src", "docs") for path in (ROOT / folder).rglob("*.*")]
    texts = [path for path in files if path.suffix in (".py", ".rs", ".md", ".json", ".toml")]
    # "UNVERIFIED" is a term of DICOM.
    words = re.compile("[Ff]rom memory|[Uu]nverified")
    assert [str(path) for path in texts if words.search(path.read_text(encoding="utf-8"))] == []


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"kao2014.*got 'kao1999'"):
        source("kao1999")


def test_a_text_is_as_well_read_as_its_least_read_source() -> None:
    assert [found.key for found in cited("dose factor: mppg14a; half-life: ddep-y90.")] == ["mppg14a", "ddep-y90"]
    assert read_of("dose factor: mppg14a; half-life: ddep-y90") == "no"
    assert read_of("weber2022, lam2014") == "primary"
    assert read_of("the caller's own paper") is None
