"""Dense search through the store: exact is always the same, Chroma is as good, and no path shows what it may not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from corpus.catalog import documents
from corpus.catalog.schema import chunks
from corpus.embedding import open_embedder
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Caller, Filter, Float32
from corpus.vectors.graph import Graph, GraphError
from rag.retrieval.retriever import Retriever
from tests.builders import SPACE, WordEmbedder, new_version, put, settings_for, word_vector
from tests.corpus.dense import always_ask_chroma, wait_until

HR = Caller(frozenset({"public", "group:hr"}))
SAMPLE = Path(__file__).parents[2] / "corpus" / "sample" / "sources"

Ranked = list[tuple[int, float]]


def ranked(corpus: Corpus, query: Float32, k: int = 20, caller: Caller = OWNER) -> Ranked:
    found = corpus.search_dense(query, k, caller)
    return list(zip(found.ids.tolist(), found.scores.tolist(), strict=True))


def warm(corpus: Corpus) -> None:
    corpus.dense.fold()
    corpus.dense.warm()  # type: ignore[attr-defined]
    state = corpus.state().dense
    assert (state.problem, state.delta_rows) == ("", 0)


# ---- the same, however it came to be ---------------------------------------------------------------------


def test_exact_results_are_the_same_to_the_bit_across_restarts_rebuilds_and_folds(tmp_path: Path) -> None:
    """With Chroma's generations beside it, in memory, or folded: the scan's ids and scores do not move."""
    rng = np.random.default_rng(3)
    queries = [word_vector(f"leave {n} travel {n * 7 % 11}") for n in range(12)]

    def everything(corpus: Corpus) -> list[Ranked]:
        return [ranked(corpus, query, 30, caller) for query in queries for caller in (OWNER, ANYONE, HR)]

    folder = tmp_path / "data"
    with open_corpus(settings_for(folder, "exact"), SPACE) as corpus:
        for number in rng.permutation(60).tolist():
            put(
                corpus,
                f"{number}.txt",
                [f"leave {number}", f"travel {number % 7}"] * 2,
                access=frozenset({_access(number)}),
            )
        corpus.publish()
        wanted = everything(corpus)
    for dense in ("chroma", "exact"):
        with open_corpus(settings_for(folder, dense), SPACE) as corpus:  # a restart
            assert everything(corpus) == wanted
            corpus.dense.fold()
            assert everything(corpus) == wanted
            gone = put(corpus, "more.txt", ["leave 3", "travel 4"])
            corpus.publish()
            assert everything(corpus) != wanted
            corpus.remove([gone])
            assert everything(corpus) == wanted
            corpus.dense.fold()
    with open_corpus(settings_for(folder, "exact"), SPACE) as corpus:
        assert everything(corpus) == wanted
    shutil.rmtree(folder / "dense")
    shutil.rmtree(folder / "lexical")
    with open_corpus(settings_for(folder, "exact"), SPACE) as corpus:
        assert everything(corpus) == wanted


def _access(number: int) -> str:
    return "group:hr" if number % 3 == 0 else "public"


# ---- as good as the exact scan -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    """Real sentences of the sample, English and long enough to mean something."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(SAMPLE.rglob("*.md"))]
    lines = {line.strip("#*-| ").strip() for text in texts for line in text.splitlines()}
    parts = {part.strip() for line in lines if line.isascii() for part in line.split(". ")}
    return sorted(part for part in parts if len(part) > 24)


