from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.row_outcomes import RowOutcomes, fitted_kind

TABLE = pd.DataFrame(
    {
        "site": ["A", "A", "B", "A"],
        "patient_id": ["2", "1", "1", "2"],
        "label": [0, 1, 1, 0],
        "time_years": [1.0, 2.0, 3.0, 4.0],
        "event": [1.0, 0.0, 0.0, 1.0],
        "competing_event": [0.0, 1.0, 0.0, np.nan],
    }
)


def test_it_is_read_from_a_cohort() -> None:
    followed = RowOutcomes.of(TABLE, "survival")
    assert followed.patient.tolist() == [1, 0, 2, 1]  # a patient is one within a site
    assert followed.label is None
    assert followed.followed.event.tolist() == [True, False, False, True]
    assert RowOutcomes.of(TABLE.drop(columns="competing_event"), "survival").competing is None
    assert RowOutcomes.of(TABLE, "binary").labelled.tolist() == [0, 1, 1, 0]


def test_no_head_is_fitted_to_a_target_of_another_kind() -> None:
    assert fitted_kind("low_bone_mass") == "binary"
    with pytest.raises(ConfigError, match="fitted to binary and survival targets, and bone_class is ordinal"):
        fitted_kind("bone_class")


def test_rows_are_taken_by_mask_and_by_place() -> None:
    followed = RowOutcomes.of(TABLE, "survival")
    for rows in (np.array([False, True, False, True]), [1, 3]):
        part = followed[rows]
        assert len(part) == 2
        assert (part.time.tolist(), part.patient.tolist(), part.label) == ([2, 4], [0, 1], None)


@pytest.mark.parametrize(
    ("make", "error", "what"),
    [
        (lambda: RowOutcomes.of(TABLE.drop(columns="label"), "binary"), DataError, "no column label"),
        (lambda: RowOutcomes.of(TABLE.drop(columns="event"), "survival"), DataError, "no column event"),
        (lambda: RowOutcomes.of(TABLE, "continuous"), ConfigError, "neither"),
        (lambda: RowOutcomes(np.arange(3), np.arange(2)), DataError, "one length"),
        (lambda: RowOutcomes(np.arange(3), np.array([0, 1, 2])).labelled, DataError, "label 2.0"),
        (lambda: RowOutcomes(np.arange(2), np.array([0, np.nan])).labelled, DataError, "label nan"),
        (lambda: RowOutcomes(np.arange(0), np.arange(0)).labelled, DataError, "no rows"),
        (lambda: RowOutcomes(np.arange(2), None, np.array([1, 0.0]), np.ones(2)).followed, DataError, "time 0.0"),
    ],
)
def test_what_is_no_outcome_is_refused(make: Any, error: Any, what: str) -> None:
    with pytest.raises(error, match=what):
        make()
