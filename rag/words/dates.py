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


def document_date(head: str, title: str, source: str) -> str:
    """Returns a document's own date: the first that its beginning calls one ("effective", 施行日), else the year in its
    title or in its name or nearest folder, of an era too; else "".
    """
    dates = [one for one in figures(head) if one.kind == "date" and re.match(r"\d{4}-\d\d", one.value)]
    for one in dates:
        if _DATED.search(head[max(0, one.start - 60) : one.start]):
            return one.value.split("|")[0]
    said = years(dated_part(source)) + years(spaced_out(title))
    return str(max(said)) if said else ""
