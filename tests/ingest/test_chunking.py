"""Chunks: slices that hold all the text, fit the embedder, and follow the document's structure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.embedding import open_embedder
from corpus.embedding.passages import readable
from corpus.settings import Settings
from corpus.types import Block, BlockKind, Chunk, Document, Page
from ingest.chunking import Chunker

Piece = tuple[BlockKind, str, int]

_TOKEN = re.compile(r"[A-Za-z0-9]{1,6}|[^\sA-Za-z0-9]")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff]")


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Counts pieces of words of at most six letters, and two special tokens."""
    return [2 + len(_TOKEN.findall(text)) for text in texts]


def covers(text: str) -> bool:
    return len(_CJK.findall(text)) * 4 <= sum(character.isalpha() for character in text)


def build(pieces: Sequence[Piece], title: str = "Handbook", per_page: int = 0) -> Document:
    """Joins blocks with blank lines, as parsers do; a page for every ``per_page`` blocks."""
    text, blocks, pages = "", [], []
    for number, (kind, own, level) in enumerate(pieces):
        text += "\n\n" if text else ""
        if not pages or (per_page and number % per_page == 0):
            pages.append([len(text), 0])
        header = own.split("\n", 1)[0] if kind == "table" else ""
        blocks.append(Block(kind, len(text), len(text) + len(own), level, header))
        text += own
        pages[-1][1] = len(text)
    return Document(
        text=text,
        pages=tuple(Page(at + 1, start, end) for at, (start, end) in enumerate(pages)),
        blocks=tuple(blocks),
        title=title,
        content_type="text/plain",
    )


def cut(document: Document, tokens: int = 40, chars: int = 60) -> tuple[Chunk, ...]:
    return Chunker(count_tokens, covers, Settings(chunk_tokens=tokens, chunk_chars=chars), 256).chunk(
        document
    )


# ---- what holds for every document ---------------------------------------------------------------

words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
english = st.lists(
    st.sampled_from(
        [
            "the",
            "leave",
            "policy",
            "grants",
            "twelve",
            "days.",
            "Ask",
            "HR!",
            "e.g.",
            "3.5",
            "%",
            "§",
            "A-1",
            "ok?",
        ]
    )
)
japanese = st.lists(
    st.sampled_from(["年次有給休暇は", "申請が必要です。", "ただし、", "「例外」もある。", "ABC"])
)
unspaced = st.integers(1, 400).map(lambda n: "x" * n)
prose = st.one_of(english.map(" ".join), japanese.map("".join), unspaced, words)
rows = st.lists(st.lists(words.map(lambda w: " ".join(w.split())), min_size=2, max_size=3).map(" | ".join))
pieces = st.lists(
    st.one_of(
        st.tuples(st.just("heading"), words.map(lambda w: " ".join(w.split())), st.integers(1, 6)),
        st.tuples(st.sampled_from(["paragraph", "list", "code"]), prose, st.just(0)),
        st.tuples(st.just("table"), rows.map("\n".join), st.just(0)),
    ),
    max_size=12,
)
documents = st.builds(build, pieces, words, st.integers(0, 4))


def check(document: Document, chunks: Sequence[Chunk], tokens: int, chars: int, count: object = None) -> None:
    counted: Callable[[Sequence[str]], list[int]] = count if callable(count) else count_tokens
    text, reached = document.text, 0
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text.strip() == chunk.text != ""
        assert text[reached : chunk.start].strip() == "", "text between chunks is lost"
        assert chunk.start >= reached, "chunks overlap"
        reached = chunk.end
        assert chunk.tokens == counted([chunk.searched])[0]
        first = [p.number for p in document.pages if p.start <= chunk.start < p.end]
        last = [p.number for p in document.pages if p.start < chunk.end <= p.end]
        assert [chunk.page] == first
        assert [chunk.last_page] == last
    assert text[reached:].strip() == "", "text after the last chunk is lost"


@given(document=documents, tokens=st.integers(16, 60), chars=st.integers(50, 90))
@settings(max_examples=300)
def test_chunks_are_slices_that_hold_everything_and_fit(document: Document, tokens: int, chars: int) -> None:
    chunks = cut(document, tokens, chars)
    check(document, chunks, tokens, chars)
    for chunk in chunks:
        if readable(chunk.context, chunk.text, chunk.headings, covers):
            assert chunk.tokens <= tokens
        else:
            assert len(chunk.text) <= chars
    assert cut(document, tokens, chars) == chunks


@given(document=documents)
@settings(max_examples=40)
def test_the_same_holds_for_the_real_tokenizer(document: Document) -> None:
    embedder = open_embedder(Settings())
    chosen = Settings(chunk_tokens=32, chunk_chars=60)
    chunks = Chunker(embedder.count_tokens, embedder.covers, chosen, embedder.max_tokens).chunk(document)
    check(document, chunks, 32, 60, embedder.count_tokens)
    read = [chunk for chunk in chunks if readable(chunk.context, chunk.text, chunk.headings, embedder.covers)]
    assert all(chunk.tokens <= 32 for chunk in read)


