from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from bonerisk.config.build import build
from bonerisk.evaluation.tables.result import Result, beside
from bonerisk.evaluation.validation.development import Predicted
from bonerisk.reporting.papers.spine_deepsurv.models import ALONE, CLINICAL, IMAGES, methods, models_of, variants
from bonerisk.reporting.papers.spine_deepsurv.table_characteristics import characteristics
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.wording.vocabulary import vocabulary_of
from bonerisk.runs.find import StoredRun
from tests.reporting.conftest import EVALUATION, maker
from tests.reporting.test_report import written

SIZES = {"train": 260, "tune": 100, "test": 200}
SECTION = "As spine DeepSurv's tables and figures"
MASKED = "spine_l1l5_masked"
CHOSEN = "spine_patches"  # the image that clinical columns are set beside

# Name, which says nothing → choices of preprocessing and head, clinical model, and how much the risk knows of the hazard.
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
    for name, share in {"glucocorticoids": 0.5, "secondary_osteoporosis_spine": 0.06, "rheumatoid_arthritis": 0.04}.items():
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
    config["survival"] |= {"error": [], "calibration": [], "net_benefit": [], "horizons_years": [5], "ranking": ["concordance.c_index"]}
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


@pytest.fixture
def trainings(tmp_path: Path, clinic: pd.DataFrame, judged: Result) -> list[StoredRun]:
    make = maker(tmp_path, clinic.drop(columns="bone"), judged, tmp_path, "run")
    found = []
    for place, (name, (image, head, clinical, _)) in enumerate(RUNS.items()):
        choices = {"model": "spine_deepsurv", "preprocessing": image, "head": head, "training": "cox"}
        tuning = {"score": "C-index", "value": 0.9 if image == MASKED else 0.7 - 0.01 * place}
        run = make("train", name=name.replace(" ", "_"), choices=choices, tuning=tuning)
        features = {"embedding": image != "none", "columns": [*CLINICAL.get(clinical, ())]}
        content = {"preprocessing": {}, "head": {"target": "fracture"}, "features": features, "seed": 0}
        (run.folder / "config.yaml").write_text(yaml.safe_dump(content))
        found.append(run)
    return found


@pytest.fixture
def evaluation(tmp_path: Path, clinic: pd.DataFrame, judged: Result, trainings: list[StoredRun]) -> StoredRun:
    (tmp_path / "figures").mkdir()
    return maker(tmp_path, clinic.drop(columns="bone"), judged, tmp_path / "figures", "run")("evaluate", *trainings)


def table(folder: Path, name: str, heads: int = 1) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")


def test_the_page_has_the_papers_tables_and_figures(evaluation: StoredRun, judged: Result, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    page = written([evaluation], folder)
    assert SECTION in page.headings
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert {"c_index_by_method_apparent", "c_index_by_method_test"} <= drawn
    images = table(folder, "image_variants_test")
    assert list(images["Image"]) == list(IMAGES.values())
