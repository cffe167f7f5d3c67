"""A document's blocks as tests compare them."""

from __future__ import annotations

from corpus.types import Document


def kinds(document: Document) -> list[tuple[str, int, str]]:
    """Returns kind, level and text of every block, in order."""
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]
