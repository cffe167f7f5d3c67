"""The routes about documents, jobs, search and health, over a real server."""

from __future__ import annotations

import asyncio
import io
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from corpus.catalog import documents
from corpus.embedding import processor
from rag.api.guards import HostGuard
from rag.service import Service
from tests.rag.conftest import PAGES, Live
from tests.rag.events import events
from tests.rag.test_api_asking import HIT_FIELDS


def _listed(client: httpx.Client, **params: Any) -> dict[str, dict[str, Any]]:
    found = client.get("/api/documents", params=params).json()
    return {one["path"]: one for one in found["documents"]}


def _upload(client: httpx.Client, *files: tuple[str, bytes], **form: str) -> httpx.Response:
    parts = [("files", (name, io.BytesIO(data))) for name, data in files]
    return client.post("/api/documents", files=parts, data=form)


def _finished(client: httpx.Client, job_id: str) -> list[tuple[str, Any]]:
    with client.stream("GET", f"/api/jobs/{job_id}/events") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        return list(events(reply))


def _error(reply: httpx.Response, status: int, code: str) -> None:
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] == code
    assert error["message"].endswith((".", "!"))


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


def test_a_search_keeps_to_its_collection_and_filter(client: httpx.Client) -> None:
    body = {
        "query": "annual leave",
        "collection": "company",
        "filter": {"types": ["md"], "languages": ["en"]},
    }
    hits = client.post("/api/search", json=body).json()["hits"]
    assert {hit["source"] for hit in hits} == {"hr/leave.md"}
    for named in ({"collection": "nowhere"}, {"filter": {"collections": ["company", "nowhere"]}}):
        _error(client.post("/api/search", json={"query": "x", **named}), 404, "unknown_collection")
    apart = {"query": "x", "collection": "company", "filter": {"collections": ["nowhere"]}}
    _error(client.post("/api/search", json=apart), 422, "bad_filter")
    for impossible in (
        {"languages": ["xx"]},
        {"types": ["exe"]},
        {"since": "2025-02-01", "until": "2025-01-01"},
    ):
        _error(client.post("/api/search", json={"query": "x", "filter": impossible}), 422, "bad_filter")


# ---- documents -----------------------------------------------------------------------------------------


def test_documents_are_listed_shown_and_read(client: httpx.Client) -> None:
    listed = _listed(client, collection="company")
    assert set(listed) >= {"hr/leave.md", "hr/休暇規程.md", "it/vpn.txt", "pump.pdf"}
    pump = listed["pump.pdf"]
    assert client.get(f"/api/documents/{pump['id']}").json() == pump
    text = client.get(f"/api/documents/{pump['id']}/text", params={"version": 1}).json()
    assert set(text) == {"document_id", "version", "text", "pages"}
    assert [text["text"][page["start"] : page["end"]].strip() for page in text["pages"]] == list(PAGES)
    file = client.get(f"/api/documents/{pump['id']}/file")
    assert file.content.startswith(b"%PDF")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-type"] == "application/octet-stream"
    told = client.get(f"/api/documents/{pump['id']}/report").json()
    assert (told["document_id"], told["collection"], told["failed_since"]) == (pump["id"], "company", None)
    assert (told["report"]["state"], told["report"]["page_chars"]) == ("ok", [len(page) for page in PAGES])
    assert told["report"]["chunks"] == pump["live"]["chunks"]
    names = [one["name"] for one in client.get("/api/collections").json()["collections"]]
    assert "company" in names


def test_a_page_is_shown_as_it_looks_with_words_marked(client: httpx.Client) -> None:
    pump = _listed(client)["pump.pdf"]
    text = client.get(f"/api/documents/{pump['id']}/text").json()["text"]
    start = text.index("depot in Leeds")
    path = f"/api/documents/{pump['id']}/pages/2"
    plain = client.get(path)
    assert plain.headers["content-type"] == "image/png"
    assert plain.content.startswith(b"\x89PNG")
    marked = client.get(path, params={"highlight": f"{start}-{start + 14}"})
    assert marked.content.startswith(b"\x89PNG")
    assert marked.content != plain.content
    _error(client.get(f"/api/documents/{pump['id']}/pages/3"), 404, "unknown_page")
    off = ("0-3", f"{len(text)}-{len(text) + 5}", f"{start}-{len(text) + 1}")
    for bad in ("5-3", "a-b", "1", "-", "9" * 30 + "-1", *off):
        _error(client.get(path, params={"highlight": bad}), 422, "bad_highlight")
    plain_text = _listed(client)["it/vpn.txt"]
    _error(client.get(f"/api/documents/{plain_text['id']}/pages/1"), 404, "no_picture")


