"""Points of several days to event and time, from a user's table of films to a fitted model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.table import Cohort
from bonerisk.config.order import order_of
from bonerisk.datasets.morphometry import Morphometry
from bonerisk.errors import ConfigError, DataError
from bonerisk.jobs.prepare import prepare
from bonerisk.keypoints.levels import LUMBAR

HEALTHY = 60  # patients of split train with one vertebra as the other, but for a reader's error


def film(patient: str, day: str, rng: np.random.Generator, crushed: str = "", **more: Any) -> dict[str, Any]:
    """A row of a user's table: bodies of 30 by 25 mm, one above the other, `crushed` in front."""
    row: dict[str, Any] = {"patient_id": patient, "film_date": day, "sex": "F", "split": "train"}
    row["image_id"] = f"{patient} {day}"
    row["image_path"] = f"{row['image_id']}.png"
    for number, level in enumerate(LUMBAR):
        top = 50 + 40 * number
        lost = 12.5 * (level in crushed.split())
        for place, x, fell in (("anterior", 50, lost), ("middle", 65, lost / 2), ("posterior", 80, 0)):
            error = rng.uniform(-0.4, 0.4)  # so that no ratio of two heights lies over 2.5 SD from the mean
            for plate, y in (("superior", top + fell + error), ("inferior", top + 25)):
                row[f"{level}_{place}_{plate}_x_px"] = x
                row[f"{level}_{place}_{plate}_y_px"] = round(y, 3)
    return row | {"spacing_mm": 1.0, "magnification": 1.0} | more


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run `bonerisk prepare` on a table of films, without decoding them; the run's folder."""
    monkeypatch.chdir(tmp_path)
    pixels = cv2.imencode(".png", np.arange(256, dtype=np.uint8).reshape(16, 16))[1].tobytes()

    def call(rows: list[dict[str, Any]], name: str = "films") -> str:
        table = pd.DataFrame(rows)
        table.to_csv(f"{name}.csv", index=False)
        for path in table["image_path"]:
            Path(path).write_bytes(pixels)
        mapped = "{" + ",".join(f"{name}:{name}" for name in ("spacing_mm", "magnification") if name in table) + "}"
        given = [f"dataset.table={name}.csv", "dataset.image_root=.", f"dataset.columns={mapped}"]
        return str(prepare(order_of("prepare", ["dataset=image_table", "preprocessing=none", *given])))

    return call


