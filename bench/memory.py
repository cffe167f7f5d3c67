"""Prints how much memory ``vouch serve`` takes over the sample company the more questions it answers.

    python -m bench.memory [--questions 450]

From the second round on each question has another last word, so that none was answered before.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import psutil

from bench.datasets import SAMPLE
from bench.served import server
from corpus.settings import load_settings
from rag.bootstrap import open_service
from rag.measuring.questions import read_questions

ROUNDS = (0, 1, 10, 50, 150, 300, 450, 1000, 2000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Ingests the sample, serves it, asks and prints; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__.partition("\n")[0])
    parser.add_argument("--questions", type=int, default=450, help="how many are asked")
    options = parser.parse_args(arguments)
    texts = [question.text for question in read_questions(SAMPLE / "questions.jsonl")]
    with tempfile.TemporaryDirectory() as folder:
        with open_service(load_settings({"data_dir": Path(folder)}), purpose="bench") as service:
            service.ingest([SAMPLE / "documents"])
        with server(Path(folder)) as (port, process):
            print("| questions asked | resident MB | its own MB |\n|---|---|---|")
            for asked in range(options.questions + 1):
                if asked in ROUNDS:
                    used = psutil.Process(process.pid).memory_full_info()
                    print(f"| {asked} | {used.rss >> 20} | {used.uss >> 20} |", flush=True)
                turn, at = divmod(asked, len(texts))
                ask(port, f"{texts[at]} {turn}" if turn else texts[at])
    return 0


def ask(port: int, question: str) -> None:
    """Asks the server, and waits for its answer."""
    body = json.dumps({"question": question}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/ask", body, headers)
    with urllib.request.urlopen(request, timeout=120) as reply:
        reply.read()


if __name__ == "__main__":
    sys.exit(main())
