"""What a caller may search, kept from change to change: it is always what reading all of it anew would give."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.catalog import access, changes, documents
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Caller, Filter
from tests.builders import SPACE, put

HR = Caller(frozenset({"public", "group:hr"}))
CALLERS = (OWNER, ANYONE, HR, Caller(frozenset({"user:mia"})))
FILTERS = (
    Filter(),
    Filter(collections=("a",)),
    Filter(languages=("en",)),
    Filter(source="1.*"),
    Filter(metadata={"team": "hr"}),
)
GRANTS = tuple(map(frozenset, (["public"], ["group:hr"], ["user:mia", "group:hr"], [])))
TEXTS = ("the limit is ten days", "salary bands", "the pump is old")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "remove", "grant", "erase", "describe", "many"]),
        st.integers(0, 3),
        st.integers(0, len(TEXTS) - 1),
        st.integers(0, len(GRANTS) - 1),
        st.booleans(),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    with open_corpus(Settings(data_dir=tmp_path_factory.mktemp("scopes"), dense="exact"), SPACE) as corpus:
        yield corpus


def live(corpus: Corpus, name: str) -> str | None:
    with corpus.catalog.read() as db:
        return next((one.id for one in documents.find_by_path(db, name) if one.live), None)


@given(STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_is_what_reading_anew_gives(
    corpus: Corpus, steps: list[tuple[str, int, int, int, bool]]
) -> None:
    for act, name, text, grant, looked in steps:
        path = f"{name}.txt"
        own = live(corpus, path)
        if act == "put":
            put(
                corpus,
                path,
                [TEXTS[text]],
                title=str(grant % 2),
                collection="ab"[name % 2],
                access=GRANTS[grant],
            )
        elif act == "many":
            for number in range(4, 9):  # copies of one text, under names of their own
                put(
                    corpus, f"{number}.txt", [TEXTS[text]], title="Copy", collection="a", access=GRANTS[grant]
                )
        elif own is None:
            continue
        elif act == "remove":
            corpus.remove([own])
        elif act == "erase":
            corpus.erase([own])
        else:
            with corpus.catalog.write() as db:
                if act == "grant":
                    documents.set_access(db, own, GRANTS[grant])
                else:
                    documents.set_metadata(db, own, {"team": "hr"} if looked else {})
        if not looked:
            continue  # so that several changes are followed at once, too
        with corpus.catalog.read() as db:
            every = changes.live_versions(db)
            for caller in CALLERS:
                for filter in FILTERS:
                    anew = access.allowed_versions(db, caller, filter)
                    kept = corpus.scope(caller, filter)
                    wanted = every if anew is None else anew
                    assert np.array_equal(every if kept is None else kept, wanted), (caller, filter)
                assert corpus.collections(caller) == access.collections(db, caller), caller


@pytest.fixture
def reads(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often all was read anew."""
    counted: list[int] = []
    real = access.allowed_versions

    def counting(*args: object) -> object:
        counted.append(1)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(access, "allowed_versions", counting)
    return lambda: len(counted)


def test_what_comes_and_goes_has_nothing_else_read(corpus: Corpus, reads: Callable[[], int]) -> None:
    put(corpus, "one.txt", ["words of one"])
    corpus.scope(ANYONE)
    before = reads()
    put(corpus, "two.txt", ["words of two"])
    corpus.scope(ANYONE)
    put(corpus, "one.txt", ["other words"])
    corpus.remove([live(corpus, "two.txt") or ""])
    corpus.scope(ANYONE)
    assert reads() == before
    with corpus.catalog.write() as db:
        documents.set_access(db, live(corpus, "one.txt") or "", ["group:hr"])
    corpus.scope(ANYONE)
    assert reads() == before + 1
    with corpus.catalog.write() as db:
        documents.set_access(db, live(corpus, "one.txt") or "", ["group:hr"])  # as it is
    corpus.scope(ANYONE)
    assert reads() == before + 1


def test_a_reader_of_an_earlier_state_is_given_that_state(corpus: Corpus) -> None:
    def seen() -> list[int]:
        scope = corpus.scope(HR)
        assert scope is not None
        return list(scope)

    def later() -> None:
        put(corpus, "late.txt", ["late words"])
        told.append(seen())

    told: list[list[int]] = []
    put(corpus, "early.txt", ["early words"])
    with corpus.catalog.one_state():
        early = seen()
        thread = threading.Thread(target=later)
        thread.start()
        thread.join()
        assert seen() == early
    assert told == [seen()]
    assert len(told[0]) == len(early) + 1


def test_of_copies_one_is_searched_whichever_comes_and_goes(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as fresh:
        put(fresh, "other.txt", ["other words"])
        first = put(fresh, "first.txt", ["the same words"], title="Same")
        assert fresh.scope(OWNER) is None
        second = put(fresh, "second.txt", ["the same words"], title="Same")
        for caller in (OWNER, ANYONE):
            assert len(fresh.scope(caller) if fresh.scope(caller) is not None else []) == 2
        fresh.erase([first])
        with fresh.catalog.read() as db:
            copy = documents.get_document(db, second).live
        assert copy is not None
        for caller in (OWNER, ANYONE):
            scope = fresh.scope(caller)
            assert scope is None or (len(scope) == 2 and copy.id in scope)


def test_users_whom_no_document_names_share_what_their_groups_see(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as fresh:
        put(fresh, "open.txt", ["open words"])
        put(fresh, "hr.txt", ["words for hr"], access=frozenset({"group:hr"}))
        first, second, other = (
            Caller(frozenset({"public", f"user:{name}", f"group:{group}"}))
            for name, group in (("mia", "hr"), ("tom", "hr"), ("ida", "it"))
        )
        assert fresh.scope(first) is fresh.scope(second)
        assert fresh.scope(other) is fresh.scope(ANYONE)
        put(fresh, "mia.txt", ["words for mia"], access=frozenset({"user:mia"}))
        mine, theirs = fresh.scope(first), fresh.scope(second)
        assert mine is not None
        assert theirs is not None
        assert (len(mine), len(theirs)) == (3, 2)


def test_scopes_take_no_more_memory_than_they_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus.searching._CACHED_BYTES", 8 * 3)
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as fresh:
        for number in range(2):
            put(fresh, f"{number}.txt", [f"words {number}"])
        for language in ("en", "ja", "en"):
            scope = fresh.scope(ANYONE, Filter(languages=(language,)))
            assert scope is not None
            assert len(scope) == (2 if language == "en" else 0)
        assert sum(one.versions.nbytes for _, one in fresh._scopes.values() if one.versions is not None) <= 24
