from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.metrics_table import METRICS
from bonerisk.evaluation.tables.gaps import GAPS
from bonerisk.evaluation.tables.result import Result

Build = Callable[..., Evaluation]
Followed = Callable[..., pd.DataFrame]
Tables = Callable[[pd.DataFrame], dict[str, pd.DataFrame]]
CLINICAL = "age_years + sex + bmi_kg_m2"
ORACLE = "oracle_fracture_truth"


@pytest.fixture(scope="module")
def result(evaluation: Build, tables: Tables, followed: Followed) -> Result:
    return evaluation().run(**tables(followed(500, "test", 1)))


def pick(metrics: pd.DataFrame, **where: Any) -> pd.DataFrame:
    where = {"subgroup": "all", "reference": "", "threshold": "", **where}
    return metrics[np.logical_and.reduce([metrics[name] == value for name, value in where.items()])]


def test_every_number_has_an_interval_or_a_note(result: Result) -> None:
    metrics = result.metrics
    assert list(metrics) == list(METRICS)
    empty = metrics["estimate"].isna()
    assert (metrics.loc[empty, "note"] != "").all()
    known = metrics[~empty]
    ordered = known["lower"] <= known["upper"]
    assert (ordered | (known["lower"].isna() & known["note"].str.contains("no interval"))).all()
    assert ordered.mean() > 0.95
    key = ["dataset", "split", "model", "reference", "subgroup", "metric", "threshold", "horizon_years"]
    assert not metrics.duplicated(key).any()
    assert result.roles == {
        **{"net": "film", "t_score": "baseline", "age_years + sex": "baseline", CLINICAL: "baseline"},
        **{f"{CLINICAL} (tuning)": "refitted", f"net + {CLINICAL}": "combined", ORACLE: "oracle"},
    }
    json.dumps(result.thresholds, allow_nan=False)


def test_the_contracts_metrics_are_there(result: Result) -> None:
    of_film = set(pick(result.metrics, model="net")["metric"]) | set(
        pick(result.metrics, model="net", threshold="youden")["metric"]
    )
    assert of_film >= {
        *("c_index", "uno_c", "auc_t", "brier", "ibs", "ipa", "o_e", "calibration_slope", "ici", "e50", "e90"),
        *(
            "sensitivity",
            "specificity",
            "ppv",
            "npv",
            "f1",
            "incidence",
            "hazard_ratio",
            "hazard_ratio_adjusted",
            "time_lost_difference",
        ),
    }
    assert len(pick(result.metrics, model="net", metric="net_benefit", threshold="0.05"))
    assert set(result.curves) == {"roc", "calibration", "smooth_calibration", "decision", "incidence"}
    at_horizon = result.metrics[result.metrics["metric"] == "auc_t"]
    assert (at_horizon["horizon_years"] == 5).all()


def test_the_truth_ranks_best_and_the_gain_is_the_films(result: Result) -> None:
    c = {model: pick(result.metrics, model=model, metric="c_index")["estimate"].item() for model in result.roles}
    assert max(c, key=c.__getitem__) == ORACLE
    gain = pick(result.metrics, model=f"net + {CLINICAL}", reference=f"{CLINICAL} (tuning)", metric="c_index")
    assert gain["lower"].item() > 0


def test_counts_are_of_events_by_the_horizon(result: Result, followed: Followed) -> None:
    films = followed(500, "test", 1)
    by_five = int(((films["event"] == 1) & (films["time_years"] <= 5)).sum())
    assert pick(result.metrics, model="net", metric="auc_t")["n_events"].item() == by_five
    assert pick(result.metrics, model="net", metric="c_index")["n_events"].item() == int(films["event"].sum())


def test_high_risk_breaks_more_than_low_and_the_hazard_ratio_says_so(result: Result) -> None:
    high, low = (
        pick(result.metrics, subgroup=f"risk={group}", metric="incidence", threshold="youden")
        for group in ("high", "low")
    )
    assert high["lower"].item() > low["upper"].item()
    assert "competing event first" in high["note"].item()
    ratio = pick(result.metrics, metric="hazard_ratio", threshold="youden")
    assert ratio["lower"].item() > 1
    assert "log-rank p" in ratio["note"].item()
    assert "Gray's p" in ratio["note"].item()
    assert pick(result.metrics, metric="time_lost_difference", threshold="youden")["lower"].item() > 0
    curve = result.curves["incidence"].groupby("group")["incidence"].last()
    assert curve["high"] > curve["low"]


