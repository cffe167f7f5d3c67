"""PDF: pages with running heads, outlines, page labels, tables and, where asked, two columns."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    ListFlowable,
    ListItem,
    NextPageTemplate,
    Preformatted,
    Spacer,
)
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Words
from reportlab.platypus import Table as Grid

from bench.press.look import INK, PALE, RULE, SKY, TEAL, Look
from bench.press.paper import Entry, Label, Paper, Titled, cover, front_pages, masthead, templates
from bench.press.source import (
    Bars,
    Block,
    Code,
    Heading,
    Items,
    Note,
    PageBreak,
    Paragraph,
    Source,
    Table,
    plain_text,
)


def print_pdf(source: Source) -> bytes:
    """Returns the PDF, laid out again until page numbers and contents stand still."""
    look = Look(source)
    entries: list[Entry] = []
    total = 1
    with _dated(source):
        for _ in range(5):
            file = io.BytesIO()
            paper = Paper(file, look, total, front_pages(look, entries))
            paper.addPageTemplates(list(templates(look, paper)))
            paper.build(_story(look, entries, paper))
            if (paper.entries, paper.page) == (entries, total):
                return file.getvalue()
            entries, total = paper.entries, paper.page
    raise ValueError(f"{source.output}: the layout does not settle")


@contextmanager
def _dated(source: Source) -> Iterator[None]:
    """Makes reportlab date the file by the source: the environment is the only way it takes a date."""
    name = "SOURCE_DATE_EPOCH"
    before = os.environ.get(name)
    os.environ[name] = str(int(source.moment.replace(tzinfo=UTC).timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _contents(look: Look, entries: list[Entry], paper: Paper) -> list[Flowable]:
    width = look.size[0] - 2 * look.margin
    rows = []
    for level, words, page, key in entries:
        if level > (1 if look.source.layout == "manual" else 2):
            continue
        style = ParagraphStyle("toc", parent=look.contents, leftIndent=(level - 1) * 12)
        if level == 1:
            style.fontName = look.bold
        link = f'<a href="#{key}">{escape(words)}</a>'
        right = ParagraphStyle("pages", parent=look.contents, alignment=2)
        rows.append([Words(link, style), Words(paper.printed_number(page), right)])
    title = look.words("目次" if look.ja else "Contents", look.headings[1])
    if not rows:
        return [title]
    grid = Grid(rows, colWidths=[width * 0.9, width * 0.1])
    grid.setStyle([("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 0)])
    return [title, grid]


def _story(look: Look, entries: list[Entry], paper: Paper) -> list[Flowable]:
    story: list[Flowable] = []
    layout = look.source.layout
    if layout in ("handbook", "manual"):
        story += [Label(paper.front_pages), *cover(look), NextPageTemplate("body"), NewPage()]
        story += [*_contents(look, entries, paper), NewPage()]
    else:
        story += masthead(look)
    width = look.size[0] - 2 * look.margin
    if layout == "columns":
        width = (width - 7 * mm) / 2
    flow: list[Flowable] = []
    pending: list[Flowable] = []
    for number, block in enumerate(look.source.blocks):
        first = number == 0
        if isinstance(block, Heading) and block.level == 1 and layout in ("handbook", "manual") and not first:
            flow.append(NewPage())
        drawn = _flowables(look, block, width, f"h{number}")
        if isinstance(block, Heading):
            pending += drawn
            continue
        if pending:  # never leave a heading, or a heading and a table's first row, alone at the bottom
            tall = sum(part.wrap(width, 9999)[1] for part in pending) + 3 * look.body.leading
            if isinstance(block, Table | Bars):
                lines = len(block.rows if isinstance(block, Table) else block.values)
                tall += (lines if lines <= 8 else 4) * 1.5 * look.cell.leading  # a short table stays whole
            flow += [CondPageBreak(tall), *pending]
            pending = []
        flow += drawn
    return story + flow


def _flowables(look: Look, block: Block, width: float, key: str) -> list[Flowable]:
    match block:
        case Heading(level, inline):
            rank = look.rank[level]
            return [Titled(look.markup(inline), look.headings[level], rank, plain_text(inline), key)]
        case Paragraph(inline):
            return [Words(look.markup(inline), look.body)]
        case Items(start, items):
            return [_list(look, start, items, width)]
        case Table():
            return [_grid(look, block, width)]
        case Code(text):
            style = ParagraphStyle("code", parent=look.cell, fontName=look.regular if look.ja else "Courier")
            return [_framed([Preformatted(text, style)], width, PALE)]
        case Note(blocks):
            inner = [f for i, b in enumerate(blocks) for f in _flowables(look, b, width - 16, f"{key}.{i}")]
            return [_framed(inner, width, HexColor("#fff4dc"))]
        case Bars():
            return [_bars(look, block, width)]
        case PageBreak():
            return [NewPage()]


def _list(look: Look, start: int | None, items: tuple[tuple[Block, ...], ...], width: float) -> Flowable:
    tight = ParagraphStyle("item", parent=look.body, spaceAfter=look.body.fontSize * 0.25)
    rows: list[Any] = []
    for item in items:
        inner: list[Flowable] = []
        for i, block in enumerate(item):
            if isinstance(block, Paragraph):
                inner.append(Words(look.markup(block.inline), tight))
            else:
                inner += _flowables(look, block, width - 18, f"item{i}")
        rows.append(ListItem(inner))
    size = look.body.fontSize
    kind: dict[str, Any] = {"bulletType": "bullet", "start": "•"}
    if start is not None:
        kind = {"bulletType": "1", "start": start, "bulletFormat": "%s."}
    return ListFlowable(
        rows, bulletFontName=look.regular, leftIndent=18, bulletColor=TEAL, spaceAfter=size * 0.5, **kind
    )


def _grid(look: Look, table: Table, width: float) -> Flowable:
    pad = 10.0
    columns = range(len(table.rows[0]))
    widest = [
        max(stringWidth(plain_text(row[c]), look.header.fontName, look.cell.fontSize) for row in table.rows)
        + pad
        + 3
        for c in columns
    ]
    least = [max(_longest_word(look, plain_text(row[c])) for row in table.rows) + pad + 1 for c in columns]
    if sum(widest) <= width:
        widths = [w + (width - sum(widest)) * w / sum(widest) for w in widest]
    else:
        spare = max(width - sum(least), 0)
        stretch = [max(w - m, 0.01) for w, m in zip(widest, least, strict=True)]
        widths = [m + spare * s / sum(stretch) for m, s in zip(least, stretch, strict=True)]
    right = {
        name: ParagraphStyle(f"{name} right", parent=style, alignment=2)
        for name, style in (("cell", look.cell), ("header", look.header))
    }
    rows = []
    for r, row in enumerate(table.rows):
        plain, flush = (look.header, right["header"]) if r == 0 else (look.cell, right["cell"])
        rows.append([Words(look.markup(row[c]), flush if table.right[c] else plain) for c in columns])
    grid = Grid(rows, colWidths=widths, repeatRows=1, spaceBefore=3, spaceAfter=look.body.fontSize)
    grid.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, 0), TEAL), ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, PALE]),
            ("LINEBELOW", (0, 0), (-1, -1), 0.35, RULE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), pad / 2), ("RIGHTPADDING", (0, 0), (-1, -1), pad / 2),
            ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
    )  # fmt: skip
    return KeepTogether([grid]) if len(rows) <= 8 else grid


def _longest_word(look: Look, text: str) -> float:
    if look.ja:  # Japanese breaks anywhere; keep four characters, or a whole model number, together
        latin = "".join(c if c.isascii() else " " for c in text).split()
        pieces = [*latin, text[:4]]
    else:
        pieces = text.split()
    return max(
        (stringWidth(piece, look.header.fontName, look.cell.fontSize) for piece in pieces), default=0.0
    )


def _framed(inner: list[Flowable], width: float, color: Color) -> Flowable:
    grid = Grid([[inner]], colWidths=[width], spaceBefore=4, spaceAfter=9)
    grid.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, -1), color), ("LINEBEFORE", (0, 0), (0, -1), 2.5, TEAL),
            ("LEFTPADDING", (0, 0), (-1, -1), 9), ("TOPPADDING", (0, 0), (-1, -1), 6),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
    )  # fmt: skip
    return grid


def _bars(look: Look, chart: Bars, width: float) -> Flowable:
    row, label = 13.0, width * 0.34
    height = row * (len(chart.values) + 1) + 8
    drawing = Drawing(width, height)
    size = look.cell.fontSize
    drawing.add(String(0, height - row, chart.title, fontName=look.bold, fontSize=size, fillColor=TEAL))
    most = max(value for _, value in chart.values)
    for i, (name, value) in enumerate(chart.values):
        y = height - row * (i + 2)
        length = (width - label - 40) * value / most
        drawing.add(String(0, y, name, fontName=look.regular, fontSize=size * 0.92, fillColor=INK))
        bar = Rect(label, y - 1, length, row - 4)
        bar.fillColor, bar.strokeColor = SKY, None
        drawing.add(bar)
        shown = f"{value:g}"
        drawing.add(String(label + length + 4, y, shown, fontName=look.regular, fontSize=size * 0.92))
    return KeepTogether([drawing, Spacer(1, 6)])
