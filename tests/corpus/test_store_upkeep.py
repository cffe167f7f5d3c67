"""What the store does beside searching: settling a job, erasing, an empty corpus,
and what it says of itself.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import corpus.lexical.index as lexical_room
import corpus.store as store
from corpus.backup import verify
from corpus.catalog import documents, passages, records
from corpus.crashpoints import VARIABLE
from corpus.erasing import UNFINISHED_ERASURE
from corpus.errors import NotFoundError, StorageError
from corpus.lexical.engine import Engine
from corpus.originals import Originals
from corpus.receipts import NewReceipt
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, NewVersion
from corpus.vectors import EmbeddedChromaIndex, FoldPolicy
from tests.builders import DIMENSION, SPACE, new_version, token_codes, word_vector

ERASED = "zyzzyva"
"""A word that stands nowhere else."""


def settings_for(folder: Path, dense: str = "exact") -> Settings:
    return Settings(data_dir=folder, dense=dense)


def put(corpus: Corpus, path: str, lines: list[str], **given: object) -> str:
    new: NewVersion = new_version(path, lines, **given)  # type: ignore[arg-type]
    return corpus.commit(new, "\n".join(lines).encode()).document_id


def keep_receipt(corpus: Corpus, number: int, *quoted: str) -> None:
    """Keeps a receipt, the erased word in it where it quotes a document."""
    said = f"the {ERASED} limit" if quoted else "nothing"
    body = {"reply": said, "prompt": [said] * 200}
    corpus.receipts.keep(NewReceipt(f"{number:016x}", datetime.now(UTC), body, frozenset(quoted), said))


def scores(corpus: Corpus, query: str) -> list[tuple[int, float]]:
    found = corpus.search_lexical(query, 100, OWNER)
    return list(zip(found.ids.tolist(), found.scores.tolist(), strict=True))


# ---- settling --------------------------------------------------------------------------------------------


def test_settling_leaves_the_statistics_of_a_corpus_made_afresh(tmp_path: Path) -> None:
    lines = {f"{n}.txt": [f"leave number {n}", "travel " * (n + 1)] for n in range(12)}
    with open_corpus(settings_for(tmp_path / "fresh"), SPACE) as fresh:
        for path, own in lines.items():
            put(fresh, path, own)
        fresh.publish()
        wanted = scores(fresh, "leave travel")
    with open_corpus(settings_for(tmp_path / "winding"), SPACE) as winding:
        for path, own in lines.items():
            put(winding, path, ["leave leave leave", *own])
        winding.publish()
        for path, own in lines.items():
            put(winding, path, own)
        gone = put(winding, "gone.txt", ["travel"])
        winding.publish()
        winding.remove([gone])
        drifted = scores(winding, "leave travel")
        winding.settle(0)
        assert winding.lexical.state().delta_rows == 0
        settled = scores(winding, "leave travel")
    assert [own for own, _ in settled] == [own for own, _ in wanted]
    assert [score for _, score in settled] == pytest.approx([score for _, score in wanted], rel=1e-6)
    assert [score for _, score in drifted] != pytest.approx([score for _, score in wanted], rel=1e-3)


def test_a_large_lexical_index_is_settled_when_it_is_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_COMPACT_ROWS", 0)
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        for n in range(60):
            put(corpus, f"{n}.txt", [f"leave {n}"])
        corpus.publish()
        for n, left in ((0, 1), (1, 2), (2, 0)):  # a twentieth of what is left, with the third
            put(corpus, f"{n}.txt", [f"travel {n}"])
            corpus.publish()
            corpus.settle(0)
            assert corpus.lexical.state().delta_rows == left


@pytest.mark.parametrize(
    ("rows", "added", "built"), [(6, 6, False), (7, 7, True), (8, 2, True), (8, 1, False)]
)
def test_a_job_builds_the_graph_only_over_many_vectors_of_which_a_good_part_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, added: int, built: bool
) -> None:
    folded: list[int] = []
    with open_corpus(settings_for(tmp_path, "chroma"), SPACE) as corpus:
        index = corpus.dense
        assert isinstance(index, EmbeddedChromaIndex)
        monkeypatch.setattr(index, "_policy", FoldPolicy(scan_rows=6))
        monkeypatch.setattr(index, "fold", lambda: folded.append(1))
        put(corpus, "a.txt", [f"leave {n}" for n in range(rows)])
        corpus.publish()
        corpus.settle(added)
    assert bool(folded) is built


# ---- erasing ---------------------------------------------------------------------------------------------


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


DIE = f"""
import sys
from pathlib import Path
from tests.corpus.test_store_upkeep import *
with open_corpus(settings_for(Path(sys.argv[1])), SPACE) as corpus:
    if sys.argv[2:]:
        corpus.erase(sys.argv[2:])
    else:
        put(corpus, "late.txt", ["another {ERASED} limit"])
