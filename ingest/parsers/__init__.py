"""One parser a format, and the table from content type to parser.

A parser is a module with ``read(data, name, limits) -> Document``. It gets bytes and a name for messages,
never a path, opens nothing else, and raises only :class:`~corpus.errors.ParseError` and
:class:`~corpus.errors.LimitError` on purpose. Run parsers through :mod:`ingest.sandbox.pool`, not directly, on
files you did not write.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, cast

from corpus.errors import LimitError, ParseError, VouchError
from corpus.types import Document
from ingest.parsers import detection
from ingest.parsers.assembly import Limits
from ingest.parsers.detection import detect_type
from ingest.parsers.refusals import unsupported
from ingest.parsers.verifying import verify

__all__ = ["HOLDS_PICTURES", "PARSERS", "Limits", "Parser", "detect_type", "parse", "parser_version"]


_DEFAULT_LIMITS = Limits()


class Reader(Protocol):
    """What a parser module offers."""

    def __call__(self, data: bytes, name: str, limits: Limits) -> Document:
        """Returns what the file says."""


@dataclass(frozen=True, slots=True)
class Parser:
    """Where a format's parser lives; ``version`` changes whenever its output may."""

    module: str
    version: str

    def load(self) -> Reader:
        """Imports the module and returns its ``read``."""
        return cast(Reader, importlib.import_module(self.module).read)


PARSERS: Mapping[str, Parser] = {
    detection.PDF: Parser("ingest.parsers.pdf.parser", "62"),
    detection.DOCX: Parser("ingest.parsers.word.parser", "31"),
    detection.DOC: Parser("ingest.parsers.word97.parser", "3"),
    detection.HTML: Parser("ingest.parsers.html.parser", "30"),
    detection.WEBARCHIVE: Parser("ingest.parsers.html.webarchive", "2"),
    detection.MARKDOWN: Parser("ingest.parsers.markdown", "20"),
    detection.TEXT: Parser("ingest.parsers.text", "19"),
    detection.XLSX: Parser("ingest.parsers.workbooks.parser", "15"),
    detection.XLS: Parser("ingest.parsers.workbooks.parser", "13"),
    detection.ODS: Parser("ingest.parsers.workbooks.parser", "11"),
    detection.CSV: Parser("ingest.parsers.workbooks.delimited", "9"),
    detection.TSV: Parser("ingest.parsers.workbooks.delimited", "9"),
    detection.JSON: Parser("ingest.parsers.records", "10"),
    detection.JSONL: Parser("ingest.parsers.records", "10"),
    detection.INVOICE: Parser("ingest.parsers.invoices", "2"),
    detection.NOTEBOOK: Parser("ingest.parsers.notebooks", "8"),
    detection.PPTX: Parser("ingest.parsers.pptx", "16"),
    detection.ODT: Parser("ingest.parsers.odf.parser", "21"),
    detection.ODP: Parser("ingest.parsers.odf.parser", "21"),
    detection.RTF: Parser("ingest.parsers.rtf.parser", "19"),
    detection.EPUB: Parser("ingest.parsers.epub", "26"),
    detection.EML: Parser("ingest.parsers.mail.parser", "17"),
    detection.MSG: Parser("ingest.parsers.mail.outlook", "14"),
    detection.TNEF: Parser("ingest.parsers.mail.winmail", "2"),
    detection.MBOX: Parser("ingest.parsers.mail.mailbox", "3"),
    detection.ICS: Parser("ingest.parsers.mail.calendars", "4"),
    detection.VCF: Parser("ingest.parsers.mail.contacts", "1"),
    detection.ZIP: Parser("ingest.parsers.archive", "4"),
    detection.SIGNED: Parser("ingest.parsers.signed", "2"),
}


_CONTAINERS = frozenset(
    {detection.EML, detection.MSG, detection.TNEF, detection.MBOX, detection.ZIP, detection.SIGNED}
)


HOLDS_PICTURES = frozenset({"", detection.PDF, *_CONTAINERS})
"""Types of which pages may be pictures, whose text is recognised where an engine is installed; "" is any type."""


def parser_version(content_type: str) -> str:
    """Returns the version of the parser for a content type; "" when there is none.

    What holds other files changes with any parser.
    """
    parser = PARSERS.get(content_type)
    if parser and content_type in _CONTAINERS:
        return f"{parser.version}({'.'.join(one.version for one in PARSERS.values())})"
    return parser.version if parser else ""


def parse(
    data: bytes, name: str, limits: Limits = _DEFAULT_LIMITS, table: Mapping[str, Parser] = PARSERS
) -> Document:
    """Returns what a file says, read by the parser for what it really is.

    Args:
        data: the whole file.
        name: its name, for the choice between kinds of text, the fallback title and messages.
        limits: what it may cost.
        table: the parsers to choose from.

    Raises:
        ParseError: the file cannot be read; the code says why (``empty``, ``encrypted``, ``binary``,
            ``unsupported``, ``damaged_file``, ``no_text``).
        LimitError: ``too_large``, ``too_many_pages``, ``too_much_text``, ``too_many_cells``, ``memory``.
    """
    if len(data) > limits.max_file_mb * 1_000_000:
        raise too_large(name, len(data), limits)
    detected = detect_type(data, name)
    parser = table.get(detected.content_type)
    if parser is None:
        raise unsupported(name, detected.content_type)
    try:
        document = parser.load()(data, name, limits)
        verify(document)
    except VouchError:
        raise
    except MemoryError:
        raise LimitError(
            f"{name} needs more memory than a parser may have.",
            code="memory",
            hint="Raise parse_memory_mb, or split the file.",
        ) from None
    except RecursionError:
        raise LimitError(
            f"{name} is nested too deeply.", code="too_deep", hint="Save it anew with simpler structure."
        ) from None
    except BaseException as error:
        # A parser library may raise anything on a broken file; one file's fault stays that file's fault. So is
        # the panic of a library written in Rust, which is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ParseError(
            f"{name} is damaged: {type(error).__name__}: {str(error)[:200]}",
            code="damaged_file",
            hint="Open it in the program it was made with, save a copy and add that.",
        ) from error
    if detected.note is not None:
        document = replace(document, notes=(detected.note, *document.notes))
    return document


def too_large(name: str, size: int, limits: Limits) -> LimitError:
    """Returns the error for a file over the size limit."""
    return LimitError(
        f"{name} has {size / 1e6:.1f} MB; the limit is {limits.max_file_mb} MB.",
        code="too_large",
        hint="Split it, or raise max_file_mb.",
    )
