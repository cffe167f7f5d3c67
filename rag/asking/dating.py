"""When documents came whose names do not say it, where another edition of the same work is at hand.

"leave-policy.md" stands beside "leave-policy-2024.md": which is in force, the beginning of the document itself says.
"""

from __future__ import annotations

from collections.abc import Sequence

from corpus.types import Hit
from rag.asking.answers import Library
from rag.words.dates import HEAD_CHARS, document_date
from rag.words.editions import undated_beside


def own_dates(hits: Sequence[Hit], library: Library) -> dict[str, str]:
    """Returns the dates (ISO 8601) of those documents whose names give none, beside other editions of theirs: document
    id → date; without those whose beginnings give none either.
    """
    documents = {hit.document_id: hit for hit in reversed(hits)}
    first = [*documents.values()]
    found = {}
    for at in undated_beside([(hit.title, hit.source) for hit in first]):
        hit = first[at]
        head = library.read_text(hit.document_id, hit.version, 0, HEAD_CHARS)
        found[hit.document_id] = document_date(head, hit.title, hit.source)
    return {document: date for document, date in found.items() if date}


def named_by(hit: Hit, dates: dict[str, str]) -> tuple[str, str]:
    """Returns the title of a hit's document, with its date where that is among ``dates``, and its path."""
    return ", ".join(part for part in (hit.title, dates.get(hit.document_id, "")) if part), hit.source
