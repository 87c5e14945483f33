from __future__ import annotations

import pytest

from bonerisk.errors import reason_of


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("could not convert string to float: 'Geheim^Anna'", "could not convert string to float: …"),
        ('bad value b"19500101" and "1234', "bad value … and …"),
        ("<Dataset of Geheim>  is\ndamaged", "… is damaged"),
        ("the codec can't read it", "the codec can't read it"),
        ("", "ValueError"),
    ],
)
def test_what_is_quoted_of_a_file_is_left_out(said, told):
    assert reason_of(ValueError(said)) == told
