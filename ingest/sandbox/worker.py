"""The parsing child: takes one request at a time from a pipe and answers with one reply.

What is said through it is in :mod:`ingest.sandbox.replies`, how one is made of another that has read nothing in
:mod:`ingest.sandbox.copying`.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from corpus.errors import LimitError, VouchError
from ingest.parsers import PARSERS, Limits, Parser, parse
from ingest.sandbox.confinement import arm_cpu, confine
from ingest.sandbox.copying import wait_to_be_copied
from ingest.sandbox.replies import encode_document, encode_refusal, receive, send

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
    """Serves requests until the pipe closes, in a copy of this process or in itself.

    Called as ``worker.py PARENT_PID MEMORY_MB PARSERS copies|alone``.
    """
    parent_pid, memory_mb, table_name = int(arguments[0]), int(arguments[1]), arguments[2]
    alone = arguments[3] == "alone"
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if not alone:
        confine(Path.cwd(), memory_mb, parent_pid, is_original=True)
    module, _, attribute = table_name.partition(":")
    table = cast(Mapping[str, Parser], getattr(importlib.import_module(module), attribute))

    def prepare(content_types: Sequence[str]) -> None:
        for content_type in content_types:
            if content_type in table:
                table[content_type].load()

    original_pid = os.getpid()
    pipes = wait_to_be_copied(control, prepare, alone=alone)
    held = confine(Path.cwd(), memory_mb, parent_pid if alone else original_pid)
    requests, replies = os.fdopen(pipes[0], "rb"), os.fdopen(pipes[1], "wb")
    send(replies, {"ok": True, "held": held}, b"")
    while True:
        request = receive(requests)
        if request is None:
            return
        header, body = request
        arm_cpu(float(header["timeout_s"]))
        reply, answer = _serve(header, body, table)
        del body
        send(replies, reply, answer)


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
        return encode_refusal(error), b""
    except MemoryError:
        return encode_refusal(
            LimitError("The file needs more memory than a parser may have.", code="memory")
        ), b""


if __name__ == "__main__":
    main(sys.argv[1:])
