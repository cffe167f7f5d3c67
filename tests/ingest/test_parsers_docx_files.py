"""Word files as a whole: any content, archives that mean harm, damage."""

from __future__ import annotations

import docx
import docx.shared
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import LimitError, ParseError
from ingest.parsers import Limits, parse
from tests.ingest.endings import EXPECTED, ending
from tests.ingest.word_files import hello, read, repacked, with_body

LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>"


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "_rels/.rels", "docProps/core.xml"])
def test_a_document_type_in_any_part_is_refused(part: str) -> None:
    def poison(members: dict[str, bytes]) -> None:
        head, _, rest = members[part].partition(b"?>")
        members[part] = head + b"?>" + LAUGHS + rest

    with pytest.raises(ParseError) as caught:
        parse(repacked(hello(), poison), "bomb.docx")
    assert caught.value.code == "unsafe_xml"


def test_a_document_type_in_another_encoding_is_refused() -> None:
    def poison(members: dict[str, bytes]) -> None:
        text = members["word/document.xml"].decode().partition("?>")[2]
        members["word/document.xml"] = (
            "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE x [<!ENTITY a 'ha'>]>" + text
        ).encode("utf-16")

    with pytest.raises(ParseError) as caught:
        parse(repacked(hello(), poison), "bomb.docx")
    assert caught.value.code == "unsafe_xml"


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    def poison(members: dict[str, bytes]) -> None:
        members["word/document.xml"] = b"<a>" + b" " * 50_000_000

    with pytest.raises(LimitError) as caught:
        parse(repacked(hello(), poison), "bomb.docx")
    assert caught.value.code == "archive_too_large"


def test_how_densely_a_document_may_be_packed_is_a_setting() -> None:
    def repeat(members: dict[str, bytes]) -> None:
        paragraph = b"<w:p><w:r><w:t>The same words.</w:t></w:r></w:p>"
        members["word/document.xml"] = members["word/document.xml"].replace(
            b"<w:body>", b"<w:body>" + paragraph * 30_000
        )

    data = repacked(hello(), repeat)
    with pytest.raises(LimitError) as caught:
        parse(data, "dense.docx")
    assert caught.value.code == "archive_too_large"
    assert caught.value.message.startswith("dense.docx: word/document.xml unpacks to ")
    assert "max_archive_ratio" in caught.value.hint
    assert parse(data, "dense.docx", Limits(max_archive_ratio=2_000)).text.count("The same words.") == 30_000


def test_too_many_members_are_refused() -> None:
    def poison(members: dict[str, bytes]) -> None:
        members.update({f"word/media/{number}": b"" for number in range(10_001)})

    with pytest.raises(LimitError) as caught:
        parse(repacked(hello(), poison), "bomb.docx")
    assert caught.value.code == "archive_too_large"


def test_names_inside_are_never_paths() -> None:
    def poison(members: dict[str, bytes]) -> None:
        members["../../../../tmp/evil.txt"] = b"evil"
        members["/etc/evil"] = b"evil"

    assert parse(repacked(hello(), poison), "a.docx").text == "Hello"


def test_deep_nesting_is_bounded() -> None:
    def poison(members: dict[str, bytes]) -> None:
        members["word/document.xml"] = members["word/document.xml"].replace(
            b"<w:body>", b"<w:body>" + b"<w:sdt><w:sdtContent>" * 10_000, 1
        )

    with pytest.raises(LimitError) as caught:
        parse(repacked(hello(), poison), "deep.docx")
    assert (caught.value.code, "libxml" in caught.value.message) == ("too_deep", False)


@pytest.mark.parametrize("part", ["word/document.xml", "[Content_Types].xml"])
def test_a_missing_part_is_named(part: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(repacked(hello(), lambda members: members.pop(part, None) and None), "a.docx")
    assert caught.value.code in {"damaged_file", "unsupported"}


WHOLE = hello()


@given(at=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7), cut=st.booleans())
@settings(max_examples=150)
def test_a_damaged_file_reads_or_is_named(at: int, bit: int, cut: bool) -> None:
    data = bytearray(WHOLE)
    if cut:
        del data[at:]
    else:
        data[at] ^= 1 << bit
    assert ending(bytes(data), "a.docx") in EXPECTED


BLOCKS = st.lists(
    st.tuples(
        st.sampled_from(["p", "h", "li", "t"]),
        st.text(alphabet="ab 休暇\t\u200b é\u00ad", min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=8,
)


@given(parts=BLOCKS)
@settings(max_examples=40)
def test_every_word_of_any_document_comes_out_in_order(parts: list[tuple[str, str]]) -> None:
    source = docx.Document()
    expected = []
    for kind, text in parts:
        if kind == "t":
            table = source.add_table(rows=2, cols=2)
            table.cell(0, 0).text = text
            table.cell(1, 1).text = "end"
        else:
            source.add_paragraph(text, style={"h": "Heading 1", "li": "List Bullet"}.get(kind))
        expected += text.replace("\u200b", "").replace("\u00ad", "").split()
        expected += ["end"] if kind == "t" else []
    if not expected:
        return
    document = read(source)
    words = [word for word in document.text.split() if word not in {"|", "-"}]
    assert words == expected


def test_a_blank_picture_is_no_bomb() -> None:
    document = with_body("", {"word/media/image1.bmp": b"BM" + b"\xff" * 5_000_000})
    assert document.text == "Hello"
