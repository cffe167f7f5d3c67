"""What to do about files of kinds that are not read."""

from __future__ import annotations

__all__ = ["why_unread"]

_SAVE_AS = {
    "Word documents of the old format": (".docx", ".doc .dot"),
    "PowerPoint presentations of the old format": (".pptx", ".ppt .pps .pot"),
    "Works documents": (".docx", ".wps"),
    "WordPerfect documents": (".docx", ".wpd"),
    "Ichitaro documents": (".docx", ".jtd .jtt .jttc"),
    "Hangul documents": (".docx", ".hwp .hwpx"),
    "Pages documents": (".docx", ".pages"),
    "Numbers workbooks": (".xlsx", ".numbers"),
    "Keynote presentations": (".pptx", ".key"),
    "OpenOffice.org 1 texts": (".odt", ".sxw"),
    "OpenOffice.org 1 workbooks": (".ods", ".sxc"),
    "OpenOffice.org 1 presentations": (".odp", ".sxi"),
    "DocuWorks documents": ("PDF", ".xdw .xbd"),
    "Publisher documents": ("PDF", ".pub"),
    "Visio drawings": ("PDF", ".vsd .vsdx"),
    "OneNote sections": ("PDF", ".one"),
    "XPS documents": ("PDF", ".xps .oxps"),
    "PostScript files": ("PDF", ".ps .eps"),
    "DjVu books": ("PDF", ".djvu"),
    "Kindle books": (".epub", ".mobi .azw .azw3"),
    "Pictures": ("PDF", ".png .jpg .jpeg .tif .tiff"),
    "Outlook's mail folders": (".eml or .mbox", ".pst .ost"),
    "RAR and 7-Zip archives": (".zip", ".rar .7z"),
    "tar archives": (".zip", ".tar .tgz .gz .bz2 .xz"),
}
_REASONS = {
    suffix: f"{kind} are not read: save it as {target}."
    for kind, (target, suffixes) in _SAVE_AS.items()
    for suffix in suffixes.split()
}


def why_unread(suffix: str) -> str:
    """Returns what is said of a file that is left out for its suffix (lower case, "" for none), with the remedy."""
    kind = f"{suffix} files are" if suffix else "This kind of file is"
    return _REASONS.get(suffix, f"{kind} not read.")
