"""A printed table read: each of its units (a data set, a subgroup, a model) with what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bonerisk.audit.measures import RANKINGS, RATES, measure
from bonerisk.audit.numbers import Cell, cell

SIZE = re.compile(r"\(?\bn\s*=\s*([\d,]+)\)?", re.IGNORECASE)
WORDS = re.compile(r"[<>≤≥]?\s?\b\d+(?:\s?[–-]\s?\d+)?\b|[^\W\d]\w*")
GROUPED_BY = re.compile(r"\b(?:sex|age)=")  # as our own subgroups are called
EMPTY_WORDS = frozenset(
    ("test", "set", "dataset", "data", "validation", "the", "of", "and", "in", "n", "years", "yr", "patients")
)
TOTALS = frozenset(("all", "total", "overall", "whole"))
CONFUSION = ("tp", "fn", "fp", "tn")


@dataclass(frozen=True)
class Printed:
    """A table as it is printed.

    Parameters
    ----------
    number, title : str
        As "Table 2"; its title.
    columns : sequence of str
        Heads; the first columns hold labels.
    rows : sequence of sequence of str
        Cells as printed, as many a row as there are columns.
    facts : mapping
        Numbers that hold for the whole table and stand elsewhere in the document: ``n``, ``events``.
    sums : sequence of mapping
        ``total`` and ``parts``: rows whose numbers add up in each column, or columns that do in each row.
    same : bool
        Whether the numbers of a row are one number, printed in several places.
    """

    number: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    facts: Mapping[str, int] = field(default_factory=dict)
    sums: Sequence[Mapping[str, object]] = ()
    same: bool = False

    @cached_property
    def cells(self) -> list[list[Cell]]:
        """Each row's cells, read."""
        return [
            [cell(text, f"{row[0]} {head}") for text, head in zip(row, self.columns, strict=True)] for row in self.rows
        ]

    @cached_property
    def units(self) -> list[Unit]:
        """What the table tells of each of its columns or rows; empty if neither names a measure."""
        heads = [measure(head) for head in self.columns]
        labels = [measure(row[0]) for row in self.rows]
        if sum(map(bool, heads)) >= max(1, sum(map(bool, labels))):
            return list(self._of_rows(heads))
        return list(self._of_columns(labels)) if any(labels) else []

    def _of_rows(self, heads: list[str]) -> Iterator[Unit]:
        named = [i for i, head in enumerate(heads) if head]
        words = [
            i for i in range(min(named)) if sum(bool(cells[i].number) for cells in self.cells) * 2 < len(self.rows)
        ] or [0]
        for row, cells in zip(self.rows, self.cells, strict=True):
            name = tuple(row[i] for i in words)
            said = {heads[i]: cells[i] for i in named if cells[i].number and heads[i] != "count"}
            counted = {self.columns[i]: cells[i] for i in range(len(row)) if i not in words and _counts(cells[i])}
            yield Unit(self.number, name, said, counted, self._facts(name))

    def _of_columns(self, labels: list[str]) -> Iterator[Unit]:
        for i, head in enumerate(self.columns[1:], 1):
            if measure(head) == "p_value":
                continue
            column = [cells[i] for cells in self.cells]
            said = {
                label: each
                for label, each in zip(labels, column, strict=True)
                if label not in ("", "count") and each.number
            }
            counted = {row[0]: each for row, each in zip(self.rows, column, strict=True) if _counts(each)}
            yield Unit(self.number, (head,), said, counted, self._facts((head,)))

    def _facts(self, name: tuple[str, ...]) -> Mapping[str, int]:
        size = SIZE.search(" ".join(name))
        return {**self.facts, **({"n": int(size.group(1).replace(",", ""))} if size else {})}


@dataclass(frozen=True)
class Unit:
    """What a table says of one data set, subgroup or model.

    Parameters
    ----------
    table : str
        The table's number.
    name : tuple of str
        Its labels, the widest first.
    said : mapping
        Cells by measure.
    counted : mapping
        Cells that hold a count and a percentage, by their label.
    facts : mapping
        ``n`` and ``events``, where its head or the document says them.
    """

    table: str
    name: tuple[str, ...]
    said: Mapping[str, Cell]
    counted: Mapping[str, Cell]
    facts: Mapping[str, int]

    @property
    def label(self) -> str:
        """Its name, in a line."""
        return ", ".join(filter(None, self.name))

    @cached_property
    def words(self) -> frozenset[str]:
        """What its name consists of, to find it again in another table."""
        text = re.sub(r"\([^)]*\)", "", SIZE.sub("", " ".join(self.name).lower())).replace(">=", "≥").replace("<=", "≤")
        found = WORDS.findall(GROUPED_BY.sub("", text))
        return frozenset(re.sub(r"\s", "", word).replace("-", "–") for word in found) - EMPTY_WORDS - TOTALS

    @cached_property
    def scale(self) -> float:
        """What its rates and areas are divided by to be shares: 100 if they are printed in percent without the sign."""
        numbers = [self.said[name].number for name in (*RATES, *RANKINGS) if name in self.said]
        return 100.0 if any(each and 1.5 < each.value <= 100 for each in numbers) else 1.0

    @cached_property
    def confusion(self) -> tuple[int, int, int, int] | None:
        """True positives, false negatives, false positives, true negatives, if all are printed."""
        counts = [self.said[name].count if name in self.said else None for name in CONFUSION]
        return None if None in counts else tuple(counts)  # type: ignore[return-value]

    @cached_property
    def classes(self) -> tuple[int, int] | None:
        """Number with and number without the condition, as far as they are printed."""
        if self.confusion:
            tp, fn, fp, tn = self.confusion
            return tp + fn, fp + tn
        with_it, without = (self.said[name].count if name in self.said else None for name in ("positives", "negatives"))
        others = [each.count for each in self.counted.values() if each is not self.said.get("negatives")]
        if with_it is None and len(others) == 1:  # beside "Normal, n (%)" one other, whatever it is called
            with_it = others[0]
        if with_it is not None and without is not None:
            return with_it, without
        n, events = (self.said[name].count if name in self.said else self.facts.get(name) for name in ("n", "events"))
        return None if n is None or events is None or events > n else (events, n - events)

    @property
    def n(self) -> int | None:
        """Number of patients or films, as far as it is printed."""
        said = self.said["n"].count if "n" in self.said else self.facts.get("n")
        return said if said is not None or self.classes is None else sum(self.classes)


def _counts(of: Cell) -> bool:
    return of.count is not None and of.percent is not None
