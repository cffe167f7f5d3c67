"""What happens to the data folder while nobody looks: indexes mend themselves, a damaged catalog is refused."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import corpus.lexical.index as lexical_room
from corpus.backup import backup, restore, verify
from corpus.catalog import open_database
from corpus.child import FeedAddress
from corpus.errors import DamagedError
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Caller
from corpus.vectors import EmbeddedChromaIndex
from corpus.vectors import folding as dense_room
from tests.builders import SPACE, new_version, put, settings_for, word_vector
from tests.corpus.dense import EAGER, PATIENT, build_as_a_child, wait_until

CHUNKS = 240
HR = Caller(frozenset({"public", "group:hr"}))
QUERIES = ("leave number 7", "travel 31", "休暇 12")


def answers(corpus: Corpus, leg: str) -> list[list[tuple[int, float]]]:
    """Ids and scores of one leg, for a few questions and callers."""
    found = []
    for query in QUERIES:
        for caller in (OWNER, ANYONE, HR):
            if leg == "dense":
                scored = corpus.search_dense(word_vector(query), 20, caller)
            else:
                scored = corpus.search_lexical(query, 20, caller)
            found.append(list(zip(scored.ids.tolist(), scored.scores.tolist(), strict=True)))
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in good order, its generation built by a real child; and a backup of it."""
    folder = tmp_path_factory.mktemp("whole")
    with open_corpus(settings_for(folder / "data", "chroma"), SPACE) as corpus:
        for number in range(CHUNKS // 4):
            lines = [
                f"leave number {number}",
                f"travel {number} {number}",
                f"休暇 {number}",
                f"rule {number}",
            ]
            access = frozenset({"group:hr"}) if number % 3 == 0 else frozenset({"public"})
            new = new_version(f"{number}.txt", lines, access=access)
            corpus.commit(new, "\n".join(lines).encode())
        corpus.publish()
        corpus.dense.fold()
        backup(corpus, folder / "backup.tar")
    return folder


@pytest.fixture(scope="module")
def expected(whole: Path) -> dict[str, list[list[tuple[int, float]]]]:
    with open_corpus(settings_for(whole / "data"), SPACE) as corpus:
        return {leg: answers(corpus, leg) for leg in ("dense", "lexical")}


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole / "data", tmp_path / "data"))