def test_a_low_risk_group_without_events_has_an_exact_bound_and_firths_ratio(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    films = followed(400, "test", 5)
    films.loc[films["risk"] < films["risk"].median(), "event"] = 0
    fitted = {"thresholds": [str(films["risk"].median())]}
    metrics = evaluation(survival={**fitted, "subgroups": []}).run(**tables(films)).metrics
    low = metrics[(metrics["subgroup"] == "risk=low") & (metrics["metric"] == "incidence")]
    assert (low["estimate"].item(), low["lower"].item()) == (0, 0)
    assert 0 < low["upper"].item() < 0.1
    assert "exact" in low["method"].item()
    ratio = metrics[metrics["metric"] == "hazard_ratio"]
    assert np.isfinite(ratio[["estimate", "lower", "upper"]].to_numpy(float)).all()
    assert "Firth" in ratio["method"].item()


def test_a_horizon_beyond_the_follow_up_is_shortened_and_says_so(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    films = followed(400, "test", 6)
    late = films["time_years"] > 3.5
    films.loc[late, ["event", "competing_event"]] = 0.0
    films["time_years"] = films["time_years"].clip(upper=3.5)
    row = pick(evaluation(survival={"subgroups": []}).run(**tables(films)).metrics, model="net", metric="auc_t")
    assert row["horizon_years"].item() == 3  # the longest with predictions that the films outlive
    assert "shortened from 5 years" in row["note"].item()
    assert np.isfinite(row["estimate"].item())


def test_subgroups_of_too_short_follow_up_have_a_note(evaluation: Build, tables: Tables, followed: Followed) -> None:
    films = followed(400, "test", 7)
    women = films["sex"] == "F"
    films.loc[women & (films["time_years"] > 2), ["event", "competing_event"]] = 0.0
    films.loc[women, "time_years"] = films.loc[women, "time_years"].clip(upper=2)
    metrics = evaluation(survival={"subgroups": ["sex"]}).run(**tables(films)).metrics
    row = pick(metrics, model="net", metric="auc_t", subgroup="sex=F")
    assert row["note"].item() == "follow-up ends before 5 years"
    assert np.isfinite(pick(metrics, model="net", metric="c_index", subgroup="sex=F")["estimate"].item())


def test_gaps_are_those_of_the_subgroups_and_adjusted_over_their_family(evaluation: Build, result: Result) -> None:
    gaps = result.gaps
    assert list(gaps) == list(GAPS)
    assert set(gaps["metric"]) == {"c_index"}
    women = gaps[gaps["subgroup"] == "sex=F"]
    assert "sex=M" not in set(gaps["subgroup"])  # the same gap with its sign turned
    by_sex = [pick(result.metrics, model="net", metric="c_index", subgroup=f"sex={s}")["estimate"].item() for s in "FM"]
    assert women["estimate"].item() == pytest.approx(by_sex[0] - by_sex[1])
    known = gaps.dropna(subset="p")
    assert (known["p_bonferroni"] >= known["p_holm"]).all()
    assert (known["p_holm"] >= known["p"]).all()
    assert (gaps["comparisons"] == len(known)).all()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["site"], {"all", "site=A"}),
        (["sex*site"], {"all", "sex=F & site=A", "sex=M & site=A"}),
        (["nothing"], {"all"}),
    ],
)
def test_any_columns_and_crossings_are_subgroups(
    evaluation: Build, names: list[str], expected: set[str], tables: Tables, followed: Followed
) -> None:
    metrics = evaluation(survival={"subgroups": names}, n_draws=5).run(**tables(followed(200, "test", 1))).metrics
    assert set(metrics["subgroup"]) - {"risk=high", "risk=low"} == expected


def test_a_column_of_too_many_values_is_no_subgroup(evaluation: Build, tables: Tables, followed: Followed) -> None:
    with pytest.raises(ConfigError, match="age_years has 200 values"):
        evaluation(survival={"subgroups": ["age_years"]}, n_draws=5).run(**tables(followed(200, "test", 1)))


