"""A model of noise looks good on its own patients, and validation must say that it is not; whatever leaks must show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from bonerisk.evaluation.validation.development import Predicted, Refit
from tests.evaluation.validation.conftest import cox, noise

Judged = Callable[..., pd.DataFrame]


def values(rows: pd.DataFrame, metric: str = "c_index") -> pd.Series:
    return rows[rows["metric"] == metric].set_index("split")["estimate"]


def test_validated_values_of_noise_are_near_chance(judged: Judged) -> None:
    found: dict[str, list[float]] = {}
    for seed in range(3):
        films = noise(100, 20, seed)
        for method, repeats in (("optimism", 8), ("crossval", 1)):
            for split, value in values(judged(films, {"m": cox(films)}, method, repeats)).items():
                found.setdefault(str(split), []).append(value)
    mean = {split: np.mean(value) for split, value in found.items()}
    assert mean["apparent"] > 0.63
    assert abs(mean["crossval"] - 0.5) < 0.06
    assert mean["corrected"] < 0.58  # 3 events a feature: Harrell's correction leaves a little
    assert mean["apparent"] - mean["corrected"] > 0.08


class Selected:
    """A Cox model of the three columns that look best, chosen from the rows to learn from, or from all (a leak)."""

    def __init__(self, films: pd.DataFrame, leak: bool) -> None:
        self.films, self.leak = films, leak
        self.names = [str(name) for name in films if str(name).startswith("z")]

    def __call__(self, rows: np.ndarray) -> Predicted:
        seen = self.films if self.leak else self.films.iloc[rows]
        sooner = seen["event"] / (1 + seen["time_years"])
        related = np.abs((sooner - sooner.mean()).to_numpy() @ seen[self.names].to_numpy())
        refit: Refit = cox(self.films, [self.names[i] for i in np.argsort(-related)[:3]])
        return refit(rows)


def test_a_selection_outside_of_the_refits_is_seen(judged: Judged) -> None:
    films = noise(120, 100, 0)
    refits = {"inside": Selected(films, False), "outside": Selected(films, True)}
    rows = judged(films, refits, "crossval", 1)
    rows = rows[rows["reference"] == ""]
    inside, outside = (values(rows[rows["model"] == model]) for model in ("inside", "outside"))
    assert inside["apparent"] == outside["apparent"] > 0.62
    assert inside["crossval"] < 0.57
    assert outside["crossval"] > 0.6
    rows = judged(films, refits, "optimism", 10)
    rows = rows[(rows["reference"] == "") & (rows["split"] == "optimism") & (rows["metric"] == "c_index")]
    of = rows.set_index("model")["estimate"]
    assert of["inside"] > 2 * of["outside"]


class Watched:
    """A refit that keeps the rows it was given."""

    def __init__(self, films: pd.DataFrame) -> None:
        self.refit, self.given = cox(films), list[np.ndarray]()

    def __call__(self, rows: np.ndarray) -> Predicted:
        self.given.append(rows)
        return self.refit(rows)


def test_all_rows_of_a_patient_are_drawn_and_left_out_together(judged: Judged) -> None:
    films = noise(90, 2, 0, per_patient=3)
    for method, repeats in (("optimism", 5), ("crossval", 2)):
        watched = Watched(films)
        judged(films, {"m": watched}, method, repeats)
        assert len(watched.given) == 1 + (5 if method == "optimism" else 2 * 5)  # all rows first
        for rows in watched.given:
            times = np.bincount(rows, minlength=90).reshape(30, 3)
            assert (times == times[:, :1]).all()
            assert method == "optimism" or times.max() == 1


def test_each_fold_has_its_share_of_events_and_each_row_is_left_out_once(judged: Judged) -> None:
    films, folds = noise(100, 2, 1), 5
    watched = Watched(films)
    judged(films, {"m": watched}, "crossval", 1, folds)
    left_out = [np.setdiff1d(np.arange(100), rows) for rows in watched.given[1:]]
    assert sorted(np.concatenate(left_out)) == list(range(100))
    events = [films["event"].iloc[rows].sum() for rows in left_out]
    assert max(events) - min(events) <= 1


def test_thresholds_are_chosen_by_each_refit(judged: Judged) -> None:
    films = noise(100, 8, 0)
    rows = judged(films, {"m": cox(films)}, "crossval", 2)
    youden = rows[(rows["metric"].isin(["sensitivity", "specificity"])) & (rows["threshold"] == "youden")]
    total = youden.groupby("split")["estimate"].sum()
    assert total["apparent"] > 1.25  # Youden's index on its own rows
    assert abs(total["crossval"] - 1) < 0.15
