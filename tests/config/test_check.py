from __future__ import annotations

import re

import pytest

from bonerisk.config.check import check
from bonerisk.config.tree import config_dir
from bonerisk.errors import ConfigError

DEMO = ["model=ospenscreen_demo"]
SIMULATED = [*DEMO, "dataset=phantom_chest"]


def message(*texts: str, command: str = "train", multirun: bool = False) -> str:
    with pytest.raises(ConfigError) as caught:
        check(command, list(texts), multirun=multirun)
    return str(caught.value)


def test_a_right_command_line_passes():
    config = check(
        "train", [*SIMULATED, "training.lr=3e-4", "encoder=convnext_small", "dataset.patients=8"], multirun=False
    )
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
        ("training.lr", "is not an override"),
        ("seed=-1", "seed is -1, but must be 0 or more"),
        ("a b=1", "is not an override"),
    ],
)
def test_a_mistake_is_named(override, part):
    assert part in message(*DEMO, override)


def test_nothing_is_simulated_unless_it_is_typed():
    text = message(*DEMO)
    assert "no option of group 'dataset' is chosen" in text
    assert "dataset.image_root" not in text  # of the first option, which nobody chose


def test_a_sweep_is_checked_in_every_element():
    swept = ["dataset=phantom_chest", "training.lr=1e-3,1e-4", "seed=range(0,3)"]
    check("train", ["model=ospenscreen,ospenscreen_demo", *swept], multirun=True)
    assert "training.lr must be float, not 'x'" in message(*DEMO, "training.lr=1e-3,x", multirun=True)
    assert "model has no option 'b'" in message("model=ospenscreen,b", multirun=True)


def test_columns_are_open_and_typed():
    table = [*DEMO, "dataset=image_table", "dataset.table=t.csv", "dataset.image_root=films"]
    config = check("train", [*table, "dataset.columns.t_score='T-score'"], multirun=False)
    assert config.dataset.columns.t_score == "T-score"
    assert "dataset.columnz" in message(*table, "dataset.columnz.t_score=x")


