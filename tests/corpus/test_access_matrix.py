"""Twenty callers, ten groups, two hundred documents, and changes between searches: on every path nothing outside
what a caller may see, and the exact best of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from corpus.catalog import CatalogFeed, documents
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import OWNER, PUBLIC, Caller, Filter, Float32, Int64, Scored
from corpus.vectors.graph import Graph, GraphError
from rag.retrieval.retriever import Retriever
from tests.builders import SPACE, WordEmbedder, put, word_vector
from tests.corpus.dense import always_ask_chroma, build_here

GROUPS = [PUBLIC, *(f"group:{number}" for number in range(9))]
DOCUMENTS = 200
WORDS = ["leave", "travel", "budget", "audit", "休暇", "旅費規程", "E-4032", "pension"]
QUERIES = ["leave", "travel budget 7", "休暇 leave", "E-4032 audit", "旅費規程"]
PATHS = ("chroma", "exact", "one shot", "fallback")


@dataclass(frozen=True)
class Told:
    """What a document says, and to whom."""

    lines: tuple[str, ...]
    access: frozenset[str]


@dataclass(frozen=True)
class Change:
    """Something done between two searches."""

    kind: str
    number: int
    access: frozenset[str]


@dataclass
class Filled:
    """A closed corpus to begin from, what it holds, and an instant at which it held that."""

    folder: Path
    truth: dict[str, Told] = field(default_factory=dict)
    moment: datetime = datetime.min


ACCESS = st.frozensets(st.sampled_from(GROUPS), max_size=3)
CALLERS = st.lists(
    st.frozensets(st.sampled_from(GROUPS), max_size=4).map(Caller), min_size=20, max_size=20, unique=True
)
CHANGES = st.lists(
    st.builds(
        Change,
        st.sampled_from(["grant", "grant", "replace", "remove", "add"]),
        st.integers(0, DOCUMENTS - 1),
        ACCESS,
    ),
    min_size=1,
    max_size=12,
)


def said(number: int, turn: int = 0) -> tuple[str, ...]:
    return (
        f"{WORDS[number % 8]} {WORDS[(number // 8 + turn) % 8]} {number % 11}",
        f"{WORDS[(number * 3 + 1 + turn) % 8]} {number}",
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    made = Filled(tmp_path_factory.mktemp("matrix") / "data")
    rng = np.random.default_rng(5)
    with pytest.MonkeyPatch.context() as patch:
        build_here(patch)
        with open_corpus(Settings(data_dir=made.folder), SPACE) as corpus:
            for number in range(DOCUMENTS):
                access = frozenset(rng.choice(GROUPS, rng.integers(0, 4), replace=False).tolist())
                made.truth[f"{number}.txt"] = Told(said(number), access)
                told = made.truth[f"{number}.txt"]
                put(corpus, f"{number}.txt", [*told.lines], access=told.access)
            corpus.publish()
            corpus.dense.fold()
    assert not (made.folder / "catalog.sqlite-wal").exists()  # nobody has it open: it may be copied
    time.sleep(0.01)
    made.moment = datetime.now(UTC)
    time.sleep(0.01)
    return made


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    build_here(monkeypatch)
    if request.param == "chroma":
        always_ask_chroma(monkeypatch)
    if request.param == "fallback":

        def refuse(*_: object) -> None:
            raise GraphError("no room")

        monkeypatch.setattr(Graph, "__init__", refuse)
    return request.param


@settings(
    max_examples=2,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink takes minutes
)
@given(callers=CALLERS, rounds=st.lists(CHANGES, min_size=2, max_size=2))
def test_nobody_finds_what_is_not_theirs_and_everybody_the_best_of_what_is(
    path: str,
    filled: Filled,
    tmp_path_factory: pytest.TempPathFactory,
    callers: list[Caller],
    rounds: list[list[Change]],
) -> None:
    folder = tmp_path_factory.mktemp("copy") / "data"
    shutil.copytree(filled.folder, folder)
    chosen = Settings(data_dir=folder, dense="exact" if path == "exact" else "chroma")
    corpus = Corpus.open(chosen, SPACE, one_shot=path == "one shot")
    try:
        if path == "chroma":
            corpus.dense.warm()  # type: ignore[attr-defined]
        truth = dict(filled.truth)
        for turn, changes in enumerate(rounds, start=1):
            for change in changes:
                apply(corpus, truth, change, turn)
            corpus.publish()
            check(corpus, truth, callers)
        check_past(corpus, filled, truth, callers)
    finally:
        corpus.close()
        shutil.rmtree(folder)


def apply(corpus: Corpus, truth: dict[str, Told], change: Change, turn: int) -> None:
    name = f"{change.number}.txt" if change.kind != "add" else f"new-{turn}-{change.number}.txt"
    if change.kind in ("add", "replace"):
        number = change.number + (turn * DOCUMENTS if change.kind == "add" else 0)  # no two say the same
        truth[name] = Told(said(number, turn), change.access)
        put(corpus, name, [*truth[name].lines], access=truth[name].access)
        return
    if name not in truth:
        return
    with corpus.catalog.read() as db:
        [found] = documents.find_by_path(db, name)
    if change.kind == "remove":
        corpus.remove([found.id])
        del truth[name]
    else:
        with corpus.catalog.write() as db:
            documents.set_access(db, found.id, change.access)
        truth[name] = Told(truth[name].lines, change.access)


def mine(truth: Mapping[str, Told], caller: Caller) -> set[str]:
    return {name for name, told in truth.items() if told.access & caller.principals}


def sources(corpus: Corpus) -> dict[int, str]:
    """The document of every live chunk, as the catalog tells its indexes."""
    with corpus.catalog.read() as db:
        names = {one.live.id: one.key.path for one in documents.list_documents(db) if one.live}
    with CatalogFeed(corpus.catalog).snapshot() as snapshot:
        return {row.chunk_id: names[row.version_id] for row in snapshot.text_rows()}


def best(everything: Scored, allowed: set[int], k: int) -> list[int]:
    """The first ``k`` of a ranking of everything that are allowed."""
    return [own for own in everything.ids.tolist() if own in allowed][:k]


def check(corpus: Corpus, truth: Mapping[str, Told], callers: list[Caller]) -> None:
    source = sources(corpus)
    assert set(source.values()) == set(truth)
    vectors = vectors_of(corpus)
    retriever = Retriever(corpus, WordEmbedder(), corpus.settings)  # type: ignore[arg-type]
    for number, caller in enumerate(callers):
        theirs = mine(truth, caller)
        allowed = {own for own, name in source.items() if name in theirs}
        query, k = QUERIES[number % len(QUERIES)], 1 + number % 9
        dense = corpus.search_dense(word_vector(query), k, caller).ids.tolist()
        assert dense == best(ranking(vectors, query), allowed, k)
        lexical = corpus.search_lexical(query, k, caller).ids.tolist()
        assert lexical == best(corpus.search_lexical(query, 2000, OWNER), allowed, k)
        hits = retriever.search(query, k, caller).hits
        assert {hit.source for hit in hits} <= theirs
        assert {name for hit in hits for name in hit.also} <= theirs
        assert len(hits) <= k
        assert bool(hits) == bool(set(dense) | set(lexical))


def check_past(corpus: Corpus, filled: Filled, truth: Mapping[str, Told], callers: list[Caller]) -> None:
    """As of an instant: what was said then, to those who may see the document today."""
    chosen = Filter(as_of=filled.moment)
    retriever = Retriever(corpus, WordEmbedder(), corpus.settings)  # type: ignore[arg-type]
    for number, caller in enumerate(callers[:6]):
        theirs = {name for name in mine(truth, caller) if name in filled.truth}
        query, k = QUERIES[number % len(QUERIES)], 1 + number % 9
        lines = [line for name in theirs for line in filled.truth[name].lines]
        dense = corpus.search_dense(word_vector(query), k, caller, chosen)
        then = cosines(WordEmbedder().embed_passages(lines), query)
        assert dense.scores.tolist() == sorted(then.tolist(), reverse=True)[:k]
        hits = corpus.hits([(own, 1.0) for own in dense.ids.tolist()], {}, caller, k, filled.moment)
        assert {hit.source for hit in hits} <= theirs
        assert {hit.text for hit in hits} <= set(lines)
        both = retriever.search(query, k, caller, chosen).hits
        assert {hit.source for hit in both} <= theirs
        # Neighbours are one passage, where a caller sees little enough to be shown both.
        assert {line for hit in both for line in hit.text.splitlines()} <= set(lines)


def vectors_of(corpus: Corpus) -> tuple[Int64, Float32]:
    with CatalogFeed(corpus.catalog).snapshot() as snapshot:
        batches = list(snapshot.vector_batches())
    return np.concatenate([one.ids for one in batches]), np.concatenate([one.vectors for one in batches])


def ranking(vectors: tuple[Int64, Float32], query: str) -> Scored:
    """Every live row, best first, ties in ascending chunk id: the plain way."""
    ids, rows = vectors
    scores = cosines(rows, query)
    order = np.lexsort((ids, -scores))
    return Scored(ids[order], scores[order])


def cosines(rows: Float32, query: str) -> Float32:
    exact = (rows.astype(np.float64) * word_vector(query).astype(np.float64)).sum(axis=1)
    return np.clip(exact, -1.0, 1.0).astype(np.float32)
