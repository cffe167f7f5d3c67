"""Late interaction: what is kept of tokens, the score of a passage, and token vectors through the corpus's life."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.backup import backup, restore, verify
from corpus.catalog import tokens
from corpus.catalog.seal import seal_path
from corpus.embedding.token_vectors import empty_tokens, kept_tokens, turning
from corpus.errors import DamagedError
from corpus.late import is_packed, max_sim, pack_tokens, unpack_tokens
from corpus.store import Corpus, open_corpus
from corpus.types import OWNER, Caller, Filter, Float32, Int64
from tests.builders import SPACE, put, query_tokens, settings_for, token_codes


def unit(rng: np.random.Generator, rows: int, dimension: int) -> Float32:
    found = rng.standard_normal((rows, dimension))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


# ---- what is kept --------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([32, 64, 128]))
def test_four_bits_a_dimension_keep_a_token_close_to_itself(seed: int, rows: int, dimension: int) -> None:
    given_rows = unit(np.random.default_rng(seed), rows, dimension)
    codes = pack_tokens(given_rows)
    assert len(codes) == 1 + rows * dimension // 2
    assert is_packed(codes, dimension)
    kept, starts = unpack_tokens([codes, codes], dimension)
    assert (kept.dtype, kept.shape, starts.tolist()) == (np.float32, (2 * rows, dimension), [0, rows])
    np.testing.assert_allclose(np.linalg.norm(kept, axis=1), 1, atol=1e-5)
    assert float((kept[:rows] * given_rows).sum(axis=1).min()) > 0.95
    np.testing.assert_array_equal(kept[:rows], kept[rows:])


def test_codes_of_another_format_or_dimension_are_not_taken_for_ours() -> None:
    codes = pack_tokens(unit(np.random.default_rng(1), 3, 32))
    for other in (b"", codes[:1], codes[:-1], bytes([codes[0] + 1]) + codes[1:]):
        assert not is_packed(other, 32)
        with pytest.raises(ValueError, match="another format"):
            unpack_tokens([codes, other], 32)


def test_the_turning_is_the_same_everywhere_and_keeps_angles() -> None:
    turn = turning(384)
    assert turn.shape == (384, 128)
    np.testing.assert_allclose(turn.T @ turn, np.eye(128), atol=1e-6)
    np.testing.assert_allclose(turn[0, :3], turning(384)[0, :3])
    assert turn[0, :3].tolist() == pytest.approx(FIRST_NUMBERS, abs=1e-6)
    assert turning(33).shape == (33, 32)


FIRST_NUMBERS = [0.0679428, -0.1231313, -0.0038739]


def test_tokens_that_carry_grammar_alone_are_left_out_unless_a_text_has_no_others() -> None:
    pieces = ["[CLS]", "the", "##ing", "leave", ".", "▁", "▁Of", "から", "年次", "ありがとう", "##s", "4032"]
    empty = empty_tokens(dict(enumerate(pieces)), {0})
    told = [piece for piece, gone in zip(pieces, empty.tolist(), strict=True) if not gone]
    assert told == ["##ing", "leave", "年次", "ありがとう", "##s", "4032"]
    assert kept_tokens([0, 1, 3, 4, 11, 0], empty, {0}).tolist() == [2, 4]
    assert kept_tokens([0, 1, 6, 0], empty, {0}).tolist() == [1, 2]
    assert kept_tokens([0, 0], empty, {0}).tolist() == []


# ---- the score -----------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 7))
def test_the_score_is_the_weighted_mean_of_each_tokens_best(
    seed: int, lengths: list[int], words: int
) -> None:
    rng = np.random.default_rng(seed)
    query, weights = unit(rng, words, 32), rng.uniform(0.1, 9, words).astype(np.float32)
    passages = [pack_tokens(unit(rng, length, 32)) for length in lengths]
    found = max_sim(query, weights, passages)
    for score, codes in zip(found.tolist(), passages, strict=True):
        rows, _ = unpack_tokens([codes], 32)
        best = [max(float(word @ row) for row in rows) for word in query]
        plain = sum(weight * one for weight, one in zip(weights.tolist(), best, strict=True)) / weights.sum()
        assert score == pytest.approx(plain, abs=0.01)  # the question is rounded, too
        assert -1 <= score <= 1
    alone = [float(max_sim(query, weights, [codes])[0]) for codes in passages]
    assert found.tolist() == alone  # bit for bit, whatever it is scored with


def test_no_passage_has_no_score() -> None:
    assert max_sim(unit(np.random.default_rng(0), 1, 32), np.ones(1, np.float32), []).shape == (0,)


# ---- through the corpus's life -------------------------------------------------------------------


def publish(corpus: Corpus, name: str, lines: list[str], *, covered: bool = True) -> None:
    put(corpus, name, lines, covered=covered)
    corpus.publish()


def ids_of(corpus: Corpus, words: str) -> Int64:
    return corpus.search_lexical(words, 20, OWNER).ids


LINES = ["annual leave moves on", "travel needs a ticket", "leave the vpn"]


def test_chunks_are_scored_in_the_order_given_and_nan_says_that_there_is_nothing(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        publish(corpus, "a.txt", LINES)
        publish(corpus, "b.txt", ["annual 休暇"], covered=False)
        asked = query_tokens("annual leave")
        (best,), (bare,) = ids_of(corpus, "moves"), ids_of(corpus, "休暇")
        (other,) = ids_of(corpus, "ticket")
        chunks = np.array([other, best, 12345, bare, best], np.int64)
        scores = corpus.score_late(asked, chunks, OWNER)
        assert scores.dtype == np.float32
        assert np.isnan(scores).tolist() == [False, False, True, True, False]
        assert scores[1] == scores[4] > 0.95 > scores[0]
        assert corpus.score_late(asked, np.empty(0, np.int64), OWNER).shape == (0,)
        state = corpus.state()
        assert (state.chunks, state.chunks_without_vector, state.chunks_without_tokens) == (4, 1, 0)


def test_a_rare_word_counts_more_than_a_common_one(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        publish(corpus, "a.txt", [f"leave number {n}" for n in range(9)] + ["passport only", "leave only"])
        (rare,), common = ids_of(corpus, "passport"), ids_of(corpus, "leave")
        chunks = np.array([rare, common[0]], np.int64)
        scores = corpus.score_late(query_tokens("leave passport"), chunks, OWNER)
        assert scores[0] > scores[1]


def test_scores_outlive_reopening_copies_and_a_new_version(tmp_path: Path) -> None:
    asked = query_tokens("annual leave")
    with open_corpus(settings_for(tmp_path / "one"), SPACE) as corpus:
        publish(corpus, "a.txt", LINES)
        chunks = ids_of(corpus, "leave travel")
        first = corpus.score_late(asked, chunks, OWNER)
        then = datetime.now(UTC)
        publish(corpus, "a.txt", ["nothing of it"])
        past = Filter(as_of=then)
        np.testing.assert_array_equal(corpus.score_late(asked, chunks, OWNER, past), first)
        publish(corpus, "a.txt", LINES)  # takes its ids back from the retired version
        np.testing.assert_array_equal(corpus.score_late(asked, chunks, OWNER), first)
        backup(corpus, tmp_path / "kept.tar")
    restore(tmp_path / "kept.tar", tmp_path / "two")
    for folder in ("one", "two"):
        with open_corpus(settings_for(tmp_path / folder), SPACE) as corpus:
            corpus.publish()
            np.testing.assert_array_equal(corpus.score_late(asked, chunks, OWNER), first)
            assert verify(corpus).problems == ()


def test_a_flipped_bit_of_a_token_vector_is_found_out(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        publish(corpus, "a.txt", LINES)
        chunks = ids_of(corpus, "leave")
    path = tmp_path / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as db:
        codes = token_codes(LINES[0]) or b""
        changed = codes[:-1] + bytes([codes[-1] ^ 1])
        assert (
            db.execute("UPDATE token_vectors SET codes = ? WHERE codes = ?", (changed, codes)).rowcount == 1
        )
        db.commit()
    seal_path(path).unlink()  # as after a crash
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        with pytest.raises(DamagedError, match="token vectors of chunk"):
            corpus.score_late(query_tokens("leave"), chunks, OWNER)
        assert ["token vectors" in problem for problem in verify(corpus).problems] == [True]
        with corpus.catalog.read() as db:
            assert len(list(tokens.damaged_tokens(db))) == 1


def test_a_caller_changes_nothing_about_a_score(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        publish(corpus, "a.txt", LINES)
        chunks, asked = ids_of(corpus, "leave travel"), query_tokens("annual leave")
        anyone = corpus.score_late(asked, chunks, Caller())
        np.testing.assert_array_equal(corpus.score_late(asked, chunks, OWNER), anyone)
