"""Subtitles and transcripts of meetings: what was said, without the times between the words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers import detection, transcripts
from tests.ingest.blocks import kinds
from tests.ingest.pages import read

MEETING = """WEBVTT
Kind: captions

NOTE
made by a program --> not said

STYLE
::cue { color: red }

0a1b/12-0
00:00:01.000 --> 00:00:04.000 align:start position:0%
<v Mia Keller>Welcome to the meeting. The new office</v>

0a1b/12-1
00:00:04.000 --> 00:00:08.000
<v Mia Keller>in Lisbon opens on <c.loud>3 May</c><00:05.000> &amp; has 40 desks.</v>

0a1b/13-0
00:00:08.500 --> 00:00:09.000
<v Jo Park>How many rooms?</v>

00:05:10.000 --> 00:05:12.000
<v Mia Keller>Six.</v>
"""


def said(source: str, name: str = "meeting.vtt") -> list[str]:
    document = read(source, name)
    assert {kind for kind, _, _ in kinds(document)} == {"paragraph"}
    return [text for _, _, text in kinds(document)]


def test_who_said_what_in_paragraphs_and_the_page_is_the_time() -> None:
    assert said(MEETING) == [
        "Mia Keller: Welcome to the meeting. The new office in Lisbon opens on 3 May & has 40 desks.",
        "Jo Park: How many rooms?",
        "Mia Keller: Six.",
    ]
    document = read(MEETING, "meeting.vtt")
    assert [(page.number, page.label) for page in document.pages] == [(1, "0:00:01"), (2, "0:05:10")]
    assert document.content_type == "text/plain"
    assert document.title == "meeting"


def test_they_are_found_in_folders() -> None:
    assert set(detection.SUFFIXES) >= transcripts.SUFFIXES


def test_names_before_the_words_and_numbers_between_the_cues() -> None:
    source = (
        "\ufeff1\r\n00:00:01,000 --> 00:00:04,000\r\nMia Keller: The badge is handed out\r\n\r\n"
        "2\r\n00:00:04,500 --> 00:00:08,000\r\nMia Keller: <i>at the front desk</i>\r\n{\\an8}in Building C.\r\n\r\n"
        "3\r\n00:00:08,000 --> 00:00:09,000\r\n42\r\n\r\n"
        "4\r\n00:00:20,000 --> 00:00:21,000\r\nPlease wear it.\r\n"
    )
    assert said(source, "tour.srt") == [
        "Mia Keller: The badge is handed out at the front desk in Building C. 42 Please wear it."
    ]


def test_words_are_given_to_nobody_whom_their_cue_does_not_name() -> None:
    source = (
        "00:01.000 --> 00:04.000\nRemember this: the code changes monthly.\n\n"
        "00:05.000 --> 00:08.000\nIt comes by mail.\n\n00:30.000 --> 00:34.000\nParking is on level two.\n"
    )
    assert said(source) == [
        "Remember this: the code changes monthly. It comes by mail.",
        "Parking is on level two.",
    ]


def test_two_who_say_the_same_are_both_heard_and_a_japanese_colon_has_no_space() -> None:
    source = (
        "00:01.000 --> 00:02.000\nÉlodie: Agreed.\n\n00:02.000 --> 00:03.000\nJo: Agreed.\n\n"
        "00:03.000 --> 00:04.000\n田中：鍵は三階です。\n\n00:04.000 --> 00:05.000\n鈴木：了解です。\n"
    )
    assert said(source) == ["Élodie: Agreed.", "Jo: Agreed.", "田中: 鍵は三階です。", "鈴木: 了解です。"]


def test_a_pause_after_a_sentence_parts_paragraphs_and_japanese_is_joined_without_a_space() -> None:
    source = (
        "00:01.000 --> 00:02.000\n駐輪場の鍵は\n総務にあります。\n\n"
        "00:09.000 --> 00:10.000\n会議室は三階です。\n\n00:10.000 --> 00:11.000\nAlso in English.\n"
    )
    assert said(source) == ["駐輪場の鍵は総務にあります。", "会議室は三階です。 Also in English."]


def test_captions_that_roll_are_read_once_and_cues_without_blank_lines_apart() -> None:
    rolling = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\nthe canteen opens\n\n00:02.000 --> 00:02.010\nthe canteen opens\n\n"
        "00:02.010 --> 00:03.000\nthe canteen opens\nat eleven thirty\n\n00:03.000 --> 00:03.010\nat eleven thirty\n"
    )
    assert said(rolling) == ["the canteen opens at eleven thirty"]
    tight = "1\n00:00:01,000 --> 00:00:02,000\none desk\n2\n00:00:02,000 --> 00:00:03,000\nor two\n"
    assert said(tight, "a.srt") == ["one desk or two"]


def test_captions_without_full_stops_do_not_become_one_paragraph() -> None:
    source = "".join(
        f"00:{n // 60:02}:{n % 60:02}.000 --> 00:{n // 60:02}:{n % 60:02}.900\nword number {n} of the talk\n\n"
        for n in range(280)
    )
    found = said("WEBVTT\n\n" + source)
    assert 5 < len(found) < 12
    assert " ".join(found) == " ".join(f"word number {n} of the talk" for n in range(280))


@pytest.mark.parametrize("source", ["WEBVTT\n\nNOTE nothing\n", "Just notes on a talk.\n"])
def test_a_file_without_cues_is_plain_text(source: str) -> None:
    assert read(source, "a.vtt").text == source.strip()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 20_000),
            st.sampled_from(["Mia", "Jo", ""]),
            st.text("ab c.日本", min_size=1).map(str.strip),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_word_that_was_said_is_read_in_order(cues: list[tuple[int, str, str]]) -> None:
    words = [f"{number}x{text}" for number, (_, _, text) in enumerate(cues)]
    source = "WEBVTT\n\n" + "\n\n".join(
        f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}.000 --> 99:00:00.000\n"
        + (f"<v {who}>" if who else "")
        + said
        for (at, who, _), said in zip(cues, words, strict=True)
    )
    document = read(source, "a.vtt")
    at = 0
    for said in words:
        assert (at := document.text.find(" ".join(said.split()), at)) >= 0
    assert [page.number for page in document.pages] == list(range(1, 1 + len(document.pages)))
