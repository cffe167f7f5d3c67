"""Whatever a model writes: every quote shown is stored text at its page, every marker a passage that was given."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.citations import Cited, cite, split_answer
from rag.prompts.prompting import Passage
from rag.prompts.screening import Screen
from tests.rag.grounding.mutations import altered, told
from tests.rag.hits import Shelf

SHELF = Shelf(
    {
        "leave.txt": "…  Up to five days of annual leave move into the next year. They lapse at the end of March.\f"
        "Apply in the people system three weeks ahead.",
        "hotels.txt": "…  Place | Limit a night\nLondon | £185\nParis | €160",
        "休暇.txt": "…  使い切れなかった年次有給休暇は翌年度に限り繰り越す。\f申請は三日前までに人事システムで行う。",
    },
    {"hotels.txt": "Travel policy > Hotels"},
)
QUESTION = "How many days of leave move into the next year?"
PASSAGES = tuple(Passage(n, hit) for n, hit in enumerate(SHELF.hits(), 1))
pieces = st.one_of(
    st.sampled_from(
        ["Up to five days of annual leave move into the next year", "Up to nine days of annual leave", " [1]", "[2]",
         "[7]", "[0]", "[1, 9]", "【2】", "[^3]", "[[8]]", "[1–9]", "“", "”", '"', "‘", "’", "'", "„",
         "<q>", "</q>", "> ", "``", "''", "「", "」", "[", "]", ". ", "。", "\n", "\n\n",
         " London | £185",
         "翌年度に限り繰り越す", "申請は三日前までに", "£190", "Paris", " and ", "…", "Limit a night: "]
    ),
    st.text(max_size=8),
)  # fmt: skip
replies = st.lists(pieces, max_size=20).map("".join)


def cited(text: str, shelf: Shelf = SHELF) -> Cited:
    passages = tuple(Passage(n, hit) for n, hit in enumerate(shelf.hits(), 1))
    return cite(text, passages, QUESTION, shelf)


def screened(text: str, step: int = 1) -> tuple[str, Screen]:
    screen = Screen(PASSAGES, QUESTION)
    shown = "".join(screen.feed(text[at : at + step]) for at in range(0, len(text), step))
    return shown + screen.close(), screen


@given(replies)
def test_every_citation_is_stored_text_on_its_page(reply):
    shown, _ = screened(reply)
    found = cited(shown)
    for citation in found.citations:
        stored = SHELF.texts[citation.document_id]
        assert citation.quote
        assert citation.quote == stored[citation.start : citation.end]
        assert citation.page == stored.count("\f", 0, citation.start) + 1
        assert PASSAGES[citation.marker - 1].hit.document_id == citation.document_id
        assert 0 <= citation.score <= 1
    for sentence in found.sentences:
        assert sentence.text == shown[sentence.start : sentence.end]
        assert all(0 <= index < len(found.citations) for index in sentence.citations)
        assert sentence.state == "unsupported" or sentence.citations
    assert 0 <= found.support <= 1


@given(replies, st.integers(1, 9))
def test_what_is_shown_does_not_depend_on_how_it_came(reply, step):
    whole, once = screened(reply, max(1, len(reply)))
    parts, screen = screened(reply, step)
    assert whole == parts
    assert (once.dropped_markers, once.altered_quotes) == (screen.dropped_markers, screen.altered_quotes)


@given(replies)
def test_no_marker_of_a_passage_that_was_not_given_is_shown(reply):
    shown, _ = screened(reply)
    named = {int(n) for n in re.findall(r"\[\s*(\d{1,4})\s*\]", shown)}
    assert all(n in {1, 2, 3} or 1900 <= n < 2100 for n in named)


@given(replies)
def test_every_character_but_marks_and_markers_is_delivered(reply):
    def words_of(text: str) -> list[str]:
        return re.findall(r"[a-zA-Z一-龠£€…。.|]", re.sub("</?q>", "", text))

    shown, _ = screened(reply)
    assert words_of(shown) == words_of(reply)


@given(replies)
def test_sentences_do_not_overlap_and_stand_in_order(reply):
    spans = [(start, end) for start, end, _, _ in split_answer(reply)]
    assert spans == sorted(spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_quotation_marks_stay_around_stored_words_only():
    kept, screen = screened(
        "“Up to five days of annual leave” [1] and “up to nine days of annual leave” [1]."
    )
    assert kept == "“Up to five days of annual leave” [1] and up to nine days of annual leave [1]."
    assert screen.altered_quotes == 1
    kept, screen = screened("「翌年度に限り繰り越す」[3]「翌々年度まで繰り越す」[3]")
    assert kept == "「翌年度に限り繰り越す」[3]翌々年度まで繰り越す[3]"
    assert screen.altered_quotes == 1


@pytest.mark.parametrize(
    ("written", "shown", "dropped"),
    [
        ("Five days [1].", "Five days [1].", 0),
        ("Five days [9].", "Five days.", 1),
        ("Five days [1–3].", "Five days [1][2][3].", 0),
        ("Five days [1–99].", "Five days [1][2][3].", 1),
        ("Five days [1; 99].", "Five days [1].", 1),
        ("Five days [ 99 ].", "Five days.", 1),
        ("Five days [#99] or [Source 99].", "Five days or.", 2),
        ("Five days [passages 1 and 99].", "Five days [1].", 1),
        ("Five days [資料2と99]。", "Five days [2]。", 1),
        ("Five days [99†source]【99†L1-L5】【2†L1-L5】.", "Five days[2].", 2),
        ("Five days [99, p. 4] [2, p. 4].", "Five days [2].", 1),
        ("Five days [^99^]⟦99⟧.", "Five days.", 2),
        ("Five days [[99]]. Six [[1]].", "Five days. Six [1].", 1),
        ("Five days [1,\n99].", "Five days [1].", 1),
        ("Five days [" + "1, " * 40 + "99].", "Five days [1].", 1),
        ("[“9”] [<q>9</q>] 「[9]」", "", 3),
        ("[" + "“”" * 150 + "9] five", "[9 five", 1),
        ("Since [1998] [3 mm] (99) [1.5] [-1] [[a]] [", "Since [1998] [3 mm] (99) [1.5] [-1] [[a]] [", 0),
        ("Five days [1, 9, 2].", "Five days [1][2].", 1),
        ("Five days 【2】.", "Five days [2].", 0),
        ("See [the handbook].", "See [the handbook].", 0),
        ("An open [1", "An open [1", 0),
    ],
)
def test_markers_come_in_one_spelling(written, shown, dropped):
    text, screen = screened(written)
    assert (text.strip(), screen.dropped_markers) == (shown, dropped)


ALTERED = "Up to nine days of annual leave move into the next year"
STORED = "Up to five days of annual leave move into the next year"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("‘", "’"), ("'", "'"), ("＂", "＂"), ("‹", "›"), ("«", "»"), ("»", "«"), ("《", "》"), ("〈", "〉"),
        ("``", "''"), ("„", "“"), ("„", "”"), ("‚", "‘"), ("「", "」"), ("〝", "〟"), ("> ", "\n\n"), ("- > ", "\n\n"),
        ("<blockquote>", "</blockquote>"), ("<q cite='1'>", "</q>"), ("<Q>", "</Q>"),
        ("[“", "”]"), ("“(", "「"),
    ],
)  # fmt: skip
def test_altered_words_are_shown_as_a_quotation_in_no_spelling(before, after):
    text, screen = screened(f"It says:\n{before}{ALTERED}{after} So it is.")
    assert screen.altered_quotes >= 1
    assert ALTERED in text
    for mark in {before.strip("[(- "), after.strip("]\n")} - {""}:
        assert mark not in text.removeprefix("It says:")
    if after not in "」「":
        text, screen = screened(f"It says:\n{before}{STORED}{after} So it is.")
        assert screen.altered_quotes == (before == "“(")
        assert before == "“(" or text == f"It says:\n{before}{STORED}{after} So it is."


@pytest.mark.parametrize(
    "text",
    [
        "The employees' leave isn't the managers' own; it's 'free' since the '90s.",
        "A ‘core’ rule; don’t ask O’Brien. `a` ``b c d e`` ```\ncode\n``` 5 < 6 > 4 <b>x</b> <query> a -> b",
        'A 3" pipe.',
        "1 > 0\nand 2 > 1\n",
    ],
)
def test_apostrophes_code_and_comparisons_stay(text):
    shown, screen = screened(text)
    assert (shown, screen.altered_quotes, screen.dropped_markers) == (text, 0, 0)


def test_what_follows_a_closed_quotation_is_not_held_back():
    screen = Screen(PASSAGES, QUESTION)
    assert screen.feed(f"„{STORED}“ and more").endswith(" and more")
    assert screen.feed(" “" + "x" * 1300).endswith("x")


@pytest.mark.parametrize("mark", ["“", "[", "‘", "「", "<q>", "> ", "`", "''", "“「"])
def test_a_thousand_opened_marks_are_no_burden(mark):
    shown, _ = screened(mark * 1000 + "five")
    assert shown.endswith("five")


@pytest.mark.parametrize(
    ("claim", "state", "quote"),
    [
        ("“Up to five days of annual leave move into the next year.” [1]", "quoted",
         "Up to five days of annual leave move into the next year."),
        ("Annual leave of up to five days moves into the next year [1].", "supported",
         "Up to five days of annual leave move into the next year."),
        ("Annual leave of up to 9 days moves into the next year [1].", "unsupported",
         "Up to five days of annual leave move into the next year."),
        ("Place | Limit a night: “London | £185” [2]", "quoted", "London | £185"),
        ("「申請は三日前までに人事システムで行う。」 [3]", "quoted", "申請は三日前までに人事システムで行う。"),
    ],
)  # fmt: skip
def test_a_sentence_is_matched_with_the_words_that_bear_it_out(claim, state, quote):
    found = cited(claim)
    assert [(sentence.state) for sentence in found.sentences] == [state]
    assert [citation.quote for citation in found.citations] == [quote]


@pytest.mark.parametrize(
    ("claim", "state"),
    [
        ("Hand in expense claims within 30 days of the trip.", "supported"),
        ("Expense claims of a trip are handed in within 90 days.", "unsupported"),
        ("‘Hand in all expense claims within 90 days of the trip.’", "unsupported"),
        (
            "Claims are handed in within 30 days, those between 31 and 90 days old need the director.",
            "supported",
        ),
    ],
)
def test_a_number_of_another_sentence_does_not_bear_a_claim_out(claim, state):
    shelf = Shelf(
        {
            "expenses.txt": "…  Hand in all expense claims within 30 days of the end of the trip. "
            "Claims between 31 and 90 days old need the director. Older ones are not paid."
        }
    )
    assert [sentence.state for sentence in cited(f"{claim} [1]", shelf).sentences] == [state]


def test_a_changed_number_is_named():
    assert cited("Annual leave of up to 9 days moves into the next year [1].").sentences[0].missing == (
        "9 days",
    )


@pytest.mark.parametrize("japanese", [False, True])
def test_true_sentences_are_never_marked_and_altered_ones_always(japanese):
    every = told(japanese)
    tried = 0
    for one in every[:: len(every) // 50]:
        shelf = Shelf({one.document: f"…  {one.passage}"})
        (true,) = cited(f"{one.sentence} [1]", shelf).sentences or (None,)
        if true is None:
            continue
        assert true.state == "quoted", one.sentence
        for sentence in altered(one):
            tried += 1
            marked = [s for s in cited(f"{sentence} [1]", shelf).sentences if s.state == "unsupported"]
            assert marked, (one.sentence, sentence)
            assert any(s.missing or s.negated for s in marked) or len(marked) > 1, sentence
    assert tried > 50


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("5 days of leave move into the next year.", "25 days of leave move into the next year."),
        ("20 °C is the limit.", "-20 °C is the limit."),
        ("paid on Friday", "Wages are not paid on Friday."),
        ("三日までに申請する。", "十三日までに申請する。"),
        ("領収書は必要", "領収書は必要ない。"),
    ],
)
def test_a_part_of_a_figure_or_of_a_denial_is_no_quotation(claim, words):
    (sentence,) = cited(f"{claim} [1]", Shelf({"a": f"…  {words}"})).sentences
    assert sentence.state == "unsupported"


def test_a_figure_may_be_spelt_otherwise():
    shelf = Shelf({"a": "…  会議は令和7年3月12日午後5時に始まり、参加費は３，０００円である。"})
    (sentence,) = cited("会議は2025年3月12日17:00に始まり、参加費は3千円である。 [1]", shelf).sentences
    assert (sentence.state, sentence.missing) == ("supported", ())


def test_a_sentence_that_nothing_bears_out_has_the_closest_words_beside_it():
    (sentence,) = cited("Up to nine days of annual leave lapse in June.").sentences
    assert (sentence.state, sentence.citations) == ("unsupported", ())
    assert sentence.closest is not None
    assert sentence.closest.quote.startswith("Up to five days of annual leave")
    assert sentence.closest.state == "unsupported"
    assert "nine days" in sentence.missing
    (sentence,) = cited("Zebras zigzag.").sentences
    assert (sentence.score, sentence.closest) == (0.0, None)


def test_an_unmarked_sentence_finds_its_source_by_itself():
    found = cited("Apply in the people system three weeks ahead.")
    assert [(c.marker, c.page, c.state) for c in found.citations] == [(1, 2, "quoted")]


def test_the_figures_of_a_quoted_rows_header_may_stand_elsewhere():
    shelf = Shelf({"box.txt": "…  Outside | Box of 20 l, 6 packs\n20 °C | 31 hours\n35 °C | 14 hours"})
    (found,) = cited("Outside | Box of 20 l, 6 packs: “35 °C | 14 hours” [1]", shelf).citations
    assert (found.quote, found.state) == ("35 °C | 14 hours", "quoted")


def test_each_quoted_row_is_a_sentence_of_its_own():
    found = cited("Place | Limit a night: “London | £185” [2]\nPlace | Limit a night: “Paris | €160” [2]")
    assert [citation.quote for citation in found.citations] == ["London | £185", "Paris | €160"]
    assert found.support == 1


def test_words_that_are_stored_no_longer_are_not_cited():
    class Erased(Shelf):
        def read_text(self, document_id: str, version: int, start: int, end: int) -> str:
            return ""

    found = cited("Up to five days of annual leave move into the next year. [1]", Erased(SHELF.texts))
    assert found.citations == ()
    assert found.support == 0


@pytest.mark.parametrize(
    ("said", "quote"),
    [
        ('“"Safety first, always" is our motto.” [1]', '"Safety first, always" is our motto.'),
        ('"Safety first, always" is our motto. [1]', '"Safety first, always" is our motto.'),
        ("It is said in “Our house” [1]", "It is said in “Our house”"),
        ("«「安全第一」を合言葉とする。» [1]", "「安全第一」を合言葉とする。"),
        ("“The motto hangs on the wall” [1]", "The motto hangs on the wall"),
    ],
)
def test_a_quotation_keeps_the_marks_that_its_own_words_begin_or_end_with(said, quote):
    text = (
        '…  "Safety first, always" is our motto. It is said in “Our house”. 「安全第一」を合言葉とする。'
        ' "The motto hangs on the wall"'
    )
    (citation,) = cited(said, Shelf({"house.txt": text})).citations
    assert citation.quote == quote
