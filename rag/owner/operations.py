"""What a command can have the owner of a data folder do: JSON in, events and JSON out.

The same functions run in the command's own process when nobody owns the folder, and in the owner's when
somebody does, so a command shows the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from corpus.agreement import compare
from corpus.backup import backup, verify
from corpus.catalog import access, documents, records
from corpus.catalog.documents import DocumentRecord
from corpus.catalog.versions import VersionRecord, list_versions
from corpus.embedding import processor
from corpus.errors import EmbeddingError, NotAllowedError, UsageError, not_permitted
from corpus.settings import Settings
from corpus.types import OWNER, Filter
from ingest.planning import fingerprint
from ingest.reports import IngestOptions
from ingest.sandbox.pool import ParserPool
from rag.as_json import to_json
from rag.bootstrap import open_service
from rag.owner.control import Cancelled, Emit, serve_control
from rag.retrieval.limits import check_collection, read_limits
from rag.service import Service
from rag.showing import report_document

_LISTED_AT_A_TIME = 500
"""So many documents are read and told at a time where all are listed."""

Params = Mapping[str, Any]
Operation = Callable[[Service, Params, Emit, Cancelled], Any]


def perform_alone(
    settings: Settings,
    operation: str,
    params: Params,
    emit: Emit,
    cancelled: Cancelled,
    *,
    purpose: str,
    parsers: ParserPool | None = None,
) -> Any:
    """Runs one operation as the owner of the data folder for the while, in which others are answered, too.

    ``parsers`` are children that an ingest may use, begun by the caller, who closes them.

    Raises:
        BusyError: another process owns it.
        VouchError: what the operation raised.
    """
    one_shot = operation not in _WRITING
    opened = open_service(settings, purpose=purpose, one_shot=one_shot, lazily=True, parsers=parsers)
    with opened as service:

        def run(name: str, own: Params, tell: Emit, stop: Cancelled) -> Any:
            return perform(service, name, own, tell, stop)

        with serve_control(settings.data_dir, run, later=_LONG):
            return perform(service, operation, params, emit, cancelled)


def perform(service: Service, operation: str, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Runs one operation on an open service and returns its result as JSON."""
    found = OPERATIONS.get(operation)
    if found is None:
        raise UsageError(
            f"There is no operation {operation!r}.", hint="The owner is of another version; restart it."
        )
    try:
        return to_json(found(service, params, emit, cancelled))
    except PermissionError as error:
        raise not_permitted(error) from error


# ---- the operations -----------------------------------------------------------------------------------


