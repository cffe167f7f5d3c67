"""What of a hit speaks of the query: whole sentences, the more of it the better the passage; and hits cut to that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.language import sentences
from corpus.settings import Settings
from corpus.store import open_corpus
from corpus.types import ANYONE, OWNER, Hit, Page, show_chunk_id
from rag.retrieval import focusing
from rag.retrieval.focusing import NEAR, cut_to_focus, focused
from tests.builders import SPACE, new_version

SHORT = focusing.SHORT
FAR = 0.9
QUERY = "How many days of annual leave are carried over?"
SAYS = "Five days of annual leave are carried over."
BESIDE = ("The office opens at nine.", "Visitors sign the book.", "Lunch is free.", "The gate is locked.")


def hit(text: str, behind: float = 0.0, *, start: int = 0, own: int = 1, **beside: object) -> Hit:
    plain = Hit(
        rank=1, score=1.0 - behind, chunk_id=show_chunk_id(own), document_id="d", version=1, collection="c",
        source="d.md", title="", content_type="text/markdown", language="en", page=1, last_page=1, start=start,
        end=start + len(text), headings=(), context="Title", text=text, legs={},
    )  # fmt: skip
    return replace(plain, **beside)  # type: ignore[arg-type]


BEST = hit("Annual leave.", own=99)


@pytest.fixture(autouse=True, scope="module")
def short_ones_are_cut() -> Iterator[None]:
    """A line or two is enough to show what is cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(focusing, "SHORT", 0)
        yield


def cut(found: Hit, query: str = QUERY, parts: Sequence[Hit] = ()) -> Hit:
    """Returns a hit behind a better one, cut to its focus."""
    hits = focused(query, [BEST, found], [BEST, *(parts or [found])])
    return cut_to_focus(hits, lambda asked: [()] * len(asked))[1]


def test_a_short_passage_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(focusing, "SHORT", SHORT)
    beside = " ".join(BESIDE * 4)[: SHORT - len(SAYS) - 1]
    short, longer = (hit(f"{SAYS} {beside}{more}", FAR) for more in ("", "s"))
    assert len(short.text) == SHORT
    assert cut(short).text == short.text
    assert cut(longer).text == SAYS


def test_what_stands_first_is_whole_though_another_was_found_better() -> None:
    """As where a CrossEncoder orders what was found."""
    first = hit(f"{' '.join(BESIDE)} {SAYS} {' '.join(BESIDE)}", FAR)
    assert [one.focus for one in focused(QUERY, [first, BEST], [BEST, first])] == [None, None]
    assert focused(QUERY, [BEST, first], [BEST, first])[1].focus is not None


words = st.sampled_from(
    ["annual", "leave", "days", "carried", "office", "gate", "lunch", "book", "It", "休暇"]
)
sentence = st.lists(words, min_size=1, max_size=6).map(lambda some: f"{' '.join(some).capitalize()}.")
texts = st.lists(sentence, min_size=1, max_size=12).map(" ".join)


@given(texts, st.floats(0, 1), st.integers(0, 50))
def test_a_focus_is_whole_sentences_of_its_hit(text: str, behind: float, start: int) -> None:
    found = hit(text, behind, start=start)
    shown = cut(found)
    assert shown.text == text[shown.start - start : shown.end - start] != ""
    spans = sentences(text)
    assert shown.start - start in [begin for begin, _ in spans]
    assert shown.end - start in [end for _, end in spans]


@given(st.lists(sentence, min_size=1, max_size=12), st.floats(0, 1), st.floats(0, 1))
def test_the_further_behind_the_less_is_shown(said: list[str], one: float, other: float) -> None:
    text = " ".join(said).replace("It ", "The ")
    more, less = (cut(hit(text, behind)) for behind in sorted((one, other)))
    assert more.start <= less.start < less.end <= more.end


@given(texts, st.floats(0, NEAR - 1e-6))
def test_what_is_as_good_as_the_best_stays_whole(text: str, behind: float) -> None:
    assert cut(hit(text, behind)).text == text


def test_what_speaks_of_the_query_is_shown() -> None:
    text = " ".join((*BESIDE, SAYS, *BESIDE))
    assert cut(hit(text, FAR)).text == SAYS
    assert cut(hit(text, 0.15)).text == f"{BESIDE[3]} {SAYS} {BESIDE[0]}"
    assert cut(hit(text, FAR), "When does the canteen close?").text == text, "found by its meaning"
    assert cut(hit(text, FAR), "?").text == text