"""


def die_at(point: str, folder: Path, *documents: str) -> None:
    """Erases these documents, or commits one when there are none, and is killed at a named point."""
    command = [sys.executable, "-c", DIE, str(folder), *documents]
    ran = subprocess.run(command, env={**os.environ, VARIABLE: point}, capture_output=True, text=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr


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


@pytest.mark.parametrize(("point", "kept"), [("commit.original_kept", 1), ("commit.after", 2)])
def test_a_commit_that_is_killed_leaves_no_file_without_a_version(
    tmp_path: Path, point: str, kept: int
) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        put(corpus, "a.txt", ["leave"])
        assert list((tmp_path / "originals").rglob(".*")) == []
        corpus.publish()
    die_at(point, tmp_path)
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        corpus.publish()
        assert (corpus.state().documents, len(list(corpus.originals.all()))) == (kept, kept)
        assert verify(corpus).problems == ()
        assert list((tmp_path / "originals").rglob(".*")) == []


def test_verify_names_a_kept_file_that_no_version_has(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        corpus.publish()
        stray = hashlib.sha256(b"stray").hexdigest()
        corpus.originals.add(b"stray", stray)
        assert verify(corpus).problems == ()  # as long as it is being committed
        corpus.originals.settle(stray)
        [problem] = verify(corpus).problems
        assert stray in problem
        aside = tmp_path / "catalog.sqlite.before-restore-20260101"
        aside.write_bytes(b"whose file it may be")
        assert verify(corpus).problems == ()
        corpus.erase([mine])
        assert not aside.exists()
        assert list(corpus.originals.all()) == []


def test_erasing_is_of_all_or_none(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        mine = put(corpus, "a.txt", ["leave"])
        corpus.publish()
        with pytest.raises(NotFoundError):
            corpus.erase([mine, "f" * 16])
        assert corpus.state().documents == 1
        assert len(list(corpus.originals.all())) == 1


# ---- an empty corpus, and what is said ---------------------------------------------------------------------

EMPTY = f"""
import sys
from pathlib import Path
import numpy as np
from corpus.settings import Settings
from corpus.store import open_corpus
from corpus.types import ANYONE, OWNER
from tests.builders import SPACE
with open_corpus(Settings(data_dir=Path(sys.argv[1]), dense="chroma"), SPACE) as corpus:
    for caller in (OWNER, ANYONE):
        assert corpus.is_empty(caller)
        assert len(corpus.search_dense(np.ones({DIMENSION}, np.float32), 10, caller)) == 0
        assert len(corpus.search_lexical("leave", 10, caller)) == 0
    assert corpus.state().problems == ()
    assert corpus.notes() == ()
    corpus.settle(0)
print([name for name in ("chromadb", "torch", "onnxruntime", "transformers") if name in sys.modules])
"""


def test_an_empty_corpus_opens_nothing_heavy(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", EMPTY, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "[]"
    assert not (tmp_path / "dense").exists()


def test_an_index_is_not_asked_for_a_caller_who_sees_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        put(corpus, "a.txt", ["leave"], access=frozenset({"group:hr"}))
        corpus.publish()
        monkeypatch.setattr(corpus.dense, "search", None)
        monkeypatch.setattr(corpus.lexical, "search", None)
        assert len(corpus.search_dense(word_vector("leave"), 10, ANYONE)) == 0
        assert len(corpus.search_lexical("leave", 10, ANYONE)) == 0


def test_the_store_says_what_searches_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        put(corpus, "a.txt", ["leave"])
        corpus.publish()
        assert corpus.notes() == ()
    next((tmp_path / "lexical").rglob("*.idx")).unlink()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lexical_room, "build", refuse)
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        assert len(corpus.search_dense(word_vector("leave"), 10, ANYONE)) == 1
        assert scores(corpus, "leave") == []
        [note] = corpus.notes()
        assert "lexical index" in note
        assert corpus.state().problems == (note,)


def test_the_state_is_true_as_soon_as_it_is_open(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        put(corpus, "a.txt", ["leave", "travel"])
        corpus.publish()
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        state = corpus.state()
        assert (state.dense.rows, state.lexical.rows, state.lexical.mode) == (2, 2, "tantivy")


def test_the_state_is_told_while_a_generation_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that goes between being listed and being looked into costs its bytes, not the answer."""
    retired = tmp_path / "data" / "dense" / "gen-retired"
    with open_corpus(Settings(data_dir=tmp_path / "data"), SPACE) as corpus:
        before = corpus.state().disk_bytes
        retired.mkdir(parents=True)
        (retired / "vectors.f32").write_bytes(bytes(4096))
        assert corpus.state().disk_bytes >= before + 4096
        look = os.scandir

        def gone(path: str | Path) -> object:
            if str(path) == str(retired):
                monkeypatch.undo()
                shutil.rmtree(retired)
            return look(path)

        monkeypatch.setattr(os, "scandir", gone)
        assert before <= corpus.state().disk_bytes < before + 4096
        assert not retired.exists()
