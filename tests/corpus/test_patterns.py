"""Patterns that are compiled when first used are what ``re.compile`` makes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.patterns import pattern

_WORD = r"(?P<first>[a-zä-ö一-龠])(?P<rest>\w*)"


@given(st.text("aä一B1 \n-"))
def test_it_finds_what_a_compiled_one_finds(text: str) -> None:
    late, now = pattern(_WORD, re.IGNORECASE), re.compile(_WORD, re.IGNORECASE)
    for _ in range(2):
        assert late.findall(text) == now.findall(text)
        assert late.sub(r"<\g<rest>>", text) == now.sub(r"<\g<rest>>", text)
        assert [one.span() for one in late.finditer(text)] == [one.span() for one in now.finditer(text)]
        assert late.split(text) == now.split(text)
    assert (late.pattern, late.flags, late.groupindex) == (now.pattern, now.flags, now.groupindex)


def test_bytes_have_patterns_too() -> None:
    assert pattern(rb"\xe3\x81.").findall("あい".encode()) == ["あ".encode(), "い".encode()]


def test_it_is_compiled_with_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []
    monkeypatch.setattr(re, "compile", lambda *given: compiled.append(given))
    late = pattern("a+")
    assert late.pattern == "a+"
    assert not compiled


def test_what_is_no_pattern_says_so_when_it_is_used() -> None:
    with pytest.raises(re.error):
        pattern("(").search("")