def test_a_recalibrated_model_is_as_many_events_as_observed_on_tuning(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    test = followed(600, "test", 8)
    for name in [column for column in test if column.startswith("survival_")]:
        test[name] = test[name] ** 2  # twice the hazard
    given = tables(test)
    for name in [column for column in given["tuning"] if column.startswith("survival_")]:
        given["tuning"][name] = given["tuning"][name] ** 2
    metrics = evaluation(survival={"subgroups": []}, recalibration="baseline").run(**given).metrics
    plain, mended = (pick(metrics, model=m, metric="o_e")["estimate"].item() for m in ("net", "net (recalibrated)"))
    assert plain < 0.75
    assert mended == pytest.approx(1, abs=0.2)
    c = [pick(metrics, model=m, metric="c_index")["estimate"].item() for m in ("net", "net (recalibrated)")]
    assert c[0] == c[1]


def test_reclassification_comes_only_when_asked_for_and_with_a_warning(
    evaluation: Build, result: Result, tables: Tables, followed: Followed
) -> None:
    assert not result.metrics["metric"].isin(["nri", "idi"]).any()
    metrics = (
        evaluation(survival={"subgroups": []}, reclassification=True).run(**tables(followed(300, "test", 1))).metrics
    )
    rows = metrics[metrics["metric"].isin(["nri", "idi"])]
    assert {"t_score", CLINICAL} <= set(rows["reference"])
    assert rows["note"].str.contains("miscalibrated").all()


def test_ppv_at_a_prevalence_of_the_users_own(evaluation: Build, tables: Tables, followed: Followed) -> None:
    metrics = evaluation(survival={"prevalence": 0.01, "subgroups": []}).run(**tables(followed(300, "test", 1))).metrics
    own, other = (
        pick(metrics, model="net", metric=name, threshold="youden")["estimate"].item()
        for name in ("ppv", "ppv_at_prevalence_0.01")
    )
    assert other < own


@pytest.mark.parametrize("kind", ["bca", "analytic"])
def test_other_intervals_are_near(
    evaluation: Build, result: Result, kind: str, tables: Tables, followed: Followed
) -> None:
    metrics = (
        evaluation(survival={"subgroups": []}, interval=kind, n_draws=200)
        .run(**tables(followed(500, "test", 1)))
        .metrics
    )
    bounds = [pick(table, model="net", metric="c_index")[["lower", "upper"]] for table in (metrics, result.metrics)]
    np.testing.assert_allclose(bounds[0], bounds[1], atol=0.02)
    method = pick(metrics, model="net", metric="c_index")["method"].item()
    assert ("BCa" in method) == (kind == "bca")
    assert ("jackknife" in method) == (kind == "analytic")


@pytest.mark.parametrize("stratify", ["event", "site"])
def test_strata_keep_their_sizes_whatever_the_order_of_rows(
    evaluation: Build, tables: Tables, followed: Followed, stratify: str
) -> None:
    films = followed(200, "test", 1)
    films["site"] = np.where(np.arange(200) % 3 == 0, "B", "A")
    plain, mixed = (
        evaluation(survival={"subgroups": []}, stratify=stratify).run(**tables(table)).metrics
        for table in (films, films.sample(frac=1, random_state=1))
    )
    pd.testing.assert_frame_equal(plain, mixed, rtol=1e-9)
    free = evaluation(survival={"subgroups": []}).run(**tables(films)).metrics
    widths = [np.ptp(pick(of, model="net", metric="o_e")[["lower", "upper"]].to_numpy()) for of in (plain, free)]
    assert stratify == "site" or widths[0] < widths[1]  # as many events in each draw


def test_a_model_without_probabilities_is_ranked_and_says_what_it_lacks(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    given = tables(followed(300, "test", 1))
    survival = [column for column in given["predictions"] if column.startswith("survival_")]
    given["predictions"] = given["predictions"].drop(columns=survival)
    given["tuning"] = given["tuning"].drop(columns=survival)
    metrics = evaluation(survival={"subgroups": []}).run(**given).metrics
    row = pick(metrics, model="net", metric="brier")
    assert row["note"].item() == "the model gives no probability at 5 years"
    assert np.isfinite(pick(metrics, model="net", metric="auc_t")["estimate"].item())
    assert np.isfinite(pick(metrics, model=CLINICAL, metric="brier")["estimate"].item())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda t: t.assign(risk=np.nan), "a risk that is no number"),
        (lambda t: t.assign(risk=np.inf), "a risk that is no number"),
        (lambda t: t.assign(event=0.0, competing_event=np.nan), "competing_event other than"),
        (lambda t: t.assign(event=2.0), "event other than 0 and 1"),
        (lambda t: t.assign(time_years=0.0), "time_years that is not over 0"),
        (lambda t: t.assign(survival_5y=1.2), "survival_5y that is no probability"),
        (lambda t: t.drop(columns="event"), "neither a label"),
    ],
)
def test_a_wrong_predictions_table_is_refused(
    evaluation: Build, change: Any, what: str, tables: Tables, followed: Followed
) -> None:
    with pytest.raises(DataError, match=what):
        evaluation(n_draws=5).run(**tables(change(followed(100, "test", 1))))


