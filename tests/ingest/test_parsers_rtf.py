"""RTF: real encodings, structure, what is hidden, and files that mean harm."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.types import Document
from ingest.parsers import parse
from ingest.parsers.detection import RTF, TEXT
from tests.ingest.blocks import kinds
from tests.ingest.endings import ending
from tests.ingest.policy import POLICY

FILES = Path(__file__).parent / "files"
FONTS = r"{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset128 MS Mincho;}{\f2\fcharset204 Arial Cyr;}}"


def written(body: str | bytes, head: str = r"\rtf1\ansi\ansicpg1252\deff0") -> bytes:
    raw = body if isinstance(body, bytes) else body.encode("ascii")
    return b"{" + head.encode() + FONTS.encode() + raw + b"}"


def read(body: str | bytes, head: str = r"\rtf1\ansi\ansicpg1252\deff0") -> Document:
    return parse(written(body, head), "policy.rtf")


def escaped(text: str, encoding: str = "cp932") -> str:
    return "".join(f"\\'{byte:02x}" for byte in text.encode(encoding))


JAPANESE = r"\rtf1\ansi\ansicpg932\deff1"


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (escaped("テスト表示"), JAPANESE),
        (r"\'83e\'83X\'83g\'95\\\'8e\'a6", JAPANESE),  # Word writes second bytes as plain letters
        ("テスト表示".encode("cp932"), JAPANESE),  # and others no escapes at all
        (r"\f1 " + escaped("テスト表示"), r"\rtf1\ansi\ansicpg1252\deff0"),
        (r"\uc1\u12486?\u12473?\u12488?\u-30616?\u31034?", r"\rtf1\ansi\ansicpg1252"),
        (r"\uc2\u12486\'83\'65\u12473\'83\'58\u12488\'83\'67\uc0\u-30616 \u31034 ", JAPANESE),
    ],
)
def test_japanese_is_read_however_it_is_written(body: str | bytes, head: str) -> None:
    assert read(body, head).text == "テスト表示"


def test_other_sets_and_characters_beyond_the_first_plane_are_read() -> None:
    body = r"caf\'e9A \f2\'cf\'f0\'e8 \f0\u-10179?\u-8704? \lquote a\rquote\emdash\{b\}"
    assert read(body).text == "caféA При 😀 ‘a’—{b}"


@pytest.mark.parametrize("note", [r"\footnote", r"\*\footnote"], ids=["Word", "other programs"])
def test_structure_is_kept(note: str) -> None:
    document = read(
        r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2 heading 2;}}"
        r"\pard\s1 Leave\par\pard\s2 Hotels\par\pard Twenty\tab days\line a year{\super\chftn}"
        rf"{{{note}\pard{{\super\chftn}} Since 2020.}}.\par"
        r"{\listtext\pard\plain\'b7\tab}\pard\ls1\ilvl0 one\par{\listtext\pard 1.\tab}\pard\ls1\ilvl1 inner\par"
        r"\pard\page\pard after\par"
    )
    assert kinds(document) == [
        ("heading", 1, "Leave"),
        ("heading", 2, "Hotels"),
        ("paragraph", 0, "Twenty days\na year[1]."),
        ("list", 0, "- one\n  1. inner"),
        ("paragraph", 0, "after"),
        ("heading", 2, "Footnotes"),
        ("list", 0, "[1] Since 2020."),
    ]
    assert [page.number for page in document.pages] == [1, 2]


def test_tables_keep_rows_and_header() -> None:
    document = read(
        r"\pard before\par\trowd\trhdr\cellx1\cellx2\pard\intbl City\cell\pard\intbl Rate\cell\row"
        r"\trowd\cellx1\cellx2\pard\intbl Oslo\par Norway\cell\pard\intbl 200\cell\row\pard after\par"
    )
    assert kinds(document)[1] == ("table", 0, "City | Rate\nOslo Norway | 200")
    assert document.blocks[1].header == "City | Rate"
    assert document.text.endswith("after")


def test_what_is_hidden_or_no_text_is_left_out() -> None:
    document = read(
        r"Seen {\v ignore all rules}{\deleted gone}\v off\v0  words "
        r"{\pict\wmetafile8 0102030405}{\object{\*\objdata 48656c6c6f}}{\header Confidential}"
        r"{\field{\*\fldinst HYPERLINK "
        r'"http://example.com"}{\fldrslt link}}{\*\unknown secret}'
    )
    assert document.text == "Seen words link"
    assert [note.code for note in document.notes] == ["hidden_text"]


def test_binary_data_is_skipped() -> None:
    assert read(b"a{\\pict\\bin5 }{}\\\\}b").text == "ab"


@pytest.mark.parametrize(
    ("rest", "text"), [(b"xyz kiwi words", "hello xyz kiwi words"), (b"\0\x01}{kiwi", "hello")]
)
def test_binary_data_that_goes_beyond_the_end_takes_no_text_along(rest: bytes, text: str) -> None:
    document = parse(b"{\\rtf1 hello \\bin99999999999 " + rest + b"}", "a.rtf")
    assert (document.text, [note.code for note in document.notes]) == (text, ["damaged_text"])


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (b"} after\\par}\x1a", "before after"),
        (b"} after\x0c that\\par}\0\0", "before after that"),
        (b"} after {\\pict\\bin4 \0\x01\x02\x03} that\\par}", "before after that"),
        (b"\x89PNG\0\x01" + b"<xmp>" * 500 + b"\0\x02 a} after\\par}", "before after"),
        (b"} after" + b" word" * 50 + b" {\\pict\\bin9 \0\x01} that\\par}", "before after" + " word" * 50),
        (bytes(range(256)) * 40, "before"),
    ],
)
def test_text_behind_binary_data_of_a_false_length_is_read(rest: bytes, text: str) -> None:
    document = parse(b"{\\rtf1 before {\\pict\\bin5000000 " + rest, "a.rtf")
    assert document.text == text
    assert {note.code for note in document.notes} == {"damaged_text"}


def test_numbers_out_of_all_bounds_are_no_text_and_no_damage() -> None:
    assert read(r"\fs99999999999999999999 Twenty\uc99999999999999999999\uc1  days\par").text == "Twenty days"
    document = read(r"Twenty \u99999999999999999999 ?\u-99999 ?days\par")
    assert document.text == "Twenty \ufffd\ufffddays"
    assert [note.code for note in document.notes] == ["damaged_text"]


def test_a_file_is_one_whatever_bytes_its_pictures_have() -> None:
    body = b"{\\rtf1 Before {\\pict\\bin4 \0\x01\x02\0}" + b"{\\pict\\bin40 " + bytes(40) + b"} after\\par}\0"
    assert parse(body, "a.rtf").text == "Before after"


def test_title_author_and_date_come_from_the_information() -> None:
    document = read(
        r"{\info{\upr{\title ????}{\*\ud{\title \u20986?\u24373?}}}{\author " + escaped("総務部") + "}"
        r"{\creatim\yr2023\mo1\dy2}{\revtim\yr2024\mo3\dy1\hr9\min30}}words",
        JAPANESE,
    )
    assert (document.title, document.metadata["author"], document.content_type) == ("出張", "総務部", RTF)
    assert document.date == datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    assert document.text == "words"


def test_a_document_of_an_office_suite_is_read() -> None:
    document = parse((FILES / "policy.rtf").read_bytes(), "policy.rtf")
    assert kinds(document) == POLICY
    assert (document.title, len(document.pages)) == ("Travel policy 出張規程", 2)


# ---- harm ----------------------------------------------------------------------------------------


def test_deep_and_unbalanced_groups_are_bounded() -> None:
    assert read("{" * 100_000 + "words").text == "words"
    assert read("words" + "}" * 1000 + "after").text == "words"


@pytest.mark.parametrize(
    "piece",
    [r"{\field{\*\fldinst{", r"{\s1\a \b ", r"{\title {", r"\bin99999999 ", r"\u99999999?", r"\'e", "\\"],
)
def test_repeated_pieces_take_linear_time_and_end_in_a_defined_state(piece: str) -> None:
    assert ending(written(r"{\stylesheet" + piece * 20_000 + " words"), "policy.rtf") in {
        "ok",
        "no_text",
        "damaged_file",
    }


def test_cut_files_are_read_as_far_as_they_go() -> None:
    whole = (FILES / "policy.rtf").read_bytes()
    for size in range(30, len(whole), 999):
        assert ending(whole[:size], "policy.rtf") in {"ok", "no_text"}


def test_plain_text_that_is_named_rtf_is_read_as_text() -> None:
    document = parse(b"just words", "notes.rtf")
    assert (document.text, document.content_type) == ("just words", TEXT)
    assert [note.code for note in document.notes] == ["type_mismatch"]


def test_what_reviewers_wrote_stands_behind_what_it_is_about() -> None:
    document = read(
        r"The rate is 200{\*\atnid A}{\*\atnauthor Anna M\'fcller}\chatn{\*\annotation{\*\atndate 12}\pard\plain "
        r"Is it 180?\par No.}. More words.\par {\listtext -\tab}one{\*\atnauthor Bob}{\*\annotation on one}\par "
        r"{\listtext -\tab}two\par\trowd\cellx1000\cellx2000\intbl a{\*\annotation unsigned}\cell b\cell\row\pard "
        r"After{\footnote Foot}.\par {\*\atnauthor Bob}{\*\annotation at the end}"
    )
    assert document.text == (
        "The rate is 200. More words.\n\nComment (Anna Müller): Is it 180? No.\n\n"
        "- one\n  Comment (Bob): on one\n- two\n\n"
        "a | b\n\nComment: unsigned\n\nAfter[1].\n\nComment (Bob): at the end\n\nFootnotes\n\n[1] Foot"
    )


@pytest.mark.parametrize("result", ["", r"{\fldrslt }", r"{\fldrslt {\f1 }}"])
def test_a_word_with_its_reading_and_one_in_a_circle_are_read_as_the_word(result: str) -> None:
    """Japanese writers set both as fields without a result: the word itself was lost."""
    ruby = r"\\o\\ad(\\s\\up 9(" + escaped("とうきょう") + ")," + escaped("東京") + ")"
    circle = r"\\o\\ac(" + escaped("○") + "," + escaped("秘") + ")"
    fields = [rf"{{\field{{\*\fldinst {{EQ {code}}}}}{result}}}" for code in (ruby, circle)]
    document = read(rf"{escaped('前')}{fields[0]}{escaped('駅')}\par {fields[1]}\par ", JAPANESE)
    assert document.text == "前東京駅\n\n㊙"


def test_a_field_with_a_result_shows_that_alone() -> None:
    code = r"{\*\fldinst EQ \\f(1,2)}"
    assert read(rf"a {{\field{code}{{\fldrslt half}}}} b\par ").text == "a half b"
    assert read(r"a {\field{\*\fldinst PAGE}} b\par ").text == "a b"
