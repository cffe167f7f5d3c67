"""Mails (EML, MHTML): the letter, then its attachments, one level deep.

Kept: Subject (the first sentence: of a heading nothing could be quoted), Date, To and Cc, then under the line that says
who it is from the plain body (the HTML one where there is no other, or the plain one says but a part of it), with
earlier mails as sections, and every attachment of a supported type as further pages under a heading of its name,
invitations among them. A mail in the mail is read without its own attachments. Not kept: other headers, pictures shown
within the text, the body's second form, cryptographic signatures. An attachment that cannot be read is noted
(``attachment_unread``).
"""

from __future__ import annotations

import binascii
import contextlib
import email
import email.policy
import quopri
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.errors import InvalidBase64LengthDefect
from email.message import Message
from email.utils import parsedate_to_datetime

from corpus.errors import ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.dates import as_utc
from ingest.parsers.decoding import decode
from ingest.parsers.detection import EML, is_tnef
from ingest.parsers.html.parser import add_html, parse_html
from ingest.parsers.mail.armour import is_sealed, without_armour
from ingest.parsers.mail.letters import SHOWN, Letter, bind
from ingest.parsers.mail.tnef import Packed, unpack
from ingest.parsers.refusals import encrypted
from ingest.parsers.signed import unsigned

_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_TEXTS = ("text/plain", "text/html")
_MUCH_MORE = 3  # HTML that says so many times more than the plain form is what its writer meant
_LEAST_MORE_CHARS = 200
_PARSED_HEADER_CHARS = 16_000
_MAX_PARTS = 100_000
_ENCODED_WORD = pattern(r"=\?([\w.+-]+)(?:\*[\w-]*)?\?([BbQq])\?([^?\s]*)\?=")
_BETWEEN_WORDS = pattern(r"\?=\s+=\?")
_BARE_NAME = pattern(r"name\s*=\s*\"?([^\";\r\n]+)", re.IGNORECASE)
_SAVED = pattern(r"[\"<]*Saved by ")
_CONTENT_HEADER = pattern(rb"^(?:content-[\w-]*|mime-version)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.I | re.M)
_END_OF_HEADERS = pattern(rb"\r?\n\r?\n")
_BASE64 = pattern(rb"[A-Za-z0-9+/]{20,}")
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError)


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a mail with its attachments.

    Raises:
        ParseError: ``encrypted``, ``damaged_file``, ``unsupported`` for a signature alone, or ``no_text``.
        LimitError: a limit of the draft.
    """
    data = data.lstrip(b"\xef\xbb\xbf\r\n")
    message: Message = email.message_from_bytes(data, policy=email.policy.default)
    kind = message.get_content_type()
    if kind == "multipart/encrypted" or (
        kind in _SEALED and "enveloped" in str(message["Content-Type"]).lower()
    ):
        raise encrypted(name)
    if kind in _SEALED:
        message = _opened(message, data, name)
    letter, attached = open_letter(message)
    if letter.bodies and all(is_sealed(text) for _, text in letter.bodies):
        if not attached:
            raise encrypted(name)
        letter.bodies = []
        letter.unread = "The text of the mail is encrypted and was not read: save a copy of it in the clear."
    return bind(letter, attached, name, EML, limits)


def _opened(message: Message, data: bytes, name: str) -> Message:
    """Returns a mail that was signed as one block as it was before, under its own headers."""
    content = unsigned(_bytes(message), name)
    head = _CONTENT_HEADER.sub(b"", _END_OF_HEADERS.split(data, maxsplit=1)[0] + b"\n")
    return email.message_from_bytes(head + content, policy=email.policy.default)


# ---- internet mail -------------------------------------------------------------------------------


def open_letter(message: Message) -> tuple[Letter, list[tuple[str, bytes]]]:
    """Returns a mail's own text and its attachments."""
    letter = Letter()
    for key in (*SHOWN, "Subject"):
        letter.headers[key] = read_header(message, key)
    letter.date = read_header_date(letter.headers["Date"])
    if _SAVED.match(letter.headers["From"]):  # a page, by a browser
        letter.headers |= {"From": "", "Date": ""}
    letter.bodies = [(part.get_content_type() == "text/html", _text(part)) for part in _body(message)]
    attached: list[tuple[str, bytes]] = []
    for part, inside in _leaves(message):
        kind, file_name = part.get_content_type(), _file_name(part)
        if (kind in _TEXTS and not _is_attached(part)) or kind in _SIGNATURES:
            continue
        if inside == "multipart/alternative" and letter.bodies and _is_form(part):
            continue
        if kind.startswith("image/") and (
            inside == "multipart/related" or ("Content-ID" in part and not _is_attached(part, named=False))
        ):
            continue
        if inside == "multipart/related" and not (_is_attached(part) or kind == "message/rfc822"):
            continue
        content = _content(part)
        packed = _packed(content, file_name) if is_tnef(content) else None
        if packed is not None:
            letter.bodies = letter.bodies or packed.bodies
            attached.extend(packed.files)
        elif kind != "text/calendar" or all(content != other for _, other in attached):
            attached.append((file_name or _unnamed(part, len(attached) + 1), content))
    return letter, attached


