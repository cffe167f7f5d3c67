"""What says whether two processes are the same Vouch."""

from __future__ import annotations

import re

from rag.program import program


def test_a_program_is_its_version_and_a_mark_of_its_files() -> None:
    assert re.fullmatch(r"[\w.]+\+[0-9a-f]{8}", program())
    assert program.__wrapped__() == program()
