"""Access keys as the corpus keeps them: a secret is known by its hash alone, and a change holds from the next look."""

from __future__ import annotations

import sqlite3
import string
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.backup import backup, restore
from corpus.catalog import Connection, keys
from corpus.errors import NotAllowedError, NotFoundError, UsageError
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, Caller
from tests.builders import SPACE


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as corpus:
        yield corpus


def test_a_key_names_its_user_and_groups(corpus: Corpus) -> None:
    assert not corpus.keys.any()
    key, secret = corpus.keys.add("mia", ["hr", "board", "hr"], writes=True)
    assert corpus.keys.any()
    assert corpus.keys.find(secret) == key
    assert key.caller == Caller(frozenset({"public", "user:mia", "group:hr", "group:board"}))
    assert (key.groups, key.writes, key.state) == (("board", "hr"), True, "live")


def test_no_two_secrets_are_alike_and_each_has_256_bits(corpus: Corpus) -> None:
    secrets = [corpus.keys.add("mia", (), writes=False)[1] for _ in range(20)]
    assert len(set(secrets)) == 20
    letters = set(string.ascii_letters + string.digits + "-_")
    assert all(one.startswith("vouch_") and len(one) == 6 + 43 and set(one) <= letters for one in secrets)


def test_the_secret_is_nowhere_in_the_data_folder(corpus: Corpus) -> None:
    _, secret = corpus.keys.add("mia", (), writes=False)
    corpus.close()
    kept = [path.read_bytes() for path in corpus.folder.rglob("*") if path.is_file()]
    assert any(b"mia" in one for one in kept)
    assert not any(secret.removeprefix("vouch_").encode() in one for one in kept)


@pytest.mark.parametrize("wrong", ["", "vouch_", "x" * 10_000, "\ud800", "\0", "' OR 1=1 --", "鍵"])
def test_what_is_no_key_lets_nobody_in(corpus: Corpus, wrong: str) -> None:
    corpus.keys.add("mia", (), writes=False)
    with pytest.raises(NotAllowedError) as refused:
        corpus.keys.find(wrong)
    assert refused.value.code == "bad_key"


def test_a_key_ends_at_its_hour(corpus: Corpus) -> None:
    key, secret = corpus.keys.add("mia", (), writes=False, expires_at=datetime.now(UTC) + timedelta(days=1))
    assert corpus.keys.find(secret) == key
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="microseconds")
    with closing(sqlite3.connect(corpus.folder / "catalog.sqlite")) as db:
        db.execute("UPDATE keys SET expires_at = ?", [past])
        db.commit()
    corpus.keys.add("other", (), writes=False)  # what is held is read anew after a change
    with pytest.raises(NotAllowedError) as refused:
        corpus.keys.find(secret)
    assert refused.value.code == "key_expired"
    with pytest.raises(UsageError) as late:
        corpus.keys.add("mia", (), writes=False, expires_at=datetime.now(UTC))
    assert late.value.code == "bad_expiry"


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "x" * 201, "\u202eevil", "tab\t"])
def test_a_name_that_is_none_makes_no_key(corpus: Corpus, name: str) -> None:
    for user, groups in ((name, ["hr"]), ("mia", [name])):
        with pytest.raises(UsageError):
            corpus.keys.add(user, groups, writes=False)
    assert not corpus.keys.any()


def test_names_may_be_japanese(corpus: Corpus) -> None:
    key, secret = corpus.keys.add("田中", ["人事部"], writes=False)
    assert {"user:田中", "group:人事部"} < corpus.keys.find(secret).caller.principals
    assert corpus.keys.all() == [key]


def test_of_several_ids_all_are_revoked_or_none(corpus: Corpus) -> None:
    key, secret = corpus.keys.add("mia", (), writes=False)
    with pytest.raises(NotFoundError):
        corpus.keys.revoke([key.id, "00000000"])
    assert corpus.keys.find(secret).state == "live"


def test_nobody_waits_for_a_key_that_waits_to_be_written(corpus: Corpus) -> None:
    """A long commit holds the catalog; a key is made meanwhile, and requests are let in all the same."""
    key, secret = corpus.keys.add("mia", (), writes=False)
    made: list[str] = []
    adding = threading.Thread(target=lambda: made.append(corpus.keys.add("tom", (), writes=False)[1]))
    with corpus.catalog.write():
        adding.start()
        adding.join(0.2)
        asked = threading.Thread(target=lambda: made.append(corpus.keys.find(secret).id))
        asked.start()
        asked.join(30)
        assert made == [key.id]
    adding.join(30)
    assert corpus.keys.find(made[-1]).user == "tom"


def test_what_was_read_before_a_change_is_not_kept_after_it(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = corpus.keys.add("mia", (), writes=False)
    real = keys.list_keys

    def slowly(db: Connection) -> list[keys.AccessKey]:
        found = real(db)
        monkeypatch.undo()
        corpus.keys.revoke([key.id])
        return found

    monkeypatch.setattr(keys, "list_keys", slowly)
    corpus.keys.find(secret)  # it began before the key was revoked
    with pytest.raises(NotAllowedError):
        corpus.keys.find(secret)


def test_keys_go_with_a_backup(corpus: Corpus, tmp_path: Path) -> None:
    key, secret = corpus.keys.add("mia", ["hr"], writes=True)
    backup(corpus, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "there")
    with open_corpus(Settings(data_dir=tmp_path / "there", dense="exact"), SPACE) as restored:
        assert restored.keys.find(secret) == key


def test_a_caller_is_known_by_the_user_whatever_the_groups() -> None:
    mia = Caller(frozenset({"public", "user:mia", "group:hr"}))
    moved = Caller(frozenset({"public", "user:mia", "group:board"}))
    tom = Caller(frozenset({"public", "user:tom", "group:hr"}))
    assert mia.name == moved.name
    assert len({mia.name, tom.name, ANYONE.name, Caller(frozenset({"group:hr"})).name}) == 4


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "revoke"]),
        st.integers(0, 5),
        st.frozensets(st.sampled_from(["hr", "it", "board"])),
        st.booleans(),
    ),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_held_is_always_what_was_last_said(
    corpus: Corpus, steps: list[tuple[str, int, frozenset[str], bool]]
) -> None:
    """Whatever is made, changed and revoked, in any order: the next look finds just that, and so does a new keyring."""
    before = len(corpus.keys.all())
    made: list[tuple[str, str]] = []
    expected: dict[str, tuple[tuple[str, ...], bool, str]] = {}
    for act, which, groups, writes in steps:
        if act == "add" or not made:
            key, secret = corpus.keys.add("mia", sorted(groups), writes=writes)
            made.append((key.id, secret))
            expected[key.id] = (tuple(sorted(groups)), writes, "live")
            continue
        own = made[which % len(made)][0]
        if act == "change":
            corpus.keys.change(own, sorted(groups), writes)
            expected[own] = (tuple(sorted(groups)), writes, expected[own][2])
        else:
            corpus.keys.revoke([own])
            expected[own] = (*expected[own][:2], "revoked")
        for known, secret in made:
            if expected[known][2] == "live":
                found = corpus.keys.find(secret)
                assert (found.groups, found.writes) == expected[known][:2]
            else:
                with pytest.raises(NotAllowedError) as refused:
                    corpus.keys.find(secret)
                assert refused.value.code == "key_revoked"
    own_ones = {one.id: (one.groups, one.writes, one.state) for one in corpus.keys.all()[before:]}
    assert own_ones == expected
