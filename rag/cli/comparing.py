"""``vouch compare``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from corpus.errors import UsageError
from rag.cli.asking import choose_model, cost, read_template_option, tokens
from rag.cli.groups import add_command
from rag.cli.screen import Screen, duration, pairs, printable, wrap
from rag.cli.searching import AsOf, Conditions, limits
from rag.cli.session import Collection, Session, readable
from rag.prompts.strategies import STRATEGIES

_LABEL_CELLS = 10
_LEAST_CELLS = 26
_GAP = 2


def compare(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="What to ask, in any language.")],
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="A model, with and without retrieval; may be repeated. Default: model of the settings.",
        ),
    ] = None,
    arms: Annotated[
        list[str] | None,
        typer.Option(
            "--arm",
            metavar="KEY=VALUE,…",
            help="One way to answer, of model, retrieval (yes, no), strategy, template and k; may be repeated. "
            "Default: each model with and without retrieval.",
        ),
    ] = None,
    collection: Collection = None,
    conditions: Conditions = None,
    as_of: AsOf = None,
) -> None:
    """Answer the same question in several ways, side by side.

    By default the chosen model answers with the documents and without them. Shown are the answers, how long
    they took, their tokens and what these cost, passages and citations, which share of their sentences the
    documents vouch for, and their receipts.
    """
    session: Session = context.obj
    if models and arms:
        raise UsageError("--model and --arm do not go together.", hint="Name the model in each --arm.")
    wanted = [read_arm(one) for one in arms or ()]
    if not wanted:
        named = [readable(one, "model") for one in models] if models and len(models) > 1 else []
        named = named or [choose_model(session, models[0] if models else None)]
        wanted = [{"model": one, "retrieval": retrieval} for one in named for retrieval in (True, False)]
    params = {"question": " ".join(question), "arms": wanted, **limits(collection, conditions, as_of)}
    found = session.call("compare", params, waiting="Asking …")
    if session.json:
        session.screen.json(found)
        return
    _show(session.screen, found["arms"])
    searched = [one["message"] for arm in found["arms"] for one in arm["notes"] if one["code"] == "retrieval"]
    for note in dict.fromkeys([*found["notes"], *searched]):
        session.note(note)


def read_arm(given: str) -> dict[str, Any]:
    """Returns an arm as an operation takes it, from ``model=…,retrieval=no,strategy=few-shot,k=5``.

    Raises:
        UsageError: an unknown key, or a value that is none of its.
    """
    arm: dict[str, Any] = {}
    for part in readable(given, "arm").split(","):
        key, equals, value = (word.strip() for word in part.partition("="))
        if key == "model" and equals and value:
            arm["model"] = value
        elif key == "retrieval" and value in ("yes", "no"):
            arm["retrieval"] = value == "yes"
        elif key == "template" and value:
            arm["template"] = read_template_option(value)
        elif key == "strategy" and value in STRATEGIES:
            arm["strategy"] = value
        elif key == "k" and value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= 50:
            arm["k"] = int(value)
        else:
            raise UsageError(
                f"{part.strip()!r} is no part of an arm.",
                code="bad_arms",
                hint="model=NAME, retrieval=yes or no, strategy=zero-shot, one-shot or few-shot, "
                "template=NAME, k=1 to 50.",
            )
    return arm


def _show(screen: Screen, arms: Sequence[Mapping[str, Any]]) -> None:
    """Prints the arms as columns, or one below the other where columns would be too narrow."""
    width = (screen.width - _LABEL_CELLS) // len(arms) - _GAP
    if width < _LEAST_CELLS:
        for arm in arms:
            screen.show(Text(_title(arm), "head"), pairs(_facts(arm)), "")
        return
    shown = Table.grid(padding=(0, _GAP, 0, 0))
    shown.add_column(width=_LABEL_CELLS - _GAP, style="key")
    for _ in arms:
        shown.add_column(width=width)
    facts = [_facts(arm) for arm in arms]
    shown.add_row("", *(Text(_title(arm), "head") for arm in arms))
    for name in facts[0]:
        shown.add_row(name, *(Text("\n").join(wrap(one[name], width)) for one in facts))
        if name == "answer":
            shown.add_row()
    with screen.out.capture() as lines:
        screen.out.print(shown, width=screen.width)
    screen.out.file.writelines(line.rstrip() + "\n" for line in lines.get().splitlines())


def _title(arm: Mapping[str, Any]) -> str:
    words = [arm["model"], "with documents" if arm["retrieval"] else "alone"]
    if arm["strategy"] != "zero-shot":
        words.append(arm["strategy"])
    if arm["template"]:
        words.append(arm["template"])
    return printable(", ".join(words))


def _facts(arm: Mapping[str, Any]) -> dict[str, Text]:
    failure = arm["failure"]
    answer = Text(printable(arm["text"]))
    if failure:
        answer.append(("\n" if arm["text"] else "") + printable(failure["message"]), "bad")
    vouched = "-" if arm["support"] is None or arm["abstained"] else f"{arm['support']:.0%} of sentences"
    return {
        "answer": answer,
        "time": Text(duration(arm["timings_ms"]["total"] / 1000) if arm["timings_ms"] else "-"),
        "tokens": Text(tokens(arm["usage"]).removesuffix(" tokens") if arm["timings_ms"] else "-"),
        "cost": Text(cost(arm["usage"]) if arm["timings_ms"] else "-"),
        "passages": Text(str(len(arm["passages"]))),
        "cited": Text(str(len(arm["citations"]))),
        "vouched": Text(vouched),
        "receipt": Text(arm["receipt"] or "-"),
    }


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    add_command(
        app,
        "compare",
        compare,
        'vouch compare "How many days of leave can be carried over?" --model gpt-6-luna',
        'vouch compare "Who approves travel?" --arm model=extractive --arm model=gpt-6-luna,retrieval=no',
        panel="Ask",
    )
