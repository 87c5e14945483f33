from __future__ import annotations

import hashlib

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from bonerisk.heads.threads import steady, threads
from bonerisk.runs import environment


def test_a_large_fit_takes_the_threads_that_the_record_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, expected in (("3", 3), ("3,1", 3), ("", environment.cores()), ("all", environment.cores())):
        monkeypatch.setenv("OMP_NUM_THREADS", given)
        assert threads(np.empty(2_000_000)) == environment.environment()["threads"] == expected
    assert threads(np.empty(2_000)) == 1


def test_a_small_fit_has_the_same_bits_with_any_number_of_threads() -> None:
    x = np.random.default_rng(0).normal(size=(2_000, 200))

    def solved() -> str:
        return hashlib.sha256(np.linalg.solve(x.T @ x, x.T[:, :3]).tobytes()).hexdigest()

    found = set()
    for number in (1, 2, 3):
        with threadpool_limits(number, user_api="blas"):
            with steady(x):
                found.add(solved())
            assert {of["num_threads"] for of in threadpool_info() if of["user_api"] == "blas"} == {number}
    assert len(found) == 1
