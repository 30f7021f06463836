"""Fixtures that several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: nothing here is held against a clock. Where a change is let in or not, the examples are
# the same each time; everywhere else they are new ones.
settings.register_profile("yttria", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("yttria")

pytest_plugins = ["measured_figures"]

ROOT = Path(__file__).resolve().parent.parent
#: What makes the inputs of tests; on the path of pytest.
SUPPORT = ROOT / "tests" / "support"
SHARED_DATA = Path(os.environ.get("YTTRIA_TEST_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of test data that is not part of the repository; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"test data not found at {SHARED_DATA}; set YTTRIA_TEST_DATA")
    return SHARED_DATA
