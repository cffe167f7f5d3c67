"""``vouch calibrate``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from corpus.errors import NotFoundError, UsageError
from rag.cli.groups import add_command
from rag.cli.reporting import check_report, write_report
from rag.cli.screen import Screen, cell, printable, table
from rag.cli.session import Collection, Session, read_collection

_COVERAGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""Shares of the questions answered at which the curve is told."""
_BAR = 24


def calibrate(
    context: typer.Context,
    questions: Annotated[
        Path | None,
        typer.Argument(
            metavar="QUESTIONS",
            help="A JSONL file of questions; those without gold are the ones that no document answers.",
        ),
    ] = None,
    collection: Collection = None,
    target: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.5,
            metavar="SHARE",
            help="Share of the answerable questions that may be refused. Default: target_refused of the settings.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it there, too, as .json or .html. Default: nowhere."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would come of it. Default: keep it.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Go back to the decision that comes with Vouch.")
    ] = False,
) -> None:
    """Fit when to answer "not in the documents" on questions of your own, and keep that with the corpus.

    Shows the risk-coverage curve: how many questions are answered at each strictness, and how many of those no document
    answers. All figures are held out.
    """
    session: Session = context.obj
    if reset == (questions is not None):
        raise UsageError("Name a file of questions, or --reset.", hint="vouch calibrate questions.jsonl")
    check_report(report)
    params: dict[str, Any] = {"reset": reset}
    if questions is not None:
        source = questions.expanduser().absolute()
        if not source.exists():
            raise NotFoundError(f"There is no file or folder {source}.", hint="Check the path.")
        named = read_collection(collection)
        params |= {"questions": str(source), "collection": named, "target": target, "dry_run": dry_run}
    with session.screen.waiting("" if session.quiet else "Searching …") as now:
        found = session.call(
            "calibrate", params, emit=lambda event: now(f"Question {event['done']} of {event['total']}")
        )
    if session.json:
        session.screen.json(found)
    elif reset:
        session.screen.show(
            "The shipped decision is back." if found["reset"] else "It was the shipped decision already."
        )
    else:
        _show(session.screen, found)
    if report is not None and not reset:
        kept = "The calibration was done all the same; --json prints it."
        write_report(report, found, _page, kept)


def _show(screen: Screen, found: Mapping[str, Any]) -> None:
    for name, judged in found["judged"].items():
        screen.show(Text(name, "title"))
        screen.show(
            f"{judged['answerable']:,} questions that a document answers, {judged['unanswerable']:,} that none does"
        )
        screen.show("", _decisions(judged), "", _curve(judged["curve"]), "")
    for warning in found["warnings"]:
        screen.show(Text(printable(warning), "warn"))
    kept = "Kept with the corpus." if found["kept"] else "A dry run: nothing was kept."
    screen.show(Text(f"{kept} Held out: each question was judged by a fit without it.", "faint"))


def _decisions(judged: Mapping[str, Any]) -> Table:
    heads = ("threshold", "answerable refused", "unanswerable abstained", "AUROC")
    rows = table("decision", *heads, right=heads)
    for name, point, auroc in (
        ("as shipped", judged["shipped"], judged["auroc_shipped"]),
        ("fitted", judged["chosen"], judged["auroc"]),
    ):
        values = (point["threshold"], point["refused"], point["abstained"], auroc)
        rows.add_row(cell(name, "title"), *(cell(f"{value:.3f}") for value in values))
    return rows


def _curve(curve: Sequence[Mapping[str, float]]) -> Table:
    rows = table("answered", "risk", "", "threshold", right=("answered", "risk", "threshold"))
    for point in _told(curve):
        bar = "█" * round(_BAR * point["risk"])
        rows.add_row(
            cell(f"{point['coverage']:.2f}"),
            cell(f"{point['risk']:.3f}"),
            cell(bar, "warn"),
            cell(f"{point['threshold']:.3f}"),
        )
    return rows


def _told(curve: Sequence[Mapping[str, float]]) -> Iterator[Mapping[str, float]]:
    """Yields the points nearest to round coverages, each once."""
    said: list[float] = []
    for wanted in _COVERAGES:
        point = min(curve, key=lambda one: abs(one["coverage"] - wanted))
        if point["threshold"] not in said:
            said.append(point["threshold"])
            yield point


# ---- a file --------------------------------------------------------------------------------------


def _page(found: Mapping[str, Any]) -> str:
    """Returns one HTML page without scripts, links or anything to fetch; the curves are drawn."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        "<title>Calibration</title><style>:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }"
        " body { max-width: 50rem; margin: 2rem auto; padding: 0 1.5rem; }"
        " td, th { text-align: right; padding: .2rem .8rem; }"
        " svg { width: 100%; max-width: 32rem; } .warn { color: #c60; }</style></head><body>",
        "<h1>When to answer “not in the documents”</h1>",
        f"<p>Target: {found['target']:.0%} of the answerable refused.</p>",
    ]
    for name, judged in found["judged"].items():
        parts.append(
            f"<h2>{escape(name)}</h2><p>{judged['answerable']} answerable, {judged['unanswerable']} not</p>"
        )
        parts.append(
            "<table><tr><th></th><th>threshold</th><th>refused</th><th>abstained</th><th>AUROC</th></tr>"
        )
        for label, point, auroc in (
            ("as shipped", judged["shipped"], judged["auroc_shipped"]),
            ("fitted", judged["chosen"], judged["auroc"]),
        ):
            values = (point["threshold"], point["refused"], point["abstained"], auroc)
            parts.append(f"<tr><th>{label}</th>{''.join(f'<td>{value:.3f}</td>' for value in values)}</tr>")
        parts.append(f"</table>{_drawn(judged['curve'])}")
    parts += [f'<p class="warn">{escape(warning)}</p>' for warning in found["warnings"]]
    return "\n".join([*parts, "</body></html>"])


def _drawn(curve: Sequence[Mapping[str, float]]) -> str:
    points = " ".join(f"{20 + 280 * one['coverage']:.1f},{180 - 160 * one['risk']:.1f}" for one in curve)
    return (
        '<svg viewBox="0 0 320 200" role="img" aria-label="risk over coverage"><path d="M20 20V180H300" fill="none" '
        f'stroke="currentColor"/><polyline points="{points}" fill="none" stroke="#38c" stroke-width="2"/>'
        '<text x="160" y="196" font-size="10" fill="currentColor">answered</text>'
        '<text x="24" y="16" font-size="10" fill="currentColor">risk</text></svg>'
    )


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    add_command(
        app,
        "calibrate",
        calibrate,
        "vouch calibrate questions.jsonl",
        "vouch calibrate questions.jsonl --target 0.02 --report calibration.html",
        "vouch calibrate --reset",
        panel="Measure",
    )
