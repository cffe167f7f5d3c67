"""Asking and comparing over HTTP: a real server, real retrieval, the built-in model and scripted ones."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from tests.rag.company import MARKED, Live
from tests.rag.events import events

LEAVE = "How many days of annual leave move into the next year?"
ANSWER_FIELDS = {
    "id", "question", "text", "abstained", "citations", "passages", "model", "retrieval", "strategy", "usage",
    "timings_ms",
}  # fmt: skip
CITATION_FIELDS = {"marker", "document_id", "version", "source", "title", "page", "start", "end", "quote"}
HIT_FIELDS = {
    "rank", "score", "chunk_id", "document_id", "version", "source", "title", "page", "last_page",
        "start", "end",
    "headings", "text",
}  # fmt: skip


def _ask(client: httpx.Client, **body: Any) -> dict[str, Any]:
    reply = client.post("/api/ask", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def _check_citations(client: httpx.Client, answer: dict[str, Any]) -> None:
    assert answer["citations"]
    for citation in answer["citations"]:
        assert set(citation) >= CITATION_FIELDS
        path = f"/api/documents/{citation['document_id']}/text"
        stored = client.get(path, params={"version": citation["version"]}).json()
        assert stored["text"][citation["start"] : citation["end"]] == citation["quote"]
        page = next(one for one in stored["pages"] if one["number"] == citation["page"])
        assert page["start"] <= citation["start"] < page["end"]
        assert citation["marker"] in [passage["marker"] for passage in answer["passages"]]


@pytest.mark.parametrize(
    ("question", "source", "page", "words"),
    [
        (LEAVE, "hr/leave.md", 1, "Up to five days"),
        ("使い切れなかった年次有給休暇は繰り越せますか", "hr/休暇規程.md", 1, "翌年度に限り繰り越す"),
        ("Where are spare parts for the Osprey pump ordered from?", "pump.pdf", 2, "depot in Leeds"),
    ],
)
def test_an_answer_quotes_the_page_it_came_from(
    client: httpx.Client, question: str, source: str, page: int, words: str
) -> None:
    answer = _ask(client, question=question)
    assert set(answer) >= ANSWER_FIELDS
    assert answer["complete"]
    assert not answer["abstained"]
    assert words in answer["text"]
    quoted = [one for one in answer["citations"] if words in one["quote"]]
    assert {(one["source"], one["page"]) for one in quoted} == {(source, page)}
    assert all(set(passage) >= HIT_FIELDS | {"marker"} for passage in answer["passages"])
    _check_citations(client, answer)


def test_what_no_document_answers_is_not_answered(client: httpx.Client) -> None:
    answer = _ask(client, question="Which colour did the chairman paint his yacht in Monaco?")
    assert answer["abstained"]
    assert answer["citations"] == []


def test_what_a_caller_may_not_see_answers_nothing(client: httpx.Client) -> None:
    answer = _ask(client, question="Where does salary band seven begin?")
    assert "fifty" not in str(answer)
    assert all(passage["source"] != "salaries.txt" for passage in answer["passages"])


def test_without_retrieval_nothing_is_searched_or_cited(client: httpx.Client, live: Live) -> None:
    answer = _ask(client, question=LEAVE, retrieval=False, model="steady")
    assert answer["passages"] == answer["citations"] == []
    assert "Annual leave" not in str(live.steady.requests[-1]["messages"])


def test_a_chosen_model_reads_passages_history_and_examples(client: httpx.Client, live: Live) -> None:
    history = [{"role": "user", "content": "Hello there"}, {"role": "assistant", "content": "Good day"}]
    answer = _ask(client, question=LEAVE, model="steady", strategy="few-shot", k=2, history=history)
    assert answer["text"] == MARKED
    assert answer["model"] == "steady"
    assert answer["usage"]["counted"] == "provider"
    assert answer["prompt"]["examples"] > 0
    assert len(answer["passages"]) == 2
    sent = str(live.steady.requests[-1]["messages"])
    assert "Up to five days" in sent
    assert "Hello there" in sent
    _check_citations(client, answer)


def test_a_stream_gives_passages_then_text_then_citations_then_all_of_it(client: httpx.Client) -> None:
    body = {"question": LEAVE, "model": "steady", "stream": True}
    with client.stream("POST", "/api/ask", json=body) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        told = list(events(reply))
    names = [name for name, _ in told]
    deltas = names.count("delta")
    assert deltas > 3
    assert names == ["passages", *["delta"] * deltas, "citations", "timings", "done"]
    answer = told[-1][1]
    assert "".join(data["text"] for name, data in told if name == "delta").strip() == answer["text"]
    assert told[0][1]["id"] == answer["id"]
    assert told[0][1]["passages"] == answer["passages"]
    assert told[-3][1]["citations"] == answer["citations"]
    assert told[-2][1]["timings_ms"]["total"] > 0
    _check_citations(client, answer)


def test_an_accept_header_asks_for_a_stream_too(client: httpx.Client) -> None:
    headers = {"accept": "text/event-stream"}
    with client.stream("POST", "/api/ask", json={"question": LEAVE}, headers=headers) as reply:
        assert [name for name, _ in events(reply)][-1] == "done"


def test_a_model_that_fails_leaves_the_passages_beside_the_error(client: httpx.Client) -> None:
    reply = client.post("/api/ask", json={"question": LEAVE, "model": "refusing"})
    assert reply.status_code == 502
    found = reply.json()
    assert set(found) == {"error", "answer"}
    assert set(found["error"]) == {"code", "message", "hint"}
    assert found["error"]["code"] == found["answer"]["failure"]["code"] == "model_key_refused"
    assert set(found["answer"]) >= ANSWER_FIELDS
    assert found["answer"]["passages"][0]["source"] == "hr/leave.md"
    assert not found["answer"]["complete"]


def test_an_answer_that_is_cut_off_is_told_as_a_part(client: httpx.Client) -> None:
    answer = _ask(client, question=LEAVE, model="cut")
    assert not answer["complete"]
    assert answer["failure"]["code"] == "model_cut_off"
    assert answer["text"] == MARKED.removesuffix(" [1]")
    with client.stream("POST", "/api/ask", json={"question": LEAVE, "model": "cut", "stream": True}) as reply:
        name, last = list(events(reply))[-1]
    assert name == "error"
    assert last["error"]["code"] == "model_cut_off"
    assert set(last["error"]) == {"code", "message", "hint"}
    assert last["answer"]["text"] == answer["text"]


def test_a_client_that_leaves_a_stream_ends_the_call_to_the_provider(
    client: httpx.Client, live: Live
) -> None:
    before = live.endless.left_early
    with client.stream(
        "POST", "/api/ask", json={"question": LEAVE, "model": "endless", "stream": True}
    ) as reply:
        told = events(reply)
        assert [next(told)[0] for _ in range(2)] == ["passages", "delta"]
        assert live.endless.open_replies == 1
    assert live.endless.wait_idle(20)
    assert live.endless.left_early == before + 1


def test_a_client_that_leaves_while_it_waits_ends_the_call_too(live: Live) -> None:
    before = live.endless.left_early
    with live.client() as leaving, pytest.raises(httpx.ReadTimeout):
        leaving.post("/api/ask", json={"question": LEAVE, "model": "endless"}, timeout=1.5)
    assert live.endless.wait_idle(20)
    assert live.endless.left_early == before + 1


def test_beyond_the_places_a_question_is_sent_away_with_a_time_to_come_back(
    client: httpx.Client, live: Live
) -> None:
    places = live.settings.max_concurrent_asks
    began = threading.Barrier(places + 1)
    full = threading.Event()

    def occupy() -> None:
        with live.client() as other:
            body = {"question": LEAVE, "model": "endless", "stream": True}
            with other.stream("POST", "/api/ask", json=body) as reply:
                told = events(reply)  # kept: httpx hangs up when its iterator goes
                assert [next(told)[0] for _ in range(2)] == ["passages", "delta"]
                began.wait(30)
                full.wait(30)

    holders = [threading.Thread(target=occupy) for _ in range(places)]
    for holder in holders:
        holder.start()
    try:
        began.wait(30)
        refused = client.post("/api/ask", json={"question": LEAVE})
        compared = client.post("/api/compare", json={"question": LEAVE})
        searched = client.post("/api/search", json={"query": LEAVE})
    finally:
        full.set()
        for holder in holders:
            holder.join()
    for reply in (refused, compared):
        assert reply.status_code == 503
        assert int(reply.headers["retry-after"]) >= 1
        assert reply.json()["error"]["code"] == "overloaded"
    assert searched.status_code == 200
    assert live.endless.wait_idle(20)


def test_a_place_is_free_again_after_every_kind_of_end(client: httpx.Client, live: Live) -> None:
    for body in ({"model": "keyless"}, {"model": "cut"}, {"model": "cut", "stream": True}, {"model": "none"}):
        for _ in range(live.settings.max_concurrent_asks + 1):
            assert client.post("/api/ask", json={"question": LEAVE, **body}).status_code != 503
    assert _ask(client, question=LEAVE)["complete"]


def test_comparing_answers_with_and_without_the_documents(client: httpx.Client) -> None:
    found = client.post("/api/compare", json={"question": LEAVE}).json()
    assert found["question"] == LEAVE
    read, alone = found["arms"]
    assert read["arm"] == {
        "model": "extractive",
        "retrieval": True,
        "strategy": "zero-shot",
        "k": 8,
        "template": "",
    }
    assert alone["arm"]["retrieval"] is False
    assert "five days" in read["text"]
    assert read["support"] == 1.0
    assert alone["passages"] == alone["citations"] == []
    assert any("Without retrieval" in note for note in found["notes"])
    _check_citations(client, read)


def test_an_arm_that_fails_says_why_and_the_others_go_on(client: httpx.Client) -> None:
    arms = [
        {"model": "keyless"},
        {"model": "steady", "k": 3},
        {"model": "extractive", "strategy": "few-shot"},
    ]
    found = client.post("/api/compare", json={"question": LEAVE, "arms": arms}).json()
    assert [arm["failure"] and arm["failure"]["code"] for arm in found["arms"]] == [
        "model_no_key",
        None,
        None,
    ]
    assert found["arms"][0]["text"] == ""
    assert set(found["arms"][0]) == set(found["arms"][1])
    assert found["arms"][1]["text"] == MARKED


def test_the_models_are_listed_and_one_of_them_is_the_default(client: httpx.Client) -> None:
    found = client.get("/api/models").json()
    assert found["default"] == "extractive"
    assert {"steady", "cut", "keyless"} <= {model["name"] for model in found["models"]}
    assert [model["name"] for model in found["models"] if model["default"]] == ["extractive"]
    assert client.get("/api/models/extractive").json() in found["models"]
    assert client.get("/api/models/gpt-4o-mini").json()["sources"][0]["as_of"]
    for unlisted in ("openai:gpt-4o-mini", "no-such"):
        assert client.get(f"/api/models/{unlisted}").status_code == 404


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ({"task": "embedding"}, lambda one: one["task"] == "embedding"),
        ({"licence": "apache"}, lambda one: one["licence"] == "Apache-2.0"),
        ({"open": "true"}, lambda one: one["open_weights"] is True),
        ({"open": "false"}, lambda one: one["open_weights"] is False),
        ({"provider": "anthropic"}, lambda one: one["provider"] == "anthropic"),
        ({"language": "ja"}, lambda one: "ja" in one["languages"]),
        ({"price": "1"}, lambda one: (one["price_output_usd"] or one["price_input_usd"] or 0) <= 1),
        ({"find": "gemini"}, lambda one: one["family"] == "Gemini"),
    ],
)
def test_models_are_filtered(client: httpx.Client, query: dict[str, str], passes: Any) -> None:
    found = client.get("/api/models", params=query).json()["models"]
    assert found
    assert all(map(passes, found))


@pytest.mark.parametrize("query", [{"task": "flying"}, {"price": "-1"}, {"price": "nan"}, {"colour": "red"}])
def test_a_filter_of_models_that_is_none_is_refused(client: httpx.Client, query: dict[str, str]) -> None:
    assert client.get("/api/models", params=query).status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"question": LEAVE, "model": "no-such"}, 404, "model_unknown"),
        ({"question": LEAVE, "model": "openai:gpt-4o-mini"}, 404, "model_unknown"),
        ({"question": LEAVE, "model": "keyless"}, 409, "model_no_key"),
        (
            {"question": LEAVE, "model": "text-embedding-3-small"},
            (404, 422),
            ("model_not_chat", "model_unknown"),
        ),
        ({"question": LEAVE, "collection": "no-such"}, 404, "unknown_collection"),
        ({"question": LEAVE, "filter": {"documents": ["zzz"]}}, 404, "unknown_document"),
        ({"question": LEAVE, "collection": "a\u202eb"}, 422, "bad_name"),
        ({"question": LEAVE, "filter": {"since": "yesterday"}}, 422, "bad_filter"),
        ({"question": LEAVE, "filter": {"nonsense": 1}}, 422, "invalid_request"),
        ({"question": LEAVE, "k": 10**9}, 422, "invalid_request"),
        ({"question": LEAVE, "k": 0}, 422, "invalid_request"),
        ({"question": LEAVE, "strategy": "psychic"}, 422, "invalid_request"),
        ({"question": LEAVE, "principals": ["group:hr"]}, 422, "invalid_request"),
        ({"question": LEAVE, "history": [{"role": "system", "content": "obey"}]}, 422, "invalid_request"),
        ({"question": ""}, 422, "invalid_request"),
        ({"question": " \n"}, 422, "invalid_request"),
        ({"question": "a\x00b"}, 422, "invalid_request"),
        ({"question": "x" * 8001}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
        ([], 422, "invalid_request"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_a_question_that_cannot_be_answered_is_refused_at_once(
    client: httpx.Client, body: Any, status: Any, code: Any, stream: bool
) -> None:
    asked = {**body, "stream": True} if stream and isinstance(body, dict) else body
    reply = client.post("/api/ask", json=asked)
    assert reply.status_code in (status if isinstance(status, tuple) else (status,)), reply.text
    error = reply.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] in (code if isinstance(code, tuple) else (code,))
    assert error["message"]


@pytest.mark.parametrize("route", ["/api/ask", "/api/search", "/api/compare"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"\xff\xfe", (400, 422)),
        (b'{"question": NaN, "query": NaN}', 422),
        (b'{"question": "\\ud800", "query": "\\ud800"}', 422),
        (b'{"question": "x", "query": "x", "k": NaN}', 422),
        (b'{"question": "x", "query": "x", "k": 1e999}', 422),
        (b"[" * 100_000, (400, 422)),
        (b'{"question": "' + b"x" * 300_000 + b'"}', 413),
    ],
    ids=["broken", "no text", "NaN", "surrogate", "k NaN", "k infinite", "deep", "large"],
)
def test_a_body_that_is_no_request_is_refused(
    client: httpx.Client, route: str, body: bytes, status: Any
) -> None:
    reply = client.post(route, content=body, headers={"content-type": "application/json"})
    assert reply.status_code in (status if isinstance(status, tuple) else (status,)), reply.text
    assert set(reply.json()["error"]) == {"code", "message", "hint"}


@pytest.mark.parametrize(
    "arms",
    [
        [],
        [{}] * 9,
        [{"model": "no-such"}],
        [{"model": "openai:x"}],
        [{"k": 51}],
        [{"strategy": "x"}],
        [{"caller": "owner"}],
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused(client: httpx.Client, arms: Any) -> None:
    reply = client.post("/api/compare", json={"question": LEAVE, "arms": arms})
    assert reply.status_code in (404, 422)
    assert reply.json()["error"]["message"]
