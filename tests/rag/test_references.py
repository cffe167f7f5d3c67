"""A document's own bracketed numbers ("sold widely.[2]") are neither markers of passages nor figures that answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.citations import Cited, cite
from rag.prompts.prompting import ESTIMATE, Budget, Passage, ReadPassage, build_prompt
from rag.prompts.screening import Screen
from rag.reading.exact import exact
from rag.reading.units import cut
from rag.words.references import unmarked, without_references
from tests.rag.hits import Shelf
from tests.rag.readings import read

SHELF = Shelf(
    {
        "history.html": "…  The firm leads the market for desktops, although it lost phones to others.[2] "
        "It gives 15 days of paid vacation each year.[232][7]",
        "sales.txt": "…  Desktops sold well in spring.",
        "規程.txt": "…  【1】宿泊費は一泊一万円までとする。【2】日当は三千円とする。",
    }
)
PASSAGES = tuple(Passage(n, hit) for n, hit in enumerate(SHELF.hits(), 1))


def shown(reply: str) -> tuple[str, Screen, Cited]:
    screen = Screen(PASSAGES, "")
    text = screen.feed(reply) + screen.close()
    return text, screen, cite(text, PASSAGES, "", read_text=SHELF.read_text, page_of=SHELF.page_of)


@pytest.mark.parametrize(
    "reply",
    [
        # As the prompt shows it, as the document has it, and as a model copies it that leaves the numbers out.
        "“The firm leads the market for desktops, although it lost phones to others.(2) It gives 15 days of paid "
        "vacation each year.(232)(7)” [1]",
        "“The firm leads the market for desktops, although it lost phones to others.[2] It gives 15 days of paid "
        "vacation each year.[232][7]” [1]",
        "“The firm leads the market for desktops, although it lost phones to others. It gives 15 days of paid "
        "vacation each year.” [1]",
    ],
)
def test_a_quotation_with_a_documents_own_numbers_is_one_and_names_no_other_passage(reply: str) -> None:
    text, screen, cited = shown(reply)
    assert (screen.dropped_markers, screen.altered_quotes) == (0, 0)
    assert text.count("“") == text.count("”") == 1
    assert text.count("[") == 1
    assert {(one.marker, one.state) for one in cited.citations} == {(1, "quoted")}
    assert all(one.quote in SHELF.texts["history.html"] for one in cited.citations)
    assert cited.support == 1


def test_a_japanese_documents_numbered_parts_are_no_markers() -> None:
    text, screen, cited = shown("「【2】日当は三千円とする。」 [3]")
    assert (text, screen.altered_quotes) == ("「(2)日当は三千円とする。」 [3]", 0)
    assert [one.marker for one in cited.citations] == [3]


def test_a_marker_that_a_model_puts_into_a_quotation_stays_one() -> None:
    text, _, cited = shown("“Desktops sold well in spring [2].”")
    assert text == "“Desktops sold well in spring [2].”"
    assert [one.marker for one in cited.citations] == [2]


def test_a_model_reads_no_bracketed_numbers_but_its_passages_own() -> None:
    prompt = build_prompt("What of desktops?", SHELF.hits(), Budget(10**6, 0, ESTIMATE))
    asked = prompt.messages[-1].text.partition("question>>")[0]
    assert "others.(2) It" in asked
    assert "[" not in asked
    assert "【" not in asked


def test_the_number_of_a_footnote_is_no_answer_and_ends_its_sentence() -> None:
    reading = read(
        "How many vacation days are there?", {"history.html": unmarked(SHELF.texts["history.html"])}
    )
    first, second = cut(0, reading.passages[0])
    assert first.text.endswith("others.(2)")
    assert exact("How many vacation days are there?", second) == "15 days"
    (unit,) = cut(0, ReadPassage(1, "", "", "Vacation has been longer since that spring.(232)"))
    assert exact("How many vacations are there?", unit) is None


@given(st.text(alphabet="[]【】()0123456789ab .,-^:†", max_size=40))
def test_only_brackets_change_and_no_place_moves(text: str) -> None:
    changed = unmarked(text)
    assert len(changed) == len(text)
    assert all(new == old or old in "[]【】" for new, old in zip(changed, text, strict=True))
    assert unmarked(changed) == changed
    bare = without_references(text)
    assert all(
        text[a:b].lower() == one for one, (a, b) in zip(bare.text, bare.offsets, strict=True) if one != " "
    )


@pytest.mark.parametrize("text", ["in [2019] it was", "[RFC 2119]", "array[i]", "[x] done", "[12345]", "[ ]"])
def test_other_brackets_stay(text: str) -> None:
    assert unmarked(text) == text
