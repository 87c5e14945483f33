from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.splits import fold_of, random_split
from bonerisk.cohort.table import arrange, patients
from bonerisk.errors import ConfigError, DataError


def people(count: int, positive: float = 0.3, films: int = 1) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    one = pd.DataFrame(
        {
            "patient_id": [str(i) for i in range(count)],
            "sex": draw.choice(["F", "M"], count),
            "bone_class": np.where(np.arange(count) < positive * count, "low_bone_mass", "normal"),
        }
    )
    table = pd.concat([one] * films, ignore_index=True)
    ids = [str(i) for i in range(len(table))]
    return arrange(table.assign(image_id=ids, image_path=ids))


def test_shares_hold_in_each_outcome_and_sex() -> None:
    table = people(1000)
    split = random_split(table, 0)
    for _, group in table.groupby(["bone_class", "sex"]):
        shares = split[group.index].value_counts(normalize=True)
        assert shares["train"] == pytest.approx(0.7, abs=0.02)
        assert shares["tune"] == pytest.approx(0.1, abs=0.02)
        assert shares["test"] == pytest.approx(0.2, abs=0.02)


def test_a_patients_films_stay_together() -> None:
    table = people(50, films=3)
    assert random_split(table, 0).groupby(patients(table)).nunique().max() == 1


def test_the_order_of_rows_does_not_matter_and_the_seed_does() -> None:
    table = people(200)
    split = random_split(table, 0)
    mixed = random_split(table.sample(frac=1, random_state=3), 0).sort_index()
    pd.testing.assert_series_equal(mixed, split)
    assert not random_split(table, 1).equals(split)


@pytest.mark.parametrize("count", [12, 20, 100])
def test_each_split_of_a_small_cohort_has_both_outcomes(count: int) -> None:
    table = people(count)
    found = pd.crosstab(random_split(table, 0), table["bone_class"])
    assert set(found.index) == {"train", "tune", "test"} and (found > 0).all(axis=None)


def test_three_patients_unlike_each_other_fill_three_splits() -> None:
    table = people(3)
    table["bone_class"] = ["normal", "low_bone_mass", None]
    assert set(random_split(table, 0)) == {"train", "tune", "test"}


def test_too_few_patients_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"2 patients can't be split into train, tune, test[\s\S]*split=external"):
        random_split(people(2), 0)


def test_a_share_of_0_leaves_a_split_out() -> None:
    assert set(random_split(people(10), 0, (0.8, 0.2, 0.0))) == {"train", "tune"}


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.5, 0.6, 0.1), (1.2, -0.1, -0.1)])
def test_shares_that_do_not_add_up_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="add up to 1"):
        random_split(people(10), 0, fractions)


def test_each_patient_is_tested_in_one_fold_and_learnt_from_in_the_others() -> None:
    table = people(203, films=2)
    folds = pd.DataFrame({number: random_split(table, 0, f"fold_{number}_of_5") for number in range(1, 6)})
    assert ((folds == "test").sum(axis=1) == 1).all() and ((folds == "tune").sum(axis=1) <= 1).all()
    assert folds.groupby(patients(table)).nunique().max(axis=None) == 1
    for fold in folds:
        shares = folds[fold].value_counts(normalize=True)
        assert shares[["train", "tune", "test"]].tolist() == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_two_folds_change_places_and_others_are_no_folds() -> None:
    one, two = (random_split(people(40), 0, f"fold_{number}_of_2") for number in (1, 2))
    assert set(one) == set(two) == {"train", "tune", "test"} and not ((one == "test") & (two == "test")).any()
    assert [fold_of(text) for text in ("fold_0_of_5", "fold_6_of_5", "fold_1_of_1", "tune")] == [None] * 4
    with pytest.raises(DataError, match="6 patients can't be split into 10 halves of folds"):
        random_split(people(6), 0, "fold_1_of_5")
