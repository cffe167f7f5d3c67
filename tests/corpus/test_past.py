"""Searching as of an instant, against a diary of what was live when: replaced, removed, added again, erased."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from corpus import past
from corpus.catalog import committing, documents
from corpus.catalog.times import shown_time
from corpus.catalog.versions import list_versions
from corpus.errors import UnavailableError, UsageError
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, PUBLIC, Caller, Filter, Hit
from tests.builders import SPACE, new_version, word_vector

WORDS = ["leave", "travel", "budget", "休暇", "旅費", "E-4032"]
EVERY = " ".join(WORDS)
GROUPS = [PUBLIC, "group:hr"]
HR = Caller(frozenset({PUBLIC, "group:hr"}))
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)

Live = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Deed:
    """Something done to a document."""

    kind: str
    path: str
    lines: tuple[str, ...]
    access: frozenset[str]


DEEDS = st.builds(
    Deed,
    st.sampled_from(["put", "put", "put", "remove", "grant", "erase"]),
    st.sampled_from(["a.txt", "b.txt"]),
    st.lists(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
        min_size=1,
        max_size=2,
        unique=True,
    ).map(tuple),
    st.sets(st.sampled_from(GROUPS)).map(frozenset),
)


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        yield opened


def put(corpus: Corpus, path: str, *lines: str, access: frozenset[str] = frozenset({PUBLIC})) -> str:
    new = new_version(path, list(lines), access=access)
    own = corpus.commit(new, "\n".join(lines).encode()).document_id
    corpus.publish()
    return own


def legs(corpus: Corpus, moment: datetime | None, caller: Caller, query: str = EVERY) -> list[list[Hit]]:
    """What each leg gives as of a moment, as hits."""
    chosen = Filter(as_of=moment)
    found = (
        corpus.search_dense(word_vector(query), 100, caller, chosen),
        corpus.search_lexical(query, 100, caller, chosen),
    )
    return [corpus.hits([(own, 1.0) for own in leg.ids.tolist()], {}, caller, 100, moment) for leg in found]


def passages(hits: Sequence[Hit]) -> set[tuple[str, str]]:
    return {(source, hit.text) for hit in hits for source in (hit.source, *hit.also)}


@settings(
    max_examples=12,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink takes minutes
)
@given(st.lists(DEEDS, min_size=2, max_size=8))
def test_every_instant_is_searched_as_it_was_by_those_who_may_see_it_today(deeds: list[Deed]) -> None:
    live: Live = {}
    access: dict[str, frozenset[str]] = {}
    ids: dict[str, str] = {}
    diary: list[tuple[datetime, Live]] = [(LONG_AGO, {})]
    with (
        tempfile.TemporaryDirectory(prefix="vouch-test-") as folder,
        open_corpus(Settings(data_dir=Path(folder), dense="exact"), SPACE) as corpus,
    ):
        for deed in deeds:
            if deed.kind == "put":
                ids[deed.path] = put(corpus, deed.path, *deed.lines, access=deed.access)
                live[deed.path], access[deed.path] = deed.lines, deed.access
            elif deed.path not in ids:
                continue
            elif deed.kind == "remove":
                assert corpus.remove([ids[deed.path]]) == (live.pop(deed.path, None) is not None)
            elif deed.kind == "grant":
                with corpus.catalog.write() as db:
                    documents.set_access(db, ids[deed.path], deed.access)
                access[deed.path] = deed.access
            else:
                legs(corpus, diary[-1][0], OWNER)  # what is erased was searched just before
                corpus.erase([ids.pop(deed.path)])
                live.pop(deed.path, None)
                for _, then in diary:
                    then.pop(deed.path, None)
            diary.append((datetime.now(UTC), dict(live)))
        for (moment, then), caller in itertools.product(diary, (OWNER, HR, ANYONE)):
            wanted = {
                (path, line)
                for path, lines in then.items()
                if caller.owner or (path in live and access[path] & caller.principals)
                for line in lines
            }
            for hits in legs(corpus, moment, caller):
                assert passages(hits) == wanted
                for hit in hits:
                    cited = corpus.text(hit.document_id, hit.version, hit.start, hit.end, caller)
                    assert cited[1] == hit.text
        for hits in legs(corpus, None, OWNER):
            assert passages(hits) == {(path, line) for path, lines in live.items() for line in lines}


def test_a_version_lives_from_its_commit_until_the_next_ones(corpus: Corpus) -> None:
    own = put(corpus, "a.txt", "leave is five days")
    put(corpus, "a.txt", "leave is seven days")
    with corpus.catalog.read() as db:
        second, first = list_versions(db, own)
    assert first.retired_at == second.committed_at
    step = timedelta(microseconds=1)
    told = {
        first.committed_at - step: [],
        first.committed_at: [1],
        second.committed_at - step: [1],
        second.committed_at: [2],
    }
    for moment, versions in told.items():
        for hits in legs(corpus, moment, ANYONE):
            assert [hit.version for hit in hits] == versions


@settings(
    max_examples=10,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@example([(True, 1), (False, 6), (True, 3), (True, 9), (True, 5)])
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=7))
def test_one_version_at_most_was_live_at_a_time_whatever_the_clock_said(
    deeds: list[tuple[bool, int]],
) -> None:
    """A clock that was set back, or ahead for a while, made two versions of a document answer for one instant."""
    clock = [0]

    def at(hour: int) -> datetime:
        return LONG_AGO + timedelta(hours=hour)

    with (
        tempfile.TemporaryDirectory(prefix="vouch-test-") as folder,
        pytest.MonkeyPatch.context() as patch,
        open_corpus(Settings(data_dir=Path(folder), dense="exact"), SPACE) as corpus,
    ):
        for module in (committing, documents):
            patch.setattr(module, "now", lambda: shown_time(at(clock[0])))
        made: list[tuple[int, int | None]] = []  # when each version was made and retired
        own = ""
        for again, hour in deeds:
            clock[0] = hour
            if made and made[-1][1] is None:
                made[-1] = made[-1][0], hour
            if again:
                own = put(corpus, "a.txt", f"leave is {len(made)} days")
                made.append((hour, None))
            elif own:
                corpus.remove([own])
        for hour in range(10):
            number = max((n for n, (begun, _) in enumerate(made, 1) if begun <= hour), default=0)
            ended = made[number - 1][1] if number else None
            wanted = {number} if number and (ended is None or ended > hour) else set()
            for hits in legs(corpus, at(hour), OWNER):
                assert {hit.version for hit in hits} == wanted


def test_an_instant_that_is_not_over_is_now_though_the_clock_was_ahead(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(committing, "now", lambda: "2999-01-01T00:00:00.000000+00:00")
        put(corpus, "a.txt", "leave is five days")
    today = Filter(as_of=datetime.now(UTC) + timedelta(hours=1))
    assert not corpus.is_empty(ANYONE, today)
    assert [hit.source for hit in corpus.passages_with("leave", ANYONE, today)] == ["a.txt"]
    assert len(corpus.search_lexical("leave", 10, ANYONE, today).ids) == 1


@pytest.mark.parametrize(
    "lines", [("leave is five days", "travel is paid"), ("年次有給休暇は五日", "旅費は実費")]
)
def test_content_that_came_back_is_found_under_each_version_that_had_it(
    corpus: Corpus, lines: tuple[str, ...]
) -> None:
    put(corpus, "a.txt", *lines)
    first = datetime.now(UTC)
    own = put(corpus, "a.txt", "nothing of the kind")
    between = datetime.now(UTC)
    corpus.remove([own])
    removed = datetime.now(UTC)
    for hits in legs(corpus, first, OWNER):
        assert {hit.version for hit in hits} == {1}
    put(corpus, "a.txt", *lines)  # takes over the ids of the first version's chunks
    for moment, version in ((first, 1), (removed, 0), (None, 3), (first, 1)):
        for hits in legs(corpus, moment, OWNER, " ".join(lines)):
            assert {hit.version for hit in hits} == ({version} if version else set())
            assert {hit.text for hit in hits} == (set(lines) if version else set())
    assert {hit.version for hit in legs(corpus, between, ANYONE, "nothing")[1]} == {2}


def test_copies_are_named_as_they_were_then(corpus: Corpus) -> None:
    put(corpus, "a.txt", "leave")
    put(corpus, "b.txt", "leave")
    moment = datetime.now(UTC)
    put(corpus, "b.txt", "travel")
    put(corpus, "c.txt", "leave")
    for asked, named in ((moment, {"a.txt", "b.txt"}), (None, {"a.txt", "c.txt"})):
        [hit] = legs(corpus, asked, ANYONE, "leave")[1]
        assert {hit.source, *hit.also} == named


def test_a_removed_document_is_found_by_the_owner_alone(corpus: Corpus) -> None:
    own = put(corpus, "a.txt", "leave is five days")
    moment = datetime.now(UTC)
    corpus.remove([own])
    assert all(hits for hits in legs(corpus, moment, OWNER))
    assert not any(hits for hits in legs(corpus, moment, ANYONE))


def test_the_past_gives_the_ids_and_scores_that_the_indexes_gave(corpus: Corpus) -> None:
    for path, lines in {
        "a.txt": ("annual leave is five days", "travel is paid", "the budget for travel"),
        "規程.txt": ("年次有給休暇は五日", "旅費は実費を支給する", "休暇の申請"),
    }.items():
        put(corpus, path, *lines)
    moment = datetime.now(UTC)
    queries = ("annual leave", "travel budget", "年次有給休暇", "旅費")
    vectors = [word_vector(query) for query in queries]
    live = [corpus.search_lexical(query, 4, OWNER) for query in queries]
    live += [corpus.search_dense(vector, 4, OWNER) for vector in vectors]
    rarity = corpus.rarity(queries, OWNER)
    put(corpus, "a.txt", "annual leave annual leave")
    then = Filter(as_of=moment)
    asked = [corpus.search_lexical(query, 4, OWNER, then) for query in queries]
    asked += [corpus.search_dense(vector, 4, OWNER, then) for vector in vectors]
    for was, is_ in zip(live, asked, strict=True):
        assert len(was)
        np.testing.assert_array_equal(is_.ids, was.ids)
        np.testing.assert_array_equal(is_.scores, was.scores)
    for query, leg in zip(queries, live, strict=False):
        np.testing.assert_allclose(corpus.score_lexical(query, leg.ids, OWNER, then), leg.scores, rtol=1e-5)
    assert corpus.rarity(queries, OWNER, then) == rarity
    assert corpus.rarity(queries, OWNER) != rarity


def test_the_same_past_is_read_once_and_another_anew(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = past.Past.__init__

    def counted(self: past.Past, *given: object) -> None:
        made.append(1)
        make(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(past.Past, "__init__", counted)
    put(corpus, "a.txt", "leave")
    moment = datetime.now(UTC)
    put(corpus, "b.txt", "leave early")
    later = datetime.now(UTC)
    for asked, so_far in ((moment, 1), (moment + timedelta(microseconds=1), 1), (later, 2), (moment, 3)):
        assert all(legs(corpus, asked, OWNER))
        assert len(made) == so_far
    put(corpus, "c.txt", "travel")  # beside an ingest it is not read anew with every commit
    assert all(legs(corpus, moment, OWNER))
    assert len(made) == 3
    assert all(legs(corpus, datetime.now(UTC) + timedelta(days=1), OWNER))  # the indexes answer
    assert len(made) == 3


def test_a_past_that_is_too_large_is_refused_and_a_part_of_it_is_not(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "MOST_CHUNKS", 2)
    put(corpus, "a.txt", "leave", "travel")
    put(corpus, "b.txt", "budget")
    moment = datetime.now(UTC)
    with pytest.raises(UsageError) as raised:
        legs(corpus, moment, OWNER)
    assert raised.value.code == "as_of_too_large"
    assert raised.value.message.startswith("3 passages")
    assert len(corpus.search_lexical("leave", 5, OWNER, Filter(as_of=moment, source="a.txt"))) == 1


def test_too_many_who_wait_are_told_to_come_again(corpus: Corpus) -> None:
    put(corpus, "a.txt", "leave")
    moment = datetime.now(UTC)
    shelf = corpus._past
    for _ in range(past.MOST_WAITING):
        assert shelf._places.acquire(blocking=False)
    with pytest.raises(UnavailableError) as raised:
        legs(corpus, moment, OWNER)
    assert raised.value.code == "overloaded"
    shelf._places.release()
    assert all(legs(corpus, moment, OWNER))
