"""Numbers as they are printed: with what rounds to them, their interval, percentage or spread."""

from __future__ import annotations

import re
from dataclasses import dataclass

DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:[.·]\d+)?|[.·]\d+"
NUMBER = rf"[-−+]?(?:{DIGITS})(?:[eE][-+]?\d+)?\s?%?|[-−]?(?:Inf(?:inity)?|∞)"
SEPARATOR = r"\s*(?:–|—|-|~|to|,|;|:)\s*"
INTERVAL = re.compile(rf"^({NUMBER}){SEPARATOR}({NUMBER})$", re.IGNORECASE)
ALONE = re.compile(rf"^({NUMBER})$", re.IGNORECASE)
CELL = re.compile(rf"^(?:p\s*)?([<>≤≥=]?)\s*({NUMBER})\s*(?:(±|\+/-)\s*({NUMBER}))?\s*(.*)$", re.IGNORECASE)
LEVEL = re.compile(r"\b(?:9[059]\s*%|CI\b|confidence interval\b|:|=)", re.IGNORECASE)
SLACK, MOST = 1e-9, 1e9


@dataclass(frozen=True)
class Number:
    """A printed number, and the range of what rounds to it.

    Parameters
    ----------
    text : str
        As printed.
    value : float
        A number with a percent sign is a share: "45.2%" is 0.452.
    half : float
        Half a unit of its last printed decimal.
    """

    text: str
    value: float
    half: float

    @property
    def low(self) -> float:
        """The least value that rounds to it."""
        return self.value - self.half - SLACK

    @property
    def high(self) -> float:
        """The greatest value that rounds to it."""
        return self.value + self.half + SLACK

    def over(self, scale: float) -> Number:
        """The number, divided."""
        return Number(self.text, self.value / scale, self.half / scale)

    def admits(self, low: float, high: float | None = None) -> bool:
        """Whether a value between `low` and `high` (alone: equal to it) may have been printed so."""
        return self.low <= (low if high is None else high) and low <= self.high


@dataclass(frozen=True)
class Estimate:
    """A printed estimate with its interval."""

    value: Number
    lower: Number
    upper: Number

    def over(self, scale: float) -> Estimate:
        """All three, divided."""
        return Estimate(self.value.over(scale), self.lower.over(scale), self.upper.over(scale))


@dataclass(frozen=True)
class Cell:
    """What a table's cell says.

    Parameters
    ----------
    text : str
        As printed.
    number : Number, optional
        Its first number; None: it has none, and neither has it anything else.
    sign : str
        "<" or ">" before the number, as at p-values; else "".
    lower, upper : Number, optional
        An interval in brackets.
    percent : Number, optional
        A percentage in brackets, as a share.
    sd : Number, optional
        What follows ±.
    """

    text: str
    number: Number | None = None
    sign: str = ""
    lower: Number | None = None
    upper: Number | None = None
    percent: Number | None = None
    sd: Number | None = None

    @property
    def estimate(self) -> Estimate | None:
        """Its number with its interval, if it has one."""
        return Estimate(self.number, self.lower, self.upper) if self.number and self.lower and self.upper else None

    @property
    def count(self) -> int | None:
        """The number, if it is a whole one that can be one of patients or films."""
        if self.number is None or self.number.half != 0.5 or not 0 <= self.number.value <= MOST:
            return None
        return int(self.number.value)


def number(text: str) -> Number:
    """A number as printed; its text must match `NUMBER`."""
    text = text.strip()
    plain = text.replace(" ", "").replace("−", "-").replace("·", ".").replace(",", "").removeprefix("+")
    if plain.lower().lstrip("-").startswith(("inf", "∞")):
        return Number(text, -float("inf") if plain.startswith("-") else float("inf"), 0.0)
    share = 0.01 if plain.endswith("%") else 1.0
    mantissa, _, exponent = plain.rstrip("%").lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return Number(text, float(plain.rstrip("%")) * share, 0.5 * 10.0 ** (int(exponent or 0) - decimals) * share)


def cell(text: str, label: str = "") -> Cell:
    """A cell's text read; `label` is that of its row and column, which tells a percentage from other brackets."""
    text = str(text).strip()
    found = CELL.match(text.replace("\u00a0", " ").replace("\u202f", "").replace("\u2009", " "))
    if not found:
        return Cell(text)
    sign, first, spread, sd, rest = found.groups()
    lower = upper = percent = None
    inside = _inside(rest)
    if inside is None:
        return Cell(text)  # words after the number: a name, a date, a sentence
    if interval := INTERVAL.match(inside):
        lower, upper = (number(end) for end in interval.groups())
    elif (alone := ALONE.match(inside)) and (inside.endswith("%") or "%" in label):
        percent = number(alone.group(1) if inside.endswith("%") else alone.group(1) + "%")
    sign = {"≤": "<", "≥": ">", "=": ""}.get(sign, sign)
    return Cell(text, number(first), sign, lower, upper, percent, number(sd) if spread else None)


def _inside(rest: str) -> str | None:
    """What stands in brackets, or after a comma, behind a number; None: something else does."""
    if not rest:
        return ""
    brackets = re.fullmatch(r"[(\[]\s*(.*?)\s*[)\]][\s*†‡a-d]*", rest) or re.fullmatch(r",\s*(.*)", rest)
    if not brackets:
        return None if re.search(r"\w", rest) else ""
    return LEVEL.sub("", brackets.group(1)).strip(" ,;")
