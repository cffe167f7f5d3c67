"""What a receipt holds of an answer, how it is kept as the answer ends, and which of it a caller may see later.

A receipt says on what an answer rests: the state of the corpus, the passages by id and hash, the prompt to the
letter, the model and what it was asked with, what it wrote, and the answer that came of it. The passages' text
stands in the prompt alone.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import sqlite3
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from corpus.catalog import access, records
from corpus.catalog.versions import version_files
from corpus.errors import VouchError
from corpus.hashing import text_hash
from corpus.program import program
from corpus.projection import IndexState
from corpus.receipts import NewReceipt, Receipt, unknown_receipt
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import Caller, Filter, Hit
from rag.as_json import to_json
from rag.asking.answers import Answer, AnswerNote, Ask, Done, Event, Failed
from rag.grounding.abstention import Abstention
from rag.models.catalogue import ChosenModel, Models
from rag.prompts import approved
from rag.prompts.prompting import Example, is_japanese
from rag.retrieval.library import CallersLibrary, Searched
from rag.retrieval.ranking import Recipe
from rag.wire import answer_json
from rag.words.told import TOLD, tell

log = logging.getLogger(__name__)

FORMAT = 1

_NOT_OF_ANSWERS = frozenset(
    {
        *("data_dir", "chroma_url", "models", "examples", "embedder"),
        *("max_concurrent_asks", "receipt_days", "host", "port", "allowed_hosts", "min_free_mb"),
        *("parse_workers", "max_file_mb", "max_pages", "max_text_chars", "max_cells", "max_archive_members"),
        *("max_archive_ratio", "max_nesting", "parse_timeout_s", "parse_memory_mb"),
        *("ocr", "ocr_page_timeout_s"),
    }
)
"""Settings that no answer depends on, that a receipt has elsewhere, or that may hold a password or a place of this
machine. Every other one is in a receipt, but for paths."""

_PACKAGES = (
    "chromadb", "langchain-core", "numpy", "onnxruntime", "openvino", "tantivy", "tokenizers", "torch",
)  # fmt: skip

WITHHELD = (
    "Documents that this answer rests on are not for you (any more), or it repeats an earlier answer that has no "
    "receipt: the prompt, the reply and the answer are left out."
)


def keeping(events: Generator[Event], keep: Callable[[Answer], Answer]) -> Generator[Event]:
    """Passes an answer's events on; the last one has the answer as ``keep`` returns it."""
    with contextlib.closing(events):
        for event in events:
            yield replace(event, answer=keep(event.answer)) if isinstance(event, Done | Failed) else event


def keep_receipt(
    answer: Answer,
    ask: Ask,
    searches: Sequence[Searched],
    library: CallersLibrary,
    models: Models,
    settings: Settings,
    abstention: Abstention,
) -> Answer:
    """Keeps the receipt of an answer that says something; where it cannot, the answer returned says why."""
    receipts = library.corpus.receipts
    if not receipts.kept or not answer.text:
        return answer
    model = models.open(ask.model)
    try:
        receipts.keep(make_receipt(answer, ask, searches, library, model, settings, abstention))
    except (VouchError, OSError) as error:
        log.warning("no receipt of answer %s: %s", answer.id, error)
        return replace(answer, notes=(*answer.notes, no_receipt(error, is_japanese(ask.question))))
    return replace(answer, receipt=answer.id)


def make_receipt(
    answer: Answer,
    ask: Ask,
    searches: Sequence[Searched],
    library: CallersLibrary,
    model: ChosenModel,
    settings: Settings,
    abstention: Abstention,
) -> NewReceipt:
    """Returns the receipt of an answer that came of these searches of a library."""
    corpus, caller, filter = library.corpus, library.caller, library.filter or Filter()
    hits = [hit for one in searches for hit in one.hits]
    versions = dict.fromkeys((hit.document_id, hit.version) for hit in hits)
    with corpus.catalog.read() as db:
        files = version_files(db, list(versions))
        own_id = records.corpus_id(db)
    sources = {hit.document_id: hit for hit in hits}
    moment = datetime.now(UTC)
    prompt = answer.prompt
    body = {
        "format": FORMAT,
        "id": answer.id,
        "at": moment.isoformat(timespec="milliseconds"),
        "caller": {"owner": caller.owner, "principals": sorted(caller.principals)},
        "asked": {**to_json(ask), "filter": show_filter(filter)},
        "corpus": {
            "id": own_id,
            "seq": searches[0].seq if searches else None,
            "space": corpus.space.id,
            "documents": [
                {
                    "document_id": own,
                    "version": number,
                    "collection": sources[own].collection,
                    "source": sources[own].source,
                    "sha256": files.get((own, number), ""),
                }
                for own, number in versions
            ],
        },
        "searches": [_search(one) for one in searches],
        "prompt": to_json(prompt)
        | {
            "passages": len(prompt.passages),
            "dropped": len(prompt.dropped),
            "examples": len(prompt.examples),
            "dropped_examples": len(prompt.dropped_examples),
            "worked_examples": [show_example(one) for one in (*prompt.examples, *prompt.dropped_examples)],
        }
        if prompt
        else None,
        "model": dict(model.parameters),
        "reply": answer.reply,
        "answer": answer_json(answer)
        | {"passages": [{"marker": one.marker, **show_hit(one.hit)} for one in answer.passages]},
        "settings": settings_of_answers(settings, library.retriever.recipe, abstention),
        "software": dict(software()),
    }
    of_ones_own = settings.examples is not None or (settings.data_dir / approved.FILE_NAME).exists()
    own_examples = of_ones_own and prompt is not None and prompt.examples != ()
    repeated = tuple(turn.text for turn in ask.history if turn.role == "assistant")
    return NewReceipt(
        id=answer.id,
        at=moment,
        body=body,
        documents=frozenset(sources),
        said=answer.text,
        # Worked examples of one's own may quote a document, too; no receipt says which.
        repeated=(*repeated, *(("",) if own_examples else ())),
    )


