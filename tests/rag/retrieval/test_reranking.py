"""Rerankers: none, late interaction, and a CrossEncoder that is quick, late, gone or broken."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from corpus.embedding import PairScorer
from corpus.errors import EmbeddingError
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Caller, Float32
from rag.retrieval.ranking import Recipe
from rag.retrieval.reranking import AT_ONCE, CrossEncoderOrder, FusedOrder, Reranker, open_reranker
from rag.retrieval.retriever import Retriever, SearchResult
from rag.words.told import tell
from tests.builders import SPACE, TokenWordEmbedder, WordEmbedder, new_version
from tests.make_tiny_model import make_tiny_cross_encoder

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

LINES = ["leave moves into the next year", "leave needs a form", "travel needs a ticket"]
JAPANESE = ["年次有給休暇は翌年度に繰り越す", "旅費は実費を支給する"]
APART = Recipe(neighbours=False)


class Longest:
    """Likes long passages, and does what it is told before it says so."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.wait = threading.Event()
        self.wait.set()
        self.error: EmbeddingError | None = None
        self.loads_s = 0.0

    def load(self) -> None:
        threading.Event().wait(self.loads_s)

    def score(self, query: str, passages: Sequence[str]) -> Float32:
        self.wait.wait(20)
        if self.error is not None:
            raise self.error
        self.read += passages
        return np.array([len(passage) / 1000 for passage in passages], np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    with open_corpus(Settings(data_dir=tmp_path_factory.mktemp("late"), dense="exact"), SPACE) as opened:
        hidden = frozenset({"group:hr"})
        given = [new_version("en.txt", LINES), new_version("ja.txt", JAPANESE, covered=False)]
        given += [new_version("hr.txt", ["leave of the board, a long and secret passage"], access=hidden)]
        for one in given:
            opened.commit(one, one.document.text.encode())
        opened.publish()
        yield opened


def search(
    corpus: Corpus,
    query: str = "leave form",
    k: int = 10,
    caller: Caller = ANYONE,
    *,
    reranker: Reranker | None = None,
    embedder: WordEmbedder | None = None,
) -> SearchResult:
    chosen = embedder or TokenWordEmbedder()
    return Retriever(corpus, chosen, corpus.settings, APART, reranker).search(query, k, caller)


def texts(found: SearchResult) -> list[str]:
    return [hit.text for hit in found.hits]


# ---- late interaction ----------------------------------------------------------------------------


def test_late_interaction_is_a_leg_of_every_passage_with_token_vectors(corpus: Corpus) -> None:
    found = search(corpus)
    assert texts(found)[0] == LINES[1]
    assert all("late" in hit.legs for hit in found.hits if hit.source == "en.txt")
    assert found.hits[0].legs["late"] > 0.95
    assert not any("late" in hit.legs for hit in search(corpus, "休暇のleave").hits if hit.source == "ja.txt")


@pytest.mark.parametrize("without", ["none", "an embedder without tokens", "a recipe without"])
def test_without_it_the_other_legs_decide(corpus: Corpus, without: str) -> None:
    if without == "none":
        found = search(corpus, reranker=FusedOrder(late=False))
    elif without == "an embedder without tokens":
        found = search(corpus, embedder=WordEmbedder())
    else:
        recipe = Recipe(neighbours=False, late=0)
        found = Retriever(corpus, TokenWordEmbedder(), corpus.settings, recipe).search(
            "leave form", 10, ANYONE
        )
    assert found.hits
    assert not any("late" in hit.legs for hit in found.hits)


def test_a_corpus_without_token_vectors_is_searched_and_its_state_says_so(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path, dense="exact", late_interaction=False)
    with open_corpus(chosen, SPACE) as corpus:
        one = new_version("en.txt", LINES)
        corpus.commit(type(one)(**{**vars_of(one), "tokens": ()}), one.document.text.encode())
        corpus.publish()
        assert corpus.state().chunks_without_tokens == 3
        found = search(corpus)
        assert texts(found)[0] == LINES[1]
        assert not any("late" in hit.legs for hit in found.hits)


def vars_of(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}  # type: ignore[attr-defined]


# ---- a CrossEncoder ------------------------------------------------------------------------------


def test_a_cross_encoder_orders_what_the_caller_may_see_and_reads_nothing_else(corpus: Corpus) -> None:
    scorer = Longest()
    order = CrossEncoderOrder(scorer, 40, 20_000)  # type: ignore[arg-type]
    found = search(corpus, "leave", reranker=order)
    assert found.told == ()
    lengths = [len(text) for text in texts(found)]
    assert lengths == sorted(lengths, reverse=True)
    assert not any("secret" in passage for passage in scorer.read)
    assert [hit.rank for hit in found.hits] == list(range(1, len(lengths) + 1))
    assert all(hit.score == hit.legs["reranker"] for hit in found.hits)
    assert "reranking" in found.timings_ms
    assert "secret" in texts(search(corpus, "leave", caller=OWNER, reranker=order))[0]
    order.close()


def test_it_reads_the_best_and_leaves_the_rest_behind_them(corpus: Corpus) -> None:
    plain = texts(search(corpus, "leave form"))
    order = CrossEncoderOrder(Longest(), 2, 20_000)  # type: ignore[arg-type]
    found = search(corpus, "leave form", reranker=order)
    assert texts(found)[:2] == sorted(plain[:2], key=len, reverse=True)
    assert texts(found)[2:] == plain[2:]
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    assert texts(search(corpus, "leave form", 1, reranker=order)) == texts(found)[:1]


def test_one_that_is_late_leaves_the_fused_order_with_a_note_and_the_next_question_is_answered(
    corpus: Corpus,
) -> None:
    scorer, plain = Longest(), search(corpus, "leave form")
    scorer.wait.clear()
    order = CrossEncoderOrder(scorer, 40, 50)  # type: ignore[arg-type]
    found = search(corpus, "leave form", reranker=order)
    assert (texts(found), found.told) == (
        texts(plain),
        ("The CrossEncoder took longer than 50 ms; the hits stand in the order before it.",),
    )
    scorer.wait.set()
    order._timeout_ms = 20_000
    assert search(corpus, "leave form", reranker=order).told == ()
    assert len(scorer.read) <= 2 * AT_ONCE


def test_its_time_begins_once_it_is_loaded(corpus: Corpus) -> None:
    scorer = Longest()
    scorer.loads_s = 0.5
    order = CrossEncoderOrder(scorer, 40, 300)  # type: ignore[arg-type]
    found = search(corpus, "leave form", reranker=order)
    assert (found.told, "reranker" in found.hits[0].legs) == ((), True)


def test_one_that_fails_leaves_the_fused_order_with_a_note(corpus: Corpus) -> None:
    scorer = Longest()
    scorer.error = EmbeddingError("Its weights are gone.", code="model_unusable")
    found = search(corpus, reranker=CrossEncoderOrder(scorer, 40, 20_000))  # type: ignore[arg-type]
    assert found.told == (
        "The CrossEncoder failed (Its weights are gone); the hits stand in the order before it.",
    )
    assert texts(found) == texts(search(corpus))
    again = search(corpus, "休暇のleave", reranker=CrossEncoderOrder(scorer, 40, 20_000))  # type: ignore[arg-type]
    assert tell("rerank_failed", True, why="Its weights are gone") in again.told


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_cross_encoder(tmp_path_factory.mktemp("pairs") / "tiny")


def test_a_real_one_reads_english_and_japanese(tiny: Path, corpus: Corpus) -> None:
    scorer = PairScorer(str(tiny))
    passages = [*LINES, *JAPANESE, "", "word " * 500]
    scores = scorer.score("休暇のleave", passages)
    assert (scores.dtype, scores.shape) == (np.float32, (len(passages),))
    assert bool(((scores > 0) & (scores < 1)).all())
    one_by_one = [float(scorer.score("休暇のleave", [passage])[0]) for passage in passages]
    assert scores.tolist() == pytest.approx(one_by_one, abs=1e-5)
    assert scorer.score("leave", []).shape == (0,)
    chosen = Settings(data_dir=corpus.folder, reranker=str(tiny), rerank_timeout_ms=60_000)
    found = search(corpus, "休暇のleave", reranker=open_reranker(chosen))
    assert {hit.source for hit in found.hits} == {"en.txt", "ja.txt"}
    assert "reranker" in found.hits[0].legs
    assert not [note for note in found.told if "CrossEncoder" in note]


def test_settings_choose_the_reranker_and_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    late, none = (open_reranker(Settings(data_dir=tmp_path, reranker=name)) for name in ("LATE", "None "))
    assert (late.late, none.late, late.depth) == (True, False, 0)
    with pytest.raises(EmbeddingError, match="There is no model folder") as caught:
        open_reranker(Settings(data_dir=tmp_path, reranker=str(tmp_path / "gone")))
    assert (caught.value.code, "late or none" in caught.value.hint) == ("model_missing", True)
    with pytest.raises(
        EmbeddingError, match="The CrossEncoder nobody/model is not on this machine"
    ) as caught:
        open_reranker(Settings(data_dir=tmp_path, reranker="nobody/model"))
    assert "Set reranker to the model's folder" in caught.value.hint


def test_a_model_that_is_no_cross_encoder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EmbeddingError) as caught:
        PairScorer(str(tmp_path)).score("leave", LINES)
    assert (caught.value.code, "Set reranker" in caught.value.hint) == ("model_unusable", True)
    three = make_tiny_cross_encoder(tmp_path / "three", numbers=3)
    with pytest.raises(EmbeddingError, match="not one for each passage"):
        PairScorer(str(three)).score("leave", LINES)


def test_damaged_weights_are_told_as_such_however_short_the_time(tmp_path: Path, corpus: Corpus) -> None:
    damaged = make_tiny_cross_encoder(tmp_path / "damaged")
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    chosen = Settings(data_dir=corpus.folder, reranker=str(damaged), rerank_timeout_ms=1)
    found = search(corpus, reranker=open_reranker(chosen))
    (note,) = found.told
    assert note.startswith("The CrossEncoder failed (The CrossEncoder damaged cannot be used: ")
    assert str(tmp_path) not in note
    assert texts(found) == texts(search(corpus))
