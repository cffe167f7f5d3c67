"""Parsers that do what no parser should; planted into the sandbox by its tests."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import socket
import stat
import time
from pathlib import Path

from corpus.types import Document, Page
from ingest.parsers import Limits, Parser
from ingest.parsers.detection import TEXT

TABLE = {TEXT: Parser("tests.ingest.hostile", "1")}


class PanicException(BaseException):
    """Named as PyO3 names its own, which no module exports."""


def _says(text: str) -> Document:
    return Document(text, (Page(1, 0, len(text)),), (), "title", TEXT, "en")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Does what the file's text says."""
    order, _, argument = data.decode().strip().partition(" ")
    if order == "say":
        return _says(argument)
    if order == "loop":
        while True:
            pass
    if order == "stubborn":  # it does not go when it is asked to
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if order == "sleep":
        time.sleep(600)
    if order == "nap":
        time.sleep(float(argument))
        return _says("rested")
    if order == "hold":  # a native call that never lets the interpreter go on
        ctypes.PyDLL(None).sleep(600)
    if order == "eat":
        return _says(str(len([bytearray(64 * 1024 * 1024) for _ in range(1000)])))
    if order == "recurse":
        return read(data, name, limits)
    if order == "segfault":
        ctypes.string_at(8)
    if order == "exit":
        os._exit(0)
    if order == "panic":  # what a library written in Rust raises
        raise PanicException("index out of range")
    if order == "flood":
        return _says("word " * int(argument))
    if order == "overflow":
        junk = b"\0" * (1 << 20)
        for descriptor in range(3, 20):  # whichever the reply pipe is
            try:
                while True:
                    os.write(descriptor, junk)
            except OSError:
                continue
    if order == "forge":
        frame = b"\0" * 7 + b"\x02" + b"\0" * 8 + b"[]"
        for descriptor in range(3, 20):
            try:
                os.write(descriptor, frame)
            except OSError:
                continue
        time.sleep(600)
    if order == "write":
        with Path("big").open("wb") as stream:
            while True:
                stream.write(b"\0" * (1 << 20))
    if order == "scatter":  # many small ones: no file is large, and the disk is full all the same
        for number in range(100_000):
            Path(f"small-{number}").write_bytes(b"\0" * 1000)
        return _says("scattered")
    if order == "print":
        print("x" * 100_000, flush=True)
        os.write(1, b"y" * 100_000)
        return _says("printed")
    if order == "remember":
        PanicException.__doc__ = argument
        Path("left").mkdir()
        Path("left/behind").touch()
        Path("left").chmod(0)
        return _says("remembered")
    if order == "recall":
        return _says(f"{PanicException.__doc__} {os.listdir()}")
    if order == "descriptors":
        return _says(str(sorted(map(_kind, filter(_is_open, range(128))))))
    if order == "bad-offsets":
        return Document("text", (Page(1, 0, 999),), (), "title", TEXT)
    return _says(_try(order, argument))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _kind(descriptor: int) -> str:
    mode = os.fstat(descriptor).st_mode
    return "pipe" if stat.S_ISFIFO(mode) else "device" if stat.S_ISCHR(mode) else oct(mode)


def _try(order: str, argument: str) -> str:
    """Returns ``did …`` when a forbidden thing could be done, else ``denied …``."""
    try:
        if order == "fork":
            pid = os.fork()
            if pid == 0:
                time.sleep(600)
            return f"did fork {pid}"
        if order == "exec":
            os.posix_spawn("/bin/sh", ["/bin/sh", "-c", "sleep 600"], {})
            return "did exec"
        if order == "network":
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
                link.settimeout(2)
                link.connect(("127.0.0.1", int(argument)))
            return "did network"
        if order == "read":
            return f"did read {Path(argument).read_text()}"
        if order == "touch":
            Path(argument).write_text("touched")
            return "did touch"
        if order == "environment":
            return f"did see {sorted(os.environ)}"
        if order == "parent":
            os.kill(os.getppid(), 0)
            return "did signal"
        if order == "limit":
            return f"did limit {resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)}"
        if order == "thread":  # the same end by other calls: tkill, tgkill, rt_sigqueueinfo, pidfd_open
            numbers = {"x86_64": (200, 234, 129, 434), "aarch64": (130, 131, 138, 434)}[platform.machine()]
            call, parent = ctypes.CDLL(None).syscall, os.getppid()
            arguments = ((parent, 0), (parent, parent, 0), (parent, 0, 0), (parent, 0))
            done = [n for n, given in zip(numbers, arguments, strict=True) if call(n, *given) >= 0]
            if done:
                return f"did call {done}"
            raise PermissionError
    except OSError as error:
        return f"denied {error.__class__.__name__}"
    return f"unknown order {order}"