@pytest.mark.slow
def test_chroma_finds_what_the_exact_scan_finds_in_real_text(tmp_path: Path, sentences: list[str]) -> None:
    """overlap@10 of at least .99 with real MiniLM vectors, asked by Chroma alone however few rows there are."""
    settings = settings_for(tmp_path, "chroma")
    embedder = open_embedder(settings)
    asked, kept = sentences[::25], [one for n, one in enumerate(sentences) if n % 5 == 1]
    assert min(len(asked), len(kept) // 4) >= 40
    vectors = embedder.embed_passages(kept)
    queries = [embedder.embed_query(one) for one in asked]
    with pytest.MonkeyPatch.context() as patch:
        always_ask_chroma(patch)
        with open_corpus(settings, embedder.space) as corpus:
            commit_with(corpus, kept, vectors)
            warm(corpus)
            assert corpus.state().dense.mode == "chroma"
            shares = []
            for query in queries:
                exact = np.argsort(-(vectors @ query), kind="stable")[:10]
                found = corpus.search_dense(query, 10, OWNER)
                hits = corpus.hits([(own, 1.0) for own in found.ids.tolist()], {}, OWNER, 10)
                shares.append(len({hit.text for hit in hits} & {kept[row] for row in exact}) / 10)
            assert np.mean(shares) >= 0.99


def commit_with(corpus: Corpus, lines: list[str], vectors: Float32) -> None:
    for start in range(0, len(lines), 50):
        some = lines[start : start + 50]
        new = new_version(f"{start}.txt", some)
        fields = {name: getattr(new, name) for name in new.__slots__}
        fields["vectors"] = list(vectors[start : start + 50])
        corpus.commit(type(new)(**fields), "\n".join(some).encode())
    corpus.publish()


# ---- what a caller may not see, on every path ----------------------------------------------------------------

PATHS = ("delta", "chroma", "exact", "one shot", "no chroma", "server")


def open_by(path: str, folder: Path, request: pytest.FixtureRequest) -> Corpus:
    """Opens the corpus so that this path gives the dense candidates."""
    if path == "server":
        url = request.getfixturevalue("server_url")
        corpus = Corpus.open(settings_for(folder, "chroma", chroma_url=url), SPACE)
        corpus.dense.fold()
        wait_until(lambda: corpus.state().dense.mode == "server")
        return corpus
    dense = "exact" if path == "exact" else "chroma"
    corpus = Corpus.open(settings_for(folder, dense), SPACE, one_shot=path == "one shot")
    if path in ("chroma", "no chroma"):
        corpus.dense.fold()
    if path == "chroma":
        warm(corpus)
        assert corpus.state().dense.mode == "chroma"
    return corpus


@pytest.mark.parametrize("path", PATHS)
def test_what_a_caller_may_not_see_never_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, path: str
) -> None:
    """Dense, lexical and both together, by every way that dense candidates come; also what just changed hands."""
    always_ask_chroma(monkeypatch)
    if path == "no chroma":

        def refuse(*_: object) -> None:
            raise GraphError("no room")

        monkeypatch.setattr(Graph, "__init__", refuse)
    with open_corpus(settings_for(tmp_path, "exact"), SPACE) as corpus:
        for number in range(48):
            put(
                corpus,
                f"{number}.txt",
                [f"leave {number}", f"secret travel {number}"],
                access=frozenset({_access(number)}),
            )
        corpus.publish()
    corpus = open_by(path, tmp_path, request)
    try:
        for number in range(48, 60):  # newer than any generation
            put(
                corpus,
                f"{number}.txt",
                [f"leave {number}", f"secret travel {number}"],
                access=frozenset({_access(number)}),
            )
        corpus.publish()
        looks(corpus, {f"{number}.txt" for number in range(60) if number % 3})
        with corpus.catalog.write() as db:  # one is taken from the public, and one is given
            for name, principal in (("1.txt", "group:hr"), ("3.txt", "public"), ("2.txt", "user:a")):
                [one] = documents.find_by_path(db, name)
                documents.set_access(db, one.id, [principal])
        looks(corpus, {"3.txt", *(f"{n}.txt" for n in range(60) if n % 3)} - {"1.txt", "2.txt"})
    finally:
        corpus.close()


def looks(corpus: Corpus, public: set[str]) -> None:
    """Searches as several callers; each sees exactly what is theirs."""
    retriever = Retriever(corpus, WordEmbedder(), corpus.settings)  # type: ignore[arg-type]
    everything = {f"{number}.txt" for number in range(60)}
    hidden = everything - public
    callers = {ANYONE: public, OWNER: everything, Caller(frozenset()): set(), Caller(frozenset({"x"})): set()}
    for caller, mine in callers.items():
        for query in ("secret travel 9", "leave 51", "leave 1", "secret"):
            both = retriever.search(query, 200, caller).hits
            assert {hit.source for hit in both} == mine
            dense = corpus.search_dense(word_vector(query), 200, caller)
            lexical = corpus.search_lexical(query, 200, caller)
            for leg in (dense, lexical):
                pairs = list(zip(leg.ids.tolist(), leg.scores.tolist(), strict=True))
                assert {hit.source for hit in corpus.hits(pairs, {}, OWNER, 500)} <= mine
    for name in sorted(hidden)[:5]:  # nor by naming it
        only = Filter(source=name)
        assert retriever.search("secret travel", 10, ANYONE, only).hits == ()
        assert corpus.is_empty(ANYONE, only)
    ids = corpus.search_dense(word_vector("leave"), 200, OWNER).ids.tolist()
    shown = corpus.hits(
        [(own, 1.0) for own in ids], {}, ANYONE, 500
    )  # nor by chunk ids that came from elsewhere
    assert {hit.source for hit in shown} == public


# ---- a Chroma server that the settings name ---------------------------------------------------------------------


