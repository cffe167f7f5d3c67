"""The pages of a PDF: their frames, running heads, cover, numbers and labels."""

from __future__ import annotations

import io
from collections.abc import Iterator

from reportlab.lib.colors import white
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Spacer
from reportlab.platypus import Paragraph as Words
from reportlab.platypus import Table as Grid

from bench.press.look import GREY, PALE, RULE, SKY, TEAL, Look

Entry = tuple[int, str, int, str]  # level, words, page, destination


class Titled(Words):
    """A heading that remembers its level and destination for outline and contents."""

    def __init__(self, markup: str, style: ParagraphStyle, level: int, words: str, key: str) -> None:
        super().__init__(markup, style)
        self.entry = (level, words, key)


class Paper(BaseDocTemplate):
    """A document template that collects headings and numbers the pages."""

    def __init__(self, file: io.BytesIO, look: Look, total: int, front_pages: int) -> None:
        source = look.source
        super().__init__(
            file, pagesize=look.size, title=source.title, author=source.company,
            subject=source.subtitle or source.number, creator="Document control", lang=source.lang,
            invariant=1,
        )  # fmt: skip
        self.look, self.total, self.front_pages = look, total, front_pages
        self.entries: list[Entry] = []

    def afterFlowable(self, flowable: Flowable) -> None:
        if isinstance(flowable, Titled):
            level, words, key = flowable.entry
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(words, key, level - 1, closed=level > 1)
            self.entries.append((level, words, self.page, key))

    def printed_number(self, page: int) -> str:
        """Returns what stands at the foot of a page: roman before page 1."""
        if page <= self.front_pages:
            return ("i", "ii", "iii", "iv", "v", "vi")[page - 1]
        return str(page - self.front_pages)

    def furniture(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        """Draws running head and foot."""
        look, source, margin = self.look, self.look.source, self.look.margin
        width, height = look.size
        canvas.saveState()
        canvas.setStrokeColor(RULE)
        canvas.setFillColor(GREY)
        canvas.setFont(look.regular, 7.5)
        top, bottom = height - 11 * mm, 10 * mm
        canvas.drawString(margin, top, source.company)
        canvas.drawRightString(width - margin, top, " ".join(filter(None, (source.number, source.title))))
        canvas.line(margin, top - 2 * mm, width - margin, top - 2 * mm)
        left = source.classification or (f"v{source.version}" if source.version else "")
        canvas.drawString(margin, bottom, left)
        number = self.printed_number(self.page)
        if self.front_pages == 0:
            number = f"{number} / {self.total}" if look.ja else f"Page {number} of {self.total}"
        canvas.drawRightString(width - margin, bottom, number)
        canvas.restoreState()

    def cover(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        """Draws the coloured half behind a cover's title."""
        width, height = self.look.size
        canvas.saveState()
        canvas.setFillColor(TEAL)
        canvas.rect(0, height * 0.62, width, height * 0.38, stroke=0, fill=1)
        canvas.setFillColor(SKY)
        canvas.rect(0, height * 0.612, width, height * 0.008, stroke=0, fill=1)
        canvas.restoreState()


def front_pages(look: Look, entries: list[Entry]) -> int:
    """Returns how many pages come before page 1: cover and contents, or none."""
    if look.source.layout not in ("handbook", "manual"):
        return 0
    return max(min((entry[2] for entry in entries), default=2) - 1, 1)


def templates(look: Look, paper: Paper) -> Iterator[PageTemplate]:
    """Yields the page templates of a layout, the one of the first page first."""
    (width, height), margin = look.size, look.margin
    inner, low, high = width - 2 * margin, 17 * mm, height - 17 * mm

    def frame(x: float, y: float, w: float, h: float) -> Frame:
        return Frame(x, y, w, h, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)

    if look.source.layout in ("handbook", "manual"):
        yield PageTemplate("cover", [frame(margin, low, inner, high - low)], onPage=paper.cover)
    if look.source.layout == "columns":
        gap = 7 * mm
        column = (inner - gap) / 2
        title = sum(block.wrap(inner, high)[1] + block.getSpaceAfter() for block in masthead(look)) + 4 * mm
        cut = high - title
        yield PageTemplate(
            "first",
            [
                frame(margin, cut, inner, title),
                frame(margin, low, column, cut - low),
                frame(margin + column + gap, low, column, cut - low),
            ],
            onPage=paper.furniture,
            autoNextPageTemplate="body",
        )
        pair = [frame(margin + i * (column + gap), low, column, high - low) for i in (0, 1)]
        yield PageTemplate("body", pair, onPage=paper.furniture)
    else:
        yield PageTemplate("body", [frame(margin, low, inner, high - low)], onPage=paper.furniture)


def masthead(look: Look) -> list[Flowable]:
    """The title block of a document without a cover: title, subtitle, document control."""
    source = look.source
    title = ParagraphStyle(
        "title", parent=look.headings[1], fontSize=20, leading=25, spaceAfter=4, spaceBefore=0
    )
    blocks: list[Flowable] = [look.words(source.title, title)]
    if source.subtitle:
        blocks.append(look.words(source.subtitle, look.body))
    if source.layout == "columns":
        line = " · ".join(f"{name}: {value}" for name, value in source.control())
        return [*blocks, look.words(line, look.tiny)]
    if source.control():
        width = look.size[0] - 2 * look.margin
        rows = [
            [look.words(name, look.tiny), look.words(value, look.cell)] for name, value in source.control()
        ]
        grid = Grid(rows, colWidths=[width * 0.2, width * 0.8], spaceAfter=10)
        grid.setStyle(
            [
                ("BACKGROUND", (0, 0), (0, -1), PALE), ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
                ("LINEABOVE", (0, 0), (-1, 0), 0.8, TEAL), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )  # fmt: skip
        blocks.append(grid)
    return blocks


def cover(look: Look) -> list[Flowable]:
    """Returns what stands on a cover: company, title, document control."""
    source, height = look.source, look.size[1]
    big = look.size != A5
    title = ParagraphStyle(
        "cover",
        parent=look.headings[1],
        textColor=white,
        fontSize=30 if big else 21,
        leading=37 if big else 27,
    )
    under = ParagraphStyle("under", parent=look.body, textColor=white, fontSize=13 if big else 10, leading=18)
    control = [look.words(f"{name}: {value}", look.body) for name, value in source.control()]
    return [
        Spacer(1, height * 0.12),
        look.words(source.company, under),
        look.words(source.title, title),
        look.words(source.subtitle, under) if source.subtitle else Spacer(1, 18),
        Spacer(1, height * (0.34 if big else 0.24)),
        *control,
    ]


class Label(Flowable):
    """Takes no room; sets the page labels: roman for the front matter, then from 1."""

    def __init__(self, front_pages: int) -> None:
        super().__init__()
        self.front_pages = front_pages

    def wrap(self, *_: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        self.canv.addPageLabel(0, style="ROMAN_LOWER", start=1)
        self.canv.addPageLabel(self.front_pages, style="ARABIC", start=1)
