"""Titles: as a file gives them, or made of its name."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from corpus.patterns import pattern
from ingest.parsers.cleaning import clean_text, one_line

_MAX_TITLE_CHARS = 300
_NO_TITLE = pattern(
    r"(?:untitled(?:[- ]?\d+| (?:document|presentation|spreadsheet))?|no title|無題(?:の.{1,12})?|タイトルなし"
    r"|名称未設定|(?:power ?point )?(?:presentation|プレゼンテーション)|(?:slide|スライド|document|文書|book) ?\d{1,3}"
    r"|microsoft (?:word|powerpoint|excel) - .*|print|\(anonymous\))\Z",
    re.IGNORECASE,
)
"""What programs write where a title should stand."""
_IDENTIFIER = pattern(r"(?<=[^\s/]) [0-9a-f]{32}(?=(?:_all)?(?:\.[A-Za-z0-9]{1,8})?(?:/|\Z))")
"""What Notion puts behind the title of a page in the name of its file, and of the folder for what lies below it."""


def clean_title(text: str) -> str:
    """Returns the text as a title: clean, one line, at most 300 characters."""
    return one_line(clean_text(text)[0])[:_MAX_TITLE_CHARS].strip()


def given_title(text: str) -> str:
    """Returns the title that a program wrote into a file; "" where nobody thought of one (``Untitled``, ``文書 1``)."""
    title = clean_title(text)
    return "" if _NO_TITLE.match(title) or not any(map(str.isalnum, title)) else title


def readable_name(name: str) -> str:
    """Returns a file's name, or its path, without the identifiers of pages that an export put into it."""
    return _IDENTIFIER.sub("", name)


def title_from_name(name: str) -> str:
    """Returns a readable title from a file's name: ``travel-policy_v2.md`` gives ``travel policy v2``."""
    stem = readable_name(PurePosixPath(name.replace("\\", "/")).name)
    stem = stem[: stem.rindex(".")] if "." in stem.lstrip(".") else stem
    return clean_title(re.sub(r"[_\-\s]+", " ", stem)) or clean_title(name) or "untitled"