def test_nobody_with_an_event_is_told_and_breaks_nothing(evaluation: Build, tables: Tables, followed: Followed) -> None:
    metrics = evaluation(n_draws=5).run(**tables(followed(200, "test", 1).assign(event=0.0))).metrics
    assert "under 5 patients with the outcome" in pick(metrics, model="net", metric="c_index")["note"].item()
    assert pick(metrics, model="net", metric="incidence")["estimate"].item() == 0


def test_evaluation_and_report_import_no_torch() -> None:
    modules = "bonerisk.evaluation.evaluation, bonerisk.jobs.evaluate, bonerisk.jobs.report, bonerisk.models.fitted"
    modules += ", bonerisk.reporting.report, bonerisk.reporting.drawings, bonerisk.heads.cox"
    code = f"import {modules}, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_repeated_films_widen_nothing_and_name_no_test_that_takes_them_for_independent(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    films = followed(200, "test", 1)
    again = pd.concat([films, films.assign(image_id=films["image_id"] + "_again")])
    once, twice = (evaluation(survival={"subgroups": []}).run(**tables(table)).metrics for table in (films, again))
    for name in ("hazard_ratio", "time_lost_difference", "incidence"):
        rows = [of[(of["metric"] == name) & (of["subgroup"] == "all")][["lower", "upper"]] for of in (once, twice)]
        np.testing.assert_allclose(rows[0], rows[1], rtol=0.05)  # Greenwood's and the jackknife's differ a little
    note = pick(twice, metric="hazard_ratio", threshold="youden")["note"].item()
    assert "200 patients" in note
    assert "log-rank" not in note


def test_a_threshold_chosen_at_another_horizon_says_so(evaluation: Build, tables: Tables, followed: Followed) -> None:
    given = tables(followed(300, "test", 1))
    tuning = given["tuning"]
    late = tuning["time_years"] > 2.2
    tuning.loc[late, ["event", "competing_event"]] = 0.0
    tuning["time_years"] = tuning["time_years"].clip(upper=2.2)
    result = evaluation(survival={"subgroups": []}).run(**given)
    assert result.thresholds["horizon_years"] == 2
    note = pick(result.metrics, model="net", metric="sensitivity", threshold="youden")["note"].item()
    assert "threshold chosen on tuning at 2 years" in note


