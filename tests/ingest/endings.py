"""How the reading of a file ends, as tests of broken files ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from corpus.errors import LimitError, ParseError
from corpus.types import Document
from ingest.parsers import parse
from ingest.parsers.verifying import verify

EXPECTED = frozenset(
    {
        "ok", "empty", "encrypted", "damaged_file", "no_text", "unsupported", "binary", "unsafe_xml",
        "too_large", "too_many_pages", "too_much_text", "too_many_cells", "too_deep", "archive_too_large",
    }
)  # fmt: skip
"""How a broken file may end; whatever ends its child is not among them."""


def ending(source: bytes | Path, name: str, read: Callable[..., Document] = parse) -> str:
    """Returns ``ok`` for a sound document, else the code of the error, which has to say something.

    Anything else that is raised fails the test.
    """
    try:
        verify(read(source, name))
    except (ParseError, LimitError) as error:
        return error.code if error.message else "no message"
    return "ok"
