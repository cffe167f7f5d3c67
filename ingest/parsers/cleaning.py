"""Text without what nobody sees: the same cleaning for every format.

Removed or replaced are control characters, zero-width, bidirectional and tag characters, soft hyphens, private-use
characters, typographic spaces, ligatures and the look-alike radicals that PDF fonts give for Japanese characters.
Text is composed (NFC) but not folded (no NFKC): ``①``, ``㈱`` and full-width letters stay as written.
"""

from __future__ import annotations

import unicodedata

from corpus.patterns import pattern

_DELETED = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Fillers that fonts, word processors and emoji leave behind; everything else deleted was put there to hide.
_HARMLESS = pattern("[\u00ad\u034f\u200b\u200e\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_ODD = pattern(
    f"[{_DELETED}\x00-\x08\x0b-\x1f\x7f-\x9f\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f"
    "\u2e80-\u2fdf\ud800-\udfff\ue000-\uf8ff\ufb00-\ufb06\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_HIDDEN = pattern(f"[{_DELETED}]")
_LOOSE_JOINER = pattern("(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])")
_CONTROL = pattern("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_NEWLINE = pattern("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACE = pattern("[\x1f\u00a0\u1680\u2000-\u200a\u202f\u205f]")
SYMBOL_BULLET = pattern("[\uf0a7\uf0b7\uf06c\uf06e\uf075\uf076\uf0d8\uf0fc\uf0e0]")
_PRIVATE = pattern("[\ue000-\uf8ff\U000f0000-\U0010ffff]+")
_COMPATIBILITY = pattern("[\u2e80-\u2fdf\ufb00-\ufb06]")
_SURROGATE = pattern("[\ud800-\udfff]")
_RADICALS = {
    "⺠": "民",
    "⻑": "長",
    "⻄": "西",
    "⻘": "青",
    "⻝": "食",
    "⻤": "鬼",
    "⻨": "麦",
    "⻩": "黄",
    "⻫": "斉",
}


def clean_text(text: str) -> tuple[str, int]:
    """Returns the text without invisible and broken characters, and how many were hidden on purpose.

    Line ends become ``\\n``. Lone surrogates become U+FFFD. Zero-width joiners stay between non-ASCII
    characters, where scripts and emoji need them. Soft hyphens, byte-order marks and variation selectors
    are removed without being counted: ordinary software writes them.
    """
    hidden = 0
    if _ODD.search(text):
        text = _NEWLINE.sub("\n", text)
        text = _SPACE.sub(" ", text)
        text = _LOOSE_JOINER.sub("", text)
        found = _HIDDEN.findall(text)
        if found:
            hidden = sum(1 for character in found if not _HARMLESS.match(character))
            text = _HIDDEN.sub("", text)
        text = _CONTROL.sub("", text)
        text = SYMBOL_BULLET.sub("•", text)
        text = _PRIVATE.sub(" ", text)
        text = _SURROGATE.sub("\ufffd", text)
        text = _COMPATIBILITY.sub(lambda m: _RADICALS.get(m[0]) or unicodedata.normalize("NFKC", m[0]), text)
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return text, hidden


def one_line(text: str) -> str:
    """Returns the text with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())
