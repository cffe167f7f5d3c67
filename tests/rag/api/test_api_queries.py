"""Queries of every shape over HTTP: a defined answer, the same every time, and never an error of the server."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

REFUSED = {"empty_query", "invalid_request"}

ODD = [
    "", " ", "\u3000", "a", "猫", "?", "???", "。、！", "()[]{}", "\\", "\\\\\\", "'", '"', '""', '"unclosed', '" " "',
    "title:", "title:leave", "text:*", "*", "leave*", "leave~2", "leave^9", "AND", "OR", "NOT", "leave AND NOT",
    "+leave -leave", "[a TO z]", "{a TO *}", "leave && || !", "_id:1", "/.*/", "<script>", "%00", "\x00", "a\x00b",
    "\x1b[31mred", "\r\n\r\n", "😀", "👩‍👩‍👧", "e\u0301" * 50, "\u202eevael", "\ufeff", "\u200b",
    "Ａｎｎｕａｌ　Ｌｅａｖｅ",
    "E-4032 の保証は何か月ですか。", "§ 12.3", "annual" * 600,
    "leave " * 330, "休" * 2000, "x" * 2001, "leave " * 1400, '"a" ' * 500, "a-b_c.d/e" * 200, "-" * 2000,
]  # fmt: skip


def _search(client: httpx.Client, query: str) -> httpx.Response:
    body = json.dumps({"query": query, "k": 5})  # spells lone surrogates as JSON does
    return client.post("/api/search", content=body, headers={"content-type": "application/json"})


def _check(client: httpx.Client, query: str) -> None:
    reply, again = _search(client, query), _search(client, query)
    assert reply.status_code in (200, 422), (query, reply.text)
    assert reply.status_code == again.status_code
    if reply.status_code == 422:
        assert reply.json()["error"]["code"] in REFUSED, query
        return
    hits, later = reply.json()["hits"], again.json()["hits"]
    assert hits == later
    assert len(hits) <= 5
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    assert all("salaries" not in hit["source"] for hit in hits), "nothing that the caller may not see"


@pytest.mark.parametrize("query", ODD, ids=[f"{at:02}" for at in range(len(ODD))])
def test_an_odd_query_has_a_defined_answer(client: httpx.Client, query: str) -> None:
    _check(client, query)


def test_what_is_refused_says_why(client: httpx.Client) -> None:
    def code(query: str) -> str:
        found: str = _search(client, query).json()["error"]["code"]
        return found

    assert code("") == "invalid_request"
    assert code(" \u3000") == "invalid_request"
    assert code("x" * 8192) == "invalid_request"
    assert code("\u0001\u0002") == "invalid_request"


PIECES = st.one_of(
    st.sampled_from(
        [
            '"',
            "'",
            "(",
            ")",
            "[",
            "]",
            "title:",
            " AND ",
            " OR ",
            " NOT ",
            "*",
            "~",
            "^",
            "\\",
            "\x00",
            "\ud800",
        ]
    ),
    st.sampled_from(
        ["annual leave", "Osprey", "休暇", "年次有給", "E-4032", "😀", "§ 12.3", "１２", "\u202e", "\u3099"]
    ),
    st.text(max_size=8),
)


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_query_has_a_defined_answer(client: httpx.Client, query: str) -> None:
    _check(client, query)
