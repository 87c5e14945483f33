"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of small real data; a test that needs it skips where it is absent."""
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("BONERISK_REAL_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set BONERISK_REAL_DATA)")
    return folder
