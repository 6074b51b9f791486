"""What all stages share, as far as it can be tried without a project."""

from __future__ import annotations

import pytest

from etomotut.errors import EtomotutError
from etomotut.protocols.protocol_base import reason_of, sentence


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EtomotutError("TS_1: the series has no views"), "the series has no views"),
        (EtomotutError("tilt: no memory"), "tilt: no memory"),
        (FileNotFoundError(2, "No such file or directory", "a.st"), "a.st: No such file or "),
        (Exception("Failed to submit to queue."), "Failed to submit to queue."),
        (KeyError("x"), "internal fault, please report it: KeyError: 'x'"),
    ],
)
def test_reasons_are_one_sentence_without_the_name_of_the_series(error, reason):
    assert reason_of(error, "TS_1").startswith(reason)


def test_an_error_of_a_form_is_a_sentence():
    assert sentence(EtomotutError("no IMOD")) == "No IMOD."
