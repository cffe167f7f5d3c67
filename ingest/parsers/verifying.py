"""What every document promises, whatever parser it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.errors import ParseError
from corpus.types import Block, Document, Page


def verify(document: Document) -> None:
    """Checks what every document promises: a reply from a parsing child is not believed.

    Raises:
        ParseError: ``bad_reply``, naming the promise that is broken.
    """
    text, size = document.text, len(document.text)
    spans: tuple[Sequence[Page] | Sequence[Block], ...] = (document.pages, document.blocks)
    for run in spans:
        position = 0
        for span in run:
            if not position <= span.start <= span.end <= size:
                raise _broken("spans out of order or outside the text")
            position = span.end
    if any(page.number < 1 for page in document.pages):
        raise _broken("a page number below 1")
    if any(a.number >= b.number for a, b in zip(document.pages, document.pages[1:], strict=False)):
        raise _broken("page numbers not ascending")
    position = 0
    for page in document.pages:
        if not _is_blank(text, position, page.start):
            raise _broken("text outside every page")
        position = page.end
    if not _is_blank(text, position, size):
        raise _broken("text outside every page")
    if any((block.level == 0) == (block.kind == "heading") or block.level > 6 for block in document.blocks):
        raise _broken("a heading level out of range")
    if not document.title.strip() or not text.strip():
        raise _broken("no title or no text")


def _is_blank(text: str, start: int, end: int) -> bool:
    return start >= end or not text[start:end].strip()


def _broken(what: str) -> ParseError:
    return ParseError(f"The parser's reply cannot be used: {what}.", code="bad_reply")
