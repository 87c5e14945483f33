"""Films on a command line, told apart from overrides."""

from __future__ import annotations

from pathlib import Path

import pytest

from bonerisk.config.film_arguments import with_films
from bonerisk.errors import ConfigError


def test_films_are_what_is_no_override_or_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a=1.dcm").touch()
    given = ["run=latest", "a=1.dcm", "/x=y/b.dcm", 'c "d".png', "dataset.patient.sex=F"]
    assert with_films(given) == [
        "run=latest",
        "dataset.patient.sex=F",
        'dataset.films=["a=1.dcm","/x=y/b.dcm","c \\"d\\".png"]',
    ]
    assert with_films(["run=latest", "dataset=image_table"]) == ["run=latest", "dataset=image_table"]
    with pytest.raises(ConfigError, match="dataset=nih as well"):
        with_films(["dataset=nih", "a.png"])


def test_a_pattern_that_a_shell_has_expanded_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("films").mkdir()
    films = [f"films/{number}.dcm" for number in range(200)]
    for name in [*films, "films/notes.txt", "one.png"]:
        Path(name).touch()
    assert with_films([*films, "one.png"]) == ['dataset.films=["films/*.dcm","one.png"]']
    assert with_films(films[:150])[0].count(",") == 149  # some, not all
