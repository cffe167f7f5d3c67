"""Texts that PGP signed or sealed within themselves (RFC 9580, sections 6 and 7)."""

from __future__ import annotations

import re

from corpus.patterns import pattern

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"
_SEALED = "-----BEGIN PGP MESSAGE-----"
_HEADERS = pattern(r"[ \t]*\n(?:[A-Za-z-]+:[^\n]*\n)*[ \t]*\n")
_ESCAPED = pattern(r"^- (?=-|From )", re.MULTILINE)


def without_armour(text: str) -> str:
    """Returns a text with what was signed in it as its writer wrote it, and without the signatures, unchecked."""
    shown: list[str] = []
    while True:
        before, mark, rest = text.partition(_SIGNED)
        headers = _HEADERS.match(rest)
        signed, end, after = rest.partition(_SIGNATURE)
        if not (mark and headers and end):
            return "".join([*shown, text])
        shown += [before, _ESCAPED.sub("", signed[headers.end() :])]
        _, end, text = after.partition(_END)
        if not end:
            return "".join(shown)


def is_sealed(text: str) -> bool:
    """Says whether a text is nothing but a sealed message."""
    return text.lstrip().startswith(_SEALED)
