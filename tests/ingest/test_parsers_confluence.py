"""Pages in Confluence's storage format say what Confluence shows of them."""

from __future__ import annotations

from html import escape, unescape

from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.assembly import Limits
from ingest.parsers.html.confluence import as_html
from ingest.parsers.html.parser import read


def _text(page: str) -> str:
    return read(page.encode(), "page.html", Limits()).text


def _code(words: str) -> str:
    return (
        '<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">bash</ac:parameter>'
        f"<ac:plain-text-body><![CDATA[{words}]]></ac:plain-text-body></ac:structured-macro>"
    )


def test_a_code_block_keeps_its_lines_and_not_its_language() -> None:
    words = "systemctl restart billing\nif [ 1 < 2 ]; then echo E-4032; fi"
    assert _text(f"<p>Restart it:</p>{_code(words)}") == f"Restart it:\n\n{words}"


def test_a_box_keeps_its_title() -> None:
    macro = '<ac:structured-macro ac:name="info"><ac:parameter ac:name="title">Note well</ac:parameter>'
    text = _text(
        f"{macro}<ac:rich-text-body><p>Staff on call only.</p></ac:rich-text-body></ac:structured-macro>"
    )
    assert text == "Note well\n\nStaff on call only."


def test_links_say_their_words_or_the_page_they_lead_to() -> None:
    page = '<ri:page ri:space-key="OPS" ri:content-title="R&amp;D 障害対応" />'
    words = "<ac:plain-text-link-body><![CDATA[the process]]></ac:plain-text-link-body>"
    text = _text(f"<p>See <ac:link>{page}</ac:link> and <ac:link>{page}{words}</ac:link>.</p>")
    assert text == "See R&D 障害対応 and the process."


def test_tasks_are_a_list_without_their_numbers() -> None:
    task = "<ac:task><ac:task-id>1</ac:task-id><ac:task-status>incomplete</ac:task-status>"
    text = _text(f"<ac:task-list>{task}<ac:task-body>Call the vendor</ac:task-body></ac:task></ac:task-list>")
    assert text == "- Call the vendor"


def test_scripts_stay_unread_and_other_pages_as_they_are() -> None:
    script = '<script>//<![CDATA[\nvar key = "hidden words";\n//]]></script>'
    assert _text(f"<ac:x></ac:x><p>Shown.</p>{script}") == "Shown."
    assert as_html(f"<p>Shown.</p>{script}") == f"<p>Shown.</p>{script}"


@given(st.text(max_size=40) | st.text("[]>!<CDATA&;", max_size=40))
def test_whatever_stands_in_a_code_block_is_shown(words: str) -> None:
    code = _code(words.replace("]]>", "]]]]><![CDATA[>"))
    assert unescape(as_html(code).partition("<pre>")[2].rpartition("</pre>")[0]) == unescape(escape(words))
