"""Which split a patient belongs to, and which films represent the patient."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pandas as pd

from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.splits import check_fractions, fold_of, random_split
from bonerisk.cohort.table import BONE_CLASSES, SPLITS
from bonerisk.errors import ConfigError, DataError

BMD_WITHIN_1Y = "bmd_within_1y"  # spine DeepSurv: patients whose FRAX can be computed are the test set
YEAR_DAYS = 365
FIVE_TO_ONE = (5 / 6, 1 / 6, 0.0)
INDEX = {  # the film that represents a patient, in words
    "all": "one",
    "first": "the patient's first film",
    "nearest_dxa": "the patient's film nearest to DXA",
    "random": "the patient's film drawn at random",
}


def check_split(split: Sequence[float] | str, where: str = "dataset.rules.split") -> None:
    """Raise ConfigError unless `split` is three shares, "bmd_within_1y", a fold or the name of a split.

    `where` is the key that the user types.
    """
    if not isinstance(split, str):
        check_fractions(split)
    elif split not in (*SPLITS, BMD_WITHIN_1Y) and not fold_of(split):
        mend = f"three shares, {BMD_WITHIN_1Y}, or one of {', '.join(SPLITS)} for all"
        raise ConfigError(f"there is no split {split!r}", where, mend)


def check_index(index: Mapping[str, str]) -> None:
    """Raise ConfigError unless `index` gives a known rule for known splits."""
    wrong = [f"{split}: {rule}" for split, rule in index.items() if split not in SPLITS or rule not in INDEX]
    if wrong:
        mend = f"{{<{'|'.join(SPLITS)}>: <{'|'.join(INDEX)}>}}"
        raise ConfigError(f"there is no such rule for index films: {', '.join(wrong)}", "dataset.rules.index", mend)


def split(films: pd.DataFrame, rule: Sequence[float] | str, seed: int, external_sites: Sequence[str]) -> pd.Series:
    """Return the split of each film; all films of a patient share it.

    Parameters
    ----------
    films : DataFrame
        Columns `site`, `patient_id`, `person`, `sex`; `t_score` and `dxa_days`, or `event`, if present.
    rule : list of 3 float, or str
    seed : int
    external_sites : sequence of str
    """
    found = pd.Series("external", films.index, dtype="object")
    inside = films[~films["site"].isin(list(external_sites))]
    if rule in SPLITS:
        found[inside.index] = rule
        return found
    tested = pd.Series(False, inside.index)
    if rule == BMD_WITHIN_1Y:
        near = inside["dxa_days"].abs() <= YEAR_DAYS if "dxa_days" in inside else tested
        tested = near.groupby(inside["person"]).transform("any")
        if not tested.any():
            mend = "dataset.tables.dxa=FILE, or another dataset.rules.split"
            raise DataError("no patient has a DXA within a year of a film, so the test set is empty", rule, mend)
        found[tested.index[tested]] = "test"
    rest = inside[~tested]
    if len(rest):
        outcome = rest["event"] if "event" in rest else pd.Categorical(bone_class(rest["t_score"]), BONE_CLASSES).codes
        found[rest.index] = random_split(rest, seed, FIVE_TO_ONE if rule == BMD_WITHIN_1Y else rule, outcome)
    return found


def index_films(films: pd.DataFrame, index: Mapping[str, str], seed: int) -> tuple[pd.Series, str]:
    """Return a mask of the films that represent their patient, and the rules in words.

    Parameters
    ----------
    films : DataFrame
        Columns `person`, `image_id`, `film_date`, `film_time`, `split`, and `dxa_days` where there is DXA.
    index : mapping
        Split to rule; see `Rules`.
    seed : int
        For the rule random.
    """
    rule = films["split"].map(index).fillna("all")
    first = films["film_date"].rank(method="dense")
    away = films.get("dxa_days", pd.Series(float("nan"), films.index)).abs()
    moment = films["patient_id"] + films["film_date"].astype(str) + films["film_time"].fillna("")
    lot = pd.Series([hashlib.sha256(f"{seed}\x1f{text}".encode()).hexdigest() for text in moment], films.index)
    order = pd.DataFrame({"person": films["person"], "away": away.where(rule == "nearest_dxa", 0.0)})
    order["lot"] = lot.where(rule == "random", "")
    order["first"], order["time"], order["image_id"] = first, films["film_time"].fillna(""), films["image_id"]
    chosen = ~order.sort_values(list(map(str, order)), kind="stable", na_position="last").duplicated("person")
    kept = chosen.reindex(films.index) | (rule == "all")
    by_rule = {one: ", ".join(name for name in index if index[name] == one) for one in index.values() if one != "all"}
    return kept, "; ".join(f"not {INDEX[one]} ({splits})" for one, splits in by_rule.items())
