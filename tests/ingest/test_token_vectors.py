"""An ingest gives passages the vectors of their tokens: once for equal texts, later where they were not wanted
before, and in Japanese by a model that reads it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from corpus.embedding import open_embedder
from corpus.settings import Settings
from corpus.store import open_corpus
from corpus.types import OWNER, Float32
from ingest.embedding import EmbeddingChild
from rag.retrieval.retriever import Retriever
from tests.builders import SPACE, TokenWordEmbedder, query_tokens
from tests.ingest.ingest_runs import CountingEmbedder, run, write
from tests.once import Once

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class TokenRecorder(CountingEmbedder, TokenWordEmbedder):
    """Remembers what it was asked."""


class Tokenless(TokenRecorder):
    """Could give token vectors, and its model has none."""

    gives_tokens = False

    def embed_passages_with_tokens(self, texts: Sequence[str]) -> tuple[Float32, list[bytes | None]]:
        raise AssertionError("nobody asks a model for what it does not have")


def copy_in(docs: Path, folder: str) -> None:
    (docs / folder).mkdir()
    (docs / folder / "a.md").write_bytes((docs / "a.md").read_bytes())


def settings_for(folder: Path, *, late: bool = True) -> Settings:
    return Settings(data_dir=folder / "data", dense="exact", late_interaction=late)


def test_equal_passages_are_embedded_once_with_their_tokens(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", "a.md", "b.md")
    copy_in(docs, "again")
    embedder = TokenRecorder()
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        run(corpus, docs, embedder=embedder)
        state = corpus.state()
        assert (state.documents, state.chunks_without_vector, state.chunks_without_tokens) == (3, 0, 0)
        asked = list(embedder.asked)
        copy_in(docs, "third")
        run(corpus, docs, embedder=embedder)
        assert corpus.state().chunks_without_tokens == 0
        assert corpus.state().documents == 4
        assert embedder.asked == asked
        found = corpus.search_lexical("Section", 50, OWNER)
        assert (corpus.score_late(query_tokens("Section"), found.ids, OWNER) > 0.9).all()


def test_a_corpus_made_without_gets_them_with_the_next_ingest_and_not_twice(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", "a.md", "b.md")
    embedder = TokenRecorder()
    with open_corpus(settings_for(tmp_path, late=False), SPACE) as corpus:
        run(corpus, docs, embedder=embedder)
        made = corpus.state().chunks
        assert corpus.state().chunks_without_tokens == made
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        assert run(corpus, docs, embedder=embedder, dry_run=True).replaced == 2
        run(corpus, docs, embedder=embedder)
        assert (corpus.state().chunks, corpus.state().chunks_without_tokens) == (made, 0)
        asked = list(embedder.asked)
        assert run(corpus, docs, embedder=embedder).unchanged == 2
        assert embedder.asked == asked


def test_a_model_without_token_vectors_goes_on_without_and_reuses_its_vectors(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", "a.md")
    embedder = Tokenless()
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        run(corpus, docs, embedder=embedder)
        asked = list(embedder.asked)
        copy_in(docs, "again")
        run(corpus, docs, embedder=embedder)
        assert embedder.asked == asked
        assert corpus.state().chunks_without_tokens == corpus.state().chunks > 0


@pytest.fixture
def chosen(multilingual: Path, once: Once, tmp_path: Path) -> Settings:
    """Settings for a model that reads Japanese, with its export in the data folder."""

    def settings(data: Path) -> Settings:
        return Settings(data_dir=data, dense="exact", embedder=str(multilingual), embed_threads=1)

    made = once("multilingual-data", lambda data: open_embedder(settings(data)).prepare())
    return settings(Path(shutil.copytree(made, tmp_path / "data")))


def test_a_multilingual_model_gives_japanese_vectors_and_every_leg_has_its_say(
    tmp_path: Path, chosen: Settings
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "休暇.md").write_text("# 休暇規程\n\n年次有給休暇は翌年度に限り繰り越す。\n", encoding="utf-8")
    (docs / "旅費.md").write_text("# 旅費規程\n\n旅費は実費を支給する。\n", encoding="utf-8")
    with EmbeddingChild(chosen) as embedder, open_corpus(chosen, embedder.space) as corpus:
        run(corpus, docs, embedder=embedder)  # type: ignore[arg-type]
        state = corpus.state()
        assert (state.chunks, state.chunks_without_vector, state.chunks_without_tokens) == (2, 0, 0)
        found = Retriever(corpus, embedder, chosen).search("年次有給休暇の繰り越し", 5, OWNER)
        assert found.notes == ()
        assert {hit.source for hit in found.hits} == {"休暇.md", "旅費.md"}
        assert found.hits[0].source == "休暇.md"
        assert all({"dense", "late"} <= set(hit.legs) for hit in found.hits)


def test_passages_are_no_longer_than_what_the_model_reads(tmp_path: Path, chosen: Settings) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "long.md").write_text(
        "# 休暇規程\n\n" + "年次有給休暇は翌年度に限り繰り越す。\n" * 40, encoding="utf-8"
    )
    with EmbeddingChild(chosen) as embedder, open_corpus(chosen, embedder.space) as corpus:
        assert embedder.max_tokens < chosen.chunk_tokens
        report = run(corpus, docs, embedder=embedder)  # type: ignore[arg-type]
        state = corpus.state()
        assert (report.added, state.chunks_without_vector) == (1, 0)
        assert state.chunks > 2
