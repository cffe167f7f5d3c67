"""DOCX: real headings, lists and tables, a header and a footer, and the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from docx import Document
from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph as Words

from bench.press.source import (
    Block,
    Code,
    Heading,
    Inline,
    Items,
    Note,
    PageBreak,
    Paragraph,
    Source,
    Table,
)

_TEAL = RGBColor(0x0B, 0x4F, 0x6C)
_FONTS = {"en": "Calibri", "ja": "Yu Gothic"}


def print_docx(source: Source) -> bytes:
    """Returns the DOCX, its metadata and its zip entries dated by the source alone."""
    paper = Document()
    _set_fonts(paper, source)
    core = paper.core_properties
    core.title, core.author, core.subject = source.title, source.company, source.subtitle
    core.created = core.modified = source.moment
    core.last_modified_by, core.language, core.revision = source.company, source.lang, 1
    section = paper.sections[0]
    section.header.paragraphs[0].text = " · ".join(filter(None, (source.company, source.number)))
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    footer.add_run(f"{source.classification}  ")
    _page_number(footer)
    paper.add_heading(source.title, level=0)
    if source.subtitle:
        paper.add_paragraph(source.subtitle, style="Subtitle")
    if source.control():
        grid = paper.add_table(rows=0, cols=2, style="Light List Accent 1")
        for name, value in source.control():
            cells = grid.add_row().cells
            cells[0].text, cells[1].text = name, value
        paper.add_paragraph()
    for block in source.blocks:
        _add(paper, block, 1)
    file = io.BytesIO()
    paper.save(file)
    return _without_clock(file.getvalue(), source)


def _set_fonts(paper: Paper, source: Source) -> None:
    for name in ("Normal", "Title", "Subtitle", "Heading 1", "Heading 2", "Heading 3"):
        style = paper.styles[name]
        font = style.font
        font.name = _FONTS[source.lang]
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), _FONTS[source.lang])
        if name != "Normal":
            font.color.rgb = _TEAL
    paper.styles["Normal"].font.size = Pt(10.5)


def _add(paper: Paper, block: Block, depth: int) -> None:
    match block:
        case Heading(level, inline):
            _runs(paper.add_heading(level=level), inline)
        case Paragraph(inline):
            _runs(paper.add_paragraph(), inline)
        case Items(start, items):
            style = "List Bullet" if start is None else "List Number"
            style += f" {depth}" if depth > 1 else ""
            number = None if start is None else _new_numbering(paper, style, start)
            for item in items:
                for inner in item:
                    if not isinstance(inner, Paragraph):
                        _add(paper, inner, depth + 1)
                        continue
                    words = paper.add_paragraph(style=style)
                    if number is not None:
                        properties: Any = words._p.get_or_add_pPr()
                        properties.get_or_add_numPr().get_or_add_numId().val = number
                    _runs(words, inner.inline)
        case Table(rows, right):
            grid = paper.add_table(rows=len(rows), cols=len(right), style="Light Grid Accent 1")
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    words = grid.cell(r, c).paragraphs[0]
                    _runs(words, cell)
                    if right[c]:
                        words.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            paper.add_paragraph()
        case Note(blocks):
            for inner in blocks:
                if not isinstance(inner, Paragraph):
                    raise ValueError("a note in a DOCX holds paragraphs only")
                _runs(paper.add_paragraph(style="Intense Quote"), inner.inline)
        case Code(text):
            paper.add_paragraph(text, style="No Spacing")
        case PageBreak():
            paper.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        case _:
            raise ValueError(f"the press does not print {type(block).__name__} in a DOCX")


def _new_numbering(paper: Paper, style: str, start: int) -> int:
    """Returns the id of a numbering that begins anew; without it every list goes on from the last."""
    numbering = paper.part.numbering_part.element
    used = paper.styles[style].element.pPr.numPr.numId.val
    abstract = numbering.num_having_numId(used).abstractNumId.val
    number = numbering.add_num(abstract)
    number.add_lvlOverride(ilvl=0).add_startOverride(start)
    return int(number.numId)


def _runs(words: Words, inline: Inline) -> None:
    for run in inline:
        added = words.add_run(run.text)
        added.bold, added.italic = run.bold or None, run.italic or None


def _page_number(words: Words) -> None:
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = words.add_run()
        if kind:
            field = OxmlElement("w:fldChar")
            field.set(qn("w:fldCharType"), kind)
        else:
            field = OxmlElement("w:instrText")
            field.text = text
        run._r.append(field)


def _without_clock(content: bytes, source: Source) -> bytes:
    stamp = (source.dated.year, source.dated.month, source.dated.day, 9, 0, 0)
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for entry in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            info = zipfile.ZipInfo(entry, stamp)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            new.writestr(info, old.read(entry))
    return file.getvalue()
