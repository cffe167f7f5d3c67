"""Receipts and replays over HTTP."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx

from corpus.receipts import FILE_NAME
from corpus.settings import Settings
from tests.rag.company import running
from tests.rag.events import events

LEAVE = "How many days of annual leave move into the next year?"
休暇 = "使い切れなかった年次有給休暇はどうなりますか"


def test_receipts_over_http(client: httpx.Client) -> None:
    answer = client.post("/api/ask", json={"question": LEAVE}).json()
    assert answer["receipt"] == answer["id"]
    assert "reply" not in answer
    shown = client.get(f"/api/answers/{answer['id']}").json()
    assert shown["answer"]["text"] == answer["text"]
    assert [one["chunk_id"] for one in shown["searches"][0]["hits"]] == [
        one["chunk_id"] for one in answer["passages"]
    ]
    assert answer["passages"][0]["text"] in shown["prompt"]["messages"][-1]["text"]
    again = client.post(f"/api/answers/{answer['id']}/replay", json={}).json()
    assert (again["same"], again["generated"]["same"]) == (True, None)
    again = client.post(f"/api/answers/{answer['id']}/replay", json={"generate": True}).json()
    assert again["generated"]["same"] is True
    with client.stream("POST", "/api/ask", json={"question": 休暇, "stream": True}) as response:
        *_, (name, last) = events(response)
    assert name == "done"
    assert client.get(f"/api/answers/{last['receipt']}").json()["asked"]["question"] == 休暇


def test_what_is_no_receipt_is_a_404_and_what_is_no_id_a_422(client: httpx.Client) -> None:
    for path in ("/api/answers/0123456789abcdef", "/api/answers/0123456789abcdef/replay"):
        response = client.post(path, json={}) if path.endswith("replay") else client.get(path)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "unknown_receipt")
    assert client.get("/api/answers/nonsense").status_code == 422
    answer = client.post("/api/ask", json={"question": LEAVE}).json()
    replayed = client.post(f"/api/answers/{answer['id']}/replay", json={"model": "x"})
    assert replayed.status_code == 422


def test_a_damaged_file_is_a_note_over_http_without_its_place(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "data")
    (tmp_path / "data" / FILE_NAME).write_bytes(b"not a database, but a long enough text to be none")
    with (
        running(Settings(data_dir=tmp_path / "data")) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        response = client.post("/api/ask", json={"question": LEAVE})
    assert response.status_code == 200
    assert response.json()["receipt"] is None
    [note] = [one for one in response.json()["notes"] if one["code"] == "no_receipt"]
    assert note["message"] == "No receipt was kept of this answer: its file is damaged."
