"""Texts that PGP signed or sealed within themselves (RFC 9580, sections 6 and 7)."""

from __future__ import annotations

import re

from corpus.patterns import pattern

_SEALED = "-----BEGIN PGP MESSAGE-----"
_SIGNED = pattern(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:[A-Za-z-]+:[^\n]*\n)*[ \t]*\n", re.MULTILINE
)
_SIGNATURE = pattern(
    r"^-----BEGIN PGP SIGNATURE-----[ \t]*\n(?:(?!-----)[^\n]*\n)*+-----END PGP SIGNATURE-----", re.MULTILINE
)
"""Whole, and at the margin: what is quoted before a comment, or was cut off, ends no text."""
_ESCAPED = pattern(r"^- (?=-|From )", re.MULTILINE)


def without_armour(text: str) -> str:
    """Returns a text with what was signed in it as its writer wrote it, and without the signatures, unchecked."""
    shown: list[str] = []
    at = 0
    while (begin := _SIGNED.search(text, at)) and (end := _SIGNATURE.search(text, begin.end())):
        shown += [text[at : begin.start()], _ESCAPED.sub("", text[begin.end() : end.start()])]
        at = end.end()
    return "".join([*shown, text[at:]])


def is_sealed(text: str) -> bool:
    """Says whether a text is nothing but a sealed message."""
    return text.lstrip().startswith(_SEALED)
