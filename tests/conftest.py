"""Fixtures that several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine must not cause a failure, so that no example has a time limit. In continuous integration the examples
# are the same each time, and elsewhere they are new.
settings.register_profile("yttria", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("yttria")

pytest_plugins = ["measured_figures", "thread_safety"]

ROOT = Path(__file__).resolve().parent.parent
#: Folder of the functions that make inputs of tests, on the path of pytest.
SUPPORT = ROOT / "tests" / "support"
SHARED_DATA = Path(os.environ.get("YTTRIA_TEST_DATA", ROOT.parent / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest file, so that no process waits for it at the end."""
    items.sort(key=lambda item: item.path.name != "test_documents.py")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Find the folder of test data that is not part of the repository. Tests that need it are skipped if it is
    missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"test data not found at {SHARED_DATA}; set YTTRIA_TEST_DATA")
    return SHARED_DATA
