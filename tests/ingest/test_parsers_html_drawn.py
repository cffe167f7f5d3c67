"""What of a page only its style sheets and scripts show: headings, labelled pictures, saved and scripted pages."""

from __future__ import annotations

import plistlib
from typing import Any

import pytest

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers import parse
from tests.ingest.blocks import kinds
from tests.ingest.pages import read

SAID = "Leave is asked for in the tool, two weeks before it begins, and agreed to by whoever leads the team."


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('<div class="h3">Sick leave</div>', 3),
        ('<p class="big Heading-4">Sick leave</p>', 4),
        ('<div class="section-title"><span>Sick leave</span></div>', 2),
        ('<p class="title">病気休暇</p>', 2),
        ('<p class="title">It pays 20 days of sick leave</p>', 2),
        ("<p><b>Sick leave</b></p>", 2),
        ("<p><span><strong>3.2 Sick</strong> <b>leave:</b></span></p>", 2),
        ('<p style="font-weight: 700">第3条 病気休暇</p>', 2),
        ("<p><b>What if I am ill?</b></p>", 2),
    ],
)
def test_lines_that_are_drawn_as_headings_are_headings(line: str, level: int) -> None:
    others = "".join(f"<p><b>{name}</b></p><ul><li>{SAID}</ul>" for name in ("Parental leave", "Moving"))
    found = kinds(page(f"<h1>Handbook</h1>{line}<p>{SAID}</p>{others}"))
    assert [kind for kind, _, _ in found] == [
        "heading",
        "heading",
        "paragraph",
        "heading",
        "list",
        "heading",
        "list",
    ]
    assert found[1][1] == level


def test_their_level_is_below_that_of_the_heading_above_them() -> None:
    bold = "".join(f"<p><b>{name}</b></p><p>{SAID}</p>" for name in ("Who asks", "Who agrees"))
    found = kinds(page(f"<h1>Leave</h1>{bold}<h3>Abroad</h3>{bold}"))
    assert [level for kind, level, _ in found if kind == "heading"] == [1, 2, 2, 3, 4, 4]


@pytest.mark.parametrize(
    "line",
    [
        "<p><b>Leave ends on Monday.</b></p>",
        "<p><b>Deadline: 30 April</b></p>",
        "<p><b>Mileage rate 45p</b></p>",
        "<p><b>Owner: Anna Smith</b></p>",
        "<p><b>Leave</b> is granted</p>",
        "<p><b><code>leave --sick</code></b></p>",
        "<p><b>Annual leave</b></p>text<br>",
        '<p class="title">Ask</p><p class="title">Us</p><hr>',
        f"<ul><li><p><b>Annual leave</b></p><p>{SAID}</p></ul>",
        f'<blockquote><p class="title">Annual leave</p><p>{SAID}</p></blockquote>',
        f'<div class="title">{SAID} {SAID}</div>',
    ],
)
def test_what_says_something_or_is_part_of_something_else_is_no_heading(line: str) -> None:
    found = kinds(page(f"<h1>Handbook</h1>{line}<p>{SAID}</p><p><b>Sick leave</b></p><p>Ask.</p>"))
    assert [kind for kind, _, _ in found].count("heading") == 1


def test_a_page_of_many_boxes_is_looked_at_in_time_linear_in_it() -> None:
    source = "<div>" * 1500 + "<p><b>Leave</b></p>" * 5000
    assert "Leave" in page(source + f"<p>{SAID}</p>").text


def test_what_a_picture_is_called_is_read_where_nothing_else_says_it() -> None:
    document = page(
        '<p>Rating: <span role="img" aria-label="4 of 5 stars"></span></p>'
        "<table><tr><th>Plan<th>Gold<th>Basic<tr><td>Dental<td><i class=icon aria-label=Included></i><td>"
        "<svg><title>Not included</title><path d=x></svg>"
        "<tr><td>Glasses <i aria-label=new></i><td>yes<td><svg role=img aria-label=no></svg></table>"
        "<p><a href=x>Docs <svg role=img aria-label='(external)'></svg></a> <i aria-label=star></i>"
        "<span role=img aria-label=warning>⚠</span></p><amp-img src=x alt='A plan of the office'></amp-img>"
        "<amp-sidebar><ul><li><a href=x>Home</a></ul></amp-sidebar>"
    )
    assert document.text == (
        "Rating: 4 of 5 stars\n\nPlan | Gold | Basic\nDental | Included | Not included\nGlasses | yes | no\n\n"
        "Docs ⚠\n\nA plan of the office"
    )


