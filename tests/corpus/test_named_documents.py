"""Documents are found by words of their names, however case, width and marks are written."""

from __future__ import annotations

import unicodedata

import pytest

from corpus.catalog.access import is_named


@pytest.mark.parametrize("written", ["Café", "ガイド", "Straße", "ΐ", "㏎", "ǰ", "ΰ", "ﬀ"])
def test_a_name_is_found_in_any_case_and_unicode_form(written: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        for word in (written, written.upper(), written.lower()):
            assert is_named(f"a {written}.pdf", unicodedata.normalize(form, word))


def test_signs_of_patterns_are_signs() -> None:
    assert is_named("100%_a*", "% _ *")
    assert not is_named("abc", "%")
    assert not is_named("abc", "_")
