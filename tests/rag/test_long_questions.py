"""Eight thousand characters of anything are a question like another: read, searched and answered in a moment."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from corpus.settings import Settings
from rag.asking.answers import Ask
from rag.bootstrap import open_service

LONGEST, LIMIT_S = 8_000, 4.0
"""Processor time; an answer takes half a second. Rules that tried every beginning with every end took 5 to 40."""
UNITS = (
    "a", " a", "1,", ".", "「", "アア", "漢", "あと", "万", "十", "1万", "2024年", " and how far", "which more: ",
    "compare ", "いくらで、そして", "社長", "§", "between 1 and ", "- ", "To: ",
)  # fmt: skip


@pytest.mark.slow
def test_no_question_takes_long_whatever_it_repeats(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "data")
    slow = {}
    with open_service(Settings(data_dir=tmp_path / "data", receipt_days=0), lazily=True) as service:
        list(service.ask_events(Ask("How many days of leave?")))  # what is loaded when first needed
        for unit in UNITS:
            question = f"How many days of leave? {unit * LONGEST}"[:LONGEST]
            began = time.process_time()
            assert list(service.ask_events(Ask(question)))
            if (took := time.process_time() - began) > LIMIT_S:
                slow[unit] = round(took, 1)
    assert slow == {}
