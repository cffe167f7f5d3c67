"""A receipt → the same searches now and the same prompt again: what is different, and why.

Why is what has changed since: documents (from the change log), who may see them, the indexes, the settings, the
software. Where nothing has, the same passages come in the same order, and the built-in model writes the same reply
to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from corpus.catalog import access
from corpus.catalog.changes import Since
from corpus.errors import VouchError
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import OWNER, Caller
from rag.as_json import to_json
from rag.asking.answers import Failure
from rag.grounding.abstention import Abstention
from rag.models.attempts import Delta, Stop
from rag.models.catalogue import Models
from rag.prompts.approving import WorkedExamples
from rag.prompts.prompting import Message
from rag.receipts.reasons import Reason, example_reasons, index_reasons, other_reasons, what_changed
from rag.receipts.receipt import read_filter, settings_of_answers, show_hit, show_index
from rag.retrieval.retriever import Retriever

_SHOWN_DOCUMENTS = 20

_NOT_THEIRS = "its document is no longer for the one who asked"


@dataclass(frozen=True, slots=True)
class Moved:
    """A passage whose place in a search is another: ranks count from 1, None is none. ``why`` may be empty."""

    chunk_id: str
    document_id: str
    source: str
    page: int
    before: int | None
    now: int | None
    why: str


@dataclass(frozen=True, slots=True)
class SearchedAgain:
    """A search that was made again: ``same`` when the same passages came in the same order."""

    query: str
    k: int
    same: bool
    moved: tuple[Moved, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GeneratedAgain:
    """The stored prompt, put to the model again. ``same``: the reply is the same to the letter.

    ``differs_at`` is the first code point in which the two replies differ, None when they do not. ``note`` says why
    the model was not asked.
    """

    model: str
    same: bool | None
    before: str | None
    now: str | None
    differs_at: int | None
    note: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a receipt's searches and prompt, and all that has changed since it was written.

    ``documents`` are those whose live version is another, the last changed first, at most 20; ``changed_documents``
    counts all.
    """

    id: str
    at: str
    searches: tuple[SearchedAgain, ...]
    generated: GeneratedAgain
    reasons: tuple[Reason, ...]
    documents: tuple[Since, ...]
    changed_documents: int

    @property
    def same(self) -> bool:
        """Whether every search found the same."""
        return all(one.same for one in self.searches)


def replay(
    receipt: Mapping[str, Any],
    corpus: Corpus,
    retriever: Retriever,
    models: Models,
    settings: Settings,
    abstention: Abstention,
    examples: WorkedExamples,
    caller: Caller = OWNER,
    *,
    generate: bool = True,
    stop: Stop | None = None,
) -> Replay:
    """Searches again as the one who asked did, and asks the model again from the stored prompt.

    Args:
        receipt: what the caller may see of it (:func:`rag.receipts.receipt.show_receipt`).
        examples: what worked examples are chosen from today.
        generate: whether the model is asked; others than the owner reach listed models alone.
        stop: ends the model's call.
    """
    asker = receipt["caller"]
    # Who may see less today than when they asked finds less now.
    as_then = OWNER if asker["owner"] else Caller(frozenset(asker["principals"]))
    asked_by = as_then if caller.owner else caller
    state, filter = receipt["corpus"], read_filter(receipt["asked"]["filter"])
    since: list[Since] = []
    reasons: list[Reason] = []
    if state["seq"] is not None:
        since, reasons = what_changed(state, corpus, caller)
    known = {one.document_id: one for one in since}
    searches = []
    for one in receipt["searches"]:
        if not one["query"]:
            continue  # withheld: it may repeat an earlier turn
        dense, lexical = show_index(corpus.dense.state()), show_index(corpus.lexical.state())
        found = retriever.search(one["query"], one["k"], asked_by, filter)
        hits = [show_hit(hit) for hit in found.hits]
        moved = _moved(one["hits"], hits, known, corpus, asked_by)
        notes = tuple(note.sentence for note in found.notes)
        searches.append(SearchedAgain(one["query"], one["k"], not moved, tuple(moved), notes))
        reasons += index_reasons(one, dense, lexical, notes)
    if any(place.why == _NOT_THEIRS for one in searches for place in one.moved):
        reasons.append(Reason("access", "Who may see a document of the answer is not as it was."))
    reasons += example_reasons(receipt, examples.all, asked_by)
    reasons += other_reasons(receipt, models, settings_of_answers(settings, retriever.recipe, abstention))
    return Replay(
        id=receipt["id"],
        at=receipt["at"],
        searches=tuple(searches),
        generated=_generate(receipt, models, caller, generate, stop),
        reasons=tuple(dict.fromkeys(reasons)),
        documents=tuple(reversed(since[-_SHOWN_DOCUMENTS:])),
        changed_documents=len(since),
    )


