"""What `etomotut run` sets in the stages of the template."""

from __future__ import annotations

import pytest

import etomotut.protocols as stages
from etomotut.backends import AUTO, EMBEDDED, IMOD
from etomotut.workflow.run import choice_for


@pytest.mark.parametrize(
    ("name", "asked", "chosen"),
    [
        ("Prealign", IMOD, IMOD),
        ("Surfaces", IMOD, IMOD),
        ("Tomo3d", IMOD, AUTO),
        ("EraseFiducials", IMOD, AUTO),
        ("Tomo3d", EMBEDDED, EMBEDDED),
    ],
)
def test_who_asks_for_imod_need_not_have_what_imod_lacks(name, asked, chosen):
    assert choice_for(getattr(stages, f"ProtEtomotut{name}")(), asked) == chosen
