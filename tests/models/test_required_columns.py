from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.models.films import require_columns
from bonerisk.preprocessing.spine import SpineImage


def test_dozens_of_lacking_columns_are_one_error() -> None:
    transform = SpineImage(bodies="corners")
    require_columns(transform, pd.DataFrame(columns=list(transform.columns)))
    with pytest.raises(DataError) as caught:
        require_columns(transform, pd.DataFrame(columns=["image_id", "sex"]))
    assert str(caught.value).count("\n") == 2
    assert "'l1_x_px', 'l1_y_px'" in str(caught.value)
    assert "and 41 more" in str(caught.value)
    assert "it has image_id, sex; bring it" in str(caught.value)
    there = [column if column != "l5_y_px" else "L5_y_px" for column in SpineImage().columns]
    with pytest.raises(DataError, match=r"'l5_y_px'(.|\n)*nearest column is L5_y_px"):
        require_columns(SpineImage(), pd.DataFrame(columns=there))