@given(document=documents, tokens=st.integers(16, 60))
@settings(max_examples=200)
def test_no_chunk_goes_on_into_another_section(document: Document, tokens: int) -> None:
    for chunk in cut(document, tokens):
        inside = [
            block
            for block in document.blocks
            if chunk.start < block.end
            and block.start < chunk.end
            and document.text[block.start : block.end].strip()
        ]
        kinds = [block.kind == "heading" for block in inside]
        assert kinds == sorted(kinds, reverse=True), "a heading after text"
        levels = [block.level for block in inside if block.kind == "heading"]
        assert levels == sorted(set(levels)), "headings of different sections"


# ---- structure -----------------------------------------------------------------------------------

LONG = "Every employee may take leave after one month of service. " * 12


def test_title_and_heading_path_are_context_and_a_chunk_s_own_headings_are_text() -> None:
    document = build(
        [
            ("heading", "Benefits", 1),
            ("heading", "Leave", 2),
            ("paragraph", LONG, 0),
            ("heading", "Pay", 1),
            ("paragraph", LONG, 0),
        ]
    )
    chunks = cut(document, 60)
    leave = [chunk for chunk in chunks if chunk.headings == ("Benefits", "Leave")]
    pay = [chunk for chunk in chunks if chunk.headings == ("Pay",)]
    assert [*leave, *pay] == list(chunks)
    assert leave[0].text.startswith("Benefits\n\nLeave\n\nEvery employee")
    assert leave[0].context == "Handbook"
    assert {chunk.context for chunk in leave[1:]} == {"Handbook > Benefits > Leave"}
    assert pay[0].text.startswith("Pay\n\n")
    assert pay[1].context == "Handbook > Pay"


def test_a_title_without_text_of_its_own_is_read_with_what_follows() -> None:
    chunks = cut(build([("paragraph", "Handbook", 0), ("heading", "Leave", 3), ("paragraph", LONG, 0)]), 60)
    assert chunks[0].text.startswith("Handbook\n\nLeave\n\nEvery employee")
    assert {chunk.headings for chunk in chunks} == {("Leave",)}
    assert cut(build([("paragraph", "Handbook", 0)]))[0].text == "Handbook"


def test_sentences_are_not_cut_and_chunks_are_of_even_size() -> None:
    chunks = cut(build([("paragraph", LONG.strip(), 0)]), 60)
    assert all(chunk.text.endswith("service.") and chunk.text.startswith("Every") for chunk in chunks)
    sizes = [len(chunk.text) for chunk in chunks]
    assert max(sizes) <= 2 * min(sizes)


def test_a_cut_table_repeats_its_header_in_the_context() -> None:
    table = "\n".join(["Grade | Days", *(f"G{number} | {number + 10}" for number in range(40))])
    chunks = cut(build([("paragraph", "Leave by grade.", 0), ("table", table, 0)]), 60)
    assert len(chunks) > 2
    assert "Grade | Days" in chunks[0].text
    for chunk in chunks[1:]:
        assert chunk.context == "Handbook\nGrade | Days"
        assert all(re.fullmatch(r"G\d+ \| \d+", line) for line in chunk.text.splitlines())


def test_the_rest_of_a_table_on_another_page_has_its_header_in_the_context() -> None:
    rows = "\n".join(f"city {number} | {number}" for number in range(12))
    pieces: list[Piece] = [("table", f"City | Rate\n{rows}", 0), ("table", rows.replace("city", "town"), 0)]
    document = build(pieces, per_page=1)
    rest = replace(document.blocks[1], header="City | Rate")
    first, *others = cut(replace(document, blocks=(document.blocks[0], rest)))
    assert "City | Rate" not in first.context
    assert len(others) > 2
    assert all(chunk.context.endswith("City | Rate") for chunk in others)
    assert all(count_tokens([chunk.context + chunk.text])[0] <= 40 + 2 for chunk in others)


def test_an_over_long_title_path_and_header_leave_room_for_text() -> None:
    wide = " | ".join(f"column {number}" for number in range(200))
    table = "\n".join([wide, *(f"row {number} | 1 | 2" for number in range(30))])
    document = build(
        [("heading", "heading words " * 30, 1), ("heading", "more words " * 30, 2), ("table", table, 0)],
        title="a title that does not end " * 40,
    )
    for chunk in cut(document, 60):
        assert chunk.tokens <= 60
        assert chunk.text


def test_the_middle_of_a_row_has_no_header_that_names_other_columns() -> None:
    wide, row = (" | ".join(f"{name} {number}" for number in range(200)) for name in ("column", "value"))
    chunks = cut(build([("table", f"{wide}\n{row}", 0)]), 60)
    at_start = re.compile(r"value (?:\d|1[0-9])\b")  # what was in one passage with the row's start
    middles = [chunk.context for chunk in chunks if not at_start.search(chunk.text)]
    assert (len(middles) > 15, set(middles)) == (True, {"Handbook"})
    assert next(one for one in chunks if "value 0 " in one.text).context.startswith(
        "Handbook\ncolumn 0 | column 1"
    )
    narrow = "Name | Note\n" + f"Aki | {'many words ' * 100}"
    assert {chunk.context for chunk in cut(build([("table", narrow, 0)]), 60)[1:]} == {
        "Handbook\nName | Note"
    }


