"""Children that are copied: nothing of the one before is left to them, and whichever is lost, files are read."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

import psutil
import pytest

from ingest.parsers import PARSERS
from ingest.sandbox import copying, parsing_child
from ingest.sandbox.pool import ParserPool
from tests.ingest.children import HOSTILE, Begun, scratch, settings

__all__ = ["scratch"]


@pytest.mark.parametrize("can_copy", [copying.CAN_COPY, False])
def test_a_child_has_nothing_of_the_one_before(can_copy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "CAN_COPY", can_copy)
    monkeypatch.setattr("ingest.sandbox.pool._FILES_PER_WORKER", 3)
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        first = pool.parse(b"descriptors", "a.txt").text
        assert pool.parse(b"remember 5f1c", "a.txt").text == "remembered"
        held = pool.held
        assert "5f1c ['left']" in pool.parse(b"recall", "a.txt").text
        fresh = pool.parse(b"recall", "a.txt").text
        assert "5f1c" not in fresh
        assert fresh.endswith(" []")
        assert pool.parse(b"descriptors", "a.txt").text == first
        assert first.count("pipe") == 2
        assert first.count("'") == 2 * 5  # and no other but three to nothing
        assert pool.held == held
        for order in ("fork", "parent", f"read /proc/{os.getpid()}/environ"):
            assert "calls" not in held or pool.parse(order.encode(), "a.txt").text.startswith("denied")


def test_what_many_children_import_is_imported_once_and_starts_no_thread(begun: Begun) -> None:
    child = parsing_child.ParsingChild(2000, "ingest.parsers:PARSERS")
    try:
        assert child.renew(list(PARSERS)) == (copying.CAN_COPY and "calls" in child.held)
        assert all(one.num_threads() == 1 for one in begun(recursive=True))
    finally:
        child.end()


@pytest.mark.skipif(not copying.CAN_COPY, reason="there are no copies here")
def test_a_file_is_read_by_another_child_where_an_original_or_its_copy_was_lost(
    monkeypatch: pytest.MonkeyPatch, begun: Begun
) -> None:
    monkeypatch.setattr("ingest.sandbox.pool._FILES_PER_WORKER", 2)
    with ParserPool(settings(), parsers=HOSTILE) as pool:
        for lost in (0, 1, 0):
            for turn in range(3):  # in the middle of its files, and before it is renewed
                pool.parse(b"say hello", "a.txt")
                begun(recursive=True)[lost].kill()
                assert pool.parse(f"say {turn}".encode(), "a.txt").text == str(turn)


@pytest.mark.skipif(not copying.CAN_COPY, reason="there are no copies here")
def test_a_child_that_is_ended_while_it_is_renewed_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read just before the pool was closed got lost: its reader met the end of the next child instead."""
    child = parsing_child.ParsingChild(2000, HOSTILE)
    make, ending = child._original.copy, threading.Thread(target=child.end)

    def ended_meanwhile(content_types: Sequence[str] = ()) -> copying.Copy:
        made = make(content_types)
        ending.start()
        while psutil.pid_exists(made.pid):
            time.sleep(0.001)
        return made

    monkeypatch.setattr(child._original, "copy", ended_meanwhile)
    assert child.renew(()) is False
    ending.join()


@pytest.mark.skipif(not copying.CAN_COPY, reason="there are no copies here")
def test_a_group_is_ended_while_its_number_is_still_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once its leader was waited for, the system may give the number to anybody's process."""
    child = parsing_child.ParsingChild(2000, HOSTILE)
    killed, kill = list[int](), os.killpg

    def kill_own(group: int, number: int) -> None:
        os.waitid(os.P_PID, group, os.WEXITED | os.WNOHANG | os.WNOWAIT)  # raises once it was waited for
        killed.append(group)
        kill(group, number)

    monkeypatch.setattr(os, "killpg", kill_own)
    child.end()
    assert killed == [child._original._process.pid]
