from __future__ import annotations

import pytest

from bonerisk.config.build import RENAMED, build, class_of, outdated, plain
from bonerisk.errors import ConfigError
from bonerisk.hospital.codes import FractureCodes

OF_AN_OLDER_RUN = {
    "_target_": "bonerisk.hospital.codes.Outcome",
    "name": "hip",
    "codes": {"icd10": ["S72"]},
    "traumatic": {},
    "subsequent": [],
}


def test_a_target_of_an_older_run_is_built_by_its_new_name() -> None:
    assert isinstance(build(OF_AN_OLDER_RUN), FractureCodes)
    within = plain({"_target_": "bonerisk.datasets.phantom_chest.PhantomChest", "outcome": OF_AN_OLDER_RUN})
    assert within["outcome"]["_target_"] == "bonerisk.hospital.codes.FractureCodes"


@pytest.mark.parametrize("old", RENAMED)
def test_every_new_name_is_there(old: str) -> None:
    assert isinstance(class_of({"_target_": old}), type)


def test_settings_and_classes_that_are_no_more_are_named() -> None:
    weak = {"_target_": "bonerisk.training.augmentation.weak.Weak", "flip": 0.5, "turn": 3}
    settings = {"_target_": "bonerisk.training.settings.TrainingSettings", "lr": 0.1, "augmentation": weak}
    gone = {"_target_": "bonerisk.training.settings.Gone"}
    assert outdated(settings | {"objective": gone}, "training") == [
        "training.augmentation.turn",
        "training.objective._target_ bonerisk.training.settings.Gone",
    ]
    with pytest.raises(ConfigError, match=r"no augmentation\.turn any more[\s\S]*make it again"):
        build(settings)


def test_no_other_code_is_called() -> None:
    with pytest.raises(ConfigError, match=r"'os\.system' is no component of bonerisk"):
        build({"_target_": "os.system", "command": "true"})
