"""Real files of every type, broken in many ways: ``python -m tests.ingest.fuzz --rounds 500 [FOLDER ...]``.

Every broken file must end as a sound document or as an error that is named and expected. Seeds are fixed: what
was found once is found again with the same ``--rounds``.
"""

from __future__ import annotations

import argparse
import io
import json
import plistlib
import random
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path

from corpus.settings import Settings
from ingest.sandbox.pool import ParserPool
from tests.ingest.endings import EXPECTED, ending
from tests.ingest.old_word import old_word, sprm
from tests.ingest.packing import outlook, zipped
from tests.ingest.wrapping import file, message, signed, whole

SAMPLE = Path(__file__).parents[2] / "corpus" / "sample" / "documents"
_MOST_BYTES = 400_000
_PROSE = "The limit for a hotel is 140 EUR a night. 宿泊費の上限は一泊一万二千円とする。"
_ROWS = [["City", "Rate", "From"], ["Oslo", 200, "2025-01-01"], ["大阪", 150.5, "2025-04-01"]]


# ---- real files ----------------------------------------------------------------------------------


def real_files(folders: Sequence[Path] = ()) -> dict[str, list[bytes]]:
    """Returns files by suffix: the sample's own, made ones of the other types, and those of ``folders``."""
    found: dict[str, list[bytes]] = {suffix: [make()] for suffix, make in _MAKERS.items()}
    for folder in (SAMPLE, *folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and 0 < path.stat().st_size <= _MOST_BYTES:
                found.setdefault(path.suffix.lower(), []).append(path.read_bytes())
    return found


def _xlsx() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for row in _ROWS:
        book.active.append(row)
    book.create_sheet("規程").append([_PROSE])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _xls() -> bytes:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Rates")
    for at, row in enumerate(_ROWS):
        for column, value in enumerate(row):
            sheet.write(at, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _pptx() -> bytes:
    from pptx import Presentation

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Hotels"
    slide.placeholders[1].text = _PROSE
    table = slide.shapes.add_table(3, 3, 0, 0, 4_000_000, 1_000_000).table
    for at, row in enumerate(_ROWS):
        for column, value in enumerate(row):
            table.cell(at, column).text = str(value)
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def _open_document(kind: str, body: str) -> bytes:
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"))
    )
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<?xml version='1.0'?><office:document-content {names} office:version='1.2'>"
            f"<office:body>{body}</office:body></office:document-content>",
            "META-INF/manifest.xml": "<manifest/>",
        }
    )


def _odf_table() -> str:
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in _ROWS
    )
    return f'<table:table table:name="Rates">{rows}</table:table>'


def _odt() -> bytes:
    heading = '<text:h text:outline-level="1">Hotels</text:h>'
    return _open_document(
        "text", f"<office:text>{heading}<text:p>{_PROSE}</text:p>{_odf_table()}</office:text>"
    )


def _odp() -> bytes:
    box = f"<draw:frame><draw:text-box><text:p>{_PROSE}</text:p></draw:text-box></draw:frame>"
    return _open_document(
        "presentation",
        f'<office:presentation><draw:page draw:name="one">{box}</draw:page></office:presentation>',
    )


def _ods() -> bytes:
    return _open_document("spreadsheet", f"<office:spreadsheet>{_odf_table()}</office:spreadsheet>")


def _epub() -> bytes:
    container = (
        '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Hotels</dc:title></metadata><manifest>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head>'
        f"<body><h1>One</h1><p>{_PROSE}</p></body></html>"
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "b.opf": package,
            "a.xhtml": chapter,
        }
    )


def _eml() -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "宿泊費 Hotels", "a@example.com", "b@example.com"
    message["Date"] = "Wed, 01 Jan 2025 09:00:00 +0900"
    message.set_content(_PROSE)
    message.add_alternative(f"<html><body><p>{_PROSE}</p></body></html>", subtype="html")
    message.add_attachment(_xlsx(), maintype="application", subtype="octet-stream", filename="rates.xlsx")
    message.add_attachment("City,Rate\nOslo,200\n", subtype="csv", filename="rates.csv")
    return message.as_bytes()


