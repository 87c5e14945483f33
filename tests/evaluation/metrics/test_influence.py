from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.p_value import p_value
from bonerisk.evaluation.intervals.resampling import Distribution
from bonerisk.evaluation.metrics import discrimination, influence
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/concordance.json").read_text())
DATA = {name: np.array(values) for name, values in GOLDEN["data"].items()}
N_FILMS, N_PATIENTS = len(DATA["time"]), int(DATA["patient"].max()) + 1


def of_c(
    case: str, risk: str, status: np.ndarray, patient: np.ndarray, n_patients: int, rows: np.ndarray | None = None
) -> np.ndarray:
    order = np.arange(N_FILMS) if rows is None else rows
    films = Followed.of(DATA[risk][order], DATA["time"][order], status[order], patient[order])
    _, _, years = case.partition("_")
    found = influence.uno_c(films, float(years), n_patients) if years else influence.c_index(films, n_patients)
    assert found is not None
    return found


def of_auc(sample: Sample, n_patients: int) -> np.ndarray:
    found = influence.auc(sample, n_patients)
    assert found is not None
    return found


@pytest.mark.parametrize("case", ["harrell", "uno_3", "uno_6.25", "uno_50"])
@pytest.mark.parametrize("outcome", ["competing_censored", "either"])
def test_influence_on_c_is_that_of_survival(case: str, outcome: str) -> None:
    status, golden = DATA["status"] if outcome == "competing_censored" else DATA["status"] > 0, GOLDEN[outcome][case]
    each = of_c(case, "a", status, np.arange(N_FILMS), N_FILMS)
    np.testing.assert_allclose(each, golden["dfbeta"], rtol=0, atol=1e-13)
    assert np.sum(each**2) == pytest.approx(golden["var"], rel=1e-10)
    by_patient = of_c(case, "a", status, DATA["patient"], N_PATIENTS)
    assert np.sum(by_patient**2) == pytest.approx(golden["clustered"], rel=1e-10)


@pytest.mark.parametrize("case", ["harrell", "uno_3"])
def test_a_paired_difference_of_c_is_that_of_survival(case: str) -> None:
    one, other = (of_c(case, risk, DATA["status"], np.arange(N_FILMS), N_FILMS) for risk in "ab")
    assert np.sum((one - other) ** 2) == pytest.approx(GOLDEN["paired"][case]["var"], rel=1e-10)


def test_one_film_a_patient_gives_delong_and_its_paired_test() -> None:
    first = DATA["first"]
    samples = [Sample.of(DATA[risk][first], DATA["status"][first] == 1) for risk in "ab"]
    one, other = (of_auc(sample, len(sample)) for sample in samples)
    golden = GOLDEN["delong"]
    assert np.sum(one**2) == pytest.approx(golden["var"], rel=1e-12)
    statistic = golden["difference"] / np.sqrt(np.sum((one - other) ** 2))
    assert statistic == pytest.approx(golden["statistic"], rel=1e-12)
    paired = Distribution(golden["difference"], np.empty(0), "", influence=one - other)
    assert p_value(paired, "analytic") == pytest.approx(2 * norm.sf(abs(golden["statistic"])), rel=1e-10)
    estimate = float(discrimination.auc(samples[0].drawn()).value[0])
    found = interval(Distribution(estimate, np.empty(0), "", influence=one), kind="analytic")
    assert [found.lower, estimate, found.upper] == pytest.approx(golden["ci"], abs=1e-12)


def test_patients_with_both_outcomes_give_obuchowski() -> None:
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(30), 4)
    label = np.tile([1, 0, 0, 1], 30)
    label[1::8] = 1  # some have three with the outcome
    risk = (rng.normal(size=30)[patient] + rng.normal(size=120) + label).round(1)
    cases, controls = (risk[label == 1], patient[label == 1]), (risk[label == 0], patient[label == 0])
    wins = (cases[0][:, None] > controls[0]) + 0.5 * (cases[0][:, None] == controls[0])
    area, (m, n) = wins.mean(), wins.shape
    of_cases = np.bincount(cases[1], wins.mean(axis=1) - area)
    of_controls = np.bincount(controls[1], wins.mean(axis=0) - area)
    s10, s01, s11 = (
        30 / 29 * np.sum(a * b) / size
        for a, b, size in ((of_cases, of_cases, m), (of_controls, of_controls, n), (of_cases, of_controls, 1))
    )
    expected = s10 / m + s01 / n + 2 * s11 / (m * n)
    assert np.sum(of_auc(Sample.of(risk, label, patient), 30) ** 2) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("case", ["harrell", "uno_3"])
def test_influences_on_c_sum_to_nothing_and_know_no_order(case: str) -> None:
    plain = of_c(case, "a", DATA["status"], DATA["patient"], N_PATIENTS)
    shuffled = of_c(
        case, "a", DATA["status"], DATA["patient"], N_PATIENTS, np.random.default_rng(1).permutation(N_FILMS)
    )
    np.testing.assert_allclose(shuffled, plain, rtol=0, atol=1e-13)
    assert plain.sum() == pytest.approx(0, abs=1e-12)


def test_influences_on_the_auc_know_no_order() -> None:
    risk, label, patient = DATA["a"], DATA["status"] == 1, DATA["patient"]
    rows = np.random.default_rng(1).permutation(N_FILMS)
    plain, shuffled = (of_auc(Sample.of(risk[i], label[i], patient[i]), N_PATIENTS) for i in (np.arange(N_FILMS), rows))
    np.testing.assert_allclose(shuffled, plain, rtol=0, atol=1e-13)


def test_patients_of_other_rows_get_nothing() -> None:
    found = of_auc(Sample.of([1, 2, 3, 4], [0, 1, 0, 1], [1, 2, 5, 6]), 9)
    assert (np.flatnonzero(found) == [1, 2, 5, 6]).all()


def test_no_influence_where_there_is_no_value_or_no_variance() -> None:
    assert influence.auc(Sample.of([1, 2, 3], [0, 0, 0]), 3) is None
    assert influence.auc(Sample.of([1, 2, 3], [0, 0, 1]), 3) is None
    assert influence.auc(Sample.of([1, 2, 3, 4], [0, 1, 0, 1], [0, 1, 2, 1]), 3) is None  # cases of one patient
    censored = Followed.of([1, 2, 3], [1, 2, 3], [0, 2, 0])
    assert influence.c_index(censored, 3) is None
    assert influence.uno_c(censored, 2, 3) is None
