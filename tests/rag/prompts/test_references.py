"""A document's own bracketed numbers ("sold widely.[2]") are neither markers of passages nor figures that answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.citations import Cited, cite
from rag.prompts.approved import make_example
from rag.prompts.prompting import ESTIMATE, Budget, Passage, ReadPassage, build_prompt
from rag.prompts.screening import Screen
from rag.reading.exact import exact
from rag.reading.units import cut
from rag.words.references import without_references
from tests.rag.hits import Shelf
from tests.rag.readings import answered, read

SHELF = Shelf(
    {
        "history.html": "…  The firm leads the market for desktops, although it lost phones to others.[2] "
        "It gives 15 days of paid vacation each year.[232][7]",
        "sales.txt": "…  Desktops sold well in spring.",
        "規程.txt": "…  【1】宿泊費は一泊一万円までとする。【2】日当は三千円とする。",
        "code.md": "…  The field values[0] holds the first reading, and values[1] the second. "
        "The loss was [1,200] in 2024. Use the pattern [0-9].",
    }
)
PASSAGES = tuple(Passage(n, hit) for n, hit in enumerate(SHELF.hits(), 1))
HISTORY = SHELF.texts["history.html"].removeprefix("…  ")
CODE = SHELF.texts["code.md"].removeprefix("…  ")


def shown(reply: str, pieces: int = 10**6) -> tuple[str, Screen, Cited]:
    screen = Screen(PASSAGES, "")
    text = (
        "".join(screen.feed(reply[at : at + pieces]) for at in range(0, len(reply), pieces)) + screen.close()
    )
    return text, screen, cite(text, PASSAGES, "", SHELF)


@pytest.mark.parametrize("pieces", [1, 10**6])
@pytest.mark.parametrize(
    ("reply", "marker"),
    [
        (f"“{HISTORY}” [1]", 1),
        # A model that copies it leaves the numbers out.
        (f"“{HISTORY.replace('[2]', '').replace('[232][7]', '')}” [1]", 1),
        (f"“{CODE}” [4]", 4),
        ("“The field values[0] holds the first reading, and values[1] the second.” [4]", 4),
        ('"values[1] the second" [4]', 4),
        ("« The loss was [1,200] in 2024. » [4]", 4),
        ("「【2】日当は三千円とする。」 [3]", 3),
        ("Footnotes: “to others.[2]” [1]", 1),
    ],
)
def test_what_is_quoted_keeps_each_character_and_its_own_numbers_name_no_passage(
    reply: str, marker: int, pieces: int
) -> None:
    text, screen, cited = shown(reply, pieces)
    assert text == reply
    assert (screen.dropped_markers, screen.altered_quotes) == (0, 0)
    assert {(one.marker, one.state) for one in cited.citations} == {(marker, "quoted")}
    assert all(one.quote in SHELF.texts[one.source] for one in cited.citations)
    assert cited.support == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            "“The field values(0) holds the first reading.” [4]",
            "The field values(0) holds the first reading. [4]",
        ),
        ("“The loss was (1,200) in 2024.” [4]", "The loss was (1,200) in 2024. [4]"),
    ],
)
def test_other_brackets_than_the_documents_are_no_quotation(reply: str, said: str) -> None:
    text, screen, _ = shown(reply)
    assert (text, screen.altered_quotes) == (said, 1)


@pytest.mark.parametrize(
    ("reply", "said", "markers"),
    [
        # Copied without quotation marks, a footnote's number would be taken for a marker.
        (
            "The firm leads the market for desktops, although it lost phones to others.[2] [1]",
            "The firm leads the market for desktops, although it lost phones to others. [1]",
            [1],
        ),
        ("Write `values[0]` or `values[1]` to read the field [4].", None, [4]),
        ("The field values[0] holds the first reading [4].", None, [4]),
        ("The firm leads the market for desktops.[1]", None, [1]),
        ("Desktops sold well in spring.[2]", None, [2]),
    ],
)
def test_a_number_outside_a_quotation_is_a_marker_or_goes_or_belongs_to_code(
    reply: str, said: str | None, markers: list[int]
) -> None:
    text, screen, cited = shown(reply, 1)
    assert (text, screen.dropped_markers) == (said or reply, 0)
    assert [one.marker for one in cited.citations] == markers


def test_a_marker_that_a_model_puts_into_a_quotation_stays_one() -> None:
    text, _, cited = shown("“Desktops sold well in spring [2].”")
    assert text == "“Desktops sold well in spring [2].”"
    assert [one.marker for one in cited.citations] == [2]


def test_a_marker_beside_the_documents_own_number_in_a_quotation_stays_one() -> None:
    text, _, cited = shown("“although it lost phones to others.[2] [1]” [9]")
    assert text == "“although it lost phones to others.[2] [1]”"
    assert [one.marker for one in cited.citations] == [1]


def test_a_model_reads_the_documents_very_words() -> None:
    prompt = build_prompt("What of desktops?", SHELF.hits(), Budget(10**6, 0, ESTIMATE))
    assert all(
        f"text>>\n{one.removeprefix('…  ')}\n<<" in prompt.messages[-1].text for one in SHELF.texts.values()
    )


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        (
            "What does values[0] hold?",
            CODE,
            "“The field values[0] holds the first reading, and values[1] the second.”",
        ),
        ("What was the loss in 2024?", CODE, "“The loss was [1,200] in 2024.”"),
        (
            "What does rule 3 say?",
            "(1) Wear a badge.(2) Lock the door.(3) Report visitors.",
            "(3) Report visitors.",
        ),
        (
            "What does rule 3 say?",
            "[1] Wear a badge.[2] Lock the door.[3] Report visitors.",
            "[3] Report visitors.",
        ),
    ],
)
def test_the_built_in_model_quotes_the_documents_very_words(question: str, text: str, said: str) -> None:
    assert said in answered(question, f"…  {text}")


@pytest.mark.parametrize(("left", "right"), ["()", "[]", "（）"])
def test_no_number_of_a_clause_stands_alone(left: str, right: str) -> None:
    text = f"{left}1{right} 名札を着用する。{left}2{right} 扉を施錠する。 {left}3{right} 来客を報告する。"
    units = cut(0, ReadPassage(1, "", "", text))
    assert all("する。" in unit.text for unit in units)
    assert f"{left}2" not in units[0].text


def test_the_number_of_a_footnote_is_no_answer_and_ends_its_sentence() -> None:
    reading = read("How many vacation days are there?", {"history.html": SHELF.texts["history.html"]})
    first, second = cut(0, reading.passages[0])
    assert first.text.endswith("others.[2]")
    assert exact("How many vacation days are there?", second) == "15 days"
    (unit,) = cut(0, ReadPassage(1, "", "", "Vacation has been longer since that spring.[232]"))
    assert exact("How many vacations are there?", unit) is None


@given(st.text(alphabet="[]【】()0123456789ab .,-^:†", max_size=40))
def test_what_stays_without_references_is_the_texts_own(text: str) -> None:
    bare = without_references(text)
    assert all(
        text[a:b].lower() == one for one, (a, b) in zip(bare.text, bare.offsets, strict=True) if one != " "
    )


@pytest.mark.parametrize("text", ["in [2019] it was", "[rfc 2119]", "array[i]", "[x] done", "[12345]"])
def test_other_brackets_are_no_references(text: str) -> None:
    assert without_references(text).text == text


def test_an_approved_answer_keeps_the_documents_own_numbers_and_counts_its_markers_alone() -> None:
    answer = f"“{HISTORY}” [2]"
    example = make_example(
        "How many vacation days are there?", ["Desktops sold well in spring.", HISTORY], answer
    )
    assert example.answer == f"“{HISTORY}” [1]"
    assert example.passages == (HISTORY,)
