"""Which paragraphs of a Word document are code: Word has no such kind, so writers use a style or a font."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.word.styles import Style, W, latin_font, value

_CODE_STYLE = pattern(
    r"(?:source |program )?code(?: ?(?:block|text|snippet|listing|sample|example|line))?(?: ?\d+)?$"
    r"|html preformatted|html 書式付き|preformatted|verbatim|listing$|macro text|(?:ソース)?コード$",
    re.IGNORECASE,
)
_MONOSPACED = pattern(
    r"courier|consol|menlo|monaco|\bmono\b|\w mono|source code|fira code|cascadia|inconsolata|typewriter|terminal",
    re.IGNORECASE,
)
_SENTENCE_END = pattern(r"[.!?。！？][\"'”’)）」』]*$")


def is_typewritten(styles: Mapping[str, Style]) -> bool:
    """Says whether the whole document is in a font of letters of one width, which then says nothing."""
    return any(style.is_default and _MONOSPACED.search(style.font) for style in styles.values())


def is_code_style(style: Style | None) -> bool:
    """Says whether a style is one for code, by its name."""
    return style is not None and _CODE_STYLE.match(style.name) is not None


def is_set_as_code(
    paragraph: Any, style: Style | None, styles: Mapping[str, Style], *, goes_on: bool
) -> bool:
    """Says whether all text of a paragraph is in a font of letters of one width.

    A sentence set in such a font is no code, unless it ``goes_on`` from some, as what a program printed does.
    """
    texts = [text for text in paragraph.iter(W + "t") if (text.text or "").strip()]
    if not texts or not all(_MONOSPACED.search(_font(text, style, styles)) for text in texts):
        return False
    return goes_on or not _SENTENCE_END.search("".join(text.text or "" for text in texts).rstrip())


def _font(text: Any, style: Style | None, styles: Mapping[str, Style]) -> str:
    properties = text.getparent().find(W + "rPr")
    own = latin_font(properties)
    named = styles.get(value(None if properties is None else properties.find(W + "rStyle")))
    return own or (named.font if named is not None else "") or (style.font if style is not None else "")
