"""Fine and Gray's model against cmprsk and survival::finegray."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.survival import cox, fine_gray

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/fine_gray.json").read_text())
X, AT, TIMES = np.column_stack([*GOLDEN["data"].values()]), np.array(GOLDEN["at"]), GOLDEN["times"]
CASES = ["apart", "tied"]


def fitted(case: str) -> cox.CoxFit:
    return fine_gray.fit(X, GOLDEN[case]["time"], GOLDEN[case]["status"])


@pytest.mark.parametrize("case", CASES)
def test_coefficients_variance_and_incidence_are_those_of_crr(case: str) -> None:
    model, golden = fitted(case), GOLDEN[case]
    np.testing.assert_allclose(model.coefficients, golden["coefficients"], rtol=1e-7)
    np.testing.assert_allclose([model.log_likelihood_null, model.log_likelihood], golden["loglik"], rtol=1e-9)
    np.testing.assert_allclose(model.covariance, golden["covariance"], rtol=1e-6)
    np.testing.assert_allclose(1 - model.survival(AT, TIMES), golden["incidence"], rtol=1e-7)


def test_without_ties_of_events_and_censorings_it_is_coxph_on_finegray() -> None:
    model = fitted("apart")
    np.testing.assert_allclose(model.coefficients, GOLDEN["apart"]["finegray"], rtol=1e-7)
    # finegray's variance takes the weights as known
    np.testing.assert_allclose(model.standard_errors, np.sqrt(np.diag(GOLDEN["apart"]["robust"])), rtol=0.03)
    assert not np.allclose(fitted("tied").coefficients, GOLDEN["tied"]["finegray"], rtol=1e-4)


def test_without_competing_events_it_is_cox() -> None:
    time, event = np.array(GOLDEN["tied"]["time"]), np.array(GOLDEN["tied"]["status"]) == 1
    ours, theirs = fine_gray.fit(X, time, event.astype(int)), cox.fit(X, time, event, ties="breslow")
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=1e-9)
    np.testing.assert_allclose(ours.survival(AT, TIMES), theirs.survival(AT, TIMES), rtol=1e-9)
    robust = cox.fit(X, time, event, ties="breslow", cluster=np.arange(len(time)))
    np.testing.assert_allclose(ours.covariance, robust.covariance, rtol=1e-9)


def test_rows_twice_over_are_no_more_patients() -> None:
    golden = GOLDEN["tied"]
    twice = fine_gray.fit(
        np.vstack([X, X]), golden["time"] * 2, golden["status"] * 2, cluster=[*range(len(X)), *range(len(X))]
    )
    once = fitted("tied")
    np.testing.assert_allclose(twice.coefficients, once.coefficients, rtol=1e-9)
    np.testing.assert_allclose(twice.covariance, once.covariance, rtol=1e-8)


def test_a_competing_event_before_the_first_event_stays_to_the_end() -> None:
    x, time, status = np.array([[0.0], [1], [0], [1], [1], [0]]), [0.5, 1, 2, 3, 4, 5], [2, 1, 1, 2, 1, 0]
    model = fine_gray.fit(x, time, status)
    late = [99.0 if of == 2 else at for at, of in zip(time, status, strict=True)]  # nobody is censored before 5
    alike = cox.fit(x, late, np.array(status) == 1, ties="breslow")
    np.testing.assert_allclose(model.coefficients, alike.coefficients, rtol=1e-9)


def test_what_cannot_be_fitted_is_refused() -> None:
    time, status = GOLDEN["tied"]["time"], np.array(GOLDEN["tied"]["status"])
    with pytest.raises(DataError, match="no events"):
        fine_gray.fit(X, time, np.where(status == 1, 0, status))
    with pytest.raises(DataError, match="goes to infinity"):
        fine_gray.fit((status == 1)[:, None].astype(float), time, status)
    with pytest.raises(DataError, match="constant"):
        fine_gray.fit(np.ones((len(X), 1)), time, status)
    with pytest.raises(DataError, match="is not 0"):
        fine_gray.fit(X, time, status + 1)
