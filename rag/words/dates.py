"""A document's own date, by its beginning, its title and its name."""

from __future__ import annotations

import re

from rag.words.editions import dated_part, spaced_out, years
from rag.words.figures import figures

HEAD_CHARS = 2000
"""How much of a document's beginning is searched for its date, in code points."""
_DATED = re.compile(
    r"(?:effective|in force|valid|applies|issued|published|dated|date|updated|revised)\b[^\n]{0,30}\Z"
    r"|(?:施行日?|適用開始日?|適用日|制定日?|改定日?|改訂日?|発行日?|作成日?|更新日?|公開日?)[^\n]{0,12}\Z",
    re.IGNORECASE,
)


_DATED_BEHIND = re.compile(
    r"[ \u3000]?(?:から|より)?(?:施行|適用|制定|発行|(?P<anew>改[定訂]))(?!により|に伴|に従|され|前|後)"
)
_FIRST_ISSUED = re.compile(
    r"(?:issued|published|制定日?|発行日?|作成日?|公開日?)[^\n]{0,30}\Z", re.IGNORECASE
)
_REVISED = re.compile(r"(?:revised\b|updated\b|(?<!次回)(?:改[定訂]|更新)日?)[^\n]{0,12}\Z", re.IGNORECASE)


def document_date(head: str, title: str, source: str) -> str:
    """Returns a document's own date: the first that its beginning calls one ("effective", 施行日, 2026年4月1日施行), or
    the last of its revisions where that first one is of its first issue; else the year in its title or in its name
    or nearest folder, of an era too; else "".
    """
    dates = [one for one in figures(head) if one.kind == "date" and re.match(r"\d{4}-\d\d", one.value)]
    before = {one: head[max(0, one.start - 60) : one.start] for one in dates}
    if called := [one for one in dates if _DATED.search(before[one])]:
        anew = [one for one in called if _REVISED.search(before[one])]
        first = _FIRST_ISSUED.search(before[called[0]]) is not None
    else:
        behind = {one: _DATED_BEHIND.match(head, one.end) for one in dates}
        called = [one for one, match in behind.items() if match]
        anew = [one for one, match in behind.items() if match and match["anew"]]
        first = True
    if called:
        return max(str(one.value).partition("|")[0] for one in (called[0], *(anew if first else ())))
    said = years(dated_part(source)) + years(spaced_out(title))
    return str(max(said)) if said else ""
