"""Mailboxes (mbox): the mails of one file, each a section as a mail of its own would be read, attachments among them.

Mails are told apart by the ``From `` lines between them; a ``>From`` within one is what a mailbox makes of "From".
(The standard library's ``mailbox`` reads from a path only, and a parser has none.)
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace

from corpus.types import Document
from ingest.parsers.assembly import Limits
from ingest.parsers.detection import MBOX, split_mailbox
from ingest.parsers.mail.parser import read_header, read_header_date
from ingest.parsers.members import Binder

_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns the mails of a mailbox in their order; its date is that of the newest.

    Raises:
        ParseError: the first mail's code, when none can be read.
        LimitError: likewise.
    """
    # A mailbox is a way to keep mails, not a file that one of them came in: their attachments are read.
    binder = Binder(replace(limits, nesting=limits.nesting + 1), code="member_unread")
    dates = []
    for number, content in enumerate(split_mailbox(data), 1):
        headers = email.message_from_bytes(_END_OF_HEADERS.split(content, 1)[0], policy=email.policy.default)
        dates.append(read_header_date(read_header(headers, "Date")))
        subject = read_header(headers, "Subject") or f"message {number}"
        binder.add(subject, _ESCAPED.sub(rb"\1", content), ".eml")
    return binder.bind(
        name=name,
        content_type=MBOX,
        title="",
        date=max((date for date in dates if date), default=None),
        metadata={"mails": str(len(dates))},
    )
