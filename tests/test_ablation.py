from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score


@pytest.fixture(scope="module")
def ablation() -> ModuleType:
    path = Path(__file__).parents[1] / "scripts" / "ablation.py"
    spec = importlib.util.spec_from_file_location("ablation", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_aucs_are_means_over_seeds_and_gains_are_to_the_step_before(ablation: ModuleType) -> None:
    rng = np.random.default_rng(0)
    n = 120
    films = pd.DataFrame({"split": "test", "site": "home", "label": rng.integers(0, 2, n)})
    films["image_id"] = films["patient_id"] = [f"P{i}" for i in range(n)]

    def seed() -> pd.DataFrame:
        risks = {step: films["label"] * 0.4 * k + rng.normal(size=n) for k, step in enumerate(ablation.STEPS)}
        shuffled = [films.assign(model=step, risk=risk).sample(frac=1, random_state=k) for k, (step, risk) in
                    enumerate(risks.items())]  # fmt: skip
        return pd.concat(shuffled)

    tables = [seed(), seed()]
    found = ablation.compared(tables).set_index("step")

    def auc(step: str) -> list[float]:
        parts = [table[table["model"] == step] for table in tables]
        return [float(roc_auc_score(part["label"], part["risk"])) for part in parts]

    for before, step in zip(ablation.STEPS, ablation.STEPS[1:], strict=False):
        assert found.loc[step, "auc"] == pytest.approx(np.mean(auc(step)))
        assert found.loc[step, "gain"] == pytest.approx(np.mean(auc(step)) - np.mean(auc(before)))
        assert found.loc[step, "gain_lower"] < found.loc[step, "gain"] < found.loc[step, "gain_upper"]
        assert found.loc[step, "sd_of_seeds"] == pytest.approx(np.std(auc(step), ddof=1))
    assert np.isnan(found.loc["supervised", "gain"])


def test_what_was_done_is_not_done_again(ablation: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        if "fail" in command:
            raise subprocess.CalledProcessError(3, command)
        done.append(command)
        return SimpleNamespace(stdout=f"outputs/{len(done)}\n")

    monkeypatch.setattr(ablation.subprocess, "run", run)
    first = ablation.Commands(tmp_path)
    assert [first.run("train", "a"), first.run("train", "b")] == ["outputs/1", "outputs/2"]
    with pytest.raises(subprocess.CalledProcessError):
        first.run("train", "fail")
    again = ablation.Commands(tmp_path)
    assert [again.run("train", "b"), again.run("train", "c")] == ["outputs/2", "outputs/3"]
