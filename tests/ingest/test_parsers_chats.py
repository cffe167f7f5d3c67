"""Exports of chats: who wrote what and when, and no JSON taken for one that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers import parse
from ingest.parsers.chats import read_chat
from tests.ingest.blocks import kinds

MIA = {"real_name": "Mia Keller", "display_name": "mia", "image_72": "https://x.example/mia.png"}
SLACK = [
    {
        "type": "message", "user": "U01", "ts": "1793610000.000100", "user_profile": MIA, "client_msg_id": "a1",
        "text": "Lisbon closes at 18:30 &amp; opens at 8, ask <@U02> in <#C1|keys>",
        "blocks": [{"type": "rich_text", "elements": [{"type": "text", "text": "Lisbon closes at 18:30"}]}],
    },
    {
        "type": "message", "user": "U02", "ts": "1793610060.000200", "user_profile": {"display_name": "jo"},
        "text": "<!here> see <https://wiki.example/x|the wiki> and <https://a.example>",
        "files": [{"id": "F1", "name": "keys.pdf"}], "reactions": [{"name": "+1", "users": ["U01"], "count": 1}],
    },
    {"type": "message", "subtype": "bot_message", "username": "deploys", "ts": "1793610090.000000", "text": ""},
]  # fmt: skip
DISCORD = {
    "guild": {"name": "Acme"}, "channel": {"name": "ops"},
    "messages": [
        {
            "id": "3", "timestamp": "2026-03-02T10:11:12.3+00:00", "content": "It rotates every 45 days.",
            "author": {"id": "4", "name": "anna", "nickname": "Anna"}, "attachments": [{"fileName": "plan.png"}],
        }
    ],
}  # fmt: skip
TELEGRAM = {
    "name": "Facility", "type": "private_group",
    "messages": [
        {
            "id": 1, "type": "message", "date": "2026-01-05T09:00:00", "date_unixtime": "1767603600", "from": "Kenji",
            "text": ["鍵は", {"type": "bold", "text": "総務"}, "にあります。"],
        },
        {"id": 2, "type": "service", "date": "2026-01-05T09:01:00", "date_unixtime": "1767603660", "text": ""},
    ],
}  # fmt: skip


def said(value: Any) -> list[str]:
    return [text for _, _, text in kinds(parse(json.dumps(value).encode(), "chat.json"))]


@pytest.mark.parametrize(
    ("export", "messages"),
    [
        (
            SLACK,
            [
                "Mia Keller (2026-11-02 09:00 UTC): Lisbon closes at 18:30 & opens at 8, ask @jo in #keys",
                "jo (2026-11-02 09:01 UTC): @here see the wiki and https://a.example [keys.pdf]",
            ],
        ),
        (DISCORD, ["Anna (2026-03-02 10:11): It rotates every 45 days. [plan.png]"]),
        (TELEGRAM, ["Kenji (2026-01-05 09:00): 鍵は総務にあります。"]),
    ],
)
def test_an_export_is_read_as_its_messages(export: Any, messages: list[str]) -> None:
    assert said(export) == messages


def test_what_a_program_writes_beside_a_text_or_in_its_place_is_read() -> None:
    at = {"type": "message", "ts": "1793610000.000100"}
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "The door of B12 is open."}}
    full = {"title": "Disk full on db-7", "text": "Free space is 2 percent.", "fallback": "Disk full"}
    linked = {"from_url": "https://a.example", "title": "A page", "text": "about something else"}
    slack = [{**at, "text": "See", "attachments": [full, linked]}, {**at, "text": "", "blocks": [block]}]
    assert said(slack) == [
        "2026-11-02 09:00 UTC: See\nDisk full on db-7\nFree space is 2 percent.",
        "2026-11-02 09:00 UTC: The door of B12 is open.",
    ]
    embed = {"title": "Release 4.2", "description": "Mends the login."}
    discord = {
        "guild": {},
        "channel": {},
        "messages": [{"content": "", "embeds": [embed, {"url": "x", "title": "y"}]}],
    }
    assert said(discord) == ["Release 4.2\nMends the login."]
    poll = {"date_unixtime": "1", "text": "", "poll": {"question": "Which day for the move?"}}
    assert said({"messages": [poll]}) == ["Which day for the move?"]


def test_a_chat_is_called_as_its_export_calls_it() -> None:
    titles = [parse(json.dumps(one).encode(), "result.json").title for one in (DISCORD, TELEGRAM, SLACK)]
    assert titles == ["Acme / ops", "Facility", "result"]


@pytest.mark.parametrize(
    "other",
    [
        [{"type": "alert", "ts": "1612345678.123456", "text": "Door opened", "room": "B12"}] * 2,
        [{"type": "order", "ts": "2026-01-02", "text": "two chairs", "rating": 5}] * 2,
        {"messages": [{"role": "user", "content": "How long is the notice period?"}] * 2},
        {"guild": "smiths", "messages": ["one", "two"]},
        [*SLACK, {"total": 3}],
    ],
)
def test_other_json_keeps_every_value(other: Any) -> None:
    assert read_chat(other) == []
    text = "\n".join(said(other))
    values = [value for one in (other if isinstance(other, list) else other["messages"]) for value in
              (one.values() if isinstance(one, dict) else [one]) if isinstance(value, str) and value]  # fmt: skip
    assert all(value.split()[0] in text for value in values)


JSON = st.recursive(
    st.none() | st.text(max_size=5) | st.sampled_from(["1793610000.000100", "message"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [
                "type", "ts", "text", "user", "user_profile", "files", "messages", "guild", "channel", "author",
                "content", "date_unixtime", "from", "attachments", "timestamp", "name", "blocks", "embeds", "poll",
            ]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip


@given(JSON)
def test_whatever_stands_in_its_names_is_no_error(value: Any) -> None:
    for message in read_chat(value):
        assert message.words
        assert message.words in message.shown
