from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import roc_auc_score

from bonerisk.config.build import build
from bonerisk.evaluation.tables.result import Result, beside
from bonerisk.evaluation.validation.development import Predicted
from bonerisk.reporting.contents import Context
from bonerisk.reporting.figures.style import Drawing
from bonerisk.reporting.page import FilmGrid, Section, Text
from bonerisk.reporting.papers.spine_deepsurv.models import ALONE, CLINICAL, IMAGES, methods, models_of, variants
from bonerisk.reporting.papers.spine_deepsurv.section import sections
from bonerisk.reporting.papers.spine_deepsurv.table_characteristics import characteristics
from bonerisk.reporting.runs.reported import ReportedRuns, reported
from bonerisk.reporting.tables.keypoints import keypoints
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording.vocabulary import vocabulary_of
from bonerisk.runs.find import StoredRun
from tests.reporting.conftest import EVALUATION, maker

SIZES = {"train": 260, "tune": 100, "test": 200}
MASKED = "spine_l1l5_masked"
CHOSEN = "spine_patches"  # the image that clinical columns are set beside

# Name, which says nothing → choices of preprocessing and head, clinical model, how much the risk knows of the hazard.
RUNS = {f"run {place}": (image, "log_hazard", "", 0.9 - 0.1 * place) for place, image in enumerate(IMAGES)}
RUNS |= {f"run {6 + place}": ("none", "cox", name, 0.3) for place, name in enumerate(CLINICAL)}
RUNS |= {f"run {9 + place}": ("none", "deepsurv", name, 0.3) for place, name in enumerate(CLINICAL)}
RUNS |= {f"run {12 + place}": (CHOSEN, "log_hazard", name, 0.6) for place, name in enumerate(CLINICAL)}


@pytest.fixture(scope="module")
def clinic() -> pd.DataFrame:
    """560 patients of a spine clinic, followed for up to 8 years; FRAX is known in the test set alone."""
    rng = np.random.default_rng(5)
    n = sum(SIZES.values())
    table = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], "image_id": [f"I{i}" for i in range(n)]})
    table = table.assign(image_path=table["image_id"] + ".dcm", site="spine", view="LATERAL", t_score=np.nan)
    table["split"] = np.repeat(list(SIZES), list(SIZES.values()))
    table["age_years"], table["sex"] = rng.uniform(50, 75, n), rng.choice(["F", "M"], n, p=[0.75, 0.25])
    table["bmi_kg_m2"], table["bone_class"] = rng.normal(24, 3.5, n), None
    for name, share in {
        "glucocorticoids": 0.5,
        "secondary_osteoporosis_spine": 0.06,
        "rheumatoid_arthritis": 0.04,
    }.items():
        table[name] = (rng.random(n) < share).astype(float)
    table["bone"] = rng.normal(0, 1, n)
    hazard = 0.06 * np.exp(0.04 * (table["age_years"] - 60) + table["bone"])
    fracture, end = rng.exponential(1 / hazard), rng.uniform(0.5, 8, n)
    table["event"], table["time_years"] = (fracture < end).astype(float), np.minimum(fracture, end)
    frax = np.exp(0.03 * table["age_years"] + rng.normal(0, 0.3, n))
    return table.assign(frax_major=frax.where(table["split"] == "test"), previous_fracture=0.0)


def risks(clinic: pd.DataFrame) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(6)
    return {
        name: knows * clinic["bone"].to_numpy() + rng.normal(0, 0.7, len(clinic))
        for name, (_, _, _, knows) in RUNS.items()
    }


@pytest.fixture(scope="module")
def judged(clinic: pd.DataFrame) -> Result:
    """The evaluation of all models on the test set, and their apparent performance."""
    config = yaml.safe_load(EVALUATION.with_name("spine_deepsurv.yaml").read_text()) | {"n_draws": 40}
    config["survival"] |= {
        "error": [],
        "calibration": [],
        "net_benefit": [],
        "horizons_years": [5],
        "ranking": ["concordance.c_index"],
    }
    evaluation, risk, bare = build(config), risks(clinic), clinic.drop(columns=["image_path", "bone"])
    rows = pd.concat([bare.assign(dataset="clinic", model=name, risk=of) for name, of in risk.items()])
    seen, tuning = (rows[rows["split"] == name] for name in ("test", "tune"))
    found = evaluation.run(seen, tuning, bare[bare["split"] == "train"], "survival", target="fracture")
    learnt = (clinic["split"] != "test").to_numpy()
    refits = {name: as_it_is(of[learnt]) for name, of in risk.items()}
    apparent = evaluation.validate(bare[learnt].assign(dataset="clinic"), refits, "survival", "fracture")
    return beside(found, apparent)


