"""HTML: what a reader opens with a click, what is built of other elements, what stands above the line."""

from __future__ import annotations

import time

import pytest

from tests.ingest.blocks import kinds
from tests.ingest.pages import read

ANSWER = "Only people with a badge may enter the store."


@pytest.mark.parametrize(
    "panel",
    [
        f'<h3><button aria-controls="c">Who may enter?</button></h3><div id="c" hidden>{ANSWER}</div>',
        f'<h3><a role="button" href="#c">Who may enter?</a></h3><div id="c" style="display: none">{ANSWER}</div>',
        f'<h3><button data-bs-target="#c">Who may enter?</button></h3><div id="c" aria-hidden="true">{ANSWER}</div>',
        f'<h3 class="accordion-header">Who may enter?</h3><div style="display:none;opacity:0">{ANSWER}</div>',
    ],
)
def test_html_reads_the_answer_that_a_question_opens(panel: str) -> None:
    document = read(panel, "faq.html")
    assert kinds(document) == [("heading", 3, "Who may enter?"), ("paragraph", 0, ANSWER)]
    assert not document.notes


def test_html_leaves_out_hidden_text_that_no_control_opens() -> None:
    choice = '<button aria-controls="m">Menu</button><div id="m" hidden><a href="/a">Products</a></div>'
    modal = f'<button data-toggle="modal" data-target="#d">Show</button><div id="d" hidden>{ANSWER}</div>'
    lost = f"<p hidden>{ANSWER}</p>{modal}"
    document = read(f"<p>Open on Monday.</p>{choice}{lost}", "a.html")
    assert document.text == "Open on Monday."
    assert [note.code for note in document.notes] == ["hidden_text"]


def test_html_reads_a_button_without_heading_as_the_line_above_what_it_opens() -> None:
    panel = f'<div class="panel" style="display:none"><p>{ANSWER}</p></div>'
    source = f'<button class="accordion">Who may enter?</button>{panel}'
    assert read(f"{source}<button>Send</button>", "a.html").text == f"Who may enter?\n\n{ANSWER}"


@pytest.mark.parametrize("names", [('aria-controls="x"', 'aria-controls="y"'), ("", "")])
def test_html_reads_each_tab_before_what_it_opens(names: tuple[str, str]) -> None:
    tabs = (
        f'<ul role="tablist"><li role="tab" {names[0]}>Linux</li><li role="tab" {names[1]}>Windows</li></ul>'
    )
    panels = '<div role="tabpanel" id="x">Use apt.</div><div role="tabpanel" id="y" hidden>Use winget.</div>'
    assert read(tabs + panels, "a.html").text == "Linux\n\nUse apt.\n\nWindows\n\nUse winget."


def test_html_names_columns_that_can_be_sorted() -> None:
    head = "<thead><tr><th><button>Name</button></th><th><button>Price</button></th></tr></thead>"
    document = read(f"<table>{head}<tr><td>Box S</td><td>12 EUR</td></tr></table>", "a.html")
    assert document.blocks[0].header == "Name | Price"


def test_html_reads_what_stands_closed_behind_the_button_that_opens_it() -> None:
    source = f'<button aria-expanded="false">Who may enter?</button><div hidden>{ANSWER}</div>'
    menu = '<button aria-expanded="false">Menu</button><div hidden><a href="/a">Products</a></div>'
    assert read(source + menu, "a.html").text == f"Who may enter?\n\n{ANSWER}"


def test_html_reads_boxes_with_the_roles_of_a_table_as_rows() -> None:
    def row(role: str, *cells: str) -> str:
        return f'<div role="row">{"".join(f"<span role={role}>{cell}</span>" for cell in cells)}</div>'

    head = f'<div role="rowgroup">{row("columnheader", "<button>Day</button>", "Hours")}</div>'
    grid = f"{head}<div><div>{row('gridcell', 'Monday', '8-17')}"
    document = read(
        f'<div role="grid">{grid}{row("gridcell", "Friday", "8-15")}</div></div></div><p>End', "a.html"
    )
    assert kinds(document) == [
        ("table", 0, "Day | Hours\nMonday | 8-17\nFriday | 8-15"),
        ("paragraph", 0, "End"),
    ]
    assert document.blocks[0].header == "Day | Hours"