def test_uncovered_text_is_cut_by_characters_at_sentence_ends() -> None:
    chunks = cut(
        build([("paragraph", "年次有給休暇の申請が必要です。" * 30, 0)], title="就業規則"), chars=100
    )
    assert len(chunks) > 3
    assert all(len(chunk.text) <= 100 and chunk.text.endswith("。") for chunk in chunks)


def test_each_language_of_a_section_is_cut_by_its_own_measure() -> None:
    document = build(
        [
            ("heading", "規程 Rules", 1),
            ("paragraph", "休暇の申請が必要です。" * 40, 0),
            ("paragraph", LONG, 0),
        ]
    )
    chunks = cut(document, 60, 80)
    for chunk in chunks:
        mixed = "Every" in chunk.text and "休暇" in chunk.text
        assert not mixed
    assert any(covers(chunk.searched) for chunk in chunks)


def test_an_english_section_under_japanese_headings_is_cut_by_its_own_measure() -> None:
    title = "社員食堂の開設と利用上の注意に関する全社員へのお知らせ"
    short = "Lunch is free in the first week, and the canteen is open for guests, too."
    [one, *others] = cut(build([("heading", title, 1), ("paragraph", short, 0)], title=title), 90, 50)
    assert not covers(one.searched)
    assert (one.text, others) == (f"{title}\n\n{short}", [])


def test_a_heading_stays_with_its_text_where_the_section_is_of_two_languages() -> None:
    rule = "休暇の申請が必要です。" * 40
    document = build(
        [("heading", "サーバの設定", 1), ("paragraph", LONG, 0), ("paragraph", rule, 0)], title=""
    )
    chunks = cut(document, 60, 80)
    assert chunks[0].text.startswith("サーバの設定\n\nEvery")
    assert chunks[0].context == ""
    assert not any("Every" in chunk.text and "休暇" in chunk.text for chunk in chunks)


def test_japanese_paragraphs_above_english_ones_are_no_headings() -> None:
    rule = "本規程は従業員の出張に関する手続きと旅費の支給について定めるものであり全従業員に適用する。"
    alone = [chunk.text for chunk in cut(build([("paragraph", rule, 0)] * 12), 60, 200)]
    chunks = cut(build([("paragraph", rule, 0)] * 12 + [("paragraph", LONG, 0)]), 60, 200)
    assert [chunk.text for chunk in chunks[: len(alone)]] == alone
    assert all(covers(chunk.text) for chunk in chunks[len(alone) :])


def test_text_outside_blocks_pages_and_structure_is_kept() -> None:
    text = "before\n\nInside the block.\n\nafter it"
    at = text.index("Inside")
    document = Document(text, (Page(1, 0, len(text)),), (Block("paragraph", at, at + 17),), "", "text/plain")
    assert " ".join(chunk.text for chunk in cut(document)).split() == text.split()
    plain = Document(text, (Page(1, 0, len(text)),), (), "", "text/plain")
    assert " ".join(chunk.text for chunk in cut(plain)).split() == text.split()


@pytest.mark.parametrize("text", ["", " \n\n ", "\u3000"])
def test_nothing_gives_no_chunk(text: str) -> None:
    document = Document(text, (Page(1, 0, len(text)),), (), "Empty", "text/plain")
    assert cut(document) == ()


def test_one_endless_word_and_one_endless_line_are_cut() -> None:
    for text in ("a" * 100_000, "ああ" * 50_000, "word " * 20_000, "| " * 50_000):
        document = build([("paragraph", text.strip(), 0)])
        chunks = cut(document, 60, 80)
        check(document, chunks, 60, 80)
        assert all(chunk.tokens <= 60 or len(chunk.text) <= 80 for chunk in chunks)


def test_the_embedder_s_own_limit_counts_when_it_is_smaller() -> None:
    chosen = Settings(chunk_tokens=200)
    chunks = Chunker(count_tokens, covers, chosen, max_tokens=40).chunk(build([("paragraph", LONG, 0)]))
    assert all(chunk.tokens <= 40 for chunk in chunks)


def test_a_large_document_is_cut_in_linear_time() -> None:
    """Counted in tokenizer and coverage calls, not seconds: ten times the text is ten times the work."""

    def work(times: int) -> int:
        seen = 0

        def counting(texts: Sequence[str]) -> list[int]:
            nonlocal seen
            seen += sum(map(len, texts))
            return count_tokens(texts)

        def covering(text: str) -> bool:
            nonlocal seen
            seen += len(text)
            return covers(text)

        block = [("heading", "Part", 1), ("paragraph", LONG, 0), ("paragraph", "語" * 500 + "。", 0)]
        Chunker(counting, covering, Settings(chunk_tokens=60, chunk_chars=80), 256).chunk(
            build(block * times)
        )
        return seen

    assert work(50) < 11 * work(5)
