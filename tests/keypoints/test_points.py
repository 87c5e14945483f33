from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.keypoints import points
from bonerisk.keypoints.levels import POINTS
from bonerisk.keypoints.outlines import CROSSED, FACING, OPPOSED, UPSIDE, Choices

SQUARE = dict(zip(POINTS, [(0, 0), (20, 2), (40, 0), (0, 30), (20, 28), (40, 30)], strict=True))
LEVELS = ("l1", "l2", "l3")


def long(image: str = "a", levels: tuple[str, ...] = LEVELS) -> pd.DataFrame:
    rows = [(image, level, point, x, y + 50 * n) for n, level in enumerate(levels) for point, (x, y) in SQUARE.items()]
    return pd.DataFrame(rows, columns=["image_id", "level", "point", "x", "y"])


def read(tmp_path: Path, table: pd.DataFrame, **choices: str) -> points.PointTable:
    table.to_csv(tmp_path / "points.csv", index=False)
    return points.read(tmp_path / "points.csv", choices=Choices(**choices))


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    left, right = (one.sort_values(["level", "point"], ignore_index=True) for one in (found, expected))
    pd.testing.assert_frame_equal(left, right, check_dtype=False)


def test_the_three_forms_give_the_same_points(tmp_path: Path) -> None:
    table = long()
    found = read(tmp_path, table)
    assert found.rejected.empty
    pd.testing.assert_frame_equal(found.points, table, check_dtype=False)
    wide = table.pivot(index=["image_id", "level"], columns="point", values=["x", "y"])
    wide.columns = [f"{point}_{axis}" for axis, point in wide.columns]
    wide = wide.reset_index()
    same(read(tmp_path, wide).points, table)
    whole = table.pivot(index="image_id", columns=["level", "point"], values=["x", "y"])
    whole.columns = [f"{level.upper()}_{point}_{axis}" for axis, level, point in whole.columns]
    whole = whole.reset_index()
    whole["L3_middle_superior_x"] = whole["L3_middle_superior_y"] = None  # nobody has set it
    found = read(tmp_path, whole)
    assert len(found.points) == len(table) - 1
    assert found.rejected.empty


def test_a_bad_row_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    table = long().astype("object")
    table.loc[0, "x"], table.loc[7, "level"], table.loc[8, "point"] = "4,5,6", "C7", "top"
    table = pd.concat([table, table[17:]], ignore_index=True)
    found = read(tmp_path, table)
    told = found.rejected[["file", "row", "level", "value", "reason"]].to_numpy().tolist()
    assert told[0] == ["points.csv", 2, "l1", "4,5,6, 0", "no number"]
    assert told[1][:4] == ["points.csv", 9, "C7", "20, 52"]
    assert told[1][4] == "no level of the spine"
    assert told[2][4].startswith("no point; points are anterior_superior")
    assert told[3][1:3] == [20, "l3"]
    assert told[3][4] == "the same point again"
    assert len(found.points) == 15


def test_exchanged_names_are_refused_or_mended(tmp_path: Path) -> None:
    def swapped(one: str, other: str) -> pd.DataFrame:
        table = long()
        here = table["level"] == "l2"
        names = {n: n.replace(one, "?").replace(other, one).replace("?", other) for n in POINTS}
        return table.assign(point=table["point"].where(~here, table["point"].map(names)))

    for pair, reason in ((("anterior", "posterior"), FACING), (("superior", "inferior"), UPSIDE)):
        found = read(tmp_path, swapped(*pair))
        assert found.rejected[["row", "level", "reason"]].to_numpy().tolist() == [[8, "l2", reason]]
        assert set(found.points["level"]) == {"l1", "l3"}
        mended = read(tmp_path, swapped(*pair), exchanged="mend")
        same(mended.points, long())
    table = long()
    table.loc[[0, 2], ["x", "y"]] = table.loc[[2, 0], ["x", "y"]].to_numpy()
    found = read(tmp_path, table, exchanged="mend")
    assert found.rejected["reason"].tolist() == [CROSSED]
    mirrored = long().assign(x=lambda table: -table["x"])  # a film that faces the other way
    assert read(tmp_path, mirrored).rejected.empty
    with pytest.raises(DataError, match=r"runs upwards(.|\n)*rows - 1 - y"):
        read(tmp_path, long().assign(y=lambda table: 400 - table["y"]))
    mixed = pd.concat([long("a"), long("b"), long("c", ("l2", "l1", "l3"))])
    found = read(tmp_path, mixed)
    assert found.rejected["image_id"].tolist() == ["c"]
    assert found.rejected["reason"][0].startswith("L2 lies above L1")
    assert set(found.points["image_id"]) == {"a", "b"}


