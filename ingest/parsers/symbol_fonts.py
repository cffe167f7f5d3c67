"""Characters that exist only in a font: Word and PowerPoint keep them by their place in Symbol or Wingdings.

``µ``, ``≥`` and ``Ω`` of older documents are such, as is the arrow that both make of ``-->``. Their places are those of
the tables that Unicode publishes for Adobe's Symbol encoding and for Wingdings.
"""

from __future__ import annotations

_PRIVATE = 0xF000
_SYMBOL = {
    **dict(zip(map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    **dict(zip(map(ord, "abcdefghijklmnopqrstuvwxyz"), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
    **dict(zip(map(ord, "\"$'*-@\\^~"), "∀∃∋∗−≅∴⊥∼", strict=True)),
    **dict(zip(range(0xA1, 0xBD), "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…", strict=True)),
    **dict(zip(range(0xC4, 0xE0), "⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓", strict=True)),
    0xE5: "∑",
    0xF2: "∫",
}
_WINGDINGS = {
    0x28: "☎", 0x2A: "✉", 0x46: "☞", 0x4A: "☺", 0x4C: "☹", 0x6C: "●", 0x6E: "■", 0x6F: "□", 0x71: "❑", 0x72: "❒",
    0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x9F: "•", 0xA1: "○", 0xA7: "▪", 0xA8: "◻", 0xD8: "➢", 0xDF: "←", 0xE0: "→",
    0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒",
    0xFE: "☑",
}  # fmt: skip


def show_symbol(place: int, font: str) -> str:
    """Returns the character at a place of a font, with or without the offset of private characters.

    "" where the font is another one, or has no such character.
    """
    place -= _PRIVATE if place >= _PRIVATE else 0
    if font == "Symbol":
        return _SYMBOL.get(place, chr(place) if 0x20 <= place < 0x7F else "")
    return _WINGDINGS.get(place, "") if font == "Wingdings" else ""


def show_symbols(text: str, font: str) -> str:
    """Returns a run's text with its private characters shown; as it is where the font is another one."""
    if font not in ("Symbol", "Wingdings"):
        return text
    return "".join(
        show_symbol(ord(one), font) or one if _PRIVATE <= ord(one) <= _PRIVATE + 0xFF else one for one in text
    )
