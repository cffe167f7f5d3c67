"""Fields of Word documents, of which the result is shown and the code is not; and text that a style hides."""

from __future__ import annotations

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.word.fields import drawn
from tests.ingest.word_files import read, with_body


def run(text: str, style: str = "") -> str:
    own = f'<w:rPr><w:rStyle w:val="{style}"/></w:rPr>' if style else ""
    return f'<w:r>{own}<w:t xml:space="preserve">{text}</w:t></w:r>'


def mark(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def code(text: str) -> str:
    return f'<w:r><w:instrText xml:space="preserve">{text}</w:instrText></w:r>'


def field(instruction: str, result: str | None) -> str:
    shown = "" if result is None else mark("separate") + result
    return mark("begin") + instruction + shown + mark("end")


def paragraph(*pieces: str) -> str:
    return f"<w:p>{''.join(pieces)}</w:p>"


def test_what_a_field_within_a_code_gives_is_not_shown() -> None:
    name = field(code(" MERGEFIELD name "), run("SECRET"))
    choice = field(code(" IF ") + name + code(' = "" "no" "yes" '), run("yes"))
    assert with_body(paragraph(run("Leave: "), choice, run(" for all."))).text.startswith(
        "Leave: yes for all."
    )


def test_fields_within_a_result_and_over_paragraphs_are_shown() -> None:
    inner = field(code(" PAGEREF _Toc1 "), run("7"))
    document = with_body(
        paragraph(mark("begin"), code(" QUOTE "), mark("separate"), run("See page "), inner)
        + paragraph(run("and the next."), mark("end"), run(" Then more."))
    )
    assert document.text.startswith("See page 7\n\nand the next. Then more.")


def test_a_field_that_is_never_closed_swallows_nothing() -> None:
    assert with_body(paragraph(run("Leave "), mark("begin"), run("is 25 days."))).text.startswith(
        "Leave is 25 days."
    )


@pytest.mark.parametrize(
    ("instruction", "shown"),
    [
        (r" EQ \* jc2 \* &quot;Font:ＭＳ 明朝&quot; \* hps10 \o\ad(\s\up 9(とうきょう),東京)", "東京"),
        (r" eq \o\ac(○,秘)", "㊙"),
        (r" eq \o\ac(○,3)", "③"),
        (r" eq \o\ac(□,至急)", "(至急)"),
        (r" EQ \f(1,2)", "1/2"),
        (r" EQ \r(,x+1)", "√(x+1)"),
        (r" SYMBOL 252 \f &quot;Wingdings&quot; \s 11", "✓"),
        (r" XE &quot;Index&quot; ", ""),
    ],
)
@pytest.mark.parametrize("result", [None, ""])
def test_a_code_without_a_result_shows_what_it_draws(
    instruction: str, shown: str, result: str | None
) -> None:
    """Japanese documents have readings and circled words so: the word itself was lost."""
    document = with_body(paragraph(run("前"), field(code(instruction), result), run("後")))
    assert document.text.startswith(f"前{shown}後")


@given(st.text(alphabet="EQ\\oadfrl(),;○秘 9", max_size=60))
def test_any_code_is_read_to_an_end(text: str) -> None:
    shown = drawn(f" EQ {text}")
    assert set(shown) <= set(text) | set("√/, ()⑨") | {"㊙"}
    assert drawn(f" EQ \\o{'(' * 3000}x") is not None


def test_what_a_style_hides_is_left_out_and_counted() -> None:
    source = docx.Document()
    source.styles.add_style("Inner", 2).font.hidden = True
    source.styles.add_style("Draft", 1).font.hidden = True
    source.styles.add_style("Draft note", 1).base_style = source.styles["Draft"]
    line = source.add_paragraph("Leave is 25 days")
    line.add_run(" (ask Mia)", style="Inner")
    shown = line.add_run(", really", style="Inner")
    shown.font.hidden = False
    source.add_paragraph("Not decided yet", style="Draft note")
    document = read(source)
    assert document.text == "Leave is 25 days, really"
    assert [(note.code, note.message[:2]) for note in document.notes] == [("hidden_text", "25")]
