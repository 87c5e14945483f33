from __future__ import annotations

from importlib import metadata

import pytest

from bonerisk.runs import environment


def test_requirements_of_other_platforms_are_no_packages_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    required = ["numpy>=2", "not-here>=3; sys_platform == 'elsewhere'", "pytest; extra == 'dev'"]
    monkeypatch.setattr(metadata, "requires", lambda _: required)
    environment._packages.cache_clear()
    found = environment._packages()
    environment._packages.cache_clear()
    assert set(found) == {"python", "bonerisk", "numpy"}
    assert found["numpy"] == metadata.version("numpy")
