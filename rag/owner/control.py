"""Every command works beside a running owner: it asks the owner over a Unix socket.

One request a connection, as lines of JSON: ``{"operation", "params", "program"}`` → any number of ``{"event"}`` → one
``{"result"}``, ``{"error"}`` or ``{"later"}``, with the owner's own ``"program"``: an owner that is a command itself
takes no work in that would outlast it. A client that leaves cancels its operation. Both have to be the same program: a
service that was started before an update would pass over what a newer command asks of it. Where the socket is:
:mod:`rag.owner.sockets`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus import errors
from corpus.errors import BusyError, UnavailableError, VouchError
from corpus.ownership import current_owner
from corpus.program import program
from rag.owner import sockets

log = logging.getLogger(__name__)

TAKEOVER_PATIENCE_S = 10.0
ASK_AGAIN_S = 0.5

Emit = Callable[[Mapping[str, Any]], None]
Cancelled = Callable[[], bool]
Run = Callable[[str, Mapping[str, Any], Emit, Cancelled], Any]
"""operation, params, emit, cancelled → a JSON value."""


class Later(BusyError):
    """The owner is a command that ends soon, and leaves this operation to whoever owns the folder then."""


def ask_owner(
    folder: Path, operation: str, params: Mapping[str, Any], emit: Emit, cancelled: Cancelled
) -> tuple[bool, Any]:
    """Has the owner of a data folder run an operation.

    Returns:
        (True, the result), or (False, None) when there is no owner to ask.

    Raises:
        VouchError: what the owner's operation raised, as the same class.
        Later: the owner wants to be asked again.
        UnavailableError: the owner ended before it answered, or is another version of Vouch (``other_version``).
    """
    with contextlib.ExitStack() as stack:
        try:
            connection = stack.enter_context(sockets.connect(folder))
        except OSError:
            return False, None
        try:
            connection.sendall(_line({"operation": operation, "params": dict(params), "program": program()}))
        except OSError:
            return False, None
        answered = False
        for message in _messages(connection, cancelled):
            answered = True
            if "event" in message:
                emit(message["event"])
            elif message.get("program") != program():
                raise _other_version(current_owner(folder))
            elif "error" in message:
                raise _raised(message["error"])
            elif "later" in message:
                raise Later(f"The data folder {folder} is in use by {current_owner(folder)}.")
            else:
                return True, message["result"]
        if not answered:
            return False, None  # it was closing: the folder is free in a moment
        raise UnavailableError(
            f"The owner of {folder} ended before it answered.",
            code="owner_ended",
            hint="What it had committed is kept. Run the command again.",
        )


def until_free(
    folder: Path, attempt: Callable[[], tuple[bool, Any]], cancelled: Cancelled = lambda: False
) -> Any:
    """Tries again while the folder changes hands: an owner that is starting or ending cannot be asked, and one
    that says so is waited for.

    Raises:
        BusyError: the owner neither answered nor left within 10 seconds.
        UnavailableError: the caller gave up waiting.
    """
    deadline = time.monotonic() + TAKEOVER_PATIENCE_S
    while True:
        try:
            done, result = attempt()
        except Later as later:
            if cancelled():
                raise UnavailableError(
                    f"Interrupted while waiting. {later.message}",
                    code="cancelled",
                    hint="Nothing was changed.",
                ) from None
            deadline = time.monotonic() + TAKEOVER_PATIENCE_S
            time.sleep(ASK_AGAIN_S)
            continue
        except BusyError:
            done, result = False, None
        if done:
            return result
        if time.monotonic() > deadline:
            raise BusyError(
                f"The data folder {folder} is in use by {current_owner(folder) or 'another process'}, "
                "which does not answer.",
                hint="Wait for it, or stop it.",
            )
        time.sleep(0.05)


@contextmanager
def serve_control(folder: Path, run: Run, *, later: Container[str] = ()) -> Iterator[None]:
    """Answers other commands' requests for the length of the block, then lets those under way finish.

    A block that is left by an exception, such as Ctrl-C, cancels them first.

    Args:
        folder: the data folder.
        run: does an operation.
        later: operations that are not begun here: who asks for one is told to ask again.
    """
    own = program()
    try:
        listener = sockets.listen(folder)
    except OSError:
        yield  # nowhere to listen: this process works on, others are told that it is busy
        return
    leaving = threading.Event()
    threads: list[threading.Thread] = []
    stopped, stop = (
        socket.socketpair()
    )  # closed, it ends the wait at once: no command is a tenth of a second longer

    def accept() -> None:
        while True:
            if stopped in _readable(None, listener, stopped):
                return
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                if not sockets.may_ask(connection):
                    connection.close()
                    continue
                one = threading.Thread(
                    target=_answer, args=(connection, run, later, leaving, own), name="control", daemon=True
                )
                threads[:] = [thread for thread in threads if thread.is_alive()]
                threads.append(one)
                one.start()

    acceptor = threading.Thread(target=accept, name="control-accept", daemon=True)
    acceptor.start()
    try:
        yield
    except BaseException:
        leaving.set()
        raise
    finally:
        stop.close()
        acceptor.join()
        stopped.close()
        sockets.close(folder, listener)
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            os._exit(130)  # as a crash would: one that still writes must not see the corpus closed under it


@contextmanager
def watching(cancelled: Cancelled, leave: Callable[[], None]) -> Iterator[None]:
    """Calls ``leave``, from another thread, when ``cancelled`` comes to say so during the block."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            if cancelled():
                leave()
                return

    thread = threading.Thread(target=watch, name="watching", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def describe(error: VouchError) -> dict[str, str]:
    """Returns an error as JSON: its class among those of :mod:`corpus.errors`, code, message and hint."""
    kind = next(one.__name__ for one in type(error).__mro__ if getattr(errors, one.__name__, None) is one)
    return {"kind": kind, "code": error.code, "message": error.message, "hint": error.hint}


def _other_version(owner: str = "") -> UnavailableError:
    return UnavailableError(
        f"The data folder is in use by {owner or 'a process'} of another version of Vouch than this command.",
        code="other_version",
        hint="Restart it, as after every update; then run the command again.",
    )


def _answer(
    connection: socket.socket, run: Run, later: Container[str], leaving: threading.Event, own: str
) -> None:
    with connection:
        request = next(_messages(connection, lambda: False), None)
        if request is None:
            return

        def gone() -> bool:
            if leaving.is_set():
                return True
            return bool(_readable(0, connection))  # a client has nothing more to say: it left

        def emit(event: Mapping[str, Any]) -> None:
            with contextlib.suppress(OSError):
                connection.sendall(_line({"event": event}))

        reply: dict[str, Any]
        try:
            if not _is_from(own, request):  # nothing is begun for another version, which would misread it
                reply = {"error": describe(_other_version())}
            elif request["operation"] in later:
                reply = {"later": True}
            else:
                reply = {"result": run(request["operation"], request["params"], emit, gone)}
        except VouchError as error:
            reply = {"error": describe(error)}
        except Exception as error:
            log.exception("operation %s failed", request["operation"])
            reply = {"error": describe(VouchError(f"{type(error).__name__}: {error}", code="internal"))}
        with contextlib.suppress(OSError):
            connection.sendall(_line(reply | {"program": own}))


def _messages(connection: socket.socket, cancelled: Cancelled) -> Iterator[dict[str, Any]]:
    buffer = b""
    while True:
        if cancelled():
            connection.shutdown(socket.SHUT_WR)
            cancelled = _never
        if not _readable(0.2, connection):
            continue
        try:
            data = connection.recv(1 << 16)
        except OSError:
            return
        if not data:
            return
        buffer += data
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            yield _read(line)


def _read(line: bytes) -> dict[str, Any]:
    """Returns the message of a line; of what is no JSON object an empty one, which is no program's."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _is_from(program: str, request: Mapping[str, Any]) -> bool:
    """Says whether a request is one that the same program would send."""
    named = isinstance(request.get("operation"), str) and isinstance(request.get("params"), dict)
    return named and request.get("program") == program


def _readable(timeout_s: float | None, *connections: socket.socket) -> list[Any]:
    """Returns those of the connections that have something to read, after a while at most (None: whenever that is).

    Not ``select.select``: it takes no descriptor from 1,024 on, and a service with many callers has those.
    """
    with selectors.PollSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(timeout_s)]


def _never() -> bool:
    return False


def _raised(described: Mapping[str, str]) -> VouchError:
    kind = getattr(errors, described["kind"], VouchError)
    raised = kind(described["message"], code=described["code"], hint=described["hint"])
    assert isinstance(raised, VouchError)
    return raised


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=True).encode() + b"\n"
