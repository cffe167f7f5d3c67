"""What a file really is, told by its bytes; its name only decides between kinds of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from corpus.errors import ParseError
from corpus.patterns import pattern
from corpus.types import Note
from ingest.parsers import ole
from ingest.parsers.decoding import looks_like_text
from ingest.parsers.refusals import LINKS, encrypted, refused, unsupported
from ingest.parsers.zips import declared_type, is_zip, open_zip

PDF = "application/pdf"
MARKDOWN = "text/markdown"
TEXT = "text/plain"
HTML = "text/html"
WEBARCHIVE = "application/x-webarchive"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DOC = "application/msword"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS = "application/vnd.ms-excel"
ODT = "application/vnd.oasis.opendocument.text"
ODP = "application/vnd.oasis.opendocument.presentation"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
RTF = "application/rtf"
EPUB = "application/epub+zip"
EML = "message/rfc822"
MBOX = "application/mbox"
MSG = "application/vnd.ms-outlook"
TNEF = "application/vnd.ms-tnef"
ICS = "text/calendar"
VCF = "text/vcard"
ZIP = "application/zip"
SIGNED = "application/pkcs7-mime"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON = "application/json"
JSONL = "application/jsonl"
INVOICE = "application/xml"
NOTEBOOK = "application/x-ipynb+json"

SUFFIXES = {
    suffix: content_type
    for content_type, suffixes in {
        PDF: ".pdf",
        MARKDOWN: ".md .markdown .mdown .mkd .mdx .qmd",
        TEXT: ".txt .text .log .tex .bib .rst .srt .vtt .adoc .asciidoc",
        HTML: ".html .htm .xhtml",
        WEBARCHIVE: ".webarchive",
        DOCX: ".docx .docm .dotx .dotm",
        DOC: ".doc",
        XLSX: ".xlsx .xlsm .xltx .xltm .xlsb",
        XLS: ".xls .xlt",
        ODS: ".ods .fods .ots",
        CSV: ".csv",
        TSV: ".tsv .tab",
        JSON: ".json .geojson",
        JSONL: ".jsonl .ndjson",
        NOTEBOOK: ".ipynb",
        PPTX: ".pptx .pptm .ppsx .ppsm .potx",
        ODT: ".odt .ott .fodt",
        ODP: ".odp .otp .fodp",
        RTF: ".rtf",
        EPUB: ".epub",
        EML: ".eml .mht .mhtml",
        MBOX: ".mbox .mbx",
        MSG: ".msg",
        TNEF: ".tnef",
        ICS: ".ics",
        VCF: ".vcf .vcard",
        ZIP: ".zip",
        SIGNED: ".p7m",
    }.items()
    for suffix in suffixes.split()
}
"""The type a suffix promises."""

_TEXTS = (MARKDOWN, CSV, TSV, JSON, JSONL)  # told from plain text by their names only
_ZIP_KINDS = (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX))
_OLE_KINDS = (("Workbook", XLS), ("Book", XLS), ("WordDocument", DOC), ("__properties_version1.0", MSG))
_CAPITALS = frozenset({"WORKBOOK", "BOOK"})
"""As some programs name the sheets' stream; OLE does not tell small letters from capitals."""
_OLD_KINDS = (("PowerPoint Document", "a PowerPoint presentation of the old format", ".pptx"),)
_IWORK_KINDS = {
    ".pages": ("Pages", "Word or PDF"),
    ".numbers": ("Numbers", "Excel or PDF"),
    ".key": ("Keynote", "PowerPoint or PDF"),
}
_OLD_SUITE = "application/vnd.sun.xml."
_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"BM", "a bitmap picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a SQLite database"),
    (b"OggS", "sound"),
    (b"ID3", "sound"),
    (b"RIFF", "sound or video"),
)
_HTML_START = pattern(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?>.*?-->)\s*+)*+<(?:!doctype\s+html|html|head|body|title|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_FLAT = pattern(
    rb"<office:document\s[^>]*office:mimetype\s*=\s*[\"'](application/vnd\.oasis\.opendocument\.[a-z]+)(?:-template)?[\"']"
)
_XML_WORKBOOK = pattern(
    rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*+"
    rb"<(?:\w+:)?Workbook\s[^>]*[\"']urn:schemas-microsoft-com:office:spreadsheet[\"']",
    re.DOTALL,
)
_INVOICE = pattern(
    rb"(?:\s|<\?[^>]*>|<!--(?:(?!-->).)*-->|<!DOCTYPE[^\[>]*(?:\[[^\]]*\]\s*)?>)*+"
    rb"(?:<(?:[\w.-]+:)?StandardBusinessDocument\s.*?)?"
    rb"<(?:[\w.-]+:)?(?:CrossIndustryInvoice|CrossIndustryDocument|Invoice|CreditNote)\s[^>]{0,4000}[\"']"
    rb"(?:urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:|urn:ferd:CrossIndustryDocument:invoice:"
    rb"|urn:oasis:names:specification:ubl:schema:xsd:(?:Invoice|CreditNote)-2[\"'])",
    re.DOTALL,
)
"""How the two kinds of XML for invoices begin, also in the envelope that Peppol sends them in."""
_BARE_WORKBOOK = pattern(
    rb"\A\x09[\x00\x02\x04\x08][\x04\x06\x08\x10]\x00..(?:\x10\x00|\x05\x00|\x00\x01)", re.DOTALL
)
_NOTEBOOK = pattern(rb'"nbformat"\s*:\s*\d')
_TAG = pattern(rb"<(?:!doctype|/?[a-z][a-z0-9]*)[\s/>]", re.IGNORECASE)
_CALENDAR_START = pattern(rb"\A(?:\xef\xbb\xbf)?\s*BEGIN:VCALENDAR\r?\n", re.IGNORECASE)
_CONTACTS_START = pattern(rb"\A(?:\xef\xbb\xbf)?\s*BEGIN:VCARD\s*[\r\n]", re.IGNORECASE)
_PARTS = ("word/", "ppt/", "xl/", "META-INF/manifest.xml", "META-INF/container.xml", "content.xml")
_MAIL_START = pattern(rb"(?:From [^\n]*\n)?[A-Za-z][A-Za-z0-9-]*:")
_MAILBOX_START = pattern(rb"From \S+ [^\r\n]*\d{4}\r?\n[A-Za-z][A-Za-z0-9-]*:")
_MAILBOX_NEXT = pattern(rb"\n\r?\nFrom \S+ [^\r\n]*\d{4}\r?\n[A-Za-z][A-Za-z0-9-]*:")
_PDF_OBJECT = pattern(rb"\d \d{1,5} obj\b")
_MAIL_HEADER = pattern(
    rb"^(from|to|subject|date|received|mime-version|message-id|return-path|content-type)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD_BYTES = 64 * 1024
TNEF_SIGNATURE = b"\x78\x9f\x3e\x22"
_CMS = pattern(
    rb"\A0(?:\x80|[\x81-\x84].{1,4}?|[^\x80-\xff])\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01-\x06]",
    re.DOTALL,
)
"""How what is signed or encrypted by CMS begins (RFC 5652): a sequence, and the identifier of its kind."""
_CMS_BASE64 = pattern(rb"\A(?:-----BEGIN (?:PKCS7|CMS)-----\s*|)M[A-I][A-Za-z0-9+/\r\n]{60}")


@dataclass(frozen=True, slots=True)
class Detected:
    """A file's content type; ``note`` says so when its name promised another."""

    content_type: str
    note: Note | None = None


def suffix_of(name: str) -> str:
    """Returns a name's suffix in lower case with its dot, "" when it has none."""
    if "/" in name or "\\" in name:
        name = PurePosixPath(name.replace("\\", "/")).name
    at = name.rfind(".")
    return name[at:].lower() if 0 < at < len(name) - 1 else ""


def detect_type(data: bytes, name: str) -> Detected:
    """Returns what a file is; its content wins over its name, and the note tells of a mismatch.

    Args:
        data: the whole file.
        name: its name, for the choice between kinds of text and for messages.

    Raises:
        ParseError: ``empty``, ``encrypted``, ``binary`` (named like text), ``damaged_file`` or
        ``unsupported``.
    """
    if not data.strip(b"\0\t\n\r "):
        raise ParseError(f"{name} is empty.", code="empty", hint="Nothing was read; fill or remove the file.")
    suffix = suffix_of(name)
    promised = SUFFIXES.get(suffix, "")
    found = _detect(data, name, promised)
    note = None
    if promised and promised != found and not (promised == MARKDOWN and found == TEXT):
        note = Note("type_mismatch", f"Named {suffix}, but the content is {found}; it was read as that.")
    return Detected(found, note)


def _detect(data: bytes, name: str, promised: str) -> str:
    if _is_pdf(data, promised):
        return PDF
    if is_zip(data):
        return _zip_type(data, name, promised)
    if data.startswith(ole.SIGNATURE):
        return _ole_type(data, name, promised)
    if is_bare_workbook(data):
        return XLS
    if data.startswith(b"{\\rtf"):
        return RTF  # also with pictures in bytes
    if data.startswith(b"bplist00") and b"WebMainResource" in data:
        return WEBARCHIVE
    if is_tnef(data):
        return TNEF
    if is_signed(data) or (promised == SIGNED and _CMS_BASE64.match(data)):
        return SIGNED
    if _is_mailbox(data, promised):
        return MBOX
    if _is_mail(data, promised):
        return EML
    for magic, kind in _MAGIC:
        if data.startswith(magic) and not looks_like_text(data):
            raise unsupported(name, kind, "Unpack it and add what is in it." if "archive" in kind else "")
    if not looks_like_text(data):
        if promised in (TEXT, HTML, *_TEXTS):
            raise ParseError(
                f"{name} is named like text but holds binary data.",
                code="binary",
                hint="Check the file, or give it the suffix of its real type.",
            )
        if promised:
            raise ParseError(
                f"{name} is damaged: its first bytes are not those of its type.",
                code="damaged_file",
                hint="Get a whole copy of the file.",
            )
        raise refused(name, data) or unsupported(name, "a binary file of an unknown kind")
    if promised in ("", JSON, NOTEBOOK) and data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        if _NOTEBOOK.search(data) and b'"cell_type"' in data:
            return NOTEBOOK
        promised = JSON if promised == NOTEBOOK else promised
    return _text_type(data[:_HEAD_BYTES], name, promised)


def _is_pdf(data: bytes, promised: str) -> bool:
    """Says whether a file is a PDF, also behind some other bytes; text about PDF and archives of PDFs are none."""
    if is_zip(data) or data.startswith(ole.SIGNATURE):
        return False
    if promised == PDF and b"startxref" in data and b"endobj" in data:
        return True
    place = data.find(b"%PDF-", 0, 1024 + 5)
    return place == 0 or (place > 0 and (promised == PDF or bool(_PDF_OBJECT.search(data))))


def is_tnef(data: bytes) -> bool:
    """Says whether a file is Outlook's own packing of a mail (``winmail.dat``)."""
    return data.startswith(TNEF_SIGNATURE)


def is_signed(data: bytes) -> bool:
    """Says whether a file is what CMS makes of another: signed, or encrypted."""
    return bool(_CMS.match(data[:32]))


def _is_mailbox(data: bytes, promised: str) -> bool:
    """Says whether a file holds several mails one after the other, each led by a ``From `` line (mbox)."""
    return bool(_MAILBOX_START.match(data)) and (promised == MBOX or bool(_MAILBOX_NEXT.search(data)))


def is_invoice(head: bytes) -> bool:
    """Says whether a file begins as an electronic invoice does."""
    return bool(_INVOICE.match(head.lstrip(b"\xef\xbb\xbf\xff\xfe")))


def split_mailbox(data: bytes) -> Iterator[bytes]:
    """Yields the mails of a mailbox, each without the ``From `` line before it."""
    starts = [0, *(found.start() + 1 for found in _MAILBOX_NEXT.finditer(data)), len(data)]
    for start, end in pairwise(starts):
        yield data[start:end].lstrip(b"\r\n").partition(b"\n")[2]


def _text_type(head: bytes, name: str, promised: str) -> str:
    if head.startswith(b"%!PS"):
        raise unsupported(name, "PostScript", "Save it as PDF and add that.")
    refusal = refused(name, head) if suffix_of(name) in LINKS else None
    if refusal is not None:
        raise refusal
    plain = head.replace(b"\0", b"")
    if _CALENDAR_START.match(plain.lstrip(b"\xff\xfe")):
        return ICS
    if _CONTACTS_START.match(plain.lstrip(b"\xff\xfe")):
        return VCF
    flat = _FLAT.search(plain) if plain.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else None
    if flat is not None and flat[1].decode() in (ODT, ODS, ODP):
        return flat[1].decode()
    if is_invoice(plain):
        return INVOICE
    if _HTML_START.match(plain.lstrip(b"\xff\xfe")):
        return HTML
    if promised == HTML:
        return HTML if _TAG.search(plain) else TEXT
    if _XML_WORKBOOK.search(plain):
        return XLS
    if promised in (XLS, XLSX):
        return CSV if b"\t" in plain or b"," in plain or b";" in plain else TEXT  # many programs export so
    if promised in (JSON, JSONL) and plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        return TEXT  # XML under a wrong name
    return promised if promised in _TEXTS else TEXT


def _is_mail(data: bytes, promised: str) -> bool:
    """Says whether a file begins with a mail's headers; text that only quotes a mail stays text."""
    head = re.split(rb"\r?\n\r?\n", data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf\r\n"), maxsplit=1)[0]
    if not _MAIL_START.match(head):
        return False
    names = {found.lower() for found in _MAIL_HEADER.findall(head)}
    if promised == EML:
        return bool(names)
    return (
        len(names) >= 3 and b"from" in names and bool(names & {b"received", b"mime-version", b"message-id"})
    )


def _ole_type(data: bytes, name: str, promised: str) -> str:
    names = ole.root_names(data)
    if not names.isdisjoint(_CAPITALS):
        return XLS
    if "EncryptedPackage" in names:
        raise encrypted(name)
    for stream, content_type in _OLE_KINDS:
        if stream in names:
            return content_type
    for stream, kind, suffix in _OLD_KINDS:
        if stream in names:
            raise unsupported(name, kind, f"Save it as {suffix} and add that.")
    if promised in (XLS, DOC, MSG):
        raise ParseError(
            f"{name} is damaged: the list of its parts cannot be read.",
            code="damaged_file",
            hint="Get a whole copy of the file.",
        )
    raise refused(name, data) or unsupported(
        name, "an OLE file of an unknown kind", "Save it in a newer format and add that."
    )


def is_bare_workbook(data: bytes) -> bool:
    """Says whether a file is a workbook of the old format without the container around it: the first record alone.

    So wrote Excel 2 to 4, and so write many programs of the web.
    """
    return bool(_BARE_WORKBOOK.match(data))


def _zip_type(data: bytes, name: str, promised: str) -> str:
    with open_zip(data, name) as archive:
        members = archive.namelist()
        declared = declared_type(archive)
    if declared.startswith(_OLD_SUITE):
        raise unsupported(
            name, "a document of OpenOffice.org 1", "Save it as OpenDocument (.odt, .ods, .odp) and add that."
        )
    kind = next((one for one in (EPUB, ODT, ODP, ODS) if declared in (one, f"{one}-template")), "")
    if kind:
        return kind
    if "[Content_Types].xml" in members:
        for folder, content_type in _ZIP_KINDS:
            if any(member.startswith(folder) for member in members):
                return content_type
        if "EncryptedPackage" in members:
            raise encrypted(name)
        raise refused(name, data) or unsupported(
            name, "a package of an unknown kind", "Save it as PDF or .docx and add that."
        )
    if _is_iwork(members):
        program, kinds = _IWORK_KINDS.get(suffix_of(name), ("iWork", "Word, Excel, PowerPoint or PDF"))
        raise unsupported(
            name,
            f"a document of Apple {program}",
            f"Export it there as {kinds} (File > Export To) and add that.",
        )
    if promised not in ("", ZIP) and any(member.startswith(_PARTS) for member in members):
        raise ParseError(
            f"{name} is damaged: it is an archive without the list of its parts.",
            code="damaged_file",
            hint="Open it in the program it was made with, save a copy and add that.",
        )
    refusal = None if promised else refused(name, data)
    if refusal is not None:
        raise refusal
    return ZIP


def _is_iwork(members: list[str]) -> bool:
    """Says whether an archive is a document of Pages, Numbers or Keynote, of 2013 or later."""
    return ("Index.zip" in members and "Metadata/Properties.plist" in members) or any(
        member.startswith("Index/") and member.endswith(".iwa") for member in members
    )
