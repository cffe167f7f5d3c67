"""A passage that cannot be analysed is set aside: the others are found, and a newer program tries it again."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from fake_feed import FakeFeed
from hypothesis import given, settings
from hypothesis import strategies as st
from lexical_runs import assert_same, ids, opened, results, texts

import corpus.lexical.aside as aside_room
import corpus.lexical.writing as writing_room
from corpus.errors import StorageError
from corpus.lexical import TantivyIndex
from corpus.settings import Settings
from corpus.store import open_corpus
from corpus.types import OWNER
from tests.builders import SPACE, new_version

BAD = "unspeakable"
QUERIES = ("leave pay", "E-4032 育児休業", "コード the of")


class PanicException(BaseException):
    """As tantivy's own: it is no Exception."""


def break_analysis(patch: pytest.MonkeyPatch, error: type[BaseException] = IndexError) -> None:
    whole = writing_room.passage_tokens

    def tokens(context: str, text: str) -> list[str]:
        if BAD in text:
            raise error("no such token")
        return whole(context, text)

    patch.setattr(writing_room, "passage_tokens", tokens)


@pytest.mark.parametrize("error", [IndexError, ValueError, PanicException])
def test_a_passage_that_cannot_be_analysed_is_set_aside(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[BaseException],
):
    """An exception raised by one passage stopped every search of its folder."""
    break_analysis(monkeypatch, error)
    feed = FakeFeed()
    feed.add(1, "leave", f"leave {BAD}")
    index = TantivyIndex(feed, tmp_path, quiet_s=3600)
    with caplog.at_level(logging.WARNING, "corpus.lexical"):
        index.follow()
        feed.add(2, f"{BAD} travel", "pay")
        index.follow()
    assert ids(index, "leave") == [100]
    assert ids(index, "pay") == [201]
    assert ids(index, "travel") == []
    state = index.state()
    assert (state.aside, state.aside_first, state.problem) == (2, (101, 200), "")
    assert state.seq == 2
    told = caplog.records[-1]
    assert told.levelname == "WARNING"
    assert told.getMessage().startswith("passage_set_aside: 2 ")
    assert "0000000000000065" in told.getMessage()
    feed.remove(1)
    index.follow()
    assert (index.state().aside, index.state().aside_first) == (1, (200,))
    index.close()


def test_a_newer_program_tries_what_was_set_aside_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    feed = FakeFeed()
    feed.add(1, "leave", f"leave {BAD}")
    feed.add(2, "pay")
    with pytest.MonkeyPatch.context() as broken:
        break_analysis(broken)
        opened(feed, tmp_path).close()
    same = opened(feed, tmp_path)  # no newer one: not tried again
    assert (ids(same, "leave"), same.state().aside) == ([100], 1)
    same.close()
    monkeypatch.setattr(aside_room, "installed_version", lambda: "9.9")
    newer = opened(feed, tmp_path)
    assert (ids(newer, "leave"), newer.state().aside) == ([100, 101], 0)
    newer.compact()
    fresh = opened(feed, tmp_path / "fresh")
    assert_same(results(newer, "leave pay"), results(fresh, "leave pay"))
    newer.close()
    fresh.close()


def test_a_newer_program_that_cannot_either_tries_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    break_analysis(monkeypatch)
    feed = FakeFeed()
    feed.add(1, "leave", f"leave {BAD}")
    opened(feed, tmp_path).close()
    monkeypatch.setattr(aside_room, "installed_version", lambda: "9.9")
    index = opened(feed, tmp_path)
    assert (ids(index, "leave"), index.state().aside) == ([100], 1)
    folder = next(tmp_path.glob("gen-*"))
    written = (folder / "meta.json").read_bytes()
    index.follow()
    assert (folder / "meta.json").read_bytes() == written
    index.close()


def test_a_rebuild_tries_again_what_was_set_aside(tmp_path: Path):
    feed = FakeFeed()
    feed.add(1, f"leave {BAD}")
    with pytest.MonkeyPatch.context() as broken:
        break_analysis(broken)
        index = opened(feed, tmp_path)
    assert ids(index, "leave") == []
    index.rebuild()
    assert (ids(index, "leave"), index.state().aside) == ([100], 0)
    index.close()


@pytest.mark.parametrize("error", [MemoryError, OSError])
def test_what_the_machine_lacks_sets_nothing_aside(tmp_path: Path, error: type[BaseException]):
    """It is no fault of the passage: what was not indexed is tried again by itself."""
    feed = FakeFeed()
    index = opened(feed, tmp_path)
    with pytest.MonkeyPatch.context() as broken:
        break_analysis(broken, error)
        feed.add(1, f"leave {BAD}")
        with pytest.raises((MemoryError, StorageError)):
            index.follow()
    index.follow()
    assert (ids(index, "leave"), index.state().aside) == ([100], 0)
    index.close()


@settings(max_examples=20)
@given(chunks=st.lists(st.tuples(texts, st.booleans()), min_size=1, max_size=6))
def test_the_others_are_found_as_if_there_were_no_such_passage(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[tuple[str, bool]]
):
    with pytest.MonkeyPatch.context() as broken:
        break_analysis(broken)
        feed = FakeFeed()
        feed.add(1, *(f"{text} {BAD}" if bad else text for text, bad in chunks))
        index = opened(feed, tmp_path_factory.mktemp("some"))
    whole = FakeFeed()
    whole.add(1, *(text for text, _ in chunks))
    all_of_them = opened(whole, tmp_path_factory.mktemp("all"))
    bad = {100 + at for at, (_, is_bad) in enumerate(chunks) if is_bad}
    assert index.state().aside == len(bad)
    for query in QUERIES:
        assert set(ids(index, query)) == set(ids(all_of_them, query)) - bad
    index.close()
    all_of_them.close()


def test_the_state_of_a_corpus_names_documents_by_their_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever may ask after the health of a service need not learn what its documents are called."""
    break_analysis(monkeypatch)
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as corpus:
        new = new_version("secret plan.txt", ["leave", f"travel {BAD}"])
        own = corpus.commit(new, f"leave\ntravel {BAD}".encode()).document_id
        corpus.publish()
        (problem,) = corpus.state().problems
        assert "(passage_set_aside): 1. " in problem
        assert f"passage 2 of document {own}." in problem
        assert "vouch rebuild" in problem
        assert "secret" not in problem
        assert corpus.notes() == ()
        assert [hit.text for hit in corpus.passages_with("leave", OWNER)] == ["leave"]
        corpus.remove([own])
        assert corpus.state().problems == ()
