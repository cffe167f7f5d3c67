"""Archives: members as sections, names as their writers saw them, and archives that mean harm."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from corpus.errors import LimitError, ParseError
from corpus.settings import Settings
from corpus.types import Document
from ingest.parsers import Limits, parse, parser_version
from ingest.parsers.detection import EPUB, MARKDOWN, ODP, ODT, PDF, PPTX, RTF, TEXT, ZIP, detect_type
from ingest.rendering import draw_page
from ingest.sandbox.pool import ParserPool
from tests.ingest.packing import zipped


def read(data: bytes, limits: Limits | None = None) -> Document:
    return parse(data, "box.zip", limits or Limits())


def labels(document: Document) -> list[str]:
    return [page.label for page in document.pages]


def codes(document: Document) -> list[tuple[str, str]]:
    return [
        (note.message.partition(" ")[0], note.message.partition("(")[2].partition(")")[0])
        for note in document.notes
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("plan.pages", "Pages"), ("plan.numbers", "Numbers"), ("plan.key", "Keynote"), ("plan.zip", "iWork")],
)
@pytest.mark.parametrize("part", ["Index/Document.iwa", "Index.zip"])
def test_documents_of_apple_are_refused_with_how_to_export_them(name: str, kind: str, part: str) -> None:
    packed = zipped({part: "\0", "Metadata/Properties.plist": "x", "preview.jpg": "x"})
    with pytest.raises(ParseError, match=f"Apple {kind}, which is not read") as caught:
        parse(packed, name)
    assert (caught.value.code, "Export" in str(caught.value.hint)) == ("unsupported", True)


def test_xml_named_json_is_text_and_says_so() -> None:
    document = parse(b'<?xml version="1.0"?><invoice>1200.50</invoice>', "bill.json", Limits())
    assert document.content_type == TEXT
    assert [note.code for note in document.notes] == ["type_mismatch"]


def test_an_archive_with_an_index_of_its_own_is_read() -> None:
    assert labels(read(zipped({"Index/plan.txt": "words"}))) == ["Index/plan.txt"]


def test_members_are_sections_of_one_document() -> None:
    document = read(zipped({"b/plan.md": "# Plan\n\nBuild.", "a.txt": "one\n\x0ctwo", "b/": b""}))
    assert (document.content_type, document.title, document.metadata["members"]) == (ZIP, "box", "2")
    assert labels(document) == ["b/plan.md", "a.txt · 1", "a.txt · 2"]
    assert document.text == "b/plan.md\n\nPlan\n\nBuild.\n\na.txt\n\none\n\ntwo"
    assert [(b.kind, b.level) for b in document.blocks[:2]] == [("heading", 1), ("heading", 2)]


def test_what_systems_add_is_left_out_silently() -> None:
    document = read(
        zipped({"__MACOSX/._a.txt": "x", ".DS_Store": "x", "c/.git/d.txt": "x", "a.txt": "words"})
    )
    assert (labels(document), document.notes) == (["a.txt"], ())


def with_raw_name(raw: bytes, content: bytes = b"words") -> bytes:
    """A ZIP as old Japanese Windows wrote it: a name of bytes without the mark of UTF-8."""
    placeholder = b"x" * len(raw)
    return zipped({placeholder.decode(): content}).replace(placeholder, raw)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("社内規程/給与規程.txt".encode("cp932"), "社内規程/給与規程.txt"),
        ("表示ソ.txt".encode("cp932"), "表示ソ.txt"),  # its bytes hold a backslash
        ("社内規程/給与規程.txt".encode("euc_jp"), "社内規程/給与規程.txt"),
        ("ガイド「第１版」.txt".encode("euc_jp"), "ガイド「第１版」.txt"),
        ("規程.txt".encode(), "規程.txt"),
        ("enseñó.txt".encode("cp437"), "enseñó.txt"),  # two bytes that are a kana in EUC-JP
        ("résumé.txt".encode("cp437"), "résumé.txt"),
        (b"folder\\plan.txt", "folder/plan.txt"),
    ],
)
def test_names_are_read_in_the_set_they_were_written_in(raw: bytes, shown: str) -> None:
    assert labels(read(with_raw_name(raw))) == [shown]


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "C:/evil.txt", "..\\evil.txt"]
)
def test_names_that_lead_out_are_refused(name: str) -> None:
    document = read(zipped({name: "evil", "good.txt": "words"}))
    assert labels(document) == ["good.txt"]
    assert codes(document)[0][1] == "unsafe_name"


def test_long_and_odd_names_are_cut_and_cleaned() -> None:
    document = read(zipped({"長" * 300 + ".txt": "one", "a\u202etxt.exe": "two"}))
    assert len(document.pages[0].label) == 300
    assert document.pages[1].label == "atxt.exe"


def test_links_are_not_followed() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("passwords.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.txt", "words")
    document = read(buffer.getvalue())
    assert labels(document) == ["a.txt"]
    assert codes(document) == [("passwords.txt", "link")]


def test_an_archive_in_an_archive_is_not_opened() -> None:
    inner = zipped({"deep.txt": "deep"})
    document = read(zipped({"inner.zip": inner, "a.txt": "words"}))
    assert labels(document) == ["a.txt"]
    assert codes(document) == [("inner.zip", "unsupported")]


def encrypted(data: bytes, only_first: bool = False) -> bytes:
    """The archive with its members marked as encrypted."""
    marked = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = marked.find(signature)
        while found >= 0:
            marked[found + at] |= 1
            found = -1 if only_first else marked.find(signature, found + 1)
    return bytes(marked)


def test_encrypted_members_are_noted_and_an_encrypted_archive_is_named() -> None:
    whole = zipped({"a.txt": "secret", "b.txt": "words"})
    document = read(encrypted(whole, only_first=True))
    assert (labels(document), codes(document)) == (["b.txt"], [("a.txt", "encrypted")])
    with pytest.raises(ParseError) as caught:
        read(encrypted(whole))
    assert caught.value.code == "encrypted"


def test_a_damaged_member_is_noted() -> None:
    data = bytearray(zipped({"a.txt": "words " * 50, "b.txt": "whole"}))
    data[data.index(b"a.txt") + 8] ^= 0xFF
    document = read(bytes(data))
    assert (labels(document), codes(document)) == (["b.txt"], [("a.txt", "damaged_file")])


def test_bombs_are_refused_before_they_are_unpacked() -> None:
    bomb = zipped({"zeros.txt": b"0" * 30_000_000})
    with pytest.raises(LimitError) as caught:
        read(bomb)
    assert caught.value.code == "archive_too_large"
    beside = zipped({"zeros.txt": b"0" * 3_000_000, "a.txt": "words"})
    assert codes(read(beside)) == [("zeros.txt", "archive_too_large")]
    assert len(read(beside, Limits(max_archive_ratio=100_000)).text) > 3_000_000


def test_too_many_members_are_refused() -> None:
    data = zipped({f"{number}.txt": "words" for number in range(11)})
    with pytest.raises(LimitError) as caught:
        read(data, Limits(max_archive_members=10))
    assert caught.value.code == "archive_too_large"


def test_members_share_the_limits_of_one_file() -> None:
    data = zipped({"a.txt": "x" * 600, "b.txt": "y" * 600, "c.txt": "z" * 100})
    document = read(data, Limits(max_text_chars=1000))
    assert labels(document) == ["a.txt", "c.txt"]
    assert codes(document) == [("b.txt", "too_much_text")]


def test_where_nothing_can_be_read_the_reason_is_told() -> None:
    with pytest.raises(ParseError) as caught:
        read(zipped({"photo.png": b"\x89PNG\r\n\x1a\n\0\0"}))
    assert caught.value.code == "unsupported"
    with pytest.raises(ParseError) as nothing:
        read(zipped({".hidden": "x"}))
    assert nothing.value.code == "no_text"
    lying, size = zipped({"a.txt": "words " * 2_000}), struct.pack("<I", 12_000)
    with pytest.raises(ParseError, match=r"a\.txt was not read") as damaged:
        read(lying.replace(size, struct.pack("<I", 100)))
    assert damaged.value.code == "damaged_file"
    with pytest.raises(LimitError) as large:
        read(zipped({"zeros.txt": b"0" * 3_000_000}))
    assert (large.value.code, "max_archive_ratio" in large.value.hint) == ("archive_too_large", True)


def test_an_archive_is_read_anew_when_any_parser_changes() -> None:
    assert len(parser_version(ZIP)) > len(parser_version(RTF))


def test_limits_reach_the_parsing_child() -> None:
    data = zipped({f"{number}.txt": "words" for number in range(3)})
    with ParserPool(Settings(max_archive_members=2)) as pool, pytest.raises(LimitError) as caught:
        pool.parse(data, "box.zip")
    assert caught.value.code == "archive_too_large"


def test_how_deep_archives_are_opened_is_a_setting() -> None:
    inner = zipped({"deep.txt": "words far down", "deeper.zip": zipped({"deepest.txt": "and further"})})
    data = zipped({"near.txt": "words above", "inner.zip": inner})
    with ParserPool(Settings()) as pool:
        plain = pool.parse(data, "box.zip")
    with ParserPool(Settings(max_nesting=2)) as pool:
        deep = pool.parse(data, "box.zip")
    assert "words far down" not in plain.text
    assert [note.code for note in plain.notes] == ["member_unread"]
    assert "words far down" in deep.text
    assert "and further" not in deep.text
    assert [note.code for note in deep.notes] == ["member_unread"]


@pytest.mark.parametrize("content_type", [ZIP, PPTX, ODT, ODP, RTF, EPUB])
def test_there_is_no_picture_of_a_page(content_type: str) -> None:
    with pytest.raises(ParseError) as caught:
        draw_page(b"", content_type, 1, [])
    assert caught.value.code == "no_picture"


def test_content_wins_over_the_name() -> None:
    found = detect_type(zipped({"a.txt": "words"}), "report.pdf")
    assert found.content_type == ZIP
    assert found.note is not None
    assert found.note.code == "type_mismatch"
    with pytest.raises(ParseError) as caught:
        detect_type(zipped({"word/document.xml": "<a/>"}), "report.docx")
    assert caught.value.code == "damaged_file"


def test_an_archive_that_begins_with_a_stored_pdf_is_an_archive_and_text_about_pdf_is_text() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF")
        archive.writestr("b.txt", "words after it")
    document = read(buffer.getvalue())
    assert (document.content_type, labels(document)) == (ZIP, ["b.txt"])
    assert codes(document) == [("a.pdf", "damaged_file")]
    assert detect_type(b"A file of %PDF-1.7 ends with %%EOF.", "about.md").content_type == MARKDOWN
    assert detect_type(b"\r\n\r\n%PDF-1.4\n1 0 obj\n", "scan").content_type == PDF


def test_other_archives_are_to_be_unpacked_and_the_files_of_an_older_suite_are_named() -> None:
    with pytest.raises(ParseError, match="is a gzip archive") as packed:
        parse(b"\x1f\x8b\x08\x00" + bytes(range(256)), "rates.csv.gz")
    assert packed.value.hint == "Unpack it and add what is in it."
    old = zipped({"mimetype": "application/vnd.sun.xml.calc", "content.xml": "<x/>"})
    with pytest.raises(ParseError, match=r"is a document of OpenOffice\.org 1") as named:
        parse(old, "rates.sxc")
    assert (named.value.code, "OpenDocument" in named.value.hint) == ("unsupported", True)


def test_an_export_of_notion_is_read_under_its_titles() -> None:
    """Behind each title in the names of files and folders stands what identifies its page."""
    page = "5f2c9a1b7d3e4f60a1b2c3d4e5f60718"
    document = read(
        zipped(
            {
                f"Handbook {page}.md": "# Handbook\n\nWelcome.\n",
                f"Handbook {page}/Leave {page}.md": "# Leave\n\nStaff get 25 days.\n",
                f"Handbook {page}/Tasks {page}_all.csv": "Name,Status\nChairs,Done\n",
            }
        )
    )
    assert page not in document.text
    assert labels(document) == ["Handbook.md", "Handbook/Leave.md", "Handbook/Tasks_all.csv"]
