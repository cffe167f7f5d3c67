"""Clients of a search server, many at a time, in a process of their own that computes as little as it can.

    python -m bench.clients PORT CLIENTS SECONDS < questions.json

Each sends one search after the other over its own connection. Printed is one JSON object: milliseconds of every
search, answers other than 200, the seconds it all took and those of the processor that the clients used.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What clients met: milliseconds of each search, failed ones, seconds in all and of their own processor time."""

    ms: list[float]
    failed: int
    seconds: float
    own_seconds: float

    @property
    def per_second(self) -> float:
        """Searches answered in a second, by all clients together."""
        return len(self.ms) / self.seconds


def run_clients(port: int, clients: int, seconds: float, questions: Sequence[str], k: int = 10) -> Load:
    """Has so many clients search for so long, from another process."""
    argv = [sys.executable, "-m", "bench.clients", str(port), str(clients), str(seconds)]
    bodies = [{"query": question, "k": k} for question in questions]
    done = subprocess.run(argv, input=json.dumps(bodies), capture_output=True, text=True, check=True)
    return Load(**json.loads(done.stdout))


async def _search(
    port: int, requests: Iterator[bytes], until: float, ms: list[float], failed: list[int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(next(requests))
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        ms.append((time.perf_counter() - began) * 1000)
        if b" 200 " not in lines[0]:
            failed.append(1)
    writer.close()


async def _run(port: int, clients: int, seconds: float, bodies: Sequence[dict[str, object]]) -> Load:
    requests = itertools.cycle([_request(port, body) for body in bodies])
    ms: list[float] = []
    failed: list[int] = []
    began, own = time.perf_counter(), time.process_time()
    until = began + seconds
    await asyncio.gather(*(_search(port, requests, until, ms, failed) for _ in range(clients)))
    return Load(ms, len(failed), time.perf_counter() - began, time.process_time() - own)


def _request(port: int, body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST /api/search HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


if __name__ == "__main__":
    load = asyncio.run(
        _run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), json.loads(sys.stdin.read()))
    )
    print(
        json.dumps(
            {"ms": load.ms, "failed": load.failed, "seconds": load.seconds, "own_seconds": load.own_seconds}
        )
    )
