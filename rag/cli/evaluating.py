"""``vouch eval``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from corpus.errors import NotFoundError, UsageError
from rag.cli.groups import add_command
from rag.cli.screen import Screen, cell, count, printable, table
from rag.cli.session import Collection, Session, read_collection

MEASURES = ("hit@1", "hit@5", "hit@10", "MRR@10", "nDCG@10")


class Grain(StrEnum):
    """What a passage has to match to count as found."""

    document = "document"
    page = "page"
    text = "text"


def evaluate(
    context: typer.Context,
    questions: Annotated[
        Path,
        typer.Argument(
            metavar="QUESTIONS", help="A JSONL file of questions with gold places, or a BEIR folder."
        ),
    ],
    collection: Collection = None,
    k: Annotated[
        int, typer.Option("--k", "-k", min=10, max=1000, metavar="N", help="Passages asked for.")
    ] = 10,
    grain: Annotated[
        Grain, typer.Option(metavar="GRAIN", help="What must match: document, page or text.")
    ] = Grain.page,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write every question's measures there. Default: nowhere."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Compare with a run that --save wrote, question by question. Default: none."
        ),
    ] = None,
    run_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the rankings there as a TREC run file. Default: nowhere."),
    ] = None,
) -> None:
    """Measure how well the search finds what answers known questions.

    Questions that no document answers are counted, not measured.
    """
    session: Session = context.obj
    source = questions.expanduser().absolute()
    if not source.exists():
        raise NotFoundError(f"There is no file or folder {source}.", hint="Check the path.")
    params = {
        "questions": str(source),
        "collection": read_collection(collection),
        "k": k,
        "grain": grain.value,
        "save": _target(save),
        "against": str(against.expanduser().absolute()) if against else None,
        "run_file": _target(run_file),
    }
    with session.screen.waiting("" if session.quiet else "Searching …") as now:
        found = session.call(
            "eval", params, emit=lambda event: now(f"Question {event['done']} of {event['total']}")
        )
    if session.json:
        session.screen.json(found)
    else:
        _show(session.screen, found)


def _show(screen: Screen, found: Mapping[str, Any]) -> None:
    asked = len(found["questions"])
    without = (
        f", and {found['unanswerable']:,} more that no document answers" if found["unanswerable"] else ""
    )
    screen.show(f"{count(asked, 'question')}{without}")
    if not asked:
        return
    screen.show("", _measures("language", found["languages"]))
    if found["kinds"]:
        screen.show("", _measures("kind", found["kinds"]))
    sure = found["languages"]["all"]["nDCG@10"]
    times = sorted(one["time_ms"] for one in found["questions"])
    screen.show("", Text(f"nDCG@10 lies between {sure['low']:.3f} and {sure['high']:.3f} (95 %)", "faint"))
    screen.show(
        Text(f"a search took {_at(times, 0.5):.0f} ms (p50), {_at(times, 0.95):.0f} ms (p95)", "faint")
    )
    if found["compared"]:
        screen.show("", _comparison(found["compared"]))


def _measures(name: str, groups: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    rows = table(name, "questions", *MEASURES, right=("questions", *MEASURES))
    for group, measures in groups.items():
        values = [f"{measures[one]['mean']:.3f}" for one in MEASURES]
        rows.add_row(cell(group, "title"), cell(f"{measures['hit@1']['n']:,}"), *map(cell, values))
    return rows


def _comparison(compared: Iterable[Mapping[str, Any]]) -> Table:
    right = ("before", "now", "change", "p", "better", "worse")
    rows = table("measure", *right, right=right)
    for one in compared:
        if one["measure"] in MEASURES:
            change = one["difference"]["mean"]
            style = "" if one["p_value"] > 0.05 else "good" if change > 0 else "bad"
            values = (f"{one['first']:.3f}", f"{one['second']:.3f}")
            rows.add_row(
                cell(one["measure"], "title"),
                *map(cell, values),
                cell(f"{change:+.3f}", style),
                cell(f"{one['p_value']:.3f}"),
                cell(one["better"]),
                cell(one["worse"]),
            )
    return rows


def _at(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


def _target(path: Path | None) -> str | None:
    if path is None:
        return None
    full = path.expanduser().absolute()
    if not full.parent.is_dir() or full.is_dir():
        raise UsageError(f"{printable(full)} cannot be written.", hint="Name a file in a folder that exists.")
    return str(full)


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    add_command(
        app,
        "eval",
        evaluate,
        "vouch eval questions.jsonl --collection hr",
        "vouch eval questions.jsonl --save before.jsonl",
        "vouch eval questions.jsonl --against before.jsonl",
        panel="Measure",
    )