@pytest.fixture
def building(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Damage is mended at once, in this process, but not before the event is set."""
    may_build = threading.Event()
    build_lexical = lexical_room.build

    def build_dense_here(
        address: FeedAddress, folder: Path, space: str, dimension: int, stop: Callable[[], bool]
    ) -> None:
        may_build.wait(20)
        build_as_a_child(address, folder, space, dimension, stop)

    def build_lexical_here(*given: object) -> None:
        may_build.wait(20)
        build_lexical(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(dense_room, "build_in_child", build_dense_here)
    monkeypatch.setattr(lexical_room, "build", build_lexical_here)
    monkeypatch.setattr(lexical_room, "_SMALL_WAIT_S", 0.0)
    monkeypatch.setitem(EmbeddedChromaIndex.__init__.__kwdefaults__, "policy", EAGER)  # type: ignore[arg-type]
    yield may_build
    may_build.set()


def delete(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


BREAKABLE = [
    ("dense", "dense", delete),
    ("dense", "dense/gen-*", delete),
    ("dense", "dense/gen-*/chroma", delete),
    *[("dense", "dense/CURRENT", how) for how in (delete, truncate, flip)],
    *[("dense", "dense/gen-*/chroma/chroma.sqlite3", how) for how in (delete, truncate, flip)],
    *[("dense", "dense/gen-*/chroma/*/data_level0.bin", how) for how in (delete, truncate, flip)],
    *[("dense", "dense/gen-*/vectors.f32", how) for how in (delete, truncate, flip)],
    ("lexical", "lexical", delete),
    ("lexical", "lexical/gen-*", delete),
    *[("lexical", "lexical/CURRENT", how) for how in (delete, truncate)],
    *[("lexical", "lexical/gen-*/*.idx", how) for how in (delete, truncate, flip)],
    *[("lexical", "lexical/gen-*/meta.json", how) for how in (delete, truncate, flip)],
]


@pytest.mark.parametrize(
    ("leg", "what", "damage"), BREAKABLE, ids=[f"{what}-{how.__name__}" for _, what, how in BREAKABLE]
)
def test_a_damaged_index_is_said_answered_and_mended(
    data: Path,
    expected: dict[str, list[list[tuple[int, float]]]],
    building: threading.Event,
    leg: str,
    what: str,
    damage: Callable[[Path], None],
) -> None:
    """No embedder is anywhere near: what is built again is built from the catalog's vectors and texts."""
    found = sorted(data.glob(what))
    assert found
    damage(found[0])
    with open_corpus(settings_for(data, "chroma"), SPACE) as corpus:
        state = corpus.state()
        assert len(state.problems) == 1, state
        assert f"{leg} index" in state.problems[0]
        assert answers(corpus, "dense") == expected["dense"]
        words = answers(corpus, "lexical")
        if state.lexical.mode == "tantivy":  # it is whole, or an old one that is intact answers
            assert words == expected["lexical"]
        else:
            assert not any(words)
            assert corpus.notes() == state.problems
        building.set()
        wait_until(lambda: not corpus.state().problems)
        corpus.dense.warm()  # type: ignore[attr-defined]
        state = corpus.state()
        assert (state.dense.mode, state.dense.rows, state.lexical.rows) == ("chroma", CHUNKS, CHUNKS)
        assert answers(corpus, "dense") == expected["dense"]
        assert answers(corpus, "lexical") == expected["lexical"]
        assert corpus.notes() == ()
    with open_corpus(settings_for(data, "chroma"), SPACE) as corpus:
        assert corpus.state().problems == ()
        assert verify(corpus).problems == ()


@pytest.mark.parametrize("what", ["dense/gen-*/vectors.f32", "dense/gen-*/chroma/chroma.sqlite3"])
def test_one_search_says_the_damage_and_leaves_it_to_the_next_ingest(
    data: Path,
    expected: dict[str, list[list[tuple[int, float]]]],
    building: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    monkeypatch.setitem(EmbeddedChromaIndex.__init__.__kwdefaults__, "policy", PATIENT)  # type: ignore[arg-type]
    building.set()
    [found] = data.glob(what)
    flip(found)
    for _ in range(2):  # the second is told the same as the first
        corpus = Corpus.open(settings_for(data, "chroma"), SPACE, one_shot=True)
        try:
            assert answers(corpus, "dense") == expected["dense"]
            if found.name == "vectors.f32":  # Chroma's own files are not read for one search
                [problem] = corpus.state().problems
                assert f"{found} is not what was written" in problem
                [note] = corpus.notes()
                assert note.startswith("The dense index cannot be used")
                assert len(note) < 100
                assert verify(corpus).problems == (problem,)
        finally:
            corpus.close()
    with open_corpus(settings_for(data, "chroma"), SPACE) as corpus:
        assert corpus.notes()
        corpus.settle(0)  # as at the end of an ingest
        assert (corpus.notes(), corpus.state().problems) == ((), ())
        assert verify(corpus).problems == ()
    assert len(list(data.glob("dense/gen-*"))) == 1


def test_what_is_made_in_a_folder_that_was_there_is_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        with open_corpus(settings_for(tmp_path, "chroma"), SPACE) as corpus:
            put(corpus, "a.txt", ["leave"])
            corpus.publish()
            corpus.dense.fold()
            seen = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    seen |= {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    named = {"catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite.seal", "originals", "dense", "lexical"}
    assert named < set(seen)
    assert set(seen.values()) == {0}, seen
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_indexes_that_were_not_built_yet_are_no_fault(whole: Path, tmp_path: Path) -> None:
    restore(whole / "backup.tar", tmp_path / "data")
    for one_shot in (True, False):
        corpus = Corpus.open(settings_for(tmp_path / "data", "chroma"), SPACE, one_shot=one_shot)
        try:
            assert verify(corpus).problems == ()
            corpus.search_lexical("leave", 1, OWNER)  # waits until that one is built
            assert (corpus.notes(), corpus.state().problems) == ((), ())
        finally:
            corpus.close()


# ---- the catalog itself -----------------------------------------------------------------------------------


def overwrite_header(path: Path) -> None:
    path.write_bytes(b"not a database" + path.read_bytes()[14:])


@pytest.mark.parametrize("damage", [delete, truncate, flip, overwrite_header])
def test_a_damaged_catalog_is_refused_and_a_backup_brings_it_back(
    whole: Path,
    data: Path,
    expected: dict[str, list[list[tuple[int, float]]]],
    building: threading.Event,
    damage: Callable[[Path], None],
) -> None:
    building.set()
    path = data / "catalog.sqlite"
    damage(path)
    left = path.read_bytes() if path.exists() else None
    with pytest.raises(DamagedError) as caught, open_corpus(settings_for(data, "chroma"), SPACE):
        pass
    assert caught.value.code == "damaged"
    assert str(path) in caught.value.message
    assert "vouch restore" in caught.value.hint
    assert (path.read_bytes() if path.exists() else None) == left  # nothing was changed
    restore(whole / "backup.tar", data, replace=True)
    assert [one.read_bytes() for one in data.glob("catalog.sqlite.before-restore-*[0-9]")] == (
        [left] if left is not None else []
    )
    with open_corpus(settings_for(data, "chroma"), SPACE) as corpus:
        corpus.publish()
        assert answers(corpus, "dense") == expected["dense"]
        assert answers(corpus, "lexical") == expected["lexical"]
        corpus.settle(0)
        assert verify(corpus).problems == ()


def test_no_byte_of_a_catalog_at_rest_changes_unnoticed(data: Path) -> None:
    """Most bytes are neither text nor vectors, and SQLite reads them without a word: an access list, a free page."""
    path = data / "catalog.sqlite"
    sealed = path.read_bytes()
    for at in range(0, len(sealed), 4099):
        path.write_bytes(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
        with pytest.raises(DamagedError, match="not, to the byte, what was closed"):
            open_database(data)
    path.write_bytes(sealed)
    open_database(data).close()


def test_a_seal_is_broken_before_the_first_write_and_made_anew_by_closing(data: Path) -> None:
    seal = data / "catalog.sqlite.seal"
    before = seal.read_bytes()
    with open_corpus(settings_for(data, "chroma"), SPACE) as corpus:
        corpus.search_dense(word_vector("leave"), 3, OWNER)
        assert seal.read_bytes() == before  # reading leaves it
        put(corpus, "new.txt", ["a new rule"])
        assert not seal.exists()  # a crash from here on leaves none
    assert seal.read_bytes() not in (before, b"")
    open_database(data).close()


def test_what_a_crash_left_damaged_is_refused_however_often_it_is_opened(data: Path) -> None:
    path = data / "catalog.sqlite"
    content = path.read_bytes()
    page = content.index(b"rule 17")  # a page of text, in the middle of the file
    start = page - page % 4096
    path.write_bytes(content[:start] + bytes(4096) + content[start + 4096 :])
    (data / "catalog.sqlite.seal").unlink()
    (data / "owner.lock").write_text('{"pid": 1, "command": "vouch serve", "since": "then"}')
    for _ in range(3):
        with (
            pytest.raises(DamagedError, match="is damaged"),
            open_corpus(settings_for(data, "chroma"), SPACE),
        ):
            pass
    assert not (data / "catalog.sqlite.seal").exists()


def test_a_catalog_too_large_to_be_read_whole_has_no_seal(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.catalog.seal.SEALED_BYTES", 1000)
    with open_corpus(settings_for(data, "chroma"), SPACE) as corpus:
        put(corpus, "new.txt", ["a new rule"])
    assert not (data / "catalog.sqlite.seal").exists()
    with open_corpus(settings_for(data, "chroma"), SPACE) as corpus:
        assert verify(corpus).problems == ()
