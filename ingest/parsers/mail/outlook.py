"""Outlook's files (MSG): mails, appointments and invitations, tasks, contacts; the home of python-oxmsg.

What is kept of a mail is kept as :mod:`ingest.parsers.mail.parser` keeps it of any other; what an entry says of itself
comes from :mod:`ingest.parsers.mail.outlook_entries`, a text that is kept as compressed RTF alone from
:mod:`ingest.parsers.mail.outlook_rtf`.
"""

from __future__ import annotations

import email
import email.policy
import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage
from typing import Any

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers.assembly import Limits
from ingest.parsers.dates import as_utc
from ingest.parsers.decoding import decode
from ingest.parsers.detection import MSG
from ingest.parsers.mail.letters import Letter, bind
from ingest.parsers.mail.outlook_entries import Name, Values, read_names, tell_entry
from ingest.parsers.mail.outlook_rtf import read_rtf
from ingest.parsers.mail.parser import open_letter, read_header, read_header_date

_KIND, _DISPLAY_TO, _DISPLAY_CC, _DELIVERED = 0x001A, 0x0E04, 0x0E03, 0x0E06
_SHORT_NAME, _RTF_BODY, _CONTENT_ID = 0x3704, 0x1009, 0x3712
_CODE_PAGE, _BODY_CODE_PAGE = 0x3FFD, 0x3FDE
_SIGNED_WHOLE = ".SMIME.MultipartSigned"
_ATTACHED = "__attach_version1.0_"
_EMBEDDED = "__substg1.0_3701000D"
_EMBEDDED_HEADER_BYTES = 24


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a message or an entry with its attachments.

    Raises:
        ParseError: ``damaged_file`` or ``no_text``.
        LimitError: a limit of the draft.
    """
    from oxmsg import Message

    message = Message.load(io.BytesIO(data))
    names = read_names(message._storage)
    letter = _open(message.properties, names)
    attached: list[tuple[str, bytes]] = []
    for file_name, content in _attachments(message._storage, names):
        if isinstance(content, EmailMessage):
            attached.append((file_name, content.as_bytes()))
        elif str(message.message_class).endswith(_SIGNED_WHOLE):  # the mail once more, with its attachments
            attached.extend(open_letter(email.message_from_bytes(content, policy=email.policy.default))[1])
        else:
            attached.append((file_name, content))
    return bind(letter, attached, name, MSG, limits)


def _attachments(storage: Any, names: Mapping[Name, int]) -> Iterator[tuple[str, bytes | EmailMessage]]:
    """Yields the files and mails that are attached to a message, but for the pictures in its text."""
    from oxmsg.attachment import Attachment

    parts = [Attachment(part) for part in storage.storages if part.name.startswith(_ATTACHED)]
    for number, one in enumerate(parts, 1):
        file_name = one.file_name or one.properties.str_prop_value(_SHORT_NAME) or f"attachment {number}"
        inside: Sequence[Any] = getattr(one._storage, "storages", ())
        embedded = next((part for part in inside if part.name == _EMBEDDED), None)
        if embedded is not None:
            mail = _as_internet_mail(_open(_properties(embedded), names))
            for inner_name, content in _attachments(embedded, names):
                if isinstance(content, EmailMessage):
                    mail.add_attachment(content, filename=inner_name)
                else:
                    mail.add_attachment(content, "application", "octet-stream", filename=inner_name)
            yield f"{file_name}.eml", mail
        elif not (one.properties.str_prop_value(_CONTENT_ID) and str(one.mime_type).startswith("image/")):
            yield file_name, one.file_bytes or b""


def _properties(storage: Any) -> Any:
    from oxmsg.properties import Properties

    return Properties(storage, _EMBEDDED_HEADER_BYTES)


def _open(properties: Any, names: Mapping[Name, int]) -> Letter:
    from oxmsg.domain import constants

    code_page = properties.int_prop_value(_CODE_PAGE) or properties.int_prop_value(_BODY_CODE_PAGE) or ""
    in_bytes = frozenset(one.pid for one in properties if one.ptyp == constants.PTYP_STRING8)

    def text(identifier: int) -> str:
        if identifier in in_bytes:  # of a file not saved as Unicode; the library knows few of their encodings
            raw = properties._storage.property_stream_bytes(identifier, constants.PTYP_STRING8)
            try:
                return decode(raw.replace(b"\0", b""), f"cp{code_page}").text
            except ParseError:
                return ""
        return str(properties.str_prop_value(identifier) or "").replace("\0", "")

    letter = Letter()
    values = Values(properties, names, text)
    date = values.moment(constants.PID_CLIENT_SUBMIT_TIME) or values.moment(_DELIVERED)
    letter.date = as_utc(date)
    headers = email.message_from_string(
        text(constants.PID_TRANSPORT_MESSAGE_HEADERS), policy=email.policy.default
    )
    addresses = (text(constants.PID_SENDER_SMTP_ADDRESS), text(constants.PID_SENDER_EMAIL_ADDRESS))
    # Exchange has names of its own kind as well: /O=FIRM/OU=…/CN=ANNA@…
    address = next((one for one in addresses if "@" in one and not one.startswith("/")), "")
    name = text(constants.PID_SENDER_NAME)
    sender = f"{name} <{address}>" if name and address and name != address else name or address
    letter.headers = {
        "From": read_header(headers, "From") or sender,
        "To": read_header(headers, "To") or text(_DISPLAY_TO),
        "Cc": read_header(headers, "Cc") or text(_DISPLAY_CC),
        "Date": read_header(headers, "Date")
        or (letter.date.strftime("%Y-%m-%d %H:%M UTC") if letter.date else ""),
        "Subject": text(constants.PID_SUBJECT),
    }
    letter.date = letter.date or read_header_date(letter.headers["Date"])
    _add_entry(letter, text(_KIND), values)
    plain = text(constants.PID_BODY)
    if plain.strip():
        letter.bodies.append((False, plain.replace("\r\n", "\n")))
        return letter
    page = properties.binary_prop_value(constants.PID_HTML)
    shown = decode(page, properties.body_encoding).text if page else text(constants.PID_BODY_HTML)
    packed = properties.binary_prop_value(_RTF_BODY) if not shown.strip() else None
    unpacked = read_rtf(packed) if packed else None
    letter.bodies.append(unpacked or (True, shown))
    if packed and unpacked is None:
        letter.unread = (
            "The text of the mail, kept as RTF only, is damaged and was not read: save it as .eml."
        )
    return letter


def _add_entry(letter: Letter, kind: str, values: Values) -> None:
    """Gives a letter what it says as an entry; one that nobody sent has no head of a mail beside that."""
    said = letter.headers
    attendees = "; ".join(text for text in (said["To"], said["Cc"]) if text.strip())
    letter.entry, date = tell_entry(kind, values, said["From"], attendees)
    if letter.entry and not kind.lower().startswith("ipm.schedule"):
        letter.headers = {"Subject": said["Subject"]}
        letter.date = date


def _as_internet_mail(letter: Letter) -> EmailMessage:
    """Returns an embedded Outlook mail in the form in which it is read like any other."""
    message = EmailMessage(policy=email.policy.default)
    for key, value in letter.headers.items():
        if value and key != "Date":
            message[key] = re.sub(r"[^\S ]+", " ", value)
    if letter.date and "Date" in letter.headers:
        message["Date"] = letter.date
    is_html, text = letter.bodies[0]
    entry = "\n".join(letter.entry)
    if is_html and entry:
        text = f"<pre>{html.escape(entry)}</pre>{text}"
    elif entry:
        text = f"{entry}\n\n{text}"
    message.set_content(text, subtype="html" if is_html else "plain")
    return message