def no_receipt(error: VouchError | OSError, japanese: bool) -> AnswerNote:
    """Returns what the reader of an answer is told when its receipt could not be kept."""
    reason = f"receipt_{error.code if isinstance(error, VouchError) else ''}"
    why = tell(reason if reason in TOLD else "receipt_unwritable", japanese)
    return AnswerNote("no_receipt", tell("no_receipt", japanese, why=why))


def show_receipt(receipt: Receipt, corpus: Corpus, caller: Caller) -> dict[str, Any]:
    """Returns what the caller may see of a receipt.

    Its owner sees all. Whoever asked sees it as long as every document in it is for them to see; else ``withheld``
    says why ``prompt``, ``reply`` and ``answer`` are None, and only what is theirs is listed.

    Raises:
        NotFoundError: it is another caller's.
    """
    body = dict(receipt.body)
    if caller.owner:
        return body | {"withheld": ""}
    asker = body["caller"]
    if asker["owner"] or Caller(frozenset(asker["principals"])).name != caller.name:
        raise unknown_receipt(receipt.id)
    with corpus.catalog.read() as db:
        open_to_them = access.visible_among(db, caller, sorted(receipt.documents))
    if not receipt.open_ended and receipt.documents <= open_to_them:
        return body | {"withheld": ""}
    state = body["corpus"]
    told = body["asked"]["history"]
    return body | {
        "asked": body["asked"] | {"history": []},
        "corpus": state
        | {"documents": [one for one in state["documents"] if one["document_id"] in open_to_them]},
        "searches": [
            one
            | {
                "query": "" if told else one["query"],
                "hits": [hit for hit in one["hits"] if hit["document_id"] in open_to_them],
            }
            for one in body["searches"]
        ],
        "prompt": None,
        "reply": None,
        "answer": None,
        "withheld": WITHHELD,
    }


def summary(receipt: Receipt) -> dict[str, Any]:
    """Returns the line that a list of receipts has of one."""
    answer = receipt.body["answer"]
    return {
        "id": receipt.id,
        "at": receipt.body["at"],
        "question": receipt.body["asked"]["question"],
        "model": answer["model"],
        "retrieval": answer["retrieval"],
        "abstained": answer["abstained"],
        "support": answer["support"],
        "caller": receipt.body["caller"],
    }


# ---- its parts -----------------------------------------------------------------------------------


def show_hit(hit: Hit) -> dict[str, Any]:
    """Returns a found passage without its words: where it stands, and the hash of what is searched of it."""
    return {
        "rank": hit.rank,
        "score": hit.score,
        "legs": dict(hit.legs),
        "chunk_id": hit.chunk_id,
        "hash": text_hash(f"{hit.context}\n\n{hit.text}" if hit.context else hit.text).hex(),
        "document_id": hit.document_id,
        "version": hit.version,
        "collection": hit.collection,
        "source": hit.source,
        "title": hit.title,
        "page": hit.page,
        "last_page": hit.last_page,
        "start": hit.start,
        "end": hit.end,
    }


def show_example(example: Example) -> dict[str, str]:
    """Returns a worked example by its question and what tells it from another of the same question."""
    return {"id": approved.id_of(example), "question": example.question}


def show_index(state: IndexState) -> dict[str, Any]:
    """Returns what of an index's state the result of a search may depend on."""
    kept = ("mode", "generation", "seq", "rows", "delta_rows", "problem")
    return {name: getattr(state, name) for name in kept}


def show_filter(filter: Filter) -> dict[str, Any]:
    """Returns the parts of a filter that limit something."""
    plain = Filter()
    given = {one.name: getattr(filter, one.name) for one in fields(filter)}
    return {name: to_json(value) for name, value in given.items() if value != getattr(plain, name)}


def read_filter(shown: Mapping[str, Any]) -> Filter:
    """Returns the filter that :func:`show_filter` showed."""
    given = dict(shown)
    for name in ("since", "until", "as_of"):
        if name in given:
            given[name] = datetime.fromisoformat(given[name])
    read: dict[str, Any] = {n: tuple(one) if isinstance(one, list) else one for n, one in given.items()}
    return Filter(**read)


def settings_of_answers(settings: Settings, recipe: Recipe, abstention: Abstention) -> dict[str, Any]:
    """Returns the settings that an answer may depend on, the recipe of the search, and the calibration by which it is
    decided whether to answer.
    """
    given = {name: getattr(settings, name) for name in type(settings).model_fields}
    kept = {name: to_json(value) for name, value in given.items() if not isinstance(value, Path)}
    named = {name: value for name, value in kept.items() if name not in _NOT_OF_ANSWERS}
    return named | {"recipe": to_json(recipe), "calibration": to_json(abstention)}


@cache
def software() -> Mapping[str, str]:
    """Returns the versions of what searches and answers here."""
    found = {
        "vouch": program(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{sys.platform} {platform.machine()}",
    }
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _search(searched: Searched) -> dict[str, Any]:
    return {
        "query": searched.query,
        "k": searched.k,
        "seq": searched.seq,
        "hits": [show_hit(hit) for hit in searched.hits],
        "notes": list(searched.notes),
        "dense": show_index(searched.dense),
        "lexical": show_index(searched.lexical),
    }
