"""A page of a run of `bonerisk pseudolabel`, and of a training on merged cohorts: proxy labels stand apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from bonerisk.evaluation.reliability import reliability
from bonerisk.reporting.report import write
from bonerisk.reporting.tables.characteristics import characteristics
from bonerisk.reporting.tables.rejected import rejected
from bonerisk.runs.find import StoredRun, load

CUTOFFS = {"normal": 0.99, "low_bone_mass": 0.75, "osteoporosis": None}


@pytest.fixture
def merged(cohort: pd.DataFrame) -> pd.DataFrame:
    """The cohort with 80 of its training films labelled by a model, which know no T-score."""
    proxy = np.arange(len(cohort)) < 80
    table = cohort.assign(label_origin=np.where(proxy, "proxy", "dxa"), label_confidence=np.where(proxy, 0.9, np.nan))
    return table.assign(t_score=table["t_score"].where(~proxy))


@pytest.fixture
def labelled(make_run: Callable[..., StoredRun], merged: pd.DataFrame, predictions: pd.DataFrame) -> StoredRun:
    folder = make_run("pseudolabel", name="nih").folder
    merged[merged["label_origin"] == "proxy"].to_parquet(folder / "cohort.parquet")
    tuning = predictions[predictions["split"] == "tune"].reset_index(drop=True)
    probability = pd.DataFrame({"normal": 1 - tuning["risk"], "low_bone_mass": tuning["risk"]})
    asked = {name: cutoff for name, cutoff in CUTOFFS.items() if cutoff}
    found = reliability(probability, tuning["bone_class"], np.arange(len(tuning)), asked)
    found.to_csv(folder / "reliability.csv", index=False)
    (folder / "config.yaml").write_text(yaml.safe_dump({"cutoffs": CUTOFFS, "dataset": {"table": "nih.csv"}}))
    return load(folder)


def test_a_table_of_labels_and_of_their_reliability(labelled: StoredRun, tmp_path: Path) -> None:
    write([labelled], tmp_path / "page")
    page = (tmp_path / "page" / "report.html").read_text()
    assert "From 1 labelling." in page
    assert "flow" in page and "Training, proxy labels (n = 80)" in page
    table = pd.read_csv(tmp_path / "page" / "tables" / "proxy_labels.csv", dtype=str)
    films, found = pd.read_parquet(labelled.folder / "cohort.parquet"), pd.read_csv(labelled.folder / "reliability.csv")
    assert table["Class"].tolist() == ["Normal", "Low bone mass"]
    assert table["Films labelled"].astype(int).sum() == 80
    assert table["Films labelled"].iloc[0] == str((films["bone_class"] == "normal").sum())
    row = found[(found["class"] == "low_bone_mass") & (found["metric"] == "ppv")].iloc[0]
    shown = table.filter(like="Right").iloc[1, 0]
    assert shown.startswith(f"{row['n_events']} of {row['n']}, {row['estimate']:.2f} (")


def test_the_flow_of_a_merged_training_shows_what_was_added(
    make_run: Callable[..., StoredRun], merged: pd.DataFrame, tmp_path: Path
) -> None:
    run = make_run("train")
    steps = pd.read_csv(run.folder / "flow.csv")
    added = steps.iloc[[-1]].assign(step="80 films with proxy labels of nih added", kept=680, dropped=0, reason="")
    pd.concat([steps.iloc[:-1], added, steps.iloc[-1:]]).to_csv(run.folder / "flow.csv", index=False)
    merged[merged["split"].isin(["train", "tune"])].to_parquet(run.folder / "cohort.parquet")
    write([run], tmp_path / "page")
    drawn = (tmp_path / "page" / "figures" / "flow.svg").read_text()
    assert "80 films with proxy labels" in drawn.replace("<!-- ", "")
    page = (tmp_path / "page" / "report.html").read_text()
    assert "Training 180 films; Training, proxy labels 80 films; Tuning 100 films" in page


def test_proxy_labels_are_counted_apart(merged: pd.DataFrame) -> None:
    table = characteristics(merged)
    heads = {name for name, _ in table.frame.columns}
    assert {"Training (n = 180)", "Training, proxy labels (n = 80)", "Tuning (n = 100)"} <= heads
    assert ("Standardised difference", "Training, proxy labels to training") in set(table.frame.columns)
    severity = table.frame[table.frame["", "Characteristic"].str.startswith("Mild")]
    assert set(severity["Training, proxy labels (n = 80)"].to_numpy().ravel()) == {""}
    assert any("nothing was measured" in note for note in table.notes)


def test_films_that_got_no_label_are_counted_and_no_examples() -> None:
    row = {"file": "a.png", "row": None, "patient_id": "1", "image_id": "a", "column": "label_confidence"}
    rows = pd.DataFrame([row | {"value": "0.6", "reason": "most probably normal, but under its cut-off of 0.99"}] * 3)
    [table] = rejected(rows)
    assert table.frame["Values"].tolist() == ["3"]
    assert len(rejected(pd.concat([rows, rows.assign(column="age_years")]))) == 2
