"""Hits worth a reader's room: one document does not crowd the others out, nothing comes twice, neighbours are one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.types import Hit, Place, show_chunk_id
from rag.retrieval.ranking import Recipe
from rag.retrieval.spreading import MOST_JOINED, joined, spread, without_copies

TEXT = "".join(f"Sentence number {n} of the text. " for n in range(40))
STEP = 33


def hit(ordinal: int, document: str = "a", text: str = "", headings: tuple[str, ...] = ()) -> Hit:
    start = ordinal * STEP
    return Hit(
        rank=1, score=0.5, chunk_id=show_chunk_id(1000 + ordinal), document_id=document, version=1, collection="c",
        source=f"{document}.md", title=document, content_type="text/markdown", language="en", page=ordinal + 1,
        last_page=ordinal + 1, start=start, end=start + STEP, headings=headings, context=f"context {ordinal}",
        text=text or TEXT[start : start + STEP], legs={},
    )  # fmt: skip


def place(hits: list[Hit]) -> dict[str, Place]:
    return {one.chunk_id: Place(one.document_id, one.start // STEP) for one in hits}


def join(hits: list[Hit]) -> list[Hit]:
    return joined(hits, place(hits), lambda spans: [TEXT[start:end] for _, start, end in spans])


def ranking(*documents: str, step: float = 0.001) -> tuple[list[tuple[int, float]], dict[int, Place]]:
    places = {own: Place(document, own) for own, document in enumerate(documents)}
    return [(own, 1.0 - step * own) for own in places], places


def test_a_document_with_little_lead_gives_room_to_others() -> None:
    ranked, places = ranking("a", "a", "a", "a", "a", "b")
    chosen = spread(ranked, places, Recipe(crowd=3, crowding=0.02), 5)
    assert [places[own].document_id for own, _ in chosen] == ["a", "a", "a", "b", "a", "a"]


def test_a_document_that_alone_answers_keeps_its_passages() -> None:
    ranked, places = ranking("a", "a", "a", "a", "a", "b", step=0.1)
    assert spread(ranked, places, Recipe(crowd=3, crowding=0.02), 5) == ranked
    crowded, known = ranking("a", "a", "a", "a", "b")
    assert spread(crowded, known, Recipe(crowding=0.0), 5) == crowded


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 12))
def test_spreading_loses_nothing_but_what_has_no_place(documents: list[str], k: int) -> None:
    ranked, places = ranking(*documents)
    gone = set(list(places)[::3])
    kept = {own: where for own, where in places.items() if own not in gone}
    chosen = spread(ranked, kept, Recipe(), k)
    assert sorted(chosen) == sorted(item for item in ranked if item[0] not in gone)
    assert not chosen or chosen[0] == next(item for item in ranked if item[0] not in gone)


def test_what_says_the_same_in_another_document_comes_once_and_is_named() -> None:
    text = "The warranty lasts 24 months from the day of delivery."
    first, copy = hit(1, "a", text), hit(2, "b", "The warranty lasts 24 months, from the day of delivery")
    other = hit(3, "c", text.replace("24", "36"))
    again = hit(4, "a", text)
    kept = without_copies([first, copy, other, again])
    assert [one.chunk_id for one in kept] == [first.chunk_id, other.chunk_id, again.chunk_id]
    assert kept[0].also == ("b.md",)
    assert without_copies([first, replace(copy, collection="other")])[0].also == ()


def test_an_earlier_mail_and_its_copy_below_an_answer_are_the_same() -> None:
    text = "The warranty lasts 24 months from the day of delivery."
    named = ("Warranty", "From: Bob"), ("Re: Warranty", "On Jan 4, 2026 Bob wrote:")
    mails = [
        replace(hit(at, "ab"[at], f"{headings[at]}\n\n{text}"), headings=headings, content_type=kind)
        for kind in ("message/rfc822", "text/html")
        for at, headings in enumerate(named)
    ]
    assert len(without_copies(mails[:2])) == 1
    assert len(without_copies(mails[2:])) == 2
    box = [
        replace(mail, document_id="a", source="a.mbox", content_type="application/mbox") for mail in mails[:2]
    ]
    assert [(one.chunk_id, one.also) for one in without_copies(box)] == [(box[0].chunk_id, ())]


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        (
            "Call your lead first. A note of a doctor is required from the third day of illness.",
            "third",
            "fourth",
        ),
        ("Private sticks may not be used on the laptops of the house or at home.", "may not", "may"),
        ("病気で休むときは、三日目から医師の診断書を総務課に提出しなければならない。", "三日", "四日"),
    ],
)
def test_what_differs_in_a_written_figure_or_a_denial_is_no_copy(text: str, one: str, other: str) -> None:
    long = f"{text} {'The rest of it is the same in both. ' * 4}"
    assert len(without_copies([hit(1, "a", long), hit(2, "b", long.replace(one, other))])) == 2


def test_japanese_copies_are_known_too() -> None:
    text = "保証期間は納入の日から24か月とする。消耗品は保証の対象としない。"
    assert len(without_copies([hit(1, "a", text), hit(2, "b", text.replace("24", "２４"))])) == 1
    assert len(without_copies([hit(1, "a", text), hit(2, "b", text.replace("24", "36"))])) == 2


def test_neighbours_become_one_passage_of_the_stored_text() -> None:
    hits = join([hit(5), hit(9), hit(6), hit(4)])
    assert [(one.start, one.end) for one in hits] == [(4 * STEP, 7 * STEP), (9 * STEP, 10 * STEP)]
    assert hits[0].text == TEXT[4 * STEP : 7 * STEP]
    assert (hits[0].chunk_id, hits[0].chunk_ids) == (
        show_chunk_id(1005), tuple(show_chunk_id(1000 + n) for n in (4, 5, 6)),
    )  # fmt: skip
    assert (hits[0].page, hits[0].last_page, hits[0].context) == (5, 7, "context 4")
    assert hits[1].chunk_ids == ()


def test_other_sections_documents_and_versions_are_no_neighbours() -> None:
    apart = [hit(1), hit(2, "b"), hit(2, headings=("Annex",)), replace(hit(2), version=2)]
    assert len(join(apart)) == 4


def test_a_passage_that_was_just_removed_stays_as_it_was_found() -> None:
    hits = [hit(1), hit(2)]
    assert joined(hits, place(hits), lambda spans: [""] * len(spans)) == [hit(1)]


@given(st.lists(st.integers(0, 30), unique=True, max_size=20))
def test_joined_passages_hold_every_chunk_once(ordinals: list[int]) -> None:
    hits = join([hit(ordinal) for ordinal in ordinals])
    covered = [at for one in hits for at in range(one.start // STEP, one.end // STEP)]
    assert sorted(covered) == sorted(ordinals)
    assert all((one.end - one.start) // STEP <= MOST_JOINED for one in hits)
