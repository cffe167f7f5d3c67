"""Search while a corpus turns over: what was deleted is never returned, what lives can be reached, and results
do not depend on how the corpus came to be."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import OWNER, Hit
from rag.retrieval.retriever import Retriever
from tests.builders import SPACE, WordEmbedder, new_version, word_vector
from tests.corpus.dense import always_ask_chroma, build_here

QUERIES = ["leave 3 travel", "budget 休暇 7", "E-4032 audit 11", "旅費規程 5", "pension 2 leave"]
WORDS = ["leave", "travel", "budget", "audit", "休暇", "旅費規程", "E-4032", "pension"]


def said(number: int, turn: int = 0) -> list[str]:
    first, second = WORDS[(number + turn) % 8], WORDS[(number // 8 + 3 * turn) % 8]
    return [f"{first} {number}", f"{second} {number % 13} {turn}", f"{first} {second} {number % 7}"]


def put(corpus: Corpus, number: int, turn: int = 0) -> str:
    lines = said(number, turn)
    return corpus.commit(new_version(f"{number}.txt", lines), "\n".join(lines).encode()).document_id


def ask(corpus: Corpus, query: str, k: int = 20) -> list[Hit]:
    return list(Retriever(corpus, WordEmbedder(), corpus.settings).search(query, k, OWNER).hits)  # type: ignore[arg-type]


def test_five_rounds_of_churn_lose_nothing_and_bring_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the documents deleted and three in ten replaced, five times, while others search."""
    build_here(monkeypatch)
    always_ask_chroma(monkeypatch)
    size, turn_of = 60, dict.fromkeys(range(60), 0)
    rng = np.random.default_rng(11)
    wrong: list[str] = []
    stop = threading.Event()
    with open_corpus(Settings(data_dir=tmp_path, dense="chroma"), SPACE) as corpus:
        ids = {number: put(corpus, number) for number in turn_of}
        corpus.publish()
        corpus.dense.fold()
        corpus.dense.warm()  # type: ignore[attr-defined]
        gone: set[tuple[str, str]] = set()  # (path, text) that was deleted before a search began

        def look() -> None:
            while not stop.is_set():
                for query in QUERIES:
                    before = frozenset(gone)
                    found = {(hit.source, hit.text) for hit in ask(corpus, query)}
                    wrong.extend(f"{query}: {pair}" for pair in found & before)
                stop.wait(0.02)

        searching = threading.Thread(target=look)
        searching.start()
        try:
            for turn in range(1, 6):
                order = rng.permutation(sorted(turn_of)).tolist()
                removed, replaced = order[: size // 2], order[size // 2 : size * 8 // 10]
                corpus.remove([ids[number] for number in removed])
                gone.update((f"{n}.txt", line) for n in removed for line in said(n, turn_of[n]))
                for number in removed:
                    del turn_of[number]
                for number in replaced:
                    before = said(number, turn_of[number])
                    turn_of[number] = turn
                    put(corpus, number, turn)
                    gone.update((f"{number}.txt", line) for line in before if line not in said(number, turn))
                added = range(1000 * turn, 1000 * turn + size // 2)
                for number in added:
                    ids[number], turn_of[number] = put(corpus, number, turn), turn
                corpus.publish()
                if turn % 2:
                    corpus.dense.fold()
                assert_all_is_found(corpus, turn_of)
        finally:
            stop.set()
            searching.join()
        assert wrong == []
        corpus.settle(0)
        assert_all_is_found(corpus, turn_of)


def assert_all_is_found(corpus: Corpus, turn_of: dict[int, int]) -> None:
    living = [(f"{n}.txt", line) for n, turn in turn_of.items() for line in said(n, turn)]
    vectors = WordEmbedder().embed_passages([line for _, line in living])
    shares = []
    for query in QUERIES:
        found = corpus.search_dense(word_vector(query), 10, OWNER)
        exact = np.sort(vectors.astype(np.float64) @ word_vector(query).astype(np.float64))[::-1]
        shares.append(np.mean(found.scores >= np.float32(exact[9]) - 1e-6))
    assert np.mean(shares) >= 0.99
    for leg in (
        corpus.search_dense(word_vector("leave"), len(living) + 10, OWNER),
        corpus.search_lexical(" ".join(WORDS), len(living) + 10, OWNER),
    ):
        hits = corpus.hits([(own, 1.0) for own in leg.ids.tolist()], {}, OWNER, len(living) + 10)
        assert {(hit.source, hit.text) for hit in hits} == set(living)


@pytest.mark.parametrize("dense", ["exact", "chroma"])
def test_the_whole_search_gives_the_same_hits_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dense: str
) -> None:
    """Across restarts; with the exact scan also across additions that are taken back, folds and rebuilds."""
    build_here(monkeypatch)
    chosen = Settings(data_dir=tmp_path, dense=dense)  # type: ignore[arg-type]

    def everything(corpus: Corpus) -> list[list[tuple[str, float]]]:
        if dense == "chroma":
            corpus.dense.warm()  # type: ignore[attr-defined]
        return [[(hit.chunk_id, hit.score) for hit in ask(corpus, query)] for query in QUERIES]

    with open_corpus(chosen, SPACE) as corpus:
        for number in np.random.default_rng(2).permutation(50).tolist():
            put(corpus, number)
        corpus.publish()
        corpus.settle(0)
        wanted = everything(corpus)
        assert all(wanted)
        assert everything(corpus) == wanted
    with open_corpus(chosen, SPACE) as corpus:
        assert everything(corpus) == wanted
        if dense == "exact":
            gone = put(corpus, 77)
            corpus.publish()
            corpus.remove([gone])
            corpus.lexical.compact()
            assert everything(corpus) == wanted
            corpus.dense.fold(anew=True)
            corpus.lexical.rebuild()
            assert everything(corpus) == wanted
    if dense == "exact":
        with open_corpus(Settings(data_dir=tmp_path / "other", dense="exact"), SPACE) as corpus:
            for number in range(50):  # in another order
                put(corpus, number)
                corpus.publish()
            corpus.lexical.compact()
            assert everything(corpus) == wanted
