"""``vouch keys`` as people use it: a secret is shown once, and what is said of a key holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.rag.cli_runs import Vouch, runner, without_model


@pytest.fixture
def vouch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Vouch:
    without_model(monkeypatch)
    return runner(capsys, tmp_path / "data")


def test_a_key_is_made_shown_once_and_listed(vouch: Vouch) -> None:
    assert "vouch keys add NAME" in vouch("keys", "list").err
    made = vouch("keys", "add", "mia", "--group", "hr", "--group", "board", "--write", "--days", "30")
    assert made.code == 0
    secret = made.out.strip()
    assert secret.startswith("vouch_")
    assert "user:mia, group:board, group:hr; may ask, read, change, until " in made.err.replace("\n", " ")
    assert "It is the first" in made.err
    second = vouch("keys", "add", "tom", "--quiet")
    assert (second.err, second.out.startswith("vouch_")) == ("", True)
    listed = vouch("keys", "list").out
    assert [line.split()[1] for line in listed.splitlines()[1:]] == ["mia", "tom"]
    assert secret not in listed
    assert secret not in vouch("keys", "list", "--json").out


def test_as_json_a_key_has_its_documented_shape(vouch: Vouch) -> None:
    made = vouch("keys", "add", "mia", "--json").json
    assert set(made) == {"key", "secret", "first"}
    assert made["first"] is True
    shape = {"id", "user", "groups", "writes", "state", "created_at", "expires_at", "revoked_at"}
    assert set(made["key"]) == shape
    assert vouch("keys", "list", "--json").json == {"keys": [made["key"]]}
    assert vouch("keys", "add", "tom", "--json").json["first"] is False


def test_groups_and_rights_change_and_the_rest_stays(vouch: Vouch) -> None:
    own = vouch("keys", "add", "mia", "--group", "hr", "--json").json["key"]["id"]

    def change(*options: str) -> tuple[list[str], bool]:
        key = vouch("keys", "change", own, *options, "--json").json["key"]
        return key["groups"], key["writes"]

    assert change("--write") == (["hr"], True)
    assert change("--group", "it", "--group", "board") == (["board", "it"], True)
    assert change("--read") == (["board", "it"], False)
    assert change("--no-groups") == ([], False)
    assert f"{own}  user:mia; may ask, read, change" in vouch("keys", "change", own, "--write").out


@pytest.mark.parametrize("options", [[], ["--write", "--read"], ["--group", "a", "--no-groups"]])
def test_a_change_that_says_nothing_or_both_is_refused(vouch: Vouch, options: list[str]) -> None:
    own = vouch("keys", "add", "mia", "--json").json["key"]["id"]
    assert vouch("keys", "change", own, *options, "--json").json["error"]["code"] == "bad_change"


def test_keys_are_revoked_by_id_or_by_user_all_or_none(vouch: Vouch) -> None:
    first, second, other = (
        vouch("keys", "add", user, "--json").json["key"]["id"] for user in ("mia", "mia", "tom")
    )
    assert vouch("keys", "revoke", first, "nobody", "--json").json["error"]["code"] == "unknown_key"
    assert [one["state"] for one in vouch("keys", "list", "--json").json["keys"]] == ["live"] * 3
    assert f"revoked  {other}" in vouch("keys", "revoke", other).out
    assert {one["id"] for one in vouch("keys", "revoke", "mia", "--json").json["keys"]} == {first, second}
    listed = vouch("keys", "list").out
    assert listed.count("revoked") == 3


@pytest.mark.parametrize("name", ["", "a b", "user:\n", "x" * 300])
def test_a_name_that_is_none_is_refused(vouch: Vouch, name: str) -> None:
    for argv in (["add", name], ["add", "mia", "--group", name]):
        assert vouch("keys", *argv, "--json").json["error"]["code"] == "bad_name"


@pytest.mark.parametrize("days", ["0", "-1", "soon", "36501"])
def test_days_that_are_none_are_refused(vouch: Vouch, days: str) -> None:
    assert vouch("keys", "add", "mia", "--days", days).code == 2


def test_an_expired_key_is_told_as_one(vouch: Vouch, tmp_path: Path) -> None:
    vouch("keys", "add", "mia", "--days", "1")
    with closing(sqlite3.connect(tmp_path / "data" / "catalog.sqlite")) as db:
        db.execute("UPDATE keys SET expires_at = '2026-01-01T00:00:00.000000+00:00'")
        db.commit()
    (tmp_path / "data" / "catalog.sqlite.seal").unlink(missing_ok=True)
    assert vouch("keys", "list", "--json").json["keys"][0]["state"] == "expired"


def test_all_keys_are_forgotten_with_consent_alone(vouch: Vouch) -> None:
    vouch("keys", "add", "mia")
    vouch("keys", "revoke", "mia")
    refused = vouch("keys", "forget", "--json")
    assert refused.json["error"]["code"] == "needs_consent"
    assert len(vouch("keys", "list", "--json").json["keys"]) == 1
    assert vouch("keys", "forget", "--yes").out == "forgot 1 key\n"
    assert vouch("keys", "list", "--json").json == {"keys": []}
    assert vouch("keys", "forget", "--json").json == {"forgotten": 0}
    assert vouch("keys", "add", "mia", "--json").json["first"] is True
