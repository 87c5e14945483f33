from __future__ import annotations

import pytest

from bonerisk.encoders.of_run import OfRun
from bonerisk.errors import ConfigError


def test_a_run_or_what_trains_one_must_be_named() -> None:
    assert OfRun("latest").parent == []
    assert OfRun(None, ["model=ospenscreen_demo"]).run is None
    with pytest.raises(ConfigError, match="neither a run") as caught:
        OfRun(None)
    assert "encoder.run=RUN" in caught.value.mend
