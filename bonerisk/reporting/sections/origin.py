"""What was run, and what the runs could not fill."""

from __future__ import annotations

from collections.abc import Sequence

from bonerisk.reporting.page import Section, Text
from bonerisk.reporting.runs.reported import ReportedRuns
from bonerisk.reporting.tables.provenance import provenance


def origin(chain: ReportedRuns) -> Section:
    """Commands, configuration, seeds, versions."""
    return Section("What was run", [provenance(chain.runs)])


def unfilled(reasons: Sequence[str]) -> Section:
    """What the runs given could not fill, and how to get it."""
    return Section("Not shown", [Text(reason) for reason in reasons])