def _msg() -> bytes:
    subject, body, sender = 0x0037, 0x1000, 0x0C1A
    texts = {subject: "宿泊費 Hotels", body: _PROSE, sender: "Anna"}
    inner = {subject: "Before", body: "The rate was 180.", sender: "Bob"}
    return outlook(texts, {"rates.xls": _xls(), "規程.txt": _PROSE.encode(), "Before": inner})


def _mbox() -> bytes:
    quoted = f"Yes.\n\nBob wrote:\n> {_PROSE}\n> -- \n> Bob\n\n-- \nAnna\nOslo".encode()
    start = b"From a@example.com Mon Apr  1 00:00:00 2024\n"
    return start + _eml() + b"\n" + start + b"Subject: Re: Hotels\nFrom: b@example.com\n\n" + quoted


def _rtf() -> bytes:
    return (
        rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}\f0\fs24 {\b Hotels}\par The limit is 140 EUR.\par "
        rb"\trowd\cellx2000\cellx4000 City\cell Rate\cell\row \u23487?\u27850? \'e9t\'e9\par}"
    )


def _ics() -> bytes:
    lines = (
        "BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VEVENT", "SUMMARY:宿泊費 Hotels",
        "DTSTART;VALUE=DATE:20250101", "DTEND;VALUE=DATE:20250103", "EXDATE;VALUE=DATE:20250201,20250301",
        "RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=2MO,-1FR;UNTIL=20261231T000000Z", f"DESCRIPTION:{_PROSE[:50]}",
        f" {_PROSE[50:]}", "COMMENT;ENCODING=QUOTED-PRINTABLE:caf=C3=A9=", " Oslo",
        'ATTENDEE;CN="Mori, Aiko":mailto:a@example.com', "END:VEVENT", "END:VCALENDAR",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def _ipynb() -> bytes:
    output = {"output_type": "stream", "name": "stdout", "text": [_PROSE]}
    table = (
        "<table>"
        + "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in _ROWS)
        + "</table>"
    )
    shown = {
        "output_type": "execute_result",
        "data": {"text/html": table, "text/plain": ["x"]},
        "metadata": {},
    }
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Hotels\n", "\n", _PROSE]},
        {"cell_type": "code", "metadata": {}, "source": ["print(1)"], "outputs": [output, shown]},
    ]
    return json.dumps(
        {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False
    ).encode()


def _flat(data: bytes, kind: str) -> bytes:
    """An OpenDocument file as one XML file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read("content.xml").decode()
    mime = f' office:mimetype="application/vnd.oasis.opendocument.{kind}"'
    return (
        content.replace("office:document-content", "office:document")
        .replace("<office:document", f"<office:document{mime}", 1)
        .encode()
    )


def _webarchive() -> bytes:
    page = f"<h1>Hotels</h1><p>{_PROSE}</p>".encode()
    main = {
        "WebResourceData": page,
        "WebResourceMIMEType": "text/html",
        "WebResourceTextEncodingName": "UTF-8",
    }
    return plistlib.dumps({"WebMainResource": main}, fmt=plistlib.FMT_BINARY)


def _doc() -> bytes:
    cell, row = sprm(0x2416, 1), sprm(0x2416, 1) + sprm(0x2417, 1)
    table = [
        part for values in _ROWS for part in (*((f"{one}\x07", 0, cell) for one in values), ("\x07", 0, row))
    ]
    return old_word([("Hotels\r", 1, b""), (f"{_PROSE}\x02\r", 0, b""), *table], notes=["Of 2026."])


def _invoice() -> bytes:
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:specification:ubl:schema:xsd:Common{long}Components-2"'
        for short, long in (("cac", "Aggregate"), ("cbc", "Basic"))
    )
    lines = "".join(
        f"<cac:InvoiceLine><cbc:ID>{at}</cbc:ID><cac:Item><cbc:Name>{city}</cbc:Name></cac:Item></cac:InvoiceLine>"
        for at, (city, *_) in enumerate(_ROWS)
    )
    return (
        f'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" {names}><cbc:ID>17</cbc:ID>'
        f"<cbc:Note>{_PROSE}</cbc:Note>{lines}</Invoice>"
    ).encode()


_MAKERS: Mapping[str, Callable[[], bytes]] = {
    ".xlsx": _xlsx,
    ".xls": _xls,
    ".pptx": _pptx,
    ".odt": _odt,
    ".odp": _odp,
    ".ods": _ods,
    ".fodt": lambda: _flat(_odt(), "text"),
    ".fods": lambda: _flat(_ods(), "spreadsheet"),
    ".ipynb": _ipynb,
    ".epub": _epub,
    ".eml": _eml,
    ".mbox": _mbox,
    ".msg": _msg,
    ".rtf": _rtf,
    ".doc": _doc,
    ".xml": _invoice,
    ".ics": _ics,
    ".csv": lambda: "\n".join(",".join(map(str, row)) for row in _ROWS * 5).encode("cp932"),
    ".tsv": lambda: "\n".join("\t".join(map(str, row)) for row in _ROWS * 5).encode("utf-16"),
    ".json": lambda: json.dumps([dict(zip("abc", row, strict=True)) for row in _ROWS]).encode(),
    ".jsonl": lambda: b"\n".join(json.dumps({"text": _PROSE, "row": row}).encode() for row in _ROWS),
    ".vcf": lambda: (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:山田 太郎\r\nTEL;TYPE=work:03-1234\r\nNOTE:{_PROSE}\r\nEND:VCARD".encode()
    ),
    ".webarchive": _webarchive,
    ".p7m": lambda: signed(_xlsx(), "parts"),
    ".tnef": lambda: whole(message({0x1000: _PROSE}), file("料金.xlsx", _xlsx())),
    ".zip": lambda: zipped(
        {"rates.xlsx": _xlsx(), "規程/hotels.md": f"# Hotels\n\n{_PROSE}", "mail.eml": _eml()}
    ),
}


# ---- breaking them -------------------------------------------------------------------------------


def broken(data: bytes, other: bytes, pick: random.Random) -> bytes:
    """Returns a file with bits flipped, cut off, pieces lost, repeated or put in from another.

    Half of the archives are broken within one member and packed again, so that their parsers see it.
    """
    if data.startswith(b"PK\x03\x04") and pick.random() < 0.5:
        return _repacked(data, other, pick)
    kind = pick.randrange(5)
    changed = bytearray(data)
    at = pick.randrange(len(data) + 1)
    size = pick.choice((1, 4, 64, 2000))
    if kind == 0:
        for _ in range(pick.choice((1, 3, 60))):
            changed[pick.randrange(len(changed))] ^= 1 << pick.randrange(8)
    elif kind == 1:
        del changed[at:]
    elif kind == 2:
        del changed[at : at + size]
    elif kind == 3:
        changed[at:at] = changed[at : at + size] * pick.choice((1, 50))
    else:
        start = pick.randrange(len(other) + 1)
        changed[at : at + size] = other[start : start + size]
    return bytes(changed)


def _repacked(data: bytes, other: bytes, pick: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    chosen = pick.choice([name for name, content in parts.items() if content] or list(parts))
    parts[chosen] = broken(parts[chosen] or b" ", other, pick)
    return zipped(parts)


def run(
    pool: ParserPool, files: Mapping[str, Sequence[bytes]], suffix: str, rounds: int
) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Breaks files of one type; returns how often each outcome came, and the rounds that ended otherwise."""
    states: Counter[str] = Counter()
    wrong: list[tuple[int, str]] = []
    everything = [data for kind in files.values() for data in kind]
    for number in range(rounds):
        pick = random.Random(f"{suffix} {number}")
        other = pick.choice(everything if number % 2 else files[suffix])
        state = ending(broken(pick.choice(files[suffix]), other, pick), f"broken{suffix}", pool.parse)
        states[state] += 1
        if state not in EXPECTED:
            wrong.append((number, state))
    return states, wrong


def main() -> int:
    """Runs every type and says what came of it; 1 when something ended in a way that it should not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="broken files of each type")
    parser.add_argument("--only", default="", help="one suffix, e.g. .pdf")
    parser.add_argument("folders", nargs="*", type=Path, help="more real files")
    given = parser.parse_args()
    files = real_files(given.folders)
    failed = 0
    with ParserPool(Settings(parse_timeout_s=20, ocr="off")) as pool:
        for suffix in [given.only] if given.only else sorted(files):
            states, wrong = run(pool, files, suffix, given.rounds)
            print(f"{suffix or '(none)':10} {dict(states.most_common())} {wrong or ''}", flush=True)
            failed += len(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