def test_what_a_caller_may_not_see_is_as_if_it_were_not_there(client: httpx.Client, live: Live) -> None:
    from rag.calling import call

    shown = call(live.settings, "documents.show", {"document": "salaries.txt"})
    assert "salaries.txt" not in _listed(client)
    assert (
        client.post("/api/search", json={"query": "Salary band seven"}).json()["hits"][0]["source"]
        != "salaries.txt"
    )
    for path in ("", "/text", "/file", "/pages/1", "/report"):
        _error(client.get(f"/api/documents/{shown['id']}{path}"), 404, "unknown_document")
    _error(client.patch(f"/api/documents/{shown['id']}", json={"metadata": {}}), 404, "unknown_document")
    _error(client.delete(f"/api/documents/{shown['id']}"), 404, "unknown_document")


def test_an_upload_becomes_a_job_and_then_an_answer_and_then_nothing(client: httpx.Client) -> None:
    body = b"# Parking\n\nThe visitors' car park closes at half past eleven at night.\n"
    accepted = _upload(
        client, ("C:\\docs\\parking.md", body), collection="uploads", metadata='{"team": "site"}'
    )
    assert accepted.status_code == 202
    job = accepted.json()
    told = _finished(client, job["id"])
    assert [name for name, _ in told][-1] == "done"
    assert all(name == "progress" for name, _ in told[:-1])
    done = client.get(f"/api/jobs/{job['id']}").json()
    assert done["state"] == "done"
    assert done["result"]["files"][0]["path"] == "parking.md"
    assert str(job["id"]) not in str(done["result"]["files"])
    assert job["id"] in [one["id"] for one in client.get("/api/jobs").json()["jobs"]]
    assert client.delete(f"/api/jobs/{job['id']}").json()["state"] == "done"

    document = _listed(client, collection="uploads")["parking.md"]
    assert document["uploaded"]
    assert document["metadata"] == {"team": "site"}
    assert client.get(f"/api/documents/{document['id']}/file").content == body
    answer = client.post(
        "/api/ask", json={"question": "When does the visitors' car park close at night?"}
    ).json()
    cited = answer["citations"][0]
    assert cited["document_id"] == document["id"]

    changed = client.patch(f"/api/documents/{document['id']}", json={"metadata": {"team": "gate"}}).json()
    assert changed["metadata"] == {"team": "gate"}
    again = _upload(
        client, ("parking.md", body.replace(b"half past eleven", b"ten")), collection="uploads"
    ).json()
    assert _finished(client, again["id"])[-1][0] == "done"
    assert _listed(client)["parking.md"]["live"]["number"] == 2
    old = client.get(f"/api/documents/{document['id']}/text", params={"version": cited["version"]}).json()
    assert old["text"][cited["start"] : cited["end"]] == cited["quote"]

    asked = {"filter": {"as_of": document["live"]["committed_at"]}, "collection": "uploads"}
    question = "When does the visitors' car park close at night?"
    then = client.post("/api/ask", json={"question": question, **asked}).json()
    assert [(one["version"], one["quote"]) for one in then["citations"]] == [(1, cited["quote"])]
    assert any(one["message"].startswith("Searched as of 20") for one in then["notes"])
    hits = [
        client.post("/api/search", json={"query": question, **more}).json()["hits"]
        for more in (asked, {"collection": "uploads"})
    ]
    assert [{hit["version"] for hit in found} for found in hits] == [{1}, {2}]
    _error(client.post("/api/search", json={"query": "x", "filter": {"as_of": "then"}}), 422, "bad_filter")

    removed = client.delete(f"/api/documents/{document['id']}").json()
    assert removed == {"document_id": document["id"], "removed": True}
    assert "parking.md" not in _listed(client)
    assert client.post("/api/search", json={"query": question, **asked}).json()["hits"] == []
    for path in ("", "/file", "/pages/1", f"/text?version={cited['version']}"):
        _error(client.get(f"/api/documents/{document['id']}{path}"), 404, "unknown_document")
    _error(client.delete(f"/api/documents/{document['id']}"), 404, "unknown_document")


