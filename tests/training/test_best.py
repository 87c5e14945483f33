from __future__ import annotations

import math

from bonerisk.training.best import best

AUC_THEN_LOSS = (("auc", 1), ("loss", -1))


def rows(*pairs: tuple[float, float]) -> list[dict[str, float]]:
    return [{"auc": auc, "loss": loss} for auc, loss in pairs]


def test_the_first_column_decides_then_the_next_then_the_earliest() -> None:
    assert best(rows((0.7, 0.1), (0.8, 0.5), (0.8, 0.4), (0.8, 0.4)), AUC_THEN_LOSS) == 2
    assert best(rows((0.7, 0.1), (0.8, 0.5), (0.8, 0.4)), (("loss", -1),)) == 0


def test_no_number_is_the_worst() -> None:
    assert best(rows((math.nan, 0.1), (0.2, 0.5)), AUC_THEN_LOSS) == 1
    assert best(rows((0.5, math.nan), (0.2, 0.5)), (("loss", -1),)) == 1
