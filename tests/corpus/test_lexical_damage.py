"""The lexical index against damage, and against disks that refuse."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_feed import FakeFeed
from lexical_runs import assert_same, ids, opened, results
from tantivy import Schema, SchemaBuilder

import corpus.lexical.index as index_room
from corpus.errors import StorageError
from corpus.lexical import TantivyIndex, segments
from corpus.lexical.stemming import Stemmer
from corpus.lexical.writing import indexed_tokens


def _segment_files(folder: Path) -> list[Path]:
    return sorted(p for p in (folder / "gen-000001").iterdir() if p.stat().st_size and p.suffix != ".lock")


def _filled(tmp_path: Path) -> tuple[FakeFeed, Path, list[tuple[int, float]]]:
    feed = FakeFeed()
    for version in range(1, 6):
        feed.add(version, "leave and pay", "育児休業 E-4032", "travel")
    index = opened(feed, tmp_path)
    feed.remove(2)
    index.follow()
    index.compact()
    expected = results(index, "leave 育児休業")
    index.close()
    (tmp_path / "gen-000002").rename(tmp_path / "gen-000001")
    (tmp_path / "CURRENT").write_text("gen-000001\n")
    return feed, tmp_path, expected


DAMAGE = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "flipped": lambda path: path.write_bytes(_flip(path.read_bytes())),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
}


def _flip(data: bytes) -> bytes:
    middle = len(data) // 3
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_to_any_file_is_noticed_said_and_mended(tmp_path: Path, how: str) -> None:
    feed, folder, expected = _filled(tmp_path)
    names = [path.name for path in _segment_files(folder) if path.name != ".managed.json"]
    assert {Path(name).suffix for name in names} >= {
        ".idx",
        ".pos",
        ".term",
        ".fast",
        ".fieldnorm",
        ".store",
        ".json",
    }
    for round, name in enumerate([*names, "../CURRENT"]):
        copy = shutil.copytree(folder, tmp_path.with_name(f"{tmp_path.name}-{round}"))
        DAMAGE[how](copy / "gen-000001" / name)
        index = TantivyIndex(feed, copy)
        assert_same(results(index, "leave 育児休業"), expected)
        index.follow()
        state = index.state()
        assert (state.mode, state.problem, state.rebuilding) == ("tantivy", "", False)
        index.close()


def test_a_flipped_byte_anywhere_never_changes_an_answer(tmp_path: Path) -> None:
    feed, folder, expected = _filled(tmp_path)
    rng = np.random.default_rng(11)
    for path in _segment_files(folder):
        data = path.read_bytes()
        for at in rng.integers(0, len(data), size=3).tolist():
            # A copy of its own each time: tantivy's threads may write to the last one after it was closed.
            copy = shutil.copytree(folder, tmp_path.with_name(f"{tmp_path.name}-{path.name}-{at}"))
            flipped = data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]
            (copy / path.relative_to(folder)).write_bytes(flipped)
            index = TantivyIndex(feed, copy)
            assert_same(results(index, "leave 育児休業"), expected)
            index.close()


def test_damage_to_an_open_index_is_noticed_said_and_mended(tmp_path: Path) -> None:
    feed, folder, expected = _filled(tmp_path)
    index = TantivyIndex(feed, folder)
    assert_same(results(index, "leave 育児休業"), expected)
    for path in _segment_files(folder):
        with path.open("r+b") as file:  # in place: an open index has these very bytes
            file.write(b"\xff" * min(64, path.stat().st_size))
    with index._building:  # it is not mended yet
        found = index.score("leave 育児休業", np.array([one for one, _ in expected]))
        state = index.state()
        assert (found.tolist(), state.mode, state.broken) == ([0.0] * len(expected), "none", True)
        assert "until then words and codes are not searched" in state.problem
        assert str(folder) not in state.problem
        assert index.search("leave", 5).ids.tolist() == []
    index.follow()
    assert_same(results(index, "leave 育児休業"), expected)
    assert (index.state().problem, index.state().mode) == ("", "tantivy")
    index.close()


def test_damage_that_a_commit_meets_is_mended_with_it(tmp_path: Path) -> None:
    feed, folder, _ = _filled(tmp_path)
    index = TantivyIndex(feed, folder)
    results(index, "leave")
    (folder / "gen-000001" / "meta.json").write_bytes(b"\xff" * 64)
    feed.add(9, "a parking space")
    index.follow()
    assert len(index.search("parking", 5).ids) == 1
    assert (index.state().problem, index.state().mode) == ("", "tantivy")
    index.close()


def test_a_fault_of_an_intact_index_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed, folder, _ = _filled(tmp_path)
    index = TantivyIndex(feed, folder)
    results(index, "leave")
    monkeypatch.setattr(index._engine, "reach", lambda query: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        index.reach("leave")
    assert index.state().mode == "tantivy"
    index.close()


@pytest.mark.parametrize(
    ("written", "altered"), [('"max_doc": 12', '"max_doc": 11'), ('"record": "position"', '"record": "freq"')]
)
def test_an_altered_list_of_segments_is_damage(tmp_path: Path, written: str, altered: str) -> None:
    feed, folder, expected = _filled(tmp_path)
    meta = folder / "gen-000001" / "meta.json"
    text = meta.read_text()
    assert written in text
    meta.write_text(text.replace(written, altered))
    index = TantivyIndex(feed, folder)
    assert_same(results(index, "leave 育児休業"), expected)
    index.follow()
    assert index.state().generation > 1
    index.close()


def _schema_of_version_1() -> Schema:
    """Fields without an index of the chunks' ids."""
    builder = SchemaBuilder()
    builder.add_unsigned_field("chunk", fast=True)
    builder.add_unsigned_field("version", indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name="vouch", index_option="position")
    return builder.build()


