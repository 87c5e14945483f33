"""What is declared of metrics is found by their names, and a metric of a user's own is computed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

from bonerisk.errors import ConfigError
from bonerisk.evaluation import metrics
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.metrics import catalogue
from bonerisk.evaluation.metrics.catalogue import KINDS, about
from bonerisk.evaluation.metrics.metric import named

ROOT = Path(__file__).resolve().parents[3]
OWN = '''"""A metric of a user's own."""
import numpy as np
from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Values
from bonerisk.evaluation.samples.sample import Drawn


@described(About("Mean risk", "ranking", decimals=1, percent=True, higher_is_better=True))
def mean_risk(drawn: Drawn) -> Values:
    return Values(drawn.weights @ drawn.sample.risk / drawn.weights.sum(axis=1), "no films")


def auc(drawn: Drawn) -> Values:
    return highest_risk(drawn)


def highest_risk(drawn: Drawn) -> Values:
    return Values(np.full(len(drawn.weights), drawn.sample.risk[0]), "no films")
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A file beside the other metrics: the package's folder of metrics goes on in another one."""
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.setattr(metrics, "__path__", [*metrics.__path__, str(tmp_path)])
    _forget()
    yield "own"
    sys.modules.pop("bonerisk.evaluation.metrics.own", None)
    _forget()


def _forget() -> None:
    catalogue.declared.cache_clear()
    catalogue._form.cache_clear()


def test_a_metric_added_by_one_file_and_one_name_is_in_the_table_with_what_it_declares(
    own: str,
    evaluation: Callable[..., Evaluation],
    predictions: pd.DataFrame,
    tuning: pd.DataFrame,
    training: pd.DataFrame,
) -> None:
    changed = {"ranking": ["discrimination.auc", f"{own}.mean_risk"], "calibration": [f"{own}.highest_risk"]}
    found = evaluation(binary={**changed, "subgroups": []}, n_draws=20).run(predictions, tuning, training).metrics
    rows = found[(found["metric"] == "mean_risk") & (found["model"] == "net")]
    assert list(rows["reference"]) == ["", "age_years + sex", "age_years + sex + bmi_kg_m2"]
    assert rows["estimate"].iloc[0] == pytest.approx(predictions["risk"].mean())
    assert (rows["lower"] < rows["estimate"]).all()
    assert (about("mean_risk").name, about("mean_risk").percent) == ("Mean risk", True)
    assert found[found["metric"] == "highest_risk"]["estimate"].iloc[0] == predictions["risk"].max()
    assert (about("highest_risk").name, about("highest_risk").decimals) == ("highest risk", 2)


def test_two_metrics_of_one_name_are_refused(own: str) -> None:
    assert list(named(["discrimination.auc", "discrimination.auc"])) == ["auc"]
    with pytest.raises(ConfigError, match="two metrics are called auc"):
        named(["discrimination.auc", f"{own}.auc"])


@pytest.mark.parametrize("path", sorted((ROOT / "configs/evaluation").glob("*.yaml")), ids=lambda path: path.stem)
def test_each_metric_of_the_configuration_is_declared(path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    named = {
        name.rpartition(".")[2]
        for outcome in ("binary", "survival")
        for group in ("ranking", "error", "calibration", "at_threshold")
        for name in config[outcome][group]
    }
    assert named <= set(catalogue.declared())


def test_declarations_are_whole() -> None:
    for name, of in catalogue.declared().items():
        assert of.kind in KINDS and of.lower < of.upper, name
        assert ("{}" in name) == ("{}" in of.name), name


def test_a_number_in_a_name_is_one_in_the_words() -> None:
    assert about("npv_at_prevalence_0.05").name == "NPV at prevalence 0.05"
    assert about("npv_at_prevalence_0.05").higher_is_better


def test_the_catalogue_needs_neither_torch_nor_matplotlib() -> None:
    code = "import sys; from bonerisk.evaluation.metrics import catalogue; catalogue.declared()"
    code += "; print(sorted({'torch', 'matplotlib', 'xgboost'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
