"""A metric added by one file and one line of YAML is in metrics.csv, on the page and in LaTeX."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

from bonerisk.config.build import build
from bonerisk.evaluation import metrics
from bonerisk.evaluation.metrics import catalogue
from bonerisk.reporting.drawings import draw
from tests.reporting.conftest import EVALUATION, NAME, maker
from tests.reporting.test_report import written

OWN = '''"""A metric of a user's own."""
from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Values
from bonerisk.evaluation.samples.sample import Drawn


@described(About("Mean risk", "ranking", decimals=3, higher_is_better=True, meaning="Mean risk of the films."))
def mean_risk(drawn: Drawn) -> Values:
    return Values(drawn.weights @ drawn.sample.risk / drawn.weights.sum(axis=1), "no films")


def undeclared(drawn: Drawn) -> Values:
    return Values(drawn.weights @ drawn.sample.risk / drawn.weights.sum(axis=1) / 2, "no films")
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The configuration of an evaluation that names the metrics of a file beside the others."""
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.py").write_text(OWN)
    monkeypatch.setattr(metrics, "__path__", [*metrics.__path__, str(tmp_path / "metrics")])
    config = yaml.safe_load(EVALUATION.read_text()) | {"n_draws": 20}
    config["binary"] |= {"calibration": ["own.undeclared"], "subgroups": []}
    config["binary"]["ranking"].append("own.mean_risk")
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(config))
    _forget()
    yield tmp_path / "own.yaml"
    sys.modules.pop("bonerisk.evaluation.metrics.own", None)
    _forget()


def _forget() -> None:
    catalogue.declared.cache_clear()
    catalogue._form.cache_clear()


def test_an_own_metric_is_on_the_page_and_in_latex(
    own: Path, cohort: pd.DataFrame, predictions: pd.DataFrame, tmp_path: Path
) -> None:
    parts = {split: predictions[predictions["split"] == split] for split in ("test", "tune")}
    evaluation = build(yaml.safe_load(own.read_text()))
    result = evaluation.run(parts["test"], parts["tune"], cohort[cohort["split"] == "train"], target="low_bone_mass")
    draw(tmp_path / "figures", result, cohort)
    run = maker(tmp_path, cohort, result, tmp_path / "figures", NAME)("evaluate")
    found = pd.read_csv(run.folder / "metrics.csv").query("metric == 'mean_risk' and model == @NAME").iloc[0]
    page = written([run], tmp_path / "report")
    text = f"{found['estimate']:.3f} ({found['lower']:.3f}–{found['upper']:.3f})"
    assert text in page.text
    for name, head in (("performance", "Mean risk"), ("models", "Mean risk"), ("differences", "Δ Mean risk")):
        table = (tmp_path / "report" / "tables" / f"{name}.csv").read_text()
        latex = (tmp_path / "report" / "tables" / f"{name}.tex").read_text()
        assert head in table
        assert head.removeprefix("Δ ") in latex
    assert text.replace("–", "--") in (tmp_path / "report" / "tables" / "performance.tex").read_text()
    performance = pd.read_csv(tmp_path / "report" / "tables" / "performance.csv").set_index("Metric")["Test"]
    assert performance["undeclared"].startswith(f"{found['estimate'] / 2:.2f} (")  # under its own name