@pytest.fixture
def slow_build(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Nothing is small, and no build begins while the event is cleared."""
    held, build = threading.Event(), index_room.build
    held.set()

    def wait_and_build(*arguments: object) -> None:
        held.wait(60)
        build(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(index_room, "_SMALL_ROWS", 0)
    monkeypatch.setattr(index_room, "build", wait_and_build)
    yield held
    held.set()


def test_the_problem_is_said_while_it_lasts(tmp_path: Path, slow_build: threading.Event) -> None:
    feed, folder, expected = _filled(tmp_path)
    slow_build.clear()
    next((folder / "gen-000001").glob("*.idx")).unlink()
    index = TantivyIndex(feed, folder)
    assert results(index, "leave") == []
    state = index.state()
    assert (state.mode, state.rows, state.rebuilding) == ("none", 0, True)
    assert "damaged or missing" in state.problem
    assert "not searched" in state.problem
    slow_build.set()
    index.follow()
    assert index.state().problem == ""
    assert_same(results(index, "leave 育児休業"), expected)
    index.close()


@pytest.mark.parametrize("why", ["pointer", "analysis", "fields", "ahead"])
def test_an_old_one_that_is_intact_answers_while_it_is_built_again(
    tmp_path: Path, slow_build: threading.Event, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    with monkeypatch.context() as older:
        if why == "fields":
            older.setattr("corpus.lexical.engine.schema", _schema_of_version_1)
        feed, folder, expected = _filled(tmp_path)
    slow_build.clear()
    if why == "pointer":
        (folder / "CURRENT").write_bytes(b"gen-")
    elif why in ("analysis", "fields"):
        monkeypatch.setattr("corpus.lexical.opening.ANALYSIS_VERSION", 999)
        monkeypatch.setattr("corpus.lexical.build.ANALYSIS_VERSION", 999)
    else:
        feed.log.pop()
    before = {path.name: path.read_bytes() for path in _segment_files(folder)}
    index = TantivyIndex(feed, folder)
    state = index.state()
    assert (state.mode, state.rows, state.rebuilding) == ("tantivy", 12, True)
    assert "the old one answers" in state.problem
    assert_same(results(index, "leave 育児休業"), expected)
    scores = index.score("leave 育児休業", np.array([chunk for chunk, _ in expected]))
    assert scores.tolist() == pytest.approx([score for _, score in expected], rel=1e-5)
    assert {path.name: path.read_bytes() for path in _segment_files(folder)} == before  # never written
    feed.add(9, "leave at last")
    slow_build.set()
    index.follow()
    state = index.state()
    assert (state.rows, state.rebuilding, state.problem) == (13, False, "")
    assert 900 in ids(index, "leave")
    index.close()


def test_an_open_index_says_at_once_what_it_holds(tmp_path: Path) -> None:
    feed, folder, _ = _filled(tmp_path)
    index = TantivyIndex(feed, folder)
    assert (index.state().mode, index.state().rows) == ("tantivy", 12)
    index.close()


def test_while_a_large_one_is_checked_its_own_word_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, folder, _ = _filled(tmp_path)
    held, verify = threading.Event(), segments.verify
    monkeypatch.setattr(segments, "verify", lambda *given: held.wait(60) and verify(*given))
    monkeypatch.setattr(index_room, "_STATE_WAIT_S", 0.01)
    index = TantivyIndex(feed, folder)
    assert (index.state().mode, index.state().rows) == ("opening", 12)
    held.set()
    index.follow()
    assert (index.state().mode, index.state().rows) == ("tantivy", 12)
    index.close()


def test_a_disk_that_refuses_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed, folder, expected = _filled(tmp_path)
    next((folder / "gen-000001").glob("*.idx")).unlink()
    tries: list[int] = []
    build = index_room.build

    def fail_twice(*arguments: object) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(28, "No space left on device")
        build(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(index_room, "build", fail_twice)
    monkeypatch.setattr(index_room, "_RETRY_FIRST_S", 0.01)
    index = TantivyIndex(feed, folder)
    index._worker.join(60)
    assert (len(tries), index.state().problem) == (3, "")
    assert_same(results(index, "leave 育児休業"), expected)
    index.close()


def test_another_analysis_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed, folder, expected = _filled(tmp_path)
    monkeypatch.setattr("corpus.lexical.opening.ANALYSIS_VERSION", 999)
    monkeypatch.setattr("corpus.lexical.build.ANALYSIS_VERSION", 999)
    index = TantivyIndex(feed, folder)
    assert_same(results(index, "leave 育児休業"), expected)
    index.follow()
    assert segments.read_record(folder / f"gen-{index.state().generation:06d}").analysis == 999
    index.close()


def test_an_index_ahead_of_the_catalog_is_built_again(tmp_path: Path) -> None:
    _, folder, _ = _filled(tmp_path)
    older = FakeFeed()
    older.add(1, "leave")
    index = TantivyIndex(older, folder)
    assert ids(index, "leave 育児休業") == [100]
    assert index.state().seq == 1
    older.log.clear()
    older.live.clear()
    older.add(7, "pay")
    older.log[:] = older.log[:0]
    index.follow()
    assert ids(index, "pay") == [700]
    index.close()


def test_leftovers_of_a_crash_are_cleaned_up(tmp_path: Path) -> None:
    feed, folder, expected = _filled(tmp_path)
    shutil.copytree(folder / "gen-000001", folder / "gen-000007")
    index = TantivyIndex(feed, folder)
    assert_same(results(index, "leave 育児休業"), expected)
    assert [path.name for path in folder.glob("gen-*")] == ["gen-000001"]
    index.close()


# ---- disks ---------------------------------------------------------------------------------------


def test_a_disk_that_takes_no_lock_file_is_read_through_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The links of a killed process stayed among temporary files for ever."""
    feed, folder, expected = _filled(tmp_path)
    temporary = tmp_path / "temporary"
    (temporary / "vouch-lexical-of-a-killed-one").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for name in (".tantivy-meta.lock", ".tantivy-writer.lock"):
        (folder / "gen-000001" / name).unlink(missing_ok=True)
        (folder / "gen-000001" / name).mkdir()
    index = TantivyIndex(feed, folder)
    assert_same(results(index, "leave 育児休業"), expected)
    (links,) = temporary.iterdir()
    assert (links / "meta.json").is_symlink()
    feed.add(50, "leave at last")
    with pytest.raises(StorageError) as caught:
        index.follow()
    assert caught.value.code == "read_only"
    assert_same(results(index, "leave 育児休業"), expected)
    index.close()
    assert not [*temporary.iterdir()]


@pytest.mark.parametrize("number", [28, 30])
def test_a_disk_that_cannot_be_written_stops_following_but_not_searching(
    handbook: tuple[FakeFeed, TantivyIndex], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    feed, index = handbook
    feed.add(9, "leave at last")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(segments, "write_record", refuse)
        with pytest.raises(StorageError) as caught:
            index.follow()
        with pytest.raises(StorageError):
            index.rebuild()
    assert caught.value.code == {28: "disk_full", 30: "read_only"}[number]
    assert index.state().problem
    assert ids(index, "E-4032")[0] == 100
    assert [path.name for path in index._folder.glob("gen-*")] == ["gen-000001"]
    index.follow()
    assert 900 in ids(index, "leave")
    assert index.state().problem == ""


def test_a_commit_that_fails_half_way_is_done_again(
    handbook: tuple[FakeFeed, TantivyIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, index = handbook
    feed.add(9, "leave at last", "breaks here")

    def broken(stemmer: Stemmer, context: str, text: str) -> list[str]:
        if text == "breaks here":
            raise OSError(28, "No space left on device")
        return indexed_tokens(stemmer, context, text)

    with monkeypatch.context() as patch:
        patch.setattr("corpus.lexical.writing.indexed_tokens", broken)
        with pytest.raises(StorageError):
            index.follow()
    assert 900 not in ids(index, "leave")
    index.follow()
    assert 900 in ids(index, "leave")
    assert index.state().rows == 8


@pytest.mark.parametrize("large", [True, False])
def test_a_command_that_ends_soon_leaves_a_large_index_to_others_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    feed, folder, expected = _filled(tmp_path)
    shutil.rmtree(folder / "gen-000001")
    monkeypatch.setattr(index_room, "_SMALL_ROWS", 0 if large else 5000)
    index = TantivyIndex(feed, folder, one_shot=True)
    found, state = results(index, "leave 育児休業"), index.state()
    index.close()
    assert (found == []) == large
    assert ("built again by vouch serve" in state.problem) == large
    assert not state.rebuilding
    assert "being built" not in state.problem
    again = opened(feed, folder)
    assert_same(results(again, "leave 育児休業"), expected)
    again.close()
