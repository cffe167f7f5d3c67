"""``vouch examples list | add | remove``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from corpus.errors import UsageError
from rag.cli.groups import add_command, add_group
from rag.cli.screen import cell, one_line, table
from rag.cli.session import Session, Yes, readable


def list_examples(context: typer.Context) -> None:
    """List the approved question–answer pairs, the oldest first."""
    session: Session = context.obj
    found = session.call("examples.list", {})
    if session.json:
        session.screen.json(found)
        return
    if not found["examples"]:
        session.note("None was added yet. Approve an answer by its receipt: vouch examples add --from ID")
        return
    rows = table("id", "question", "answer", "passages", right=("passages",))
    rows.columns[0].no_wrap = True
    for one in found["examples"]:
        example = one["example"]
        rows.add_row(
            cell(one["id"], "page"),
            cell(one_line(example["question"])),
            cell(one_line(example["answer"])),
            cell(f"{len(example['passages'])}"),
        )
    session.screen.show(rows)


def add(
    context: typer.Context,
    question: Annotated[
        list[str] | None, typer.Argument(metavar="[QUESTION]...", help="The question, quoted or not.")
    ] = None,
    answer: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Its answer, each sentence with the numbers of its passages. Default: that of the receipt.",
        ),
    ] = None,
    passage: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="A passage that it rests on; may be repeated, in order from [1]. Default: those of the receipt.",
        ),
    ] = None,
    none: Annotated[
        bool,
        typer.Option("--no-answer", help="That the passages do not hold the answer is what is approved."),
    ] = False,
    receipt: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ID",
            help="Approve an answer that was given, by its receipt. Default: what is typed.",
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Approve a question and its answer: a worked example for one-shot and few-shot.

    With --from the question and the cited passages are those of an answer; --answer puts a better answer in its place.
    Whoever asks can have an example in a prompt: one from a document that not everybody may read needs --yes.
    """
    session: Session = context.obj
    words = " ".join(question or ())
    if bool(receipt) == bool(words or passage):
        raise UsageError(
            "Name a receipt, or a question with its passages and answer.",
            code="bad_example",
            hint='vouch examples add --from ID, or: vouch examples add "QUESTION" --passage TEXT --answer "TEXT [1]"',
        )
    if none and answer:
        raise UsageError("Say --answer or --no-answer, not both.", code="bad_example")
    params = {
        "question": words,
        "answer": answer or "",
        "passages": passage or [],
        "none": none,
        "from": readable(receipt, "receipt") if receipt else "",
        "yes": yes,
    }
    found = session.call("examples.add", params)
    if session.json:
        session.screen.json(found)
    else:
        done = "added" if found["added"] else "is there already:"
        session.screen.show(
            Text.assemble(f"{done} example ", (found["example"]["id"], "page"), _told(found["example"]))
        )


def remove(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of `vouch examples list`.")],
) -> None:
    """Remove approved pairs by their ids."""
    session: Session = context.obj
    found = session.call("examples.remove", {"ids": [readable(one, "example's id") for one in ids]})
    if session.json:
        session.screen.json(found)
        return
    for one in found["removed"]:
        session.screen.show(Text.assemble("removed example ", (one["id"], "page"), _told(one)))


def _told(one: Mapping[str, Any]) -> str:
    return f": {one_line(one['example']['question'])}"


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    group = add_group(
        app, "examples", "List, add and remove approved question–answer pairs.", panel="Look after"
    )
    add_command(group, "list", list_examples, "vouch examples list")
    add_command(
        group,
        "add",
        add,
        "vouch examples add --from 14d75c3f77682d83",
        'vouch examples add --from 14d75c3f77682d83 --answer "Five days [1]."',
        'vouch examples add "Who signs?" --passage "The lead signs." --answer "The lead [1]."',
    )
    add_command(group, "remove", remove, "vouch examples remove 3f9c21d0")
