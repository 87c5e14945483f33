"""What all kinds of samples have in common: films with the patients they belong to, of which draws are taken.

`Sample` (a binary outcome) and `Followed` (time to an event) are judged; `AtHorizon` can only be drawn.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np

Array = np.ndarray
Drawn = TypeVar("Drawn", covariant=True)


class Drawable(Protocol[Drawn]):
    """Films of which draws are taken; a drawn sample is what a metric is a function of."""

    @property
    def patient(self) -> Array:
        """Patient of each film, (n,) of int: a column of the draws."""
        ...

    def __len__(self) -> int: ...

    def drawn(self, weights: Array | None = None) -> Drawn:
        """The films under weights (draws, n); None: each film once."""
        ...


class Judged(Drawable[Drawn], Protocol[Drawn]):
    """Films with an outcome and what one model predicts, and how many there are of each.

    A horizon is in years. NaN means the whole follow-up; a binary outcome has no horizons and ignores them.
    """

    @property
    def risk(self) -> Array:
        """Risk (n,); higher is worse."""
        ...

    @property
    def n_patients(self) -> int:
        """Distinct patients."""
        ...

    @property
    def one_film_each(self) -> bool:
        """Whether no patient has a second film, so that films are independent."""
        ...

    def n_events_by(self, horizon: float) -> int:
        """Films with the event by a horizon."""
        ...

    def patients_with(self, label: int, horizon: float = np.nan) -> int:
        """Patients with a film that has the event by a horizon (1), or is known not to have it (0)."""
        ...

    def reaches(self, horizon: float) -> bool:
        """Whether the follow-up is long enough for a horizon."""
        ...
