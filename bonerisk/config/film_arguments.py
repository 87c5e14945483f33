"""Films on a command line: arguments that are no ``key=value``, or whose file is there."""

from __future__ import annotations

from pathlib import Path

from bonerisk.errors import ConfigError

KEY = "dataset.films"


def with_films(arguments: list[str]) -> list[str]:
    """The arguments as overrides: films, folders and patterns become the value of ``dataset.films``.

    Raises
    ------
    ConfigError
        There are films, and another dataset is chosen as well.

    Examples
    --------
    >>> with_films(["run=latest", "films/", "more/*.dcm"])
    ['run=latest', 'dataset.films=["films/","more/*.dcm"]']
    """
    films = [text for text in arguments if _is_film(text)]
    others = [text for text in arguments if not _is_film(text)]
    if not films:
        return others
    for text in others:
        if text.startswith("dataset=") and text != "dataset=films":
            mend = f"leave out {text}, or the films; or write key=value, if {films[0]} is no film"
            raise ConfigError(f"films are named ({films[0]}), and {text} as well", "command line", mend)
    quoted = ",".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in films)
    return [*others, f"{KEY}=[{quoted}]"]


def _is_film(text: str) -> bool:
    return "=" not in text or text.startswith(("/", "./", "../", "~/")) or Path(text).exists()
