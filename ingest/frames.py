"""What an embedding child and its owner say to each other.

A frame is four bytes of length (big-endian) and a payload. A request is JSON: the texts, and whether their tokens'
vectors are wanted, too. A reply is ``V``, float32 rows, and where wanted the length of each text's codes and the codes,
then why the child is slower than it could be; or ``E`` and an error as JSON.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import IO

import numpy as np

from corpus.types import Float32

_LENGTH = struct.Struct(">I")


def send(target: IO[bytes], payload: bytes) -> None:
    """Writes a frame at once."""
    target.write(_LENGTH.pack(len(payload)) + payload)
    target.flush()


def receive(source: IO[bytes]) -> bytes | None:
    """Returns the next payload, or None when the other side is gone."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    payload = source.read(length)
    return payload if len(payload) == length else None


def show_reply(rows: Float32, codes: Sequence[bytes | None], slower: str) -> bytes:
    """Returns a reply: a row a text, and the codes of each where they are wanted."""
    lengths = np.array([len(one or b"") for one in codes], dtype="<u4").tobytes()
    return b"".join([b"V", rows.astype("<f4").tobytes(), lengths, *filter(None, codes), slower.encode()])


def read_reply(
    reply: bytes, texts: int, dimension: int, tokens: bool
) -> tuple[Float32, list[bytes | None], str]:
    """Returns the vectors, the tokens' codes, and why the child is slower than it could be ("" where it is not)."""
    rows = np.frombuffer(reply, "<f4", texts * dimension, offset=1).reshape(texts, dimension)
    at, codes = 1 + rows.nbytes, list[bytes | None]()
    if tokens:
        lengths = np.frombuffer(reply, "<u4", texts, offset=at)
        at += lengths.nbytes
        for length in lengths.tolist():
            codes.append(reply[at : at + length] or None)
            at += length
    return rows.astype(np.float32), codes, reply[at:].decode()
