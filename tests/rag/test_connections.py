"""What a connection may cost, over a real server whose minutes are short."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from rag import connections, pace
from rag.connections import Bounded, open_files
from rag.pace import LEAST_BYTES_S, PAUSE_S, left_s

MOST = 8
BIG = 32 << 20
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers at once and reads no body; /big has one that fills every buffer, /wait takes its time."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/wait":
        await asyncio.sleep(3)
    body = bytes(BIG) if scope["path"] == "/big" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server, whose minute is a fifth of a second, and a kilobyte of which ten."""
    monkeypatch.setattr(pace, "PAUSE_S", 0.2)
    monkeypatch.setattr(connections, "PAUSE_S", 0.2)
    monkeypatch.setattr(connections, "SPARE_S", 0.1)
    monkeypatch.setattr(connections, "LOOKED_EVERY_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, http=partial(Bounded, most=MOST), log_level="critical", lifespan="off", timeout_keep_alive=60
        )  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def is_answered(connection: socket.socket) -> bool:
    """Reads an answer to its end, which may come after its head."""
    heard = b""
    while not heard.endswith(b"ok"):
        more = connection.recv(1000)
        if not more:
            return False
        heard += more
    return True


def is_ended(connection: socket.socket) -> bool:
    """Says whether the other side has ended a connection, without waiting for it."""
    connection.setblocking(False)
    try:
        while connection.recv(1 << 16):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(20)
    return True


def ends(connection: socket.socket, trickle: bytes = b"") -> bool:
    """Says whether the other side ends a connection over which something trickles."""
    for _ in range(400):
        with contextlib.suppress(OSError):
            connection.sendall(trickle)
        if is_ended(connection):
            return True
        time.sleep(0.02)
    return False


@given(st.lists(st.tuples(st.floats(0.01, PAUSE_S - 0.01), st.floats(1.01, 100)), max_size=50))
def test_who_keeps_the_pace_is_never_given_up(pieces: list[tuple[float, float]]) -> None:
    seconds, moved = 0.0, 0
    for pause, times in pieces:
        assert left_s(seconds, moved) > pause
        seconds, moved = seconds + pause, moved + int(pause * LEAST_BYTES_S * times) + 1


@given(st.floats(0.01, PAUSE_S), st.integers(1, LEAST_BYTES_S // 2))
def test_who_goes_at_half_the_pace_is_given_up_within_two_minutes(pause: float, rate: int) -> None:
    assert left_s(2 * PAUSE_S, int(2 * PAUSE_S * rate)) <= 0


def test_a_connection_that_never_asks_is_ended(port: int) -> None:
    with connect(port) as silent, connect(port) as blank:
        assert ends(silent)
        assert ends(blank, b"\r\n")


def test_a_head_that_trickles_is_ended_be_it_the_first_or_the_second(port: int) -> None:
    """Only the first one was: a second held its connection for ever."""
    with connect(port) as connection:
        connection.sendall(GET)
        assert is_answered(connection)
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert ends(connection, b"a")


def test_a_body_that_trickles_on_behind_its_answer_is_ended(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert is_answered(connection)
        assert ends(connection, b"a")


def test_an_answer_that_nobody_takes_is_ended_and_one_that_is_taken_is_not(port: int) -> None:
    with connect(port) as reader, connect(port) as other:
        reader.sendall(GET.replace(b"/", b"/big", 1))
        other.sendall(GET.replace(b"/", b"/big", 1))
        got = 0
        for _ in range(16):  # a second in which the other one takes nothing
            wanted = got + (1 << 20)
            while got < wanted:
                got += len(reader.recv(1 << 16))
            time.sleep(0.06)
        while got < BIG:
            got += len(reader.recv(1 << 16))
        taken = 0
        with contextlib.suppress(ConnectionError):
            while piece := other.recv(1 << 16):
                taken += len(piece)
        assert taken < BIG


def test_one_connection_more_takes_the_place_of_the_one_that_rested_longest(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PAUSE_S", 60)
    monkeypatch.setattr(pace, "PAUSE_S", 60)
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(connect(port))
        busy.sendall(GET.replace(b"/", b"/wait", 1))
        time.sleep(0.1)
        resting = []
        for _ in range(
            MOST + 2
        ):  # each is answered before the next comes: so it is known which rests longest
            resting.append(stack.enter_context(connect(port)))
            resting[-1].sendall(GET)
            assert is_answered(resting[-1])
        assert ends(resting[2])
        assert [is_ended(one) for one in resting] == [True] * 3 + [False] * (MOST - 1)
        resting[-1].sendall(GET)
        assert is_answered(resting[-1])
        assert is_answered(busy)


def test_where_all_have_a_request_under_way_one_more_is_closed(port: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MOST):
            stack.enter_context(connect(port)).sendall(GET.replace(b"/", b"/wait", 1))
        time.sleep(0.1)
        assert ends(stack.enter_context(connect(port)))


def test_what_is_no_http_is_refused_in_the_shape_of_every_error(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = b"".join(iter(partial(connection.recv, 1000), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["code"] == "bad_request"


def test_it_asks_for_as_many_files_as_it_wants() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lower = min(soft, 512)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lower, hard))
    try:
        assert open_files() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= lower
        if hard >= connections.WANTED_FILES:
            assert open_files() == connections.WANTED_FILES
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
