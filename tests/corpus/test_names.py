"""Names of collections, principals and metadata: what is taken, what is refused,
and that the store refuses too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.catalog import documents
from corpus.errors import UsageError
from corpus.names import (
    MAX_NAME_CHARS,
    read_collection,
    read_metadata,
    read_principals,
    shown,
)
from corpus.settings import Settings
from corpus.store import open_corpus
from tests.builders import SPACE, new_version, put

INVISIBLE = ["\x00", "\n", "\x1b[31m", "\x7f", "\x85", "\u202e", "\u2028", "\ufeff", "\ud800", "\udcff"]


@pytest.mark.parametrize("name", ["hr", "人事部", "Q3 2025", "a/b:c", "é", "x" * MAX_NAME_CHARS, "😀"])
def test_plain_names_are_taken_as_they_are(name: str) -> None:
    assert read_collection(name) == name
    assert read_metadata({name: name}) == {name: name}


@pytest.mark.parametrize("name", ["", " ", "\t", "\u3000", "x" * (MAX_NAME_CHARS + 1)])
def test_blank_and_long_names_are_refused(name: str) -> None:
    for read in (read_collection, lambda one: read_metadata({one: "x"}), lambda one: read_principals([one])):
        with pytest.raises(UsageError) as caught:
            read(name)
        assert caught.value.code == "bad_name"
        assert caught.value.hint


@pytest.mark.parametrize("bad", INVISIBLE)
def test_what_cannot_be_seen_is_in_no_name(bad: str) -> None:
    reads = (
        read_collection,
        lambda one: read_metadata({one: "x"}),
        lambda one: read_metadata({"x": one}),
        lambda one: read_principals([f"group:{one}"]),
    )
    for read in reads:
        with pytest.raises(UsageError, match="not plain text") as caught:
            read(f"a{bad}b")
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "name", ["hr", "Public", "group:", "group:a b", "role:x", "user:a\u3000b", " public"]
)
def test_a_principal_is_public_a_user_or_a_group(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_principals(["public", name])
    assert caught.value.code == "bad_principal"


def test_principals_are_a_set_and_may_be_none() -> None:
    assert read_principals(["group:hr", "public", "group:hr"]) == {"public", "group:hr"}
    assert read_principals([]) == frozenset()


def test_metadata_has_a_limit_and_values_may_be_empty() -> None:
    assert read_metadata({"team": ""}) == {"team": ""}
    with pytest.raises(UsageError, match="101 pairs"):
        read_metadata({f"k{n}": "v" for n in range(101)})
    with pytest.raises(UsageError, match="limit is 1000"):
        read_metadata({"k": "v" * 1001})


@pytest.mark.parametrize(
    "given",
    [
        {"collection": "a\x1b"},
        {"access": frozenset({"hr"})},
        {"metadata": {"": "x"}},
        {"metadata": {"team": "\ud800"}},
    ],
)
def test_the_store_takes_no_other_name(tmp_path: Path, given: dict[str, Any]) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as corpus:
        with pytest.raises(UsageError):
            put(corpus, "a.txt", ["one"], **given)
        assert corpus.state().documents == 0
        assert list(corpus.originals.all()) == []
        kept = corpus.commit(new_version("a.txt", ["one"]), b"one")
        with corpus.catalog.write() as db:
            for change in (
                lambda: documents.set_access(db, kept.document_id, ["public", "hr"]),
                lambda: documents.set_metadata(db, kept.document_id, {"team": "a\nb"}),
            ):
                with pytest.raises(UsageError):
                    change()
        found = corpus.document(kept.document_id)
        assert (found.access, dict(found.metadata)) == ({"public"}, {})


@given(st.text(alphabet=st.characters(), max_size=30))
def test_no_text_crashes_and_what_is_taken_can_be_stored(name: str) -> None:
    assert shown(shown(name)) == shown(name)
    try:
        taken = read_collection(name)
    except UsageError as error:
        str(error).encode()
    else:
        assert taken.encode().decode() == name
        assert len(taken.splitlines()) == 1
