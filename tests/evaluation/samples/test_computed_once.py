from __future__ import annotations

import gc
import weakref

import numpy as np

from bonerisk.evaluation.metrics.calibration.at_horizon import calibration_slope, ici
from bonerisk.evaluation.samples.computed_once import computed_once
from bonerisk.evaluation.samples.followed import Followed


def test_work_is_done_once_for_each_owner_and_detail() -> None:
    class Owner:
        pass

    done = []
    work = computed_once(lambda owner, detail: done.append(detail) or len(done))
    one, other = Owner(), Owner()
    assert [work(one, "a"), work(one, "a"), work(one, "b"), work(other, "a")] == [1, 1, 2, 3]


def test_what_is_remembered_goes_with_its_sample() -> None:
    rng = np.random.default_rng(0)
    for highest in (1, 2):  # by Cox, and by pseudo-values
        p = rng.random(50)
        films = Followed.of(p, rng.exponential(5, 50), rng.integers(0, highest + 1, 50), predicted={2.0: p})
        drawn = films.drawn()
        calibration_slope(drawn, 2.0), ici(drawn, 2.0)
        gone = weakref.ref(films), weakref.ref(drawn)
        del films, drawn
        gc.collect()
        assert [one() for one in gone] == [None, None]
