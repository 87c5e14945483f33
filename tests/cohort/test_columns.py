from __future__ import annotations

import logging

import pandas as pd
import pytest

from bonerisk.cohort.columns import rename
from bonerisk.errors import DataError

UPPER = pd.DataFrame({"IMAGE_PATH": ["a.png"], "Patient_ID": ["1"], "T_SCORE": ["-1"], "note": ["x"]})


def test_names_in_another_case_are_all_in_the_mend() -> None:
    with pytest.raises(DataError) as error:
        rename(UPPER, {"t_score": None}, "image_path", "t.csv")
    assert "columns.patient_id=Patient_ID dataset.columns.image_path=IMAGE_PATH; the table has" in error.value.mend


def test_names_in_another_case_are_not_left_out_silently(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        _, names = rename(UPPER, {"image_path": "IMAGE_PATH", "score": "T_SCORE"}, "image_path", "t.csv")
    assert set(names) == {"image_path", "score"}
    assert "dataset.columns.patient_id=Patient_ID does so" in caplog.text and "t_score" not in caplog.text
