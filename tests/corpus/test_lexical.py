"""The lexical index against a dictionary, a brute-force BM25, damage, crashes and bad disks."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_feed import FakeFeed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import corpus.lexical.index as index_room
from corpus.child import FeedAddress
from corpus.crashpoints import find_points
from corpus.errors import StorageError
from corpus.lexical import TantivyIndex, segments
from corpus.lexical.engine import Engine, indexed_text
from corpus.projection import TextRow
from corpus.types import Scored

WORDS = [
    "leave",
    "pay",
    "travel",
    "E-4032",
    "E-4033",
    "ISO 27001",
    "育児休業",
    "出張旅費",
    "コード",
    "ｺｰﾄﾞ",
    "the",
    "of",
]
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join)


def opened(feed: FakeFeed, folder: Path, quiet_s: float = 3600.0) -> TantivyIndex:
    index = TantivyIndex(feed, folder, quiet_s=quiet_s)
    index.follow()
    return index


def results(
    index: TantivyIndex, query: str, k: int = 1000, versions: list[int] | None = None
) -> list[tuple[int, float]]:
    allowed = None if versions is None else np.array(versions, dtype=np.int64)
    found = index.search(query, k, allowed)
    assert found.ids.dtype == np.int64
    assert found.scores.dtype == np.float32
    pairs = list(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
    assert pairs == sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    assert all(score > 0 for _, score in pairs)
    return pairs


def ids(index: TantivyIndex, query: str, **limits: object) -> list[int]:
    return [chunk for chunk, _ in results(index, query, **limits)]  # type: ignore[arg-type]


def assert_same(left: list[tuple[int, float]], right: list[tuple[int, float]]) -> None:
    assert [chunk for chunk, _ in left] == [chunk for chunk, _ in right]
    assert [score for _, score in left] == pytest.approx([score for _, score in right], rel=1e-5)


@pytest.fixture
def handbook(tmp_path: Path) -> tuple[FakeFeed, TantivyIndex]:
    feed = FakeFeed()
    feed.add(1, "Error E-4032 means that the disk is full.", "Error E-4033: E and 4032 are only near.")
    feed.add(2, "育児休業は、子が１歳に達するまで取得できます。", "出張旅費規程 第12条 ﾀｸｼｰの利用")
    feed.add(
        3,
        "We hold ISO 27001 and pay 1,234.5 dollars.",
        "Leave that is paid, and paid leave.",
        context="Policies > Leave",
    )
    return feed, opened(feed, tmp_path / "lexical")


# ---- what is found -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("E-4032", 100),
        ("e4032", 100),
        ("Ｅ－４０３２", 100),
        ("E-4033", 101),
        ("ISO27001", 300),
        ("ISO-27001 certificate", 300),
        ("1234.5", 300),
        ("育児休業", 200),
        ("育児休業はいつまで取れますか", 200),
        ("1歳", 200),
        ("タクシー", 201),
        ("第１２条", 201),
        ("paying", 300),
        ('"paid leave"', 301),
        ("歳", 200),
    ],
)
def test_the_right_chunk_comes_first(handbook: tuple[FakeFeed, TantivyIndex], query: str, first: int) -> None:
    assert ids(handbook[1], query)[0] == first


def test_full_and_half_width_queries_are_one(handbook: tuple[FakeFeed, TantivyIndex]) -> None:
    assert results(handbook[1], "ﾀｸｼｰ ＩＳＯ２７００１") == results(handbook[1], "タクシー ISO27001")


@pytest.mark.parametrize(
    "query",
    ["", " ", "\n", "?!…", "😀😀", "\ud800", "\x00", "\x00\ud800\x00", "※〒", "zzz qqq", '"', '""', "「」"],
)
def test_nothing_is_found_for_nothing(handbook: tuple[FakeFeed, TantivyIndex], query: str) -> None:
    assert results(handbook[1], query) == []


@pytest.mark.parametrize(
    "query",
    [
        "text:disk",
        "disk AND (",
        "+disk -full",
        "disk^9 OR [a TO b]",
        "disk*",
        "{disk}",
        "'disk\\",
        "/disk/",
        "¶ disk",
        "disk\x00\ud800😀",
    ],
)
def test_query_syntax_is_only_text(handbook: tuple[FakeFeed, TantivyIndex], query: str) -> None:
    assert ids(handbook[1], query)[0] == 100


@given(query=st.text(max_size=40) | st.text(alphabet='ab"「」育児ー()[]:*?~^-+ \x00\ud800', max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_query_is_an_error(handbook: tuple[FakeFeed, TantivyIndex], query: str) -> None:
    results(handbook[1], query, k=3)


@pytest.mark.parametrize("part", ["育児休業", "leave ", "E-4032 ", "あ", '"a b" '])
def test_queries_of_8000_characters_are_answered(handbook: tuple[FakeFeed, TantivyIndex], part: str) -> None:
    results(handbook[1], (part * 8000)[:8000])
    assert ids(handbook[1], "".join(chr(0x4E00 + i) for i in range(7990)) + " E-4032")[0] == 100


def test_a_quoted_phrase_comes_before_its_words_apart(tmp_path: Path) -> None:
    feed = FakeFeed()
    feed.add(
        1,
        "paid " * 9 + "and " + "leave " * 9,
        "here leave is paid in full, and leave again is paid, see paid leave.",
    )
    feed.add(2, *[f"filler {i}" for i in range(50)])
    index = opened(feed, tmp_path)
    assert ids(index, "paid leave") == [100, 101]
    assert ids(index, 'What is "paid leave"?') == [101, 100]
    assert ids(index, "What is “ＰＡＩＤ　leave”?") == [101, 100]


def test_a_phrase_does_not_reach_from_the_context_into_the_text(tmp_path: Path) -> None:
    feed = FakeFeed()
    feed.add(1, "leave here", context="paid")
    feed.add(2, "paid leave here")
    scores = dict(results(opened(feed, tmp_path), '"paid leave"'))
    assert scores[200] > 2 * scores[100]


def test_scores_are_bm25(tmp_path: Path) -> None:
    """Okapi BM25 by hand, k1 = 1.2 and b = 0.75, over the lengths that are stored."""
    feed = FakeFeed()
    written = {100: "leave leave pay travel", 101: "leave", 102: "pay " * 50 + "leave"}
    feed.add(1, *written.values())
    lengths = {chunk: len(indexed_text("", text).split(" ")) for chunk, text in written.items()}
    mean = sum(lengths.values()) / 3
    expected = {}
    for chunk, text in written.items():
        score = 0.0
        for word in ("leave", "travel"):
            tf = text.split().count(word)
            df = sum(word in other.split() for other in written.values())
            idf = math.log(1 + (3 - df + 0.5) / (df + 0.5))
            score += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * lengths[chunk] / mean))
        expected[chunk] = score
    found = dict(results(opened(feed, tmp_path), "leave travel"))
    assert found == pytest.approx(expected, rel=1e-5)


def test_rarity_is_the_inverse_document_frequency(tmp_path: Path) -> None:
    feed = FakeFeed()
    index = TantivyIndex(feed, tmp_path, quiet_s=3600.0)
    assert index.rarity(["leave"]) is None
    feed.add(1, "Leave, leave and pay.", "Paid leave", "有給休暇", "")
    index.follow()
    found = index.rarity(["leave", "leaves", "有給", "pilot", "e-4032", "…"])
    index.close()
    expected = {"leave": 2, "leaves": 2, "有給": 1, "pilot": 0, "e-4032": 0, "…": 0}
    assert found == pytest.approx(
        {word: math.log(1 + (4 - n + 0.5) / (n + 0.5)) for word, n in expected.items()}
    )


@pytest.mark.parametrize("size", [*range(1, 60), 100, 135, 500, 4001])
def test_every_length_is_stored_exactly(tmp_path: Path, size: int) -> None:
    text = " ".join(["leave"] * size)
    engine = Engine(tmp_path)
    engine.apply([], [TextRow(1, 1, "", text, "", "")])
    hit = (
        engine._index.searcher().search(engine._query(engine._index.searcher(), _tokens("leave")), 1).hits[0]
    )
    why = engine._query(engine._index.searcher(), _tokens("leave")).explain(engine._index.searcher(), hit[1])
    shown = why.to_json()
    stored = json.loads(shown[: shown.rindex("}") + 1])
    assert _find(stored, "dl, length of field") == _find(stored, "avgdl, average length of field")
    assert _find(stored, "dl, length of field") == len(indexed_text("", text).split(" "))


def _tokens(query: str):  # type: ignore[no-untyped-def]
    from corpus.lexical.analysis import query_tokens

    return query_tokens(query)


def _find(node: dict[str, object], description: str) -> float:
    if node["description"] == description:
        return float(node["value"])  # type: ignore[arg-type]
    for child in node.get("details", []):  # type: ignore[attr-defined]
        try:
            return _find(child, description)
        except LookupError:
            continue
    raise LookupError(description)


# ---- ties, cuts and allowed sets -----------------------------------------------------------------


def test_ties_stand_in_ascending_id_and_the_cut_keeps_the_lowest(tmp_path: Path) -> None:
    feed = FakeFeed()
    for version in range(9, 0, -1):  # later ids come first, in other segments
        feed.add(version, *["the same leave policy"] * 50)
        if version == 9:
            index = opened(feed, tmp_path)
        index.follow()
    everything = ids(index, "leave policy")
    assert everything == sorted(everything)
    for k in (1, 7, 50, 51, 449, 450, 999):
        assert ids(index, "leave policy", k=k) == everything[:k]
    assert ids(index, "leave policy", k=0) == []


@given(
    chunks=st.lists(st.tuples(st.integers(1, 12), texts), min_size=1, max_size=40),
    allowed=st.sets(st.integers(0, 14)),
    query=texts,
    k=st.integers(1, 12),
    most=st.sampled_from([0, 3, 4096]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_allowed_set_gives_its_own_top_with_the_scores_of_all(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    chunks: list[tuple[int, str]], allowed: set[int], query: str, k: int, most: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("corpus.lexical.engine._MOST_FILTERED", most)
    feed = FakeFeed()
    for version in sorted({version for version, _ in chunks}):
        feed.add(version, *[text for owner, text in chunks if owner == version])
    index = opened(feed, tmp_path_factory.mktemp("lexical"))
    everything = results(index, query)
    mine = [(chunk, score) for chunk, score in everything if chunk // 100 in allowed][:k]
    assert_same(results(index, query, k=k, versions=sorted(allowed)), mine)
    index.close()


def test_a_large_allowed_set_that_hardly_matches_is_still_exact(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    rows = [
        TextRow(i, i, "", "leave leave" if i % 997 else "leave and much else", "", "")
        for i in range(1, 12000)
    ]
    engine.apply([], rows)
    allowed = np.array(sorted({*range(997, 12000, 997), *range(20000, 26000)}), dtype=np.int64)
    assert engine.search("leave", 5, allowed).ids.tolist() == [997 * i for i in range(1, 6)]


# ---- following -----------------------------------------------------------------------------------


class Following(RuleBasedStateMachine):
    """Adds, removals, reopening and compaction in any order; a dictionary says what must be found."""

    def __init__(self) -> None:
        super().__init__()
        self.feed = FakeFeed()
        self.folder = Path(self.factory.mktemp("machine"))
        self.index = TantivyIndex(self.feed, self.folder, quiet_s=3600)
        self.next = 1
        self.followed = True

    factory: pytest.TempPathFactory

    @rule(chunks=st.lists(texts, min_size=0, max_size=4))
    def add(self, chunks: list[str]) -> None:
        self.feed.add(self.next, *chunks)
        self.next += 1
        self.followed = False

    @precondition(lambda self: self.feed.live)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.feed.remove(data.draw(st.sampled_from(sorted(self.feed.live))))
        self.followed = False

    @rule()
    def follow(self) -> None:
        self.index.follow()
        self.followed = True

    @rule()
    def reopen(self) -> None:
        self.index.close()
        self.index = TantivyIndex(self.feed, self.folder, quiet_s=3600)
        self.follow()

    @rule()
    def compact(self) -> None:
        self.index.follow()
        self.index.compact()
        self.followed = True
        fresh = opened(self.feed, Path(self.factory.mktemp("fresh")))
        for query in ("leave pay", "E-4032 育児休業", "コード the of"):
            assert_same(results(self.index, query), results(fresh, query))
        fresh.close()

    @invariant()
    def finds_what_the_dictionary_finds(self) -> None:
        if not self.followed:
            return
        rows = [row for rows in self.feed.live.values() for row in rows]
        for word in ("leave", "E-4033", "育児"):
            folded = word.replace("-", "").lower()
            held = {r.chunk_id for r in rows if folded in r.text.replace("-", "").lower()}
            found = set(ids(self.index, word))
            if word == "E-4033":  # its parts match E-4032 as well
                assert held <= found
            else:
                assert found == held
        assert self.index.state().rows == len(rows)
        assert self.index.state().problem == ""

    def teardown(self) -> None:
        self.index.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_following(tmp_path_factory: pytest.TempPathFactory) -> None:
    Following.factory = tmp_path_factory
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Following, settings=settings(max_examples=12, stateful_step_count=20, deadline=None)
    )


def test_scores_do_not_depend_on_the_way_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    made = [" ".join(rng.choice(WORDS, size=rng.integers(3, 200))) for _ in range(300)]
    straight, winding = FakeFeed(), FakeFeed()
    for i in range(0, 300, 3):
        straight.add(1000 + i, *made[i : i + 3], first=i)
    index = opened(winding, tmp_path / "winding")
    for i in range(0, 300, 3):
        winding.add(i + 1, "leave junk " * 30, first=100_000 + i)
        winding.add(1000 + i, *made[i : i + 3], first=i)
        if i % 9 == 0:
            index.follow()
    for i in range(0, 300, 3):
        winding.remove(i + 1)
    index.follow()
    index.compact()
    assert index.state().delta_rows == 0
    fresh = opened(straight, tmp_path / "straight")
    for query in (*WORDS, "leave pay travel", "育児休業と出張旅費のコード"):
        assert_same(results(index, query), results(fresh, query))


def test_removed_chunks_leave_the_statistics_by_themselves(tmp_path: Path) -> None:
    feed = FakeFeed()
    for version in range(1, 11):
        feed.add(version, "leave and pay")
    index = opened(feed, tmp_path, quiet_s=0.01)
    feed.remove(1)
    index.follow()
    index._worker.join()
    assert index.state().delta_rows == 0
    assert index.state().rows == 9
    assert len(list(tmp_path.glob("gen-*"))) == 1


def test_follow_is_one_commit_and_does_nothing_when_nothing_changed(
    handbook: tuple[FakeFeed, TantivyIndex],
) -> None:
    index = handbook[1]
    meta = index._folder / "gen-000001" / "meta.json"
    before = meta.stat().st_mtime_ns
    index.follow()
    assert meta.stat().st_mtime_ns == before
    assert index.state().seq == 3


def test_what_is_committed_during_a_rebuild_is_found_after_it(
    handbook: tuple[FakeFeed, TantivyIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, index = handbook

    def build(*arguments: object) -> None:
        index_build(*arguments)  # type: ignore[arg-type]
        feed.add(9, "leave at last")
        feed.remove(1)

    index_build = index_room.build
    monkeypatch.setattr(index_room, "build", build)
    index.rebuild()
    assert 900 in ids(index, "leave")
    assert ids(index, "E-4032 4032") == []
    assert index.state().seq == 5


def test_searching_and_following_go_on_together(tmp_path: Path) -> None:
    feed = FakeFeed()
    feed.add(1, "leave stays here")
    index = opened(feed, tmp_path)
    wrong: list[object] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            try:
                found = ids(index, "leave")
                if 100 not in found:
                    wrong.append(found)
            except Exception as error:
                wrong.append(error)

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for version in range(2, 14):
        feed.add(version, "more leave", "and pay")
        if version > 5:
            feed.remove(version - 3)
        index.follow()
        if version % 5 == 0:
            index.rebuild()
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert set(ids(index, "leave")) == {version * 100 for version in feed.live}


def test_a_large_index_is_built_by_a_child_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = FakeFeed()
    for version in range(1, 30):
        feed.add(version, "leave and pay " * version, "育児休業 E-4032")
    monkeypatch.setattr(index_room, "_SMALL_ROWS", 0)
    address = FeedAddress("fake_feed:open_pickled", feed.pickle(tmp_path / "feed"))
    index = TantivyIndex(feed, tmp_path / "child", address=address, quiet_s=3600)
    feed.add(50, "leave after the child looked")  # what it missed is caught up with
    index.follow()
    here = opened(feed, tmp_path / "here")
    assert len(results(index, "leave")) == 30
    assert_same(results(index, "leave 育児休業"), results(here, "leave 育児休業"))
    index.close()


@pytest.mark.parametrize(
    ("function", "code"), [("fake_feed:open_nothing", "disk_full"), ("fake_feed:absent", "storage")]
)
def test_a_child_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, code: str
) -> None:
    feed = FakeFeed()
    feed.add(1, "leave")
    monkeypatch.setattr(index_room, "_SMALL_ROWS", 0)
    index = TantivyIndex(feed, tmp_path, address=FeedAddress(function, "nowhere"))
    with pytest.raises(StorageError) as caught:
        index.follow()
    assert caught.value.code == code
    assert results(index, "leave") == []
    assert index.state().problem
    assert not list(tmp_path.glob("gen-*"))
    index.close()


# ---- damage --------------------------------------------------------------------------------------


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
    kept = tmp_path.parent / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    for name in [*names, "../CURRENT"]:
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        DAMAGE[how](folder / "gen-000001" / name)
        index = TantivyIndex(feed, folder)
        assert_same(results(index, "leave 育児休業"), expected)
        index.follow()
        state = index.state()
        assert (state.mode, state.problem, state.rebuilding) == ("tantivy", "", False)
        index.close()


def test_a_flipped_byte_anywhere_never_changes_an_answer(tmp_path: Path) -> None:
    feed, folder, expected = _filled(tmp_path)
    kept = tmp_path.parent / "kept-bytes"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    rng = np.random.default_rng(11)
    for path in _segment_files(kept):
        data = path.read_bytes()
        for at in rng.integers(0, len(data), size=3).tolist():
            shutil.rmtree(folder)
            shutil.copytree(kept, folder)
            flipped = data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]
            (folder / path.relative_to(kept)).write_bytes(flipped)
            index = TantivyIndex(feed, folder)
            assert_same(results(index, "leave 育児休業"), expected)
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


@pytest.mark.parametrize("why", ["pointer", "analysis", "ahead"])
def test_an_old_one_that_is_intact_answers_while_it_is_built_again(
    tmp_path: Path, slow_build: threading.Event, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    feed, folder, expected = _filled(tmp_path)
    slow_build.clear()
    if why == "pointer":
        (folder / "CURRENT").write_bytes(b"gen-")
    elif why == "analysis":
        monkeypatch.setattr(index_room, "ANALYSIS_VERSION", 999)
        monkeypatch.setattr("corpus.lexical.build.ANALYSIS_VERSION", 999)
    else:
        feed.log.pop()
    before = {path.name: path.read_bytes() for path in _segment_files(folder)}
    index = TantivyIndex(feed, folder)
    state = index.state()
    assert (state.mode, state.rows, state.rebuilding) == ("tantivy", 12, True)
    assert "the old one answers" in state.problem
    assert_same(results(index, "leave 育児休業"), expected)
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
    monkeypatch.setattr(index_room, "ANALYSIS_VERSION", 999)
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


def test_the_files_of_an_unfinished_commit_do_not_block_the_next(tmp_path: Path) -> None:
    feed = FakeFeed()
    for version in range(1, 11):
        feed.add(version, "leave and pay")
    folder = tmp_path / "lexical"
    index = opened(feed, folder)
    index.close()
    shutil.copytree(folder, tmp_path / "before")
    feed.remove(1)
    again = opened(feed, folder)
    again.close()
    (deleted,) = (folder / "gen-000001").glob("*.del")
    # As a kill between the file of deletions and the list of segments leaves it.
    shutil.copy(deleted, tmp_path / "before" / "gen-000001")
    killed = opened(feed, tmp_path / "before")
    assert killed.state().problem == ""
    assert killed.state().rows == 9
    killed.close()


# ---- disks ---------------------------------------------------------------------------------------


def test_a_disk_that_takes_no_lock_file_is_read_through_links(tmp_path: Path) -> None:
    feed, folder, expected = _filled(tmp_path)
    for name in (".tantivy-meta.lock", ".tantivy-writer.lock"):
        (folder / "gen-000001" / name).unlink(missing_ok=True)
        (folder / "gen-000001" / name).mkdir()
    index = TantivyIndex(feed, folder)
    assert_same(results(index, "leave 育児休業"), expected)
    shadow = index._shadow
    assert shadow is not None
    feed.add(50, "leave at last")
    with pytest.raises(StorageError) as caught:
        index.follow()
    assert caught.value.code == "read_only"
    assert_same(results(index, "leave 育児休業"), expected)
    index.close()
    assert not shadow.exists()


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

    def broken(context: str, text: str) -> str:
        if text == "breaks here":
            raise OSError(28, "No space left on device")
        return indexed_text(context, text)

    with monkeypatch.context() as patch:
        patch.setattr("corpus.lexical.engine.indexed_text", broken)
        with pytest.raises(StorageError):
            index.follow()
    assert 900 not in ids(index, "leave")
    index.follow()
    assert 900 in ids(index, "leave")
    assert index.state().rows == 8


# ---- crashes -------------------------------------------------------------------------------------

CRASH = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from fake_feed import FakeFeed
from corpus.lexical import TantivyIndex
feed = FakeFeed()
feed.add(1, "leave one"); feed.add(2, "leave two")
index = TantivyIndex(feed, Path(sys.argv[1]), quiet_s=3600)
index.follow()
feed.remove(1); feed.add(3, "leave three")
index.follow()
index.rebuild()
"""