def test_the_settings_bring_the_store_to_a_chroma_server(tmp_path: Path, server_url: str) -> None:
    settings = settings_for(tmp_path / "data", "chroma", chroma_url=server_url)
    with open_corpus(settings, SPACE) as corpus:
        ids = [put(corpus, f"{n}.txt", [f"leave {n}", f"travel {n}"]) for n in range(80)]
        corpus.publish()
        corpus.remove(ids[:5])
        corpus.settle(0)
        corpus.dense.fold()
        state = corpus.state().dense
        assert (state.mode, state.rows, state.delta_rows, state.problem) == ("server", 150, 0, "")
        found = [ranked(corpus, word_vector(f"leave {n}"), 10) for n in range(0, 80, 7)]
    assert not (tmp_path / "data" / "dense").exists()
    with open_corpus(settings_for(tmp_path / "data", "exact"), SPACE) as corpus:
        exact = [ranked(corpus, word_vector(f"leave {n}"), 10) for n in range(0, 80, 7)]
    shares = [len({i for i, _ in a} & {i for i, _ in b}) / 10 for a, b in zip(found, exact, strict=True)]
    assert np.mean(shares) >= 0.99


def test_two_corpora_on_one_server_keep_apart(tmp_path: Path, server_url: str) -> None:
    """Even two machines' corpora in folders of the same name: each is known by its own id."""
    first = settings_for(tmp_path / "first", "chroma", chroma_url=server_url)
    with open_corpus(first, SPACE) as corpus:
        put(corpus, "a.txt", ["leave"])
        corpus.publish()
        corpus.dense.fold()
        mine = corpus.dense._name  # type: ignore[attr-defined]
    with open_corpus(first, SPACE) as corpus:
        assert corpus.dense._name == mine  # type: ignore[attr-defined]
    (tmp_path / "first").rename(tmp_path / "elsewhere")
    with open_corpus(first, SPACE) as corpus:
        assert corpus.dense._name != mine  # type: ignore[attr-defined]
        put(corpus, "b.txt", ["travel"])
        corpus.publish()
        corpus.dense.fold()
        assert len(ranked(corpus, word_vector("leave"))) == 1


# ---- fifty folds under queries ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_fifty_folds_under_queries_through_the_store(tmp_path: Path) -> None:
    """In a process of its own with one heap: many heaps fill for a hundred folds, whatever is done in them."""
    alone = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    command = [sys.executable, "-m", "tests.corpus.folds", str(tmp_path), "50"]
    ended = subprocess.run(command, env=alone, check=True, capture_output=True, encoding="utf-8")
    seen = json.loads(ended.stdout)
    assert seen["wrong"] == []
    assert seen["asked"] >= 50
    assert (seen["problems"], seen["mode"], seen["generation"]) == ([], "chroma", 51)
    assert max(seen["open_files"]) <= seen["open_files"][0] + 20
    # The last generation's predecessor may be open for a query still under way: a leak would show in all five.
    assert min(seen["open_files"][-5:]) <= seen["open_files"][0] + 5
    assert np.median(seen["memory_mb"][-5:]) <= np.median(seen["memory_mb"][5:15]) + 10
    assert len(list((tmp_path / "dense").glob("gen-*"))) == 1


def test_given_chunks_are_scored_as_a_search_scores_them(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        lines = ["apples and pears", "pears and plums", "plums alone", "a ladder"]
        put(corpus, "fruit.txt", lines)
        put(corpus, "japan.txt", ["旅費は実費"], covered=False)
        corpus.publish()
        query = WordEmbedder().embed_query("plums and pears")
        found = corpus.search_dense(query, 10, OWNER)
        backwards = found.ids[::-1].copy()
        assert np.array_equal(corpus.score_dense(query, backwards), found.scores[::-1])
        every = corpus.search_lexical("plums pears apples ladder 旅費", 10, OWNER).ids
        unknown = np.array([*every, 12345], np.int64)
        known = np.isin(unknown, found.ids)
        assert known.sum() == 4
        assert np.isnan(corpus.score_dense(query, unknown))[~known].all()
        assert corpus.score_dense(query, unknown[:0]).shape == (0,)
        # What stands around: the chunks before and after, in the order of the text; at the ends the chunk itself.
        own = dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
        with corpus.catalog.read() as db:
            order = [row.id for row in db.execute(select(chunks).order_by(chunks.c.ordinal)) if row.id in own]
        around = corpus.score_around(query, np.array([*order, unknown[~known][0]], np.int64))
        expected = [
            own[order[0]] + own[order[1]],
            own[order[0]] + own[order[2]],
            own[order[1]] + own[order[3]],
            own[order[2]] + own[order[3]],
            0.0,
        ]
        assert around == pytest.approx([value / 2 for value in expected])