def as_it_is(risk: np.ndarray) -> Callable[[np.ndarray], Predicted]:
    return lambda rows: Predicted(risk)


def overlays() -> pd.DataFrame:
    """Maps of one film without a fracture, called rightly, and of one with a fracture that no model found."""
    groups = [("0", True, "lowest"), ("0", False, "highest"), ("1", False, "highest"), ("1", False, "lowest")]
    shown = [("film", ""), ("risk", "towards"), ("risk", "away"), ("shuffled", "")]
    rows = [
        {"split": "test", "truth": truth, "correct": correct, "extreme": extreme, "risk": 0.3, "score": score}
        | {"direction": direction, "file": f"{truth}{extreme}{score}{direction}.jpg"}
        for truth, correct, extreme in groups
        for score, direction in shown
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def evaluation(clinic: pd.DataFrame, judged: Result, tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "figures" / "gradcam").mkdir(parents=True)
    maps = folder / "figures" / "gradcam"
    overlays().to_csv(maps / "overlays.csv", index=False)
    for name in overlays()["file"]:
        (maps / name).touch()
    make = maker(folder, clinic.drop(columns="bone"), judged, folder / "figures", "cox")
    trainings = []
    for place, (name, (image, head, clinical, _)) in enumerate(RUNS.items()):
        choices = {"model": "spine_deepsurv", "preprocessing": image, "head": head, "training": "cox"}
        tuning = {"score": "C-index", "value": 0.9 if image == MASKED else 0.7 - 0.01 * place}
        features = {"embedding": image != "none", "columns": [*CLINICAL.get(clinical, ())]}
        content = {"preprocessing": {}, "head": {"target": "fracture"}, "features": features}
        record = {"config_as": content, "choices": choices, "tuning": tuning}
        trainings.append(make("train", name=name.replace(" ", "_"), **record))
    return make("evaluate", *trainings)


@pytest.fixture
def chain(evaluation: StoredRun) -> ReportedRuns:
    return reported([evaluation])


@pytest.fixture(scope="module")
def section(evaluation: StoredRun) -> Section:
    [found] = sections(Context(reported([evaluation]), evaluation.folder / "drawn"))
    return found


def frames(section: Section) -> dict[str, pd.DataFrame]:
    return {part.name: part.frame for part in section.parts if isinstance(part, Table)}


def test_what_a_model_is_comes_from_its_configuration(chain: ReportedRuns) -> None:
    [evaluation] = chain.evaluations
    found = {model.name: (model.image, model.clinical, model.method) for model in models_of(evaluation)}
    assert found["run 4"] == ("L1–L5 patches without masks", ALONE, "DeepSurv with images")
    assert found["run 7"] == ("", "Model 2", "CoxPH")
    assert found["run 11"] == ("", "Model 3", "DeepSurv without images")
    assert found["run 14"] == ("L1–L5 patches without masks", "Model 3", "DeepSurv with images")
    assert set(found) == set(RUNS)  # no baseline stands beside a CoxPH of the same columns
    assert [model.image for model in variants(models_of(evaluation))] == list(IMAGES.values())
    assert methods(models_of(evaluation))["DeepSurv with images", ALONE].name == "run 4"  # of the same image


def test_a_baseline_stands_for_coxph_where_none_was_trained(chain: ReportedRuns) -> None:
    [evaluation] = chain.evaluations
    for name in [name for name, (_, head, *_) in RUNS.items() if head == "cox"]:
        del evaluation.learnt[name]
    found = [model for model in models_of(evaluation) if model.method == "CoxPH"]
    assert [model.clinical for model in found] == list(CLINICAL)
    assert all(model.training is None for model in found)


def test_table_2_is_of_the_event_at_any_time_and_names_the_winner(section: Section, judged: Result) -> None:
    images = frames(section)["image_variants_test"].set_index("Image")
    films = judged.predictions.query("split == 'test' and model == 'run 0'")
    area = roc_auc_score(films["event"], films["risk"])
    assert images.loc["L1–L5 without masks", "AUROC"].startswith(f"{area:.2f} (")
    cut = next(t["value"] for t in judged.thresholds["thresholds"] if t["model"] == "run 0")
    caught = (films["risk"] >= cut)[films["event"] == 1].mean()
    assert images.loc["L1–L5 without masks", "Sensitivity"].startswith(f"{caught:.2f} (")
    best = images.index[images["Δ AUROC to the best"] == "best"]
    assert list(best) == [images["AUROC"].str[:4].astype(float).idxmax()]
    [said] = [part.text for part in section.parts if isinstance(part, Text) and part.role == "caution"]
    assert f"{best[0]} is the best of 6" in said and "winner's curse" in said
    assert "The tuning split, of other patients, chooses L1–L5 with masks" in said


def test_figures_3_and_4_have_their_numbers_and_the_training_set_no_tests(section: Section) -> None:
    found = frames(section)
    drawn = [part.path.stem for part in section.parts if isinstance(part, Drawing)]
    assert drawn == ["c_index_by_method_apparent", "c_index_by_method_test"]
    rows = found["c_index_by_method"]
    apparent = rows[rows["", "Set"] == "Training (apparent)"]
    assert len(apparent) == 10 and (apparent["Women", "p to FRAX"] == "").all()
    tested = rows[rows["", "Set"] == "Test"].set_index(("", "Method"))
    assert (tested["Women", "p to FRAX"] != "").sum() == 10
    assert {"FRAX, major fracture", "age alone"} <= set(tested.index)
    pairs = found["c_index_differences_test"].set_index([("", "Within"), ("", "Difference")])
    assert pairs.loc[("Model 3", "DeepSurv with images − CoxPH"), ("Women", "Δ C-index (95% CI)")] != "–"
    assert len(pairs) == 9 + 3 + 3 + 6  # methods within models; models within methods, image only among the last


def test_table_1_parts_the_sets_by_fracture(clinic: pd.DataFrame) -> None:
    made = characteristics(clinic, vocabulary_of(clinic, "fracture"))
    frame = made.frame.set_index(made.frame.columns[0])
    heads = [head for head, _ in frame.columns]
    assert heads.count("Training set (n = 360)") == 3 and heads.count("Test set (n = 200)") == 3
    old = clinic.loc[(clinic["split"] == "test") & (clinic["event"] == 1), "age_years"]
    name = f"With a fracture (n = {len(old)})"
    assert frame["Test set (n = 200)", name]["Age, years"] == f"{old.mean():.1f} ± {old.std():.1f}"
    assert frame["Training set (n = 360)", "All"]["FRAX, major fracture"] == "–"


def test_the_detector_stands_in_by_its_metric(chain: ReportedRuns) -> None:
    [evaluation] = chain.evaluations
    assert keypoints(chain) is None
    row = dict(evaluation.result.metrics.iloc[0]) | {"metric": "oks_ap", "estimate": 0.97, "lower": 0.95, "upper": 0.98}
    evaluation.result.metrics.loc[len(evaluation.result.metrics)] = row
    found = keypoints(chain)
    assert found is not None and found.frame["AP (95% CI)"].tolist() == ["0.970 (0.950–0.980)"]


def test_heatmaps_are_of_a_film_without_and_one_with_a_fracture(section: Section) -> None:
    [grid] = [part for part in section.parts if isinstance(part, FilmGrid)]
    assert [path.name for path, _ in grid.films] == [
        *("0lowestfilm.jpg", "0lowestrisktowards.jpg", "0lowestriskaway.jpg"),
        *("1highestfilm.jpg", "1highestrisktowards.jpg", "1highestriskaway.jpg"),
    ]
    assert grid.films[4][1] == "B: with a fracture\nwhat makes the risk higher, risk 0.30"
