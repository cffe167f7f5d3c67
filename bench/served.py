"""What clients of a running ``vouch serve`` meet, and how long the commands take to start."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import psutil

from bench import corpora
from bench.clients import Load, run_clients
from bench.timing import head, row, unspent

VOUCH = (sys.executable, "-m", "rag.cli")
STARTS = 5


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Runs ``vouch serve``; gives its port and process once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*VOUCH, "serve", "--port", str(port)],
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not is_ready(port):
            if process.poll() is not None:
                raise RuntimeError(f"vouch serve ended with {process.returncode}")
            time.sleep(0.02)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def is_ready(port: int) -> bool:
    """Says whether a server answers questions."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def environment(folder: Path) -> dict[str, str]:
    """Returns the environment in which a command searches one of the corpora."""
    small = {f"VOUCH_{name.upper()}": str(value) for name, value in corpora.SMALL.items()}
    compiled = {"PYTHONDONTWRITEBYTECODE": ""}  # as where it is not set: modules are compiled once
    return {**os.environ, **small, **compiled, "VOUCH_DATA_DIR": str(folder)}


def over_http(
    port: int,
    process: subprocess.Popen[bytes],
    questions: Sequence[str],
    k: int,
    counts: Sequence[int],
    seconds: float,
) -> None:
    """Prints what so many clients of the server meet, each number of them for some seconds; 1 comes first."""
    own = psutil.Process(process.pid)
    run_clients(port, 1, 3.0, questions, k)
    loads: list[Load] = []
    print("\n" + head("searches a second", "failed", "server's cores", "clients' cores", "its threads"))
    for clients in counts:
        before = sum(own.cpu_times()[:2])
        load = run_clients(port, clients, seconds, questions, k)
        used = sum(own.cpu_times()[:2]) - before
        loads.append(load)
        cores = (f"{used / load.seconds:.2f}", f"{load.own_seconds / load.seconds:.2f}", own.num_threads())
        name = "one client" if clients == 1 else f"{clients} clients"
        print(row(f"/api/search, {name}", unspent(load.ms), f"{load.per_second:.0f}", load.failed, *cores))
    for clients, load in zip(counts[1:], loads[1:], strict=True):
        print(f"\n{clients} clients find {load.per_second / loads[0].per_second:.2f} times what one does.")


def on_disk(folder: Path) -> str:
    """Returns what the parts of a data folder take."""
    parts = []
    for path in sorted(folder.iterdir()):
        files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
        size = sum(one.stat().st_size for one in files)
        if size >> 20:
            parts.append(f"{path.name} {size >> 20}")
    return ", ".join(parts)


def starts(folder: Path, questions: Sequence[str]) -> None:
    """Prints how long the commands take; the first of each, which brings files into memory, is left out."""
    searches, serves = [], []
    for question in islice(cycle(questions), STARTS + 1):
        began = time.perf_counter()
        argv = [*VOUCH, "search", question, "--json"]
        done = subprocess.run(argv, env=environment(folder), capture_output=True, text=True, check=True)
        searches.append((time.perf_counter() - began) * 1000)
        assert json.loads(done.stdout)["hits"], question
        began = time.perf_counter()
        with server(folder):
            serves.append((time.perf_counter() - began) * 1000)
    print("\n" + head())
    print(row("`vouch search`, the whole command", unspent(searches[1:])))
    print(row("`vouch serve` until it is ready", unspent(serves[1:])))
