"""Comparable pairs of films followed up: an event and a film that outlives it, counted under any weights.

For each event, the weight of the films that outlive it and have a lower risk is a sum over a set of its own. Films in
order of time are therefore halved again and again: those that outlive an event are a union of right halves, at most one
a level. Within its half a film has its place by risk, found once for all draws; under a draw's weights one running sum
a level then answers every event, which makes O(n log n) additions in all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bonerisk.evaluation.samples.computed_once import computed_once
from bonerisk.evaluation.samples.followed import DrawnFollowUp, Followed
from bonerisk.survival.outcome import CENSORED, EVENT

Array = np.ndarray


@dataclass(frozen=True)
class Level:
    """The right halves of one size, and the events that need one of them.

    Parameters
    ----------
    rows : array
        Films of the right halves, one half after the other, by rising risk in each.
    asking : array (a,)
        Which of the events need a half.
    start, under, upto : array (a,)
        Places in `rows`: where that half starts, and behind its last film whose risk is under, or is at most, the
        event's.
    """

    rows: Array
    asking: Array
    start: Array
    under: Array
    upto: Array


@dataclass(frozen=True)
class Pairs:
    """Comparable pairs among films in order of time, events first at equal times.

    Parameters
    ----------
    event : array (k,)
        Rows of the events.
    after : array (k,)
        First row that outlives each event. Events at one time don't outlive each other; a film censored then does.
    levels : list of Level
    """

    event: Array
    after: Array
    levels: list[Level]

    @classmethod
    def of(cls, risk: Array, time: Array, event: Array) -> Pairs:
        """Find every film's places; `event` is a mask, and all are (n,) and in order of time."""
        rows = np.flatnonzero(event)
        last = rows[np.searchsorted(time[rows], time[rows], side="right") - 1]  # of the events at the time of each
        rank = np.unique(risk, return_inverse=True)[1].astype(np.int64)
        rising = np.argsort(rank, kind="stable")
        halvings = range((len(risk) - 1).bit_length())
        return cls(rows, last + 1, [_level(rank, rising, rank[rows], last, halving) for halving in halvings])

    def lower(self, weights: Array) -> Array:
        """Weight (k,) of the films of lower risk that outlive each event, those of equal risk at one half.

        Parameters
        ----------
        weights : array (n,)
            Whole numbers: integers are summed seven times as fast as floating-point numbers.
        """
        films = weights.astype(np.int64)
        if (films != weights).any():
            raise ValueError("films must count whole times")
        found = np.zeros(len(self.event))
        for level in self.levels:
            sums = np.zeros(len(level.rows) + 1, dtype=np.int64)
            np.cumsum(films.take(level.rows), out=sums[1:])
            found[level.asking] += (sums.take(level.under) + sums.take(level.upto)) / 2 - sums.take(level.start)
        return found

    def higher(self, weights: Array, n: int) -> Array:
        """Weight (n,) of the events of higher risk that each film outlives, those of equal risk at one half.

        The transpose of `lower`: what an event would take from a film, the film here takes from the event.

        Parameters
        ----------
        weights : array (k,)
            Weights of the events.
        n : int
            Films.
        """
        found = np.zeros(n)
        for level in self.levels:
            of, places = weights[level.asking], len(level.rows) + 1
            under, upto, start = (np.bincount(at, of, places) for at in (level.under, level.upto, level.start))
            found[level.rows] += np.cumsum(((under + upto) / 2 - start)[:0:-1])[::-1]
        return found


def _level(rank: Array, rising: Array, of_event: Array, last: Array, halving: int) -> Level:
    """Halves of 2**halving rows: the odd ones are right halves, and an event needs the one next to its own."""
    half = last >> halving
    asking = np.flatnonzero(half % 2 == 0)
    asked = half[asking] + 1
    needed = np.isin(rising >> halving, asked)
    films = rising[needed][np.argsort(rising[needed] >> halving, kind="stable")]
    place = (films >> halving) * len(rank) + rank[films]  # rises along the films: by half, then by risk
    start = asked * len(rank)
    own = start + of_event[asking]
    bounds = np.searchsorted(place, start), np.searchsorted(place, own), np.searchsorted(place, own, side="right")
    return Level(films, asking, *bounds)


def cause_specific(drawn: DrawnFollowUp) -> DrawnFollowUp:
    """The same draws with competing events as censorings at their time."""
    return _censored(drawn) if drawn.sample.competing else drawn


@computed_once
def pairs_of(films: Followed) -> Pairs:
    """Comparable pairs of films without competing events."""
    return Pairs.of(films.risk, films.time, films.status == EVENT)


@computed_once
def lower(drawn: DrawnFollowUp) -> Array:
    """`Pairs.lower` in each draw, (draws, events)."""
    pairs = pairs_of(drawn.sample)
    return np.array([pairs.lower(weights) for weights in drawn.weights])


@computed_once
def _censored(drawn: DrawnFollowUp) -> DrawnFollowUp:
    films, rows = _censored_films(drawn.sample)
    return films.drawn(drawn.weights[:, rows])


@computed_once
def _censored_films(films: Followed) -> tuple[Followed, Array]:
    """The films, sorted again, and their rows before."""
    rows = np.lexsort((films.status != EVENT, films.time))
    sorted_again = films.where(rows)
    return replace(sorted_again, status=np.where(sorted_again.status == EVENT, EVENT, CENSORED)), rows
