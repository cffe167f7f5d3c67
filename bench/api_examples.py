"""Writes the answers of ``docs/api.md`` anew, each from its own call to a running server.

    vouch serve --port 8000        (over the sample: `make run`)
    python -m bench.api_examples [--check]

Every ``sh`` block that begins with ``curl`` is run as it stands; the ``json`` or ``text`` block after it
becomes what came back, long texts and lists cut with an ellipsis. Names in capitals (``DOCUMENT``, ``JOB`` …)
are filled from earlier answers. With ``--check`` nothing is written: it says which calls failed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
LONGEST_TEXT = 150
MOST_ITEMS = 1
WHOLE = ("arms", "values")
"""Lists of which every item is shown: what is compared, and both sides of a disagreement."""

OF_AN_ARM = ("arm", "text", "support", "usage", "timings_ms")
_CALL = re.compile(r"```sh\n(curl (?:(?!```).)*?)\n```\n\n```(json|text)\n((?:(?!```).)*?)\n?```", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the calls and writes the page; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    known: dict[str, str] = {}
    failed = []

    def renew(match: re.Match[str]) -> str:
        call, kind, _ = match.groups()
        ran = call
        for name, value in known.items():
            ran = ran.replace(name, value)
        ended = subprocess.run(["bash", "-c", ran], capture_output=True, timeout=120, check=False)
        shown = ended.stdout.decode("utf-8", "replace").strip()
        if ended.returncode or not shown:
            failed.append(call)
            return match.group()
        if kind == "json":
            answer = json.loads(shown)
            learn(known, answer)
            shown = json.dumps(shorten(answer), ensure_ascii=False, indent=2)
        else:
            shown = "\n\n".join(once([cut(one) for one in shown.split("\n\n")]))
        return f"```sh\n{call}\n```\n\n```{kind}\n{shown}\n```"

    page = _CALL.sub(renew, PAGE.read_text(encoding="utf-8"))
    for call in failed:
        print(f"failed: {call}", file=sys.stderr)
    if not options.check and not failed:
        PAGE.write_text(page, encoding="utf-8")
    return 1 if failed else 0


def cut(event: str) -> str:
    """Returns an event of a stream, its long lines cut."""
    lines = event.splitlines()
    return "\n".join(line if len(line) <= LONGEST_TEXT else line[:LONGEST_TEXT] + "…" for line in lines)


def once(events: list[str]) -> list[str]:
    """Returns the events without those that look, as far as they are shown, like the one before."""
    return [one for at, one in enumerate(events) if at == 0 or one != events[at - 1]]


def learn(known: dict[str, str], answer: Any) -> None:
    """Keeps what later calls refer to: the answer, the cited document, its version and offsets, and a job."""
    citations = answer.get("citations") if isinstance(answer, dict) else None
    if citations:
        first = citations[0]
        known |= {
            "ANSWER": answer["id"],
            "DOCUMENT": first["document_id"],
            "VERSION": str(first["version"]),
            "PAGE": str(first["page"]),
            "START": str(first["start"]),
            "END": str(first["end"]),
        }
    if isinstance(answer, dict) and answer.get("kind") == "ingest":
        known["JOB"] = answer["id"]


def shorten(value: Any) -> Any:
    """Returns JSON with long texts cut and of a long list the beginning, an ellipsis for the rest."""
    if isinstance(value, dict) and "arm" in value:
        return {**{name: value[name] for name in OF_AN_ARM}, "…": "and all else that POST /api/ask answers"}
    if isinstance(value, dict):
        return {
            name: [shorten(each) for each in one] if name in WHOLE else shorten(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        plain = all(isinstance(one, str | int | float) for one in value)
        most = 8 if plain else MOST_ITEMS
        return [shorten(one) for one in value[:most]] + (["…"] if len(value) > most else [])
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[:LONGEST_TEXT] + "…"
    return value


if __name__ == "__main__":
    sys.exit(main())
