"""Films on a command line: arguments that are no ``key=value``, or whose file is there."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from bonerisk.errors import ConfigError

KEY = "dataset.films"
MANY = 100  # films, from which on a pattern that a shell has expanded is found again: Hydra reads long lists slowly


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
    films = films if len(films) <= MANY else _as_patterns(films)
    quoted = ",".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in films)
    return [*others, f"{KEY}=[{quoted}]"]


def _is_film(text: str) -> bool:
    return "=" not in text or text.startswith(("/", "./", "../", "~/")) or Path(text).exists()


def _as_patterns(films: list[str]) -> list[str]:
    """The films; many that are all of one suffix in a folder become the pattern ``folder/*.suffix``."""
    groups: dict[tuple[Path, str], list[str]] = defaultdict(list)
    for text in films:
        groups[Path(text).parent, Path(text).suffix].append(text)
    found: list[str] = []
    for (folder, suffix), texts in groups.items():
        pattern = str(folder / f"*{suffix}") if suffix else ""
        whole = len(texts) > MANY and pattern and not any(sign in str(folder) + suffix for sign in "*?[")
        there = {path for path in folder.glob(f"*{suffix}") if not path.name.startswith(".")} if whole else set()
        found += [pattern] if there and there == set(map(Path, texts)) else texts
    return found
