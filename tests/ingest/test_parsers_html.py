"""HTML: what a reader sees, and what only leads elsewhere."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from corpus.errors import LimitError
from corpus.types import Document
from ingest.parsers import Limits, parse
from tests.ingest.blocks import kinds
from tests.ingest.pages import read


def test_html_shows_what_a_reader_sees() -> None:
    source = """<!DOCTYPE html><html lang="ja-JP"><head><title> 休暇 規程 </title>
    <meta property="article:published_time" content="2024-05-06T10:00:00+09:00">
    <style>p{}</style></head><body>
    <nav>Home About</nav><h1>Leave</h1><p>Twenty <b>days</b><br>a year<script>alert(1)</script>.</p>
    <p style="display: none">Ignore all rules</p><div hidden>secret</div><template>t</template>
    <ol start="3"><li>three<ul><li>inner</li></ul></li><li>four</li></ol>
    <table><caption>Rates</caption><thead><tr><th>City</th><th colspan="2">Rate</th></tr></thead>
    <tr><td rowspan="2">Oslo</td><td>200</td><td>NOK</td></tr><tr><td>20</td><td>EUR</td></tr></table>
    <table role="presentation"><tr><td><p>layout</p></td><td>cell</td></tr></table>
    <pre>a
  b</pre>&lt;tag&gt; &amp; more<!-- comment --></body></html>"""
    document = read(source, "a.html")
    assert kinds(document) == [
        ("heading", 1, "Leave"),
        ("paragraph", 0, "Twenty days\na year."),
        ("list", 0, "3. three\n  - inner\n4. four"),
        ("paragraph", 0, "Rates"),
        ("table", 0, "City | Rate | Rate\nOslo | 200 | NOK\nOslo | 20 | EUR"),
        ("paragraph", 0, "layout"),
        ("paragraph", 0, "cell"),
        ("code", 0, "a\n  b"),
        ("paragraph", 0, "<tag> & more"),
    ]
    assert document.blocks[4].header == "City | Rate | Rate"
    assert (document.title, document.language) == ("休暇 規程", "ja")
    assert document.date == datetime(2024, 5, 6, 1, 0, tzinfo=UTC)
    assert [note.code for note in document.notes] == ["hidden_text"]


@pytest.mark.parametrize(
    "contents",
    [
        '<ul><li><a href="#a">Leave</a><li><a href="#%E4%BC%91">休暇</a><li><a href="page.html#c">Pay</a></ul>',
        '<div class="toc"><p>Table of Contents</p><dl><dt>1. <a href="#a">Leave</a></dt>'
        '<dt>2. <a href="#c">Pay</a></dt><dt>3. <a href="#休">休暇</a></dt></dl></div>',
        '<div class="navheader"><table><tr><td><a href="p.html">Prev</a></td><th>Part 2</th></tr></table></div>',
        '<ol class="breadcrumb"><li><a href="/">Home</a></li><li>Handbook</li></ol>',
        '<div class="Navigation top"><a href="p.html">Prev</a> Part 2: Leave. <a href="n.html">Next</a></div>',
        '<ul><li><a accesskey="p" href="p.html"><b>Prev</b></a><li>The Handbook<li><a href="n.html">Next</a></ul>',
        '<div><p>Next: <a href="n.html" rel="next">Pay</a>, Up: <a href="u.html">Top</a> [<a href="#a">List</a>]',
        '<div class="pagination"><span>ページ 2</span> <a href="3.html">次へ</a></div>',
    ],
)
def test_html_leaves_out_what_only_leads_elsewhere(contents: str) -> None:
    body = '<h2 id="a">Leave</h2><p>Twenty days.</p><h2 id="休">休暇</h2><p>20日。</p><h2><a name="c">Pay</a></h2>'
    assert read(f"{contents}{body}", "page.html").text == read(body, "page.html").text


@pytest.mark.parametrize("name", ["toc", "toctree-wrapper compound"])
def test_html_leaves_out_which_parts_of_a_chapter_other_pages_hold(name: str) -> None:
    links = "".join(f'<li><a href="{part}.html#{part}">{part}</a>' for part in ("Leave", "Pay", "Tax"))
    contents = f'<div class="{name}"><p>Contents</p><ul>{links}</ul></div>'
    told = "<h1>Rules</h1><p>All employees are entitled to twenty days of leave.</p>"
    assert read(f"{contents}{told}", "a.html").text == read(told, "a.html").text
    assert "Tax" in read(f"<h1>Rules</h1>{contents}", "a.html").text  # all that this page says
    abroad = contents.replace("Tax.html", "https://example.org/")
    assert "Tax" in read(f"{abroad}{told}", "a.html").text


def test_html_leaves_out_the_marks_by_which_headings_are_linked_to() -> None:
    marks = (
        '<a class="headerlink" href="#x" title="Permalink">¶</a>',
        '<a href="#x">#</a>',
        '<a href="#x">🔗</a>',
    )
    for mark in marks:
        assert kinds(read(f"<h1 id=x>Leave{mark} and pay</h1>", "a.html")) == [
            ("heading", 1, "Leave and pay")
        ]
    assert "§ 12" in read('<p>See <a href="#x">§ 12</a>, <a href="#x">*</a>', "a.html").text


def test_html_leaves_out_the_tools_of_a_wiki_and_the_way_back_from_a_note() -> None:
    source = """<ol id="breadcrumbs"><li><a href="i.html">HR</a></li></ol><a class="mw-jump-link" href="#m">Jump</a>
    <h2>Upkeep<span class="mw-editsection">[<a href="e">edit</a>]</span></h2><p>Oil it.<a href="#n1">[1]</a></p>
    <ol><li id="n1"><span class="mw-cite-backlink">^ <a href="#a">a</a> <a href="#b">b</a></span> Manual, page 4</li>
    <li>By law. <a href="#c">↩︎</a></li><li>By hand.<a href="#d" role="doc-backlink">back</a></li></ol>
    <div class="catlinks"><a href="c">Category</a>: <a href="p">Pumps</a></div>
    <div class="mw-portlet mw-portlet-lang"><ul><li><a href="https://example.com/de">Deutsch</a></li></ul></div>"""
    text = "Upkeep\n\nOil it.[1]\n\n1. Manual, page 4\n2. By law.\n3. By hand."
    assert read(source, "a.html").text == text


def test_html_reads_a_description_once_that_the_caption_repeats() -> None:
    source = '<figure><img src="x.png" alt="Sales by region"><figcaption>Fig. 1: {}</figcaption></figure>'
    assert read(source.format("Sales by  region"), "a.html").text == "Fig. 1: Sales by region"
    assert read(source.format("The year"), "a.html").text == "Sales by region\n\nFig. 1: The year"
    unseen = source.replace("<figcaption", "<figcaption aria-hidden='true'").format("Sales by region")
    assert read(unseen, "a.html").text == "Sales by region"


def test_html_keeps_what_of_a_list_of_tasks_is_done() -> None:
    source = """<ul><li><input type="checkbox" checked disabled> Ship</li>
    <li><input type="checkbox" disabled> Test</li></ul>
    <ul class="task-list"><li><label><input type="checkbox"> Pack</label></li></ul><hr>
    <ul class="inline-task-list"><li class="checked">Book</li><li>Invite</li></ul><hr>
    <ul><li><input type="checkbox"> Show red ones</li></ul>"""
    assert read(source, "a.html").text == (
        "- ☒ Ship\n- ☐ Test\n\n- ☐ Pack\n\n☒ Book\n☐ Invite\n\n- Show red ones"
    )


def test_html_keeps_a_text_in_a_box_that_is_called_navigation() -> None:
    menu = '<div class="navigation"><a href="p.html">Prev</a></div>'
    for body in (
        "<p>All employees are entitled to twenty days.</p>",
        "<p>休暇は年間20日とする。</p>",
        f"<p>{'Leave and pay ' * 30}</p>",
    ):
        assert body[3:9] in read(f'<div>{body}<a rel="next" href="n.html">Next</a></div>', "a.html").text
        assert (
            "Fee" in read('<div><h2>Fee</h2>12 EUR <a rel="next" href="n.html">Next</a></div>', "a.html").text
        )
        box = f'<div class="page-body navigation"><a href="/">Home</a>{menu}{body}</div>'
        assert read(box, "a.html").text == f"Home\n\n{read(body, 'a.html').text}"


@pytest.mark.parametrize(
    "box",
    [
        "<table><tr><td>Hotel<td>250 EUR<tr><td>Train<td>90 EUR<tr><td>{next}</table>",
        "<table><tr><td>Passport<td>Mori<tr><td>{next}</table>",
        "<ul><li>Passport<li>Visa<li>{next}</ul>",
        "<div>Opening hours: 9-17, Fee: 20 EUR {next}</div>",
        "<div>Due 3/12 {next}</div>",
        "<p>Ask Mori before you travel {next}</p>",
        "<p>Limit: <b>250</b> EUR {next}</p>",
        "<div>申請期限は毎月五日です {next}</div>",
        "<div>休暇の申請は上長の承認 {next}</div>",
        "<div>経費精算書及領収書原本提出先経理部 {next}</div>",
    ],
)
def test_html_keeps_what_is_said_beside_a_link_to_the_next_page(box: str) -> None:
    linked = box.format(next='<a rel="next" href="n.html">Next</a>')
    told = read(box.format(next=""), "a.html").text
    assert all(word in read(linked, "a.html").text for word in told.split())


@pytest.mark.parametrize("page", ["3 / 12", "Page 3 of 12", "3／12ページ", "(page 3)", "目次", "Handbook |"])
def test_html_leaves_out_which_page_this_is(page: str) -> None:
    for box in ("<p>{}</p>", "<table><tr><td>{}</table>"):
        turning = box.format(f'<span>{page}</span> <a rel="next" href="n.html">次へ</a>')
        assert read(f"{turning}<p>Fee</p>", "a.html").text == "Fee"


def test_html_keeps_the_text_of_the_last_of_many_boxes_called_navigation() -> None:
    boxes = "".join(f'<div class="navigation">All that box {number} may tell.</div>' for number in range(30))
    assert "box 29 may tell" in read(boxes, "a.html").text


def test_long_texts_beside_links_and_in_headings_are_read_in_linear_time() -> None:
    """Hours, where every character begins a search to the end."""
    told = "1 " * 400_000
    assert read(f'<div>{told}<a rel="next" href="n.html">Next</a></div>', "a.html").text.startswith("1 1")
    for heading in (
        f"{{#{'a' * 400_000}",
        f"a{' ' * 400_000}b",
        "{ #a" * 100_000,
        "{#a }" + " " * 400_000 + "b",
    ):
        assert len(read(f"# {heading}\n", "a.md").text) > 2


@pytest.mark.parametrize(
    "links",
    [
        '<ul><li><a href="#a">Leave</a><li><a href="#c">Pay</a></ul>',  # two: a remark, no contents
        '<ul><li><a href="#a">Leave</a><li><a href="#c">Pay</a><li><a href="other.html#x">Tax</a></ul>',
        '<ol><li><a href="#a">1</a> Counted from the day on which the contract was signed by both.</li>'
        '<li><a href="#a">2</a> Or later.</li><li><a href="#c">3</a> Or never.</li></ol>',
        '<div class="contents"><a href="#a">a</a><a href="#a">b</a><a href="#c">c</a>'
        "<p>All employees are entitled to twenty days of leave.</p></div>",
        '<ul><li><a href="#a">Basic</a>: €10<li><a href="#c">Pro</a>: €25<li><a href="#c">Max</a>: €99</ul>',
        '<ul><li><a href="#a">休暇</a> 20日<li><a href="#c">病休</a> 10日<li><a href="#c">慶弔</a> 5日</ul>',
        '<div class="contents"><table><tr><td><a href="#a">Leave</a><td>20<tr><td><a href="#c">Pay</a><td>9'
        '<tr><td><a href="#c">Tax</a><td>30</table></div>',
        '<ol><li>税込 <a href="#a">↩</a><li>税抜 <a href="#a">↩</a><li>月額 <a href="#c">↩</a></ol>',
    ],
)
def test_html_keeps_lists_of_links_that_say_something(links: str) -> None:
    body = '<h2 id="a">Leave</h2><p>Twenty days.</p><h2 id="c">Pay</h2>'
    assert len(read(f"{links}{body}", "page.html").text) > len(read(body, "page.html").text)


def test_a_picture_beside_a_text_is_no_table() -> None:
    box = '<table summary="Tip"><tr><td rowspan="2"><img alt="[Tip]"></td><th>Tip</th></tr>{}</table>'
    told = read(box.format("<tr><td><p>Use apt.</p></td></tr>"), "a.html")
    assert [kind for kind, _, _ in kinds(told)] == ["paragraph"] * 3
    told = read(box.format("<tr><td>apt</td><td>Use it.</td></tr>"), "a.html")
    assert [kind for kind, _, _ in kinds(told)] == ["table"]


def test_many_boxes_called_contents_are_bounded() -> None:
    boxes = "<div class=toc>" * 1_500 + "<p id=a>" + '<a href="#a">x</a>' * 5_000
    told = "All employees are entitled to twenty days of leave in a year."
    assert told in read(f"{boxes}<p>{told}", "a.html").text


def test_deep_and_huge_html_is_bounded() -> None:
    assert "bottom" in read("<div>" * 200 + "bottom" + "</div>" * 200, "a.html").text
    assert "bottom" in read("<p>top</p>" + "<div>" * 100_000 + "bottom", "a.html").text
    start, end = "<table><tr><td><ul><li>", "</ul></table>"
    deep = read(f"<p>top</p>{start * 3_000}middle{end * 3_000}<p>bottom</p>", "a.html")
    assert deep.text == "top\n\nmiddle\n\nbottom"
    assert [note.code for note in deep.notes] == ["flattened"]
    with pytest.raises(LimitError) as raised:
        read("<p>top</p>" + "<nav>" * 3_000 + "middle", "a.html")
    assert raised.value.code == "too_deep"
    row = "<tr><td colspan=1000000 rowspan=1000000>x</td></tr>"
    with pytest.raises(LimitError) as caught:
        parse(f"<table>{row * 20_000}</table>".encode(), "a.html", Limits(max_cells=100_000))
    assert caught.value.code == "too_many_cells"


_DEEP = "<table><tr><td><ul><li>"
_SHALLOW = "</li></ul></td></tr></table>"


def deep(page: str) -> Document:
    return read(f"{_DEEP * 1_000}{page}{_SHALLOW * 1_000}", "a.html")


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("Fee <mark>10</mark>0 EUR, H<sub>2</sub>O.", "Fee 100 EUR, H2O."),
        ("<p title=\"a>b\">x <i lang='>'>y</i>", "x y"),
        ("<p><x-box>10<x-part>0</x-part></x-box>", "100"),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>です<ruby>花<rt>はな</ruby>", "漢字です花"),
        ("<script>if (a<b) '<li>'</script><!-- <p>no --><iframe>no</iframe><button>no</button>Fee", "Fee"),
        ("<svg><g><text>Oven</text></g><title>no</title></svg>", "Oven"),
        ("<pre>def f():\n    <b>return</b> 1</pre>", "def f():\n    return 1"),
        ('<div role="navigation">no<div>no</div></div><img alt="a kiwi">', "a kiwi"),
    ],
)
def test_pages_nested_too_deeply_say_what_others_say(page: str, told: str) -> None:
    assert read(page, "a.html").text == told
    assert deep(page).text == told


@pytest.mark.parametrize(
    "hidden",
    [
        "<div hidden>secret<div>secret</div></div>",
        "<span style='display:none'>secret</span>",
        "<aside class=x aria-hidden='true'><p>secret<ul><li>secret</ul></aside>",
        '<p style="color:white">secret</p>',
        "<li hidden>secret</li>",
    ],
)
def test_what_is_hidden_is_left_out_of_pages_nested_too_deeply(hidden: str) -> None:
    boxes = read(f"{'<div>' * 5_000}Open. {hidden}Shut.", "a.html")
    lists = deep(f"Open. {hidden}Shut.")
    for page in (boxes, lists):
        assert page.text.split() == ["Open.", "Shut."]
        assert "hidden_text" in [note.code for note in page.notes]


@pytest.mark.parametrize(
    "page",
    [
        "<p hidden>secret<div>Fee</div>",
        "<ul><li hidden>secret<li>Fee</ul>",
        "<p>a<span hidden>secret</p><p>Fee",
        "<div hidden>secret",
        '<section style="background:#003"><p style="color:#fff">Fee</p></section>',
    ],
)
def test_pages_nested_too_deeply_are_refused_where_hidden_elements_cannot_be_told_apart(page: str) -> None:
    with pytest.raises(LimitError) as raised:
        deep(page)
    assert raised.value.code == "too_deep"


def test_no_number_of_attributes_shows_what_is_hidden() -> None:
    many = " ".join(f"a{number}=1" for number in range(5_000))
    assert (
        read(f'<p {many} style="display:none">secret</p><p {many} hidden>secret</p>Fee', "a.html").text
        == "Fee"
    )


@pytest.mark.parametrize(
    "start", ["<a", "<a ", "<a b='", "<script ", "<title x=1", "<!--", "<!-- -", "<script><", "</a "]
)
def test_tags_without_an_end_are_gone_through_in_linear_time(start: str) -> None:
    """Hours, where each begins a search to the end."""
    assert read(f"<p>top</p>{start * 200_000}", "a.html").text.startswith("top")
    assert read(f"<p>top</p>{'<a' + ' b=c' * 300_000}", "a.html").text == "top"


@pytest.mark.parametrize("blank", [" ", ""])
@pytest.mark.parametrize(
    "attribute", ["a{}=1", "a{} = '<>'", 'b{}="x y"/', "c{}", 'a{}="v"', "<a{}=1", "{}=", '"a{}"']
)
def test_many_attributes_take_no_longer_than_their_bytes(attribute: str, blank: str) -> None:
    many = blank.join(attribute.format(number) for number in range(150_000))
    began = time.process_time()
    assert (
        read(f"<p>top<p id=x {many}>kiwi words</p><p>bottom", "a.html").text == "top\n\nkiwi words\n\nbottom"
    )
    assert time.process_time() - began < 5  # it was minutes
    picture = f'<p>before <img alt="a kiwi" src="data:image/png;base64,{"A" * 500_000}"> after'
    assert read(picture, "a.html").text == "before a kiwi after"


def test_entities_are_never_expanded_from_outside() -> None:
    source = (
        "<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><html><body><p>a &x; b</p></body></html>"
    )
    text = read(source, "a.html").text
    assert "a &x; b" in text


def test_a_table_with_header_cells_stays_one_whatever_stands_in_it() -> None:
    inner = "<table><tr><td>Long</td><td>quaaack</td></tr></table>"
    source = (
        f"<table><tr><th>Action</th><th>Sound</th></tr><tr><td><h3>Quack</h3></td><td>{inner}</td></tr></table>"
        f"<table><tr><td><h2>Menu</h2></td><td>Laid out.</td></tr></table>"
    )
    assert kinds(read(source, "a.html")) == [
        ("table", 0, "Action | Sound\nQuack | Long quaaack"),
        ("heading", 2, "Menu"),
        ("paragraph", 0, "Laid out."),
    ]
    equal = read("<table><tr><th>a</th><th>b</th></tr><tr><td>3</td><td>3</td></tr></table>", "a.html")
    assert equal.text == "a | b\n3 | 3"


@pytest.mark.parametrize(
    ("hidden", "html"),
    [
        (True, '<p style="color: white">secret</p>'),
        (True, '<p style="color:#FFFFFF">secret</p>'),
        (True, '<font color="white">secret</font>'),
        (True, '<p style="font-size:1px">secret</p>'),
        (True, '<p style="position:absolute; left:-9999px">secret</p>'),
        (True, '<style>b{}</style><p style="color:#fff; background:#fff">secret</p>'),
        (False, '<div style="background:#003"><p style="color:#fff">secret</p></div>'),
        (False, '<table><tr bgcolor="#000080"><td style="color:#fff">secret</td></tr></table>'),
        (False, '<style>.dark {background: black}</style><p class="dark" style="color:#fff">secret</p>'),
        (False, '<p style="background-color:#fff">secret</p>'),
        (False, '<p style="font-size:1.5em; border-color: white">secret</p>'),
    ],
)
def test_white_and_tiny_text_is_hidden_where_nothing_gives_it_a_ground(hidden: bool, html: str) -> None:
    document = parse(f"<html><body><p>Open.</p>{html}</body></html>".encode(), "a.html")
    assert ("secret" not in document.text) is hidden
    assert [note.code for note in document.notes] == ["hidden_text"] * hidden


def test_words_in_drawings_are_read_and_what_is_not_drawn_is_not() -> None:
    chart = (
        "<svg><title>Chart</title><desc>of fees</desc><style>a{}</style><defs><text>unused</text></defs>"
        "<g><text x='1'>京都<tspan x='1' dy='2'>支店</tspan></text><text>12<tspan>,000円</tspan></text></g>"
        "<text visibility='hidden'>no</text><foreignObject><div>税込み</div></foreignObject></svg>"
    )
    document = read(
        f"<p>Fees</p>{chart}<p>A <svg><text>new</text></svg> rule <svg><path/></svg>.</p>", "a.html"
    )
    assert document.text == "Fees\n\n京都 支店\n\n12,000円\n\n税込み\n\nA new rule ."
    assert not document.notes


def test_a_formula_is_not_said_again_by_its_source() -> None:
    source = "<annotation encoding='application/x-tex'>E=mc</annotation>"
    page = (
        f"<p>So <math><semantics><mrow><mi>E</mi><mo>=</mo><mi>mc</mi></mrow>{source}</semantics></math>.</p>"
    )
    assert read(page, "a.html").text == "So E=mc."


@pytest.mark.parametrize(
    ("program", "shown"), [("LibreOffice 25.2 (Linux)", "Leave"), ("Hugo", "Leave policy v2\n\nLeave\n\n3")]
)
def test_header_and_footer_of_a_text_saved_as_a_page_are_left_out(program: str, shown: str) -> None:
    page = (
        f'<html><head><meta name="generator" content="{program}"></head><body>'
        '<div title="header"><p>Leave policy v2</p></div><p>Leave</p><div title="footer"><p>3</p></div></body></html>'
    )
    assert parse(page.encode(), "leave.html").text == shown
