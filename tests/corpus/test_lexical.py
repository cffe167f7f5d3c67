"""What the lexical index finds: the right chunks, phrases, BM25 to the digit, ties and allowed sets."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from fake_feed import FakeFeed
from hypothesis import given, settings
from hypothesis import strategies as st
from lexical_runs import assert_same, ids, opened, results, texts

from corpus.lexical import TantivyIndex
from corpus.lexical.engine import Engine
from corpus.lexical.stemming import Stemmer
from corpus.lexical.weighing import SHORTEST
from corpus.lexical.writing import indexed_tokens
from corpus.projection import TextRow

# ---- what is found -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("E-4032", 100),
        ("e4032", 100),
        ("Ｅ－４０３２", 100),
        ("E-4033", 101),
        ("ISO27001", 300),
        ("ISO-27001 certificate", 300),
        ("1234.5", 300),
        ("育児休業", 200),
        ("育児休業はいつまで取れますか", 200),
        ("1歳", 200),
        ("タクシー", 201),
        ("第１２条", 201),
        ("paying", 300),
        ('"paid leave"', 301),
        ("歳", 200),
    ],
)
def test_the_right_chunk_comes_first(handbook: tuple[FakeFeed, TantivyIndex], query: str, first: int) -> None:
    assert ids(handbook[1], query)[0] == first


def test_full_and_half_width_queries_are_one(handbook: tuple[FakeFeed, TantivyIndex]) -> None:
    assert results(handbook[1], "ﾀｸｼｰ ＩＳＯ２７００１") == results(handbook[1], "タクシー ISO27001")


@pytest.mark.parametrize(
    "query",
    ["", " ", "\n", "?!…", "😀😀", "\ud800", "\x00", "\x00\ud800\x00", "※〒", "zzz qqq", '"', '""', "「」"],
)
def test_nothing_is_found_for_nothing(handbook: tuple[FakeFeed, TantivyIndex], query: str) -> None:
    assert results(handbook[1], query) == []


@pytest.mark.parametrize(
    "query",
    [
        "text:disk",
        "disk AND (",
        "+disk -full",
        "disk^9 OR [a TO b]",
        "disk*",
        "{disk}",
        "'disk\\",
        "/disk/",
        "¶ disk",
        "disk\x00\ud800😀",
    ],
)
def test_query_syntax_is_only_text(handbook: tuple[FakeFeed, TantivyIndex], query: str) -> None:
    assert ids(handbook[1], query)[0] == 100


@given(query=st.text(max_size=40) | st.text(alphabet='ab"「」育児ー()[]:*?~^-+ \x00\ud800', max_size=40))
def test_no_query_is_an_error(handbook: tuple[FakeFeed, TantivyIndex], query: str) -> None:
    results(handbook[1], query, k=3)


@pytest.mark.parametrize("part", ["育児休業", "leave ", "E-4032 ", "あ", '"a b" '])
def test_queries_of_8000_characters_are_answered(handbook: tuple[FakeFeed, TantivyIndex], part: str) -> None:
    results(handbook[1], (part * 8000)[:8000])
    assert ids(handbook[1], "".join(chr(0x4E00 + i) for i in range(7990)) + " E-4032")[0] == 100


def test_a_quoted_phrase_comes_before_its_words_apart(tmp_path: Path) -> None:
    feed = FakeFeed()
    feed.add(
        1,
        "paid " * 9 + "and " + "leave " * 9,
        "here leave is paid in full, and leave again is paid, see paid leave.",
    )
    feed.add(2, *[f"filler {i}" for i in range(50)])
    index = opened(feed, tmp_path)
    assert ids(index, "paid leave") == [100, 101]
    assert ids(index, 'What is "paid leave"?') == [101, 100]
    assert ids(index, "What is “ＰＡＩＤ　leave”?") == [101, 100]


def test_a_phrase_does_not_reach_from_the_context_into_the_text(tmp_path: Path) -> None:
    feed = FakeFeed()
    feed.add(1, "leave here", context="paid")
    feed.add(2, "paid leave here")
    scores = dict(results(opened(feed, tmp_path), '"paid leave"'))
    assert scores[200] > 2 * scores[100]


def test_a_quoted_name_does_not_outweigh_the_rest_of_the_question(tmp_path: Path) -> None:
    feed = FakeFeed()
    feed.add(1, "「ファイル」と「表示」と「一般」を選びます。", "印刷の余白は用紙の設定で変えます。")
    feed.add(2, *[f"休暇の説明 {i}" for i in range(20)])
    index = opened(feed, tmp_path)
    assert ids(index, "「ファイル」の画面で印刷の余白を用紙に合わせて変える設定はどこですか")[0] == 101
    assert ids(index, "「ファイル」と「表示」")[0] == 100


def test_a_heading_alone_scores_no_more_than_a_line_that_is_as_short(tmp_path: Path) -> None:
    feed = FakeFeed()
    feed.add(1, "travel", "travel home", "holiday " + "pay " * 60)
    scores = dict(results(opened(feed, tmp_path), "travel"))
    assert scores[100] == scores[101]


def test_scores_are_bm25(tmp_path: Path) -> None:
    """Okapi BM25 by hand, k1 = 1.2 and b = 0.75, over the lengths that are stored; none counts as too short."""
    feed = FakeFeed()
    written = {100: "leave leave pay travel", 101: "leave", 102: "pay " * 50 + "leave"}
    feed.add(1, *written.values())
    lengths = {chunk: len(stored_tokens(text)) for chunk, text in written.items()}
    mean = sum(lengths.values()) / 3
    expected = {}
    for chunk, text in written.items():
        score = 0.0
        for word in ("leave", "travel"):
            tf = text.split().count(word)
            df = sum(word in other.split() for other in written.values())
            idf = math.log(1 + (3 - df + 0.5) / (df + 0.5))
            share = max(lengths[chunk] / mean, SHORTEST)
            score += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * share))
        expected[chunk] = score
    found = dict(results(opened(feed, tmp_path), "leave travel"))
    assert found == pytest.approx(expected, rel=1e-5)


def test_pairs_of_characters_score_more_where_they_stand_close(tmp_path: Path) -> None:
    filler = "あいうえおかきくけこ" * 20  # 200 characters, in which nothing is asked for
    feed = FakeFeed()
    feed.add(1, f"旅費{filler}精算")
    feed.add(2, f"旅費あい精算{filler}")
    feed.add(3, f"精算{filler}", context="旅費")
    feed.add(4, f"travel {'word ' * 200}claim", f"travel word word word word claim {'word ' * 200}")
    index = opened(feed, tmp_path)
    found = dict(results(index, "旅費の精算"))
    assert found[200] > 1.1 * found[100]
    assert found[300] == pytest.approx(found[100], rel=0.05)  # a title stands close to nothing
    apart, close = (dict(results(index, "travel claim"))[chunk] for chunk in (400, 401))
    assert close == pytest.approx(apart, rel=0.05)  # words: late interaction knows better
    assert max(found.values()) <= index.reach("旅費の精算")


def test_rarity_is_the_inverse_document_frequency(tmp_path: Path) -> None:
    feed = FakeFeed()
    index = TantivyIndex(feed, tmp_path, quiet_s=3600.0)
    assert index.rarity(["leave"]) is None
    feed.add(1, "Leave, leave and pay.", "Paid leave", "有給休暇", "")
    index.follow()
    found = index.rarity(["leave", "leaves", "有給", "pilot", "e-4032", "…"])
    index.close()
    expected = {"leave": 2, "leaves": 2, "有給": 1, "pilot": 0, "e-4032": 0, "…": 0}
    assert found == pytest.approx(
        {word: math.log(1 + (4 - n + 0.5) / (n + 0.5)) for word, n in expected.items()}
    )


def test_a_words_frequency_counts_the_passages_that_have_it_in_any_form(tmp_path: Path) -> None:
    feed = FakeFeed()
    index = TantivyIndex(feed, tmp_path, quiet_s=3600.0)
    assert index.frequencies(["leave"]) is None
    feed.add(1, "Annual leave, sick leave", "The Leaves of autumn", context="Leave")
    feed.add(2, "nothing of it", context="leave")
    index.follow()
    found = index.frequencies(["leave", "leaves", "autumn", "leav", "pilot"]), index.frequencies([])
    index.close()
    assert found == ([3, 3, 1, 3, 0], [])


def test_the_holders_of_a_word_have_it_in_any_passage_whatever_its_form(tmp_path: Path) -> None:
    feed = FakeFeed()
    index = TantivyIndex(feed, tmp_path, quiet_s=3600.0)
    assert index.holders("leave") is None
    feed.add(1, "Nothing here", "Apple's leaves", "有給休暇は二十日")
    feed.add(2, "leave", "leave again", context="Apple Inc.")
    feed.add(3, "有給でない休暇")
    feed.add(4, "ソラリスグループの規程")
    index.follow()
    asked = ["leave", "apple's", "有給休暇", "有給", "ソラリス", "ヘリオス", "pilot", "…", "the"]
    held = {word: sorted(index.holders(word) or ()) for word in asked}
    index.close()
    assert held == {
        "leave": [1, 2],
        "apple's": [1, 2],
        "有給休暇": [1],
        "有給": [1, 3],
        "ソラリス": [4],
        "ヘリオス": [],
        "pilot": [],
        "…": [],
        "the": [],
    }


@pytest.mark.parametrize("size", [*range(1, 60), 100, 135, 500, 4001])
def test_every_length_is_stored_exactly(size: int) -> None:
    text = " ".join(["leave"] * size)
    engine = Engine()
    engine.apply([], [TextRow(1, 1, "", text, "", "")])
    searcher = engine._view.searcher
    query = engine._any_of({"leav": 1.0})
    shown = query.explain(searcher, searcher.search(query, 1).hits[0][1]).to_json()
    stored = json.loads(shown[: shown.rindex("}") + 1])
    assert _find(stored, "dl, length of field") == _find(stored, "avgdl, average length of field")
    assert _find(stored, "dl, length of field") == len(stored_tokens(text))
    assert engine._view.mean_length == len(stored_tokens(text))


def stored_tokens(text: str) -> list[str]:
    return indexed_tokens(Stemmer(), "", text)


def _find(node: dict[str, object], description: str) -> float:
    if node["description"] == description:
        return float(node["value"])  # type: ignore[arg-type]
    for child in node.get("details", []):  # type: ignore[attr-defined]
        try:
            return _find(child, description)
        except LookupError:
            continue
    raise LookupError(description)


# ---- the score of given chunks -------------------------------------------------------------------


@given(
    chunks=st.lists(st.tuples(st.integers(1, 12), texts), min_size=1, max_size=40),
    removed=st.sets(st.integers(1, 12)),
    query=texts | texts.map(lambda words: f'"{words}"'),
    others=st.lists(st.integers(90, 1300) | st.just(2**62), max_size=20),
    at_once=st.sampled_from([1, 7, 512]),
)
@settings(max_examples=60)
def test_given_chunks_score_what_a_search_gives_them(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    chunks: list[tuple[int, str]], removed: set[int], query: str, others: list[int], at_once: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("corpus.lexical.engine._SCORED_AT_ONCE", at_once)
    feed = FakeFeed()
    for version in sorted({version for version, _ in chunks}):
        feed.add(version, *[text for owner, text in chunks if owner == version])
    index = opened(feed, tmp_path_factory.mktemp("lexical"))
    for version in removed & feed.live.keys():
        feed.remove(version)
    index.follow()
    expected = dict(results(index, query))
    asked = [*others, *(row.chunk_id for rows in feed.live.values() for row in rows), *others]
    found = index.score(query, np.array(asked, dtype=np.int64))
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx([expected.get(chunk, 0.0) for chunk in asked], rel=1e-5)
    index.close()


@pytest.mark.parametrize(
    "query", ["", "?!…", "\ud800\x00", '"', "text:disk AND (", "あ" * 8000, "a b " * 2000]
)
def test_any_query_scores_any_chunks(handbook: tuple[FakeFeed, TantivyIndex], query: str) -> None:
    assert handbook[1].score(query, np.array([], dtype=np.int64)).shape == (0,)
    assert handbook[1].score(query, np.array([100, 7, 100], dtype=np.int64)).shape == (3,)


# ---- ties, cuts and allowed sets -----------------------------------------------------------------


def test_ties_stand_in_ascending_id_and_the_cut_keeps_the_lowest(tmp_path: Path) -> None:
    feed = FakeFeed()
    for version in range(9, 0, -1):  # later ids come first, in other segments
        feed.add(version, *["the same leave policy"] * 50)
        if version == 9:
            index = opened(feed, tmp_path)
        index.follow()
    everything = ids(index, "leave policy")
    assert everything == sorted(everything)
    for k in (1, 7, 50, 51, 449, 450, 999):
        assert ids(index, "leave policy", k=k) == everything[:k]
    assert ids(index, "leave policy", k=0) == []


@given(
    chunks=st.lists(st.tuples(st.integers(1, 12), texts), min_size=1, max_size=40),
    allowed=st.sets(st.integers(0, 14)),
    query=texts,
    k=st.integers(1, 12),
    most=st.sampled_from([0, 3, 4096]),
)
@settings(max_examples=40)
def test_an_allowed_set_gives_its_own_top_with_the_scores_of_all(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    chunks: list[tuple[int, str]], allowed: set[int], query: str, k: int, most: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("corpus.lexical.collecting._MOST_FILTERED", most)
    feed = FakeFeed()
    for version in sorted({version for version, _ in chunks}):
        feed.add(version, *[text for owner, text in chunks if owner == version])
    index = opened(feed, tmp_path_factory.mktemp("lexical"))
    everything = results(index, query)
    mine = [(chunk, score) for chunk, score in everything if chunk // 100 in allowed][:k]
    assert_same(results(index, query, k=k, versions=sorted(allowed)), mine)
    index.close()


def test_a_large_allowed_set_that_hardly_matches_is_still_exact(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    rows = [
        TextRow(i, i, "", "leave leave" if i % 997 else "leave and much else", "", "")
        for i in range(1, 12000)
    ]
    engine.apply([], rows)
    allowed = np.array(sorted({*range(997, 12000, 997), *range(20000, 26000)}), dtype=np.int64)
    assert engine.search("leave", 5, allowed).ids.tolist() == [997 * i for i in range(1, 6)]