def _is_form(part: Message) -> bool:
    """Says whether a part is one more form of the text, for some programs (AMP, watches, enriched); no invitation."""
    kind = part.get_content_type()
    return kind.startswith("text/") and kind != "text/calendar" and not _is_attached(part)


def _packed(content: bytes, file_name: str) -> Packed | None:
    """Returns what Outlook packed into an attachment, None where that is damaged: it is told as one not read."""
    try:
        return unpack(content, file_name)
    except ParseError:
        return None


def _is_attached(part: Message, *, named: bool = True) -> bool:
    """Says whether a part is a file of its own: marked so, or (``named``) with a name."""
    return part.get_content_disposition() == "attachment" or (named and bool(_file_name(part)))


def _leaves(message: Message) -> Iterator[tuple[Message, str]]:
    """Yields the parts that hold something, each with the kind of multipart it stands in."""
    stack: list[tuple[Message, str]] = [(message, "")]
    for _ in range(_MAX_PARTS):
        if not stack:
            return
        part, inside = stack.pop()
        kind = part.get_content_type()
        if part.is_multipart() and kind != "message/rfc822":
            children = [child for child in part.get_payload() if isinstance(child, Message)]
            # Whatever else is grouped by, only the forms of one text and what belongs to it are no files.
            group = kind if kind in ("multipart/alternative", "multipart/related") else "multipart/mixed"
            stack.extend((child, group) for child in reversed(children))
        else:
            yield part, inside


def _body(part: Message) -> list[Message]:
    """Returns the texts that a reader sees one after the other; of several forms of one text, one."""
    kind = part.get_content_type()
    if not part.is_multipart() or kind == "message/rfc822":
        return [part] if kind in _TEXTS and not _is_attached(part) and _text(part).strip() else []
    children = [child for child in part.get_payload() if isinstance(child, Message)]
    if kind == "multipart/related":
        return _body(children[0]) if children else []
    found = [_body(child) for child in children]
    return (
        _best_form(found) if kind == "multipart/alternative" else [text for texts in found for text in texts]
    )


def _best_form(forms: Sequence[list[Message]]) -> list[Message]:
    """Returns the plain form; the HTML one where there is no other, or the plain one says but a part of it."""
    plain = next(
        (form for form in forms if form and all(t.get_content_type() == "text/plain" for t in form)), []
    )
    rich = next((form for form in reversed(forms) if form and form is not plain), [])
    if plain and rich:
        said, shown = (sum(map(_visible_chars, form)) for form in (plain, rich))
        return rich if shown > _MUCH_MORE * said + _LEAST_MORE_CHARS else plain
    return plain or rich


def _visible_chars(part: Message) -> int:
    text = _text(part)
    if part.get_content_type() == "text/html":
        root = parse_html(text)
        draft = Draft(Limits())
        if root is not None:
            add_html(draft, root)
        return draft.length
    return len("".join(text.split()))


