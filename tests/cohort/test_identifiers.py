from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.identifiers import differently_written, spoilt, two_writings
from bonerisk.cohort.overlap import refuse_seen
from bonerisk.cohort.splits import random_split
from bonerisk.cohort.table import arrange
from bonerisk.errors import DataError


def people(*identifiers: str, site: str = "s", weight_kg: float = 60.0) -> pd.DataFrame:
    ids = [f"film {place}" for place in range(len(identifiers))]
    table = pd.DataFrame({"patient_id": list(identifiers), "image_id": ids, "image_path": ids, "site": site})
    return arrange(table.assign(split="train", weight_kg=[weight_kg + place for place in range(len(table))]))


def test_identifiers_that_differ_in_zeros_blanks_or_case_are_told() -> None:
    first = pd.Series(["00123", "7", "a1", "9", "000", None, "00123"])
    second = pd.Series(["123", "7", "A 1", "0009.0", "0", "10", None])
    assert differently_written(first, second) == [("00123", "123"), ("a1", "A 1"), ("9", "0009.0"), ("000", "0")]


@pytest.mark.parametrize("none", ["#REF!", "#NAME?", "#N/A!", "####", "1.23457E+11", "1,2E+11", "1e+16", "UNKNOWN"])
def test_what_a_spreadsheet_makes_of_an_identifier_is_none(none: str) -> None:
    assert spoilt(pd.Series([none])).all()


def test_digests_and_numbers_are_identifiers() -> None:
    assert not spoilt(pd.Series(["12e10", "00123", "1058.0", "9f2e", "P#1", None])).any()


@pytest.mark.parametrize("other", ["1058.0", "001058", "1058,0", "1058 "])
def test_a_patient_written_in_two_ways_is_in_no_split(other: str) -> None:
    with pytest.raises(DataError, match="1 patient is written in two ways"):
        random_split(people("1058", other, "1", "2"), 0)


def test_the_error_shows_forms_and_no_identifiers() -> None:
    (error,) = two_writings(people("1058", "1058.0", "7", "07"), "t.csv")
    assert "07 and 7" not in str(error) and "09 and 9" in str(error) and "9999 and 9999.9" in str(error)


def test_patients_of_two_sites_may_be_alike() -> None:
    assert not [*two_writings(pd.concat([people("7"), people("07", site="t")]))]


@pytest.mark.parametrize("other", ["1058.0", "001058"])
def test_a_seen_patient_is_known_however_written(other: str) -> None:
    seen = people("1057", "1058")
    with pytest.raises(DataError, match=r"1 patient here.*weights of r[\s\S]*there 1058"):
        refuse_seen(people(other, "2000"), seen, "the weights of r")
    refuse_seen(people(other, "2000", site="t", weight_kg=200), seen, "the weights of r")


def test_a_seen_patient_is_known_at_another_site_by_all_numbers_however_written() -> None:
    seen = people(*map(str, range(1000, 1020)))
    same = people(*(f"{number}.0" for number in range(1000, 1020)), site="t")
    with pytest.raises(DataError, match="20 rows here have the id and all numbers"):
        refuse_seen(same, seen, "the weights of r")


def test_thousands_of_columns_are_compared_in_no_time() -> None:
    """A join on all of them took over a minute."""
    ids, rng = list(map(str, range(100))), np.random.default_rng(0)
    seen, other = (pd.DataFrame(rng.normal(size=(100, 3000))).add_prefix("x").round(3) for _ in range(2))
    seen.iloc[7, :3] = [np.nan, 0.0, 5.0]
    here, there = ({"patient_id": ids, "site": site} for site in "ts")
    refuse_seen(other.assign(**here), seen.assign(**there), "the weights of r")
    other.iloc[7] = seen.iloc[7]
    other.iloc[7, 1] = -0.0
    with pytest.raises(DataError, match=r"1 rows here have the id and all numbers[\s\S]*patient 7 "):
        refuse_seen(other.assign(**here), seen.assign(**there), "the weights of r")


def test_two_sites_that_count_from_one_and_know_ages_alone_share_nobody() -> None:
    """Of 400 patients some have the same age as their namesakes by chance."""
    rng, ids = np.random.default_rng(0), list(map(str, range(400)))
    ages = [rng.integers(50, 90, 400).astype(float) for _ in range(2)]
    here, there = (pd.DataFrame({"patient_id": ids, "site": "s", "age_years": age}) for age in ages)
    here["site"] = "t"
    assert (here["age_years"] == there["age_years"]).sum() > 5
    refuse_seen(here, there, "the weights of r")
    with pytest.raises(DataError, match="400 rows here have the id and all numbers"):
        refuse_seen(here, here.assign(site="s"), "the weights of r")