def healthy(first: str = "2020-01-01", last: str = "2023-01-01") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The films of two days of patients without a fracture."""
    rng = np.random.default_rng(0)
    names = [f"h{number:02}" for number in range(HEALTHY)]
    return [film(name, first, rng) for name in names], [film(name, last, rng) for name in names]


def loaded(run: str, **chosen: Any) -> Cohort:
    return Morphometry(run, **chosen).load(Path("data"))


def row_of(cohort: Cohort, patient: str) -> pd.Series:
    return cohort.table.set_index("patient_id").loc[patient]


def test_first_films_predict_what_later_films_show(prepared: Callable[..., str]) -> None:
    rng = np.random.default_rng(1)
    rows = [
        *(film("event", day, rng, crushed) for day, crushed in (("2020-01-01", ""), ("2021-01-01", ""))),
        film("event", "2022-01-01", rng, "l2 l4"),
        *(film("before", day, rng, "l3") for day in ("2020-01-01", "2022-01-01")),
        *(film("early", day, rng) for day in ("2020-01-01", "2020-04-01")),
        film("once", "2020-01-01", rng),
        *(film("undated", day, rng) for day in ("2020-01-01", "")),
        film("six", "2020-01-01", rng),
        film("six", "2022-01-01", rng) | film("six", "2022-01-01", rng, **{"l6_anterior_superior_x_px": 50}),
    ]
    rows[-1]["l6_anterior_superior_y_px"] = 260
    first, last = healthy()
    run = prepared([*last, *rows, *first])  # whatever the order of rows
    cohort = loaded(run)
    table = cohort.table
    assert set(table["patient_id"]) == {"event", *(f"h{number:02}" for number in range(HEALTHY))}
    event = row_of(cohort, "event")
    assert event["image_id"] == "event 2020-01-01"
    assert event[["event", "fractured_levels", "previous_fracture"]].tolist() == [1, "l2, l4", 0]
    assert event[["time_years", "after_years"]].tolist() == pytest.approx([731 / 365.25, 366 / 365.25])
    quiet = row_of(cohort, "h00")
    assert (quiet["event"], quiet["time_years"]) == (0, pytest.approx(1096 / 365.25))
    assert quiet["fractured_levels"] is None
    assert event["l2_x_px"] == pytest.approx(65)  # centres, by which films are aligned
    steps = cohort.flow.table.set_index("step")["dropped"]
    assert steps["the first film of each patient"] == HEALTHY + 4
    assert steps["a later film after 0.5 years or more"] == 4
    assert steps["no vertebral fracture on the first film"] == 1
    refused = cohort.rejected.set_index("image_id")["reason"]
    assert "L6" in refused["six 2022-01-01"]
    text = " ".join(cohort.notes)
    assert "interval-censored" in text and "1.0 years apart" in text
    assert f"({1} of {HEALTHY + 1} patients)" in text
    middle = loaded(run, time="midpoint")
    assert row_of(middle, "event")["time_years"] == pytest.approx(1.5 * 365.5 / 365.25, abs=0.002)
    assert row_of(middle, "event")["after_years"] == event["after_years"]
    assert "1.0 years apart" in " ".join(middle.notes)
    both = loaded(run, prevalent="keep", min_years=0, numbering="keep")
    assert {"before", "early", "six"} <= set(both.table["patient_id"])
    assert row_of(both, "before")[["event", "previous_fracture"]].tolist() == [0, 1]


def test_later_films_of_a_run_of_their_own(prepared: Callable[..., str]) -> None:
    rng = np.random.default_rng(2)
    first, last = healthy()
    early = film("h00", "2019-06-01", rng, "l1")
    base, later = prepared(first), prepared([*last[1:], early, film("other", "2022-01-01", rng)], "later")
    cohort = loaded(base, later=later)
    assert len(cohort.table) == HEALTHY - 1
    refused = cohort.rejected.set_index("image_id").loc["h00 2019-06-01"]
    assert refused["column"] == "film_date"
    assert refused["reason"] == "a later film is to be after the first film, of 2020-01-01"
    assert not cohort.table["event"].any()
    with pytest.raises(DataError, match=r"no film is after the first(.|\n)*exchange dataset.run and dataset.later"):
        loaded(prepared(last[:2], "third"), later=base)
    with pytest.raises(DataError, match="none of its films is of a patient"):
        loaded(base, later=prepared([film("other", "2022-01-01", rng)], "others"))
    with pytest.raises(DataError, match="bring films of several days"):
        loaded(base)


def test_missing_vertebrae_and_millimetres(prepared: Callable[..., str]) -> None:
    rng = np.random.default_rng(3)
    first, last = healthy()
    crushed = film("lost", "2022-01-01", rng, "l2")
    crushed |= {name: None for name in crushed if name.startswith("l2_")}
    unseen = [film("lost", "2020-01-01", rng), crushed]  # nobody marked the crushed one
    whole = [film("whole", "2020-01-01", rng), film("whole", "2022-01-01", rng, "l2")]
    cohort = loaded(prepared([*first, *last, *unseen, *whole]), definition="incident_and_height_lost")
    assert row_of(cohort, "lost")[["event", "levels_judged"]].tolist() == [0, 4]
    assert row_of(cohort, "whole")["event"] == 1
    assert any("5 vertebrae of a patient were judged (median; 4 at least)" in note for note in cohort.notes)
    plain = [{name: value for name, value in row.items() if name not in ("spacing_mm",)} for row in [*first, *last]]
    with pytest.raises(DataError, match=r"outcome known(.|\n)*lost heights need spacing_mm"):
        loaded(prepared(plain), definition="height_lost")


def test_normal_values_come_from_training_films_or_a_table(prepared: Callable[..., str], tmp_path: Path) -> None:
    first, last = healthy()
    strangers = [row | {"split": "external"} for row in (*first, *last)]
    run = prepared(strangers)
    with pytest.raises(DataError, match=r"no film is of split train(.|\n)*give a table"):
        loaded(run)
    rows = [(level, "F", "anterior_posterior", 1.0, 0.1) for level in LUMBAR]
    names = ["level", "sex", "ratio", "mean", "sd"]
    pd.DataFrame(rows, columns=names).to_csv("normal.csv", index=False)
    cohort = loaded(run, reference="normal.csv")
    assert (cohort.table[["event", "previous_fracture"]] == 0).all(axis=None)
    assert Path("normal.csv") in cohort.sources
    pd.DataFrame(rows, columns=names).assign(mean=1.5).to_csv("normal.csv", index=False)  # all are crushed by it
    with pytest.raises(DataError, match="is left at the step: no vertebral fracture on the first film"):
        loaded(run, reference="normal.csv")


def test_what_is_wrong_is_named(prepared: Callable[..., str]) -> None:
    with pytest.raises(ConfigError) as caught:
        Morphometry("latest", definition="crushed", time="last", min_years=-1, prevalent="no")  # type: ignore[arg-type]
    for name in ("definition", "time", "min_years", "prevalent"):
        assert f"dataset.{name}" in str(caught.value)
    plain = [{name: value for name, value in row.items() if "_px" not in name} for row in healthy()[0]]
    with pytest.raises(DataError, match=r"no film has points(.|\n)*six points a vertebra"):
        loaded(prepared(plain))


def test_points_of_simulated_films_to_a_model(tmp_path: Path, typed: Callable[..., tuple[int, list[str], str]]) -> None:
    films = ["dataset=phantom_spine", "dataset.patients=150", "dataset.events=enriched", "dataset.visits=both"]
    code, out, err = typed(tmp_path, "prepare", *films, "dataset.split=[0.7,0.1,0.2]", "preprocessing=none")
    assert code == 0, err
    run = Path(out[-1])
    code, out, err = typed(
        tmp_path, "train", "model=cox", "dataset=morphometry", "dataset.run=latest", "features=spine_model1"
    )
    assert code == 0, err
    table = pd.read_parquet(Path(out[-1]) / "cohort.parquet")
    true = pd.read_parquet(run / "cohort.parquet").set_index("image_id").loc[table["image_id"]]
    assert table["event"].sum() > 15
    assert (true["event"].to_numpy() == table["event"]).mean() > 0.97  # a point lies where the simulation has put it
    np.testing.assert_allclose(true["time_years"], table["time_years"], atol=0.002)
    code, out, err = typed(tmp_path, "evaluate", "run=latest", "evaluation.n_draws=20")
    assert code == 0, err
    assert "interval-censored" in (Path(out[-1]) / "run.json").read_text()
    code, out, err = typed(tmp_path, "train", "model=cox", "dataset=morphometry", "dataset.run=latest")
    assert code == 2, err
    for wrong in ("after_years", "fractured_levels"):
        code, _, err = typed(
            tmp_path, "train", "model=cox", "dataset=morphometry", f"dataset.run={run}", f"features.columns=[{wrong}]"
        )
        assert code == 2
        assert f"{wrong} can't be a feature" in err
