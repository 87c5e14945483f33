from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.keypoints import morphometry, reference
from bonerisk.keypoints.levels import POINTS, SACRUM


def body(image: str, level: str, top: float, anterior: float, middle: float, posterior: float) -> pd.DataFrame:
    """Six points of a vertebra 40 wide that faces to the left, whose plates bend down from `top`."""
    rows = [(0.0, top), (20.0, top), (40.0, top)]
    rows += [(0.0, top + anterior), (20.0, top + middle), (40.0, top + posterior)]
    points = pd.DataFrame(rows, columns=["x", "y"])
    return points.assign(image_id=image, level=level, point=POINTS)


def film(image: str, **heights: tuple[float, float, float]) -> pd.DataFrame:
    return pd.concat(
        [body(image, level, 100.0 * row, *three) for row, (level, three) in enumerate(heights.items())],
        ignore_index=True,
    )


NORMAL = pd.DataFrame(
    [
        (level, "F", ratio, mean, 0.04)
        for level in ("l1", "l2", "l3")
        for ratio, mean in (
            ("anterior_posterior", 1.0),
            ("middle_posterior", 0.9),
            ("posterior_above", 1.0),
            ("posterior_below", 1.0),
        )
    ],
    columns=["level", "sex", "ratio", "mean", "sd"],
)


def judged(points: pd.DataFrame) -> pd.DataFrame:
    compared = morphometry.ratios(morphometry.heights(points)).assign(sex="F")
    return morphometry.judge(compared, NORMAL).set_index("level")


def test_heights_and_ratios_are_those_of_the_geometry() -> None:
    points = film("a", l2=(30, 27, 30), l1=(24, 27, 30))
    turned = np.radians(30)
    x, y = points["x"].copy(), points["y"].copy()
    points["x"], points["y"] = x * np.cos(turned) - y * np.sin(turned), x * np.sin(turned) + y * np.cos(turned)
    found = morphometry.ratios(morphometry.heights(points))
    assert found["level"].tolist() == ["l1", "l2"]
    assert found["anterior_height_px"].tolist() == pytest.approx([24, 30])
    assert found["anterior_posterior"].tolist() == pytest.approx([0.8, 1.0])
    assert found["middle_posterior"].tolist() == pytest.approx([0.9, 0.9])
    assert found["posterior_below"].fillna(-1).tolist() == pytest.approx([1, -1])
    assert found["posterior_above"].fillna(-1).tolist() == pytest.approx([-1, 1])
    assert found["note"].tolist() == ["no vertebra above", "no vertebra below"]


def test_millimetres_say_where_they_are() -> None:
    points = pd.concat([film(image, l1=(100, 90, 100)) for image in "abc"], ignore_index=True)
    assert [name for name in morphometry.heights(points) if "posterior" in name] == ["posterior_height_px"]
    films = pd.DataFrame({"image_id": ["a", "b"], "spacing_mm": [0.3, 0.3], "magnification": [1.2, None]})
    found = morphometry.heights(points, films)
    assert found["posterior_height_mm_detector"].fillna(-1).tolist() == pytest.approx([30, 30, -1])
    assert found["posterior_height_mm_patient"].fillna(-1).tolist() == pytest.approx([25, -1, -1])
    only = morphometry.heights(points, films.drop(columns="magnification"))
    assert "posterior_height_mm_detector" in only
    assert "posterior_height_mm_patient" not in only
    with pytest.raises(DataError, match=r"magnification is 0\.9.*\n.*film a"):
        morphometry.heights(points, films.assign(magnification=0.9))


def test_a_ratio_over_three_sd_below_the_mean_is_a_fracture() -> None:
    wedge = judged(film("a", l1=(30, 27, 30), l2=(26.3, 27, 30), l3=(26.5, 27, 30)))  # the limit is 0.88
    assert wedge["fracture"].tolist() == [0, 1, 0]
    assert wedge["z_anterior_posterior"].round(2).tolist() == [0, -3.08, -2.92]
    crush = judged(film("b", l1=(30, 27, 30), l2=(20, 18, 20), l3=(30, 27, 30)))
    assert crush["fracture"].tolist() == [0, 1, 0]
    assert crush["z_posterior_above"].round(2).fillna(9).tolist() == [9, -8.33, 12.5]
    assert crush["genant_grade"].tolist() == [0, 2, 0]
    biconcave = judged(film("c", l1=(30, 16, 30)))
    assert biconcave[["fracture", "genant_grade"]].to_numpy().tolist() == [[1, 3]]


