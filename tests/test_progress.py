from __future__ import annotations

import pytest

from bonerisk import progress


def test_what_took_long_ends_with_a_line_of_the_log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "bonerisk")
    assert list(progress.track([1, 2], "reading films")) == [1, 2]
    assert caplog.messages == []
    monkeypatch.setattr(progress, "DELAY_S", -1.0)
    assert list(progress.track([1, 2], "reading films")) == [1, 2]
    assert caplog.messages == ["reading films: 2 in 0 s"]
