"""docs/models.md names every field of a [models.NAME] table."""

from __future__ import annotations

import re
from pathlib import Path

from rag.models.cards import ModelSettings

PAGE = Path(__file__).resolve().parents[3] / "docs" / "models.md"


def test_every_field_of_a_models_table_is_documented() -> None:
    rows = [line.split("|")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == set(ModelSettings.model_fields)