def test_what_is_missing_is_noted_and_nothing_is_guessed() -> None:
    points = film("a", l1=(30, 27, 30), l2=(30, 16, 30), l4=(10, 27, 30))
    four = points[~points["point"].str.startswith("middle")]
    found = judged(four)
    assert found["middle_posterior"].isna().all()
    assert found["fracture"].fillna(-1).tolist() == [0, 0, -1]
    assert found.loc["l1", "note"] == "no middle height; no vertebra above"
    assert found.loc["l2", "note"] == "no middle height; no vertebra below"  # L3 is not on the film
    assert found.loc["l4", "note"].endswith("no vertebra below; no reference of anterior_posterior")
    assert np.isnan(found.loc["l4", "genant_grade"])
    sacrum = body("a", SACRUM, 500, 30, 27, 30)
    assert "s1" not in judged(pd.concat([points, sacrum])).index
    doubled = morphometry.heights(points)
    with pytest.raises(DataError, match="stands there twice"):
        morphometry.ratios(pd.concat([doubled, doubled]))


def test_neighbours_are_those_of_the_film() -> None:
    found = judged(film("a", t12=(30, 27, 30), t13=(30, 27, 24), l1=(30, 27, 30)))
    assert found["posterior_above"].fillna(-1).tolist() == pytest.approx([-1, 0.8, 1.25])
    assert np.isnan(found.loc["t13", "fracture"])  # it has no normal values


def normal_ratios(number: int) -> pd.DataFrame:
    """Ratios of L1 of as many women, of which every tenth is a fracture, and of one man."""
    draws = np.random.default_rng(0).normal(0.95, 0.03, number)
    draws[::10] = 0.6
    table = pd.DataFrame({"level": "l1", "sex": "F", "anterior_posterior": draws})
    table = pd.concat([table, table[:1].assign(sex="M")], ignore_index=True)
    return table.assign(**dict.fromkeys(morphometry.RATIOS[1:], np.nan))


def test_normal_values_are_trimmed_by_sex_and_level() -> None:
    found = reference.fit(normal_ratios(2000))
    assert found[["level", "sex", "ratio"]].to_numpy().tolist() == [["l1", "F", "anterior_posterior"]]
    assert found["mean"][0] == pytest.approx(0.95, abs=0.002)
    assert found["sd"][0] == pytest.approx(0.03, rel=0.05)
    assert 200 <= found["trimmed"][0] <= 230
    assert found["n"][0] + found["trimmed"][0] == 2000
    with pytest.raises(DataError, match="no level has 20"):
        reference.fit(normal_ratios(15))


def test_a_users_table_of_normal_values(tmp_path: Path) -> None:
    path = tmp_path / "normal.csv"
    path.write_text('level,sex,ratio,mean,sd\nL1,female,anterior_posterior,0.95,"0,03"\n')
    assert reference.read(path).to_numpy().tolist() == [["l1", "F", "anterior_posterior", 0.95, 0.03]]
    for line, says in (
        ("L1,F,wedge,0.95,0.03", "ratio is 'wedge'"),
        ("L8,F,anterior_posterior,0.95,0.03", "level is 'L8'"),
        ("L2,F,anterior_posterior,0.95,0", "sd is '0'"),
        ("L1,F,anterior_posterior,0.96,0.03", "stands there twice"),
    ):
        path.write_text(f"level,sex,ratio,mean,sd\nL1,F,anterior_posterior,0.95,0.03\n{line}\n")
        with pytest.raises(DataError, match=f"{says}(.|\n)*normal.csv, row 3"):
            reference.read(path)
    path.write_text("level,sex\nL1,F\n")
    with pytest.raises(DataError, match="no column ratio, mean, sd"):
        reference.read(path)
