"""The cohort: one table, one row per image, with checked columns, a flow and the rows that were refused.

Vocabulary. Text is ``object`` with None where it is missing, numbers are float64 with NaN, dates are datetime64[ns]
with NaT.

- ``patient_id`` is compared within ``site``; a source that knows no sites has the one site ``unknown``.
- ``image_id`` is unique; ``image_path`` is where the film lies, missing if a source has ``features`` and no films.
- ``split``: train, tune, test or external. ``sex``: F or M. ``age_years``: at the film.
- ``t_score``: standard deviations of young adults; ``bone_class``: normal, low_bone_mass or osteoporosis.
- ``event`` 1 or 0 at ``time_years`` after the film; ``competing_event`` 1 if another event ended the follow-up;
  ``entry_years``: left truncation, the row is at risk only after this time.
- An event that is seen on films (`dataset=morphometry`) came between ``after_years`` and the film that shows it;
  ``fractured_levels`` are its vertebrae.
- ``stratum``: rows of one stratum share a baseline hazard; ``case_weight``: how many patients a row stands for, over 0.
- ``label_origin`` is "proxy" if a model made the row's ``bone_class`` (`cohort.proxies`), ``label_confidence`` its
  probability; such rows are always of split train. ``source``: the run that a row of a merged cohort comes from.
- Any other column is a covariate, its unit in its name; ``oracle_<name>`` (simulated data only, higher is worse)
  is a risk known from the truth.

pandas is imported when a table is made: a misspelt command needs the names of columns only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bonerisk.cohort.flow import Flow
from bonerisk.errors import DataError, raise_together

if TYPE_CHECKING:
    import pandas as pd

TEXT, NUMBER, DATE = "object", "float64", "datetime64[ns]"

COLUMNS = {  # in the order of the table; these are always there
    "patient_id": TEXT,
    "image_id": TEXT,
    "image_path": TEXT,
    "split": TEXT,
    "view": TEXT,
    "film_date": DATE,
    "age_years": NUMBER,
    "sex": TEXT,
    "site": TEXT,
    "t_score": NUMBER,
    "bone_class": TEXT,
}
FOLLOW_UP = {"event": NUMBER, "time_years": NUMBER, "competing_event": NUMBER, "entry_years": NUMBER}  # if there
COMPETING_TIME = "competing_time_years"  # of a user's table, not of a cohort: it tells which of two events came first
OUTCOMES = (*FOLLOW_UP, COMPETING_TIME, "t_score", "bone_class")  # of a user's table; a T-score may be a feature, too
# Of an event that is seen on films, if there: it came after that, in these vertebrae.
SEEN = ("after_years", "fractured_levels")
SAMPLING = {"stratum": TEXT, "case_weight": NUMBER}  # if there
BODY = {"height_cm": NUMBER, "weight_kg": NUMBER, "bmi_kg_m2": NUMBER}  # the covariates that bonerisk itself uses
ORIGIN, CONFIDENCE, SOURCE = "label_origin", "label_confidence", "source"  # of labels and rows, if there
PROXY, DXA = "proxy", "dxa"  # origins of a label
DTYPES = COLUMNS | FOLLOW_UP | SAMPLING | BODY

SPLITS = ("train", "tune", "test", "external")
SEXES = ("F", "M")
BONE_CLASSES = ("normal", "low_bone_mass", "osteoporosis")
NO_SITE = "unknown"

REJECTED = ("file", "row", "patient_id", "image_id", "column", "value", "reason")


@dataclass(frozen=True)
class Cohort:
    """Films of patients, with what is known of them.

    Parameters
    ----------
    name : str
        The dataset option that made it, such as "phantom_chest".
    table : DataFrame
        A row an image; columns, order and dtypes as `arrange` gives them.
    flow : Flow
        What was kept and dropped at each step, and why.
    rejected : DataFrame, optional
        Refused values, columns `REJECTED`; a row of the source with two bad values stands there twice.
    reference_standard : str
        What the labels are: "DXA", where the source says so, or other words.
    notes : tuple of str
        What a reader of the results must know.
    sources : tuple of Path
        The user's tables it was read from; their hashes belong to whatever is made of it.
    links : DataFrame, optional
        How many rows of each of a hospital's tables belong to a film's patient, a row a table.
    features : tuple of str
        The columns that a model learns from, of a source without films.
    colour : {"refuse", "luminance"}
        What to do with films in colour.
    make_films : callable, optional
        Makes the films of some image ids that are not there yet, of a source that simulates its films.

    Raises
    ------
    DataError
        The table breaks the contract in a way that makes any result wrong; all such ways at once.
    """

    name: str
    table: pd.DataFrame
    flow: Flow
    rejected: pd.DataFrame = field(default_factory=lambda: _no_rows(REJECTED))
    reference_standard: str = "DXA"
    notes: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    links: pd.DataFrame | None = None
    features: tuple[str, ...] = ()
    colour: Literal["refuse", "luminance"] = "refuse"
    make_films: Callable[[Iterable[str]], None] | None = None

    def __post_init__(self) -> None:
        raise_together(_breaches(self.table, self.name, self.features))


def patients(table: pd.DataFrame) -> pd.Series:
    """Key of each row's patient, unique within a site; missing if the row has no `patient_id`."""
    return table["site"] + "\x1f" + table["patient_id"]  # a separator that no identifier holds


