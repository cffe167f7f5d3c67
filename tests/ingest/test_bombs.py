"""Small files that unpack to far more: each is bounded and named, or read, and the next file goes on."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpus.errors import LimitError, ParseError
from corpus.settings import Settings
from ingest.sandbox.pool import ParserPool
from tests.ingest.children import Begun
from tests.ingest.fuzz import _ods, _odt, _pptx, _xlsx
from tests.ingest.packing import zipped

MEGABYTE = b"A" * 1_000_000


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: Begun) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert begun() == []
    assert list(tmp_path.iterdir()) == []


def with_part(package: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**parts, part: change(parts[part])})


def zip_bomb() -> bytes:
    return zipped({f"{number}.txt": MEGABYTE * 20 for number in range(20)})


def zip_of_many() -> bytes:
    return zipped({f"{number}.txt": b"words" for number in range(1500)})


def zip_in_zips() -> bytes:
    inner = zipped({"a.txt": b"the limit is 140 EUR"})
    for _ in range(5):
        inner = zipped({"a.zip": inner})
    return inner


def entities(data: bytes) -> bytes:
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    declared = b'<!DOCTYPE x [<!ENTITY l0 "lol">' + laughs + b"]>"
    head, mark, rest = data.partition(b"?>")
    return head + mark + declared + rest if mark else declared + data


def external(data: bytes) -> bytes:
    head, mark, rest = data.partition(b"?>")
    return head + mark + b'<!DOCTYPE x [<!ENTITY l SYSTEM "file:///etc/passwd">]>' + rest


def nested_flate() -> bytes:
    """A PDF whose page unpacks three times over to 1.2 GB of nothing."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 10_000_000) for _ in range(120)) + packer.flush()
    for _ in range(2):
        packed = zlib.compress(packed, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>",
        b"<</Filter[/FlateDecode/FlateDecode/FlateDecode]/Length %d>>stream\n%s\nendstream"
        % (len(packed), packed),
    ]
    body = b"%PDF-1.7\n" + b"".join(b"%d 0 obj%s endobj\n" % (n, o) for n, o in enumerate(objects, start=1))
    return body + b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n0\n%%EOF"


def giant_sheet() -> bytes:
    cell = b'<c t="inlineStr"><is><t>x</t></is></c>'
    rows = (b"<row>" + cell * 100 + b"</row>") * 20_000

    def fill(data: bytes) -> bytes:
        head, _, _ = data.partition(b"<sheetData>")
        return head + b"<sheetData>" + rows + b"</sheetData></worksheet>"

    return with_part(_xlsx(), "xl/worksheets/sheet1.xml", fill)


def repeated_cells() -> bytes:
    many = b'<table:table-cell table:number-columns-repeated="16000" '
    row = b'<table:table-row table:number-rows-repeated="1000000">'
    return with_part(
        _ods(),
        "content.xml",
        lambda data: data.replace(b"<table:table-cell ", many).replace(b"<table:table-row>", row),
    )


def deep_html() -> bytes:
    return b"<div>" * 300_000 + b"The limit is 140 EUR." + b"</div>" * 300_000


def mail_of_thousands() -> bytes:
    parts = b"".join(
        b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a%d.txt\r\n\r\nx\r\n"
        % n
        for n in range(5000)
    )
    head = b"Subject: Rates\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head + parts + b"--b--\r\n"


def mail_in_mails() -> bytes:
    inner = b"Subject: inmost\r\n\r\nThe limit is 140 EUR.\r\n"
    for _ in range(200):
        inner = b"Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + inner
    return inner


def deep_json() -> bytes:
    return b"[" * 200_000 + b"]" * 200_000


BOMBS: dict[str, tuple[Callable[[], bytes], str, set[str]]] = {
    "zip": (zip_bomb, "a.zip", {"archive_too_large"}),
    "zip of many": (zip_of_many, "a.zip", {"archive_too_large", "too_many_members"}),
    "zips in zips": (zip_in_zips, "a.zip", {"no_text", "unsupported"}),
    "entities in a workbook": (
        lambda: with_part(_xlsx(), "xl/worksheets/sheet1.xml", entities), "a.xlsx", {"unsafe_xml"},
    ),
    "entities in slides": (
        lambda: with_part(_pptx(), "ppt/slides/slide1.xml", entities), "a.pptx", {"unsafe_xml"},
    ),
    "an entity that is a file": (lambda: with_part(_odt(), "content.xml", external), "a.odt", {"unsafe_xml"}),
    "nested flate": (nested_flate, "a.pdf", {"no_text", "memory", "crashed", "timeout"}),
    "a giant sheet": (giant_sheet, "a.xlsx", {"too_many_cells", "archive_too_large"}),
    "cells repeated": (repeated_cells, "a.ods", {"too_many_cells", "archive_too_large", "ok"}),
    "deep HTML": (deep_html, "a.html", {"ok", "too_deep", "no_text"}),
    "a mail of thousands": (mail_of_thousands, "a.eml", {"ok", "too_many_members", "archive_too_large"}),
    "mails in mails": (mail_in_mails, "a.eml", {"ok", "no_text", "too_deep"}),
    "deep JSON": (deep_json, "a.json", {"too_deep", "damaged_file", "no_text"}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_bounded_and_the_next_file_goes_on(bomb: str) -> None:
    make, name, expected = BOMBS[bomb]
    with ParserPool(Settings(parse_timeout_s=60, ocr="off")) as pool:
        code = "ok"
        try:
            text = pool.parse(make(), name).text
        except (ParseError, LimitError) as error:
            text, code = error.message, error.code
        assert code in expected
        assert 0 < len(text) < 1_000_000
        assert "root:" not in text
        assert pool.parse(b"The next file.", "next.txt").text == "The next file."
