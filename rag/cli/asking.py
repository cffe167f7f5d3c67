"""``vouch ask``."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from math import floor, log10
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from corpus.patterns import pattern
from rag.cli.failures import ExitCode
from rag.cli.groups import add_command
from rag.cli.passages import pages_of, show_passages, tidy
from rag.cli.screen import Screen, duration, one_line, one_name, printable, where
from rag.cli.searching import AsOf, Conditions, limits
from rag.cli.session import Collection, Session, readable
from rag.prompts.prompting import is_japanese
from rag.prompts.strategies import StrategyName
from rag.prompts.templates import load_template
from rag.words.told import tell

_MARKER = pattern(r"\[\d+\]")
_GUTTER = 4
_NEAREST = 3
"""Documents that are named where none answers."""


Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="Who answers: a name of `vouch models`, or provider:model. Default: model of the settings.",
    ),
]


Template = Annotated[
    str | None,
    typer.Option(
        "--template",
        metavar="NAME",
        help="A prompt of your own: a name under [templates] in vouch.toml, or a file. Default: the general one.",
    ),
]
After = Annotated[
    list[str] | None,
    typer.Option(
        "--after",
        metavar="QUESTION",
        help="What was asked before, oldest first; may be repeated. Default: nothing.",
    ),
]


def ask(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="What to ask, in any language.")],
    model: Model = None,
    without: Annotated[
        bool,
        typer.Option("--no-retrieval", help="Ask the model alone. Default: from the documents."),
    ] = False,
    strategy: Annotated[
        StrategyName,
        typer.Option(metavar="STRATEGY", help="Worked examples: zero-shot, one-shot or few-shot."),
    ] = "zero-shot",
    template: Template = None,
    after: After = None,
    k: Annotated[
        int, typer.Option("--k", "-k", min=1, max=50, metavar="N", help="Passages that go into the prompt.")
    ] = 8,
    collection: Collection = None,
    conditions: Conditions = None,
    as_of: AsOf = None,
    require_support: Annotated[
        bool,
        typer.Option(
            "--require-support",
            help="Show only an answer that the documents vouch for. Default: require_support of the settings.",
        ),
    ] = False,
) -> None:
    """Answer a question from the documents, and show the words that vouch for the answer.

    The answer comes as it is written; its numbers are the sources below it. Sentences that no document bears out are
    named. When no document answers, it says so.
    """
    session: Session = context.obj
    asked = {
        "question": " ".join(question),
        "model": choose_model(session, model),
        "retrieval": not without,
        "strategy": strategy,
        "k": k,
        "require_support": require_support or None,
        "template": read_template_option(template),
        "history": [{"role": "user", "text": one} for one in after or ()],
    }
    params = {"ask": asked, **limits(collection, conditions, as_of)}
    show = _Shown(session)
    with show:
        found = session.call("ask", params, emit=show)
    japanese = is_japanese(found["question"])
    if session.json:
        session.screen.json(found)
    else:
        _show_sources(session.screen, found)
        shown = bool({"withheld", "model_unavailable"} & {note["code"] for note in found["notes"]})
        if shown:
            show_passages(session.screen, found["question"], found["passages"], full=False)
        _show_sentences(session.screen, found)
        _show_conflicts(session.screen, found["conflicts"], japanese)
        for note in found["notes"]:
            if note["code"] != "conflict":
                session.note(note["message"])
        if found["abstained"] and found["passages"] and not shown:
            session.note(tell("nearest", japanese, places=_nearest(found["passages"], japanese)))
            session.note(tell("search_shows", japanese))
        session.note(" · ".join(_facts(found, japanese)))
    if not found["complete"]:
        failure = found["failure"]
        session.screen.error(failure["message"], failure["hint"])
        raise typer.Exit(ExitCode.PARTLY)


def choose_model(session: Session, named: str | None) -> str:
    """Returns the model to ask for; "" leaves it to the owner's settings.

    A ``provider:model`` becomes this run's own setting too, so that it can be chosen without a table for it.
    """
    if named is not None:
        if ":" in readable(named, "model"):
            session.overrides["model"] = named
        return named
    settings = session.settings()
    return settings.model if "model" in settings.model_fields_set else ""


def read_template_option(named: str | None) -> str | dict[str, str] | None:
    """Returns a template as an operation takes it: a name of the settings, or a file's name and text.

    Raises:
        UsageError: it is a file that cannot be read, or is no template.
    """
    if named is None:
        return None
    path = Path(readable(named, "template")).expanduser()
    if len(path.parts) > 1 or path.suffix or path.is_file():
        return {"name": path.name, "text": load_template(path).text}
    return named


def tokens(usage: Mapping[str, Any], japanese: bool = False) -> str:
    """Returns ``1,830 + 42 tokens``; a count that is not the provider's is marked as about."""
    said = f"{usage['input_tokens']:,} + {usage['output_tokens']:,} tokens"
    return said if usage["counted"] == "provider" else tell("about", japanese, n=said)


def cost(usage: Mapping[str, Any], japanese: bool = False) -> str:
    """Returns ``$0.00042``, ``about $1.20`` where the tokens are estimated, or ``price unknown``."""
    usd = usage["cost_usd"]
    if usd is None:
        return tell("no_price", japanese)
    if not usd:
        return "$0"
    digits = 2 - min(0, floor(log10(usd)))
    shown = f"{usd:.{digits}f}".rstrip("0").ljust(4, "0") if usd < 1 else f"{usd:,.2f}"
    return f"${shown}" if usage["counted"] == "provider" else tell("about", japanese, n=f"${shown}")


