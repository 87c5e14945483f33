"""From indexed headers to films: which view and body part each shows, by rules that a user can read and change."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from bonerisk.errors import ConfigError

TEXTS = ("view_code", "series_description", "protocol_name", "study_description")


def with_views(headers: pd.DataFrame, views: Mapping[str, str], body_parts: Mapping[str, str]) -> pd.DataFrame:
    """Return the headers with our names of `view` and `body_part`.

    The name comes from the first text that exactly one pattern matches: the header's own tag (ViewPosition,
    BodyPartExamined), then the descriptions. "Chest PA/lateral" gives none.

    Parameters
    ----------
    headers : DataFrame
        Columns `view_position`, `body_part` and those of `TEXTS`, as in the files.
    views, body_parts : mapping of str to str
        Name to regular expression; case doesn't matter.

    Raises
    ------
    ConfigError
        A pattern is no regular expression.
    """
    view = _named(headers[["view_position", *TEXTS]], _compiled(views, "views"))
    part = _named(headers[["body_part", *TEXTS]], _compiled(body_parts, "body_parts"))
    return headers.drop(columns=["view_position", *TEXTS]).assign(view=view, body_part=part)


def _compiled(patterns: Mapping[str, str], key: str) -> dict[str, re.Pattern[str]]:
    found = {}
    for name, pattern in patterns.items():
        try:
            found[name] = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise ConfigError(f"{pattern!r} is no regular expression: {error}", f"dataset.{key}.{name}") from None
    return found


def _named(texts: pd.DataFrame, patterns: Mapping[str, re.Pattern[str]]) -> pd.Series:
    """Return the name for each row; texts repeat between headers, so each is searched once."""
    found = pd.Series(None, texts.index, dtype="object")
    for column in texts:
        of_text = {text: _only(text, patterns) for text in texts[column].dropna().unique()}
        found = found.where(found.notna(), texts[column].map(of_text))
    return found.where(found.notna(), None)


def _only(text: str, patterns: Mapping[str, re.Pattern[str]]) -> str | None:
    fitting = [name for name, pattern in patterns.items() if pattern.search(text)]
    return fitting[0] if len(fitting) == 1 else None
