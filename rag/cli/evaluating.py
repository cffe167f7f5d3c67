"""``vouch eval``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table
from rich.text import Text

from corpus.errors import NotFoundError, UsageError
from rag.cli.groups import add_command
from rag.cli.models import measurements
from rag.cli.screen import Screen, cell, count, printable, table
from rag.cli.session import Collection, Session, read_collection, readable

MEASURES = ("hit@1", "hit@5", "hit@10", "Recall@5", "Recall@10", "MRR@10", "nDCG@10")
SHORT = ("hit@1", "hit@5", "Recall@10", "MRR@10", "nDCG@10")
"""What is shown of each language and kind."""

ABLATED = ("hit@5", "MRR@10", "nDCG@10")
"""What is shown of a search without one of its parts."""


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
        int | None,
        typer.Option(
            "--k",
            "-k",
            min=10,
            max=1000,
            metavar="N",
            help="Passages asked for. Default: 10, and 100 where documents are ranked.",
        ),
    ] = None,
    ranked: Annotated[
        Literal["passages", "documents"] | None,
        typer.Option(
            "--rank",
            metavar="WHAT",
            help="What has a rank: passages, or documents, each at its best passage. Default: documents for a "
            "BEIR folder, else passages.",
        ),
    ] = None,
    grain: Annotated[
        Literal["document", "page", "text"],
        typer.Option(metavar="GRAIN", help="What must match: document, page or text."),
    ] = "page",
    ablate: Annotated[
        bool,
        typer.Option(
            "--ablate",
            help="Measure again without each part of the search, and compare. Default: all parts together.",
        ),
    ] = False,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="Have this model answer the questions too, and keep how well it did; may be repeated. "
            "Default: none.",
        ),
    ] = None,
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
    """Measure how well the search finds what answers known questions, and how well models answer them.

    Of the search, questions that no document answers are counted, not measured. Every question is put to
    each model once; vouch models show NAME has the figures from then on.
    """
    session: Session = context.obj
    source = questions.expanduser().absolute()
    if not source.exists():
        raise NotFoundError(f"There is no file or folder {source}.", hint="Check the path.")
    params = {
        "questions": str(source),
        "collection": read_collection(collection),
        "k": k,
        "ranked": ranked,
        "grain": grain,
        "ablate": ablate,
        "save": _target(save),
        "against": str(against.expanduser().absolute()) if against else None,
        "run_file": _target(run_file),
        "models": _known(session, models or ()),
    }
    with session.screen.waiting("" if session.quiet else "Searching …") as now:
        found = session.call("eval", params, emit=lambda event: now(_progress(event)))
    if session.json:
        session.screen.json(found)
        return
    _show(session.screen, found)
    if found["answers"]:
        session.screen.show("", measurements([*found["answers"].values()], [*found["answers"]]))


def _progress(event: Mapping[str, Any]) -> str:
    whose = f"{printable(event['model'])}: question" if "model" in event else "Question"
    return f"{whose} {event['done']} of {event['total']}"


def _known(session: Session, named: Sequence[str]) -> list[str]:
    """Returns the names of models that there are, before an hour is spent on the first of them."""
    if not named:
        return []
    settings = session.settings()
    from rag.models.catalogue import Models

    models = Models(settings.models, settings.model)
    return [models.open(readable(one, "model")).name for one in dict.fromkeys(named)]


def _show(screen: Screen, found: Mapping[str, Any]) -> None:
    asked = len(found["questions"])
    without = (
        f", and {found['unanswerable']:,} more that no document answers" if found["unanswerable"] else ""
    )
    screen.show(f"{count(asked, 'question')}{without}")
    for warning in found["warnings"]:
        screen.show(Text(printable(warning), "warn"))
    if not asked:
        return
    every = found["languages"]["all"]
    screen.show("", _intervals(every))
    if len(found["languages"]) > 2 or found["kinds"]:
        screen.show("", _measures("language", found["languages"]))
    if found["kinds"]:
        screen.show("", _measures("kind", found["kinds"]))
    times = sorted(one["time_ms"] for one in found["questions"])
    screen.show("", Text(f"ranked: {found['ranked']}", "faint"))
    screen.show(
        Text(f"a search took {_at(times, 0.5):.0f} ms (p50), {_at(times, 0.95):.0f} ms (p95)", "faint")
    )
    if found["compared"]:
        screen.show("", _comparison(found["compared"]))
    if found["ablated"]:
        screen.show("", _ablation(found["ablated"]))


def _intervals(measures: Mapping[str, Mapping[str, float]]) -> Table:
    """Every measure with its mean and interval; those of spans count the questions that have any."""
    spans = [one for one in measures if one not in MEASURES and "@" in one and " " in one]
    rows = table("measure", "mean", "95 %", "questions", right=("mean", "questions"))
    for one in (*MEASURES, *spans):
        mean = measures[one]
        rows.add_row(
            cell(one, "title"),
            cell(f"{mean['mean']:.3f}"),
            cell(f"{mean['low']:.3f} to {mean['high']:.3f}"),
            cell(f"{mean['n']:,}"),
        )
    return rows


def _measures(name: str, groups: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    rows = table(name, "questions", *SHORT, right=("questions", *SHORT))
    for group, measures in groups.items():
        values = [f"{measures[one]['mean']:.3f}" for one in SHORT]
        rows.add_row(cell(group, "title"), cell(f"{measures['hit@1']['n']:,}"), *map(cell, values))
    return rows


def _comparison(compared: Iterable[Mapping[str, Any]]) -> Table:
    right = ("before", "now", "change", "95 %", "p", "better", "worse")
    rows = table("measure", *right, right=right)
    for one in compared:
        if one["measure"] in MEASURES or " " in one["measure"]:
            rows.add_row(cell(one["measure"], "title"), cell(f"{one['first']:.3f}"), *_change(one))
    return rows


def _change(one: Mapping[str, Any]) -> list[Text]:
    """The second run's mean, and what it changes."""
    change = one["difference"]
    style = "" if one["p_value"] > 0.05 else "good" if change["mean"] > 0 else "bad"
    return [
        cell(f"{one['second']:.3f}"),
        cell(f"{change['mean']:+.3f}", style),
        cell(f"{change['low']:+.3f} to {change['high']:+.3f}"),
        cell(f"{one['p_value']:.3f}" if one["p_value"] >= 0.001 else "<0.001"),
        cell(one["better"]),
        cell(one["worse"]),
    ]


def _ablation(ablated: Iterable[Mapping[str, Any]]) -> Table:
    """For each part: what the measures are without it, and the change with its interval and test."""
    right = ("value", "change", "95 %", "p", "better", "worse")
    rows = table("without", "measure", *right, right=right)
    for one in ablated:
        by_name = {paired["measure"]: paired for paired in one["compared"]}
        for at, measure in enumerate(ABLATED):
            rows.add_row(cell("" if at else one["part"], "title"), cell(measure), *_change(by_name[measure]))
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
        "vouch eval questions.jsonl --model extractive --model gpt-6-luna",
        "vouch eval questions.jsonl --save before.jsonl",
        "vouch eval questions.jsonl --against before.jsonl",
        "vouch eval questions.jsonl --ablate",
        panel="Measure",
    )
