"""``vouch models``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from rag.cli.groups import add_command
from rag.cli.screen import cell, count, pairs, printable, table
from rag.cli.session import Session, readable


class Task(StrEnum):
    """What a model does."""

    chat = "chat"
    embedding = "embedding"
    reranking = "reranking"


def models(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show all that is known of this one.")
    ] = None,
    find: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="Only those with this in their name or family. Default: all."),
    ] = None,
    provider: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only of this provider. Default: of any.")
    ] = None,
    task: Annotated[
        Task | None,
        typer.Option(metavar="TASK", help="Only for this: chat, embedding or reranking. Default: for any."),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Only those known to speak it: en, ja. Default: any."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(metavar="WORD", help="Only with this in their licence. Default: any.")
    ] = None,
    open_weights: Annotated[
        bool, typer.Option("--open", help="Only those whose weights can be had. Default: any.")
    ] = False,
    price: Annotated[
        float | None,
        typer.Option(
            metavar="USD",
            min=0,
            help="Only those known to cost at most this per million tokens written. Default: any.",
        ),
    ] = None,
) -> None:
    """List the models that can be asked, or show one.

    They are the built-in one, the catalogue that comes with Vouch, and your own from vouch.toml.
    """
    session: Session = context.obj
    settings = session.settings()
    from rag.models import Models
    from rag.wire import catalogue_json

    known = Models(settings.models, settings.model)
    found = catalogue_json(known)
    if name is not None:
        wanted = known.card(readable(name, "model")).name
        card = next(one for one in found["models"] if one["name"] == wanted)
        if session.json:
            session.screen.json(card)
        else:
            session.screen.show(pairs(_described(card)))
        return
    asked = {
        "find": find,
        "provider": provider,
        "task": task,
        "language": language,
        "licence": licence,
        "open": open_weights or None,
        "price": price,
    }
    found["models"] = [card for card in found["models"] if suits(card, asked)]
    if session.json:
        session.screen.json(found)
        return
    rows = table(
        "model", "provider", "task", "window", "$ in", "$ out", "licence", right=("window", "$ in", "$ out")
    )
    for card in found["models"]:
        rows.add_row(
            cell(card["name"] + (" *" if card["default"] else ""), "title"),
            cell(card["provider"]),
            cell(card["task"]),
            cell(f"{card['context_window']:,}" if card["context_window"] else ""),
            cell(_price(card["price_input_usd"])),
            cell(_price(card["price_output_usd"])),
            cell(card["licence"] or ("open weights" if card["open_weights"] else "")),
        )
    if found["models"]:
        session.screen.show(rows)
    session.note(
        f"{count(len(found['models']), 'model')}; $ per million tokens; * answers when none is named "
        "(VOUCH_MODEL, or model in vouch.toml)"
    )


def suits(card: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Says whether a card is known to be all that is asked; None asks for nothing."""

    def has(word: str | None, *places: str) -> bool:
        return word is None or any(word.casefold() in card[place].casefold() for place in places)

    cost = card["price_output_usd"]
    return (
        has(asked["find"], "name", "model", "title", "family")
        and has(asked["licence"], "licence")
        and asked["provider"] in (None, card["provider"])
        and asked["task"] in (None, card["task"])
        and (asked["language"] is None or asked["language"] in card["languages"])
        and (asked["open"] is None or card["open_weights"] is True)
        and (asked["price"] is None or (cost is not None and cost <= asked["price"]))
    )


def _described(card: Mapping[str, Any]) -> dict[str, object]:
    shown: dict[str, object] = {}
    for name, value in card.items():
        if name == "sources":
            lines = [
                f"{one['source']}{' of ' + one['as_of'] if one['as_of'] else ''}: {', '.join(one['facts'])}"
                for one in value
            ]
            shown[name] = "\n".join(lines)
        elif isinstance(value, list):
            shown[name] = ", ".join(value)
        elif value not in (None, ""):
            shown[name] = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    return {name.replace("_", " "): printable(value) for name, value in shown.items() if value != ""}


def _price(usd: float | None) -> str:
    return "" if usd is None else f"{usd:,.2f}"


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    add_command(
        app,
        "models",
        models,
        "vouch models --provider openai --price 5",
        "vouch models extractive",
        panel="Ask",
    )
