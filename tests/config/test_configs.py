"""Every configuration file: it composes, and its arguments are those of its target."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from bonerisk.config.check import check
from bonerisk.config.schema import PRIMARY
from bonerisk.config.signature import argument_types
from bonerisk.config.tree import config_dir, groups, subgroups, summary

OPTIONS = sorted(path.relative_to(config_dir()) for path in config_dir().glob("*/**/*.yaml"))
COMPONENTS = [path for path in OPTIONS if path.parts[0] != "model" and path.stem != "none"]
PRESETS = [path for path in OPTIONS if path.parts[0] == "model"]
NEEDED = {
    "distillation": ["training.teacher=ema"],
    "distillation_demo": ["training.teacher=ema"],
    "image_table": ["dataset.table=t.csv", "dataset.image_root=films"],
    "nih": ["dataset.table=t.csv", "dataset.image_root=films"],
    "coco_keypoints": ["dataset.annotations=a.json", "dataset.image_root=films"],
    "chexpert": ["dataset.table=t.csv", "dataset.image_root=films"],
    "dicom_folder": ["dataset.image_root=films"],
    "survival_table": ["dataset.table=t.csv"],
    "trained": ["encoder.run=latest"],
    "films": ["dataset.films=[films]"],
    "run": ["dataset.run=latest"],
    "merged": ["dataset.runs=[latest]"],
    "morphometry": ["dataset.run=latest"],
}

SUPPLIED = {"encoder": {"shape"}, "head": {"width", "names"}}  # by the code, which knows the shapes


def load(path):
    return yaml.safe_load((config_dir() / path).read_text(encoding="utf-8"))


def test_there_are_some():
    assert len(COMPONENTS) >= 8
    assert len(PRESETS) >= 2


@pytest.mark.parametrize("path", COMPONENTS, ids=str)
def test_a_group_file_lists_every_argument_and_no_other(path):
    node = load(path)
    supplied = SUPPLIED.get(path.parts[0], set())
    chosen = {key for entry in node.pop("defaults", []) if isinstance(entry, dict) for key in entry}
    assert (set(node) | chosen) - {"_target_"} == set(argument_types(node["_target_"])) - supplied
    for inner in node.values():
        if isinstance(inner, dict) and "_target_" in inner:
            assert set(inner) - {"_target_"} == set(argument_types(inner["_target_"]))


@pytest.mark.parametrize("path", OPTIONS, ids=str)
def test_the_first_comment_says_what_it_is(path):
    assert len(summary(str(path.parent), path.stem)) > 20


@pytest.mark.parametrize("path", PRESETS, ids=str)
def test_a_preset_only_chooses_options(path):
    node = load(path)
    assert set(node) == {"defaults", "name"}
    assert node["name"] == path.stem
    assert all(key.startswith("override /") for entry in node["defaults"] for key in entry)


COMMANDS = sorted(path.stem for path in config_dir().glob("*.yaml") if path.stem != "paths")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_types_of_a_primary_files_keys_are_known(command):
    node = yaml.safe_load((config_dir() / f"{command}.yaml").read_text(encoding="utf-8"))
    node.pop("defaults")
    keys = {f"{key}.{name}" for key, value in node.items() if isinstance(value, dict) for name in value}
    keys |= {key for key, value in node.items() if not isinstance(value, dict)}
    assert keys | {"paths.data", "paths.outputs"} == set(PRIMARY[command])


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "extract"])  # its groups are train's
def test_every_option_composes(command):
    needed = {
        "prepare": ["dataset=phantom_chest"],
        "train": ["model=ospenscreen", "dataset=phantom_chest"],
        "pseudolabel": ["run=latest", "dataset=phantom_chest"],
        "predict": ["run=latest", "dataset=phantom_chest"],
        "evaluate": ["run=latest"],
        "report": ["runs=latest"],
        "audit": ["table=published/aicxr"],
    }[command]
    check(command, needed, multirun=False)
    tried = {} if command == "train" else groups("train")  # the same files, which compose the same way
    for group in [group for name, group in groups(command).items() if name not in tried]:
        for option in group.options:
            rest = [text for text in needed if not text.startswith(f"{group.name}=")]
            chosen = [*rest, f"{group.name}={option}", *NEEDED.get(option, [])]
            check(command, chosen, multirun=False)
            for inner in subgroups(group.name, option).values():
                for choice in inner.options:
                    check(command, [*chosen, f"{inner.name}={choice}"], multirun=False)


def test_every_annotation_of_a_target_is_understood():
    """A type that the check can't read would let a wrong value through."""
    for path in COMPONENTS:
        node = load(path)
        chosen = {key for entry in node.get("defaults", []) if isinstance(entry, dict) for key in entry}
        inner = {key for key, value in node.items() if isinstance(value, dict) and "_target_" in value}
        types = argument_types(node["_target_"])
        assert Any not in {hint for key, hint in types.items() if key not in chosen | inner}, path
