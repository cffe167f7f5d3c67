"""What a mail's own text is made of: what its writer says, the earlier mails below it, the signature.

Most systems cut earlier mails off or search them as the writer's own words. Here an earlier mail is a section under
the line that names its writer and time, without the ``>`` before its lines: it is found where it is kept nowhere else,
reads as its original does (so that the two are found once), and is never taken for what this mail says. A quotation
that is answered below it stays where it is, with its marks: the answer needs it.
"""

from __future__ import annotations

import re
from itertools import takewhile

from ingest.parsers.assembly import Draft
from ingest.parsers.cleaning import clean_text, one_line

_LEVEL = 2
MOST_EARLIER = 30
"""Mails in each other that are told apart; a thread of more is left as it is below that."""
_MOST_LEAD_CHARS = 250
_MOST_SIGNATURE_LINES = 12
_QUOTED = re.compile(r"(?:>|＞) ?")
_BLANK = re.compile(r"[ \t\u3000]*(?:(?:>|＞)[>＞ \t\u3000]*)?")
_MOMENT = re.compile(r"\d{1,2}[:.：]\d\d|\d{4}|\d{1,2}[./]\d{1,2}[./]\d\d|\d月")
_LEAD_END = re.compile(r"[:：]\s*\Z")
_RULE = re.compile(r"--\s*|[-=_*~─━―＿‐]{10,}\s*")
_BETWEEN = re.compile(
    r"[-_–—= ]*(?:original message|forwarded (?:message|by .{1,100})|begin forwarded message:?|ursprüngliche nachricht"
    r"|weitergeleitete nachricht|message d'origine|message transféré|元のメッセージ|オリジナル ?メッセージ"
    r"|転送(?:された)?メッセージ)[-_–—= :]*",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"[*_]*(?P<name>from|sent|date|to|cc|subject|importance|attachments?|reply-to|von|gesendet|datum|an|betreff"
    r"|de|envoyé|à|objet|差出人|送信者|送信日時|日時|日付|送信日|宛先|件名|題名|ｃｃ)[*_]* ?[:：][*_]*\s*(?P<value>.*)",
    re.IGNORECASE,
)
_WRITER = frozenset({"from", "von", "de", "差出人", "送信者"})
_TIME = frozenset({"sent", "date", "gesendet", "datum", "envoyé", "送信日時", "日時", "日付", "送信日"})
_SUBJECT = frozenset({"subject", "betreff", "objet", "件名", "題名"})


class LetterDraft(Draft):
    """A draft in which a paragraph that is the head of an earlier mail opens a section; of HTML bodies, too."""

    def head(self, text: str) -> None:
        """Adds the mail's own head."""
        super().paragraph(text)

    def paragraph(self, text: str) -> None:
        """Adds a paragraph, or the heading of an earlier mail and the rest of its head."""
        head = _read_head(text)
        if head is None:
            super().paragraph(text)
            return
        before, heading, rest = head
        super().paragraph(before)
        self.heading(heading, _LEVEL)
        super().paragraph(rest)


def add_plain(draft: Draft, text: str) -> None:
    """Adds the plain text of a mail."""
    _add(draft, clean_text(text)[0].split("\n"), MOST_EARLIER)


def _add(draft: Draft, lines: list[str], left: int) -> None:
    at, stop = _last_quotation(lines) if left else (len(lines), len(lines))
    quoted = [_QUOTED.sub("", line, count=1) for line in lines[at:stop]]
    first, lead = find_lead(lines[:at])
    if quoted and not lead:
        text = "\n".join(quoted).strip().split("\n")
        within = next((count for count in (1, 2) if is_lead(text[:count])), 0)  # some systems quote it, too
        lead, quoted = (text[:within], text[within:]) if within else ([], quoted)
    if lead or (quoted and _read_head("\n".join(quoted))):
        _add_said(draft, lines[:first])
        draft.heading(one_line(" ".join(lead)), _LEVEL)
        _add(draft, quoted, left - 1)
        _add_said(draft, lines[stop:])
    else:
        _add_said(draft, lines)


