"""What all rooms' tests share: how hypothesis searches, and where the real statements are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Engines answer in milliseconds, but not in the same number of them each time: no deadlines.
settings.register_profile("default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), max_examples=100, print_blob=True, derandomize=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))


@pytest.fixture(scope="session")
def real_statements() -> Path:
    """Give the path of a gzipped file of real statements, one a line; skip where none is named."""
    path = os.environ.get("LRS_REAL_STATEMENTS")
    if not path:
        pytest.skip("LRS_REAL_STATEMENTS names no file of real statements (JSON lines, gzipped)")
    return Path(path)
