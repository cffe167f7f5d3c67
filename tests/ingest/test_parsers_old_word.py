"""Word documents of the format of Word 97 to 2003: the same structure as those of today's."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import ParseError
from ingest.parsers import parse
from ingest.parsers.detection import DOC
from tests.ingest.blocks import kinds
from tests.ingest.endings import EXPECTED, ending
from tests.ingest.old_word import old_word, sprm

PLAIN = b""
ITEM, INNER = sprm(0x460B, 1, 2), sprm(0x460B, 1, 2) + sprm(0x260A, 1)
CELL, ROW = sprm(0x2416, 1), sprm(0x2416, 1) + sprm(0x2417, 1)
NUMBERED = [(0, "\x00."), (0, "\x00.\x01")]


def test_headings_lists_and_tables_are_told_apart() -> None:
    data = old_word(
        [
            ("休暇規程\r", 10, PLAIN),
            ("Who\r", 1, ITEM),
            ("Staff\r", 2, INNER),
            ("Staff get 25 days.\x0bInterns ten.\r", 0, PLAIN),
            ("Ask\r", 0, ITEM),
            ("Year\x07", 0, CELL),
            ("Days\x07", 0, CELL),
            ("\x07", 0, ROW),
            ("2026\x07", 0, CELL),
            ("twenty-\r", 0, CELL),
            ("five\x07", 0, CELL),
            ("\x07", 0, ROW),
            ("Next page\x0c", 0, PLAIN),
            ("Outline\r", 0, sprm(0x2640, 2)),
        ],
        levels=NUMBERED,
    )
    document = parse(data, "leave.doc")
    assert kinds(document) == [
        ("heading", 1, "休暇規程"),
        ("heading", 1, "1. Who"),
        ("heading", 2, "1.1 Staff"),
        ("paragraph", 0, "Staff get 25 days.\nInterns ten."),
        ("list", 0, "2. Ask"),
        ("table", 0, "Year | Days\n2026 | twenty- five"),
        ("paragraph", 0, "Next page"),
        ("heading", 3, "Outline"),
    ]
    assert (document.content_type, document.title, len(document.pages)) == (DOC, "休暇規程", 2)


@pytest.mark.parametrize("eight_bit", [True, False])
def test_hidden_and_deleted_runs_are_left_out_and_counted(eight_bit: bool) -> None:
    text = "Leave is 20 25 days, said Mia.\r"
    hidden = [(9, 12, sprm(0x0800, 1)), (19, 29, sprm(0x083C, 1))]
    document = parse(old_word([(text, 0, PLAIN)], runs=hidden, eight_bit=eight_bit), "leave.doc")
    assert document.text == "Leave is 25 days."
    assert [(note.code, note.message[:2]) for note in document.notes] == [("hidden_text", "13")]


def test_what_a_style_hides_is_left_out_and_files_within_are_named() -> None:
    lines = [("Leave is 25 days (ask Mia).\r", 0, PLAIN), ("Not decided.\r", 11, PLAIN)]
    styled = [(16, 26, sprm(0x4A30, 12, 2))]
    within = {"ObjectPool": {"_1": {"Workbook": b"x", "\x01CompObj": b"x"}, "_2": {"Equation Native": b"x"}}}
    document = parse(old_word(lines, runs=styled, within=within), "leave.doc")
    assert document.text == "Leave is 25 days."
    assert [(note.code, "(1)" in note.message) for note in document.notes] == [
        ("attachment_unread", True),
        ("hidden_text", False),
    ]


def test_fields_show_what_they_show_and_notes_their_numbers() -> None:
    link = '\x13 HYPERLINK "http://a.example" \x14the list\x15'
    ruby = "\x13 EQ \\o\\ad(\\s\\up 9(とうきょう),東京)\x15"
    document = parse(
        old_word([(f"See {link}\x02 in {ruby}.\x02\r", 0, PLAIN)], notes=["Of 2026.", "Only there."]), "a.doc"
    )
    assert document.text == "See the list[1] in 東京.[2]\n\nFootnotes\n\n[1] Of 2026.\n[2] Only there."


def test_a_file_that_is_locked_too_old_or_damaged_is_named() -> None:
    def code(data: bytes) -> str:
        with pytest.raises(ParseError) as caught:
            parse(data, "a.doc")
        return caught.value.code

    words = [("Hello there.\r", 0, PLAIN)]
    assert code(old_word(words, flags=0x0300)) == "encrypted"
    assert code(old_word(words, version=0x0065)) == "unsupported"
    assert code(old_word(words, flags=0)) == "damaged_file"
    assert code(old_word([("\x01\r", 0, PLAIN)])) == "no_text"


@pytest.mark.parametrize(("page", "codec"), [(65001, "utf-8"), (932, "cp932"), (1252, "cp1252")])
def test_the_title_that_a_file_gives_itself_is_in_the_encoding_that_it_names(page: int, codec: str) -> None:
    title = "Für alle" if page == 1252 else "休暇規程"
    raw = title.encode(codec) + b"\0"
    values = (
        struct.pack("<HxxHxx", 2, page) + struct.pack("<HxxI", 30, len(raw)) + raw.ljust(len(raw) + 3, b"\0")
    )
    said = struct.pack("<II4I", 24 + len(values), 2, 1, 24, 2, 32) + values
    told = struct.pack("<HHIxxxxxxxxxxxxxxxxI16xI", 0xFFFE, 0, 0, 1, 48) + said
    data = old_word([("25 days.\r", 0, PLAIN)], within={"\x05SummaryInformation": told})
    assert parse(data, "a.doc").title == title


@given(st.integers(0, 2**32))
def test_no_damage_leads_out_of_the_errors(seed: int) -> None:
    whole = old_word(
        [("Who\r", 1, ITEM), ("Note\x02 \x13 EQ x\x15\r", 0, PLAIN), ("a\x07", 0, CELL), ("\x07", 0, ROW)],
        notes=["Of 2026."],
        runs=[(1, 2, sprm(0x083C, 1))],
        levels=NUMBERED,
    )
    pick = random.Random(seed)
    data = bytearray(whole)
    for _ in range(pick.randrange(1, 12)):
        data[pick.randrange(512, len(data))] = pick.randrange(256)
    assert ending(bytes(data), "a.doc") in EXPECTED


def test_other_kinds_under_that_name_are_read_as_what_they_are() -> None:
    document = parse(b"<html><body><h1>Leave</h1><p>25 days</p></body></html>", "leave.doc")
    assert [note.code for note in document.notes] == ["type_mismatch"]
    assert document.text == "Leave\n\n25 days"
