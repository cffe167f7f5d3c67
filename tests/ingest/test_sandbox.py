"""The sandbox: whatever a parser does, it is bounded and named, and the next file goes on."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

import ingest
from corpus.errors import LimitError, ParseError, StorageError, UnavailableError, VouchError
from ingest.sandbox import copying, parsing_child
from ingest.sandbox.pool import ParserPool
from ingest.sandbox.replies import decode_document
from tests.ingest.children import HOSTILE, Begun, scratch, settings

__all__ = ["scratch"]


def test_real_files_come_through_the_pipe_unchanged() -> None:
    from ingest.parsers import parse

    front = "---\ntitle: 休暇規程\ndate: 2024-03-01\n---\n"
    source = f"{front}# Leave\n\nTwenty days 😀.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode()
    with ParserPool(settings()) as pool:
        assert pool.parse(source, "leave.md") == parse(source, "leave.md")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("loop", "timeout"),
        ("sleep", "timeout"),
        ("stubborn", "timeout"),
        ("hold", "timeout"),
        ("eat", "memory"),
        ("recurse", "too_deep"),
        ("segfault", "crashed"),
        ("exit", "crashed"),
        ("overflow", "bad_reply"),
        ("forge", "bad_reply"),
        ("write", "damaged_file"),
        ("scatter", "damaged_file"),
        ("panic", "damaged_file"),
        ("bad-offsets", "bad_reply"),
    ],
)
def test_a_hostile_parser_is_bounded_named_and_the_next_file_goes_on(order: str, code: str) -> None:
    quick = settings(parse_timeout_s=2.0 if code == "timeout" else 20.0, max_text_chars=1_000_000)
    with ParserPool(quick, parsers=HOSTILE) as pool:
        with pytest.raises((ParseError, LimitError)) as caught:
            pool.parse(order.encode(), "bad.txt")
        assert caught.value.code == code
        assert pool.parse(b"say hello", "good.txt").text == "hello"


def test_a_file_is_not_blamed_for_the_time_its_parser_waited_for_a_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ParserPool(settings(parse_timeout_s=0.5), parsers=HOSTILE) as pool:
        with pytest.raises(LimitError, match="took longer than"):
            pool.parse(b"nap 1.5", "idle.txt")
        waited = iter(range(0, 10**6, 10**3))
        monkeypatch.setattr(parsing_child, "_queued_s", lambda pid: float(next(waited)))
        monkeypatch.setattr(parsing_child, "_MOST_QUEUED", 100.0)
        assert pool.parse(b"nap 1.5", "starved.txt").text == "rested"
        monkeypatch.setattr(parsing_child, "_MOST_QUEUED", 1.0)
        with pytest.raises(LimitError, match="took longer than"):  # there is an end to it
            pool.parse(b"nap 60", "for-ever.txt")


def test_how_long_a_process_was_kept_waiting_is_known_or_nothing() -> None:
    assert parsing_child._queued_s(os.getpid()) >= 0.0
    assert parsing_child._queued_s(2**22 + 1) == 0.0


@pytest.mark.parametrize("order", ["fork", "exec", "parent", "limit", "thread"])
def test_no_process_is_made_or_signalled(order: str) -> None:
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        text = pool.parse(order.encode(), "bad.txt").text
        if "calls" not in pool.held:
            pytest.skip("this kernel allows no seccomp filter")
        assert text.startswith("denied")


def test_the_network_is_out_of_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ParserPool(settings(), parsers=HOSTILE) as pool:
        text = pool.parse(f"network {server.getsockname()[1]}".encode(), "bad.txt").text
        if not {"network", "calls"} & set(pool.held):
            pytest.skip("this kernel allows neither a network namespace nor a seccomp filter")
        assert text.startswith("denied")


def test_files_outside_are_out_of_reach(tmp_path: Path) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("canary-5f1c")
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        seen = pool.parse(f"read {canary}".encode(), "bad.txt").text
        made = pool.parse(f"touch {tmp_path / 'made.txt'}".encode(), "bad.txt").text
        secrets = pool.parse(f"read /proc/{os.getpid()}/environ".encode(), "bad.txt").text
        if "files" not in pool.held:
            pytest.skip("this kernel has no Landlock")
    assert "canary-5f1c" not in seen
    assert made.startswith("denied")
    assert secrets.startswith("denied")
    assert not (tmp_path / "made.txt").exists()


def test_the_environment_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        seen = pool.parse(b"environment", "bad.txt").text
    assert "OPENAI_API_KEY" not in seen
    assert "PYTHONPATH" in seen


@pytest.mark.parametrize(
    "change",
    [
        {"pages": [[1, 0, 999, ""]]},
        {"pages": []},
        {"pages": [[0, 0, 4, ""]]},
        {"blocks": [["paragraph", 3, 1, 0, ""]]},
        {"blocks": [["script", 0, 4, 0, ""]]},
        {"blocks": [["heading", 0, 4, 9, ""]]},
        {"title": ""},
        {"date": "yesterday"},
        {"notes": [{"code": "x"}]},
        {"metadata": ["a"]},
        {"pages": None},
    ],
)
def test_a_reply_is_checked_and_not_believed(change: dict[str, object]) -> None:
    good = {
        "pages": [[1, 0, 4, ""]], "blocks": [["paragraph", 0, 4, 0, ""]], "title": "t",
        "content_type": "text/plain", "language": "en", "date": None, "metadata": {}, "notes": [],
    }  # fmt: skip
    assert decode_document(good, "text").title == "t"
    with pytest.raises(ParseError) as caught:
        decode_document({**good, **change}, "text")
    assert caught.value.code == "bad_reply"


def test_what_a_parser_prints_does_not_get_into_its_reply() -> None:
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        assert pool.parse(b"print", "a.txt").text == "printed"
        assert pool.parse(b"say next", "a.txt").text == "next"


def test_a_worker_is_kept_for_good_files_and_replaced_after_fifty(begun: Begun) -> None:
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        seen = set()
        for number in range(52):
            pool.parse(f"say {number}".encode(), "a.txt")
            seen |= {child.pid for child in begun(recursive=True)}
            assert len(begun(recursive=True)) == 1 + copying.CAN_COPY
        assert len(seen) == 2 + copying.CAN_COPY


def test_the_signal_that_ended_a_child_is_told() -> None:
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        for order, told in (("segfault", "SIGSEGV"), ("exit", "status 0")):
            with pytest.raises(ParseError, match=told):
                pool.parse(order.encode(), "a.txt")


def test_an_unreadable_file_does_not_cost_its_worker(begun: Begun) -> None:
    with ParserPool(settings()) as pool:
        for data, code in (
            (b"", "empty"),
            (b"\x89PNG\r\n\x1a\n\0\0", "unsupported"),
            (b"\0\1\2\3" * 99, "binary"),
        ):
            with pytest.raises(ParseError) as caught:
                pool.parse(data, "a.txt")
            assert caught.value.code == code
        assert len(begun()) == 1


def test_several_threads_share_the_pool(begun: Begun) -> None:
    results: list[str] = []
    with ParserPool(settings(parse_workers=2), parsers=HOSTILE) as pool:

        def work(number: int) -> None:
            for turn in range(5):
                results.append(pool.parse(f"say {number}-{turn}".encode(), "a.txt").text)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(begun()) <= 2
    assert sorted(results) == sorted(f"{number}-{turn}" for number in range(4) for turn in range(5))


def test_a_child_outlives_the_thread_that_first_used_it(begun: Begun) -> None:
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        thread = threading.Thread(target=pool.parse, args=(b"say one", "a.txt"))
        thread.start()
        thread.join()
        first = begun()
        assert pool.parse(b"say two", "a.txt").text == "two"
        assert begun() == first


def test_closing_ends_work_that_is_going_on(begun: Begun) -> None:
    pool = ParserPool(settings(parse_timeout_s=120.0), parsers=HOSTILE)
    caught: list[VouchError] = []

    def work() -> None:
        try:
            pool.parse(b"sleep", "a.txt")
        except VouchError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not begun():
        time.sleep(0.01)
    time.sleep(0.5)
    pool.close()
    thread.join(timeout=30)
    assert [error.code for error in caught] == ["stopping"]
    with pytest.raises(UnavailableError):
        pool.parse(b"say late", "a.txt")


def test_a_child_that_was_begun_reads_the_first_file_and_is_the_only_one(begun: Begun) -> None:
    with ParserPool(settings()) as pool:
        pool.begin()
        pool.begin()
        assert pool.parse("休暇は二十日です。".encode(), "a.txt").text.strip() == "休暇は二十日です。"
        (child,) = begun()
        pool.begin()
        pool.parse(b"again", "b.txt")
        assert begun() == [child]


def test_a_child_that_was_begun_for_nothing_goes_with_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = ParserPool(settings())
    pool.begin()
    pool.close()
    pool.begin()
    with pytest.raises(UnavailableError):
        pool.parse(b"late", "a.txt")
    monkeypatch.setattr(parsing_child, "_START_TIMEOUT_S", 0.0)
    for asked in (False, True):  # a child that does not start is told where a file wants one
        with ParserPool(settings()) as slow:
            slow.begin()
            if asked:
                with pytest.raises(UnavailableError, match="does not start"):
                    slow.parse(b"x", "a.txt")


def test_whatever_a_child_may_import_is_compiled_beforehand() -> None:
    """A child keeps nothing that it compiles: what :func:`load_all` misses is compiled at the start of each."""
    program = "import sys; from ingest.sandbox.worker import load_all; load_all(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    wanted: set[str] = set()
    home = Path(ingest.__file__).parent
    for path in (*home.glob("parsers/*.py"), home / "rendering.py", home / "sandbox" / "worker.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted.add(node.module)
    wanted -= {"ingest.sandbox.pool", *sys.stdlib_module_names}  # the first is there for its types
    assert wanted - set(loaded.stdout.split()) == set()


def test_too_large_is_told_before_anything_is_read(tmp_path: Path, begun: Begun) -> None:
    big = tmp_path / "big.txt"
    with big.open("wb") as stream:
        stream.truncate(3_000_000)
    with ParserPool(settings(max_file_mb=2)) as pool:
        for source in (big, b"x" * 2_000_001):
            with pytest.raises(LimitError) as caught:
                pool.parse(source, "big.txt")
            assert caught.value.code == "too_large"
        assert begun() == []


def test_too_much_text_is_a_limit_not_a_flood() -> None:
    with ParserPool(settings(max_text_chars=1000)) as pool:
        with pytest.raises(LimitError) as caught:
            pool.parse(b"word " * 1000, "a.txt")
        assert caught.value.code == "too_much_text"
    with ParserPool(settings(max_text_chars=1000), parsers=HOSTILE) as pool:
        with pytest.raises(LimitError) as caught:
            pool.parse(b"flood 1000000", "a.txt")
        assert caught.value.code == "too_much_output"


def test_a_file_with_two_faults_behind_it_is_quarantined(begun: Begun) -> None:
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        with pytest.raises(ParseError) as caught:
            pool.parse(b"segfault", "killer.txt", earlier_faults=2)
        assert caught.value.code == "quarantined"
        assert "killer.txt" in caught.value.message
        assert begun() == []


def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    with ParserPool(settings()) as pool, pytest.raises(ParseError) as caught:
        pool.parse(tmp_path / "gone.txt")
    assert caught.value.code == "unreadable"
    assert "gone.txt" in caught.value.message


def test_a_full_temporary_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: str) -> str:
        raise OSError(28, "No space left on device")

    with ParserPool(settings()) as pool:
        monkeypatch.setattr(tempfile, "mkdtemp", full)
        with pytest.raises(StorageError) as caught:
            pool.parse(b"hello", "a.txt")
    assert caught.value.code == "no_scratch"


def test_children_die_with_a_killed_owner_and_leftovers_go_at_the_next_start(scratch: Path) -> None:
    script = textwrap.dedent(
        f"""
        import tempfile, time
        tempfile.tempdir = {str(scratch)!r}
        from corpus.settings import Settings
        from ingest.sandbox.pool import ParserPool
        pool = ParserPool(Settings(), parsers={HOSTILE!r})
        pool.parse(b"say ready", "a.txt")
        print("ready", flush=True)
        pool.parse(b"sleep", "a.txt")
        """
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"ready\n"
    children = psutil.Process(owner.pid).children(recursive=True)
    assert children
    owner.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    assert len(list(scratch.iterdir())) == 1
    ParserPool(settings()).close()
    assert list(scratch.iterdir()) == []  # though nobody has asked yet how the owner ended
    owner.wait()
    owner.stdout.close()
