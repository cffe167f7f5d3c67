"""Calls of the API that several of its tests make."""

from __future__ import annotations

import io
from typing import Any

import httpx

from tests.rag.events import events


def by_path(client: httpx.Client, **params: Any) -> dict[str, dict[str, Any]]:
    found = client.get("/api/documents", params=params).json()
    return {one["path"]: one for one in found["documents"]}


def upload(client: httpx.Client, *files: tuple[str, bytes], **form: str) -> httpx.Response:
    parts = [("files", (name, io.BytesIO(data))) for name, data in files]
    return client.post("/api/documents", files=parts, data=form)


def finished(client: httpx.Client, job_id: str) -> list[tuple[str, Any]]:
    with client.stream("GET", f"/api/jobs/{job_id}/events") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        return list(events(reply))


def assert_error(reply: httpx.Response, status: int, code: str) -> None:
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] == code
    assert error["message"].endswith((".", "!"))
