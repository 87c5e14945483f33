"""Incident vertebral fracture by morphometry: the points on a patient's films of several days give event and time.

The first film of a patient is the row of the cohort and predicts; the later ones show the outcome alone. A fracture is
only seen on a film: it is interval-censored, between the last film without it and the first that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from bonerisk.cohort.controls import SHUFFLED, shuffled
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import FOLLOW_UP, SEEN, Cohort, arrange
from bonerisk.datasets.measured import after, measured
from bonerisk.datasets.of_run import OfRun
from bonerisk.errors import ConfigError, DataError, raise_together
from bonerisk.keypoints import columns, follow_up, morphometry, outlines, reference
from bonerisk.named import FilePath

CHOICES = {
    "definition": follow_up.DEFINITIONS,
    "time": ("film", "midpoint"),
    "prevalent": ("exclude", "keep"),
    "numbering": ("refuse", "keep"),
    "exchanged": ("refuse", "mend"),
}
WORDS = {
    "incident": "by the heights' ratios, no fracture on the first film and one on a later film",
    "height_lost": f"a height lost by {follow_up.LOST_SHARE:.0%} and {follow_up.LOST_MM:g} mm since the first film",
    "incident_and_height_lost": "by the heights' ratios, and a height lost since the first film",
}


class Morphometry:
    """A cohort's first films, with the fractures that its later films show.

    Parameters
    ----------
    run : str
        A run of `bonerisk prepare` with points in its columns, marked or found (`bonerisk.keypoints.columns`),
        film_date and sex; for lost heights also spacing_mm (at the detector) and magnification. Splits are kept.
    later : str, optional
        Another run of `bonerisk prepare`, of the later films; None: they are in `run`, too.
    reference : str, optional
        Table of normal ratios (`bonerisk.keypoints.reference.read`); None: of the first films of split train.
    definition : {"incident", "height_lost", "incident_and_height_lost"}
        What an event is (`bonerisk.keypoints.follow_up`).
    time : {"film", "midpoint"}
        Time of an event: that of the film that shows it, or the middle between it and the last film without it.
    prevalent : {"exclude", "keep"}
        Patients with a fracture on the first film; of those kept, another vertebra must fracture.
    min_years : float
        Patients whose last film comes earlier are left out.
    numbering : {"refuse", "keep"}
        Films with T13, L6 or without L5 above S1.
    exchanged : {"refuse", "mend"}
        Vertebrae whose upper and lower points, or front and back, are exchanged.
    shuffle_labels : int, optional
        A seed: targets are shuffled at random, as a negative control.
    outputs : str
        Folder of the runs.

    Raises
    ------
    ConfigError
        There is no such choice, or a number is out of range; all at once.
    """

    def __init__(
        self,
        run: str,
        later: str | None = None,
        reference: FilePath | None = None,
        definition: Literal["incident", "height_lost", "incident_and_height_lost"] = "incident",
        time: Literal["film", "midpoint"] = "film",
        prevalent: Literal["exclude", "keep"] = "exclude",
        min_years: float = 0.5,
        numbering: Literal["refuse", "keep"] = "refuse",
        exchanged: Literal["refuse", "mend"] = "refuse",
        shuffle_labels: int | None = None,
        outputs: str = "outputs",
    ) -> None:
        chosen: dict[str, str] = {"definition": definition, "time": time, "prevalent": prevalent}
        chosen |= {"numbering": numbering, "exchanged": exchanged}
        raise_together(
            [
                *(
                    ConfigError(f"there is no {value!r}", f"dataset.{name}", f"one of {', '.join(CHOICES[name])}")
                    for name, value in chosen.items()
                    if value not in CHOICES[name]
                ),
                *([] if min_years >= 0 else [ConfigError(f"min_years is {min_years}, under 0", "dataset.min_years")]),
            ]
        )
        self.run, self.later, self.outputs = run, later, outputs
        self.reference = Path(reference).expanduser() if reference else None
        self.definition, self.time, self.prevalent, self.min_years = definition, time, prevalent, min_years
        self.choices = outlines.Choices(exchanged=exchanged, numbering=numbering)
        self.shuffle_labels = shuffle_labels

    def load(self, data: Path) -> Cohort:
        """Load the films of the runs, and compare the points of each patient's first film with those of later ones.

        Parameters
        ----------
        data : Path

        Raises
        ------
        ConfigError, DataError, RunError
            There is no such run; its films have no points, no patient is left, no later film is after the first,
            normal values can't be had, or as the datasets raise.
        """
        source = OfRun(self.run, self.outputs).load(data)
        films = measured(source, f"dataset.run: {self.run}", self.choices)
        first = films.table.sort_values("film_date", kind="stable").drop_duplicates("person").sort_index()
        flow = source.flow.step("points, date and sex known", source.table, films.table, films.why)
        flow = flow.step("the first film of each patient", films.table, first, "later films show the outcome alone")
        other, others = source, films
        if self.later is not None:
            other = OfRun(self.later, self.outputs).load(data)
            others = measured(other, f"dataset.later: {self.later}", self.choices, first)
        later, early = after(first, others.table, self.later)
        normal, words = self._normal(films.of(first))
        before, then = (morphometry.judge(ratios, normal) for ratios in (films.of(first), others.of(later)))
        table, flow = self._outcome(first, later, before, then, flow)
        notes = [*source.notes, *_notes(table, self.definition, self.time), words]
        table = arrange(columns.with_centres(table.drop(columns="person")))
        if self.shuffle_labels is not None:
            table, notes = shuffled(table, self.shuffle_labels), [*notes, SHUFFLED]
        rejected = [source.rejected, films.rejected, *([others.rejected, early] if self.later is not None else [])]
        kept = [part for part in rejected if len(part)]
        read = [self.reference] if self.reference is not None else []
        return replace(
            source,
            table=table,
            flow=flow,
            rejected=pd.concat(kept, ignore_index=True) if kept else source.rejected,
            notes=tuple(notes),
            sources=tuple(dict.fromkeys([*source.sources, *other.sources, *read])),
        )

    def _normal(self, compared: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        """Normal values, and words for where they come from; never from films that a model is tuned or tested by."""
        if self.reference is not None:
            return reference.read(self.reference), f"Normal ratios of heights are those of {self.reference.name}."
        train = compared[compared["split"] == "train"]
        if train.empty:
            raise DataError("no film is of split train", "dataset.reference", "give a table of normal values")
        n = train["image_id"].nunique()
        return reference.fit(
            train
        ), f"Normal ratios of heights are those of the first films of split train ({n} films)."

    def _outcome(
        self, first: pd.DataFrame, later: pd.DataFrame, before: pd.DataFrame, then: pd.DataFrame, flow: Flow
    ) -> tuple[pd.DataFrame, Flow]:
        """The rows with an outcome, and the steps that lead to them."""
        compared = follow_up.compare(before, then)
        found = follow_up.outcomes(compared, before, self.definition).set_index("patient_id")
        last = (later.groupby("person")["film_date"].max() - first.set_index("person")["film_date"]).dt.days
        years = first["person"].map(last) / follow_up.DAYS
        why = f"no later film with points ({int(years.isna().sum())}), or all earlier than that"
        step = f"a later film after {self.min_years:g} years or more" if self.min_years else "a later film"
        table, flow = _kept(first, years >= self.min_years, step, why, flow)
        shown = before.groupby("patient_id")["fracture"].max()
        table = table.assign(previous_fracture=table["person"].map(shown))
        if self.prevalent == "exclude":
            free = table["previous_fracture"] == 0
            table, flow = _kept(
                table, free, "no vertebral fracture on the first film", "a fracture, or none known", flow
            )
        why = "no vertebra can be judged on both films"
        if self.definition != "incident":
            why += "; lost heights need spacing_mm, and the same unit on both films"
        table, flow = _kept(table, table["person"].isin(found.index), "outcome known", why, flow)
        own = found.loc[table["person"]].set_axis(table.index)
        time = own["time_years" if self.time == "film" else "time_years_midpoint"]
        gone = [name for name in (*FOLLOW_UP, *SEEN) if name in table]
        table = table.drop(columns=gone).assign(event=own["event"], time_years=time)
        seen = dict(zip(SEEN, (own["after_years"], own["levels"].where(own["event"] == 1, None)), strict=True))
        return table.assign(**seen, levels_judged=own["levels_judged"].astype(float)), flow


def _kept(table: pd.DataFrame, keep: pd.Series, step: str, why: str, flow: Flow) -> tuple[pd.DataFrame, Flow]:
    kept = table[keep]
    if kept.empty:
        raise DataError(f"no patient of {len(table)} is left at the step: {step}", "dataset=morphometry", why)
    return kept, flow.step(step, table, kept, "" if keep.all() else why)


def _notes(table: pd.DataFrame, definition: str, time: str) -> Iterator[str]:
    events = table[table["event"] == 1]
    n, judged = len(events), table["levels_judged"]
    yield f"An event is a vertebral fracture by morphometry ({n} of {len(table)} patients): {WORDS[definition]}."
    low, middle = int(judged.min()), int(np.median(judged))
    yield (
        f"A fracture of a vertebra without points on both films is not seen: {middle} vertebrae of a patient were "
        f"judged (median; {low} at least)."
    )
    if not n:
        return
    shown = events["time_years"] if time == "film" else 2 * events["time_years"] - events["after_years"]
    wide = (shown - events["after_years"]).median()
    taken = "the film's time" if time == "film" else "the middle"
    other = "midpoint" if time == "film" else "film"
    yield (
        f"Events are interval-censored: a fracture lies between the last film without it and the film that shows it, "
        f"{wide:.1f} years apart (median). Models and metrics take {taken} as exact; dataset.time={other} shows what "
        "that changes."
    )
