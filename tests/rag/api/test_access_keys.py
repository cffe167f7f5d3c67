"""Access keys over HTTP: without one nobody gets in once there is one, and with one nobody sees what is not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from corpus.backup import verify
from corpus.errors import VouchError
from rag.langchain_retriever import VouchRetriever
from tests.rag.api.api_calls import assert_error, by_path, finished, upload
from tests.rag.api.locked import Locked, locked_service

SALARY = "Where does salary band seven begin?"
OPEN = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/live"),
    ("GET", "/ready"),
    ("GET", "/health"),
    ("POST", "/api/session"),
    ("DELETE", "/api/session"),
}
"""What answers everybody: nothing of it tells of a document."""

WRITING = {
    ("POST", "/api/documents"),
    ("PATCH", "/api/documents/{document_id}"),
    ("DELETE", "/api/documents/{document_id}"),
    ("DELETE", "/api/jobs/{job_id}"),
}


@pytest.fixture(scope="module")
def locked(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    with locked_service(filled, tmp_path_factory.mktemp("locked")) as locked:
        yield locked


@pytest.fixture
def mia(locked: Locked) -> Iterator[httpx.Client]:
    with locked.client(locked.mia) as client:
        yield client


@pytest.fixture
def tom(locked: Locked) -> Iterator[httpx.Client]:
    with locked.client(locked.tom) as client:
        yield client


def routes(app: Any) -> list[tuple[str, str]]:
    return [(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods]


# ---- nobody without a key ------------------------------------------------------------------------


def test_every_route_that_tells_of_documents_needs_a_key_in_either_way(locked: Locked) -> None:
    """Whoever adds a route has to say here that it is open, or it needs a key."""
    revoked, secret = locked.keys.add("gone", [], writes=True)
    locked.keys.revoke([revoked.id])
    walked = [route for route in routes(locked.app) if route not in OPEN]
    assert len(walked) > 20
    with locked.client() as client:
        for method, path in walked:
            for sent, code in (("", "no_key"), ("vouch_wrong", "bad_key"), (secret, "key_revoked")):
                ways: list[dict[str, str]] = [
                    {"authorization": f"Bearer {sent}"},
                    {"cookie": f"vouch_key={sent}"},
                ]
                for headers in ways if sent else [{}]:
                    reply = client.request(method, path, headers=headers, json={})
                    assert reply.status_code == 401, (method, path, reply.text)
                    assert reply.headers["www-authenticate"] == "Bearer"
                    told = reply.json()["error"]["code"]
                    assert told == (
                        "invalid_api_key" if path.startswith("/v1/") and code == "bad_key" else code
                    )


def test_a_wrong_key_counts_more_than_a_right_cookie(locked: Locked) -> None:
    with locked.client("vouch_wrong") as client:
        reply = client.get("/api/collections", headers={"cookie": f"vouch_key={locked.mia}"})
        assert_error(reply, 401, "bad_key")


@pytest.mark.parametrize("sent", ["Basic {}", "bearer", "{}", "Bearer {} {}"])
def test_a_header_that_holds_no_key_lets_nobody_in(locked: Locked, sent: str) -> None:
    with locked.client() as client:
        reply = client.get("/api/collections", headers={"authorization": sent.format(locked.mia, locked.mia)})
        assert reply.status_code == 401


def test_what_is_open_tells_no_more_than_how_the_service_is(locked: Locked, mia: httpx.Client) -> None:
    with locked.client() as client:
        assert client.get("/live").json() == {"status": "ok"}
        assert client.get("/ready").json() == {"status": "ok"}
        assert client.get("/health").json() == {"status": "ok", "problems": [], "details": {}}
        assert client.get("/").status_code == client.get("/page/main.js").status_code == 200
    assert mia.get("/health").json()["details"]["documents"] > 0


def test_a_service_that_others_reach_lets_nobody_in_before_there_is_a_key(
    filled: Path, tmp_path: Path
) -> None:
    with locked_service(filled, tmp_path, closed=True) as locked, locked.client() as client:
        assert_error(client.get("/api/collections"), 401, "no_key")
        assert client.get("/health").json()["details"] == {}
        _, secret = locked.keys.add("mia", [], writes=False)
        assert (
            client.get("/api/collections", headers={"authorization": f"Bearer {secret}"}).status_code == 200
        )


def test_when_all_keys_are_forgotten_none_is_needed(filled: Path, tmp_path: Path) -> None:
    with locked_service(filled, tmp_path) as locked, locked.client() as client:
        assert client.get("/api/collections").status_code == 401
        locked.keys.forget()
        assert client.get("/api/collections").status_code == 200
        assert "salaries.txt" not in by_path(client)


# ---- what a key opens -----------------------------------------------------------------------------


def test_each_sees_what_is_theirs_on_every_way(mia: httpx.Client, tom: httpx.Client) -> None:
    salaries = by_path(mia)["salaries.txt"]["id"]
    assert "salaries.txt" not in by_path(tom)
    for path in ("", "/report", "/text", "/file", "/pages/1", "/pages/1/text"):
        address = f"/api/documents/{salaries}{path}"
        assert tom.get(address).status_code == 404, path
        assert mia.get(address).status_code in (200, 404 if path == "/pages/1" else 200), path
    sources = [
        {hit["source"] for hit in client.post("/api/search", json={"query": SALARY, "k": 10}).json()["hits"]}
        for client in (mia, tom)
    ]
    assert "salaries.txt" in sources[0]
    assert "salaries.txt" not in sources[1]
    told = [client.post("/api/ask", json={"question": SALARY}).json()["text"] for client in (mia, tom)]
    assert "fifty thousand" in told[0]
    assert "fifty" not in told[1]


def test_other_groups_hold_from_the_next_call_and_a_revoked_key_ends_at_once(locked: Locked) -> None:
    key, secret = locked.keys.add("ann", ["hr"], writes=False)
    with locked.client(secret) as ann:
        assert "salaries.txt" in by_path(ann)
        locked.keys.change(key.id, [], None)
        assert "salaries.txt" not in by_path(ann)
        assert ann.post("/api/search", json={"query": SALARY}).json()["hits"][0]["source"] != "salaries.txt"
        locked.keys.change(key.id, ["hr"], None)
        assert "salaries.txt" in by_path(ann)
        locked.keys.revoke([key.id])
        assert_error(ann.get("/api/documents"), 401, "key_revoked")


def test_a_key_that_only_reads_changes_nothing(locked: Locked, tom: httpx.Client) -> None:
    handbook = by_path(tom)["hr/leave.md"]["id"]
    assert {route for route in routes(locked.app) if route in WRITING} == WRITING
    assert_error(upload(tom, ("a.md", b"# A")), 403, "key_only_reads")
    assert_error(tom.delete(f"/api/documents/{handbook}"), 403, "key_only_reads")
    assert_error(tom.patch(f"/api/documents/{handbook}", json={"metadata": {}}), 403, "key_only_reads")
    assert_error(tom.delete("/api/jobs/0123456789abcdef"), 403, "key_only_reads")
    assert "hr/leave.md" in by_path(tom)


def test_a_receipt_is_its_askers_alone_whatever_their_groups(
    locked: Locked, mia: httpx.Client, tom: httpx.Client
) -> None:
    key, secret = locked.keys.add("eve", ["hr"], writes=False)
    with locked.client(secret) as eve:
        answer = eve.post("/api/ask", json={"question": SALARY}).json()
        address = f"/api/answers/{answer['id']}"
        assert "fifty thousand" in str(eve.get(address).json()["answer"])
        for other in (mia, tom):
            assert_error(other.get(address), 404, "unknown_receipt")
            assert_error(other.post(f"{address}/replay", json={}), 404, "unknown_receipt")
        locked.keys.change(key.id, [], None)  # she left the group: it is hers, and what it quotes is not
        shown = eve.get(address).json()
        assert (shown["answer"], shown["prompt"], shown["reply"]) == (None, None, None)
        assert shown["withheld"]
        replayed = eve.post(f"{address}/replay", json={}).json()
        assert "salaries.txt" not in str(replayed)


def test_jobs_are_their_senders_alone(locked: Locked, mia: httpx.Client) -> None:
    _, secret = locked.keys.add("bob", ["hr"], writes=True)
    with locked.client(secret) as bob:
        job = upload(bob, ("bob.md", b"# Bob\n\nBob keeps bees.")).json()
        assert finished(bob, job["id"])[-1][0] == "done"
        assert [one["id"] for one in bob.get("/api/jobs").json()["jobs"]] == [job["id"]]
        mine = mia.get("/api/jobs").json()
        assert job["id"] not in [one["id"] for one in mine["jobs"]]
        assert mine["total"] == len(mine["jobs"])
        for reply in (
            mia.get(f"/api/jobs/{job['id']}"),
            mia.delete(f"/api/jobs/{job['id']}"),
            mia.get(f"/api/jobs/{job['id']}/events"),
        ):
            assert_error(reply, 404, "unknown_job")


# ---- sending in ------------------------------------------------------------------------------------


def test_who_sends_a_file_in_says_who_may_read_it(
    locked: Locked, mia: httpx.Client, tom: httpx.Client
) -> None:
    for name, access in (("all.md", None), ("group.md", "group:hr"), ("own.md", "user:mia")):
        form = {} if access is None else {"access": access}
        job = upload(mia, (name, f"# {name}\n\nWords of {name}.".encode()), **form).json()
        assert finished(mia, job["id"])[-1][0] == "done"
    shown = {path: one["access"] for path, one in by_path(mia).items()}
    assert (shown["all.md"], shown["group.md"], shown["own.md"]) == (["public"], ["group:hr"], ["user:mia"])
    assert {"all.md", "group.md", "own.md"} & set(by_path(tom)) == {"all.md"}
    _, secret = locked.keys.add("ida", ["hr"], writes=True)
    with locked.client(secret) as ida:
        assert {"all.md", "group.md", "own.md"} & set(by_path(ida)) == {"all.md", "group.md"}
        job = upload(ida, ("own.md", b"# Other words")).json()
        assert finished(ida, job["id"])[-1][1]["result"]["files"][0]["code"] == "name_taken"
        job = upload(ida, ("group.md", b"# Newer words")).json()  # what it has is kept
        assert finished(ida, job["id"])[-1][0] == "done"
    assert by_path(mia)["group.md"]["access"] == ["group:hr"]
    assert by_path(mia)["group.md"]["live"]["number"] == 2


@pytest.mark.parametrize("access", ["group:board", "user:tom", "everybody", "owner", " "])
def test_nobody_gives_a_document_to_who_they_are_not(mia: httpx.Client, access: str) -> None:
    reply = upload(mia, ("x.md", b"# X"), access=access)
    assert reply.status_code == 422
    assert reply.json()["error"]["code"] in ("bad_principal", "bad_name")
    assert "x.md" not in by_path(mia)


# ---- the page's session ------------------------------------------------------------------------------


def test_a_page_keeps_the_key_in_a_cookie_that_no_script_reads(locked: Locked) -> None:
    with locked.client() as client:
        reply = client.post("/api/session", json={"key": f"  {locked.mia}\n"})
        assert reply.json() == {"user": "mia", "groups": ["hr"], "writes": True, "expires_at": None}
        cookie = reply.headers["set-cookie"]
        assert cookie.startswith(f"vouch_key={locked.mia};")
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie
        assert client.get("/api/session").json()["user"] == "mia"
        assert "salaries.txt" in by_path(client)
        assert client.delete("/api/session").status_code == 204
        assert_error(client.get("/api/session"), 401, "no_key")


def test_the_cookie_ends_with_the_browser_whenever_the_key_does(locked: Locked) -> None:
    _, secret = locked.keys.add("zoe", [], writes=False, expires_at=datetime.now(UTC) + timedelta(days=300))
    with locked.client() as client:
        reply = client.post("/api/session", json={"key": secret})
        assert reply.json()["expires_at"] is not None
        cookie = reply.headers["set-cookie"].lower()
        assert "expires" not in cookie
        assert "max-age" not in cookie


def test_behind_https_the_cookie_goes_over_https_alone(locked: Locked) -> None:
    with locked.client() as client:
        reply = client.post("/api/session", json={"key": locked.mia}, headers={"x-forwarded-proto": "https"})
        assert "Secure" in reply.headers["set-cookie"]


@pytest.mark.parametrize(("key", "status"), [("vouch_wrong", 401), ("", 422), ("x" * 201, 422), (7, 422)])
def test_what_is_no_key_signs_nobody_in(locked: Locked, key: object, status: int) -> None:
    with locked.client() as client:
        reply = client.post("/api/session", json={"key": key})
        assert reply.status_code == status
        assert "set-cookie" not in reply.headers
        assert str(key) not in reply.text or not key


def test_a_page_elsewhere_signs_nobody_in(locked: Locked) -> None:
    with locked.client() as client:
        reply = client.post(
            "/api/session", json={"key": locked.mia}, headers={"origin": "https://evil.example"}
        )
        assert_error(reply, 403, "bad_origin")


def test_without_keys_everybody_is_the_public(client: httpx.Client) -> None:
    shown = {"user": None, "groups": [], "writes": True, "expires_at": None}
    assert client.get("/api/session").json() == shown
    reply = client.post("/api/session", json={"key": "vouch_whatever"})
    assert reply.json() == shown
    assert "set-cookie" not in reply.headers
    assert client.get("/api/collections", headers={"authorization": "Bearer none"}).status_code == 200


# ---- clients --------------------------------------------------------------------------------------------


def test_openais_client_sends_the_key_as_it_sends_every_key(locked: Locked) -> None:
    asked: Any = [{"role": "user", "content": SALARY}]
    with openai.OpenAI(base_url=f"{locked.url}/v1", api_key=locked.mia) as client:
        reply = client.chat.completions.create(model="vouch", messages=asked)
        assert "fifty thousand" in (reply.choices[0].message.content or "")
    with openai.OpenAI(base_url=f"{locked.url}/v1", api_key="none") as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            client.chat.completions.create(model="vouch", messages=asked)
        assert refused.value.code == "invalid_api_key"


def test_a_retriever_sends_the_key_and_never_shows_it(locked: Locked) -> None:
    retriever = VouchRetriever.at(locked.url, key=locked.mia)
    assert retriever.invoke(SALARY)[0].metadata["source"] == "salaries.txt"
    assert locked.mia not in repr(retriever)
    with pytest.raises(VouchError) as refused:
        VouchRetriever.at(locked.url).invoke(SALARY)
    assert refused.value.code == "no_key"


def test_an_error_tells_in_japanese_who_asks_in_it(locked: Locked) -> None:
    with locked.client() as client:
        told = client.get("/api/collections", headers={"accept-language": "ja"}).json()["error"]
        assert "アクセスキー" in told["message"]


def test_the_corpus_is_whole_after_all_this(locked: Locked) -> None:
    assert verify(locked.app.state.house.service.corpus).problems == ()