def test_html_takes_a_list_of_cards_with_headings_for_sections() -> None:
    cards = "<ul><li><h3>Box S</h3><p>For shoes.</p></li><li><h3>Box L</h3><p>For a sofa.</p></li></ul>"
    steps = '<ol start="2"><li><h4>Count</h4>all boxes</li><li><h4>3. Sign</h4></li></ol>'
    steps += "<ul><li><h4>No</h4><li>item</ul>"
    assert kinds(read(f'<div role="heading" aria-level="2">Boxes</div>{cards}{steps}', "a.html")) == [
        ("heading", 2, "Boxes"),
        ("heading", 3, "Box S"),
        ("paragraph", 0, "For shoes."),
        ("heading", 3, "Box L"),
        ("paragraph", 0, "For a sofa."),
        ("heading", 4, "2. Count"),
        ("paragraph", 0, "all boxes"),
        ("heading", 4, "3. Sign"),
        ("list", 0, "- No\n- item"),
    ]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("before 10:30<sup><a href='#fn1'>1</a></sup>.", "before 10:30[1]."),
        ("before 10:30<a href='#fn1' role='doc-noteref'><sup>1</sup></a>.", "before 10:30[1]."),
        ("before 10:30<sup><a href='#cite_note-1'>[1]</a></sup>.", "before 10:30[1]."),
        ("before 10:30<a class='sdfootnotesym' href='#sdfootnote1'>1</a>.", "before 10:30[1]."),
        ("10<sup>6</sup> or 10<sup>-3</sup>", "10^6 or 10^-3"),
        ("2<sup>n</sup> and 2<sup>n-1</sup>", "2^n and 2^(n-1)"),
        ("10<sup><sup>6</sup></sup>, 10<sup>3</sup>", "10^6, 10^3"),
        ("sales of 2024<sup>1)</sup>", "sales of 2024^1)"),
        ("1011<sub>2</sub>, 5<sup>1</sup>/<sub>2</sub> inches", "1011_2, 5 1/2 inches"),
        (
            "m<sup>2</sup>, CO<sub>2</sub>, 21<sup>st</sup>, 2<sup>e</sup>, s<sup>-1</sup>",
            "m2, CO2, 21st, 2e, s^-1",
        ),
        (
            "<math><mfrac><mi>a</mi><mn>2</mn></mfrac><mo>+</mo><msup><mi>x</mi><mn>2</mn></msup></math>",
            "a/2+x^2",
        ),
    ],
)
def test_html_writes_what_stands_above_the_line_apart_from_numbers(written: str, shown: str) -> None:
    assert read(f"<p>{written}</p>", "a.html").text == shown


def test_html_keeps_headings_and_numbers_of_notes_that_lead_back() -> None:
    heading = '<h2 id="x"><a role="doc-backlink" href="#toc-1">Receiving goods</a></h2>'
    back = '<a role="doc-backlink" href="#r1">{}</a>'
    note = f"<aside>[{back.format(1)}] Except on Fridays. {back.format('↩')}</aside>"
    assert read(heading + note, "a.html").text == "Receiving goods\n\n[1] Except on Fridays."


def test_html_reads_code_without_the_numbers_of_its_lines() -> None:
    code = "def count():\n    return 1"
    numbered = (
        '<pre><span class="linenos">1</span>def count():\n<span class="linenos">2</span>    return 1</pre>'
    )
    rows = f"<tr><td><pre>1\n2</pre></td><td><pre>{code}</pre></td></tr>"
    beside = f'<table><tr><th colspan="2">a.py</th></tr>{rows}</table>'
    assert kinds(read(numbered, "a.html")) == [("code", 0, code)]
    assert kinds(read(beside, "a.html")) == [("paragraph", 0, "a.py"), ("code", 0, code)]
    nested = read(f"<ol><li>Sign<pre>{code}</pre></ol>", "a.html")
    assert nested.text == "1. Sign\n   def count():\n       return 1"


def test_html_leaves_out_what_stands_around_the_text() -> None:
    told = "<h1>Leave</h1><p>All employees are entitled to twenty days of leave.</p>"
    links = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("Products", "Prices", "Jobs"))
    around = (
        '<a href="#m">Skip to main content</a><a href="#m">本文へスキップ</a>'
        f'<div class="navbar">Acme<ul>{links}</ul></div>'
        '<div id="cookie-banner"><p>We use cookies to make this site better.</p></div>'
    )
    assert read(
        f'{around}<main id="m">{told}</main><aside><h2>Related</h2><ul>{links}</ul></aside>', "a.html"
    ).text == (read(told, "a.html").text)
    assert "Jobs" in read(f"<aside><ul>{links}</ul></aside>", "a.html").text  # all that this page says
    assert "Acme" in read(f"<header>Acme<ul>{links}</ul></header>{told}", "a.html").text  # whose page it is
    assert "9-17" in read(f"{told}<aside>Open 9-17<ul>{links}</ul></aside>", "a.html").text
    assert "cookies" in read('<div class="cookie-notice"><p>We use cookies.</p></div>', "a.html").text


