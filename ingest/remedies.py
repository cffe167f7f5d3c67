"""What to do about files of kinds that are not read."""

from __future__ import annotations

__all__ = ["why_unread"]

_SAVE_AS = {
    "A Word document of the old format": (".docx", ".doc .dot"),
    "A PowerPoint presentation of the old format": (".pptx", ".ppt .pps .pot"),
    "A Works document": (".docx", ".wps"),
    "A WordPerfect document": (".docx", ".wpd"),
    "An Ichitaro document": (".docx", ".jtd .jtt .jttc"),
    "A Hangul document": (".docx", ".hwp .hwpx"),
    "A Pages document": (".docx", ".pages"),
    "A Numbers workbook": (".xlsx", ".numbers"),
    "A Keynote presentation": (".pptx", ".key"),
    "An OpenOffice.org 1 text": (".odt", ".sxw"),
    "An OpenOffice.org 1 workbook": (".ods", ".sxc"),
    "An OpenOffice.org 1 presentation": (".odp", ".sxi"),
    "A DocuWorks document": ("PDF", ".xdw .xbd"),
    "A Publisher document": ("PDF", ".pub"),
    "A Visio drawing": ("PDF", ".vsd .vsdx"),
    "A OneNote section": ("PDF", ".one"),
    "An XPS document": ("PDF", ".xps .oxps"),
    "A PostScript file": ("PDF", ".ps .eps"),
    "A DjVu book": ("PDF", ".djvu"),
    "A Kindle book": (".epub", ".mobi .azw .azw3"),
    "A picture": ("PDF", ".png .jpg .jpeg .tif .tiff"),
    "An Outlook mail folder": (".eml or .mbox", ".pst .ost"),
    "A RAR or 7-Zip archive": (".zip", ".rar .7z"),
    "A tar archive": (".zip", ".tar .tgz"),
}
_REASONS = {
    suffix: f"{kind} is not read: save it as {target}."
    for kind, (target, suffixes) in _SAVE_AS.items()
    for suffix in suffixes.split()
} | dict.fromkeys((".gz", ".bz2", ".xz"), "A compressed file is not read: unpack it.")
_COMPOUND, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_BEGINS = {".dot": _COMPOUND, ".pot": _COMPOUND, ".pub": _COMPOUND, ".key": _ZIP}
"""How those begin whose suffix others have, too: notes, graphs, translations, public and private keys."""


def why_unread(suffix: str, head: bytes) -> str:
    """Returns what is said of a file that is left out for its suffix (lower case, "" for none), with the remedy.

    Args:
        suffix: of its name.
        head: how the file begins.
    """
    kind = f"A {suffix} file" if suffix else "This kind of file"
    known = _REASONS.get(suffix) if head.startswith(_BEGINS.get(suffix, b"")) else None
    return known or f"{kind} is not read."
