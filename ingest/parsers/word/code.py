"""Which paragraphs of a Word document are code: Word has no such kind, so writers use a style or a font."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from corpus.language import UNSPACED
from corpus.patterns import pattern
from ingest.parsers.word.styles import Style, W, latin_font, value

_CODE_STYLE = pattern(
    r"(?:source |program )?code(?: ?(?:block|text|snippet|listing|sample|example|line))?(?: ?\d+)?$"
    r"|html preformatted|html 書式付き|preformatted|verbatim|macro text|(?:ソース)?コード$",
    re.IGNORECASE,
)
_MONOSPACED = pattern(
    r"courier|consol|menlo|monaco|\bmono\b|\w mono|source code|fira code|cascadia|inconsolata|typewriter|terminal",
    re.IGNORECASE,
)
_UNSPACED = pattern(f"[{UNSPACED}]")
_SIGN = pattern(r"^[ \t]|[=(){}\[\];<>$|\\_#*]|:$|--")
_SENTENCE_END = pattern(r"[.!?。！？][\"'”’)）」』]*$")


def is_code_style(style: Style | None) -> bool:
    """Says whether a style is one for code, by its name."""
    return style is not None and _CODE_STYLE.match(style.name) is not None


def is_set_as_code(
    paragraph: Any, style: Style | None, styles: Mapping[str, Style], *, goes_on: bool
) -> bool:
    """Says whether all text of a paragraph is in a font of letters of one width.

    A sentence set in such a font is no code, nor is Japanese or the like, for which the font of Latin letters says
    nothing; unless it ``goes_on`` from some: what a program printed, a comment.
    """
    text = _text_in_one_width(paragraph, style, styles)
    return bool(text) and (
        goes_on or not (_SENTENCE_END.search(text) or 2 * len(_UNSPACED.findall(text)) > len(text))
    )


def is_typewritten(body: Any, styles: Mapping[str, Style]) -> bool:
    """Says whether prose is in a font of letters of one width, which then tells no code: where that is the document's
    own font, or most of its text is set in it and most of that has no sign of code.
    """
    if any(style.is_default and _MONOSPACED.search(style.font) for style in styles.values()):
        return True
    all_chars = chars = paragraphs = signs = 0
    for paragraph in body.iter(W + "p"):
        style = styles.get(value(paragraph.find(f"{W}pPr/{W}pStyle")))
        text = _text_in_one_width(paragraph, style, styles)
        all_chars += sum(len(one.text or "") for one in paragraph.iter(W + "t"))
        chars += len(text)
        paragraphs += bool(text)
        signs += _SIGN.search(text) is not None
    return 2 * chars > all_chars and 2 * signs < paragraphs


def _text_in_one_width(paragraph: Any, style: Style | None, styles: Mapping[str, Style]) -> str:
    """Returns a paragraph's text, "" unless all of it is in a font of letters of one width."""
    texts = [text for text in paragraph.iter(W + "t") if (text.text or "").strip()]
    if not all(_MONOSPACED.search(_font(text, style, styles)) for text in texts):
        return ""
    return "".join(text.text or "" for text in texts).rstrip()


def _font(text: Any, style: Style | None, styles: Mapping[str, Style]) -> str:
    properties = text.getparent().find(W + "rPr")
    own = latin_font(properties)
    named = styles.get(value(None if properties is None else properties.find(W + "rStyle")))
    return own or (named.font if named is not None else "") or (style.font if style is not None else "")
