"""``vouch models``: list, show, check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer
from rich.table import Table
from rich.text import Text

from corpus.errors import UsageError
from rag.cli.failures import ExitCode
from rag.cli.groups import ListingGroup, add_command, add_group
from rag.cli.screen import cell, count, pairs, printable, table
from rag.cli.session import Session, readable


def list_models(
    context: typer.Context,
    find: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="Only those with this in their name or family. Default: all."),
    ] = None,
    provider: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only of this provider. Default: of any.")
    ] = None,
    task: Annotated[
        Literal["chat", "embedding", "reranking"] | None,
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
    proprietary: Annotated[
        bool, typer.Option("--proprietary", help="Only those whose weights cannot be had. Default: any.")
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
    """List the models that can be asked; it is what vouch models does by itself.

    They are the built-in one, the catalogue that comes with Vouch, and your own from vouch.toml.
    """
    if open_weights and proprietary:
        raise UsageError("--open and --proprietary do not go together.", hint="Leave both out to see all.")
    session: Session = context.obj
    settings = session.settings()
    from rag.models.cards import PROVIDERS, Wanted
    from rag.models.catalogue import Models
    from rag.wire import catalogue_json

    if provider not in (None, *PROVIDERS):
        raise UsageError(f"There is no provider {provider!r}.", hint=f"One of: {', '.join(PROVIDERS)}.")

    opened = True if open_weights else False if proprietary else None
    wanted = Wanted(find, provider, task, language, licence, opened, price)
    found = catalogue_json(Models(settings.models, settings.model), settings.data_dir, wanted)
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


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of vouch models, or provider:model.")],
) -> None:
    """Show all that is known of a model, where each fact is from, and what was measured here.

    What is not known is left out.
    """
    session: Session = context.obj
    settings = session.settings()
    from rag.models.catalogue import Models
    from rag.wire import card_json

    known = Models(settings.models, settings.model)
    card = card_json(known, settings.data_dir, known.card(readable(name, "model")))
    if session.json:
        session.screen.json(card)
        return
    session.screen.show(pairs(_described(card)))
    if card["measured"]:
        session.screen.show("", Text("measured here", "head"), measurements(card["measured"]))


def check(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of vouch models, or provider:model.")],
) -> None:
    """Ask a model one tiny question and say what works: key, streaming, token counts, context window.

    It is a real call and costs what some fifty tokens cost.
    """
    session: Session = context.obj
    settings = session.settings()
    from rag.models.catalogue import Models
    from rag.models.checking import check_model

    known = Models(settings.models, settings.model)
    try:
        model = known.open(readable(name, "model"))
        with session.screen.waiting("" if session.quiet else "Asking …"):
            found = check_model(model)
    finally:
        known.close()
    if session.json:
        works = all(one.state != "fails" for one in found)
        session.screen.json({"model": model.name, "works": works, "findings": [asdict(one) for one in found]})
    else:
        rows = table("what", "", "seen")
        style = {"works": "good", "fails": "bad", "unknown": "faint"}
        for one in found:
            detail = f"{one.detail} {one.hint}".strip()
            rows.add_row(cell(one.what, "title"), cell(one.state, style[one.state]), cell(detail))
        session.screen.show(rows)
    if any(one.state == "fails" for one in found):
        raise typer.Exit(ExitCode.MODEL)


def measurements(found: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> Table:
    """Returns what was measured of models, a row each, named by the models or else by the question sets."""
    right = ("questions", "cited", "holds", "support", "refused", "abstained", "tokens", "$", "p50 / p95 ms")
    rows = table("model" if names else "set", "of", *right, right=right)
    for at, one in enumerate(found):
        tokens = [one["input_tokens"], one["output_tokens"]]
        times = [one["p50_ms"], one["p95_ms"]]
        asked = f"{one['answerable']} + {one['unanswerable']}"
        rows.add_row(
            cell(names[at] if names else one["questions"], "title"),
            cell(one["measured_at"]),
            cell(asked + (f", {one['failed']} failed" if one["failed"] else "")),
            *(
                cell(_share(one[name]))
                for name in ("cited", "holds_answer", "support", "refused", "abstained")
            ),
            cell(" / ".join(f"{value:,.0f}" for value in tokens if value is not None)),
            cell("" if one["cost_usd"] is None else f"{one['cost_usd']:.4f}"),
            cell(" / ".join(f"{value:,.0f}" for value in times if value is not None)),
        )
    return rows


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _described(card: Mapping[str, Any]) -> dict[str, object]:
    shown: dict[str, object] = {}
    for name, value in card.items():
        if name == "sources":
            lines = [
                f"{one['source']}{' of ' + one['as_of'] if one['as_of'] else ''}: {', '.join(one['facts'])}"
                for one in value
            ]
            shown[name] = "\n".join(lines)
        elif name == "measured":
            continue
        elif isinstance(value, list):
            shown[name] = ", ".join(value)
        elif value not in (None, ""):
            shown[name] = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    return {name.replace("_", " "): printable(value) for name, value in shown.items() if value != ""}


def _price(usd: float | None) -> str:
    return "" if usd is None else f"{usd:,.2f}"


def add_to(app: typer.Typer) -> None:
    """Adds the group."""
    group = add_group(
        app, "models", "List, show and check the models that can be asked.", panel="Ask", cls=ListingGroup
    )
    add_command(
        group,
        "list",
        list_models,
        "vouch models list --provider openai --price 5",
        "vouch models list --task embedding --open",
    )
    add_command(group, "show", show, "vouch models show extractive")
    add_command(group, "check", check, "vouch models check gpt-6-luna")
