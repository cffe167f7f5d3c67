"""``vouch receipts``, ``vouch receipt`` and ``vouch replay``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from rag.cli.groups import add_command
from rag.cli.passages import pages_of, tidy
from rag.cli.screen import Screen, cell, count, duration, moment, pairs, printable, table, where, wrap
from rag.cli.session import Session, readable

_INDENT = 2
_QUESTION_CHARS = 60

ReceiptId = Annotated[
    str, typer.Argument(metavar="ID", help="The id that `vouch ask` says, or a list of receipts.")
]


def list_receipts(
    context: typer.Context,
    most: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1000, metavar="N", help="How many to list at most.")
    ] = 20,
) -> None:
    """List the answers whose receipts are kept, the newest first."""
    session: Session = context.obj
    found = session.call("receipts.list", {"most": most})
    if session.json:
        session.screen.json(found)
        return
    if not found["receipts"]:
        session.note("There are no receipts. Each answer of `vouch ask` leaves one, for receipt_days.")
        return
    rows = table("id", "when", "question", "model", "vouched", right=("vouched",))
    rows.columns[0].no_wrap = True
    rows.columns[1].no_wrap = True
    for one in found["receipts"]:
        question = " ".join(one["question"].split())
        if session.screen.out.file.isatty() and len(question) > _QUESTION_CHARS:
            question = question[:_QUESTION_CHARS] + " …"
        vouched = "-" if one["support"] is None or one["abstained"] else f"{one['support']:.0%}"
        rows.add_row(
            cell(one["id"], "page"),
            cell(moment(one["at"])),
            cell(question),
            cell(one["model"], "faint"),
            cell(vouched),
        )
    session.screen.show(rows)


def show(context: typer.Context, receipt: ReceiptId) -> None:
    """Show on what an answer rests: the passages, the prompt, the model, the state of the corpus.

    With --json all of it: the prompt to the letter, what the model wrote, every hash, setting and version.
    """
    session: Session = context.obj
    found = session.call("receipts.show", {"id": readable(receipt, "receipt")})
    if session.json:
        session.screen.json(found)
        return
    screen, answer = session.screen, found["answer"]
    screen.show(pairs(_facts(found)), "")
    for line in wrap(Text(tidy(answer["text"]), "title"), screen.width):
        screen.show(line)
    screen.show("")
    for one in answer["passages"]:
        place = Text.assemble(
            (f"[{one['marker']}]".ljust(4), "page"),
            where(one["source"]),
            (f"  version {one['version']}  {pages_of(one)}", "faint"),
        )
        screen.show(place, Text(f"    {one['chunk_id']}  hash {one['hash']}", "faint"))
    prompt = found["prompt"]
    if prompt is None:
        screen.show("", Text("No model was asked.", "faint"))
        return
    for message in prompt["messages"]:
        screen.show("", Text(f"{message['role']}:", "head"))
        screen.block(Text(printable(message["text"])), _INDENT)
    if found["reply"] and found["reply"].strip() != answer["text"]:
        screen.show("", Text("What the model wrote:", "head"))
        screen.block(Text(printable(found["reply"])), _INDENT)


def replay(
    context: typer.Context,
    receipt: ReceiptId,
    without: Annotated[
        bool,
        typer.Option("--no-model", help="Only search again. Default: the model answers again, too."),
    ] = False,
) -> None:
    """Search again and have the model answer again from the stored prompt; say what differs, and why.

    The built-in model writes the same to the letter. Another model is asked anew, which costs what it costs.
    """
    session: Session = context.obj
    params = {"id": readable(receipt, "receipt"), "generate": not without}
    found = session.call("receipts.replay", params, waiting="Searching and asking again …")
    if session.json:
        session.screen.json(found)
        return
    for one in found["searches"]:
        _show_search(session.screen, one)
    if not found["searches"]:
        session.screen.show("search      none was made")
    _show_generated(session.screen, found["generated"])
    if found["reasons"]:
        session.screen.show("", Text(f"Other than on {moment(found['at'])}:", "head"))
        for reason in found["reasons"]:
            cause = Text(reason["cause"].ljust(12), "key")
            session.screen.block(Text(printable(reason["message"])), len(cause), cause)
        _show_documents(session.screen, found)
    else:
        session.screen.show("", f"Nothing else has changed since {moment(found['at'])}.")


def _facts(found: Mapping[str, Any]) -> dict[str, object]:
    asked, answer, state, model = found["asked"], found["answer"], found["corpus"], found["model"]
    caller = found["caller"]
    who = "the owner of the data folder" if caller["owner"] else ", ".join(caller["principals"])
    own = [f"temperature {model['temperature']:g}"] if model["temperature"] is not None else []
    own += [f"seed {model['seed']}"] if model["seed"] is not None else []
    facts: dict[str, object] = {
        "question": asked["question"],
        **({"read as": answer["standalone_question"]} if answer["standalone_question"] else {}),
        "asked": f"{moment(found['at'])}, by {who}",
        "model": ", ".join([model["name"], *own]),
        "took": duration(answer["timings_ms"]["total"] / 1000),
    }
    if state["seq"] is not None:
        facts["corpus"] = f"change {state['seq']:,} of {state['id']}"
        facts["passages"] = count(len(answer["passages"]), "passage")
    if asked["history"]:
        facts["earlier"] = count(len(asked["history"]), "turn")
    if asked["filter"]:
        facts["filter"] = ", ".join(f"{name}={value}" for name, value in asked["filter"].items())
    software = found["software"]
    facts["software"] = f"vouch {software.get('vouch', '')}, Python {software['python']}"
    return facts


def _show_search(screen: Screen, one: Mapping[str, Any]) -> None:
    if one["same"]:
        screen.show(Text.assemble(("search      ", "key"), ("the same passages, in the same order", "good")))
        return
    moved: Sequence[Mapping[str, Any]] = one["moved"]
    screen.show(Text.assemble(("search      ", "key"), (f"{count(len(moved), 'passage')} differ", "warn")))
    for place in moved:
        before, now = place["before"] or "-", place["now"] or "-"
        line = Text.assemble(
            (f"{before:>3} → {now:<3} ", "page"),
            where(place["source"]),
            (f"  p. {place['page']}", "faint"),
            (f"  {place['why']}" if place["why"] else "", ""),
        )
        for at, part in enumerate(wrap(line, screen.width - _INDENT)):
            screen.show(Text.assemble(" " * (_INDENT + 10 if at else _INDENT), part))


def _show_generated(screen: Screen, one: Mapping[str, Any]) -> None:
    label = ("reply       ", "key")
    if one["failure"]:
        screen.show(Text.assemble(label, (printable(one["failure"]["message"]), "bad")))
    elif one["same"] is None:
        screen.show(Text.assemble(label, one["note"]))
    elif one["same"]:
        screen.show(Text.assemble(label, ("the same, to the letter", "good")))
    else:
        screen.show(Text.assemble(label, (f"differs from character {one['differs_at']} on", "warn")))
        for name, text in (("then", one["before"]), ("now", one["now"])):
            screen.show(Text(f"  {name}:", "faint"))
            screen.block(Text(printable(text)), _INDENT)


def _show_documents(screen: Screen, found: Mapping[str, Any]) -> None:
    for one in found["documents"]:
        before, now = one["before"], one["now"]
        what = "added" if before is None else "removed" if now is None else f"version {before} → {now}"
        screen.show(Text.assemble(" " * 12, where(one["path"]), f"  {what}  ", (moment(one["at"]), "faint")))
    more = found["changed_documents"] - len(found["documents"])
    if more > 0:
        screen.show(Text(f"{' ' * 12}and {more:,} more", "faint"))


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    add_command(app, "receipts", list_receipts, "vouch receipts -n 5", panel="Ask")
    add_command(app, "receipt", show, "vouch receipt 8f49b62a614b08f9", panel="Ask")
    add_command(
        app,
        "replay",
        replay,
        "vouch replay 8f49b62a614b08f9",
        "vouch replay 8f49b62a614b08f9 --no-model",
        panel="Ask",
    )