def find_lead(lines: list[str]) -> tuple[int, list[str]]:
    """Returns where the line that names the writer of what follows begins, and it; it may have been wrapped."""
    stop = len(lines)
    while stop and not lines[stop - 1].strip():
        stop -= 1
    for count in (1, 2, 3):
        if count <= stop and is_lead(lines[stop - count : stop]):
            return stop - count, lines[stop - count : stop]
    last = lines[stop - 1 : stop]
    ends_so = bool(last and _LEAD_END.search(last[0])) and len(last[0]) <= _MOST_LEAD_CHARS
    return (stop - 1, last) if ends_so and not _QUOTED.match(last[0]) else (len(lines), [])


def is_lead(lines: list[str]) -> bool:
    """Says whether lines name a writer and a time: they end in a colon."""
    named = " ".join(lines)
    return (
        len(named) <= _MOST_LEAD_CHARS
        and _LEAD_END.search(named) is not None
        and _MOMENT.search(named) is not None
        and all(line.strip() and not _QUOTED.match(line) for line in lines)
    )


def _last_quotation(lines: list[str]) -> tuple[int, int]:
    """Returns where the quoted lines begin and end after which the writer says nothing more, a signature aside."""
    stop = find_signature(lines)
    while stop and _BLANK.fullmatch(lines[stop - 1]) and not _QUOTED.match(lines[stop - 1]):
        stop -= 1
    at = stop
    while at and (
        _QUOTED.match(lines[at - 1])
        or (at > 1 and not lines[at - 1].strip() and _QUOTED.match(lines[at - 2]))
    ):
        at -= 1
    return at, stop


def find_signature(lines: list[str]) -> int:
    """Returns the line at which the signature begins, the number of lines where there is none."""
    last = max(0, len(lines) - _MOST_SIGNATURE_LINES)
    for at in range(last, len(lines)):
        below = next((line for line in lines[at + 1 :] if line.strip()), "")
        if _RULE.fullmatch(lines[at]) and not _FIELD.fullmatch(below.strip()):
            return at
    return len(lines)


def _add_said(draft: Draft, lines: list[str]) -> None:
    """Adds what stands between quotations; of several lines below a rule at the end the first is their heading."""
    at = find_signature(lines)
    for paragraph in re.split(r"\n[ \t\u3000]*\n", "\n".join(lines[:at])):
        draft.paragraph(paragraph)
    below = [line for line in lines[at:] if line.strip() and not _RULE.fullmatch(line)]
    if len(below) > 1:
        draft.heading(below[0], _LEVEL)
        below = below[1:]
    draft.paragraph("\n".join(below))


def _read_head(text: str) -> tuple[str, str, str] | None:
    """Returns what stands before the head of an earlier mail, who wrote it and when, and the rest of the head."""
    lines = text.strip().split("\n")
    found = [_FIELD.fullmatch(line.strip()) for line in lines]
    first = next((at for at, one in enumerate(found) if one and one["name"].lower() in _WRITER), len(lines))
    while 0 < first < len(lines) and found[first - 1]:
        first -= 1
    fields = [one for one in takewhile(bool, found[first:]) if one]
    is_announced = first < len(lines) and any(_BETWEEN.fullmatch(line.strip()) for line in lines[:first])
    if not is_announced and _SUBJECT.isdisjoint(field["name"].lower() for field in fields):
        return None  # "From: Oslo, To: Bergen" is a journey
    named = [field for field in fields if field["name"].lower() in _WRITER | _TIME]
    above = (
        line for line in lines[:first] if not _BETWEEN.fullmatch(line.strip()) and not _RULE.fullmatch(line)
    )
    before = "\n".join(above)
    rest = [field[0] for field in fields if field not in named] + lines[first + len(fields) :]
    return before, ", ".join(f"{field['name']}: {field['value']}" for field in named), "\n".join(rest)
