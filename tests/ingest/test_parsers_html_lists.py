"""Lists that Word, Outlook, Google Docs and Notion write without the markup of one: the items, at their depths."""

from __future__ import annotations

import re
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.types import Document
from ingest.parsers import parse

GAP = "<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp; </span>"
WORD = '<meta name=Generator content="Microsoft Word 15 (filtered)">'


def read(body: str) -> Document:
    return parse(f"<html><head>{WORD}</head><body>{body}</body></html>".encode(), "leave.html")


def lists(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks if block.kind == "list"]


def word_item(mark: str, text: str, depth: int = 0) -> str:
    font = "Symbol" if mark.startswith("&") else "Courier New"
    style = f"margin-left:{36 * (depth + 1)}.0pt;text-indent:-18.0pt"
    return f'<p class=MsoListParagraph style="{style}"><span style="font-family:{font}">{mark}{GAP}</span>{text}</p>\n'


def google_items(depths: list[int]) -> str:
    runs = groupby(enumerate(depths), key=lambda one: one[1])
    return "".join(
        f'<ul class="c1 lst-kix_ab1-{depth} start">'
        + "".join(f'<li class="c2"><span>item {number}</span></li>' for number, _ in run)
        + "</ul>"
        for depth, run in runs
    )


@st.composite
def nested(draw: st.DrawFn) -> list[int]:
    depths = [0]
    for step in draw(st.lists(st.integers(-3, 1), max_size=12)):
        depths.append(max(depths[-1] + step, 0))
    return depths


@given(nested())
def test_items_stand_at_their_depths_whoever_wrote_them(depths: list[int]) -> None:
    shown = "\n".join(f"{'  ' * depth}- item {number}" for number, depth in enumerate(depths))
    word = "".join(word_item("&middot;", f"item {number}", depth) for number, depth in enumerate(depths))
    assert lists(read(f"<p>Before</p>{word}<p>Behind</p>")) == [shown]
    google = read(f"<p>Before</p>{google_items(depths)}<p>Behind</p>")
    assert lists(google) == [shown]
    assert re.findall(r"\w+ \d+", google.text) == [f"item {number}" for number, _ in enumerate(depths)]
    assert all(after - before <= 1 for before, after in pairwise(depths))


@pytest.mark.parametrize(
    ("mark", "shown"),
    [("&middot;", "-"), ("o", "-"), ("1.", "1."), ("（ア）", "（ア）"), ("2.1.3", "2.1.3")],
)
def test_a_mark_that_says_something_stays(mark: str, shown: str) -> None:
    assert lists(read(word_item(mark, "Alpha") + word_item(mark, "Beta"))) == [f"{shown} Alpha\n{shown} Beta"]


def test_a_mail_of_outlook_has_its_list() -> None:
    style = "text-indent:-18.0pt;mso-list:l0 level{} lfo1"
    ignored = f'<![if !supportLists]><span style="mso-list:Ignore">{{}}{GAP}</span><![endif]>'
    items = "".join(
        f"<p class=MsoListParagraph style='{style.format(level)}'>{ignored.format(mark)}{text}<o:p></o:p></p>"
        for level, mark, text in [(1, "1.", "Badge"), (2, "a.", "Photo"), (1, "2.", "Key")]
    )
    mail = (
        "From: mia@a.example\r\nTo: bo@a.example\r\nSubject: First day\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Bring:</p>{items}</body></html>"
    )
    assert lists(parse(mail.encode(), "first.eml")) == ["1. Badge\n  a. Photo\n2. Key"]


def test_lists_of_one_item_each_are_one_and_count_on() -> None:
    bullets = "".join(f'<ul class="bulleted-list"><li>{word}</li></ul>' for word in ("One", "Two"))
    numbers = "".join(f'<ol class="numbered-list" start="{n}"><li>{n}th</li></ol>' for n in (4, 5))
    tasks = "".join(
        f'<ul class="to-do-list"><li><div class="checkbox checkbox-{state}"></div>{word}</li></ul>'
        for state, word in (("on", "Read"), ("off", "Sign"))
    )
    document = read(f"{bullets}{numbers}{tasks}")
    assert lists(document) == ["- One\n- Two", "4. 4th\n5. 5th", "- ☒ Read\n- ☐ Sign"]


def test_lists_that_begin_anew_stay_apart() -> None:
    document = read(
        "<ol><li>a</li><li>b</li></ol><ol><li>c</li><li>d</li></ol><ul><li>e</li></ul>x<ul><li>f</li></ul>"
    )
    assert lists(document) == ["1. a\n2. b", "1. c\n2. d", "- e", "- f"]


def test_paragraphs_of_lists_without_a_mark_and_words_with_a_gap_stay_paragraphs() -> None:
    body = f"<p class=MsoListParagraph>No mark</p><p>Name{GAP}Mia</p><p class=MsoListParagraph>{'x' * 40}{GAP}y</p>"
    document = read(body)
    assert lists(document) == []
    assert document.text.split("\n\n") == ["No mark", "Name Mia", "x" * 40 + " y"]


@pytest.mark.parametrize("margin", ["1.2.3pt", ".pt", "-", "9" * 400 + "pt", "٣.٣pt", "1e9pt", "-.5in"])
def test_a_margin_that_is_no_length_hides_no_page(margin: str) -> None:
    body = f"<p class=MsoListParagraph style='margin-left:{margin}'>1.{GAP}Ask</p><p>Then wait.</p>"
    assert read(body).text == "1. Ask\n\nThen wait."


def test_contents_that_word_wrote_are_left_out() -> None:
    document = read(
        "<p class=MsoToc1><a href='#_T1'>1 Who&nbsp;.. 3</a></p><h1><a name='_T1'>1 Who</a></h1><p>All.</p>"
    )
    assert document.text == "1 Who\n\nAll."


def test_no_page_can_write_a_mark_itself() -> None:
    assert lists(read('<ul><li writtenMark="secret" writtenmark="secret">Alpha</li></ul>')) == ["- Alpha"]


def test_html_lists_show_their_own_numbers_and_readings_are_left_out() -> None:
    page = (
        "<p><ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>です。</p><ol type=a><li>x<li value=4>y</ol>"
    )
    assert parse(page.encode(), "a.html").text == "漢字です。\n\na. x\nd. y"
