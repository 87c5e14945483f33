"""Hazards by stratum: one set of coefficients, and a baseline hazard for each stratum."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bonerisk.errors import DataError
from bonerisk.heads.hazards import Hazards
from bonerisk.survival import cox
from bonerisk.survival.cause_specific import Hazard

Array = np.ndarray

PREFIX = re.compile(r"stratum(\d+)\.")  # of the names of a stratum's arrays


@dataclass(frozen=True)
class Strata:
    """Hazards of each stratum.

    Parameters
    ----------
    hazards : dict
        Number of the stratum → its hazards; 0 alone without strata.
    """

    hazards: Mapping[int, Hazards]

    @classmethod
    def of(cls, model: cox.CoxFit, competing: tuple[Hazard, ...] | None) -> Strata:
        """Take from a model, whose strata are numbers, and from the hazards of a competing event in the same strata."""
        numbers = [0] if model.strata == (None,) else [int(label) for label in model.strata]
        others = [None] * len(numbers) if competing is None else competing
        return cls({number: Hazards(Hazard.of(model, place), others[place]) for place, number in enumerate(numbers)})

    @property
    def first(self) -> Hazards:
        """Hazards of the first stratum; coefficients are the same in all."""
        return next(iter(self.hazards.values()))

    def survival(self, x: Array, horizons_years: Sequence[float], stratum: Array | None) -> dict[float, Array]:
        """Probability (n,) of no event by each horizon that any stratum was followed to; NaN in the others.

        Raises
        ------
        DataError
            The model has strata, and rows have none.
        """
        if stratum is None:
            if len(self.hazards) > 1:
                mend = "give each row the number of its stratum"
                raise DataError("the model has a baseline for each stratum, and rows have no stratum", "stratum", mend)
            return self.first.survival(x, horizons_years)
        found: dict[float, Array] = {}
        for number, hazards in self.hazards.items():
            rows = stratum == number
            for horizon, values in hazards.survival(x[rows], horizons_years).items():
                found.setdefault(horizon, np.full(len(x), np.nan))[rows] = values
        return {horizon: found[horizon] for horizon in horizons_years if horizon in found}

    def notes(self, horizons_years: Sequence[float]) -> tuple[str, ...]:
        """What a reader of the probabilities should know."""
        if len(self.hazards) < 2:
            return ()
        told = [f"Each of {len(self.hazards)} strata has its own baseline hazard; the risk compares within strata"]
        short = sum(max(horizons_years) > of.event.baseline.follow_up for of in self.hazards.values())
        if short:
            told.append(f"{short} strata are not followed to {max(horizons_years):g} years: no probabilities there")
        if none := sum(not len(of.event.baseline.times) for of in self.hazards.values()):
            told.append(f"{none} strata have no event: their patients get a probability of 0")
        return tuple(told)

    def tensors(self) -> dict[str, Array]:
        """Arrays to save; those of stratum 0 have no prefix."""
        return {
            f"stratum{number}.{name}" if number else name: values
            for number, hazards in self.hazards.items()
            for name, values in hazards.tensors().items()
        }

    @classmethod
    def restored(cls, tensors: Mapping[str, Array]) -> Strata:
        """Strata from what `tensors` returned."""
        parts: dict[int, dict[str, Array]] = {}
        for name, values in tensors.items():
            found = PREFIX.match(name)
            parts.setdefault(int(found[1]) if found else 0, {})[PREFIX.sub("", name)] = values
        return cls({n: Hazards.restored(part) for n, part in sorted(parts.items()) if "follow_up" in part})
