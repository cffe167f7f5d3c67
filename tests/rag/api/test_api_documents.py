"""The routes about documents and jobs, over a real server: in, looked at, out again."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from corpus.catalog import documents
from tests.rag.api.api_calls import assert_error, by_path, finished, upload
from tests.rag.company import PAGES, Live

# ---- documents -----------------------------------------------------------------------------------------


def test_documents_are_listed_shown_and_read(client: httpx.Client) -> None:
    listed = by_path(client, collection="company")
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


def test_pages_of_the_list_are_the_list(client: httpx.Client) -> None:
    """In order, each document once, and none that may not be seen: neither in a page nor in the total."""
    for within in ({}, {"collection": "company"}):
        whole = client.get("/api/documents", params={**within, "limit": 1000}).json()
        assert "salaries.txt" not in {one["path"] for one in whole["documents"]}
        assert whole["total"] == len(whole["documents"])
        pages = [
            client.get("/api/documents", params={**within, "limit": 2, "offset": at}).json()
            for at in range(0, whole["total"] + 2, 2)
        ]
        assert [one for page in pages for one in page["documents"]] == whole["documents"]
        assert {page["total"] for page in pages} == {whole["total"]}


@pytest.mark.parametrize(
    ("find", "paths"),
    [
        ("pump", {"pump.pdf"}),
        ("ＰＵＭＰ", {"pump.pdf"}),
        ("hr 規程", {"hr/休暇規程.md"}),
        ("hr leave", {"hr/leave.md"}),
        ("annual leave.md", {"hr/leave.md"}),
        ("salaries", set()),
        ("%", set()),
        ("pump leave", set()),
    ],
)
def test_documents_are_found_by_their_names(client: httpx.Client, find: str, paths: set[str]) -> None:
    """By all the words of the title and the path; what may not be seen is in neither the page nor the total."""
    found = client.get("/api/documents", params={"find": find, "collection": "company"}).json()
    assert {one["path"] for one in found["documents"]} == paths
    assert found["total"] == len(paths)
    assert client.get("/api/documents", params={"find": find, "offset": 9}).json()["documents"] == []


def test_a_page_is_shown_as_it_looks_with_words_marked(client: httpx.Client) -> None:
    pump = by_path(client)["pump.pdf"]
    text = client.get(f"/api/documents/{pump['id']}/text").json()["text"]
    start = text.index("depot in Leeds")
    path = f"/api/documents/{pump['id']}/pages/2"
    plain = client.get(path)
    assert plain.headers["content-type"] == "image/png"
    assert plain.content.startswith(b"\x89PNG")
    marked = client.get(path, params={"highlight": f"{start}-{start + 14}"})
    assert marked.content.startswith(b"\x89PNG")
    assert marked.content != plain.content
    assert_error(client.get(f"/api/documents/{pump['id']}/pages/3"), 404, "unknown_page")
    off = ("0-3", f"{len(text)}-{len(text) + 5}", f"{start}-{len(text) + 1}")
    for bad in ("5-3", "a-b", "1", "-", "9" * 30 + "-1", *off):
        assert_error(client.get(path, params={"highlight": bad}), 422, "bad_highlight")
    plain_text = by_path(client)["it/vpn.txt"]
    assert_error(client.get(f"/api/documents/{plain_text['id']}/pages/1"), 404, "no_picture")


def test_what_a_caller_may_not_see_is_as_if_it_were_not_there(client: httpx.Client, live: Live) -> None:
    from rag.owner.calling import call

    shown = call(live.settings, "documents.show", {"document": "salaries.txt"})
    assert "salaries.txt" not in by_path(client)
    assert (
        client.post("/api/search", json={"query": "Salary band seven"}).json()["hits"][0]["source"]
        != "salaries.txt"
    )
    for path in ("", "/text", "/file", "/pages/1", "/pages/1/text", "/report"):
        assert_error(client.get(f"/api/documents/{shown['id']}{path}"), 404, "unknown_document")
    assert_error(
        client.patch(f"/api/documents/{shown['id']}", json={"metadata": {}}), 404, "unknown_document"
    )
    assert_error(client.delete(f"/api/documents/{shown['id']}"), 404, "unknown_document")


def test_the_text_of_a_page_is_that_part_of_the_documents(client: httpx.Client) -> None:
    for own in (one["id"] for one in by_path(client).values()):
        whole = client.get(f"/api/documents/{own}/text").json()
        numbers = [page["number"] for page in whole["pages"]]
        for page in whole["pages"]:
            told = client.get(
                f"/api/documents/{own}/pages/{page['number']}/text", params={"version": 1}
            ).json()
            assert told == {
                **page,
                "document_id": own,
                "version": whole["version"],
                "text": whole["text"][page["start"] : page["end"]],
                "numbers": numbers,
            }
        assert_error(client.get(f"/api/documents/{own}/pages/{numbers[-1] + 1}/text"), 404, "unknown_page")


def test_an_upload_becomes_a_job_and_then_an_answer_and_then_nothing(client: httpx.Client) -> None:
    body = b"# Parking\n\nThe visitors' car park closes at half past eleven at night.\n"
    accepted = upload(
        client, ("C:\\docs\\parking.md", body), collection="uploads", metadata='{"team": "site"}'
    )
    assert accepted.status_code == 202
    job = accepted.json()
    told = finished(client, job["id"])
    assert [name for name, _ in told][-1] == "done"
    assert all(name == "progress" for name, _ in told[:-1])
    done = client.get(f"/api/jobs/{job['id']}").json()
    assert done["state"] == "done"
    assert done["result"]["files"][0]["path"] == "parking.md"
    assert str(job["id"]) not in str(done["result"]["files"])
    assert job["id"] in [one["id"] for one in client.get("/api/jobs").json()["jobs"]]
    assert client.delete(f"/api/jobs/{job['id']}").json()["state"] == "done"

    document = by_path(client, collection="uploads")["parking.md"]
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
    again = upload(
        client, ("parking.md", body.replace(b"half past eleven", b"ten")), collection="uploads"
    ).json()
    assert finished(client, again["id"])[-1][0] == "done"
    assert by_path(client)["parking.md"]["live"]["number"] == 2
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
    assert_error(
        client.post("/api/search", json={"query": "x", "filter": {"as_of": "then"}}), 422, "bad_filter"
    )

    removed = client.delete(f"/api/documents/{document['id']}").json()
    assert removed == {"document_id": document["id"], "removed": True}
    assert "parking.md" not in by_path(client)
    assert client.post("/api/search", json={"query": question, **asked}).json()["hits"] == []
    for path in ("", "/file", "/pages/1", "/pages/1/text", f"/text?version={cited['version']}"):
        assert_error(client.get(f"/api/documents/{document['id']}{path}"), 404, "unknown_document")
    assert_error(client.delete(f"/api/documents/{document['id']}"), 404, "unknown_document")


def test_the_list_of_jobs_has_their_counts_and_a_job_its_files(client: httpx.Client) -> None:
    made = [
        upload(client, (f"{n}.md", b"# Gates\n\nGate 4.\n"), collection="gates").json()["id"]
        for n in range(3)
    ]
    ended = [finished(client, own)[-1][1] for own in made]
    found = client.get("/api/jobs", params={"limit": 2, "offset": 1}).json()
    assert [one["id"] for one in found["jobs"]] == [made[1], made[0]]
    assert found["total"] >= 3
    for listed, whole in zip(found["jobs"], [ended[1], ended[0]], strict=True):
        assert whole["result"].pop("files")
        assert listed == whole
        assert (listed["state"], listed["result"]["added"]) == ("done", 1)


def test_a_job_tells_nothing_of_a_document_that_was_hidden_since(client: httpx.Client, live: Live) -> None:
    from rag.owner.calling import call

    files = [("ladder.md", b"# Ladders\n\nLadders stand in hall 3.\n"), ("crane.md", b"# Cranes\n\nNone.\n")]
    job = upload(client, *files, collection="tools").json()
    assert set(job["request"]) == {"collection", "metadata", "names"}
    assert finished(client, job["id"])[-1][0] == "done"
    call(live.settings, "documents.access", {"documents": ["ladder.md"], "access": ["group:hr"]})
    told = [
        client.get(f"/api/jobs/{job['id']}").json(),
        client.delete(f"/api/jobs/{job['id']}").json(),
        finished(client, job["id"])[-1][1],
    ]
    listed = next(one for one in client.get("/api/jobs").json()["jobs"] if one["id"] == job["id"])
    for one in (listed, *told):
        assert one["request"]["names"] == ["crane.md"]
        assert one["progress"] == {}
    for one in told:
        assert [file["path"] for file in one["result"]["files"]] == ["crane.md"]
        assert "ladder" not in str(one)
    again = upload(client, files[0], collection="tools").json()
    report = finished(client, again["id"])[-1][1]["result"]["files"]
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
    reply = upload(client, *files, **form) if files else client.post("/api/documents", data=form)
    assert_error(reply, status, code)
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
    assert_error(client.post("/api/documents", content=body(), headers=headers), 413, "too_large")


def test_a_large_body_without_a_length_is_refused_once_it_has_grown(client: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        yield b'{"query": "'
        for _ in range(64):
            yield b"x" * (1 << 14)

    headers = {"content-type": "application/json"}
    assert_error(client.post("/api/search", content=body(), headers=headers), 413, "too_large")


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
    assert_error(client.get(path, params=params), 422, "invalid_request")


def test_a_version_that_never_was_is_not_found(client: httpx.Client) -> None:
    pump = by_path(client)["pump.pdf"]
    assert_error(
        client.get(f"/api/documents/{pump['id']}/text", params={"version": 9}), 404, "unknown_version"
    )


def test_a_removed_document_leaves_no_words_behind(client: httpx.Client, live: Live) -> None:
    job = upload(
        client, ("gone.md", b"# Zanzibar\n\nThe Zanzibar office keeps a parrot called Quill.\n")
    ).json()
    assert finished(client, job["id"])[-1][0] == "done"
    question = "What is the parrot of the Zanzibar office called?"
    assert "Quill" in client.post("/api/ask", json={"question": question}).json()["text"]
    document = by_path(client)["gone.md"]
    client.delete(f"/api/documents/{document['id']}")
    assert "Quill" not in client.post("/api/ask", json={"question": question}).text
    assert documents.unknown_document("x").code == "unknown_document"


def test_a_reader_of_japanese_is_told_in_japanese_what_became_of_files(client: httpx.Client) -> None:
    japanese = {"accept-language": "ja-JP,ja;q=0.9,en;q=0.8"}
    job = upload(client, ("empty.txt", b" \n"), collection="empty").json()
    assert finished(client, job["id"])[-1][0] == "done"
    for asked, words in (({}, "empty.txt is empty."), (japanese, "empty.txtは空です。")):
        [file] = client.get(f"/api/jobs/{job['id']}", headers=asked).json()["result"]["files"]
        assert (file["code"], file["message"]) == ("empty", words)
    for asked, words in (({}, "There is no job"), (japanese, "はありません。")):
        reply = client.get("/api/jobs/0123456789abcdef", headers=asked)
        assert words in reply.json()["error"]["message"]
        assert reply.json()["error"]["code"] == "unknown_job"


def test_what_a_sender_said_of_files_stays_as_it_was_said(client: httpx.Client) -> None:
    metadata = {"message": "Try later.", "hint": "Rename one of them."}
    job = upload(
        client, ("said.md", b"# Said\n\nOnce.\n"), collection="said", metadata=json.dumps(metadata)
    ).json()
    shown = client.get(f"/api/jobs/{job['id']}", headers={"accept-language": "ja"}).json()
    assert shown["request"]["metadata"] == metadata
