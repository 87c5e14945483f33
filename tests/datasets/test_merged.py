from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.recorded import write_cohort
from bonerisk.cohort.table import Cohort
from bonerisk.config.build import build
from bonerisk.config.order import order_of
from bonerisk.config.run_folder import run_folder
from bonerisk.datasets.merged import Merged
from bonerisk.errors import ConfigError, DataError
from bonerisk.jobs.prepare import prepare

MakeRun = Callable[..., Path]
NEW = ["dataset.first_patient=5000", "dataset.labelled=false"]


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    """Run `bonerisk prepare` without decoding films."""
    monkeypatch.chdir(tmp_path)

    def call(*overrides: str, dataset: str = "phantom_chest") -> Path:
        patients = ["dataset.patients=12"] if dataset == "phantom_chest" else []
        return prepare(order_of("prepare", [f"dataset={dataset}", "preprocessing=none", *patients, *overrides]))

    return call


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    """A run as `bonerisk pseudolabel` leaves it: every second film of a dataset has a proxy label."""
    monkeypatch.chdir(tmp_path)

    def call(*overrides: str, dataset: str = "phantom_chest") -> Path:
        patients = ["dataset.patients=12"] if dataset == "phantom_chest" else []
        given = [f"dataset={dataset}", "run=latest", *patients, *overrides]
        order = order_of("pseudolabel", given)
        cohort: Cohort = build(order.config.dataset).load(Path("data"))
        table = cohort.table[::2].assign(
            split="train", bone_class="normal", label_origin="proxy", label_confidence=0.99
        )
        flow = cohort.flow.step("probability at or above the cut-off", cohort.table, table, "below it")
        with run_folder(order, dataset) as run:
            run.note("The teacher is not calibrated.")
            write_cohort(replace(cohort, table=table, flow=flow), run)
        return run.folder

    return call


def merged(*runs: Path) -> Cohort:
    return Merged([str(run) for run in runs]).load(Path("data"))


def films(folder: Path, sex: str, **columns: object) -> list[str]:
    """A table of three films in a folder; the overrides that name both."""
    folder.mkdir()
    for name in "abc":
        pixels = np.random.default_rng(len(columns) + ord(name)).integers(0, 255, (32, 32), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{name}.png"), pixels)
    table = pd.DataFrame(
        {"image_path": ["a.png", "b.png", "c.png"], "patient_id": ["1", "2", "3"], "sex": sex, **columns}
    )
    table.to_csv(folder / "t.csv", index=False)
    return [f"dataset.table={folder}/t.csv", f"dataset.image_root={folder}", f"dataset.name={folder.name}"]


def test_proxy_labels_are_for_training_and_each_row_says_where_it_is_from(
    prepared: MakeRun, labelled: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = prepared(), labelled(*NEW)
    cohort = merged(other, one)
    table = cohort.table.set_index("source")
    proxy, measured = table.loc[f"phantom_chest/{other.name}"], table.loc[f"phantom_chest/{one.name}"]
    assert (len(measured), len(proxy)) == (12, 6)
    assert set(measured["label_origin"]) == {"dxa"} and set(proxy["label_origin"]) == {"proxy"}
    assert set(proxy["split"]) == {"train"} and {"tune", "test", "external"} <= set(measured["split"])
    assert proxy["label_confidence"].tolist() == [0.99] * 6 and measured["label_confidence"].isna().all()
    steps = cohort.flow.table
    assert steps["kept"].iloc[-2:].tolist() == [12, 18]  # the labelled cohort's steps come first
    assert steps["step"].iloc[-1] == "6 films with proxy labels of phantom_chest added"
    assert steps["reason"].iloc[-1].startswith("of 12 (films indexed)")
    assert "The teacher is not calibrated." in cohort.notes
    assert any(note.startswith("6 of 18 films have proxy labels") for note in cohort.notes)
    assert cohort.sources == (other / "cohort.parquet",)
    assert cohort.reference_standard == "DXA"

    made: list[str] = []
    monkeypatch.setattr("bonerisk.phantom.films.make", lambda folder, people, names: made.extend(names))
    cohort = merged(one, other)
    assert cohort.make_films is not None
    cohort.make_films(cohort.table["image_id"])
    assert sorted(made) == sorted(cohort.table["image_id"])


def test_a_patient_in_two_cohorts_is_refused(prepared: MakeRun, labelled: MakeRun) -> None:
    one, other = prepared(), labelled("dataset.labelled=false")
    with pytest.raises(DataError, match=r"6 patients here are among those of outputs.prepare"):
        merged(one, other)
    with pytest.raises(DataError, match=r"6 patients here are among those of outputs.pseudolabel"):
        merged(prepared(), labelled(*NEW), labelled(*NEW))


def test_runs_that_make_no_cohort(prepared: MakeRun, labelled: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="every label would be a model's own"):
        merged(labelled(*NEW))
    one = prepared()
    with pytest.raises(ConfigError, match="a run is named twice"):
        merged(one, one)
    with pytest.raises(ConfigError, match="no run is named"):
        Merged([])
    with pytest.raises(ConfigError, match="there is no finished run '2020'"):
        Merged([str(one), "2020"]).load(Path("data"))
    (tmp_path / "t.csv").write_text(
        "patient_id,x,event,time_years\n" + "".join(f"{i},{i % 7}.5,{i % 2},{i + 1}\n" for i in range(40))
    )
    table = prepared("dataset.table=t.csv", "dataset.features=[x]", dataset="survival_table")
    with pytest.raises(ConfigError, match="survival_table has no films"):
        merged(one, table)


def test_films_and_patients_of_equal_names_at_two_sites(prepared: MakeRun, labelled: MakeRun, tmp_path: Path) -> None:
    here = films(tmp_path / "here", "F", t_score=[-1.5, 0.0, 0.5], split=["train", "tune", "test"])
    one = prepared(*here, dataset="image_table")
    other = labelled(*films(tmp_path / "there", "M"), dataset="image_table")
    table = merged(one, other).table
    assert table["image_id"].tolist() == ["a.png (1)", "b.png", "c.png (1)", "a.png (2)", "c.png (2)"]
    assert [Path(path).parent.name for path in table["image_path"]] == ["here"] * 3 + ["there"] * 2
    assert table["label_origin"].tolist() == ["table"] * 3 + ["proxy"] * 2  # which does not say DXA


def test_a_column_of_text_here_and_numbers_there(prepared: MakeRun, labelled: MakeRun, tmp_path: Path) -> None:
    mapped = "dataset.columns.smoker=smoker"
    here = films(tmp_path / "here", "F", t_score=[-1.5, 0.0, 0.5], smoker=[1, 2, 3], split="train")
    one = prepared(*here, mapped, dataset="image_table")
    other = labelled(*films(tmp_path / "there", "M", smoker=["often", "rare", "no"]), mapped, dataset="image_table")
    with pytest.raises(DataError, match=r"smoker is numbers in outputs/prepare.* and text in outputs/pseudolabel"):
        merged(one, other)


def test_films_that_are_no_longer_in_the_dataset(prepared: MakeRun, labelled: MakeRun, tmp_path: Path) -> None:
    one = prepared()
    other = labelled(*films(tmp_path / "there", "M"), "dataset.split=train", dataset="image_table")
    (tmp_path / "there" / "t.csv").write_text("image_path,patient_id\na.png,1\nb.png,2\n")
    with pytest.raises(DataError, match=r"1 films of this run are in its dataset no more: c.png"):
        merged(one, other)
