from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from bonerisk.config.check import check
from bonerisk.config.exist import demand
from bonerisk.config.tree import config_dir
from bonerisk.errors import BoneriskError, ConfigError

GIVEN = ["dataset=dicom_folder", "dataset.image_root=films", "dataset/rules=ours"]


def prepared(folder):
    return check("prepare", [*GIVEN, f"hydra.searchpath=[file://{folder}]"], multirun=False)


@pytest.fixture
def ours(tmp_path):
    """A file of rules of a user's own, with lines before and after it."""
    file = tmp_path / "ours" / "dataset" / "rules" / "ours.yaml"
    file.parent.mkdir(parents=True)
    text = (config_dir() / "dataset" / "rules" / "aicxr.yaml").read_text(encoding="utf-8")

    def write(before="", after="", target=None):
        found = text.replace("_target_: bonerisk.hospital.rules.Rules", f"_target_: {target}") if target else text
        assert not target or found != text
        file.write_text(f"{before}\n{found}\n{after}\n", encoding="utf-8")
        return tmp_path / "ours"

    return write


def test_a_file_within_its_group_passes(ours):
    assert prepared(ours("# our rules")).dataset.rules._target_ == "bonerisk.hospital.rules.Rules"


class Marks:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_file_of_rules_runs_no_pickle(ours, tmp_path):
    mark = tmp_path / "it-ran"
    (tmp_path / "weights.pt").write_bytes(pickle.dumps(Marks(str(mark))))
    callback = f"{{_target_: torch.load, f: '{tmp_path}/weights.pt', weights_only: false}}"
    folder = ours("# @package _global_", f"hydra: {{callbacks: {{x: {callback}}}}}")
    command = [sys.executable, "-m", "bonerisk", "prepare", *GIVEN, f"hydra.searchpath=[file://{folder}]"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "@package" in done.stderr and "Traceback" not in done.stderr
    assert not mark.exists()


@pytest.mark.parametrize(
    "before",
    [
        "#@package hydra",
        "  #  @package _global_.hydra",
        "defaults: [/hydra/callbacks: log_job_return]",
        "defaults: [_self_, ../outcome@hydra.callbacks.x: hip]",
        "defaults: [override /hydra/launcher: joblib]",
        "defaults: [aicxr@_global_]",
    ],
)
def test_what_reaches_beyond_the_group_is_refused(ours, before):
    with pytest.raises(ConfigError, match=r"its own group|beyond the group") as caught:
        prepared(ours(before))
    assert "ours.yaml" in caught.value.where


def test_a_folder_with_settings_of_hydra_is_refused(ours):
    folder = ours()
    (folder / "hydra" / "callbacks").mkdir(parents=True)
    with pytest.raises(ConfigError, match="settings of Hydra"):
        prepared(folder)


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "torch.load",
        "bonerisk.runs.folder.os.system",
        "bonerisk.runs.folder.replacing",
        "bonerisk.no.A",
        "3",
    ],
)
def test_a_target_outside_bonerisk_is_told_in_one_line(ours, target):
    with pytest.raises(ConfigError, match="no component of bonerisk") as caught:
        prepared(ours(target=target))
    assert caught.value.where == "the file of dataset.rules" and "\n" not in caught.value.what


def test_a_target_in_the_configuration_of_a_run_is_refused(tmp_path):
    config = OmegaConf.create(
        {"paths": {"outputs": str(tmp_path)}, "dataset": {"_target_": "os.system", "command": "x"}}
    )
    with pytest.raises(BoneriskError, match=r"'os\.system' is no component of bonerisk"):
        demand("prepare", config)
