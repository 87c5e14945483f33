from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort import leaks
from bonerisk.errors import DataError


def cohort(patients: str, splits: str) -> pd.DataFrame:
    """Films a, b, … of one letter a patient and one of its split's."""
    names = {"r": "train", "u": "tune", "e": "test", "x": "external"}
    table = pd.DataFrame({"patient_id": list(patients), "split": [names[letter] for letter in splits], "site": "s"})
    return table.assign(image_id=[chr(ord("a") + place) for place in range(len(table))])


def pictures(count: int, seed: int = 0) -> list[bytes]:
    """Return hashes of different films, which agree in six bits of ten."""
    rng = np.random.default_rng(seed)
    often = np.clip(rng.normal(0.45, 0.22, 3840), 0.02, 0.98)
    return [np.packbits(rng.random(3840) < often).tobytes() for _ in range(count)]


def copied(picture: bytes, changed: float, seed: int = 0) -> bytes:
    """Return a hash of which a share of bits is another."""
    bits = np.unpackbits(np.frombuffer(picture, np.uint8))
    return np.packbits(bits ^ (np.random.default_rng(seed).random(bits.size) < changed)).tobytes()


def found(pairs: pd.DataFrame) -> dict[tuple[str, str], str]:
    return {(pair.image_id, pair.other_image_id): pair.kind for pair in pairs.itertuples()}


def test_same_file_and_nearly_the_same_image() -> None:
    table = cohort("ABCDEF", "rreeux")
    shown = pictures(6)
    shown[2], shown[4], shown[5] = shown[0], copied(shown[1], 0.12), shown[3]
    pairs = leaks.copies_of_films(table, ["0", "1", "0", "3", "4", "5"], shown)
    near = "nearly the same image"
    assert found(pairs) == {("a", "c"): "same file", ("b", "e"): near, ("d", "f"): near}
    assert tuple(pairs.columns) == leaks.PAIRS
    distance = pairs.set_index("image_id")["distance"]
    assert (distance["a"], distance["d"]) == (0, 0)
    one, other = (np.unpackbits(np.frombuffer(shown[place], np.uint8)) for place in (1, 4))
    assert distance["b"] == pytest.approx((one ^ other).sum() / (one | other).sum())


def test_copies_of_one_patient_in_one_split_are_none() -> None:
    shown = pictures(1) * 3
    assert leaks.copies_of_films(cohort("AAA", "rrr"), ["0", "0", "1"], shown).empty
    assert found(leaks.copies_of_films(cohort("AAB", "rrr"), ["0", "0", "0"], shown)) == {("a", "c"): "same file"}


def test_patients_of_two_sites_are_two() -> None:
    table = cohort("AA", "rr").assign(site=["s", "t"])
    assert len(leaks.copies_of_films(table, ["0", "0"], pictures(2))) == 1


def test_films_further_apart_are_none() -> None:
    shown = pictures(40)
    shown[1] = copied(shown[0], 0.3)
    table = cohort("A" * 20 + "B" * 20, "r" * 20 + "e" * 20)
    assert leaks.copies_of_films(table, list(map(str, range(40))), shown).empty


def test_films_without_detail_are_not_compared() -> None:
    blank = [bytes(480)] * 2
    assert leaks.copies_of_films(cohort("AB", "re"), ["0", "1"], blank).empty
    assert len(leaks.copies_of_films(cohort("AB", "re"), ["0", "0"], blank)) == 1


def test_many_near_copies_of_one_film_are_found_across_splits() -> None:
    shown = [copied(pictures(1)[0], 0.02, seed) for seed in range(200)]
    table = cohort("A" * 150 + "B" * 50, "r" * 150 + "e" * 50).assign(image_id=[str(place) for place in range(200)])
    pairs = leaks.copies_of_films(table, [str(place) for place in range(200)], shown)
    assert len(pairs) > 10
    assert (set(pairs["split"]), set(pairs["other_split"])) == ({"train"}, {"test"})