def test_follow_up_that_was_ended_at_the_horizon_reaches_it(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    films = followed(300, "test", 1)
    late = films["time_years"] >= 5
    films.loc[late, ["event", "competing_event"]] = 0.0
    films["time_years"] = films["time_years"].clip(upper=5)
    ended = evaluation(survival={"subgroups": []}).run(**tables(films)).metrics
    longer = evaluation(survival={"subgroups": []}).run(**tables(followed(300, "test", 1))).metrics
    for name in ("auc_t", "brier", "o_e", "ici"):
        found, expected = (pick(of, model="net", metric=name)["estimate"].item() for of in (ended, longer))
        assert found == pytest.approx(expected, abs=0.01)
        assert pick(ended, model="net", metric=name)["horizon_years"].item() == 5


def test_the_roc_keeps_its_band_where_some_draws_are_too_short(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    films = followed(200, "test", 1)
    films.loc[films["time_years"] > 5, "time_years"] = 4.9
    films.loc[films.index[:2], ["time_years", "event"]] = [5.5, 0.0]  # the only two who are followed beyond
    curves = evaluation(survival={"subgroups": []}).run(**tables(films)).curves
    roc = curves["roc"][curves["roc"]["model"] == "net"]
    assert roc[["lower", "upper"]].notna().all(axis=None)


@pytest.mark.parametrize(
    "wrong", [{"horizons_years": []}, {"horizons_years": [0]}, {"ranking": []}, {"ranking": ["concordance.nothing"]}]
)
def test_impossible_settings_are_a_config_error(evaluation: Build, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        evaluation(survival=wrong)


def test_a_binary_metric_ranks_at_the_horizon_and_one_of_follow_up_is_none_of_a_label(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    given = tables(followed(200, "test", 1))
    metrics = evaluation(survival={"ranking": ["discrimination.auc"], "subgroups": []}).run(**given).metrics
    assert pick(metrics, model="net", metric="auc")["horizon_years"].item() == 5
    with pytest.raises(ConfigError, match="c_index is of films followed up"):
        evaluation(binary={"ranking": ["concordance.c_index"]})


def test_a_column_called_label_does_not_make_it_another_outcome(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    given = {name: table.assign(label=0.5) for name, table in tables(followed(200, "test", 1)).items()}
    assert evaluation(survival={"subgroups": []}).run(**given, outcome="survival").outcome == "survival"


def test_a_baseline_whose_column_the_other_table_lacks_is_told(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    given = tables(followed(200, "test", 1).drop(columns="bmi_kg_m2"))
    metrics = evaluation(survival={"subgroups": []}).run(**given).metrics
    assert "no column bmi_kg_m2" in pick(metrics, model=CLINICAL, metric="c_index")["note"].item()


@pytest.mark.parametrize("wrong", [{"subgroups": ["sexx"]}, {"baselines": [["age_year"]]}, {"adjusted": ["bmi_kg_m"]}])
def test_a_misspelt_column_is_an_error_with_the_right_one(
    evaluation: Build, tables: Tables, followed: Followed, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        evaluation(survival=wrong, n_draws=5).run(**tables(followed(100, "test", 1)))


def test_regardless_of_time_the_event_is_yes_or_no_at_any_time(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    given = tables(followed(300, "test", 1))
    rules = {"thresholds": ["youden"], "regardless_of_time": True}
    found = evaluation(survival=rules, n_draws=20).run(**given)
    films, tuning = given["predictions"], given["tuning"]
    [row] = pick(found.metrics, model="net", metric="auc").to_dict("records")
    assert np.isnan(row["horizon_years"])
    assert row["estimate"] == pytest.approx(roc_auc_score(films["event"], films["risk"]))
    assert (row["n"], row["n_events"]) == (len(films), int(films["event"].sum()))
    fpr, tpr, cuts = roc_curve(tuning["event"], tuning["risk"], drop_intermediate=False)
    cut = next(t["value"] for t in found.thresholds["thresholds"] if t["model"] == "net")
    best = cuts[np.argmax(tpr - fpr)]
    assert ((tuning["risk"] >= cut) == (tuning["risk"] >= best)).all()
    rows = pick(found.metrics, model="net", metric="sensitivity", threshold="youden")
    [whole] = rows.loc[rows["horizon_years"].isna(), "estimate"]
    assert whole == pytest.approx((films["risk"] >= cut)[films["event"] == 1].mean())
    assert len(pick(found.metrics, model="net", metric="auc", reference="age_years + sex")) == 1


def test_a_score_of_the_cohorts_own_is_judged_by_its_ranking_alone(
    evaluation: Build, tables: Tables, followed: Followed
) -> None:
    given = tables(followed(300, "test", 1))
    films = given["predictions"]
    films["frax_major"] = np.exp(films["risk"])  # known of the films that are judged alone
    found = evaluation(survival={"rules": ["frax_major", "frax_hip", "age"]}, n_draws=20).run(**given)
    assert found.roles["frax_major"] == "rule" and "frax_hip" not in found.roles
    ours, theirs = (pick(found.metrics, model=name) for name in ("net", "frax_major"))
    values = [rows.loc[rows["metric"] == "c_index", "estimate"].item() for rows in (ours, theirs)]
    assert values[0] == pytest.approx(values[1])
    assert "brier" not in set(theirs["metric"])
    with pytest.raises(ConfigError, match="frax_major"):
        evaluation(survival={"rules": ["frax_majro"]}, n_draws=20).run(**given)