def test_names_exchanged_both_ways_and_a_film_of_two_minds(tmp_path: Path) -> None:
    turned = long().assign(x=lambda table: table["x"].where(table["level"] != "l2", 40 - table["x"]))
    turned["y"] = turned["y"].where(turned["level"] != "l2", 130 - turned["y"])
    assert read(tmp_path, turned).rejected["reason"].tolist() == [UPSIDE]
    same(read(tmp_path, turned, exchanged="mend").points, long())
    two = turned[turned["level"] != "l3"].assign(y=long()["y"])
    with pytest.raises(DataError, match=OPPOSED):
        read(tmp_path, two, exchanged="mend")


def test_a_point_in_two_places_is_refused_or_averaged(tmp_path: Path) -> None:
    table = pd.concat([long(), long()[:1].assign(x=2)], ignore_index=True)
    found = read(tmp_path, table)
    assert found.rejected[["row", "level", "point", "value"]].to_numpy().tolist() == [[20, "l1", POINTS[0], "2, 0"]]
    assert set(found.points["level"]) == {"l2", "l3"}
    low = long(levels=("l4", "l5", "s1"))
    low = pd.concat([low, low[6:7].assign(x=2)])  # L5 is there, though it is refused
    assert "the point stands twice" in read(tmp_path, low).rejected["reason"].item()
    mean = read(tmp_path, table, twice="mean")
    assert mean.rejected.empty
    assert mean.points.loc[mean.points["point"] == POINTS[0], "x"].tolist() == [1, 0, 0]
    with pytest.raises(ConfigError, match="there is no 'median'"):
        Choices(twice="median")


def test_another_number_of_vertebrae_is_refused_or_kept(tmp_path: Path) -> None:
    usual = ("l3", "l4", "l5", "s1")
    films = {"a": usual, "b": ("l4", "l5", "l6"), "c": ("t12", "t13", "l1"), "d": ("l3", "l4", "s1")}
    table = pd.concat([long(image, levels) for image, levels in films.items()])
    found = read(tmp_path, table)
    assert set(found.points["image_id"]) == {"a"}
    assert found.rejected["image_id"].tolist() == ["b", "c", "d"]
    assert ["L6" in found.rejected["reason"][0], "T13" in found.rejected["reason"][1]] == [True, True]
    assert found.rejected["reason"][2].startswith("S1 follows L4")
    with pytest.raises(DataError, match="no point can be used"):
        read(tmp_path, table[table["image_id"] != "a"])
    assert set(read(tmp_path, table, numbering="keep").points["image_id"]) == set(films)


def test_points_of_a_copy_are_scaled_to_the_film(tmp_path: Path) -> None:
    table = read(tmp_path, long().assign(image_columns=100, image_rows=200)).points
    films = pd.DataFrame({"image_id": ["a"], "image_columns": [400], "image_rows": [800]})
    found = points.to_film(table, films)
    assert found.loc[0, ["x", "y"]].tolist() == [1.5, 1.5]  # the middle of the first four pixels by four
    with pytest.raises(DataError, match="100 × 200, which is no scaled 400 × 700"):
        points.to_film(table, films.assign(image_rows=700))
    with pytest.raises(DataError, match="unknown"):
        points.to_film(table, films.assign(image_id="b"))


def test_a_table_without_points_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no points, by the names"):
        read(tmp_path, long().rename(columns={"x": "column"}))
    long().rename(columns={"x": "column"}).to_csv(tmp_path / "theirs.csv", index=False)
    assert len(points.read(tmp_path / "theirs.csv", columns={"x": "column"}).points) == 18
    with pytest.raises(DataError, match="no column 'col'"):
        points.read(tmp_path / "theirs.csv", columns={"x": "col"})
    with pytest.raises(DataError, match=r"no point can be used(.|\n)*no level"):
        read(tmp_path, long(levels=("c5", "c6")))
