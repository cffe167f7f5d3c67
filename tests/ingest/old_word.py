"""Word documents of the old format as tests need them: the parts of [MS-DOC] that say something, and no more."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tests.ingest.packing import Tree, compound

_TEXT_AT = 0x400
_PAGE = 512


def sprm(code: int, operand: int, size: int = 1) -> bytes:
    return struct.pack("<H", code) + operand.to_bytes(size, "little")


def old_word(
    paragraphs: Sequence[tuple[str, int, bytes]],
    *,
    notes: Sequence[str] = (),
    runs: Sequence[tuple[int, int, bytes]] = (),
    levels: Sequence[tuple[int, str]] = (),
    eight_bit: bool = False,
    flags: int = 0x0200,
    version: int = 0x00C1,
    within: Tree | None = None,
) -> bytes:
    """An OLE file of the old format.

    Args:
        paragraphs: text with the mark at its end, number of the style (1 to 9 are headings), properties.
        notes: footnotes, of which the text has a ``\\x02`` each.
        runs: places from and to, with properties of characters.
        levels: of the one list: format and text of each.
        eight_bit: whether characters take one byte.
        flags: of the file's head.
        version: of the format.
        within: what else the file holds.
    """
    main_text = "".join(text for text, _, _ in paragraphs)
    bodies = [f"\x02{note}\r" for note in notes]
    text = main_text + "".join(bodies)
    raw = text.encode("cp1252" if eight_bit else "utf-16-le")
    width = 1 if eight_bit else 2
    places = [0]
    for own in [*(one for one, _, _ in paragraphs), *bodies]:
        places.append(places[-1] + len(own))
    assert len(raw) <= 2 * _PAGE
    held = [struct.pack("<H", style) + own for _, style, own in paragraphs] + [b"\0\0"] * len(bodies)
    main = bytearray(_TEXT_AT) + raw.ljust(2 * _PAGE, b"\0")
    main += _paragraph_page([_TEXT_AT + width * place for place in places], held)
    shown = [(_TEXT_AT + width * first, _TEXT_AT + width * last, own) for first, last, own in runs]
    main += _run_page(shown, _TEXT_AT + len(raw))
    table = bytearray(b"\0" * 4)
    lies_at = 0x40000000 | _TEXT_AT * 2 if eight_bit else _TEXT_AT
    parts = {
        33: b"\x02" + struct.pack("<IIIHIH", 16, 0, len(text), 0, lies_at, 0),
        13: struct.pack("<III", _TEXT_AT, _TEXT_AT + len(raw), 4),
        12: struct.pack("<III", _TEXT_AT, _TEXT_AT + len(raw), 5),
        1: _style_sheet(),
        2: _listed([at for at, one in enumerate(main_text) if one == "\x02"], len(main_text), 2),
        3: _listed(
            [place - len(main_text) for place in places[len(paragraphs) : -1]], len(text) - len(main_text), 0
        ),
        74: struct.pack("<I", 1) + struct.pack("<i8xBxxx", 7, 0) + b"\xff" * 4,
    }
    struct.pack_into("<HH", main, 0, 0xA5EC, version)
    struct.pack_into("<H", main, 10, flags)
    struct.pack_into("<2i", main, 0x4C, len(main_text), len(text) - len(main_text))
    for index, part in parts.items():
        struct.pack_into("<II", main, 0x9A + 8 * index, len(table), len(part))
        table += part
    lists = _list(levels)
    struct.pack_into("<II", main, 0x9A + 8 * 73, len(table), 30)
    return compound({"WordDocument": bytes(main), "1Table": bytes(table + lists), **(within or {})})


def _paragraph_page(places: Sequence[int], held: Sequence[bytes]) -> bytes:
    page = bytearray(_PAGE)
    struct.pack_into(f"<{len(places)}I", page, 0, *places)
    at = _PAGE - 2
    for index, own in enumerate(held):
        padded = own + b"\0" * (len(own) % 2)
        at -= len(padded) + 2
        page[at : at + 2 + len(padded)] = bytes([0, len(padded) // 2]) + padded
        page[4 * len(places) + 13 * index] = at // 2
    page[-1] = len(held)
    return bytes(page)


def _run_page(runs: Sequence[tuple[int, int, bytes]], end: int) -> bytes:
    page = bytearray(_PAGE)
    places = [place for first, last, _ in runs for place in (first, last)] + [end]
    struct.pack_into(f"<{len(places)}I", page, 0, *places)
    at = _PAGE - 2
    for index, (_, _, own) in enumerate(runs):
        at -= 1 + len(own) + (1 + len(own)) % 2
        page[at : at + 1 + len(own)] = bytes([len(own)]) + own
        page[4 * len(places) + 2 * index] = at // 2
    page[-1] = len(places) - 1
    return bytes(page)


def _listed(places: Sequence[int], end: int, size: int) -> bytes:
    return struct.pack(f"<{len(places) + 1}I", *places, end) + b"\0" * size * len(places) if places else b""


def _style_sheet() -> bytes:
    """Styles 0 to 9 (Normal and the headings), of their own kinds, 10: the title; 11, of paragraphs, and 12, of
    characters, hide what is set in them.
    """
    hiding = sprm(0x083C, 1)
    held = struct.pack("<H", len(hiding)) + hiding + b"\0"
    styles = [(kind, 1, 0, b"") for kind in (*range(10), 62)]
    styles += [(0x0FFE, 1, 2, struct.pack("<HH", 2, 11) + held), (0x0FFE, 2, 1, held)]
    sheet = struct.pack("<HHH", 4, len(styles), 10)
    for kind, applies, count, parts in styles:
        style = struct.pack("<5H", kind, 0xFFF0 | applies, count, 0, 0) + struct.pack("<H", 1)
        style += "x\0".encode("utf-16-le") + parts
        sheet += struct.pack("<H", len(style)) + style
    return sheet


def _list(levels: Sequence[tuple[int, str]]) -> bytes:
    shown = struct.pack("<H", 1) + struct.pack("<i22xBx", 7, 0)
    for depth in range(9):
        form, text = levels[depth] if depth < len(levels) else (255, "")
        shown += struct.pack("<iB23x", 1, form) + struct.pack("<H", len(text)) + text.encode("utf-16-le")
    return shown
