"""What a parsing child and its owner say to each other through a pipe: frames of a header and a body.

A frame is two big-endian 8-byte lengths, then a JSON header and a body of those lengths. Request header:
``{"task": "parse" | "render", "name", "limits", "timeout_s", …}``, body: the file. Reply header: ``{"ok":
true, …}``, or ``{"ok": false, "kind", "code", "message", "hint"}``; body: the document's text, or a
picture.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, BinaryIO, cast

from corpus.errors import LimitError, ParseError, VouchError
from corpus.types import Block, BlockKind, Document, Note, Page
from ingest.parsers.recognition import ScannedError
from ingest.parsers.verifying import verify

FRAME = struct.Struct(">QQ")
_BLOCK_KINDS = ("heading", "paragraph", "list", "table", "code")


def encode_refusal(error: VouchError) -> dict[str, Any]:
    """Returns the header of a reply that is an error."""
    kind = "LimitError" if isinstance(error, LimitError) else "ParseError"
    return {
        "ok": False,
        "kind": kind,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "scanned": getattr(error, "scanned", 0),
    }


def decode_refusal(header: Mapping[str, Any]) -> ParseError | LimitError:
    """Returns the error in a reply."""
    kind = LimitError if header.get("kind") == "LimitError" else ParseError
    message, code, hint = (str(header.get(key, ""))[:2000] for key in ("message", "code", "hint"))
    scanned = header.get("scanned")
    if isinstance(scanned, int) and scanned > 0:
        return ScannedError(message, scanned=scanned, hint=hint)
    return kind(message, code=code or kind.code, hint=hint)


def encode_document(document: Document) -> dict[str, Any]:
    """Returns a document without its text, in JSON's types."""
    return {
        "pages": [[p.number, p.start, p.end, p.label] for p in document.pages],
        "blocks": [[b.kind, b.start, b.end, b.level, b.header] for b in document.blocks],
        "title": document.title,
        "content_type": document.content_type,
        "language": document.language,
        "date": document.date.isoformat() if document.date else None,
        "metadata": dict(document.metadata),
        "notes": [asdict(note) for note in document.notes],
    }


def decode_document(value: Any, text: str) -> Document:
    """Returns the document in a reply; the reply is checked, not believed.

    Raises:
        ParseError: ``bad_reply``.
    """
    try:
        document = Document(
            text=text,
            pages=tuple(Page(int(n), int(s), int(e), str(label)) for n, s, e, label in value["pages"]),
            blocks=tuple(
                Block(_block_kind(kind), int(s), int(e), int(level), str(header))
                for kind, s, e, level, header in value["blocks"]
            ),
            title=str(value["title"]),
            content_type=str(value["content_type"]),
            language=str(value["language"]),
            date=datetime.fromisoformat(value["date"]) if value["date"] else None,
            metadata={str(key): str(shown) for key, shown in value["metadata"].items()},
            notes=tuple(Note(str(n["code"]), str(n["message"]), int(n["page"])) for n in value["notes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"The parser's reply cannot be used: {error!r:.200}.", code="bad_reply") from None
    verify(document)
    return document


def _block_kind(kind: Any) -> BlockKind:
    if kind not in _BLOCK_KINDS:
        raise ValueError(f"unknown block kind {kind!r:.50}")
    return cast(BlockKind, kind)


# ---- frames --------------------------------------------------------------------------------------


def send(stream: BinaryIO, header: Mapping[str, Any], body: bytes) -> None:
    """Writes one frame: the lengths of header and body, the header as JSON, the body as it is."""
    shown = json.dumps(header, ensure_ascii=False).encode("utf-8", errors="replace")
    stream.write(FRAME.pack(len(shown), len(body)))
    stream.write(shown)
    stream.write(body)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Reads one frame; None where the pipe ends before it is whole.

    Raises:
        ValueError: the header is no JSON.
    """
    head = stream.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    header_size, body_size = FRAME.unpack(head)
    header, body = stream.read(header_size), stream.read(body_size)
    if len(header) < header_size or len(body) < body_size:
        return None
    return cast(dict[str, Any], json.loads(header)), body