def _ingest(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    return service.ingest(
        [Path(one) for one in params["paths"]],
        params.get("collection") or "default",
        IngestOptions(
            access=frozenset(params["access"]) if params.get("access") is not None else None,
            metadata=params.get("metadata"),
            sync=bool(params.get("sync")),
            dry_run=bool(params.get("dry_run")),
            consent=bool(params.get("yes")),
            retry_failed=bool(params.get("retry_failed")),
            rehash=bool(params.get("rehash")),
        ),
        only=[Path(one) for one in params["only"]] if params.get("only") is not None else None,
        on_progress=lambda progress: emit(to_json(progress)),
        cancelled=cancelled,
    )


def _search(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    limit, whole = limits(service, params), bool(params.get("whole"))
    result = service.search(params["query"], params.get("k", 10), limit, whole=whole)
    return {
        "query": result.query,
        "hits": result.hits,
        "timings_ms": result.timings_ms,
        "notes": result.told,
        "read_as": result.read_as,
    }


def _list_documents(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Tells of the documents piece by piece, so that a long list takes no more memory than a short one."""
    name, words, removed = params.get("collection"), params.get("find") or "", bool(params.get("removed"))
    first = int(params.get("offset") or 0)
    with service.corpus.catalog.read() as db:
        ids = access.visible_named(db, OWNER, name, words, removed=removed)
        failures = records.list_failures(db, name)
        several = name is None and len(service.corpus.collections(OWNER)) > 1
        emit({"several": several, "closed": access.any_closed(db), "removed": removed})
    if name and not ids and not failures:
        check_collection(service.corpus, name)
    shown = ids[first : first + int(params.get("limit") or len(ids))]
    for at in range(0, len(shown), _LISTED_AT_A_TIME):
        if cancelled():
            break
        with service.corpus.catalog.read() as db:
            some = documents.list_documents(db, ids=shown[at : at + _LISTED_AT_A_TIME], removed=removed)
        emit({"documents": to_json([_document(one) for one in some])})
    return {"total": len(ids), "failures": [one for one in failures if access.is_named(one.key.path, words)]}


def _show_document(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    found = _find(service, params["document"])
    shown = _document(found)
    if found.live is not None:
        _, text, pages = service.corpus.text(found.id, found.live.number, 0, int(params.get("chars", 600)))
        shown |= {"beginning": text, "page_list": pages}
    return shown


def _report_document(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    return report_document(service.corpus, _find(service, params["document"]).id)


def _remove_documents(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    found = _find_all(service, params["documents"])
    return {
        "removed": service.corpus.remove([one.id for one in found]),
        "documents": [_document(one) for one in found],
        "note": service.corpus.lexical.state().problem,
    }


def _erase_documents(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    found = _find_all(service, params["documents"])
    if not params.get("yes"):
        raise NotAllowedError(
            f"This deletes {len(found)} documents with their history: text, vectors and kept files."
            if len(found) > 1
            else f"This deletes {found[0].key.path} with its history: text, vectors and kept files.",
            code="needs_consent",
            hint="Nothing was changed. If that is right, say --yes.",
        )
    certificate = service.examples.erase([one.id for one in found])
    return {
        "erased": len(certificate.documents),
        "documents": [_document(one) for one in found],
        "certificate": certificate,
    }


def _document_history(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    found = _find(service, params["document"])
    with service.corpus.catalog.read() as db:
        versions = list_versions(db, found.id)
    return {"document": _document(found), "versions": [_version(one) for one in versions]}


def _set_access(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    found = _find_all(service, params["documents"])
    with service.corpus.catalog.write() as db:
        for one in found:
            documents.set_access(db, one.id, params["access"])
    return {"documents": [_document(one) for one in _find_all(service, [one.id for one in found])]}


def _list_collections(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    found = service.corpus.collections(OWNER)
    return {"collections": [{"name": name, "documents": count} for name, count in found.items()]}


def _remove_collection(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    name = params["collection"]
    with service.corpus.catalog.read() as db:
        found = documents.list_documents(db, collection=name)
        failures = records.list_failures(db, name)
    if not found and not failures:
        check_collection(service.corpus, name)
    if not params.get("yes"):
        raise NotAllowedError(
            f"This removes all {len(found)} documents of collection {name!r}.",
            code="needs_consent",
            hint="Nothing was changed. If that is right, say --yes.",
        )
    with service.corpus.catalog.write() as db:
        for failure in failures:
            records.forget_failure(db, failure.key)
    removed = service.corpus.remove([one.id for one in found])
    return {"collection": name, "removed": removed, "note": service.corpus.lexical.state().problem}


def _status(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    with service.corpus.catalog.read() as db:
        failures = records.list_failures(db)
        ways, space = documents.ways_read(db), records.space(db)
    running = to_json(service.embedder.running())
    return {
        **to_json(service.corpus.state()),
        "embedding": running,
        "processor": processor(),
        "read_otherwise": sum(
            number
            for (kind, way), number in ways.items()
            if space and way != fingerprint(kind, service.corpus.settings, space)
        ),
        "collections": service.corpus.collections(OWNER),
        "failures": failures,
    }


def _backup(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    return backup(service.corpus, Path(params["target"]))


def _verify(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    found = verify(service.corpus)
    try:
        compared = compare(service.corpus, service.embedder)
    except EmbeddingError as error:
        return replace(found, problems=(*found.problems, f"The embedder cannot be asked: {error.message}"))
    if compared is None:
        return found
    return replace(
        found,
        problems=(*found.problems, *filter(None, [compared.problem])),
        embedded_anew=compared.passages,
        least_cosine=compared.least_cosine,
    )


def _rebuild(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    service.corpus.lexical.rebuild()
    service.corpus.dense.fold(anew=True)
    return service.corpus.state()


def _elsewhere(place: str) -> Operation:
    """Returns the operation at ``module:name``, imported when it is asked for: a command loads what it uses."""

    def run(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
        module, _, name = place.partition(":")
        return getattr(import_module(module), name)(service, params, emit, cancelled)

    return run


OPERATIONS: dict[str, Operation] = {
    "search": _search,
    "ask": _elsewhere("rag.owner.asking:ask"),
    "compare": _elsewhere("rag.owner.asking:compare"),
    "receipts.list": _elsewhere("rag.owner.asking:list_receipts"),
    "receipts.show": _elsewhere("rag.owner.asking:show_receipt"),
    "receipts.replay": _elsewhere("rag.owner.asking:replay"),
    "examples.list": _elsewhere("rag.owner.asking:list_examples"),
    "examples.add": _elsewhere("rag.owner.asking:add_example"),
    "examples.remove": _elsewhere("rag.owner.asking:remove_examples"),
    "ingest": _ingest,
    "documents.list": _list_documents,
    "documents.show": _show_document,
    "documents.report": _report_document,
    "documents.remove": _remove_documents,
    "documents.erase": _erase_documents,
    "documents.history": _document_history,
    "documents.access": _set_access,
    "keys.list": _elsewhere("rag.owner.keys:list_keys"),
    "keys.add": _elsewhere("rag.owner.keys:add_key"),
    "keys.change": _elsewhere("rag.owner.keys:change_key"),
    "keys.revoke": _elsewhere("rag.owner.keys:revoke_keys"),
    "keys.forget": _elsewhere("rag.owner.keys:forget_keys"),
    "collections.list": _list_collections,
    "collections.remove": _remove_collection,
    "status": _status,
    "backup": _backup,
    "verify": _verify,
    "rebuild": _rebuild,
    "eval": _elsewhere("rag.owner.evaluating:evaluate"),
    "calibrate": _elsewhere("rag.owner.evaluating:calibrate"),
}

_WRITING = frozenset({"ingest", "documents.remove", "documents.erase", "collections.remove", "rebuild"})

_LONG = frozenset({"ingest", "documents.erase", "rebuild", "eval", "calibrate"})
"""What a command that owns the folder for a while does not take in for others: they do it after it."""


def limits(service: Service, params: Params) -> Filter:
    """Returns what a command's ``--filter`` and ``--collection`` leave of the corpus."""
    return read_limits(service.corpus, params.get("filter") or {}, params.get("collection"))


def _find(service: Service, named: str) -> DocumentRecord:
    """Finds a document by id, or by its path when only one has it; see :func:`_find_all`."""
    return _find_all(service, [named])[0]


def _find_all(service: Service, named: Sequence[str]) -> list[DocumentRecord]:
    """Finds documents, each by id, or by its path when only one has it.

    Raises:
        NotFoundError: none has it.
        UsageError: several have it.
    """
    with service.corpus.catalog.read() as db:
        listed = documents.list_documents(db, ids=[one for one in named if len(one) == 16], removed=True)
        by_id = {one.id: one for one in listed}
        paths = [one for one in named if one not in by_id]
        by_path = documents.find_by_paths(db, paths) if paths else {}
    return [by_id[one] if one in by_id else _only(by_path.get(one, ()), one) for one in named]


def _only(found: Sequence[DocumentRecord], named: str) -> DocumentRecord:
    if not found:
        raise documents.unknown_document(named)
    if len(found) > 1:
        ids = ", ".join(f"{one.id} ({one.key.collection})" for one in found[:5])
        raise UsageError(f"{len(found)} documents are called {named!r}: {ids}.", hint="Use the id.")
    return found[0]


def _document(found: DocumentRecord) -> dict[str, Any]:
    return {
        "id": found.id,
        "collection": found.key.collection,
        "root": found.key.root,
        "path": found.key.path,
        "access": sorted(found.access),
        "metadata": dict(found.metadata),
        "created_at": found.created_at,
        "removed_at": found.removed_at,
        "live": _version(found.live) if found.live else None,
    }


def _version(version: VersionRecord) -> dict[str, Any]:
    names = (one.name for one in fields(version))
    return {name: getattr(version, name) for name in names if name not in ("id", "document_id")}