def _bytes(part: Message) -> bytes:
    """Returns what a part holds; of base64 that was cut off, as far as it goes."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return b""
    # The library leaves as it is, and says so, what has one letter more than whole groups of four. What it decoded may
    # look like base64, too: a key, a token.
    if any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects):
        packed = b"".join(content.split())
        if _BASE64.fullmatch(packed):
            with contextlib.suppress(binascii.Error):
                return binascii.a2b_base64(packed[: len(packed) // 4 * 4])
    return content


def _text(part: Message) -> str:
    content = _bytes(part)
    try:
        text = decode(content, str(part.get_content_charset() or "")).text
    except ParseError:
        return ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if str(part.get_param("format", "")).lower() == "flowed":
        text = _unflowed(text, without_space=str(part.get_param("delsp", "")).lower() == "yes")
    return without_armour(text) if part.get_content_type() == "text/plain" else text


def _unflowed(text: str, *, without_space: bool) -> str:
    """Returns lines that were broken for show as one, those of a quotation too (RFC 3676, section 4)."""
    joined: list[list[str]] = []
    goes_on = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        body = line[depth:].removeprefix(" ")
        if depth == goes_on:
            joined[-1].append(body)
        else:
            joined.append([f"{'>' * depth} {body}" if depth else body])
        goes_on = depth if body.endswith(" ") and body != "-- " else -1
        if goes_on >= 0 and without_space:
            joined[-1][-1] = joined[-1][-1][:-1]
    return "\n".join(map("".join, joined))


def _content(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        if not (isinstance(inner, list) and inner and isinstance(inner[0], Message)):
            return b""
        try:
            if (
                str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"
            ):  # forbidden, but sent
                return binascii.a2b_base64(str(inner[0].get_payload()))
            return inner[0].as_bytes()
        except _BROKEN:  # a header that cannot be written anew as it should be
            return inner[0].as_bytes(policy=email.policy.compat32)
    return _bytes(part)


def _file_name(part: Message) -> str:
    for key in ("content-disposition", "content-type"):
        raw = _raw_header(part, key)
        named = _BARE_NAME.search(raw) if not raw.isascii() else None
        if named:  # bytes in no declared encoding
            return one_line(named[1])
    try:
        return one_line(_decoded_words(str(part.get_filename() or "")))
    except _BROKEN:
        return ""


def _raw_header(message: Message, key: str) -> str:
    """Returns a header as it was written, its bytes in the encoding they are really in."""
    raw = next((str(value) for name, value in message.raw_items() if name.lower() == key), "")
    if any("\udc80" <= character <= "\udcff" for character in raw):
        charset = str(message.get_content_charset() or "")  # a few letters alone tell no encoding
        return decode(raw.encode("utf-8", errors="surrogateescape"), charset).text
    return raw


def _decoded_words(shown: str) -> str:
    """Returns a header with the encoded words that Python's own decoder leaves: vendors' Japanese characters."""

    def opened(match: re.Match[str]) -> str:
        charset, kind, text = match.groups()
        try:
            data = binascii.a2b_base64(text) if kind in "Bb" else quopri.decodestring(text, header=True)
            return decode(data, charset).text
        except (*_BROKEN, ParseError):
            return match[0]

    return _ENCODED_WORD.sub(opened, _BETWEEN_WORDS.sub("?==?", shown)) if "=?" in shown else shown


def _unnamed(part: Message, number: int) -> str:
    inner = part.get_payload()
    if part.get_content_type() == "text/calendar":
        return "invitation.ics"
    if (
        part.get_content_type() == "message/rfc822"
        and isinstance(inner, list)
        and (isinstance(inner[0], Message))
    ):
        return f"{read_header(inner[0], 'Subject') or f'message {number}'}.eml"
    return f"attachment {number}"


def read_header(message: Message, key: str) -> str:
    """Returns a header's text on one line, also where its bytes are in no declared encoding."""
    shown = _raw_header(message, key.lower())
    if shown.isascii() and len(shown) < _PARSED_HEADER_CHARS:  # the library takes very long for longer ones
        with contextlib.suppress(*_BROKEN):
            shown = str(message.get(key, ""))
    return one_line(_decoded_words(shown))


def read_header_date(value: str) -> datetime | None:
    """Returns the time that a Date header names, None where it names none."""
    try:
        return as_utc(parsedate_to_datetime(value)) if value else None
    except _BROKEN:
        return None
