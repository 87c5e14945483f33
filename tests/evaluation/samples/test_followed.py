from __future__ import annotations

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.samples.followed import Followed


def cohort(n: int = 300, seed: int = 0, competing: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Risk, time on a coarse grid (many ties) and status."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n).round(1)
    times = np.stack([rng.exponential(6 * np.exp(-risk)), rng.exponential(9, n), rng.uniform(0.5, 9, n)])
    first = times[[0, 2]] if not competing else times
    status = np.array([1, 2, 0] if competing else [1, 0])[first.argmin(axis=0)]
    return risk, np.ceil(4 * first.min(axis=0)) / 4, status


def test_rows_come_in_order_of_time_with_the_censored_last() -> None:
    films = Followed.of([1.0, 2.0, 3.0, 4.0], [2, 1, 1, 1], [1, 0, 2, 1], predicted={5: [0.1, 0.2, 0.3, 0.4]})
    assert films.risk.tolist() == [3, 4, 2, 1]
    assert films.predicted[5.0].tolist() == [0.3, 0.4, 0.2, 0.1]


def test_an_event_comes_before_a_censoring_at_the_same_time() -> None:
    # At 1: an event and a censoring. Of the three others one is censored then, so that G falls to 2/3 after 1.
    films = Followed.of([0, 0, 0, 0.0], [1, 1, 2, 3], [1, 0, 1, 1])
    assert films.drawn().censoring[0].tolist() == pytest.approx([1, 1, 2 / 3, 2 / 3])


@pytest.mark.parametrize("competing", [True, False])
@pytest.mark.parametrize("horizon", [0.25, 2.0, 5.1])
def test_the_known_stand_for_all(competing: bool, horizon: float) -> None:
    """Inverse probability of censoring weights sum to the number of films, and their events to the incidence."""
    risk, time, status = cohort(competing=competing)
    films, draws = Followed.of(risk, time, status), Draws.of(300, 20)
    weights = films.drawn(draws.counts.astype(float)[:, films.patient])
    np.testing.assert_allclose(weights.inverse(horizon).sum(axis=1), 300)
    at = weights.at(horizon)
    np.testing.assert_allclose(at.weights.sum(axis=1), 300)
    assert (np.diff(at.sample.risk) <= 0).all()


def test_without_censoring_weights_are_counts() -> None:
    risk, time, status = cohort()
    films = Followed.of(risk, time, np.where(status == 0, 2, status))
    assert (films.drawn().inverse(3.0) == 1).all()


def test_everyone_censored_before_the_horizon_leaves_nobody() -> None:
    drawn = Followed.of([1, 2], [1, 1], [0, 0]).drawn()
    assert drawn.at(5.0).weights.shape == (1, 0)


def test_impossible_outcomes_are_refused() -> None:
    with pytest.raises(DataError, match="status 3 is not 0"):
        Followed.of([1, 2], [1, 1], [0, 3])
    with pytest.raises(DataError, match=r"time -1\.0 is not over 0"):
        Followed.of([1, 2], [1, -1], [0, 1])