def test_japanese_and_codes_are_words_too() -> None:
    before, says, behind = (
        "受付は九時に開きます。",
        "年次有給休暇は５日まで繰り越せます。",
        "食堂は無料です。",
    )
    text = before * 3 + says + behind * 3
    assert cut(hit(text, FAR), "有給休暇は何日繰り越せますか").text == says
    text = " ".join((*BESIDE, "The E‑4032 takes a lithium cell.", *BESIDE))
    assert cut(hit(text, FAR), "battery of the e4032").text == "The E‑4032 takes a lithium cell."


def test_what_says_nothing_alone_is_shown_with_what_it_needs() -> None:
    text = " ".join(
        (*BESIDE, "So it is in Brno.", "It is five days of annual leave, carried over once.", *BESIDE)
    )
    assert cut(hit(text, FAR)).text == "So it is in Brno. It is five days of annual leave, carried over once."
    text = "\n\n".join(("Annual leave carried over", *BESIDE))
    assert cut(hit(text, FAR, headings=("Annual leave carried over",))).text == "\n\n".join(
        text.split("\n\n")[:2]
    )
    text = " ".join((*BESIDE, "How many days of annual leave are carried over?", "Five.", *BESIDE))
    assert cut(hit(text, FAR)).text == "How many days of annual leave are carried over? Five."
    text = "\n".join((*BESIDE, "", "Days of annual leave | Carried over", "25 | 5", "30 | 6", "", *BESIDE))
    assert cut(hit(text, FAR)).text == "Days of annual leave | Carried over\n25 | 5\n30 | 6"


def test_what_a_row_or_an_item_stands_under_goes_into_the_context() -> None:
    rows = "Place | Limit\nLondon | 185\nBristol | 140\nLeeds | 130\nBath | 120"
    shown = cut(hit(rows, FAR), "hotel in Leeds")
    assert (shown.text, shown.context) == ("Leeds | 130", "Title\nPlace | Limit")
    items = "These are open:\n- the gate on Sundays\n- the canteen at noon\n- the pool in summer"
    shown = cut(hit(items, FAR), "when is the canteen open at noon")
    assert (shown.text, shown.context) == ("- the canteen at noon", "Title\nThese are open:")
    again = hit("London | 185\nLeeds | 130", FAR, context="Title\nPlace | Limit")
    assert cut(again, "Leeds").context == "Title\nPlace | Limit", "a header that stands there already"


def test_of_passages_that_are_one_each_is_asked_by_its_own_score() -> None:
    first, second = " ".join((*BESIDE, *BESIDE)), " ".join((SAYS, *BESIDE))
    parts = [hit(first, FAR), hit(second, 0.0, start=len(first) + 1, own=2)]
    one = replace(
        parts[1], start=0, text=f"{first} {second}", chunk_ids=tuple(part.chunk_id for part in parts)
    )
    assert cut(one, parts=parts).text == second
    assert cut(one, parts=[replace(part, score=1.0) for part in parts]).text == one.text


def test_a_hit_names_the_pages_that_are_left() -> None:
    text = " ".join((*BESIDE, SAYS))
    at = text.index(SAYS)
    found = hit(text, FAR, page=3, last_page=4, page_label="iii")
    pages = [Page(3, 0, at, "iii"), Page(4, at, 500, "iv")]
    hits = focused(QUERY, [BEST, found], [BEST, found])
    shown = cut_to_focus(hits, lambda asked: [pages] * len(asked))[1]
    assert (shown.page, shown.last_page, shown.page_label) == (4, 4, "iv")
    gone = cut_to_focus(hits, lambda asked: [()] * len(asked))[1]
    assert (gone.text, gone.page, gone.last_page) == (SAYS, 3, 4)


def test_pages_are_read_of_what_the_caller_may_see(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as corpus:
        places = []
        for path, access in (("a.txt", "public"), ("b.txt", "group:board")):
            own = corpus.commit(new_version(path, [path], access=frozenset({access})), path.encode())
            places.append((own.document_id, own.number, 1, 9))
        places.append(("absent", 1, 1, 1))
        numbers = [[page.number for page in pages] for pages in corpus.pages(places, OWNER)]
        assert numbers == [[1], [1], []]
        assert [len(pages) for pages in corpus.pages(places, ANYONE)] == [1, 0, 0]