def test_refusal_names_ten_pairs_and_the_mend() -> None:
    table = cohort("ABCDEFGHIJKLM", "reeeeeeeeeeee")
    pairs = leaks.copies_of_films(table, ["0"] * 13, pictures(13))
    with pytest.raises(DataError) as error:
        leaks.refuse(pairs, "cohort c")
    assert error.value.what.startswith("12 pairs of copies lie in two splits: a (patient A, train) and b (patient B, ")
    assert "k (patient K, test): same file and 2 more" in error.value.what
    assert "l (" not in error.value.what
    assert (error.value.where, "one patient id" in error.value.mend) == ("cohort c", True)


def test_two_patients_within_a_split_are_a_note() -> None:
    (note,) = leaks.refuse(leaks.copies_of_films(cohort("ABC", "rre"), ["0", "0", "1"], pictures(3)), "c")
    assert note.startswith("1 pairs of copies have two patient ids, but may be one patient: a (patient A, train) and b")
    assert leaks.refuse(leaks.copies_of_films(cohort("AB", "re"), ["0", "1"], pictures(2)), "c") == ()


def test_pairs_across_splits_come_first() -> None:
    pairs = leaks.copies_of_films(cohort("ABCD", "rrre"), ["0", "0", "1", "1"], pictures(4))
    assert list(pairs["other_split"]) == ["test", "train"]


def test_ten_thousand_films_take_no_time() -> None:
    """Comparing each with each, fifty million times, would take half a minute."""
    shown = pictures(1000) * 10
    shown = [copied(picture, 0.06, seed) for seed, picture in enumerate(shown)]
    number = [str(place) for place in range(10_000)]
    table = pd.DataFrame({"patient_id": number, "image_id": number, "site": "s"})
    table["split"] = ["train"] * 5000 + ["test"] * 5000
    start = time.process_time()
    pairs = leaks.copies_of_films(table, number, shown)
    assert time.process_time() - start < 10
    named = set(pairs["image_id"]) | set(pairs["other_image_id"])
    assert len(named) == 10_000


def test_copies_of_rows() -> None:
    table = cohort("ABCDE", "reree").assign(
        age_years=[60, 60, 71, np.nan, np.nan],
        time_years=[1.5, 1.5, 2, np.nan, np.nan],
        sex=["F", "F", "M", None, None],
    )
    pairs = leaks.copies_of_rows(table, ["age_years", "time_years", "sex"])
    assert found(pairs) == {("a", "b"): "same values"}
    assert list(pairs["distance"]) == [0]
    with pytest.raises(DataError, match=r"1 pairs of copies lie in two splits: a \(patient A, train\) and b"):
        leaks.refuse(pairs, "table t.csv")


def test_empty_cells_are_alike() -> None:
    table = cohort("AB", "re").assign(age_years=[60.0, 60.0], t_score=[np.nan, np.nan])
    assert len(leaks.copies_of_rows(table, ["age_years", "t_score"])) == 1
    assert leaks.copies_of_rows(table.assign(t_score=[np.nan, 1.0]), ["age_years", "t_score"]).empty


def test_glow_has_no_copies(real_data) -> None:
    rows = pd.read_csv(real_data / "glow" / "glow500.csv")
    number = rows["sub_id"].astype(str)
    table = rows.assign(patient_id=number, image_id=number, site="s", split=["train", "test"] * 250)
    features = ["age", "weight", "height", "smoke", "raterisk", "fracture"]
    assert leaks.copies_of_rows(table, features).empty
    table = pd.concat([table, table.head(3).assign(patient_id=["x", "y", "z"], split="external")])
    assert len(leaks.copies_of_rows(table, features)) == 3


def test_no_films_are_no_copies() -> None:
    table = pd.DataFrame(columns=["site", "patient_id", "image_id", "split"])
    assert leaks.copies_of_films(table, [], []).empty


def test_copies_of_one_split_in_two_merged_cohorts_are_refused() -> None:
    pairs = leaks.copies_of_films(cohort("ABC", "rrr"), ["0", "1", "0"], pictures(3))
    assert len(leaks.refuse(pairs, "cohort")) == 1
    assert len(leaks.refuse(pairs, "cohort", {"a": "one", "b": "two", "c": "one"})) == 1
    with pytest.raises(DataError, match=r"1 pairs of copies lie in two of the cohorts: a \(patient A, train\) and c"):
        leaks.refuse(pairs, "cohort", {"a": "one", "b": "one", "c": "two"})
