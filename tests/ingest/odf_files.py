"""OpenDocument files as tests need them: parts with the usual names of their XML."""

from __future__ import annotations

from corpus.types import Document
from ingest.parsers import Limits, parse
from tests.ingest.packing import zipped

NAMES = {
    "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style", "meta": "meta",
    "fo": "xsl-fo-compatible", "svg": "svg-compatible", "presentation": "presentation", "manifest": "manifest",
    "chart": "chart", "form": "form",
}  # fmt: skip
SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for short, name in NAMES.items()
)
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
LINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
TYPE = "application/vnd.oasis.opendocument"
CHART = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'


def content(body: str, styles: str = "", kind: str = "text") -> str:
    return (
        f"<office:document-content {SPACES} {DC} {LINK}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )


def package(xml: str, kind: str = "text", **more: str) -> bytes:
    """An archive; names of parts are written with ``_`` for the point."""
    return zipped(
        {"mimetype": f"{TYPE}.{kind}", "content.xml": xml}
        | {name.replace("_", "."): part for name, part in more.items()}
    )


def flat(body: str, kind: str = "text", before: str = "") -> bytes:
    """The same as one XML file; ``before`` stands before the body."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document {SPACES} {DC} {LINK} office:version="1.3" '
        f'office:mimetype="{TYPE}.{kind}">{before}'
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"
    ).encode()


def table_row(*cells: str) -> str:
    inner = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
    return f"<table:table-row>{inner}</table:table-row>"


def chart(*rows: str, title: str = "宿泊費", across: str = "年度", up: str = "百万円") -> str:
    """A chart's body, with the table that an office suite keeps beside it."""
    axes = "".join(
        f'<chart:axis chart:dimension="{name}"><chart:title><text:p>{text}</text:p></chart:title></chart:axis>'
        for name, text in (("x", across), ("y", up))
    )
    return (
        f"<chart:chart><chart:title><text:p>{title}</text:p></chart:title><chart:plot-area>{axes}<chart:series/>"
        f'</chart:plot-area><table:table table:name="local-table"><table:table-header-rows>{rows[0]}'
        f"</table:table-header-rows><table:table-rows>{''.join(rows[1:])}</table:table-rows></table:table></chart:chart>"
    )


def read(body: str, styles: str = "", limits: Limits | None = None, **more: str) -> Document:
    """Reads a text of that body."""
    return parse(package(content(body, styles), **more), "policy.odt", limits or Limits())