def test_a_page_for_browsers_without_scripts_is_read_where_there_is_no_other() -> None:
    wish = "<noscript>You need to enable JavaScript to run this app.</noscript>"
    whole = f"<div id=app></div><script src=x></script>{wish}"
    document = page(f"{whole}<noscript><h1>Leave</h1><p>{SAID}</p></noscript>")
    assert document.text == f"Leave\n\n{SAID}"
    assert page(f"<p>{SAID}</p><noscript>{SAID} twice</noscript>").text == SAID
    with pytest.raises(ParseError, match="a script fetches or draws its words") as refused:
        page(whole)
    assert (refused.value.code, "PDF" in refused.value.hint) == ("no_text", True)
    with pytest.raises(ParseError, match="characters of hidden elements"):
        page(f"<div hidden>{SAID}</div><script>1</script>")


def test_links_into_the_page_with_figures_are_no_contents_but_those_with_its_pages_are() -> None:
    places = "".join(
        f"<h2 id={name}>{name.title()}</h2><p>{SAID}</p>" for name in ("tokyo", "london", "oslo")
    )

    def lines(*numbers: int) -> str:
        names = zip(("tokyo", "london", "oslo"), numbers, strict=True)
        return "".join(f'<p><a href="#{name}">{name.title()}</a> {number}</p>' for name, number in names)

    assert page(lines(120, 80, 95) + places).text.startswith("Tokyo 120\n\nLondon 80\n\nOslo 95\n\n")
    assert page(lines(3, 8, 8) + places).text.startswith("Tokyo\n\n")


def test_a_page_that_safari_saved_is_read_as_it_stands_in_it() -> None:
    source = f"<title>休暇</title><h1>Congé payé</h1><p>{SAID}</p>".encode("utf-16-le")
    main: dict[str, Any] = {
        "WebResourceData": source,
        "WebResourceMIMEType": "text/html",
        "WebResourceTextEncodingName": "UTF-16LE",
        "WebResourceURL": "https://intranet.example/leave",
    }
    picture = {"WebResourceData": b"\x89PNG", "WebResourceMIMEType": "image/png"}
    saved = saved_page({"WebMainResource": main, "WebSubresources": [picture]})
    assert (saved.title, saved.content_type) == ("休暇", "application/x-webarchive")
    assert saved.text == f"Congé payé\n\n{SAID}"
    assert not saved.notes


@pytest.mark.parametrize(
    ("main", "code"),
    [
        ({"WebResourceData": b"\x89PNG", "WebResourceMIMEType": "image/png"}, "unsupported"),
        ({"WebResourceMIMEType": "text/html"}, "damaged_file"),
        ([1], "damaged_file"),
    ],
)
def test_a_saved_page_that_is_none_is_refused(main: object, code: str) -> None:
    with pytest.raises(ParseError) as refused:
        saved_page({"WebMainResource": main})
    assert refused.value.code == code


def test_a_saved_page_that_was_cut_short_is_damaged() -> None:
    whole = plistlib.dumps({"WebMainResource": {"WebResourceData": b"x" * 500}}, fmt=plistlib.FMT_BINARY)
    for end in range(40, len(whole), 37):
        with pytest.raises(ParseError) as refused:
            parse(whole[:end], "a.webarchive")
        assert refused.value.code == "damaged_file"


def saved_page(whole: object) -> Document:
    return parse(plistlib.dumps(whole, fmt=plistlib.FMT_BINARY), "leave.webarchive")


def page(body: str) -> Document:
    return read(f"<!doctype html><html><head><meta charset=utf-8></head><body>{body}</body></html>", "a.html")
