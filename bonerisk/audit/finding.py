"""What a check has found: where, what is printed, what it would have to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something in a document that can't be true.

    Parameters
    ----------
    table, where : str
        The table; the row and column, or what stands for them.
    printed, recomputed : str
        What is printed; what it would be by the other numbers.
    size : float, optional
        How far apart they are, in the printed number's unit; None if that has no sense.
    note : str
        What was compared, in a sentence.
    """

    table: str
    where: str
    printed: str
    recomputed: str
    size: float | None
    note: str
