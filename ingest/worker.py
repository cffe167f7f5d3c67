"""The parsing child: takes one request at a time from a pipe and answers with one reply.

A frame is two big-endian 8-byte lengths, then a JSON header and a body of those lengths. Request header:
``{"task": "parse" | "render", "name", "limits", "timeout_s", …}``, body: the file. Reply header: ``{"ok":
true, …}``, or ``{"ok": false, "kind", "code", "message", "hint"}``; body: the document's text, or a
picture.
"""

from __future__ import annotations

import importlib
import json
import os
import struct
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from corpus.errors import LimitError, ParseError, VouchError
from corpus.types import Block, BlockKind, Document, Note, Page
from ingest.confinement import arm_cpu, confine
from ingest.parsers import PARSERS, Limits, Parser, parse
from ingest.parsers.recognition import ScannedError
from ingest.parsers.verifying import verify

FRAME = struct.Struct(">QQ")
_BLOCK_KINDS = ("heading", "paragraph", "list", "table", "code")
_USED_LATER = (
    "PIL.ImageChops",
    "charset_normalizer",
    "corpus.language",
    "ingest.rendering",
    "numpy",
    "olefile",
    "oxmsg",
    "pypdf",
    "xlrd",
    "yaml",
)
"""What the parsers import when a file asks for it."""


def main(arguments: list[str]) -> None:
    """Serves requests until the pipe closes: ``worker.py PARENT_PID MEMORY_MB PARSERS``."""
    parent_pid, memory_mb, table_name = int(arguments[0]), int(arguments[1]), arguments[2]
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get into the replies.
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    held = confine(Path.cwd(), memory_mb, parent_pid)
    module, _, attribute = table_name.partition(":")
    table = cast(Mapping[str, Parser], getattr(importlib.import_module(module), attribute))
    _send(replies, {"ok": True, "held": held}, b"")
    while True:
        request = _receive(requests)
        if request is None:
            return
        header, body = request
        arm_cpu(float(header["timeout_s"]))
        reply, answer = _serve(header, body, table)
        del body
        _send(replies, reply, answer)


def load_all() -> None:
    """Imports whatever a child may use, so that Python keeps what it compiles of it.

    An installation does this once: a child may write nothing, and compiles at every start what it does not find
    compiled.
    """
    for module in (*(parser.module for parser in PARSERS.values()), *_USED_LATER):
        importlib.import_module(module)


def _serve(
    header: Mapping[str, Any], body: bytes, table: Mapping[str, Parser]
) -> tuple[dict[str, Any], bytes]:
    try:
        if header["task"] == "render":
            from ingest.rendering import draw_page

            return {"ok": True}, draw_page(body, header["content_type"], header["page"], header["words"])
        document = parse(body, header["name"], Limits(**header["limits"]), table)
        return {"ok": True, "document": encode_document(document)}, document.text.encode("utf-8")
    except VouchError as error:
        return _refusal(error), b""
    except MemoryError:
        return _refusal(LimitError("The file needs more memory than a parser may have.", code="memory")), b""


def _refusal(error: VouchError) -> dict[str, Any]:
    kind = "LimitError" if isinstance(error, LimitError) else "ParseError"
    return {
        "ok": False,
        "kind": kind,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "scanned": getattr(error, "scanned", 0),
    }


def read_refusal(header: Mapping[str, Any]) -> ParseError | LimitError:
    """Returns the error in a reply."""
    kind = LimitError if header.get("kind") == "LimitError" else ParseError
    message, code, hint = (str(header.get(key, ""))[:2000] for key in ("message", "code", "hint"))
    scanned = header.get("scanned")
    if isinstance(scanned, int) and scanned > 0:
        return ScannedError(message, scanned=scanned, hint=hint)
    return kind(message, code=code or kind.code, hint=hint)


# ---- documents as JSON ---------------------------------------------------------------------------


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


def _send(stream: BinaryIO, header: Mapping[str, Any], body: bytes) -> None:
    shown = json.dumps(header, ensure_ascii=False).encode("utf-8", errors="replace")
    stream.write(FRAME.pack(len(shown), len(body)))
    stream.write(shown)
    stream.write(body)
    stream.flush()


def _receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    head = stream.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    header_size, body_size = FRAME.unpack(head)
    header, body = stream.read(header_size), stream.read(body_size)
    if len(header) < header_size or len(body) < body_size:
        return None
    return cast(dict[str, Any], json.loads(header)), body


if __name__ == "__main__":
    main(sys.argv[1:])
