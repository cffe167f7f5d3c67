"""What every document promises is looked at, whatever parser it comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from corpus.errors import ParseError
from corpus.types import Block, Page
from ingest.parsers import parse
from ingest.parsers.verifying import verify

SOUND = parse(b"# Leave\n\nFive days move.\n", "leave.md")
END = len(SOUND.text)


@pytest.mark.parametrize(
    ("changed", "promise"),
    [
        ({"pages": (Page(1, 0, END + 1),)}, "outside the text"),
        ({"pages": (Page(1, 5, 3),)}, "out of order"),
        ({"pages": (Page(0, 0, END),)}, "page number below 1"),
        ({"pages": (Page(2, 0, 5), Page(1, 5, END))}, "not ascending"),
        ({"pages": (Page(1, 0, 3),)}, "text outside every page"),
        ({"pages": (Page(1, 3, END),)}, "text outside every page"),
        ({"blocks": (Block("paragraph", 3, 9), Block("paragraph", 5, END))}, "out of order"),
        ({"blocks": (Block("paragraph", 0, END, 1),)}, "heading level"),
        ({"blocks": (Block("heading", 0, END, 7),)}, "heading level"),
        ({"title": " "}, "no title"),
        ({"text": " " * END}, "no text"),
    ],
)
def test_a_document_that_breaks_a_promise_is_refused(changed: dict[str, Any], promise: str) -> None:
    with pytest.raises(ParseError, match=promise) as caught:
        verify(replace(SOUND, **changed))
    assert caught.value.code == "bad_reply"


def test_what_a_parser_returns_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.parsers.text.read", lambda data, name, limits: replace(SOUND, title=""))
    with pytest.raises(ParseError, match="no title"):
        parse(b"words", "a.txt")
