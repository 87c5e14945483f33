"""What a model's training films were like, so that a film of another kind is noticed: a hand, a lateral view, a child.

It is learnt when the model is trained, and lies beside it. A film is unfamiliar if its features lie farther from those
of the training films than those of most tuning films, or if its view, body part or side, by its header, or its age or
another number that the model reads, was in no training film.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.numpy import save_file

from bonerisk.features.distance import Distance
from bonerisk.runs.find import StoredRun
from bonerisk.runs.folder import Run

FILE = "familiarity.safetensors"
SHARE = 0.01  # of tuning films that lie farther: the price of noticing others
RARE = 0.01  # share of training films under which a view, body part or side counts as none of theirs
PARTS = {"THORAX": "CHEST", "LUNG": "CHEST", "CXR": "CHEST", "LUMBAR": "LSPINE", "L SPINE": "LSPINE"}
WORDS = {"view": "view", "body_part": "body part", "laterality": "side"}

Array = np.ndarray


@dataclass(frozen=True)
class Familiarity:
    """What is known of a model's training films.

    Attributes
    ----------
    distance : Distance, optional
        Of features from theirs; None for a model without films, or of points.
    tuning : array (n,)
        Distances of the tuning films, sorted.
    kinds : mapping
        View, body part and side → those of the training films; without those of which no film says it.
    ranges : mapping
        Age, and other columns of numbers that the model reads → lowest and highest of the training films.
    """

    distance: Distance | None
    tuning: Array
    kinds: Mapping[str, Sequence[str]]
    ranges: Mapping[str, Sequence[float]]

    @property
    def limit(self) -> float | None:
        """The distance from which a film is unfamiliar; None if there are no tuning films."""
        return float(np.quantile(self.tuning, 1 - SHARE)) if len(self.tuning) else None

    def judge(self, table: pd.DataFrame, features: Array | None) -> pd.DataFrame:
        """How unlike the training films each row of a cohort's table is.

        Returns
        -------
        DataFrame, indexed as `table`
            `distance`, `distance_limit`; `unfamiliar` (1 or 0) and `unfamiliar_because`, in words.
        """
        far = np.full(len(table), np.nan)
        if self.distance is not None and features is not None:
            far = self.distance.of(features)
        limit = np.nan if self.limit is None else self.limit
        reasons = pd.DataFrame("", table.index, ["distance", *WORDS, *self.ranges])
        farther = f"its features are farther from those of the training films than in {1 - SHARE:.0%} of tuning films"
        reasons.loc[far > limit, "distance"] = farther
        for name, said in shown(table).items():
            known = self.kinds.get(str(name), ())
            other = said.notna() & ~said.isin(known) & bool(known)
            listed = f"{WORDS[str(name)]} {{}}, and the training films have {' or '.join(known)}"
            reasons.loc[other, str(name)] = said[other].map(listed.format)
        for name, (low, high) in self.ranges.items():
            if name in table:
                value = table[name]
                listed = f"{name} is {{:g}}, and the training films have {low:g} to {high:g}"
                reasons.loc[(value < low) | (value > high), name] = value.map(listed.format)
        why = reasons.apply(lambda row: "; ".join(filter(None, row)), axis=1)
        found = {"distance": far, "distance_limit": limit, "unfamiliar": (why != "").astype(int)}
        return pd.DataFrame(found | {"unfamiliar_because": why}, table.index)

    def write(self, run: Run) -> None:
        """Write it into the run of the training."""
        notes = {"kinds": json.dumps(self.kinds), "ranges": json.dumps(self.ranges)}
        tensors = {"tuning": self.tuning, **(self.distance.tensors() if self.distance else {})}
        with run.writes("familiarity", FILE) as path:
            save_file(tensors, path, notes)

    @classmethod
    def read(cls, run: StoredRun) -> Familiarity:
        """That of a finished training.

        Raises
        ------
        RunError
            It has none, or it has changed.
        """
        with safe_open(run.path(FILE), framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            notes = file.metadata()
        distance = Distance.restored(tensors) if "mean" in tensors else None
        return cls(distance, tensors["tuning"], json.loads(notes["kinds"]), json.loads(notes["ranges"]))


def learn(
    train: pd.DataFrame, features: Array | None, of_tuning: Array | None, columns: Sequence[str], seed: int
) -> Familiarity:
    """Learn from the training films, and how far tuning films lie from them.

    Parameters
    ----------
    train : DataFrame
        The cohort's rows of split train.
    features, of_tuning : array (n, width), optional
        Features of the films of train and tune; None for a model without any.
    columns : sequence of str
        Columns that the model reads.
    seed : int
    """
    distance, tuning = None, np.empty(0)
    if features is not None and of_tuning is not None and len(features) > 1:
        distance = Distance.fit(features, seed)
        tuning = np.sort(distance.of(of_tuning))
    kinds = {str(name): _common(said) for name, said in shown(train).items() if said.notna().any()}
    numbers = [name for name in dict.fromkeys(("age_years", *columns)) if pd.api.types.is_numeric_dtype(train[name])]
    known = {name: train[name].dropna() for name in numbers}
    ranges = {name: [float(of.min()), float(of.max())] for name, of in known.items() if len(of)}
    return Familiarity(distance, tuning, kinds, ranges)


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """View, body part and side of the films of a table, by table and headers; None where neither says it.

    A header that names no side is of a film of both, or of the middle: "U".
    """
    from bonerisk.datasets.film_kinds import known_headers, view_of  # pydicom takes a while to import

    paths = table["image_path"]
    found = known_headers(paths.dropna().tolist()) if paths.notna().any() else []
    known = dict(zip(paths.dropna().index, found, strict=True))
    rows = [known.get(index) for index in table.index]
    view = [view_of(said or (row and row.view_position)) for said, row in zip(table["view"], rows, strict=True)]
    part = [row and _part(row.body_part) for row in rows]
    side = [row and (row.laterality or "U") for row in rows]
    return pd.DataFrame({"view": view, "body_part": part, "laterality": side}, table.index, dtype="object")


def _part(said: str | None) -> str | None:
    text = (said or "").upper()
    return next((name for word, name in PARTS.items() if word in text), text) or None


def _common(said: pd.Series) -> list[str]:
    """What at least the share `RARE` of the films that say something say."""
    shares = said.value_counts(normalize=True)
    return sorted(shares[shares >= RARE].index)
