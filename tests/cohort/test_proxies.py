from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.cohort.allowed import forbidden
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.proxies import is_proxy, measured, refuse_proxies
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.errors import DataError


def films(origins: list[str | None], split: str = "train") -> pd.DataFrame:
    names = [str(place) for place in range(len(origins))]
    table = pd.DataFrame({"patient_id": names, "image_id": names, "image_path": names, "split": split})
    return arrange(table.assign(bone_class="normal", label_origin=origins, label_confidence=0.99))


def test_rows_by_the_origin_of_their_label() -> None:
    table = films(["dxa", "proxy", None])
    assert is_proxy(table).tolist() == [False, True, False]
    assert measured(table)["image_id"].tolist() == ["0", "2"]
    assert len(measured(table.drop(columns="label_origin"))) == 3


@pytest.mark.parametrize("split", ["tune", "test", "external"])
def test_a_proxy_label_is_of_no_split_but_train(split: str) -> None:
    with pytest.raises(DataError, match=r"1 rows whose label a model made .* not of split train"):
        Cohort("c", films(["dxa", "proxy"], split), Flow())
    Cohort("c", films(["dxa", "proxy"]), Flow())
    Cohort("c", films(["dxa", None], split), Flow())


def test_no_model_is_judged_by_labels_that_a_model_made() -> None:
    refuse_proxies(films(["dxa", None]))
    with pytest.raises(DataError, match="2 of 3 rows have a label that a model made"):
        refuse_proxies(films(["proxy", "dxa", "proxy"]))


def test_where_a_label_comes_from_is_no_feature() -> None:
    assert all(map(forbidden, ("label_origin", "label_confidence", "source")))
