"""Contacts (VCF): each person or company with title, numbers and addresses, a line each.

Kept: the name as a heading (and how it is read aloud, where Japanese programs keep that), company, department, title,
telephone, mail, address, page, birthday, categories, note. Not kept: pictures, keys, sounds, what only programs read.
RFC 6350 (vCard 4.0), RFC 2426 (3.0) and vCard 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.detection import VCF
from ingest.parsers.mail.content_lines import ContentLine, content_lines, unescape, unfold

_SHOWN = {
    "NICKNAME": "Nickname",
    "ORG": "Company",
    "TITLE": "Title",
    "ROLE": "Role",
    "TEL": "Phone",
    "EMAIL": "Email",
    "IMPP": "Chat",
    "ADR": "Address",
    "URL": "Web page",
    "BDAY": "Birthday",
    "CATEGORIES": "Categories",
    "KIND": "Kind",
    "MEMBER": "Member",
    "NOTE": "Note",
}
"""Properties in the order in which they are shown, and as what."""
_READINGS = ("X-PHONETIC-LAST-NAME", "X-PHONETIC-FIRST-NAME")
_OF_PARTS = frozenset({"ORG", "ADR"})
_PART = pattern(r"((?:[^;\\]|\\.)*+)(?:;|\Z)", re.DOTALL)
_KINDS = frozenset({"home", "work", "cell", "mobile", "fax", "pager", "main", "car", "video"})
_DAY = pattern(r"(\d{4})-?(\d\d)-?(\d\d)(?:T.*)?\Z")


@dataclass(slots=True)
class _Contact:
    """The lines of one contact, by name."""

    lines: dict[str, list[ContentLine]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        return next((unescape(line.value) for line in self.lines.get(name, ())), "")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns the contacts of a file in their order.

    Raises:
        ParseError: ``binary`` or ``no_text``.
        LimitError: a limit of the draft.
    """
    decoded = unfold(data)
    draft = Draft.of(decoded, limits)
    draft.page(1)
    for contact in _contacts(decoded.text):
        shown = list(_lines(contact))
        draft.count_cells(len(shown))
        draft.heading(_name(contact), 1)
        draft.paragraph("\n".join(shown))
    return draft.finish(name=name, content_type=VCF)


def _contacts(text: str) -> Iterator[_Contact]:
    """Yields contacts, also one whose end is missing, without those that stand within others (of agents)."""
    contact: _Contact | None = None
    inside = 0
    for line in content_lines(text):
        mark = line.value.strip().upper()
        if line.name == "BEGIN" and mark == "VCARD":
            if contact is None:
                contact, inside = _Contact(), 0
            else:
                inside += 1
        elif line.name == "END" and mark == "VCARD":
            if contact is not None and not inside:
                yield contact
                contact = None
            inside = max(inside - 1, 0)
        elif contact is not None and not inside:
            contact.lines.setdefault(line.name, []).append(line)
    if contact is not None:
        yield contact


def _name(contact: _Contact) -> str:
    parts = _PART.findall(next((line.value for line in contact.lines.get("N", ())), ""))
    family, given = (one_line(unescape(part)) for part in [*parts, "", ""][:2])
    name = one_line(contact.first("FN")) or " ".join(filter(None, (given, family)))
    read_aloud = " ".join(filter(None, (one_line(contact.first(key)) for key in _READINGS)))
    return f"{name} ({read_aloud})" if name and read_aloud else name or ", ".join(_values(contact, "ORG"))


def _lines(contact: _Contact) -> Iterator[str]:
    for key, label in _SHOWN.items():
        if found := _values(contact, key):
            yield f"{label}: {'; '.join(found)}"


def _values(contact: _Contact, key: str) -> list[str]:
    """Returns what a contact's lines of one name say, each once, numbers and addresses with what they are for."""
    found = []
    for line in contact.lines.get(key, ()):
        value = ", ".join(_parts(line.value)) if key in _OF_PARTS else one_line(unescape(line.value))
        for scheme in ("tel:", "mailto:"):
            value = value[len(scheme) :] if value.lower().startswith(scheme) else value
        if key == "BDAY" and (day := _DAY.match(value)):
            value = "-".join(day.groups())
        kinds = (one.strip().lower() for one in line.given.get("TYPE", "").split(","))
        kind = ", ".join(one for one in dict.fromkeys(kinds) if one in _KINDS)
        if any(map(str.isalnum, value)):
            found.append(f"{value} ({kind})" if kind else value)
    return list(dict.fromkeys(found))


def _parts(value: str) -> list[str]:
    """Returns the parts of a value that are not empty: of a name, a company or an address."""
    return [part for one in _PART.findall(value) if (part := one_line(unescape(one)))]
