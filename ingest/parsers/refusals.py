"""Kinds of files that are not read: what is said of them, and what to do."""

from __future__ import annotations

from pathlib import PurePosixPath

from corpus.errors import ParseError

__all__ = ["LINKS", "encrypted", "refused", "unsupported", "why_unread"]

_KINDS = {
    "a Word template of the old format": ("save it as .docx", ".dot"),
    "a PowerPoint presentation of the old format": ("save it as .pptx", ".ppt .pps .pot"),
    "a Works document": ("save it as .docx", ".wps"),
    "a WordPerfect document": ("save it as .docx", ".wpd"),
    "a Word Pro document": ("save it as .docx", ".lwp"),
    "a Lotus 1-2-3 workbook": ("save it as .xlsx", ".123 .wk1 .wk3 .wk4"),
    "a Lotus Notes database": ("export its documents as PDF or its mails as .eml", ".nsf"),
    "an Ichitaro document": ("save it as .docx", ".jtd .jtt .jttc .jtdc"),
    "a Hanako drawing": ("save it as PDF", ".jhd .jhdc .jbd"),
    "a Hangul document": ("save it as .docx", ".hwp .hwpx"),
    "a Pages document": ("save it as .docx", ".pages"),
    "a Numbers workbook": ("save it as .xlsx", ".numbers"),
    "a Keynote presentation": ("save it as .pptx", ".key"),
    "an OpenOffice.org 1 text": ("save it as .odt", ".sxw"),
    "an OpenOffice.org 1 workbook": ("save it as .ods", ".sxc"),
    "an OpenOffice.org 1 presentation": ("save it as .odp", ".sxi"),
    "a DocuWorks document": ("save it as PDF", ".xdw .xbd .xct"),
    "a Publisher document": ("save it as PDF", ".pub"),
    "a Visio drawing": ("save it as PDF", ".vsd .vsdx .vsdm"),
    "a Project plan": ("save it as PDF or .xlsx", ".mpp"),
    "an Access database": ("export its tables as .xlsx or .csv", ".accdb .mdb"),
    "a OneNote section": ("save it as PDF", ".one .onepkg"),
    "a mind map": ("save it as PDF or Markdown", ".xmind .mmap"),
    "an AutoCAD drawing": ("save it as PDF", ".dwg .dxf"),
    "an XPS document": ("save it as PDF", ".xps .oxps"),
    "a PostScript file": ("save it as PDF", ".ps .eps"),
    "a DjVu book": ("save it as PDF", ".djvu"),
    "a Kindle book": ("save it as .epub", ".mobi .azw .azw3"),
    "a help file of Windows": ("save its pages as HTML or PDF", ".chm .hlp"),
    "a picture": ("save it as PDF", ".png .jpg .jpeg .tif .tiff"),
    "an Outlook mail folder": ("save it as .eml or .mbox", ".pst .ost"),
    "a RAR or 7-Zip archive": ("save it as .zip", ".rar .7z"),
    "a tar archive": ("save it as .zip", ".tar .tgz"),
    "a compressed file": ("unpack it", ".gz .bz2 .xz"),
    "a link to a document of Google": (
        "download that as Word, Excel, PowerPoint or PDF",
        ".gdoc .gsheet .gslides",
    ),
    "a link to something else": ("add what it leads to", ".url .webloc .lnk"),
}
"""Each kind with what to do, and the suffixes of its files."""
LINKS = frozenset({".gdoc", ".gsheet", ".gslides", ".url", ".webloc"})
"""Files of text that only lead elsewhere."""
_BY_SUFFIX = {
    suffix: (kind, remedy) for kind, (remedy, suffixes) in _KINDS.items() for suffix in suffixes.split()
}
_COMPOUND, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_BEGINS = {".dot": _COMPOUND, ".pot": _COMPOUND, ".pub": _COMPOUND, ".key": _ZIP}
"""How those begin whose suffix others have, too: notes, graphs, translations, public and private keys."""
_READ = (
    "PDF, DOCX, DOC, PPTX, XLSX, XLS, CSV, TSV, HTML, Markdown, plain text, ODT, ODS, ODP, RTF, EPUB, EML, MSG, MBOX, "
    "ICS, VCF, JSON, JSON Lines, Jupyter notebooks, electronic invoices (XML), FODT, FODS, FODP and ZIP"
)


def why_unread(suffix: str, head: bytes) -> str:
    """Returns what is said of a file that is left out for its suffix (lower case, "" for none), with the remedy.

    Args:
        suffix: of its name.
        head: how the file begins.
    """
    known = _known(suffix, head)
    if known is None:
        return f"A {suffix} file is not read." if suffix else "This kind of file is not read."
    kind, remedy = known
    return f"{kind[0].upper()}{kind[1:]} is not read: {remedy}."


def unsupported(name: str, kind: str, hint: str = "") -> ParseError:
    """Returns the error for a kind of file that is not read."""
    return ParseError(
        f"{name} is {kind}, which is not read.",
        code="unsupported",
        hint=hint or f"Save it as one of those that are: {_READ}.",
    )


def refused(name: str, head: bytes) -> ParseError | None:
    """Returns the error for a file that its name's suffix says to be of a kind that is not read; None for all others.

    For files whose bytes do not say what they are.
    """
    known = _known(PurePosixPath(name).suffix.lower(), head)
    if known is None:
        return None
    kind, remedy = known
    return unsupported(
        name, kind, f"{remedy[0].upper()}{remedy[1:]}{' and add that' * ('add' not in remedy)}."
    )


def encrypted(name: str) -> ParseError:
    """Returns the error for a file that needs a password."""
    return ParseError(
        f"{name} is encrypted and needs a password.",
        code="encrypted",
        hint="Save a copy without the password and add that.",
    )


def _known(suffix: str, head: bytes) -> tuple[str, str] | None:
    return _BY_SUFFIX.get(suffix) if head.startswith(_BEGINS.get(suffix, b"")) else None
