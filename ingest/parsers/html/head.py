"""What an HTML page says of itself in its head: title, date, author, description, keywords."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingest.parsers.cleaning import one_line
from ingest.parsers.dates import read_date

_DATE_NAMES = frozenset(
    {
        "date", "dcterms.date", "dc.date", "dcterms.modified", "dcterms.created",
        "article:published_time", "article:modified_time", "last-modified", "datepublished",
        "datemodified", "pubdate",
    }
)  # fmt: skip


@dataclass(slots=True)
class Head:
    """What was found, empty where nothing was."""

    title: str = ""
    date: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def read_head(root: Any) -> Head:
    """Returns what a page says of itself; of several dates the first that is one."""
    head = Head()
    title = next(root.iter("title"), None)
    if title is not None:
        head.title = one_line("".join(title.itertext()))
    for meta in root.iter("meta"):
        key = (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower()
        content = meta.get("content") or ""
        if key in _DATE_NAMES and head.date is None:
            head.date = read_date(content)
        elif key in ("author", "description", "keywords") and content:
            head.metadata[key] = content
    return head
