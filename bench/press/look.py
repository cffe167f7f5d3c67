"""How a PDF looks: its fonts, sizes, colours and paragraph styles."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4, A5, B5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import getFont, registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph as Words

from bench.press.source import Heading, Inline, Source

INK, GREY, RULE, PALE = HexColor("#1d2429"), HexColor("#5b6a72"), HexColor("#b9c6cc"), HexColor("#e8f0f3")
TEAL, SKY = HexColor("#0b4f6c"), HexColor("#5fb0c9")
JAPANESE = "IPAexGothic"
_FAMILIES = {
    False: ("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
    True: ("Times-Roman", "Times-Bold", "Times-Italic"),
}
_MARGINS = {"policy": 25 * mm, "handbook": 21 * mm, "manual": 15 * mm, "columns": 17 * mm}


def _register_japanese() -> None:
    spec = find_spec("matplotlib_fontja")
    if spec is None or not spec.submodule_search_locations:
        raise ValueError("Japanese pages need IPAex Gothic: install matplotlib-fontja")
    font = Path(spec.submodule_search_locations[0]) / "fonts" / "ipaexg.ttf"
    registerFont(TTFont(JAPANESE, str(font)))
    registerFontFamily(JAPANESE, JAPANESE, JAPANESE, JAPANESE, JAPANESE)


class Look:
    """The fonts, sizes and paragraph styles of one document."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.ja = source.lang == "ja"
        self.size = {"handbook": B5, "manual": A5}.get(source.layout, A4)
        self.margin = _MARGINS[source.layout]
        if self.ja:
            _register_japanese()
            self.regular = self.bold = self.italic = JAPANESE
        else:
            self.regular, self.bold, self.italic = _FAMILIES[source.serif]
        body = {"policy": 11, "handbook": 10.7, "manual": 10, "columns": 9.8}[source.layout]
        self.body = self.style(body, 1.62 if self.ja else 1.45, after=body * 0.62)
        self.cell = self.style(body * 0.86, 1.4)
        self.header = self.style(body * 0.86, 1.4, font=self.bold, color=white)
        self.tiny = self.style(7.5, 1.3, color=GREY)
        self.contents = self.style(body * 0.95, 1.36)
        levels = {block.level for block in source.blocks if isinstance(block, Heading)}
        self.rank = {level: i for i, level in enumerate(sorted(levels), 1)}
        self.headings = {
            level: self.style(
                body * scale, 1.28, font=self.bold, color=TEAL,
                before=body * before, after=body * 0.5,
            )
            for level, scale, before in ((1, 1.75, 1.2), (2, 1.28, 1.25), (3, 1.08, 0.9), (4, 1.0, 0.6))
        }  # fmt: skip

    def style(
        self,
        size: float,
        lead: float,
        font: str = "",
        color: Color = INK,
        before: float = 0,
        after: float = 0,
    ) -> ParagraphStyle:
        """Returns a style; ``size``, ``before`` and ``after`` in points, ``lead`` in sizes."""
        return ParagraphStyle(
            f"{size:.2f}{font}", fontName=font or self.regular, fontSize=size, leading=size * lead,
            textColor=color, splitLongWords=0, wordWrap="CJK" if self.ja else None,
            spaceBefore=before, spaceAfter=after,
        )  # fmt: skip

    def markup(self, inline: Inline) -> str:
        """Returns inline text in reportlab's markup, refusing characters the font does not hold."""
        parts = []
        for run in inline:
            self._check(run.text)
            text = escape(run.text).replace("\n", "<br/>")
            if run.code and not self.ja:
                text = f'<font face="Courier">{text}</font>'
            if run.bold:
                text = f'<font color="#0b4f6c">{text}</font>' if self.ja else f"<b>{text}</b>"
            parts.append(f"<i>{text}</i>" if run.italic and not self.ja else text)
        return "".join(parts)

    def _check(self, text: str) -> None:
        if self.ja:
            glyphs = getFont(JAPANESE).face.charToGlyph  # type: ignore[attr-defined]
            missing = {c for c in text if ord(c) not in glyphs and c != "\n"}
        else:  # the standard fonts hold no more than this
            missing = {c for c in text if not c.encode("cp1252", "ignore")}
        if missing:
            raise ValueError(f"{self.source.output}: the font has no {sorted(missing)}")

    def words(self, text: str, style: ParagraphStyle) -> Words:
        """Returns a paragraph of plain text."""
        self._check(text)
        return Words(escape(text), style)
