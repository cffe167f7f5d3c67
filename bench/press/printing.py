"""From a source file to a document's path and bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import corpus.sample
from bench.press import pdf, plain, web, word
from bench.press.source import Source, read_source

SAMPLE = Path(corpus.sample.__path__[0])
SOURCES = SAMPLE / "sources"
DOCUMENTS = SAMPLE / "documents"

_PRINTERS = {
    ".pdf": pdf.print_pdf,
    ".docx": word.print_docx,
    ".html": web.print_html,
    ".md": plain.print_markdown,
    ".txt": plain.print_text,
}


def sources() -> Iterator[Path]:
    """Yields every source file, in the order of its path; ``README.md`` is not one."""
    yield from sorted(path for path in SOURCES.rglob("*.md") if path.name != "README.md")


def print_source(path: Path) -> tuple[str, bytes]:
    """Returns the document's path relative to ``documents/``, and its bytes.

    Raises:
        ValueError: the source asks for a format, a directive or a character the press does not know.
    """
    source: Source = read_source(path)
    suffix = Path(source.output).suffix
    if suffix not in _PRINTERS:
        raise ValueError(f"{path.name}: no printer for {suffix!r}; known: {', '.join(_PRINTERS)}")
    return source.output, _PRINTERS[suffix](source)
