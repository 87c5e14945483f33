"""A site's rules, from a hospital's films and tables to a cohort; read `Rules.apply` from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from bonerisk.cohort.flow import Flow
from bonerisk.errors import ConfigError, DataError
from bonerisk.hospital import choice, facts, steps
from bonerisk.hospital.codes import CodeSet, FractureCodes
from bonerisk.hospital.follow_up import FollowUp
from bonerisk.hospital.link import link, link_reports
from bonerisk.hospital.pairing import Pairing
from bonerisk.hospital.selection import Selection


@dataclass(frozen=True)
class Joined:
    """What the rules made of a hospital's films and tables.

    Parameters
    ----------
    table : DataFrame
        One row per film, with the contract's columns and covariates, and `split`.
    flow : Flow
    rejected : DataFrame
        Columns `bonerisk.cohort.table.REJECTED`.
    links, unlinked : DataFrame
        As in `bonerisk.hospital.link.Linked`.
    notes : tuple of str
    """

    table: pd.DataFrame
    flow: Flow
    rejected: pd.DataFrame
    links: pd.DataFrame
    unlinked: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """Which films make a cohort; an empty list, or null, sets no condition.

    Parameters
    ----------
    modality, body_part, view : list of str
        Values to keep, such as CR and DX, CHEST, and PA, AP, LATERAL.
    for_processing : bool
        Whether films that the archive holds FOR PROCESSING (raw) stay.
    same_day : {"all", "first"}
        Which films of one patient, day, body part and view are kept.
    min_age_years, max_age_years : float, optional
        Age at the film, both included.
    min_visits : int
        Fewest days on which a patient has a film, after the steps above.
    exclude_where : list of str
        Columns (of `patients` or `reports`) that are 1 in films to be left out; a note names missing ones.
    without_drugs : list of str
        Drug classes that no patient may have had on the film's day or before.
    follow_up : FollowUp
    pair : Pairing
    split : list of 3 float, or str
        Shares of patients in train, tune and test; or "bmd_within_1y" (patients with a DXA within a year of a film are
        the test set, the others train and tune 5:1), a fold ("fold_1_of_5"), or the name of one split for all.
    split_seed : int
    index : dict
        Which films of a patient are kept, by split: all, first, nearest_dxa or random. Splits not named: all.
    index_seed : int
        For index random.
    """

    modality: list[str] = field(default_factory=lambda: ["DX", "CR"])
    body_part: list[str] = field(default_factory=lambda: ["CHEST"])
    view: list[str] = field(default_factory=lambda: ["PA"])
    for_processing: bool = False
    same_day: str = "first"
    min_age_years: float | None = None
    max_age_years: float | None = None
    min_visits: int = 1
    exclude_where: list[str] = field(default_factory=list)
    without_drugs: list[str] = field(default_factory=list)
    follow_up: FollowUp = field(default_factory=FollowUp)
    pair: Pairing = field(default_factory=Pairing)
    split: list[float] | str = field(default_factory=lambda: [0.7, 0.1, 0.2])
    split_seed: int = 0
    index: dict[str, str] = field(default_factory=dict)
    index_seed: int = 0

    def __post_init__(self) -> None:
        choice.check_split(self.split)
        if self.split == choice.BMD_WITHIN_1Y and self.pair.window_days < choice.YEAR_DAYS:
            mend = f"dataset.rules.pair.window_days={choice.YEAR_DAYS} or more"
            raise ConfigError("bmd_within_1y needs DXA readings up to a year from a film", "dataset.rules.split", mend)
        choice.check_index(self.index)
        if self.same_day not in ("all", "first"):
            raise ConfigError(f"same_day can't be {self.same_day!r}", "dataset.rules.same_day", "all or first")

    @property
    def kinds(self) -> dict[str, list[str]]:
        """The values to keep of each column that says what a film shows."""
        return {"modality": self.modality, "body_part": self.body_part, "view": self.view}

    def to_predict(self) -> Rules:
        """The same rules for films to be predicted: all of each patient, whatever the outcome, of split external."""
        follow_up, pair = replace(self.follow_up, required=False), replace(self.pair, required=False)
        same = replace(self, follow_up=follow_up, pair=pair, index={})
        return replace(same, same_day="all", min_visits=1, split="external")

    def apply(
        self,
        films: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        codes: CodeSet,
        outcome: FractureCodes,
        external_sites: Sequence[str] = (),
        administrative_end: pd.Timestamp | None = None,
    ) -> Joined:
        """Join films and tables by patient, and keep what the rules ask for.

        Parameters
        ----------
        films : DataFrame
            One row per film: site, patient_id, image_id, image_path, film_date, film_time, sex, birth_date, age_years,
            modality, intent, view, body_part, accession, and other columns, which are carried along.
        tables : mapping of str to DataFrame
            The tables that the hospital has, of dxa, diagnoses, drugs, follow_up, patients and reports, as
            `bonerisk.hospital.tables.read` gives them.
        codes : CodeSet
        outcome : FractureCodes
        external_sites : sequence of str
            Sites whose films are the external split.
        administrative_end : Timestamp, optional
            End of follow-up of patients who have no earlier last contact or death.

        Raises
        ------
        ConfigError
            The rules name a drug class that `codes` does not define.
        DataError
            A step leaves no film; an outcome is required, and there are no diagnoses, or no last contact.
        """
        unknown = sorted(set(self.without_drugs) - set(codes.drug_classes))
        if unknown:
            mend = f"classes: {', '.join(codes.drug_classes) or 'none'}"
            raise ConfigError(f"there is no drug class {', '.join(unknown)}", "dataset.rules.without_drugs", mend)
        work = Selection(films, "films indexed")
        work.refuse("film has a patient and a date", facts.incomplete(work.table), "header")
        linked = link(work.table, {name: table for name, table in tables.items() if name != "reports"})
        work.table, patients, notes = facts.without_placeholders(linked.films, linked.tables.get("patients"))
        notes += linked.notes
        work.refuse("one sex and birth date", facts.contradictory(work.table, patients), "sex, birth_date")
        steps.keep_kinds(work, self.kinds, self.for_processing)
        if self.same_day == "first":
            steps.keep_first_of_day(work)
        links = linked.links
        if "reports" in tables:
            met, more = link_reports(work.table, tables["reports"])
            links, notes = pd.concat([links, met], ignore_index=True), notes + more
        work.table = facts.of_patient(work.table, patients, tables.get("reports"))
        steps.keep_ages(work, self.min_age_years, self.max_age_years)
        steps.keep_visits(work, self.min_visits)
        fractures = steps.fractures(linked, outcome)
        if self.follow_up.required:
            notes += steps.follow_up(work, linked, fractures, self.follow_up, outcome.name, administrative_end)
        notes += steps.flag(work, linked, codes)
        notes += steps.exclude(work, self.without_drugs, self.exclude_where)
        notes += steps.pair(work, linked.tables.get("dxa"), fractures, self.pair)
        try:
            split = choice.split(work.table, self.split, self.split_seed, external_sites)
        except DataError as error:
            raise DataError(f"{error.what}, after these steps:\n{work.summary}", error.where, error.mend) from None
        work.table = work.table.assign(split=split.to_numpy())
        chosen, reason = choice.index_films(work.table, self.index, self.index_seed)
        work.keep("index film", chosen, reason)
        return Joined(facts.finished(work.table), work.flow, work.refused, links, linked.unlinked, tuple(notes))
