"""Which of a table's films are radiographs of the wanted view, by what the headers of their files say.

PNG and JPEG say nothing of this, and some DICOM files don't either: such films stay, and a note counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import pandas as pd

from bonerisk.cohort.flow import Flow
from bonerisk.errors import DataError
from bonerisk.imaging.headers import Header, Refused, read_headers
from bonerisk.imaging.parallel import parallel_map
from bonerisk.progress import track

MODALITIES = ("CR", "DX", "DR", "RG")  # DR is none of DICOM's terms, but in use; RG: radiographs on film, digitised
LATERAL = ("LL", "RL", "LLAT", "RLAT", "LLD", "RLD", "LAT", "LATERAL")
CHUNK = 64  # files per task


def headers(paths: Sequence[str]) -> list[Header | Refused]:
    """Headers of films, in their order, or why there are none."""
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    with closing(parallel_map(read_headers, chunks, died=_died)) as results:
        return [header for chunk in track(results, "reading headers", len(chunks)) for header in chunk]


def known_headers(paths: Sequence[str]) -> list[Header | None]:
    """Headers of films, in their order; None where a file is no DICOM image, or damaged."""
    return [header if isinstance(header, Header) else None for header in headers(paths)]


def view_of(position: str | None) -> str | None:
    """Our name of a ViewPosition: PA, AP, LATERAL, …; None if there is none."""
    said = (position or "").upper()
    return "LATERAL" if said in LATERAL else said or None


def with_kinds(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with `modality` by the headers, and `view` (PA, AP, LATERAL, …) where it is missing.

    Parameters
    ----------
    table : DataFrame
        Columns `image_path` and `view`.
    """
    known = known_headers(table["image_path"].tolist())
    modality = pd.Series([header and header.modality for header in known], table.index, dtype="object")
    view = pd.Series([header and view_of(header.view_position) for header in known], table.index, dtype="object")
    return table.assign(modality=modality.str.upper(), view=table["view"].fillna(view))


def _died(chunk: Sequence[str]) -> list[Header | Refused]:
    return [Refused("the process that read its header was killed")] * len(chunk)


def keep_kinds(
    table: pd.DataFrame, flow: Flow, modality: Sequence[str], view: Sequence[str]
) -> tuple[pd.DataFrame, Flow, tuple[str, ...]]:
    """Keep the films of the wanted modality and view, each a step of the flow, and say what is not known.

    Parameters
    ----------
    table : DataFrame
        As `with_kinds` gives it, or without `modality` if all are to be kept.
    flow : Flow
    modality, view : sequence of str
        Values to keep; none keeps all.

    Returns
    -------
    table : DataFrame
        Without `modality`; the rows kept have their index.
    flow : Flow
    notes : tuple of str

    Raises
    ------
    DataError
        No film is left.
    """
    unknown: list[str] = []
    notes: list[str] = []
    for column, names in (("modality", modality), ("view", view)):
        if not names:
            continue
        said = table[column].str.upper()
        kept = table[said.isna() | said.isin([name.upper() for name in names])]
        others = said[~table.index.isin(kept.index)].value_counts()
        listed = ", ".join(f"{name} ({count})" for name, count in others.items())
        if kept.empty:
            mend = f"dataset.{column}=[{','.join(map(str, others.index))}] keeps these films; [] keeps all"
            raise DataError(f"no film is of {column} {', '.join(names)}: {listed}", f"dataset.{column}", mend)
        flow, table = flow.step(f"{column} {', '.join(names)}", table, kept, listed), kept
        if said.isna().any():
            unknown.append(f"the {column} of {said.isna().sum()} films")
        if said.isna().sum() == len(kept) and listed:
            notes.append(f"No film says that its {column} is {' or '.join(names)}, only others: {listed}.")
    notes += [f"Not said by files or table, and taken as wanted: {' and '.join(unknown)}."] if unknown else []
    views = table["view"].str.upper().value_counts()
    if not view and len(views) > 1:
        listed = ", ".join(f"{name} ({count})" for name, count in views.items())
        notes.append(f"The films show several views: {listed}; 'dataset.view=[{views.index[0]}]' keeps one.")
    return table.drop(columns="modality", errors="ignore"), flow, tuple(notes)
