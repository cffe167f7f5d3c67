"""Earlier mails within a mail and its signature: sections of their own, in text and in HTML."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.types import Document
from tests.ingest.letters import letter, read, sections

THREAD = """\
Hi Bob,

the limit is 140 EUR.

On Sun, Jan 4, 2026 at 9:00 AM Bob <bob@example.com>
wrote:

> What is the limit?
>
> On Sat, Jan 3, 2026 Anna wrote:
>> Budgets are due on Friday.
>>
>> Send them.
>
> --
> Bob

--
Anna Berg
Travel desk
+47 22 00 00 00
"""


def test_earlier_mails_and_the_signature_are_sections_of_their_own() -> None:
    assert sections(read(letter(THREAD)))[1:] == [
        ("From: Anna <anna@example.com>", "Hi Bob,\nthe limit is 140 EUR."),
        ("On Sun, Jan 4, 2026 at 9:00 AM Bob <bob@example.com> wrote:", "What is the limit?"),
        ("On Sat, Jan 3, 2026 Anna wrote:", "Budgets are due on Friday.\nSend them.\nBob"),
        ("Anna Berg", "Travel desk\n+47 22 00 00 00"),
    ]


def test_what_is_answered_below_its_quotation_stays_where_it_is() -> None:
    text = "Bob wrote:\n> Is it 140?\n\nYes.\n\n> And in Oslo?\n\n200 there.\n"
    assert sections(read(letter(text)))[1:] == [
        ("From: Anna <anna@example.com>", text.replace("\n\n", "\n").strip())
    ]


OUTLOOK = "{} Bob <bob@example.com>\n{} 2026年1月4日 9:00\n{} Anna\n{} Limit"


@pytest.mark.parametrize(
    ("between", "names"),
    [
        ("-----Original Message-----\n", ("From:", "Sent:", "To:", "Subject:")),
        ("", ("*From:*", "*Date:*", "*To:*", "*Subject:*")),
        ("----- 元のメッセージ -----\n", ("差出人:", "送信日時:", "宛先:", "件名:")),
        ("\n________________________________\n", ("Von:", "Gesendet:", "An:", "Betreff:")),
    ],
)
def test_the_head_of_an_earlier_mail_opens_its_section(between: str, names: tuple[str, ...]) -> None:
    head = OUTLOOK.format(*names)
    first, time, _, _ = (name.strip("*") for name in names)
    wanted = (
        f"{first} Bob <bob@example.com>, {time} 2026年1月4日 9:00",
        f"{names[2]} Anna\n{names[3]} Limit\nWhat is it?",
    )
    plain = sections(read(letter(f"It is 140.\n\n{between}{head}\n\nWhat is it?\n")))
    assert plain[1:] == [("From: Anna <anna@example.com>", "It is 140."), wanted]
    rich = letter(" ")
    lines = head.replace("<", "&lt;").replace("\n", "<br>")
    rich.add_alternative(f"<p>It is 140.</p><div>{lines}</div><p>What is it?</p>", subtype="html")
    assert sections(read(rich))[1:] == plain[1:]


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        (
            "Yes.\n> On 22 Aug 2025, at 19:21, Bob <b@example.com> wrote:\n>\n> Is it?",
            "On 22 Aug 2025, at 19:21, Bob <b@example.com> wrote:",
        ),
        (
            "Yes.\n2026年1月4日(日) 9:00 山田 <b@example.com>:\n\n> Is it?",
            "2026年1月4日(日) 9:00 山田 <b@example.com>:",
        ),
        ("Yes.\n\n山田さんは書きました：\n> Is it?", "山田さんは書きました："),
        (
            "Yes.\n\n-----Original Message-----\nFrom: 陳惠珍\nSent: Friday 5:46\n\nIs it?",
            "From: 陳惠珍, Sent: Friday 5:46",
        ),
        ("Yes.\n\n> Subject: Limit\n> From: Bob\n> Date: Monday\n>\n> Is it?", "From: Bob, Date: Monday"),
    ],
)
def test_who_wrote_what_follows_is_known_in_many_ways(text: str, lead: str) -> None:
    (_, _), (_, said), (heading, quoted) = sections(read(letter(text)))
    assert (said, heading, quoted.removeprefix("Subject: Limit\n")) == ("Yes.", lead, "Is it?")


GMAIL = '<div><div class="gmail_attr">{}<br></div><blockquote class="gmail_quote">{}</blockquote></div>'

THUNDERBIRD = '<div class="moz-cite-prefix">{}<br></div><blockquote type="cite">{}</blockquote>'

APPLE = '<div><br><blockquote type="cite"><div>{}</div><br class="x"><div>{}</div></blockquote></div>'

BARE = "<br>{}<br><blockquote type='cite'>{}</blockquote>"


def rich(html: str) -> Document:
    message = letter(" ")
    message.add_alternative(
        f"<html><head><style>p {{}}</style></head><body>{html}</body></html>", subtype="html"
    )
    return read(message)


@pytest.mark.parametrize("form", [GMAIL, THUNDERBIRD, APPLE, BARE])
@pytest.mark.parametrize(
    ("who", "said"),
    [
        (
            "On Sun, 4 Jan 2026 at 9:00\u202fAM, Bob &lt;<a href='mailto:b@x'>b@x</a>&gt; wrote:",
            "Is it <b>140</b>?",
        ),
        ("2026年1月4日(日) 9:00 山田 太郎 &lt;y@x&gt;:", "上限は<b>一万円</b>ですか。"),
    ],
)
def test_an_earlier_mail_in_html_is_a_section_of_its_own(form: str, who: str, said: str) -> None:
    def bare(text: str) -> str:
        return " ".join(unescape(re.sub("<[^>]*>", "", text)).split())

    older = form.format("On Sat, 3 Jan 2026 at 8:00 Anna wrote:", "<p>What is new?</p>")
    _, *rest = sections(
        rich(f"<p>Yes.</p>{form.format(who, f'<div>{said}</div>{older}')}<div>-- <br>Bob</div>")
    )
    assert rest[0] == ("From: Anna <anna@example.com>", "Yes.")
    assert rest[1] == (bare(who), bare(said))
    assert rest[2][0] == "On Sat, 3 Jan 2026 at 8:00 Anna wrote:"
    assert rest[2][1].startswith("What is new?")


def test_what_is_quoted_between_answers_in_html_keeps_its_marks_and_a_passage_set_apart_none() -> None:
    quoted = BARE.format("On Sun, 4 Jan 2026 at 9:00 Bob wrote:", "Is it 140?<br><br><p>And when?</p>")
    (_, _), (_, said) = sections(rich(f"Hello,{quoted}<p>Yes, since May.</p>"))
    assert said == (
        "Hello,\nOn Sun, 4 Jan 2026 at 9:00 Bob wrote:\n> Is it 140?\n> And when?\nYes, since May."
    )
    (_, _), (_, said) = sections(rich("<p>The rule:</p><blockquote>140 EUR</blockquote><p>It holds.</p>"))
    assert said == "The rule:\n140 EUR\nIt holds."


def test_html_quotations_in_each_other_by_the_thousand_are_read_soon() -> None:
    lead = "<p>On Sun, 4 Jan 2026 at 9:00 Bob wrote:</p><blockquote>"
    document = rich("<p>Yes.</p>" + lead * 500 + "It is 140." + "</blockquote>" * 500)
    assert document.text.count("It is 140.") == 1
    assert "Yes." in rich("<p>Yes.</p>" + "<blockquote type=cite>a</blockquote>" * 3_000).text


def test_lines_broken_for_show_are_joined_within_their_quotation_only() -> None:
    message = letter("On Monday at 9:00 Bob wrote:\n> Is \n> it? \nIt \nis.\n-- \nAnna\n")
    message.set_param("format", "flowed")
    assert read(message).text.endswith("On Monday at 9:00 Bob wrote:\n> Is it?\nIt is.\n\nAnna")


def test_one_line_broken_for_show_a_hundred_thousand_times_is_one() -> None:
    message = letter("word \n" * 100_000 + "end\n")
    message.set_param("format", "flowed")
    assert read(message).text.endswith("word " * 100_000 + "end")


def test_a_journey_is_no_earlier_mail() -> None:
    text = "Please book:\n\nFrom: Oslo\nTo: Bergen\nDate: 5 January"
    assert read(letter(text)).text.endswith(text)


@given(
    st.lists(
        st.sampled_from(["> a", ">> b", ">", "", " ", "Bob wrote:", "-- ", "From: x", "Subject: y", "end."]),
        max_size=14,
    )
)
def test_no_word_of_a_mail_is_lost(lines: list[str]) -> None:
    document = read(letter("Begin.\n" + "\n".join(lines)))
    said = Counter(re.findall(r"\w+", "Begin. " + " ".join(lines)))
    assert said <= Counter(re.findall(r"\w+", document.text.partition("example.com>")[2]))
