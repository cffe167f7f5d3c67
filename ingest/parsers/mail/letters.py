"""Letters: what mails of every kind say, and how that is shown, attachments behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from corpus.types import Document
from ingest.parsers.assembly import Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.html.parser import add_html, parse_html
from ingest.parsers.mail.body import LetterDraft, add_plain
from ingest.parsers.mail.html import mark_earlier_mails
from ingest.parsers.members import Binder

SHOWN = ("From", "To", "Cc", "Date")
"""Headers that are shown."""


@dataclass(slots=True)
class Letter:
    """A mail before it is shown; bodies are (is HTML, text). ``unread`` says why there is one that is not read.

    ``entry`` is what an appointment says of itself: its time, place and people, a line each.
    """

    headers: dict[str, str] = field(default_factory=dict)
    entry: list[str] = field(default_factory=list)
    date: datetime | None = None
    bodies: list[tuple[bool, str]] = field(default_factory=list)
    unread: str = ""


def bind(
    letter: Letter, attached: Sequence[tuple[str, bytes]], name: str, content_type: str, limits: Limits
) -> Document:
    """Returns a mail, or an entry of Outlook, with its attachments (file name, content) as a document."""
    subject = one_line(letter.headers.get("Subject", ""))
    draft = LetterDraft(limits)
    draft.page(1)
    if letter.entry:
        draft.heading(subject, 1)
    elif subject:
        draft.head(f"Subject: {subject}")
    said = {key: one_line(letter.headers[key]) for key in SHOWN if letter.headers.get(key)}
    has_body = any(text.strip() for _, text in letter.bodies)
    sender = f"From: {said.pop('From')}" if subject and has_body and "From" in said else ""
    # A date beside what a mail says would be taken for the date of what it tells of.
    draft.head("\n".join([*letter.entry, *(f"{key}: {value}" for key, value in said.items())]))
    draft.heading(sender, 2)
    for is_html, text in letter.bodies:
        if is_html:
            root = parse_html(text)
            if root is not None:
                mark_earlier_mails(root)
                add_html(draft, root)
        else:
            add_plain(draft, text)
    if letter.unread:
        draft.note("attachment_unread", letter.unread)
    metadata = {key.lower(): letter.headers[key] for key in ("From", "To") if letter.headers.get(key)}
    # A mail may say nothing itself: Outlook packs files alone, too.
    head = draft.finish(
        name=name,
        content_type=content_type,
        title=subject,
        date=letter.date,
        metadata=metadata,
        may_be_silent=bool(attached) and not letter.unread,
    )
    if not attached:
        return head
    binder = Binder(limits, code="attachment_unread", head=head if head.text else None)
    for index, (file_name, content) in enumerate(attached):
        if limits.nesting < 1:
            reason = "It is attached to a mail that is itself inside a file."
            binder.leave_out(file_name, code="nested", reason=reason)
        elif index >= limits.max_archive_members:
            count = len(attached) - index
            binder.leave_out(f"{file_name} with {count - 1} more", "limit", "There are too many attachments.")
            break
        else:
            binder.add(file_name, content)
    return binder.bind(
        name=name, content_type=content_type, title=head.title, date=head.date, metadata=head.metadata
    )