def test_hydra_settings_pass_and_unknown_ones_do_not():
    check("train", [*SIMULATED, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"], multirun=True)
    assert "launcher" in message(*SIMULATED, "hydra/launcher=nowhere", multirun=True)


def test_a_group_of_another_command_is_unknown():
    assert "there is no key 'encoder'" in message("run=latest", "encoder=small_cnn", command="evaluate")


def test_printing_may_leave_values_out():
    check("evaluate", [], multirun=False, printing=True)
    assert "run has no value" in message(command="evaluate")


class TestOwnOptions:
    """Groups of an option's own, as dataset/rules, and options in folders of the user's."""

    FOLDER = ("dataset=dicom_folder", "dataset.image_root=films")

    def test_a_group_of_an_option_is_chosen_and_its_keys_are_checked(self):
        config = check(
            "prepare", [*self.FOLDER, "dataset/rules=aicxr", "dataset.rules.pair.window_days=90"], multirun=False
        )
        assert config.dataset.rules.follow_up.required is True
        assert config.dataset.rules.pair.window_days == 90

    def test_a_wrong_option_or_key_of_it_is_told_with_the_nearest(self):
        with pytest.raises(ConfigError) as caught:
            check("prepare", [*self.FOLDER, "dataset/rules=aicx", "dataset.rules.pair.window=90"], multirun=False)
        assert "dataset/rules=aicxr" in str(caught.value)
        assert "dataset.rules.pair.window_days" in str(caught.value)

    def test_a_wrong_type_deep_in_a_node_is_told(self):
        with pytest.raises(ConfigError, match="window_days must be int"):
            check("prepare", [*self.FOLDER, "dataset.rules.pair.window_days=soon"], multirun=False)

    def test_an_option_without_the_group_refuses_it(self):
        with pytest.raises(ConfigError, match="dataset/rules"):
            check(
                "prepare",
                ["dataset=image_table", "dataset.table=t.csv", "dataset.image_root=f", "dataset/rules=aicxr"],
                multirun=False,
            )

    def test_options_of_the_users_own_lie_in_a_folder_of_the_same_form(self, tmp_path):
        (tmp_path / "dataset" / "rules").mkdir(parents=True)
        text = (config_dir() / "dataset" / "rules" / "aicxr.yaml").read_text(encoding="utf-8")
        (tmp_path / "dataset" / "rules" / "ours.yaml").write_text(
            text.replace("min_age_years: 20", "min_age_years: 65"), encoding="utf-8"
        )
        config = check(
            "prepare", [*self.FOLDER, "dataset/rules=ours", f"hydra.searchpath=[file://{tmp_path}]"], multirun=False
        )
        assert config.dataset.rules.min_age_years == 65

    def test_a_folder_of_options_that_is_not_there_is_told(self):
        with pytest.raises(ConfigError, match="no folder"):
            check("prepare", [*self.FOLDER, "hydra.searchpath=[file://nowhere]"], multirun=False)

    def test_a_group_given_as_a_key_is_told(self):
        with pytest.raises(ConfigError, match="dataset/rules=") as caught:
            check("prepare", [*self.FOLDER, "dataset.rules=aicxr"], multirun=False)
        assert "dataset.rules" in str(caught.value)

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("min_age_year: 65", "min_age_years"),
            ("look_back_days: ever", "look_back_days must be int or null"),
            ("same_day: [1", "mend the file"),
        ],
    )
    def test_a_mistake_in_a_file_of_the_users_own_is_told(self, tmp_path, line, words):
        (tmp_path / "dataset" / "rules").mkdir(parents=True)
        text = (config_dir() / "dataset" / "rules" / "aicxr.yaml").read_text(encoding="utf-8")
        key = line.partition(":")[0]
        key = {"min_age_year": "min_age_years"}.get(key, key)
        lines = [re.sub(rf"^(\s*){key}:.*", rf"\1{line}", old) for old in text.splitlines()]
        (tmp_path / "dataset" / "rules" / "ours.yaml").write_text("\n".join(lines), encoding="utf-8")
        with pytest.raises(ConfigError, match=words):
            check(
                "prepare", [*self.FOLDER, "dataset/rules=ours", f"hydra.searchpath=[file://{tmp_path}]"], multirun=False
            )

    def test_a_file_without_target_is_told(self, tmp_path):
        (tmp_path / "dataset" / "rules").mkdir(parents=True)
        (tmp_path / "dataset" / "rules" / "ours.yaml").write_text("view: [PA]\n", encoding="utf-8")
        with pytest.raises(ConfigError, match="_target_"):
            check(
                "prepare", [*self.FOLDER, "dataset/rules=ours", f"hydra.searchpath=[file://{tmp_path}]"], multirun=False
            )

    def test_a_users_own_key_that_is_nearly_one_that_is_there_is_told(self):
        with pytest.raises(ConfigError, match="diabetes"):
            check("prepare", [*self.FOLDER, "dataset.codes.comorbidities.diabets.icd9=[250]"], multirun=False)
        check("prepare", [*self.FOLDER, "dataset.codes.comorbidities.gout.icd10=[M10]"], multirun=False)

    def test_a_misspelt_group_of_an_option_is_told_with_the_right_one(self):
        with pytest.raises(ConfigError, match="dataset/rules"):
            check("prepare", [*self.FOLDER, "dataset/rule=aicxr"], multirun=False)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("comorbidities: {hiv: {icd9: [042]}}", "dataset.codes.comorbidities.hiv.icd9 must be str, not 34"),
            ("comorbidities: {hiv: {icd9: ['042', 38.9]}}", "not 38.9"),
            ("drug_classes: {norway: {name: [no]}}", "drug_classes.norway.name must be str, not False"),
            ("comorbidities: {1: {icd9: ['042']}}", "dataset.codes.comorbidities must be str, not 1"),
        ],
    )
    def test_a_number_where_a_file_of_the_users_own_needs_text_is_told(self, tmp_path, text, words):
        (tmp_path / "dataset" / "codes").mkdir(parents=True)
        file = tmp_path / "dataset" / "codes" / "ours.yaml"
        file.write_text(f"_target_: bonerisk.hospital.codes.CodeSet\n{text}\n", encoding="utf-8")
        given = [*self.FOLDER, "dataset/codes=ours", "dataset.rules.without_drugs=[]"]
        with pytest.raises(ConfigError) as caught:
            check("prepare", [*given, f"hydra.searchpath=[file://{tmp_path}]"], multirun=False)
        assert words in str(caught.value) and "quotes" in str(caught.value)

    def test_text_that_looks_like_a_number_stays_as_typed(self):
        given = [
            "paths.outputs=2024_11",
            "dataset.image_root=2015.10",
            "dataset.male=1_0",
            "dataset.sites.2015_06=1.10",
            "dataset.external_sites=[2015_06]",
            "dataset.administrative_end=20200101",
            "dataset.columns.dxa.lumbar_spine=1.10",
            "dataset.codes.comorbidities.hiv={icd9: [042, 733.10, 0]}",
            "dataset.outcome.codes.icd9=[733.10,805.2]",
            "dataset.tables={dxa: 2015_06}",
            "dataset.rules.split=[0.80,0,0.20]",
            "dataset.rules.min_age_years=5_0",
        ]
        config = check("prepare", ["dataset=dicom_folder", *given], multirun=False)
        dataset = config.dataset
        assert (config.paths.outputs, dataset.image_root, dataset.male) == ("2024_11", "2015.10", "1_0")
        assert dataset.sites == {"2015_06": "1.10"} and dataset.external_sites == ["2015_06"]
        assert dataset.administrative_end == "20200101" and dataset.columns.dxa.lumbar_spine == "1.10"
        assert dataset.codes.comorbidities.hiv.icd9 == ["042", "733.10", "0"]
        assert dataset.outcome.codes.icd9 == ["733.10", "805.2"] and dataset.tables.dxa == "2015_06"
        assert dataset.rules.split == [0.8, 0, 0.2] and dataset.rules.min_age_years == 50


@pytest.mark.parametrize("name", ["fracture", "my_fracture"])
def test_a_column_named_like_a_target_is_refused_with_a_name_that_is_taken(name: str):
    table = ["model=cox", "dataset=survival_table", "dataset.table=t.csv", "head=logistic"]
    text = message(*table, f"head.target={name}")
    assert f"must be any_fracture | low_bone_mass | osteoporosis or a column of your own, not '{name}'" in text
    [typed] = re.findall(r"as (head\.target=\S+) (dataset\.columns\.\S+)=<column>", text)
    assert check("train", [*table, typed[0], f"{typed[1]}={name}"], multirun=False)