def test_a_job_tells_nothing_of_a_document_that_was_hidden_since(client: httpx.Client, live: Live) -> None:
    from rag.calling import call

    files = [("ladder.md", b"# Ladders\n\nLadders stand in hall 3.\n"), ("crane.md", b"# Cranes\n\nNone.\n")]
    job = _upload(client, *files, collection="tools").json()
    assert set(job["request"]) == {"collection", "metadata", "names"}
    assert _finished(client, job["id"])[-1][0] == "done"
    call(live.settings, "documents.access", {"documents": ["ladder.md"], "access": ["group:hr"]})
    told = [
        client.get(f"/api/jobs/{job['id']}").json(),
        client.delete(f"/api/jobs/{job['id']}").json(),
        _finished(client, job["id"])[-1][1],
        next(one for one in client.get("/api/jobs").json()["jobs"] if one["id"] == job["id"]),
    ]
    for one in told:
        assert one["request"]["names"] == ["crane.md"]
        assert [file["path"] for file in one["result"]["files"]] == ["crane.md"]
        assert "ladder" not in str(one)
    again = _upload(client, files[0], collection="tools").json()
    report = _finished(client, again["id"])[-1][1]["result"]["files"]
    assert [(file["path"], file["code"]) for file in report] == [("ladder.md", "name_taken")]


@pytest.mark.parametrize(
    ("files", "form", "status", "code"),
    [
        ([("empty.md", b"")], {}, 422, "empty_file"),
        ([("..", b"x")], {}, 422, "bad_upload"),
        ([("a/..", b"x")], {}, 422, "bad_upload"),
        ([("x" * 300, b"x")], {}, 422, "bad_upload"),
        ([("same.md", b"x"), ("b/same.md", b"y")], {}, 422, "bad_upload"),
        ([("a.md", b"x")], {"metadata": "[1]"}, 422, "bad_metadata"),
        ([("a.md", b"x")], {"metadata": '{"a": 1}'}, 422, "bad_metadata"),
        ([("a.md", b"x")], {"metadata": "[" * 10_000}, 422, "bad_metadata"),
        ([("a.md", b"x")], {"collection": "a\u200bb"}, 422, "bad_name"),
        ([("a.md", b"x")], {"collection": "y" * 201}, 422, "invalid_request"),
        ([], {"collection": "x"}, 415, "wrong_content_type"),
        ([(f"{n}.md", b"x") for n in range(101)], {}, 422, "bad_upload"),
    ],
)
def test_an_upload_that_cannot_be_kept_is_refused_and_leaves_nothing(
    client: httpx.Client,
    live: Live,
    files: list[tuple[str, bytes]],
    form: dict[str, str],
    status: int,
    code: str,
) -> None:
    before = len(client.get("/api/jobs", params={"limit": 1000}).json()["jobs"])
    spooled = live.settings.data_dir / "uploads"
    kept = set(spooled.glob("*"))
    reply = _upload(client, *files, **form) if files else client.post("/api/documents", data=form)
    _error(reply, status, code)
    assert len(client.get("/api/jobs", params={"limit": 1000}).json()["jobs"]) == before
    assert set(spooled.glob("*")) <= kept


