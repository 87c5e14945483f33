from __future__ import annotations

import pytest

from bonerisk.config.check import check
from bonerisk.errors import ConfigError

DEMO = ["model=ospenscreen_demo"]


def message(*texts: str, command: str = "train", multirun: bool = False) -> str:
    with pytest.raises(ConfigError) as caught:
        check(command, list(texts), multirun=multirun)
    return str(caught.value)


def test_a_right_command_line_passes():
    config = check("train", [*DEMO, "training.lr=3e-4", "encoder=convnext_small", "dataset.patients=8"], multirun=False)
    assert config.training.lr == 3e-4
    assert config.name == "ospenscreen_demo"
    assert config.encoder.weights == "pretrained"  # the command line chooses over the preset


def test_every_mistake_is_reported_at_once():
    text = message(
        "model=ospenscren_demo",
        "encoder=convnext",
        "training.lrr=1",
        "seed=abc",
        "+training.x=1",
        "dataset=image_table",
    )
    for part in (
        "model has no option 'ospenscren_demo'",
        "did you mean model=ospenscreen",
        "encoder has no option 'convnext'",
        "encoder=convnext_small",
        "'training.lrr'",
        "did you mean training.lr?",
        "seed must be int, not 'abc'",
        "'+training.x=1'",
        "dataset.table has no value",
        "dataset.image_root has no value",
    ):
        assert part in text


def test_a_missing_group_names_its_options():
    text = message("training.lr=1e-3")
    assert "no option of group 'model' is chosen" in text
    assert "ospenscreen_demo" in text


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("training.batch_size=big", "training.batch_size must be int"),
        ("training.batch_size=1.5", "training.batch_size must be int"),
        ("training.max_epochs=true", "training.max_epochs must be int"),
        ("~encoder", "'+', '++' and '~' are for hydra.* alone"),
        ("++seed=1", "'+', '++' and '~' are for hydra.* alone"),
        ("seed=1,2", "names several values"),
        ("lr=1e-3", "did you mean training.lr?"),
        ("training=clasifier", "did you mean training=classifier"),
        ("training.lr", "is no override"),
        ("seed=-1", "seed is -1, but must be 0 or more"),
        ("a b=1", "is no override"),
    ],
)
def test_a_mistake_is_named(override, part):
    assert part in message(*DEMO, override)


def test_a_sweep_is_checked_in_every_element():
    check("train", ["model=ospenscreen,ospenscreen_demo", "training.lr=1e-3,1e-4", "seed=range(0,3)"], multirun=True)
    assert "training.lr must be float, not 'x'" in message(*DEMO, "training.lr=1e-3,x", multirun=True)
    assert "model has no option 'b'" in message("model=ospenscreen,b", multirun=True)


def test_columns_are_open_and_typed():
    table = [*DEMO, "dataset=image_table", "dataset.table=t.csv", "dataset.image_root=films"]
    config = check("train", [*table, "dataset.columns.t_score='T-score'"], multirun=False)
    assert config.dataset.columns.t_score == "T-score"
    assert "dataset.columnz" in message(*table, "dataset.columnz.t_score=x")


def test_hydra_settings_pass_and_unknown_ones_do_not():
    check("train", [*DEMO, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"], multirun=True)
    assert "launcher" in message(*DEMO, "hydra/launcher=nowhere", multirun=True)


def test_a_group_of_another_command_is_unknown():
    assert "there is no key 'encoder'" in message("run=latest", "encoder=small_cnn", command="evaluate")


def test_printing_may_leave_values_out():
    check("evaluate", [], multirun=False, printing=True)
    assert "run has no value" in message(command="evaluate")
