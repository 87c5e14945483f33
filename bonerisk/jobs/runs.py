"""`bonerisk runs`: look after the runs that there are."""

from __future__ import annotations

import sys
from pathlib import Path

from bonerisk.embeddings.store import Embeddings
from bonerisk.imaging import store
from bonerisk.runs.find import REPORTED, STATUSES, find
from bonerisk.runs.verification import verified

STORES = {"images": store.verify, "embeddings": lambda folder: Embeddings.open(folder).verify()}


def verify(text: str, outputs: Path) -> bool:
    """Say of a run and the runs behind it what is not as it was written; return whether all is."""
    run = find(text, outputs, (*REPORTED, "report"), ("finished",) if text == "latest" else STATUSES)
    sound = True
    for of in verified(run, STORES):
        what = "; ".join(of.faults) if of.faults else f"{of.checked} files and stores are as they were written"
        print(f"{of.folder}: {what}", file=sys.stderr)
        sound = sound and not of.faults
    return sound