def arrange(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with the contract's columns first, in order, and its dtypes; rows keep their order, from 0.

    Missing columns of `COLUMNS` are added empty; a missing `site` becomes `NO_SITE`.
    """
    import pandas as pd

    table = table.reset_index(drop=True)
    order = [*COLUMNS, *(c for c in (*FOLLOW_UP, *SAMPLING, *BODY) if c in table)]
    order += [column for column in table.columns if column not in order]
    table = table.reindex(columns=order)
    table["site"] = table["site"].astype(object).fillna(NO_SITE)
    for column in order:
        dtype = DTYPES.get(column, NUMBER if pd.api.types.is_numeric_dtype(table[column]) else TEXT)
        table[column] = table[column].astype(pd.api.types.pandas_dtype(dtype))
        if dtype == TEXT:
            table[column] = table[column].where(table[column].notna(), None)
    return table


def _no_rows(columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(columns))


def _breaches(table: pd.DataFrame, name: str, features: Sequence[str]) -> list[DataError]:
    """Return the errors that no cohort may have, whatever its source."""
    missing = [column for column in (*COLUMNS, *features) if column not in table]
    if missing:
        return [DataError(f"the table has no column {', '.join(missing)}", where=f"cohort {name}")]
    found = [
        f"{column} is missing in {table[column].isna().sum()} rows"
        for column in ("patient_id", "image_id", *(() if features else ("image_path",)), "split")
        if table[column].isna().any()
    ]
    for column, allowed in {"split": SPLITS, "sex": SEXES, "bone_class": BONE_CLASSES}.items():
        wrong = sorted({str(value) for value in table[column].dropna()} - set(allowed))
        if wrong:
            found.append(f"{column} must be one of {', '.join(allowed)}, not {few(wrong)}")
    repeated = table.loc[table["image_id"].duplicated(), "image_id"].dropna().unique().tolist()
    if repeated:
        found.append(f"image_id is not unique: {few(repeated)}")
    torn = table.groupby(["site", "patient_id"])["split"].nunique().loc[lambda splits: splits > 1]
    if len(torn):
        names = few([f"{patient} (site {site})" for site, patient in torn.index])
        found.append(f"{patients_are(len(torn))} in more than one split: {names}")
    if ORIGIN in table and (wrong_split := int(((table[ORIGIN] == PROXY) & (table["split"] != "train")).sum())):
        found.append(f"{wrong_split} rows whose label a model made ({ORIGIN} {PROXY}) are not of split train")
    return [DataError(what, where=f"cohort {name}") for what in found]


def patients_are(n: int, here: str = "") -> str:
    """Return ``1 patient is`` or ``3 patients are``, the begin of a sentence; with `here`, ``3 patients here are``."""
    return " ".join(filter(None, [f"{n} patient{'' if n == 1 else 's'}", here, "is" if n == 1 else "are"]))


def few(values: Sequence[str]) -> str:
    """Return the first ten `values` as text, and how many more there are."""
    more = f" and {len(values) - 10} more" if len(values) > 10 else ""
    return ", ".join(map(str, values[:10])) + more
