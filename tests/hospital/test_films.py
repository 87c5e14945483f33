from __future__ import annotations

import pandas as pd
import pytest
import yaml

from bonerisk.config.tree import config_dir
from bonerisk.errors import ConfigError
from bonerisk.hospital.films import TEXTS, with_views

SETTINGS = yaml.safe_load((config_dir() / "dataset" / "dicom_folder.yaml").read_text(encoding="utf-8"))


def kinds(
    view: str | None = None, part: str | None = None, series: str | None = None, study: str | None = None
) -> tuple:
    header = dict.fromkeys(TEXTS) | {"view_position": view, "body_part": part}
    header |= {"series_description": series, "study_description": study}
    found = with_views(pd.DataFrame([header], dtype="object"), SETTINGS["views"], SETTINGS["body_parts"]).iloc[0]
    return found["view"], found["body_part"]


@pytest.mark.parametrize("text", ["PA", "pa", "P.A.", "Posteroanterior", "postero-anterior"])
def test_the_view_position_tells(text):
    assert kinds(view=text, part="CHEST") == ("PA", "CHEST")


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("Chest PA", ("PA", "CHEST")),
        ("Thorax p.a.", ("PA", "CHEST")),
        ("CHEST AP portable", ("AP", "CHEST")),
        ("CHEST_PA", ("PA", "CHEST")),
        ("CHESTPA", (None, None)),  # one word: nothing is guessed
        ("Chest PA/lateral", (None, "CHEST")),  # both, so that neither is known
        ("L-Spine Lat.", ("LATERAL", "LSPINE")),
        ("LAPAROSCOPY, PAPILLA", (None, None)),
    ],
)
def test_descriptions_tell_where_the_tag_does_not(series, expected):
    assert kinds(series=series) == expected


def test_the_tag_goes_before_the_descriptions_and_the_series_before_the_study():
    assert kinds(view="AP", series="Chest PA")[0] == "AP"
    assert kinds(series="Chest PA", study="Chest lateral")[0] == "PA"


def test_a_pattern_that_is_none_is_told():
    with pytest.raises(ConfigError, match=r"dataset\.views\.PA"):
        with_views(pd.DataFrame([dict.fromkeys([*TEXTS, "view_position", "body_part"])]), {"PA": "("}, {})
