"""Simulated people that several tests look at."""

from __future__ import annotations

import pytest

from bonerisk.phantom.people.population import Patient, Population, draw


def people(count: int, **settings: object) -> list[Patient]:
    what = Population(**settings)  # type: ignore[arg-type]
    return [draw(what, index) for index in range(count)]


@pytest.fixture(scope="session")
def screened() -> list[Patient]:
    return people(5000)


@pytest.fixture(scope="session")
def hospital() -> list[Patient]:
    return people(12_000, kind="hospital")


@pytest.fixture(scope="session")
def enriched() -> list[Patient]:
    return people(3000, kind="hospital", events="enriched")
