"""What a request is limited to: a filter and a collection, checked against what its caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus.catalog import access
from corpus.errors import NotFoundError
from corpus.names import read_collection
from corpus.store import Corpus
from corpus.types import OWNER, Caller, Filter
from rag.retrieval.filters import read_filter, within_collection


def read_limits(
    corpus: Corpus, given: Mapping[str, Any], collection: str | None, caller: Caller = OWNER
) -> Filter:
    """Returns what a request is limited to, by its filter and to one collection beside it.

    See :func:`rag.retrieval.filters.read_filter` for what a filter may say.

    Raises:
        UsageError: the filter cannot be read, or nothing can pass both.
        NotFoundError: the caller may see no document of a collection that is named, or not a document that is.
    """
    wanted = read_filter(given)
    if collection is not None:
        wanted = within_collection(wanted, read_collection(collection))
    for name in wanted.collections if wanted.as_of is None else ():  # it may have been emptied since
        check_collection(corpus, name, caller)
    for document_id in wanted.documents:
        corpus.document(document_id, caller)
    return wanted


def check_collection(corpus: Corpus, name: str, caller: Caller = OWNER) -> None:
    """Does nothing when the caller may see a document of that collection.

    Raises:
        NotFoundError: there is none; the hint names those there are for this caller.
    """
    with corpus.catalog.read() as db:
        if access.has_collection(db, name, caller):
            return
    names = list(corpus.collections(caller))
    hint = (
        f"There are: {', '.join(names[:20])}." if names else "There are no documents yet: vouch ingest FOLDER"
    )
    raise NotFoundError(f"There is no collection {name!r}.", code="unknown_collection", hint=hint)
