"""A small file is replaced whole or not at all, and only its user may read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.durable import replace_file, unfinished


@given(texts=st.lists(st.text(st.characters(exclude_characters="\r")), min_size=1, max_size=4))
def test_the_last_text_stands_there_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    for text in texts:
        replace_file(folder / "note", text)
    assert (folder / "note").read_text(encoding="utf-8") == texts[-1]
    assert [one.name for one in folder.iterdir()] == ["note"]
    assert stat.S_IMODE((folder / "note").stat().st_mode) == 0o600


def test_what_a_kill_left_is_neither_read_nor_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("another's")
    unfinished(tmp_path / "note").symlink_to(elsewhere)
    replace_file(tmp_path / "note", "mine")
    assert ((tmp_path / "note").read_text(), elsewhere.read_text()) == ("mine", "another's")


def test_where_it_fails_the_one_before_stays_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_file(tmp_path / "note", "before")

    def full(*paths: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "note", "after")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("note", "before")]
