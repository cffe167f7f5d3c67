"""Files that are attached to a PDF, or stand on its pages, as sections behind its own pages.

pypdf unpacks them, since it stops where they become too large; PDFium ends the process there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from pypdf.errors import LimitReachedError

from corpus.types import Document
from ingest.parsers.assembly import Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.detection import PDF, is_invoice
from ingest.parsers.members import Binder

_FREE_BYTES = 10_000_000
_MAX_DEPTH = 20
_HEAD_BYTES = 65_536
_UNNAMED = "A file"
_OTHER_FORMS = ("/Source", "/Alternative")
"""What a file is to the document (ISO 32000-2, table 43) where it may say the same: the text it was printed from, an
invoice as XML. It is read where it does not."""


def with_attached(
    own: Document,
    names: Sequence[str],
    pages: Sequence[int],
    reader: Any,
    name: str,
    limits: Limits,
    size: int,
) -> Document:
    """Returns a PDF with the files that are attached to it, each under its name, once where it is attached twice.

    Args:
        own: what its own pages say.
        names: of all files, for where they cannot be read.
        pages: indices of the pages that files stand on, from 0.
        reader: the same PDF, opened by pypdf; None where that cannot open it.
        name: of the PDF.
        limits: what the PDF may cost: at most ``max_archive_members`` files are opened, which unpack to at most
            ``max_archive_ratio`` times its size.
        size: of the PDF in bytes.
    """
    binder = Binder(limits, code="attachment_unread", head=own)
    if reader is not None:
        _add_attached(binder, reader, pages, limits, size, own.text)
    for one in names if reader is None else ():
        binder.leave_out(one, "damaged_file", "The list of what is attached cannot be read.")
    return binder.bind(name=name, content_type=PDF, title=own.title, date=own.date, metadata=own.metadata)


def _add_attached(
    binder: Binder, reader: Any, pages: Sequence[int], limits: Limits, size: int, said: str
) -> None:
    seen: set[bytes] = set()
    left = _FREE_BYTES + limits.max_archive_ratio * size
    for index, (name, file) in enumerate(_files(reader, pages)):
        if index >= limits.max_archive_members:
            binder.leave_out(
                f"{name}, and what is attached after it,", "limit", "There are too many attachments."
            )
            return
        if limits.nesting < 1:
            binder.leave_out(name, "nested", "It is attached to a PDF that is itself inside a file.")
            continue
        try:
            content = _unpacked(file)
        except MemoryError:
            raise
        except LimitReachedError:
            left = -1
        except Exception as error:  # what is damaged raises nearly anything
            binder.leave_out(name, "damaged_file", f"It is damaged: {str(error)[:200].rstrip('.')}.")
            continue
        else:
            left -= len(content)
        if left < 0:
            binder.leave_out(
                name, "archive_too_large", "It unpacks to more than is opened, or those before it did."
            )
            return
        digest = sha256(content).digest()
        if digest not in seen:
            seen.add(digest)
            is_form = file.get("/AFRelationship") in _OTHER_FORMS
            if is_form and content.lstrip().startswith(b"<") and not is_invoice(content[:_HEAD_BYTES]):
                binder.leave_out(name, "same", "The PDF says that it is another form of what its pages show.")
            else:
                binder.add(name, content, said=said if is_form else "")


def _files(reader: Any, pages: Sequence[int]) -> Iterator[tuple[str, Any]]:
    """Yields names and specifications (ISO 32000-2, 7.11) of the files of the document, then of those on its pages."""
    tree = reader.root_object.get("/Names", {}).get("/EmbeddedFiles")
    for key, file in _leaves(tree, set(), 0):
        yield _name(file, key), file
    for index in pages:
        for reference in reader.pages[index].get("/Annots", ()):
            annotation = reference.get_object()
            if annotation.get("/Subtype") == "/FileAttachment" and "/FS" in annotation:
                yield _name(annotation["/FS"], ""), annotation["/FS"]


def _leaves(node: Any, above: set[int], depth: int) -> Iterator[tuple[str, Any]]:
    """Yields the entries of a tree of names (ISO 32000-2, 7.9.6); one that leads back into itself ends there."""
    node = node.get_object() if node is not None else {}
    if id(node) in above or depth > _MAX_DEPTH:
        return
    entries = node.get("/Names", ())
    for at in range(0, len(entries) - 1, 2):
        yield str(entries[at]), entries[at + 1].get_object()
    for child in node.get("/Kids", ()):
        yield from _leaves(child, above | {id(node)}, depth + 1)


def _name(file: Any, key: str) -> str:
    given = (file.get("/UF") or file.get("/F") or key) if hasattr(file, "get") else key
    return one_line(str(given)) or _UNNAMED


def _unpacked(file: Any) -> bytes:
    held = file["/EF"]
    stream = held.get("/UF") or held["/F"]
    content = stream.get_object().get_data()
    return content if isinstance(content, bytes) else bytes(content)
