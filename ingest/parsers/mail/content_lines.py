"""Lines of calendars and contacts (RFC 5545 and 6350): a name, parameters, a value; of older forms, their encoding."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from corpus.errors import ParseError
from corpus.patterns import pattern
from ingest.parsers.decoding import Decoded, decode

_FOLD = pattern(r"\r?\n[ \t]")
_FOLDED_BYTES = pattern(rb"\r?\n[ \t]")
_LINE_END = pattern(r"\r\n|\r|\n")
_LINE = pattern(
    r"(?:[A-Za-z0-9-]+\.)?(?P<name>[A-Za-z0-9-]+)(?P<parameters>(?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(?P<value>.*)"
)
_PARAMETER = pattern(r";(?:(?P<key>[A-Za-z0-9-]+)=)?(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^;]*))")
_ESCAPED = pattern(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ContentLine:
    """A property; its name and the names of its parameters are in capitals, its value is as written.

    Parameters without a name, as vCard 2.1 has them, stand under "TYPE", with others of that name.
    """

    name: str
    given: Mapping[str, str]
    value: str


def unfold(data: bytes) -> Decoded:
    """Returns the text of a file with the lines that were folded whole again.

    Raises:
        ParseError: ``binary``.
    """
    if b"\0" not in data:  # programs fold amid the bytes of a character
        return decode(_FOLDED_BYTES.sub(b"", data))
    decoded = decode(data)
    return Decoded(_FOLD.sub("", decoded.text), decoded.encoding, decoded.replaced)


def content_lines(text: str) -> Iterator[ContentLine]:
    """Yields the lines of an unfolded text that are one, those in quoted-printable decoded."""
    lines = iter(_LINE_END.split(text))
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        given: dict[str, str] = {}
        for one in _PARAMETER.finditer(match["parameters"]):
            key, value = (one["key"] or "TYPE").upper(), one["quoted"] or one["bare"] or ""
            given[key] = f"{given[key]},{value}" if key == "TYPE" and key in given else value
        value = match["value"]
        if "QUOTED-PRINTABLE" in match["parameters"].upper():
            value = _unquote(value, lines, given.get("CHARSET", ""))
        yield ContentLine(match["name"].upper(), given, value)


def unescape(value: str) -> str:
    """Returns a text with what is written as ``\\\\n``, ``\\\\,`` and the like as it is meant."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _unquote(value: str, lines: Iterator[str], charset: str) -> str:
    """Returns what older forms wrote as ``=E4=BC=9A``, over several lines where each but the last ends with ``=``."""
    pieces = [value]
    while pieces[-1].endswith("="):
        pieces.append(next(lines, ""))
    written = "".join(piece.removesuffix("=") for piece in pieces)
    try:
        return decode(quopri.decodestring(written.encode()), charset).text.replace("\r\n", "\n")
    except ParseError:
        return written
