"""Erasing: nothing of a document stays in the data folder, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import corpus.lexical.index as lexical_room
from corpus.backup import verify
from corpus.catalog import Database, documents, passages, records
from corpus.erasing import UNFINISHED_ERASURE
from corpus.errors import NotFoundError, StorageError
from corpus.lexical.engine import Engine
from corpus.originals import Originals
from corpus.receipts import NewReceipt
from corpus.store import Corpus, open_corpus
from corpus.types import OWNER
from tests.builders import SPACE, put, settings_for, token_codes, word_vector
from tests.corpus.upkeep import ERASED, die_at, scores


def keep_receipt(corpus: Corpus, number: int, *quoted: str) -> None:
    """Keeps a receipt, the erased word in it where it quotes a document."""
    said = f"the {ERASED} limit" if quoted else "nothing"
    body = {"reply": said, "prompt": [said] * 200}
    corpus.receipts.keep(NewReceipt(f"{number:016x}", datetime.now(UTC), body, frozenset(quoted), said))


def holding(folder: Path, planted: bytes) -> list[Path]:
    """Returns the files anywhere under the folder that hold these bytes."""
    return [path for path in folder.rglob("*") if path.is_file() and planted in path.read_bytes()]


def terms(folder: Path) -> dict[str, int]:
    """Returns how often the erased word stands in each lexical generation, removed passages included."""
    return {
        path.name: Engine(path)._index.searcher().doc_freq("text", ERASED)
        for path in (folder / "lexical").glob("gen-*")
    }


@pytest.mark.parametrize("dense", ["exact", pytest.param("chroma", marks=pytest.mark.slow)])
def test_erasing_leaves_nothing_in_the_data_folder(tmp_path: Path, dense: str) -> None:
    first, second = f"the {ERASED} limit", f"another {ERASED} limit"
    vectors = [word_vector(first).tobytes(), word_vector(second).tobytes()]
    codes = [token_codes(text) or b"" for text in (first, second)]
    with open_corpus(settings_for(tmp_path, dense), SPACE) as corpus:
        mine = put(corpus, f"{ERASED}.txt", [first], metadata={"team": ERASED})
        put(corpus, f"{ERASED}.txt", [second, "travel"], metadata={"team": ERASED})
        put(corpus, "kept.txt", ["leave"] * 3)
        corpus.publish()
        corpus.dense.fold()
        for number in range(4):
            keep_receipt(corpus, number, *([mine] if number % 2 else []))
        assert len(holding(tmp_path, ERASED.encode())) > 2
        assert holding(tmp_path, vectors[1])
        assert all(holding(tmp_path, planted) for planted in codes)
        assert set(terms(tmp_path).values()) == {1}
        certificate = corpus.erase([mine, mine])
        [erased] = certificate.documents
        assert (erased.id, erased.key.path) == (mine, f"{ERASED}.txt")
        assert (erased.versions, erased.chunks, erased.vectors, len(erased.files)) == (2, 3, 3, 2)
        assert {one.place for one in certificate.checked} == {
            "catalog", "write-ahead log", "dense index", "lexical index", "kept files", "older catalogs",
            "finished jobs", "receipts",
        }  # fmt: skip
        assert ("receipts", "2 deleted; none of the 2 others quotes the documents") in {
            (one.place, one.seen) for one in certificate.checked
        }
        assert len(corpus.receipts.recent(9)) == 2
        assert "Backups" in certificate.not_covered[0]
        state = corpus.state()
        assert (state.documents, state.chunks, state.dense.rows, state.lexical.rows) == (1, 3, 3, 3)
        assert state.problems == ()
        assert set(terms(tmp_path).values()) == {0}
        for planted in (ERASED.encode(), *vectors, *codes):
            assert holding(tmp_path, planted) == []
        with pytest.raises(NotFoundError):
            corpus.document(mine)
    for planted in (ERASED.encode(), *vectors, *codes):
        assert holding(tmp_path, planted) == []
    with open_corpus(settings_for(tmp_path, dense), SPACE) as corpus:
        assert len(corpus.search_dense(word_vector(first), 10, OWNER)) == 3
        assert scores(corpus, ERASED) == []


def test_erasing_keeps_a_file_that_another_document_holds(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        put(corpus, "b.txt", ["leave"])
        corpus.publish()
        corpus.erase([mine])
        assert len(list(corpus.originals.all())) == 1
        assert [own for own, _ in scores(corpus, "leave")]


def test_erasing_takes_the_copies_that_a_migration_or_a_restore_left(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        corpus.publish()
        names = ("catalog.sqlite.v1", "catalog.sqlite.before-restore-20260101", "mine.sqlite.v1")
        for name in names:
            (tmp_path / name).write_bytes(b"leave")
        corpus.erase([mine])
        assert corpus.state().documents == 0
        assert [name for name in names if (tmp_path / name).exists()] == ["mine.sqlite.v1"]


def test_erasing_takes_the_generations_that_another_choice_of_index_left(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", [f"the {ERASED} limit"])
        left = tmp_path / "dense" / "gen-000001-0123456789ab"
        left.mkdir(parents=True)
        vector = word_vector(f"the {ERASED} limit").tobytes()
        (left / "vectors.f32").write_bytes(vector)
        with corpus.catalog.read() as db:
            [chunk] = passages.stored_chunks(db, corpus.document(mine).live.id)  # type: ignore[union-attr]
        (left / "ids.i64").write_bytes(chunk.id.to_bytes(8, "little"))
        corpus.erase([mine])
        assert holding(tmp_path, vector) == []


def test_erasing_refuses_to_certify_what_is_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        monkeypatch.setattr(Originals, "keep_only", lambda self, wanted: None)
        with pytest.raises(StorageError, match="1 of the kept files") as caught:
            corpus.erase([mine])
    assert caught.value.code == "not_erased"


def test_erasing_takes_a_document_out_of_what_finished_jobs_tell(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine, other = put(corpus, f"{ERASED}.txt", ["leave"]), put(corpus, "b.txt", ["travel"])
        told = [
            {"path": f"{ERASED}.txt", "document_id": mine},
            {"path": "b.txt", "document_id": other},
            {"path": f"{ERASED}.txt", "document_id": ""},
        ]
        with corpus.catalog.write() as db:
            job = records.create_job(db, "ingest", {"names": [f"{ERASED}.txt", "b.txt"]})
            records.finish_job(db, job.id, "done", result={"files": told})
        corpus.erase([mine])
        with corpus.catalog.read() as db:
            kept = records.get_job(db, job.id)
        assert kept.request == {"names": ["b.txt"]}
        assert kept.result == {"files": told[1:2]}
    assert holding(tmp_path, ERASED.encode()) == []


def test_erasing_says_when_a_long_read_keeps_the_words_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.erasing._LOG_WAIT_S", 0.2)
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", [f"the {ERASED} limit"])
        corpus.publish()
        with corpus.catalog.read() as db:
            assert documents.any_live(db)
            with pytest.raises(StorageError, match="log") as caught:
                corpus.erase([mine])
        assert caught.value.code == "log_in_use"
        assert corpus.state().documents == 0
    assert holding(tmp_path, ERASED.encode()) == []  # it was emptied as the owner ended


@pytest.mark.parametrize("point", ["erase.after", "erase.files_gone", "publish.lexical"])
def test_an_erasure_that_is_killed_is_finished_by_the_next_owner(tmp_path: Path, point: str) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, f"{ERASED}.txt", [f"the {ERASED} limit"])
        put(corpus, "kept.txt", ["leave"] * 3)
        corpus.publish()
        keep_receipt(corpus, 1, mine)
    shutil.copy(tmp_path / "catalog.sqlite", tmp_path / "catalog.sqlite.v1")
    die_at(point, tmp_path, mine)
    assert holding(tmp_path, ERASED.encode())
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        assert (corpus.state().documents, corpus.state().problems) == (1, ())
        assert verify(corpus).problems == ()
        assert holding(tmp_path, ERASED.encode()) == []
        assert set(terms(tmp_path).values()) == {0}
    assert holding(tmp_path, ERASED.encode()) == []


def test_an_erasure_that_cannot_be_finished_is_said_and_searching_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, f"{ERASED}.txt", [f"the {ERASED} limit"])
        put(corpus, "kept.txt", ["leave"] * 3)
        corpus.publish()
    die_at("erase.after", tmp_path, mine)

    def refuse(*_: object) -> None:
        raise StorageError("The disk is full.", code="disk_full")

    with monkeypatch.context() as patch:
        patch.setattr(lexical_room.TantivyIndex, "compact", refuse)
        with open_corpus(settings_for(tmp_path), SPACE) as corpus:
            assert scores(corpus, "leave")
            assert UNFINISHED_ERASURE in corpus.state().problems
            assert UNFINISHED_ERASURE in verify(corpus).problems
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        assert corpus.state().problems == ()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something done once amid the erasure to come, when all but the log is clean."""
    shrink_log = Database.shrink_log

    def plan(task: Callable[[], object]) -> None:
        tasks = [task]

        def shrink(database: Database) -> bool:
            if tasks:
                tasks.pop()()
            return shrink_log(database)

        monkeypatch.setattr(Database, "shrink_log", shrink)

    return plan


