"""PDFs as word processors write them: fonts that do not say how high they are, thick and missing rules."""

from __future__ import annotations

from typing import Any

import pypdf
from pypdf.generic import NameObject, NumberObject
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn
from tests.ingest.reports import read, rewritten


def fonts(writer: pypdf.PdfWriter) -> list[Any]:
    return [font.get_object() for font in writer.pages[0]["/Resources"]["/Font"].values()]


def with_low_heights(writer: pypdf.PdfWriter) -> None:
    for font in fonts(writer):
        if "/FontDescriptor" in font:
            found = font["/FontDescriptor"].get_object()
            found[NameObject("/Ascent")], found[NameObject("/Descent")] = (
                NumberObject(500),
                NumberObject(-170),
            )


def test_a_font_that_says_to_be_lower_than_it_is_parts_no_paragraph() -> None:
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    low = "or never as one sees some room or more even once or seven or more even now as"
    lines = [
        "He told us that both had to be held till dark fell, that light had failed that lot; he held",
        low,
        "all told.",
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Vera", 10)
        for at, line in enumerate(lines):
            canvas.drawString(70, 700 - 14 * at, line)

    assert read(rewritten(drawn(draw), with_low_heights)).text == " ".join(lines)


def grid(canvas: Any, rows: list[list[str]], *, bare: tuple[int, ...] = (), thick: int = -1) -> None:
    """A ruled table; ``bare`` rows have no rule between their cells, below row ``thick`` the rule is thick."""
    canvas.setFont("Helvetica", 9)
    for at in range(len(rows) + 1):
        canvas.setLineWidth(2.25 if at == thick + 1 else 1)
        canvas.line(70, 700 - 16 * at, 470, 700 - 16 * at)
    canvas.setLineWidth(1)
    for x in (70, 470):
        canvas.line(x, 700, x, 700 - 16 * len(rows))
    for at, row in enumerate(rows):
        if at not in bare:
            canvas.line(270, 700 - 16 * at, 270, 684 - 16 * at)
        for x, cell in zip((76, 276), row, strict=True):
            canvas.drawString(x, 689 - 16 * at, cell)


TERMS = [["Plan", "Availability"], ["Standard", "99.5 %"], ["Regulated", "99.9 %"], ["Basic", "none"]]


def test_rows_whose_cells_no_rule_parts_are_parted_as_the_others() -> None:
    (found,) = kinds(read(drawn(lambda canvas: grid(canvas, TERMS, bare=(0, 2)))))
    assert found[2].splitlines() == [" | ".join(row) for row in TERMS]


def test_a_text_across_the_columns_stays_whole_where_no_rule_parts_it() -> None:
    rows = [TERMS[0], ["All plans are measured once a minute from three places in the world", ""], *TERMS[1:]]
    (found,) = kinds(read(drawn(lambda canvas: grid(canvas, rows, bare=(1,)))))
    assert found[2].splitlines()[1] == rows[1][0]


def test_a_thick_rule_below_the_header_is_one() -> None:
    (found,) = kinds(read(drawn(lambda canvas: grid(canvas, TERMS, thick=0))))
    assert found[2].splitlines()[:2] == ["Plan | Availability", "Standard | 99.5 %"]


def test_bullets_of_symbol_fonts_are_marks_of_a_list() -> None:
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, line in enumerate(("Work announced seven days before", "Faults of a network", "Test rooms")):
            canvas.setFont("Vera", 7)
            canvas.drawString(70, 700 - 14 * at, "\u0141")
            canvas.setFont("Helvetica", 10)
            canvas.drawString(88, 700 - 14 * at, line)

    def to_symbol(writer: pypdf.PdfWriter) -> None:
        for font in fonts(writer):
            if "/ToUnicode" in font:
                stream = font["/ToUnicode"].get_object()
                stream.set_data(stream.get_data().replace(b"<0141>", b"<F0B7>"))

    (found,) = kinds(read(rewritten(drawn(draw), to_symbol)))
    assert found[0] == "list"
    assert found[2].splitlines()[0] == "• Work announced seven days before"


def test_codes_and_numbers_go_on_behind_a_hyphen_at_the_end_of_a_line() -> None:
    lines = (
        "The probes are exchanged without charge, as the field action FA-",
        "25-02 says, and whoever wishes may have a plan of three years, a 3-",
        "year term that begins with the next month.",
    )

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, line in enumerate(lines):
            canvas.drawString(70, 700 - 12 * at, line)

    text = " ".join(read(drawn(draw)).text.split())
    assert "the field action FA-25-02 says, and" in text
    assert "a 3-year term that" in text


def test_the_quarter_left_free_between_japanese_and_figures_is_no_space_and_a_written_one_is() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))

    def draw(canvas: Any) -> None:
        canvas.setFont("HeiseiKakuGo-W5", 10)
        x = 70.0
        for part in ("入社日から", "14", "日以内に", "20", "歳以上の者へ"):
            canvas.drawString(x, 700, part)
            x += pdfmetrics.stringWidth(part, "HeiseiKakuGo-W5", 10) + 2.5
        canvas.drawString(70, 680, "総務課 労務担当が Windows 10 を使う。")
        canvas.drawString(70, 660, "2.3")
        canvas.drawString(70 + pdfmetrics.stringWidth("2.3", "HeiseiKakuGo-W5", 10) + 2.5, 660, "読み進め方")

    lines = read(drawn(draw)).text.split("\n")
    text = "".join(lines)
    assert "入社日から14日以内に20歳以上の者へ" in text
    assert "総務課 労務担当が Windows 10 を使う。" in text
    assert "2.3 読み進め方" in text


def test_a_hyphen_at_the_end_of_a_line_stays_in_names_and_addresses_and_goes_from_parted_words() -> None:
    lines = (
        "Whoever asks the smaller of both models has to name it as gpt-4o-",
        "mini, and finds what it costs at https://example.org/help/price-",
        "list, a one-size-",
        "fits-all answer to most of these questions, with all of the documen-",
        "tation that there is.",
    )

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, line in enumerate(lines):
            canvas.drawString(70, 700 - 12 * at, line)

    text = read(drawn(draw)).text
    for whole in ("gpt-4o-mini,", "https://example.org/help/price-list,", "documentation"):
        assert whole in text
