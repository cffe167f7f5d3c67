"""The hashes by which a file and a text are known again, and the checksum of stored bytes: SQLite has none of its own,
and finds only a damaged structure."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes as 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def text_hash(text: str) -> bytes:
    """Returns the 16 bytes by which a text is known again (BLAKE2b)."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def vector_checksum(vector: bytes) -> int:
    """Returns the CRC-32 of a stored vector: it finds every single flipped byte."""
    return zlib.crc32(vector)