def test_what_an_ingest_replaces_meanwhile_is_no_reason_to_withhold_a_certificate(
    tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        put(corpus, "b.txt", ["travel"])
        put(corpus, "kept.txt", ["leave"] * 3)
        corpus.publish()

        def replace() -> None:
            put(corpus, "b.txt", ["travel by train"])
            corpus.publish()
            assert corpus.lexical.state().delta_rows == 1

        meanwhile(replace)
        assert corpus.erase([mine]).documents[0].id == mine
        assert scores(corpus, "train")


def test_a_file_that_is_being_kept_for_another_document_is_not_taken_for_the_erased_one(
    tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        corpus.publish()
        kept, go_on = threading.Event(), threading.Event()

        def pause(point: str) -> None:
            if point == "commit.original_kept":
                kept.set()
                go_on.wait(20)

        def commit_beside() -> None:
            monkeypatch.setattr("corpus.store.reach", pause)
            other.start()
            assert kept.wait(20)
            threading.Timer(0.3, go_on.set).start()

        other = threading.Thread(target=put, args=(corpus, "b.txt", ["leave"]))
        meanwhile(commit_beside)
        certificate = corpus.erase([mine])
        other.join()
        assert ("kept files", "0 of 1 deleted; 1 kept, which other documents have too") in {
            (one.place, one.seen) for one in certificate.checked
        }


def test_a_document_whose_file_is_read_again_meanwhile_is_told_to_be_back(
    tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        corpus.publish()
        meanwhile(lambda: put(corpus, "a.txt", ["leave"]))
        with pytest.raises(StorageError, match=r"came back meanwhile, .*: a\.txt\.") as caught:
            corpus.erase([mine])
        assert caught.value.code == "not_erased"
        corpus.publish()
        assert corpus.erase([mine]).documents[0].id == mine


def test_uploads_that_come_and_go_meanwhile_keep_no_certificate_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of uploads that got its job's name while it was looked into ended the erasure as a defect."""
    scandir = os.scandir

    def racing(path: Any) -> Any:
        if str(path).endswith("one.incoming") and os.path.exists(path):
            shutil.rmtree(path)
        return scandir(path)

    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        for name in ("one.incoming", "two"):
            (tmp_path / "uploads" / name).mkdir(parents=True)
            (tmp_path / "uploads" / name / "0").write_text("x")
        monkeypatch.setattr(os, "scandir", racing)
        certificate = corpus.erase([mine])
    assert "Uploads that wait to be read (1)." in certificate.not_covered


def test_erasing_is_of_all_or_none(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        corpus.publish()
        with pytest.raises(NotFoundError):
            corpus.erase([mine, "f" * 16])
        assert corpus.state().documents == 1
        assert len(list(corpus.originals.all())) == 1
