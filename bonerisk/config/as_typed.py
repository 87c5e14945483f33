"""Text of a command line taken as typed: where a key wants text, what looks like a number is quoted for Hydra.

Hydra reads 2024_11 as 202411, 1.10 as 1.1 and true as a truth value, unless they stand in quotes.
"""

from __future__ import annotations

import re

from bonerisk.config.signature import inner, is_text

PARTS = re.compile(r"""(?:\\.|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^][(){},'"\\])+|[][(){},]""")
LIKE_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?[\d_]+)?|[+-]?(?:inf|nan)|true|false", re.I)
KEY = re.compile(r"([^:'\"]*:\s*)(.*)", re.DOTALL)
ENDS = {"[": "]", "{": "}", "(": ")"}


def as_typed(override: str, hint: object) -> str:
    """An override with quotes around each number or truth value that stands where its key's type wants text.

    Parameters
    ----------
    override : str
        In Hydra's grammar.
    hint : type
        Of the key's value.

    Examples
    --------
    >>> as_typed("paths.outputs=2024_11", str)
    "paths.outputs='2024_11'"
    >>> as_typed("dataset.features=[1.10, age]", list[str] | None)
    "dataset.features=['1.10', age]"
    >>> as_typed("dataset.split=[0.8,0,0.2]", list[float] | str)
    'dataset.split=[0.8,0,0.2]'
    """
    key, equals, value = override.partition("=")
    hints, within, found = [hint], [""], ""
    for part in PARTS.findall(value):
        if part in ENDS:
            hints.append(_within_call(found, hints[-1]) if part == "(" else inner(hints[-1], part))
            within.append(part)
        elif part in ENDS.values() and len(hints) > 1:
            hints.pop()
            within.pop()
        elif within[-1] == "{" and (pair := KEY.fullmatch(part)):
            part = pair[1] + _quoted(pair[2], hints[-1])
        else:
            part = _quoted(part, hints[-1])
        found += part
    return f"{key}{equals}{found}"


def _within_call(before: str, hint: object) -> object:
    return None if re.search(r"\b(range|interval|glob)$", before) else hint


def _quoted(part: str, hint: object) -> str:
    plain = part.strip()
    return part.replace(plain, f"'{plain}'") if is_text(hint) and LIKE_NUMBER.fullmatch(plain) else part
