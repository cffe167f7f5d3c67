"""What is shown of a document beside its text: a page as it looked, and what the ingest made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.catalog import passages, records
from corpus.catalog.texts import read_pages
from corpus.catalog.versions import VersionRecord, get_version
from corpus.errors import NotFoundError, UsageError
from corpus.store import Corpus
from corpus.types import OWNER, Caller, Page
from ingest.reports import DocumentReport, Problem, report_version
from ingest.sandbox.pool import ParserPool


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page of a version: ``text`` is what stands on it, from ``page.start`` of the version's text on.

    ``numbers`` are those of all its pages, ascending.
    """

    version: VersionRecord
    page: Page
    text: str
    numbers: tuple[int, ...]


def read_page(
    corpus: Corpus, document_id: str, number: int, version: int | None = None, caller: Caller = OWNER
) -> ShownPage:
    """Returns the text of one page; of a long document the rest is not read.

    Raises:
        NotFoundError: no such document, version or page (``unknown_page``), or not for this caller.
    """
    found, _, pages = corpus.text(document_id, version, 0, 0, caller)
    page = next((one for one in pages if one.number == number), None)
    if page is None:
        raise NotFoundError(
            f"Document {document_id!r} has no page {number}; how many it has: {len(pages)}.",
            code="unknown_page",
        )
    # A version's text never changes.
    _, text, _ = corpus.text(document_id, found.number, page.start, page.end, caller)
    return ShownPage(found, page, text, tuple(one.number for one in pages))


def draw_page(
    corpus: Corpus,
    drawing: ParserPool,
    document_id: str,
    number: int,
    spans: Sequence[tuple[int, int]],
    version: int | None = None,
    caller: Caller = OWNER,
) -> bytes:
    """Returns a page of a document as a PNG, the words at the given offsets of its text marked.

    Raises:
        NotFoundError: no such document, version or page, or not for this caller.
        UsageError: an offset lies behind the text's end, or a span nowhere on that page.
        ParseError: the format has no pages to show.
    """
    shown = read_page(corpus, document_id, number, version, caller)
    found, page = shown.version, shown.page
    for start, end in spans:
        if end > found.chars or start >= page.end or end <= page.start:
            raise UsageError(
                f"highlight {start}-{end} does not lie on page {number}.",
                code="bad_highlight",
                hint=f"That page has the characters {page.start} to {page.end} of the text.",
            )
    words = [shown.text[max(start - page.start, 0) : end - page.start] for start, end in spans]
    original = corpus.originals.read(found.sha256)
    return drawing.render(original, found.content_type, number, [word for word in words if word.strip()])


def report_document(corpus: Corpus, document_id: str, caller: Caller = OWNER) -> DocumentReport:
    """Returns what the ingest made of a document's live version.

    Raises:
        NotFoundError: no such document, or not for this caller; or it has no live version.
    """
    with corpus.catalog.read() as db:
        found = corpus.document(document_id, caller)
        version = get_version(db, document_id)
        pages = read_pages(db, version.id)
        tokens = sum(chunk.tokens for chunk in passages.stored_chunks(db, version.id))
        failure = records.find_failure(db, found.key)
    report = report_version(found.key.path, version, pages, tokens)
    since = Problem(failure.code, failure.message, failure.hint) if failure else None
    return DocumentReport(found.key.collection, report, version.committed_at, since)
