"""The agreed words for "not in the documents" are never shown, wherever and however they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asking.opening import Opening
from rag.prompts.prompting import NOT_IN_DOCUMENTS


def passed(text: str, step: int) -> tuple[str, bool]:
    opening = Opening()
    shown = "".join(opening.feed(text[at : at + step]) for at in range(0, len(text), step))
    return shown + opening.close(), opening.abstains


@pytest.mark.parametrize(
    ("said", "shown", "abstains"),
    [
        (NOT_IN_DOCUMENTS, "", True),
        (f' "{NOT_IN_DOCUMENTS}". Sorry!', "", True),
        (f"Sorry. {NOT_IN_DOCUMENTS}", "Sorry. ", False),
        (f"See {NOT_IN_DOCUMENTS}, {NOT_IN_DOCUMENTS}.", "See , .", False),
        ("Sorry. NOT_IN_DOC", "Sorry. NOT_IN_DOC", False),
        (f"NOT_{NOT_IN_DOCUMENTS} N", "NOT_ N", False),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 7, 100])
def test_the_agreed_words_are_not_shown(said: str, shown: str, abstains: bool, step: int) -> None:
    assert passed(said, step) == (shown, abstains)


@given(
    st.lists(st.sampled_from(["NOT_", "IN_DOC", "UMENTS", NOT_IN_DOCUMENTS, "a", " ", "“"])).map("".join),
    st.integers(1, 9),
)
def test_every_other_character_is_passed_on_however_it_came(said: str, step: int) -> None:
    shown, abstains = passed(said, step)
    assert (shown, abstains) == passed(said, max(1, len(said)))
    if not abstains:
        assert shown == said.replace(NOT_IN_DOCUMENTS, "")