def test_html_takes_paragraphs_of_links_for_the_contents_and_the_title_s_style_for_a_heading() -> None:
    entries = "".join(
        f'<p class=MsoToc1><a href="#_Toc{n}">{n} Part<span> ... {n}</span></a></p>' for n in (1, 2, 3)
    )
    body = "".join(f'<h1><a name="_Toc{n}">{n} Part</a></h1><p>Text {n}.</p>' for n in (1, 2, 3))
    document = read(f"<p class=MsoTitle>Handbook</p>{entries}{body}", "a.html")
    assert document.title == "Handbook"
    assert document.text.count("Part") == 3
    assert document.blocks[0].kind == "heading"


def test_html_reads_letters_of_symbol_fonts() -> None:
    source = "<p>10 <span style='font-family:Symbol'>m</span>m <font face=\"Wingdings\">à</font> thin</p>"
    assert read(source, "a.html").text == "10 μm → thin"


@pytest.mark.parametrize(
    "part",
    [
        '<div role="row">',
        "<sup>1",
        "<ul><li><h3>a</h3>",
        '<aside class="navbar"><a href="#a">b</a>',
        '<div id="a" class="cookie-banner"><p><a href="#a">b</a>',
        '<div class="accordion" aria-controls="a">c</div><div id="a" hidden>d</div>',
        '<table><td class="gutter"><pre>1</pre><td>b</table>',
    ],
)
def test_html_is_read_in_time_linear_in_what_it_holds(part: str) -> None:
    start = time.process_time()
    read(f"<p>All employees are entitled to twenty days of leave.</p>{part * 20_000}", "a.html")
    assert time.process_time() - start < 20


def test_html_opens_no_window_behind_a_box_and_keeps_what_a_tab_holds() -> None:
    window = '<div class="modal" style="display:none">Subscribe to our letter.</div>'
    source = f'<div class="accordion"><p>{ANSWER}</p></div>{window}'
    assert read(source, "a.html").text == ANSWER
    tab = f'<div role="tab" aria-controls="a">Entry<div id="a">{ANSWER}</div></div>'
    assert read(tab, "a.html").text == f"Entry\n\n{ANSWER}"


@pytest.mark.parametrize("font", ["Segoe UI Symbol", "Arial, 'Segoe UI', Symbol", "'Segoe UI Symbol', serif"])
def test_html_reads_letters_whose_first_font_is_no_symbol_font(font: str) -> None:
    assert read(f'<p style="font-family: {font}">Hello</p>', "a.html").text == "Hello"
    assert (
        read(f'<p style="mso-bidi-font-family:Symbol;font-family: {font}">Hello</p>', "a.html").text
        == "Hello"
    )


def test_html_takes_powers_in_links_for_no_notes() -> None:
    source = '<p><a href="#area">Area in m<sup>2</sup></a> of the 1<sup><a href="#n">4</a></sup></p>'
    assert read(source, "a.html").text == "Area in m2 of the 1[4]"


def test_html_keeps_figures_beside_links_and_numbers_beside_words() -> None:
    plans = "".join(f'<p id="p{n}"><a href="#p{n}">Plan {n}</a> {n}.00 EUR, 9:30</p>' for n in (1, 2, 3, 4))
    prices = "".join(f'<p><a href="#p{n}">Plan</a> €{n}.50</p>' for n in (1, 2, 3, 4))
    text = read(f"{prices}{plans}", "a.html").text
    assert text.count("€") == text.count("EUR") == 4
    cells = "<tr><td>Year</td><td>Sold</td></tr><tr><td><pre>1\n2</pre></td><td>many</td></tr>"
    assert read(f"<table>{cells}</table>", "a.html").text == "Year | Sold\n1 2 | many"


@pytest.mark.parametrize(
    "source",
    [
        '<button aria-controls="p">Q</button>' * 1000 + f'<div id="p"><a>{"word " * 50_000}</a></div>',
        f'<div class="{"cookie" * 16_000}">Told.</div>',
        '<div role="grid"><div role="row">' * 100 + '<span role="cell">a</span>' * 10_000,
        f"<table><tr><td>{'<pre>1</pre>' * 20_000}</td><td><pre>a</pre></td></tr></table>",
    ],
)
def test_hostile_pages_are_read_in_linear_time(source: str) -> None:
    start = time.process_time()
    read(f"<p>Told.</p>{source}", "a.html")
    assert time.process_time() - start < 3


def test_html_reads_no_button_beside_the_words_of_a_heading() -> None:
    source = (
        '<h2>Leave <button aria-controls="c">Copy link</button></h2><div id="c" hidden>Twenty days.</div>'
    )
    assert read(source, "a.html").text == "Leave\n\nTwenty days."
    twice = "<h2><button>Who may</button> <button>enter?</button></h2>"
    assert read(twice, "a.html").text == "Who may enter?"
