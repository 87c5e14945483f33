from __future__ import annotations

from pathlib import Path

import pytest

from bonerisk.errors import DataError
from bonerisk.keypoints import films

HEAD = "image_id,patient_id,sex,film_date,spacing_mm,split\n"


def test_films_are_read_and_a_cell_that_cannot_be_is_named(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text(HEAD + 'a,001,female,2020-05-01,"0,15",train\nb,001,F,,,\n')
    found = films.read(path)
    assert found["patient_id"].tolist() == ["001", "001"]
    assert found["spacing_mm"].fillna(-1).tolist() == [0.15, -1]
    assert found["split"].isna().tolist() == [False, True]
    for row, says in (
        ("a,2,M,,,", "a film stands there twice"),
        ("b,2,X,,,", "sex is 'X'"),
        ("b,2,M,01.05.2020,,", "film_date is '01.05.2020'"),
        ("b,2,M,,fine,", "spacing_mm is 'fine'"),
        ("b,2,M,,,validation", "split is 'validation'"),
        ("b,,M,,,", "patient_id is empty"),
    ):
        path.write_text(HEAD + f"a,1,F,,,\n{row}\n")
        with pytest.raises(DataError, match=rf"{says}(.|\n)*films.csv, row 3"):
            films.read(path)
    path.write_text("image_id,sex\na,F\n")
    with pytest.raises(DataError, match="no column patient_id"):
        films.read(path)


def test_grades_are_0_to_3(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    path.write_text("image_id,level,grade\na,L1,2\na,Th12,\n")
    assert films.read_grades(path).fillna(-1).to_numpy().tolist() == [["a", "l1", 2], ["a", "t12", -1]]
    for row, says in (("a,L2,4", "grade is '4'"), ("a,C1,1", "level is 'C1'"), ("a,l1,1", "stands there twice")):
        path.write_text(f"image_id,level,grade\na,L1,2\n{row}\n")
        with pytest.raises(DataError, match=rf"{says}(.|\n)*grades.csv, row 3"):
            films.read_grades(path)
