"""Measures whether searching and asking stay quick while a large folder is ingested, over HTTP, as a user
meets it.

    python -m bench.responsiveness FOLDER [--questions 300] [--seconds 300] [--work folder] [--stacks file]

A real server with the sample company's documents answers one client at a time: first alone, then while
``vouch ingest`` of the folder is under way. Printed are p50 and p95 of both, their ratio (goal: p95 at most 3
times idle), and the largest gap of the server's event loop (goal: at most 50 ms), measured by a heartbeat on
the loop itself. ``--stacks`` writes down what every thread did whenever the loop was late by 40 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

BEAT_S = 0.005
OWN_SHARE = 0.7
"""Least share of a gap for which the server computed, for it to be its own; else the machine was busy."""
VOUCH = (sys.executable, "-m", "rag.cli")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the measurement and prints it; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="what is ingested meanwhile")
    parser.add_argument("--questions", type=int, default=300, help="requests of each kind while idle")
    parser.add_argument("--seconds", type=float, help="stop the ingest after this time, if it still runs")
    parser.add_argument("--work", type=Path, help="keep the corpus there; it must be new")
    parser.add_argument("--stacks", type=Path, help="where each thread stood while the loop was late")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        serve_with_heartbeat(Path(os.environ["VOUCH_DATA_DIR"]), options.stacks)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        data = options.work or Path(temporary) / "data"
        os.environ["VOUCH_DATA_DIR"] = str(data)
        sample = files("corpus.sample")
        with as_file(sample / "documents") as documents:
            subprocess.run([*VOUCH, "ingest", str(documents), "--collection", "sample", "-q"], check=True)
        rows = (sample / "questions.jsonl").read_text(encoding="utf-8").splitlines()
        questions = [json.loads(row)["question"] for row in rows]
        with server(options.stacks) as port:
            measure(port, questions, options, data / "beats.json")
    return 0


def measure(port: int, questions: Sequence[str], options: argparse.Namespace, beats: Path) -> None:
    """Asks while idle, then while the folder is ingested, and prints both."""
    take_turns(port, questions, lambda done: done >= 20)  # the first ones load what the others find loaded
    began = time.time()
    idle = take_turns(port, questions, lambda done: done >= options.questions)
    between = time.time()
    ingest = subprocess.Popen(
        [*VOUCH, "ingest", str(options.folder), "--collection", "large", "--json"], stdout=subprocess.PIPE
    )
    limit = options.seconds or float("inf")
    busy = take_turns(
        port, questions, lambda done: ingest.poll() is not None or time.time() - between > limit
    )
    ended = time.time()
    if ingest.poll() is None:
        ingest.send_signal(signal.SIGINT)  # it finishes the current document and reports
    report = json.loads(ingest.communicate()[0])
    print(
        f"ingested {report['added']} files, {report['chunks']} passages "
        f"in {ended - between:.0f} s meanwhile\n"
    )
    print(f"{'':8}{'idle p50':>10}{'p95':>8}{'busy p50':>11}{'p95':>8}{'max':>8}{'p95 ratio':>11}   ms")
    for kind in idle:
        quiet, loud = np.array(idle[kind]) * 1000, np.array(busy[kind]) * 1000
        a50, a95 = np.percentile(quiet, [50, 95])
        b50, b95 = np.percentile(loud, [50, 95])
        print(
            f"{kind:8}{a50:10.1f}{a95:8.1f}{b50:11.1f}{b95:8.1f}{loud.max():8.1f}{b95 / a95:11.2f}"
            f"   of {len(loud)}"
        )
    time.sleep(1.5)  # the server writes its beats down every second
    gaps = json.loads(beats.read_text(encoding="utf-8"))
    for name, start, end in (("idle", began, between), ("busy", between, ended)):
        for whose, least in (("all", 0.0), ("while the server itself computed", OWN_SHARE)):
            own = sorted(
                (gap for at, gap, cpu in gaps if start <= at <= end and cpu >= least * gap), reverse=True
            )
            most = ", ".join(f"{gap * 1000:.0f}" for gap in own[:5]) or "none above 20"
            over = sum(gap > 0.05 for gap in own)
            print(f"event loop, {name}, {whose}: largest gaps {most} ms; {over} above 50 ms")


def take_turns(port: int, questions: Sequence[str], enough: Callable[[int], bool]) -> dict[str, list[float]]:
    """Searches and asks by turns until it is enough; returns the seconds each took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    took: dict[str, list[float]] = {"search": [], "ask": []}
    for done, question in enumerate(itertools.cycle(questions)):
        if enough(done):
            break
        for kind, body in (("search", {"query": question}), ("ask", {"question": question})):
            began = time.perf_counter()
            connection.request("POST", f"/api/{kind}", json.dumps(body), {"content-type": "application/json"})
            reply = connection.getresponse()
            answer = reply.read()
            took[kind].append(time.perf_counter() - began)
            if reply.status != 200:
                raise SystemExit(f"/api/{kind} answered {reply.status}: {answer[:300]!r}")
        time.sleep(0.02)
    connection.close()
    return took


@contextmanager
def server(stacks: Path | None) -> Iterator[int]:
    """Runs a server in a process of its own; gives its port once it is ready."""
    argv = [sys.executable, "-m", "bench.responsiveness", ".", "--serve"]
    argv += ["--stacks", str(stacks.resolve())] if stacks else []
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def serve_with_heartbeat(data: Path, stacks: Path | None) -> None:
    """Serves, and writes down each second when and for how long the event loop stood still
    (20 ms or more).
    """
    from corpus.settings import load_settings
    from rag.serving import serve

    gaps: list[tuple[float, float, float]] = []
    tasks = []
    watch = Watch(stacks) if stacks else None

    async def beat() -> None:
        written = last = time.perf_counter()
        cpu = time.process_time()
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.perf_counter()
            if now - last - BEAT_S > 0.02:
                gaps.append((time.time(), now - last - BEAT_S, time.process_time() - cpu))
            last, cpu = now, time.process_time()
            if watch:
                watch.beaten(last)
            if now - written > 1:
                (data / "beats.json").write_text(json.dumps(gaps), encoding="utf-8")
                last = written = time.perf_counter()

    def ready(port: int, service: Any) -> None:
        tasks.append(asyncio.get_running_loop().create_task(beat()))
        print(port, flush=True)

    serve(load_settings({"port": 0, "data_dir": data}), on_ready=ready)


class Watch:
    """Writes down, once for each time the loop is late by 40 ms, the stacks of the threads that do not wait.

    A thread of Python: it sees who would not hand the interpreter over as soon as they did, at the same line.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._beat = time.perf_counter()
        threading.Thread(target=self._work, daemon=True).start()

    def beaten(self, at: float) -> None:
        """Says that the loop ran at that time."""
        self._beat = at

    def _work(self) -> None:
        told = 0.0
        while True:
            time.sleep(0.01)
            beat, late = self._beat, time.perf_counter() - self._beat - BEAT_S
            if late < 0.04 or told == beat:
                continue
            told = beat
            print(f"late by {late * 1000:.0f} ms at {time.time():.3f}", file=self._file)
            for own, frame in sys._current_frames().items():
                stack = traceback.extract_stack(frame)
                if own != threading.get_ident() and stack[-1].name not in ("wait", "_worker", "select"):
                    lines = [f"{one.filename}:{one.lineno} {one.name}" for one in reversed(stack[-12:])]
                    print("  " + "\n    ".join(lines), file=self._file)
            self._file.flush()


if __name__ == "__main__":
    sys.exit(main())