def test_a_file_of_200_megabytes_is_refused_before_it_is_sent(client: httpx.Client) -> None:
    where = client.base_url
    with socket.create_connection((where.host, where.port), timeout=30) as connection:
        head = (
            f"POST /api/documents HTTP/1.1\r\nHost: {where.host}\r\nContent-Length: {200 << 20}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        )
        connection.sendall(head.encode())
        answer = connection.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_client_that_sends_200_megabytes_all_the_same_reads_why_not(client: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(200):
            yield bytes(1 << 20)

    headers = {"content-type": "multipart/form-data; boundary=x", "content-length": str(200 << 20)}
    _error(client.post("/api/documents", content=body(), headers=headers), 413, "too_large")


def test_a_large_body_without_a_length_is_refused_once_it_has_grown(client: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        yield b'{"query": "'
        for _ in range(64):
            yield b"x" * (1 << 14)

    headers = {"content-type": "application/json"}
    _error(client.post("/api/search", content=body(), headers=headers), 413, "too_large")


@pytest.mark.parametrize("unknown", ["0123456789abcdef", "x", "%00", "%ED%A0%80", "../secret", "a" * 64])
def test_what_is_not_there_is_said_to_be_not_there(client: httpx.Client, unknown: str) -> None:
    for path in (f"/api/documents/{unknown}", f"/api/documents/{unknown}/text", f"/api/jobs/{unknown}"):
        reply = client.get(path)
        assert reply.status_code == 404, (path, reply.text)
        assert set(reply.json()["error"]) == {"code", "message", "hint"}
    assert client.get(f"/api/jobs/{unknown}/events").status_code == 404
    assert client.delete(f"/api/jobs/{unknown}").status_code == 404


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/api/documents", {"limit": 10**9}),
        ("/api/documents", {"offset": -1}),
        ("/api/documents", {"limit": "NaN"}),
        ("/api/jobs", {"limit": 0}),
        ("/api/documents/0123456789abcdef/text", {"version": 0}),
        ("/api/documents/0123456789abcdef/text", {"version": 10**30}),
        ("/api/documents/0123456789abcdef/pages/0", {}),
        ("/api/documents/" + "a" * 65, {}),
    ],
)
def test_numbers_out_of_range_are_refused(client: httpx.Client, path: str, params: dict[str, Any]) -> None:
    _error(client.get(path, params=params), 422, "invalid_request")


def test_a_version_that_never_was_is_not_found(client: httpx.Client) -> None:
    pump = _listed(client)["pump.pdf"]
    _error(client.get(f"/api/documents/{pump['id']}/text", params={"version": 9}), 404, "unknown_version")


# ---- the house -----------------------------------------------------------------------------------------


def test_alive_ready_and_well_with_nothing_private_told(client: httpx.Client, live: Live) -> None:
    assert client.get("/live").json() == client.get("/ready").json() == {"status": "ok"}
    health = client.get("/health")
    assert health.json()["status"] == "ok"
    assert health.json()["details"]["documents"] >= 5
    assert health.json()["details"]["processor"] == processor()
    precision = health.json()["details"]["space"]["precision"]  # as the processor has it
    assert precision in {"float32", "bfloat16"}
    assert str(live.settings.data_dir) not in health.text
    assert "salaries" not in health.text


def test_every_error_has_one_shape(client: httpx.Client) -> None:
    _error(client.get("/nowhere"), 404, "no_route")
    _error(client.put("/api/ask"), 405, "no_method")
    _error(client.post("/api/ask"), 422, "invalid_request")


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
    _error(reply, 415, "wrong_content_type")
    assert (sent or "no type") in reply.json()["error"]["message"]
    assert wanted in reply.json()["error"]["hint"]


def test_an_error_names_the_field_it_is_about(client: httpx.Client) -> None:
    def message(path: str, **body: Any) -> str:
        return str(client.post(path, json=body).json()["error"]["message"])

    assert message("/api/search", query=1).startswith("query: ")
    assert message("/api/ask", question="x", history=[{"role": "user"}]).startswith("history.0.content: ")
    nameless = client.post("/api/documents", files=[("files", (None, b"x"))])
    _error(nameless, 422, "invalid_request")
    assert nameless.json()["error"]["message"] == "files.0 is no file: it has no file name."
    unnamed = client.post(
        "/api/documents",
        content=b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\nx\r\n--x--\r\n',
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    _error(unnamed, 422, "bad_upload")
    assert unnamed.json()["error"]["message"] == "An uploaded file has no name."


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "[::1"]
)
def test_a_host_that_is_not_ours_is_refused(client: httpx.Client, host: str) -> None:
    _error(client.get("/api/documents", headers={"host": host}), 400, "bad_host")


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
    _error(reply, *((422, "bad_upload") if own else (403, "bad_origin")))
    assert client.get("/live", headers=headers).status_code == 200


def test_a_name_given_to_the_service_is_its_own_origin() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Response("let through")(scope, receive, send)

    async def send(origin: str) -> int:
        guarded = httpx.ASGITransport(HostGuard(app, ["127.0.0.1", "localhost", "vouch.example.org"]))
        async with httpx.AsyncClient(transport=guarded, base_url="http://127.0.0.1:8000") as proxy:
            return (await proxy.post("/", headers={"origin": origin})).status_code

    assert asyncio.run(send("https://vouch.example.org")) == 200
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


def test_the_front_door_leads_to_documentation_that_needs_no_other_machine(client: httpx.Client) -> None:
    home = client.get("/")
    assert home.is_redirect
    page = client.get(home.headers["location"]).text
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


def test_a_removed_document_leaves_no_words_behind(client: httpx.Client, live: Live) -> None:
    job = _upload(
        client, ("gone.md", b"# Zanzibar\n\nThe Zanzibar office keeps a parrot called Quill.\n")
    ).json()
    assert _finished(client, job["id"])[-1][0] == "done"
    question = "What is the parrot of the Zanzibar office called?"
    assert "Quill" in client.post("/api/ask", json={"question": question}).json()["text"]
    document = _listed(client)["gone.md"]
    client.delete(f"/api/documents/{document['id']}")
    assert "Quill" not in client.post("/api/ask", json={"question": question}).text
    assert documents.unknown_document("x").code == "unknown_document"