@pytest.mark.slow
@pytest.mark.parametrize("point", find_points(Path(index_room.__file__).parent))
@pytest.mark.parametrize("nth", [1, 2])
def test_a_crash_at_any_point_loses_nothing(tmp_path: Path, point: str, nth: int) -> None:
    here = Path(__file__).parent
    child = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path / "lexical"), str(here)],
        cwd=here.parents[1],
        env={**os.environ, "VOUCH_CRASH_AT": f"{point}:{nth}"},
        check=False,
    )
    assert child.returncode in (-signal.SIGKILL, 0)
    if nth == 1:
        assert child.returncode == -signal.SIGKILL
    feed = FakeFeed()
    feed.add(1, "leave one")
    feed.add(2, "leave two")
    feed.remove(1)
    feed.add(3, "leave three")
    index = opened(feed, tmp_path / "lexical")
    assert ids(index, "leave") == [200, 300]
    assert index.state().rows == 2
    index.compact()
    assert_same(results(index, "leave three"), results(opened(feed, tmp_path / "fresh"), "leave three"))
    assert len(list((tmp_path / "lexical").glob("gen-*"))) == 1


def test_the_crash_points_are_known() -> None:
    points = find_points(Path(index_room.__file__).parent)
    assert points == [
        "lexical.begun",
        "lexical.built",
        "lexical.committed",
        "lexical.recorded",
        "lexical.swapped",
    ]


