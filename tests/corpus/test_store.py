"""The corpus against a dictionary: whatever was done to it, it answers as one made from scratch would."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from corpus.backup import verify
from corpus.catalog import documents
from corpus.errors import BusyError, DamagedError, EmbeddingError, NotFoundError
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Caller, Filter, Hit
from tests.builders import SPACE, new_version, put, settings_for, word_vector

WORDS = ["leave", "travel", "budget", "probe", "休暇", "旅費", "E-4032", "audit"]
PATHS = [f"{name}.txt" for name in "abcdef"]
GROUPS = ["public", "group:hr", "group:it"]
HR = Caller(frozenset({"public", "group:hr"}))


def search(
    corpus: Corpus, query: str, k: int, caller: Caller, filter: Filter | None = None
) -> dict[str, list[Hit]]:
    """What each leg gives, as hits."""
    chosen = filter or Filter()
    legs = {
        "dense": corpus.search_dense(word_vector(query), k, caller, chosen),
        "lexical": corpus.search_lexical(query, k, caller, chosen),
    }
    return {
        name: corpus.hits(list(zip(leg.ids.tolist(), leg.scores.tolist(), strict=True)), {}, caller, k)
        for name, leg in legs.items()
    }


class CorpusMachine(RuleBasedStateMachine):
    """Adds, replaces, removes, regrants, folds and reopens, beside a dictionary that says what is true."""

    dense = "exact"

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vouch-test-"))
        self.corpus = Corpus.open(settings_for(self.folder, self.dense), SPACE)
        self.truth: dict[str, tuple[list[str], frozenset[str]]] = {}

    def teardown(self) -> None:
        self.corpus.close()
        shutil.rmtree(self.folder)

    @rule(
        path=st.sampled_from(PATHS),
        lines=st.lists(
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4
        ),
        access=st.sets(st.sampled_from(GROUPS)).map(frozenset),
    )
    def put(self, path, lines, access):
        put(self.corpus, path, lines, access=access)
        self.corpus.publish()
        self.truth[path] = (lines, access)

    @precondition(lambda self: self.truth)
    @rule(data=st.data())
    def remove(self, data):
        path = data.draw(st.sampled_from(sorted(self.truth)))
        with self.corpus.catalog.read() as db:
            [found] = documents.find_by_path(db, path)
        assert self.corpus.remove([found.id]) == 1
        del self.truth[path]

    @precondition(lambda self: self.truth)
    @rule(data=st.data(), access=st.sets(st.sampled_from(GROUPS)).map(frozenset))
    def regrant(self, data, access):
        path = data.draw(st.sampled_from(sorted(self.truth)))
        with self.corpus.catalog.write() as db:
            [found] = documents.find_by_path(db, path)
            documents.set_access(db, found.id, access)
        self.truth[path] = (self.truth[path][0], access)

    @rule(paths=st.lists(st.sampled_from([*PATHS, "none.txt"]), max_size=4))
    def find(self, paths):
        with self.corpus.catalog.read() as db:
            found, all_of_them = (
                documents.find_by_paths(db, paths),
                documents.list_documents(db, removed=True),
            )
        for path in paths:
            own = [one for one in all_of_them if one.key.path == path]
            assert found.get(path, []) == ([one for one in own if one.live] or own)
        assert found.keys() <= set(paths)

    @rule()
    def reopen(self):
        self.corpus.close()
        self.corpus = Corpus.open(settings_for(self.folder, self.dense), SPACE)

    @rule(query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join), k=st.integers(1, 12))
    def look(self, query, k):
        for caller in (OWNER, ANYONE, HR):
            allowed = {
                (path, line)
                for path, (lines, access) in self.truth.items()
                if caller.owner or access & caller.principals
                for line in lines
            }
            found = search(self.corpus, query, k, caller)
            for hits in found.values():
                assert {(hit.source, hit.text) for hit in hits} <= allowed
            rows = sorted((self._chunks(caller)), key=lambda row: (-row[0](query), row[1]))
            wanted = [row[1] for row in rows[:k]]
            assert [hit.chunk_id for hit in found["dense"]] == wanted
            holding = [line for _, line in allowed if set(line.split()) & set(query.split())]
            whole = sum(len(lines) for lines, _ in self.truth.values())
            if k >= whole:
                texts = [hit.text for hit in found["lexical"]]
                assert all(line in texts for line in holding)

    def _chunks(self, caller):
        from corpus.catalog import CatalogFeed

        with CatalogFeed(self.corpus.catalog).snapshot() as snapshot:
            rows = {
                own: v
                for b in snapshot.vector_batches()
                for own, v in zip(b.ids.tolist(), b.vectors, strict=True)
            }
        hits = self.corpus.hits([(own, 1.0) for own in rows], {}, caller, len(rows) or 1)

        def scorer(vector):
            return lambda query: np.float32(vector @ word_vector(query))

        return [(scorer(rows[int(hit.chunk_id, 16)]), hit.chunk_id) for hit in hits]

    @invariant()
    def holds_what_it_should(self):
        self.corpus.search_lexical("leave", 1, OWNER)  # waits until an index that was just opened is checked
        state = self.corpus.state()
        chunks = sum(len(lines) for lines, _ in self.truth.values())
        assert (state.documents, state.chunks, state.problems) == (len(self.truth), chunks, ())
        assert (state.dense.rows, state.lexical.rows) == (chunks, chunks)


TestCorpus = CorpusMachine.TestCase
TestCorpus.settings = settings(
    max_examples=12, stateful_step_count=14, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def corpus(tmp_path: Path):
    with open_corpus(settings_for(tmp_path / "data"), SPACE) as opened:
        yield opened


def everything(corpus: Corpus) -> list[tuple[str, ...]]:
    """Every answer to a few questions, in order: what must not depend on how the corpus came to be."""
    found = []
    for query in ("leave travel", "休暇", "budget audit E-4032"):
        for caller in (OWNER, ANYONE):
            for name, hits in search(corpus, query, 50, caller).items():
                found.append((query, name, *(f"{h.chunk_id} {h.source} {h.text}" for h in hits)))
    return found


def test_incremental_equals_from_scratch(tmp_path: Path):
    final = {"a.txt": ["leave travel", "audit"], "b.txt": ["休暇 budget"], "c.txt": ["E-4032 probe", "leave"]}
    with open_corpus(settings_for(tmp_path / "straight"), SPACE) as straight:
        for path, lines in final.items():
            put(straight, path, lines)
        straight.publish()
        wanted = everything(straight)
    with open_corpus(settings_for(tmp_path / "winding"), SPACE) as winding:
        put(winding, "c.txt", ["audit audit"])
        put(winding, "d.txt", ["travel"])
        put(winding, "a.txt", ["leave travel", "audit"])
        winding.publish()
        with winding.catalog.read() as db:
            [gone] = documents.find_by_path(db, "d.txt")
        winding.remove([gone.id])
        put(winding, "a.txt", ["something else"])
        winding.publish()
        for path, lines in final.items():
            put(winding, path, lines)
        winding.publish()
        winding.lexical.rebuild()
        assert everything(winding) == wanted
        assert verify(winding).problems == ()


def test_add_and_remove_equals_before(corpus):
    put(corpus, "a.txt", ["leave travel", "budget"])
    corpus.publish()
    before = everything(corpus)
    document_id = put(corpus, "b.txt", ["travel travel", "休暇 audit"])
    corpus.publish()
    assert everything(corpus) != before
    corpus.remove([document_id])
    corpus.lexical.rebuild()
    assert everything(corpus) == before


def test_replaced_words_are_never_found_again(corpus):
    put(corpus, "a.txt", ["the limit is fourteen days"])
    corpus.publish()
    put(corpus, "a.txt", ["the limit is ten days"])
    corpus.publish()
    for hits in search(corpus, "fourteen", 10, OWNER).values():
        assert all("fourteen" not in hit.text for hit in hits)


def test_what_an_index_still_holds_is_not_shown(corpus):
    """The catalog decides last: removal is seen at once, before any index has followed."""
    document_id = put(corpus, "a.txt", ["leave"])
    corpus.publish()
    with corpus.catalog.write() as db:
        documents.remove(db, document_id)
    assert search(corpus, "leave", 5, OWNER) == {"dense": [], "lexical": []}


def test_access_changes_at_once(corpus):
    document_id = put(corpus, "a.txt", ["leave"], access=frozenset({"group:hr"}))
    corpus.publish()
    assert all(not hits for hits in search(corpus, "leave", 5, ANYONE).values())
    assert all(hits for hits in search(corpus, "leave", 5, HR).values())
    with corpus.catalog.write() as db:
        documents.set_access(db, document_id, ["public"])
    assert all(hits for hits in search(corpus, "leave", 5, ANYONE).values())


def test_a_hidden_document_is_as_if_it_were_not(corpus):
    document_id = put(corpus, "a.txt", ["leave"], access=frozenset({"group:hr"}))
    with pytest.raises(NotFoundError) as hidden:
        corpus.text(document_id, caller=ANYONE)
    with pytest.raises(NotFoundError) as missing:
        corpus.text("0" * 16, caller=ANYONE)
    assert hidden.value.message.replace(document_id, "0" * 16) == missing.value.message
    assert corpus.text(document_id, caller=HR)[1] == "leave"


def test_a_documents_passages_come_in_reading_order_to_who_may_see_them(corpus):
    document_id = put(corpus, "a.txt", ["leave", "travel", "audit"], access=frozenset({"group:hr"}))
    corpus.publish()

    def passages(caller: Caller, most: int = 9) -> list[str]:
        return [hit.text for hit in corpus.passages_of(document_id, 1, caller, most)]

    assert passages(HR) == ["leave", "travel", "audit"]
    assert passages(HR, 2) == ["leave", "travel"]
    assert passages(ANYONE) == []


def test_filters_and_access_hold_together(corpus):
    put(corpus, "a.txt", ["leave one"], collection="x")
    put(corpus, "b.txt", ["leave two"], collection="y", access=frozenset({"group:hr"}))
    corpus.publish()
    only_y = Filter(collections=("y",))
    assert [h.text for h in search(corpus, "leave", 5, HR, only_y)["dense"]] == ["leave two"]
    assert search(corpus, "leave", 5, ANYONE, only_y) == {"dense": [], "lexical": []}


def test_text_without_a_vector_is_found_by_its_words(corpus):
    put(corpus, "a.txt", ["有給休暇は二十日です"], covered=False)
    corpus.publish()
    found = search(corpus, "有給休暇", 5, ANYONE)
    assert [hit.source for hit in found["lexical"]] == ["a.txt"]
    assert found["dense"] == []
    assert corpus.state().chunks_without_vector == 1


def test_a_vector_of_another_shape_is_refused(corpus):
    new = new_version("a.txt", ["one"])
    wrong = type(new)(**{**{f: getattr(new, f) for f in new.__slots__}, "vectors": [np.ones(3, np.float32)]})
    with pytest.raises(EmbeddingError):
        corpus.commit(wrong, b"one")
    assert corpus.state().documents == 0


def test_another_space_is_refused(tmp_path: Path):
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        put(corpus, "a.txt", ["one"])
    other = type(SPACE)(**{**{f: getattr(SPACE, f) for f in SPACE.__slots__}, "revision": "2"})
    with pytest.raises(EmbeddingError) as caught:
        Corpus.open(settings_for(tmp_path), other)
    assert caught.value.code == "other_space"
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        assert corpus.state().documents == 1


def test_a_second_owner_is_turned_away(corpus, tmp_path: Path):
    with pytest.raises(BusyError):
        Corpus.open(settings_for(tmp_path / "data"), SPACE)


def test_a_changed_original_keeps_the_previous_version(corpus):
    put(corpus, "a.txt", ["old"])
    with pytest.raises(DamagedError):
        corpus.commit(new_version("a.txt", ["new"]), b"not those bytes")
    corpus.publish()
    assert [hit.text for hit in search(corpus, "old", 5, OWNER)["dense"]] == ["old"]
