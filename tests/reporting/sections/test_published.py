from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bonerisk.reporting.sections import published as as_printed

CONFIGS = Path(__file__).parents[3] / "configs"
PAPERS = sorted(path.stem for path in as_printed.FOLDER.glob("*.yaml"))
SWITCH = re.compile(r"([a-z_]+(?:[./][a-z_]+)*)=([^\s;,)]*)")


@pytest.mark.parametrize("paper", PAPERS)
def test_every_cell_is_text_and_every_row_whole(paper: str) -> None:
    for table in [*as_printed.tables(paper), as_printed.deviations(paper)]:
        assert table.frame.map(lambda cell: isinstance(cell, str)).all().all()
        assert table.frame.iloc[:, 0].ne("").all()
        assert table.latex()


@pytest.mark.parametrize("paper", PAPERS)
def test_deviations_name_settings_that_exist(paper: str) -> None:
    found = [setting for text in as_printed.deviations(paper).frame["To switch"] for setting in SWITCH.findall(text)]
    assert found or as_printed.deviations(paper).frame.empty
    for key, value in found:
        if (CONFIGS / key).is_dir():
            assert (CONFIGS / key / f"{value}.yaml").is_file(), f"{key}={value}"
        else:
            assert any(_has(content, rest) for content, rest in _holding(key)), key


def _holding(key: str) -> list[tuple[Any, list[str]]]:
    """Files of the deepest group that a key's beginning names, with what is left of the key."""
    parts = key.split(".")
    deepest = max(n for n in range(1, len(parts)) if CONFIGS.joinpath(*parts[:n]).is_dir())
    files = CONFIGS.joinpath(*parts[:deepest]).glob("*.yaml")
    return [(yaml.safe_load(path.read_text(encoding="utf-8")), parts[deepest:]) for path in files]


def _has(content: Any, parts: list[str]) -> bool:
    for part in parts:
        if not isinstance(content, dict) or part not in content:
            return False
        content = content[part]
    return True


def test_a_paper_may_be_its_tables_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"number": "Table 1", "title": "Performance", "columns": ["", "Internal"], "rows": [["AUC", "0.90"]]}
    paper = {"citation": "Nobody 2026.", "presets": [], "targets": [], "tables": [table]}
    (tmp_path / "short.yaml").write_text(yaml.safe_dump(paper), encoding="utf-8")
    monkeypatch.setattr(as_printed, "FOLDER", tmp_path)
    assert as_printed.tables("short")[0].frame.shape == (1, 2)
    assert as_printed.deviations("short").frame.empty


def test_aicxr_is_transcribed_with_its_contradictions() -> None:
    tables = {table.name.removeprefix("as_printed_aicxr_"): table.frame for table in as_printed.tables("aicxr")}
    assert set(tables) == {"figure_2", "table_1", "figure_4", "abstract", "figure_5", "methods", "several_places"}
    numbers = tables["table_1"].iloc[:, 2:].map(lambda cell: int(cell.split()[0].replace(",", ""))).sum(axis=1)
    assert numbers.tolist() == [78548, 31437, 31977, 36767]  # the last should be 36,677
    figure = tables["figure_4"]
    assert figure.loc[0, "Hazard ratio (95% CI)"] == "Inf (10.84–26.28)"
    assert figure["C-index"].tolist() == ["0.978", "0.896", "0.829", "0.818", "0.778", "0.818"]
    assert tables["abstract"].iloc[0, 1:].tolist() == ["0.896 vs 0.829", "0.778 vs 0.818"]


def test_a_paper_declares_the_presets_it_belongs_to() -> None:
    assert as_printed.paper_of("aicxr_demo", "fracture") == "aicxr"
    assert as_printed.paper_of("ospenscreen", "low_bone_mass") == "ospenscreen"
    assert as_printed.paper_of("aicxr_of_mine", "fracture") is None
    assert as_printed.paper_of("", "") is None
    assert as_printed.paper_of("ospenscreen", "osteoporosis") is None  # of another outcome than the paper's


@pytest.mark.parametrize("paper", PAPERS)
def test_presets_of_a_paper_exist(paper: str) -> None:
    names = {path.stem for path in (CONFIGS / "model").glob("*.yaml")}
    assert set(as_printed.presets(paper)) <= names


def test_spine_deepsurv_is_transcribed_with_its_contradictions() -> None:
    tables = {
        table.name.removeprefix("as_printed_spine_deepsurv_"): table for table in as_printed.tables("spine_deepsurv")
    }
    assert set(tables) == {"figure_1", "table_1", "table_2", "figure_3", "figure_4", "methods", "several_places"}
    images = tables["table_2"].frame.set_index("Image types").astype(float)
    assert images["AUROC"].idxmax() == "L1-L5 patches without masks"
    cases, controls = 16 / images["Sensitivity"].iloc[0], 225 / images["Specificity"].iloc[0]
    assert (round(cases), round(controls)) == (23, 296)  # not the test set's 17 and 162
    figure = tables["figure_4"].frame
    outside = figure.loc[(figure["Model"] == "Model 3") & (figure["Method"] == "DeepSurv without images")]
    assert outside["C-index (95% CI)"].tolist() == ["0.433 (0.510 to 0.579)"]