class _Shown:
    """Prints an answer's text as it comes; until then a terminal shows that something is under way."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting = contextlib.ExitStack()
        self._written = False

    def __enter__(self) -> None:
        if not self._session.quiet:
            self._waiting.enter_context(self._session.screen.waiting("Reading …"))

    def __exit__(self, *_: object) -> None:
        self._waiting.close()
        if self._written:
            self._session.screen.show("")

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event["name"] != "delta" or self._session.json:
            return
        self._waiting.close()
        self._written = True
        shown = Text(printable(event["data"]["text"]))
        shown.highlight_regex(_MARKER, "page")
        self._session.screen.out.print(shown, end="", soft_wrap=True)
        self._session.screen.flush()


def _show_sources(screen: Screen, found: Mapping[str, Any]) -> None:
    passages = {one["marker"]: one for one in found["passages"]}
    by_marker: dict[int, list[Mapping[str, Any]]] = {}
    for citation in found["citations"]:
        by_marker.setdefault(citation["marker"], []).append(citation)
    for marker, citations in by_marker.items():
        first = citations[0]
        page, last = min(c["page"] for c in citations), max(c["page"] for c in citations)
        hit = passages.get(marker, {})
        label = hit.get("page_label", "") if hit.get("page") == page else ""
        pages = {"page": page, "last_page": last, "page_label": label}
        number = Text(f"[{marker}]".ljust(_GUTTER), "page")
        title = (one_line(first["title"] or first["source"]), "title")
        collection = f"  in {printable(passages[marker]['collection'])}" if marker in passages else ""
        screen.show("", Text.assemble(number, title, ("  " + pages_of(pages), "page")))
        screen.show(Text.assemble(" " * _GUTTER, where(first["source"]), (collection, "faint")))
        for citation in citations:
            weak = "  (does not bear it out)" if citation["state"] == "unsupported" else ""
            quote = Text.assemble((f"“{tidy(citation['quote'])}”", "match"), (weak, "warn"))
            screen.block(quote, _GUTTER)
    if by_marker:
        screen.show("")


def _show_sentences(screen: Screen, found: Mapping[str, Any]) -> None:
    """Lists the sentences with what vouches for each, unless the documents' own words are all there is."""
    states = [one["state"] for one in found["sentences"]]
    if not found["retrieval"] or all(state == "quoted" for state in states):
        return
    for one in found["sentences"]:
        state = Text(one["state"].ljust(13), "warn" if one["state"] == "unsupported" else "faint")
        share = Text(f"{one['score']:.2f}  ", "faint")
        about = f"  not there: {', '.join(one['missing'])}" if one["missing"] else ""
        about += "  one of the two denies it" if one["negated"] else ""
        line = Text.assemble(state, share, tidy(one["text"]), (about, "warn"))
        screen.block(line, _GUTTER, first="")
        if one["closest"]:
            near = Text.assemble(("closest: ", "faint"), (f"“{tidy(one['closest']['quote'])}”", "match"))
            near.append(f"  {one_name(one['closest']['source'])}, page {one['closest']['page']}", "faint")
            screen.block(near, _GUTTER)
    screen.show("")


def _show_conflicts(screen: Screen, conflicts: Sequence[Mapping[str, Any]], japanese: bool) -> None:
    """Shows what documents disagree about, newest first."""
    for conflict in conflicts:
        screen.show(Text.assemble((tell("disagree", japanese), "warn"), tidy(conflict["subject"])))
        for value in conflict["values"]:
            place = f"  {one_name(value['source'])}, {tell('page', japanese, page=value['page'])}"
            date = value["date"] or tell("no_date", japanese)
            line = Text.assemble(date.ljust(12), (tidy(value["value"]), "match"), (place, "faint"))
            screen.block(line, _GUTTER)
        screen.show("")


def _nearest(passages: Sequence[Mapping[str, Any]], japanese: bool) -> str:
    """Returns the best places of a few documents: where to look when none was taken for an answer."""
    best: dict[str, str] = {}
    for one in passages:
        best.setdefault(
            one["document_id"], f"{one_name(one['source'])}, {tell('page', japanese, page=one['page'])}"
        )
    return "; ".join(list(best.values())[:_NEAREST])


def _facts(found: Mapping[str, Any], japanese: bool) -> list[str]:
    facts = [found["model"], tell("with_retrieval" if found["retrieval"] else "without_retrieval", japanese)]
    if n := len(found["passages"]):
        facts.append(tell("passage" if n == 1 else "passages", japanese, n=n))
    if found["usage"]["input_tokens"]:
        facts.append(tokens(found["usage"], japanese))
    if found["usage"]["cost_usd"]:
        facts.append(cost(found["usage"], japanese))
    facts += [duration(found["timings_ms"]["total"] / 1000)]
    if found["support"] is not None and found["retrieval"] and not found["abstained"]:
        share = tell("support", japanese, share=f"{found['support']:.0%}")
        facts.append(tell("too_little", japanese, support=share) if found["supported"] is False else share)
    if found["receipt"]:
        facts.append(tell("receipt", japanese, id=found["receipt"]))
    return facts


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    add_command(
        app,
        "ask",
        ask,
        'vouch ask "How many days of leave can be carried over?"',
        "vouch ask 年次有給休暇は何日ですか --collection hr --model gpt-6-luna",
        'vouch ask "And in Edinburgh?" --after "What is the hotel limit in London?"',
        panel="Ask",
    )
