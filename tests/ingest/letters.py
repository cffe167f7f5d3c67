"""Mails as tests write and read them."""

from __future__ import annotations

import email.policy
from email.message import EmailMessage

from corpus.types import Document
from ingest.parsers import Limits, parse


def letter(text: str = "Dear all,\n\nthe rate is 200.\n", subject: str = "Rates") -> EmailMessage:
    message = EmailMessage(policy=email.policy.default)
    message["From"] = "Anna <anna@example.com>"
    message["To"] = "all@example.com"
    message["Date"] = "Fri, 01 Mar 2024 09:30:00 +0900"
    message["Subject"] = subject
    message.set_content(text)
    return message


def read(message: EmailMessage | bytes, name: str = "mail.eml", limits: Limits | None = None) -> Document:
    data = message if isinstance(message, bytes) else message.as_bytes()
    return parse(data, name, limits or Limits())


def labels(document: Document) -> list[str]:
    return [page.label for page in document.pages]


def mailbox(*mails: EmailMessage) -> bytes:
    return b"".join(
        b"From a@example.com Mon Apr  1 00:00:00 2024\n" + mail.as_bytes() + b"\n" for mail in mails
    )


def sections(document: Document) -> list[tuple[str, str]]:
    """Headings of a document and what stands below each; "" stands for what is above the first."""
    found = [("", "")]
    for block in document.blocks:
        text = document.text[block.start : block.end]
        if block.kind == "heading":
            found.append((text, ""))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{text}".strip())
    return found if found[0][1] else found[1:]