def replay_json(found: Replay) -> dict[str, Any]:
    """Returns a replay as JSON, with ``same`` for its searches together."""
    shown: dict[str, Any] = to_json(found)
    return shown | {"same": found.same}


def _moved(
    before: Sequence[Mapping[str, Any]],
    now: Sequence[Mapping[str, Any]],
    known: Mapping[str, Since],
    corpus: Corpus,
    asked_by: Caller,
) -> list[Moved]:
    """Returns the passages that have another rank, or one of the two has not; those that were found first."""
    old = {hit["chunk_id"]: hit for hit in before}
    anew = _read_anew(old, now)
    new = {anew.get(hit["chunk_id"], hit["chunk_id"]): hit for hit in now}
    with corpus.catalog.read() as db:
        theirs = access.visible_among(db, asked_by, sorted({hit["document_id"] for hit in before}))
    moved = []
    for own in [*old, *(own for own in new if own not in old)]:
        then, after = old.get(own), new.get(own)
        if then is not None and after is not None and then["rank"] == after["rank"]:
            continue
        hit: Mapping[str, Any] = then or after or {}
        why = ""
        if then is None or after is None:
            why = _why(known.get(hit["document_id"]), hit, theirs, lost=after is None)
        moved.append(
            Moved(
                own,
                hit["document_id"],
                hit["source"],
                hit["page"],
                then["rank"] if then else None,
                after["rank"] if after else None,
                why,
            )
        )
    return moved


def _read_anew(old: Mapping[str, Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Returns passages that are the same ones to a reader, though their document was read anew.

    After an update of Vouch every passage has another id, most of them with their words, heading and page as they were.

    The id that one has now → the one it had.
    """
    found = {hit["chunk_id"] for hit in now}
    lost = {_as_read(hit): own for own, hit in old.items() if own not in found}
    pairs = {hit["chunk_id"]: lost.pop(_as_read(hit), None) for hit in now if hit["chunk_id"] not in old}
    return {after: before for after, before in pairs.items() if before is not None}


def _as_read(hit: Mapping[str, Any]) -> tuple[str, int, str]:
    return hit["document_id"], hit["page"], hit["hash"]


def _why(since: Since | None, hit: Mapping[str, Any], theirs: frozenset[str], *, lost: bool) -> str:
    if since is not None and since.now is None:
        return "its document was removed"
    if lost and hit["document_id"] not in theirs:
        return _NOT_THEIRS
    if since is None:
        return ""
    if since.before is None:
        return "its document was added since"
    return f"its document is at version {since.now}, and was at {since.before}"


def _generate(
    receipt: Mapping[str, Any], models: Models, caller: Caller, wanted: bool, stop: Stop | None
) -> GeneratedAgain:
    name, prompt, before = receipt["model"]["name"], receipt["prompt"], receipt["reply"]
    note = ""
    if receipt["withheld"]:
        note = "The prompt is not for you."
    elif prompt is None or before is None:
        note = "No model was asked."
    elif not wanted:
        note = "The model was not asked again."
    if note:
        return GeneratedAgain(name, None, before, None, None, note)
    messages = [Message(one["role"], one["text"]) for one in prompt["messages"]]
    try:
        models.card(name, listed=not caller.owner)
        with closing(models.open(name).stream(messages, stop)) as stream:
            now = "".join(item.text for item in stream if isinstance(item, Delta))
    except VouchError as error:
        failure = Failure(error.code, error.message, error.hint)
        return GeneratedAgain(name, None, before, None, None, failure=failure)
    same = now == before
    shared = next((at for at, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), None)
    at = None if same else min(len(before), len(now)) if shared is None else shared
    return GeneratedAgain(name, same, before, now, at)
