"""What the store does beside searching: settling a job, keeping files, an empty corpus, and what it says of itself."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import corpus.lexical.index as lexical_room
import corpus.store as store
from corpus.backup import verify
from corpus.settings import Settings
from corpus.store import open_corpus
from corpus.types import ANYONE
from corpus.vectors import EmbeddedChromaIndex, FoldPolicy
from tests.builders import DIMENSION, SPACE, put, settings_for, word_vector
from tests.corpus.upkeep import die_at, scores

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


# ---- kept files -----------------------------------------------------------------------------------------


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


def test_verify_notices_vectors_that_were_written_over_while_they_are_open(tmp_path: Path) -> None:
    with open_corpus(settings_for(tmp_path, "chroma"), SPACE) as corpus:
        put(corpus, "a.txt", [f"leave {n}" for n in range(4)])
        corpus.publish()
        corpus.dense.fold()
        assert verify(corpus).problems == ()
        [vectors] = (tmp_path / "dense").glob("gen-*/vectors.f32")
        with vectors.open("r+b") as file:
            file.write(b"\x00\x00\x80\x3f")
        [problem] = verify(corpus).problems
        assert "vectors.f32" in problem
        assert problem.endswith("vouch rebuild builds it anew.")
        corpus.dense.fold(anew=True)
        assert verify(corpus).problems == ()


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