def test_an_empty_catalog_is_an_empty_index(tmp_path: Path) -> None:
    index = opened(FakeFeed(), tmp_path)
    assert isinstance(index.search("leave", 5), Scored)
    assert len(index.search("leave", 5)) == 0
    assert index.state().problem == ""
    index.close()
    assert Counter(path.name for path in tmp_path.iterdir())["CURRENT"] <= 1


def test_compacting_waits_for_a_build_that_a_removal_overtook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a build catches up with the removal, and then holds the removed passages in its statistics."""
    feed = FakeFeed()
    feed.add(1, "leave pay", "travel")
    feed.add(2, "leave")
    index = opened(feed, tmp_path)
    built, go_on = threading.Event(), threading.Event()
    build = index_room.build

    def build_slowly(*given: object) -> None:
        build(*given)  # type: ignore[arg-type]
        built.set()
        assert go_on.wait(60)

    monkeypatch.setattr(index_room, "build", build_slowly)
    builder = threading.Thread(target=index.rebuild)
    builder.start()
    assert built.wait(60)
    feed.remove(2)
    index.follow()
    index._counts = replace(index._counts, deleted=0)  # as where its whole segment was dropped
    compacting = threading.Thread(target=index.compact)
    compacting.start()
    compacting.join(0.3)
    go_on.set()
    builder.join(60)
    compacting.join(60)
    assert index.state().delta_rows == 0
    index.close()
