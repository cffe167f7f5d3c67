"""The routes about search and health, errors, and who is let in, over a real server."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from corpus.embedding import processor
from corpus.embedding.runtime import PRECISIONS
from corpus.status import CorpusState
from corpus.store import Corpus
from rag.api.guards import HostGuard, SizeGuard
from rag.service import Service
from tests.rag.api.api_calls import assert_error
from tests.rag.api.test_api_asking import HIT_FIELDS
from tests.rag.company import Live

# ---- search ------------------------------------------------------------------------------------------


def test_a_hit_is_a_slice_of_its_document(client: httpx.Client) -> None:
    found = client.post("/api/search", json={"query": "spare parts of the Osprey pump", "k": 3}).json()
    assert found["query"] == "spare parts of the Osprey pump"
    assert found["timings_ms"]["total"] > 0
    assert [hit["rank"] for hit in found["hits"]] == list(range(1, len(found["hits"]) + 1))
    for hit in found["hits"]:
        assert set(hit) >= HIT_FIELDS
        stored = client.get(f"/api/documents/{hit['document_id']}/text").json()
        assert stored["text"][hit["start"] : hit["end"]] == hit["text"]
    assert (found["hits"][0]["source"], found["hits"][0]["last_page"]) == ("pump.pdf", 2)


def test_a_search_shows_what_speaks_of_the_query_or_whole_passages(client: httpx.Client) -> None:
    body = {"query": "spare parts of the Osprey pump", "k": 10}
    shown = client.post("/api/search", json=body).json()["hits"]
    whole = client.post("/api/search", json=body | {"whole": True}).json()["hits"]
    assert [hit["chunk_id"] for hit in shown] == [hit["chunk_id"] for hit in whole]
    for cut, hit in zip(shown, whole, strict=True):
        assert [cut["start"], cut["end"]] == (hit["focus"] or [hit["start"], hit["end"]])
        assert cut["text"] == hit["text"][cut["start"] - hit["start"] : cut["end"] - hit["start"]]


def test_a_search_keeps_to_its_collection_and_filter(client: httpx.Client) -> None:
    body = {
        "query": "annual leave",
        "collection": "company",
        "filter": {"types": ["md"], "languages": ["en"]},
    }
    hits = client.post("/api/search", json=body).json()["hits"]
    assert {hit["source"] for hit in hits} == {"hr/leave.md"}
    for named in ({"collection": "nowhere"}, {"filter": {"collections": ["company", "nowhere"]}}):
        assert_error(client.post("/api/search", json={"query": "x", **named}), 404, "unknown_collection")
    apart = {"query": "x", "collection": "company", "filter": {"collections": ["nowhere"]}}
    assert_error(client.post("/api/search", json=apart), 422, "bad_filter")
    for impossible in (
        {"languages": ["xx"]},
        {"types": ["exe"]},
        {"since": "2025-02-01", "until": "2025-01-01"},
    ):
        assert_error(client.post("/api/search", json={"query": "x", "filter": impossible}), 422, "bad_filter")


# ---- the house -----------------------------------------------------------------------------------------


def test_alive_ready_and_well_with_nothing_private_told(client: httpx.Client, live: Live) -> None:
    assert client.get("/live").json() == client.get("/ready").json() == {"status": "ok"}
    health = client.get("/health")
    assert health.json()["status"] == "ok"
    assert health.json()["details"]["documents"] >= 5
    assert health.json()["details"]["processor"] == processor()
    precision = health.json()["details"]["space"]["precision"]  # as the processor has it
    assert precision in PRECISIONS
    assert str(live.settings.data_dir) not in health.text
    assert "salaries" not in health.text


def test_what_is_wrong_is_told_without_where_the_data_lies(
    client: httpx.Client, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, folder = Corpus.state, live.settings.data_dir
    pointer = f"The dense index's pointer {folder / 'dense' / 'CURRENT'} is damaged."

    def damaged(corpus: Corpus) -> CorpusState:
        state = real(corpus)
        problems = (pointer, f"The disk of {folder} was full.")
        return replace(state, dense=replace(state.dense, problem=pointer), problems=problems)

    monkeypatch.setattr(Corpus, "state", damaged)
    health = client.get("/health")
    named = "The dense index's pointer dense/CURRENT is damaged."
    assert health.json()["problems"] == [named, "The disk of the data folder was full."]
    assert health.json()["details"]["dense"]["problem"] == named
    assert (health.json()["status"], str(folder) in health.text) == ("degraded", False)


def test_every_error_has_one_shape(client: httpx.Client) -> None:
    assert_error(client.get("/nowhere"), 404, "no_route")
    assert_error(client.put("/api/ask"), 405, "no_method")
    assert_error(client.post("/api/ask"), 422, "invalid_request")


@pytest.mark.parametrize(
    ("path", "sent", "wanted"),
    [
        ("/api/ask", "application/x-www-form-urlencoded", "application/json"),
        ("/api/search", "text/plain", "application/json"),
        ("/api/compare", "", "application/json"),
        ("/api/documents", "application/json", "multipart/form-data"),
    ],
)
def test_a_body_of_another_type_is_told_which_one_is_taken(
    client: httpx.Client, path: str, sent: str, wanted: str
) -> None:
    body = b'{"question": "x", "query": "x"}'
    reply = client.post(path, content=body, headers={"content-type": sent} if sent else {})
    assert_error(reply, 415, "wrong_content_type")
    assert (sent or "no type") in reply.json()["error"]["message"]
    assert wanted in reply.json()["error"]["hint"]


def test_an_error_names_the_field_it_is_about(client: httpx.Client) -> None:
    def message(path: str, **body: Any) -> str:
        return str(client.post(path, json=body).json()["error"]["message"])

    assert message("/api/search", query=1).startswith("query: ")
    assert message("/api/search", query="x", k="3").startswith("k: ")
    assert message("/api/search", query="x", k=True).startswith("k: ")
    assert message("/api/ask", question="x", stream="yes").startswith("stream: ")
    assert message("/api/ask", question="x", history=[{"role": "user"}]).startswith("history.0.content: ")
    nameless = client.post("/api/documents", files=[("files", (None, b"x"))])
    assert_error(nameless, 422, "invalid_request")
    assert nameless.json()["error"]["message"] == "files.0 is no file: it has no file name."
    unnamed = client.post(
        "/api/documents",
        content=b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\nx\r\n--x--\r\n',
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert_error(unnamed, 422, "bad_upload")
    assert unnamed.json()["error"]["message"] == "An uploaded file has no name."
    halved = client.post("/v1/chat/completions", content=b"{", headers={"content-type": "application/json"})
    assert (halved.status_code, halved.json()["error"]["param"]) == (400, None)


@pytest.mark.parametrize(
    "path", ["/live", "/docs", "/api/models", "/api/documents", "/api/documents/none", "/api/ask"]
)
def test_who_merely_looks_may_ask_for_the_head_alone(client: httpx.Client, path: str) -> None:
    looked, got = client.head(path), client.get(path)
    assert (looked.status_code, looked.content) == (got.status_code, b"")
    assert [looked.headers.get(name) for name in ("content-type", "x-frame-options")] == [
        got.headers.get(name) for name in ("content-type", "x-frame-options")
    ]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "[::1"]
)
def test_a_host_that_is_not_ours_is_refused(client: httpx.Client, host: str) -> None:
    assert_error(client.get("/api/documents", headers={"host": host}), 400, "bad_host")


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://evil.example", False), ("null", False), ("http://localhost:3000", False),
        ("http://[::1", False),
        ("{url}.evil.example", False), ("{url}", True), (None, True),
    ],
)  # fmt: skip
def test_a_page_of_another_address_can_send_nothing(
    client: httpx.Client, origin: str | None, own: bool
) -> None:
    url = str(client.base_url).rstrip("/")
    headers = {"origin": origin.format(url=url)} if origin else {}
    part = {"files": ("..", b"x")}  # refused for its name, if it comes so far
    reply = client.post("/api/documents", files=part, headers=headers)
    assert_error(reply, *((422, "bad_upload") if own else (403, "bad_origin")))
    assert client.get("/live", headers=headers).status_code == 200


def test_a_name_given_to_the_service_is_its_own_origin() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Response("let through")(scope, receive, send)

    async def send(origin: str) -> int:
        names = ["127.0.0.1", "localhost", "vouch.example.org", "vouch.example.org:8443"]
        guarded = httpx.ASGITransport(HostGuard(app, names))
        async with httpx.AsyncClient(transport=guarded, base_url="http://127.0.0.1:8000") as proxy:
            return (await proxy.post("/", headers={"origin": origin})).status_code

    assert asyncio.run(send("https://vouch.example.org")) == 200
    assert asyncio.run(send("https://vouch.example.org:8443")) == 200  # a port that was given, too
    assert asyncio.run(send("http://vouch.example.org:9000")) == 403  # a browser sends it the same cookies
    assert asyncio.run(send("https://localhost")) == 403


def test_it_is_alive_however_many_threads_are_busy(
    client: httpx.Client, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = threading.Event()
    begun = threading.Semaphore(0)
    real = Service.search

    def slow(self: Service, *args: Any, **more: Any) -> Any:
        begun.release()
        assert leave.wait(60)
        return real(self, *args, **more)

    monkeypatch.setattr(Service, "search", slow)
    with ThreadPoolExecutor(60) as pool:
        try:
            waiting = [pool.submit(httpx.post, f"{live.url}/api/search", json={"query": "x"}, timeout=90)
                       for _ in range(60)]  # fmt: skip
            for _ in range(40):  # as many as there are threads for routes
                assert begun.acquire(timeout=60)
            assert client.get("/live").status_code == client.get("/ready").status_code == 200
        finally:
            leave.set()
        assert {reply.result().status_code for reply in waiting} == {200}


def test_localhost_is_ours(client: httpx.Client) -> None:
    assert client.get("/live", headers={"host": "localhost:8000"}).status_code == 200


def test_the_documentation_needs_no_other_machine(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert not re.search(r"https?://", page)
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(asset.endswith(".js") for asset in assets)
    for asset in assets:
        assert client.get(asset).status_code == 200


def test_every_field_is_described_and_shown_by_example(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    bare = []
    for name, schema in document["components"]["schemas"].items():
        if name in ("HTTPValidationError", "ValidationError"):
            continue
        for field, shape in schema.get("properties", {}).items():
            inner = [shape, *shape.get("anyOf", [])]
            composed = any("$ref" in one or "$ref" in one.get("items", {}) for one in inner)
            described = "description" in shape or composed
            shown = any("examples" in one or "example" in one for one in inner) or composed
            if not (described and shown):
                bare.append(f"{name}.{field}")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not operation.get("summary") or not operation.get("description"):
                bare.append(f"{method} {path}")
            for parameter in operation.get("parameters", []):
                if "description" not in parameter or not (
                    "examples" in parameter or "examples" in parameter["schema"]
                ):
                    bare.append(f"{method} {path} {parameter['name']}")
    assert bare == []


def test_answers_tell_a_browser_to_do_no_more_than_show_them(client: httpx.Client) -> None:
    headers = client.get("/api/documents").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "server" not in headers


def test_a_body_that_does_not_go_on_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.pace.PAUSE_S", 0.05)
    sent: list[Any] = []

    async def pieces() -> Any:
        if not waiting:
            await asyncio.sleep(60)
        return waiting.pop()

    async def reads(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await receive()  # as a stream waits for its reader to leave: for as long as it takes

    async def keep(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/api/ask", "headers": []}
    waiting = [{"type": "http.request", "body": b"{", "more_body": True}]
    asyncio.run(SizeGuard(reads, 100, {})(scope, pieces, keep))
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["code"] == "too_slow"

    sent.clear()
    waiting = [{"type": "http.request", "body": b"{", "more_body": False}]
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(SizeGuard(reads, 100, {})(scope, pieces, keep), 0.3))
    assert sent == []


def test_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte a minute kept a connection and its place for as long as it liked."""
    monkeypatch.setattr("rag.pace.PAUSE_S", 0.2)
    sent: list[Any] = []

    async def trickle() -> Any:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def reads(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass

    async def keep(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/api/ask", "headers": []}
    asyncio.run(asyncio.wait_for(SizeGuard(reads, 1 << 20, {})(scope, trickle, keep), 30))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["error"]["code"] == "too_slow"
