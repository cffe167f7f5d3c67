"""The catalog: one transaction a version, what is live, and what is kept."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.catalog import (
    CatalogFeed,
    access,
    committing,
    documents,
    open_database,
    passages,
    records,
    schema,
)
from corpus.catalog.changes import last_seq
from corpus.catalog.reuse import reusable_vectors
from corpus.catalog.schema import SEGMENT_CHARS
from corpus.catalog.texts import read_text
from corpus.catalog.versions import content_hashes, list_versions
from corpus.errors import DamagedError, NotFoundError, StorageError
from corpus.hashing import text_hash
from corpus.types import ANYONE, OWNER, Caller, Filter, Note, show_chunk_id
from tests.builders import SPACE, new_version
from tests.corpus.catalog_runs import commit, live_ids


def test_replacing_retires_the_old_version_in_the_same_instant(catalog):
    commit(catalog, new_version("a.txt", ["old words"]))
    second = commit(catalog, new_version("a.txt", ["new words"]))
    with catalog.read() as db:
        listed = documents.list_documents(db)
        history = list_versions(db, second.document_id)
        texts = [read_text(db, one.id) for one in history]
    assert [one.live.number for one in listed] == [2]
    assert [(one.number, one.state) for one in history] == [(2, "live"), (1, "retired")]
    assert texts == ["new words", "old words"]


def test_a_failed_transaction_leaves_nothing(catalog):
    commit(catalog, new_version("a.txt", ["old words"]))
    before = live_ids(catalog)

    def fail() -> None:
        with catalog.write() as db:
            committing.commit_version(db, new_version("a.txt", ["new words"]))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    assert live_ids(catalog) == before
    with CatalogFeed(catalog).snapshot() as snapshot:
        assert snapshot.seq == 1


def test_ids_do_not_depend_on_history(tmp_path: Path):
    straight, winding = open_database(tmp_path / "1"), open_database(tmp_path / "2")
    commit(straight, new_version("a.txt", ["one", "two"]))
    for lines in (["one", "two"], ["three"], ["one", "two"], ["one", "two"]):
        commit(winding, new_version("a.txt", lines))
    assert live_ids(straight) == live_ids(winding)
    with winding.read() as db:
        kept = [read_text(db, v.id) for v in list_versions(db, documents.list_documents(db)[0].id)]
        assert kept == ["one\ntwo", "one\ntwo", "three", "one\ntwo"]
        assert winding.check() == []
    straight.close()
    winding.close()


def test_changes_tell_adds_and_removes_in_order(catalog):
    first = commit(catalog, new_version("a.txt", ["one"]))
    second = commit(catalog, new_version("a.txt", ["two"]))
    with catalog.write() as db:
        assert documents.remove(db, second.document_id)
        assert not documents.remove(db, second.document_id)
    with CatalogFeed(catalog).snapshot() as snapshot:
        told = [(one.kind, one.version_id) for one in snapshot.changes_after(0)]
        assert snapshot.changes_after(snapshot.seq) == []
        assert (snapshot.chunk_count(), snapshot.vector_count()) == (0, 0)
    assert told == [("add", first.id), ("remove", first.id), ("add", second.id), ("remove", second.id)]


def test_a_removed_document_keeps_its_history_and_comes_back(catalog):
    first = commit(catalog, new_version("a.txt", ["one"]))
    with catalog.write() as db:
        documents.remove(db, first.document_id)
    again = commit(catalog, new_version("a.txt", ["one"]))
    assert again.document_id == first.document_id
    assert again.number == 2
    with catalog.read() as db:
        assert documents.get_document(db, first.document_id).removed_at is None


def test_a_snapshot_sees_one_instant(catalog):
    commit(catalog, new_version("a.txt", ["one"]))
    with CatalogFeed(catalog).snapshot() as snapshot:
        commit(catalog, new_version("b.txt", ["two"]))
        assert snapshot.chunk_count() == 1
        assert [row.text for row in snapshot.text_rows()] == ["one"]


def test_vectors_come_by_ascending_id_and_only_live(catalog):
    for number in range(30):
        commit(catalog, new_version(f"{number % 10}.txt", [f"line {number} {n}" for n in range(5)]))
    with CatalogFeed(catalog).snapshot() as snapshot:
        batches = list(snapshot.vector_batches(size=7))
        ids = np.concatenate([batch.ids for batch in batches])
        wanted = np.unique(np.concatenate([batch.version_ids for batch in batches]))[:3]
        some = [
            own for batch in snapshot.vector_batches(wanted.tolist()) for own in batch.version_ids.tolist()
        ]
        assert snapshot.vector_count() == 50
    assert np.all(np.diff(ids) > 0)
    assert ids.size == 50
    assert set(some) == set(wanted.tolist())


@settings(max_examples=30)
@given(st.text(max_size=60), st.integers(0, 70), st.integers(0, 70))
def test_a_slice_of_the_text_is_the_slice(catalog, text, start, end):
    """Segments are an implementation detail: reading through them equals slicing, whatever other texts there are."""
    version = commit(catalog, new_version("a.txt", [text])).id
    with catalog.read() as db:
        assert read_text(db, version, start, end) == text[start:end] if start <= end else True
        assert read_text(db, version) == text


def test_long_texts_are_read_in_pieces(catalog):
    text = "".join(chr(0x3042 + n % 80) for n in range(3 * SEGMENT_CHARS + 17))
    version = commit(catalog, new_version("a.txt", [text]))
    with catalog.read() as db:
        for start, end in [
            (0, 5),
            (SEGMENT_CHARS - 2, SEGMENT_CHARS + 3),
            (2 * SEGMENT_CHARS, None),
            (0, None),
        ]:
            assert read_text(db, version.id, start, end) == text[start:end]


def test_the_catalog_decides_last(catalog):
    commit(catalog, new_version("old.txt", ["retired words"]))
    retired = live_ids(catalog)
    commit(catalog, new_version("old.txt", ["live words"]))
    commit(catalog, new_version("secret.txt", ["secret words"], access=frozenset({"group:hr"})))
    commit(catalog, new_version("nobody.txt", ["nobody's words"], access=frozenset()))
    everything = [(own, 1.0) for own in [*retired, *live_ids(catalog), 12345]]
    with catalog.read() as db:
        seen = {
            name: [hit.text for hit in passages.live_hits(db, everything, {}, caller, 10)]
            for name, caller in {
                "anyone": ANYONE,
                "hr": Caller(frozenset({"public", "group:hr"})),
                "owner": OWNER,
            }.items()
        }
    assert seen["anyone"] == ["live words"]
    assert sorted(seen["hr"]) == ["live words", "secret words"]
    assert sorted(seen["owner"]) == ["live words", "nobody's words", "secret words"]


def test_a_hit_on_a_page_that_was_recognised_says_so(catalog):
    new = new_version("scan.pdf", ["typed line", "pictured line"])
    noted = replace(new.document, notes=(Note("ocr_page", "read", 2), Note("empty_page", "empty", 1)))
    chunks = [replace(chunk, page=page, last_page=page) for page, chunk in enumerate(new.chunks, start=1)]
    commit(catalog, replace(new, document=noted, chunks=chunks))
    ids = live_ids(catalog)
    with catalog.read() as db:
        hits = passages.live_hits(db, [(own, 1.0) for own in ids], {}, OWNER, 10)
    assert {hit.text: hit.ocr for hit in hits} == {"typed line": False, "pictured line": True}


def test_a_hit_whose_text_changed_on_disk_is_refused(catalog):
    version = commit(catalog, new_version("a.txt", ["true words"]))
    ids = live_ids(catalog)
    with catalog.write() as db:
        db.execute(
            schema.texts.update().where(schema.texts.c.version_id == version.id).values(text="falsewords")
        )
    with catalog.read() as db, pytest.raises(DamagedError, match=show_chunk_id(ids[0])):
        passages.live_hits(db, [(ids[0], 1.0)], {}, OWNER, 10)


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (Filter(), ["a.md", "dir/b.txt", "dir/sub/c.txt"]),
        (Filter(source="*.txt"), ["dir/b.txt", "dir/sub/c.txt"]),
        (Filter(source="dir/*.txt"), ["dir/b.txt"]),
        (Filter(source="dir/**"), ["dir/b.txt", "dir/sub/c.txt"]),
        (Filter(source="**/c.*"), ["dir/sub/c.txt"]),
        (Filter(source="[abc].md"), []),
        (Filter(content_types=("text/markdown",)), ["a.md"]),
        (Filter(languages=("ja",)), ["dir/b.txt"]),
        (Filter(metadata={"team": "hr"}), ["dir/sub/c.txt"]),
        (Filter(metadata={"team": "it"}), []),
        (Filter(collections=("other",)), ["dir/sub/c.txt"]),
        (Filter(since=datetime(2024, 6, 1, tzinfo=UTC)), ["a.md", "dir/sub/c.txt"]),
        (Filter(until=datetime(2024, 6, 1, tzinfo=UTC)), ["dir/b.txt"]),
        (Filter(since=datetime(2025, 1, 1, tzinfo=UTC), until=datetime(2025, 1, 2, tzinfo=UTC)), ["a.md"]),
        (Filter(documents=("nonesuch",)), []),
    ],
)
def test_filters(catalog, filter, found):
    commit(catalog, new_version("a.md", ["one"], content_type="text/markdown"))
    commit(catalog, new_version("dir/b.txt", ["two"], language="ja", date=datetime(2024, 1, 1, tzinfo=UTC)))
    commit(
        catalog,
        new_version(
            "dir/sub/c.txt",
            ["three"],
            collection="other",
            metadata={"team": "hr"},
            modified=datetime(2026, 1, 1),
        ),
    )
    with catalog.read() as db:
        allowed = access.allowed_versions(db, OWNER, filter)
        paths = {one.live.id: one.key.path for one in documents.list_documents(db)}
    names = sorted(paths.values()) if allowed is None else sorted(paths[own] for own in allowed.tolist())
    assert names == found


def test_times_compare_across_zones(catalog):
    tokyo = datetime.fromisoformat("2025-01-01T08:00:00+09:00")
    commit(catalog, new_version("a.txt", ["one"], date=tokyo))
    with catalog.read() as db:
        before = access.allowed_versions(db, OWNER, Filter(until=datetime(2025, 1, 1, tzinfo=UTC)))
        after = access.allowed_versions(db, OWNER, Filter(since=datetime(2025, 1, 1, tzinfo=UTC)))
    assert (before.size, after.size) == (1, 0)


def test_reusable_vectors_are_found_by_text(catalog):
    new = new_version("a.txt", ["one line", "another"])
    commit(catalog, new)
    own = text_hash(new.chunks[1].searched)
    with catalog.read() as db:
        found = reusable_vectors(db, [own, b"0" * 16], SPACE.dimension)
        assert reusable_vectors(db, [own], SPACE.dimension + 1) == {}
    assert list(found) == [own]
    np.testing.assert_array_equal(found[own], new.vectors[1])


def test_erasing_leaves_no_row(catalog):
    mine = commit(catalog, new_version("a.txt", ["shared words"]))
    kept = commit(catalog, new_version("b.txt", ["shared words"]))
    own = commit(catalog, new_version("a.txt", ["own words"]))
    with catalog.write() as db:
        documents.erase(db, mine.document_id)
    with catalog.read() as db:
        assert content_hashes(db) == {kept.sha256}
        with pytest.raises(NotFoundError):
            documents.get_document(db, mine.document_id)
        for table in (schema.texts, schema.chunks, schema.vectors, schema.pages):
            left = set(db.execute(table.select().with_only_columns(table.c.version_id)).scalars())
            assert not left & {mine.id, own.id}


def test_the_space_is_chosen_once(catalog):
    with catalog.write() as db:
        records.choose_space(db, SPACE)
    with catalog.read() as db:
        assert records.space(db) == SPACE
    with pytest.raises(StorageError), catalog.write() as db:
        records.choose_space(db, SPACE)


def test_failures_are_remembered_until_they_are_over(catalog):
    key = new_version("bad.pdf", ["x"]).key
    failure = records.Failure(
        key, "a" * 64, "f1", "encrypted", "It is encrypted.", "Take the password off.", 0
    )
    with catalog.write() as db:
        records.record_failure(db, failure)
        records.record_failure(db, failure)
        assert records.list_failures(db, "default") == [failure]
        records.forget_failure(db, key)
        assert records.list_failures(db) == []


def test_jobs_live_through_a_restart(tmp_path: Path):
    opened = open_database(tmp_path)
    with opened.write() as db:
        job = records.create_job(db, "ingest", {"paths": ["a"]})
        records.start_job(db, job.id)
        records.advance_job(db, job.id, {"files": 3})
    opened.close()
    opened = open_database(tmp_path)
    with opened.write() as db:
        [found] = records.list_jobs(db, states=records.OPEN_STATES)
        assert (found.id, found.state, found.progress) == (job.id, "running", {"files": 3})
        records.finish_job(db, job.id, "done", result={"added": 3})
        assert records.count_jobs(db, ["done"]) == 1
        with pytest.raises(NotFoundError):
            records.get_job(db, "nonesuch")
    opened.close()


def test_what_a_thread_reads_in_one_state_is_of_one_state(catalog):
    commit(catalog, new_version("a.txt", ["one"]))
    before = catalog.epoch
    with catalog.one_state():
        seen = [in_log(catalog)]
        commit(catalog, new_version("b.txt", ["two"]))
        seen.append(in_log(catalog))
        with catalog.one_state(), ThreadPoolExecutor(1) as beside:
            others = beside.submit(in_log, catalog).result(), beside.submit(lambda: catalog.epoch).result()
        assert catalog.epoch == before, "what is kept for this state is not taken for that of a later one"
        seen.append(in_log(catalog))
    assert (seen, in_log(catalog), catalog.epoch) == ([1, 1, 1], 2, before + 1)
    assert others == (2, before + 1), "another thread reads what there is"


def test_an_error_that_is_met_in_one_state_is_not_taken_for_the_catalog_s(catalog):
    full = OSError(errno.ENOSPC, "another file's disk is full")
    with pytest.raises(OSError, match="another file"), catalog.one_state():
        raise full
    assert in_log(catalog) == 0
    with pytest.raises(StorageError, match="another file"), catalog.one_state(), catalog.read():
        raise full


def in_log(catalog):
    with catalog.read() as db:
        return last_seq(db)


def test_epoch_grows_with_every_write(catalog):
    before = catalog.epoch
    commit(catalog, new_version("a.txt", ["one"]))
    assert catalog.epoch == before + 1
